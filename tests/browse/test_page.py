"""First pages: the server's own text, cut by the server, in the key's order."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import psycopg
import pytest

from console.browse.count import count_rows
from console.browse.filter import FilterError
from console.browse.page import Order, Page
from console.catalog.relations import find_relation
from console.connection.embedded import EmbeddedServer
from console.connection.profile import Profile
from console.connection.session import Session
from console.errors import DatabaseFailed, NotFound
from tests import hostile
from tests.browse.walk import first_page
from tests.conftest import FreshDatabase

Admin = Callable[[Profile], psycopg.Connection[Any]]
Connect = Callable[..., Session]


async def page_of(connect: Connect, profile: Profile, name: str, **options: Any) -> Page:
    async with connect(profile) as session:
        return await first_page(session, await find_relation(session, name), **options)


ODD_VALUES = [
    ("bool", "true", "t"),
    ("char(5)", "'ab'", "ab   "),
    ("inet", "'10.0.0.1'", "10.0.0.1"),
    ("timestamptz", "'infinity'", "infinity"),
    ("date", "'4713-01-01 BC'", "4713-01-01 BC"),
    ("timestamp", "'294276-12-31 23:59:59'", "294276-12-31 23:59:59"),
    ("time", "'24:00'", "24:00:00"),
    ("interval", "'-1 mon +2 days'", "-1 mons +2 days"),
    ("numeric", "'NaN'", "NaN"),
    ("float8", "'-infinity'", "-Infinity"),
    ("int4range", "'[1,5)'", "[1,5)"),
    ("int[]", "'[0:1]={1,NULL}'", "[0:1]={1,NULL}"),
    ("bytea", r"'\x00ff'", r"\x00ff"),
    ("bit(3)", "B'101'", "101"),
    ("tsvector", "'a:1 b:2'", "'a':1 'b':2"),
    ("point", "'(1,2)'", "(1,2)"),
    ("jsonb", "'{\"a\": [1, null]}'", '{"a": [1, null]}'),
    ("pair", "row(null, null)", "(,)"),
    ("text", "''", ""),
]


@pytest.mark.parametrize("cell", [None, 300])
async def test_values_are_the_server_s_own_text_cut_or_not(
    empty_db: Profile, admin: Admin, connect: Connect, cell: int | None
) -> None:
    columns = ", ".join(f"c{n} {kind}" for n, (kind, _, _) in enumerate(ODD_VALUES))
    values = ", ".join(value for _, value, _ in ODD_VALUES)
    database = admin(empty_db)
    database.execute("create type pair as (a int, b int)")
    database.execute(f"create table t ({columns})")
    database.execute(f"insert into t values ({values})")
    database.execute("insert into t default values")
    page = await page_of(connect, empty_db, "t", cell=cell)
    assert page.rows == (
        tuple(text for _, _, text in ODD_VALUES),
        (None,) * len(ODD_VALUES),
    )
    assert page.cut == frozenset()


@pytest.mark.parametrize("cell", [None, 300])
async def test_xml_is_the_server_s_own_text_or_its_refusal(
    servers: tuple[EmbeddedServer, ...],
    fresh_database: FreshDatabase,
    admin: Admin,
    connect: Connect,
    cell: int | None,
) -> None:
    values = ['<a b="1">é &amp; <c/></a>', '<?xml version="1.0"?><a/>', "no element <b/>", ""]
    for server in servers:
        profile = fresh_database("empty", on=server)
        database = admin(profile)
        database.execute("create table t (id int primary key, v xml, list xml[])")
        insert = "insert into t values (%s, xmlparse(content %s), array[xmlparse(content %s)])"
        try:
            for number, value in enumerate(values):
                database.execute(insert, [number, value, value])
        except psycopg.errors.FeatureNotSupported:
            # Built without libxml, as embedded ones are: there is a column, and never a value.
            database.execute("insert into t values (1)")
            database.execute(
                "create function a() returns xml language plpgsql as"
                " 'begin return xmlelement(name a); end';"
                "create view made as select a()"
            )
            with pytest.raises(DatabaseFailed, match="unsupported XML feature"):
                await page_of(connect, profile, "made", cell=cell)
            assert (await page_of(connect, profile, "t", cell=cell)).rows == (("1", None, None),)
            continue
        written = database.execute("select format('%s', v), format('%s', list) from t order by id")
        page = await page_of(connect, profile, "t", cell=cell)
        assert [row[1:] for row in page.rows] == written.fetchall()
        assert page.rows[0][1] == values[0]
        assert page.cut == frozenset()


async def test_long_values_are_cut_by_the_server_and_said_to_be(
    empty_db: Profile, admin: Admin, connect: Connect
) -> None:
    database = admin(empty_db)
    database.execute("create table t (id int primary key, v text)")
    database.execute("insert into t values (1, repeat('é', 300)), (2, repeat('é', 301))")
    page = await page_of(connect, empty_db, "t")
    assert [row[1] for row in page.rows] == ["é" * 300, "é" * 300]
    assert page.cut == {(1, 1)}


async def test_rows_come_in_the_key_s_order_and_more_are_announced(
    empty_db: Profile, admin: Admin, connect: Connect
) -> None:
    admin(empty_db).execute(
        """
        create table t (a int, b int, c int, primary key (b, a));
        insert into t select n, n % 3, -n from generate_series(1, 10) n;
        """
    )
    page = await page_of(connect, empty_db, "t", limit=4)
    assert page.rows == (("3", "0", "-3"), ("6", "0", "-6"), ("9", "0", "-9"), ("1", "1", "-1"))
    assert page.more
    assert page.order == (Order("b"), Order("a"))
    page = await page_of(
        connect, empty_db, "t", limit=10, order=[Order("b", descending=True)], columns=["c"]
    )
    assert page.rows[:3] == (("-8",), ("-5",), ("-2",)), "the key follows the column before it"
    assert not page.more
    assert page.order == (Order("b", descending=True), Order("a", descending=True))


@pytest.mark.parametrize(
    ("where", "ids"),
    [
        ("", [1, 2, 3, 4]),
        ("status=failed", [1, 2]),
        ("status!=failed", [3]),
        ("status:null", [4]),
        ("status:notnull n>=2", [2, 3]),
        ("n:in(1,4)", [1, 4]),
        ("note~'100%'", [2]),
        ("note~a_b", [3]),
        ("note~ADA", [1]),
        (r"note~back\slash", [4]),
        ("at>-1h", [1, 4]),
        ("at<-1d", [2, 3]),
        ("at=infinity", [4]),
        ("on_day<=-10d", [3]),
    ],
)
async def test_filters_choose_rows(
    empty_db: Profile, admin: Admin, connect: Connect, where: str, ids: list[int]
) -> None:
    admin(empty_db).execute(
        r"""
        create table t (n int primary key, status text, note text, at timestamptz, on_day date);
        insert into t values
          (1, 'failed', 'Ada Lovelace', now() - interval '1 minute', current_date),
          (2, 'failed', '100% sure', now() - interval '2 days', current_date),
          (3, 'done', 'a_b', '2001-01-01 BC', current_date - 30),
          (4, null, 'back\slash axb 1000', 'infinity', null);
        """
    )
    page = await page_of(connect, empty_db, "t", where=where, columns=["n"])
    assert [int(row[0] or 0) for row in page.rows] == ids


async def test_the_term_that_the_server_objects_to_is_named(
    empty_db: Profile, admin: Admin, connect: Connect
) -> None:
    admin(empty_db).execute(
        """
        create table t (n int, id uuid, doc json, at timestamptz);
        create view failing as select 1 / n as n from (values (0)) v (n);
        """
    )
    for text, wrong in [
        ("n=1 id=nonsense", "id=nonsense"),
        ("doc=x n=1", "doc=x"),
        ("n=1 at>yesteryear", "at>yesteryear"),
        ("n=99999999999999999999", "n=99999999999999999999"),
        ("n:in(1,x)", "n:in(1,x)"),
    ]:
        with pytest.raises(FilterError) as caught:
            await page_of(connect, empty_db, "t", where=text)
        assert text[caught.value.start : caught.value.end] == wrong
        assert caught.value.sqlstate is not None
    with pytest.raises(DatabaseFailed, match="division by zero") as failed:
        await page_of(connect, empty_db, "failing", where="n=1")
    assert not isinstance(failed.value, FilterError), "the view fails, not the filter"


async def test_a_column_that_is_not_there_is_answered_with_near_ones(
    empty_db: Profile, admin: Admin, connect: Connect
) -> None:
    admin(empty_db).execute("create table t (status text)")
    for options in ({"columns": ["statsu"]}, {"order": [Order("statsu")]}):
        with pytest.raises(NotFound) as caught:
            await page_of(connect, empty_db, "t", **options)
        assert caught.value.hint == "did you mean status?"


async def test_rows_without_columns_are_rows(
    empty_db: Profile, admin: Admin, connect: Connect
) -> None:
    database = admin(empty_db)
    database.execute(
        "create table t (); insert into t default values; insert into t default values"
    )
    assert (await page_of(connect, empty_db, "t")).rows == ((), ())
    async with connect(empty_db) as session:
        assert await count_rows(session, await find_relation(session, "t")) == 2


async def test_a_table_of_sixteen_hundred_columns_opens(
    empty_db: Profile, admin: Admin, connect: Connect
) -> None:
    database = admin(empty_db)
    database.execute(f"create table t ({', '.join(f'c{n} bool' for n in range(1600))})")
    database.execute(f"insert into t values ({', '.join(['true'] * 1600)})")
    assert (await page_of(connect, empty_db, "t")).rows == (("t",) * 1600,)


async def test_functions_of_the_user_s_do_not_get_between(
    empty_db: Profile, admin: Admin, connect: Connect
) -> None:
    admin(empty_db).execute(
        """
        create table t (v text); insert into t values ('true');
        create function format(text, text) returns text language sql as $$ select 'wrong' $$;
        create function "left"(text, int) returns text language sql as $$ select 'wrong' $$;
        create function num_nulls(text) returns int language sql as $$ select 1 $$;
        """
    )
    assert (await page_of(connect, empty_db, "t")).rows == (("true",),)


async def test_hostile_rows_come_through_unchanged_and_can_be_found(
    empty_db: Profile, admin: Admin, connect: Connect
) -> None:
    hostile.fill(admin(empty_db))
    page = await page_of(connect, empty_db, hostile.identity(), cell=None)
    assert [row[1] for row in page.rows] == hostile.VALUES
    name = hostile.COLUMN.replace('"', '""')
    async with connect(empty_db) as session:
        relation = await find_relation(session, hostile.identity())
        for number, value in enumerate(hostile.VALUES):
            quoted = "'" + value.replace("'", "''") + "'"
            for operator in ("=", "~") if value.strip() else ("=",):
                found = await first_page(session, relation, where=f'"{name}"{operator}{quoted}')
                assert str(number) in [row[0] for row in found.rows]


async def test_a_page_cannot_write(empty_db: Profile, admin: Admin, connect: Connect) -> None:
    admin(empty_db).execute(
        """
        create table t (n int);
        create function writes() returns int language sql as 'insert into t values (1) returning n';
        create view v as select writes() as n;
        """
    )
    with pytest.raises(DatabaseFailed) as caught:
        await page_of(connect, empty_db, "v")
    assert caught.value.sqlstate == "25006"
