"""Typed statements: exactly one, only reading, and whatever gets out is withheld."""

from __future__ import annotations

import asyncio
from collections.abc import Callable

import pytest

from console.browse.detail import read_row, read_slice
from console.browse.position import After, First
from console.browse.query import (
    ContainmentBroken,
    QueryFailed,
    explain,
    open_query,
    show_setting,
    stream_query,
)
from console.browse.statement import Kind, classify
from console.browse.window import Window
from console.connection.profile import Profile
from console.connection.session import Session, SessionState
from console.errors import ConsoleError, DatabaseFailed, Refused, UsageError
from tests.browse.walk import Admin, Connect, backwards, forwards, run_typed

FreshDatabase = Callable[..., Profile]


@pytest.mark.parametrize(
    ("text", "kind", "found"),
    [
        ("select 1", Kind.ROWS, "select 1"),
        ("  select 1 ; ", Kind.ROWS, "select 1"),
        ("-- why\nselect ';' -- a; b\n;-- end", Kind.ROWS, "-- why\nselect ';' -- a; b"),
        ("/* a; b */ (values (1))", Kind.ROWS, "/* a; b */ (values (1))"),
        ("with x as (select 1) table x", Kind.ROWS, "with x as (select 1) table x"),
        ("select $$;$$, E'\\';', \"a;b\"", Kind.ROWS, "select $$;$$, E'\\';', \"a;b\""),
        ("TABLE t;", Kind.ROWS, "TABLE t"),
        ("show all", Kind.SETTING, "show all"),
        ("explain select 1", Kind.PLAN, "select 1"),
        ("EXPLAIN (costs off, analyze) table t;", Kind.PLAN, "table t"),
    ],
)
def test_one_statement_is_found(text: str, kind: Kind, found: str) -> None:
    typed = classify(text)
    assert (typed.kind, typed.text) == (kind, found)
    assert text[typed.start :].startswith(found)


def test_columns_may_be_called_like_statements() -> None:
    text = "select (delete), update from json_to_record('{}') as (delete text, update int)"
    assert classify(text).kind is Kind.ROWS
    with pytest.raises(Refused, match="UPDATE is not run here") as refusal:
        classify("with x as (update t set n = 1 returning 1) table x")
    assert refusal.value.hint == "this console reads; rows are written elsewhere"


def test_only_analyze_that_is_on_analyzes() -> None:
    assert classify("explain analyze verbose select 1").analyze
    assert classify("explain (buffers, analyze) select 1").analyze
    assert not classify("explain verbose select 1").analyze
    assert not classify("explain (analyze off) select 1").analyze
    noted = classify("-- why so slow?\nexplain /* all */ select 1")
    assert (noted.kind, noted.text, noted.start) == (Kind.PLAN, "/* all */ select 1", 24)


@pytest.mark.parametrize(
    "text", ["", " ;; ", "-- nothing", "select 1; select 2", "select 1;\0", "select $1"]
)
def test_none_or_several_or_half_of_one_are_refused(text: str) -> None:
    with pytest.raises(UsageError):
        classify(text)


@pytest.mark.parametrize(
    "text",
    [
        "delete from t",
        "begin",
        "set role none",
        "copy t to '/tmp/x'",
        "explain analyze delete from t",
        "(explain select 1)",
        "do $$ begin end $$",
        "vacuum",
        "42",
        "\\d odd.types",
        "with x as (delete from t returning 1) table x",
        "explain with x as not materialized (update t set n = 1 returning 1) table x",
        "with x as (select 1), y as (/* */ insert into t table x returning 1) table y",
    ],
)
def test_what_does_not_read_is_refused(text: str) -> None:
    with pytest.raises(Refused):
        classify(text)


