"""`health`: every figure with its meaning, and an exit code for who watches it."""

from __future__ import annotations

import threading
from collections.abc import Callable
from typing import Any

import psycopg
import pytest
from psycopg.conninfo import make_conninfo

from console.connection.profile import Profile
from console.visible import is_unsafe
from tests.cli.conftest import Rowsight

Admin = Callable[[Profile], psycopg.Connection[Any]]
FUNCTIONS = {
    "system_healthcheck",
    "privacy_guardian_health_check",
    "get_table_sizes",
    "get_index_usage",
}


def dsn(profile: Profile, **changes: str) -> str:
    return make_conninfo(**profile.parameters | changes)


def checks(done: Any) -> dict[str, Any]:
    return {check["name"]: check for check in done.document["checks"]}


def test_every_figure_is_a_check(rowsight: Rowsight, sample_db: Profile) -> None:
    done = rowsight("health", "--json", "-d", dsn(sample_db))
    assert done.code == 0
    found = checks(done)
    assert {"connections", "blocking", "replication", "dead_rows", "sequences"} <= found.keys()
    keys = {"name", "status", "value", "detail", "threshold"}
    assert all(set(check) >= keys for check in found.values())
    assert {check["status"] for check in found.values()} <= {"ok", "warn", "fail", "unavailable"}
    assert found["connections"]["value"] > 0
    functions = done.document["functions"]
    assert functions.keys() == FUNCTIONS
    assert len(functions["get_table_sizes"]) == 31
    assert functions["system_healthcheck"][0]["status"] in ("ok", "warning")


def test_a_check_that_fails_is_exit_code_5(
    rowsight: Rowsight, master_db: Profile, admin: Admin
) -> None:
    database = admin(master_db)
    database.execute("create sequence public.near maxvalue 100; select setval('near', 95)")
    done = rowsight("health", "--json", "-d", dsn(master_db))
    assert done.code == 5
    assert checks(done)["sequences"]["status"] == "fail"
    text = rowsight("health", "-d", dsn(master_db))
    assert text.code == 5
    (line,) = [one for one in text.out.splitlines() if "sequences" in one]
    assert line.startswith("fail ")
    assert "public.near is at 95 of 100" in line
    assert "[warn from 75 %, fail from 90 %]" in line


def test_limits_are_set_on_the_command_line(rowsight: Rowsight, master_db: Profile) -> None:
    target = dsn(master_db)
    done = rowsight("health", "--json", "--limit", "connections=0,-", "-d", target)
    assert (done.code, checks(done)["connections"]["status"]) == (0, "warn")
    assert checks(done)["connections"]["threshold"] == "warn from 0 %"
    limits = ("--limit", "connections=0,0", "--limit", "wal=-,0")
    done = rowsight("health", "--json", *limits, "-d", target)
    assert done.code == 5
    assert {checks(done)[name]["status"] for name in ("connections", "wal")} == {"fail"}


@pytest.mark.parametrize("limit", ["nonsense=1,2", "wal", "wal=1", "wal=a,b"])
def test_a_limit_that_does_not_parse_is_usage(
    rowsight: Rowsight, master_db: Profile, limit: str
) -> None:
    done = rowsight("health", "--json", "--limit", limit, "-d", dsn(master_db))
    assert (done.code, done.document["error"]["code"]) == (2, "usage")


def test_what_a_role_may_not_see_is_said(
    rowsight: Rowsight, master_db: Profile, admin: Admin
) -> None:
    database = admin(master_db)
    if database.execute("select to_regrole('nobody_special')").fetchone() == (None,):
        database.execute("create role nobody_special login")
    done = rowsight("health", "--json", "-d", dsn(master_db, user="nobody_special"))
    assert done.code == 0
    assert done.document["functions"] == {}
    for name in FUNCTIONS:
        assert checks(done)[name]["status"] == "unavailable"
        assert "nobody_special may not execute" in checks(done)[name]["detail"]


def test_who_waits_for_whom_is_drawn_inert(
    rowsight: Rowsight, master_db: Profile, admin: Admin
) -> None:
    holder, waiter = admin(master_db), admin(master_db)
    holder.execute("begin; lock table public.events; select '\x1b]0;x\x07\u202e'")
    statement = "select count(*) from public.events -- \x1b[2J\u202e"
    thread = threading.Thread(target=lambda: _suffer(waiter, statement))
    thread.start()
    try:
        roots: list[Any] = []
        while not roots:
            done = rowsight("health", "--json", "-d", dsn(master_db))
            roots = done.document["blocking"]
        text = rowsight("health", "-d", dsn(master_db))
    finally:
        waiter.cancel()
        thread.join()
        holder.rollback()
    assert roots[0]["pid"] == holder.info.backend_pid
    (held_up,) = roots[0]["held_up"]
    assert (held_up["pid"], held_up["lock"]) == (
        waiter.info.backend_pid,
        "AccessShareLock on public.events",
    )
    assert f"  pid {waiter.info.backend_pid}" in text.out
    for out in (done.out, text.out):
        assert not any(map(is_unsafe, out.replace("\n", "")))


def _suffer(connection: psycopg.Connection[Any], statement: str) -> None:
    with pytest.raises(psycopg.errors.QueryCanceled):
        connection.execute(statement.encode())


def test_a_server_that_is_not_there_is_exit_code_3(rowsight: Rowsight) -> None:
    done = rowsight("health", "--json", "-d", "host=/nowhere dbname=x")
    assert (done.code, done.document["error"]["code"]) == (3, "refused")
