"""The connection behind the screen: made, watched, lost, made again."""

from __future__ import annotations

import asyncio
from contextlib import aclosing
from dataclasses import dataclass
from functools import partial
from importlib import import_module
from time import monotonic
from typing import TYPE_CHECKING, ClassVar

from textual import on, work
from textual.binding import Binding, BindingType
from textual.content import Content
from textual.message import Message
from textual.reactive import var
from textual.screen import Screen

from console.connection import keeping
from console.connection.faults import ASKABLE
from console.connection.profile import Profile
from console.connection.session import Session, SessionState
from console.errors import CannotConnect, ConsoleError
from console.guard import named_to_write
from console.ui.connections import BROWSE, Connections
from console.ui.stage import Stage, module_of
from console.ui.status import Link, Status
from console.ui.trouble import keys, trouble
from console.visible import visible

if TYPE_CHECKING:
    from console.ui.connect.password import Given

PING_INTERVAL = 3.0
"""Seconds between two looks at the server: a failover is known within five."""
PATIENCE = 4.0
"""Seconds the server may take to answer one before the connection counts as lost."""


class LinkedScreen(Screen[None]):
    """Holds the connections and what is known of them; a subclass has something to show."""

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("r", "reconnect", "Reconnect"),
        Binding("d", "detail", "Detail of the error"),
        Binding("escape", "give_up", "Give up connecting"),
        Binding("C", "elsewhere", "Another database", show=False),
    ]

    # Not reactive(): that would repaint the whole screen with every round trip measured.
    status: var[Status] = var(Status(Profile()))
    active: var[int] = var(0)

    @dataclass
    class Heard(Message):
        """Something happened to the connection."""

        news: keeping.News

    @dataclass
    class Failed(Message):
        """No connection could be made, or none again."""

        error: ConsoleError

    @dataclass
    class PasswordWanted(Message):
        """Previews need a password that nobody has given."""

        profile: Profile
        error: CannotConnect
        answer: asyncio.Future[Given | None]

    @dataclass
    class Writing(Message):
        """A transaction that may write was opened, or has ended."""

        on: bool

    def __init__(self, profile: Profile) -> None:
        super().__init__()
        asked = named_to_write(profile.environment)
        write_mode = not profile.read_only and not asked
        self.asks_to_write = not profile.read_only and asked
        """Whether the profile wants write mode where it is only had by typing a name."""
        self.set_reactive(LinkedScreen.status, Status(profile, write_mode=write_mode))
        self.connections = Connections(
            profile, self._session_state, self._transaction_state, self._beside
        )
        self.connections.ask_preview, self.connections.keep = self._ask_preview, self._keep
        self.connections.write_mode = write_mode
        self._keeper = keeping.Keeper(
            partial(self.connections.open, BROWSE), interval=PING_INTERVAL, patience=PATIENCE
        )
        self._given: Given | None = None

    async def first_show(self) -> None:
        """Shows something, the first time that there is a connection."""

    def on_mount(self) -> None:
        """Connects behind the first frame, so that something is on the screen at once."""
        self._await()
        self.call_later(self.connect)  # the first frame is painted by what is waiting already

    def _session_state(self, state: SessionState) -> None:
        if state is SessionState.LOST:
            self._keeper.lose()

    def _transaction_state(self, on: bool) -> None:
        self.post_message(self.Writing(on))

    def _beside(self, words: str) -> None:
        self.notify(visible(words), severity="warning", markup=False)

    @on(Writing)
    def _writing(self, message: Writing) -> None:
        self.status = self.status._replace(in_transaction=message.on)

    @work(exclusive=True, group="connect")
    async def connect(self) -> None:
        """Connects, and keeps the connection for as long as there is a console."""
        # The driver takes a tenth of a second to import: in a thread, so that keys are heard.
        await asyncio.to_thread(import_module, "psycopg")
        pane = asyncio.create_task(asyncio.to_thread(import_module, module_of(self.active)))
        try:
            async with aclosing(self._keeper.news()) as news:
                async for found in news:
                    await pane
                    self.post_message(self.Heard(found))
        except ConsoleError as error:
            await pane
            self.post_message(self.Failed(error))

    @on(Heard)
    async def _heard(self, message: Heard) -> None:
        match message.news:
            case keeping.Made() as made:
                await self._connected(made)
            case keeping.Beat() as beat:
                self._answered(beat)
            case keeping.Lost(error):
                self._lost(error)
            case keeping.Waiting(attempt, seconds, error):
                self.status = self.status._replace(
                    attempt=attempt, retry_at=monotonic() + seconds, error=error
                )
            case keeping.Trying(attempt):
                self.status = self.status._replace(attempt=attempt, retry_at=None)

    async def _connected(self, made: keeping.Made) -> None:
        first = self.status.server is None
        self.status = self.status._replace(
            link=Link.CONNECTED,
            server=made.server,
            round_trip=made.round_trip,
            error=None,
            attempt=0,
            retry_at=None,
        )
        self.connections.standing = self._keeper.standing
        self.query_one(Stage).notice.leave()
        if first:
            self._remember()
        if made.change:
            self._another_server(made.change)
        if self.query_one(Stage).is_empty:
            await self.first_show()

    def _answered(self, beat: keeping.Beat) -> None:
        if self.status.server is None:
            return
        self.connections.standing = self._keeper.standing
        server = self.status.server
        if server.standby != beat.standby:
            server = server._replace(standby=beat.standby)
        trip = _steady(self.status.round_trip, beat.round_trip)
        self.status = self.status._replace(server=server, round_trip=trip)
        if beat.change:
            self._another_server(beat.change)

    def _another_server(self, change: str) -> None:
        """Says that the server is not the one it was, and takes every dangerous key away."""
        armed = self.status.write_mode
        self.status = self.status._replace(write_mode=False)
        self.connections.disarm()
        words = f"{change}; write mode is off" if armed else change
        self.notify(words, title="Failover", severity="warning", timeout=30, markup=False)

    @work(group="remember")
    async def _remember(self) -> None:
        """Notes where we are, and keeps a password whose keeping was asked for."""
        from console.connection.remembered import note_visit

        await asyncio.to_thread(note_visit, self.status.profile)
        given, self._given = self._given, None
        session = self.connections.at_hand(BROWSE)
        if given is not None and given.keep and session is not None:
            self._keep(given, session)

    @work(group="keep")
    async def _keep(self, given: Given, session: Session) -> None:
        """Has the keyring keep a password, if it was the one that a login went well with."""
        from console.connection.secrets import store

        if session.login is None or session.profile.password != given.secret:
            return
        state = await store(session.login, given.secret)
        words = "the password is in the keyring" if state.usable else f"not kept: {state.words}"
        self.notify(visible(words), markup=False)

    @on(Failed)
    def _failed(self, message: Failed) -> None:
        self._disconnected(Link.FAILED, message.error)
        if message.error.code in ASKABLE:
            self._ask_password(message.error)

    def _lost(self, error: ConsoleError) -> None:
        self.status = self.status._replace(
            link=Link.RECONNECTING, error=error, round_trip=None, retry_at=None
        )
        mark = Content.styled("◌ ", "$warning bold")
        hints = keys(("r", "tries at once"), ("C", "another one"))
        notice = self.query_one(Stage).notice
        if self.query_one(Stage).is_empty:
            notice.say(Content.assemble(mark, visible(error.message), "   ", hints))
        else:
            notice.tell(mark, error.message, hints)

    def _disconnected(self, link: Link, error: ConsoleError) -> None:
        self.status = self.status._replace(
            link=link, error=error, round_trip=None, attempt=0, retry_at=None
        )
        hints = [("r", "connect again"), ("C", "another one")]
        hints += [("d", "detail")] if error.detail else []
        notice = self.query_one(Stage).notice
        if not self.query_one(Stage).is_empty:
            notice.tell(Content.styled("✕ ", "$error bold"), error.message, keys(*hints))
        else:
            notice.say(trouble(error, *hints, ("q", "quit")))

    def _await(self) -> None:
        target = visible(self.status.target)
        above_a_pane = not self.query_one(Stage).is_empty
        self.query_one(Stage).notice.wait(
            f"connecting to {target}", "esc gives up", line=above_a_pane
        )

    def _ask_password(self, error: ConsoleError) -> None:
        from console.ui.connect.password import AskPassword

        def answer(given: Given | None) -> None:
            if given is not None:
                self._given = given
                self.connections.use_password(given.secret)
                self.action_reconnect()

        ask = AskPassword(self.status.target, error.message, self.status.profile)
        self.app.push_screen(ask, answer)

    async def _ask_preview(self, profile: Profile, error: CannotConnect) -> Given | None:
        answer: asyncio.Future[Given | None] = asyncio.get_running_loop().create_future()
        self.post_message(self.PasswordWanted(profile, error, answer))
        return await answer

    @on(PasswordWanted)
    def _password_wanted(self, message: PasswordWanted) -> None:
        from console.ui.connect.password import AskPassword

        def answer(given: Given | None) -> None:
            if not message.answer.done():
                message.answer.set_result(given)

        who = self.status._replace(profile=message.profile, server=None).target
        ask = AskPassword(who, message.error.message, message.profile)
        ask.heading = "Password of the preview login"
        self.app.push_screen(ask, answer)

    def action_reconnect(self) -> None:
        """Connects again, without waiting any longer."""
        if self.status.link is Link.RECONNECTING:
            self._keeper.hurry()
            return
        self.status = self.status._replace(link=Link.CONNECTING, error=None)
        self._await()
        self.connect()

    def action_give_up(self) -> None:
        """Ends an attempt to connect."""
        self.workers.cancel_group(self, "connect")
        error = CannotConnect("the attempt to connect was given up", hint="nothing was changed")
        self._disconnected(Link.FAILED, error)

    def action_elsewhere(self) -> None:
        """Chooses another database; esc comes back to this one."""
        from console.ui.connect.screen import ConnectScreen

        self.app.push_screen(ConnectScreen(inside=True))

    def action_detail(self) -> None:
        """Shows what the server said about the failed connection."""
        from console.ui.dialogs import ErrorDetail

        if self.status.error is not None:
            self.app.push_screen(ErrorDetail(self.status.error))

    def check_action(self, action: str, parameters: tuple[object, ...]) -> bool | None:
        """Offers only what applies now."""
        match action:
            case "reconnect":
                return self.status.link in (Link.FAILED, Link.RECONNECTING)
            case "detail":
                return self.status.error is not None
            case "elsewhere":
                return not self.connections.operating
            case "give_up":
                return self.status.link is Link.CONNECTING
            case _:
                return True


def _steady(shown: float | None, now: float | None) -> float | None:
    """Returns the round trip to show: the one before, unless it is wrong by more than a little.

    What changes draws the eye, and costs a slow line the whole row.
    """
    if shown is None or now is None or abs(now - shown) > max(0.001, shown / 10):
        return now
    return shown
