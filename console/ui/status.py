"""What the header tells, on every screen: where you are and what you may do here."""

from __future__ import annotations

from enum import Enum
from typing import TYPE_CHECKING, NamedTuple

from console.connection.destination import Destination, address, destination
from console.connection.known import shown
from console.connection.profile import Profile
from console.connection.session import ServerInfo
from console.errors import ConsoleError

if TYPE_CHECKING:
    from console.access.persona import Persona


class Link(Enum):
    """How we stand with the server: a mark and a word."""

    CONNECTING = ("◌", "connecting")
    CONNECTED = ("●", "connected")
    FAILED = ("✕", "not connected")
    RECONNECTING = ("◌", "reconnecting")
    LOST = ("✕", "lost")

    @property
    def mark(self) -> str:
        """One cell."""
        return self.value[0]

    @property
    def word(self) -> str:
        """The state in words."""
        return self.value[1]


class Status(NamedTuple):
    """Everything the header draws.

    Attributes:
        server: Who answered, or None as long as nobody has.
        round_trip: Seconds, or None while unknown.
        lens: Whose eyes we look through, or None for our own.
        error: Why we are not connected.
        attempt: Which attempt to come back this is, counted from 1; 0 for none.
        retry_at: When the next one is made, by `time.monotonic`; None while one runs.
        in_transaction: Whether a transaction that may write is open.
    """

    profile: Profile
    link: Link = Link.CONNECTING
    server: ServerInfo | None = None
    round_trip: float | None = None
    write_mode: bool = False
    lens: Persona | None = None
    error: ConsoleError | None = None
    attempt: int = 0
    retry_at: float | None = None
    in_transaction: bool = False

    @property
    def database(self) -> str:
        """The database's name, as far as it is known."""
        if self.server is not None:
            return self.server.database
        return self.profile.parameters.get("dbname") or self.profile.name or "database"

    @property
    def destination(self) -> Destination:
        """Where the connection leads: as the server says, and before that as far as is known."""
        server = self.server
        if server is None:
            found = destination(shown(self.profile))
            # libpq goes to the database of the user's name where none is named.
            return found._replace(database=found.database or found.user or "database")
        user = self.profile.parameters.get("user", "")
        # A Supabase pooler takes the project's reference off the user that the server sees.
        user = user if user.startswith(f"{server.user}.") else server.user
        return Destination(user, address(server.host, str(server.port)), server.database)

    @property
    def target(self) -> str:
        """User, host and database in the form people write."""
        return str(self.destination)
