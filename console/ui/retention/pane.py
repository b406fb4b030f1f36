"""Tab 5: what is old enough to be deleted, and deleting it."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from functools import partial
from typing import TYPE_CHECKING, ClassVar

from textual import on, work
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.content import Content
from textual.message import Message
from textual.worker import Worker, WorkerState

from console.errors import ConsoleError
from console.operations.pace import Control, Progress
from console.ui.connections import RETENTION, Connections
from console.ui.pane import Pane
from console.ui.places import Place
from console.ui.retention import account, steps
from console.ui.retention.ledger import Ledger
from console.ui.retention.policies import PolicyList
from console.ui.retention.steps import (
    Announced,
    Counted,
    Failed,
    LookedUp,
    Previewed,
    Progressed,
    Ran,
    Saved,
)
from console.ui.widgets.lines import Lines
from console.visible import visible

if TYPE_CHECKING:
    from console.connection.session import Session
    from console.operations.announcement import RetentionPlan
    from console.operations.interrupted import Interruption

COUNTING = "retention"
"""Purpose of the connection that counts: it may take long, and is read-only in every mode."""


class RetentionPane(Pane):
    """Counts first; from there the question, and from an answer the run."""

    BINDING_GROUP_TITLE = "Retention"
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("x", "announce", "Delete"),
        Binding("m", "days", "Days"),
        Binding("t", "switch", "On / off"),
        Binding("r", "count", "Count again"),
        Binding("l", "last_result", "Last result"),
        Binding("k", "seen", "Seen: the interrupted run", show=False, priority=True),
        Binding("p", "pause", "Pause / go on"),
        Binding("d", "detail", "Detail of the error"),
        Binding("escape", "stop", "Cancel"),
        Binding("escape,q", "back", "Back to the policies"),
    ]

    def __init__(self, connections: Connections) -> None:
        super().__init__(connections)
        self.plan: RetentionPlan | None = None
        self.error: ConsoleError | None = None
        self.interruptions: Sequence[Interruption] = ()
        self._doing: Worker[None] | None = None
        self._purpose = COUNTING
        self._control: Control | None = None
        self._deleted = 0

    def compose(self) -> ComposeResult:
        """Yields what is shown."""
        yield Ledger()

    @property
    def ledger(self) -> Ledger:
        """What is shown."""
        return self.query_one(Ledger)

    @property
    def policies(self) -> PolicyList:
        """The list."""
        return self.query_one(PolicyList)

    def on_mount(self) -> None:
        """Looks into runs that were interrupted, then counts."""
        self._start("looking at earlier runs", COUNTING, steps.look_up)

    def open(self, place: Place | None = None) -> None:
        """Takes the focus to what is shown."""
        self.ledger.take_focus()

    # Work

    def _start(
        self,
        what: str,
        purpose: str,
        ask: Callable[[Session], Awaitable[Message]],
        step: str = "other",
    ) -> None:
        self._purpose = purpose
        self._doing = self._ask(step, purpose, ask)
        self.error = None
        self.ledger.caption.busy(what)
        self.refresh_bindings()

    @work(exclusive=True, group="retention")
    async def _ask(
        self, step: str, purpose: str, ask: Callable[[Session], Awaitable[Message]]
    ) -> None:
        try:
            self.post_message(await ask(await self.connections.open(purpose)))
        except ConsoleError as error:
            self.post_message(Failed(step, error))

    def on_worker_state_changed(self, event: Worker.StateChanged) -> None:
        """After a cancel, says what was cancelled; after a cut-off run, what is gone."""
        if event.worker is not self._doing or event.state is not WorkerState.CANCELLED:
            return
        was_run = self._control is not None
        self._rest()
        self.ledger.note(Content.styled("cancelled", "$warning"))
        if was_run:
            self.ledger.show_result(account.cut_off(self._deleted))

    def _rest(self) -> None:
        self._doing = self._control = None
        self.error = None
        self.connections.operating.discard(RETENTION)
        self.ledger.caption.rest()
        self.ledger.running.end()
        self.refresh_bindings()

    # What came of it

    @on(LookedUp)
    def _looked_up(self, message: LookedUp) -> None:
        self._rest()
        self.interruptions = message.found
        self.ledger.show_interruptions(message.found)
        self.action_count()

    @on(Counted)
    def _counted(self, message: Counted) -> None:
        self._rest()
        self.plan = message.plan
        self.ledger.show_plan(message.plan, message.at)

    @on(Announced)
    def _announced(self, message: Announced) -> None:
        from console.guard import Act
        from console.ui.dialogs import question

        self._rest()
        self.plan = message.plan
        self.ledger.show_plan(message.plan, message.at)

        def answer(yes: bool | None) -> None:
            if yes and self.status.write_mode and self.online:
                self._run(message)

        database = self.status.database
        name = account.wanted_name(message.targets, database)
        text = account.confirmation(message.targets, database)
        asked = question(self.status, "Delete for good?", text, act=Act.ERASE, name=name)
        self.app.push_screen(asked, answer)

    def _run(self, announced: Announced) -> None:
        self._control = Control()
        self._deleted = 0
        self._start(
            "deleting",
            RETENTION,
            partial(steps.run, announced, self._control, self._tell),
            step="run",
        )
        self.connections.operating.add(RETENTION)
        self.ledger.caption.rest()  # the clock of a run stands beside its progress
        self.ledger.show_run()

    def _tell(self, state: Progress) -> None:
        self.post_message(Progressed(state))

    @on(Progressed)
    def _progressed(self, message: Progressed) -> None:
        if self._control is not None:
            self._deleted = message.state.total
            self.ledger.running.state = message.state

    @on(Ran)
    def _ran(self, message: Ran) -> None:
        self._rest()
        self.error = message.result.failure
        self.policies.marked.clear()
        self.ledger.show_result(account.result(message.result))

    @on(Previewed)
    def _previewed(self, message: Previewed) -> None:
        from console.ui.dialogs import question

        self._rest()
        change = message.change
        if not change.changes:
            self.notify("that is how it is already", timeout=2, markup=False)
            return

        def answer(yes: bool | None) -> None:
            if yes:
                self._start("saving", RETENTION, partial(steps.save, change), step="save")

        heading = f"Change the policy of {visible(change.before.table)}?"
        self.app.push_screen(question(self.status, heading, account.change(change)), answer)

    @on(Saved)
    def _saved(self, message: Saved) -> None:
        self._rest()
        said = (
            f"The policy of {visible(message.table)} is saved. Operation {message.operation[:8]}."
        )
        self.notify(said, markup=False)
        self.action_count()

    @on(Failed)
    def _failed(self, message: Failed) -> None:
        self._rest()
        self.error = message.error
        self.ledger.show_failure(message.error, run=message.step == "run")
        self.refresh_bindings()

    @on(Lines.Moved)
    @on(PolicyList.Marked)
    def _moved(self) -> None:
        self.refresh_bindings()

    # Keys

    def check_action(self, action: str, parameters: tuple[object, ...]) -> bool | None:
        """Offers only what applies now; deleting and saving only in write mode."""
        if not self.is_mounted:
            return False
        idle, view = self._doing is None, self.ledger.view
        at_plan = idle and view == "plan" and self.plan is not None and self.online
        match action:
            case "announce":
                return at_plan and self.status.write_mode and bool(self.policies.name_here)
            case "days" | "switch":
                return at_plan and self.status.write_mode and self.policies.policy is not None
            case "count":
                return self.online and idle and view in ("plan", "words")
            case "last_result":
                return idle and view == "plan" and self.ledger.has_result
            case "seen":
                return idle and bool(self.interruptions)
            case "pause":
                return self._control is not None
            case "stop":
                return not idle
            case "back":
                return idle and view == "result"
            case "detail":
                return self.error is not None
            case _:
                return True

    def action_count(self) -> None:
        """Counts again what would go."""
        self._start("counting", COUNTING, steps.count, step="count")
        if self.plan is None:
            self.ledger.say(Content("Counting what each policy would delete."))

    def action_announce(self) -> None:
        """Counts what is marked afresh, and asks."""
        names = self.policies.chosen
        self._start("counting afresh", COUNTING, partial(steps.announce, names))

    def action_days(self) -> None:
        """Asks for other days, counts what they would delete, and asks again."""
        from console.ui.retention.days import AskDays

        policy = self.policies.policy
        assert policy is not None

        def preview(days: int | None) -> None:
            if days is not None:
                ask = partial(steps.preview, policy.table, days, None)
                self._start("counting", COUNTING, ask)

        heading = f"How long does {visible(policy.table)} keep its rows?"
        self.app.push_screen(AskDays(heading, policy.days), preview)

    def action_switch(self) -> None:
        """Counts what switching the policy on or off means, and asks."""
        policy = self.policies.policy
        assert policy is not None
        ask = partial(steps.preview, policy.table, None, not policy.enabled)
        self._start("counting", COUNTING, ask)

    def action_last_result(self) -> None:
        """Shows what came of the last run."""
        self.ledger.show_result()
        self.refresh_bindings()

    @work(group="seen")
    async def action_seen(self) -> None:
        """Puts on record what was found out about interrupted runs, so that it is not shown."""
        from console.operations.interrupted import acknowledge

        found, self.interruptions = self.interruptions, ()
        try:
            for one in found:
                await asyncio.to_thread(acknowledge, one)
        except ConsoleError as error:
            self.notify(visible(error.message), severity="warning", markup=False)
        self.ledger.show_interruptions(())
        self.refresh_bindings()

    def action_pause(self) -> None:
        """Lets the run wait between two batches, or go on."""
        control = self._control
        if control is not None:
            (control.resume if control.paused else control.pause)()
            self.ledger.running.paused = control.paused

    def action_stop(self) -> None:
        """Ends a run after this batch; asked again, or while only counting, at once."""
        if self._control is not None and not self._control.cancelled:
            self._control.cancel()
            self.ledger.running.stopping = True
        elif self._doing is not None:
            self.run_worker(self.connections.give_up(self._purpose, self._doing), group="stop")

    def action_back(self) -> None:
        """Goes back to the policies, counted again."""
        self.ledger.show_policies()
        self.action_count()

    def action_detail(self) -> None:
        """Shows what the server said."""
        from console.ui.dialogs import ErrorDetail

        if self.error is not None:
            self.app.push_screen(ErrorDetail(self.error))
