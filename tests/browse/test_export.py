"""Exports: whole or not at all, the same in every format, and out of the way."""

from __future__ import annotations

import asyncio
import csv
import json
import stat
import tracemalloc
from collections.abc import Callable
from pathlib import Path
from typing import Any

import psycopg
import pytest

from console.browse.export import Format, Progress, export, export_of
from console.browse.filter import FilterError
from console.browse.formats import as_csv, as_insert, as_json, as_text
from console.browse.page import Order, Row
from console.browse.position import First
from console.browse.query import open_query
from console.browse.source import open_source
from console.browse.stream import stream_rows
from console.catalog.relations import find_relation
from console.connection.embedded import EmbeddedServer
from console.connection.profile import Profile
from console.connection.session import Session
from console.errors import ConsoleError, DatabaseFailed, Refused
from tests import hostile
from tests.browse.walk import Admin, Connect

FreshDatabase = Callable[..., Profile]


class Somebody(Session):
    """Stands for a session that acts as a persona: COPY is not for it."""


def names_in(folder: Path) -> list[str]:
    return sorted(path.name for path in folder.iterdir())


async def write(
    session: Session, name: str, path: Path, form: Format, *, ordered: bool = True, **options: Any
) -> list[Progress]:
    source = await open_source(session, await find_relation(session, name), **options)
    what = export_of(source, form, ordered=ordered)
    return [progress async for progress in export(session, what, path)]


@pytest.mark.parametrize("kind", [Session, Somebody])
async def test_every_format_holds_every_value(
    empty_db: Profile, admin: Admin, tmp_path: Path, kind: type[Session]
) -> None:
    hostile.fill(admin(empty_db))
    rows = [(str(number), value) for number, value in enumerate(hostile.VALUES)]
    rows.append(("99", None))  # type: ignore[arg-type]
    name = hostile.identity()
    admin(empty_db).execute(f"insert into {name} values (99, null)".encode())
    async with kind(empty_db) as session:
        for form in Format:
            *_, last = await write(session, name, tmp_path / form, form)
            assert (last.rows, last.done) == (len(rows), True)
            assert last.bytes == (tmp_path / form).stat().st_size
    columns = [hostile.KEY, hostile.COLUMN]
    objects = [dict(zip(columns, row, strict=True)) for row in rows]
    assert json.loads((tmp_path / "json").read_text()) == objects
    lines = (tmp_path / "jsonl").read_text().split("\n")
    assert [json.loads(line) for line in lines[:-1]] == objects
    with (tmp_path / "csv").open(newline="") as file:
        read = list(csv.reader(file))
    assert read == [columns, *([key, value or ""] for key, value in rows)]
    assert (tmp_path / "csv").read_bytes().endswith(b"99,\n"), "NULL is not ''"
    assert stat.S_IMODE((tmp_path / "csv").stat().st_mode) == 0o600


async def test_filter_order_and_columns_are_kept_and_big_tables_come_as_they_lie(
    empty_db: Profile, admin: Admin, connect: Connect, tmp_path: Path
) -> None:
    admin(empty_db).execute(
        "create table t (n int, u uuid primary key);"
        "insert into t select g, md5(g::text)::uuid from generate_series(1, 5000) g"
    )
    async with connect(empty_db) as session:
        options: dict[str, Any] = {
            "columns": ["n"],
            "where": "n>10",
            "order": [Order("n", descending=True)],
        }
        await write(session, "t", tmp_path / "a", Format.CSV, **options)
        await write(session, "t", tmp_path / "b", Format.CSV, ordered=False, columns=["n"])
    numbers = [*range(5000, 10, -1)]
    assert (tmp_path / "a").read_text() == "n\n" + "".join(f"{n}\n" for n in numbers)
    assert (tmp_path / "b").read_text() == "n\n" + "".join(f"{n}\n" for n in range(1, 5001))


