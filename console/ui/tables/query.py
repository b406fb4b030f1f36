"""A statement of one's own: typed, run, explained; read-only, as the server sees to it."""

from __future__ import annotations

import asyncio
from functools import partial
from typing import TYPE_CHECKING, ClassVar

from textual import on
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.content import Content
from textual.timer import Timer
from textual.widgets import Static, TextArea

from console.browse.draft import Draft
from console.browse.history import Asked, QueryHistory
from console.browse.plan import Plan
from console.browse.window import Window
from console.connection.session import Session
from console.errors import ConsoleError
from console.ui import words
from console.ui.clipboard import copy
from console.ui.connections import BROWSE, Connections
from console.ui.pane import Pane
from console.ui.tables.asking import AskingView
from console.ui.tables.card import extent
from console.ui.tables.editor import Editor
from console.ui.tables.plans import PlanLines, summary
from console.ui.tables.recall import Recall
from console.ui.tables.record import Record
from console.ui.tables.running import Outcome, QueryRows, failure, plan_of, position_of, run
from console.ui.tables.typing import Typing
from console.ui.tables.view import View
from console.ui.widgets.caption import Caption
from console.ui.widgets.grid import Grid, RowsAtHand, fitted
from console.visible import visible

if TYPE_CHECKING:
    from console.browse.page import Page

PAUSE = 1.0
"""Seconds without a key after which what was typed is written to disk."""
_RESULTS = ("grid", "plan", "recall", "said")


