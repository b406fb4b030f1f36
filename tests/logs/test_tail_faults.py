"""The tail over killed connections, restarts, bad networks and other servers than before."""

from __future__ import annotations

import asyncio
import contextlib
import os
import signal
import threading
import time
from collections.abc import Iterator
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from typing import Any

import psycopg
import pytest

from console.connection.embedded import EmbeddedServer, find_binaries
from console.connection.profile import Profile
from console.errors import CannotConnect
from console.logs.source import SOURCES
from console.logs.tail import Connected, Reconnecting, Unavailable
from tests.conftest import Admin, MakeProxy
from tests.logs.collecting import PURPOSE, Collector, stored_keys
from tests.logs.conftest import migrate

Database = psycopg.Connection[Any]
ROW = "insert into public.audit_logs (action) values ('row')"


def kill(db: Database) -> int:
    """Ends the tail's connections; how many there were."""
    cursor = db.execute(
        "select pg_terminate_backend(pid) from pg_stat_activity where application_name like %s",
        [f"rowsight {PURPOSE} %"],
    )
    return len(cursor.fetchall())


@contextlib.contextmanager
def writing(dsn: str, *, every: float = 0.003) -> Iterator[None]:
    """Writes rows in a thread, slowly and quickly, whatever happens to its connections."""
    stop = threading.Event()

    def write(slow: bool) -> None:
        while not stop.is_set():
            with contextlib.suppress(psycopg.Error), psycopg.connect(dsn) as connection:
                while not stop.is_set():
                    connection.execute(ROW)
                    if slow:
                        stop.wait(0.3)
                        connection.execute(ROW)
                    connection.commit()
                    time.sleep(every)
            time.sleep(0.05)

    threads = [threading.Thread(target=write, args=[slow]) for slow in (True, False)]
    for thread in threads:
        thread.start()
    try:
        yield
    finally:
        stop.set()
        for thread in threads:
            thread.join()


def dsn_of(profile: Profile) -> str:
    return psycopg.conninfo.make_conninfo(**profile.parameters | {"user": "postgres"})


async def assert_all_arrive(seen: Collector, db: Database) -> None:
    """Everything that is stored has arrived, or does so soon, and once."""
    expected = stored_keys(db)
    await seen.until(lambda: expected <= set(seen.delivered), 30)
    await seen.settle()
    assert seen.duplicates == []
    assert set(seen.delivered) == expected


async def test_killed_connections(master_db: Profile, db: Database) -> None:
    async with Collector(master_db) as seen:
        with writing(dsn_of(master_db)):
            for round_ in range(8):
                await seen.until(lambda: kill(db) > 0)
                enough = seen.polls + round_
                await seen.until(lambda enough=enough: seen.polls > enough)  # type: ignore[misc]
        await assert_all_arrive(seen, db)
    assert seen.gaps == []
    assert len(seen.of_kind(Connected)) >= 8
    assert len(seen.of_kind(Reconnecting)) >= 7


@pytest.fixture
def restarting(folder: Path) -> Iterator[EmbeddedServer]:
    """A migrated server that keeps its data and its port when it is stopped and started."""
    settings = {"listen_addresses": "127.0.0.1", "fsync": "off"}
    keep = folder / "kept"
    server = EmbeddedServer(binaries=find_binaries(wheel_first=True), keep=keep, settings=settings)
    with server:
        server.settings["port"] = str(server.port)
        migrate(server.dsn())
        yield server


def by_tcp(server: EmbeddedServer) -> Profile:
    profile = server.profile()
    return replace(profile, parameters=profile.parameters | {"host": "127.0.0.1"})


async def test_a_restart_loses_nothing(restarting: EmbeddedServer) -> None:
    profile = by_tcp(restarting)
    async with Collector(profile) as seen:
        with writing(dsn_of(profile)):
            await asyncio.sleep(0.5)
            await asyncio.to_thread(restarting.stop)
            await seen.until(lambda: len(seen.of_kind(Reconnecting)) >= 3)
            await asyncio.to_thread(restarting.start)
            await seen.until(lambda: len(seen.of_kind(Connected)) == 2)
            await asyncio.sleep(0.5)
        with psycopg.connect(restarting.dsn(), autocommit=True) as db:
            await assert_all_arrive(seen, db)
    delays = [event.delay for event in seen.of_kind(Reconnecting)]
    assert delays[0] < 0.3 < delays[2]
    assert seen.gaps == []


