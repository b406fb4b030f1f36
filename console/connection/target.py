"""From what a person typed after `-d` to a Profile."""

from __future__ import annotations

import os
from dataclasses import replace

from console.connection.profile import Environment, Profile, Secret
from console.errors import UsageError


def resolve(target: str | None) -> Profile:
    """Turns a target into a Profile, without touching the network.

    Args:
        target: A profile's name, a `postgresql://` URL, a libpq conninfo string
            (`host=… dbname=…`, `service=…`), or None for libpq's own environment.

    Raises:
        UsageError: The target is none of these.
    """
    if not target:
        return _from_environment()
    if "://" in target or "=" in target:
        return _from_conninfo(target)
    from console.connection.config import load_profiles

    profiles = load_profiles()
    if target in profiles:
        return profiles[target]
    known = ", ".join(sorted(profiles))
    raise UsageError(
        f"there is no profile named {target!r}",
        hint=f"known profiles: {known}" if known else "give a postgresql:// URL instead",
    )


def _from_environment() -> Profile:
    url = os.environ.get("DATABASE_URL")
    if url and not any(name in os.environ for name in ("PGHOST", "PGSERVICE", "PGDATABASE")):
        return replace(_from_conninfo(url), name="DATABASE_URL")
    return Profile(name="environment")


def _from_conninfo(conninfo: str) -> Profile:
    from psycopg import ProgrammingError
    from psycopg.conninfo import conninfo_to_dict

    try:
        parameters = {
            key: str(value)
            for key, value in conninfo_to_dict(conninfo).items()
            if value is not None
        }
    except ProgrammingError as error:
        # libpq quotes the whole string in some messages, password included: not passed on.
        raise UsageError(
            "the connection target does not parse",
            hint="write postgresql://user@host:5432/database or host=… dbname=… user=…",
        ) from error
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
