"""A list of one-line items under a cursor; draws only the lines on the screen."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from functools import partial
from typing import ClassVar

from textual import events
from textual.binding import Binding, BindingType
from textual.content import Content
from textual.geometry import Offset, Region, Size
from textual.message import Message
from textual.reactive import reactive
from textual.strip import Strip

from console.ui.widgets.scrolling import Scrolling


class Lines(Scrolling, can_focus=True, inherit_bindings=False):
    """A scrolling list with a cursor.

    Subclasses say how many lines there are (`line_count`), how one reads (`line`) and
    which ones the cursor may rest on (`is_stop`); after a change they call `renew()`.
    """

    COMPONENT_CLASSES: ClassVar[set[str]] = {"lines--cursor"}
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("up,k", "move(-1)", "Up", show=False),
        Binding("down,j", "move(1)", "Down", show=False),
        Binding("pageup", "page(-1)", "Page up", show=False),
        Binding("pagedown", "page(1)", "Page down", show=False),
        Binding("home,g", "edge(-1)", "First", show=False),
        Binding("end,G", "edge(1)", "Last", show=False),
        Binding("enter", "choose", "Open"),
    ]

    cursor = reactive(0, repaint=False)

    class Moved(Message):
        """The cursor rests on another line."""

        def __init__(self, lines: Lines, index: int) -> None:
            super().__init__()
            self.lines = lines
            self.index = index

        @property
        def control(self) -> Lines:
            """The list this came from."""
            return self.lines

    class Chosen(Moved):
        """A line was opened with enter or a click."""

    @property
    def line_count(self) -> int:
        """Number of lines in all."""
        raise NotImplementedError

    def line(self, index: int, width: int) -> Content:
        """Returns how a line reads, given the cells there are."""
        raise NotImplementedError

    def is_stop(self, index: int) -> bool:
        """Tells whether the cursor may rest on a line; headings say no."""
        return True

    def renew(self, *, cursor: int | None = None) -> None:
        """Takes note that the lines have changed."""
        # Nothing is scrolled sideways, so that another width is no reason for a layout.
        self.virtual_size = Size(1, self.line_count)
        wanted = self.cursor if cursor is None else cursor
        self.cursor = self._stop_from(max(0, min(wanted, self.line_count - 1)), 1)
        self.refresh()
        self.call_after_refresh(self._follow)

    def check_action(self, action: str, parameters: tuple[object, ...]) -> bool | None:
        """Offers to open a line where there is one."""
        return action != "choose" or 0 <= self.cursor < self.line_count

    def watch_virtual_size(self, before: Size, after: Size) -> None:
        """Keys come and go with the first line."""
        if bool(before.height) != bool(after.height):
            self.refresh_bindings()

    def _stop_from(self, index: int, step: int) -> int:
        """Returns the nearest line from here on where the cursor may rest."""
        for direction in (step, -step):
            candidate = index
            while 0 <= candidate < self.line_count:
                if self.is_stop(candidate):
                    return candidate
                candidate += direction
        return index

    def _follow(self) -> None:
        # The line above comes along when it is a heading: a first item says what it is of.
        above = self.cursor > 0 and not self.is_stop(self.cursor - 1)
        self.scroll_to_region(
            Region(0, self.cursor - above, 1, 1 + above), animate=False, immediate=True
        )

    def watch_cursor(self, before: int, after: int) -> None:
        """Redraws the two lines concerned and tells the parent."""
        self.refresh_lines(before)
        self.refresh_lines(after)
        if self.is_attached and 0 <= after < self.line_count:
            self._follow()
            self.post_message(self.Moved(self, after))

    def jump_targets(self) -> Iterator[tuple[Offset, Callable[[], object]]]:
        """Yields the lines on the screen, for whoever goes by letters."""
        for row in range(self.scrollable_content_region.height):
            index = row + self.scroll_offset.y
            if index < self.line_count and self.is_stop(index):
                yield Offset(0, row), partial(self._jump, index)

    def _jump(self, index: int) -> None:
        self.focus()
        self.cursor = index

    def action_move(self, step: int) -> None:
        """Moves the cursor by one line."""
        target = self.cursor + step
        if 0 <= target < self.line_count:
            target = self._stop_from(target, step)
            if (target - self.cursor) * step > 0:
                self.cursor = target
            elif step < 0:
                self.scroll_home(animate=False)

    def action_page(self, step: int) -> None:
        """Moves the cursor by one page."""
        target = self.cursor + step * max(1, self.size.height - 1)
        self.cursor = self._stop_from(max(0, min(target, self.line_count - 1)), step)

    def action_edge(self, step: int) -> None:
        """Moves the cursor to the first or the last line."""
        self.cursor = self._stop_from(0 if step < 0 else self.line_count - 1, -step)
        if step < 0:
            self.scroll_home(animate=False)

    def action_choose(self) -> None:
        """Opens the line under the cursor."""
        if 0 <= self.cursor < self.line_count:
            self.post_message(self.Chosen(self, self.cursor))

    def on_click(self, event: events.Click) -> None:
        """A click moves the cursor; on the line it already rests on, it opens."""
        index = event.y + self.scroll_offset.y
        if 0 <= index < self.line_count and self.is_stop(index):
            if index == self.cursor:
                self.action_choose()
            else:
                self.cursor = index

    def on_resize(self) -> None:
        """Lines are laid out for the width there is, which may make them more or fewer."""
        self.virtual_size = Size(1, self.line_count)
        self.call_after_refresh(self._follow)

    def render_line(self, y: int) -> Strip:
        """Draws one line of the screen."""
        index = y + self.scroll_offset.y
        # Under the scroll bar nothing is seen, least of all that a line is cut.
        width = self.size.width - self.scrollbar_size_vertical
        if index >= self.line_count:
            return Strip.blank(width, self.rich_style)
        here = index == self.cursor
        base = self.get_visual_style("lines--cursor") if here else self.visual_style
        content = self.line(index, width).truncate(width, ellipsis=True, pad=True)
        return Strip(content.render_segments(base), width)
