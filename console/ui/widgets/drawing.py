"""How the lines of a grid look: texts and styles, side by side."""

from __future__ import annotations

from collections.abc import Iterable
from typing import NamedTuple

from rich.segment import Segment
from rich.style import Style

from console.ui.widgets.placing import Placing
from console.ui.widgets.rows import GridSource, Row, fit, is_blank, shown


class Look(NamedTuple):
    """The styles of a grid; all but the first say only how they differ from it."""

    base: Style
    header: Style
    header_cursor: Style
    null: Style
    dimmed: Style
    row: Style
    cell: Style


def draw_header(
    look: Look, placing: Placing, source: GridSource, width: int, cursor: int
) -> list[Segment]:
    """Draws the names of the columns; that of the cursor's stands out."""
    style = look.base + look.header
    marked = style + look.header_cursor
    return [
        Segment(text, marked if number == cursor else style)
        for number, text in placing.header(source, width)
    ]


def draw_row(
    look: Look,
    placed: Iterable[tuple[int, int, int]],
    source: GridSource,
    index: int,
    row: Row,
    width: int,
    cursor: int | None,
) -> list[Segment]:
    """Draws a row.

    Args:
        look: The styles.
        placed: The columns on the screen, see `Placing`.
        source: Where the row comes from.
        index: Its number.
        row: What it holds.
        width: Cells there are.
        cursor: The cursor's column, if this is the row under it.
    """
    mark = source.mark(index) if source.marked else None
    style = look.base if cursor is None else look.base + look.row
    null, dimmed = style + look.null, style + look.dimmed
    plain = dimmed if mark is not None and mark.dimmed else style
    segments: list[Segment] = []
    # Neighbours of one style are joined: each costs an escape sequence on the wire.
    text, drawn = mark.glyph if mark is not None else "", plain
    cell = len(text)
    for number, start, room in placed:
        column = source.columns[number]
        value = row[column.place]
        if number == cursor:
            chosen = style + look.cell
        elif is_blank(value):
            chosen = null
        else:
            chosen = dimmed if column.dimmed else plain
        text += " " * (start - cell)
        if chosen is not drawn:
            segments.append(Segment(text, drawn))
            text, drawn = "", chosen
        text += fit(shown(value), room, right=column.numeric)
        cell = start + room
        if drawn is not plain:
            segments.append(Segment(text, drawn))
            text, drawn = "", plain
    # What stands over the last cell cuts a row there, and Rich remembers each text that it cut.
    segments.append(Segment(text + " " * (width - cell - 1), drawn))
    if cell < width:
        segments.append(Segment(" ", drawn))
    return segments
