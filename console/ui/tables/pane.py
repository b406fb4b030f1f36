"""Tab 1: what is in the database, and the rows of one table."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, ClassVar

from textual import on, work
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Vertical
from textual.content import Content
from textual.message import Message
from textual.widgets import Input, TextArea
from textual.worker import Worker, WorkerState

from console.catalog.relations import Relation
from console.errors import ConsoleError
from console.ui import words
from console.ui.connections import BROWSE, Connections
from console.ui.pane import Pane
from console.ui.places import Place, TablePlace
from console.ui.tables.contents import Contents
from console.ui.tables.rows import described
from console.ui.trouble import trouble
from console.ui.widgets.field import Field
from console.ui.widgets.lines import Lines
from console.ui.widgets.relations import RelationList
from console.visible import visible

if TYPE_CHECKING:
    from console.browse.page import Page


@dataclass
class Listed(Message):
    """The relations were read."""

    relations: list[Relation]


@dataclass
class Found(Message):
    """The relation that was named exists."""

    relation: Relation


@dataclass
class Paged(Message):
    """The first rows of a relation were read."""

    page: Page
    at: str


@dataclass
class Failed(Message):
    """Something could not be read: the relation, or without one `job` as a whole."""

    job: str
    relation: Relation | None
    error: ConsoleError


class TablesPane(Pane):
    """Relations at the left, the open one at the right."""

    BINDING_GROUP_TITLE = "Tables"
    BINDINGS: ClassVar[list[BindingType]] = [
        # Priority: whatever else was typed in the same breath must go to the new focus.
        Binding("tab", "other_side", "Rows / tables", show=False, priority=True),
        Binding("slash", "filter", "Filter", key_display="/", priority=True),
        Binding("down", "pick(1)", "Next match", show=False),
        Binding("up", "pick(-1)", "Match before", show=False),
        Binding("r", "again", "Read again"),
        Binding("Q,f4", "query", "Query", key_display="Q"),
        Binding("d", "detail", "Detail of the error"),
        Binding("escape", "stop", "Cancel"),
        Binding("escape,q", "back", "Back"),
    ]

    def __init__(self, connections: Connections) -> None:
        super().__init__(connections)
        self.opened: Relation | None = None
        self.error: ConsoleError | None = None
        self.listed = False
        self._jobs: dict[str, Worker[None]] = {}
        """What is under way: `list`, `read` or both."""

    def compose(self) -> ComposeResult:
        """Lays out both sides."""
        with Vertical(id="relations"):
            yield Field(placeholder="filter", id="relation-filter")
            yield RelationList(id="relation-list")
        yield Contents(self.connections)

    @property
    def relations(self) -> RelationList:
        """The list at the left."""
        return self.query_one(RelationList)

    @property
    def contents(self) -> Contents:
        """The right side."""
        return self.query_one(Contents)

    def open(self, place: Place | None = None) -> None:
        """Takes the focus to where work goes on, or opens the table that is named."""
        if isinstance(place, TablePlace):
            name = place.identity
            self._begin("read", f"opening {visible(name)}", self._read_named(name))
        elif not self.listed:
            self._list()
        if self.contents.rows.page is not None and self.has_class("-reading"):
            self.contents.shown.take_focus()
        else:
            self.screen.set_focus(self.relations)

    # Reading

    def _begin(self, job: str, doing: str, worker: Worker[None]) -> None:
        self._jobs[job] = worker
        self.contents.rows.caption.busy(doing)
        self.refresh_bindings()

    def _ended(self, job: str) -> None:
        self._jobs.pop(job, None)
        if not self._jobs:
            self.contents.rows.caption.rest()
        self.refresh_bindings()

    def _list(self) -> None:
        self._begin("list", "listing tables", self._read_list())

    def _read(self, relation: Relation) -> None:
        self.opened = relation
        self.error = None
        self._describe()
        self._begin("read", f"reading {visible(relation.name)}", self._read_rows(relation))

    @work(exclusive=True, group="list")
    async def _read_list(self) -> None:
        from console.catalog.relations import list_relations

        try:
            relations = await list_relations(await self.connections.open(BROWSE))
        except ConsoleError as error:
            self.post_message(Failed("list", None, error))
        else:
            self.post_message(Listed(relations))

    @work(exclusive=True, group="read")
    async def _read_named(self, name: str) -> None:
        from console.catalog.relations import find_relation

        try:
            relation = await find_relation(await self.connections.open(BROWSE), name)
        except ConsoleError as error:
            self.post_message(Failed("read", None, error))
        else:
            self.post_message(Found(relation))

    @work(exclusive=True, group="read")
    async def _read_rows(self, relation: Relation) -> None:
        from console.browse.page import first_page

        try:
            page = await first_page(await self.connections.open(BROWSE), relation)
        except ConsoleError as error:
            self.post_message(Failed("read", relation, error))
        else:
            self.post_message(Paged(page, words.clock()))

    def on_worker_state_changed(self, event: Worker.StateChanged) -> None:
        """Says so when reading was cancelled, unless other reading has taken its place."""
        if event.state is WorkerState.CANCELLED:
            for job, worker in list(self._jobs.items()):
                if worker is event.worker:
                    self._ended(job)
                    self.contents.rows.caption.right = Content.styled("cancelled", "$warning")
                    if job == "read":
                        self._list_at_last()

    @on(Found)
    def _found(self, message: Found) -> None:
        self._read(message.relation)

    @on(Listed)
    def _listed(self, message: Listed) -> None:
        self.listed = True
        self._ended("list")
        # The cursor is put somewhere, nobody moved it: an error on the screen stays there.
        with self.relations.prevent(Lines.Moved):
            self.relations.show(message.relations)
        if self.error is None:
            self._describe()

    @on(Paged)
    async def _paged(self, message: Paged) -> None:
        # An answer to a question that is no longer asked is dropped.
        if self.opened and message.page.relation.identity == self.opened.identity:
            self._ended("read")
            self.error = None
            self.contents.rows.show(message.page, message.at, self.status.server)
            await self.contents.close_views()
            self.contents.rows.take_focus()
            self._list_at_last()

    @on(Failed)
    def _failed(self, message: Failed) -> None:
        relation, error = message.relation, message.error
        if relation is not None and relation is not self.opened:
            return
        self._ended(message.job)
        self.error = error
        page = self.contents.rows.page
        if page is not None and (relation is None or page.relation is relation):
            # What was read before stays; it says when that was.
            self.contents.rows.caption.right = Content.assemble(
                ("✕ ", "$error bold"), visible(error.message), ("  d detail", "$muted")
            )
        else:
            heading = relation.identity if relation else ""
            self.contents.rows.say(heading, trouble(error, ("r", "try again"), ("d", "detail")))
            self.screen.set_focus(self.relations)
        if message.job == "read":
            self._list_at_last()
        self.refresh_bindings()

    def _list_at_last(self) -> None:
        """A table that was named at the start comes first, the list after it."""
        if not self.listed and self.online and "list" not in self._jobs:
            self._list()

    # The list

    @on(Lines.Moved)
    def _relation_moved(self) -> None:
        if not self._jobs:
            self.error = None
            self._describe()
            self.refresh_bindings()

    def _describe(self) -> None:
        """Says what is known of the relation under the cursor, while none is shown."""
        relation = self.relations.current
        if self.contents.rows.page is None and relation is not None:
            self.contents.rows.say("", described(relation))

    @on(Lines.Chosen)
    def _chosen(self) -> None:
        relation = self.relations.current
        if relation is not None and self.online:
            self._read(relation)
        elif relation is not None:
            self.notify("not connected: r connects again", severity="warning", markup=False)

    @on(Input.Changed, "#relation-filter")
    def _filter_changed(self, event: Input.Changed) -> None:
        self.relations.narrow(event.value)
        self._relation_moved()

    @on(Input.Submitted, "#relation-filter")
    def _filter_submitted(self) -> None:
        self.screen.set_focus(self.relations)
        self.relations.action_choose()

    def on_descendant_focus(self) -> None:
        """Under 100 columns the side without the focus gives way."""
        focused = self.screen.focused
        self.set_class(focused is not None and self.contents in focused.ancestors, "-reading")
        self.refresh_bindings()

    # Keys

    def check_action(self, action: str, parameters: tuple[object, ...]) -> bool | None:
        """Offers only what applies now."""
        focused = self.screen.focused
        match action:
            case "stop":
                return bool(self._jobs) or self.contents.shown.is_busy
            case "back":
                return self.has_class("-reading") or isinstance(focused, Input)
            case "other_side":
                # In an editor tab completes.
                typing = isinstance(focused, TextArea)
                return self.contents.rows.page is not None and not typing
            case "again":
                return self.online and not self._jobs
            case "query":
                typing = isinstance(focused, Input | TextArea)
                shown = self.contents.shown is self.contents.statement
                return self.online and not typing and not shown
            case "detail":
                return self.error is not None
            case "filter":
                return isinstance(focused, RelationList)
            case "pick":
                return isinstance(focused, Input)
            case _:
                return True

    def action_stop(self) -> None:
        """Cancels what is being read, on the server too."""
        if self.contents.shown.is_busy:
            self.contents.shown.stop()
            return
        for worker in self._jobs.values():
            self.run_worker(self.connections.give_up(BROWSE, worker), group="stop")

    async def action_back(self) -> None:
        """Goes back to what was shown before, then to the list; from its filter, to the whole."""
        if self.contents.is_covered and self.has_class("-reading"):
            await self.contents.close_view()
            return
        if isinstance(self.screen.focused, Input):
            self.query_one(Input).value = ""
        self.screen.set_focus(self.relations)

    def action_other_side(self) -> None:
        """Moves between the list and the rows."""
        if self.has_class("-reading"):
            self.screen.set_focus(self.relations)
        else:
            self.contents.shown.take_focus()

    def action_filter(self) -> None:
        """Goes to the filter."""
        self.screen.set_focus(self.query_one(Input))

    async def action_query(self) -> None:
        """Goes to the statement that is being typed."""
        await self.contents.show_query()

    def action_pick(self, step: int) -> None:
        """Moves through the matches without leaving the filter."""
        self.relations.action_move(step)

    def action_again(self) -> None:
        """Reads the rows again, or the list when that has the focus."""
        if self.has_class("-reading") and self.contents.is_covered:
            self.contents.shown.again()
            return
        failed = self.error is not None and self.opened is not None
        if self.opened is not None and (failed or self.has_class("-reading")):
            self._read(self.opened)
        else:
            self._list()

    def action_detail(self) -> None:
        """Shows what the server said."""
        from console.ui.dialogs import ErrorDetail

        if self.error is not None:
            self.app.push_screen(ErrorDetail(self.error))
