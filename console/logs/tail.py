"""The logs as they grow, over any loss of the connection.

The tail owns its connection: it opens it again for as long as it takes, goes on exactly where
it was, and when another server answers than before it compares what it delivered with what is
there now. What it can't prove to be complete it says.
"""

from __future__ import annotations

import asyncio
import contextlib
import random
import time
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, TypeVar

from console.connection.session import SessionState
from console.errors import CannotConnect, ConsoleError
from console.logs.asking import Identity, read_identity
from console.logs.completeness import WINDOW, Completeness
from console.logs.history import EVERYTHING, read_after, read_before
from console.logs.poll import Found, Gap, Mark, ServerMovedError, Sighting, SourceTail
from console.logs.source import SOURCES, EntryKey, LogEntry, Source, find_sources

if TYPE_CHECKING:
    from console.connection.session import ServerInfo, Session
    from console.logs.filter import LogFilter

T = TypeVar("T")

__all__ = [
    "INTERVAL",
    "Connected",
    "Gap",
    "Mark",
    "Polled",
    "Reconnecting",
    "Sighting",
    "Stored",
    "Tail",
    "TailEvent",
    "Unavailable",
]

INTERVAL = 0.5
"""Seconds between two polls of a log, where the server answers quickly enough."""

_SHARE = 0.1
"""The part of one of the server's processors that looking for news may take, for all logs."""

_PATIENCE = 15.0
"""Seconds without an answer until the connection is taken for dead."""

_PAGE = 5_000
_PAGE_PATIENCE = 70.0
_LOOK_AGAIN = 30.0
_FIRST_DELAY, _LONGEST_DELAY = 0.2, 5.0

# Trying again would not help, or lock the account: a person has to look.
_FINAL = frozenset(
    {
        *("wrong_password", "password_needed", "no_such_role", "no_such_database"),
        *("not_admitted", "tls_failed", "not_postgresql", "no_such_service"),
    }
)


@dataclass(frozen=True, slots=True)
class Connected:
    """The connection stands, for the first time or again.

    Attributes:
        sources: The logs as this server has them, also those that can't be read.
    """

    server: ServerInfo
    sources: tuple[Source, ...]


@dataclass(frozen=True, slots=True)
class Stored:
    """Entries that were there before the tail began, in the order of the timeline.

    Attributes:
        more: Whether there are others: older ones, or, when reading from the oldest on, younger
            ones that follow.
    """

    entries: tuple[LogEntry, ...]
    more: bool


@dataclass(frozen=True, slots=True)
class Polled:
    """A log was asked.

    Attributes:
        sightings: What came, in the order of the timeline; often nothing.
        completeness: How far the log is known whole.
        undated: Whether rows without a time are followed, too; they are not where there are
            many of them, or no index.
        interval: Seconds until it is asked again.
        cost: Seconds the server spent on looking for news.
        now: The server's clock at the time.
    """

    source: Source
    sightings: tuple[Sighting, ...]
    completeness: Completeness
    undated: bool
    interval: float
    cost: float
    now: datetime


@dataclass(frozen=True, slots=True)
class Unavailable:
    """A log could not be asked, while the connection stands: locked, dropped, not permitted.

    Attributes:
        retry: Seconds until it is tried again.
    """

    source: Source
    error: ConsoleError
    retry: float


@dataclass(frozen=True, slots=True)
class Reconnecting:
    """The connection is gone.

    Attributes:
        attempt: From 1; the one that comes next.
        delay: Seconds until then.
        error: Why.
    """

    attempt: int
    delay: float
    error: ConsoleError


TailEvent = Connected | Stored | Polled | Gap | Unavailable | Reconnecting


