"""The whole load at once: slow and lazy writers, savepoints, rollbacks, changes, and faults."""

from __future__ import annotations

import asyncio
import json
import random
import subprocess
import sys
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, closing
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import psycopg
import pytest

from console.connection.embedded import EmbeddedServer, find_binaries
from console.connection.profile import Profile
from console.logs.tail import Connected
from tests.logs.collecting import PURPOSE, Collector, stored_keys
from tests.logs.conftest import Pair, migrate
from tests.proxy import Proxy

CHECKOUT = Path(__file__).resolve().parents[2]
LATENCY_REPORT = (
    "latency of {rows} rows: median {median:.2f} s, p99 {p99:.2f} s, longest {max:.2f} s"
)


@dataclass
class Load:
    """A running load, and once it has ended what it has written.

    Attributes:
        committed: When each row was, by this machine's clock.
        changed: Which rows were written again.
    """

    process: asyncio.subprocess.Process
    committed: dict[str, float]
    changed: dict[str, float]

    @property
    def running(self) -> bool:
        return self.process.returncode is None


@asynccontextmanager
async def load(dsn: str, rows: int, pause: float) -> AsyncIterator[Load]:
    command = ["-m", "tests.logs.workload", dsn, "--rows", str(rows), "--pause", str(pause)]
    process = await asyncio.create_subprocess_exec(
        sys.executable, *command, stdout=subprocess.PIPE, cwd=CHECKOUT
    )
    running = Load(process, {}, {})
    finished = asyncio.create_task(process.communicate())
    try:
        yield running
        output, _ = await finished
    finally:
        if process.returncode is None:
            process.kill()
            await process.wait()
    document = json.loads(output)
    running.committed, running.changed = document["committed"], document["changed"]


async def kill_often(dsn: str, times: int, running: Load, purpose: str = PURPOSE) -> int:
    """Ends the tail's connection again and again while the load runs; returns how often."""
    dice = random.Random(1)
    killed = 0
    while running.running and killed < times:
        await asyncio.sleep(dice.uniform(0.1, 1.5))
        try:
            async with await psycopg.AsyncConnection.connect(dsn, autocommit=True) as connection:
                cursor = await connection.execute(
                    "select pg_terminate_backend(pid) from pg_stat_activity"
                    " where application_name like %s",
                    [f"rowsight {purpose} %"],
                )
                killed += len(await cursor.fetchall())
        except psycopg.Error:
            continue
    return killed


async def account(seen: Collector, running: Load, dsn: str) -> None:
    """Nothing that is stored may be missing or outdated, nothing may have come twice."""
    with psycopg.connect(dsn, autocommit=True) as db:
        stored = stored_keys(db)
        changed = {
            f"audit_log{s} {id_}"
            for s, sign in (("s", "resource = 'changed'"), ("", "action = 'load.changed'"))
            for (id_,) in db.execute(f"select id::text from audit_log{s} where {sign}".encode())
        }
    await seen.until(lambda: stored <= set(seen.delivered), 60)
    await seen.settle()
    assert seen.duplicates == []
    assert set(seen.delivered) == stored
    assert set(running.committed) <= stored
    # A change is seen where the row may still have been news, and never made up.
    assert set(seen.changed) <= changed
    assert seen.gaps == []
    waits = sorted(seen.delivered[key] - at for key, at in running.committed.items())
    print(
        LATENCY_REPORT.format(
            rows=len(stored),
            median=waits[len(waits) // 2],
            p99=waits[len(waits) * 99 // 100],
            max=waits[-1],
        )
    )


async def test_a_short_load(master_db: Profile, db: psycopg.Connection[Any]) -> None:
    dsn = psycopg.conninfo.make_conninfo(**master_db.parameters)
    async with Collector(master_db, interval=0.2) as seen:
        async with load(dsn, rows=2500, pause=0.3) as running:
            killed = await kill_often(dsn, 4, running)
        await account(seen, running, dsn)
    assert len(seen.of_kind(Connected)) > killed > 0


@pytest.fixture
def listening(folder: Path) -> Iterator[EmbeddedServer]:
    """A migrated server by TCP that can be stopped and started."""
    settings = {"listen_addresses": "127.0.0.1", "fsync": "off"}
    with EmbeddedServer(
        binaries=find_binaries(wheel_first=True), keep=folder / "kept", settings=settings
    ) as server:
        server.settings["port"] = str(server.port)
        migrate(server.dsn())
        yield server


@pytest.mark.slow
async def test_the_whole_load_with_kills_and_a_restart(
    listening: EmbeddedServer, scale: float
) -> None:
    profile = listening.profile()
    profile = replace(profile, parameters=profile.parameters | {"host": "127.0.0.1"})
    dsn = psycopg.conninfo.make_conninfo(**profile.parameters)
    rows = round(30_000 * scale)
    async with Collector(profile, interval=0.5) as seen:
        async with load(dsn, rows, pause=1.5) as running:
            killing = asyncio.create_task(kill_often(dsn, round(25 * scale), running))
            await seen.until(lambda: len(seen.delivered) > rows // 2, 120)
            await asyncio.to_thread(listening.stop)
            await asyncio.to_thread(listening.start)
            await killing
        await account(seen, running, dsn)
    # One that was ended before it had told of itself is not among these.
    assert len(seen.of_kind(Connected)) > 25 * scale / 2


@pytest.mark.slow
async def test_the_whole_load_seen_from_a_standby(pair: Pair, scale: float) -> None:
    dsn = pair.primary.dsn()
    async with Collector(pair.profile, interval=0.5) as seen:
        async with load(dsn, round(30_000 * scale), pause=1.5) as running:
            await kill_often(pair.standby.dsn(), round(25 * scale), running)
        await account(seen, running, dsn)


@pytest.mark.slow
@pytest.mark.parametrize("patience", [15.0, 3.0])
async def test_the_whole_load_through_a_proxy_that_stalls(
    listening: EmbeddedServer, scale: float, patience: float
) -> None:
    dsn = listening.dsn()
    rows = round(30_000 * scale)
    with closing(Proxy(listening.profile(), delay=0.025)) as between:
        async with Collector(between.profile, interval=0.5, patience=patience) as seen:
            async with load(dsn, rows, pause=1.5) as running:
                await seen.until(lambda: len(seen.delivered) > rows // 3, 120)
                between.stall()
                await asyncio.sleep(10 * max(scale, 0.5))
                between.resume()
            await account(seen, running, dsn)
    assert (len(seen.of_kind(Connected)) > 1) == (patience < 5)
