"""What lies under the widgets of a pane."""

from __future__ import annotations

from rich.style import Style
from textual.color import TRANSPARENT
from textual.containers import Container
from textual.geometry import Region
from textual.strip import Strip


class Ground(Container):
    """A container without anything of its own, all but covered by what it holds.

    Textual draws it behind the others with each paint of theirs, line by line, and they lie five
    deep here. So that a key doesn't wait for that, one blank line stands for all of them.
    """

    def render_lines(self, crop: Region) -> list[Strip]:
        """Draws lines of the screen."""
        if self.styles.gutter:
            return super().render_lines(crop)
        colour = self.visual_style.background or TRANSPARENT
        strip = Strip.blank(crop.width, Style.from_color(bgcolor=colour.rich_color))
        for line_filter in self.get_line_filters():
            strip = strip.apply_filter(line_filter, colour)
        return [strip] * crop.height
