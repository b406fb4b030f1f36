"""Which columns of a grid are on the screen, and where."""

from __future__ import annotations

from collections.abc import Iterator

from console.ui.widgets.rows import GridSource, fit

GAP = 2
"""Cells between two columns."""


class Placing:
    """Frozen columns at the left, and behind them the others from some column on.

    Sideways it is scrolled by whole columns, so that each begins where a column begins.

    Attributes:
        left: The first of the columns that are not frozen.
        frozen: How many are.
        placed: What is on the screen: the column's number, its first cell, its cells.
    """

    def __init__(self) -> None:
        self.left = 0
        self.frozen = 0
        self.placed: list[tuple[int, int, int]] = []

    def lay_out(self, source: GridSource, width: int) -> None:
        """Places the columns in the cells there are."""
        columns = source.columns
        self.frozen = _frozen(source, width)
        self.left = max(self.frozen, min(self.left, len(columns) - 1))
        self.placed = []
        cell = _edge(source)
        for number in (*range(self.frozen), *range(self.left, len(columns))):
            if cell >= width:
                break
            self.placed.append((number, cell, min(columns[number].width, width - cell)))
            cell += columns[number].width + GAP

    def follow(self, source: GridSource, width: int, wanted: int) -> bool:
        """Scrolls until a column is in sight.

        Returns:
            Whether anything has moved.
        """
        columns, before = source.columns, self.left
        frozen = _frozen(source, width)
        if not columns:
            return False
        if wanted < frozen:
            if wanted == 0:
                self.left = frozen
        elif wanted < self.left:
            self.left = wanted
        else:
            room = width - _edge(source) + GAP
            room -= sum(column.width + GAP for column in columns[:frozen])
            first = wanted
            room -= columns[first].width + GAP
            while first > self.left and room >= columns[first - 1].width + GAP:
                first -= 1
                room -= columns[first].width + GAP
            self.left = max(self.left, first)
        return self.left != before

    def header(self, source: GridSource, width: int) -> Iterator[tuple[int, str]]:
        """Yields the header's texts: a column's number with its name, or -1 with what is between.

        Marks tell that columns are scrolled away at a side.
        """
        cell = 0
        for number, start, room in self.placed:
            column = source.columns[number]
            away = number == self.left > self.frozen
            yield -1, ("‹" * away).rjust(start - cell)
            behind = column.after if len(column.after) < room else ""
            padded = fit(column.before + column.name, room - len(behind), right=column.numeric)
            name = padded.rstrip()
            yield number, name + behind + " " * (len(padded) - len(name))
            cell = start + room
        last = self.placed[-1][0] if self.placed else len(source.columns)
        more = "›" if last + 1 < len(source.columns) and cell < width else ""
        yield -1, more.rjust(width - cell)


def _edge(source: GridSource) -> int:
    """The cells before the first column: a mark and a blank, or a blank."""
    return 2 if source.marked else 1


def _frozen(source: GridSource, width: int) -> int:
    """How many columns stay: not more than leave half of the width for the others."""
    room, count = width // 2, 0
    for column in source.columns[: source.frozen]:
        room -= column.width + GAP
        if room < 0:
            break
        count += 1
    return count
