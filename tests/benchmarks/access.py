"""Target 8: the matrix for one persona and for a hundred, near and 50 ms away, with a slow table.

    python -m tests.benchmarks.access [--events N] [--personas N] [--repeats N]

The data are the master migration's 31 tables, with users, organizations, workflows and `events`.
Then all indexes of `events` but its key are dropped, so that counting somebody's events reads
the whole table. Every number is a median; the round trip is measured in the same run.
"""

from __future__ import annotations

import argparse
import asyncio
import statistics
import time
from collections.abc import Awaitable, Callable, Sequence
from contextlib import closing

import psycopg

from console.access.catalog import read_catalog
from console.access.counting import Known
from console.access.impersonation import preview
from console.access.matrix import Matrix, matrix
from console.access.persona import Persona, of_user
from console.access.rules import Command
from console.connection.profile import Profile
from console.connection.session import Session
from tests.benchmarks.database import benchmark_database
from tests.benchmarks.policies import FILL, NO_INDEX
from tests.proxy import Proxy

FAR = 0.050
USERS, ORGANIZATIONS = 5000, 1000
FULL = "public.events"


def person(number: int) -> Persona:
    """The user that the data set made of a number."""
    import hashlib

    digest = hashlib.md5(f"u{number}".encode(), usedforsecurity=False).hexdigest()
    parts = (digest[:8], digest[8:12], digest[12:16], digest[16:20], digest[20:])
    return of_user("-".join(parts), email=f"user{number}@example.test")


async def median(work: Callable[[], Awaitable[object]], repeats: int) -> float:
    """Milliseconds, as the median of some runs; a first one is not counted."""
    await work()
    times = []
    for _ in range(repeats):
        started = time.perf_counter()
        await work()
        times.append((time.perf_counter() - started) * 1000)
    return statistics.median(times)


class Run:
    """One way to the server, with both sides of a preview."""

    def __init__(self, profile: Profile, personas: Sequence[Persona], repeats: int) -> None:
        self.profile = profile
        self.personas = personas
        self.repeats = repeats

    async def measure(self) -> dict[str, float]:
        """Milliseconds by what was measured."""
        roles = {persona.role for persona in self.personas}
        async with Session(self.profile) as login, preview(login) as acting:
            catalog = await read_catalog(login, roles)
            select = [Command.SELECT]

            async def there_and_back() -> object:
                return await login.batch("select 1")

            async def one() -> Matrix:
                return await matrix(login, acting, self.personas[:1], catalog=catalog)

            async def anew() -> Matrix:
                return await matrix(login, acting, self.personas[:1])

            async def all_() -> Matrix:
                return await matrix(login, acting, self.personas, commands=select, catalog=catalog)

            return {
                "round trip": await median(there_and_back, self.repeats * 3),
                "tables": float(len(catalog)),
                "one persona, 4 commands": await median(one, self.repeats),
                "one persona, catalog read too": await median(anew, self.repeats),
                f"{len(self.personas)} personas, SELECT": await median(all_, self.repeats),
            }

    async def first_cells(self) -> dict[str, float]:
        """Milliseconds from the question to counted cells, where one table is slow."""
        times: dict[str, list[float]] = {
            "first counted cell": [],
            "every quick cell": [],
            "slow cell": [],
        }
        async with Session(self.profile) as login, preview(login) as acting:
            for _ in range(self.repeats):
                seen: dict[str, float] = {}
                started = time.perf_counter()

                def heard(
                    cells: Sequence[Known],
                    _known: int,
                    _all: int,
                    seen: dict[str, float] = seen,
                    started: float = started,
                ) -> None:
                    for cell in cells:
                        if cell.cell.visible is not None or cell.cell.state == "error":
                            now = (time.perf_counter() - started) * 1000
                            seen.setdefault(cell.table, now)

                await matrix(
                    login, acting, self.personas[:1], commands=[Command.SELECT], on_cells=heard
                )
                slow = seen.pop(FULL)
                times["first counted cell"].append(min(seen.values()))
                times["every quick cell"].append(max(seen.values()))
                times["slow cell"].append(slow)
        return {name: statistics.median(values) for name, values in times.items()}


def fill(connection: psycopg.Connection[object], workflows: int, events: int) -> None:
    """Fills the tables; those of `events` in parts, so that progress is seen."""
    volumes = {"users": USERS, "organizations": ORGANIZATIONS, "workflows": workflows}
    *others, of_events = FILL.strip().rstrip(";").split(";\n")
    for statement in others:
        psycopg.ClientCursor(connection).execute(statement.encode(), volumes)
    psycopg.ClientCursor(connection).execute(of_events.encode(), volumes | {"workflows": events})
    connection.execute("vacuum analyze")


def table(found: dict[str, dict[str, float]]) -> str:
    """Writes the measurements as Markdown."""
    names = list(next(iter(found.values())))
    lines = ["| | " + " | ".join(found) + " |", "| --- |" + " --- |" * len(found)]
    lines += [
        f"| {name} | " + " | ".join(f"{run[name]:.1f}" for run in found.values()) + " |"
        for name in names
    ]
    return "\n".join(lines)


async def run(near: Profile, far: Profile, personas: Sequence[Persona], repeats: int) -> None:
    """Measures both ways and prints the ratios of the target."""
    ways = {"loopback": Run(near, personas, repeats), "50 ms away": Run(far, personas, repeats)}
    found = {name: await way.measure() for name, way in ways.items()}
    print(f"All indexes, milliseconds:\n\n{table(found)}\n")
    many = f"{len(personas)} personas, SELECT"
    for name, numbers in found.items():
        trip, one = numbers["round trip"], numbers["one persona, 4 commands"]
        limit = 1.3 * trip + 50
        print(f"{name}: one persona {one:.0f} ms, 1.3 round trips + 50 ms = {limit:.0f} ms")
        print(f"{name}: {many} {numbers[many]:.0f} ms")


async def slow(near: Profile, far: Profile, personas: Sequence[Persona], repeats: int) -> None:
    """Measures how long cells take that have nothing to do with the slow table."""
    ways = {"loopback": Run(near, personas, repeats), "50 ms away": Run(far, personas, repeats)}
    found = {name: await way.first_cells() for name, way in ways.items()}
    print(f"\n`events` without an index but its key, milliseconds:\n\n{table(found)}")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--events", type=int, default=2_000_000)
    parser.add_argument("--workflows", type=int, default=200_000)
    parser.add_argument("--personas", type=int, default=100)
    parser.add_argument("--repeats", type=int, default=7)
    options = parser.parse_args()
    settings = {"shared_buffers": "512MB", "synchronous_commit": "off", "max_wal_size": "4GB"}
    with benchmark_database(settings=settings) as (connection, server):
        fill(connection, options.workflows, options.events)
        personas = [person(1 + n * 7) for n in range(options.personas)]
        near = server.profile("benchmark")
        with closing(Proxy(near, FAR / 2)) as far:
            asyncio.run(run(near, far.profile, personas, options.repeats))
            connection.execute(NO_INDEX.encode())
            connection.execute("analyze public.events")
            asyncio.run(slow(near, far.profile, personas, options.repeats))


if __name__ == "__main__":
    main()
