"""The application: screens, schemes, keys, and what happens when a fault is ours."""

from __future__ import annotations

import asyncio
import contextlib
import logging
import os
import signal
import sys
from collections.abc import Callable, Coroutine, Iterable, Sequence
from functools import partial
from typing import TYPE_CHECKING, Any, ClassVar

from rich.text import Text
from textual import events, on, work
from textual.app import App, SystemCommand
from textual.binding import Binding, BindingType
from textual.css.query import NoMatches
from textual.filter import LineFilter
from textual.notifications import Notify
from textual.widget import MountError

from console import collecting
from console.connection.profile import Profile
from console.errors import UsageError
from console.ui import painted, remembered, settings, sheets, themes
from console.ui.keyboard import Followed, Keyboard
from console.ui.pane import Pane
from console.ui.sanitise import Sanitise
from console.ui.settings import Settings
from console.ui.threads import Threads
from console.ui.toosmall import TooSmall, fits
from console.ui.workspace import Workspace
from console.visible import visible

if TYPE_CHECKING:
    from rich.console import RenderableType
    from textual.await_remove import AwaitRemove
    from textual.dom import DOMNode
    from textual.driver import Driver
    from textual.screen import Screen
    from textual.timer import Timer
    from textual.widget import Widget

    from console.connection.embedded import EmbeddedServer
    from console.ui.connect.screen import ConnectScreen

INTERRUPTED = 130
"""Exit code of a console that a signal ended."""

PATIENCE = 1.5
"""Seconds a console that was told to leave may take over it."""

TOASTS = 3
"""How many messages stand on the screen at once."""

Company = Callable[[], Coroutine[Any, Any, None]]
"""Something that runs for as long as the console does."""


class _Overdue(BaseException):
    """Leaving took too long. Not an Exception: nothing on the way may swallow it."""


def _out(number: int, frame: object) -> None:
    raise _Overdue


