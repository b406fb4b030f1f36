"""Previews of the screen: the password of their own login is asked for where nobody gave it."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import replace
from typing import TYPE_CHECKING

from console.access.impersonation import Preview
from console.connection.faults import ASKABLE
from console.connection.profile import Profile
from console.connection.server import ServerInfo
from console.errors import CannotConnect

if TYPE_CHECKING:
    from console.connection.session import Session
    from console.ui.connect.password import Given

Ask = Callable[[Profile, CannotConnect], Awaitable["Given | None"]]
"""Asks the person for a password, and says why; None gives up."""


class PreviewPassword:
    """The password that previews of one console share, once it was typed.

    Args:
        ask: Asks for it.
        keep: Keeps one that has worked, if that is wanted.

    Attributes:
        given: What was typed last; None as long as nothing was.
        declined: Whether it was not given when it was asked for.
    """

    def __init__(self, ask: Ask, keep: Callable[[Given, Session], object]) -> None:
        self.given: Given | None = None
        self.declined = False
        self._ask = ask
        self._keep = keep
        self._asking: asyncio.Task[None] | None = None

    async def wanted(self, profile: Profile, error: CannotConnect) -> None:
        """Asks, once for all that wait; who waits no longer takes nobody the question away."""
        if self._asking is None or self._asking.done():
            self._asking = asyncio.create_task(self._answered(profile, error))
        await asyncio.shield(self._asking)

    async def _answered(self, profile: Profile, error: CannotConnect) -> None:
        given = await self._ask(profile, error)
        self.given, self.declined = given, given is None  # a wrong one is not tried twice

    def worked(self, session: Session) -> None:
        """Takes note that a login went well: now the keyring may have what was typed."""
        given = self.given
        if given is not None and given.keep:
            self.given = replace(given, keep=False)
            self._keep(given, session)

    def close(self) -> None:
        """Waits for no answer any more."""
        if self._asking is not None:
            self._asking.cancel()


class AskingPreview(Preview):
    """A preview whose own login may need a password that only the person has."""

    password: PreviewPassword

    async def connect(self) -> ServerInfo:
        """Connects, and asks for the password as often as it is wrong.

        Raises:
            CannotConnect: With the cause in words; also when no password was given.
        """
        while True:
            given = self.password.given
            secret = given.secret if given is not None else None
            self.profile = replace(self.profile, password=secret)
            try:
                server = await super().connect()
            except CannotConnect as error:
                if error.code not in ASKABLE:
                    raise
                if self.password.given is given and not self.password.declined:
                    await self.password.wanted(self.profile, error)
                if self.password.declined:
                    raise self._without(error) from error
                continue
            self.password.worked(self)
            return server

    def _without(self, error: CannotConnect) -> CannotConnect:
        user = self.profile.preview_user
        failure = CannotConnect(
            f"no password was given (r asks again) for the preview login {user}",
            hint="it may also stand in .pgpass, in PGPASSWORD or in the keyring",
            detail=error.message,
        )
        failure.code = error.code
        return failure
