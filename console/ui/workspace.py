"""The one screen everything happens on: header, tabs, a pane, key hints."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, ClassVar

from textual import on, work
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.content import Content
from textual.widget import Widget

from console.connection.profile import Environment, Profile
from console.errors import CannotConnect
from console.ui import returning
from console.ui.header import Header, Tabs
from console.ui.hints import Hints
from console.ui.link import LinkedScreen
from console.ui.pane import Pane
from console.ui.places import Place, TablePlace
from console.ui.stage import NAMES, Stage, tab_of
from console.ui.status import Link

if TYPE_CHECKING:
    from console.access.persona import Persona


class Workspace(LinkedScreen):
    """Holds the connection's state and the panes, which tell it things by messages."""

    BINDING_GROUP_TITLE = "Everywhere"
    BINDINGS: ClassVar[list[BindingType]] = [
        *(
            Binding(str(number), f"show({number - 1})", name, show=False)
            for number, name in enumerate(NAMES, 1)
        ),
        Binding("i", "lens", "Look as somebody", show=False),
        Binding("I", "adopt(None)", "Look as yourself", show=False),
        Binding("W", "write_mode", "Write mode on or off", show=False),
        Binding("f2", "tour", "Tour of the demo", show=False),
        Binding("f8", "end_tour", "End the tour", show=False),
        Binding("q", "quit", "Quit", show=False),
        Binding("question_mark", "help", "Help", key_display="?"),
        Binding("f1", "help", "Help", show=False),
    ]

    def __init__(
        self,
        profile: Profile,
        *,
        tab: int | None,
        table: str | None,
        restores: bool,
        offers_tour: bool,
    ) -> None:
        super().__init__(profile)
        self.offers_tour = offers_tour
        self.restores = restores
        """Whether this console goes on where the last one was left, and leaves word itself."""
        self._wanted: Place | None = TablePlace(table) if table is not None else None
        self._returning = tab is None and table is None
        self.set_reactive(Workspace.active, tab or 0)

    def compose(self) -> ComposeResult:
        """Lays out the rows; panes come once there is a connection."""
        yield Header().data_bind(status=Workspace.status)
        yield Tabs(NAMES).data_bind(active=Workspace.active)
        yield Stage(self.connections).data_bind(status=Workspace.status)
        yield Hints()

    async def first_show(self) -> None:
        """Shows the pane that was asked for, or the one that was left open the last time."""
        if self._returning:
            await returning.take_up(self)
        if self.offers_tour:
            from console.ui.tour import was_offered

            if not was_offered():
                self.action_tour()
        await self._show_pane()
        if self.asks_to_write and self.check_action("write_mode", ()):
            self.action_write_mode()

    # Panes

    async def watch_active(self) -> None:
        """Shows another pane, once there is a connection."""
        self.refresh_bindings()
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

    def set_focus(
        self, widget: Widget | None, scroll_visible: bool = True, from_app_focus: bool = False
    ) -> None:
        """Gives the focus away, but never to a tab that is not shown: keys would act unseen.

        A pane takes the focus when its answer arrives, and on a slow line that may be after the
        person has gone on to another tab.
        """
        if widget is not None:
            panes = [node for node in widget.ancestors_with_self if isinstance(node, Pane)]
            if any(not pane.display for pane in panes):
                return
        super().set_focus(widget, scroll_visible, from_app_focus)

    def action_adopt(self, persona: Persona | None) -> None:
        """Looks through somebody's eyes, or with None through one's own again."""
        self.connections.ask_again()
        self.status = self.status._replace(lens=persona)

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
            case "write_mode":
                return link is Link.CONNECTED and server is not None and not server.standby
            case "show":
                return server is not None and parameters != (self.active,)
            case "lens":
                return server is not None
            case "adopt":
                return self.status.lens is not None
            case "tour":
                return server is not None and self.status.profile.environment is Environment.DEMO
            case "end_tour":
                return bool(self.query("Tour"))
            case _:
                return super().check_action(action, parameters)

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
        self.status = self.status._replace(write_mode=on)

    def action_tour(self) -> None:
        """Begins the tour of the demo, or goes on to its next step."""
        from console.ui.tour import Tour

        for tour in self.query(Tour):
            tour.advance()
            return
        self.mount(Tour(self))

    def action_end_tour(self) -> None:
        """Ends the tour, for good."""
        from console.ui.tour import Tour

        for tour in self.query(Tour):
            tour.end()

    def action_help(self) -> None:
        """Lists the keys that work where the focus is."""
        from console.ui.help import help_on

        self.app.push_screen(help_on(self))

    def _is_changing_something(self) -> bool:
        if self.connections.operating:
            self.notify("something is being applied; esc cancels that first", markup=False)
        return bool(self.connections.operating)

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
        returning.leave_behind(self)
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
