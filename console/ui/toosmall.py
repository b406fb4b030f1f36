"""What stands in for everything where a terminal is too small to lay it out."""

from __future__ import annotations

from typing import ClassVar

from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.content import Content
from textual.geometry import Size
from textual.screen import ModalScreen
from textual.widgets import Static

LEAST = Size(70, 21)
"""What it takes; 80x24 is what everything is made for, and tmux takes rows from that."""


def fits(size: Size) -> bool:
    """Tells whether there is room."""
    return size.width >= LEAST.width and size.height >= LEAST.height


class TooSmall(ModalScreen[None]):
    """Says how much is missing; hides keys that nobody could see the effect of."""

    BINDINGS: ClassVar[list[BindingType]] = [Binding("q", "app.quit", "Quit")]

    def compose(self) -> ComposeResult:
        """Yields the words."""
        yield Static(classes="too-small")

    def on_mount(self) -> None:
        """Says it for the size there is."""
        self.on_resize()

    def on_screen_resume(self) -> None:
        """Says it anew, where something else stood over it for a while."""
        self.on_resize()

    def on_resize(self) -> None:
        """Says it anew; leaves as soon as there is room."""
        size = self.app.size
        if fits(size):
            if self.is_current:
                self.dismiss()
            return
        self.query_one(Static).update(
            Content.assemble(
                ("This terminal is too small\n\n", "bold"),
                f"{size.width}x{size.height} cells; rowsight needs {LEAST.width}x{LEAST.height},"
                " and is at its best from 80x24 on.\n\n",
                "Make it larger, and everything is there again.\n",
                ("q", "bold $primary"),
                (" quit", "$muted"),
            )
        )