class RowsightApp(App[None]):
    """Holds screens, schemes, keys and the last error handler; nothing else."""

    TITLE = "rowsight"
    BINDING_GROUP_TITLE = "Console"
    NOTIFICATION_TIMEOUT = 4
    HORIZONTAL_BREAKPOINTS = [(0, "-narrow"), (100, "-wide")]  # noqa: RUF012 — so in Textual
    """A side panel under 100 columns gives way to the one beside it."""
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("ctrl+z", "suspend_process", "To the shell; fg comes back", show=False),
        Binding("ctrl+o", "jump", "Jump by letters", show=False),
    ]

    def __init__(
        self,
        profile: Profile | None,
        *,
        theme: str | None = None,
        tab: int | None = None,
        table: str | None = None,
        chosen: Settings | None = None,
        fitting: str = themes.DEFAULT,
        company: Company | None = None,
        tour: bool = False,
    ) -> None:
        self.embedded: EmbeddedServer | None = None
        """The demo's server, where it was started from the screen."""
        self._begins_unconnected = profile is None
        self.chosen = chosen or Settings()
        self._company = company
        self._repainting: Timer | None = None
        self._own_schemes = themes.Folder(settings.themes_folder())
        schemes = themes.shipped()
        self._default_variables = schemes[0].variables
        super().__init__(css_path=list(sheets.first()))
        # Textual's scroll animation takes 0.7 s and twelve times the bytes: not over SSH.
        self.animation_level = "none"
        self._sanitise = Sanitise()
        self._keyboard = Keyboard(self, super().on_event)
        self._workspace = Workspace(
            profile or Profile(),
            tab=tab,
            table=table,
            restores=self.chosen.restore,
            offers_tour=tour,
        )
        for name in list(self.available_themes):
            self.unregister_theme(name)
        own, self._wrong_schemes = self._own_schemes.news()
        for scheme in [*schemes, *own]:
            self.register_theme(scheme)
        # Set before anything is styled, so that the sheets are parsed once and not twice.
        self.set_reactive(App.theme, self._wanted_scheme(theme, fitting))
        self.stylesheet.set_variables(self.get_css_variables())

    def _wanted_scheme(self, asked: str | None, fitting: str) -> str:
        """Returns the scheme to start with: asked for, chosen before, or what fits."""
        for name in (asked, self.chosen.theme):
            if name is not None and name not in self.available_themes:
                raise themes.missing(name, self.available_themes, self._wrong_schemes)
        last = remembered.read().get("theme")
        chosen = asked or self.chosen.theme or last
        return chosen if chosen in self.available_themes else fitting

    def get_default_screen(self) -> Screen[None]:
        """Starts on the workspace, or with no database to go to, where one is chosen."""
        if self._begins_unconnected:
            from console.ui.connect.screen import ConnectScreen

            return ConnectScreen()
        return self._workspace

    async def on_connect_screen_open(self, message: ConnectScreen.Open) -> None:
        """Leaves the database that is open, and goes to the one that was chosen."""
        demo = message.demo is not None
        before, self._workspace = (
            self._workspace,
            Workspace(
                message.profile,
                tab=None,
                table=None,
                restores=self.chosen.restore,
                offers_tour=demo,
            ),
        )
        for worker in self.workers:
            if worker.node is not self:
                worker.cancel()
        while len(self.screen_stack) > 1:
            await self.pop_screen()
        # The screen that the console began with stays below; Textual can't do without it.
        if self.screen is before:
            await before.query(Pane).remove()
        await self.push_screen(self._workspace)
        await before.connections.close()
        if demo:
            from console.demo import traffic

            self.embedded = message.demo
            work = traffic(message.profile)
            self.run_worker(work, group="company", exit_on_error=False)

    def get_driver_class(self) -> type[Driver]:
        """Takes the driver that survives its terminal, where Textual would take its parent."""
        from textual.drivers.linux_driver import LinuxDriver

        from console.ui.terminal import Terminal

        usual = super().get_driver_class()
        return Terminal if usual is LinuxDriver else usual

    def copy_to_clipboard(self, text: str) -> None:
        """Sends text to the terminal's clipboard, past tmux or screen if there is one."""
        from console.ui.clipboard import sequence

        self._clipboard = text
        if self._driver is not None:
            self._driver.write(sequence(text, os.environ))

    def get_line_filters(self) -> Sequence[LineFilter]:
        """Adds the wall between data and the terminal, behind every other filter."""
        return [*super().get_line_filters(), self._sanitise]

    def get_theme_variable_defaults(self) -> dict[str, str]:
        """Gives a scheme that leaves a variable out the default scheme's value."""
        return self._default_variables

    def get_system_commands(self, screen: Screen[object]) -> Iterable[SystemCommand]:
        """Offers what applies where the focus is, and nothing that doesn't."""
        from console.ui.palette import commands

        return commands(self, screen)

    def on_mount(self) -> None:
        """Leaves cleanly when told to from outside, or when the terminal is closed."""
        loop = asyncio.get_running_loop()
        loop.set_default_executor(Threads())
        for number in (signal.SIGTERM, signal.SIGHUP):
            # Only the main thread may; elsewhere there is nothing to catch.
            with contextlib.suppress(RuntimeError, ValueError):
                loop.add_signal_handler(number, self._told_to_leave)
        self._complain(self._wrong_schemes)
        if self._own_schemes.path.is_dir():
            self.set_interval(1.0, self._read_schemes)
        if self.chosen.keys:
            self._check_keys()
        if self._company is not None:
            self.run_worker(self._company(), group="company", exit_on_error=False)

    def _read_schemes(self) -> None:
        """Takes over schemes that were written or changed while the console runs."""
        found, wrong = self._own_schemes.news()
        self._complain(wrong)
        for scheme in found:
            self.register_theme(scheme)
            if scheme.name == self.theme:
                self.mutate_reactive(App.theme)

    def _complain(self, errors: Sequence[UsageError]) -> None:
        for error in errors:
            self.notify(visible(error.message), severity="warning", timeout=8, markup=False)

    @work(thread=True, group="keys")
    def _check_keys(self) -> None:
        """Tells which of the chosen keys can't be: every part of the screen is imported for it."""
        from console.ui.keymap import complaints

        # In one message: of several the last would push the first off the screen.
        if found := complaints(self.chosen.keys):
            words = "\n".join(visible(f"[keys] {complaint}") for complaint in found)
            self.call_from_thread(self.notify, words, severity="warning", timeout=20, markup=False)

    def _register(self, parent: DOMNode, *widgets: Widget, **kwargs: Any) -> list[Widget]:
        """Gives widgets their sheets and chosen keys, as they come to the screen."""
        sheets.complete(self.stylesheet, widgets)
        if self.chosen.keys:
            from console.ui.keymap import remap

            for widget in widgets:
                remap(widget, self.chosen.keys)
        return super()._register(parent, *widgets, **kwargs)

    def _prune(self, *nodes: Widget, parent: DOMNode | None = None) -> AwaitRemove:
        """Takes widgets out, and lays out what they leave: not below a screen, which is new."""
        painted.forget()
        # Painting once more what comes to the top would double the cost of every dialog.
        return super()._prune(*nodes, parent=None if parent is self else parent)

    def watch_theme(self, theme: str) -> None:
        """Remembers what was chosen on the screen."""
        if self.is_running and self.chosen.theme is None:
            remembered.write(theme=theme)

    async def on_event(self, event: events.Event) -> None:
        """Lets what is typed go on its way one by one."""
        await self._keyboard.hear(event)

    @on(Followed)
    def _followed(self, message: Followed) -> None:
        self._keyboard.arrived(message.number)

    @on(Notify)
    def _make_room(self, event: Notify) -> None:
        """Lets a message take the place of the same one, and of the oldest of many."""
        live = list(self._notifications)
        for number, notification in enumerate(live):
            same = notification.message == event.notification.message
            if same or number <= len(live) - TOASTS:
                self._unnotify(notification, refresh=False)

    @on(events.Resize)
    def _resized(self) -> None:
        # A terminal that shrank and grew in one go has lost what stood beyond, and Textual paints
        # nothing for a size it knows already.
        again = self._repainting is not None
        if self._repainting is not None:
            self._repainting.stop()
        self._repainting = self.set_timer(0.1, partial(self._settle, again))

    @on(events.Ready)
    def _first_settle(self) -> None:
        # The first size may have come before there was a screen to say it on, and all that is
        # there was painted for it just now.
        if self._repainting is not None:
            self._repainting.stop()
        self._settle(repaint=False)
        if not self.is_headless:
            self.set_timer(collecting.SETTLED, collecting.begin)

    def _settle(self, repaint: bool) -> None:
        """Paints everything, or says so where the terminal is too small."""
        if repaint:
            self.refresh()
        if not fits(self.size) and not isinstance(self.screen, TooSmall):
            self.push_screen(TooSmall())

    def action_jump(self) -> None:
        """Labels what can be gone to with letters."""
        from console.ui.jump import Jump

        def go(there: Callable[[], object] | None) -> None:
            if there is not None:
                there()

        self.push_screen(Jump(self.screen), go)

    def _told_to_leave(self) -> None:
        signal.signal(signal.SIGALRM, _out)
        signal.setitimer(signal.ITIMER_REAL, PATIENCE)
        self.call_next(self._workspace.leave, INTERRUPTED)

    async def action_quit(self) -> None:
        """Leaves from anywhere, whatever runs."""
        await self._workspace.leave()

    def action_help_quit(self) -> None:
        """Tells who presses ctrl+c out of habit how to leave."""
        self.notify("q leaves, esc cancels what runs", timeout=3, markup=False)

    def _handle_exception(self, error: Exception) -> None:
        """Ends after a fault; a part that leaving kept from being put together is none."""
        if not (self._exit and isinstance(error, NoMatches | MountError)):
            super()._handle_exception(error)

    def panic(self, *renderables: RenderableType) -> None:
        """Ends like any other fault: what would be shown here could quote data."""
        self._fatal_error()

    def _fatal_error(self) -> None:
        """Ends after a fault of our own: one sentence, and a report without data."""
        from console.crash import told

        error = self._exception or sys.exc_info()[1] or RuntimeError()
        if not self._exit_renderables:
            self._exit_renderables.append(Text(told(error)))
        self._close_messages_no_wait()


