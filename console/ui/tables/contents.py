"""The right side of the tables pane: rows, and what may be laid over them."""

from __future__ import annotations

from typing import ClassVar

from textual import on
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Container

from console.ui.tables.columns import Columns
from console.ui.tables.rows import Rows
from console.ui.tables.view import View


class Contents(Container):
    """A pile of views, of which the top one is shown; the rows are always at the bottom."""

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("c", "columns", "Columns / rows"),
    ]

    def compose(self) -> ComposeResult:
        """Begins with the rows."""
        yield Rows()

    @property
    def rows(self) -> Rows:
        """The view at the bottom."""
        return self.query_one(Rows)

    @property
    def shown(self) -> View:
        """The view on the top."""
        return self.query_children(View).last()

    @property
    def is_covered(self) -> bool:
        """Whether something lies over the rows."""
        return self.shown is not self.rows

    async def show_view(self, view: View) -> None:
        """Lays a view over what is shown, and gives it the focus."""
        self.shown.display = False
        await self.mount(view)
        view.take_focus()
        self.screen.refresh_bindings()

    async def close_view(self) -> None:
        """Takes the top view off, down to the rows, and gives the focus to the one below."""
        if self.is_covered:
            gone = self.shown
            below = self.query_children(View)[-2]
            below.display = True
            # First the focus: a widget that goes with it would hand it to whatever is next.
            below.take_focus()
            await gone.remove()
            self.screen.refresh_bindings()

    async def close_views(self) -> None:
        """Takes every view off the rows; the focus stays where it is, unless it was in one."""
        over = [view for view in self.query_children(View) if view is not self.rows]
        focused = self.screen.focused
        inside = focused is not None and any(view in focused.ancestors for view in over)
        self.rows.display = True
        if inside:
            self.rows.take_focus()
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

    def check_action(self, action: str, parameters: tuple[object, ...]) -> bool | None:
        """Columns can be shown of what is shown."""
        if action == "columns":
            return isinstance(self.shown, Columns | Rows) and self.rows.page is not None
        return True

    async def action_columns(self) -> None:
        """Shows the columns of the open relation instead of its rows, or the other way."""
        if isinstance(self.shown, Columns):
            await self.close_view()
        elif self.rows.page is not None:
            await self.show_view(Columns(self.rows.page))
