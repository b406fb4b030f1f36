"""Follows the logs as a screen would, and keeps account."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable
from types import TracebackType
from typing import Any, TypeVar

import psycopg

from console.connection.profile import Profile
from console.connection.session import Session
from console.logs.filter import LogFilter
from console.logs.history import EVERYTHING
from console.logs.source import SOURCES, LogEntry
from console.logs.tail import Gap, Mark, Polled, Stored, Tail, TailEvent

E = TypeVar("E")
PURPOSE = "tail under test"


def key(entry: LogEntry) -> str:
    return f"{entry.source} {entry.id}"


class Collector:
    """A running tail; use as an asynchronous context.

    Attributes:
        delivered: When each entry arrived first, by this machine's clock.
        duplicates: Entries that arrived as new although they had arrived.
        changed: Entries that arrived as changed, once for each time.
        marks: How each entry arrived first.
        events: Everything but polls that brought nothing.
        polled: The last poll of each log.
        entries: The last form of each entry.
    """

    def __init__(
        self,
        profile: Profile,
        *,
        first: int | None = 0,
        where: LogFilter = EVERYTHING,
        session: Session | None = None,
        **options: Any,
    ) -> None:
        self.session = session or Session(profile, purpose=PURPOSE)
        options.setdefault("interval", 0.05)
        self.tail = Tail(self.session, **options)
        self.delivered: dict[str, float] = {}
        self.duplicates: list[str] = []
        self.changed: list[str] = []
        self.marks: dict[str, Mark] = {}
        self.entries: dict[str, LogEntry] = {}
        self.events: list[TailEvent] = []
        self.polled: dict[str, Polled] = {}
        self.polls = 0
        self._follow = self.tail.follow(first=first, where=where)
        self._task: asyncio.Task[None] | None = None

    async def __aenter__(self) -> Collector:
        self._task = asyncio.create_task(self._collect())
        await self.until(lambda: len(self.polled) == len(self.tail._names))
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        assert self._task is not None
        self._task.cancel()
        await asyncio.gather(self._task, return_exceptions=True)
        await self._follow.aclose()  # type: ignore[attr-defined]
        await self.session.close()

    async def _collect(self) -> None:
        async for event in self._follow:
            now = time.time()
            if isinstance(event, Polled):
                self.polls += 1
                self.polled[event.source.name] = event
                for seen in event.sightings:
                    self._take(seen.entry, seen.mark, now)
                if not event.sightings:
                    continue
            elif isinstance(event, Stored):
                for entry in event.entries:
                    self._take(entry, Mark.STORED, now)
            self.events.append(event)

    def _take(self, entry: LogEntry, mark: Mark, now: float) -> None:
        name = key(entry)
        self.entries[name] = entry
        if mark is Mark.CHANGED:
            self.changed.append(name)
        elif name in self.delivered:
            self.duplicates.append(name)
        else:
            self.delivered[name] = now
            self.marks[name] = mark

    def of_kind(self, kind: type[E]) -> list[E]:
        return [event for event in self.events if isinstance(event, kind)]

    @property
    def gaps(self) -> list[Gap]:
        return self.of_kind(Gap)

    async def until(self, reached: Callable[[], bool], seconds: float = 20.0) -> None:
        """Waits; a tail that ended by itself raises what ended it."""
        assert self._task is not None
        deadline = time.monotonic() + seconds
        while not reached():
            if self._task.done():
                self._task.result()
                raise AssertionError("the tail has ended")
            if time.monotonic() > deadline:
                last = "\n".join(str(event)[:300] for event in self.events[-8:])
                raise AssertionError(f"not reached after {self.polls} polls; events:\n{last}")
            await asyncio.sleep(0.01)

    async def settle(self, rounds: int = 3) -> None:
        """Waits until every log was polled some times more."""
        for _ in range(rounds):
            before = dict(self.polled)
            await self.until(
                lambda before=before: all(  # type: ignore[misc]
                    self.polled[name] is not before[name] for name in before
                )
            )


def stored_keys(connection: psycopg.Connection[Any]) -> set[str]:
    """What is in the logs now."""
    return {
        f"{source} {id_}"
        for source in SOURCES
        for (id_,) in connection.execute(f"select id::text from public.{source}".encode())
    }
