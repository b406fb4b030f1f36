"""One row in full, and the way from row to row along foreign keys."""

from __future__ import annotations

from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING, ClassVar

from textual import on
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import VerticalScroll
from textual.content import Content
from textual.message import Message
from textual.widgets import Static

from console.browse.detail import Value, read_whole
from console.browse.formats import as_json
from console.browse.references import Reference
from console.browse.window import Window
from console.errors import ConsoleError, NotFound
from console.ui import words
from console.ui.connections import BROWSE, Connections
from console.ui.pane import Pane
from console.ui.places import WhyPlace
from console.ui.tables import copying
from console.ui.tables.asking import AskingView
from console.ui.tables.card import (
    called,
    card,
    dead_end,
    names_a_person,
    signpost,
    standing,
)
from console.ui.tables.meeting import Eyes, Met, counted, meet, rows_at, table_at
from console.ui.tables.values import RowLines
from console.ui.tables.view import View, crumbs
from console.ui.tables.whole import whole_view
from console.ui.widgets.caption import Caption
from console.ui.widgets.lines import Lines
from console.visible import visible

if TYPE_CHECKING:
    from collections.abc import Callable

    from console.access.persona import Persona
    from console.browse.page import Row
    from console.catalog.relations import Column
    from console.ui.tables.lens import Lens
    from console.ui.tables.reading import Opened


TALL = 28
"""Rows from which the value under the cursor is shown below the lines."""


class Record(AskingView):
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
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("n,right", "step(1)", "Next row"),
        Binding("p,left", "step(-1)", "Row before"),
        Binding("f", "follow", "Follow"),
        Binding("t", "in_table", "Show as table"),
        Binding("w", "why", "Why"),
        Binding("i", "adopt", "Look as this user"),
        Binding("y", "copy", "Copy value"),
        Binding("Y", "copy_row", "Copy row as JSON", show=False),
        Binding("backspace", "leave", "Back", show=False),
    ]

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
        """Lays out caption, lines and, where there is room, the value under the cursor."""
        yield Caption()
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
        trail = [*self.trail, self._called()]
        self._write(crumbs(trail, room - seen.cell_length) + seen, aside)

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

    # Keys

    def check_action(self, action: str, parameters: tuple[object, ...]) -> bool | None:
        """Offers only what applies to this row and this line."""
        entry = self.lines.current
        match action:
            case "follow":
                return self._way() is not None
            case "in_table":
                way = self._way()
                return way is not None and not way.forwards
            case "why":
                return self.read is not None and bool(self.read.key(self.window.source))
            case "adopt":
                return isinstance(entry, Value) and names_a_person(entry)
            case "copy":
                return isinstance(entry, Value)
            case "step":
                number = self.index + int(str(parameters[0]))
                return 0 <= number < self.window.extent
            case _:
                return super().check_action(action, parameters)

    def _way(self) -> Reference | None:
        """Where the line under the cursor leads."""
        entry = self.lines.current
        way = self.lines.key_of(entry) if isinstance(entry, Value) else entry
        return way if way is not None and way.where is not None else None

    def action_leave(self) -> None:
        """Goes back to the row this one was reached from."""
        self.post_message(View.Close())

    def action_step(self, rows: int) -> None:
        """Reads the next row, or the one before."""
        self._go(self.index + rows)

    @on(Lines.Chosen)
    def _chosen(self, message: Lines.Chosen) -> None:
        message.stop()
        entry = self.lines.current
        if isinstance(entry, Reference) and entry.where is None:
            self.notify(dead_end(entry), timeout=4, markup=False)
        elif isinstance(entry, Reference):
            self.action_follow()
        elif isinstance(entry, Value) and self.read is not None:
            if entry.text is not None:
                source, place, called_ = self.window.source, self.read.place, self._called()
                view = whole_view(self.connections, source, place, entry.column, called_)
                self.post_message(View.Open(view))
            elif (key := self.lines.key_of(entry)) is not None:
                self.notify(dead_end(key), timeout=4, markup=False)
            else:
                self.notify("there is nothing in it: NULL", timeout=2, markup=False)

    def action_follow(self) -> None:
        """Goes to the row that this one refers to, or to the first that refers to it."""
        way = self._way()
        if way is None:
            return

        def take(window: Window) -> None:
            self._lay_out()
            if not window.extent:
                self.notify("no row there that can be seen from here", timeout=3, markup=False)
                return
            trail = (*self.trail, self._called())
            lens = self.lens and self.lens.anew()
            there = Record(self.connections, window, 0, self.eyes, lens=lens, trail=trail, own=True)
            self.post_message(View.Open(there))

        self.ask(
            f"following to {visible(way.relation)}",
            partial(rows_at, self.connections, self.eyes, way),
            take,
        )

    def action_in_table(self) -> None:
        """Shows the rows that refer to this one as a filtered table."""
        from console.ui.tables.rows import Rows

        way = self._way()
        if way is None:
            return
        table = Rows(self.connections, (*self.trail, self._called()))

        def take(opened: Opened) -> None:
            self._lay_out()
            table.begin(opened)
            self.post_message(View.Open(table))

        self.ask(
            f"reading {visible(way.relation)}",
            partial(table_at, self.connections, way, table.ears),
            take,
        )

    def action_why(self) -> None:
        """Asks why somebody can or can't see this row."""
        if self.read is not None:
            identity = self.window.source.selection.relation.identity
            key = self.read.key(self.window.source)
            self.post_message(Pane.Visit(WhyPlace(identity, key)))

    def action_adopt(self) -> None:
        """Looks through the eyes of the person whose id or address is under the cursor."""
        entry = self.lines.current
        if not isinstance(entry, Value) or not entry.text:
            return
        who = entry.text

        async def find() -> Persona:
            from console.access.people import resolve

            return await resolve(await self.connections.open(BROWSE), who, known=True)

        def take(persona: Persona) -> None:
            self._lay_out()
            self.post_message(Pane.Adopt(persona))

        async def failed(error: ConsoleError) -> None:
            self.tell(error)
            if isinstance(error, NotFound):
                await self.screen.run_action("lens")

        self.ask("finding out who that is", find, take, failed)

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
