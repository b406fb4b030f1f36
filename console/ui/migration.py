"""Tab 3: is this database exactly what the migration says, and if not, make it so."""

from __future__ import annotations

from dataclasses import dataclass
from time import monotonic
from typing import TYPE_CHECKING, ClassVar

from textual import on, work
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import VerticalScroll
from textual.content import Content
from textual.message import Message
from textual.reactive import reactive
from textual.timer import Timer
from textual.widgets import Static
from textual.worker import Worker, WorkerState

from console.errors import ConsoleError
from console.migration.model import ApplyProgress, Verdict
from console.ui import applying, verdict, words
from console.ui.connections import OPERATIONS, Connections
from console.ui.pane import Pane
from console.ui.trouble import keys, trouble
from console.ui.widgets.caption import Caption
from console.ui.widgets.findings import Findings
from console.visible import visible

if TYPE_CHECKING:
    from console.migration.model import ApplyResult, Plan, Verification

_VIEWS = ("verdict", "plan", "apply")


class MigrationPane(Pane):
    """The verdict first; from there the plan, and from the plan the apply."""

    BINDING_GROUP_TITLE = "Migration"
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("r", "verify", "Verify again"),
        Binding("p", "plan", "Plan"),
        Binding("a", "apply", "Apply"),
        Binding("d", "detail", "Detail of the error"),
        Binding("escape", "stop", "Cancel"),
        Binding("escape,q", "back", "Back to the verdict"),
    ]

    view: reactive[str] = reactive("verdict", init=False)

    @dataclass
    class Verified(Message):
        """The database was compared with the migration."""

        verification: Verification
        at: str

    @dataclass
    class Planned(Message):
        """The plan was worked out."""

        plan: Plan
        at: str

    @dataclass
    class Progressed(Message):
        """The apply got further; the last such message counts."""

        state: ApplyProgress

        def can_replace(self, message: Message) -> bool:
            """Collapses a flood."""
            return isinstance(message, MigrationPane.Progressed)

    @dataclass
    class Applied(Message):
        """The apply came to its end."""

        result: ApplyResult

    @dataclass
    class Failed(Message):
        """A step failed; `step` is `verify`, `plan` or `apply`."""

        step: str
        error: ConsoleError

    def __init__(self, connections: Connections) -> None:
        super().__init__(connections)
        self.verification: Verification | None = None
        self.plan: Plan | None = None
        self.error: ConsoleError | None = None
        self._doing: Worker[None] | None = None
        self._step = ""
        self._state = ApplyProgress("verifying", 0, 0, "", 0.0)
        self._started = 0.0
        self._timer: Timer | None = None

    def compose(self) -> ComposeResult:
        """Lays out the caption, the counts, the two lists and a place for words."""
        yield Caption()
        yield Static(id="migration-counts")
        with VerticalScroll(id="migration-words"):
            yield Static()
        yield Findings(id="differences")
        yield Findings(id="steps")

    def on_mount(self) -> None:
        """Verifies at once: the verdict is what this pane is for."""
        self._show("words")
        self.action_verify()

    def open(self) -> None:
        """Takes the focus to what is shown."""
        for findings in self.query(Findings):
            if findings.display:
                findings.take_focus()
                return
        self.screen.set_focus(self.query_one("#migration-words"))

    def _show(self, which: str) -> None:
        for name in ("differences", "steps"):
            self.query_one(f"#{name}").display = name == which
        self.query_one("#migration-words").display = which == "words"
        self.query_one("#migration-counts").display = self.view != "apply"
        if self.is_on_screen:
            self.open()

    def _say(self, text: Content) -> None:
        self.query_one("#migration-words", VerticalScroll).query_one(Static).update(text)
        self._show("words")

    # Work

    def _start(self, step: str, what: str, worker: Worker[None]) -> None:
        self._step = step
        self._doing = worker
        self.error = None
        self.query_one(Caption).busy(what)
        self.refresh_bindings()

    @work(exclusive=True, group="migration")
    async def _verify(self) -> None:
        from console.migration.verify import verify

        try:
            session = await self.connections.open(OPERATIONS)
            self.post_message(self.Verified(await verify(session), words.clock()))
        except ConsoleError as error:
            self.post_message(self.Failed("verify", error))

    @work(exclusive=True, group="migration")
    async def _plan(self) -> None:
        from console.migration.plan import plan

        try:
            session = await self.connections.open(OPERATIONS)
            self.post_message(self.Planned(await plan(session), words.clock()))
        except ConsoleError as error:
            self.post_message(self.Failed("plan", error))

    @work(exclusive=True, group="migration")
    async def _apply(self, plan: Plan) -> None:
        from console.migration.apply import apply

        def tell(state: ApplyProgress) -> None:
            self.post_message(self.Progressed(state))

        try:
            session = await self.connections.open(OPERATIONS)
            result = await apply(session, on_progress=tell, confirmed=plan)
            self.post_message(self.Applied(result))
        except ConsoleError as error:
            self.post_message(self.Failed("apply", error))

    def on_worker_state_changed(self, event: Worker.StateChanged) -> None:
        """After a cancel, says so; after a cancelled apply, looks at what is there now."""
        if event.worker is not self._doing or event.state is not WorkerState.CANCELLED:
            return
        step = self._step
        self._rest()
        self.query_one(Caption).right = Content.styled("cancelled", "$warning")
        if step == "apply":
            self.notify("Apply was cancelled. Verifying what the database holds now.", markup=False)
            self.view = "verdict"
            self.action_verify()

    def _rest(self) -> None:
        self.query_one(Caption).rest()
        self._doing = None
        self.error = None
        self.connections.operating = False
        if self._timer is not None:
            self._timer.stop()
            self._timer = None
        self.refresh_bindings()

    # What came of it

    @on(Verified)
    def _verified(self, message: Verified) -> None:
        self._rest()
        self._take(message.verification, message.at)

    def _take(self, verification: Verification, at: str) -> None:
        """Shows a verification as the verdict."""
        self.verification = verification
        self.plan = None
        self.view = "verdict"
        caption = self.query_one(Caption)
        caption.left = verdict.verdict(verification)
        spent = words.duration(verification.elapsed_ms / 1000)
        caption.right = Content.styled(f"{at}, {spent}", "$muted")
        self._count(verdict.counts(verification))
        findings = verdict.differences(verification)
        self.query_one("#differences", Findings).show(findings)
        if findings:
            self._show("differences")
        else:
            self._say(self._advice(verification))
        self.refresh_bindings()

    def _count(self, counts: Content) -> None:
        self.query_one("#migration-counts", Static).update(counts)

    def _advice(self, verification: Verification) -> Content:
        """What to do when there is nothing to list."""
        if verification.verdict is Verdict.IN_SYNC:
            lines = [Content("There is nothing to do. "), Content(""), keys(("r", "verify again"))]
        else:
            apply_key = (
                ("a", "apply it") if self.status.write_mode else ("W", "write mode, to apply")
            )
            lines = [
                Content("None of the migration's tables is in this database."),
                Content("The plan shows every statement before anything is done."),
                Content(""),
                keys(("p", "plan"), apply_key),
            ]
        return Content("\n").join(lines)

    @on(Planned)
    def _planned(self, message: Planned) -> None:
        self._rest()
        self.plan = message.plan
        self.view = "plan"
        caption = self.query_one(Caption)
        caption.left = verdict.plan_title(message.plan)
        caption.right = Content.styled(f"planned {message.at}", "$muted")
        self._count(verdict.plan_counts(message.plan))
        steps = verdict.steps(message.plan)
        self.query_one("#steps", Findings).show(steps)
        if steps:
            self._show("steps")
        else:
            self._say(Content("The database is what the migration says already."))
        self.refresh_bindings()

    @on(Progressed)
    def _progressed(self, message: Progressed) -> None:
        if self._step == "apply" and self._doing is not None:
            self._state = message.state
            self._draw_progress()

    def _draw_progress(self) -> None:
        elapsed = monotonic() - self._started
        self._say(applying.progress(self._state, elapsed, self.size.width))

    @on(Applied)
    def _applied(self, message: Applied) -> None:
        self._rest()
        self.verification = message.result.verification
        self._end(applying.outcome(message.result))

    @on(Failed)
    def _failed(self, message: Failed) -> None:
        self._rest()
        self.error = message.error
        if message.step == "apply":
            self._end(applying.failure(message.error))
        elif self.verification is not None:
            # What was found before stays; it says when that was.
            self.query_one(Caption).right = Content.assemble(
                ("✕ ", "$error bold"), visible(message.error.message), ("  d detail", "$muted")
            )
        else:
            self._say(trouble(message.error, ("r", "try again"), ("d", "detail")))
        self.refresh_bindings()

    def _end(self, text: Content) -> None:
        self.plan = None
        self.query_one(Caption).right = Content.styled(words.clock(), "$muted")
        self._say(text)

    # Keys

    def check_action(self, action: str, parameters: tuple[object, ...]) -> bool | None:
        """Offers only what applies now; writing only in write mode."""
        idle = self._doing is None
        match action:
            case "verify":
                return self.online and idle and self.view == "verdict"
            case "plan":
                return self.online and idle and self.view == "verdict" and self._drifted
            case "apply":
                return self.online and idle and self._may_apply
            case "stop":
                return not idle
            case "back":
                return idle and self.view != "verdict"
            case "detail":
                return self.error is not None
            case _:
                return True

    @property
    def _drifted(self) -> bool:
        verification = self.verification
        return verification is not None and verification.verdict is not Verdict.IN_SYNC

    @property
    def _may_apply(self) -> bool:
        """In write mode: from the verdict to the plan, and from a plan that can be carried out."""
        if not self.status.write_mode:
            return False
        if self.view == "verdict":
            return self._drifted
        plan = self.plan
        return (
            self.view == "plan" and plan is not None and bool(plan.actions) and not plan.conflicts
        )

    def action_verify(self) -> None:
        """Compares the database with the migration."""
        self._start("verify", "verifying", self._verify())
        if self.verification is None:
            self._say(Content("Comparing this database with what the migration makes of it."))

    def action_plan(self) -> None:
        """Works out what apply would do."""
        self._start("plan", "planning", self._plan())

    def action_apply(self) -> None:
        """Shows the plan; once that is on the screen, asks, and applies it."""
        if self.view == "verdict":
            self.action_plan()
            return
        from console.ui.dialogs import question

        plan = self.plan
        assert plan is not None
        text = Content("\n").join(
            [
                Content.assemble(
                    words.plural(len(plan.actions), "statement").capitalize(),
                    " on ",
                    (visible(self.status.target), "bold"),
                    ".",
                ),
                verdict.plan_counts(plan),
                Content(""),
                Content(
                    "They run in one transaction that is verified before it is committed; "
                    "whatever fails rolls everything back."
                ),
            ]
        )

        def answer(yes: bool | None) -> None:
            if yes:
                self._carry_out(plan)

        self.app.push_screen(question(self.status, "Apply the migration?", text), answer)

    def _carry_out(self, plan: Plan) -> None:
        self.view = "apply"
        self.connections.operating = True
        self._state = ApplyProgress("verifying", 0, len(plan.actions), "", 0.0)
        self._started = monotonic()
        caption = self.query_one(Caption)
        caption.left = Content.styled("Applying the migration", "bold")
        caption.right = Content("")
        self._start("apply", "applying", self._apply(plan))
        caption.rest()  # the clock of an apply stands beside its progress
        self._timer = self.set_interval(0.1, self._draw_progress)
        self._draw_progress()

    def action_stop(self) -> None:
        """Cancels what runs, on the server too; an apply rolls back."""
        if self._doing is not None:
            self.run_worker(self.connections.give_up(OPERATIONS, self._doing), group="stop")

    def action_back(self) -> None:
        """Goes back to the verdict; after an apply it is asked for anew."""
        after_apply = self.view == "apply"
        self.view = "verdict"
        if after_apply or self.verification is None:
            self.action_verify()
        else:
            self._take(self.verification, words.clock())

    def action_detail(self) -> None:
        """Shows what the server said."""
        from console.ui.dialogs import ErrorDetail

        if self.error is not None:
            self.app.push_screen(ErrorDetail(self.error))
