"""Several appliers, readers in the way, and processes killed at any moment."""

from __future__ import annotations

import asyncio
import os
import random
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable
from typing import Any

import psycopg
import pytest

from console.connection.profile import Profile
from console.connection.session import Session
from console.errors import TimedOut
from console.journal import Journal
from console.migration import apply as apply_module
from console.migration import watch
from console.migration.apply import RETRIES, apply
from console.migration.blockers import APPLY_LOCK
from console.migration.expected import load_expected
from console.migration.model import ApplyOptions, ApplyProgress, Verdict
from console.migration.verify import verify

Admin = Callable[[Profile], psycopg.Connection[Any]]
FreshDatabase = Callable[..., Profile]
STATEMENTS = len(load_expected().statements)

_APPLY = """
import asyncio, os, sys
from console.connection.session import Session
from console.connection.target import resolve
from console.migration.apply import apply
from dataclasses import replace

async def main():
    async with Session(replace(resolve(sys.argv[1]), read_only=False)) as session:
        print("ready", flush=True)
        result = await apply(session)
        print(result.statements_executed, flush=True)

asyncio.run(main())
"""


def target(profile: Profile) -> str:
    return psycopg.conninfo.make_conninfo(**profile.parameters)


def start_apply(profile: Profile) -> subprocess.Popen[str]:
    """An apply in a process of its own, connected and about to begin."""
    process = subprocess.Popen(
        [sys.executable, "-c", _APPLY, target(profile)], stdout=subprocess.PIPE, text=True
    )
    assert process.stdout is not None
    assert process.stdout.readline() == "ready\n"
    return process


async def test_of_four_appliers_one_applies_and_the_others_find_nothing_to_do(
    plain_db: Profile, connect: type[Session]
) -> None:
    waiting = []

    def progress(state: ApplyProgress) -> None:
        if state.phase == "waiting":
            waiting.append(state.identity)

    async def one() -> int:
        async with connect(plain_db) as session:
            result = await apply(session, on_progress=progress)
            assert result.applied
            assert result.retries == 0
            return result.statements_executed

    executed = await asyncio.gather(*(one() for _ in range(4)))
    assert sorted(executed) == [0, 0, 0, STATEMENTS]
    assert waiting
    assert all("rowsight" in words for words in waiting), "the holder is named"
    async with connect(plain_db) as session:
        assert (await verify(session)).verdict is Verdict.IN_SYNC


def test_four_processes_do_the_same(plain_db: Profile) -> None:
    processes = [start_apply(plain_db) for _ in range(4)]
    executed = [int(process.communicate()[0]) for process in processes]
    assert [process.returncode for process in processes] == [0] * 4
    assert sorted(executed) == [0, 0, 0, STATEMENTS]


async def test_the_holder_of_the_lock_is_named_while_waiting(
    plain_db: Profile, connect: type[Session]
) -> None:
    seen: list[str] = []
    with psycopg.connect(target(plain_db), application_name="other console") as other:
        other.execute("select pg_advisory_xact_lock(%s)", [APPLY_LOCK])
        pid = other.info.backend_pid

        def progress(state: ApplyProgress) -> None:
            if state.phase == "waiting" and not other.closed:
                seen.append(state.identity)
                other.rollback()

        async with connect(plain_db) as session:
            assert (await apply(session, on_progress=progress)).statements_executed == STATEMENTS
    assert seen[0].startswith(f"pid {pid} · postgres · other console · idle in transaction")
    assert "pg_advisory_xact_lock" in seen[0]


async def test_a_reader_in_the_way_is_named_and_outlasted(
    master_db: Profile, connect: type[Session], admin: Admin
) -> None:
    database = admin(master_db)
    database.execute("alter table public.events disable row level security")
    seen: list[str] = []
    with psycopg.connect(target(master_db), application_name="report") as reader:
        reader.execute("select count(*) from public.events")

        def progress(state: ApplyProgress) -> None:
            if state.phase == "waiting":
                seen.append(state.identity)
            if state.identity.startswith("attempt 2"):
                reader.rollback()

        async with connect(master_db) as session:
            options = ApplyOptions(lock_timeout=1.0)
            result = await apply(session, options, on_progress=progress)
            assert result.applied
            assert result.retries == 1
            assert (await verify(session)).verdict is Verdict.IN_SYNC
    assert " · report · idle in transaction" in seen[0]
    assert "select count(*) from public.events" in seen[0]


