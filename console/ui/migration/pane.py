"""Tab 3: is this database exactly what the migration says, and if not, make it so."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from dataclasses import replace
from functools import partial
from typing import TYPE_CHECKING, ClassVar

from textual import on, work
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.content import Content
from textual.message import Message
from textual.worker import Worker, WorkerState

from console.errors import ConsoleError
from console.migration.model import ApplyOptions, ApplyProgress, Verdict
from console.ui import words
from console.ui.connections import MIGRATION, Connections
from console.ui.migration import applying, steps
from console.ui.migration.report import Report
from console.ui.migration.steps import Applied, Failed, Planned, Progressed, Recalled, Verified
from console.ui.migration.verdict import would_resolve
from console.ui.pane import Pane
from console.ui.places import Place
from console.ui.trouble import trouble
from console.ui.widgets.lines import Lines

if TYPE_CHECKING:
    from console.connection.session import Session
    from console.migration.model import Plan, Verification


class MigrationPane(Pane):
    """The verdict first; from there the plan, and from the plan the apply."""

    BINDING_GROUP_TITLE = "Migration"
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("r", "verify", "Verify again"),
        Binding("p", "plan", "Plan"),
        Binding("m", "mend", "Mend this"),
        Binding("s", "set_aside", "Set aside tables in the way"),
        Binding("x", "replace_policies", "Drop policies not ours"),
        Binding("a", "apply", "Apply"),
        Binding("h", "history", "History"),
        Binding("d", "detail", "Detail of the error"),
        Binding("escape", "stop", "Cancel"),
        Binding("escape,q", "back", "Back to the verdict"),
    ]

    def __init__(self, connections: Connections) -> None:
        super().__init__(connections)
        self.verification: Verification | None = None
        self.verified_at = ""
        self.plan: Plan | None = None
        self.view = "verdict"
        """`verdict`, `plan`, `apply` or `history`."""
        self.options = ApplyOptions()
        """How the plan on the screen was made, and will be applied."""
        self.error: ConsoleError | None = None
        self._doing: Worker[None] | None = None
        self._step = ""

    def compose(self) -> ComposeResult:
        """Yields what is shown."""
        yield Report()

    @property
    def report(self) -> Report:
        """What is shown."""
        return self.query_one(Report)

    def on_mount(self) -> None:
        """Verifies at once: the verdict is what this pane is for."""
        self.action_verify()

    def open(self, place: Place | None = None) -> None:
        """Takes the focus to what is shown."""
        self.report.take_focus()

    # Work

    def _start(self, step: str, what: str, worker: Worker[None]) -> None:
        self._step = step
        self._doing = worker
        self.error = None
        self.report.caption.busy(what)
        self.refresh_bindings()

    @work(exclusive=True, group="migration")
    async def _ask(self, step: str, ask: Callable[[Session], Awaitable[Message]]) -> None:
        try:
            self.post_message(await ask(await self.connections.open(MIGRATION)))
        except ConsoleError as error:
            self.post_message(Failed(step, error))

    @work(exclusive=True, group="migration")
    async def _apply(self, plan: Plan) -> None:
        from console.migration.apply import apply

        def tell(state: ApplyProgress) -> None:
            self.post_message(Progressed(state))

        try:
            session = await self.connections.open(MIGRATION)
            result = await apply(session, self.options, on_progress=tell, confirmed=plan)
            self.post_message(Applied(result))
        except ConsoleError as error:
            self.post_message(Failed("apply", error))

    def on_worker_state_changed(self, event: Worker.StateChanged) -> None:
        """After a cancel, says so; after a cancelled apply, looks at what is there now."""
        if event.worker is not self._doing or event.state is not WorkerState.CANCELLED:
            return
        step = self._step
        self._rest()
        self.report.caption.right = Content.styled("cancelled", "$warning")
        if step == "apply":
            self.notify("Apply was cancelled. Verifying what the database holds now.", markup=False)
            self.view = "verdict"
            self.action_verify()

    def _rest(self) -> None:
        self.report.caption.rest()
        self._doing = None
        self.error = None
        self.connections.operating.discard(MIGRATION)
        self.report.progress.end()
        self.refresh_bindings()

    # What came of it

    @on(Verified)
    def _verified(self, message: Verified) -> None:
        self._rest()
        self._take(message.verification, message.at)
        for said in message.unended:
            self.notify(
                f"{said[:1].upper()}{said[1:]}.", severity="warning", timeout=30, markup=False
            )

    def _take(self, verification: Verification, at: str) -> None:
        """Shows a verification as the verdict."""
        self.verification, self.verified_at = verification, at
        self.plan = None
        self.view = "verdict"
        self.report.show_verdict(verification, at, write_mode=self.status.write_mode)
        self.refresh_bindings()

    @on(Planned)
    def _planned(self, message: Planned) -> None:
        self._rest()
        self.plan = message.plan
        self.view = "plan"
        self.report.show_plan(message.plan, message.at, write_mode=self.status.write_mode)
        self.refresh_bindings()

    @on(Recalled)
    def _recalled(self, message: Recalled) -> None:
        self._rest()
        self.view = "history"
        self.report.show_history(message.history, message.at)
        self.refresh_bindings()

    @on(Progressed)
    def _progressed(self, message: Progressed) -> None:
        if self._step == "apply" and self._doing is not None:
            self.report.progress.state = message.state

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
            self.report.note_failure(message.error)
        else:
            self.report.say(trouble(message.error, ("r", "try again"), ("d", "detail")))
        self.refresh_bindings()

    @on(Lines.Moved)
    def _moved(self) -> None:
        self.refresh_bindings()  # not everything can be mended

    def _end(self, text: Content) -> None:
        self.plan = None
        self.report.caption.right = Content.styled(words.clock(), "$muted")
        self.report.say(text)

    # Keys

    def check_action(self, action: str, parameters: tuple[object, ...]) -> bool | None:
        """Offers only what applies now; writing only in write mode."""
        idle = self._doing is None
        match action:
            case "verify":
                return self.online and idle and self.view == "verdict"
            case "history":
                return self.online and idle and self.view == "verdict"
            case "plan":
                return self.online and idle and self.view == "verdict" and self._drifted
            case "mend":
                return (
                    self.online
                    and idle
                    and self.view == "verdict"
                    and self.report.mendable is not None
                )
            case "set_aside" | "replace_policies":
                return (
                    self.online
                    and idle
                    and self.view == "plan"
                    and self.plan is not None
                    and would_resolve(action, self.plan, self.options)
                )
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
        self._start("verify", "verifying", self._ask("verify", steps.verify))
        if self.verification is None:
            self.report.say(Content("Comparing this database with what the migration makes of it."))

    def action_plan(self) -> None:
        """Works out what apply would do to mend everything."""
        self._plan_with(ApplyOptions())

    def _plan_with(self, options: ApplyOptions) -> None:
        self.options = options
        self._start("plan", "planning", self._ask("plan", partial(steps.plan, options)))

    def action_mend(self) -> None:
        """Works out what would mend the difference under the cursor, and nothing else."""
        if self.report.mendable is not None:
            self._plan_with(ApplyOptions(only=frozenset({self.report.mendable})))

    def action_set_aside(self) -> None:
        """Plans anew, with tables in the way renamed, or not any more."""
        self._plan_with(replace(self.options, set_aside=not self.options.set_aside))

    def action_replace_policies(self) -> None:
        """Plans anew, with policies that are not ours dropped, or not any more."""
        wanted = not self.options.replace_policies
        self._plan_with(replace(self.options, replace_policies=wanted))

    def action_history(self) -> None:
        """Shows which migrations are on record."""
        self._start("history", "reading", self._ask("history", steps.recall))

    def action_apply(self) -> None:
        """Shows the plan; once that is on the screen, asks, and applies it."""
        if self.view == "verdict":
            self.action_plan()
            return
        from console.ui.dialogs import question

        plan = self.plan
        assert plan is not None
        text = applying.confirmation(plan, self.status.target)

        def answer(yes: bool | None) -> None:
            if yes:
                self._carry_out(plan)

        self.app.push_screen(question(self.status, "Apply the migration?", text), answer)

    def _carry_out(self, plan: Plan) -> None:
        self.view = "apply"
        self.connections.operating.add(MIGRATION)
        self._start("apply", "applying", self._apply(plan))
        self.report.caption.rest()  # the clock of an apply stands beside its progress
        self.report.show_progress()

    def action_stop(self) -> None:
        """Cancels what runs, on the server too; an apply rolls back."""
        if self._doing is not None:
            self.run_worker(self.connections.give_up(MIGRATION, self._doing), group="stop")

    def action_back(self) -> None:
        """Goes back to the verdict; after an apply it is asked for anew."""
        after_apply = self.view == "apply"
        self.view = "verdict"
        if after_apply or self.verification is None:
            self.action_verify()
        else:
            self._take(self.verification, self.verified_at)

    def action_detail(self) -> None:
        """Shows what the server said."""
        from console.ui.dialogs import ErrorDetail

        if self.error is not None:
            self.app.push_screen(ErrorDetail(self.error))
