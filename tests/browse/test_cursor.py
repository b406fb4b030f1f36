"""What has no places: views, foreign tables, sorted tables without a key."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable
from typing import Any

import psycopg
import pytest

from console.browse import cursor
from console.browse.cursor import CursorSource
from console.browse.filter import FilterError
from console.browse.page import Order
from console.browse.position import After, At, Before, First, Fraction, Last, RowNumber
from console.browse.source import open_source
from console.catalog.relations import find_relation
from console.connection.embedded import EmbeddedServer
from console.connection.profile import Profile
from console.connection.session import Session
from console.errors import DatabaseFailed, NotFound
from tests.browse.walk import Admin, Connect, backwards, forwards

FreshDatabase = Callable[..., Profile]


async def source_of(session: Session, name: str, **options: Any) -> CursorSource:
    source = await open_source(session, await find_relation(session, name), **options)
    assert isinstance(source, CursorSource)
    return source


def running(database: psycopg.Connection[Any]) -> int:
    """Number of transactions the console has open on this database."""
    [(count,)] = database.execute(
        "select count(*) from pg_stat_activity where application_name like 'rowsight%'"
        " and xact_start is not null and datname = current_database()"
    ).fetchall()
    return int(count)


async def test_a_view_is_read_both_ways_by_row_number(
    empty_db: Profile, admin: Admin, connect: Connect
) -> None:
    database = admin(empty_db)
    database.execute("create view v as select g as n from generate_series(0, 4999) g")
    async with connect(empty_db) as session:
        source = await source_of(session, "v")
        whole = [(str(n),) for n in range(5000)]
        assert await forwards(source) == whole
        assert source.total == 5000
        assert await backwards(source, limit=333) == whole
        assert (await source.fetch(RowNumber(1234), 1)).rows == (("1234",),)
        assert (await source.fetch(Fraction(0.5), 1)).rows == (("2500",),)
        assert (await source.fetch(After(("9",)), 1)).rows == (("10",),)
        assert (await source.fetch(At(("9",)), 1)).rows == (("9",),)
        assert (await source.fetch(Before(("2",)), 10)).rows == (("0",), ("1",))
        assert (await source.fetch(RowNumber(9999))).rows == ()
        assert source.runs == 1, "one snapshot for all of it"
        with pytest.raises(NotFound):
            await source.fetch(After(("x; drop table t",)))
        await source.close()
        assert running(database) == 0


async def test_the_last_rows_come_after_all_others_were_passed(
    empty_db: Profile, admin: Admin, connect: Connect
) -> None:
    admin(empty_db).execute("create view v as select g as n from generate_series(0, 999) g")
    async with connect(empty_db) as session:
        source = await source_of(session, "v")
        page = await source.fetch(Last(), 3)
        assert page.rows == (("997",), ("998",), ("999",))
        assert (page.before, page.more) == (True, False)
        assert page.places[-1] == ("999",)
        await source.close()


async def test_a_sort_without_a_key_sees_one_snapshot(
    empty_db: Profile, admin: Admin, connect: Connect
) -> None:
    database = admin(empty_db)
    database.execute("create table t as select g % 7 as n from generate_series(1, 3000) g")
    async with connect(empty_db) as session:
        source = await source_of(session, "t", order=[Order("n", descending=True)], where="n>0")

        def traffic(page: int) -> None:
            database.execute("insert into t values (3)")

        rows = await forwards(source, limit=100, each=traffic)
        whole = sorted((g % 7 for g in range(1, 3001) if g % 7), reverse=True)
        assert [int(n or 0) for (n,) in rows] == whole
        await source.close()


async def test_a_view_that_fails_shows_the_rows_before(
    empty_db: Profile, admin: Admin, connect: Connect
) -> None:
    admin(empty_db).execute(
        "create view v as select g as n, 1 / (500 - g) as x from generate_series(1, 2000) g"
    )
    async with connect(empty_db) as session:
        source = await source_of(session, "v", columns=["n", "x"])
        page = await source.fetch(First())
        page = await source.fetch(After(page.places[-1]))
        page = await source.fetch(After(page.places[-1]))
        assert [row[0] for row in page.rows] == [str(n) for n in range(401, 500)]
        assert page.more
        with pytest.raises(DatabaseFailed, match="division by zero"):
            await source.fetch(After(page.places[-1]))
        assert (await source.fetch(First(), 1)).rows == (("1", "0"),)
        with pytest.raises(FilterError):
            await source_of(session, "v", where="nothing=1")
        filtered = await source_of(session, "v", where="n=x")
        with pytest.raises(FilterError) as caught:
            await filtered.fetch(First())
        assert caught.value.sqlstate == "22P02"
        await filtered.close()
        await source.close()


async def test_one_that_never_ends_can_be_cancelled_and_then_read_again(
    empty_db: Profile, admin: Admin, connect: Connect
) -> None:
    database = admin(empty_db)
    database.execute(
        """
        create view endless as with recursive r (n) as (select 1 union all select n + 1 from r)
          select n from r where n < 1000 or n < 0;
        """
    )
    async with connect(empty_db) as session:
        source = await source_of(session, "endless")
        page = await source.fetch(First(), 500)
        assert len(page.rows) == 500
        task = asyncio.ensure_future(source.fetch(After(page.places[-1]), 1000))
        await asyncio.sleep(0.3)
        started = time.monotonic()
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task
        assert time.monotonic() - started < 2
        assert running(database) == 0
        assert (await source.fetch(RowNumber(10), 1)).rows == (("11",),)
        assert source.runs == 2
        await source.close()


async def test_an_idle_transaction_is_ended_and_the_query_run_again(
    empty_db: Profile, admin: Admin, connect: Connect, monkeypatch: pytest.MonkeyPatch
) -> None:
    database = admin(empty_db)
    database.execute("create table t as select 1 as n; create view v as select * from t")
    monkeypatch.setattr(cursor, "IDLE", 0.05)
    async with connect(empty_db) as session:
        source = await source_of(session, "v")
        assert (await source.fetch(First())).rows == (("1",),)
        assert running(database) == 1
        for _ in range(500):
            await asyncio.sleep(0.02)
            if not running(database):
                break
        database.execute("insert into t values (2)")
        assert (await source.fetch(First())).rows == (("1",), ("2",))
        assert source.runs == 2
        monkeypatch.setattr(cursor, "AGE", 0.0)
        database.execute("insert into t values (3)")
        assert len((await source.fetch(First())).rows) == 3, "too old, though not idle"
        await source.close()


async def test_a_session_for_somebody_else_is_used_itself_and_never_left_open(
    empty_db: Profile, admin: Admin
) -> None:
    class Somebody(Session):
        """Stands for a session that acts as a persona in the transactions it opens."""

    database = admin(empty_db)
    database.execute("create view v as select g as n from generate_series(0, 999) g")
    async with Somebody(empty_db) as session:
        source = await source_of(session, "v")
        assert source.session is session
        rows = await forwards(source)
        assert len(rows) == 1000
        assert running(database) == 0
        assert source.runs > 1
        await source.close()
        assert await session.value("select 1") == 1


async def test_foreign_tables_are_read(
    servers: tuple[EmbeddedServer, ...],
    fresh_database: FreshDatabase,
    admin: Admin,
    connect: Connect,
) -> None:
    for server in servers:
        profile = fresh_database("empty", on=server)
        database = admin(profile)
        [(folder,)] = database.execute("show data_directory").fetchall()
        name = profile.parameters["dbname"]
        database.execute(
            f"""
            create extension file_fdw; create server files foreign data wrapper file_fdw;
            create foreign table near (line text) server files
              options (filename '{folder}/PG_VERSION', format 'text');
            create foreign table missing (line text) server files
              options (filename '/nowhere/at all', format 'text');
            create extension postgres_fdw; create table t (id int primary key, v text);
            insert into t select g, 'v' || g from generate_series(1, 1000) g;
            create server self foreign data wrapper postgres_fdw options (
              host '{server.socket_folder}', port '{server.port}', dbname '{name}');
            create user mapping for postgres server self options (user 'postgres');
            create foreign table far (id int, v text) server self options (table_name 't');
            """.encode()
        )
        async with connect(profile) as session:
            near = await source_of(session, "near")
            assert len(await forwards(near)) == 1
            await near.close()
            far = await source_of(session, "far", order=[Order("id", descending=True)])
            rows = await forwards(far)
            assert rows[0] == ("1000", "v1000")
            assert len(rows) == 1000
            await far.close()
            missing = await source_of(session, "missing")
            with pytest.raises(DatabaseFailed):
                await missing.fetch(First())
            await missing.close()