async def test_after_some_attempts_it_gives_up_and_names_who_would_not_go(
    master_db: Profile,
    connect: type[Session],
    admin: Admin,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(apply_module, "_FIRST_PAUSE", 0.001)
    monkeypatch.setattr(watch, "_PATIENCE", 0.1)
    database = admin(master_db)
    database.execute("alter table public.events disable row level security")
    attempts = []
    with psycopg.connect(target(master_db), application_name="report") as reader:
        reader.execute("select count(*) from public.events")
        async with connect(master_db) as session:
            with pytest.raises(TimedOut) as caught:
                await apply(
                    session,
                    ApplyOptions(lock_timeout=0.4),
                    on_progress=lambda state: attempts.append(state.identity),
                )
            assert caught.value.sqlstate == "55P03"
            assert caught.value.exit_code == 4
            assert f"held by pid {reader.info.backend_pid}" in caught.value.message
    assert sum(words.startswith("attempt ") for words in attempts) == RETRIES
    row = database.execute(
        "select relrowsecurity from pg_class where oid = 'public.events'::regclass"
    ).fetchone()
    assert row == (False,)


async def test_a_deadlock_is_tried_again(
    master_db: Profile, connect: type[Session], admin: Admin
) -> None:
    database = admin(master_db)
    for table in ("users", "events"):
        database.execute(f"alter table public.{table} disable row level security".encode())
    other = psycopg.connect(target(master_db))
    other.execute("set deadlock_timeout = '1h'")
    other.execute("select from public.events")
    crossing: list[threading.Thread] = []

    def cross() -> None:
        other.execute("lock table public.users in access exclusive mode")
        other.rollback()

    def progress(state: ApplyProgress) -> None:
        # Users is locked and events waited for: now want users, and the circle is closed.
        if state.phase == "waiting" and not crossing:
            crossing.append(threading.Thread(target=cross))
            crossing[0].start()

    async with connect(master_db) as session:
        result = await apply(session, ApplyOptions(lock_timeout=30), on_progress=progress)
        assert result.retries == 1
        assert result.applied
        assert (await verify(session)).verdict is Verdict.IN_SYNC
    crossing[0].join()
    other.close()


def kill_at_random(profile: Profile, database: psycopg.Connection[Any], longest: float) -> bool:
    """Kills an apply after a random time; returns whether it had committed.

    Waits, as long as it is allowed to take, until the killed client's locks are gone.
    """
    process = start_apply(profile)
    time.sleep(random.uniform(0, longest))
    process.send_signal(signal.SIGKILL)
    process.wait()
    assert process.stdout is not None
    process.stdout.close()
    deadline = time.monotonic() + 3.0
    while True:
        row = database.execute(
            "select count(*) from pg_locks l join pg_stat_activity a using (pid)"
            " where a.application_name like 'rowsight%' and a.datname = current_database()"
        ).fetchone()
        if row == (0,):
            break
        assert time.monotonic() < deadline, "the killed client's locks are still held"
        time.sleep(0.02)
    row = database.execute("select to_regclass('public.users') is not null").fetchone()
    assert row is not None
    return bool(row[0])


async def assert_before_or_after(profile: Profile, committed: bool) -> None:
    async with Session(profile) as session:
        verdict = (await verify(session)).verdict
        assert verdict is (Verdict.IN_SYNC if committed else Verdict.NOT_APPLIED)
        history = await session.value(
            "select count(*) from pg_namespace where nspname = 'supabase_migrations'"
        )
        assert history == committed


async def many_kills(fresh_database: FreshDatabase, admin: Admin, kills: int) -> tuple[int, int]:
    committed = 0
    profile = fresh_database("plain")
    for _ in range(kills):
        with admin(profile) as database:
            done = kill_at_random(profile, database, 0.6)
        await assert_before_or_after(profile, done)
        if done:
            committed += 1
            profile = fresh_database("plain")
    return kills - committed, committed


async def test_a_killed_apply_leaves_all_or_nothing_and_no_locks(
    fresh_database: FreshDatabase, admin: Admin
) -> None:
    before, after = await many_kills(fresh_database, admin, 3)
    assert before + after == 3


@pytest.mark.slow
async def test_thirty_killed_applies(
    fresh_database: FreshDatabase, admin: Admin, scale: float
) -> None:
    before = after = 0
    # In the short form five, unless by chance all of them came too late.
    while before + after < 30 * scale or (not before and before + after < 30):
        more = await many_kills(fresh_database, admin, 5)
        before, after = before + more[0], after + more[1]
    assert before > 0, "no kill came before the commit"


async def test_what_a_killed_apply_meant_to_do_is_found_at_the_next_start(
    master_db: Profile, connect: type[Session], admin: Admin
) -> None:
    database = admin(master_db)
    database.execute("alter table public.events disable row level security")
    with psycopg.connect(target(master_db)) as reader:
        reader.execute("select from public.events")
        process = start_apply(master_db)
        for _ in range(1000):
            await asyncio.sleep(0.01)
            if list(Journal().entries()):
                break
        assert Journal().find_unfinished() == [], "it is still at work"
        os.kill(process.pid, signal.SIGKILL)
        process.communicate()
        (left,) = Journal().find_unfinished()
    assert left.action == "migrate apply"
    assert left.target["dbname"] == master_db.parameters["dbname"]
    assert left.facts["actions"]["change"] == ["public.events"]
    async with connect(master_db) as session:
        assert (await apply(session)).applied
