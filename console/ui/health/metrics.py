"""The daily figures of the business: plots, computing them anew, bringing in files."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from datetime import date, timedelta
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, ClassVar

from textual import on, work
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Container, VerticalScroll
from textual.content import Content
from textual.message import Message
from textual.reactive import var
from textual.widgets import Static
from textual.worker import Worker, WorkerState

from console.connection.profile import Profile
from console.errors import ConsoleError
from console.operations.pace import Control
from console.ui import words
from console.ui.connections import ANALYTICS, Connections
from console.ui.health import asking, steps
from console.ui.health.plots import Plots, span
from console.ui.health.steps import Checked, Failed, Figures, Finished, Planned, Progressed
from console.ui.status import Link, Status
from console.ui.trouble import keys, trouble
from console.ui.widgets.caption import Caption
from console.ui.widgets.running import Running
from console.visible import visible

if TYPE_CHECKING:
    from console.connection.session import Session
    from console.operations.analytics import Day
    from console.operations.file_rows import Kind
    from console.operations.pace import Progress

_LENGTHS = (30, 90, 365)
"""Days that are shown at once."""


class Metrics(Container):
    """Plots; over them, while one of it is asked for, how far a piece of work is."""

    BINDING_GROUP_TITLE = "Analytics"
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("left", "shift(-1)", "Earlier", show=False),
        Binding("right", "shift(1)", "Later", show=False),
        Binding("m", "length", "30, 90, 365 days"),
        Binding("u", "recompute", "Compute anew"),
        Binding("o", "import_file", "Import a file"),
        Binding("r", "read", "Read again"),
        Binding("p", "pause", "Pause / go on"),
        Binding("d", "detail", "Detail of the error"),
        Binding("escape", "stop", "Cancel"),
        Binding("escape,q", "back", "Back"),
    ]

    status: var[Status] = var(Status(Profile()))

    class Left(Message):
        """The person goes back to the database's health."""

    def __init__(self, connections: Connections) -> None:
        super().__init__()
        self.connections = connections
        self.days: tuple[Day, ...] = ()
        self.error: ConsoleError | None = None
        self.view = "plots"
        """`plots`, `run` or `words`."""
        self._readable = False
        self._length = _LENGTHS[0]
        self._last: date | None = None
        self._today: date | None = None
        self._doing: Worker[None] | None = None
        self._control: Control | None = None

    def compose(self) -> ComposeResult:
        """Lays out everything there may be; one of it is displayed."""
        yield Caption()
        yield Plots()
        yield Running("what is written stays written")
        with VerticalScroll(id="metrics-words"):
            yield Static()

    def on_mount(self) -> None:
        """Starts with the plots."""
        self._display("plots")

    @property
    def caption(self) -> Caption:
        """What is shown."""
        return self.query_one(Caption)

    @property
    def online(self) -> bool:
        """Whether the server can be asked."""
        return self.status.link is Link.CONNECTED

    @property
    def running(self) -> Running:
        """How far the work is."""
        return self.query_one(Running)

    def watch_status(self) -> None:
        """Keys come and go with the connection and the mode."""
        self.refresh_bindings()

    def take_focus(self) -> None:
        """The words can be scrolled; nothing else takes the focus, but keys have to arrive."""
        self.screen.set_focus(self.query_one("#metrics-words"))

    def _display(self, view: str) -> None:
        self.view = view
        self.query_one(Plots).display = view == "plots"
        self.running.display = view == "run"
        # Kept where it can hold the focus, one row high at most, while something else is shown.
        self.query_one("#metrics-words").set_class(view != "words", "-aside")
        self.refresh_bindings()

    def _say(self, text: Content) -> None:
        self.query_one("#metrics-words", VerticalScroll).query_one(Static).update(text)
        self.query_one("#metrics-words").scroll_home(animate=False)
        self._display("words")

    # Reading

    def read_once(self) -> None:
        """Reads the figures, unless they are there."""
        if not self.days and self._doing is None:
            self.action_read()

    def _start(self, what: str, worker: Worker[None]) -> None:
        self._doing = worker
        self.error = None
        self.caption.busy(what)
        self.refresh_bindings()

    def _rest(self) -> None:
        self._doing = self._control = None
        self.connections.operating.discard(ANALYTICS)
        self.caption.rest()
        self.running.end()
        self.refresh_bindings()

    @work(exclusive=True, group="metrics")
    async def _ask(self, ask: Callable[[Session], Awaitable[Message]]) -> None:
        try:
            self.post_message(await ask(await self.connections.open(ANALYTICS)))
        except ConsoleError as error:
            self.post_message(Failed(error))

    @work(exclusive=True, group="metrics")
    async def _check(self, path: Path, kind: Kind) -> None:
        try:
            self.post_message(await steps.check(path, kind))
        except ConsoleError as error:
            self.post_message(Failed(error))

    @on(Figures)
    def _figures(self, message: Figures) -> None:
        self._rest()
        self._readable = True
        self._today = message.today
        self.days = message.days
        self.query_one(Plots).days = message.days
        first, last = span(message.days)
        missing = sum(not day.computed for day in message.days)
        gap = f"   {words.plural(missing, 'day')} not computed" if missing else ""
        self.caption.left = Content.assemble(
            ("Daily figures", "bold"), f"   {first} to {last}", (gap, "$warning")
        )
        self.caption.right = Content.styled(f"read {message.at}", "$muted")
        self._display("plots")

    @on(Failed)
    def _failed(self, message: Failed) -> None:
        self._rest()
        self.error = message.error
        self._say(trouble(message.error, ("r", "read again"), ("esc", "back")))

    def on_worker_state_changed(self, event: Worker.StateChanged) -> None:
        """Says so when something was cut off."""
        if event.worker is self._doing and event.state is WorkerState.CANCELLED:
            was_work = self.view == "run"
            self._rest()
            self.caption.right = Content.styled("cancelled", "$warning")
            if was_work:
                text = "Cut off: the part it was at is rolled back, what was written before stays."
                self._say(Content(text))

    # Writing

    def _carry_out(self, heading: str, worker: Worker[None]) -> None:
        self._start("working", worker)
        self.caption.rest()
        self.connections.operating.add(ANALYTICS)
        self.running.begin(heading)
        self._display("run")

    @on(Progressed)
    def _progressed(self, message: Progressed) -> None:
        if self.view == "run":
            self.running.state = message.state

    @on(Finished)
    def _finished(self, message: Finished) -> None:
        self._rest()
        self.error = message.error
        hints = keys(("esc", "back to the plots"))
        self._say(Content("\n").join([message.text, Content(""), hints]))

    @on(Planned)
    def _planned(self, message: Planned) -> None:
        self._rest()
        plan = message.plan
        self._confirm(
            "Compute these days anew?",
            asking.recompute_question(plan),
            f"Computing {plan.first} to {plan.last} anew",
            partial(steps.recompute, plan),
        )

    @on(Checked)
    def _checked(self, message: Checked) -> None:
        self._rest()
        file, check = message.file, message.check
        if not check.rows:
            self._say(asking.checked(file, check))
            return
        self._confirm(
            "Import these rows?",
            asking.import_question(file, check),
            f"Importing {visible(file.path.name)}",
            partial(steps.import_rows, file),
        )

    def _confirm(
        self,
        heading: str,
        text: Content,
        doing: str,
        step: Callable[[Control, steps.Tell, Session], Awaitable[Message]],
    ) -> None:
        """Asks, and carries a step out."""
        from console.ui.dialogs import question

        def tell(state: Progress) -> None:
            self.post_message(Progressed(state))

        def answer(yes: bool | None) -> None:
            if yes:
                self._control = Control()
                self._carry_out(doing, self._ask(partial(step, self._control, tell)))

        self.app.push_screen(question(self.status, heading, text), answer)

    # Keys

    def check_action(self, action: str, parameters: tuple[object, ...]) -> bool | None:
        """Offers only what applies now; writing only in write mode."""
        idle = self._doing is None
        match action:
            case "recompute" | "import_file":
                return self.online and idle and self.status.write_mode and bool(self.days)
            case "shift" | "length" | "read":
                return self.online and idle
            case "pause":
                return self._control is not None
            case "stop":
                return not idle
            case "back":
                return idle
            case "detail":
                return self.error is not None
            case _:
                return True

    def action_read(self) -> None:
        """Reads the figures of the range."""
        self._start("reading", self._ask(partial(steps.figures, self._length, self._last)))

    def action_length(self) -> None:
        """Shows more days, or few again."""
        place = _LENGTHS.index(self._length)
        self._length = _LENGTHS[(place + 1) % len(_LENGTHS)]
        self.action_read()

    def action_shift(self, step: int) -> None:
        """Shows days before or after, none that is still to come."""
        if self._today is not None:
            last = (self._last or self._today) + timedelta(days=step * self._length // 2)
            self._last = min(last, self._today)
            self.action_read()

    def action_recompute(self) -> None:
        """Asks for days, counts what computing them anew means, and asks again."""

        def plan(chosen: asking.Range | None) -> None:
            if chosen is not None:
                self._start("counting", self._ask(partial(steps.plan, *chosen)))

        self.app.push_screen(asking.AskRange(*span(self.days)), plan)

    def action_import_file(self) -> None:
        """Asks for a file, checks it, and asks again."""

        def check(chosen: tuple[Path, Kind] | None) -> None:
            if chosen is not None:
                self._start("checking the file", self._check(*chosen))

        self.app.push_screen(asking.AskFile(), check)

    def action_pause(self) -> None:
        """Lets the work wait between two parts, or go on."""
        if self._control is not None:
            (self._control.resume if self._control.paused else self._control.pause)()
            self.running.paused = self._control.paused

    def action_stop(self) -> None:
        """Ends the work after this part; asked again, or while only reading, at once."""
        if self._control is not None and not self._control.cancelled:
            self._control.cancel()
            self.running.stopping = True
        elif self._doing is not None:
            self.run_worker(self.connections.give_up(ANALYTICS, self._doing), group="stop")

    def action_back(self) -> None:
        """Goes back: from words to the plots, from the plots to the database's health."""
        if self.view == "words" and self._readable:
            self.action_read()
        else:
            self.post_message(self.Left())

    def action_detail(self) -> None:
        """Shows what the server said."""
        from console.ui.dialogs import ErrorDetail

        if self.error is not None:
            self.app.push_screen(ErrorDetail(self.error))
