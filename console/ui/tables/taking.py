"""A table whose rows can be taken elsewhere: to the clipboard, to a file, as a query."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, ClassVar

from textual import on, work
from textual.binding import Binding, BindingType
from textual.message import Message

from console.errors import ConsoleError
from console.ui.tables.seen import SeenTable
from console.ui.tables.told import amount
from console.ui.widgets.grid import Grid
from console.visible import visible

if TYPE_CHECKING:
    from console.ui.tables.exporting import Export


class TakingTable(SeenTable):
    """A table with keys to copy and export."""

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("e", "export", "Export"),
        Binding("Y", "copy_more", "Copy row or page", show=False),
        Binding("S", "sql", "SQL of these rows", show=False),
    ]

    @dataclass
    class Copied(Message):
        """Text is ready to be copied, or written to a file."""

        text: str
        what: str
        form: str
        to_file: bool

    def check_action(self, action: str, parameters: tuple[object, ...]) -> bool | None:
        """Offers only what applies now."""
        match action:
            case "export":
                return self.opened is not None and not self.exporting.is_running
            case "copy_more":
                return self.opened is not None and self.opened.window.extent > 0
            case "sql":
                return self.opened is not None
            case _:
                return super().check_action(action, parameters)

    def action_sql(self) -> None:
        """Shows the query of these rows."""
        from console.ui.tables.dialogs import ShowSql

        if self.window is not None:
            source = self.window.source
            self.app.push_screen(ShowSql(source.statement.as_string(None), source.promise))

    @on(Grid.CopyCell)
    def _copy_cell(self, message: Grid.CopyCell) -> None:
        if self.source is not None:
            self._prepare("cell", "text", [message.row], to_file=False)

    def action_copy_more(self) -> None:
        """Asks what to copy: the row or the page, as text, JSON or INSERT."""
        from console.ui.tables.dialogs import AskCopy

        def take(answer: str | None) -> None:
            if answer is None or self.window is None:
                return
            what, form, *to_file = answer.split()
            rows = self.grid.on_screen if what == "page" else [self.grid.cursor_row]
            self._prepare(what, form, list(rows), to_file=bool(to_file))

        self.app.push_screen(AskCopy(), take)

    @work(exclusive=True, group="copy")
    async def _prepare(self, what: str, form: str, rows: list[int], *, to_file: bool) -> None:
        from console.ui.tables.copying import cell_of, text_of

        opened, source = self.opened, self.source
        if opened is None or source is None:
            return
        names = [column.name for column in source.columns]
        try:
            if what == "sql":
                text: str | None = opened.window.source.statement.as_string(None)
                form = "insert"
            elif what == "cell":
                text = await cell_of(opened, rows[0], names[self.grid.cursor_column])
            else:
                text = await text_of(opened, rows, names, form)
        except ConsoleError as error:
            self.notify(visible(error.message), severity="error", timeout=5, markup=False)
            return
        if text is None:
            self.notify("NULL holds no text to copy", timeout=2, markup=False)
        else:
            self.post_message(self.Copied(text, what, form, to_file))

    @on(Copied)
    def _copied(self, message: Copied) -> None:
        from console.ui.tables.copying import take

        what = {"cell": "Cell", "row": "Row", "page": "Page", "sql": "The query"}[message.what]
        name = "rows" if self.opened is None else self.opened.wanted.relation.name
        take(self.app, message.text, what, name, message.form, to_file=message.to_file)

    def action_export(self) -> None:
        """Asks for a file, and writes all of these rows to it."""
        from console.ui.tables.dialogs import AskExport

        source, opened = self.source, self.opened
        if source is None or opened is None:
            return
        names = [column.name for column in source.page.columns]
        shown = tuple(name for name in names if name not in source.shape.hidden)
        columns = None if len(shown) == len(names) and not opened.denied else shown

        def begin(export: Export | None) -> None:
            if export is not None:
                self.exporting.begin(export)

        self.app.push_screen(AskExport(opened.wanted, columns, amount(opened.window)), begin)
