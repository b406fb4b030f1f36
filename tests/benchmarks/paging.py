"""Targets 3 to 5 without a screen: what a page, a jump and a long walk cost, and how far off.

    python -m tests.benchmarks.paging FOLDER [--rows N]

Reads the data set of `tests.benchmarks.dataset`, which it makes in FOLDER if need be. The time
on the server is that of EXPLAIN ANALYZE; the time of a page is there and back, with everything
this console does with it; the error of a jump is counted by the server, in rows.
"""

from __future__ import annotations

import argparse
import asyncio
import random
import statistics
import tempfile
import time
from collections.abc import Awaitable
from contextlib import closing
from dataclasses import replace
from pathlib import Path
from typing import Any

import psycopg

from console.browse.export import Format, export, export_of
from console.browse.ordering import segments
from console.browse.page import Order, Page
from console.browse.position import After, Before, First, Fraction, Last, Position
from console.browse.source import PageSource, open_source
from console.browse.window import Window
from console.catalog.relations import Relation, find_relation
from console.connection.embedded import EmbeddedServer
from console.connection.profile import Profile
from console.connection.session import Session
from tests.benchmarks.dataset import DATABASE, ROWS, dataset
from tests.proxy import Proxy

SCREEN = 40
JUMPS = 500
CHECKED = 20
ORDERS: dict[str, tuple[Order, ...]] = {
    "key (random uuid)": (),
    "timestamp": (Order("timestamp"),),
    "timestamp, descending": (Order("timestamp", descending=True),),
    "userId, timestamp descending": (Order("userId"), Order("timestamp", descending=True)),
}


def milliseconds(seconds: list[float]) -> str:
    """Median and 95th of a hundred."""
    ordered = sorted(seconds)
    worst = ordered[min(len(ordered) - 1, int(len(ordered) * 0.95))]
    return f"{statistics.median(ordered) * 1000:.1f} / {worst * 1000:.1f}"


def megabytes() -> float:
    """Resident memory of this process."""
    status = Path("/proc/self/status").read_text()
    return int(status.split("VmRSS:")[1].split()[0]) / 1024


async def timed(work: Awaitable[object]) -> float:
    """Seconds something takes."""
    started = time.perf_counter()
    await work
    return time.perf_counter() - started


def on_server(database: psycopg.Connection[Any], page: Page) -> float:
    """Milliseconds the server takes for a page's statements, by its own clock."""
    spent = 0.0
    for statement in page.statement.split("; "):
        [(plan,)] = database.execute(
            f"explain (analyze, format json, timing off) {statement}".encode()
        ).fetchall()
        spent = max(spent, plan[0]["Execution Time"])
    return spent


async def positions(source: PageSource, chance: random.Random) -> list[tuple[str, Position]]:
    """The kinds of pages there are, each somewhere."""
    page = await source.fetch(Fraction(chance.uniform(0.01, 0.99)))
    return [
        ("first", First()),
        ("last", Last()),
        ("jump", Fraction(chance.random())),
        ("next", After(page.places[-1])),
        ("before", Before(page.places[0])),
    ]


async def statements(database: psycopg.Connection[Any], session: Session, event: Relation) -> None:
    """The server's time for every kind of page, and whether it stays below 5 ms."""
    print("\n| order | page | on the server, worst of 20, ms | there and back, p50 / p95, ms |")
    print("| --- | --- | --- | --- |")
    notes = await find_relation(session, "public.notes")
    chance = random.Random(1)
    orders = [(name, event, order) for name, order in ORDERS.items()]
    for name, relation, order in [*orders, ("no key (by block)", notes, ())]:
        source = await open_source(session, relation, order=order)
        await source.prepare()
        spent: dict[str, list[float]] = {}
        seen: dict[str, list[float]] = {}
        for _ in range(CHECKED):
            for kind, position in await positions(source, chance):
                started = time.perf_counter()
                page = await source.fetch(position)
                seen.setdefault(kind, []).append(time.perf_counter() - started)
                spent.setdefault(kind, []).append(on_server(database, page))
        for kind, times in spent.items():
            print(f"| {name} | {kind} | {max(times):.2f} | {milliseconds(seen[kind])} |")