class Tail:
    """Follows some logs over one connection.

    Args:
        session: For the tail alone; connected or not. It is left open at the end.
        sources: Names of logs, of SOURCES.
        interval: Seconds between two polls of a log, at least.
        window: How long a transaction may last that can't be seen, because this role lacks
            pg_read_all_stats or the server is a standby.
        patience: Seconds without an answer until the connection is taken for dead.
    """

    def __init__(
        self,
        session: Session,
        sources: Sequence[str] = SOURCES,
        *,
        interval: float = INTERVAL,
        window: timedelta = WINDOW,
        patience: float = _PATIENCE,
    ) -> None:
        self.session = session
        self._names = tuple(sources)
        self._interval = interval
        self._window = window
        self._patience = patience
        self._identity = Identity()
        self._tails: dict[str, SourceTail] = {}
        self._due: dict[str, float] = {}
        self._failures: dict[str, int] = {}
        self._shares: dict[str, float] = {}
        self._unread: list[Source] = []
        self._read_to: EntryKey | None = None
        self._stored_due = 0.0
        self._stored_failures = 0
        self._known = False
        self._connected = False
        self._cancelling: asyncio.Future[None] | None = None

    async def follow(
        self, *, first: int | None = 200, where: LogFilter = EVERYTHING
    ) -> AsyncIterator[TailEvent]:
        """Yields what happens, without end.

        Args:
            first: How many stored entries to begin with, the newest; None reads all that
                `where` wants, from the oldest on.
            where: Which entries are wanted.

        Raises:
            ConsoleError: The first connection failed; or a later one in a way that trying again
                does not mend, such as a wrong password.
        """
        attempt = 0
        while True:
            try:
                if not self._connected:
                    yield await self._connect()
                async for event in self._step(first, where):
                    attempt = 0
                    yield event
            except ConsoleError as error:
                self._connected = False
                if not self._known or error.code in _FINAL:
                    raise
                attempt += 1
                delay = min(_LONGEST_DELAY, _FIRST_DELAY * 2 ** (attempt - 1))
                # Many consoles lose the same server at once.
                delay *= random.uniform(0.75, 1.25)  # noqa: S311 - no secret
                yield Reconnecting(attempt, delay, error)
                await asyncio.sleep(delay)

    async def _connect(self) -> Connected:
        if self._known or self.session.state is not SessionState.CONNECTED:
            await self.session.connect()
        with self._given_up_after(self._patience):
            identity = await read_identity(self.session)
            sources = await self._find(self._names)
        for source in sources:
            self._adopt(source)
        self._recognise(identity)
        self._known = self._connected = True
        assert self.session.server is not None
        return Connected(self.session.server, sources)

    async def _find(self, names: Sequence[str]) -> tuple[Source, ...]:
        async with self.session.transaction(search_path="", lock_timeout=2) as tx:
            return await find_sources(tx, names)

    def _adopt(self, source: Source) -> None:
        tail = self._tails.get(source.name)
        if tail is None:
            self._tails[source.name] = SourceTail(source, window=self._window)
        else:
            tail.source = source
        self._due[source.name] = time.monotonic()

    def _recognise(self, identity: Identity, reason: str = "") -> None:
        """Notices that another server answers, or the same one elsewhere in its history."""
        before, self._identity = self._identity, identity
        renumbered = None not in (before.system, identity.system) and (
            before.system != identity.system
        )
        if renumbered:
            reason = "another server answers than before"
        elif None not in (before.timeline, identity.timeline) and (
            before.timeline != identity.timeline
        ):
            branch = f"timeline {before.timeline} → {identity.timeline}"
            reason = f"the server was failed over or restored ({branch})"
        if reason:
            for tail in self._tails.values():
                tail.check(reason, renumbered=renumbered)
                self._due[tail.source.name] = time.monotonic()

    async def _step(self, first: int | None, where: LogFilter) -> AsyncIterator[TailEvent]:
        """Waits for what is due next, and does it."""
        # All that can begin do so before stored entries are read, to be read as one.
        for tail in [] if self._unread else list(self._tails.values()):
            if not tail.begun and self._due[tail.source.name] <= time.monotonic():
                begun = await self._attempt(tail, tail.begin)
                if isinstance(begun, Unavailable):
                    yield begun
                elif begun and first != 0:
                    self._unread.append(tail.source)
        while self._unread and self._stored_due <= time.monotonic():
            async for stored in self._read_stored(first, where):
                yield stored
        name = min(self._due, key=self._due.__getitem__)
        await asyncio.sleep(max(0.0, self._due[name] - time.monotonic()))
        tail = self._tails[name]
        if tail.begun:
            async for event in self._poll(tail, where):
                yield event

    async def _poll(self, tail: SourceTail, where: LogFilter) -> AsyncIterator[TailEvent]:
        name = tail.source.name
        others = sum(part for other, part in self._shares.items() if other != name)
        share = max(_SHARE - others, _SHARE / len(self._tails))

        async def poll(session: Session) -> Found:
            return await tail.poll(session, share=1 / share)

        try:
            found = await self._attempt(tail, poll)
        except ServerMovedError as moved:
            with self._given_up_after(self._patience):
                self._recognise(await read_identity(self.session), str(moved))
            return
        if isinstance(found, Unavailable):
            yield found
        elif found is not None:
            interval = max(self._interval, found.cost / share)
            self._shares[name] = found.cost / interval
            interval = 0.0 if found.more else interval
            self._due[name] = time.monotonic() + interval
            for gap in found.gaps:
                yield gap
            wanted = tuple(seen for seen in found.sightings if where.matches(seen.entry))
            yield Polled(
                *(tail.source, wanted, found.completeness),
                *(tail.undated, interval, found.cost),
                found.now,
            )

    async def _read_stored(
        self, first: int | None, where: LogFilter
    ) -> AsyncIterator[Stored | Unavailable]:
        # One log that can't be read must not keep the others': after a failure each on its own.
        sources = self._unread[:1] if self._stored_failures and first else self._unread
        try:
            with self._given_up_after(_PAGE_PATIENCE):
                async with self.session.transaction(search_path="", lock_timeout=2) as tx:
                    if first is None:
                        page = await read_after(
                            tx, sources, self._read_to, limit=_PAGE, where=where
                        )
                    else:
                        page = await read_before(tx, sources, limit=first, where=where)
        except CannotConnect:
            raise
        except ConsoleError as error:
            retry = min(_LOOK_AGAIN, 2.0**self._stored_failures)
            self._stored_failures += 1
            self._stored_due = time.monotonic() + retry
            self._unread = self._unread[1:] + self._unread[:1]
            yield Unavailable(sources[0], error, retry)
            return
        for entry in page.entries:
            self._tails[entry.source].know([entry])
        if first is None and page.more:
            self._read_to = page.entries[-1].key
        else:
            self._unread = [source for source in self._unread if source not in sources]
            self._read_to = None
        if not self._unread:
            self._stored_failures = 0
        yield Stored(page.entries, page.more)

    async def _attempt(
        self, tail: SourceTail, ask: Callable[[Session], Awaitable[T]]
    ) -> T | Unavailable | None:
        """Asks about one log, whose failure is no other's.

        Returns:
            The answer, what went wrong, or None where there is no such log to read.
        """
        name = tail.source.name
        try:
            with self._given_up_after(self._patience):
                if tail.source.problem or name in self._failures:
                    (tail.source,) = await self._find([name])
                if tail.source.problem:
                    self._due[name] = time.monotonic() + _LOOK_AGAIN
                    return None
                answer = await ask(self.session)
        except CannotConnect:
            raise
        except ConsoleError as error:
            failures = self._failures.get(name, 0)
            self._failures[name] = failures + 1
            retry = min(_LOOK_AGAIN, 2.0**failures)
            self._due[name] = time.monotonic() + retry
            return Unavailable(tail.source, error, retry)
        self._failures.pop(name, None)
        return answer

    @contextlib.contextmanager
    def _given_up_after(self, seconds: float) -> Iterator[None]:
        """Ends what runs when no answer comes: against a silent network nothing else does."""

        def give_up() -> None:
            self._cancelling = asyncio.ensure_future(self.session.cancel())

        timer = asyncio.get_running_loop().call_later(seconds, give_up)
        try:
            yield
        finally:
            timer.cancel()