async def test_results_are_pages_like_any_other(
    empty_db: Profile, admin: Admin, connect: Connect
) -> None:
    admin(empty_db).execute("create domain d as numeric(5,2)")
    text = (
        '-- all sorts\nselect g as a, g::text as a, 1.5::d, null, row(1, null), true as "b""c",'
        " '{\"x\": 1}'::jsonb, 'infinity'::timestamptz, pg_sleep(0), repeat('é', 400)"
        " from generate_series(1, 450) g order by g desc -- end"
    )
    async with connect(empty_db) as session:
        source = await open_query(session, text)
        assert [column.name for column in source.selection.shown] == [
            "a",
            "a_2",
            "d",
            "?column?",
            "row",
            'b"c',
            "jsonb",
            "timestamptz",
            "pg_sleep",
            "repeat",
        ]
        assert [column.type for column in source.selection.shown][:3] == [
            "integer",
            "text",
            "numeric(5,2)",
        ]
        rows = await forwards(source)
        assert len(rows) == 450
        assert rows[0] == (
            *("450", "450", "1.50", None, "(1,)", "t", '{"x": 1}', "infinity", "", "é" * 300),
        )
        assert await backwards(source, limit=99) == rows
        page = await source.fetch(First(), 1)
        assert page.cut == {(0, 9)}
        part = await read_slice(source, page.places[0], "repeat", 390)
        assert part is not None
        assert part.text == "é" * 10
        values = await read_row(source, page.places[0], shown=page.rows[0])
        assert values[9].text == "é" * 400
        await source.close()


async def test_columns_of_one_name_are_told_apart_and_keep_their_values(
    empty_db: Profile, connect: Connect
) -> None:
    long = "é" * 31 + "x"
    twice = f'1 as "organizationId", 2 as "organizationId", 3 as {long}, 4 as {long}'
    text = f"select {twice}, 5 as a_2, 6 as a, 7 as a"
    names = ["organizationId", "organizationId_2", long, "é" * 30 + "_2", "a_2", "a", "a_3"]
    async with connect(empty_db) as session:
        source = await open_query(session, text)
        page = await source.fetch(First(), 1)
        assert [column.name for column in source.selection.shown] == names
        values = await read_row(source, page.places[0], shown=page.rows[0])
        assert [value.text for value in values] == list("1234567")
        await source.close()


@pytest.mark.parametrize("text", ["select", "select from generate_series(1, 3)", "values (1), (2)"])
async def test_results_of_odd_shapes(empty_db: Profile, connect: Connect, text: str) -> None:
    async with connect(empty_db) as session:
        source = await open_query(session, text)
        window = Window(source)
        page = await window.open()
        assert len(page.rows) == {"select": 1, "values (1), (2)": 2}.get(text, 3)
        await window.close()


async def test_a_failure_points_at_its_place(empty_db: Profile, connect: Connect) -> None:
    async with connect(empty_db) as session:
        for text in (
            "select 1,\n  nothing from x",
            " -- é\n select nothing",
            "explain select nothing",
        ):
            run = explain if "explain" in text else open_query
            with pytest.raises(QueryFailed) as caught:
                await run(session, text)
            position = caught.value.position
            assert position is not None
            assert text[position:].startswith(("nothing", "x"))
            assert caught.value.sqlstate in ("42703", "42P01")
        source = await open_query(session, "select 1 / (g - 300) from generate_series(1, 900) g")
        page = await source.fetch(First())
        page = await source.fetch(After(page.places[-1]))
        assert len(page.rows) == 99
        with pytest.raises(DatabaseFailed, match="division by zero"):
            await source.fetch(After(page.places[-1]))
        await source.close()


ATTACKS = [
    "select 1) as q; drop table t; --",
    "select 1; drop table t",
    "with x as (delete from t returning 1) select * from x",
    "select writes()",
    "select nextval('s')",
    "select * from t for update",
    "select 1 into u",
    "select set_config('transaction_read_only', 'off', false), writes()",
    "select pg_catalog.set_config('transaction_read_only', 'off', true)",
    "select set_config('role', 'query_other', true)",
    "select lo_create(0)",
    "select lo_import('/etc/hostname')",
    "select query_to_xml('drop table t', true, true, '')",
    "select query_to_xml('commit', true, true, '')",
    "explain analyze select writes()",
    "select 1 limit (select writes())",
]


