"""Rows by number, as a screen wants them, over pages read as they are needed.

What is asked for next is read before it is asked for, and what was used last is kept.
"""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Callable

from console.browse.count import Certainty, Total, planned_rows
from console.browse.numbering import Numbering
from console.browse.page import Page, Row
from console.browse.position import (
    After,
    At,
    Before,
    First,
    Fraction,
    Last,
    Position,
    RowNumber,
)
from console.browse.source import PageSource
from console.browse.stretch import Sheet, Shelf, Stretch
from console.errors import ConsoleError

_COUNTED = 2_000
"""Rows that a jump counts its way past, so that the number is exact."""
_SMALL = 10_000
"""Rows of a table in which every jump counts."""
_ROUNDS = 100
_PAUSE = 0.1
"""Seconds after the first page or a jump, which are painted first, before more is read."""
_PATIENCE = 0.2
"""Seconds a jump waits for a page that is being read ahead, before that is cancelled."""


class Window:
    """The rows of a source, read ahead in both directions and kept while there is room.

    Args:
        source: Where pages come from.
        on_shift: Told when rows on the screen get other numbers: what was row i is now row
            i + n.
        on_change: Told when something was read ahead: there may be more rows, or a total.
        pages: Pages kept at most.
        size: Bytes they may take, roughly.
    """

    def __init__(
        self,
        source: PageSource,
        *,
        on_shift: Callable[[int], None] = lambda rows: None,
        on_change: Callable[[], None] = lambda: None,
        pages: int = 32,
        size: int = 8 << 20,
    ) -> None:
        self.source = source
        self._on_change = on_change
        self._shelf = Shelf(pages, size)
        self._numbers = Numbering(source.size, on_shift, self._shelf)
        self._down = True
        self._lock = asyncio.Lock()
        self._ahead: asyncio.Task[None] | None = None
        self._failed: Stretch | None = None
        self._hurry = asyncio.Event()

    @property
    def extent(self) -> int:
        """Rows that can be asked for; what it is worth, `total` tells."""
        return self._numbers.extent

    @property
    def total(self) -> Total:
        """How many rows there are, as far as that is known."""
        return self._numbers.total

    def find(self, index: int) -> tuple[Page, int] | None:
        """Returns the page at hand that holds a row, and which of its rows it is."""
        stretch = self._numbers.holding(index)
        if stretch is None:
            return None
        sheet, number = stretch.find(index)
        return None if sheet.page is None else (sheet.page, number)

    def row(self, index: int) -> Row | None:
        """Returns a row, or None while it is not at hand."""
        found = self.find(index)
        return None if found is None else found[0].rows[found[1]]

    def is_exact(self, index: int) -> bool:
        """Tells whether a row's number is known rather than estimated."""
        stretch = self._numbers.holding(index)
        return stretch is not None and stretch.exact

    @property
    def progress(self) -> float | None:
        """The share that was searched, where rows are searched for; None where pages are read."""
        return self.source.progress

    @property
    def last(self) -> int | None:
        """The number of the last row; None while the end was not met."""
        return self._numbers.last

    async def open(self) -> Page:
        """Reads the first page, and learns how far there is to scroll.

        Raises:
            ConsoleError: The server refused, or the connection is gone.
        """
        async with self._lock:
            page = await self.source.fetch(First())
            selection = self.source.selection
            guess = None if selection.chosen.terms else selection.relation.rows_estimate
            numbers = self._numbers
            numbers.extent = len(page.rows) + (self.source.size if page.more else 0)
            if not page.more:
                numbers.certainty = Certainty.EXACT
            elif guess is not None and not self.source.secured:
                numbers.extent = max(guess, len(page.rows) + 1)
                numbers.certainty = Certainty.ESTIMATE
            elif not self.source.numbered and self.source.progress is None:
                planned = await planned_rows(
                    self.source.session, selection.relation, selection.chosen
                )
                numbers.extent = max(planned, self.extent)
            if page.rows:
                self._numbers.settle(Stretch(0, page, exact=True))
        self._numbers.asked = range(min(len(page.rows), 1))
        self._read_ahead(_PAUSE)
        return page

    def counted(self, rows: int) -> None:
        """Takes note of a count of all rows."""
        self._numbers.counted(rows)

    async def show(self, first: int, last: int) -> bool:
        """Makes the rows from one number to another be at hand, then reads ahead.

        Returns:
            Whether all are; where rows are searched for, there may be some that were not found
            yet.

        Raises:
            ConsoleError: The server refused, or the connection is gone.
        """
        self._down = first >= self._numbers.asked.start
        self._numbers.asked = range(max(0, first), min(last + 1, self.extent))
        delay = 0.0
        if self._missing() is not None:
            if not self._is_near(self._numbers.asked.start):
                await self._make_way()
                delay = _PAUSE
            async with self._lock:
                for _ in range(_ROUNDS if self.progress is None else 1):
                    missing = self._missing()
                    if missing is None:
                        break
                    await self._load(missing)
        self._read_ahead(delay)
        return self.progress is None or self._missing() is None

    async def show_last(self, rows: int) -> int:
        """Makes the last rows be at hand.

        Returns:
            The number of the last row, or -1 where there are none.

        Raises:
            ConsoleError: The server refused, or the connection is gone.
        """
        numbers = self._numbers
        if numbers.last is None:
            await self._make_way()
            numbers.asked = range(0)
            async with self._lock:
                page = await self.source.fetch(Last())
                if page.rows:
                    # Where places are row numbers, this one is known.
                    start = int(page.places[0][0] or 0) if self.source.numbered else None
                    about = max(0, self.extent - len(page.rows))
                    exact = start is not None
                    numbers.settle(Stretch(about if start is None else start, page, exact=exact))
        if numbers.last is not None:
            await self.show(numbers.last - rows + 1, numbers.last)
        return -1 if numbers.last is None else numbers.last

    def stay(self) -> None:
        """Contents itself with what was found of rows that are searched for."""
        if self.progress is not None and self._numbers.stretches:
            stretch = self._numbers.stretches[0]
            self._numbers.extent = min(self.extent, stretch.end)

    async def stop(self) -> None:
        """Ends reading ahead."""
        ahead, self._ahead = self._ahead, None
        if ahead is not None:
            ahead.cancel()
            await asyncio.wait({ahead})

    async def close(self) -> None:
        """Ends reading ahead, and lets go of what the server holds."""
        await self.stop()
        await self.source.close()

    def _missing(self) -> int | None:
        for index in self._numbers.asked:
            stretch = self._numbers.holding(index)
            if stretch is None:
                return index
            sheet, _ = stretch.find(index)
            if sheet.page is None:
                return index
            self._shelf.touch(sheet)
        return None

    def _is_near(self, index: int) -> bool:
        reach = 2 * self.source.size
        return any(s.start - reach <= index < s.end + reach for s in self._numbers.stretches[:1])

    async def _load(self, index: int) -> None:
        stretch = self._numbers.holding(index)
        if stretch is not None:
            sheet, _ = stretch.find(index)
            await self._reload(stretch, sheet)
            return
        reach = 2 * self.source.size
        for near in self._numbers.stretches:
            below = near.end <= index < near.end + reach and not near.at_end
            above = near.start - reach <= index < near.start and not near.at_start
            if below or above:
                await self._extend(near, down=below)
                return
        await self._jump(index)

    async def _reload(self, stretch: Stretch, sheet: Sheet) -> None:
        page = await self.source.fetch(At(sheet.first), sheet.count)
        number = stretch.sheets.index(sheet)
        stretch.replace(sheet, page)
        if not stretch.sheets:
            self._numbers.forget([stretch])
        else:
            self._numbers.settle(stretch)
            if page.rows:
                self._shelf.touch(stretch.sheets[number])

    async def _extend(self, stretch: Stretch, *, down: bool) -> None:
        if down:
            stretch.append(await self.source.fetch(After(stretch.sheets[-1].last)))
        else:
            stretch.prepend(await self.source.fetch(Before(stretch.sheets[0].first)))
        self._failed = None
        self._numbers.settle(stretch)

    async def _jump(self, index: int) -> None:
        size = self.source.size
        position: Position
        if self.source.numbered:
            index -= index % size
            position = RowNumber(index)
        elif index < size:
            index, position = 0, First()
        elif index <= _COUNTED or self.extent <= _SMALL:
            index -= index % size
            position = RowNumber(index)
        elif index >= self.extent - size:
            position = Last()
        else:
            position = Fraction(index / self.extent)
        few: int | None = None
        if isinstance(position, Fraction):
            # What is looked at comes sooner without what may never be; that is read ahead.
            few = min(size, 2 * len(self._numbers.asked))
        page = await self.source.fetch(position, few)
        if not page.rows and not isinstance(position, First):
            position = Last()
            page = await self.source.fetch(position)
        if not page.rows:
            self._numbers.emptied()
            return
        if isinstance(position, Last):
            index = max(0, self.extent - len(page.rows))
        exact = isinstance(position, First | RowNumber)
        self._numbers.settle(Stretch(index, page, exact=exact))

    async def _make_way(self) -> None:
        """Ends reading ahead: what is nearly there is awaited, for a cancellation takes longer."""
        if self._ahead is not None and not self._ahead.done():
            self._hurry.set()
            await asyncio.wait({self._ahead}, timeout=_PATIENCE)
            await self.stop()

    def _read_ahead(self, delay: float = 0.0) -> None:
        if self._ahead is None or self._ahead.done():
            self._hurry.clear()
            self._ahead = asyncio.ensure_future(self._extend_ahead(delay))

    async def _extend_ahead(self, delay: float) -> None:
        """Reads what is likely wanted next: onwards first, then the other way."""
        if delay:
            # Who has just jumped may well jump again.
            with contextlib.suppress(TimeoutError):
                await asyncio.wait_for(self._hurry.wait(), delay)
        for down in (self._down, not self._down):
            while not self._hurry.is_set():
                async with self._lock:
                    stretch = self._numbers.holding(self._numbers.asked.start)
                    if stretch is None or not self._is_short(stretch, down):
                        break
                    try:
                        await self.source.prepare()
                        await self._extend(stretch, down=down)
                        self._on_change()
                    except ConsoleError:
                        # Whoever asks for these rows will hear of it; nobody has yet.
                        self._failed = stretch
                        return

    def _is_short(self, stretch: Stretch, down: bool) -> bool:
        if stretch is self._failed or self.progress is not None:
            return False
        size = self.source.size
        if down:
            return not stretch.at_end and stretch.end - self._numbers.asked.stop < 2 * size
        return not stretch.at_start and self._numbers.asked.start - stretch.start < size
