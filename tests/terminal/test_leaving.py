"""Leaving takes a moment, whatever hangs: a name, a network, a server."""

from __future__ import annotations

import os
import signal
from collections.abc import Callable
from contextlib import ExitStack
from pathlib import Path

import psycopg
import pytest
from psycopg.conninfo import make_conninfo

from console.connection.profile import Profile
from tests.conftest import MakeProxy
from tests.terminal.conftest import Open, target
from tests.terminal.test_console import in_a_slow_view

SLOW_NAMES = """
import socket, time
def slow(*arguments, **options):
    time.sleep(600)
socket.getaddrinfo = slow
"""


def test_while_a_name_is_looked_up(console: Open, tmp_path: Path) -> None:
    (tmp_path / "sitecustomize.py").write_text(SLOW_NAMES)
    opened = console("-d", "postgresql://ada@slow.example/x", PYTHONPATH=str(tmp_path))
    opened.wait("esc gives up")
    opened.press("q")
    assert opened.ended(timeout=5) == 3


def test_while_connecting_to_a_silent_network(
    console: Open, notes: Profile, proxy: MakeProxy
) -> None:
    through = proxy(notes)
    through.discard()
    opened = console("-d", target(through.profile))
    opened.wait("esc gives up")
    opened.press("q")
    assert opened.ended(timeout=5) == 3


@pytest.mark.parametrize("hang", ["stall", "discard", "SIGSTOP"])
def test_while_a_statement_hangs(
    console: Open, notes: Profile, proxy: MakeProxy, running: Callable[[], int], hang: str
) -> None:
    through = proxy(notes)
    opened = console("-d", target(through.profile))
    in_a_slow_view(opened, running)
    with ExitStack() as later:
        if hang == "SIGSTOP":
            row = None
            with psycopg.connect(make_conninfo(**notes.parameters), autocommit=True) as connection:
                while row is None:
                    row = connection.execute(
                        "select pid from pg_stat_activity where application_name like 'rowsight%'"
                        " and state = 'active' and datname = current_database()"
                    ).fetchone()
            os.kill(row[0], signal.SIGSTOP)
            later.callback(os.kill, row[0], signal.SIGCONT)
        else:
            getattr(through, hang)()
        opened.press("q")
        assert opened.ended(timeout=5) == 0


def test_while_coming_back(console: Open, notes: Profile, proxy: MakeProxy) -> None:
    through = proxy(notes)
    opened = console("-d", target(through.profile))
    opened.wait("notes")
    through.refuse()
    through.reset()
    opened.wait("was lost")
    opened.press("j")  # the screen still lives
    opened.press("q")
    assert opened.ended(timeout=5) == 0
