"""Turns what the driver and the server report into failures a person can act on."""

from __future__ import annotations

import os
import re
from typing import TYPE_CHECKING
from urllib.parse import quote

from console.connection.destination import address
from console.errors import CannotConnect, ConsoleError, DatabaseFailed, TimedOut

if TYPE_CHECKING:
    from psycopg import Error

    from console.connection.profile import Profile

# libpq has no codes for connection failures, only words. First match wins; the server's own
# refusals arrive as text too, because no result exists to carry a SQLSTATE.
_CAUSES: tuple[tuple[str, str, str, str], ...] = (
    (
        r"could not translate host name|name or service not known|nodename nor servname"
        r"|failed to resolve|temporary failure in name resolution|no address associated"
        r"|label (empty|too long)",
        "host_unknown",
        "the host name of {where} is not known",
        "check the spelling, or the network's name server",
    ),
    (
        r"network is unreachable",
        "unreachable",
        "there is no route to {where}",
        "a direct Supabase host is IPv6 only: use the session pooler's host instead",
    ),
    (
        r"timeout expired|timed out|connection timeout",
        "connect_timeout",
        "{where} did not answer in time",
        "check host, port, VPN and firewall, or give more time with --timeout",
    ),
    (
        r"password authentication failed|invalid password|wrong password"
        r"|sasl authentication failed",
        "wrong_password",
        "{where} refused the password",
        "check .pgpass, PGPASSWORD or the service file, whichever gave it",
    ),
    (
        r"tenant or user not found|tenant/user .* not found|no such tenant",
        "no_such_tenant",
        "the pooler at {where} knows no such project or user",
        "the user is postgres.REF; check the region, and whether the host is aws-0 or aws-1",
    ),
    (
        r"no password supplied",
        "password_needed",
        "{where} asks for a password and none was given",
        "put it in .pgpass or PGPASSWORD, or give the profile a password_command",
    ),
    (
        r'database "?[^"]*"? does not exist',
        "no_such_database",
        "there is no such database on {where}",
        "check the database's name; psql -l lists them",
    ),
    (
        r'role "?[^"]*"? does not exist',
        "no_such_role",
        "there is no such role on {where}",
        "check the user's name",
    ),
    (
        r"permission denied for database",
        "not_admitted",
        "{where} lets this user in, but not into this database",
        "the database's owner, or a superuser: {grant}",
    ),
    (
        r"no pg_hba.conf entry|pg_hba.conf rejects|(ident|peer) authentication failed"
        r"|is not permitted to log in",
        "not_admitted",
        "{where} does not admit this user from here",
        "check user, TLS mode and the server's pg_hba.conf",
    ),
    (
        r"too many clients|too many connections|remaining connection slots|max ?client",
        "too_many_connections",
        "{where} has no free connection",
        "wait, use the pooler, or end idle connections",
    ),
    (
        r"starting up|not yet accepting|shutting down|recovery mode",
        "not_ready",
        "{where} is starting or stopping",
        "try again in a few seconds",
    ),
    (
        r"invalid response to (ssl|gss)|expected authentication request",
        "not_postgresql",
        "what answers at {where} is not PostgreSQL",
        "check host and port",
    ),
    (
        r"server closed the connection unexpectedly|connection reset by peer|eof detected",
        "closed",
        "{where} closed the connection before it said anything",
        "a proxy may stand there with no server behind it; the server's log tells more",
    ),
    (
        r"sslmode value",
        "tls_failed",
        "there is no such sslmode",
        "one of disable, allow, prefer, require, verify-ca, verify-full",
    ),
    (
        r"root certificate file .* does not exist",
        "tls_failed",
        "there is no root certificate to check {where} by",
        "set sslrootcert to its file, or to `system` for this machine's",
    ),
    (
        r"does not match host name",
        "tls_failed",
        "the certificate of {where} is for another name",
        "connect by the name it is for, or ask who answers there",
    ),
    (
        r"certificate verify failed",
        "tls_failed",
        "the certificate of {where} does not check out",
        "set sslrootcert to the certificate of whoever signed it",
    ),
    (
        r"certificate|sslmode",
        "tls_failed",
        "{where} and this console could not agree on TLS",
        "check sslmode and sslrootcert",
    ),
    (
        r"connection refused|no such file or directory|no route to host|is the server running",
        "refused",
        "nothing answers at {where}",
        "check host and port, and that the server runs",
    ),
    (
        r"\b(ssl|tls)\b",
        "tls_failed",
        "{where} and this console could not agree on TLS",
        "check sslmode and sslrootcert",
    ),
    (
        r"service file|definition of service",
        "no_such_service",
        "the service named in the target is not defined",
        "check pg_service.conf or PGSERVICEFILE",
    ),
)

AUTHENTICATION = frozenset(
    (
        *("wrong_password", "password_needed", "password_command_failed", "not_admitted"),
        *("no_such_role", "no_such_database", "no_such_tenant", "no_such_service"),
    )
)
"""Failures that trying again does not mend, and may lock an account."""

