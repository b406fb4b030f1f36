"""The place of the panes: one is shown, each is made when it is first wanted."""

from __future__ import annotations

import asyncio
import contextlib
from importlib import import_module

from textual import work
from textual.app import ComposeResult
from textual.reactive import var

from console.connection.profile import Profile
from console.errors import ConsoleError
from console.ui.connections import BROWSE, Connections
from console.ui.pane import Pane
from console.ui.places import Place, TablePlace
from console.ui.status import Status
from console.ui.trouble import Notice
from console.ui.widgets.ground import Ground

NAMES = ("Tables", "Access", "Migration", "Health", "Retention", "Logs")
"""What stands on the tabs; each names the module and the class of its pane."""


def module_of(index: int) -> str:
    """Returns the module of a tab's pane; it is imported when the tab is first opened."""
    return f"console.ui.{NAMES[index].lower()}.pane"


def tab_of(place: Place) -> int:
    """Returns the tab that a place belongs to."""
    return 0 if isinstance(place, TablePlace) else 1


class Stage(Ground):
    """Holds the panes, and words in their stead."""

    status: var[Status] = var(Status(Profile()))

    def __init__(self, connections: Connections) -> None:
        super().__init__(id="pane")
        self.connections = connections
        self.memories: dict[str, dict[str, str]] = {}
        """What each pane left the last time, by its name."""

    def compose(self) -> ComposeResult:
        """Yields the words; panes come once there is a connection."""
        yield Notice()

    @property
    def notice(self) -> Notice:
        """The words: in the panes' stead, or as a line above them."""
        return self.query_one(Notice)

    @property
    def is_empty(self) -> bool:
        """Whether no pane was made yet."""
        return not self.query_children(Pane)

    def watch_status(self, status: Status) -> None:
        """Passes on what the header tells."""
        for pane in self.query_children(Pane):
            pane.status = status

    async def show(self, index: int, place: Place | None = None) -> None:
        """Shows a tab's pane, at a place where one is named."""
        wanted = f"pane-{index}"
        shown: Pane | None = None
        for pane in self.query_children(Pane):
            pane.display = pane.id == wanted
            if pane.display:
                shown = pane
        if shown is None:
            if self.is_empty:
                self._look_back()
            made = getattr(import_module(module_of(index)), f"{NAMES[index]}Pane")(self.connections)
            assert isinstance(made, Pane)
            made.id = wanted
            made.set_reactive(Pane.status, self.status)
            await self.mount(made)
            if memory := self.memories.get(NAMES[index]):
                made.recall(memory)
            shown = made
        shown.open(place)

    @work(group="look back")
    async def _look_back(self) -> None:
        """Tells of what was begun earlier and whose end nobody saw."""
        from console.ui.unfinished import unended

        with contextlib.suppress(ConsoleError):
            session = await self.connections.open(BROWSE)
            for said in await asyncio.to_thread(unended, session):
                self.notify(said, severity="warning", timeout=12, markup=False)