class QueryView(AskingView):
    """The editor, and below it what came of the statement.

    Args:
        connections: Where to ask.
        draft: What is being typed; outlives this view.
    """

    BINDING_GROUP_TITLE = "Query"
    BINDINGS: ClassVar[list[BindingType]] = [
        # Priority: the editor has other uses for some of these keys.
        Binding("f5,ctrl+r", "run", "Run", key_display="F5", priority=True),
        Binding("f6", "explain", "Plan", key_display="F6", priority=True),
        Binding("f7", "recall", "Run before", key_display="F7", priority=True),
        Binding("f4", "other_part", "Statement / result", key_display="F4", priority=True),
        Binding("f2", "detail", "Detail of the error", key_display="F2", priority=True),
        Binding("enter", "open_row", "Row in full", show=False),
        Binding("escape,q", "editor", "Back to the statement"),
    ]

    def __init__(self, connections: Connections, draft: Draft) -> None:
        super().__init__(connections)
        self.draft = draft
        self.window: Window | None = None
        self.columns: tuple[str, ...] = ()
        self._timer: Timer | None = None
        self._began = 0
        """Where in the editor what runs begins."""

    def compose(self) -> ComposeResult:
        """Lays out editor, choices, caption and every kind of result."""
        yield Typing(self.connections, self.draft.text)
        yield Caption()
        yield Grid(id="query-grid")
        yield PlanLines(id="query-plan")
        yield Recall(id="query-recall")
        yield Static(id="query-said")

    @property
    def editor(self) -> Editor:
        """Where the statement is typed."""
        return self.query_one(Editor)

    @property
    def grid(self) -> Grid:
        """The rows of the result."""
        return self.query_one("#query-grid", Grid)

    def on_mount(self) -> None:
        """Starts with words."""
        lens = next(a for a in self.ancestors if isinstance(a, Pane)).status.lens
        text = "Only what reads is run here: the server refuses everything else."
        if lens is not None:
            text += f"\nIt runs as yourself, not as {visible(lens.label)}."
        self.query_one("#query-said", Static).update(Content.styled(text, "$muted"))
        self._present("said", "query", Content(""))
        self.editor.move_cursor(self.editor.document.end)

    async def on_unmount(self) -> None:
        """Keeps what was typed, and lets go of what the server holds."""
        self._keep()
        if self.window is not None:
            await self.window.close()

    def take_focus(self) -> None:
        """The editor has it."""
        self.screen.set_focus(self.editor)

    def _present(self, which: str, name: str, facts: Content, aside: str = "") -> None:
        for one in _RESULTS:
            self.query_one(f"#query-{one}").display = one == which
        self.head(name, facts, Content.styled(aside, "$muted"))
        self.refresh_bindings()

    # What is typed

    @on(TextArea.Changed)
    def _changed(self, event: TextArea.Changed) -> None:
        event.stop()
        self.draft.text = self.editor.text
        if self._timer is not None:
            self._timer.stop()
        self._timer = self.set_timer(PAUSE, self._keep)

    def _keep(self) -> None:
        try:
            self.draft.keep()
        except ConsoleError as error:
            self.notify(visible(error.message), severity="warning", markup=False)

    # Running

    def _statement(self) -> str:
        """What is selected, or else all of it."""
        editor = self.editor
        chosen = editor.selected_text
        self._began = 0
        if chosen.strip():
            self._began = editor.index_of(min(editor.selection))
            return chosen
        return editor.text

    def _hold(self, session: Session) -> None:
        self.held = session

    def action_run(self) -> None:
        """Runs the statement."""
        text = self._statement()
        self.run_worker(self._remember(text), group="remember")
        self.ask("running", partial(run, self.connections, text, self._hold), self._ran, self._no)

    def action_explain(self) -> None:
        """Shows the plan of the statement."""
        asking = partial(plan_of, self.connections, self._statement(), self._hold)
        self.ask("planning", asking, self._planned, self._no)

    async def _remember(self, text: str) -> None:
        try:
            where = (await self.connections.open(BROWSE)).server
            name = where.database if where is not None else ""
            await asyncio.to_thread(QueryHistory().add, text, name)
        except ConsoleError as error:
            self.notify(visible(error.message), severity="warning", markup=False)

    def _ran(self, outcome: Outcome) -> None:
        old, self.window = self.window, None
        if old is not None:
            self.run_worker(old.close(), group="close")
        if outcome.rows is not None:
            self._show_rows(*outcome.rows)
        elif outcome.plan is not None:
            self._planned(outcome.plan)
        elif outcome.setting is not None:
            table = outcome.setting
            names = tuple(table.columns)
            columns = fitted(names, (False,) * len(names), table.rows)
            self.grid.show(RowsAtHand(columns, table.rows))
            self._present("grid", "setting", Content(""), words.clock())

    def _show_rows(self, window: Window, page: Page) -> None:
        self.window = window
        self.columns = tuple(column.name for column in page.columns)
        numeric = [column.category == "N" for column in page.columns]
        widths = fitted(self.columns, numeric, page.rows)
        self.grid.show(QueryRows(window, widths))
        spent = words.duration(page.elapsed)
        facts = Content(f"{extent(window)}  {words.plural(len(self.columns), 'column')}")
        self._present("grid", "result", facts, f"{words.clock()}, {spent}")

    def _planned(self, plan: Plan) -> None:
        self.query_one(PlanLines).show(plan)
        self._present("plan", "", summary(plan), words.clock())

    def _no(self, error: ConsoleError) -> None:
        position = position_of(error)
        where = None if position is None else self._began + position
        if where is not None:
            self.editor.point_at(where)
        said = failure(error, self.editor.text, where)
        self.query_one("#query-said", Static).update(said)
        self._present("said", "query", Content.styled("failed", "$error"), words.clock())
        self.take_focus()

    # The result

    @on(Grid.Missing)
    def _missing(self, message: Grid.Missing) -> None:
        message.stop()
        window = self.window
        if window is not None and not self.is_busy:

            def take(_: None) -> None:
                self.grid.renew()
                facts = Content(f"{extent(window)}  {words.plural(len(self.columns), 'column')}")
                self.head("result", facts, self._head[2])

            self.ask("reading on", partial(window.show, message.first, message.last), take)

    @on(Grid.Moved)
    def _moved(self, message: Grid.Moved) -> None:
        message.stop()

    @on(Grid.CopyCell)
    def _copy(self, message: Grid.CopyCell) -> None:
        message.stop()
        row = self.grid.source.row(message.row)
        value = row[message.column] if row is not None else None
        if value is None:
            self.notify("NULL holds no text to copy", timeout=2, markup=False)
        else:
            copy(self.app, value, "Cell")

    def action_open_row(self) -> None:
        """Shows the row under the cursor in full."""
        if self.window is None:
            return

        async def eyes() -> Session:
            return await self.connections.open(BROWSE)

        record = Record(self.connections, self.window, self.grid.cursor_row, eyes)
        self.post_message(View.Open(record))

    # Statements run before

    def action_recall(self) -> None:
        """Shows the statements that were run before."""

        def take(asked: list[Asked]) -> None:
            recall = self.query_one(Recall)
            recall.show(asked)
            self._present("recall", "run before", Content(words.plural(len(asked), "statement")))
            recall.take_focus()

        self.ask("reading", partial(asyncio.to_thread, QueryHistory().entries), take)

    @on(Recall.Chosen)
    def _recalled(self, message: Recall.Chosen) -> None:
        message.stop()
        editor = self.editor
        # Undo brings back what stood here.
        editor.replace(message.asked.text, editor.document.start, editor.document.end)
        editor.move_cursor(editor.document.end)
        self._present("said", "query", Content(""))
        self.query_one("#query-said", Static).update("")
        self.take_focus()

    # Keys

    def check_action(self, action: str, parameters: tuple[object, ...]) -> bool | None:
        """Offers only what applies now."""
        typing = isinstance(self.screen.focused, Editor)
        match action:
            case "run" | "explain":
                return not self.is_busy and bool(self.draft.text.strip())
            case "recall":
                return not self.is_busy
            case "editor":
                return not typing and not self.is_busy
            case "open_row":
                return isinstance(self.screen.focused, Grid) and self.window is not None
            case "other_part":
                return self._result is not None
            case _:
                return super().check_action(action, parameters)

    @property
    def _result(self) -> Grid | PlanLines | None:
        """The result on the screen, where it is one to move in."""
        if self.grid.display:
            return self.grid
        plan = self.query_one(PlanLines)
        return plan if plan.display else None

    def action_editor(self) -> None:
        """Goes back to the statement."""
        if self.query_one(Recall).display:
            self._present("said", "query", Content(""))
        self.take_focus()

    def action_other_part(self) -> None:
        """Moves between the statement and its result."""
        result = self._result
        if isinstance(self.screen.focused, Editor) and result is not None:
            self.screen.set_focus(result)
        else:
            self.take_focus()
