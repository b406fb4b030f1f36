"""The whole load through both faces: the timeline of the pane, and `logs --follow` in a pipe."""

from __future__ import annotations

import asyncio
import itertools
import json
import os
import subprocess
import sys
import time
from collections.abc import AsyncIterator, Callable
from contextlib import AbstractAsyncContextManager, asynccontextmanager, closing
from dataclasses import dataclass, field, replace
from pathlib import Path

import psycopg
import pytest

from console.connection.embedded import EmbeddedServer
from console.connection.profile import Profile
from console.ui.app import RowsightApp
from console.ui.logs.pane import LogsPane
from tests.logs.collecting import stored_keys
from tests.logs.conftest import Pair
from tests.logs.test_workload import CHECKOUT, LATENCY_REPORT, Load, kill_often, listening, load
from tests.proxy import Proxy

__all__ = ["listening"]


@dataclass
class Shown:
    """What a face has shown so far.

    Attributes:
        purpose: Of the connection that brings it.
        delivered: When each entry came, by this machine's clock.
        doubled: Entries that came as new although they had come.
        gaps: What was said to be unknown.
    """

    purpose: str
    delivered: dict[str, float] = field(default_factory=dict)
    doubled: list[str] = field(default_factory=list)
    gaps: list[object] = field(default_factory=list)

    async def until(self, number: int) -> None:
        """Waits until so many entries were shown."""
        deadline = time.monotonic() + 120
        while len(self.delivered) < number:
            assert time.monotonic() < deadline, f"only {len(self.delivered)} of {number} came"
            await asyncio.sleep(0.1)


Face = Callable[[Profile], AbstractAsyncContextManager[Shown]]


@asynccontextmanager
async def in_the_pane(profile: Profile) -> AsyncIterator[Shown]:
    """Reads the timeline as it is drawn, twenty times a second."""
    shown = Shown("tail")
    app = RowsightApp(profile, tab=5)
    async with app.run_test(size=(120, 40)) as pilot:

        async def begun() -> LogsPane:
            while True:
                await pilot.pause(0.05)
                for pane in app.screen.query(LogsPane):
                    if len(pane.live.completeness) == 3:
                        return pane

        pane = await begun()
        timeline = pane.live.timeline
        timeline.capacity = 1_000_000

        async def watch() -> None:
            # To look at every line at every turn would be most of the time there is, and it is
            # the console's: what has just come stands near the end.
            for turn in itertools.count():
                await asyncio.sleep(0.05)
                now = time.time()
                whole = turn % 20 == 0
                lines = timeline.lines if whole else timeline.lines[-2000:]
                names = [f"{e.source} {e.id}" for line in lines if (e := line.entry)]
                if len(set(names)) < len(names):
                    shown.doubled = names
                for name in names:
                    shown.delivered.setdefault(name, now)
                if whole:
                    shown.gaps = [line.gap for line in lines if line.gap]

        watching = asyncio.create_task(watch())
        try:
            yield shown
            assert pane.stream.entries.lines[-1:] == timeline.lines[-1:]
        finally:
            watching.cancel()
            await asyncio.gather(watching, return_exceptions=True)


@asynccontextmanager
async def in_a_pipe(profile: Profile) -> AsyncIterator[Shown]:
    """Reads the lines of `logs --follow`."""
    shown = Shown("logs")
    process = await asyncio.create_subprocess_exec(
        *(sys.executable, "-m", "console", "logs", "--follow", "--limit", "0"),
        *("--format", "jsonl", "-d", psycopg.conninfo.make_conninfo(**profile.parameters)),
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        cwd=CHECKOUT,
        env={**os.environ, "TERM": "dumb"},
    )
    output = process.stdout
    assert output is not None

    async def read() -> None:
        async for line in output:
            now = time.time()
            entry = json.loads(line)
            if "gap" in entry:
                shown.gaps.append(entry)
                continue
            name = f"{entry['source']} {entry['id']}"
            if entry["mark"] != "changed" and name in shown.delivered:
                shown.doubled.append(name)
            shown.delivered.setdefault(name, now)

    reading = asyncio.create_task(read())
    words = asyncio.create_task(process.stderr.read())  # type: ignore[union-attr]
    try:
        # It says which rows it sees once it has connected; the tail begins right after.
        await asyncio.sleep(3)
        yield shown
    finally:
        process.send_signal(2)
        assert await process.wait() == 130
        await reading
        assert b"Traceback" not in await words


async def account(shown: Shown, running: Load, dsn: str) -> None:
    """Nothing that is stored may be missing, nothing may have come twice."""
    with psycopg.connect(dsn, autocommit=True) as db:
        stored = stored_keys(db)
    deadline = time.monotonic() + 60
    while not stored <= shown.delivered.keys():
        missing = stored - shown.delivered.keys()
        assert time.monotonic() < deadline, f"{len(missing)} of {len(stored)} are missing"
        await asyncio.sleep(0.1)
    assert shown.doubled == []
    assert shown.delivered.keys() == stored
    assert shown.gaps == []
    waits = sorted(shown.delivered[key] - at for key, at in running.committed.items())
    print(
        f"{shown.purpose}: "
        + LATENCY_REPORT.format(
            rows=len(stored),
            median=waits[len(waits) // 2],
            p99=waits[len(waits) * 99 // 100],
            max=waits[-1],
        )
    )


FACES = pytest.mark.parametrize("face", [in_the_pane, in_a_pipe], ids=["pane", "pipe"])


@pytest.fixture(autouse=True)
def _state(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("ROWSIGHT_STATE", str(tmp_path))


@pytest.mark.slow
@FACES
async def test_kills_and_a_restart(listening: EmbeddedServer, scale: float, face: Face) -> None:
    profile = listening.profile()
    profile = replace(profile, parameters=profile.parameters | {"host": "127.0.0.1"})
    dsn = psycopg.conninfo.make_conninfo(**profile.parameters)
    # Less would be over before the connection was killed even once.
    rows, times = round(30_000 * max(scale, 0.4)), round(25 * scale)
    async with face(profile) as shown:
        async with load(dsn, rows, pause=1.5) as running:
            killing = asyncio.create_task(kill_often(dsn, times, running, shown.purpose))
            await shown.until(rows // 2)
            await asyncio.to_thread(listening.stop)
            await asyncio.to_thread(listening.start)
            assert await killing >= times
        await account(shown, running, dsn)


@pytest.mark.slow
@FACES
async def test_on_a_standby(pair: Pair, scale: float, face: Face) -> None:
    dsn = pair.primary.dsn()
    async with face(pair.profile) as shown:
        async with load(dsn, round(30_000 * scale), pause=1.5) as running:
            await kill_often(pair.standby.dsn(), round(25 * scale), running, shown.purpose)
        await account(shown, running, dsn)


@pytest.mark.slow
@FACES
async def test_through_a_proxy_that_stalls(
    listening: EmbeddedServer,
    scale: float,
    face: Face,
) -> None:
    dsn = listening.dsn()
    rows = round(30_000 * scale)
    with closing(Proxy(listening.profile(), delay=0.025)) as between:
        async with face(between.profile) as shown:
            async with load(dsn, rows, pause=1.5) as running:
                await shown.until(rows // 3)
                between.stall()
                await asyncio.sleep(10 * max(scale, 0.5))
                between.resume()
            await account(shown, running, dsn)
