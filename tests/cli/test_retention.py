"""`retention plan | run`: numbers first, nothing by accident, and what became of it."""

from __future__ import annotations

import signal
import subprocess
import time
from collections.abc import Callable
from typing import Any

import pexpect
import psycopg
import pytest
from psycopg.conninfo import make_conninfo

from console.connection.profile import Profile
from console.visible import is_unsafe
from tests.cli.conftest import PROGRAM, OnTerminal, Rowsight

Admin = Callable[[Profile], psycopg.Connection[Any]]
PLAN_KEYS = {
    *("table", "column", "days", "enabled", "expired_rows", "exact"),
    *("oldest", "bytes", "last_run", "status"),
}
ODD = "e'v\"il\x1b[2J\u202e %s"


def dsn(profile: Profile, **changes: str) -> str:
    return make_conninfo(**profile.parameters | changes)


@pytest.fixture
def old(master_db: Profile, admin: Admin) -> psycopg.Connection[Any]:
    """A database with 120 old rows of audit_logs, 3 of audit_log, and telemetry."""
    database = admin(master_db)
    database.execute(
        'insert into public.retention_policies ("tableName", "retentionDays", enabled)'
        " values ('audit_logs', 30, true), ('audit_log', 30, true), ('events', 30, false),"
        " ('nonsense', 1, true);"
        'insert into public.audit_logs (action, "timestamp")'
        " select 'old.row', now() - interval '40 days' from generate_series(1, 120);"
        "insert into public.audit_log (action, ts)"
        " select 'old', '2001-01-01' from generate_series(1, 3);"
        "insert into public.users (id, email) values"
        " ('00000000-0000-4000-8000-000000000001', 'a@example.com');"
        'insert into public.privacy_prefs ("userId") select id from public.users;'
        'insert into public.telemetry_events ("userId", "appId", "eventType", "timestamp")'
        " select id, 'a', 'b', '2001-01-01' from public.users, generate_series(1, 2)"
    )
    return database


def left(database: psycopg.Connection[Any], table: str = "audit_logs") -> int:
    condition = " where action = 'old.row'" if table == "audit_logs" else ""
    row = database.execute(f"select count(*) from public.{table}{condition}".encode()).fetchone()
    assert row is not None
    return int(row[0])


def by_table(document: Any) -> dict[str, Any]:
    return {policy["table"]: policy for policy in document["policies"]}


def test_the_plan_tells_and_changes_nothing(
    rowsight: Rowsight, master_db: Profile, old: psycopg.Connection[Any]
) -> None:
    done = rowsight("retention", "plan", "--json", "-d", dsn(master_db))
    assert done.code == 0
    found = by_table(done.document)
    assert all(set(policy) >= PLAN_KEYS for policy in found.values())
    assert found["audit_logs"] | {"oldest": None, "bytes": None, "cut_off": None} == {
        "table": "audit_logs",
        "column": "timestamp",
        "days": 30,
        "enabled": True,
        "expired_rows": 120,
        "exact": True,
        "oldest": None,
        "bytes": None,
        "last_run": None,
        "status": "counted",
        "reason": None,
        "cut_off": None,
    }
    assert found["audit_log"]["oldest"] == "2001-01-01 00:00:00+00"
    assert (found["nonsense"]["status"], found["nonsense"]["expired_rows"]) == (
        "unknown table",
        None,
    )
    assert found["events"]["enabled"] is False
    (user,) = done.document["telemetry"]
    assert (user["days"], user["expired_rows"]) == (14, 2)
    assert left(old) == 120
    text = rowsight("retention", "plan", "-d", dsn(master_db))
    assert "unknown table: no such table" in text.out
    assert "2 rows of 1 user would go" in text.out


def test_nothing_is_deleted_unless_told(
    rowsight: Rowsight, master_db: Profile, old: psycopg.Connection[Any]
) -> None:
    done = rowsight("retention", "run", "--json", "-d", dsn(master_db))
    assert (done.code, done.document["error"]["code"]) == (6, "refused")
    assert "--yes" in done.document["error"]["hint"]
    assert left(old) == 120


def test_a_run_tells_what_it_deleted(
    rowsight: Rowsight, master_db: Profile, old: psycopg.Connection[Any]
) -> None:
    arguments = ("--telemetry", "--batch", "50", "--json", "-d", dsn(master_db))
    done = rowsight("retention", "run", "--yes", *arguments)
    assert done.code == 0
    document = done.document
    assert (document["outcome"], document["deleted"], document["error"]) == ("done", 125, None)
    assert document["elapsed_ms"] > 0
    found = by_table(document)
    assert all(set(policy) >= PLAN_KEYS for policy in found.values())
    audit_logs = found["audit_logs"]
    assert (audit_logs["expired_rows"], audit_logs["deleted"], audit_logs["batches"]) == (
        *(120, 120),
        3,
    )
    assert (found["nonsense"]["deleted"], found["nonsense"]["outcome"]) == (0, "skipped")
    assert (found["events"]["deleted"], found["events"]["outcome"]) == (0, None)
    (user,) = document["telemetry"]
    assert (user["expired_rows"], user["deleted"]) == (2, 2)
    assert document["telemetry_run"]["deleted"] == 2
    assert (left(old), left(old, "audit_log"), left(old, "telemetry_events")) == (0, 0, 0)
    operation = old.execute(
        "select metadata ->> 'operation' from public.audit_logs where action = 'retention.run'"
    ).fetchone()
    assert operation == (document["operation"],)
    text = rowsight("retention", "run", "--yes", "-d", dsn(master_db))
    assert "done: 0 rows in 0 batches" in text.out


