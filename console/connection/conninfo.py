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
    except (ProgrammingError, UnicodeDecodeError):
        # libpq quotes the whole string in some messages, password included: not passed on.
        raise UsageError(
            "the connection target does not parse",
            hint="write postgresql://user@host:5432/database or host=… dbname=… user=…",
        ) from None


def from_conninfo(conninfo: str) -> Profile:
    """Turns a `postgresql://` URL or a `key=value` string into a Profile.

    Raises:
        UsageError: libpq would not understand it.
    """
    parameters = _plain(conninfo)
    if parameters is None:
        parameters = _parsed(conninfo)
    password = parameters.pop("password", None)
    environment = Environment.UNKNOWN
    host = parameters.get("host", "")
    if host.startswith("/") or host in {"localhost", "127.0.0.1", "::1"}:
        environment = Environment.DEV
    return Profile(
        name=parameters.get("dbname") or parameters.get("service") or "database",
        parameters=parameters,
        environment=environment,
        password=Secret(password) if password else None,
    )
