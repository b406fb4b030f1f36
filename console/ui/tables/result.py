"""The rows a statement came to."""

from __future__ import annotations

from typing import TYPE_CHECKING, ClassVar

from textual import on
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.content import Content

from console.ui import words
from console.ui.clipboard import copy
from console.ui.tables.card import extent
from console.ui.tables.copying import take
from console.ui.tables.exporting import Export, Exporting
from console.ui.tables.paging import Paging
from console.ui.tables.reading import Wanted
from console.ui.tables.record import Record
from console.ui.tables.told import amount
from console.ui.tables.view import View
from console.ui.tables.windowed import Shape, WindowRows
from console.ui.widgets.caption import Caption
from console.ui.widgets.grid import Grid
from console.ui.widgets.rows import RowsAtHand, fitted

if TYPE_CHECKING:
    from console.browse.page import Page
    from console.browse.window import Window
    from console.connection.session import Session, TextTable
    from console.ui.connections import Connections


class Result(Paging):
    """A caption and a grid; the connection is the rows' own, and goes with them."""

    BINDING_GROUP_TITLE = "Result"
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("enter", "open_row", "Row"),
        Binding("e", "export", "Export"),
    ]

    def __init__(self, connections: Connections) -> None:
        super().__init__(connections)
        self._told = ""

    def compose(self) -> ComposeResult:
        """Lays out both."""
        yield Caption()
        yield Grid()
        yield Exporting(self.connections)

    async def on_unmount(self) -> None:
        """Lets go of what the server holds."""
        await self._let_go()

    async def _let_go(self) -> None:
        window, self.window = self.window, None
        if window is not None:
            await window.close()

    async def show(self, window: Window, page: Page) -> None:
        """Shows rows in place of others, which are let go of."""
        await self._let_go()
        self.error = None
        self.window, self.using = window, window.source.session
        self._told = f"{words.clock()}, {words.duration(page.elapsed)}"
        self.grid.show(WindowRows(window, page, Shape(), ()))
        self.write_caption()

    async def show_setting(self, table: TextTable) -> None:
        """Shows what SHOW answered."""
        await self._let_go()
        names = tuple(table.columns)
        columns = fitted(names, (False,) * len(names), table.rows)
        self.grid.show(RowsAtHand(columns, table.rows))
        self.head("setting", Content(""), Content.styled(words.clock(), "$muted"))

    def write_caption(self) -> None:
        """Says how many rows these are, and where the cursor is."""
        if self.window is None:
            return
        grid = self.grid
        columns = len(grid.source.columns)
        facts = f"{extent(self.window)}  {words.plural(columns, 'column')}"
        place = ""
        if columns and grid.source.row_count:
            place = f"{grid.cursor_row + 1}:{grid.cursor_column + 1}  "
        self.head("result", Content(facts), Content.styled(f"{place}{self._told}", "$muted"))

    def check_action(self, action: str, parameters: tuple[object, ...]) -> bool | None:
        """Offers a row where there is one, and rows where they can be asked for again."""
        match action:
            case "open_row":
                return self.window is not None and self.window.extent > 0
            case "export":
                return self.window is not None and not self.exporting.is_running
            case _:
                return True

    def action_export(self) -> None:
        """Asks for a file, and writes the whole result to it; the statement is run again."""
        from console.browse.query import QuerySource
        from console.ui.tables.dialogs import AskExport

        source = None if self.window is None else self.window.source
        if self.window is None or not isinstance(source, QuerySource):
            return

        def begin(export: Export | None) -> None:
            if export is not None:
                self.exporting.begin(export._replace(result=source))

        wanted = Wanted(source.selection.relation)
        self.app.push_screen(AskExport(wanted, None, amount(self.window)), begin)

    def action_open_row(self) -> None:
        """Shows the row under the cursor in full."""
        if self.window is not None:
            record = Record(self.connections, self.window, self.grid.cursor_row, self._eyes)
            self.post_message(View.Open(record))

    async def _eyes(self) -> Session:
        assert self.window is not None
        return self.window.source.session

    @on(Grid.CopyCell)
    def _copy(self, message: Grid.CopyCell) -> None:
        message.stop()
        found = self.window.find(message.row) if self.window is not None else None
        row = self.grid.source.row(message.row)
        value = row[self.grid.source.columns[message.column].place] if row is not None else None
        if value is None:
            self.notify("NULL holds no text to copy", timeout=2, markup=False)
        elif found is not None and (found[1], message.column) in found[0].cut:
            copy(self.app, value, f"The first {words.count(len(value))} characters")
        else:
            take(self.app, value, "Cell", "result")
