"""The console as a person has it: on a terminal, with a real server."""

from __future__ import annotations

import base64
import os
import re
import signal
import time
from collections.abc import Callable
from pathlib import Path
from random import Random

import psycopg
import pytest
from psycopg.conninfo import make_conninfo

from console.connection.profile import Profile
from tests import hostile
from tests.terminal.conftest import Console, Open, target

RESTORED = (b"\x1b[?1049l", b"\x1b[?25h", b"\x1b[?1000l", b"\x1b[?2004l")
"""Main screen, cursor, no mouse, no bracketed paste."""

OWN = re.compile(
    rb"\x1b\[[0-9;]*[mH]"  # colours, cursor position
    rb"|\x1b\[\?(?:7|25|1000|1003|1004|1006|1015|1016|1049|2004|2026|2048)(?:[hl]|\$p)"
    rb"|\x1b\[[<>]\d*u"  # keyboard protocol
    rb"|\x1b\]22;[a-z-]+\x07"  # shape of the mouse pointer
)


def in_a_slow_view(console: Console, running: Callable[[], int]) -> None:
    console.wait("slow")
    console.press("/slow\r")
    console.wait("esc cancels")
    deadline = time.monotonic() + 10
    while running() != 1:  # what comes before the statement is waited for as well
        assert time.monotonic() < deadline
        time.sleep(0.02)


def test_opens_on_a_table_and_leaves_the_terminal_as_it_was(console: Open, notes: Profile) -> None:
    opened = console("-d", target(notes), "--table", "notes")
    opened.wait("note 7")
    assert opened.screen.display[0].split()[:3] == [
        "DEV",
        f"postgres@local/{notes.parameters['dbname']}",
        "READ-ONLY",
    ]
    opened.settle()  # the rows get the focus right after they are seen
    opened.press("q")  # back to the list
    opened.wait("filter")
    opened.press("q")
    assert opened.ended() == 0
    for sequence in RESTORED:
        assert sequence in opened.raw[opened.raw.rindex(b"filter") :]


def test_a_server_that_is_not_there(console: Open) -> None:
    opened = console("-d", "postgresql://ada@127.0.0.1:1/shop")
    opened.wait("nothing answers at 127.0.0.1:1")
    opened.press("q")
    assert opened.ended() == 3


@pytest.mark.parametrize("how", ["q", "ctrl+q", "SIGTERM", "SIGHUP"])
def test_leaving_cancels_what_runs_on_the_server(
    console: Open, notes: Profile, running: Callable[[], int], how: str
) -> None:
    opened = console("-d", target(notes))
    in_a_slow_view(opened, running)
    if how == "q":
        opened.press("q")
    elif how == "ctrl+q":
        opened.press("\x11")
    else:
        os.kill(opened.process.pid, signal.Signals[how])
    assert opened.ended(timeout=5) == (130 if how.startswith("SIG") else 0)
    assert running() == 0
    assert RESTORED[0] in opened.raw


def test_a_closed_terminal_ends_the_console(
    console: Open, notes: Profile, running: Callable[[], int]
) -> None:
    opened = console("-d", target(notes))
    in_a_slow_view(opened, running)
    os.close(opened.process.child_fd)
    deadline = time.monotonic() + 10
    while os.waitpid(opened.process.pid, os.WNOHANG) == (0, 0):
        assert time.monotonic() < deadline
        time.sleep(0.05)
    opened.process.terminated = True
    opened.process.closed = True
    assert running() == 0


def test_a_cell_goes_to_the_clipboard_as_one_sequence(console: Open, notes: Profile) -> None:
    opened = console("-d", target(notes), "--table", "notes")
    opened.wait("note 7")
    opened.press("\x1b[C")
    opened.press("y")
    opened.wait("copied")
    wanted = base64.b64encode(b"note 1")
    assert opened.raw.count(b"\x1b]52;") == 1
    assert b"\x1b]52;c;" + wanted + b"\x07" in opened.raw


def test_a_copy_finds_its_way_out_of_tmux(console: Open, notes: Profile) -> None:
    opened = console("-d", target(notes), "--table", "notes", TMUX="/tmp/tmux-0/default,1,0")
    opened.wait("note 7")
    opened.press("\x1b[C")
    opened.press("y")
    opened.wait("copied")
    wanted = base64.b64encode(b"note 1")
    # What tmux takes itself, and what it hands on: with each escape doubled.
    plain = b"\x1b]52;c;" + wanted + b"\x07"
    assert plain + b"\x1bPtmux;\x1b" + plain + b"\x1b\\" in opened.raw


