"""One row in full, and the way from row to row along foreign keys."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING, ClassVar

from textual import on
from textual.binding import Binding, BindingType

from console.browse.detail import Value
from console.browse.references import Reference
from console.browse.window import Window
from console.errors import ConsoleError, NotFound
from console.ui.connections import BROWSE
from console.ui.pane import Pane
from console.ui.places import WhyPlace
from console.ui.tables.card import dead_end, names_a_person
from console.ui.tables.meeting import rows_at, table_at
from console.ui.tables.row import RowView
from console.ui.tables.searching import BEFORE, LEAVE, NEXT, SEARCH
from console.ui.tables.view import View
from console.ui.tables.whole import whole_view
from console.ui.widgets.lines import Lines
from console.visible import visible

if TYPE_CHECKING:
    from console.access.persona import Persona
    from console.ui.tables.reading import Opened


class Record(RowView):
    """A row, and the ways that lead on from it."""

    BINDING_GROUP_TITLE = "Row"
    BINDINGS: ClassVar[list[BindingType]] = [
        # While something is searched for, `n` goes to the next match; the arrow still goes on.
        NEXT,
        Binding("n,right", "step(1)", "Next row"),
        Binding("f", "follow", "Follow"),
        Binding("t", "in_table", "Show as table"),
        Binding("w", "why", "Why"),
        SEARCH,
        Binding("i", "adopt", "Look as this user"),
        Binding("y", "copy", "Copy value"),
        # Whoever has met `n` finds `p`: it takes no room from what else can be done here.
        Binding("p,left", "step(-1)", "Row before"),
        Binding("Y", "copy_row", "Copy row as JSON", show=False),
        *(BEFORE, LEAVE),
        Binding("backspace", "leave", "Back", show=False),
    ]

    def check_action(self, action: str, parameters: tuple[object, ...]) -> bool | None:
        """Offers only what applies to this row and this line."""
        entry = None if self.is_asked else self.lines.current
        match action:
            case "follow":
                return self._way() is not None
            case "in_table":
                way = self._way()
                return way is not None and not way.forwards
            case "why":
                return (
                    not self.is_asked
                    and self.read is not None
                    and bool(self.read.key(self.window.source))
                )
            case "adopt":
                return isinstance(entry, Value) and names_a_person(entry)
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
