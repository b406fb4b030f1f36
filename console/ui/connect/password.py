"""Asks for a password, and whether the keyring may keep it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

from textual import work
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.content import Content
from textual.widgets import Input, Static

from console.connection.config import is_text
from console.connection.opening import TYPED
from console.connection.profile import Profile, Secret
from console.ui.dialogs import Dialog
from console.ui.widgets.field import Field
from console.visible import visible


@dataclass(frozen=True, slots=True)
class Given:
    """A password that was typed.

    Attributes:
        keep: Whether it is to go into the keyring, once it has worked.
    """

    secret: Secret
    keep: bool = False


class AskPassword(Dialog[Given]):
    """Asks for a password; it stays in memory unless the person wants it kept.

    Args:
        who: User, host and database.
        reason: Why it is asked, in a sentence.
        profile: May forbid the keyring.
    """

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("f2", "keep", "Keep it in the keyring or not"),
    ]
    heading = "Password"
    hints = (("enter", "connect"), ("esc", "give up"))

    def __init__(self, who: str, reason: str, profile: Profile) -> None:
        super().__init__()
        self.who = who
        self.reason = reason
        self.profile = profile
        self._keyring = False
        self._keep = False

    def body(self) -> ComposeResult:
        """Yields why it is asked, the field, and the offer to keep it."""
        yield Static(Content(visible(self.reason)), classes="dialog-text")
        yield Static(Content.assemble(("for ", "$muted"), visible(self.who)), classes="dialog-text")
        yield Field(password=True)
        yield Static(id="password-keeping", classes="dialog-text")

    def on_mount(self) -> None:
        """Looks for a keyring behind the question: it may take seconds to answer."""
        self.query_one("#password-keeping").display = False
        self._look()

    @work(group="keyring")
    async def _look(self) -> None:
        from console.connection.secrets import is_allowed, keyring_state

        if is_allowed(self.profile) and (await keyring_state()).usable:
            self.offer_keyring()

    def offer_keyring(self) -> None:
        """Offers to keep the password: there is something that keeps it safe."""
        self._keyring = True
        self._tell()

    def _tell(self) -> None:
        offer = self.query_one("#password-keeping", Static)
        offer.update(
            Content.assemble(
                ("F2", "bold $primary"),
                " keep it in the system's keyring once it has worked: ",
                ("yes" if self._keep else "no", "bold"),
            )
        )
        offer.display = True

    def check_action(self, action: str, parameters: tuple[object, ...]) -> bool | None:
        """Offers the keyring only where there is one."""
        return action != "keep" or self._keyring

    def action_keep(self) -> None:
        """Changes what becomes of the password."""
        self._keep = not self._keep
        self._tell()

    def on_input_submitted(self, event: Input.Submitted) -> None:
        """Hands the password over; an empty one is no answer, nor is what can't be sent."""
        if event.value and is_text(event.value):
            self.dismiss(Given(Secret(event.value, TYPED), self._keep))
