"""The terminal driver, made to outlive its terminal."""

from __future__ import annotations

import asyncio
import os
import signal
from typing import TYPE_CHECKING, Any, TextIO, cast

from textual.drivers.linux_driver import LinuxDriver

if TYPE_CHECKING:
    from textual.app import App


_MARKS = {
    "*": "●◆▪■",
    "o": "◌○◇▫□",
    "v": "✓✔▾▼↓",
    "x": "✕✗✘×",
    ">": "▸▶→≥",
    "<": "◂←≤↵⏎",
    "^": "↑",
    ".": "…·•",
    "-": "–—─━",
    "|": "│┃▏▕▎▌▐",
    "+": "⊕┌┐└┘├┤┬┴┼╭╮╰╯",
    "_": "▁▂▃",
    "=": "▄▅▆",
    "#": "▇█▓▒░",
    "0": "∅",
    "/": "⊘",
    "%": "◐",
}
_ASCII = {ord(mark): plain for plain, marks in _MARKS.items() for mark in marks}
"""What stands for a mark, cell for cell, where the terminal takes no Unicode."""


def _plain(text: str, encoding: str) -> str:
    """Returns text that an encoding can say; what it can't becomes a mark or `?`."""
    try:
        text.encode(encoding)
    except UnicodeEncodeError:
        return text.translate(_ASCII).encode(encoding, "replace").decode(encoding)
    return text


class Forgiving:
    """Writes to a terminal for as long as there is one.

    A closed terminal fails every write. Textual's writer would die of the first and then be
    waited for without end; here the writes go nowhere, and the process is told to leave.
    """

    def __init__(self, file: TextIO) -> None:
        self._file = file
        self._gone = False
        self._narrow = not (file.encoding or "").lower().replace("-", "").startswith("utf")

    def write(self, text: str) -> int:
        """Writes text, or forgets it."""
        if self._narrow:
            text = _plain(text, self._file.encoding or "ascii")
        if not self._gone:
            try:
                return self._file.write(text)
            except (OSError, ValueError):
                self._hang_up()
        return len(text)

    def flush(self) -> None:
        """Passes on what was written."""
        if not self._gone:
            try:
                self._file.flush()
            except (OSError, ValueError):
                self._hang_up()

    def fileno(self) -> int:
        """The terminal's file descriptor."""
        return self._file.fileno()

    def _hang_up(self) -> None:
        self._gone = True
        os.kill(os.getpid(), signal.SIGHUP)


class Terminal(LinuxDriver):
    """Textual's driver for Linux and macOS with a forgiving output."""

    def __init__(
        self,
        app: App[Any],
        *,
        debug: bool = False,
        mouse: bool = True,
        size: tuple[int, int] | None = None,
    ) -> None:
        super().__init__(app, debug=debug, mouse=mouse, size=size)
        # Textual says TextIOWrapper, and asks for no more than what Forgiving has.
        self._file = cast(Any, Forgiving(cast(TextIO, self._file)))

    @property
    def _is_ending(self) -> bool:
        return self._app.return_code is not None or not self._app.is_running

    def _sigtstp_application(self, *_: object) -> None:
        """Gives the terminal up first, unless that is done already."""
        if self._is_ending:
            os.kill(os.getpid(), signal.SIGSTOP)
        else:
            super()._sigtstp_application()

    def _sigcont_application(self, *_: object) -> None:
        """Takes the terminal back where it was given up, and else paints what may be lost.

        A terminal that is closed sends this as well, and maybe when nothing runs here any more.
        """
        if self._is_ending:
            return
        if self._must_signal_resume:
            super()._sigcont_application()
        elif self._auto_restart:
            asyncio.get_running_loop().call_soon_threadsafe(self._app.refresh)

    def _get_terminal_size(self) -> tuple[int, int]:
        """Asks the terminal, where Textual believes exported COLUMNS and LINES, however old."""
        try:
            size = os.get_terminal_size(self.fileno)
        except OSError:
            return super()._get_terminal_size()
        return size.columns, size.lines
