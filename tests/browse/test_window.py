"""Rows by number: contiguous, honestly numbered, kept within bounds, whatever one does."""

from __future__ import annotations

import asyncio
import random
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import pytest

from console.browse.count import Certainty, Total, count_rows
from console.browse.page import Order
from console.browse.source import open_source
from console.browse.window import Window
from console.catalog.relations import find_relation
from console.connection.profile import Profile
from console.errors import DatabaseFailed
from tests.browse.walk import Admin, Connect

SCREEN = 40


class Screen:
    """What a person does: moves about, and reads the numbers at the edge."""

    def __init__(self, window: Window) -> None:
        self.window = window
        self.top = 0

    def moved(self, rows: int) -> None:
        self.top += rows

    async def go(self, top: int) -> list[int]:
        self.top = max(0, min(top, self.window.extent - SCREEN))
        await self.window.show(self.top, self.top + SCREEN - 1)
        return self.rows()

    async def end(self) -> list[int]:
        self.top = max(0, await self.window.show_last(SCREEN) - SCREEN + 1)
        return self.rows()

    def rows(self) -> list[int]:
        shown = range(self.top, min(self.top + SCREEN, self.window.extent))
        rows = [self.window.row(index) for index in shown]
        assert None not in rows, f"{rows.count(None)} rows from {self.top} on are not at hand"
        return [int(row[0] or 0) for row in rows if row is not None]


@asynccontextmanager
async def screen_of(
    connect: Connect, profile: Profile, name: str, **options: Any
) -> AsyncIterator[Screen]:
    async with connect(profile) as session:
        source = await open_source(session, await find_relation(session, name), **options)
        screen = Screen(Window(source))
        screen.window = Window(source, on_shift=screen.moved, pages=10)
        await screen.window.open()
        yield screen
        await screen.window.close()


TABLES = """
create table by_key (n int primary key);
create table by_block (n int);
create table random_key (n int unique, id uuid primary key);
create table few (n int primary key);
create table nothing (n int primary key);
insert into by_key select g from generate_series(0, 49999) g;
insert into by_block select * from by_key;
insert into random_key select row_number() over (order by id) - 1, id
  from (select md5(g::text)::uuid as id from generate_series(1, 50000) g) s;
insert into few select g from generate_series(0, 9) g;
create table pairs (n int primary key, a int, b int);
insert into pairs select g, g % 10, 9 - g % 10 from generate_series(0, 49999) g;
create view seen as select * from by_key;
analyze;
"""


@pytest.fixture
def tables(empty_db: Profile, admin: Admin) -> Profile:
    admin(empty_db).execute(TABLES)
    return empty_db


@pytest.mark.parametrize("name", ["by_key", "by_block", "random_key", "seen"])
async def test_wherever_one_goes_the_rows_are_one_after_another(
    tables: Profile, connect: Connect, name: str
) -> None:
    async with screen_of(connect, tables, name) as screen:
        window = screen.window
        chance = random.Random(5)
        worst = 0
        for _ in range(250):
            match chance.choice("jjuuuddddheUD"):
                case "j":
                    rows = await screen.go(chance.randrange(max(1, window.extent)))
                case "u":
                    rows = await screen.go(screen.top - SCREEN)
                case "d":
                    rows = await screen.go(screen.top + SCREEN)
                case "U":
                    rows = await screen.go(screen.top - 333)
                case "D":
                    rows = await screen.go(screen.top + 333)
                case "h":
                    rows = await screen.go(0)
                    assert rows[0] == 0
                case _:
                    rows = await screen.end()
                    assert rows[-1] == 49999
            assert rows == list(range(rows[0], rows[0] + len(rows)))
            if window.is_exact(screen.top):
                assert rows[0] == screen.top
            worst = max(worst, abs(rows[0] - screen.top))
        assert worst < 500, "an estimate is off by less than a hundredth"