async def test_a_crash_loses_nothing(restarting: EmbeddedServer) -> None:
    profile = by_tcp(restarting)
    async with Collector(profile) as seen:
        with writing(dsn_of(profile)):
            await asyncio.sleep(0.3)
            with psycopg.connect(restarting.dsn()) as victim:
                # A server ends all its connections and recovers when one process dies so.
                os.kill(victim.info.backend_pid, signal.SIGKILL)
            await seen.until(lambda: len(seen.of_kind(Connected)) == 2)
            await asyncio.sleep(0.3)
        with psycopg.connect(restarting.dsn(), autocommit=True) as db:
            await assert_all_arrive(seen, db)
    assert seen.gaps == []


async def test_a_login_that_is_gone_is_not_tried_for_ever(master_db: Profile, db: Database) -> None:
    name = f"leaver_{master_db.parameters['dbname']}"
    db.execute(f"create role {name} login superuser".encode())
    profile = replace(master_db, parameters=master_db.parameters | {"user": name})
    async with Collector(profile) as seen:
        db.execute(f"drop role {name}".encode())
        kill(db)
        with pytest.raises(CannotConnect) as caught:
            await seen.until(lambda: False)
    assert caught.value.code == "no_such_role"


@pytest.mark.parametrize(
    ("fault", "patience"), [("stall", 15.0), ("stall", 0.7), ("discard", 0.7), ("reset", 15.0)]
)
async def test_bad_networks(
    master_db: Profile, db: Database, proxy: MakeProxy, fault: str, patience: float
) -> None:
    """With patience a stall is waited out; without, or when it never ends, it is cut short."""
    master_db = replace(master_db, connect_timeout=1.0)
    between = proxy(master_db)
    async with Collector(between.profile, patience=patience) as seen:
        with writing(dsn_of(master_db)):
            await asyncio.sleep(0.3)
            getattr(between, fault)()
            # A cancel request gets a second before the connection is cut.
            await asyncio.sleep(2.2 if patience < 1 else 1)
            between.resume()
            await seen.until(lambda: len(seen.delivered) > 100)
        await assert_all_arrive(seen, db)
    reconnected = len(seen.of_kind(Connected)) > 1
    assert reconnected == (fault == "reset" or patience < 1)
    assert seen.gaps == []


async def test_a_poll_cut_off_at_any_byte(
    master_db: Profile, db: Database, proxy: MakeProxy
) -> None:
    """The answer stops in the middle, again and again; nothing of it counts."""
    between = proxy(master_db)
    async with Collector(between.profile) as seen:
        for number in range(12):
            db.execute(
                "insert into public.audit_logs (action, metadata)"
                " select 'big', jsonb_build_object('x', repeat('y', 2000))"
                " from generate_series(1, 300)"
            )
            before = between.down.carried
            await seen.until(lambda before=before: between.down.carried > before)  # type: ignore[misc]
            await asyncio.sleep(0.002 * number)
            between.reset()
            await seen.until(lambda before=seen.polls: seen.polls > before)  # type: ignore[misc]
        await assert_all_arrive(seen, db)
    assert len(seen.of_kind(Connected)) > 5


async def test_a_clock_set_back(master_db: Profile, db: Database) -> None:
    async with Collector(master_db) as seen:
        db.execute(ROW)
        await seen.until(lambda: len(seen.delivered) == 1)
        tail = seen.tail._tails["audit_logs"]
        # The clock of this machine can't be set: as if the last poll had been in the future.
        assert tail._last is not None
        future = tail._last.now + timedelta(minutes=3)
        tail._last = replace(tail._last, now=future)
        tail._lower = future
        await seen.until(lambda: any(gap.source == "audit_logs" for gap in seen.gaps))
        db.execute(ROW)
        await seen.until(lambda: len(seen.delivered) == 2)
        await seen.settle()
    (gap,) = [gap for gap in seen.gaps if gap.source == "audit_logs"]
    assert gap.reason == "the server's clock went back by 180 s"
    assert gap.proven
    assert seen.duplicates == []


