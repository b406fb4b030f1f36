"""Every kind of terminal: what it calls itself, its colours, its size, its encoding, its shell."""

from __future__ import annotations

import os
import re
import signal
import sys
import time
from pathlib import Path

import pytest

from console.connection.profile import Profile
from tests.benchmarks.terminal import Terminal
from tests.terminal.conftest import Console, Open, target
from tests.terminal.test_console import RESTORED

TRUE_COLOUR = re.compile(rb"\x1b\[[0-9;]*[34]8;2;")
COLOURS_256 = re.compile(rb"\x1b\[[0-9;]*[34]8;5;")


ENDED = """
import os, signal
from console.ui.app import open_console
open_console(None)
os.kill(os.getpid(), signal.SIGCONT)
print("calm")
"""


def threads_of(console: Console) -> int:
    """Returns how many threads the process has."""
    return len([*Path(f"/proc/{console.process.pid}/task").iterdir()])


def state_of(console: Console) -> str:
    """Returns the process's state as the kernel names it: S sleeping, T stopped."""
    stat = Path(f"/proc/{console.process.pid}/stat").read_text()
    return stat.rpartition(")")[2].split()[0]


def until_state(console: Console, wanted: str) -> None:
    deadline = time.monotonic() + 15
    while (state_of(console) == "T") is not (wanted == "T"):
        assert time.monotonic() < deadline, state_of(console)
        console.pump(0.05)


@pytest.mark.parametrize(
    ("term", "colours", "none_of"),
    [
        ("xterm-256color", "truecolor", None),
        ("xterm-256color", "", TRUE_COLOUR),
        ("tmux-256color", "", TRUE_COLOUR),
        ("xterm", "", COLOURS_256),
        ("screen", "", COLOURS_256),
        ("linux", "", COLOURS_256),
        ("vt100", "", COLOURS_256),
    ],
)
def test_no_more_colours_than_the_terminal_has(
    console: Open, notes: Profile, term: str, colours: str, none_of: re.Pattern[bytes] | None
) -> None:
    opened = console("-d", target(notes), "--table", "notes", TERM=term, COLORTERM=colours)
    opened.wait("note 7")
    opened.press("?")
    opened.wait("Keys")
    opened.press("\x1b")
    opened.wait("note 7")
    opened.press("\x11")
    assert opened.ended() == 0
    if none_of is None:
        assert TRUE_COLOUR.search(opened.raw)
    else:
        assert none_of.search(opened.raw) is None
        assert TRUE_COLOUR.search(opened.raw) is None


def test_a_dumb_terminal_is_told_what_else_there_is(console: Open, notes: Profile) -> None:
    opened = console("-d", target(notes), TERM="dumb")
    opened.wait("the console needs a terminal")
    assert opened.ended() == 2
    assert b"\x1b" not in opened.raw
    assert b"rowsight --help" in opened.raw


def test_the_terminal_knows_its_size_better_than_the_environment(
    console: Open, notes: Profile
) -> None:
    opened = console("-d", target(notes), "--table", "notes", COLUMNS="200", LINES="60")
    opened.wait(lambda text: "note 7" in text and text.rstrip().endswith("? Help"))
    opened.press("\x11")
    assert opened.ended() == 0


@pytest.mark.parametrize("size", [(60, 20), (70, 21), (80, 24), (200, 60)])
def test_sizes(console: Open, notes: Profile, size: tuple[int, int]) -> None:
    opened = console("-d", target(notes), "--table", "notes", size=size)
    opened.wait("This terminal is too small" if size == (60, 20) else "note 7")
    opened.press("q")
    if size == (60, 20):
        assert opened.ended() in (0, 3)  # 3: nothing was seen, and it had not connected yet
    else:
        opened.settle()
        opened.press("q")
        assert opened.ended() == 0