async def test_numbers_are_mended_when_the_beginning_is_met(
    tables: Profile, connect: Connect, admin: Admin
) -> None:
    # What ANALYZE found is far from what there is now, so a jump lands far from where it aims.
    admin(tables).execute(
        "alter table by_key set (autovacuum_enabled = false);"
        "delete from by_key where n between 100 and 30000"
    )
    async with screen_of(connect, tables, "by_key") as screen:
        rows = await screen.go(20_000)
        assert not screen.window.is_exact(screen.top)
        while screen.top and rows[0] > 30050:
            rows = await screen.go(screen.top - 2 * SCREEN)
        for _ in range(20):
            rows = await screen.go(screen.top - SCREEN)
        assert (screen.top, rows[0]) == (0, 0)
        assert screen.window.is_exact(0)
        rows = await screen.end()
        assert rows[-1] == 49999


async def test_the_end_makes_the_total_exact(tables: Profile, connect: Connect) -> None:
    async with screen_of(connect, tables, "seen") as screen:
        assert screen.window.total.certainty is Certainty.AT_LEAST
        assert screen.window.total.rows <= 600
        await screen.end()
        assert screen.window.total == Total(50000, Certainty.EXACT)
        assert screen.window.extent == 50000
    async with screen_of(connect, tables, "few") as screen:
        assert screen.window.total == Total(10, Certainty.EXACT)
    async with screen_of(connect, tables, "nothing") as screen:
        assert screen.window.total == Total(0, Certainty.EXACT)
        assert await screen.window.show_last(5) == -1
        assert screen.window.row(0) is None


