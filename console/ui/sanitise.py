"""The last wall between data and the terminal.

Data is made visible where it enters a widget (`console.visible`). Should a path forget
that, this filter sees every segment of every line before it is written, and takes out
whatever could act on the terminal or hide from the reader.
"""

from __future__ import annotations

from functools import lru_cache

from rich.cells import cell_len, set_cell_size
from rich.segment import Segment
from textual.color import Color
from textual.filter import LineFilter

from console.visible import is_unsafe


@lru_cache(4096)
def harmless(text: str) -> str:
    """Returns text without unsafe characters, as wide as it was laid out."""
    kept = "".join(character for character in text if not is_unsafe(character))
    return set_cell_size(kept, cell_len(text))


class Sanitise(LineFilter):
    """Drops control, bidirectional and invisible characters from what is drawn."""

    def apply(self, segments: list[Segment], background: Color) -> list[Segment]:
        """Returns the segments, cleaned; control segments from data are dropped."""
        if all(segment.text.isprintable() and not segment.control for segment in segments):
            return segments
        return [
            segment
            if segment.text.isprintable()
            else Segment(harmless(segment.text), segment.style)
            for segment in segments
            if not segment.control
        ]
