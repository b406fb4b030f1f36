"""The real program on a terminal of its own, with everything it writes kept."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import pexpect
import psycopg
import pytest
from psycopg.conninfo import make_conninfo

from console.connection.embedded import EmbeddedServer
from console.connection.profile import Profile
from tests.benchmarks.terminal import Terminal

Open = Callable[..., "Console"]

CONTENT = """
create table public.notes (id int primary key, words text);
insert into public.notes select n, 'note ' || n from generate_series(1, 100) n;
create view public.slow as select pg_sleep(60)::text as slept;
analyze;
"""


class Recorded:
    """Passes on to a screen what a program writes, and keeps it."""

    def __init__(self, stream: Any) -> None:
        self.stream = stream
        self.raw = b""

    def feed(self, data: bytes) -> None:
        self.raw += data
        self.stream.feed(data)


class Console(Terminal):
    """A running console: its screen, its raw output, its end."""

    def __init__(self, *arguments: str, environment: dict[str, str], size: tuple[int, int]) -> None:
        super().__init__(
            [sys.executable, "-m", "console", *arguments],
            columns=size[0],
            lines=size[1],
            environment=environment,
        )
        self.recorded = Recorded(self._stream)
        self._stream = self.recorded  # type: ignore[assignment]

    @property
    def raw(self) -> bytes:
        """Everything written so far."""
        return self.recorded.raw

    def close(self) -> None:
        """Ends the program, if it has not ended by itself."""
        if not self.process.closed:
            self.process.close(force=True)

    def ended(self, timeout: float = 10) -> int:
        """Waits for the end and returns the exit code."""
        self.process.expect(pexpect.EOF, timeout=timeout)
        self.recorded.raw += self.process.before or b""
        self.process.wait()
        assert self.process.exitstatus is not None
        return int(self.process.exitstatus)


@pytest.fixture
def environment(tmp_path: Path) -> dict[str, str]:
    """A home of its own, and none of the caller's targets."""
    return {
        "HOME": str(tmp_path),
        "ROWSIGHT_STATE": str(tmp_path / "state"),
        "ROWSIGHT_CONFIG": str(tmp_path / "config.toml"),
        "ROWSIGHT_NO_KEYRING": "1",
        "TMUX": "",
        "STY": "",
    }


@pytest.fixture
def console(environment: dict[str, str]) -> Iterator[Open]:
    """Opens consoles: `console("-d", target, size=(80, 24), TERM="xterm")`; none may crash."""
    with ExitStack() as opened:

        def run(*arguments: str, size: tuple[int, int] = (80, 24), **variables: str) -> Console:
            started = Console(*arguments, environment=environment | variables, size=size)
            opened.callback(started.close)
            return started

        yield run
    crashes = Path(environment["ROWSIGHT_STATE"]).glob("crash-*")
    if told := "\n".join(report.read_text() for report in crashes):
        pytest.fail(told, pytrace=False)


@pytest.fixture
def notes(empty_db: Profile) -> Profile:
    """A database with a table, and a view that takes its time."""
    with psycopg.connect(make_conninfo(**empty_db.parameters), autocommit=True) as connection:
        connection.execute(CONTENT.encode())
    return empty_db


@pytest.fixture
def running(server: EmbeddedServer) -> Iterator[Callable[[], int]]:
    """Counts the statements that consoles have running on the server."""
    with psycopg.connect(server.dsn(), autocommit=True) as connection:

        def count() -> int:
            row = connection.execute(
                "select count(*) from pg_stat_activity"
                " where application_name like 'rowsight%' and state = 'active'"
            ).fetchone()
            assert row is not None
            return int(row[0])

        yield count


def target(profile: Profile) -> str:
    """What `-d` takes to get there."""
    return make_conninfo(**profile.parameters)
