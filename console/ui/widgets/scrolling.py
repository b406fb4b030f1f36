"""A view that scrolls over lines of its own, beside a bar."""

from __future__ import annotations

from textual.geometry import Region, Size
from textual.scroll_view import ScrollView
from textual.scrollbar import ScrollBar
from textual.strip import Strip


class Scrolling(ScrollView):
    """A scrolling view whose bar is painted only when it has somewhere else to stand.

    Among many lines that is rarely so, and a bar costs as much as the lines beside it.
    """

    _laid_out: tuple[Size, Size] | None = None

    def render_lines(self, crop: Region) -> list[Strip]:
        """Draws lines of the screen: empty ones once it is taken off.

        What stands around it may be painted before the rest is laid out anew, and it with that.
        """
        if self.parent is None:
            return [Strip.blank(crop.width)] * crop.height
        return super().render_lines(crop)

    def watch_scroll_y(self, old_value: float, new_value: float) -> None:
        """Paints the lines, and the bar if it has moved."""
        if not self.show_vertical_scrollbar or self._notch(old_value) != self._notch(new_value):
            super().watch_scroll_y(old_value, new_value)
        else:
            self.vertical_scrollbar.set_reactive(ScrollBar.position, new_value)
            self.refresh(self.scrollable_size.region)

    def _notch(self, y: float) -> int:
        """Returns where the bar stands, in eighths of a cell, when scrolled so far."""
        height, lines = self.size.height, max(1, self.virtual_size.height)
        room = height - max(1, height * height / lines)
        return int(room * 8 * y / max(1, lines - height))

    def _scroll_update(self, virtual_size: Size) -> None:
        """Updates the bars, unless a layout has changed nothing for them.

        Textual calls this for every layout, whatever it was for, and paints both bars.
        """
        laid_out = virtual_size, self.container_size
        if laid_out != self._laid_out:
            self._laid_out = laid_out
            super()._scroll_update(virtual_size)