ASKABLE = frozenset(("wrong_password", "password_needed"))
"""Failures that another password mends."""

_LOST = frozenset({"57P01", "57P02", "57P03", "57P05", "25P03"})


def place(profile: Profile) -> str:
    """Returns where a profile points, in words, without user or password."""
    parameters = profile.parameters
    host = parameters.get("host") or parameters.get("hostaddr")
    if host is None:
        service = parameters.get("service")
        return f"the service {service}" if service else "the server of libpq's environment"
    port = parameters.get("port")
    if host.startswith("/"):
        return f"the socket in {host}"
    return address(host, port or "", usual="")


def without_secret(text: str, profile: Profile) -> str:
    """Removes the profile's password from a text, should a message quote it."""
    secret = profile.password.reveal() if profile.password else ""
    quoted = {quote(secret, safe, errors="surrogatepass") for safe in ("/", "")}
    for spelling in {secret, *quoted} - {""}:
        text = text.replace(spelling, "…")
    text = re.sub(r"(://[^:/@\s]*):[^@\s]*@", r"\1:…@", text)
    return re.sub(r"(password\s*=\s*)('[^']*'|\S+)", r"\1…", text, flags=re.IGNORECASE)


def connect_failed(error: BaseException, profile: Profile) -> CannotConnect:
    """Names the cause of a failed connection attempt."""
    words = without_secret(str(error), profile).strip()
    # Names in quotes could hold any of the words looked for.
    bare = re.sub(r"""("[^"]*"|'[^']*')""", '""', words)
    for pattern, code, message, hint in _CAUSES:
        if re.search(pattern, bare, re.IGNORECASE):
            where = place(profile)
            hint = hint.format(grant=_grant(words, profile)) if "{grant}" in hint else hint
            if code == "tls_failed":
                hint += f" ({_own_words(words)})"
            failure = CannotConnect(message.format(where=where), hint=hint, detail=words)
            failure.code = code
            return failure
    return CannotConnect(
        f"could not connect to {place(profile)}", hint="see the detail", detail=words
    )


def _own_words(words: str) -> str:
    """Returns what libpq or OpenSSL said, without where it was said of."""
    return re.sub(r"^.*port \d+ failed: ", "", words, flags=re.DOTALL).splitlines()[0].strip()


def _grant(words: str, profile: Profile) -> str:
    """Writes the grant that whoever was refused a database lacks."""
    found = re.search(r'database "(.*)"', words)
    database = found[1] if found else profile.parameters.get("dbname", "…")
    user = profile.parameters.get("user") or os.environ.get("PGUSER") or "…"
    quoted = ['"' + name.replace('"', '""') + '"' for name in (database, user)]
    return "grant connect on database {} to {}".format(*quoted)


def statement_failed(error: Error, profile: Profile) -> ConsoleError:
    """Names the cause of a failed statement, or of a connection lost during it."""
    from psycopg import InterfaceError, OperationalError

    diagnostics = error.diag
    state = error.sqlstate
    message = without_secret(diagnostics.message_primary or str(error).strip(), profile)
    detail = "\n".join(
        without_secret(part, profile)
        for part in (diagnostics.message_detail, diagnostics.message_hint, diagnostics.context)
        if part
    )
    if state is None and not isinstance(error, OperationalError | InterfaceError):
        # The driver's own refusal: a value it can't send, or one it can't read.
        return DatabaseFailed(message, detail=detail)
    # A mere ERROR of class 08 is not about this connection: a foreign server's, for one.
    severity = diagnostics.severity_nonlocalized or diagnostics.severity
    if state is None or state in _LOST or (state.startswith("08") and severity != "ERROR"):
        return CannotConnect(
            f"the connection to {place(profile)} was lost",
            hint="it is opened again as soon as the server answers",
            sqlstate=state,
            detail=message,
        )
    if state == "57014" and "timeout" in message:
        return TimedOut(
            "the statement ran longer than allowed",
            hint="give more time with --timeout, or ask for less",
            sqlstate=state,
            detail=message,
        )
    if state == "55P03":
        return TimedOut(
            "another session holds a lock that this needs",
            hint="wait for it, or find it in pg_locks",
            sqlstate=state,
            detail=message,
        )
    return DatabaseFailed(message, hint=_hint(state), sqlstate=state, detail=detail)


def _hint(state: str) -> str:
    match state:
        case "42501":
            return "log in as a role that holds the privilege"
        case "25006":
            return "the server refuses writes here: read-only mode, or a standby"
        case "0A000":
            return "this server can't do that; if it is a standby, connect to the primary"
        case "42P01" | "3F000":
            return "check the name; the list of tables tells what is there"
        case "53100":
            return "the server's disk is full"
        case "40P01":
            return "two sessions waited for each other; try again"
        case _:
            return ""
