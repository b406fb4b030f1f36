"""Tables without a key: every row once, by block, and jumps to a share of the blocks."""

from __future__ import annotations

import pytest

from console.browse.cursor import CursorSource
from console.browse.heap import HeapSource
from console.browse.page import Order
from console.browse.position import After, Fraction, Last, RowNumber
from console.browse.source import PageSource, open_source
from console.catalog.relations import find_relation
from console.connection.profile import Profile
from console.connection.session import Session
from console.errors import NotFound
from tests.browse.walk import Admin, Connect, backwards, forwards


async def source_of(session: Session, name: str) -> PageSource:
    source = await open_source(session, await find_relation(session, name))
    assert isinstance(source, HeapSource)
    return source


def numbers(rows: list[tuple[str | None, ...]]) -> list[int]:
    return [int(row[0] or 0) for row in rows]


async def test_every_row_is_met_once_in_the_order_it_lies(
    empty_db: Profile, admin: Admin, connect: Connect
) -> None:
    database = admin(empty_db)
    database.execute(
        """
        create table t (n int, filler text) with (autovacuum_enabled = false);
        insert into t select g, repeat('x', g % 900) from generate_series(1, 20000) g;
        analyze t;
        delete from t where n between 300 and 15000 or n % 3 = 0;
        """
    )
    whole = [n for (n,) in database.execute("select n from t order by ctid")]
    async with connect(empty_db) as session:
        source = await source_of(session, "t")
        for limit in (None, 7, 20000):
            assert numbers(await forwards(source, limit=limit)) == whole
            assert numbers(await backwards(source, limit=limit)) == whole
        gone: set[int] = set()

        def traffic(page: int) -> None:
            chosen = whole[page * 90 % len(whole) : page * 90 % len(whole) + 3]
            gone.update(chosen)
            database.execute("delete from t where n = any(%s)", [chosen])
            database.execute("insert into t values (100000 + %s)", [page])

        seen = numbers(await forwards(source, limit=100, each=traffic))
        assert len(seen) == len(set(seen))
        assert set(whole) - gone <= set(seen)


@pytest.mark.parametrize("kind", ["empty", "never analysed", "no columns", "materialized"])
async def test_odd_tables(empty_db: Profile, admin: Admin, connect: Connect, kind: str) -> None:
    admin(empty_db).execute(
        {
            "empty": "create table t (n int)",
            "never analysed": "create table t as select generate_series(1, 999)",
            "no columns": "create table t (); insert into t select from generate_series(1, 999)",
            "materialized": "create materialized view t as select generate_series(1, 999)",
        }[kind].encode()
    )
    async with connect(empty_db) as session:
        source = await source_of(session, "t")
        rows = await forwards(source)
        assert len(rows) == (0 if kind == "empty" else 999)
        assert await backwards(source) == rows
        assert len((await source.fetch(RowNumber(990))).rows) == len(rows[990:])
        assert (await source.fetch(Last(), 5)).rows == tuple(rows[-5:])


async def test_partitions_are_read_one_after_another(
    empty_db: Profile, admin: Admin, connect: Connect
) -> None:
    admin(empty_db).execute(
        """
        create table t (n int, kind text) partition by list (kind);
        create table "t %s a" partition of t for values in ('a', 'it''s {}');
        create table t_b partition of t for values in ('b') partition by range (n);
        create table t_b_low partition of t_b for values from (0) to (5000);
        create table t_b_rest partition of t_b default;
        create table t_empty partition of t for values in ('e');
        create table t_hash partition of t default partition by hash (n);
        create table t_hash_0 partition of t_hash for values with (modulus 2, remainder 0);
        create table t_hash_1 partition of t_hash for values with (modulus 2, remainder 1);
        insert into t select g, case g % 4 when 0 then 'a' when 1 then 'b' when 2 then 'c' end
          from generate_series(1, 9000) g;
        analyze;
        """
    )
    async with connect(empty_db) as session:
        source = await source_of(session, "t")
        rows = numbers(await forwards(source))
        assert sorted(rows) == list(range(1, 9001))
        assert numbers(await backwards(source, limit=77)) == rows
        for share in (0.1, 0.5, 0.9):
            page = await source.fetch(Fraction(share), 10)
            place = rows.index(int(page.rows[0][0] or 0))
            assert abs(place / len(rows) - share) < 0.05
            after = await source.fetch(After(page.places[-1]), 3)
            assert numbers(list(after.rows)) == rows[place + 10 : place + 13]


async def test_a_jump_lands_where_the_share_of_the_blocks_is(
    empty_db: Profile, admin: Admin, connect: Connect
) -> None:
    admin(empty_db).execute(
        "create table t (n int, f text); insert into t select g, md5(g::text)"
        " from generate_series(1, 100000) g; analyze t"
    )
    async with connect(empty_db) as session:
        source = await source_of(session, "t")
        for share in (0.0, 0.001, 0.25, 0.5, 0.99, 1.0):
            page = await source.fetch(Fraction(share), 1)
            if share < 1:
                assert abs(int(page.rows[0][0] or 0) - share * 100000) < 500
            else:
                assert page.rows == (), "there is nothing after the last block"


async def test_policies_hide_rows_and_pages_are_full_all_the_same(
    empty_db: Profile, admin: Admin, connect: Connect
) -> None:
    database = admin(empty_db)
    database.execute(
        """
        create table t (n int); insert into t select generate_series(1, 50000);
        create policy few on t using (n % 100 = 0); alter table t enable row level security;
        create table p (n int) partition by range (n);
        create table p1 partition of p for values from (1) to (25000);
        create table p2 partition of p default; insert into p select * from t;
        create policy few on p using (n % 100 = 0); alter table p enable row level security;
        analyze; create role sees_few login; grant select on t, p to sees_few;
        """
    )
    profile = Profile(parameters={**empty_db.parameters, "user": "sees_few"})
    try:
        async with connect(profile) as session:
            for name in ("t", "p"):
                source = await source_of(session, name)
                page = await source.fetch(Fraction(0.5), 20)
                assert len(page.rows) == 20
                rows = numbers(await forwards(source))
                assert rows == list(range(100, 50001, 100)), name
                assert numbers(await backwards(source, limit=33)) == rows
    finally:
        database.execute("drop owned by sees_few; drop role sees_few")


async def test_an_order_a_filter_or_heirs_need_another_way(
    empty_db: Profile, admin: Admin, connect: Connect
) -> None:
    admin(empty_db).execute(
        """
        create table t (n int); insert into t values (1), (2);
        create table parent (n int); create table heir () inherits (parent);
        insert into parent values (1); insert into heir values (2);
        """
    )
    async with connect(empty_db) as session:
        table, parent = [await find_relation(session, name) for name in ("t", "parent")]
        for source in (
            await open_source(session, table, order=[Order("n")]),
            await open_source(session, table, where="n>0"),
            await open_source(session, parent),
        ):
            assert isinstance(source, CursorSource)
            assert sorted(numbers(await forwards(source))) == [1, 2]
            await source.close()


@pytest.mark.parametrize("place", [("(0,1",), ("(0,1); drop table t",), ("(1,1)", "1"), (None,)])
async def test_a_place_that_is_none_is_refused(
    empty_db: Profile, admin: Admin, connect: Connect, place: tuple[str | None, ...]
) -> None:
    admin(empty_db).execute("create table t (n int)")
    async with connect(empty_db) as session:
        with pytest.raises(NotFound):
            await (await source_of(session, "t")).fetch(After(place))
