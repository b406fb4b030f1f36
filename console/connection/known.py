"""Every database this machine knows of: profiles, service entries, the environment, recent ones."""

from __future__ import annotations

import os
from enum import StrEnum
from typing import NamedTuple

from console.connection.config import load_profiles
from console.connection.conninfo import from_conninfo
from console.connection.profile import Profile
from console.connection.remembered import favourites, recent
from console.connection.services import load_services
from console.connection.target import resolve
from console.errors import UsageError


class Kind(StrEnum):
    """Where a target is written down."""

    PROFILE = "profile"
    SERVICE = "service"
    ENVIRONMENT = "environment"
    RECENT = "recent"


class Known(NamedTuple):
    """One database that can be opened.

    Attributes:
        kind: Where it is written down.
        target: What `-d` takes; '' for the environment, which needs no `-d`.
        profile: What it stands for; never with a password but the environment's.
        favourite: Whether the person wants it on top.
        visited: When the person was there last, ISO 8601; '' for never.
    """

    kind: Kind
    target: str
    profile: Profile
    favourite: bool = False
    visited: str = ""


def from_environment() -> Profile | None:
    """Returns what DATABASE_URL or libpq's variables name, or None where they name nothing.

    Raises:
        UsageError: DATABASE_URL does not parse.
    """
    named = ("PGHOST", "PGHOSTADDR", "PGSERVICE", "PGDATABASE", "DATABASE_URL")
    return resolve(None) if any(os.environ.get(name) for name in named) else None


def known_targets() -> list[Known]:
    """Lists what can be opened: favourites first, then in the order of Kind.

    Raises:
        UsageError: The configuration file does not parse.
    """
    profiles = load_profiles()
    chosen, visits = favourites(), {visit.target: visit.time for visit in recent()}
    found: list[Known] = []

    def add(kind: Kind, target: str, profile: Profile) -> None:
        if all(entry.target != target for entry in found):
            found.append(Known(kind, target, profile, target in chosen, visits.get(target, "")))

    for name, profile in profiles.items():
        add(Kind.PROFILE, name, profile)
    for entry in load_services():
        only_name = Profile(name=entry.name, parameters={"service": entry.name})
        add(Kind.SERVICE, f"service={entry.name}", only_name)
    try:
        if (environment := from_environment()) is not None:
            add(Kind.ENVIRONMENT, "", environment)
    except UsageError:
        pass  # told to whoever wants to connect to it
    for target in visits:
        try:
            if "://" in target or "=" in target:  # else a profile that is no more
                add(Kind.RECENT, target, from_conninfo(target))
        except UsageError:
            continue
    return sorted(found, key=lambda entry: not entry.favourite)


_VARIABLES = {
    "host": "PGHOST",
    "hostaddr": "PGHOSTADDR",
    "port": "PGPORT",
    "dbname": "PGDATABASE",
    "user": "PGUSER",
}


def shown(profile: Profile) -> dict[str, str]:
    """Returns host, port, database and user, with what a service entry and libpq's variables add.

    In libpq's order: what is given counts most, then the service, then the variables.
    """
    from console.connection.services import service_of

    given = profile.parameters
    entry = service_of(given)
    added = entry.parameters if entry is not None else {}
    variables = {key: os.environ.get(name, "") for key, name in _VARIABLES.items()}
    found = {key: given.get(key) or added.get(key) or variables[key] for key in _VARIABLES}
    return {key: value for key, value in found.items() if value}
