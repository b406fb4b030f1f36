"""Tab 1: what is in the database, and the rows of one table."""

from __future__ import annotations

from typing import TYPE_CHECKING, ClassVar

from textual import on
from textual.binding import Binding, BindingType
from textual.widgets import Input

from console.errors import ConsoleError
from console.ui.connections import BROWSE, Connections
from console.ui.places import Place, TablePlace
from console.ui.tables.listing import ListingPane
from console.ui.tables.reading import Wanted
from console.ui.tables.rows import Rows
from console.ui.widgets.lines import Lines
from console.ui.widgets.relations import RelationList

if TYPE_CHECKING:
    from console.access.persona import Persona
    from console.catalog.relations import Relation


class TablesPane(ListingPane):
    """Relations at the left, the open one at the right."""

    BINDING_GROUP_TITLE = "Tables"
    BINDINGS: ClassVar[list[BindingType]] = [
        # Priority: whatever else was typed in the same breath must go to the new focus.
        Binding("tab", "other_side", "Rows / tables", show=False, priority=True),
        Binding("slash", "filter", "Filter", key_display="/", priority=True),
        Binding("down", "pick(1)", "Next match", show=False),
        Binding("up", "pick(-1)", "Match before", show=False),
        Binding("r", "again", "Read again"),
        Binding("c", "structure", "Structure"),
        Binding("Q,f4", "query", "Query", key_display="Q"),
        Binding("d", "detail", "Detail of the error"),
        Binding("escape", "stop", "Cancel"),
        Binding("escape,q", "back", "Back"),
        Binding("escape", "whole", "All"),
    ]

    def __init__(self, connections: Connections) -> None:
        super().__init__(connections)
        self._persona: Persona | None = None

    def on_mount(self) -> None:
        """Hands on what the header tells already."""
        self.watch_status()

    def watch_status(self) -> None:
        """Looks through the lens of the header, and offers what applies now."""
        super().watch_status()
        other = self.status.lens != self._persona
        for rows in self.query(Rows):
            self._persona = self.status.lens
            rows.server = self.status.server
            if other:
                rows.look_as(self._persona)

    def open(self, place: Place | None = None) -> None:
        """Takes the focus to where work goes on, or opens the table that is named."""
        recalled, self.recalled = self.recalled, {}
        if isinstance(place, TablePlace):
            self.find(place.identity, place.where)
        elif recalled and not self.listed and self.rows.wanted is None:
            self.find(recalled["table"], recalled.get("where", ""), recalled.get("order", ""))
        elif not self.listed:
            self.list_all()
        if self.rows.opened is not None and self.is_reading:
            self.contents.shown.take_focus()
        else:
            self.screen.set_focus(self.relations)

    # The list

    @on(Lines.Moved, "#relation-list")
    def _relation_moved(self) -> None:
        if not self.jobs and not self.rows.is_busy:
            self.describe()
            self.refresh_bindings()

    @on(Lines.Chosen, "#relation-list")
    async def _open_current(self) -> None:
        relation = self.relations.current
        if relation is None:
            # Nothing is called so: it may have been made meanwhile.
            self.action_again()
        elif self.online:
            await self.read(Wanted(relation))
        else:
            self.notify("not connected: r connects again", severity="warning", markup=False)

    @on(Input.Changed, "#relation-filter")
    def _filter_changed(self, event: Input.Changed) -> None:
        self.relations.narrow(event.value)
        self._relation_moved()

    @on(Input.Submitted, "#relation-filter")
    async def _filter_submitted(self) -> None:
        if self.relations.line_count:
            self.screen.set_focus(self.relations)
        if self.relations.current is not None:
            await self._open_current()  # before the focus is painted
        else:
            self.relations.action_choose()

    def on_descendant_focus(self) -> None:
        """Under 100 columns the side without the focus gives way."""
        focused = self.screen.focused
        reading = focused is not None and self.contents in focused.ancestors
        if reading is not self.is_reading:
            # Only the list looks different for it; the rest is by far the most to style.
            self.set_class(reading, "-reading", update=False)
            self.query_one("#relations").update_node_styles()
        self.refresh_bindings()

    # Keys

    def check_action(self, action: str, parameters: tuple[object, ...]) -> bool | None:
        """Offers only what applies now."""
        focused = self.screen.focused
        in_list_filter = isinstance(focused, Input) and focused.id == "relation-filter"
        # Not asked by class: the editor's takes long to import, and most never open it.
        typing = focused is not None and focused.check_consume_key("a", "a")
        match action:
            case "stop":
                return bool(self.jobs) or self.contents.shown.is_busy or self.rows.is_busy
            case "back":
                return self.is_reading or in_list_filter
            case "whole":
                return focused is self.relations and bool(self._list_filter.value)
            case "other_side":
                # In an editor tab completes.
                return self.rows.opened is not None and (in_list_filter or not typing)
            case "again":
                return self.online and not self.jobs
            case "structure":
                return self.online and self._looked_at is not None
            case "query":
                shown = self.contents.shown is self.contents.statement
                return self.online and not typing and not shown
            case "detail":
                return self._error() is not None
            case "filter":
                return isinstance(focused, RelationList)
            case "pick":
                return in_list_filter
            case _:
                return True

    def _error(self) -> ConsoleError | None:
        return self.contents.shown.error or self.rows.error

    def action_stop(self) -> None:
        """Cancels what is being read, on the server too."""
        if self.contents.shown.is_busy:
            self.contents.shown.stop()
        elif self.rows.is_busy:
            self.rows.stop()
        for worker in self.jobs.values():
            self.run_worker(self.connections.give_up(BROWSE, worker), group="stop")

    async def action_back(self) -> None:
        """Goes back to what was shown before, then to the list; from its filter, to the whole."""
        if self.is_reading and self.contents.is_covered:
            await self.contents.close_view()
            if self.contents.shown is self.rows and self.rows.page is None:
                self.screen.set_focus(self.relations)
            return
        if not self.is_reading:
            self.action_whole()
        self.screen.set_focus(self.relations)

    def action_whole(self) -> None:
        """Lists everything again."""
        self._list_filter.value = ""

    def action_other_side(self) -> None:
        """Moves between the list and the rows."""
        if self.is_reading:
            self.screen.set_focus(self.relations)
        else:
            self.contents.shown.take_focus()

    def action_filter(self) -> None:
        """Goes to the filter; what is typed takes the place of what was."""
        self.screen.set_focus(self._list_filter)
        self._list_filter.select_all()

    @property
    def _list_filter(self) -> Input:
        return self.query_one("#relation-filter", Input)

    @property
    def _looked_at(self) -> Relation | None:
        """The relation whose rows are shown, or that is under the cursor in the list."""
        if self.screen.focused is self.relations:
            return self.relations.current
        page = self.rows.page
        return page.relation if page is not None and self.contents.shown is self.rows else None

    async def action_structure(self) -> None:
        """Shows what a relation is made of."""
        if self._looked_at is not None:
            await self.contents.show_structure(self._looked_at)

    async def action_query(self) -> None:
        """Goes to the statement that is being typed."""
        await self.contents.show_query()

    def action_pick(self, step: int) -> None:
        """Moves through the matches without leaving the filter."""
        self.relations.action_move(step)

    def action_again(self) -> None:
        """Reads the rows again, or the list when that has the focus."""
        self.connections.ask_again()
        if self.is_reading and self.contents.is_covered:
            self.contents.shown.again()
        elif self.rows.wanted is not None and (self.rows.error is not None or self.is_reading):
            self.rows.again()
        else:
            self.list_all()

    def action_detail(self) -> None:
        """Shows what the server said."""
        from console.ui.dialogs import ErrorDetail

        error = self._error()
        if error is not None:
            self.app.push_screen(ErrorDetail(error))
