"""A table of any length, drawn line by line from a source of rows.

The grid knows how many rows there are and asks its source for the ones on the screen; a
row that is not at hand is drawn as a placeholder and asked for by a message. So the cost
of a table is the cost of a screenful, whatever its size.
"""

from __future__ import annotations

from dataclasses import dataclass
from itertools import groupby
from typing import ClassVar

from rich.segment import Segment
from textual import events
from textual.binding import Binding, BindingType
from textual.geometry import Region, Size, Spacing
from textual.message import Message
from textual.reactive import reactive
from textual.strip import Strip

from console.ui.widgets.drawing import Look, draw_header, draw_row
from console.ui.widgets.placing import Placing
from console.ui.widgets.rows import (
    NULL,
    GridColumn,
    GridSource,
    Mark,
    Row,
    RowsAtHand,
    fit,
    fitted,
)
from console.ui.widgets.scrolling import Scrolling

__all__ = ["NULL", "Grid", "GridColumn", "GridSource", "Mark", "Row", "RowsAtHand", "fitted"]

_KEPT = 400
"""Lines that are kept as they were drawn."""
_PARTS = tuple(
    f"grid--{part}" for part in ("header", "header-cursor", "null", "dimmed", "row", "cell")
)
"""What has a style of its own, in the order of `Look`."""


