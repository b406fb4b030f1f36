"""Figures of the whole server: connections, the log, replicas, slots, statements."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Awaitable, Callable, Iterator
from dataclasses import replace
from typing import Any

import psycopg
import pytest

from console.connection.embedded import EmbeddedServer, find_binaries
from console.connection.profile import Profile
from console.connection.session import Session
from console.errors import Refused
from console.operations.check import Check, Status, Thresholds
from console.operations.health import Pulse, read_pulse, read_survey
from console.operations.writing import refuse_without_writes
from tests.conftest import in_memory
from tests.operations.conftest import logged_in
from tests.standby import Standby


@contextlib.contextmanager
def running(**settings: str) -> Iterator[EmbeddedServer]:
    server = EmbeddedServer(binaries=find_binaries(wheel_first=True), settings=settings)
    with contextlib.ExitStack() as held:
        with in_memory():
            held.enter_context(server)
        yield server


@pytest.fixture(scope="module")
def primary() -> Iterator[EmbeddedServer]:
    """A server that others replicate, and where little is allowed."""
    settings = {
        "max_connections": "20",
        "superuser_reserved_connections": "3",
        "shared_preload_libraries": "pg_stat_statements",
        "archive_mode": "on",
        "archive_command": "false",
    }
    with running(**settings) as server:
        yield server


@pytest.fixture
def database(primary: EmbeddedServer) -> Iterator[psycopg.Connection[Any]]:
    with psycopg.connect(primary.dsn(), autocommit=True) as connection:
        yield connection


async def pulse(profile: Profile, limits: Thresholds | None = None) -> dict[str, Check]:
    return named(await whole_pulse(profile, limits))


async def whole_pulse(profile: Profile, limits: Thresholds | None = None) -> Pulse:
    async with Session(profile) as session:
        return await read_pulse(session, limits)


def named(taken: Pulse) -> dict[str, Check]:
    return {check.name: check for check in taken.checks}


async def until(ask: Callable[[], Awaitable[Check]], holds: Callable[[Check], bool]) -> Check:
    loop = asyncio.get_running_loop()
    deadline = loop.time() + 60
    while loop.time() < deadline:
        check = await ask()
        if holds(check):
            return check
        await asyncio.sleep(0.02)
    raise AssertionError(f"{check.name} stays {check.status}, {check.value}: {check.detail}")


async def seen(connection: psycopg.Connection[Any], condition: str) -> None:
    """Waits until a server says that something is so."""
    for _ in range(3000):
        if connection.execute(f"select {condition}".encode()).fetchone() == (True,):
            return
        await asyncio.sleep(0.02)
    raise AssertionError(f"never: {condition}")


def clear(database: psycopg.Connection[Any]) -> None:
    """Takes away what the lagging replica left, however its test ended."""
    database.execute(
        "select pg_drop_replication_slot(slot_name) from pg_replication_slots"
        " where slot_name = 'copy'"
    )
    database.execute("drop table if exists lag, more, seen")


async def test_nearly_all_connections_are_taken(primary: EmbeddedServer) -> None:
    profile = primary.profile()
    before = (await pulse(profile))["connections"]
    assert (before.status, before.detail) == (
        Status.OK,
        "1 of 17 that the server may have: 1 active",
    )
    with contextlib.ExitStack() as held:
        for _ in range(13):
            held.enter_context(contextlib.closing(psycopg.connect(primary.dsn())))
        check = (await pulse(profile))["connections"]
        assert check.status is Status.WARN
        assert check.value == pytest.approx(14 / 17)
        for _ in range(3):
            held.enter_context(contextlib.closing(psycopg.connect(primary.dsn())))
        check = (await pulse(profile))["connections"]
        assert (check.status, check.value) == (Status.FAIL, 1.0)
        assert check.detail == "17 of 17 that the server may have: 16 idle, 1 active"


async def test_the_limit_of_the_database_and_of_the_role_count(
    primary: EmbeddedServer, database: psycopg.Connection[Any]
) -> None:
    database.execute("create role few login connection limit 2")
    profile = logged_in(primary.profile(), "few")
    try:
        async with Session(profile):
            check = (await pulse(profile))["connections"]
        assert (check.status, check.detail.split(":")[0]) == (
            Status.FAIL,
            "2 of 2 that this role may have",
        )
        database.execute("alter database postgres connection limit 4")

        async def at_database() -> Check:
            return (await pulse(primary.profile()))["connections"]

        # The connection closed above may be counted for a moment more.
        await until(at_database, lambda one: one.detail.startswith("2 of 4 that the database may"))
    finally:
        database.execute("alter database postgres connection limit -1; drop role few")


async def test_a_replica_that_lags_is_seen_from_both_ends(
    primary: EmbeddedServer, database: psycopg.Connection[Any]
) -> None:
    limits = Thresholds().with_limit("replication", "1000000,100000000")
    limits = limits.with_limit("replication_delay", "0.5,3600")
    with in_memory():
        standby = Standby(primary, slot="copy")
        held = contextlib.ExitStack()
        held.enter_context(standby)
    with contextlib.ExitStack() as after, held:
        after.callback(clear, database)
        profile = replace(standby.profile(), read_only=True)

        async def at_primary() -> Check:
            return (await pulse(primary.profile(), limits))["replication"]

        async def at_standby() -> Check:
            return (await pulse(profile, limits))["replication_delay"]

        check = await until(at_primary, lambda one: "1 replica" in one.detail)
        assert check.status is Status.OK
        assert "streaming, async" in check.detail
        with psycopg.connect(standby.dsn(), autocommit=True) as other:
            database.execute("create table seen ()")
            await seen(other, "to_regclass('seen') is not null")
            other.execute("select pg_wal_replay_pause()")
            await seen(other, "pg_get_wal_replay_pause_state() = 'paused'")
            database.execute(
                "drop table if exists lag; create table lag as"
                " select n, repeat('x', 100) from generate_series(1, 20000) n"
            )
            check = await until(at_primary, lambda one: one.status is Status.WARN)
            assert (check.value or 0) > 1_000_000
            check = await until(at_standby, lambda one: one.status is Status.WARN)
            assert (check.value or 0) >= 0.5
            assert "replay is paused" in check.detail, check
            behind = (await pulse(profile, limits))["replication"]
            assert (behind.status, (behind.value or 0) > 1_000_000) == (Status.WARN, True)
            taken = await whole_pulse(primary.profile(), limits)
            assert [row["application"] for row in taken.replicas] == ["walreceiver"]
            other.execute("select pg_wal_replay_resume()")
        check = await until(at_standby, lambda one: one.status is Status.OK)
        async with Session(replace(profile, read_only=False)) as session:
            with pytest.raises(Refused, match="standby"):
                refuse_without_writes(session)
            survey = {one.name: one for one in (await read_survey(session)).checks}
        assert survey["sequences"].status is Status.OK

        # A slot that nobody reads keeps what the replica has not fetched.
        standby.stop()

        async def slot() -> Check:
            return (await pulse(primary.profile(), Thresholds().with_limit("slots", "1,-")))[
                "slots"
            ]

        await until(slot, lambda one: "1 inactive" in one.detail)
        database.execute("create table more as select n from generate_series(1, 50000) n")
        check = await until(slot, lambda one: (one.value or 0) > 1_000_000)
        assert (check.status, check.detail) == (
            Status.WARN,
            "1 slot, 1 inactive; copy keeps most",
        )


async def test_a_standby_that_hears_nothing_fails(primary: EmbeddedServer) -> None:
    with in_memory():
        standby = Standby(primary)
        held = contextlib.ExitStack()
        held.enter_context(standby)
    with held, psycopg.connect(standby.dsn(), autocommit=True) as other:
        other.execute("alter system set primary_conninfo = 'host=/nowhere'")
        other.execute("select pg_reload_conf()")

        async def receiving() -> Check:
            return (await pulse(standby.profile()))["replication"]

        check = await until(receiving, lambda one: one.status is Status.FAIL)
        assert check.detail == "this server receives nothing from its primary"


async def test_a_standby_without_a_transaction_can_not_tell_the_time(
    primary: EmbeddedServer, database: psycopg.Connection[Any]
) -> None:
    with in_memory():
        standby = Standby(primary)
        held = contextlib.ExitStack()
        held.enter_context(standby)
    with held, psycopg.connect(standby.dsn(), autocommit=True) as other:
        other.execute("select pg_wal_replay_pause()")
        await seen(other, "pg_get_wal_replay_pause_state() = 'paused'")
        database.execute("create table t as select generate_series(1, 10000); drop table t")

        async def delay() -> Check:
            return (await pulse(standby.profile()))["replication_delay"]

        check = await until(delay, lambda one: one.status is Status.UNAVAILABLE)
        assert "no transaction yet" in check.detail


async def test_a_lost_slot_fails(
    primary: EmbeddedServer, database: psycopg.Connection[Any]
) -> None:
    database.execute("select pg_create_physical_replication_slot('left_behind', true)")
    database.execute("alter system set max_slot_wal_keep_size = '1MB'")
    database.execute("select pg_reload_conf()")
    try:
        for _ in range(4):
            database.execute("select pg_switch_wal()")
            database.execute("create table t (); drop table t; checkpoint")
        check = (await pulse(primary.profile()))["slots"]
        assert check.status is Status.FAIL
        assert check.detail == "the log is gone that these slots need: left_behind"
    finally:
        database.execute("select pg_drop_replication_slot('left_behind')")
        database.execute("alter system reset max_slot_wal_keep_size")
        database.execute("select pg_reload_conf()")


async def test_archiving_that_fails_is_seen(
    primary: EmbeddedServer, database: psycopg.Connection[Any]
) -> None:
    database.execute("create table t (); drop table t; select pg_switch_wal()")

    async def archiving() -> Check:
        return (await pulse(primary.profile()))["archiving"]

    check = await until(archiving, lambda one: one.status is not Status.OK)
    assert (check.value or 0) >= 1
    assert "failed at" in check.detail


async def test_slow_statements_are_read_wherever_the_extension_is(
    primary: EmbeddedServer, database: psycopg.Connection[Any]
) -> None:
    database.execute('create schema "Odd %s"')
    database.execute('create extension pg_stat_statements schema "Odd %s"')
    database.execute('select "Odd %s".pg_stat_statements_reset()')
    for _ in range(12):
        database.execute("select pg_sleep(0.01) /* again */")
    limits = Thresholds().with_limit("statements", "0.01,10")
    async with Session(primary.profile()) as session:
        survey = await read_survey(session, limits)
    check = {one.name: one for one in survey.checks}["statements"]
    assert check.status is Status.WARN
    assert check.detail.startswith("12 calls, ")
    assert "pg_sleep" in check.detail
    assert survey.tables["statements"][0]["calls"] == 12
    database.execute("drop extension pg_stat_statements")


async def test_an_extension_that_is_not_loaded_is_unavailable(
    system_server: EmbeddedServer | None, server: EmbeddedServer
) -> None:
    on = system_server or server
    with psycopg.connect(on.dsn(), autocommit=True) as connection:
        connection.execute("create extension if not exists pg_stat_statements")
        try:
            async with Session(on.profile()) as session:
                survey = await read_survey(session)
        finally:
            connection.execute("drop extension pg_stat_statements")
    checks = {one.name: one for one in survey.checks}
    assert checks["statements"].status is Status.UNAVAILABLE
    assert "shared_preload_libraries" in checks["statements"].detail
    assert checks["dead_rows"].status is Status.OK


async def test_every_supported_server_answers_all(servers: tuple[EmbeddedServer, ...]) -> None:
    for server in servers:
        async with Session(server.profile()) as session:
            taken = await read_pulse(session)
            survey = await read_survey(session)
        unseen = {
            check.name
            for check in taken.checks + survey.checks
            if check.status is Status.UNAVAILABLE
        }
        assert unseen == {"statements", "scheduled_jobs"}, server.binaries
