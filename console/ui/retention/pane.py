"""Tab 5: what is old enough to be deleted, and deleting it."""

from __future__ import annotations

from textual.app import ComposeResult
from textual.content import Content
from textual.widgets import Static

from console.ui.pane import Pane
from console.ui.places import Place


class RetentionPane(Pane):
    """Says what it will hold."""

    BINDING_GROUP_TITLE = "Retention"

    def compose(self) -> ComposeResult:
        """Yields a quiet line."""
        yield Static(Content.styled("What is old enough to be deleted", "bold"), classes="notice")

    def open(self, place: Place | None = None) -> None:
        """Nothing here takes the focus."""
        self.screen.set_focus(None)
