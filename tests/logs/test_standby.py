"""The tail of a hot standby, and over a failover to it."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Iterator
from contextlib import closing
from datetime import timedelta
from pathlib import Path
from typing import Any

import psycopg
import pytest

from console.connection.embedded import EmbeddedServer, find_binaries
from console.logs.source import SOURCES
from console.logs.tail import Connected, Mark
from tests.logs.collecting import Collector, stored_keys
from tests.logs.conftest import Pair, make_standby, migrate
from tests.proxy import Proxy

Database = psycopg.Connection[Any]


def write(db: Database) -> str:
    row = db.execute(
        "insert into public.audit_logs (action) values ('row') returning id::text"
    ).fetchone()
    assert row is not None
    return f"audit_logs {row[0]}"


def wait_for_replay(pair: Pair) -> None:
    """Waits until the standby has everything."""
    with (
        psycopg.connect(pair.primary.dsn(), autocommit=True) as primary,
        psycopg.connect(pair.standby.dsn(), autocommit=True) as standby,
    ):
        (position,) = primary.execute("select pg_current_wal_insert_lsn()").fetchone() or (None,)
        while True:
            (done,) = standby.execute(
                "select pg_last_wal_replay_lsn() >= %s", [position]
            ).fetchone() or (False,)
            if done:
                return
            time.sleep(0.01)


async def test_a_standby_is_followed(pair: Pair) -> None:
    """Also what subtransactions wrote, which a standby's snapshots do not list at all."""
    with pair.write() as db, psycopg.connect(pair.primary.dsn()) as slow:
        wait_for_replay(pair)
        async with Collector(pair.profile) as seen:
            kept = [write(slow)]
            slow.execute("savepoint a")
            kept.append(write(slow))
            slow.execute("savepoint b")
            write(slow)
            quick = write(db)
            await seen.until(lambda: quick in seen.delivered)
            slow.execute("rollback to savepoint b")
            kept.append(write(slow))
            await seen.settle()
            assert seen.polled["audit_logs"].completeness.window == timedelta(minutes=15)
            slow.commit()
            await seen.until(lambda: set(kept) <= set(seen.delivered))
            db.execute("update public.audit_logs set resource = 'changed'")
            await seen.until(lambda: len(seen.changed) == 4)
            await seen.settle()
        assert set(seen.delivered) == {quick, *kept} == stored_keys(db)
        assert {seen.marks[key] for key in kept} == {Mark.LATE}
        assert seen.duplicates == []


async def test_a_standby_that_lags_behind(folder: Path) -> None:
    """It lags by more than the window: only its own idea of the time helps."""
    with EmbeddedServer(binaries=find_binaries(wheel_first=True)) as primary:
        migrate(primary.dsn())
        with (
            make_standby(primary, folder, recovery_min_apply_delay="2s") as standby,
            psycopg.connect(primary.dsn(), autocommit=True) as db,
        ):
            wait_for_replay(Pair(primary, standby))
            async with Collector(standby.profile(), window=timedelta(milliseconds=500)) as seen:
                for _ in range(40):
                    write(db)
                    await asyncio.sleep(0.05)
                expected = stored_keys(db)
                await seen.until(lambda: expected <= set(seen.delivered))
            assert seen.duplicates == []


async def test_a_promotion_under_the_tail(pair: Pair) -> None:
    """The connection survives; the server behind it is another one from then on."""
    with pair.write() as db:
        old = [write(db) for _ in range(5)]
        wait_for_replay(pair)
        async with Collector(pair.profile, first=10) as seen:
            old.append(write(db))
            await seen.until(lambda: set(old) <= set(seen.delivered))
            pair.primary.stop()
            with psycopg.connect(pair.standby.dsn(), autocommit=True) as promoted:
                promoted.execute("select pg_promote()")
                await seen.until(lambda: {gap.source for gap in seen.gaps} == set(SOURCES))
                new = write(promoted)
                await seen.until(lambda: new in seen.delivered)
                await seen.settle()
        (gap,) = [gap for gap in seen.gaps if gap.source == "audit_logs"]
        assert (gap.found, gap.gone, gap.proven) == (0, 0, True)
        assert "timeline 1 → 2" in gap.reason
        assert seen.polled["audit_logs"].completeness.window is None
        assert len(seen.of_kind(Connected)) == 1
        assert set(seen.delivered) == {*old, new}
        assert seen.duplicates == []


