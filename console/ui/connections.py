"""The connections of one console: each is for one job, and opened when first needed.

A statement that hangs in one job never holds up another. Browsing stays read-only
whatever the mode; only the connections for operations may write, and only in write mode.
"""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import AsyncIterator, Callable
from dataclasses import replace
from typing import TYPE_CHECKING, Any, cast

from textual.worker import Worker

from console.connection.profile import Audit, Profile, Secret
from console.connection.session import Session, SessionState, Transaction
from console.connection.standing import Standing, read_standing
from console.errors import Refused

if TYPE_CHECKING:
    from console.access.impersonation import Preview
    from console.access.looks import Looks
    from console.ui.connect.password import Given
    from console.ui.previews import Ask, PreviewPassword

BROWSE = "browse"
OPERATIONS = "operations"
MIGRATION = "migration"
RETENTION = "retention"
ANALYTICS = "analytics"
WRITERS = (OPERATIONS, MIGRATION, RETENTION, ANALYTICS)
"""What may write in write mode: one for each pane, so that a cancel in one ends nothing else."""
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


class Operating(Session):
    """The session that may write; it tells when a transaction of it may."""

    on_writing: Callable[[bool], None]

    def another(self, purpose: str, *, read_only: bool = True) -> Session:
        """Makes a session to the same place, which tells as well."""
        made = Operating(replace(self.profile, read_only=read_only), purpose=purpose)
        made.on_writing = self.on_writing
        return made

    @contextlib.asynccontextmanager
    async def transaction(
        self, *, read_only: bool = True, **how: Any
    ) -> AsyncIterator[Transaction]:
        """Opens a transaction as Session does."""
        async with super().transaction(read_only=read_only, **how) as transaction:
            if read_only:
                yield transaction
                return
            self.on_writing(True)
            try:
                yield transaction
            finally:
                self.on_writing(False)


class Connections:
    """Opens, keeps and closes one Session for each purpose.

    Args:
        profile: Where to connect.
        on_state: Told when the browse connection changes its state.
        on_writing: Told when a transaction that may write is opened, and when it has ended.
        on_trouble: Told in words what went wrong beside what was asked for.
    """

    def __init__(
        self,
        profile: Profile,
        on_state: Callable[[SessionState], None],
        on_writing: Callable[[bool], None],
        on_trouble: Callable[[str], None],
    ) -> None:
        self.profile = profile
        self.standing: Standing | None = None
        """Which server the browse connection last saw."""
        self.write_mode = False
        self.operating: set[str] = set()
        """The purposes of what is being changed just now: the mode must stay as it is."""
        self._on_state = on_state
        self._on_writing = on_writing
        self._on_trouble = on_trouble
        self.ask_preview: Ask | None = None
        """Asks for the password of the preview login; None where there is nobody to be asked."""
        self.keep: Callable[[Given, Session], object] = lambda given, session: None
        """Has the keyring keep a password that has worked."""
        self._looks: Looks | None = None
        self._password: PreviewPassword | None = None
        self._sessions: dict[str, Session] = {}
        self._opening: dict[str, asyncio.Lock] = {}
        self._beside: list[Session] = []

    async def open(self, purpose: str) -> Session:
        """Returns the connected session for a purpose, connecting where it is not.

        Raises:
            ConsoleError: It can't be opened.
        """
        async with self._opening.setdefault(purpose, asyncio.Lock()):
            session = self._sessions.get(purpose)
            if session is not None:
                outdated = isinstance(session, Operating) and not self.write_mode
                if session.state is SessionState.CONNECTED and not outdated:
                    return session
                await session.close()
            session = self._made(purpose)
            self._sessions[purpose] = session
            await session.connect()
            if purpose not in (PREVIEW, ACTING) and self.profile.password is None:
                # From the keyring or a command: not to be asked again for each purpose.
                self.profile = replace(self.profile, password=session.profile.password)
            if isinstance(session, Operating):
                await self._same_server(session)
            return session

    async def _same_server(self, session: Session) -> None:
        """Refuses to change anything on another server than the one that is shown.

        Raises:
            Refused: Another one answers.
        """
        change = (await read_standing(session)).differs(self.standing)
        if change:
            self.write_mode = False
            await session.close()
            raise Refused(change, hint="nothing was changed; look again before you try")

    def _made(self, purpose: str) -> Session:
        if purpose in (PREVIEW, ACTING):
            preview = self._previewing(purpose)
            if self.profile.audit is Audit.DATABASE:
                preview.on_look = self._audited()
            return preview
        if self.write_mode and purpose in WRITERS:
            writing = Operating(replace(self.profile, read_only=False), purpose=purpose)
            writing.on_writing = self._on_writing
            return writing
        return Session(
            replace(self.profile, read_only=True),
            purpose=purpose,
            on_state=self._on_state if purpose == BROWSE else None,
        )

    def _previewing(self, purpose: str) -> Preview:
        """Makes a preview; the password of a login of its own is asked for where it is missing."""
        from console.access.impersonation import Preview
        from console.connection.profile import preview_profile
        from console.ui.previews import AskingPreview, PreviewPassword

        profile = preview_profile(self.profile)
        own = profile.parameters.get("user") != self.profile.parameters.get("user")
        if not own or self.ask_preview is None:
            return Preview(profile, purpose=purpose)
        if self._password is None:
            self._password = PreviewPassword(self.ask_preview, self.keep)
        preview = AskingPreview(profile, purpose=purpose)
        preview.password = self._password
        return preview

    def _audited(self) -> Looks:
        """Returns what writes down as whom one looks: one for all, so that it is done once."""
        from console.access.looks import Looks

        if self._looks is None:
            self._looks = Looks(
                lambda: Session(replace(self.profile, read_only=False), purpose="audit"),
                self._on_trouble,
            )
        return self._looks

    def beside(self, purpose: str) -> Session:
        """Makes a session for one job of its own, not connected yet.

        Whoever takes it closes it; at the latest it is closed along with all others.
        """
        self._beside = [one for one in self._beside if one.state is not SessionState.CLOSED]
        self._beside.append(self._made(purpose))
        return self._beside[-1]

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

    def ask_again(self) -> None:
        """Lets the preview login's password be asked for, though it was not given before."""
        if self._password is not None:
            self._password.declined = False

    def disarm(self) -> None:
        """Ends write mode at once; what is being changed just now ends by itself."""
        self.write_mode = False
        self._leaving = [
            asyncio.create_task(session.close())
            for purpose in WRITERS
            if purpose not in self.operating and (session := self._sessions.pop(purpose, None))
        ]

    async def set_write_mode(self, on: bool) -> None:
        """Changes the mode; the connections that may write are opened anew in it."""
        self.write_mode = on
        for purpose in WRITERS:
            await self._drop(purpose)

    async def _drop(self, purpose: str) -> None:
        session = self._sessions.pop(purpose, None)
        if session is not None:
            await session.close()

    async def close(self) -> None:
        """Closes all of them."""
        if self._password is not None:
            self._password.close()
        for purpose in list(self._sessions):
            await self._drop(purpose)
        for session in self._beside:
            await session.close()
