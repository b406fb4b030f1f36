"""What the tail of the logs costs the server, idle and busy, and how late rows arrive.

The server's time is the processor time of the tail's backend (Linux only), beside what the
server itself measures from each message's arrival to its answer. By default on 8 million rows.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import os
import sys
import time
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import psycopg

from console.connection.profile import Profile
from console.connection.session import Session
from console.logs import completeness
from console.logs.source import LogEntry
from console.logs.tail import Polled, Tail
from tests.benchmarks.database import benchmark_database

FILL = {
    "audit_logs": """
        insert into public.audit_logs (action, resource, metadata, timestamp)
        select 'row.stored', 'workflows', jsonb_build_object('n', n),
               now() - n * interval '0.3 seconds'
        from generate_series(1, {rows}) n""",
    "privacy_transparency_log": """
        insert into public.privacy_transparency_log ("userId", action, resource, timestamp)
        select (select id from public.users), 'viewed', 'workflows',
               now() - n * interval '2.4 seconds'
        from generate_series(1, {rows} / 8) n""",
}
FLOOD = "insert into public.audit_logs (action) select 'flood' from generate_series(1, 250)"
TICKS = os.sysconf("SC_CLK_TCK")


@dataclass
class Measured:
    """What a tail did over some seconds.

    Attributes:
        cost: Seconds the server measured.
        processor: Seconds of processor time of the tail's backend.
        waits: From each row's commit to its arrival, in seconds.
    """

    seconds: float = 0.0
    polls: int = 0
    cost: float = 0.0
    processor: float = 0.0
    rows: int = 0
    waits: list[float] = field(default_factory=list)

    def __str__(self) -> str:
        each = 1000 * self.cost / max(1, self.polls)
        waits = sorted(self.waits)
        late = [f"{waits[len(waits) * share // 100]:.2f}" for share in (50, 99) if waits]
        cells = [
            *(f"{self.processor / self.seconds:.2%}", f"{self.cost / self.seconds:.2%}"),
            *(f"{self.polls / self.seconds:.1f}", f"{each:.2f}", f"{self.rows:,}"),
            *(late or ("–", "–")),
        ]
        return " | ".join(cells)


class Bench:
    """A tail beside a load."""

    def __init__(self, profile: Profile, dsn: str, db: psycopg.Connection[Any]) -> None:
        self.profile = profile
        self.dsn = dsn
        self.db = db
        self.arrived: dict[str, tuple[float, LogEntry]] = {}

    def processor_seconds(self) -> float:
        """Returns the processor time of the tail's backend so far."""
        row = self.db.execute(
            "select pid from pg_stat_activity where application_name like 'rowsight tail %'"
        ).fetchone()
        assert row is not None
        fields = Path(f"/proc/{row[0]}/stat").read_text().rpartition(")")[2].split()
        return (int(fields[11]) + int(fields[12])) / TICKS

    async def measure(self, seconds: float, *, writers: int = 0, flood: bool = False) -> Measured:
        """Follows all logs for some seconds, or for as long as the writers take."""
        running = Measured()
        self.arrived = {}

        async def follow() -> None:
            async for event in Tail(session).follow():
                if isinstance(event, Polled):
                    running.polls += 1
                    running.cost += event.cost
                    running.rows += len(event.sightings)
                    now = time.time()
                    for seen in event.sightings:
                        name = f"{seen.entry.source} {seen.entry.id}"
                        self.arrived.setdefault(name, (now, seen.entry))

        async with Session(self.profile, purpose="tail") as session:
            task = asyncio.create_task(follow())
            await asyncio.sleep(4)  # to begin costs once, whatever comes then
            running.polls, running.cost, running.rows = 0, 0.0, 0
            began, used = time.monotonic(), self.processor_seconds()
            committed = {}
            if writers:
                committed = await self.write(round(500 * seconds))
            elif flood:
                await asyncio.to_thread(self.flood, seconds)
            else:
                await asyncio.sleep(seconds)
            found = replace(
                running,
                seconds=time.monotonic() - began,
                processor=self.processor_seconds() - used,
            )
            # A poll that reads a whole table comes seldom.
            for _ in range(20):
                await asyncio.sleep(3)
                if committed.keys() <= self.arrived.keys():
                    break
            task.cancel()
            await asyncio.gather(task, return_exceptions=True)
        lost = committed.keys() - self.arrived.keys()
        assert not lost, f"{len(lost):,} rows never arrived"
        found.waits = [self.arrived[name][0] - at for name, at in committed.items()]
        if flood:
            found.waits = [
                at - entry.time.timestamp()
                for at, entry in self.arrived.values()
                if entry.time and entry.action == "flood"
            ]
        return found

    async def write(self, rows: int) -> dict[str, float]:
        """Runs the slow writers in a process of their own; when each row was committed."""
        process = await asyncio.create_subprocess_exec(
            *(sys.executable, "-m", "tests.logs.workload", self.dsn, "--rows", str(rows)),
            stdout=asyncio.subprocess.PIPE,
        )
        output, _ = await process.communicate()
        committed: dict[str, float] = json.loads(output)["committed"]
        return committed

    def flood(self, seconds: float) -> None:
        """Writes 5,000 rows a second."""
        began = time.monotonic()
        with psycopg.connect(self.dsn, autocommit=True) as connection:
            for number in range(round(seconds * 20)):
                time.sleep(max(0.0, began + number / 20 - time.monotonic()))
                connection.execute(FLOOD)


