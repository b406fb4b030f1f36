"""One log, asked again and again for the rows it did not have before.

A row is new when it is visible now and was not in the snapshot of the poll before. What was in
that snapshot can't be told from snapshots alone: they do not list subtransactions. But every
transaction that was open then, and every part of one, has a number not below the snapshot's
`xmin`; and its rows bear a time not before the start of the oldest transaction open then. So
each poll asks for the rows above both bounds of the poll before, and drops those it knows.
"""

from __future__ import annotations

import time
from collections import deque
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from typing import TYPE_CHECKING

from console.logs.asking import (
    Answer,
    Row,
    has_few_undated,
    read_bound_now,
    read_candidates,
    read_entries,
    read_present,
)
from console.logs.completeness import SLACK, WINDOW, Bound, Completeness, complete, lower_bound
from console.logs.seen import ANY_TRANSACTION, CAPACITY, Seen
from console.logs.source import EARLIEST, LogEntry, Source, microseconds, moment

if TYPE_CHECKING:
    from collections.abc import Iterable

    from console.connection.session import Session

BATCH = 5_000
"""Rows looked at in one poll; when there are more, the next follows at once."""

_RECENT = timedelta(seconds=10)
_JITTER = timedelta(seconds=1)


class Mark(StrEnum):
    """How an entry came into view."""

    STORED = "stored"
    """It was there when the tail began."""
    NEW = "new"
    LATE = "late"
    """It became visible only after younger ones of its log had been delivered."""
    CHANGED = "changed"
    """It was known, and somebody has written it again. Only where it is not older than the
    transactions open at the time, or a few seconds: further back nobody looks."""


@dataclass(frozen=True, slots=True)
class Sighting:
    """An entry and how it came into view."""

    entry: LogEntry
    mark: Mark


@dataclass(frozen=True, slots=True)
class Gap:
    """A stretch of a log that was checked once more, or in which entries may be missing.

    Attributes:
        source: The log.
        found: Entries the check brought to light; they are delivered as well.
        gone: Entries that had been delivered and are not there any more.
        proven: Whether nothing can be missing.
    """

    source: str
    start: datetime
    end: datetime
    reason: str
    found: int = 0
    gone: int = 0
    proven: bool = False


@dataclass(frozen=True, slots=True)
class Found:
    """What one poll brought.

    Attributes:
        sightings: In the order of the timeline.
        completeness: How far the log is known whole.
        cost: Seconds the server spent on looking for news. To read them is not counted:
            waiting would not make it less.
        more: Whether the rest should be asked for at once.
        gaps: What was checked, and what is known to be unknown.
        now: The server's clock.
    """

    sightings: tuple[Sighting, ...]
    completeness: Completeness
    cost: float
    more: bool
    gaps: tuple[Gap, ...]
    now: datetime


class ServerMovedError(Exception):
    """The server is not what it was: restored, failed over, or its clock set back."""


@dataclass(slots=True)
class _Check:
    """A comparison with what was delivered, after the server has moved.

    Attributes:
        start: From when on everything is compared, in microseconds since 1970.
        wanted: From when on it should be; what lies between can't be told.
        missing: Known rows that have not been met yet.
    """

    reason: str
    start: int
    wanted: int
    missing: set[str]
    found: int = 0


