"""Asks how long a policy is to keep rows."""

from __future__ import annotations

from textual.app import ComposeResult
from textual.content import Content
from textual.widgets import Input, Static

from console.operations.policies import LONGEST
from console.ui.dialogs import Dialog
from console.ui.widgets.field import Field


class AskDays(Dialog[int]):
    """Takes a number of days; nothing is saved by it."""

    hints = (("enter", "count what that would delete"), ("esc", "leave it"))

    def __init__(self, heading: str, days: int) -> None:
        super().__init__()
        self.heading = heading
        self.days = days

    def body(self) -> ComposeResult:
        """Yields what to write, and the field."""
        yield Static(Content(f"Days, 1 to {LONGEST:,}. Older rows go."), classes="dialog-text")
        yield Field()
        yield Static(id="wrong", classes="dialog-text")

    def on_mount(self) -> None:
        """Starts from what holds now."""
        field = self.query_one(Input)
        field.value = str(self.days)
        field.cursor_position = len(field.value)

    def on_input_submitted(self, event: Input.Submitted) -> None:
        """Hands the number over, if it is one."""
        text = event.value.strip()
        if text.isascii() and text.isdigit() and 1 <= int(text[:9]) <= LONGEST:
            self.dismiss(int(text))
        else:
            said = Content.assemble(("✕ ", "$error bold"), f"write 1 to {LONGEST:,}")
            self.query_one("#wrong", Static).update(said)
