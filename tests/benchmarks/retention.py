"""Target 10: retention in batches beside one DELETE, each with another session writing.

Two equal databases hold audit logs of which two fifths are expired. In one a single DELETE
takes them, in the other the console's own run. Meanwhile another session inserts rows and
changes rows at random, some of those that go among them, and measures how long each takes.
"""

from __future__ import annotations

import argparse
import asyncio
import multiprocessing
import random
import time
from dataclasses import replace
from itertools import pairwise
from multiprocessing.connection import Connection

import psycopg

from console.connection.embedded import EmbeddedServer
from console.connection.session import Session
from console.operations.pace import Progress
from console.operations.retention import plan
from console.operations.run import BATCH, run
from tests.benchmarks.database import benchmark_database

DAYS = 270
ROWS = """
insert into public.audit_logs (id, action, resource, "resourceId", metadata, "timestamp")
select md5(n::text)::uuid, 'workflow.updated', 'workflows', md5((n %% 5000)::text),
       '{"source": "benchmark", "fields": ["name", "definition"]}',
       now() - interval '450 days' * (1 - n::float8 / %(rows)s)
  from generate_series(1, %(rows)s) n
"""
DELETE = """
delete from public.audit_logs where "timestamp" < now() - make_interval(days => %(days)s)
"""


class Writer:
    """Another session that writes all the time, in a process of its own.

    Attributes:
        waits: Seconds each of its statements took, once it has ended.
    """

    def __init__(self, server: EmbeddedServer, database: str, rows: int) -> None:
        self.waits: list[float] = []
        spawn = multiprocessing.get_context("spawn")
        self._ours, theirs = spawn.Pipe()
        self._process = spawn.Process(target=_write, args=(server.dsn(database), rows, theirs))

    def __enter__(self) -> Writer:
        self._process.start()
        self._ours.recv()
        return self

    def __exit__(self, *exc_info: object) -> None:
        self._ours.send("stop")
        self.waits = self._ours.recv()
        self._process.join()

    def __str__(self) -> str:
        ordered = sorted(self.waits)
        p99 = ordered[int(len(ordered) * 0.99)] * 1000
        return f"{len(ordered):,} writes, p99 {p99:.1f} ms, longest {ordered[-1] * 1000:.0f} ms"


def _write(dsn: str, rows: int, pipe: Connection) -> None:
    draw = random.Random(7)
    waits = []
    with psycopg.connect(dsn, autocommit=True) as connection:
        pipe.send("ready")
        while not pipe.poll(0.002):
            started = time.perf_counter()
            if draw.random() < 0.5:
                connection.execute("insert into public.audit_logs (action) values ('new')")
            else:
                connection.execute(
                    "update public.audit_logs set resource = 'changed' where id = md5(%s)::uuid",
                    [str(draw.randint(1, rows))],
                )
            waits.append(time.perf_counter() - started)
    pipe.send(waits)


async def in_batches(server: EmbeddedServer, database: str, batch: int) -> tuple[float, float, int]:
    """Runs retention; seconds, the longest silence of the progress, and rows deleted."""
    profile = replace(server.profile(database), read_only=False)
    seen: list[Progress] = []
    async with Session(profile) as session:
        announced = await plan(session, telemetry=False)
        result = await run(session, announced, batch=batch, on_progress=seen.append)
    assert result.outcome == "done", result
    for target in result.targets:
        print(f"    announced {target.announced:,}, deleted {target.deleted:,}", end="")
        print(f" in {target.batches:,} batches {target.explanation}")
    silence = max(after.elapsed - before.elapsed for before, after in pairwise(seen))
    return result.elapsed, silence, result.deleted


def main() -> None:
    """Measures and prints a table."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rows", type=int, default=5_000_000)
    parser.add_argument("--batch", type=int, default=BATCH)
    parser.add_argument("--unsafe", action="store_true", help="a server that does not sync")
    options = parser.parse_args()
    settings = {"shared_buffers": "1GB", "max_wal_size": "8GB", "autovacuum": "off"}
    if not options.unsafe:
        settings |= dict.fromkeys(("fsync", "synchronous_commit", "full_page_writes"), "on")
    with benchmark_database(settings=settings) as (connection, server):
        connection.execute(ROWS, {"rows": options.rows})
        connection.execute(
            'insert into public.retention_policies ("tableName", "retentionDays")'
            f" values ('audit_logs', {DAYS})".encode()
        )
        connection.execute("vacuum (analyze, freeze) public.audit_logs")
        connection.execute("checkpoint")
        connection.close()
        with psycopg.connect(server.dsn(), autocommit=True) as other:
            other.execute("create database batched template benchmark strategy file_copy")
            other.execute("checkpoint")
        print(f"{options.rows:,} rows, fsync {settings.get('fsync', 'off')}")
        with Writer(server, "benchmark", options.rows) as alone:
            time.sleep(3)
        print(f"  the other session alone: {alone}")
        with (
            psycopg.connect(server.dsn("benchmark"), autocommit=True) as deleting,
            Writer(server, "benchmark", options.rows) as writer,
        ):
            time.sleep(1)
            started = time.perf_counter()
            gone = deleting.execute(DELETE.encode(), {"days": DAYS}).rowcount
            whole = time.perf_counter() - started
        print(f"  one DELETE of {gone:,} rows: {whole:.2f} s; beside it {writer}")
        with psycopg.connect(server.dsn("batched"), autocommit=True) as other:
            other.execute("checkpoint")
        with Writer(server, "batched", options.rows) as writer:
            time.sleep(1)
            seconds, silence, gone = asyncio.run(in_batches(server, "batched", options.batch))
        print(f"  batches of {gone:,} rows: {seconds:.2f} s; beside them {writer}")
        print(f"  {seconds / whole:.2f} times one DELETE (2), longest wait", end=" ")
        print(f"{max(writer.waits) * 1000:.0f} ms (25), longest silence {silence * 1000:.0f} ms")


if __name__ == "__main__":
    main()
