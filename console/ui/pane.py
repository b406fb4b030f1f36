"""What every pane is, and the calm ones that say what they will hold."""

from __future__ import annotations

from typing import ClassVar

from textual.app import ComposeResult
from textual.containers import Container
from textual.content import Content
from textual.reactive import var
from textual.widgets import Static

from console.connection.profile import Profile
from console.ui.connections import Connections
from console.ui.status import Link, Status


class Pane(Container):
    """One tab's content. Hears of the connection by `status`, talks up by messages."""

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

    def open(self, what: str | None = None) -> None:
        """Called when the tab is shown: takes the focus.

        Args:
            what: Names something to show at once; what it may name is the pane's matter.
        """


class Coming(Pane):
    """A pane that is not there yet, and says what it will hold."""

    promise: ClassVar[str] = ""
    parts: ClassVar[tuple[str, ...]] = ()

    def compose(self) -> ComposeResult:
        """Yields a few quiet lines."""
        lines = [
            Content.styled(self.promise, "bold"),
            Content(""),
            *(Content.assemble(("·  ", "$muted"), part) for part in self.parts),
            Content(""),
            Content.styled("Not in this version yet.", "$muted"),
        ]
        yield Static(Content("\n").join(lines), classes="notice")

    def open(self, what: str | None = None) -> None:
        """Nothing here takes the focus."""
        self.screen.set_focus(None)


class Access(Coming):
    """Who sees which row, and why."""

    promise = "Who sees which row, and why"
    parts = (
        "look at any table through the eyes of a person or a role",
        "the reason a row is hidden, policy by policy",
        "all tables against all commands, for one persona or several",
        "what a changed policy would show or hide, before it is changed",
    )


class Health(Coming):
    """How the server is."""

    promise = "How the database is doing"
    parts = (
        "the health functions of the schema, as tables and bars",
        "connections, locks and who waits for whom",
        "dead rows, vacuum, cache, replication lag",
    )


class Retention(Coming):
    """What is old enough to go."""

    promise = "What is old enough to be deleted"
    parts = (
        "every retention policy with the rows that would go and the oldest of them",
        "a dry run first, then short batches that can be stopped at any time",
        "announced and deleted numbers side by side",
    )


class Logs(Coming):
    """What happened, as it happens."""

    promise = "The audit and transparency logs, live"
    parts = (
        "audit_logs, audit_log and privacy_transparency_log as one timeline",
        "follow, pause, filter and search; nothing missed, gaps declared",
        "from an entry to its person, and to why access was refused",
    )
