"""How many entries a log gets, over the last minutes, for sparklines."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterable
from datetime import datetime, timedelta

from console.logs.source import LogEntry, microseconds


class Rates:
    """Entries per source and stretch of time, by the entries' own time.

    Args:
        width: Length of a stretch.
        kept: How many stretches are remembered.
    """

    def __init__(self, width: timedelta = timedelta(seconds=1), kept: int = 60) -> None:
        self._width = width // timedelta(microseconds=1)
        self._kept = kept
        self._counts: defaultdict[str, Counter[int]] = defaultdict(Counter)

    def add(self, entries: Iterable[LogEntry]) -> None:
        """Counts entries; those without a time are in no stretch."""
        for entry in entries:
            if entry.time is not None:
                self._counts[entry.source][microseconds(entry.time) // self._width] += 1

    def read(self, source: str, now: datetime) -> list[int]:
        """Returns the counts up to now, the oldest first; always as many as are kept.

        Args:
            source: The log.
            now: The server's clock, such as `Completeness.complete_to`; it only goes forward.
        """
        last = microseconds(now) // self._width
        counts = self._counts[source]
        for stretch in [old for old in counts if old <= last - self._kept]:
            del counts[stretch]
        return [counts[stretch] for stretch in range(last - self._kept + 1, last + 1)]
