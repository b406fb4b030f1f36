"""Tries a connection and shows every step as it comes."""

from __future__ import annotations

from contextlib import aclosing
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, ClassVar

from textual import on, work
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import VerticalScroll
from textual.content import Content
from textual.message import Message
from textual.widgets import Static

from console.connection.check import STEPS, Found, Outcome, Step, check
from console.connection.faults import ASKABLE
from console.connection.profile import Profile
from console.ui import words
from console.ui.dialogs import Dialog, ErrorDetail
from console.ui.trouble import keys
from console.visible import visible

if TYPE_CHECKING:
    from console.ui.connect.password import Given

_MARKS = {
    Outcome.OK: ("✓", "$success bold"),
    Outcome.WARN: ("!", "$warning bold"),
    Outcome.FAIL: ("✕", "$error bold"),
    Outcome.SKIPPED: ("–", "$muted"),
}
_ALL = (*STEPS, "migration")
_INDENT = " " * 22


@dataclass(frozen=True, slots=True)
class Verdict:
    """How a trial was left.

    Attributes:
        go_on: Whether to save or open it.
        profile: As tried, with the password that worked.
    """

    go_on: bool
    profile: Profile


class Trial(Dialog[Verdict]):
    """Shows the steps of a check.

    Args:
        profile: What to try.
        who: What it is called on the screen.
        then: What enter does once it has worked: `opens it`, `saves it`.
    """

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("enter", "go_on", "Go on"),
        Binding("s", "anyway", "Save it all the same"),
        Binding("r", "again", "Try again"),
        Binding("d", "detail", "Detail of the error"),
        Binding("q", "leave", "Back", show=False),
    ]
    hints = ()

    @dataclass
    class Came(Message):
        """A step is through."""

        step: Step

    @dataclass
    class Ended(Message):
        """No step will follow."""

    def __init__(self, profile: Profile, who: str, then: str) -> None:
        super().__init__()
        self.heading = f"Trying {visible(who)}"
        self.profile = profile
        self.who = who
        self.then = then
        self.steps: list[Step] = []
        self.running = True
        self._given: Given | None = None

    def body(self) -> ComposeResult:
        """Yields the steps."""
        with VerticalScroll(classes="dialog-body"):
            yield Static(id="trial-steps")

    def on_mount(self) -> None:
        """Begins at once."""
        self.action_again()

    @property
    def failure(self) -> Step | None:
        """The step that failed, if one did."""
        return next((step for step in self.steps if step.outcome is Outcome.FAIL), None)

    def action_again(self) -> None:
        """Tries from the beginning."""
        self.steps, self.running = [], True
        self._draw()
        self._run()

    @work(exclusive=True, group="trial")
    async def _run(self) -> None:
        from console.migration.presence import migration

        found = Found()
        try:
            async with aclosing(check(self.profile, found, beyond=(migration,))) as steps:
                async for step in steps:
                    self.post_message(self.Came(step))
            if found.session is not None and found.session.login is not None:
                # What a command or the keyring gave is not asked for again when it is opened.
                self.profile = replace(self.profile, password=found.session.profile.password)
                if self._given is not None and self._given.keep:
                    from console.connection.secrets import store

                    state = await store(found.session.login, self._given.secret)
                    said = "the password is in the keyring" if state.usable else state.words
                    self.notify(visible(said), markup=False)
        finally:
            if found.session is not None:
                await found.session.close()
        self.post_message(self.Ended())

    @on(Came)
    def _came(self, message: Came) -> None:
        self.steps.append(message.step)
        self._draw()

    @on(Ended)
    def _ended(self) -> None:
        self.running = False
        self._draw()
        error = self.failure.error if self.failure else None
        if error is not None and error.code in ASKABLE:
            from console.ui.connect.password import AskPassword

            def answer(given: Given | None) -> None:
                if given is not None:
                    self._given = given
                    self.profile = replace(self.profile, password=given.secret)
                    self.action_again()

            self.app.push_screen(AskPassword(self.who, error.message, self.profile), answer)

    def _draw(self) -> None:
        done = {step.name: step for step in self.steps}
        lines: list[Content] = []
        over = not self.running
        for name in _ALL:
            step = done.pop(name, None)
            if step is None:
                if over:
                    continue
                waiting = len(lines) and lines[-1].plain.startswith(("◌", "·"))
                mark, style = ("·", "$muted") if waiting else ("◌", "$warning")
                lines.append(Content.assemble((mark, style), (f" {name}", "$muted")))
                continue
            mark, style = _MARKS[step.outcome]
            spent = words.duration(step.seconds) if step.seconds else ""
            first, *more = self._wrapped(step.value)
            lines.append(
                Content.assemble((mark, style), (f" {name:<10}{spent:>8}  ", "$muted"), first)
            )
            lines += [Content(_INDENT + line) for line in more]
            if step.hint:
                lines += [
                    Content.styled(_INDENT + line, "$muted") for line in self._wrapped(step.hint)
                ]
        self.query_one("#trial-steps", Static).update(Content("\n").join(lines))
        self.query_one(".dialog-hints", Static).update(keys(*self._keys()))
        self.refresh_bindings()

    def _wrapped(self, text: str) -> list[str]:
        from textwrap import wrap

        room = self.query_one(VerticalScroll).size.width or 66
        return wrap(visible(text), max(20, room - len(_INDENT) - 1)) or [""]

    def _keys(self) -> list[tuple[str, str]]:
        if self.running:
            return [("esc", "gives up")]
        if self.failure is None:
            return [("enter", self.then), ("r", "again"), ("esc", "back")]
        found = [("r", "again")]
        if self.failure.error is not None and self.failure.error.detail:
            found.append(("d", "detail"))
        if self._saves:
            found.append(("s", "saves it all the same"))
        return [*found, ("esc", "back")]

    @property
    def _saves(self) -> bool:
        return self.then.startswith("saves")

    def check_action(self, action: str, parameters: tuple[object, ...]) -> bool | None:
        """Offers only what applies now."""
        failed = self.failure is not None
        match action:
            case "go_on":
                return not self.running and not failed
            case "anyway":
                return not self.running and failed and self._saves
            case "again":
                return not self.running
            case "detail":
                return failed and self.failure is not None and self.failure.error is not None
            case _:
                return True

    def action_go_on(self) -> None:
        """Goes on with what has worked."""
        self.dismiss(Verdict(True, self.profile))

    def action_anyway(self) -> None:
        """Goes on although it did not work."""
        self.dismiss(Verdict(True, replace(self.profile, password=None)))

    def action_detail(self) -> None:
        """Shows the server's own words."""
        if self.failure is not None and self.failure.error is not None:
            self.app.push_screen(ErrorDetail(self.failure.error))
