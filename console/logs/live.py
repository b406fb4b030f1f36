"""What a screen knows of the logs: fed with the tail's events, read whenever it is drawn."""

from __future__ import annotations

from collections import deque
from collections.abc import Mapping
from datetime import datetime, timedelta
from time import monotonic

from console.logs import tail
from console.logs.completeness import Completeness
from console.logs.history import HistoryPage
from console.logs.rate import Rates
from console.logs.source import EARLIEST, LogEntry, Source
from console.logs.timeline import Timeline

FIRST = 500
"""Stored entries to begin with."""

_CHANGED = 1_000


class Live:
    """The state of the logs as they grow.

    Attributes:
        timeline: What is shown.
        coming: A timeline that is being made ready to take its place, if any.
        sources: The logs as the server has them; empty before the first connection.
        user: The login role.
        completeness: How far each log is known whole.
        unavailable: What went wrong with a log that could not be asked, until it can.
        reconnecting: Why there is no connection, and when the next attempt comes.
        changed: Entries that were seen to be written again, the latest of them.
        changes: How many there were.
        stale: Whether stored entries of some logs came later than the others', so that the
            newest page should be read again.
    """

    def __init__(self) -> None:
        self.timeline = Timeline()
        self.coming: Timeline | None = None
        self.sources: tuple[Source, ...] = ()
        self.user = ""
        self.completeness: dict[str, Completeness] = {}
        self.unavailable: dict[str, tail.Unavailable] = {}
        self.reconnecting: tail.Reconnecting | None = None
        self.changed: deque[LogEntry] = deque(maxlen=_CHANGED)
        self.changes = 0
        self.stale = False
        self.rates = Rates()
        self._now: tuple[datetime, float] | None = None
        self._begun = False
        self._lost_at: datetime | None = None

    @property
    def now(self) -> datetime:
        """The server's clock, as far as it was told, and the time since then."""
        if self._now is None:
            return EARLIEST
        told, at = self._now
        return told + timedelta(seconds=monotonic() - at)

    @property
    def counts(self) -> Mapping[str, int]:
        """Every sighting so far, by log."""
        return self.timeline.counts

    def take(self, event: tail.TailEvent) -> None:
        """Takes note of what the tail says."""
        match event:
            case tail.Polled():
                self._polled(event)
            case tail.Stored(entries, more):
                if not self._begun:
                    self.timeline.reset(HistoryPage(entries, more))
                self.stale = self._begun
                self._begun = True
            case tail.Gap():
                for timeline in self._timelines():
                    timeline.add_gap(event)
            case tail.Unavailable(source):
                self.unavailable[source.name] = event
            case tail.Reconnecting():
                self._lost_at = self._lost_at or self.now
                self.reconnecting = event
            case tail.Connected(server, sources):
                self.sources, self.user = sources, server.user
                if self.reconnecting is not None and self._lost_at is not None:
                    spent = (self.now - self._lost_at).total_seconds()
                    words = f"connected again after {spent:.0f} s, where it was lost"
                    for timeline in self._timelines():
                        timeline.add_note(self._lost_at, words)
                self.reconnecting = self._lost_at = None

    def _polled(self, event: tail.Polled) -> None:
        name = event.source.name
        self._now = (event.now, monotonic())
        self.completeness[name] = event.completeness
        self.unavailable.pop(name, None)
        # One that was not there, or not permitted, may be by now.
        if not any(source is event.source for source in self.sources):
            self.sources = tuple(
                event.source if source.name == name else source for source in self.sources
            )
        for timeline in self._timelines():
            timeline.add(event.sightings)
        changed = [seen.entry for seen in event.sightings if seen.mark is tail.Mark.CHANGED]
        self.changed.extend(changed)
        self.changes += len(changed)
        self.rates.add(seen.entry for seen in event.sightings if seen.mark is not tail.Mark.CHANGED)

    def _timelines(self) -> list[Timeline]:
        return [self.timeline] if self.coming is None else [self.timeline, self.coming]
