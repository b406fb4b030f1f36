"""Which number a row has on the screen, where rows are known in several runs of pages.

Numbers counted from the beginning are exact. A run that began with a jump has estimates: when
it meets the beginning or the end, its rows get the numbers they have, and whoever shows them is
told how far they moved.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable

from console.browse.count import Certainty, Total
from console.browse.stretch import Shelf, Stretch

_STRETCHES = 12


class Numbering:
    """The stretches at hand and the scale they lie on.

    Args:
        size: Rows of a page.
        on_shift: Told when rows that were asked for get other numbers.
        shelf: Where pages are kept.

    Attributes:
        extent: Rows that can be asked for.
        certainty: What that is worth.
        asked: The numbers asked for last; they follow their rows.
        stretches: The one used last first; no two share a number.
    """

    def __init__(self, size: int, on_shift: Callable[[int], None], shelf: Shelf) -> None:
        self.extent = 0
        self.certainty = Certainty.AT_LEAST
        self.asked = range(0)
        self.stretches: list[Stretch] = []
        self._size = size
        self._on_shift = on_shift
        self._shelf = shelf
        self._seen = 0

    @property
    def total(self) -> Total:
        """How many rows there are, as far as that is known."""
        if self.certainty is Certainty.AT_LEAST:
            return Total(self._seen, self.certainty)
        return Total(self.extent, self.certainty)

    @property
    def last(self) -> int | None:
        """The number of the last row; None while the end was not met."""
        ends = [stretch.end for stretch in self.stretches if stretch.at_end]
        return max(ends) - 1 if ends else None

    def holding(self, index: int) -> Stretch | None:
        """Returns the stretch in which a row lies."""
        return next((stretch for stretch in self.stretches if index in stretch), None)

    def counted(self, rows: int) -> None:
        """Takes note of a count of all rows; what was met stays, on the scale there is now."""
        known = max((stretch.end for stretch in self.stretches if stretch.exact), default=0)
        scale = max(rows, known) / max(1, self.extent)
        self.extent, self.certainty = max(rows, known), Certainty.EXACT
        # The one used last comes last: it is not to give way to the others.
        for stretch in self.stretches[::-1]:
            if stretch not in self.stretches or (stretch.exact and not stretch.at_end):
                continue
            if not stretch.at_end:
                before, length = stretch.start, stretch.end - stretch.start
                stretch.start = min(round(before * scale), self.extent - length - 1)
                if stretch.start < known:
                    self.forget([stretch])
                    continue
                self._move(stretch, before)
            self.settle(stretch)

    def emptied(self) -> None:
        """Takes note that there are no rows any more."""
        self.forget(self.stretches)
        self.extent, self.certainty, self.asked = 0, Certainty.EXACT, range(0)

    def settle(self, stretch: Stretch) -> None:
        """Gives a stretch that is new or has grown its place among the others."""
        before = stretch.start
        others = [other for other in self.stretches if other is not stretch]
        floor = max((other.end for other in others if other.exact and other.at_start), default=1)
        if stretch.at_start:
            stretch.start, stretch.exact = 0, True
        elif not stretch.exact and stretch.start < floor:
            # More rows come before than there are numbers left for.
            stretch.start = floor + max(10 * self._size, self.extent // 200)
        if stretch.at_end:
            if stretch.exact:
                self.extent, self.certainty = stretch.end, Certainty.EXACT
            else:
                self.extent = max(self.extent, floor + stretch.end - stretch.start)
                stretch.start += self.extent - stretch.end
                stretch.exact = self.certainty is Certainty.EXACT
        elif stretch.end >= self.extent:
            self.extent = stretch.end + self._size
            if self.certainty is Certainty.EXACT:
                self.certainty = Certainty.ESTIMATE
        kept = [
            other
            for other in others
            if (other.end <= stretch.start or stretch.end <= other.start)
            and other.end <= self.extent
            and (other.exact or not other.at_end or other.end == self.extent)
        ]
        self.forget([other for other in others if other not in kept] + kept[_STRETCHES:])
        self.stretches = [stretch, *kept[:_STRETCHES]]
        self._seen = max(self._seen, stretch.end - (0 if stretch.exact else stretch.start))
        for sheet in stretch.sheets[:1] + stretch.sheets[-1:]:
            self._shelf.touch(sheet)
        self._move(stretch, before)

    def _move(self, stretch: Stretch, before: int) -> None:
        """Lets what was asked for follow its rows."""
        rows = stretch.start - before
        shown = before <= self.asked.start < before + stretch.end - stretch.start
        if rows and self.asked and shown:
            self.asked = range(max(0, self.asked.start + rows), self.asked.stop + rows)
            self._on_shift(rows)
        self.asked = range(self.asked.start, min(self.asked.stop, self.extent))

    def forget(self, stretches: Iterable[Stretch]) -> None:
        """Lets go of some stretches and their pages."""
        gone = list(stretches)
        for stretch in gone:
            self._shelf.forget(stretch)
        self.stretches = [stretch for stretch in self.stretches if stretch not in gone]
