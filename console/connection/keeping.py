"""Keeps a connection: makes it, watches it, and makes it again for as long as it takes."""

from __future__ import annotations

import asyncio
import contextlib
import random
from collections.abc import AsyncGenerator, Awaitable, Callable, Iterator
from typing import NamedTuple

from console.connection.faults import AUTHENTICATION, place
from console.connection.server import ServerInfo
from console.connection.session import Session, SessionState
from console.connection.standing import Standing, read_standing
from console.errors import CannotConnect, ConsoleError

SHORTEST, LONGEST = 0.2, 5.0
"""Seconds before the first attempt to come back, and before every later one at most."""


class Made(NamedTuple):
    """A connection was made; `change` says how another server took the place of the last."""

    server: ServerInfo
    round_trip: float | None
    change: str = ""


class Beat(NamedTuple):
    """The server answered; `change` says what part of it is another since the last time."""

    round_trip: float | None
    standby: bool
    change: str = ""


class Lost(NamedTuple):
    """The connection is gone, and will be made again."""

    error: ConsoleError


class Waiting(NamedTuple):
    """The next attempt, counted from 1, comes in so many seconds."""

    attempt: int
    seconds: float
    error: ConsoleError


class Trying(NamedTuple):
    """An attempt runs."""

    attempt: int


News = Made | Beat | Lost | Waiting | Trying


def delays(dice: random.Random) -> Iterator[float]:
    """Yields seconds between attempts: doubling up to a limit, and never quite the same.

    Many consoles that lost one server would else come back all at once.
    """
    seconds = SHORTEST
    while True:
        yield min(LONGEST, seconds * dice.uniform(0.8, 1.2))
        seconds = min(LONGEST, seconds * 2)


class Keeper:
    """Keeps one connection.

    Args:
        open_session: Opens it, or returns the one that is open.
        interval: Seconds between two looks at the server.
        patience: Seconds an answer may take before the connection is given up.

    Attributes:
        standing: Which server was last seen.
    """

    def __init__(
        self,
        open_session: Callable[[], Awaitable[Session]],
        *,
        interval: float = 3.0,
        patience: float = 5.0,
    ) -> None:
        self.standing: Standing | None = None
        self._open = open_session
        self._interval = interval
        self._patience = patience
        self._beside: Session | None = None
        self._refused = False
        self._gone = asyncio.Event()
        self._hurry = asyncio.Event()

    def lose(self) -> None:
        """Tells that the connection has gone, for whoever notices first."""
        self._gone.set()

    def hurry(self) -> None:
        """Makes the next attempt at once."""
        self._hurry.set()

    async def news(self) -> AsyncGenerator[News, None]:
        """Yields what happens, until the login itself is refused.

        Raises:
            ConsoleError: There is no connection to begin with; or coming back, the login was
                refused, which no further attempt would mend.
        """
        try:
            async for found in self._news():
                yield found
        finally:
            await self._leave_beside()

    async def _news(self) -> AsyncGenerator[News, None]:
        self._gone.clear()
        session = await self._open()
        assert session.server is not None
        change = await self._compare(session) if self.standing is not None else ""
        yield Made(session.server, session.round_trip, change)
        while True:
            error: ConsoleError | None = None
            async for found in self._beats(session):
                if isinstance(found, Lost):
                    error = found.error
                yield found
            assert error is not None
            dice = random.Random()  # noqa: S311 - no secret hangs on it
            for attempt, seconds in enumerate(delays(dice), 1):
                yield Waiting(attempt, seconds, error)
                self._hurry.clear()
                with contextlib.suppress(TimeoutError):
                    await asyncio.wait_for(self._hurry.wait(), seconds)
                yield Trying(attempt)
                self._gone.clear()
                try:
                    session = await self._open()
                    change = await self._compare(session)
                    break
                except ConsoleError as failure:
                    if failure.code in AUTHENTICATION:
                        raise
                    error = failure
            assert session.server is not None
            yield Made(session.server, session.round_trip, change)

    async def _compare(self, session: Session) -> str:
        """Notes which server answers; returns in words how it is another than before."""
        before, self.standing = self.standing, await read_standing(session)
        return self.standing.differs(before)

    async def _beats(self, session: Session) -> AsyncGenerator[Beat | Lost, None]:
        pause = min(1.0, self._interval)
        while True:
            with contextlib.suppress(TimeoutError):
                await asyncio.wait_for(self._gone.wait(), pause)
            pause = self._interval
            if self._gone.is_set() or not _holds(session):
                yield Lost(_lost(session))
                return
            if session.is_busy:
                # What runs there notices by itself that the connection has gone, but not that
                # another server is the primary now.
                if (beat := await self._look_beside(session)) is not None:
                    yield beat
                continue
            await self._leave_beside()
            looking = asyncio.create_task(self._compare(session))
            try:
                done, _ = await asyncio.wait({looking}, timeout=self._patience)
                if not done:
                    # Neither a stopped server nor a silent network ends a wait by itself.
                    await session.cancel()
                    await asyncio.wait({looking}, timeout=1.0)
                change = looking.result() if looking.done() else ""
            except ConsoleError as error:
                if not _holds(session):
                    yield Lost(error if isinstance(error, CannotConnect) else _lost(session))
                    return
                continue  # the server refused to tell, and is there
            finally:
                looking.cancel()
            if _holds(session) and self.standing is not None:
                yield Beat(session.round_trip, self.standing.standby, change)

    async def _look_beside(self, session: Session) -> Beat | None:
        """Looks through a connection of its own, while the other one is busy for long."""
        if self._refused:
            return None
        looking = asyncio.create_task(self._compare_beside(session))
        gone = asyncio.create_task(self._gone.wait())
        try:
            await asyncio.wait(
                {looking, gone}, timeout=self._patience, return_when=asyncio.FIRST_COMPLETED
            )
            return looking.result() if looking.done() else None
        except ConsoleError as error:
            # Trying a login that is refused again and again could lock it out.
            self._refused = error.code in AUTHENTICATION
            await self._leave_beside()
            return None
        finally:
            gone.cancel()
            if not looking.done():
                looking.cancel()
                await self._leave_beside()

    async def _compare_beside(self, session: Session) -> Beat:
        if self._beside is None:
            self._beside = session.another("watch")
        if self._beside.state is not SessionState.CONNECTED:
            await self._beside.connect()
        change = await self._compare(self._beside)
        assert self.standing is not None
        return Beat(self._beside.round_trip, self.standing.standby, change)

    async def _leave_beside(self) -> None:
        beside, self._beside = self._beside, None
        if beside is not None:
            await beside.close()


def _holds(session: Session) -> bool:
    return session.state is SessionState.CONNECTED


def _lost(session: Session) -> CannotConnect:
    return CannotConnect(
        f"the connection to {place(session.profile)} was lost",
        hint="it is made again as soon as the server answers",
    )
