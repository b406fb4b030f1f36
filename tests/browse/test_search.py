"""Rows that no index leads to: each is found once, and as soon as its block is looked at."""

from __future__ import annotations

import pytest
from psycopg import sql

from console.browse import search
from console.browse.filter import FilterError
from console.browse.foresight import Foresight, foresee
from console.browse.page import Order, Page, Row
from console.browse.position import After, At, Before, First, Fraction, Last, RowNumber
from console.browse.search import BlockSearch, searched
from console.browse.source import PageSource, open_source
from console.browse.window import Window
from console.catalog.relations import find_relation
from console.connection.profile import Profile
from console.connection.session import Session
from tests.browse.walk import Admin, Connect

FEW = """
create table t (id int primary key, n int, filler text) with (autovacuum_enabled = false);
insert into t select g, g % 1000, repeat('x', 300) from generate_series(1, 30000) g;
create table parts (id int, n int, filler text, primary key (id)) partition by range (id);
create table parts_1 partition of parts for values from (1) to (10000);
create table parts_2 partition of parts for values from (10000) to (20000);
create table parts_3 partition of parts for values from (20000) to (30001);
insert into parts select * from t;
create table keyless as select * from t;
analyze;
"""
ALL = Foresight(0, 0, search.MANY)


@pytest.fixture
def hasty(monkeypatch: pytest.MonkeyPatch) -> None:
    """Ends a page after each query, over few blocks."""
    monkeypatch.setattr(search, "PATIENCE", 0)
    monkeypatch.setattr(search, "_BLOCKS", 16)
    monkeypatch.setattr(BlockSearch, "largest_span", 64)


@pytest.fixture
def few(empty_db: Profile, admin: Admin) -> Profile:
    admin(empty_db).execute(FEW.encode())
    return empty_db


async def search_in(session: Session, name: str, where: str) -> BlockSearch:
    source = await open_source(session, await find_relation(session, name), where=where)
    found = await searched(session, source, ALL)
    assert isinstance(found, BlockSearch)
    return found


async def walked(source: PageSource, *, down: bool = True) -> tuple[list[Row], int]:
    """Reads everything one way; returns also how many pages that took."""
    page = await source.fetch(First() if down else Last())
    rows, pages = list(page.rows), 1
    place = page.places[-1 if down else 0]
    while page.more if down else page.before:
        page = await source.fetch(After(place) if down else Before(place))
        rows = [*rows, *page.rows] if down else [*page.rows, *rows]
        pages += 1
        if page.rows:
            place = page.places[-1 if down else 0]
    return rows, pages


@pytest.mark.usefixtures("hasty")
@pytest.mark.parametrize("name", ["t", "parts", "keyless"])
@pytest.mark.parametrize(
    ("where", "condition", "least"),
    [
        ("n=7", "n = 7", 5),
        ("n<20", "n < 20", 5),
        ("id>29990 n>5", "id > 29990 and n > 5", 1),
        ("filler~x", "true", 100),
    ],
    ids=["few", "some", "at the end", "all"],
)
async def test_every_match_is_met_once(
    few: Profile, admin: Admin, connect: Connect, name: str, where: str, condition: str, least: int
) -> None:
    found = admin(few).execute(f"select id from t where {condition} order by id")
    ids = [str(number) for (number,) in found]
    async with connect(few) as session:
        source = await search_in(session, name, where)
        for down in (True, False):
            rows, pages = await walked(source, down=down)
            assert [row[0] for row in rows] == ids
            assert pages >= least
        assert source.progress == 1.0


@pytest.mark.usefixtures("hasty")
async def test_places_lead_back_to_their_rows(few: Profile, connect: Connect) -> None:
    async with connect(few) as session:
        for name in ("t", "parts", "keyless"):
            source = await search_in(session, name, "n=7")
            page = await source.fetch(First())
            assert page.more
            assert page.rows[0][0] == "7"
            place = page.places[0]
            (table,) = await source.ask(sql.SQL("select id from {}").format(source.one(place)))
            assert table.rows == [("7",)]
            assert (await source.fetch(At(place), 1)).places == (place,)
            assert [row[0] for row in (await source.fetch(At(place), 12)).rows] == [
                str(7 + 1000 * n) for n in range(12)
            ]
            assert (await source.fetch(RowNumber(20))).rows[0][0] == "20007"
            assert (await source.fetch(Last())).rows[-1][0] == "29007"
            half = (await source.fetch(Fraction(0.5))).rows[0][0]
            assert half in ("15007", "16007")
            expected = {"t": (("id", "7"),), "parts": (("id", "7"),)}.get(name)
            assert source.key(place) == (expected or (("ctid", "(0,7)"),))


async def test_only_what_takes_long_is_searched(few: Profile, connect: Connect) -> None:
    async with connect(few) as session:
        relation = await find_relation(session, "t")
        source = await open_source(session, relation, where="n=7")
        foresight = await foresee(source)
        assert foresight.scanned_rows == 30_000
        assert await searched(session, source, foresight) is source
        # A page in the order of the key that looks at every row to fill it is one, too.
        source = await open_source(session, relation, where="filler~y")
        assert (await foresee(source)).scanned_rows == 30_000
        source = await open_source(session, relation, where="id=7")
        assert (await foresee(source)).scanned_rows == 0
        source = await open_source(session, relation, where="n=7", order=[Order("n")])
        assert (await foresee(source)).sorted_rows > 0


@pytest.mark.usefixtures("hasty")
async def test_a_window_shows_what_was_found_so_far(few: Profile, connect: Connect) -> None:
    async with connect(few) as session:
        window = Window(await search_in(session, "t", "n=7"))
        first = await window.open()
        assert [row[0] for row in first.rows] == ["7"]
        assert str(window.total.certainty) == "at least"
        rounds = 0
        while not await window.show(0, 9):
            assert window.row(0) == first.rows[0]
            rounds += 1
        assert rounds > 3
        found = window.total.rows
        assert 10 <= found < 30
        assert window.progress is not None
        assert 0 < window.progress < 1
        window.stay()
        assert window.extent == found
        assert await window.show(0, 9)
        assert await window.show_last(5) >= 10
        assert window.row(window.extent - 1)[0] == "29007"  # type: ignore[index]
        await window.close()


@pytest.mark.usefixtures("hasty")
async def test_nothing_found_and_a_term_that_fails(few: Profile, connect: Connect) -> None:
    async with connect(few) as session:
        source = await search_in(session, "t", "n=7 filler=y")
        for position in (First(), Last(), Fraction(0.3)):
            page: Page = await source.fetch(position)
            assert (page.rows, page.more) == ((), False)
        window = Window(source)
        await window.open()
        assert (window.extent, str(window.total.certainty)) == (0, "exact")
        source = await search_in(session, "t", "n=seven")
        with pytest.raises(FilterError, match="does not suit its column"):
            await source.fetch(First())