@pytest.mark.parametrize("text", ATTACKS)
async def test_nothing_typed_changes_anything(
    empty_db: Profile, admin: Admin, connect: Connect, text: str
) -> None:
    database = admin(empty_db)
    database.execute(
        """
        create table t (n int); insert into t values (1); create sequence s;
        create function writes() returns int language sql as 'delete from t returning n';
        do $$ begin create role query_other; exception when duplicate_object then null; end $$;
        """
    )
    async with connect(empty_db) as session:
        with pytest.raises(ConsoleError):
            await run_typed(session, text)
    [state] = database.execute(
        "select (select count(*) from t), (select is_called from s),"
        " (select count(*) from pg_class where relname = 'u'),"
        " (select count(*) from pg_largeobject_metadata)"
    ).fetchall()
    assert state == (1, False, 0, 0)


async def test_a_query_that_changes_its_role_is_withheld_and_the_connection_closed(
    empty_db: Profile, admin: Admin, connect: Connect
) -> None:
    admin(empty_db).execute(
        "do $$ begin create role query_other; exception when duplicate_object then null; end $$;"
        " create function becomes_other() returns text language sql as"
        " $$ select set_config('role', 'query_other', true) $$"
    )
    text = "select becomes_other(), 'secret'"
    async with connect(empty_db) as session:
        source = await open_query(session, text)
        with pytest.raises(ContainmentBroken, match="withheld"):
            await source.fetch(First())
        assert session.state is SessionState.CLOSED
        with pytest.raises(ContainmentBroken):
            await source.fetch(First())
    async with connect(empty_db) as session:
        with pytest.raises(ContainmentBroken):
            await explain(session, "explain analyze " + text)
    async with connect(empty_db) as session:
        with pytest.raises(ContainmentBroken):
            await anext(stream_query(session, classify(text)))


async def test_somebody_else_s_session_runs_nothing_typed(empty_db: Profile) -> None:
    class Somebody(Session):
        """Stands for a session that acts as a persona."""

    async with Somebody(empty_db) as session:
        for run in (open_query, explain):
            with pytest.raises(Refused, match="somebody else"):
                await run(session, "select 1")


async def test_a_query_that_never_ends_is_cancelled(empty_db: Profile, connect: Connect) -> None:
    async with connect(empty_db) as session:
        source = await open_query(session, "select pg_sleep(600)")
        task = asyncio.ensure_future(source.fetch(First()))
        await asyncio.sleep(0.2)
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task
        await source.close()


async def test_plans_are_trees(empty_db: Profile, admin: Admin, connect: Connect) -> None:
    admin(empty_db).execute(
        'create table "T" (id int primary key, v text); create table u (t int);'
        ' insert into "T" select g from generate_series(1, 1000) g; insert into u select * from'
        " generate_series(1, 10); analyze"
    )
    text = 'select count(*) from u join "T" x on x.id = u.t where v is null group by t order by t;'
    async with connect(empty_db) as session:
        plan = await explain(session, text)
        assert plan.execution is None
        titles = [node.title for _, node in plan.root.walk()]
        assert any("public.T x" in title for title in titles)
        assert max(depth for depth, _ in plan.root.walk()) >= 2
        assert plan.root.cost > 0
        assert plan.root.actual_rows is None
        plan = await explain(session, "explain analyze " + text)
        assert plan.execution is not None
        assert plan.root.actual_rows == 10
        assert plan.root.loops == 1
        whole = sum(node.own_milliseconds or 0 for _, node in plan.root.walk())
        assert whole == pytest.approx(plan.root.milliseconds or 0, rel=0.2)
        sorts = [node for _, node in plan.root.walk() if node.kind == "Sort"]
        assert all(("Sort Key", "u.t") in node.details for node in sorts)


async def test_settings_are_shown(empty_db: Profile, connect: Connect) -> None:
    async with connect(empty_db) as session:
        table = await show_setting(session, "show transaction_read_only;")
        assert table.rows == [("on",)]
        with pytest.raises(Refused):
            await show_setting(session, "select 1")
        with pytest.raises(Refused):
            await open_query(session, "show all")
        with pytest.raises(QueryFailed):
            await show_setting(session, "show nothing_such")
