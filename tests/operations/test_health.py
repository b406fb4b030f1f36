"""Each figure against a state that was brought about on a real server."""

from __future__ import annotations

import asyncio
import contextlib
import threading
from collections.abc import Iterator
from typing import Any

import psycopg
import pytest

from console.connection.profile import Profile
from console.connection.session import Session
from console.operations.check import Check, Status, Thresholds
from console.operations.health import (
    FUNCTIONS,
    Health,
    check_health,
    read_pulse,
    read_survey,
)
from tests.operations.conftest import Admin, Database

FIGURES = {
    "connections",
    "idle_in_transaction",
    "longest_transaction",
    "longest_query",
    "blocking",
    "cache_hit",
    "transaction_ids",
    "archiving",
    "wal",
    "replication",
    "replication_delay",
    "slots",
    "database_size",
    "dead_rows",
    "invalid_indexes",
    "unused_indexes",
    "sequences",
    "statements",
    "scheduled_jobs",
    *FUNCTIONS,
}


def named(checks: tuple[Check, ...]) -> dict[str, Check]:
    return {check.name: check for check in checks}


async def pulse(profile: Profile, limits: Thresholds | None = None) -> dict[str, Check]:
    async with Session(profile) as session:
        return named((await read_pulse(session, limits)).checks)


async def survey(profile: Profile, limits: Thresholds | None = None) -> dict[str, Check]:
    async with Session(profile) as session:
        return named((await read_survey(session, limits)).checks)


async def health(profile: Profile) -> Health:
    async with Session(profile) as session:
        return await check_health(session)


@contextlib.contextmanager
def in_the_background(connection: psycopg.Connection[Any], statement: str) -> Iterator[None]:
    """Runs a statement that waits, until the block is left."""

    def work() -> None:
        with contextlib.suppress(psycopg.Error):
            connection.execute(statement.encode())

    thread = threading.Thread(target=work)
    thread.start()
    try:
        yield
    finally:
        connection.cancel()
        thread.join()


async def until(profile: Profile, name: str, value: float) -> Check:
    """Takes the pulse until a figure has got that far."""
    for _ in range(200):
        check = (await pulse(profile))[name]
        if (check.value or 0) >= value:
            return check
        await asyncio.sleep(0.02)
    raise AssertionError(f"{name} stays at {check.value}: {check.detail}")


async def test_a_healthy_database_passes(sample_db: Profile) -> None:
    found = await health(sample_db)
    checks = named(found.checks)
    assert set(checks) == FIGURES
    assert not found.failed()
    assert {name for name, check in checks.items() if check.status is Status.UNAVAILABLE} == {
        "statements",
        "scheduled_jobs",
    }
    assert all(check.threshold for check in found.pulse.checks + found.survey.checks)
    assert "not installed" in checks["statements"].detail


async def test_a_chain_of_three_is_a_tree(
    master_db: Profile, admin: Admin, database: Database
) -> None:
    database.execute("create table public.t (id int primary key); insert into t values (1), (2)")
    first, second, third = admin(master_db), admin(master_db), admin(master_db)
    pids = [one.info.backend_pid for one in (first, second, third)]
    first.execute("begin; update t set id = 1 where id = 1")
    second.execute("begin; update t set id = 2 where id = 2")
    with (
        in_the_background(second, "update t set id = 1 where id = 1"),
        in_the_background(third, "update t set id = 2 where id = 2"),
    ):
        await until(master_db, "blocking", 0.05)
        async with Session(master_db) as session:
            for _ in range(100):
                taken = await read_pulse(session)
                if sum(root.count for root in taken.roots) == 2:
                    break
                await asyncio.sleep(0.02)
        (root,) = taken.roots
        middle = root.held_up[0]
        last = middle.held_up[0]
        chain = [root, middle, last]
        assert [one.backend.pid for one in chain] == pids
        assert [one.blockers for one in chain] == [(), (pids[0],), (pids[1],)]
        assert "update t set id = 1" in (root.backend.statement or "")
        assert root.backend.state == "idle in transaction"
        assert middle.lock == "ShareLock on transactionid"
        assert middle.seconds > 0
        check = named(taken.checks)["blocking"]
        assert check.detail.startswith(f"2 sessions wait; at the root of 2: pid {pids[0]}")
        assert check.status is Status.OK
        judged = await pulse(master_db, Thresholds().with_limit("blocking", "0.01,0.02"))
        assert judged["blocking"].status is Status.FAIL
    first.rollback()


async def test_a_lock_on_a_table_names_it(
    master_db: Profile, admin: Admin, database: Database
) -> None:
    first, second = admin(master_db), admin(master_db)
    first.execute("begin; lock table public.events in access exclusive mode")
    with in_the_background(second, "select count(*) from public.events"):
        await until(master_db, "blocking", 0.02)
        async with Session(master_db) as session:
            (root,) = (await read_pulse(session)).roots
        assert root.held_up[0].lock == "AccessShareLock on public.events"
    first.rollback()


