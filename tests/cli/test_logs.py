"""`logs`: what is stored, what comes, and every way to end."""

from __future__ import annotations

import json
import signal
import subprocess
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from typing import IO, Any

import psycopg
import pytest
from psycopg.conninfo import make_conninfo

from console.cli.logs import _Writer
from console.connection.profile import Profile
from console.logs.poll import Gap
from tests.cli.conftest import PROGRAM, Rowsight
from tests.conftest import Admin

ROW = "insert into public.audit_logs (action, metadata) values (%s, %s) returning id::text"
Start = Callable[..., subprocess.Popen[bytes]]


@pytest.fixture
def db(master_db: Profile, admin: Admin) -> psycopg.Connection[Any]:
    """A migrated database with a user, two entries of her and one that is hostile."""
    connection = admin(master_db)
    connection.execute(
        """
        insert into public.users (id, email)
        values ('00000000-0000-4000-8000-000000000001', 'ada@example.com');
        insert into public.audit_logs ("userId", action, resource, timestamp)
        select '00000000-0000-4000-8000-000000000001', 'login', 'sessions', now() - n
        from unnest('{2 hours,3 days}'::interval[]) n;
        """
    )
    connection.execute(ROW.encode(), ["evil\x1b]52;c;x\n\u202e", '{"n": "\\u202e"}'])
    return connection


@pytest.fixture
def target(master_db: Profile) -> str:
    return make_conninfo(**master_db.parameters)


@pytest.fixture
def follow(environment: dict[str, str], target: str) -> Iterator[Start]:
    """Starts `logs --follow` and waits for its first line, the newest entry stored."""
    started: list[subprocess.Popen[bytes]] = []

    def start(*arguments: str) -> subprocess.Popen[bytes]:
        process = subprocess.Popen(
            [*PROGRAM, "logs", "--follow", "--limit", "1", "-d", target, *arguments],
            env=environment,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
        )
        started.append(process)
        assert b"evil" in _out(process).readline()
        return process

    yield start
    for process in started:
        process.kill()
        process.communicate()


def _out(process: subprocess.Popen[bytes]) -> IO[bytes]:
    assert process.stdout is not None
    return process.stdout


def _write(db: psycopg.Connection[Any], action: str = "row") -> str:
    (id_,) = db.execute(ROW.encode(), [action, "{}"]).fetchone() or ("",)
    return str(id_)


def test_what_is_stored(rowsight: Rowsight, db: psycopg.Connection[Any], target: str) -> None:
    found = rowsight("logs", "--json", "--user", "Ada@example.com", "-d", target)
    assert found.code == 0
    assert [entry["action"] for entry in found.document] == ["login", "login"]
    assert {entry["user"][-1] for entry in found.document} == {"1"}
    assert "all rows" in found.err
    since = ("logs", "--since", "-1d", "--action", "log*", "--format", "jsonl", "-d", target)
    (line,) = rowsight(*since).out.splitlines()
    entry = json.loads(line)
    assert {"source", "id", "time", "user", "action", "resource", "resource_id", "detail"} < set(
        entry
    )
    assert (entry["resource"], entry["mark"]) == ("sessions", "stored")


def test_text_is_one_harmless_line_an_entry(
    rowsight: Rowsight, db: psycopg.Connection[Any], target: str
) -> None:
    done = rowsight("logs", "-d", target, PYTHONIOENCODING="utf-8")
    lines = done.out.splitlines()
    assert len(lines) == 3
    assert "ada@example.com" in lines[0]
    assert "evil␛]52;c;x␊⟨202E⟩" in lines[2]
    assert all(character.isprintable() for character in done.out.replace("\n", ""))


@pytest.mark.parametrize(
    ("arguments", "code"),
    [
        (("--source", "nothing"), 2),
        (("--since", "yesterday"), 2),
        (("--limit", "-1"), 2),
        (("--json", "--format", "text"), 2),
        (("--user", "nobody@example.com"), 1),
    ],
)
def test_what_can_not_be_asked(
    rowsight: Rowsight,
    db: psycopg.Connection[Any],
    target: str,
    arguments: tuple[str, ...],
    code: int,
) -> None:
    assert rowsight("logs", *arguments, "-d", target).code == code


def test_without_logs_there_is_nothing_to_read(rowsight: Rowsight, empty_db: Profile) -> None:
    done = rowsight("logs", "--follow", "-d", make_conninfo(**empty_db.parameters))
    assert done.code == 1
    assert "there is no log to read" in done.err


def test_following_survives_killed_connections_and_ends_on_sigint(
    db: psycopg.Connection[Any], follow: Start
) -> None:
    process = follow("--format", "jsonl")
    written = []
    for _ in range(3):
        db.execute(
            "select pg_terminate_backend(pid) from pg_stat_activity"
            " where application_name like 'rowsight logs %'"
        )
        written.append(_write(db))
        assert json.loads(_out(process).readline())["id"] == written[-1]
    process.send_signal(signal.SIGINT)
    out, err = process.communicate(timeout=20)
    assert out == b""
    assert process.returncode == 130
    assert err.count(b"connected again") == 3
    assert b"Traceback" not in err


def test_following_ends_when_the_reader_goes_though_nothing_comes(
    db: psycopg.Connection[Any], follow: Start
) -> None:
    process = follow()
    _out(process).close()
    assert process.wait(timeout=20) == 141
    assert process.stderr is not None
    assert b"Traceback" not in process.stderr.read()


def test_head_gets_its_three_lines(
    db: psycopg.Connection[Any], environment: dict[str, str], target: str
) -> None:
    command = f"{' '.join(PROGRAM)} logs --follow -d '{target}' --format jsonl | head -3"
    done = subprocess.run(
        ["bash", "-o", "pipefail", "-c", command], env=environment, capture_output=True, timeout=30
    )
    assert done.returncode == 141
    assert len([json.loads(line) for line in done.stdout.splitlines()]) == 3
    assert b"Traceback" not in done.stderr


def test_a_reader_that_stops_reading_does_not_hold_up_sigint(
    db: psycopg.Connection[Any], follow: Start
) -> None:
    process = follow("--format", "jsonl")
    db.execute(
        "insert into public.audit_logs (action) select 'flood' from generate_series(1, 3000)"
    )
    assert b"flood" in _out(process).readline()
    process.send_signal(signal.SIGINT)
    assert process.wait(timeout=20) == 130


async def test_a_gap_that_is_not_proven_empty_is_an_object(
    capfd: pytest.CaptureFixture[str],
) -> None:
    from argparse import Namespace

    writer = _Writer(Namespace(json=False, format="jsonl"), None)  # type: ignore[arg-type]
    times = datetime(2026, 11, 20, 16, tzinfo=UTC), datetime(2026, 11, 20, 17, tzinfo=UTC)
    await writer.take(Gap("audit_log", *times, "the server was failed over", proven=True, found=2))
    await writer.take(Gap("audit_log", *times, "the server was failed over"))
    out, err = capfd.readouterr()
    assert json.loads(out) == {
        "gap": {
            "from": "2026-11-20T16:00:00+00:00",
            "to": "2026-11-20T17:00:00+00:00",
            "reason": "the server was failed over",
            "source": "audit_log",
        }
    }
    assert "2 more found" in err
    assert "entries may be missing" in err
