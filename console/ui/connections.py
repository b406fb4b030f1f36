"""The connections of one console: each is for one job, and opened when first needed.

A statement that hangs in one job never holds up another. Browsing stays read-only
whatever the mode; only the connection for operations may write, and only in write mode.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from dataclasses import replace
from typing import TYPE_CHECKING, cast

from textual.worker import Worker

from console.connection.profile import Profile, Secret
from console.connection.session import Session, SessionState

if TYPE_CHECKING:
    from console.access.impersonation import Preview

BROWSE = "browse"
OPERATIONS = "operations"
PREVIEW = "preview"
TAIL = "tail"
HEALTH = "health"
ACCESS = "access"
ACTING = "access preview"
"""The persona's side of the access pane: what runs there holds up no preview elsewhere."""
PEOPLE = "people"


async def end_worker(worker: Worker[None], *sessions: Session | None) -> None:
    """Ends a worker and what it runs on the server, within two seconds.

    Cancelling the task also cancels its statement; where the server no longer hears that, the
    connection itself is cut.
    """
    worker.cancel()
    # Waiting for the worker itself would cancel it a second time at the deadline, and so cut
    # short the driver's own way of asking the server.
    for _ in range(8):
        await asyncio.sleep(0.1)
        if worker.is_finished:
            return
    for session in sessions:
        if session is not None:
            await session.cancel()


class Connections:
    """Opens, keeps and closes one Session for each purpose.

    Args:
        profile: Where to connect.
        on_state: Told when the browse connection changes its state.
    """

    def __init__(self, profile: Profile, on_state: Callable[[SessionState], None]) -> None:
        self.profile = profile
        self.write_mode = False
        self.operating = False
        """Whether something is being changed just now: the mode must stay as it is."""
        self._on_state = on_state
        self._sessions: dict[str, Session] = {}
        self._opening: dict[str, asyncio.Lock] = {}

    async def open(self, purpose: str) -> Session:
        """Returns the connected session for a purpose, connecting where it is not.

        Raises:
            ConsoleError: It can't be opened.
        """
        async with self._opening.setdefault(purpose, asyncio.Lock()):
            session = self._sessions.get(purpose)
            if session is not None:
                if session.state is SessionState.CONNECTED:
                    return session
                await session.close()
            session = self._made(purpose)
            self._sessions[purpose] = session
            await session.connect()
            return session

    def _made(self, purpose: str) -> Session:
        if purpose in (PREVIEW, ACTING):
            from console.access.impersonation import Preview, preview_profile

            return Preview(preview_profile(self.profile), purpose=purpose)
        may_write = self.write_mode and purpose == OPERATIONS
        return Session(
            replace(self.profile, read_only=not may_write),
            purpose=purpose,
            on_state=self._on_state if purpose == BROWSE else None,
        )

    async def preview(self, purpose: str = PREVIEW) -> Preview:
        """Returns a connection on which everything runs as a persona.

        Args:
            purpose: `PREVIEW` or `ACTING`.

        Raises:
            ConsoleError: It can't be opened.
        """
        return cast("Preview", await self.open(purpose))

    def at_hand(self, purpose: str) -> Session | None:
        """Returns the session for a purpose if there is one, in whatever state."""
        return self._sessions.get(purpose)

    async def give_up(self, purpose: str, worker: Worker[None], *others: str) -> None:
        """Ends a worker and what it runs on the server, within two seconds."""
        await end_worker(worker, *(self.at_hand(name) for name in (purpose, *others)))

    def use_password(self, password: Secret) -> None:
        """Takes a password for every connection from now on, in memory only."""
        self.profile = replace(self.profile, password=password)

    async def set_write_mode(self, on: bool) -> None:
        """Changes the mode; the connection that may write is opened anew in it."""
        self.write_mode = on
        await self._drop(OPERATIONS)

    async def _drop(self, purpose: str) -> None:
        session = self._sessions.pop(purpose, None)
        if session is not None:
            await session.close()

    async def close(self) -> None:
        """Closes all of them."""
        for purpose in list(self._sessions):
            await self._drop(purpose)