def open_console(
    profile: Profile | None,
    *,
    tab: int | None = None,
    table: str | None = None,
    company: Company | None = None,
    tour: bool = False,
) -> int:
    """Runs the console on the terminal until it is left.

    Args:
        profile: Where to connect, a missing password being asked for on the screen; None
            for choosing there.
        tab: Which tab to start on, counted from 0; None for where it was left.
        table: A table to open at once on the first tab: `table` or `schema.table`.
        company: Runs beside the console, from its first frame to its end.
        tour: Whether to offer the tour of the demo to who has not seen it.

    Returns:
        The exit code: 0, 3 when there never was a connection, 130 when ended by a signal,
        1 after a fault.

    Raises:
        UsageError: The configuration file holds what it should not.
    """
    chosen = settings.load()
    # What the driver and the event loop have to say goes nowhere: it would land on the screen.
    for name in ("psycopg", "asyncio"):
        logging.getLogger(name).addHandler(logging.NullHandler())
    app = RowsightApp(
        profile,
        tab=tab,
        table=table,
        chosen=chosen,
        fitting=themes.fitting(),
        company=company,
        tour=tour,
    )
    try:
        app.run(mouse=chosen.mouse)
    except _Overdue:
        return INTERRUPTED
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0)
        if app.embedded is not None:
            app.embedded.stop()
    return app.return_code or 0
