"""Health over time: rates, series, and an interval that spares the server."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import psycopg
import pytest

from console.connection.profile import Profile
from console.connection.session import Session
from console.errors import CannotConnect
from console.operations.check import Status, Thresholds
from console.operations.monitor import Monitor
from tests.operations.conftest import Database, logged_in, make_role

Admin = Callable[[Profile], psycopg.Connection[Any]]


async def test_numbers_are_kept_and_rates_are_made(master_db: Profile, database: Database) -> None:
    monitor = Monitor(kept=3)
    async with Session(master_db) as session:
        await monitor.refresh(session)
        assert monitor.series("wal_bytes_per_second") == (None,)
        database.execute("create table public.t as select generate_series(1, 20000)")
        database.execute("select pg_stat_force_next_flush()")
        taken = await monitor.refresh(session)
        before, rate = monitor.series("wal_bytes_per_second")
        assert before is None
        assert rate is not None
        assert rate > 100_000
        assert (monitor.series("transactions_per_second")[-1] or 0) > 0
        hit = monitor.series("cache_hit")[-1]
        assert hit is not None
        assert 0 <= hit <= 1
        assert monitor.series("active")[-1] == 0.0, "our own statement does not count"
        assert monitor.pulse is taken
        for _ in range(4):
            await monitor.refresh(session)
        assert len(monitor.series("connections")) == 3
        assert all(value is not None for value in monitor.series("connections"))


async def test_limits_may_change_between_pulses(master_db: Profile) -> None:
    monitor = Monitor()
    async with Session(master_db) as session:
        taken = {check.name: check for check in (await monitor.refresh(session)).checks}
        assert taken["connections"].status is Status.OK
        monitor.limits = Thresholds().with_limit("connections", "0,0")
        taken = {check.name: check for check in (await monitor.refresh(session)).checks}
        assert taken["connections"].status is Status.FAIL


async def test_a_slow_server_is_asked_less_often(master_db: Profile) -> None:
    monitor = Monitor(interval=0.5)
    assert monitor.wait == 0.5
    async with Session(master_db) as session:
        taken = await monitor.refresh(session)
    assert monitor.wait == pytest.approx(max(0.5, 10 * taken.elapsed))
    monitor.pulse = replace(taken, elapsed=0.7)
    assert monitor.wait == pytest.approx(7.0)
    monitor.pulse = replace(taken, elapsed=60.0)
    assert monitor.wait == 30.0
    monitor.pulse = replace(taken, elapsed=0.001)
    assert monitor.wait == 0.5


async def test_counters_that_begin_again_make_no_rate(
    master_db: Profile, database: Database
) -> None:
    monitor = Monitor()
    async with Session(master_db) as session:
        taken = await monitor.refresh(session)
        monitor.pulse = replace(
            taken, counters={name: value + 1e12 for name, value in taken.counters.items()}
        )
        await monitor.refresh(session)
    assert monitor.series("wal_bytes_per_second")[-1] is None
    assert monitor.series("cache_hit")[-1] is None


async def test_a_figure_that_fails_once_is_asked_apart_and_taken_back(
    master_db: Profile, database: Database
) -> None:
    make_role(database, "nobody_special")
    monitor = Monitor()
    async with Session(logged_in(master_db, "nobody_special")) as session:
        for _ in range(2):
            taken = {check.name: check for check in (await monitor.refresh(session)).checks}
            assert taken["wal"].status is Status.UNAVAILABLE
            assert taken["slots"].status is Status.OK
        assert monitor.series("wal") == (None, None)
        database.execute("grant pg_monitor to nobody_special")
        try:
            taken = {check.name: check for check in (await monitor.refresh(session)).checks}
            assert taken["wal"].status is Status.OK
        finally:
            database.execute("revoke pg_monitor from nobody_special")


async def test_a_lost_connection_keeps_what_was_seen(master_db: Profile, admin: Admin) -> None:
    monitor = Monitor()
    async with Session(master_db) as session:
        taken = await monitor.refresh(session)
        pid = await session.value("select pg_backend_pid()")
        admin(master_db).execute("select pg_terminate_backend(%s, 5000)", [pid])
        with pytest.raises(CannotConnect):
            await monitor.refresh(session)
        assert monitor.pulse is taken
        assert len(monitor.samples) == 1
        await session.connect()
        await monitor.refresh(session)
        assert len(monitor.samples) == 2
