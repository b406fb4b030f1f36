"""The rows of a relation with all that can be done with them."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, ClassVar

from textual import on, work
from textual.binding import Binding, BindingType
from textual.message import Message

from console.errors import ConsoleError
from console.ui.connections import BROWSE, Connections
from console.ui.pane import Pane
from console.ui.places import WhyPlace
from console.ui.tables.filter_bar import FilterBar
from console.ui.tables.reading import Opened, Wanted
from console.ui.tables.taking import TakingTable
from console.ui.tables.told import amount
from console.ui.tables.view import View
from console.visible import visible

if TYPE_CHECKING:
    from console.access.persona import Persona
    from console.connection.session import Session

_STEP = 4
"""Cells by which a column grows or shrinks."""


class Rows(TakingTable):
    """A table with its keys."""

    BINDING_GROUP_TITLE = "Rows of a table"
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("enter", "choose", "Row"),
        Binding("slash", "filter", "Filter", key_display="/", priority=True),
        Binding("backspace", "unfilter", "Take the filter off", show=False),
        Binding("s", "sort", "Sort"),
        Binding("w", "why", "Why?"),
        Binding("x", "only", "Theirs/all"),
        Binding("percent_sign", "goto('%')", "Go to a percentage", show=False),
        Binding("colon", "goto('')", "Go to a row", show=False),
        Binding("number_sign", "count", "Count exactly", show=False),
        Binding("v", "shown_columns", "Choose columns", show=False),
        Binding("minus", "hide", "Hide the column", show=False),
        Binding("less_than_sign", "widen(-1)", "Narrower column", show=False),
        Binding("greater_than_sign", "widen(1)", "Wider column", show=False),
        Binding("equals_sign", "fit", "Fit the column", show=False),
    ]

    @dataclass
    class Counted(Message):
        """All rows were counted."""

        opened: Opened
        rows: int

    def __init__(self, connections: Connections, trail: tuple[str, ...] = ()) -> None:
        super().__init__(connections, trail)
        self._why: Opened | None = None
        """Where a row was asked about while there was nobody to ask for."""

    # Keys

    def check_action(self, action: str, parameters: tuple[object, ...]) -> bool | None:
        """Offers only what applies now."""
        match action:
            case "filter":
                return self.wanted is not None and not self.bar.is_edited
            case "unfilter":
                return self.wanted is not None and bool(self.wanted.where)
            case "only":
                return self.persona is not None and self.opened is not None
            case "choose" | "goto" | "fit":
                return self.opened is not None and self.opened.window.extent > 0
            case "why":
                return bool(self._named())
            case "sort" | "hide" | "widen" | "shown_columns":
                return self.source is not None and bool(self.source.columns)
            case "count":
                return self.opened is not None
            case _:
                return super().check_action(action, parameters)

    def action_choose(self) -> None:
        """Shows the row under the cursor in full."""
        from console.ui.tables.record import Record

        window = self.window
        if window is not None and window.find(self.grid.cursor_row) is not None:
            row = self.grid.cursor_row
            record = Record(
                self.connections, window, row, self._eyes, lens=self.lens, trail=self.trail
            )
            self.post_message(View.Open(record))

    async def _eyes(self) -> Session:
        """Whoever reads these rows also reads what they refer to."""
        if self.opened is not None and self.opened.wanted.persona is not None:
            return self.opened.window.source.session
        return await self.connections.open(BROWSE)

    def action_filter(self) -> None:
        """Goes to the filter."""
        wanted = self.wanted
        if wanted is None:
            return
        self.bar.edit(self.opened.window.source.selection.known if self.opened else ())
        if not self.bar.values:
            self._know(wanted)

    @work(exclusive=True, group="values")
    async def _know(self, wanted: Wanted) -> None:
        from contextlib import suppress

        from console.catalog.enumerated import list_enumerated

        # Without them there is less to complete; nobody asked for more.
        with suppress(ConsoleError):
            session = await self.connections.open(BROWSE)
            self.bar.know(await list_enumerated(session, wanted.relation))

    @on(FilterBar.Applied)
    def _filter(self, message: FilterBar.Applied) -> None:
        if self.wanted is not None:
            self.take_focus()
            self.read(self.wanted._replace(where=message.text, persona=None), "filtering")

    def action_unfilter(self) -> None:
        """Reads every row again."""
        if self.wanted is not None:
            self.read(self.wanted._replace(where="", persona=None))

    @on(FilterBar.Left)
    def _filter_left(self) -> None:
        self.error = None
        self.take_focus()
        self.write_caption()

    def action_sort(self) -> None:
        """Sorts by the column under the cursor: upwards, downwards, not at all."""
        from console.browse.page import Order

        if self.source is None or self.wanted is None:
            return
        name = self.source.columns[self.grid.cursor_column].name
        before = next((part for part in self.wanted.order if part.column == name), None)
        order: tuple[Order, ...] = (Order(name, descending=before is not None),)
        if before is not None and before.descending:
            order = ()
        doing = f"sorting by {visible(name)}" if order else "back to the usual order"
        self.read(self.wanted._replace(order=order, persona=None), doing)

    def action_only(self) -> None:
        """Shows only what the persona sees, or every row with what is hidden marked."""
        if self.opened is not None:
            self.only = not self.only
            self.connections.ask_again()
            name = visible(self.persona.label) if self.only and self.persona else "this login"
            wanted = self.opened.wanted._replace(persona=None)
            self.read(wanted, f"reading as {name}")

    def action_why(self) -> None:
        """Goes to the question why the row under the cursor is or is not seen."""
        opened, key = self.opened, self._named()
        if opened is None or not key:
            return
        if self.persona is None:
            self._why = opened
            self.app.call_later(self.screen.run_action, "lens")
        else:
            self.post_message(Pane.Visit(WhyPlace(opened.wanted.relation.identity, key)))

    def _named(self) -> tuple[tuple[str, str], ...]:
        """Returns the key that names the row under the cursor; nothing where none does.

        Where it lies names a row only as long as nobody changes it.
        """
        opened = self.opened
        found = opened.window.find(self.grid.cursor_row) if opened is not None else None
        if opened is None or found is None:
            return ()
        page, number = found
        key = opened.window.source.key(page.places[number])
        return () if key[:1] and key[0][0] == "ctid" else key

    def look_as(self, persona: Persona | None) -> None:
        """Looks through somebody's eyes; goes on to why, if that was asked before."""
        super().look_as(persona)
        asked, self._why = self._why, None
        if persona is not None and asked is not None and asked is self.opened:
            self.action_why()

    # The columns, and where to go

    def _arranged(self, names_on: str | None = None) -> None:
        """Draws the columns as they are wanted now, with the cursor on the one of that name."""
        source = self.source
        if source is not None:
            source.arrange()
            names = [column.name for column in source.columns]
            if names_on in names:
                self.grid.cursor_column = names.index(names_on)
            self.grid.show(source, keep_cursor=True)
            self.write_caption()

    def action_widen(self, sign: int) -> None:
        """Gives the column under the cursor more cells, or fewer."""
        if self.source is not None:
            self.source.widen(self.grid.cursor_column, sign * _STEP)
            self.grid.renew()

    def action_fit(self) -> None:
        """Gives the column under the cursor the cells that the rows on the screen need."""
        if self.source is not None:
            self.source.fit(self.grid.cursor_column, self.grid.on_screen)
            self.grid.renew()

    def action_hide(self) -> None:
        """Hides the column under the cursor, unless it is the last one."""
        source = self.source
        if source is not None and len(source.columns) > 1:
            source.shape.hidden.add(source.columns[self.grid.cursor_column].name)
            self._arranged()
            self.notify("hidden; v shows it again", timeout=2, markup=False)

    def action_shown_columns(self) -> None:
        """Asks which columns to show."""
        from console.ui.tables.dialogs import ChooseColumns

        source = self.source
        if source is None:
            return
        name = source.columns[self.grid.cursor_column].name

        def choose(hidden: set[str] | None) -> None:
            if hidden is not None:
                source.shape.hidden = hidden
                self._arranged(name)

        names = [column.name for column in source.page.columns]
        self.app.push_screen(ChooseColumns(names, source.shape.hidden), choose)

    def action_goto(self, sign: str) -> None:
        """Asks for a row's number or a percentage, and goes there."""
        from console.ui.tables.dialogs import Goto, parse_goto

        window = self.window
        if window is None:
            return

        def go(text: str | None) -> None:
            index = None if text is None else parse_goto(text, window.extent)
            if index is not None and window is self.window:
                self.go(index)

        self.app.push_screen(Goto(amount(window), sign), go)

    def action_count(self) -> None:
        """Counts all rows, each one."""
        if self.opened is not None:
            self.caption.busy("counting every row")
            self._worker = self._count(self.opened)
            self.screen.refresh_bindings()

    @work(exclusive=True, group="read")
    async def _count(self, opened: Opened) -> None:
        from console.browse.count import count_rows

        source = opened.window.source
        session = source.session if opened.wanted.persona else await self.connections.open(BROWSE)
        self.using = session
        try:
            chosen = source.selection.chosen
            rows = await count_rows(session, opened.wanted.relation, chosen)
        except ConsoleError as error:
            self.post_message(self.Failed(opened.wanted, error))
        else:
            self.post_message(self.Counted(opened, rows))

    @on(Counted)
    def _counted(self, message: Counted) -> None:
        if message.opened is self.opened:
            self._finish()
            window = message.opened.window
            before = window.total
            window.counted(message.rows)
            if window.total == before:
                self.notify(f"{amount(window)}, counted just now", timeout=3, markup=False)
            self.grid.renew()
            self.write_caption()
