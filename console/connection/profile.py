"""Where a database is, what it is to us, and how carefully to treat it."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from enum import StrEnum


class Environment(StrEnum):
    """What a database is to the people who depend on it."""

    DEMO = "demo"
    DEV = "dev"
    STAGING = "staging"
    PROD = "prod"
    UNKNOWN = "unknown"


class Audit(StrEnum):
    """Where what the console does is put on record: on this machine, or in the database too."""

    JOURNAL = "journal"
    DATABASE = "database"


@dataclass(frozen=True, slots=True)
class Secret:
    """A password that can't be printed by accident.

    Attributes:
        source: Where it stood, in words; empty where nobody has said.
    """

    _value: str
    source: str = field(default="", compare=False)

    def reveal(self) -> str:
        """Returns the password itself, for the driver only."""
        return self._value

    def __repr__(self) -> str:
        return "Secret(…)"

    __str__ = __repr__


@dataclass(frozen=True, slots=True)
class Profile:
    """One database as a person names it.

    Attributes:
        name: What the person calls it; shown in messages.
        parameters: libpq connection parameters, without a password. Empty means that
            libpq's own environment decides.
        environment: Shown on every screen; decides how destruction is confirmed.
        read_only: Whether the server is told to refuse writes.
        password: Given in a URL or asked for; kept in memory only.
        connect_timeout: Seconds until a connection attempt is given up.
        statement_timeout: Seconds a browsing statement may run.
        password_command: Program and arguments that print the password, run without a
            shell; empty for none.
        keyring: Whether the system's keyring may be asked for the password.
        preview_user: The login that previews as somebody else start from; empty for the same.
        audit: Whether actions are written into the database's own log as well.
    """

    name: str = ""
    parameters: dict[str, str] = field(default_factory=dict)
    environment: Environment = Environment.UNKNOWN
    read_only: bool = True
    password: Secret | None = None
    connect_timeout: float = 5.0
    statement_timeout: float = 60.0
    password_command: tuple[str, ...] = ()
    keyring: bool = True
    preview_user: str = ""
    audit: Audit = Audit.JOURNAL


def preview_profile(profile: Profile) -> Profile:
    """Returns where previews connect: as the preview login, whose password libpq finds."""
    profile = replace(profile, read_only=True)
    user = profile.preview_user
    if not user or user == profile.parameters.get("user"):
        return profile
    # The command prints the password of the login itself; a keyring holds one for each.
    return replace(
        profile,
        parameters=profile.parameters | {"user": user},
        password=None,
        password_command=(),
    )
