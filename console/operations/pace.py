"""How a long run goes on: pause, cancel, how far it is, how big a batch may be."""

from __future__ import annotations

import asyncio
import time
from collections import deque
from dataclasses import dataclass

SMALLEST_BATCH = 100
_SLOW, _QUICK = 0.5, 0.125
"""Seconds from which on a batch is too big, and below which it may grow."""
_WINDOW = 5.0


class Control:
    """How whoever watches a run takes part in it; takes effect between two batches."""

    def __init__(self) -> None:
        self.cancelled = False
        self._going = asyncio.Event()
        self._going.set()

    @property
    def paused(self) -> bool:
        """Whether the run waits, or will after this batch."""
        return not self._going.is_set()

    def pause(self) -> None:
        """Lets the run wait; it holds nothing meanwhile."""
        self._going.clear()

    def resume(self) -> None:
        """Lets it go on."""
        self._going.set()

    def cancel(self) -> None:
        """Ends the run after this batch; what is deleted stays deleted."""
        self.cancelled = True
        self._going.set()

    async def gate(self) -> bool:
        """Waits while the run is paused; tells whether it goes on."""
        await self._going.wait()
        return not self.cancelled


@dataclass(frozen=True, slots=True)
class Progress:
    """How far a run is.

    Attributes:
        target: The table it is at, or what else is worked on.
        number: Of how many targets this one is, from 1.
        targets: How many there are.
        state: `working`, `waiting` (for another's lock), `paused` or `finishing`.
        done: Rows of this target so far.
        announced: Rows it was to be; None where that is not known.
        batches: Of this target so far.
        total: Rows of all targets so far.
        rate: Rows a second, of the last seconds.
        eta: Seconds this target still takes at that rate; None where nobody can tell.
        elapsed: Seconds since the run began.
    """

    target: str
    number: int
    targets: int
    state: str
    done: int
    announced: int | None
    batches: int
    total: int
    rate: float
    eta: float | None
    elapsed: float


class Pace:
    """Measures a run, and sizes its batches so that nobody waits long for one.

    Args:
        most: Rows of a batch at most.
    """

    def __init__(self, most: int) -> None:
        self.most = most
        self.limit = most
        self._marks: deque[tuple[float, int]] = deque([(time.perf_counter(), 0)])
        self._total = 0

    def took(self, seconds: float, rows: int) -> None:
        """Notes a batch."""
        now = time.perf_counter()
        self._total += rows
        self._marks.append((now, self._total))
        while len(self._marks) > 2 and now - self._marks[0][0] > _WINDOW:
            self._marks.popleft()
        if seconds > _SLOW:
            self.shrink()
        elif seconds < _QUICK:
            self.limit = min(self.most, self.limit * 2)

    def shrink(self) -> bool:
        """Makes batches smaller; tells whether that was possible."""
        before = self.limit
        self.limit = max(min(SMALLEST_BATCH, self.most), self.limit // 2)
        return self.limit < before

    def size(self, left: int | None) -> int:
        """Returns the rows of the next batch; the last two share what is left.

        A last one that falls a few rows short costs another look at the whole table.

        Args:
            left: Rows still to go, as far as they were announced; None where that is not known.
        """
        if left is not None and self.limit < left <= 2 * self.limit:
            return min(self.limit, left // 2 + self.limit // 50 + 1)
        return self.limit

    @property
    def rate(self) -> float:
        """Rows a second, of the last seconds."""
        (first, rows), (last, total) = self._marks[0], self._marks[-1]
        return (total - rows) / (last - first) if last > first else 0.0

    def eta(self, left: int | None) -> float | None:
        """Seconds that so many rows still take."""
        if left is None or self.rate <= 0:
            return None
        return max(left, 0) / self.rate
