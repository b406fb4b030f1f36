"""Tab 4: how the server is doing."""

from __future__ import annotations

import asyncio
from dataclasses import replace
from typing import TYPE_CHECKING, ClassVar

from textual import on, work
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.content import Content
from textual.worker import Worker, WorkerState

from console.connection.audit import told
from console.errors import ConsoleError
from console.operations.check import Status
from console.operations.monitor import Monitor
from console.ui import words
from console.ui.connections import HEALTH, OPERATIONS, Connections
from console.ui.health.board import Board
from console.ui.health.metrics import Metrics
from console.ui.health.news import Answered, Beat, Ended, Failed, Surveyed
from console.ui.health.vitals import Vitals
from console.ui.pane import Pane
from console.ui.places import Place
from console.ui.widgets.lines import Lines
from console.visible import visible

if TYPE_CHECKING:
    from console.operations.activity import Backend
    from console.ui.health.ending import How

SURVEY = "survey"
"""Purpose of the connection for what takes longer, so that the pulse never waits for it."""
_SURVEY_EVERY = 60.0
"""Seconds from one survey to the next at least; the functions are run when asked for only."""
_SAMPLES = 1_800
"""An hour of pulses, some five megabytes."""
_UNWATCHED = 5
"""How much longer the interval is while another tab is shown."""
_REFUSALS = {"wrong_password", "password_needed", "not_admitted", "no_such_role"}
"""Failures that are not tried again: each attempt might bring the login closer to a lock-out."""


