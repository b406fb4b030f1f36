"""The questions and answers that stand over the screen."""

from __future__ import annotations

from time import monotonic
from typing import ClassVar, TypeVar

from textual import events
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Vertical, VerticalScroll
from textual.content import Content
from textual.screen import ModalScreen
from textual.widgets import Input, Static

from console.errors import ConsoleError
from console.guard import Act, Circumstances, Demand, decide, why_not
from console.ui.quiet import SILENCE, Deliberate
from console.ui.status import Status
from console.ui.widgets.field import Field
from console.visible import visible, visible_lines

Answer = TypeVar("Answer")


class Dialog(ModalScreen[Answer]):
    """A panel over the screen that asked for it; esc leaves it without an answer."""

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("escape", "leave", "Back"),
        Binding("f1", "help", "Help", show=False),
    ]

    heading = ""
    hints: tuple[tuple[str, str], ...] = (("esc", "back"),)
    danger = False

    def compose(self) -> ComposeResult:
        """Lays out heading, body and key hints."""
        with Vertical(classes="dialog danger" if self.danger else "dialog"):
            yield Static(Content(self.heading), classes="dialog-heading")
            yield from self.body()
            keys = Content("   ").join(
                Content.assemble((key, "bold $primary"), f" {what}") for key, what in self.hints
            )
            yield Static(keys, classes="dialog-hints")

    def body(self) -> ComposeResult:
        """Yields what stands between heading and hints."""
        yield from ()

    def action_leave(self) -> None:
        """Leaves without an answer."""
        self.dismiss(None)

    def action_help(self) -> None:
        """Lists the keys that work here."""
        from console.ui.help import help_on

        self.app.push_screen(help_on(self))


class ErrorDetail(Dialog[None]):
    """What the server itself said about a failure."""

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("d,q", "leave", "Back", show=False),
    ]
    heading = "What happened"
    hints = (("esc", "back"), ("↑↓", "scroll"))

    def __init__(self, error: ConsoleError) -> None:
        super().__init__()
        self.error = error

    def body(self) -> ComposeResult:
        """Yields sentence, advice, SQLSTATE and the server's own words."""
        error = self.error
        parts = [Content.styled(visible(error.message), "bold")]
        if error.hint:
            parts.append(Content(visible(error.hint)))
        if error.sqlstate:
            parts.append(Content.assemble(("SQLSTATE  ", "$muted"), visible(error.sqlstate)))
        if error.detail:
            parts.append(Content(visible_lines(error.detail)))
        with VerticalScroll(classes="dialog-body"):
            yield Static(Content("\n\n").join(parts))


class Acknowledge(Dialog[bool]):
    """Asks for a deliberate `y`: neither enter, a held key nor a paste confirms."""

    hints = (("y", "yes, do it"), ("esc", "no"))

    def __init__(self, heading: str, text: Content) -> None:
        super().__init__()
        self.heading = heading
        self.text = text
        self._watch = Deliberate(monotonic())

    def body(self) -> ComposeResult:
        """Yields what would be done."""
        yield Static(self.text, classes="dialog-text")

    def on_key(self, event: events.Key) -> None:
        """Waits for one `y` with silence around it."""
        if self._watch.press(monotonic(), meant=event.key == "y"):
            self.set_timer(SILENCE, self._settle)

    def _settle(self) -> None:
        if self._watch.settled(monotonic()):
            self.dismiss(True)


class TypeTheName(Dialog[bool]):
    """Asks for a name to be typed out before something dangerous is done."""

    hints = (("enter", "do it, once the name is right"), ("esc", "no"))
    danger = True

    class Typed(Field):
        """A field that takes typing only: pasting is no proof of having read."""

        def _on_paste(self, event: events.Paste) -> None:
            event.stop()
            event.prevent_default()
            self.app.notify("type the name; pasting is not taken here", timeout=3, markup=False)

        def action_paste(self) -> None:
            """Refuses the clipboard as well."""

    def __init__(self, heading: str, text: Content, name: str) -> None:
        super().__init__()
        self.heading = heading
        self.text = text
        self.expected = name
        self._watch = Deliberate(monotonic())

    def body(self) -> ComposeResult:
        """Yields what would be done, the name and the field."""
        yield Static(self.text, classes="dialog-text")
        yield Static(
            Content.assemble("Type ", (visible(self.expected), "bold"), " to go on:"),
            classes="dialog-text",
        )
        yield self.Typed()
        yield Static(id="typed-trouble")

    def on_mount(self) -> None:
        """Says nothing as long as nothing was typed."""
        self._say("")

    def on_input_changed(self) -> None:
        """Notes the time of each character: enter right behind one is a paste."""
        self._watch.press(monotonic(), meant=False)
        self._say("")

    def _say(self, words: str) -> None:
        said = self.query_one("#typed-trouble", Static)
        said.display = bool(words)
        said.update(Content.assemble(("✕ ", "$error bold"), words))

    def on_input_submitted(self, event: Input.Submitted) -> None:
        """Confirms an exact match that enter did not come along with."""
        if event.value != self.expected:
            self._watch.press(monotonic(), meant=False)
            self._say("this is not the name; nothing is done")
        elif self._watch.press(monotonic(), meant=True):
            self.set_timer(SILENCE, self._settle)
        else:
            self._say("enter came too soon behind the name; wait a moment, and press it again")

    def _settle(self) -> None:
        if self._watch.settled(monotonic()) and self.query_one(Input).value == self.expected:
            self.dismiss(True)


class Refusal(Dialog[bool]):
    """Says why something is not done, whatever were typed."""

    danger = True

    def __init__(self, heading: str, reason: str) -> None:
        super().__init__()
        self.heading = heading
        self.reason = reason

    def body(self) -> ComposeResult:
        """Yields the reason."""
        yield Static(Content.assemble("Not now: ", self.reason, "."), classes="dialog-text")


def question(
    status: Status,
    heading: str,
    text: Content,
    *,
    act: Act = Act.CHANGE,
    name: str | None = None,
) -> Dialog[bool]:
    """Returns the question that an act on this database asks for, as the guards decide.

    Args:
        status: Where it would be done.
        heading: The question.
        text: What would be done, with the true numbers.
        act: What kind of act it is.
        name: What has to be typed at the worst; by default the database's name.
    """
    where = Circumstances(
        status.profile.environment,
        write_mode=status.write_mode,
        standby=status.server is not None and status.server.standby,
    )
    match decide(act, where):
        case Demand.REFUSE:
            return Refusal(heading, why_not(act, where))
        case Demand.TYPE_THE_NAME:
            return TypeTheName(heading, text, name or status.database)
        case _:
            return Acknowledge(heading, text)
