"""Tab 4: how the server is doing."""

from __future__ import annotations

from textual.app import ComposeResult
from textual.content import Content
from textual.widgets import Static

from console.ui.pane import Pane
from console.ui.places import Place


class HealthPane(Pane):
    """Says what it will hold."""

    BINDING_GROUP_TITLE = "Health"

    def compose(self) -> ComposeResult:
        """Yields a quiet line."""
        yield Static(Content.styled("How the database is doing", "bold"), classes="notice")

    def open(self, place: Place | None = None) -> None:
        """Nothing here takes the focus."""
        self.screen.set_focus(None)