@pytest.fixture
def in_front(pair: Pair) -> Iterator[Proxy]:
    """The address under which the primary is known, and later its successor."""
    with closing(Proxy(pair.primary.profile())) as proxy:
        yield proxy


async def test_a_failover_that_lost_transactions(pair: Pair, in_front: Proxy) -> None:
    """The successor never had the last rows, and gives their numbers to other transactions."""
    with (
        pair.write() as db,
        psycopg.connect(pair.standby.dsn(), autocommit=True) as standby,
    ):
        wait_for_replay(pair)
        async with Collector(in_front.profile) as seen:
            kept = [write(db) for _ in range(5)]
            wait_for_replay(pair)
            # Cut off from its primary, which goes on.
            standby.execute("alter system set primary_conninfo = ''")
            standby.execute("select pg_reload_conf()")
            await seen.until(
                lambda: not standby.execute("select from pg_stat_wal_receiver").fetchall()
            )
            lost = [write(db) for _ in range(30)]
            await seen.until(lambda: {*kept, *lost} <= set(seen.delivered))
            pair.primary.stop()
            standby.execute("select pg_promote()")
            # These happen before the tail is back, with numbers below what it has seen.
            unseen = [write(standby) for _ in range(4)]
            in_front._upstream = pair.standby.profile().parameters
            in_front.reset()
            await seen.until(lambda: {gap.source for gap in seen.gaps} == set(SOURCES))
            new = write(standby)
            await seen.until(lambda: {new, *unseen} <= set(seen.delivered))
            await seen.settle()
        (gap,) = [gap for gap in seen.gaps if gap.source == "audit_logs"]
        assert (gap.found, gap.gone, gap.proven) == (4, 30, True)
        assert "timeline 1 → 2" in gap.reason
        assert stored_keys(standby) == {*kept, *unseen, new}
        assert set(seen.delivered) == {*kept, *lost, *unseen, new}
        assert seen.duplicates == []
        assert seen.changed == []


async def test_to_a_lagging_standby_and_back(pair: Pair, in_front: Proxy) -> None:
    """What was delivered already is not delivered again when the standby catches up."""
    with (
        pair.write() as db,
        psycopg.connect(pair.standby.dsn(), autocommit=True) as standby,
    ):
        wait_for_replay(pair)
        async with Collector(in_front.profile) as seen:
            for _ in range(5):
                write(db)
            wait_for_replay(pair)
            standby.execute("select pg_wal_replay_pause()")
            # The pause is reached only when something is to be replayed.
            write(db)
            state = "select pg_get_wal_replay_pause_state() = 'paused'"
            await seen.until(lambda: standby.execute(state).fetchone() == (True,))
            for _ in range(20):
                write(db)
            await seen.until(lambda: stored_keys(db) <= set(seen.delivered))
            in_front._upstream = pair.standby.profile().parameters
            in_front.reset()
            await seen.until(lambda: {gap.source for gap in seen.gaps} == set(SOURCES))
            standby.execute("select pg_wal_replay_resume()")
            write(db)
            await seen.until(lambda: stored_keys(db) <= set(seen.delivered))
            in_front._upstream = pair.primary.profile().parameters
            in_front.reset()
            await seen.until(lambda: len(seen.of_kind(Connected)) == 3)
            write(db)
            await seen.until(lambda: stored_keys(db) <= set(seen.delivered))
            await seen.settle()
        assert seen.duplicates == []
        assert set(seen.delivered) == stored_keys(db)