@pytest.mark.parametrize("form", Format)
async def test_odd_tables_export(
    empty_db: Profile, admin: Admin, connect: Connect, tmp_path: Path, form: Format
) -> None:
    admin(empty_db).execute(
        """
        create table bare (); insert into bare default values; insert into bare default values;
        create table empty (a int);
        create view fails as select 1 / (5000 - g) as x from generate_series(1, 9000) g;
        """
    )
    async with connect(empty_db) as session:
        *_, last = await write(session, "bare", tmp_path / "bare", form)
        assert last.rows == 2
        *_, last = await write(session, "empty", tmp_path / "empty", form)
        assert last.rows == 0
        if form is Format.JSON:
            assert json.loads((tmp_path / "bare").read_text()) == [{}, {}]
            assert json.loads((tmp_path / "empty").read_text()) == []
        with pytest.raises(DatabaseFailed, match="division by zero"):
            await write(session, "fails", tmp_path / "fails", form)
        with pytest.raises(FilterError):
            await write(session, "empty", tmp_path / "fails", form, where="a=x")
        assert names_in(tmp_path) == ["bare", "empty"]


async def test_a_file_that_is_there_is_replaced_only_when_asked_and_whole(
    empty_db: Profile, admin: Admin, connect: Connect, tmp_path: Path
) -> None:
    admin(empty_db).execute("create table t as select 1 as a")
    path = tmp_path / "t.csv"
    path.write_text("before")
    async with connect(empty_db) as session:
        source = await open_source(session, await find_relation(session, "t"))
        what = export_of(source, Format.CSV, ordered=False)
        with pytest.raises(Refused):
            async for _ in export(session, what, path):
                pass
        assert path.read_text() == "before"
        async for _ in export(session, what, path, replace=True):
            pass
        assert path.read_text() == "a\n1\n"
        with pytest.raises(ConsoleError, match="can't be written"):
            async for _ in export(session, what, tmp_path / "nowhere" / "t.csv"):
                pass
        with pytest.raises(ConsoleError, match="can't be written"):
            async for _ in export(session, what, Path("/dev/full/x")):
                pass


@pytest.mark.parametrize("form", Format)
async def test_leaving_early_ends_the_query_and_leaves_nothing(
    empty_db: Profile, admin: Admin, connect: Connect, tmp_path: Path, form: Format
) -> None:
    database = admin(empty_db)
    database.execute(
        "create view endless as with recursive r (n) as (select 1 union all select n + 1 from r)"
        " select n, repeat('x', 500) as x from r"
    )
    async with connect(empty_db) as session:
        source = await open_source(session, await find_relation(session, "endless"))
        what = export_of(source, form, ordered=False)
        running = export(session, what, tmp_path / "t")
        progress = await anext(running)
        assert progress.rows > 0
        assert progress.rate > 0
        assert not progress.done
        await running.aclose()
        assert names_in(tmp_path) == []
        assert await session.value("select 1") == 1, "the connection goes on"

        async def whole() -> None:
            async for _ in export(session, what, tmp_path / "t"):
                pass

        task = asyncio.ensure_future(whole())
        await asyncio.sleep(0.3)
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task
        assert names_in(tmp_path) == []
        assert await session.value("select 1") == 1
        await source.close()
    [(active,)] = database.execute(
        "select count(*) from pg_stat_activity where state = 'active' and query like '%endless%'"
        " and pid <> pg_backend_pid()"
    ).fetchall()
    assert active == 0


async def test_others_have_their_turn_and_memory_stays_small(
    empty_db: Profile, admin: Admin, connect: Connect, tmp_path: Path
) -> None:
    admin(empty_db).execute(
        "create table t as select g, repeat(md5(g::text), 10) as v from generate_series(1, 40000) g"
    )
    turns = 0

    async def others() -> None:
        nonlocal turns
        while True:
            await asyncio.sleep(0)
            turns += 1

    async with connect(empty_db) as session:
        task = asyncio.ensure_future(others())
        tracemalloc.start()
        await write(session, "t", tmp_path / "t", Format.JSONL, ordered=False)
        _, peak = tracemalloc.get_traced_memory()
        tracemalloc.stop()
        task.cancel()
    assert (tmp_path / "t").stat().st_size > 13_000_000
    assert peak < 8_000_000
    assert turns > 120


