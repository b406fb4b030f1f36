"""`rowsight demo` without a console: a report, or a server until a signal comes."""

from __future__ import annotations

import signal
import subprocess
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import psycopg
import pytest

from tests.cli.conftest import PROGRAM, Rowsight

FEW = ("--rows", "60")
Serving = Callable[..., "subprocess.Popen[str]"]


@pytest.fixture
def serving(environment: dict[str, str]) -> Iterator[Serving]:
    """Starts `rowsight demo --serve`; whatever still runs is ended afterwards."""
    started = []

    def start(*arguments: str) -> subprocess.Popen[str]:
        process = subprocess.Popen(
            [*PROGRAM, "demo", "--serve", *FEW, *arguments],
            env=environment,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )
        started.append(process)
        return process

    yield start
    for process in started:
        process.kill()
        process.communicate()


def read_dsn(process: subprocess.Popen[str]) -> str:
    assert process.stdout is not None
    line = process.stdout.readline()
    assert line.startswith("dsn: postgresql://")
    return line.removeprefix("dsn: ").strip()


def socket_folder(dsn: str) -> Path:
    with psycopg.connect(dsn) as connection:
        return Path(connection.info.host)


def test_without_a_terminal_demo_reports(rowsight: Rowsight) -> None:
    done = rowsight("demo", *FEW)
    assert done.code == 0
    lines = done.out.splitlines()
    assert lines[0].startswith("PostgreSQL ")
    assert lines[1] == "in sync"
    counts = {cells[0]: cells[1] for line in lines if len(cells := line.split()) == 2}
    assert counts["public.events"] == "60"
    assert "rowsight demo --serve" in done.out
    assert not Path(lines[0].split(" in ")[1]).exists(), "nothing stays"


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM, signal.SIGHUP])
def test_serve_runs_until_a_signal_and_leaves_nothing(
    serving: Serving, rowsight: Rowsight, number: signal.Signals
) -> None:
    process = serving()
    dsn = read_dsn(process)
    folder = socket_folder(dsn)
    assert rowsight("migrate", "verify", "-d", dsn).code == 0
    process.send_signal(number)
    out, err = process.communicate(timeout=30)
    assert (process.returncode, out) == (0, "")
    assert "Traceback" not in err
    assert not folder.exists()
    with pytest.raises(psycopg.OperationalError):
        psycopg.connect(dsn)


def test_a_signal_while_it_starts_cleans_up_too(
    serving: Serving, environment: dict[str, str], tmp_path: Path
) -> None:
    # A folder of its own for what it makes, so that what stays behind can be seen.
    folder = tmp_path / "t"
    folder.mkdir(mode=0o755)
    environment["TMPDIR"] = str(folder)
    process = serving()
    assert process.stderr is not None
    assert process.stderr.readline() == "starting PostgreSQL\n"
    process.send_signal(signal.SIGTERM)
    out, err = process.communicate(timeout=30)
    assert (process.returncode, out) == (143, "")
    assert "Traceback" not in err
    assert list(folder.iterdir()) == []


def test_a_kept_folder_keeps_what_was_done(
    serving: Serving, environment: dict[str, str], rowsight: Rowsight, tmp_path: Path
) -> None:
    def serve_and(do: Callable[[psycopg.Connection[Any]], None]) -> None:
        process = serving("--keep", str(tmp_path / "kept"))
        with psycopg.connect(read_dsn(process), autocommit=True) as connection:
            do(connection)
        process.send_signal(signal.SIGTERM)
        process.communicate(timeout=30)
        assert process.returncode == 0

    def create(connection: psycopg.Connection[Any]) -> None:
        connection.execute("create table mine as select 7 as n")

    def check(connection: psycopg.Connection[Any]) -> None:
        assert connection.execute("select * from mine").fetchall() == [(7,)]

    serve_and(create)
    serve_and(check)


def test_a_deadline_ends_the_demo_and_cleans_up(
    rowsight: Rowsight, environment: dict[str, str], tmp_path: Path
) -> None:
    folder = tmp_path / "t"
    folder.mkdir(mode=0o755)
    done = rowsight("demo", *FEW, "--timeout", "0.5", "--json", TMPDIR=str(folder))
    assert done.code == 4
    assert done.document["error"]["code"] == "timeout"
    assert list(folder.iterdir()) == []


def test_programs_that_are_not_there_are_named(rowsight: Rowsight, tmp_path: Path) -> None:
    done = rowsight("demo", ROWSIGHT_PG_BIN=str(tmp_path))
    assert (done.code, done.out) == (1, "")
    assert "ROWSIGHT_PG_BIN" in done.err


@pytest.mark.parametrize("arguments", [("--serve", "--json"), ("-d", "service=x"), ("--rows", "x")])
def test_what_does_not_fit_is_refused(rowsight: Rowsight, arguments: tuple[str, ...]) -> None:
    assert rowsight("demo", *arguments).code == 2