def test_named_policies_are_run_alone(
    rowsight: Rowsight, master_db: Profile, old: psycopg.Connection[Any]
) -> None:
    done = rowsight("retention", "run", "--yes", "--policy", "audit_log", "-d", dsn(master_db))
    assert done.code == 0
    assert "audit_log: 3 of 3 announced rows deleted" in done.out
    assert (left(old), left(old, "audit_log"), left(old, "telemetry_events")) == (120, 0, 2)


@pytest.mark.parametrize(
    ("policy", "code"),
    [("events", 6), ("nonsense", 6), ("users", 1), ("spend", 1), ("audit_logs; drop", 1)],
)
def test_a_policy_that_can_not_be_run_is_refused(
    rowsight: Rowsight,
    master_db: Profile,
    old: psycopg.Connection[Any],
    policy: str,
    code: int,
) -> None:
    arguments = ("--policy", "audit_logs", "--policy", policy, "-d", dsn(master_db))
    done = rowsight("retention", "run", "--yes", *arguments)
    assert (done.code, done.out) == (code, "")
    assert left(old) == 120


@pytest.mark.parametrize("batch", ["0", "-5", "x", "2000000000"])
def test_a_batch_that_is_none_is_usage(
    rowsight: Rowsight, master_db: Profile, old: psycopg.Connection[Any], batch: str
) -> None:
    done = rowsight("retention", "run", "--yes", f"--batch={batch}", "-d", dsn(master_db))
    assert done.code == 2
    assert left(old) == 120


def test_without_rights_it_is_refused_with_the_reason(
    rowsight: Rowsight, master_db: Profile, old: psycopg.Connection[Any]
) -> None:
    if old.execute("select to_regrole('nobody_special')").fetchone() == (None,):
        old.execute("create role nobody_special login")
    for words in (("plan",), ("run", "--yes")):
        target = dsn(master_db, user="nobody_special")
        done = rowsight("retention", *words, "--json", "-d", target)
        assert done.code == 6
        assert "hidden from nobody_special" in done.document["error"]["message"]
    done = rowsight("retention", "run", "--yes", "-d", dsn(master_db, user="authenticator"))
    assert done.code == 0
    assert left(old) == 0


def test_one_table_that_fails_is_told_and_the_others_go(
    rowsight: Rowsight, master_db: Profile, old: psycopg.Connection[Any]
) -> None:
    old.execute(
        "create function public.no() returns trigger language plpgsql as"
        " $$ begin raise exception e'not today \\x1b[2J'; end $$;"
        "create trigger no before delete on public.audit_log for each row"
        " execute function public.no()"
    )
    done = rowsight("retention", "run", "--yes", "--json", "-d", dsn(master_db))
    assert done.code == 1
    assert by_table(done.document)["audit_log"]["outcome"] == "failed"
    assert "not today" in done.document["error"]["message"]
    assert not any(map(is_unsafe, (done.out + done.err).replace("\n", "")))
    assert (left(old), left(old, "audit_log")) == (0, 3)


def test_names_are_shown_inert(
    rowsight: Rowsight, master_db: Profile, old: psycopg.Connection[Any]
) -> None:
    old.execute('update public.retention_policies set "tableName" = %s where not enabled', [ODD])
    for arguments in (("plan",), ("plan", "--json"), ("run", "--yes")):
        done = rowsight("retention", *arguments, "-d", dsn(master_db))
        assert done.code == 0
        assert not any(map(is_unsafe, (done.out + done.err).replace("\n", "")))


def test_an_interrupted_run_says_what_is_gone(
    environment: dict[str, str], master_db: Profile, old: psycopg.Connection[Any]
) -> None:
    old.execute(
        "create function public.slow() returns trigger language plpgsql as"
        " $$ begin perform pg_sleep(0.01); return old; end $$;"
        "create trigger slow before delete on public.audit_logs for each row"
        " execute function public.slow()"
    )
    process = subprocess.Popen(
        [*PROGRAM, "retention", "run", "--yes", "--batch", "10", "-d", dsn(master_db)],
        env=environment,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
    )
    while left(old) == 120:
        time.sleep(0.01)
    process.send_signal(signal.SIGINT)
    out, err = process.communicate(timeout=30)
    assert (process.returncode, out) == (130, b"")
    gone = 120 - left(old)
    assert gone > 0
    # Three rows of audit_log went before.
    assert f"cancelled: {gone + 3} rows are deleted, and stay deleted" in err.decode()