async def test_what_can_not_be_compared_is_a_gap(master_db: Profile, db: Database) -> None:
    """After a jump the tail compares what it remembers, and says what it does not."""
    async with Collector(master_db) as seen:
        db.execute(ROW)
        await seen.until(lambda: len(seen.delivered) == 1)
        for tail in seen.tail._tails.values():
            wanted = tail._lower - timedelta(minutes=15)
            tail._seen.complete_since += 60_000_000
            tail.check("test")
        await seen.until(lambda: len(seen.gaps) == 6)
        await seen.settle()
    unproven = [gap for gap in seen.gaps if not gap.proven]
    assert len(unproven) == 3
    assert abs(unproven[-1].start - wanted) < timedelta(seconds=1)
    assert unproven[-1].end > unproven[-1].start
    assert seen.duplicates == []


async def test_another_server(master_db: Profile, db: Database, proxy: MakeProxy) -> None:
    """A restored copy counts its transactions from anew; its rows are known by their ids."""
    between = proxy(master_db)
    with EmbeddedServer(binaries=find_binaries(wheel_first=True)) as other:
        migrate(other.dsn())
        async with Collector(between.profile) as seen:
            for _ in range(5):
                db.execute(ROW)
            await seen.until(lambda: len(seen.delivered) == 5)
            with psycopg.connect(other.dsn(), autocommit=True) as copy:
                rows = db.execute("select id, action, timestamp from public.audit_logs")
                for row in rows.fetchall()[:4]:
                    copy.execute(
                        "insert into public.audit_logs (id, action, timestamp) values (%s, %s, %s)",
                        row,
                    )
                copy.execute(ROW)
                between._upstream = other.profile().parameters
                seen.session.profile.parameters["dbname"] = "postgres"
                between.reset()
                await seen.until(lambda: {gap.source for gap in seen.gaps} == set(SOURCES))
                copy.execute(ROW)
                await seen.until(lambda: len(seen.delivered) == 7)
                await seen.settle()
    (gap,) = [gap for gap in seen.gaps if gap.source == "audit_logs"]
    assert gap.reason == "another server answers than before"
    assert (gap.found, gap.gone, gap.proven) == (1, 1, True)
    assert seen.duplicates == []
    assert seen.changed == []


async def test_a_database_without_an_encoding(server: EmbeddedServer) -> None:
    with psycopg.connect(server.dsn(), autocommit=True) as db:
        db.execute("drop database if exists bytes")
        db.execute("create database bytes encoding 'SQL_ASCII' template template0")
    migrate(server.dsn("bytes"))
    with psycopg.connect(server.dsn("bytes"), autocommit=True) as db:
        db.execute("insert into public.audit_log (action) values (E'caf\\xe9')")
        async with Collector(server.profile("bytes"), first=10) as seen:
            db.execute(
                "insert into public.audit_log (action) values (E'na\\xefve'), ('日本')".encode()
            )
            await seen.until(lambda: len(seen.delivered) == 3)
            await seen.settle()
        assert seen.of_kind(Unavailable) == []
    assert {entry.action for entry in seen.entries.values()} == {"caf\\xe9", "na\\xefve", "日本"}
    with psycopg.connect(server.dsn(), autocommit=True) as db:
        db.execute("drop database bytes with (force)")


async def test_a_connection_that_answers_no_more(
    master_db: Profile, db: Database, admin: Admin
) -> None:
    """The backend is stopped: neither it nor a cancel request helps, the connection is cut."""
    async with Collector(master_db, patience=0.5) as seen:
        (pid,) = db.execute(
            "select pid from pg_stat_activity where application_name like %s",
            [f"rowsight {PURPOSE} %"],
        ).fetchone() or (0,)
        os.kill(pid, signal.SIGSTOP)
        try:
            db.execute(ROW)
            await seen.until(lambda: len(seen.delivered) == 1)
        finally:
            os.kill(pid, signal.SIGCONT)
        await assert_all_arrive(seen, db)
    assert len(seen.of_kind(Connected)) == 2
