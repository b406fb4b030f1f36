"""Tab 2: who sees which row, and why."""

from __future__ import annotations

from textual.app import ComposeResult
from textual.content import Content
from textual.widgets import Static

from console.ui.pane import Pane
from console.ui.places import Place


class AccessPane(Pane):
    """Says what it will hold."""

    BINDING_GROUP_TITLE = "Access"

    def compose(self) -> ComposeResult:
        """Yields a quiet line."""
        yield Static(Content.styled("Who sees which row, and why", "bold"), classes="notice")

    def open(self, place: Place | None = None) -> None:
        """Nothing here takes the focus."""
        self.screen.set_focus(None)