class Grid(Scrolling, can_focus=True, inherit_bindings=False):
    """Rows and columns under a cell cursor; header and frozen columns stay."""

    BINDING_GROUP_TITLE = "Rows"
    COMPONENT_CLASSES: ClassVar[set[str]] = set(_PARTS)
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("up,k", "move(-1, 0)", "Up", show=False),
        Binding("down,j", "move(1, 0)", "Down", show=False),
        Binding("left,h", "move(0, -1)", "Column left", show=False),
        Binding("right,l", "move(0, 1)", "Column right", show=False),
        Binding("pageup", "page(-1)", "Page up", show=False),
        Binding("pagedown", "page(1)", "Page down", show=False),
        Binding("home", "edge_column(-1)", "First column", show=False),
        Binding("end", "edge_column(1)", "Last column", show=False),
        Binding("g,ctrl+home", "edge_row(-1)", "First row", show=False),
        Binding("G,ctrl+end", "edge_row(1)", "Last row", show=False),
        Binding("y", "copy", "Copy"),
    ]

    cursor_row = reactive(0, repaint=False)
    cursor_column = reactive(0, repaint=False)

    @dataclass
    class Moved(Message):
        """The cursor rests on another cell."""

        grid: Grid
        row: int
        column: int

    @dataclass
    class Missing(Message):
        """Rows on the screen are not at hand; the last such message counts."""

        grid: Grid
        first: int
        last: int

        def can_replace(self, message: Message) -> bool:
            """Collapses a flood: only the latest screenful is wanted."""
            return isinstance(message, Grid.Missing)

    @dataclass
    class LastWanted(Message):
        """The last row is wanted, and its number is not known."""

        grid: Grid

    @dataclass
    class CopyCell(Message):
        """The person wants the text of a cell."""

        row: int
        column: int

    def __init__(self, *, id: str | None = None, classes: str | None = None) -> None:  # noqa: A002
        super().__init__(id=id, classes=classes)
        self._source: GridSource = RowsAtHand((), ())
        self._placing = Placing()
        self._width = 0  # that the columns are laid out for
        self._lacking: set[int] = set()
        self._lacked = False  # whether a row was painted that was not at hand
        self._lines: dict[int, Strip] = {}
        self._drawn: set[int] = set()  # rows drawn just now that may be kept
        self._drawn_for: tuple[object, ...] = ()
        self._look: Look | None = None

    @property
    def source(self) -> GridSource:
        """Where the rows come from."""
        return self._source

    @property
    def on_screen(self) -> range:
        """The rows that are on the screen."""
        first = self.scroll_offset.y
        return range(first, min(first + max(0, self.size.height - 1), self._source.row_count))

    @property
    def columns_on_screen(self) -> list[int]:
        """The columns that are on the screen, at least in part."""
        return [number for number, _, _ in self._placing.placed]

    def show(self, source: GridSource, *, keep_cursor: bool = False) -> None:
        """Draws another source, from its first cell unless the cursor is to stay."""
        self._source = source
        if not keep_cursor:
            self._placing.left = 0
        self.renew()
        if not keep_cursor:
            self.scroll_to(0, 0, animate=False)
            self.cursor_row = self.cursor_column = 0
        self.cursor_row = max(0, min(self.cursor_row, source.row_count - 1))
        self.cursor_column = max(0, min(self.cursor_column, len(source.columns) - 1))
        self._follow_column()

    def renew(self, *, more: bool = False) -> None:
        """Takes note that the source has other rows or columns now, or only `more` rows."""
        # Sideways nothing is scrolled by cells, so that another width is no reason for a layout.
        self.virtual_size = Size(1, self._source.row_count + 1)
        if not more or self._lacked:
            self._lay_out()

    def shift(self, rows: int) -> None:
        """Takes note that what was row i is now row i + n: nothing moves on the screen."""
        top = self.scroll_offset.y + rows
        self.renew()
        with self.prevent(self.Moved):
            self.scroll_to(y=top, animate=False, immediate=True)
            self._set_row(self.cursor_row + rows)

    def put_cursor(self, row: int) -> None:
        """Moves the cursor to a row, which comes to stand at the top if it was not in sight."""
        if row not in self.on_screen:
            self.scroll_to(y=row, animate=False, immediate=True)
        self._set_row(row)

    def _size_updated(
        self,
        size: Size,
        virtual_size: Size,
        container_size: Size,
        layout: bool = True,
    ) -> bool:
        """Lays the columns out before they are painted: `on_resize` comes after that."""
        resized = super()._size_updated(size, virtual_size, container_size, layout)
        if self._width != self.size.width:
            self._place()
        return resized

    def on_resize(self) -> None:
        """Keeps the cursor in sight."""
        self._follow_column()
        self._tell()

    # The cursor

    def watch_cursor_row(self, before: int, after: int) -> None:
        """Redraws the two rows concerned."""
        self._lines.pop(before, None)
        self._lines.pop(after, None)
        self.refresh_lines(before + 1)
        self.refresh_lines(after + 1)
        if self._source.columns:
            # The header covers the first line of the screen, so the row must clear it.
            row, header = Region(0, after + 1, 1, 1), Spacing(top=1)
            self.scroll_to_region(row, spacing=header, animate=False, immediate=True)
        self._tell()

    def watch_cursor_column(self) -> None:
        """Redraws, for the header marks the column too."""
        self._follow_column()
        self.refresh_lines(0)
        self.refresh_lines(self.scroll_offset.y)
        self.refresh_lines(self.cursor_row + 1)
        self._tell()

    def _tell(self) -> None:
        self.post_message(self.Moved(self, self.cursor_row, self.cursor_column))

    def _set_row(self, row: int) -> None:
        self.cursor_row = max(0, min(row, self._source.row_count - 1))

    def _set_column(self, column: int) -> None:
        self.cursor_column = max(0, min(column, len(self._source.columns) - 1))

    def action_move(self, rows: int, columns: int) -> None:
        """Moves the cursor by rows and columns."""
        self._set_row(self.cursor_row + rows)
        self._set_column(self.cursor_column + columns)

    def action_page(self, step: int) -> None:
        """Moves the cursor by a screenful."""
        self._set_row(self.cursor_row + step * max(1, self.size.height - 2))

    def action_edge_row(self, step: int) -> None:
        """Moves the cursor to the first or the last row."""
        last = 0 if step < 0 else self._source.last
        if last is None:
            self.post_message(self.LastWanted(self))
        else:
            self._set_row(last)

    def action_edge_column(self, step: int) -> None:
        """Moves the cursor to the first or the last column."""
        self._set_column(0 if step < 0 else len(self._source.columns) - 1)

    def action_copy(self) -> None:
        """Asks for the cell under the cursor to be copied."""
        if self._source.columns and self._source.row(self.cursor_row) is not None:
            self.post_message(self.CopyCell(self.cursor_row, self.cursor_column))

    def on_click(self, event: events.Click) -> None:
        """A click moves the cursor."""
        at = [number for number, start, _ in self._placing.placed if start <= event.x]
        self._set_column(at[-1] if at else 0)
        if event.y > 0:
            self._set_row(event.y - 1 + self.scroll_offset.y)

    def _on_mouse_scroll_right(self, event: events.MouseScrollRight) -> None:
        self._scroll_columns(1)
        event.stop()

    def _on_mouse_scroll_left(self, event: events.MouseScrollLeft) -> None:
        self._scroll_columns(-1)
        event.stop()

    def _scroll_columns(self, step: int) -> None:
        self._placing.left += step
        self._lay_out()

    def _lay_out(self) -> None:
        self._place()
        self.refresh()

    def _place(self) -> None:
        self._width = self.size.width
        self._placing.lay_out(self._source, self._width)
        self._lines.clear()
        self._lacked = False

    def _follow_column(self) -> None:
        """Scrolls sideways until the cursor's column is in sight."""
        if self._placing.follow(self._source, self.size.width, self.cursor_column):
            self._lay_out()

    # Drawing

    def render_lines(self, crop: Region) -> list[Strip]:
        """Draws lines of the screen; rows that were drawn before are taken as they were.

        Textual keeps a line by where it stands, so a step of scrolling would cost it the whole
        screen. Here it is kept by its row, filtered and cut as it was written the last time.
        """
        if self.parent is not None:
            self._look_up()
        if self.parent is None or self.styles.gutter or crop.column_span != (0, self.size.width):
            return super().render_lines(crop)
        strips: list[Strip] = []
        top = self.scroll_offset.y - 1
        for kept, run in groupby(crop.line_range, lambda y: y > 0 and top + y in self._lines):
            ys = list(run)
            if kept:
                strips += [self._lines[top + y] for y in ys]
                continue
            self._drawn.clear()
            drawn = super().render_lines(Region(0, ys[0], crop.width, len(ys)))
            strips += drawn
            for y, strip in zip(ys, drawn, strict=True):
                if y > 0 and top + y in self._drawn:
                    self._lines[top + y] = strip
        if len(self._lines) > _KEPT:
            self._lines.clear()
        return strips

    def _look_up(self) -> Look:
        """Finds the styles, and forgets the lines that were drawn in others."""
        parts = (self.get_component_styles(name).partial_rich_style for name in _PARTS)
        self._look = look = Look(self.rich_style, *parts)
        drawn_for = look.base, look.null, look.dimmed, self.size.width, *self.get_line_filters()
        if drawn_for != self._drawn_for:
            self._drawn_for = drawn_for
            self._lines.clear()
        return look

    def render_line(self, y: int) -> Strip:
        """Draws one line of the screen; the first is the header."""
        look = self._look or self._look_up()
        width, source = self.size.width, self._source
        if not source.columns:
            return Strip.blank(width, look.base)
        if y == 0:
            segments = draw_header(look, self._placing, source, width, self.cursor_column)
            return Strip(segments, width)
        index = y - 1 + self.scroll_offset.y
        if index >= source.row_count:
            return Strip.blank(width, look.base)
        row = source.row(index)
        if row is None:
            self._lack(index)
            return Strip([Segment(fit(f" {source.placeholder}", width), look.base)], width)
        cursor = self.cursor_column if index == self.cursor_row else None
        if cursor is None:
            self._drawn.add(index)
        segments = draw_row(look, self._placing.placed, source, index, row, width, cursor)
        return Strip(segments, width)

    def _lack(self, index: int) -> None:
        """Notes a row to ask for; one message tells of all that a paint lacked."""
        self._lacked = True
        if not self._lacking:
            self.call_later(self._ask)
        self._lacking.add(index)

    def _ask(self) -> None:
        first, last = min(self._lacking), max(self._lacking)
        self._lacking.clear()
        self.post_message(self.Missing(self, first, last))