async def test_a_typed_query_is_exported_through_its_cursor(
    empty_db: Profile, connect: Connect, tmp_path: Path
) -> None:
    async with connect(empty_db) as session, connect(empty_db) as second:
        source = await open_query(
            session, "select g as n, null as x from generate_series(1, 3000) g;"
        )
        for form in Format:
            what = export_of(source, form, ordered=True)
            *_, last = [step async for step in export(second, what, tmp_path / form)]
            assert last.rows == 3000
        assert (tmp_path / "csv").read_text() == "n,x\n" + "".join(
            f"{n},\n" for n in range(1, 3001)
        )
        assert json.loads((tmp_path / "json").read_text())[0] == {"n": "1", "x": None}
        await source.close()


async def test_a_database_without_an_encoding_exports_its_bytes(
    system_server: EmbeddedServer | None, server: EmbeddedServer, tmp_path: Path
) -> None:
    with psycopg.connect((system_server or server).dsn(), autocommit=True) as connection:
        connection.execute("drop database if exists bytes_only")
        connection.execute(
            "create database bytes_only template template0 encoding 'SQL_ASCII' locale 'C'"
        )
    profile = (system_server or server).profile("bytes_only")
    with psycopg.connect((system_server or server).dsn("bytes_only"), autocommit=True) as made:
        made.execute(r"create table t as select E'\xe9\\t'::text as v, E'a\tb'::text as w")
    async with Session(profile) as session:
        await write(session, "t", tmp_path / "csv", Format.CSV)
        assert (tmp_path / "csv").read_bytes() == b"v,w\n\xe9\\t,a\tb\n"
        source = await open_source(session, await find_relation(session, "t"))
        assert (await source.fetch(First())).rows == (("\\xe9\\t", "a\tb"),)
        rows = [row async for part in stream_rows(session, source.statement) for row in part]
        assert rows == [("\\xe9\\t", "a\tb")]
    with psycopg.connect((system_server or server).dsn(), autocommit=True) as connection:
        connection.execute("drop database bytes_only with (force)")


async def test_insert_statements_put_the_same_rows_elsewhere(
    empty_db: Profile, admin: Admin, connect: Connect
) -> None:
    database = admin(empty_db)
    database.execute(
        r"""
        create type mood as enum ('a''b'); create type pair as (x int, y text);
        create table "T %s {}" (
          id int generated always as identity, "c d" text,
          twice int generated always as (n * 2) stored, n int, m mood, p pair, a text[],
          r int4range, b bytea, f float8, at timestamptz, j jsonb
        );
        insert into "T %s {}" ("c d", n, m, p, a, r, b, f, at, j) values
          ('it''s \ "x"', 5, 'a''b', '(1,"a,b")', '{"x y",NULL}', '[1,5)', '\x00ff', 'NaN',
           'infinity', '{"a": "\n"}');
        insert into "T %s {}" default values;
        create table none_at_all (); insert into none_at_all default values;
        """
    )
    async with connect(empty_db) as session:
        for name in ('"T %s {}"', "none_at_all"):
            relation = await find_relation(session, name)
            source = await open_source(session, relation)
            page = await source.fetch(First())
            text = as_insert(relation, page.rows, page.columns)
            before = database.execute(f"select t::text from {name} t".encode()).fetchall()
            database.execute(f"truncate {name}".encode())
            database.execute(text.encode())
            after = database.execute(f"select t::text from {name} t".encode()).fetchall()
            assert after == before, text


def test_text_json_and_csv_of_rows(empty_db: Profile) -> None:
    from console.catalog.relations import Column

    columns = [Column(name, "text", "S", False, None, 1, None, None) for name in ("a", "b\tc")]
    rows: list[Row] = [("x", None), ("tab\t line\n back\\", "\x1b[31m\u202e")]
    assert as_text(rows) == "x\t\\N\ntab\\t line\\n back\\\\\t\x1b[31m\u202e"
    assert as_text(rows[:1], columns) == "a\tb\\tc\nx\t\\N"
    text = as_json(rows, columns)
    assert json.loads(text) == [dict(zip(("a", "b\tc"), row, strict=True)) for row in rows]
    assert "\x1b" not in text
    assert "\u202e" not in text
    assert json.loads(as_json(rows[:1], columns)) == {"a": "x", "b\tc": None}
    assert as_csv(("a,b", 'q"', "", None, " x", "\\.")) == '"a,b","q""","",," x","\\."\n'