async def test_what_takes_long_is_found(master_db: Profile, admin: Admin) -> None:
    limits = Thresholds()
    for name in ("longest_transaction", "longest_query", "idle_in_transaction"):
        limits = limits.with_limit(name, "0.2,0.4")
    idle, busy = admin(master_db), admin(master_db)
    idle.execute("begin; select 'mine'")
    with in_the_background(busy, "select pg_sleep(30) /* hard work */"):
        await until(master_db, "longest_query", 0.5)
        checks = await pulse(master_db, limits)
        assert "hard work" in checks["longest_query"].detail
        assert "select 'mine'" in checks["longest_transaction"].detail
        assert "idle in transaction" in checks["idle_in_transaction"].detail
        assert {checks[name].status for name in ("longest_query", "longest_transaction")} == {
            Status.FAIL
        }
        assert checks["idle_in_transaction"].status is Status.FAIL
    idle.rollback()
    assert (await pulse(master_db, limits))["idle_in_transaction"].status is Status.OK


async def test_an_invalid_index_fails(master_db: Profile, database: Database) -> None:
    database.execute("create table public.t as select n % 2 as n from generate_series(1, 10) n")
    with pytest.raises(psycopg.errors.UniqueViolation):
        database.execute("create unique index concurrently broken on public.t (n)")
    checks = await survey(master_db)
    assert (checks["invalid_indexes"].status, checks["invalid_indexes"].value) == ("fail", 1.0)
    assert checks["invalid_indexes"].detail == "public.broken on t"
    async with Session(master_db) as session:
        assert (await check_health(session)).failed()
    database.execute("drop index public.broken")
    assert (await survey(master_db))["invalid_indexes"].status is Status.OK


async def test_an_index_being_built_is_not_broken(
    master_db: Profile, admin: Admin, database: Database
) -> None:
    database.execute("create table public.t (n int)")
    before = admin(master_db)
    before.execute("begin; lock table public.t in row exclusive mode")
    with in_the_background(admin(master_db), "create index concurrently slow on public.t (n)"):
        for _ in range(200):
            check = (await survey(master_db))["invalid_indexes"]
            if "being built" in check.detail:
                break
            await asyncio.sleep(0.02)
        assert (check.value, check.detail) == (0.0, "1 being built")
        before.rollback()


async def test_unused_indexes_count_by_their_size(master_db: Profile, database: Database) -> None:
    database.execute(
        "create table public.t as select n from generate_series(1, 50000) n;"
        "create index idle on public.t (n); create unique index one on public.t (n)"
    )
    before = (await survey(master_db))["unused_indexes"]
    assert "public.idle" in before.detail
    assert "public.one" not in before.detail
    database.execute("set enable_seqscan = off; set enable_bitmapscan = off")
    database.execute("drop index public.one; analyze public.t")
    database.execute("select n from public.t where n = 7")
    database.execute("select pg_stat_force_next_flush()")
    after = (await survey(master_db))["unused_indexes"]
    assert (before.value or 0) - (after.value or 0) > 1_000_000
    assert "public.idle" not in after.detail


@pytest.mark.parametrize(
    ("make", "share"),
    [
        ("create sequence public.s maxvalue 100; select setval('s', 95)", 0.95),
        ("create sequence public.s maxvalue 100; select setval('s', 74)", 0.74),
        ("create sequence public.s minvalue 51 maxvalue 150; select setval('s', 140)", 0.9),
        ("create sequence public.s increment -1 minvalue -100; select setval('s', -80)", 0.8),
        # The sequence could go on, its column could not.
        (
            "create sequence public.s; create table public.t (id int default nextval('s'));"
            "alter sequence s owned by t.id; select setval('s', 2040109465)",
            0.95,
        ),
        (
            "create table public.t (id smallint generated always as identity);"
            "select setval('t_id_seq', 31128)",
            0.95,
        ),
    ],
)
async def test_a_sequence_near_its_end_is_seen(
    master_db: Profile, database: Database, make: str, share: float
) -> None:
    database.execute(make.encode())
    check = (await survey(master_db))["sequences"]
    assert check.value == pytest.approx(share, abs=0.001)
    expected = "fail" if share >= 0.9 else "warn" if share >= 0.75 else "ok"
    assert check.status == expected


async def test_a_sequence_that_starts_again_never_ends(
    master_db: Profile, database: Database
) -> None:
    database.execute("create sequence public.s maxvalue 100 cycle; select setval('s', 100)")
    assert (await survey(master_db))["sequences"].status is Status.OK


async def test_dead_rows_are_seen_until_they_are_vacuumed(
    master_db: Profile, database: Database
) -> None:
    database.execute(
        "create table public.t with (autovacuum_enabled = off) as"
        " select n from generate_series(1, 4000) n; delete from public.t where n <= 1500"
    )
    database.execute("select pg_stat_force_next_flush()")
    check = (await survey(master_db))["dead_rows"]
    assert check.status is Status.WARN
    assert check.value == pytest.approx(1500 / 4000)
    assert check.detail == "1,500 in public.t beside 2,500 live ones, never vacuumed"
    database.execute("delete from public.t where n <= 2500; select pg_stat_force_next_flush()")
    assert (await survey(master_db))["dead_rows"].status is Status.FAIL
    database.execute("vacuum public.t")
    assert (await survey(master_db))["dead_rows"].status is Status.OK


async def test_limits_decide(master_db: Profile) -> None:
    limits = Thresholds()
    for name in ("wal", "connections", "transaction_ids", "database_size"):
        limits = limits.with_limit(name, "0,0")
    taken = await pulse(master_db, limits) | await survey(master_db, limits)
    for name in ("wal", "connections", "transaction_ids", "database_size"):
        assert taken[name].status is Status.FAIL, name
