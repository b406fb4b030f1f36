"""Tells how far an apply has come, and who holds it up when it stands still."""

from __future__ import annotations

import asyncio
import contextlib
import time
from collections.abc import AsyncIterator, Callable
from typing import TYPE_CHECKING

from console.errors import ConsoleError
from console.migration.blockers import Blocker, read_blockers

if TYPE_CHECKING:
    from console.connection.session import Session

_TICK = 0.05
_PATIENCE = 0.6
"""Seconds without progress after which a second connection asks who is in the way."""

Tell = Callable[[str, int, str], None]


class Watch:
    """Looks on from a second connection, which is opened only when it is needed.

    Args:
        session: The one that works; never touched here.
        tell: Called with the phase, the number of statements done, and what is in work.

    Attributes:
        blockers: Who was in the way when last looked.
    """

    def __init__(self, session: Session, tell: Tell) -> None:
        self.blockers: tuple[Blocker, ...] = ()
        self._working = session
        self._tell = tell
        self._session: Session | None = None
        self._blind = False

    async def __aenter__(self) -> Watch:
        return self

    async def __aexit__(self, *exc_info: object) -> None:
        if self._session is not None:
            await self._session.close()

    @contextlib.asynccontextmanager
    async def over(
        self, phase: str, pid: int, done: Callable[[], int], names: Callable[[int], str]
    ) -> AsyncIterator[None]:
        """Reports progress while the block runs.

        Args:
            phase: What the block does, one of ApplyProgress's phases.
            pid: The backend that works.
            done: How many statements are done.
            names: What the statement of a number, from 0, is about.
        """
        working = asyncio.current_task()
        watching = asyncio.create_task(self._watch(phase, pid, done, names))

        def stop(ended: asyncio.Task[None]) -> None:
            # Whoever is told failed: the work ends too, instead of going on unwatched.
            if working is not None and not ended.cancelled() and ended.exception():
                working.cancel()

        watching.add_done_callback(stop)
        try:
            yield
        finally:
            watching.cancel()
            await asyncio.wait({watching})
            if not watching.cancelled() and (failure := watching.exception()):
                if working is not None:
                    working.uncancel()
                raise failure
        self._tell(phase, done(), "")

    async def _watch(
        self, phase: str, pid: int, done: Callable[[], int], names: Callable[[int], str]
    ) -> None:
        count, since = -1, time.monotonic()
        while True:
            if (now := done()) != count:
                count, since = now, time.monotonic()
                self.blockers = ()
                self._tell(phase, count, names(count))
            elif time.monotonic() - since > _PATIENCE:
                await self.look(pid, count)
                await asyncio.sleep(_PATIENCE)
            await asyncio.sleep(_TICK)

    async def look(self, pid: int, done: int = 0) -> None:
        """Asks who keeps a backend waiting, and tells; says nothing when it can't find out."""
        if self._blind:
            return
        try:
            if self._session is None:
                session = self._working.another("apply watch")
                await session.connect()
                self._session = session
            self.blockers = await read_blockers(self._session, pid)
        except ConsoleError:
            self._blind = True
            return
        if self.blockers:
            self._tell("waiting", done, "; ".join(map(str, self.blockers)))
