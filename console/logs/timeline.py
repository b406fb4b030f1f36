"""The logs as one timeline of bounded length, for the screen.

It is a window on an endless list: new entries come in at the end, older pages at the beginning,
and what is too much leaves at the other side. It never has holes: an entry whose neighbours are
not in the window does not enter it.
"""

from __future__ import annotations

from bisect import bisect_left
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import cast

from console.logs.filter import LogFilter, folded
from console.logs.history import EVERYTHING, HistoryPage
from console.logs.poll import Gap, Mark, Sighting
from console.logs.source import EntryKey, LogEntry

CAPACITY = 10_000
"""Lines in the window."""

_ASIDES = 500
_NOBODY: Mapping[str, str] = {}

_Id = tuple[str, str]


@dataclass(frozen=True, slots=True)
class Line:
    """An entry in the timeline, a gap, or a note.

    Attributes:
        key: Its place.
        mark: How the entry came into view.
        before: What a changed entry said before, where that is known.
        note: What happened to the tail, such as a lost connection.
    """

    key: EntryKey
    entry: LogEntry | None
    mark: Mark = Mark.STORED
    before: LogEntry | None = None
    gap: Gap | None = None
    note: str = ""


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
        self._marked: dict[_Id, Line] = {}
        self._asides: dict[EntryKey, Line] = {}

    def narrowed(self, where: LogFilter) -> Timeline:
        """Makes a paused timeline with another filter, to be fed beside this one.

        Once the newest page was read, `reset` it and `resume`: nothing that came meanwhile is
        missing, and what was late or changed is still marked.
        """
        other = Timeline(where, capacity=self.capacity)
        other.counts = self.counts.copy()
        other._marked, other._asides = self._marked, self._asides
        other.pause()
        return other

    def reset(self, page: HistoryPage) -> None:
        """Begins anew with the newest entries; what waits comes after them."""
        self.lines, self.undated, self._keys = [], [], {}
        self.at_start = self.at_end = True
        self._merge(map(self._stored, page.entries))
        self.at_start = not page.more
        self._restore_asides()
        if not self.paused:
            self.resume()

    def reset_around(self, older: HistoryPage, younger: HistoryPage) -> None:
        """Begins anew at some place in the past.

        Args:
            older: The page before the place.
            younger: The page after it.
        """
        self.reset(HistoryPage((*older.entries, *younger.entries), older.more))
        self.at_end = not younger.more

    def add(self, sightings: Iterable[Sighting]) -> None:
        """Takes in what the tail has seen, where it belongs; or lets it wait."""
        lines = []
        for seen in sightings:
            self.counts[seen.entry.source] += 1
            if seen.mark is not Mark.NEW:
                self._remember(Line(seen.entry.key, seen.entry, seen.mark))
            if self.where.matches(seen.entry):
                lines.append(Line(seen.entry.key, seen.entry, seen.mark))
        if self.paused:
            self._wait(lines)
        else:
            self._merge(lines)

    def add_gap(self, gap: Gap) -> None:
        """Shows a gap where it ends."""
        self._insert(Line((gap.end, "~", 0, gap.source), None, gap=gap))

    def add_note(self, time: datetime, note: str) -> None:
        """Shows what happened to the tail at a time."""
        self._insert(Line((time, "~", 1, note), None, note=note))

    def _insert(self, line: Line) -> None:
        self._asides[line.key] = line
        if len(self._asides) > _ASIDES:
            del self._asides[next(iter(self._asides))]
        self.lines.insert(self.find(line.key), line)
        self._trim(old_side=True)

    def _restore_asides(self) -> None:
        """Puts gaps and notes back that were there before the entries around them left."""
        for key, line in self._asides.items():
            place = self.find(key)
            inside = (place > 0 or self.at_start) and (place < len(self.lines) or self.at_end)
            if inside and self.lines[place : place + 1] != [line]:
                self.lines.insert(place, line)

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
        self._merge(map(self._stored, page.entries), old_side=False)
        self.at_start = not page.more
        self._restore_asides()

    def append(self, page: HistoryPage) -> None:
        """Takes in the page after the last line, on the way back to the end."""
        self.at_end = True
        self._merge(map(self._stored, page.entries))
        self.at_end = not page.more
        self._restore_asides()

    def find(self, key: EntryKey) -> int:
        """Returns the index of a line, or of the one that would follow it."""
        return bisect_left(self.lines, key, key=_key)

    def search(
        self, text: str, start: int, *, forward: bool = True, emails: Mapping[str, str] = _NOBODY
    ) -> int | None:
        """Finds the next line that holds a text, A to Z in either case.

        Args:
            text: What to look for: in action, resource, user, e-mail, ids and metadata.
            start: Index of the line to begin after.
            forward: Towards the newest.
            emails: By user id; an entry holds the id only.
        """
        needle = folded(text)
        indexes = range(start + 1, len(self.lines)) if forward else range(start - 1, -1, -1)
        return next(
            (index for index in indexes if needle in _words(self.lines[index], emails)), None
        )

    def _stored(self, entry: LogEntry) -> Line:
        """Makes a line of an entry that was read; one that was late or changed still is."""
        known = self._marked.get((entry.source, entry.id))
        return Line(entry.key, entry) if known is None else replace(known, entry=entry)

    def _remember(self, line: Line) -> None:
        known = self._marked.pop(_id(line), None)
        if known is not None and known.mark is Mark.CHANGED:
            line = replace(line, mark=Mark.CHANGED, before=line.before or known.before)
        self._marked[_id(line)] = line
        if len(self._marked) > self.capacity:
            del self._marked[next(iter(self._marked))]

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
                line = replace(line, before=line.before or old.before or old.entry)
                self._remember(line)
                return line
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


def _key(line: Line) -> EntryKey:
    return line.key


def _id(line: Line) -> _Id:
    entry = cast("LogEntry", line.entry)
    return entry.source, entry.id


def _words(line: Line, emails: Mapping[str, str]) -> str:
    entry = line.entry
    if entry is None:
        return folded(line.gap.reason if line.gap else line.note)
    who = entry.user, emails.get(entry.user or "")
    parts = (entry.action, entry.resource, *who, entry.resource_id, entry.id, entry.detail)
    return folded("\n".join(part for part in parts if part))