def fill(db: psycopg.Connection[Any], rows: int) -> None:
    """Fills the logs; keys and triggers are not what is measured."""
    db.execute("insert into public.users (email) values ('ada@example.com')")
    db.execute("set session_replication_role = replica")
    for statement in FILL.values():
        db.execute(statement.format(rows=rows).encode())
    db.execute("set session_replication_role = origin")
    db.execute("vacuum analyze public.audit_logs, public.privacy_transparency_log")


async def compare(bench: Bench, seconds: float) -> None:
    """Prints a line for each situation."""
    names = ("processor", "measured", "polls/s", "ms/poll", "rows", "p50 s", "p99 s")
    print(f"| | {' | '.join(names)} |\n|{' --- |' * (len(names) + 1)}")
    print("| idle |", await bench.measure(seconds), "|", flush=True)
    # A lower bound an hour back is what a dump that runs for an hour brings about.
    usual, completeness.SLACK = completeness.SLACK, timedelta(hours=1)
    print("| idle, transaction open for 1 h |", await bench.measure(seconds), "|", flush=True)
    busy = await bench.measure(seconds, writers=8)
    print("| 8 slow writers, the same |", busy, "|", flush=True)
    completeness.SLACK = usual
    print("| 8 slow writers |", await bench.measure(seconds, writers=8), "|", flush=True)
    print("| 5,000 rows/s |", await bench.measure(seconds, flood=True), "|", flush=True)
    bench.db.execute("drop index public.idx_audit_logs_timestamp_id")
    print("| no index, idle |", await bench.measure(seconds), "|", flush=True)
    busy = await bench.measure(seconds, writers=8)
    print("| no index, 8 slow writers |", busy, "|", flush=True)


def main() -> None:
    """Measures and prints a table."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--scale", type=float, default=1.0, help="of 8 million rows")
    parser.add_argument("--seconds", type=float, default=20.0, help="for each situation")
    options = parser.parse_args()
    rows = round(8_000_000 * options.scale)
    with benchmark_database() as (db, server):
        began = time.monotonic()
        fill(db, rows)
        print(f"{rows:,} rows, filled in {time.monotonic() - began:.0f} s, {datetime.now(UTC):%F}")
        bench = Bench(server.profile("benchmark"), server.dsn("benchmark"), db)
        asyncio.run(compare(bench, options.seconds))


if __name__ == "__main__":
    main()
