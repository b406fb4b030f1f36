"""The rows of a window as a grid draws them: which columns, how wide, with which marks."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from rich.cells import cell_len

from console.access.marks import DENIED
from console.ui import words
from console.ui.widgets.placing import GAP
from console.ui.widgets.rows import GridColumn, GridSource, Mark, Row, fitted, shown_width
from console.visible import visible

if TYPE_CHECKING:
    from console.browse.page import Order, Page, Place
    from console.browse.window import Window

WIDEST = 300
"""Cells a column can be widened to: as many characters as are read of a value."""
NARROWEST = 3
_UUID = 14
"""Cells that tell one identifier from another, as a rule."""


@dataclass
class Shape:
    """How a person wants the columns of a relation, kept while the console runs.

    Attributes:
        widths: Cells of columns that were given others than they need.
        hidden: Columns that are not shown.
    """

    widths: dict[str, int] = field(default_factory=dict)
    hidden: set[str] = field(default_factory=set)


class WindowRows(GridSource):
    """What a window holds.

    Args:
        window: Where the rows are; its first page has been read.
        page: That page.
        shape: How the columns are wanted.
        order: What was asked to be sorted by; not what completes it.
        room: Cells there are, where identifiers are to be shown by their beginning if they do
            not do; 0 to show them whole.
    """

    def __init__(
        self, window: Window, page: Page, shape: Shape, order: tuple[Order, ...], room: int = 0
    ) -> None:
        self.window = window
        self.page = page
        self.shape = shape
        self.order = order
        self.denied: frozenset[str] = frozenset()
        """Columns that the lens may not read."""
        self.mark_of: Callable[[Place], Mark] | None = None
        """Tells the mark of the row at a place, where there is a lens."""
        self._key = [column.name for column in page.columns if column.primary_key]
        if page.rows:
            self._key = [name for name, _ in window.source.key(page.places[0])]
        names = [column.name for column in page.columns]
        numeric = [column.category == "N" for column in page.columns]
        self._most: dict[str, int] = {}
        columns = fitted(names, numeric, page.rows)
        if sum(column.width + GAP for column in columns) > room > 0:
            self._most = {column.name: _UUID for column in page.columns if column.base == "uuid"}
            columns = tuple(
                column._replace(width=min(column.width, self._most.get(column.name, WIDEST)))
                for column in columns
            )
        self._fitted = columns
        self.arrange()

    def arrange(self) -> None:
        """Lays the columns out: those of the key first, which stay when others scroll."""
        sorted_by = {part.column: "▼" if part.descending else "▲" for part in self.order}
        key = [name for name in self._key if name not in self.shape.hidden]
        columns = [
            column._replace(
                width=self.shape.widths.get(
                    column.name, self._roomy(column, column.name in sorted_by)
                ),
                before=f"{DENIED.glyph} " if column.name in self.denied else "",
                after=f" {sorted_by[column.name]}" if column.name in sorted_by else "",
                dimmed=column.name in self.denied,
            )
            for column in self._fitted
            if column.name not in self.shape.hidden
        ]
        columns.sort(key=lambda c: key.index(c.name) if c.name in key else len(key))
        self.columns: tuple[GridColumn, ...] = tuple(columns)
        self.frozen = sum(column.name in key for column in columns)
        self.marked = self.mark_of is not None

    def _roomy(self, column: GridColumn, is_sorted: bool) -> int:
        extra = 2 * is_sorted + 2 * (column.name in self.denied)
        return max(column.width, min(40, cell_len(visible(column.name)) + extra))

    def widen(self, number: int, step: int) -> None:
        """Gives a column more cells, or with a negative step fewer."""
        column = self.columns[number]
        width = max(NARROWEST, min(column.width + step, WIDEST))
        self.shape.widths[column.name] = width
        self.arrange()

    def grow(self, numbers: Iterable[int], rows: range) -> bool:
        """Gives columns the cells that rows further on need, up to what is usual.

        Returns:
            Whether anything has changed.
        """
        held = [row for row in map(self.row, rows) if row is not None]
        wider: dict[str, int] = {}
        for column in (self.columns[number] for number in numbers):
            most = self._most.get(column.name, 40)
            if column.name in self.shape.widths or column.width >= most:
                continue
            need = max((shown_width(row[column.place]) for row in held), default=0)
            if need > column.width:
                wider[column.name] = min(need, most)
        if wider:
            self._fitted = tuple(
                column._replace(width=wider.get(column.name, column.width))
                for column in self._fitted
            )
            self.arrange()
        return bool(wider)

    def fit(self, number: int, rows: range) -> None:
        """Gives a column the cells that its values in some rows need."""
        column = self.columns[number]
        name = cell_len(visible(column.name)) + len(column.before) + len(column.after)
        needs = [name]
        for index in rows:
            row = self.row(index)
            if row is not None:
                needs.append(shown_width(row[column.place]))
        self.shape.widths[column.name] = max(NARROWEST, min(max(needs), WIDEST))
        self.arrange()

    @property
    def row_count(self) -> int:
        """Rows that can be scrolled to."""
        return self.window.extent

    @property
    def last(self) -> int | None:
        """The number of the last row, where that is known."""
        return self.window.last

    def row(self, index: int) -> Row | None:
        """Returns a row; what is too big to look into says so."""
        found = self.window.find(index)
        if found is None:
            return None
        page, number = found
        row = page.rows[number]
        if page.big:
            return [
                f"‹{words.size(page.big[number, place])} stored›"
                if (number, place) in page.big
                else value
                for place, value in enumerate(row)
            ]
        return row

    def mark(self, index: int) -> Mark | None:
        """Returns the mark of a row that is at hand."""
        found = self.window.find(index)
        if found is None or self.mark_of is None:
            return None
        page, number = found
        return self.mark_of(page.places[number])
