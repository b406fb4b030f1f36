"""How the program ends before it is done: deadline, signals, a reader that goes away."""

from __future__ import annotations

import json
import os
import resource
import signal
import socket
import subprocess
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import psycopg
import pytest
from psycopg.conninfo import make_conninfo

from console.connection.profile import Profile
from tests.cli.conftest import PROGRAM, Rowsight

Admin = Callable[[Profile], psycopg.Connection[Any]]


@pytest.fixture
def slow(empty_db: Profile, admin: Admin) -> tuple[str, Callable[[], int]]:
    """A view that takes a minute, and how many statements read it now."""
    connection = admin(empty_db)
    connection.execute("create view slow as select pg_sleep(60)::text as v")

    def running() -> int:
        row = connection.execute(
            "select count(*) from pg_stat_activity "
            "where datname = current_database() and wait_event = 'PgSleep'"
        ).fetchone()
        assert row is not None
        return int(row[0])

    return make_conninfo(**empty_db.parameters), running


def until(condition: Callable[[], bool]) -> None:
    """Waits for a condition; a failure is a test that never ends, so it is bounded."""
    deadline = time.monotonic() + 30
    while not condition():
        assert time.monotonic() < deadline
        time.sleep(0.02)


def test_a_deadline_ends_the_command_and_its_statement(
    rowsight: Rowsight, slow: tuple[str, Callable[[], int]]
) -> None:
    target, running = slow
    done = rowsight("rows", "slow", "--timeout", "1", "--json", "-d", target)
    assert done.code == 4
    assert done.document["error"]["code"] == "timeout"
    until(lambda: running() == 0)


@pytest.mark.parametrize(
    ("number", "code"),
    [(signal.SIGINT, 130), (signal.SIGTERM, 143), (signal.SIGHUP, 129)],
)
def test_a_signal_ends_the_command_and_its_statement(
    environment: dict[str, str],
    slow: tuple[str, Callable[[], int]],
    number: signal.Signals,
    code: int,
) -> None:
    target, running = slow
    process = subprocess.Popen(
        [*PROGRAM, "rows", "slow", "-d", target, "--json"],
        env=environment,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
    )
    until(lambda: running() == 1)
    process.send_signal(number)
    out, err = process.communicate(timeout=30)
    assert process.returncode == code
    assert set(json.loads(out)) == {"error"}
    assert json.loads(out)["error"]["code"] == "interrupted"
    assert b"Traceback" not in err
    until(lambda: running() == 0)


def test_a_deadline_also_ends_what_never_answers(rowsight: Rowsight) -> None:
    with socket.create_server(("127.0.0.1", 0)) as silent:
        port = silent.getsockname()[1]
        done = rowsight("tables", "--timeout", "1", "-d", f"postgresql://127.0.0.1:{port}/x")
    assert done.code == 4


def test_a_stopped_backend_does_not_hold_the_command(
    environment: dict[str, str],
    slow: tuple[str, Callable[[], int]],
    admin: Admin,
    empty_db: Profile,
) -> None:
    target, running = slow
    process = subprocess.Popen(
        [*PROGRAM, "rows", "slow", "--timeout", "4", "-d", target],
        env=environment,
        stderr=subprocess.PIPE,
    )
    until(lambda: running() == 1)
    row = (
        admin(empty_db)
        .execute("select pid from pg_stat_activity where wait_event = 'PgSleep'")
        .fetchone()
    )
    assert row is not None
    os.kill(row[0], signal.SIGSTOP)
    try:
        _, err = process.communicate(timeout=30)
    finally:
        os.kill(row[0], signal.SIGCONT)
    assert process.returncode == 4
    assert b"not done after 4 s" in err


def test_a_reader_that_goes_away_ends_the_command_quietly(
    environment: dict[str, str], empty_db: Profile, admin: Admin
) -> None:
    admin(empty_db).execute(
        "create table t as select repeat('x', 1000) as v from generate_series(1, 1000)"
    )
    target = make_conninfo(**empty_db.parameters)
    reading, writing = os.pipe()
    process = subprocess.Popen(
        [*PROGRAM, "rows", "t", "--format", "jsonl", "--limit", "1000", "-d", target],
        env=environment,
        stdout=writing,
        stderr=subprocess.PIPE,
    )
    os.close(writing)
    os.read(reading, 10)
    os.close(reading)
    _, err = process.communicate(timeout=30)
    assert (process.returncode, err) == (141, b"")


def test_an_output_that_cannot_be_written_is_named(
    environment: dict[str, str], tmp_path: Path
) -> None:
    def no_room() -> None:
        resource.setrlimit(resource.RLIMIT_FSIZE, (0, 0))

    with (tmp_path / "out").open("wb") as full:
        done = subprocess.run(
            [*PROGRAM, "--version"],
            env=environment,
            stdout=full,
            stderr=subprocess.PIPE,
            preexec_fn=no_room,
        )
    assert done.returncode == 1
    assert done.stderr.startswith(b"rowsight: the output can't be written")
    assert b"Traceback" not in done.stderr


def test_stdout_may_be_closed(environment: dict[str, str]) -> None:
    done = subprocess.run(
        ["/bin/sh", "-c", '"$@" >&-', "sh", *PROGRAM, "--version"],
        env=environment,
        stderr=subprocess.PIPE,
    )
    assert (done.returncode, done.stderr) == (0, b"")
