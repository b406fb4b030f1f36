"""A view whose lines are searched."""

from __future__ import annotations

from textual import on
from textual.binding import Binding
from textual.widgets import Input

from console.ui.connections import Connections
from console.ui.tables.asking import AskingView
from console.ui.widgets.field import Field
from console.visible import visible

SEARCH = Binding("slash", "search", "Search", key_display="/")
NEXT = Binding("n", "next(True)", "Next match")
BEFORE = Binding("N", "next(False)", "Match before", show=False)
LEAVE = Binding("escape", "leave_search", "Leave the search")


class SearchingView(AskingView):
    """What such views share: `/` asks for words, `n` and `N` go to what holds them.

    A subclass has the four keys above among its own, composes a field, says whether there is
    something to search (`searchable`), and goes to what holds the words (`action_next`).

    Attributes:
        wanted: What is searched for; empty for nothing.
    """

    def __init__(self, connections: Connections) -> None:
        super().__init__(connections)
        self.wanted = ""

    def on_mount(self) -> None:
        """Begins without the field."""
        self.query_one(Field).display = False

    @property
    def searchable(self) -> bool:
        """Whether there is something to search."""
        raise NotImplementedError

    @property
    def is_asked(self) -> bool:
        """Whether it is being typed what to search for."""
        return isinstance(self.screen.focused, Input)

    def check_action(self, action: str, parameters: tuple[object, ...]) -> bool | None:
        """Offers the next match while there is something to search for."""
        match action:
            case "leave_search":
                return self.is_asked
            case "search":
                return self.searchable and not self.is_asked
            case "next":
                return self.searchable and bool(self.wanted) and not self.is_asked
            case _:
                return super().check_action(action, parameters)

    def action_search(self) -> None:
        """Asks what to search for."""
        field = self.query_one(Field)
        field.display = True
        self.screen.set_focus(field)

    def action_leave_search(self) -> None:
        """Goes back to the lines."""
        self.query_one(Field).display = False
        self.take_focus()

    @on(Input.Changed)
    def _changed(self, event: Input.Changed) -> None:
        event.stop()

    @on(Input.Submitted)
    def _submitted(self, event: Input.Submitted) -> None:
        event.stop()
        self.wanted = event.value
        self.action_leave_search()
        if self.wanted:
            self.action_next(True)
        self.refresh_bindings()

    def action_next(self, forwards: bool) -> None:
        """Goes to the next line that holds what is searched for, or to the one before."""
        raise NotImplementedError

    def found_nothing(self, where: str = "") -> None:
        """Says so.

        Args:
            where: What was searched, where that is not all.
        """
        self.notify(f"nothing{where} holds “{visible(self.wanted)}”", timeout=3, markup=False)