async def errors(
    database: psycopg.Connection[Any], session: Session, event: Relation, rows: int
) -> None:
    """How far a jump is from the share of rows it aims at, counted."""
    print("\n| order | error of a jump, worst of 20, % of the rows | median |")
    print("| --- | --- | --- |")
    chance = random.Random(2)
    for name, order in ORDERS.items():
        source = await open_source(session, event, order=order, columns=["id"])
        off = []
        for _ in range(CHECKED):
            share = chance.random()
            page = await source.fetch(Fraction(share), 1)
            bounds, _ = await source._bounds(Before(page.places[0]))  # type: ignore[attr-defined]
            sorts = [sort.reversed for sort in source._sorts]  # type: ignore[attr-defined]
            count = 0
            for stretch in segments(sorts, bounds):
                condition = stretch.as_string(None)
                [(some,)] = database.execute(
                    f"select count(*) from public.events where {condition}".encode()
                ).fetchall()
                count += some
            off.append(abs(count / rows - share) * 100)
        print(f"| {name} | {max(off):.3f} | {statistics.median(off):.3f} |")
    notes = await open_source(session, await find_relation(session, "public.notes"))
    off = []
    for _ in range(CHECKED):
        share = chance.random()
        page = await notes.fetch(Fraction(share), 1)
        off.append(abs(int(page.rows[0][0] or 0) / (rows // 5) - share) * 100)
    print(f"| no key (by block) | {max(off):.3f} | {statistics.median(off):.3f} |")


async def window_of(session: Session, name: str = "public.events") -> Window:
    """A window with its first page read."""
    window = Window(await open_source(session, await find_relation(session, name)))
    await window.open()
    return window


async def walks(profile: Profile, rtt: str) -> None:
    """A person who opens the table, jumps about, and holds a key down."""
    async with Session(profile) as session:
        opened = []
        for _ in range(15):
            started = time.perf_counter()
            window = await window_of(session)
            opened.append(time.perf_counter() - started)
            await window.close()
        window = await window_of(session)
        before = megabytes()
        chance = random.Random(3)
        jumps = []
        for _ in range(JUMPS if rtt == "0" else 40):
            top = chance.randrange(window.extent - SCREEN)
            jumps.append(await timed(window.show(top, top + SCREEN - 1)))
        ends = []
        for _ in range(10):
            ends.append(await timed(window.show(0, SCREEN - 1)))
            ends.append(await timed(window.show_last(SCREEN)))
            middle = chance.randrange(window.extent - SCREEN)
            await window.show(middle, middle + SCREEN)
        pages = []
        started = time.perf_counter()
        top = 1_000_000 % window.extent
        await window.show(top, top + SCREEN - 1)
        for number in range(1, 2000 if rtt == "0" else 300):
            first = top + number * SCREEN
            pages.append(await timed(window.show(first, first + SCREEN - 1)))
            # A held key repeats thirty times a second; here it is faster where it can be.
            await asyncio.sleep(0 if rtt == "0" else 1 / 30)
        whole = time.perf_counter() - started
        print(
            f"| {rtt} | {milliseconds(opened)} | {milliseconds(jumps)} | {milliseconds(ends)} "
            f"| {milliseconds(pages)} | {len(pages) / whole:.0f} | {megabytes() - before:+.1f} |"
        )
        await window.close()


async def exports(profile: Profile) -> None:
    """What an export comes to, and whether others keep their turn meanwhile."""
    print("\n| export | rows | MB | rows a second | longest wait of others, ms | memory, MB |")
    print("| --- | --- | --- | --- | --- | --- |")
    async with Session(profile) as session:
        relation = await find_relation(session, "public.events")
        for form, where in (
            (Format.CSV, ""),
            (Format.JSONL, "timestamp<2024-03-01"),
            (Format.JSON, "timestamp<2024-03-01"),
        ):
            source = await open_source(session, relation, where=where)
            waits: list[float] = []

            async def others(waits: list[float] = waits) -> None:
                while True:
                    waits.append(await timed(asyncio.sleep(0.005)) - 0.005)

            before = megabytes()
            task = asyncio.ensure_future(others())
            with tempfile.TemporaryDirectory() as folder:
                path = Path(folder) / "events"
                what = export_of(source, form, ordered=False)
                async for progress in export(session, what, path):
                    last = progress
            task.cancel()
            print(
                f"| {form} | {last.rows:,} | {last.bytes / 1e6:,.0f} | {last.rate:,.0f} "
                f"| {max(waits) * 1000:.0f} | {megabytes() - before:+.1f} |",
                flush=True,
            )


async def measure(server: EmbeddedServer) -> None:
    """Prints every table."""
    profile = replace(server.profile(DATABASE), statement_timeout=600.0)
    with psycopg.connect(server.dsn(DATABASE), autocommit=True) as database:
        [(rows,)] = database.execute("select count(*) from public.events").fetchall()
        [(size,)] = database.execute("select pg_relation_size('public.events')").fetchall()
        print(f"events: {rows:,} rows, {size / 1e9:.2f} GB")
        print("\n| RTT, ms | open | jump | Home, End | page down | pages a second | memory, MB |")
        print("| --- | --- | --- | --- | --- | --- | --- |")
        await walks(profile, "0")
        with closing(Proxy(profile, 0.025)) as proxy:
            await walks(proxy.profile, "50")
        async with Session(profile) as session:
            event = await find_relation(session, "public.events")
            await statements(database, session, event)
            await errors(database, session, event, rows)
        await exports(profile)


def main() -> None:
    """Makes the data set if need be, and measures."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("folder", type=Path)
    parser.add_argument("--rows", type=int, default=ROWS)
    options = parser.parse_args()
    with dataset(options.folder, options.rows) as server:
        asyncio.run(measure(server))


if __name__ == "__main__":
    main()
