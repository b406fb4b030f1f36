"""The application: screens, schemes, keys, and what happens when a fault is ours."""

from __future__ import annotations

import asyncio
import contextlib
import logging
import signal
import sys
from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING

from rich.text import Text
from textual.app import App, SystemCommand
from textual.filter import LineFilter

from console.assets import theme_file
from console.connection.profile import Profile
from console.ui import themes
from console.ui.sanitise import Sanitise
from console.ui.workspace import Workspace

if TYPE_CHECKING:
    from rich.console import RenderableType
    from textual.driver import Driver
    from textual.screen import Screen

SHEETS = (
    "workspace",
    "tables",
    "access",
    "migration",
    "health",
    "retention",
    "logs",
    "connect",
    "dialogs",
)
"""One sheet of `themes/` for each area of the screen."""

INTERRUPTED = 130
"""Exit code of a console that a signal ended."""


PATIENCE = 1.5
"""Seconds a console that was told to leave may take over it."""


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

    def __init__(
        self,
        profile: Profile,
        *,
        theme: str = themes.DEFAULT,
        tab: int = 0,
        table: str | None = None,
    ) -> None:
        schemes = themes.shipped()
        self._default_variables = schemes[0].variables
        super().__init__(css_path=[theme_file(f"{sheet}.tcss") for sheet in SHEETS])
        # Textual's scroll animation takes 0.7 s and twelve times the bytes: not over SSH.
        self.animation_level = "none"
        self._sanitise = Sanitise()
        self._workspace = Workspace(profile, tab=tab, table=table)
        for name in list(self.available_themes):
            self.unregister_theme(name)
        for scheme in schemes:
            self.register_theme(scheme)
        # Set before anything is styled, so that the sheets are parsed once and not twice.
        self.set_reactive(App.theme, theme if theme in self.available_themes else themes.DEFAULT)
        self.stylesheet.set_variables(self.get_css_variables())

    def get_default_screen(self) -> Screen[None]:
        """Starts on the workspace, so that the first frame is the real one."""
        return self._workspace

    def get_driver_class(self) -> type[Driver]:
        """Takes the driver that survives its terminal, where Textual would take its parent."""
        from textual.drivers.linux_driver import LinuxDriver

        from console.ui.terminal import Terminal

        usual = super().get_driver_class()
        return Terminal if usual is LinuxDriver else usual

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
        for number in (signal.SIGTERM, signal.SIGHUP):
            # Only the main thread may; elsewhere there is nothing to catch.
            with contextlib.suppress(RuntimeError, ValueError):
                loop.add_signal_handler(number, self._told_to_leave)

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

    def panic(self, *renderables: RenderableType) -> None:
        """Ends like any other fault: what would be shown here could quote data."""
        self._fatal_error()

    def _fatal_error(self) -> None:
        """Ends after a fault of our own: one sentence, and a report without data."""
        error = self._exception or sys.exc_info()[1] or RuntimeError()
        if not self._exit_renderables:
            self._exit_renderables.append(Text(told(error)))
        self._close_messages_no_wait()


def told(error: BaseException) -> str:
    """Writes the report of a fault and returns the sentence that tells of it."""
    from console.crash import write_report

    try:
        return f"rowsight: a fault in the program ended it; a report is in {write_report(error)}"
    except OSError:
        return "rowsight: a fault in the program ended it, and no report could be written"


def open_console(
    profile: Profile,
    *,
    theme: str | None = None,
    tab: int = 0,
    table: str | None = None,
    mouse: bool = True,
) -> int:
    """Runs the console on the terminal until it is left.

    Args:
        profile: Where to connect; a missing password is asked for on the screen.
        theme: Name of a colour scheme; None for the default one.
        tab: Which tab to start on, counted from 0.
        table: A table to open at once on the first tab: `table` or `schema.table`.
        mouse: Whether to take the mouse; without it the terminal selects text as usual.

    Returns:
        The exit code: 0, 3 when there never was a connection, 130 when ended by a signal,
        1 after a fault.
    """
    # What the driver and the event loop have to say goes nowhere: it would land on the screen.
    for name in ("psycopg", "asyncio"):
        logging.getLogger(name).addHandler(logging.NullHandler())
    app = RowsightApp(profile, theme=theme or themes.DEFAULT, tab=tab, table=table)
    try:
        app.run(mouse=mouse)
    except _Overdue:
        return INTERRUPTED
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0)
    return app.return_code or 0