def test_a_storm_of_sizes_leaves_everything_in_its_place(console: Open, notes: Profile) -> None:
    opened = console("-d", target(notes), "--table", "notes")
    opened.wait("note 7")
    for step in range(60):
        columns, rows = 40 + 37 * step % 170, 10 + 23 * step % 55
        opened.process.setwinsize(rows, columns)
        opened.screen.resize(rows, columns)
        opened.pump(0.01)
    opened.process.setwinsize(24, 80)
    opened.screen.resize(24, 80)
    opened.wait(lambda text: "note 7" in text and text.rstrip().endswith("? Help"))
    assert "too small" not in opened.text
    opened.press("\x11")
    assert opened.ended() == 0


def test_to_the_shell_and_back(console: Open, notes: Profile) -> None:
    opened = console("-d", target(notes), "--table", "notes")
    opened.wait("note 7")
    before = len(opened.raw)
    opened.press("\x1a")
    until_state(opened, "T")
    opened.pump(0.2)
    for sequence in RESTORED:
        assert sequence in opened.raw[before:]
    before = len(opened.raw)
    os.kill(opened.process.pid, signal.SIGCONT)
    until_state(opened, "S")
    opened.wait(lambda _: b"note 7" in opened.raw[before:])
    opened.press("?")
    opened.wait("Keys")
    opened.press("\x11")
    assert opened.ended() == 0


def test_stopped_from_outside_it_goes_on_as_it_was(console: Open, notes: Profile) -> None:
    opened = console("-d", target(notes), "--table", "notes")
    opened.wait("note 7")
    opened.settle(0.5)  # what is imported and noted behind the rows has a thread for a moment
    threads = threads_of(opened)
    for _ in range(3):
        os.kill(opened.process.pid, signal.SIGSTOP)
        until_state(opened, "T")
        opened.recorded.raw = b""
        os.kill(opened.process.pid, signal.SIGCONT)
        opened.wait(lambda _: b"note 7" in opened.raw)
    opened.settle(0.5)
    assert threads_of(opened) == threads
    opened.press("\x11")
    assert opened.ended() == 0


def test_what_a_closed_terminal_sends_comes_late(environment: dict[str, str]) -> None:
    opened = Terminal([sys.executable, "-c", ENDED], environment=environment)
    with opened:
        opened.wait("Welcome")
        opened.press("\x11")
        opened.process.expect("calm", timeout=20)


@pytest.mark.parametrize(
    "locale",
    [
        {"LANG": "C", "LC_ALL": "C"},
        {"LC_ALL": "C", "PYTHONUTF8": "0", "PYTHONCOERCECLOCALE": "0"},
    ],
    ids=["C", "C-ascii"],
)
def test_a_plain_locale_is_no_reason_to_fail(
    console: Open, notes: Profile, locale: dict[str, str]
) -> None:
    opened = console("-d", target(notes), "--table", "notes", **locale)
    opened.wait("note 7")
    opened.press("q")
    opened.wait("filter")
    opened.press("\x11")
    assert opened.ended() == 0
    if "PYTHONUTF8" in locale:
        assert opened.raw.isascii()


def test_the_mouse_can_be_left_to_the_terminal(
    console: Open, notes: Profile, environment: dict[str, str]
) -> None:
    Path(environment["ROWSIGHT_CONFIG"]).write_text('[ui]\nmouse = false\ntheme = "ansi-16"\n')
    opened = console("-d", target(notes), "--table", "notes")
    opened.wait("note 7")
    opened.press("\x11")
    assert opened.ended() == 0
    assert b"\x1b[?1000h" not in opened.raw


def test_a_wrong_setting_ends_in_words(
    console: Open, notes: Profile, environment: dict[str, str]
) -> None:
    Path(environment["ROWSIGHT_CONFIG"]).write_text('[ui]\ntheme = "pink"\n')
    opened = console("-d", target(notes))
    opened.wait("no colour scheme 'pink'")
    assert opened.ended() == 2