def test_a_killed_run_is_looked_up_at_the_next_start(
    rowsight: Rowsight,
    environment: dict[str, str],
    master_db: Profile,
    old: psycopg.Connection[Any],
) -> None:
    old.execute(
        "create function public.slow() returns trigger language plpgsql as"
        " $$ begin perform pg_sleep(0.01); return old; end $$;"
        "create trigger slow before delete on public.audit_logs for each row"
        " execute function public.slow()"
    )
    process = subprocess.Popen(
        [*PROGRAM, "retention", "run", "--yes", "--batch", "10", "-d", dsn(master_db)],
        env=environment,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    while left(old) == 120:
        time.sleep(0.01)
    process.kill()
    process.wait()
    while old.execute(
        "select count(*) from pg_stat_activity where application_name like 'rowsight retention %'"
        " and datname = current_database()"
    ).fetchone() != (0,):
        time.sleep(0.02)
    gone = 120 - left(old)
    done = rowsight("retention", "plan", "-d", dsn(master_db))
    assert f"{gone} of 120 announced rows of audit_logs are gone" in done.err
    assert "looked up" not in rowsight("retention", "plan", "-d", dsn(master_db)).err


# --- on a terminal


def question(program: Any, name: str) -> None:
    program.expect(f"Type {name}: ")


def end(program: Any) -> int:
    program.expect(pexpect.EOF)
    program.wait()
    return int(program.exitstatus)


def test_the_table_s_name_confirms(
    on_terminal: OnTerminal, master_db: Profile, old: psycopg.Connection[Any]
) -> None:
    program = on_terminal("retention", "run", "--policy", "audit_logs", "-d", dsn(master_db))
    program.expect("audit_logs: 120 rows")
    question(program, "the table's name")
    program.sendline("audit_logs")
    assert end(program) == 0
    assert left(old) == 0


def test_the_database_s_name_confirms_several(
    on_terminal: OnTerminal, master_db: Profile, old: psycopg.Connection[Any]
) -> None:
    program = on_terminal("retention", "run", "-d", dsn(master_db))
    question(program, "the database's name")
    program.sendline(master_db.parameters["dbname"])
    assert end(program) == 0
    assert (left(old), left(old, "audit_log"), left(old, "telemetry_events")) == (0, 0, 2)


@pytest.mark.parametrize(
    "answer", ["", "yes", "y", "AUDIT_LOGS", "audit_logs ", " audit_logs", "audit_log", "\x04"]
)
def test_any_other_answer_deletes_nothing(
    on_terminal: OnTerminal, master_db: Profile, old: psycopg.Connection[Any], answer: str
) -> None:
    program = on_terminal("retention", "run", "--policy", "audit_logs", "-d", dsn(master_db))
    question(program, "the table's name")
    program.send(answer if answer == "\x04" else f"{answer}\n")
    assert end(program) == 6
    assert left(old) == 120


def test_a_held_enter_confirms_nothing(
    on_terminal: OnTerminal, master_db: Profile, old: psycopg.Connection[Any]
) -> None:
    program = on_terminal("retention", "run", "--policy", "audit_logs", "-d", dsn(master_db))
    until = time.monotonic() + 5
    while time.monotonic() < until and program.isalive():
        program.send("\n")
        time.sleep(0.03)
    assert end(program) == 6
    assert left(old) == 120


def test_a_paste_confirms_nothing(
    on_terminal: OnTerminal, master_db: Profile, old: psycopg.Connection[Any]
) -> None:
    # What was pasted before the question is thrown away, the right name included.
    paste = "audit_logs\nselect 1;\n" * 20
    program = on_terminal("retention", "run", "--policy", "audit_logs", "-d", dsn(master_db))
    program.send(paste)
    question(program, "the table's name")
    assert left(old) == 120
    program.send("lorem ipsum\naudit_logs\nyes\n")
    assert end(program) == 6
    assert left(old) == 120


def test_an_interrupt_at_the_question_deletes_nothing(
    on_terminal: OnTerminal, master_db: Profile, old: psycopg.Connection[Any]
) -> None:
    program = on_terminal("retention", "run", "--policy", "audit_logs", "-d", dsn(master_db))
    question(program, "the table's name")
    program.sendintr()
    assert end(program) == 130
    assert left(old) == 120


def test_with_nothing_to_run_nobody_is_asked(
    on_terminal: OnTerminal, master_db: Profile, admin: Admin
) -> None:
    program = on_terminal("retention", "run", "-d", dsn(master_db))
    program.expect("there is no enabled policy to run")
    assert end(program) == 6