class SourceTail:
    """The state of the tail of one log.

    It is advanced only once everything up to the last row has arrived, so that a poll which
    fails at any moment can be repeated: nothing is lost, nothing delivered twice.

    Args:
        source: A log without a problem; may be replaced when its columns change.
        window: How long a transaction may last that can't be seen.
        capacity: How many rows to remember.
        batch: Rows looked at in one poll.

    Attributes:
        begun: Whether the present was taken as known.
        undated: Whether rows without a time are few enough to be followed as well.
    """

    def __init__(
        self,
        source: Source,
        *,
        window: timedelta = WINDOW,
        capacity: int = CAPACITY,
        batch: int = BATCH,
    ) -> None:
        self.source = source
        self.begun = False
        self.undated = False
        self._window = window
        self._batch = batch
        self._seen = Seen(capacity)
        self._newest = 0
        # Rows above both may be news. While there is more: beyond the cursor, and what comes then.
        self._lower, self._floor = EARLIEST, 0
        self._cursor: Row | None = None
        self._then: tuple[Completeness, int] | None = None
        self._completeness: Completeness | None = None
        self._prepared: dict[str, datetime] = {}
        self._snapshot = ""
        self._last: Bound | None = None
        self._past: deque[tuple[datetime, int]] = deque()
        self._whole_due = 0.0
        self._check: _Check | None = None

    async def begin(self, session: Session) -> bool:
        """Takes the present as known: what becomes visible from now on is news.

        Returns:
            True.

        Raises:
            ConsoleError: The server refused, or the connection is gone.
        """
        self.undated = await has_few_undated(session, self.source)
        bound = await read_bound_now(session)
        prepared = {number: since - self._window for number, since in bound.prepared.items()}
        completeness = complete(bound, prepared, self._window)
        lower = lower_bound(completeness)
        snapshot, rows, since = await read_present(
            session, self.source, lower, self._window, undated=self.undated
        )
        for row in reversed(rows):
            self._know(row.id, row.transaction, row.time, bound.now)
        self._seen.complete_since = microseconds(bound.now) if since is None else since
        self._lower, self._floor = lower, snapshot.xmin
        self._completeness, self._prepared, self._last = completeness, prepared, bound
        self.begun = True
        return True

    def know(self, entries: Iterable[LogEntry]) -> None:
        """Takes entries that were read elsewhere as delivered."""
        assert self._last is not None
        for entry in entries:
            time_ = None if entry.time is None else microseconds(entry.time)
            self._know(entry.id, entry.transaction, time_, self._last.now)
        self._seen.trim(self._may_go)

    def _know(self, id_: str, transaction: int, time_: int | None, now: datetime) -> None:
        self._seen.add(id_, transaction, time_)
        # What is dated in the future makes nobody else late.
        if time_ is not None and self._newest < time_ <= microseconds(now):
            self._newest = time_

    def check(self, reason: str, *, renumbered: bool = False) -> None:
        """Makes the next polls compare everything of late with what was delivered.

        Args:
            reason: What has happened to the server, for the gap that tells of it.
            renumbered: Whether it counts its transactions otherwise than before.
        """
        if not self.begun:
            return
        if renumbered:
            self._seen.distrust()
            self._prepared = {}
        if self._check is None:
            wanted = microseconds(self._lower - self._window)
            self._check = _Check(reason, max(wanted, self._seen.complete_since), wanted, set())
        self._check.missing = self._seen.since(self._check.start)
        self._lower, self._floor = moment(str(self._check.start)) or EARLIEST, 0
        self._cursor = self._then = self._last = None
        self._snapshot = ""
        self._past.clear()

    async def poll(self, session: Session, *, share: float = 10.0) -> Found:
        """Asks once.

        Where the whole stretch that may hold news is long, because a transaction is open for
        long, it is asked for seldom; in between only for what recent transactions wrote.

        Args:
            session: Connected.
            share: How many times as long as it takes the whole stretch is left alone.

        Raises:
            ServerMovedError: Nothing was read; `check` and poll again.
            ConsoleError: The server refused, or the connection is gone. Poll again.
        """
        whole = bool(self._cursor or self._check) or time.monotonic() >= self._whole_due
        lower, floor = (self._lower, self._floor) if whole else self._recent()
        answer = await read_candidates(
            session,
            self.source,
            lower=lower,
            floor=floor,
            after=self._cursor,
            unless=self._snapshot if whole else "",
            limit=self._batch,
            undated=self.undated,
        )
        self._compare(answer)
        news = [
            row.id
            for row in answer.rows
            if self._seen.get(row.id) not in (row.transaction, ANY_TRANSACTION)
        ]
        entries = await read_entries(session, self.source, news)
        # Nothing may wait from here on: the state is advanced at once or not at all.
        return self._advance(answer, entries, share if whole else None)

    def _recent(self) -> tuple[datetime, int]:
        if not self._past:
            return self._lower, self._floor
        now, newest = self._past[0]
        standby = self._last is None or self._last.standby
        lower = self._lower if standby else max(self._lower, now - SLACK)
        return lower, max(self._floor, newest)

    def _compare(self, answer: Answer) -> None:
        now, last = answer.bound, self._last
        if answer.snapshot.xmax < self._floor:
            raise ServerMovedError("the server is behind what was seen already")
        if last is None:
            return
        if now.standby != last.standby:
            raise ServerMovedError("the server is no standby any more, or became one")
        if now.now < last.now - _JITTER:
            seconds = (last.now - now.now).total_seconds()
            raise ServerMovedError(f"the server's clock went back by {seconds:.0f} s")

    def _advance(self, answer: Answer, entries: list[LogEntry], share: float | None) -> Found:
        bound = answer.bound
        self._prepared = {
            number: self._prepared.get(number, self._earliest_start(since))
            for number, since in bound.prepared.items()
        }
        completeness = complete(bound, self._prepared, self._window)
        sightings = self._sight(entries, bound.now)
        for row in answer.rows:
            if self._seen.get(row.id) == ANY_TRANSACTION:
                self._seen.add(row.id, row.transaction, row.time)
        if self._check is not None:
            self._check.missing -= {row.id for row in answer.rows}
        gaps = []
        if share is not None:
            self._then = self._then or (completeness, max(self._floor, answer.snapshot.xmin))
            self._cursor = answer.last
            # On a standby the text of a snapshot does not list what is in progress.
            sure = not bound.standby or answer.snapshot.xmin == answer.snapshot.xmax
            self._snapshot = answer.snapshot.text if sure and answer.last is None else ""
            if answer.last is None:
                gaps += self._finish_check(bound.now)
                self._completeness, self._floor = self._then
                self._lower = lower_bound(self._completeness)
                self._then = None
                self._whole_due = time.monotonic() + share * answer.cost
        else:
            self._snapshot = ""
        gaps += self._trim(bound.now)
        self._last = bound
        self._past.append((bound.now, answer.snapshot.xmax))
        while len(self._past) > 1 and self._past[1][0] <= bound.now - _RECENT:
            self._past.popleft()
        return Found(
            tuple(sightings),
            self._completeness or completeness,
            answer.cost,
            self._cursor is not None,
            tuple(gaps),
            bound.now,
        )

    def _earliest_start(self, prepared: datetime) -> datetime:
        # It was open at the poll before, or has begun since; unless we don't know that server.
        return self._lower if self._last else min(self._lower, prepared - self._window)

    def _sight(self, entries: list[LogEntry], now: datetime) -> list[Sighting]:
        sightings = []
        newest = self._newest
        for entry in sorted(entries, key=lambda entry: entry.key):
            known = self._seen.get(entry.id)
            time_ = None if entry.time is None else microseconds(entry.time)
            if known is not None:
                mark = Mark.CHANGED
            else:
                mark = Mark.LATE if time_ is not None and time_ < newest else Mark.NEW
                if self._check is not None:
                    self._check.found += 1
            self._know(entry.id, entry.transaction, time_, now)
            sightings.append(Sighting(entry, mark))
        return sightings

    def _finish_check(self, now: datetime) -> list[Gap]:
        check, self._check = self._check, None
        if check is None:
            return []
        start, wanted = moment(str(check.start)) or now, moment(str(check.wanted)) or now
        counts = (check.found, len(check.missing))
        gaps = [Gap(self.source.name, start, now, check.reason, *counts, proven=True)]
        if wanted < start:
            gaps.append(Gap(self.source.name, wanted, start, check.reason))
        return gaps

    def _trim(self, now: datetime) -> list[Gap]:
        self._seen.trim(self._may_go)
        if self._seen.overfull:
            # What had to stay the last time may go by now.
            self._seen.trim(self._may_go, again=True)
        if not self._seen.overfull or self._cursor is not None:
            return []
        self._floor = max(self._floor, self._seen.middle())
        self._snapshot = ""
        self._seen.trim(self._may_go, again=True)
        reason = "a transaction is open for so long that what it still writes is not waited for"
        return [Gap(self.source.name, self._lower, now, reason)]

    def _may_go(self, id_: str, transaction: int, time_: int | None) -> bool:
        """Tells whether a row that was delivered is never asked for again."""
        if transaction < self._floor:
            return True
        cursor, then = self._cursor, self._then
        if cursor is None or then is None or time_ is None or transaction >= then[1]:
            return False
        # While there is more, what lies before the cursor is not asked for again.
        assert cursor.time is not None
        place = (time_, self.source.serial(id_), id_)
        return place <= (cursor.time, self.source.serial(cursor.id), cursor.id)
