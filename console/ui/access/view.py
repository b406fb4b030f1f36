"""What every view of the access pane is: words, a caption, and one question at a time."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING, ClassVar, TypeVar

from textual import work
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
from console.ui.connections import ACCESS, ACTING, Connections
from console.ui.status import Link, Status
from console.ui.trouble import keys, trouble
from console.ui.widgets.caption import Caption
from console.visible import visible

if TYPE_CHECKING:
    from console.access.impersonation import Preview
    from console.access.marks import Mark
    from console.access.persona import Persona
    from console.connection.session import Session
    from console.ui.places import Place

Answer = TypeVar("Answer")


class Words(VerticalScroll):
    """Words in a view's stead; holds the focus, so that the view's keys are heard."""

    BINDING_GROUP_TITLE = "Access"

    def compose(self) -> ComposeResult:
        """Yields the place for them."""
        yield Static()

    def say(self, text: Content) -> None:
        """Shows other words."""
        self.query_one(Static).update(text)
        self.scroll_home(animate=False)


class View(Container):
    """One way to look at access.

    A subclass yields its widgets in `body`, and in `look` asks for what it lacks, by `ask`.
    It takes what comes in the method it gives to `ask`, and there calls `show_body`.
    """

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("i", "look_as", "Look as somebody"),
        Binding("r", "again", "Run again", show=False),
        Binding("d", "detail", "Detail of the error"),
        Binding("escape", "stop", "Cancel"),
    ]

    needs_persona: ClassVar[bool] = True
    """Whether there is nothing to show without a persona."""
    legend: ClassVar[tuple[Mark, ...]] = ()
    """The marks it uses, for the help."""

    status: var[Status] = var(Status(Profile()))

    @dataclass
    class Answered(Message):
        """What was asked has come, or a failure instead."""

        number: int
        take: Callable[[], None]

    def __init__(self, connections: Connections) -> None:
        super().__init__()
        self.connections = connections
        self.error: ConsoleError | None = None
        self._seen: Persona | None = None
        self._worker: Worker[None] | None = None
        self._number = 0
        self._by_itself = False
        """Whether nobody pressed a key for what is asked, but for coming here."""

    def compose(self) -> ComposeResult:
        """Lays out the caption, words, and what the subclass yields."""
        yield Caption()
        yield Words(classes="access-words")
        with Container(classes="access-body"):
            yield from self.body()

    def body(self) -> ComposeResult:
        """Yields what stands under the caption."""
        yield from ()

    def on_mount(self) -> None:
        """Starts with words."""
        self.query_one(".access-body").display = False

    # For subclasses

    @property
    def persona(self) -> Persona | None:
        """Whose eyes we look through."""
        return self.status.lens

    @property
    def online(self) -> bool:
        """Whether the server can be asked."""
        return self.status.link is Link.CONNECTED

    @property
    def busy(self) -> bool:
        """Whether something is asked just now."""
        return self._worker is not None

    @property
    def caption(self) -> Caption:
        """The row that says what is shown, and when it was read."""
        return self.query_one(Caption)

    async def login(self) -> Session:
        """Returns the person's own connection for this pane."""
        return await self.connections.open(ACCESS)

    async def acting(self) -> Preview:
        """Returns the connection that stands for personas in this pane."""
        return await self.connections.preview(ACTING)

    def look(self, place: Place | None = None) -> None:
        """Asks for what is to be seen; called when shown, and when the persona is another.

        Args:
            place: Something to look at, where the person came from one.
        """

    def take_focus(self) -> None:
        """Puts the focus where work goes on."""
        self.screen.set_focus(self.query_one(Words))

    def say(self, text: Content) -> None:
        """Shows words in place of the body."""
        self._display(body=False)
        self.query_one(Words).say(text)

    def show_body(self) -> None:
        """Shows the body in place of words."""
        self._display(body=True)

    @property
    def has_body(self) -> bool:
        """Whether the body is shown."""
        return self.query_one(".access-body").display

    def _display(self, *, body: bool) -> None:
        focused = self.screen.focused
        held = focused is None or self in focused.ancestors
        self.query_one(".access-body").display = body
        self.query_one(Words).display = not body
        if held and self.display:
            if body:
                self.take_focus()
            else:
                self.screen.set_focus(self.query_one(Words))
        self.refresh_bindings()

    def ask(
        self, doing: str, question: Callable[[], Awaitable[Answer]], take: Callable[[Answer], None]
    ) -> None:
        """Asks something of the server; another question takes the place of one that runs.

        Args:
            doing: What the caption says meanwhile; must be visible text.
            question: Asks, on `login()` and `acting()`, and touches no widget.
            take: Shows what came.
        """
        if not self._by_itself:
            self.connections.ask_again()
        self._number += 1
        self.error = None
        self._worker = self._asked(self._number, question, take)
        self.caption.busy(doing)
        self.refresh_bindings()

    @work(exclusive=True, group="ask")
    async def _asked(
        self,
        number: int,
        question: Callable[[], Awaitable[Answer]],
        take: Callable[[Answer], None],
    ) -> None:
        try:
            answer = await question()
        except ConsoleError as error:
            self.post_message(self.Answered(number, partial(self.failed, error)))
        else:
            self.post_message(self.Answered(number, partial(take, answer)))

    def failed(self, error: ConsoleError) -> None:
        """Tells of a failure; what was shown before stays."""
        self.error = error
        if self.has_body:
            self.caption.right = Content.assemble(
                ("✕ ", "$error bold"), visible(error.message), ("  d detail", "$muted")
            )
        else:
            self.say(trouble(error, ("r", "try again"), ("d", "detail")))
        self.refresh_bindings()

    # What happens

    def show(self, place: Place | None = None) -> None:
        """Called when the view comes to the front."""
        self._look(place)
        if self.has_body:
            self.take_focus()
        else:
            self.screen.set_focus(self.query_one(Words))

    def watch_status(self) -> None:
        """Looks again through other eyes, once it is seen."""
        if self.is_mounted and self.display and self._seen != self.persona:
            self._look(None)
        self.refresh_bindings()

    def _look(self, place: Place | None, *, asked: bool = False) -> None:
        self._by_itself = place is None and not asked
        before, self._seen = self._seen, self.persona
        if self.needs_persona and self.persona is None and place is None:
            self._give_up()
            self.caption.left = self.caption.right = Content("")
            self.say(nobody())
        else:
            if before is None and not self.has_body:
                self.say(Content(""))  # somebody is chosen now, whom to wait for
            self.look(place)
        self._by_itself = False

    def on_view_answered(self, message: Answered) -> None:
        """Shows what came, unless something else has been asked since."""
        message.stop()
        if message.number == self._number:
            self._rest()
            message.take()
            self.refresh_bindings()

    def on_worker_state_changed(self, event: Worker.StateChanged) -> None:
        """Says so when it was cancelled."""
        if event.worker is self._worker and event.state is WorkerState.CANCELLED:
            self._rest()
            self.caption.right = Content.styled("cancelled", "$warning")
            self.cancelled()
            self.refresh_bindings()

    def cancelled(self) -> None:
        """Called when the question was given up."""
        if not self.has_body:
            self.say(keys(("r", "run again")))

    def _rest(self) -> None:
        self._worker = None
        self.caption.rest()

    def check_action(self, action: str, parameters: tuple[object, ...]) -> bool | None:
        """Offers only what applies now."""
        match action:
            case "look_as":
                return self.persona is None
            case "stop":
                return self.busy
            case "again":
                lacking = self.needs_persona and self.persona is None
                return self.online and not self.busy and not lacking
            case "detail":
                return self.error is not None
            case _:
                return True

    async def action_look_as(self) -> None:
        """Asks whose eyes to look through, where there is nobody yet."""
        await self.screen.run_action("lens")

    def action_again(self) -> None:
        """Asks the same again."""
        self._look(None, asked=True)

    def action_stop(self) -> None:
        """Cancels what is asked, on the server too."""
        self._give_up()

    def _give_up(self) -> None:
        if self._worker is not None:
            ending = self.connections.give_up(ACTING, self._worker, ACCESS)
            self.run_worker(ending, group="stop")

    def action_detail(self) -> None:
        """Shows what the server said."""
        from console.ui.dialogs import ErrorDetail

        if self.error is not None:
            self.app.push_screen(ErrorDetail(self.error))


def nobody() -> Content:
    """Says that a persona is wanted first."""
    return Content("\n").join(
        [
            Content.styled("Nobody is chosen yet.", "bold"),
            Content("Choose somebody to look as: a person, anon, service_role or any role."),
            Content(""),
            keys(("i", "look as somebody"), ("p", "people")),
        ]
    )