def test_a_copy_finds_its_way_out_of_screen_in_portions(console: Open, notes: Profile) -> None:
    with psycopg.connect(make_conninfo(**notes.parameters), autocommit=True) as connection:
        connection.execute("update notes set words = repeat('long ', 400) where id = 1")
    opened = console("-d", target(notes), "--table", "notes", STY="1.pts-0.here")
    opened.wait("note 7")
    opened.press("\x1b[C")
    opened.press("y")
    opened.wait("copied")
    portions = re.findall(rb"\x1bP([^\\]*)\x1b\\", opened.raw)
    assert max(map(len, portions)) < 768
    whole = b"".join(portions)
    assert whole == b"\x1b]52;c;" + base64.b64encode(b"long " * 400) + b"\x07"
    assert opened.raw.count(b"]52;") == 1


@pytest.mark.parametrize("size", [(80, 24), (120, 40)])
def test_hostile_data_writes_nothing_of_its_own(
    console: Open, empty_db: Profile, size: tuple[int, int]
) -> None:
    with psycopg.connect(make_conninfo(**empty_db.parameters), autocommit=True) as connection:
        hostile.fill(connection)
        connection.execute(
            "create function public.bang() returns int language plpgsql as $$ begin"
            r" raise exception e'\x1b[31m\x1b]52;c;ZXZpbA==\x07'; end $$;"
            "create view public.trap as select public.bang()"
        )
    opened = console("-d", target(empty_db), "--table", hostile.identity(), size=size)
    opened.wait("1 of 12")
    opened.press("c")
    opened.wait("columns  2")
    opened.press("c")
    for _ in range(12):
        opened.press("\x1b[B")
    opened.settle()
    opened.press("\x1b[C")
    opened.settle()
    opened.press("q")
    opened.wait("⏎ Open   / Filter   r Read again")  # the list, which may have stood there before
    opened.press("/trap\r")
    opened.wait("try again")
    opened.press("d")
    opened.wait("What happened")
    opened.press("d")
    opened.press("3")
    opened.wait("Not applied")
    opened.press("q")
    assert opened.ended() == 0
    assert b"\x1b[31m" not in opened.raw
    left = OWN.sub(b"", opened.raw).decode()
    assert re.findall(r"[^\r\n\xa0 -~\xa1-\U0010ffff].{,20}", left) == []
    assert [c for c in left if not c.isprintable() and c not in "\r\n\xa0"] == []


@pytest.mark.parametrize("environment_name", ["dev", "prod"])
def test_a_held_key_and_pasted_text_confirm_nothing(
    console: Open, notes: Profile, environment: dict[str, str], environment_name: str
) -> None:
    lines = [f'{key} = "{value}"' for key, value in notes.parameters.items()]
    Path(environment["ROWSIGHT_CONFIG"]).write_text(
        "\n".join(["[profiles.here]", *lines, f'environment = "{environment_name}"'])
    )
    opened = console("-d", "here")
    opened.wait("notes")
    opened.press("W")
    opened.wait("Switch to write mode?")
    for _ in range(170):  # five seconds of a held key
        opened.press("\r")
        opened.pump(0.03)
    random = Random(7)
    pasted = "".join(random.choices("yY \ray", k=400)) + notes.parameters["dbname"] + "\r"
    opened.press(pasted)
    opened.settle(1)
    opened.press(f"\x1b[200~{notes.parameters['dbname']}\r\x1b[201~")
    opened.settle(1)
    assert "READ-ONLY" in opened.screen.display[0]
    assert "Switch to write mode?" in opened.text


def test_without_colour_there_are_only_greys(console: Open, notes: Profile) -> None:
    opened = console("-d", target(notes), "--table", "notes", NO_COLOR="1")
    opened.wait("note 7")
    opened.settle()
    colours = re.findall(rb"[34]8;2;(\d+);(\d+);(\d+)", opened.raw)
    assert colours
    assert {len(set(colour)) for colour in colours} == {1}
    assert "DEV" in opened.screen.display[0]


def test_a_resized_terminal_is_laid_out_anew(console: Open, notes: Profile) -> None:
    opened = console("-d", target(notes), "--table", "notes", size=(120, 40))
    opened.wait("filter")
    for columns in (80, 200, 60, 99, 100, 120, 80):
        opened.process.setwinsize(24, columns)
        opened.screen.resize(24, columns)
        opened.settle(0.2)
    opened.wait(lambda text: "filter" not in text and text.rstrip().endswith("? Help"))
    assert "note 7" in opened.text
