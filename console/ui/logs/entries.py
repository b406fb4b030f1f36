"""The lines of a log under a cursor."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from textual import events
from textual.content import Content
from textual.geometry import Size
from textual.message import Message

from console.logs.source import EntryKey, LogEntry
from console.logs.timeline import Line
from console.ui.logs.row import Look, row
from console.ui.widgets.lines import Lines

_WHEEL = 3


class EntryList(Lines):
    """Draws the lines of a timeline, or of any other part of a log."""

    BINDING_GROUP_TITLE = "Entries"

    @dataclass
    class Pushed(Message):
        """The person wants to go beyond an end of the list: up (-1) or down (1)."""

        step: int

    def __init__(self, look: Look, *, id: str | None = None) -> None:  # noqa: A002
        super().__init__(id=id)
        self.look = look
        self.lines: Sequence[Line] = ()

    @property
    def line_count(self) -> int:
        """Number of lines at hand."""
        return len(self.lines)

    @property
    def current(self) -> Line | None:
        """The line under the cursor."""
        return self.lines[self.cursor] if 0 <= self.cursor < len(self.lines) else None

    @property
    def entry(self) -> LogEntry | None:
        """The entry under the cursor."""
        return self.current.entry if self.current else None

    @property
    def key(self) -> EntryKey | None:
        """The place of the cursor in the timeline."""
        return self.current.key if self.current else None

    def line(self, index: int, width: int) -> Content:
        """Writes a line."""
        return row(self.lines[index], width, self.look)

    def show(self, lines: Sequence[Line], cursor: int) -> None:
        """Shows lines, with the cursor on one of them, as far up the screen as it was."""
        height = cursor - self.cursor
        # A copy: what the timeline takes in meanwhile must not move the cursor to another line.
        self.lines = list(lines)
        self.virtual_size = Size(1, len(lines))
        if height:
            self.scroll_to(y=self.scroll_offset.y + height, animate=False, immediate=True)
        with self.prevent(Lines.Moved):
            self.cursor = max(0, min(cursor, len(lines) - 1))
        self._follow()
        self.refresh()
        # What is longer than before can be scrolled to only once it was laid out.
        self.call_after_refresh(self._follow)

    def action_move(self, step: int) -> None:
        """Moves the cursor; beyond the ends its owner may have more."""
        if 0 <= self.cursor + step < self.line_count:
            super().action_move(step)
        else:
            self.post_message(self.Pushed(step))

    def action_page(self, step: int) -> None:
        """Moves the cursor by a page."""
        before = self.cursor
        super().action_page(step)
        if self.cursor == before:
            self.post_message(self.Pushed(step))

    def action_edge(self, step: int) -> None:
        """Moves to an end of what is at hand."""
        before = self.cursor
        super().action_edge(step)
        if self.cursor == before or step > 0:
            self.post_message(self.Pushed(step))

    def on_mouse_scroll_up(self, event: events.MouseScrollUp) -> None:
        """The wheel moves the cursor along: what is looked at must not move away."""
        event.prevent_default()
        self.cursor = max(0, self.cursor - _WHEEL)

    def on_mouse_scroll_down(self, event: events.MouseScrollDown) -> None:
        """Likewise."""
        event.prevent_default()
        if self.cursor + 1 < self.line_count:
            self.cursor = min(self.line_count - 1, self.cursor + _WHEEL)
        else:
            self.post_message(self.Pushed(1))
