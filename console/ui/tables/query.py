"""A statement of one's own: typed, run, explained; read-only, as the server sees to it."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from functools import partial
from typing import ClassVar

from textual import on
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.content import Content
from textual.timer import Timer
from textual.widgets import Static, TextArea

from console.browse.draft import Draft
from console.browse.history import Asked, QueryHistory
from console.browse.plan import Plan
from console.connection.session import Session
from console.errors import ConsoleError
from console.ui import words
from console.ui.connections import BROWSE, Connections
from console.ui.pane import Pane
from console.ui.tables.asking import Answer, AskingView
from console.ui.tables.editor import Editor
from console.ui.tables.plans import PlanLines, summary
from console.ui.tables.reading import Ears
from console.ui.tables.recall import Recall
from console.ui.tables.result import Result
from console.ui.tables.running import Outcome, failure, plan_of, position_of, run
from console.ui.tables.typing import Typing
from console.ui.widgets.caption import Caption
from console.ui.widgets.grid import Grid
from console.visible import visible

PAUSE = 1.0
"""Seconds without a key after which what was typed is written to disk."""
_RESULTS = ("plan", "recall", "said")


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
        Binding("escape,q", "editor", "Back to the statement"),
    ]

    def __init__(self, connections: Connections, draft: Draft) -> None:
        super().__init__(connections)
        self.draft = draft
        self._in_result = False
        self._timer: Timer | None = None
        self._began = 0
        """Where in the editor what runs begins."""

    def compose(self) -> ComposeResult:
        """Lays out editor, choices, caption and every kind of result."""
        yield Typing(self.connections, self.draft.text)
        yield Caption()
        yield Result(self.connections)
        yield PlanLines(id="query-plan")
        yield Recall(id="query-recall")
        yield Static(id="query-said")

    @property
    def editor(self) -> Editor:
        """Where the statement is typed."""
        return self.query_one(Editor)

    @property
    def result(self) -> Result:
        """The rows it came to."""
        return self.query_one(Result)

    @property
    def is_busy(self) -> bool:
        """Whether something runs, or rows are waited for."""
        return super().is_busy or self.result.is_busy

    def stop(self) -> None:
        """Cancels what runs, on the server too."""
        if super().is_busy:
            super().stop()
        else:
            self.result.stop()

    def on_mount(self) -> None:
        """Starts with words."""
        lens = next(a for a in self.ancestors if isinstance(a, Pane)).status.lens
        text = "Only what reads is run here: the server refuses everything else."
        if lens is not None:
            text += f"\nIt runs as yourself, not as {visible(lens.label)}."
        self.query_one("#query-said", Static).update(Content.styled(text, "$muted"))
        self._present("said", "query", Content(""))
        self.editor.move_cursor(self.editor.document.end)

    def on_unmount(self) -> None:
        """Keeps what was typed."""
        self._keep()

    def take_focus(self) -> None:
        """The part that had it has it again: the editor at first."""
        below = self._place_below
        self.screen.set_focus(below if self._in_result and below is not None else self.editor)

    def _to_editor(self) -> None:
        self.screen.set_focus(self.editor)

    def on_descendant_focus(self) -> None:
        """Remembers which part has the focus."""
        self._in_result = not isinstance(self.screen.focused, Editor)

    def _present(self, which: str, name: str, facts: Content, aside: str = "") -> None:
        for one in _RESULTS:
            self.query_one(f"#query-{one}").display = one == which
        self.result.display = which == "rows"
        self._let_rows_tell(which == "rows")
        self.head(name, facts, Content.styled(aside, "$muted"))
        self.refresh_bindings()

    def _let_rows_tell(self, told: bool) -> None:
        """Leaves the caption to the rows, which say themselves how they stand, or takes it."""
        self.result.caption.display = told
        self.caption.display = not told

    # What is typed

    @on(TextArea.Changed)
    def _changed(self, event: TextArea.Changed) -> None:
        event.stop()
        was_empty, self.draft.text = not self.draft.text.strip(), self.editor.text
        if was_empty == bool(self.draft.text.strip()):
            self.refresh_bindings()
        if self._timer is not None:
            self._timer.stop()
        self._timer = self.set_timer(PAUSE, self._keep)

    def _keep(self) -> None:
        try:
            self.draft.keep()
        except ConsoleError as error:
            self.notify(visible(error.message), severity="warning", markup=False)

    # Running

    def ask(
        self,
        doing: str,
        question: Callable[[], Awaitable[Answer]],
        take: Callable[[Answer], None] | Callable[[Answer], Awaitable[None]],
        failed: Callable[[ConsoleError], Awaitable[None] | None] | None = None,
    ) -> None:
        """Asks; rows stay on the screen meanwhile, words about the statement before do not."""
        said = self.query_one("#query-said", Static)
        if said.display:
            said.update("")
            self.error = None
            self.head("query", Content(""))
        elif self.result.display:
            self.head_as(self.result)
            self._let_rows_tell(False)
        super().ask(doing, question, take, failed)

    def cancelled(self) -> None:
        """Lets the rows say so where there are some."""
        if self.result.display:
            self._let_rows_tell(True)
            self.result.remark(Content.styled("cancelled", "$warning"))

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
        ears = Ears(lambda _: None, self._hold, self.result.shifted, self.result.changed)
        self.ask("running", partial(run, self.connections, text, ears), self._ran, self._no)

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

    async def _ran(self, outcome: Outcome) -> None:
        if outcome.plan is not None:
            self._planned(outcome.plan)
            return
        if outcome.rows is not None:
            await self.result.show(*outcome.rows)
        elif outcome.setting is not None:
            await self.result.show_setting(outcome.setting)
        self._present("rows", "", Content(""))

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
        self._to_editor()

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
        self._to_editor()

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
            case "other_part":
                return self._place_below is not None
            case _:
                return super().check_action(action, parameters)

    @property
    def _place_below(self) -> Grid | PlanLines | None:
        """What came of the statement, where it is something to move in."""
        if self.result.display:
            return self.result.grid
        plan = self.query_one(PlanLines)
        return plan if plan.display else None

    def action_editor(self) -> None:
        """Goes back to the statement."""
        if self.query_one(Recall).display:
            self._present("said", "query", Content(""))
        self._to_editor()

    def action_other_part(self) -> None:
        """Moves between the statement and its result."""
        below = self._place_below
        if isinstance(self.screen.focused, Editor) and below is not None:
            self.screen.set_focus(below)
        else:
            self._to_editor()
