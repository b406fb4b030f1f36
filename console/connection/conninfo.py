"""From a URL or a libpq conninfo string to a Profile."""

from __future__ import annotations

import re
from urllib.parse import unquote

from console.connection.profile import Environment, Profile, Secret
from console.errors import UsageError

_KNOWN = frozenset(
    (
        *("host", "hostaddr", "port", "dbname", "user", "password", "passfile", "service"),
        *("sslmode", "sslrootcert", "sslcert", "sslkey", "connect_timeout", "options"),
        *("application_name", "target_session_attrs", "client_encoding"),
    )
)
_URL = re.compile(
    r"postgres(?:ql)?://(?:(?P<user>[^:@/?#]+)(?::(?P<password>[^:@/?#]+))?@)?"
    r"(?P<host>[^:@/?#,\[\]]+)?(?::(?P<port>\d+))?(?:/(?P<dbname>[^/?#]+)?)?"
    r"(?:\?(?P<rest>[^?#@]+))?"
)
_PAIRS = re.compile(r"\s*(?:[a-z]+=[^\s'\\=]+(?:\s+|$))+")


def _plain(conninfo: str) -> dict[str, str] | None:
    """Reads the usual forms of a target as libpq would; None for anything else.

    libpq's own parser comes with the driver, a tenth of a second to import, which would
    stand between the person and the first thing on the screen.
    """
    if re.search(r"%(?![0-9A-Fa-f]{2})|%00", conninfo):
        return None
    match = None if re.search(r"\s", conninfo) else _URL.fullmatch(conninfo)
    if match:
        found = match.groupdict()
        rest = found.pop("rest")
        pairs = [part.split("=") for part in rest.split("&")] if rest else []
        named = [(key, value) for key, value in found.items() if value is not None]
        if any(len(pair) != 2 or not pair[1] for pair in pairs):
            return None
        try:
            parameters = {k: unquote(v, errors="strict") for k, v in [*named, *pairs]}
        except UnicodeDecodeError:
            return None
    elif _PAIRS.fullmatch(conninfo):
        parameters = dict(part.split("=") for part in conninfo.split())
    else:
        return None
    return parameters if parameters.keys() <= _KNOWN else None


def _parsed(conninfo: str) -> dict[str, str]:
    from psycopg import ProgrammingError
    from psycopg.conninfo import conninfo_to_dict

    try:
        return {
            key: str(value)
            for key, value in conninfo_to_dict(conninfo).items()
            if value is not None
        }
    except (ProgrammingError, UnicodeError):
        # libpq quotes the whole string in some messages, password included: not passed on.
        raise UsageError(
            "the connection target does not parse",
            hint="write postgresql://user@host:5432/database or host=… dbname=… user=…",
        ) from None


def _refuse_confusion(parameters: dict[str, str], conninfo: str) -> None:
    """Refuses what libpq accepts and no server can be, before a message could quote it.

    In a URL an `@` or `/` that stands bare in the password ends it: the rest of the password
    would be taken for a host, a port or a database, and be shown as one.

    Raises:
        UsageError: A host or database holds such an `@`, or a port is no number.
    """
    host, database = parameters.get("host", ""), parameters.get("dbname", "")
    torn = "@" in host[1:] and not host.startswith("/")
    if torn or ("://" in conninfo and "@" in database and "%40" not in conninfo):
        raise UsageError(
            "the target has an @ where none belongs",
            hint="in a URL write @ as %40 and / as %2F, or leave the password to .pgpass",
        )
    hint = "in a URL write / as %2F and @ as %40 inside the password"
    port_numbers(parameters.get("port", ""), hint=hint)


def port_numbers(text: str, *, hint: str = "5432 where nothing is said") -> list[int]:
    """Returns the ports that are named, one for each host, or for all; 5432 for an empty one.

    Raises:
        UsageError: One is no number that a port can have.
    """
    ports = [port or "5432" for port in text.split(",")]
    if any(not re.fullmatch("[0-9]{1,5}", port) or not 0 < int(port) < 65536 for port in ports):
        raise UsageError("the target's port is not a number from 1 to 65535", hint=hint)
    return [int(port) for port in ports]


def from_conninfo(conninfo: str) -> Profile:
    """Turns a `postgresql://` URL or a `key=value` string into a Profile.

    Raises:
        UsageError: libpq would not understand it, or no server can be meant by it.
    """
    parameters = _plain(conninfo)
    if parameters is None:
        parameters = _parsed(conninfo)
    _refuse_confusion(parameters, conninfo)
    password = parameters.pop("password", None)
    source = "the one in the URL" if "://" in conninfo else "the one in the connection string"
    environment = Environment.UNKNOWN
    host = parameters.get("host", "")
    if host.startswith("/") or host in {"localhost", "127.0.0.1", "::1"}:
        environment = Environment.DEV
    return Profile(
        name=parameters.get("dbname") or parameters.get("service") or "database",
        parameters=parameters,
        environment=environment,
        password=Secret(password, source) if password else None,
    )
