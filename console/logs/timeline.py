"""The logs as one timeline of bounded length, for the screen.

It is a window on an endless list: new entries come in at the end, older pages at the beginning,
and what is too much leaves at the other side. It never has holes: an entry whose neighbours are
not in the window does not enter it.
"""

from __future__ import annotations

from bisect import bisect_left
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from typing import cast

from console.logs.filter import LogFilter, folded
from console.logs.history import EVERYTHING, HistoryPage
from console.logs.poll import Gap, Mark, Sighting
from console.logs.source import EntryKey, LogEntry

CAPACITY = 10_000
"""Lines in the window."""

_Id = tuple[str, str]


@dataclass(frozen=True, slots=True)
class Line:
    """An entry in the timeline, or a gap.

    Attributes:
        key: Its place.
        mark: How the entry came into view.
        before: What a changed entry said before, where that is known.
    """

    key: EntryKey
    entry: LogEntry | None
    mark: Mark = Mark.STORED
    before: LogEntry | None = None
    gap: Gap | None = None


class Timeline:
    """A window on the merged logs.

    Args:
        where: Which entries it shows.
        capacity: How many lines it holds.

    Attributes:
        lines: In order of time.
        undated: Entries without a time, in order of log and id.
        at_start: Whether nothing lies before the first line.
        at_end: Whether new entries follow the last line. Otherwise read on with `append`.
        paused: Whether new entries wait.
        waiting: How many do.
        left: Entries that have left the window, or were too old for it.
        counts: Every sighting so far, by log, wanted or not.
    """

    def __init__(self, where: LogFilter = EVERYTHING, *, capacity: int = CAPACITY) -> None:
        self.where = where
        self.capacity = capacity
        self.lines: list[Line] = []
        self.undated: list[Line] = []
        self.at_start = True
        self.at_end = True
        self.paused = False
        self.waiting = 0
        self.left = 0
        self.counts: Counter[str] = Counter()
        self._keys: dict[_Id, EntryKey] = {}
        self._pending: dict[_Id, Line] = {}
        self._dropped = False

    def reset(self, page: HistoryPage) -> None:
        """Begins anew with the newest entries; what waits comes after them."""
        self.lines, self.undated, self._keys = [], [], {}
        self.at_start = self.at_end = True
        self._merge([_stored(entry) for entry in page.entries])
        self.at_start = not page.more
        if not self.paused:
            self.resume()

    def add(self, sightings: Iterable[Sighting]) -> None:
        """Takes in what the tail has seen, where it belongs; or lets it wait."""
        lines = []
        for seen in sightings:
            self.counts[seen.entry.source] += 1
            if self.where.matches(seen.entry):
                lines.append(Line(seen.entry.key, seen.entry, seen.mark))
        if self.paused:
            self._wait(lines)
        else:
            self._merge(lines)

    def add_gap(self, gap: Gap) -> None:
        """Shows a gap where it ends."""
        line = Line((gap.end, "~", 0, gap.source), None, gap=gap)
        position = bisect_left(self.lines, line.key, key=_key)
        self.lines.insert(position, line)
        self._trim(old_side=True)

    def pause(self) -> None:
        """Lets new entries wait from now on."""
        self.paused = True

    def resume(self) -> bool:
        """Takes in what waited.

        Returns:
            Whether the window now ends with the newest entry. If not, because one has gone far
            back meanwhile, `reset` it with the newest page.
        """
        self.paused = False
        if not self.at_end:
            return False
        lines, self._pending, self.waiting = list(self._pending.values()), {}, 0
        # Where some were dropped, the others fill the window: what it held before gives way.
        self.at_start = self.at_start and not self._dropped
        self._dropped = False
        self._merge(lines)
        return True

    def prepend(self, page: HistoryPage) -> None:
        """Takes in the page before the first line; the window's end may be left behind."""
        self.at_start = True
        self._merge([_stored(entry) for entry in page.entries], old_side=False)
        self.at_start = not page.more

    def append(self, page: HistoryPage) -> None:
        """Takes in the page after the last line, on the way back to the end."""
        self.at_end = True
        self._merge([_stored(entry) for entry in page.entries])
        self.at_end = not page.more

    def find(self, key: EntryKey) -> int:
        """Returns the index of a line, or of the one that would follow it."""
        return bisect_left(self.lines, key, key=_key)

    def search(self, text: str, start: int, *, forward: bool = True) -> int | None:
        """Finds the next line that holds a text, A to Z in either case.

        Args:
            text: What to look for: in action, resource, user, ids and metadata.
            start: Index of the line to begin after.
            forward: Towards the newest.
        """
        needle = folded(text)
        indexes = range(start + 1, len(self.lines)) if forward else range(start - 1, -1, -1)
        return next((index for index in indexes if needle in _words(self.lines[index])), None)

    def _wait(self, lines: Sequence[Line]) -> None:
        for line in lines:
            if line.mark is not Mark.CHANGED:
                self.waiting += 1
            known = self._pending.get(_id(line))
            if known is not None:
                line = replace(line, before=known.before or known.entry)
            self._pending[_id(line)] = line
        if len(self._pending) > 2 * self.capacity:
            # Only the newest can still be in the window when they come in.
            newest = sorted(self._pending.values(), key=_key)[-self.capacity :]
            self.left += len(self._pending) - len(newest)
            self._dropped = True
            self._pending = {_id(line): line for line in newest}

    def _merge(self, lines: Iterable[Line], *, old_side: bool = True) -> None:
        fresh = []
        bounds = (self.lines[0].key, self.lines[-1].key) if self.lines else None
        for line in lines:
            place = self._keys.get(_id(line))
            if place is not None:
                if line.mark is not Mark.CHANGED:
                    continue
                line = self._replaced(line, place)
            if line.entry is not None and line.entry.time is None:
                self._insert_undated(line)
            elif bounds is not None and self._outside(line.key, *bounds):
                self.left += 1
            else:
                fresh.append(line)
                self._keys[_id(line)] = line.key
        if fresh:
            fresh.sort(key=_key)
            position = bisect_left(self.lines, fresh[0].key, key=_key)
            self.lines[position:] = sorted([*self.lines[position:], *fresh], key=_key)
        self._trim(old_side=old_side)

    def _outside(self, key: EntryKey, first: EntryKey, last: EntryKey) -> bool:
        """Tells whether entries may be missing between a place and the window."""
        return (not self.at_start and key < first) or (not self.at_end and key > last)

    def _replaced(self, line: Line, place: EntryKey) -> Line:
        """Takes the old form of a changed entry out and gives it to the new one."""
        del self._keys[_id(line)]
        for lines in (self.lines, self.undated):
            position = bisect_left(lines, place, key=_key)
            if lines[position : position + 1] and lines[position].key == place:
                old = lines.pop(position)
                return replace(line, before=line.before or old.before or old.entry)
        return line

    def _insert_undated(self, line: Line) -> None:
        if len(self.undated) < self.capacity:
            self.undated.insert(bisect_left(self.undated, line.key, key=_key), line)
            self._keys[_id(line)] = line.key
        else:
            self.left += 1

    def _trim(self, *, old_side: bool) -> None:
        excess = len(self.lines) - self.capacity
        if excess <= 0:
            return
        gone = self.lines[:excess] if old_side else self.lines[-excess:]
        self.lines = self.lines[excess:] if old_side else self.lines[:-excess]
        for line in gone:
            if line.entry is not None:
                del self._keys[_id(line)]
        if old_side:
            self.at_start = False
        else:
            self.at_end = False
        self.left += len(gone)


def _stored(entry: LogEntry) -> Line:
    return Line(entry.key, entry)


def _key(line: Line) -> EntryKey:
    return line.key


def _id(line: Line) -> _Id:
    entry = cast("LogEntry", line.entry)
    return entry.source, entry.id


def _words(line: Line) -> str:
    entry = line.entry
    if entry is None:
        return folded(line.gap.reason if line.gap else "")
    parts = (entry.action, entry.resource, entry.user, entry.resource_id, entry.id, entry.detail)
    return folded("\n".join(part for part in parts if part))
