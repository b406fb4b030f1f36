"""What every pane is: how it hears of the connection, and how it talks to the others."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING

from textual.message import Message
from textual.reactive import var

from console.connection.profile import Profile
from console.ui.connections import Connections
from console.ui.status import Link, Status
from console.ui.widgets.ground import Ground

if TYPE_CHECKING:
    from console.access.persona import Persona
    from console.ui.places import Place


class Pane(Ground):
    """One tab's content. Hears of connection and lens by `status`, talks up by messages."""

    @dataclass
    class Visit(Message):
        """The person wants to go on in the pane that a place belongs to."""

        place: Place

    @dataclass
    class Adopt(Message):
        """The person wants to look through somebody's eyes; None for his own."""

        persona: Persona | None

    status: var[Status] = var(Status(Profile()))

    def __init__(self, connections: Connections) -> None:
        super().__init__()
        self.connections = connections

    @property
    def online(self) -> bool:
        """Whether the server can be asked."""
        return self.status.link is Link.CONNECTED

    def watch_status(self) -> None:
        """Keys come and go with the connection and the mode."""
        self.refresh_bindings()

    def open(self, place: Place | None = None) -> None:
        """Called when the tab is shown: takes the focus.

        Args:
            place: Something to show at once.
        """

    def memory(self) -> Mapping[str, str]:
        """Returns what the next console on this database should find again; never data."""
        return {}

    def recall(self, memory: Mapping[str, str]) -> None:
        """Takes up what an earlier console left; called once, before the first `open`."""
