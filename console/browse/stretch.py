"""Runs of pages that follow each other without a gap, and the numbers of their rows."""

from __future__ import annotations

from bisect import bisect_right
from collections import OrderedDict

from console.browse.page import Page, Place

_LONGEST = 4_000
"""Pages of a stretch whose beginnings are remembered."""
_OVERHEAD = 60
"""Bytes a value takes besides its text."""


class Sheet:
    """A page's place in a stretch; the page itself may have been let go.

    Attributes:
        first: The place of its first row, to read it again.
        last: The place of its last row.
        count: How many rows it has.
    """

    __slots__ = ("count", "first", "last", "page")

    def __init__(self, page: Page) -> None:
        self.first: Place = page.places[0]
        self.last: Place = page.places[-1]
        self.count = len(page.rows)
        self.page: Page | None = page


class Stretch:
    """Pages one after another.

    Attributes:
        start: The number of the first row, from 0.
        exact: Whether that number is known, rather than estimated.
        at_start: Whether no row comes before.
        at_end: Whether no row follows.
    """

    def __init__(self, start: int, page: Page, *, exact: bool) -> None:
        self.start = start
        self.exact = exact
        self.at_start = not page.before
        self.at_end = not page.more
        self.sheets = [Sheet(page)]
        self._offsets = [0, len(page.rows)]

    @property
    def end(self) -> int:
        """The number after the last row's."""
        return self.start + self._offsets[-1]

    def __contains__(self, index: int) -> bool:
        return self.start <= index < self.end

    def find(self, index: int) -> tuple[Sheet, int]:
        """Returns the sheet that holds a row, and which of its rows it is."""
        number = bisect_right(self._offsets, index - self.start) - 1
        return self.sheets[number], index - self.start - self._offsets[number]

    def append(self, page: Page) -> None:
        """Puts a page after the last one; an empty one says that there is no more."""
        self.at_end = not page.more
        if page.rows:
            self.sheets.append(Sheet(page))
            self._offsets.append(self._offsets[-1] + len(page.rows))
        if len(self.sheets) > _LONGEST:
            dropped = self._offsets[_LONGEST // 2]
            del self.sheets[: _LONGEST // 2]
            self._offsets = [offset - dropped for offset in self._offsets[_LONGEST // 2 :]]
            self.start += dropped
            self.at_start = False

    def prepend(self, page: Page) -> None:
        """Puts a page before the first one, which keeps its number."""
        self.at_start = not page.before
        if page.rows:
            self.sheets.insert(0, Sheet(page))
            self.start -= len(page.rows)
            self._count()
        if len(self.sheets) > _LONGEST:
            del self.sheets[_LONGEST // 2 :]
            self.at_end = False
            self._count()

    def replace(self, sheet: Sheet, page: Page) -> None:
        """Takes a page that was read again; what no longer follows on from it is dropped."""
        number = self.sheets.index(sheet)
        same = bool(page.rows) and page.places[-1] == sheet.last
        self.sheets[number : number + 1 if same else None] = [Sheet(page)] if page.rows else []
        if not same:
            self.at_end = not page.more
        self._count()

    def _count(self) -> None:
        self._offsets = [0]
        for sheet in self.sheets:
            self._offsets.append(self._offsets[-1] + sheet.count)


class Shelf:
    """Keeps the pages used last, up to a number and an amount of memory.

    Args:
        pages: How many.
        size: Bytes, roughly.
    """

    def __init__(self, pages: int, size: int) -> None:
        self._most, self._size = pages, size
        self._held: OrderedDict[Sheet, int] = OrderedDict()
        self._taken = 0

    def touch(self, sheet: Sheet) -> None:
        """Says that a page is in use; those not used for longest may be let go for it."""
        if sheet in self._held:
            self._held.move_to_end(sheet)
            return
        if sheet.page is None:
            return
        self._held[sheet] = _weight(sheet.page)
        self._taken += self._held[sheet]
        # Whatever its size, the newest stays.
        while len(self._held) > 1 and (len(self._held) > self._most or self._taken > self._size):
            oldest, weight = self._held.popitem(last=False)
            oldest.page = None
            self._taken -= weight

    def forget(self, stretch: Stretch) -> None:
        """Lets the pages of a stretch go."""
        for sheet in stretch.sheets:
            self._taken -= self._held.pop(sheet, 0)


def _weight(page: Page) -> int:
    cells = len(page.columns) + len(page.order) + 1
    texts = sum(len(value) for row in page.rows for value in row if value is not None)
    return len(page.rows) * cells * _OVERHEAD + texts
