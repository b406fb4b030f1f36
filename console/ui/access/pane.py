"""Tab 2: who sees which row, and why."""

from __future__ import annotations

from collections.abc import Mapping
from importlib import import_module
from typing import ClassVar, NamedTuple

from textual import events
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Container
from textual.content import Content
from textual.message import Message
from textual.reactive import reactive
from textual.widget import Widget

from console.ui.access.view import View
from console.ui.connections import Connections
from console.ui.pane import Pane
from console.ui.places import PersonPlace, Place, WhyPlace


class Entry(NamedTuple):
    """One view: its module, which holds a class of that name with `View` behind it.

    Attributes:
        key: The letter that opens it; it stands out in the label.
    """

    module: str
    label: str
    key: str
    words: str

    def make(self, connections: Connections) -> View:
        """Imports the module and makes the view."""
        module = import_module(f"console.ui.access.{self.module}")
        made = getattr(module, f"{self.module.capitalize()}View")(connections)
        assert isinstance(made, View)
        return made


VIEWS = (
    Entry("people", "people", "p", "People, roles and what they may do"),
    Entry("why", "why", "w", "Why a row is seen or not"),
    Entry("matrix", "matrix", "m", "All tables and commands"),
    Entry("compare", "compare", "c", "What one sees and another does not"),
    Entry("whatif", "what-if", "f", "Try another policy"),
    Entry("baseline", "baseline", "b", "Snapshot and check"),
    Entry("lint", "lint", "t", "Access checked by rules"),
)
_NAMES = tuple(entry.module for entry in VIEWS)


_LOOSE = "⚠ via superuser"
"""Previews start from a superuser; the people view says what that means and what closes it."""


class Switch(Widget):
    """One row of the views' names; the one that is shown stands out by more than colour."""

    active: reactive[str] = reactive("people")
    warning: reactive[str] = reactive("")

    class Picked(Message):
        """A name was clicked."""

        def __init__(self, name: str) -> None:
            super().__init__()
            self.name = name

    def render(self) -> Content:
        """Lays the names out, with the letter that opens each."""
        parts = []
        for entry in VIEWS:
            if entry.module == self.active:
                parts.append(Content.styled(f" {entry.label} ", "bold underline"))
                continue
            before, _, after = entry.label.partition(entry.key)
            parts.append(
                Content.assemble(
                    (f" {before}", "$muted"),
                    (entry.key, "bold $primary"),
                    (f"{after} ", "$muted"),
                )
            )
        names = Content(" ").join(parts)
        room = self.content_size.width - names.cell_length - len(self.warning)
        if not self.warning or room < 1:
            return names
        return Content.assemble(names, " " * room, (self.warning, "$warning"))

    def on_click(self, event: events.Click) -> None:
        """Finds the name under the mouse."""
        edge = 0
        for entry in VIEWS:
            edge += len(entry.label) + 3
            if event.x < edge:
                self.post_message(self.Picked(entry.module))
                return


class AccessPane(Pane):
    """Views of who may see and do what; the persona is the lens of the whole console."""

    BINDING_GROUP_TITLE = "Access"
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding(entry.key, f"view('{entry.module}')", entry.words, show=False) for entry in VIEWS
    ]

    def __init__(self, connections: Connections) -> None:
        super().__init__(connections)
        self._shown = "people"

    def compose(self) -> ComposeResult:
        """Lays out the row of names; views come when they are first wanted."""
        yield Switch()
        yield Container(id="access-views")

    def on_mount(self) -> None:
        """Warns from the beginning, where the lens was put on before."""
        self.watch_status()

    def open(self, place: Place | None = None) -> None:
        """Shows the view that was shown last, or the one a place belongs to."""
        if isinstance(place, WhyPlace):
            self._shown = "why"
        elif isinstance(place, PersonPlace):
            self._shown = "people"
        self.call_later(self._show, self._shown, place)

    async def _show(self, name: str, place: Place | None = None) -> None:
        self._shown = name
        if not self.query(Switch):
            return  # it is on its way off the screen, and its parts are gone
        self.query_one(Switch).active = name
        shown: View | None = None
        for view in self.query(View):
            view.display = view.id == f"access-{name}"
            if view.display:
                shown = view
        if shown is None:
            shown = VIEWS[_NAMES.index(name)].make(self.connections)
            shown.id = f"access-{name}"
            shown.set_reactive(View.status, self.status)
            await self.query_one("#access-views").mount(shown)
        shown.show(place)

    def watch_status(self) -> None:
        """Passes on what the header tells."""
        super().watch_status()
        server = self.status.server
        loose = server is not None and server.superuser and not self.status.profile.preview_user
        for switch in self.query(Switch):
            switch.warning = _LOOSE if loose and self.status.lens else ""
        for view in self.query(View):
            view.status = self.status

    def on_switch_picked(self, message: Switch.Picked) -> None:
        """Shows the view whose name was clicked."""
        self.call_later(self._show, message.name)

    async def action_view(self, name: str) -> None:
        """Shows another view."""
        await self._show(name)

    def memory(self) -> Mapping[str, str]:
        """Returns which view was shown."""
        return {"view": self._shown}

    def recall(self, memory: Mapping[str, str]) -> None:
        """Begins with the view that was shown last."""
        if memory.get("view") in _NAMES:
            self._shown = memory["view"]
