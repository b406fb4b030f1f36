"""An answer on the screen: what `console.access.telling` lays out, in colour."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from textual.app import ComposeResult
from textual.containers import VerticalScroll
from textual.content import Content
from textual.widgets import Static

from console.access.telling import Line, Tone
from console.ui.widgets.sql import highlighted

_STYLES: dict[Tone, str] = {
    "": "",
    "strong": "bold",
    "muted": "$muted",
    "good": "$success",
    "bad": "$error bold",
    "care": "$warning",
}


def content(lines: Sequence[Line]) -> Content:
    """Returns laid-out lines as safe, coloured content."""
    return Content("\n").join(
        Content("").join(
            highlighted(text) if tone == "sql" else Content.styled(text, _STYLES[tone])
            for text, tone in line
        )
        for line in lines
    )


class Told(VerticalScroll):
    """A long answer; laid out anew for every width."""

    BINDING_GROUP_TITLE = "Answer"

    def __init__(self, *, id: str | None = None) -> None:  # noqa: A002
        super().__init__(id=id)
        self._tell: Callable[[int], Sequence[Line]] = lambda width: ()

    def compose(self) -> ComposeResult:
        """Yields the text."""
        yield Static()

    def show(self, tell: Callable[[int], Sequence[Line]]) -> None:
        """Shows another answer, from its beginning.

        Args:
            tell: Lays it out for a number of cells.
        """
        self._tell = tell
        self.scroll_home(animate=False)
        self._lay_out()

    def on_resize(self) -> None:
        """Lays it out for the width there is."""
        self._lay_out()

    def _lay_out(self) -> None:
        room = min(self.size.width - 4, 110)
        if room > 0:
            self.query_one(Static).update(content(self._tell(room)))
