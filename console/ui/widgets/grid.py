"""A table of any length, drawn line by line from a source of rows.

The grid knows how many rows there are and asks its source for the ones on the screen; a
row that is not at hand is drawn as a placeholder and asked for by a message. So the cost
of a table is the cost of a screenful, whatever its size.
"""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from itertools import accumulate, islice
from typing import ClassVar, Protocol

from rich.cells import cell_len, set_cell_size
from rich.segment import Segment
from rich.style import Style
from textual import events
from textual.binding import Binding, BindingType
from textual.geometry import Region, Size, Spacing
from textual.message import Message
from textual.reactive import reactive
from textual.scroll_view import ScrollView
from textual.strip import Strip

from console.visible import visible

NULL = "∅"
"""How SQL NULL is drawn; the text `null` in a column looks different."""

Row = Sequence[str | None]


@dataclass(frozen=True, slots=True)
class GridColumn:
    """How one column is drawn.

    Attributes:
        name: As the database writes it; made visible when drawn.
        width: Cells.
        numeric: Whether values stand at the right edge.
    """

    name: str
    width: int
    numeric: bool = False


class GridSource(Protocol):
    """Where rows come from."""

    @property
    def columns(self) -> Sequence[GridColumn]:
        """The columns, in order."""

    @property
    def row_count(self) -> int:
        """Rows that can be scrolled to; may be an estimate."""

    def row(self, index: int) -> Row | None:
        """Returns a row, or None while it is not at hand."""


@dataclass(frozen=True, slots=True)
class RowsAtHand:
    """A source whose rows are all in memory."""

    columns: Sequence[GridColumn]
    rows: Sequence[Row]

    @property
    def row_count(self) -> int:
        """Number of rows."""
        return len(self.rows)

    def row(self, index: int) -> Row | None:
        """Returns a row."""
        return self.rows[index] if 0 <= index < len(self.rows) else None


def _shown_width(text: str | None) -> int:
    if text is None:
        return 1
    return len(text) if text.isascii() else cell_len(visible(text))


def fitted(
    names: Sequence[str],
    numeric: Sequence[bool],
    rows: Iterable[Row],
    *,
    widest: int = 40,
    sample: int = 100,
) -> tuple[GridColumn, ...]:
    """Makes columns as wide as their names and their first values need.

    Args:
        names: Column names.
        numeric: Which columns stand at the right edge.
        rows: What to measure.
        widest: Cells no column exceeds.
        sample: Rows that are measured.
    """
    widths = [max(3, cell_len(visible(name))) for name in names]
    for row in islice(rows, sample):
        for index, value in enumerate(row):
            if widths[index] < widest:
                widths[index] = max(widths[index], _shown_width(value))
    return tuple(
        GridColumn(name, min(width, widest), right)
        for name, width, right in zip(names, widths, numeric, strict=True)
    )


