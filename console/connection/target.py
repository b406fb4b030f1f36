"""From what a person typed after `-d` to a Profile."""

from __future__ import annotations

import os
from dataclasses import replace

from console.connection.conninfo import from_conninfo
from console.connection.profile import Profile
from console.errors import UsageError


def resolve(target: str | None) -> Profile:
    """Turns a target into a Profile, without touching the network.

    Args:
        target: A profile's name, a `postgresql://` URL, a libpq conninfo string
            (`host=… dbname=…`, `service=…`), or None for libpq's own environment.

    Raises:
        UsageError: The target is none of these.
    """
    if target is None:
        return _from_environment()
    if not target:
        # Most likely a variable that is not set: the environment's database is not what was meant.
        raise UsageError(
            "the target is empty", hint="give one, or leave out -d for libpq's environment"
        )
    if "://" in target or "=" in target:
        return from_conninfo(target)
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
        found = from_conninfo(url)
        secret = found.password and replace(found.password, source="the one in DATABASE_URL")
        return replace(found, name="DATABASE_URL", password=secret)
    return Profile(name="environment")
