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
from textual.widgets import Input, Static
from textual.worker import Worker, WorkerState

from console.catalog.relations import Relation
from console.errors import ConsoleError
from console.ui import words
from console.ui.clipboard import copy
from console.ui.connections import BROWSE, Connections
from console.ui.pane import Pane
from console.ui.trouble import keys, trouble
from console.ui.widgets.caption import Caption
from console.ui.widgets.grid import Grid, RowsAtHand, fitted
from console.ui.widgets.lines import Lines
from console.ui.widgets.relations import RelationList, protection
from console.visible import visible

if TYPE_CHECKING:
    from console.browse.page import Page

_COLUMN_HEADINGS = ("column", "type", "null", "key", "default", "comment")


class TablesPane(Pane):
    """Relations at the left; rows or columns of the open one at the right."""

    BINDING_GROUP_TITLE = "Tables"
    BINDINGS: ClassVar[list[BindingType]] = [
        # Priority: whatever else was typed in the same breath must go to the new focus.
        Binding("tab", "other_side", "Rows / tables", show=False, priority=True),
        Binding("slash", "filter", "Filter", key_display="/", priority=True),
        Binding("down", "pick(1)", "Next match", show=False),
        Binding("up", "pick(-1)", "Match before", show=False),
        Binding("c", "columns", "Columns / rows"),
        Binding("r", "again", "Read again"),
        Binding("d", "detail", "Detail of the error"),
        Binding("escape", "stop", "Cancel"),
        Binding("escape,q", "back", "Back to the tables"),
    ]

    @dataclass
    class Listed(Message):
        """The relations were read."""

        relations: list[Relation]

    @dataclass
    class Paged(Message):
        """The first rows of a relation were read."""

        page: Page
        at: str

    @dataclass
    class Failed(Message):
        """Something could not be read; `relation` is None for the list itself."""

        relation: Relation | None
        error: ConsoleError

    def __init__(self, connections: Connections) -> None:
        super().__init__(connections)
        self.opened: Relation | None = None
        self.page: Page | None = None
        self.read_at = ""
        self.error: ConsoleError | None = None
        self.show_columns = False
        self._reading: Worker[None] | None = None

    def compose(self) -> ComposeResult:
        """Lays out both sides."""
        with Vertical(id="relations"):
            yield Input(placeholder="filter", compact=True, id="relation-filter")
            yield RelationList(id="relation-list")
        with Vertical(id="contents"):
            yield Caption(id="contents-caption")
            yield Static(id="about")
            yield Grid(id="rows")
            yield Grid(id="columns")

    def on_mount(self) -> None:
        """Reads the list."""
        self._show("about")
        self._list()

    def open(self) -> None:
        """Takes the focus to where work goes on."""
        if self.page is not None and self.has_class("-reading"):
            self.screen.set_focus(self._grid)
        else:
            self.screen.set_focus(self.query_one(RelationList))

    @property
    def _grid(self) -> Grid:
        return self.query_one("#columns" if self.show_columns else "#rows", Grid)

    def _show(self, which: str) -> None:
        for name in ("about", "rows", "columns"):
            self.query_one(f"#{name}").display = name == which

    # Reading

    def _list(self) -> None:
        self.query_one(Caption).busy("listing tables")
        self._reading = self._read_list()

    def _read(self, relation: Relation) -> None:
        self.opened = relation
        self.error = None
        self._describe()
        self.query_one(Caption).busy(f"reading {visible(relation.name)}")
        self._reading = self._read_page(relation)
        self.refresh_bindings()

    @work(exclusive=True, group="read")
    async def _read_list(self) -> None:
        from console.catalog.relations import list_relations

        try:
            session = await self.connections.open(BROWSE)
            self.post_message(self.Listed(await list_relations(session)))
        except ConsoleError as error:
            self.post_message(self.Failed(None, error))

    @work(exclusive=True, group="read")
    async def _read_page(self, relation: Relation) -> None:
        from console.browse.page import first_page

        try:
            session = await self.connections.open(BROWSE)
            page = await first_page(session, relation)
        except ConsoleError as error:
            self.post_message(self.Failed(relation, error))
        else:
            self.post_message(self.Paged(page, words.clock()))

    def on_worker_state_changed(self, event: Worker.StateChanged) -> None:
        """Says so when the reading was cancelled, unless another has taken its place."""
        if event.worker is self._reading and event.state is WorkerState.CANCELLED:
            caption = self.query_one(Caption)
            caption.rest()
            caption.right = Content.styled("cancelled", "$warning")
            self._reading = None
            self.refresh_bindings()

    @on(Listed)
    def _listed(self, message: Listed) -> None:
        self._rest()
        self.query_one(RelationList).show(message.relations)
        self._describe()

    @on(Paged)
    def _paged(self, message: Paged) -> None:
        page = message.page
        if page.relation is not self.opened:
            return
        self._rest()
        again = self.page is not None and self.page.relation.identity == page.relation.identity
        self.page, self.read_at = page, message.at
        names = [column.name for column in page.columns]
        numeric = [column.category == "N" for column in page.columns]
        rows = self.query_one("#rows", Grid)
        rows.show(RowsAtHand(fitted(names, numeric, page.rows), page.rows), keep_cursor=again)
        self._fill_columns(page)
        self._present()

    def _fill_columns(self, page: Page) -> None:
        described = [
            (
                column.name,
                column.type,
                "no" if column.not_null else "yes",
                f"key {column.key_position}" if column.key_position else "",
                column.default or "",
                column.comment or "",
            )
            for column in page.columns
        ]
        columns = fitted(_COLUMN_HEADINGS, (False,) * 6, described)
        self.query_one("#columns", Grid).show(RowsAtHand(columns, described))

    @on(Failed)
    def _failed(self, message: Failed) -> None:
        if message.relation is not None and message.relation is not self.opened:
            return
        self._rest()
        self.error = message.error
        if self.page is not None and self.page.relation is self.opened:
            # What was read before stays; it says when that was.
            self.query_one(Caption).right = Content.assemble(
                ("✕ ", "$error bold"), visible(message.error.message), ("  d detail", "$muted")
            )
        else:
            self.page = None
            what = "the list of tables" if message.relation is None else message.relation.identity
            said = trouble(message.error, ("r", "try again"), ("d", "detail"))
            self.query_one("#about", Static).update(said)
            self._show("about")
            caption = self.query_one(Caption)
            caption.left, caption.right = Content.styled(visible(what), "bold"), Content("")
        self.refresh_bindings()

    def _rest(self) -> None:
        self.query_one(Caption).rest()
        self._reading = None
        self.error = None
        self.refresh_bindings()

    # Showing

    def _present(self) -> None:
        """Shows rows or columns of the page at hand, and takes the focus there."""
        page = self.page
        if page is None:
            return
        self._show("columns" if self.show_columns else "rows")
        if not page.rows and not self.show_columns:
            self.query_one("#about", Static).update(self._nothing(page.relation))
            self.query_one("#about").display = True
        self.screen.set_focus(self._grid)
        self._caption()
        self.refresh_bindings()

    def _nothing(self, relation: Relation) -> Content:
        text = "There are no rows here."
        server = self.status.server
        bound = server is not None and not (server.superuser or server.bypass_rls)
        if relation.rls and bound:
            text = "No rows that you may see: row-level security is on here."
        return Content.styled(text, "$muted")

    def _caption(self) -> None:
        page = self.page
        if page is None:
            return
        caption = self.query_one(Caption)
        relation = page.relation
        if self.show_columns:
            amount = words.plural(len(page.columns), "column")
        elif not page.more:
            amount = words.plural(len(page.rows), "row")
        elif relation.rows_estimate is None:
            amount = f"the first {words.count(len(page.rows))} rows"
        else:
            shown = words.count(len(page.rows))
            amount = f"the first {shown} of {words.estimate(relation.rows_estimate)} rows"
        word, style = protection(relation)
        caption.left = Content("  ").join(
            [
                Content.styled(visible(relation.identity), "bold"),
                Content(amount),
                Content.styled(word, style),
            ]
        )
        grid = self._grid
        place = Content("")
        if len(grid.source.columns) > 1 and grid.source.row_count:
            place = Content(
                f"{grid.cursor_row + 1}:{grid.cursor_column + 1}/{len(grid.source.columns)}  "
            )
        caption.right = Content.assemble(
            place, (f"{self.read_at}, {words.duration(page.elapsed)}", "$muted")
        )

    @on(Grid.Moved)
    def _cell_moved(self) -> None:
        if not self.query_one(Caption).is_busy:
            self._caption()

    @on(Lines.Moved)
    def _relation_moved(self) -> None:
        if self._reading is None:
            self.error = None
            self._describe()
            self.refresh_bindings()

    def _describe(self) -> None:
        """Says what is known of the relation under the cursor while none is open."""
        if self.page is not None:
            return
        self.query_one(Caption).left = Content("")
        relation = self.query_one(RelationList).current
        about = self.query_one("#about", Static)
        if relation is None:
            about.update(keys(("enter", "opens"), ("/", "filters")))
            return
        facts = [("kind", relation.kind)]
        if relation.rows_estimate is not None:
            facts.append(("rows", words.estimate(relation.rows_estimate)))
        if relation.bytes is not None:
            facts.append(("size", words.size(relation.bytes)))
        if word := protection(relation)[0]:
            policies = words.plural(relation.policies, "policy", "policies")
            facts.append(("access", f"{word}, {policies}"))
        facts.append(("owner", relation.owner))
        lines = [Content.styled(visible(relation.identity), "bold")]
        if relation.comment:
            lines.append(Content(visible(relation.comment)))
        lines.append(Content(""))
        lines += [Content.assemble((f"{n:<8}", "$muted"), visible(text)) for n, text in facts]
        lines += [Content(""), keys(("enter", "opens"), ("/", "filters"))]
        about.update(Content("\n").join(lines))

    # Keys

    @on(Lines.Chosen)
    def _chosen(self) -> None:
        relation = self.query_one(RelationList).current
        if relation is None:
            return
        if not self.online:
            self.notify("not connected: r connects again", severity="warning", markup=False)
            return
        self._read(relation)

    @on(Input.Changed, "#relation-filter")
    def _filter_changed(self, event: Input.Changed) -> None:
        self.query_one(RelationList).narrow(event.value)
        self._relation_moved()

    @on(Input.Submitted, "#relation-filter")
    def _filter_submitted(self) -> None:
        relations = self.query_one(RelationList)
        self.screen.set_focus(relations)
        relations.action_choose()

    def on_descendant_focus(self) -> None:
        """Under 100 columns the side without the focus gives way."""
        self.set_class(isinstance(self.screen.focused, Grid), "-reading")
        self.refresh_bindings()

    @on(Grid.CopyCell)
    def _copy_cell(self, message: Grid.CopyCell) -> None:
        text = self._grid.source.row(message.row)
        value = text[message.column] if text is not None else None
        if value is None:
            self.notify("NULL holds no text to copy", timeout=2, markup=False)
            return
        cut = self.page is not None and not self.show_columns
        if cut and self.page is not None and (message.row, message.column) in self.page.cut:
            copy(self.app, value, f"The first {words.count(len(value))} characters")
        else:
            copy(self.app, value, "Cell")

    def check_action(self, action: str, parameters: tuple[object, ...]) -> bool | None:
        """Offers only what applies now."""
        focused = self.screen.focused
        match action:
            case "stop":
                return self._reading is not None
            case "back":
                in_filter = isinstance(focused, Input)
                return self._reading is None and (isinstance(focused, Grid) or in_filter)
            case "columns" | "other_side":
                return self.page is not None
            case "again":
                return self.online and self._reading is None
            case "detail":
                return self.error is not None
            case "filter":
                return not isinstance(focused, Grid)
            case "pick":
                return isinstance(focused, Input)
            case _:
                return True

    def action_stop(self) -> None:
        """Cancels what is being read, on the server too."""
        if self._reading is not None:
            self.run_worker(self.connections.give_up(BROWSE, self._reading), group="stop")

    def action_back(self) -> None:
        """Goes back to the list; from the filter, with everything listed again."""
        if isinstance(self.screen.focused, Input):
            self.query_one("#relation-filter", Input).value = ""
        self.screen.set_focus(self.query_one(RelationList))

    def action_other_side(self) -> None:
        """Moves between the list and the rows."""
        if self.has_class("-reading"):
            self.screen.set_focus(self.query_one(RelationList))
        else:
            self.screen.set_focus(self._grid)

    def action_columns(self) -> None:
        """Shows the columns of the open relation instead of its rows, or the other way."""
        self.show_columns = not self.show_columns
        self._present()

    def action_filter(self) -> None:
        """Goes to the filter."""
        self.screen.set_focus(self.query_one("#relation-filter"))

    def action_pick(self, step: int) -> None:
        """Moves through the matches without leaving the filter."""
        self.query_one(RelationList).action_move(step)

    def action_again(self) -> None:
        """Reads the rows again, or the list when that has the focus."""
        failed = self.error is not None and self.opened is not None
        if self.opened is not None and (failed or self.has_class("-reading")):
            self._read(self.opened)
        else:
            self._list()
            self.refresh_bindings()

    def action_detail(self) -> None:
        """Shows what the server said."""
        from console.ui.dialogs import ErrorDetail

        if self.error is not None:
            self.app.push_screen(ErrorDetail(self.error))
