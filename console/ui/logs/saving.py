"""Asks where to write entries to."""

from __future__ import annotations

from pathlib import Path

from textual.app import ComposeResult
from textual.content import Content
from textual.widgets import Input, Static

from console.ui.dialogs import Dialog
from console.ui.widgets.field import Field


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

    def on_input_submitted(self, event: Input.Submitted) -> None:
        """Hands the name over."""
        if event.value.strip():
            self.dismiss(Path(event.value.strip()).expanduser())
