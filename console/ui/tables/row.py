"""One row in full: read, searched, copied, and the next one."""

from __future__ import annotations

from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING

from textual import on
from textual.app import ComposeResult
from textual.containers import VerticalScroll
from textual.content import Content
from textual.message import Message
from textual.widgets import Static

from console.browse.detail import Value, read_whole
from console.browse.formats import as_json
from console.browse.references import Reference
from console.browse.window import Window
from console.ui import words
from console.ui.connections import Connections
from console.ui.tables import copying
from console.ui.tables.card import called, card, signpost, standing
from console.ui.tables.meeting import Eyes, Met, counted, meet
from console.ui.tables.searching import SearchingView
from console.ui.tables.values import RowLines
from console.ui.tables.view import NAME, crumbs
from console.ui.widgets.caption import Caption
from console.ui.widgets.field import SearchField
from console.ui.widgets.lines import Lines

if TYPE_CHECKING:
    from collections.abc import Callable

    from console.browse.page import Row
    from console.catalog.relations import Column
    from console.ui.tables.lens import Lens


TALL = 28
"""Rows from which the value under the cursor is shown below the lines."""


class RowView(SearchingView):
    """A row: its values, what it refers to and what refers to it.

    Args:
        connections: Where to ask.
        window: The rows among which it is.
        index: Its number there.
        eyes: Whose eyes rows are seen through.
        lens: What is known of rows through somebody's eyes; None where nobody is looked for.
        trail: The rows that led here, in words.
        own: Whether the window is this view's own, to be closed with it.
    """

    BINDING_GROUP_TITLE = "Row"

    @dataclass
    class Counted(Message):
        """It was found out how many rows refer to this one by a foreign key."""

        reference: Reference
        text: str

    def __init__(
        self,
        connections: Connections,
        window: Window,
        index: int,
        eyes: Eyes,
        *,
        lens: Lens | None = None,
        trail: tuple[str, ...] = (),
        own: bool = False,
    ) -> None:
        super().__init__(connections)
        self.window = window
        self.index = index
        self.eyes = eyes
        self.lens = lens
        self.trail = trail
        self.own = own
        self.read: Met | None = None
        self.read_at = ""
        self.held = window.source.session

    def compose(self) -> ComposeResult:
        """Lays out caption, search, lines and, where there is room, the value under the cursor."""
        yield Caption()
        yield SearchField(placeholder="search names and values", id="row-search")
        yield RowLines()
        with VerticalScroll(classes="value-card", can_focus=False):
            yield Static()

    @property
    def lines(self) -> RowLines:
        """The columns and references."""
        return self.query_one(RowLines)

    def on_mount(self) -> None:
        """Reads the row."""
        self._lay_out()
        self._go(self.index)

    async def on_unmount(self) -> None:
        """Lets go of what the server holds."""
        if self.own:
            await self.window.close()

    @property
    def place(self) -> tuple[Window, int]:
        """Where the row is."""
        return self.window, self.index

    def take_focus(self) -> None:
        """The lines have it."""
        self.screen.set_focus(self.lines)

    def again(self) -> None:
        """Reads the row again."""
        self._go(self.index)

    # Reading

    def _go(self, index: int) -> None:
        self.ask(
            "reading the row",
            partial(meet, self.connections, self.window, index, self.read),
            self._show,
        )

    def _show(self, read: Met) -> None:
        self.index, self.read, self.read_at = read.index, read, words.clock()
        self.lines.show(read.values, read.references)
        if not read.values:
            self.add_class("-bare")
            self.query_one(".value-card Static", Static).update("This table has no columns.")
        self._lay_out()
        self._describe()
        if self.lens is not None:
            self.run_worker(self._examine(self.lens), exclusive=True, group="look")
        self._count([one for one in read.references if not one.forwards and one.where])

    async def _examine(self, lens: Lens) -> None:
        """Finds out whether somebody sees the row, and which of its columns."""
        await lens.glance(self.connections, self.window, self.index)
        self.lines.deny(lens.denied)
        self._lay_out()

    def _count(self, references: list[Reference]) -> None:
        """Counts what refers to the row, one after the other; keys are heard meanwhile."""
        self.workers.cancel_group(self, "count")

        async def work() -> None:
            for one in references:
                text = await counted(self.eyes, one)
                self.post_message(self.Counted(one, text))

        self.run_worker(work(), exclusive=True, group="count")

    @on(Counted)
    def _counted(self, message: Counted) -> None:
        message.stop()
        self.lines.counted(message.reference, message.text)

    # What is shown

    def _called(self) -> str:
        return called(self.window, self.index, self.lines.values)

    def _lay_out(self) -> None:
        self.set_class(self.size.height >= TALL, "-tall")
        right = standing(self.window, self.index)
        room = self.size.width - len(right) - len(self.read_at) - 7
        aside = Content.assemble(right, (f"  {self.read_at}", "$muted"))
        seen = self.lens.said_of(self.read.place) if self.lens and self.read else Content("")
        # Its values are below; that somebody doesn't see it is said here only.
        room -= seen.cell_length
        title = crumbs([*self.trail, self._called()], room)
        self._write(title.truncate(max(NAME, room), ellipsis=True) + seen, aside)

    @on(Lines.Moved)
    def _moved(self, message: Lines.Moved) -> None:
        message.stop()
        self._describe()
        self.refresh_bindings()

    def _describe(self) -> None:
        """Shows all there is to say of the line under the cursor."""
        entry = self.lines.current
        if entry is not None:
            said = card(entry) if isinstance(entry, Value) else signpost(entry)
            self.query_one(".value-card Static", Static).update(said)

    # Search

    @property
    def searchable(self) -> bool:
        """Whether it was read."""
        return self.read is not None

    def action_leave_search(self) -> None:
        """Goes back to the lines; from there, searches no more."""
        if not self.is_asked:
            self.wanted = ""
            self.refresh_bindings()
        super().action_leave_search()

    def action_next(self, forwards: bool) -> None:
        """Goes to the next line that holds what is searched for, or to the one before."""
        found = self.lines.find(self.wanted, forwards=forwards)
        if found is not None:
            self.lines.cursor = found
        else:
            cut = any(value.cut for value in self.lines.values)
            self.found_nothing(" that was read" if cut else "")

    # Keys

    def check_action(self, action: str, parameters: tuple[object, ...]) -> bool | None:
        """Offers only what applies to this row."""
        if self.is_asked:
            return action == "leave_search"
        match action:
            case "leave_search":
                return bool(self.wanted)
            case "copy":
                return isinstance(self.lines.current, Value)
            case "step":
                number = self.index + int(str(parameters[0]))
                return 0 <= number < self.window.extent
            case _:
                return super().check_action(action, parameters)

    def action_step(self, rows: int) -> None:
        """Reads the next row, or the one before."""
        self._go(self.index + rows)

    def action_copy(self) -> None:
        """Copies the whole value under the cursor."""
        entry = self.lines.current
        if not isinstance(entry, Value) or self.read is None:
            return
        if entry.text is None:
            self.notify("NULL holds no text to copy", timeout=2, markup=False)
        elif not entry.cut:
            copying.take(self.app, entry.text, "Value", self._called())
        else:
            self._copy([entry.column], "text", lambda row: row[0] or "")

    def action_copy_row(self) -> None:
        """Copies the row as a JSON object."""
        columns = [value.column for value in self.lines.values]
        self._copy(columns, "json", lambda row: as_json([row], columns))

    def _copy(self, columns: list[Column], form: str, write: Callable[[Row], str]) -> None:
        def take(rows: list[Row]) -> None:
            self._lay_out()
            what = "Row" if form == "json" else "Value"
            copying.take(self.app, write(rows[0]), what, self._called(), form)

        places = [self.read.place] if self.read is not None else []
        names = [column.name for column in columns]
        self.ask("reading all of it", partial(read_whole, self.window.source, places, names), take)