async def test_estimates_are_called_so_and_a_filter_has_none(
    tables: Profile, connect: Connect
) -> None:
    async with screen_of(connect, tables, "by_key") as screen:
        assert screen.window.total == Total(50000, Certainty.ESTIMATE)
        screen.window.counted(50000)
        assert screen.window.total == Total(50000, Certainty.EXACT)
    async with screen_of(connect, tables, "by_key", where="n>=10000") as screen:
        assert screen.window.total.certainty is Certainty.AT_LEAST
        assert screen.window.total.rows < 1000, "the planner's guess is not shown"
        rows = await screen.go(screen.window.extent // 2)
        assert abs(rows[0] - 30000) < 12000
        assert (await screen.end())[-1] == 49999
        assert (await screen.go(0))[0] == 10000


async def test_rows_of_a_filter_are_counted(tables: Profile, connect: Connect) -> None:
    async with connect(tables) as session:
        relation = await find_relation(session, "by_key")
        assert await count_rows(session, relation) == 50000
        source = await open_source(session, relation, where="n<7")
        chosen = source.selection.chosen
        assert await count_rows(session, relation, chosen) == 7


@pytest.mark.parametrize("where", ["a<6 b<6", "a<2 b>7"], ids=["fewer", "more"])
async def test_a_count_leaves_the_rows_that_are_looked_at_and_gives_the_last_their_number(
    tables: Profile, connect: Connect, where: str
) -> None:
    """There are fewer than the planner thinks, or more."""
    async with screen_of(connect, tables, "pairs", where=where) as screen:
        assert abs(screen.window.extent - 10_000) > 2_000
        rows = await screen.end()
        assert not screen.window.is_exact(screen.top)
        screen.window.counted(10_000)
        assert screen.rows() == rows
        assert screen.top == 10_000 - SCREEN
        assert screen.window.is_exact(screen.top)


async def test_a_count_leaves_rows_in_the_middle_about_where_they_are(
    tables: Profile, connect: Connect
) -> None:
    async with screen_of(connect, tables, "pairs", where="a<6 b<6") as screen:
        rows = await screen.go(screen.window.extent * 3 // 5)
        screen.window.counted(10_000)
        assert screen.window.total == Total(10_000, Certainty.EXACT)
        assert screen.rows() == rows
        assert abs(screen.top - 6_000) < 500
        assert not screen.window.is_exact(screen.top)


async def test_few_pages_are_kept_and_gone_ones_come_back_as_they_were(
    tables: Profile, connect: Connect
) -> None:
    async with screen_of(connect, tables, "by_key") as screen:
        for top in range(0, 8000, SCREEN):
            assert (await screen.go(top))[0] == top
        held = [index for index in range(8000) if screen.window.row(index) is not None]
        assert len(held) <= 10 * screen.window.source.size
        assert (await screen.go(1000))[0] == 1000
        assert screen.window.is_exact(1000)


async def test_the_next_pages_are_read_before_they_are_asked_for(
    tables: Profile, connect: Connect
) -> None:
    async with screen_of(connect, tables, "by_key") as screen:
        await screen.go(25_000)
        async with asyncio.timeout(10):
            await settled(screen.window)
        below, above = screen.top + SCREEN + 150, screen.top - 150
        assert screen.window.row(below) is not None
        assert screen.window.row(above) is not None


async def test_a_jump_reads_what_is_looked_at_and_little_more(
    tables: Profile, connect: Connect
) -> None:
    async with screen_of(connect, tables, "by_key") as screen:
        await settled(screen.window)
        await screen.go(25_000)
        found = screen.window.find(screen.top)
        assert found is not None
        assert len(found[0].rows) == 2 * SCREEN


async def settled(window: Window) -> None:
    """Waits until nothing more is read ahead."""
    ahead = window._ahead
    if ahead is not None:
        await asyncio.wait({ahead})


async def test_rows_that_go_while_they_are_shown_leave_no_hole(
    tables: Profile, connect: Connect, admin: Admin
) -> None:
    database = admin(tables)
    async with screen_of(connect, tables, "by_key") as screen:
        for top in range(0, 6000, SCREEN):
            await screen.go(top)
        database.execute("delete from by_key where n between 900 and 1300")
        shown: set[int] = set()
        for top in range(800, 1800, SCREEN):
            shown |= set(await screen.go(top))
        assert not shown & set(range(900, 1301))
        assert {899, 1301, 1500} <= shown
        database.execute("delete from by_key")
        await screen.window.show(40_000, 40_039)
        assert screen.window.extent == 0
        assert screen.window.total == Total(0, Certainty.EXACT)


async def test_a_failure_is_told_to_who_asks_and_what_is_there_stays(
    empty_db: Profile, connect: Connect, admin: Admin
) -> None:
    admin(empty_db).execute(
        "create view v as select g as n, 1 / (500 - g) as x from generate_series(0, 2000) g"
    )
    async with screen_of(connect, empty_db, "v") as screen:
        await settled(screen.window)
        assert screen.window.row(499) is not None
        with pytest.raises(DatabaseFailed, match="division by zero"):
            await screen.window.show(480, 520)
        assert screen.window.row(490) is not None
        assert (await screen.go(0))[0] == 0


async def test_what_runs_can_be_stopped(empty_db: Profile, connect: Connect, admin: Admin) -> None:
    admin(empty_db).execute(
        """
        create function slow(n int) returns int language plpgsql as
          $$ begin if n > 300 then perform pg_sleep(60); end if; return n; end $$;
        create view v as select slow(g) as n from generate_series(0, 2000) g;
        """
    )
    async with screen_of(connect, empty_db, "v") as screen:
        # Reading ahead hangs by now; stopping it frees the connection.
        await asyncio.sleep(0.1)
        async with asyncio.timeout(5):
            await screen.window.stop()
        assert (await screen.go(0))[0] == 0
        await screen.window.stop()


async def test_a_wide_table_is_read_in_smaller_pages(
    empty_db: Profile, connect: Connect, admin: Admin
) -> None:
    columns = ", ".join(f"c{number} text default 'x'" for number in range(1599))
    database = admin(empty_db)
    database.execute(f"create table t (n int primary key, {columns})".encode())
    database.execute("insert into t (n) select generate_series(0, 299)")
    async with screen_of(connect, empty_db, "t") as screen:
        assert screen.window.source.size == 50
        assert len(screen.window.row(0) or ()) == 1600
        assert (await screen.end())[-1] == 299
    async with screen_of(connect, empty_db, "t", order=[Order("c5", descending=True)]) as screen:
        assert (await screen.go(100))[0] == 199
