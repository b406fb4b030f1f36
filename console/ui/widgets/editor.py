"""A place to write several lines in: no frame, and a cursor that keeps still."""

from __future__ import annotations

from textual import events
from textual.widgets import TextArea

from console.ui.widgets.field import press_now


class Editor(TextArea):
    """Textual's text area as it suits a slow line, and a person who expects tab to move on."""

    BINDING_GROUP_TITLE = "Text"

    def __init__(self, text: str = "", *, id: str | None = None) -> None:  # noqa: A002
        super().__init__(text, id=id, compact=True, highlight_cursor_line=False)
        self.cursor_blink = False

    async def on_key(self, event: events.Key) -> None:
        """Moves and deletes before the letters that were typed next."""
        await press_now(self, event)
