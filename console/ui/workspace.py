"""The one screen everything happens on: header, tabs, a pane, key hints."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass, replace
from importlib import import_module
from typing import TYPE_CHECKING, ClassVar

from textual import on, work
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.content import Content
from textual.message import Message
from textual.reactive import var
from textual.screen import Screen

from console.connection.profile import Profile, Secret
from console.connection.session import ServerInfo, SessionState
from console.errors import CannotConnect, ConsoleError
from console.ui.connections import BROWSE, Connections
from console.ui.header import Header, Tabs
from console.ui.hints import Hints
from console.ui.pane import Pane
from console.ui.places import Place, TablePlace
from console.ui.stage import NAMES, Stage, module_of, tab_of
from console.ui.status import Link, Status
from console.ui.trouble import keys, trouble
from console.visible import visible

if TYPE_CHECKING:
    from console.access.persona import Persona

PING_INTERVAL = 5.0
"""Seconds between two measurements of the round trip."""

_ASKABLE = {"password_needed", "wrong_password"}


@dataclass
class RoundTrip(Message):
    """The round trip was measured."""

    seconds: float


class Workspace(Screen[None]):
    """Holds the connection's state and the panes, which tell it things by messages."""

    BINDING_GROUP_TITLE = "Everywhere"
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("r", "reconnect", "Reconnect"),
        Binding("d", "detail", "Detail of the error"),
        Binding("escape", "give_up", "Give up connecting"),
        *(
            Binding(str(number), f"show({number - 1})", name, show=False)
            for number, name in enumerate(NAMES, 1)
        ),
        Binding("i", "lens", "Look as somebody", show=False),
        Binding("I", "adopt(None)", "Look as yourself", show=False),
        Binding("W", "write_mode", "Write mode on or off", show=False),
        Binding("q", "quit", "Quit", show=False),
        Binding("question_mark", "help", "Help", key_display="?"),
    ]

    # Not reactive(): that would repaint the whole screen with every round trip measured.
    status: var[Status] = var(Status(Profile()))
    active: var[int] = var(0)

    @dataclass
    class Connected(Message):
        """A connection was made."""

        server: ServerInfo
        round_trip: float | None

    @dataclass
    class Failed(Message):
        """No connection could be made."""

        error: ConsoleError

    @dataclass
    class Lost(Message):
        """The connection that was there is gone."""

        error: ConsoleError

    def __init__(self, profile: Profile, *, tab: int = 0, table: str | None = None) -> None:
        super().__init__()
        self._wanted: Place | None = TablePlace(table) if table is not None else None
        write_mode = not profile.read_only
        self.set_reactive(Workspace.status, Status(profile, write_mode=write_mode))
        self.set_reactive(Workspace.active, tab)
        self.connections = Connections(profile, self._session_state)
        self.connections.write_mode = write_mode

    def compose(self) -> ComposeResult:
        """Lays out the rows; panes come once there is a connection."""
        yield Header().data_bind(status=Workspace.status)
        yield Tabs(NAMES).data_bind(active=Workspace.active)
        yield Stage(self.connections).data_bind(status=Workspace.status)
        yield Hints()

    def on_mount(self) -> None:
        """Connects behind the first frame, so that something is on the screen at once."""
        self._await()
        self.call_after_refresh(self.connect)

    # Connecting

    def _session_state(self, state: SessionState) -> None:
        if state is SessionState.LOST and self.status.link is Link.CONNECTED:
            self.post_message(self.Lost(CannotConnect("the connection was lost")))

    @work(exclusive=True, group="connect")
    async def connect(self) -> None:
        """Connects, and measures the round trip for as long as the connection holds."""
        # The driver takes a tenth of a second to import: in a thread, so that keys are heard.
        await asyncio.to_thread(import_module, "psycopg")
        pane = asyncio.create_task(asyncio.to_thread(import_module, module_of(self.active)))
        try:
            session = await self.connections.open(BROWSE)
        except ConsoleError as error:
            self.post_message(self.Failed(error))
            return
        finally:
            await pane
        assert session.server is not None
        self.post_message(self.Connected(session.server, session.round_trip))
        while True:
            await asyncio.sleep(PING_INTERVAL)
            try:
                self.post_message(RoundTrip(await session.ping()))
            except ConsoleError as error:
                self.post_message(self.Lost(error))
                return

    @on(Connected)
    async def _connected(self, message: Connected) -> None:
        self.status = replace(
            self.status,
            link=Link.CONNECTED,
            server=message.server,
            round_trip=message.round_trip,
            error=None,
        )
        self.query_one(Stage).notice.leave()
        if self.query_one(Stage).is_empty:
            await self._show_pane()

    @on(Failed)
    def _failed(self, message: Failed) -> None:
        if message.error.code in _ASKABLE:
            self._ask_password(message.error)
        else:
            self._disconnected(Link.FAILED, message.error)

    @on(Lost)
    def _lost(self, message: Lost) -> None:
        self._disconnected(Link.LOST, message.error)

    @on(RoundTrip)
    def _round_trip(self, message: RoundTrip) -> None:
        self.status = replace(self.status, round_trip=message.seconds)

    def _disconnected(self, link: Link, error: ConsoleError) -> None:
        self.status = replace(self.status, link=link, error=error, round_trip=None)
        hints = [("r", "connect again"), *([("d", "detail")] if error.detail else [])]
        notice = self.query_one(Stage).notice
        if not self.query_one(Stage).is_empty:
            sentence = Content.assemble(("✕ ", "$error bold"), visible(error.message), "   ")
            notice.say(sentence + keys(*hints), line=True)
        else:
            notice.say(trouble(error, *hints, ("q", "quit")))

    def _await(self) -> None:
        target = visible(self.status.target)
        above_a_pane = not self.query_one(Stage).is_empty
        self.query_one(Stage).notice.wait(
            f"connecting to {target}", "esc gives up", line=above_a_pane
        )

    def _ask_password(self, error: ConsoleError) -> None:
        from console.ui.dialogs import AskPassword

        def answer(password: Secret | None) -> None:
            if password is None:
                self._disconnected(Link.FAILED, error)
            else:
                self.connections.use_password(password)
                self.action_reconnect()

        self.app.push_screen(AskPassword(self.status.target, error.message), answer)

    def action_reconnect(self) -> None:
        """Connects again."""
        self.status = replace(self.status, link=Link.CONNECTING, error=None)
        self._await()
        self.connect()

    def action_give_up(self) -> None:
        """Ends an attempt to connect."""
        self.workers.cancel_group(self, "connect")
        error = CannotConnect("the attempt to connect was given up", hint="nothing was changed")
        self._disconnected(Link.FAILED, error)

    def action_detail(self) -> None:
        """Shows what the server said about the failed connection."""
        from console.ui.dialogs import ErrorDetail

        if self.status.error is not None:
            self.app.push_screen(ErrorDetail(self.status.error))

    # Panes

    async def watch_active(self) -> None:
        """Shows another pane, once there is a connection."""
        if self.is_mounted and self.status.server is not None:
            await self._show_pane()

    async def _show_pane(self) -> None:
        place, self._wanted = self._wanted, None
        await self.query_one(Stage).show(self.active, place)

    def action_show(self, index: int) -> None:
        """Switches to a tab."""
        self.active = index

    @on(Pane.Visit)
    async def _visit(self, message: Pane.Visit) -> None:
        self._wanted = message.place
        tab = tab_of(message.place)
        if self.active == tab:
            await self._show_pane()
        else:
            self.active = tab

    @on(Pane.Adopt)
    def _adopt(self, message: Pane.Adopt) -> None:
        self.action_adopt(message.persona)

    def action_adopt(self, persona: Persona | None) -> None:
        """Looks through somebody's eyes, or with None through one's own again."""
        self.status = replace(self.status, lens=persona)

    @on(Tabs.Picked)
    def _picked(self, message: Tabs.Picked) -> None:
        self.active = message.index

    # Lens, mode, help, quit

    def action_lens(self) -> None:
        """Asks whose eyes to look through."""
        from console.ui.access.picker import PersonaPicker

        def adopt(persona: Persona | None) -> None:
            self.action_adopt(persona or self.status.lens)

        self.app.push_screen(PersonaPicker(self.connections, self.status.lens), adopt)

    def watch_status(self) -> None:
        """Keys come and go with the connection and the mode."""
        self.refresh_bindings()

    def check_action(self, action: str, parameters: tuple[object, ...]) -> bool | None:
        """Offers only what applies now."""
        link, server = self.status.link, self.status.server
        match action:
            case "reconnect":
                return link in (Link.FAILED, Link.LOST)
            case "detail":
                return self.status.error is not None
            case "give_up":
                return link is Link.CONNECTING
            case "write_mode":
                return link is Link.CONNECTED and server is not None and not server.standby
            case "show" | "lens":
                return server is not None
            case "adopt":
                return self.status.lens is not None
            case _:
                return True

    def action_write_mode(self) -> None:
        """Leaves write mode, or asks to enter it."""
        if self._is_changing_something():
            return
        if self.status.write_mode:
            self._set_write_mode(False)
            return
        from console.guard import Act
        from console.ui.dialogs import question

        text = Content(
            "The console may then change this database, each time after asking again. "
            "It lasts until W is pressed once more, or the console is left."
        )

        def answer(yes: bool | None) -> None:
            if yes:
                self._set_write_mode(True)

        asked = question(self.status, "Switch to write mode?", text, act=Act.UNLOCK)
        self.app.push_screen(asked, answer)

    @work(exclusive=True, group="mode")
    async def _set_write_mode(self, on: bool) -> None:
        await self.connections.set_write_mode(on)
        self.status = replace(self.status, write_mode=on)

    def action_help(self) -> None:
        """Lists the keys that work where the focus is."""
        from console.ui.help import Help

        self.app.push_screen(Help(self.active_bindings))

    def _is_changing_something(self) -> bool:
        if self.connections.operating:
            self.notify("something is being applied; esc cancels that first", markup=False)
        return self.connections.operating

    async def action_quit(self) -> None:
        """Leaves, unless something is being changed just now."""
        if not self._is_changing_something():
            await self.leave()

    async def leave(self, exit_code: int | None = None) -> None:
        """Ends what runs, on the server too, and then the console: within a second.

        Args:
            exit_code: What the process ends with; None tells whether there ever was a
                connection.
        """
        if exit_code is None:
            exit_code = 0 if self.status.server else CannotConnect.exit_code
        self.app.workers.cancel_all()
        # Each worker is cancelled once and given time to tell the server; what Textual does
        # on its way out would cancel it again, and the statement would stay behind.
        for _ in range(16):
            if not any(worker.is_running for worker in self.app.workers):
                break
            await asyncio.sleep(0.05)
        await self.connections.close()
        self.app.exit(return_code=exit_code)
