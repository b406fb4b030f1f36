"""The right side of the tables pane: rows, and what may be laid over them."""

from __future__ import annotations

from typing import TYPE_CHECKING

from textual import on
from textual.app import ComposeResult
from textual.css.query import DOMQuery

from console.ui.connections import Connections
from console.ui.tables.rows import Rows
from console.ui.tables.view import View
from console.ui.widgets.ground import Ground

if TYPE_CHECKING:
    from console.browse.draft import Draft
    from console.catalog.relations import Relation


class Contents(Ground):
    """A pile of views, of which the top one is shown; rows are always at the bottom.

    Args:
        connections: Where views ask.
    """

    def __init__(self, connections: Connections) -> None:
        super().__init__()
        self.connections = connections
        self.statement: View | None = None
        """The statement being typed, which may be somewhere in the pile."""
        self._draft: Draft | None = None

    def compose(self) -> ComposeResult:
        """Begins with the rows."""
        yield Rows(self.connections)

    @property
    def rows(self) -> Rows:
        """The rows of a table that lie uppermost: those at the bottom, or some a row led to."""
        return list(self.pile.results(Rows))[-1]

    @property
    def bottom(self) -> Rows:
        """The rows at the bottom."""
        return self.query_one(Rows)

    @property
    def pile(self) -> DOMQuery[View]:
        """The views, from the rows up; not those that come or go, which lack their parts then."""
        return self.query_children(View).exclude(".-away")

    @property
    def shown(self) -> View:
        """The view on the top."""
        return self.pile.last()

    @property
    def is_covered(self) -> bool:
        """Whether something lies over the rows at the bottom."""
        return self.shown is not self.bottom

    async def show_view(self, view: View) -> None:
        """Lays a view over what is shown, and gives it the focus."""
        self.shown.display = False
        if isinstance(view, Rows):
            view.take_after(self.rows)
        view.add_class("-away")
        await self.mount(view)
        view.remove_class("-away")
        view.take_focus()
        self.screen.refresh_bindings()

    async def close_view(self) -> None:
        """Takes the top view off, down to the rows, and gives the focus to the one below."""
        if self.is_covered:
            below, gone = self.pile[-2:]
            gone.add_class("-away")
            below.display = True
            below.uncovered(gone)
            # First the focus: a widget that goes with it would hand it to whatever is next.
            below.take_focus()
            await gone.remove()
            self.screen.refresh_bindings()

    async def close_views(self, base: View) -> None:
        """Takes every view off one; the focus stays where it is, unless it was in one of them."""
        pile = list(self.pile)
        over = pile[pile.index(base) + 1 :]
        focused = self.screen.focused
        inside = focused is not None and any(view in focused.ancestors for view in over)
        if over:
            base.display = True
        if inside:
            base.take_focus()
        for view in over:
            view.add_class("-away")
        for view in over:
            await view.remove()

    @on(View.Open)
    async def _open(self, message: View.Open) -> None:
        message.stop()
        await self.show_view(message.view)

    @on(View.Close)
    async def _close(self, message: View.Close) -> None:
        message.stop()
        await self.close_view()

    async def show_structure(self, relation: Relation) -> None:
        """Shows what a relation is made of."""
        from console.ui.tables.structure import StructureView

        await self.show_view(StructureView(self.connections, relation))

    async def show_query(self) -> None:
        """Shows the statement being typed; what lies over it is taken off."""
        if self.statement is None or self.statement not in self.pile:
            from console.browse.draft import Draft
            from console.ui.tables.query import QueryView

            self._draft = self._draft or Draft(_where(self.connections))
            self.statement = QueryView(self.connections, self._draft)
            await self.show_view(self.statement)
        while self.shown is not self.statement:
            await self.close_view()


def _where(connections: Connections) -> str:
    """Names the database, the same way each time."""
    parameters = connections.profile.parameters
    return " ".join(parameters.get(name, "") for name in ("user", "host", "port", "dbname"))