class Grid(ScrollView, can_focus=True, inherit_bindings=False):
    """Rows and columns under a cell cursor, with a header that stays."""

    BINDING_GROUP_TITLE = "Rows"
    COMPONENT_CLASSES: ClassVar[set[str]] = {
        "grid--header",
        "grid--header-cursor",
        "grid--null",
        "grid--row",
        "grid--cell",
    }
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
        Binding("y", "copy", "Copy cell"),
    ]

    cursor_row = reactive(0)
    cursor_column = reactive(0)

    GAP = 2
    """Cells between two columns."""

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
    class CopyCell(Message):
        """The person wants the text of a cell."""

        row: int
        column: int

    def __init__(self, *, id: str | None = None, classes: str | None = None) -> None:  # noqa: A002
        super().__init__(id=id, classes=classes)
        self._source: GridSource = RowsAtHand((), ())
        self._starts: list[int] = [0]
        self._lacking: set[int] = set()

    @property
    def source(self) -> GridSource:
        """Where the rows come from."""
        return self._source

    def show(self, source: GridSource, *, keep_cursor: bool = False) -> None:
        """Draws another source, from its first cell unless the cursor is to stay."""
        self._source = source
        # One blank cell at the left edge, then each column with its gap.
        self._starts = list(accumulate((c.width + self.GAP for c in source.columns), initial=1))
        self.renew()
        if not keep_cursor:
            self.scroll_to(0, 0, animate=False)
            self.cursor_row = self.cursor_column = 0
        self.cursor_row = max(0, min(self.cursor_row, source.row_count - 1))
        self.cursor_column = max(0, min(self.cursor_column, len(source.columns) - 1))

    def renew(self) -> None:
        """Takes note that the source has other or more rows now."""
        self.virtual_size = Size(self._starts[-1] - 1, self._source.row_count + 1)
        self.refresh()

    def watch_cursor_row(self, before: int, after: int) -> None:
        """Redraws the two rows concerned."""
        self.refresh_lines(before + 1)
        self.refresh_lines(after + 1)
        self._follow()

    def watch_cursor_column(self) -> None:
        """Redraws, for the header marks the column too."""
        self.refresh()
        self._follow()

    def _follow(self) -> None:
        if not self._source.columns:
            return
        column = self._source.columns[self.cursor_column]
        # The header covers the first line of the screen, so the row must clear it.
        self.scroll_to_region(
            Region(self._starts[self.cursor_column] - 1, self.cursor_row + 1, column.width + 2, 1),
            spacing=Spacing(top=1),
            animate=False,
            immediate=True,
        )
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
        self._set_row(0 if step < 0 else self._source.row_count - 1)

    def action_edge_column(self, step: int) -> None:
        """Moves the cursor to the first or the last column."""
        self._set_column(0 if step < 0 else len(self._source.columns) - 1)

    def action_copy(self) -> None:
        """Asks for the cell under the cursor to be copied."""
        if self._source.columns and self._source.row(self.cursor_row) is not None:
            self.post_message(self.CopyCell(self.cursor_row, self.cursor_column))

    def on_click(self, event: events.Click) -> None:
        """A click moves the cursor."""
        self._set_column(bisect_right(self._starts, event.x + self.scroll_offset.x) - 1)
        if event.y > 0:
            self._set_row(event.y - 1 + self.scroll_offset.y)

    def render_line(self, y: int) -> Strip:
        """Draws one line of the screen; the first is the header."""
        width = self.size.width
        base = self.rich_style
        if not self._source.columns:
            return Strip.blank(width, base)
        if y == 0:
            segments = self._header(base)
        else:
            index = y - 1 + self.scroll_offset.y
            if index >= self._source.row_count:
                return Strip.blank(width, base)
            row = self._source.row(index)
            if row is None:
                self._lack(index)
                return Strip([Segment(" …", base)]).adjust_cell_length(width, base)
            segments = self._row(row, index == self.cursor_row, base)
            if index == self.cursor_row:
                base += self.get_component_rich_style("grid--row", partial=True)
        skipped = self._starts[self._on_screen().start] - 1
        left = self.scroll_offset.x - skipped
        # Neighbours of one style are joined: each costs an escape sequence on the wire.
        line = Strip(segments).simplify().adjust_cell_length(max(left + width, 1), base)
        return line.crop(left, left + width)

    def _lack(self, index: int) -> None:
        """Notes a row to ask for; one message tells of all that a paint lacked."""
        if not self._lacking:
            self.call_later(self._ask)
        self._lacking.add(index)

    def _ask(self) -> None:
        first, last = min(self._lacking), max(self._lacking)
        self._lacking.clear()
        self.post_message(self.Missing(self, first, last))

    def _on_screen(self) -> range:
        """The columns that are on the screen, at least in part."""
        left = self.scroll_offset.x
        first = max(0, bisect_right(self._starts, left) - 1)
        last = bisect_right(self._starts, left + self.size.width)
        return range(first, min(last, len(self._source.columns)))

    def _header(self, base: Style) -> list[Segment]:
        style = base + self.get_component_rich_style("grid--header", partial=True)
        marked = style + self.get_component_rich_style("grid--header-cursor", partial=True)
        segments = [Segment(" ", style)]
        for index in self._on_screen():
            column = self._source.columns[index]
            text = _fit(visible(column.name), column.width, column.numeric)
            here = index == self.cursor_column
            segments += (Segment(text, marked if here else style), Segment(" " * self.GAP, style))
        segments.append(Segment(" " * self.size.width, style))
        return segments

    def _row(self, row: Row, current: bool, base: Style) -> list[Segment]:
        style = base
        if current:
            style += self.get_component_rich_style("grid--row", partial=True)
        null = style + self.get_component_rich_style("grid--null", partial=True)
        cell = style + self.get_component_rich_style("grid--cell", partial=True)
        segments = [Segment(" ", style)]
        for index in self._on_screen():
            column = self._source.columns[index]
            value = row[index]
            text = NULL if value is None else visible(value)
            text = _fit(text, column.width, column.numeric)
            if current and index == self.cursor_column:
                chosen = cell
            else:
                chosen = null if value is None else style
            segments += (Segment(text, chosen), Segment(" " * self.GAP, style))
        return segments


def _fit(text: str, width: int, right: bool) -> str:
    """Cuts or pads text to a number of cells."""
    length = cell_len(text)
    if length > width:
        return set_cell_size(text, width - 1) + "…"
    return " " * (width - length) + text if right else text + " " * (width - length)
