"""What a grid draws: columns, and a source of rows."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from itertools import islice
from typing import NamedTuple

from rich.cells import cell_len, set_cell_size

from console.visible import visible

NULL = "∅"
"""How SQL NULL is drawn; the text `null` in a column looks different."""

Row = Sequence[str | None]


class GridColumn(NamedTuple):
    """How one column is drawn.

    Attributes:
        name: As the database writes it; made visible when drawn.
        width: Cells.
        numeric: Whether values stand at the right edge.
        place: Which of a row's values it shows.
        before: A mark in front of the name.
        after: A mark behind the name.
        dimmed: Whether its values stand back.
    """

    name: str
    width: int
    numeric: bool = False
    place: int = 0
    before: str = ""
    after: str = ""
    dimmed: bool = False


class Mark(NamedTuple):
    """What stands at the left of a row: one cell, and whether the row stands back."""

    glyph: str
    dimmed: bool = False


class GridSource:
    """Where rows come from; what a subclass does not say stays as it is here."""

    columns: Sequence[GridColumn] = ()
    """The columns, in order."""
    frozen = 0
    """How many columns, from the left, stay when the others are scrolled."""
    placeholder = "…"
    """What stands in place of a row that is not at hand."""
    marked = False
    """Whether rows have marks."""

    @property
    def row_count(self) -> int:
        """Rows that can be scrolled to; may be an estimate."""
        raise NotImplementedError

    @property
    def last(self) -> int | None:
        """The number of the last row; None where it must be looked for."""
        return self.row_count - 1

    def row(self, index: int) -> Row | None:
        """Returns a row, or None while it is not at hand."""
        raise NotImplementedError

    def mark(self, index: int) -> Mark | None:
        """Returns a row's mark."""
        return None


class RowsAtHand(GridSource):
    """A source whose rows are all in memory."""

    def __init__(self, columns: Sequence[GridColumn], rows: Sequence[Row], frozen: int = 0) -> None:
        self.columns = columns
        self.rows = rows
        self.frozen = frozen

    @property
    def row_count(self) -> int:
        """Number of rows."""
        return len(self.rows)

    def row(self, index: int) -> Row | None:
        """Returns a row."""
        return self.rows[index] if 0 <= index < len(self.rows) else None


def is_blank(text: str | None) -> bool:
    """Tells whether a value is no text, or none that anybody could see."""
    return not text or text.isspace()


def shown(text: str | None) -> str:
    """Returns what stands for a value: one that nobody could see stands in quotes."""
    if text is None:
        return NULL
    return f"'{text}'" if is_blank(text) else text


def shown_width(text: str | None) -> int:
    """Returns the cells a value takes."""
    text = shown(text)
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
                widths[index] = max(widths[index], shown_width(value))
    return tuple(
        GridColumn(name, min(width, widest), right, place)
        for place, (name, width, right) in enumerate(zip(names, widths, numeric, strict=True))
    )


def fit(text: str, width: int, *, right: bool = False) -> str:
    """Makes text visible, and cuts or pads it to a number of cells."""
    # What no cell shows need not be looked at.
    seen = text[: width + 1]
    if seen.isascii() and seen.isprintable():  # a cell for each character
        if len(seen) > width:
            return f"{seen[: width - 1]}…" if width > 0 else ""
        return seen.rjust(width) if right else seen.ljust(width)
    if len(text) > width + 1:
        text = f"{text[:width]}…"
    text = visible(text)
    length = len(text) if text.isascii() else cell_len(text)
    if length > width:
        return set_cell_size(text, width - 1) + "…" if width > 0 else ""
    return " " * (width - length) + text if right else text + " " * (width - length)