class HealthPane(Pane):
    """Takes the pulse again and again; the slower figures now and then."""

    BINDING_GROUP_TITLE = "Health"
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("p", "pause", "Pause / go on"),
        Binding("r", "again", "Read all again"),
        Binding("c", "end('cancel')", "Cancel statement"),
        Binding("x", "end('terminate')", "End session"),
        Binding("t", "threshold", "Threshold"),
        Binding("a", "metrics", "Analytics"),
        Binding("d", "detail", "Detail of the error"),
        Binding("escape", "stop", "Cancel"),
    ]

    def __init__(self, connections: Connections) -> None:
        super().__init__(connections)
        self.monitor = Monitor(kept=_SAMPLES)
        self.vitals = Vitals(self.monitor)
        self.error: ConsoleError | None = None
        self._failing = ""
        """Which job the error is of."""
        self.paused = False
        self._surveying: Worker[None] | None = None
        self._wake = asyncio.Event()
        self._found = False

    def compose(self) -> ComposeResult:
        """Lays out both views; one is displayed."""
        yield Board()
        yield Metrics(self.connections).data_bind(status=Pane.status)

    @property
    def board(self) -> Board:
        """The figures."""
        return self.query_one(Board)

    @property
    def metrics(self) -> Metrics:
        """The daily figures of the business."""
        return self.query_one(Metrics)

    def on_mount(self) -> None:
        """Reads the settings, then everything."""
        from console.operations.settings import read_settings

        self.metrics.display = False
        self.board.show(self.vitals)
        try:
            settings = read_settings()
        except ConsoleError as error:
            self.call_later(self._failed, Failed("settings", error))
        else:
            self.monitor.limits = settings.limits
            self.monitor.interval = settings.interval
        self.action_again()

    def open(self, place: Place | None = None) -> None:
        """Takes the focus, and the pulse at once."""
        self._wake.set()
        (self.metrics if self.metrics.display else self.board).take_focus()

    # Reading

    @work(exclusive=True, group="pulse")
    async def _watch(self) -> None:
        """Takes the pulse for as long as it is not paused."""
        while True:
            try:
                session = await self.connections.open(HEALTH)
                pulse = await self.monitor.refresh(session)
            except ConsoleError as error:
                self.post_message(Failed("pulse", error))
                if error.code in _REFUSALS:
                    return
            else:
                self.post_message(Beat(pulse, words.clock()))
            self._wake.clear()
            try:
                async with asyncio.timeout(self.monitor.wait * (1 if self.display else _UNWATCHED)):
                    await self._wake.wait()
            except TimeoutError:
                pass

    @work(exclusive=True, group="survey")
    async def _survey(self, *, functions: bool) -> None:
        from console.operations.health import read_survey, run_functions

        try:
            session = await self.connections.open(SURVEY)
            survey = await read_survey(session, self.monitor.limits)
            self.post_message(Surveyed(survey, words.clock()))
            if functions:
                self.post_message(Answered(await run_functions(session), words.clock()))
        except ConsoleError as error:
            self.post_message(Failed("survey", error))

    def _begin_survey(self, *, functions: bool) -> None:
        self._surveying = self._survey(functions=functions)
        if functions:
            self.board.caption.busy("reading the rest")
        self.refresh_bindings()

    def _now_and_then(self) -> None:
        if not self.paused and self.display and self.online and self._surveying is None:
            self._begin_survey(functions=False)

    def on_worker_state_changed(self, event: Worker.StateChanged) -> None:
        """Rests once the survey is over, and says so if it was cancelled."""
        if event.worker is not self._surveying or not event.worker.is_finished:
            return
        self._surveying = None
        self.board.caption.rest()
        if event.state is WorkerState.CANCELLED:
            self.board.caption.right = Content.styled("cancelled", "$warning")
        else:
            self.set_timer(_SURVEY_EVERY, self._now_and_then)
        self.refresh_bindings()

    @on(Beat)
    def _beat(self, message: Beat) -> None:
        self.vitals = replace(self.vitals, pulse=message.pulse, pulse_at=message.at)
        if self._failing == "pulse":
            self.error = None
        self._show()

    @on(Surveyed)
    def _surveyed(self, message: Surveyed) -> None:
        self.vitals = replace(self.vitals, survey=message.survey, survey_at=message.at)
        self._show()

    @on(Answered)
    def _answered(self, message: Answered) -> None:
        self.vitals = replace(self.vitals, functions=message.functions, functions_at=message.at)
        self._show()

    @on(Failed)
    def _failed(self, message: Failed) -> None:
        self.error, self._failing = message.error, message.job
        said = visible(message.error.message)
        if message.job == "end":
            self.notify(said, severity="warning", markup=False)
        else:
            self.board.caption.right = Content.assemble(
                ("✕ ", "$error bold"), said, ("  d detail", "$muted")
            )
        self.refresh_bindings()

    def _show(self) -> None:
        """Shows what is known by now; the first time, from the worst figure on."""
        self.board.show(self.vitals)
        complete = self.vitals.functions is not None
        if complete and not self._found:
            self._found = True
            if self.vitals.worst is not Status.OK and self.board.checks.cursor <= 1:
                self.board.checks.to_problem()
        if self.error is None or self._failing == "end":
            self.board.caption.right = self._rhythm()

    def _rhythm(self) -> Content:
        if self.paused:
            return Content.assemble(
                ("‖ paused", "bold $warning"), (f"  read {self.vitals.pulse_at}", "$muted")
            )
        every = f"every {self.monitor.wait:g} s" if self.monitor.wait < 100 else "seldom"
        return Content.styled(f"{every}, read {self.vitals.pulse_at}", "$muted")

    # Keys

    def check_action(self, action: str, parameters: tuple[object, ...]) -> bool | None:
        """Offers only what applies now; ending sessions only in write mode."""
        if not self.is_mounted or (self.metrics.display and action != "detail"):
            return False
        match action:
            case "end":
                may = self.status.write_mode and self.online
                return may and self.board.backend is not None
            case "again":
                return self.online and self._surveying is None
            case "stop":
                return self._surveying is not None
            case "detail":
                return self.error is not None
            case "threshold":
                # What the schema's functions say has none: they judge themselves.
                return self.board.checks.current in self.monitor.limits
            case _:
                return True

    def action_pause(self) -> None:
        """Stops taking the pulse, or goes on."""
        self.paused = not self.paused
        if self.paused:
            self.workers.cancel_group(self, "pulse")
        else:
            self._watch()
        self._show()

    def action_again(self) -> None:
        """Reads everything again, the schema's functions too."""
        self.error = None
        if not self.paused:
            self._watch()
        self._begin_survey(functions=True)

    def action_stop(self) -> None:
        """Cancels what takes long, on the server too."""
        if self._surveying is not None:
            self.run_worker(self.connections.give_up(SURVEY, self._surveying), group="stop")

    def action_detail(self) -> None:
        """Shows what the server said."""
        from console.ui.dialogs import ErrorDetail

        if self.error is not None:
            self.app.push_screen(ErrorDetail(self.error))

    def action_threshold(self) -> None:
        """Asks from where on the figure under the cursor warns and fails."""
        from console.ui.health.threshold import AskLimit

        name = self.board.checks.current

        def take(text: str | None) -> None:
            if text is not None:
                self.monitor.limits = self.monitor.limits.with_limit(name, text)
                self._wake.set()
                self._begin_survey(functions=False)

        self.app.push_screen(AskLimit(name, self.monitor.limits), take)

    def action_metrics(self) -> None:
        """Shows the daily figures of the business."""
        self.board.display = False
        self.metrics.display = True
        self.metrics.take_focus()
        self.metrics.read_once()
        self.refresh_bindings()

    @on(Metrics.Left)
    def _left(self) -> None:
        self.metrics.display = False
        self.board.display = True
        self.board.take_focus()
        self.refresh_bindings()

    # Sessions

    @on(Lines.Chosen)
    def _chosen(self) -> None:
        from console.ui.health.ending import SessionDetail

        if self.board.backend is not None:
            self.app.push_screen(SessionDetail(self.board.backend))

    def action_end(self, how: How) -> None:
        """Asks, and cancels the statement of a session or ends it."""
        from console.ui.dialogs import question
        from console.ui.health.ending import ACTS, HEADINGS, confirmation

        backend = self.board.backend
        if backend is None:
            return

        def answer(yes: bool | None) -> None:
            if yes:
                self._end(backend, how)

        text = confirmation(backend, how)
        asked = question(self.status, HEADINGS[how], text, act=ACTS[how])
        self.app.push_screen(asked, answer)

    @work(group="end")
    async def _end(self, backend: Backend, how: How) -> None:
        from console.operations.backends import end_backend

        try:
            session = await self.connections.open(OPERATIONS)
            self.post_message(Ended(how, await end_backend(session, backend, how)))
        except ConsoleError as error:
            self.post_message(Failed("end", error))

    @on(Ended)
    def _ended(self, message: Ended) -> None:
        self._wake.set()
        if message.how == "cancel":
            said = "The server passed the cancel on." if message.ending.ended else "Not passed on."
        else:
            said = "The session is gone." if message.ending.ended else "It has not ended yet."
        said += f" Operation {message.ending.operation[:8]}"
        if audit := told(message.ending.audit):
            said += f", {visible(audit)}"
        self.notify(f"{said}.", markup=False)
