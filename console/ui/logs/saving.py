"""Asks where to write entries to."""

from __future__ import annotations

from pathlib import Path

from textual.app import ComposeResult
from textual.content import Content
from textual.widgets import Input, Static

from console.errors import UsageError
from console.ui.dialogs import Dialog
from console.ui.paths import path_of
from console.ui.widgets.field import Field
from console.visible import visible


class SaveAs(Dialog[Path]):
    """The name of a new file; its ending decides the format."""

    heading = "Export what is shown"
    hints = (("enter", "write"), ("esc", "no"))

    def __init__(self, what: str, suggestion: str) -> None:
        super().__init__()
        self.what = what
        self.suggestion = suggestion

    def body(self) -> ComposeResult:
        """Yields what will be written, and the field."""
        yield Static(Content(self.what), classes="dialog-text")
        field = Field()
        field.value = self.suggestion
        yield field
        yield Static(id="wrong", classes="dialog-text")

    def on_input_submitted(self, event: Input.Submitted) -> None:
        """Hands the name over, if a file can be called that."""
        if not event.value.strip():
            return
        try:
            self.dismiss(path_of(event.value))
        except UsageError as wrong:
            self.query_one("#wrong", Static).update(
                Content.assemble(("✕ ", "$error bold"), visible(wrong.message), f": {wrong.hint}")
            )
