"""What a session promises: transactions, cancelling, loss, and the server's own text."""

from __future__ import annotations

import asyncio
import re
from dataclasses import replace
from typing import Any

import psycopg
import pytest

from console.browse.query import show_setting
from console.connection.embedded import EmbeddedServer
from console.connection.profile import Profile
from console.connection.session import Session, SessionState
from console.errors import CannotConnect, ConsoleError, DatabaseFailed, TimedOut
from tests.conftest import Admin, FreshDatabase
from tests.connection.processes import running

# --- who answers


async def test_introduces_every_server(
    servers: tuple[EmbeddedServer, ...], fresh_database: FreshDatabase
) -> None:
    for server in servers:
        profile = fresh_database("empty", on=server)
        states: list[SessionState] = []
        async with Session(profile, purpose="health", on_state=states.append) as session:
            who = session.server
            assert who is not None
            assert who.version == int(await session.value("show server_version_num"))
            assert str(who.version // 10000) == who.version_text.split(".")[0]
            assert (who.database, who.user, who.superuser) == (profile.name, "postgres", True)
            assert (who.standby, who.pooled, who.tls) == (False, False, False)
            name = await session.value("show application_name")
            assert re.fullmatch(r"rowsight health \S+@\S+", name)
        assert states == [SessionState.CONNECTED, SessionState.CLOSED]


async def test_a_login_is_described(empty_db: Profile, outside: psycopg.Connection[Any]) -> None:
    outside.execute("drop role if exists passer; create role passer login bypassrls")
    profile = replace(empty_db, parameters=empty_db.parameters | {"user": "passer"})
    async with Session(profile) as session:
        assert session.server is not None
        assert (session.server.superuser, session.server.bypass_rls) == (False, True)


async def test_another_session_is_one_of_its_own(session: Session) -> None:
    async with session.another("tail") as other:
        pids = {await s.value("select pg_backend_pid()") for s in (session, other)}
        assert len(pids) == 2
        assert await other.value("show default_transaction_read_only") == "on"


# --- transactions


async def test_reading_is_all_a_session_does_by_itself(
    empty_db: Profile, outside: psycopg.Connection[Any]
) -> None:
    async with Session(replace(empty_db, read_only=True)) as session:
        for attempt in (
            session.fetch("create table t ()"),
            session.value("create table t ()"),
            session.texts("create table t ()"),
            session.alone("create table t ()"),
        ):
            with pytest.raises(DatabaseFailed) as caught:
                await attempt
            assert caught.value.sqlstate == "25006"
        # The server's own setting, also for what would go round transaction().
        assert session._connection is not None
        with pytest.raises(psycopg.errors.ReadOnlySqlTransaction):
            await session._connection.execute("create table t ()")
    assert outside.execute("select to_regclass('t')").fetchone() == (None,)


async def test_a_transaction_commits_only_when_told(session: Session) -> None:
    async with session.transaction(read_only=False) as tx:
        await tx.execute("create table dropped ()")
    async with session.transaction(read_only=False, commit=True) as tx:
        await tx.execute("create table kept ()")
    with pytest.raises(KeyError):  # noqa: PT012 - raised inside the transaction on purpose
        async with session.transaction(read_only=False, commit=True) as tx:
            await tx.execute("create table failed ()")
            raise KeyError
    names = await session.fetch("select relname from pg_class where relnamespace = 2200")
    assert names == [("kept",)]


async def test_a_commit_the_server_turned_into_a_rollback_is_no_success(session: Session) -> None:
    with pytest.raises(DatabaseFailed, match="nothing was committed"):  # noqa: PT012
        async with session.transaction(read_only=False, commit=True) as tx:
            await tx.execute("create table t ()")
            with pytest.raises(DatabaseFailed):
                await tx.execute("select 1/0")
    assert await session.value("select to_regclass('t')") is None


async def test_settings_of_a_transaction_end_with_it(session: Session) -> None:
    async with session.transaction(
        isolation="repeatable read",
        statement_timeout=12.3456,
        lock_timeout=1,
        search_path='it\'s, "odd"',
    ) as tx:
        asked = "select current_setting(name) from unnest(%s::text[]) name"
        names = ["statement_timeout", "lock_timeout", "search_path", "transaction_isolation"]
        assert await tx.fetch(asked, [names]) == [
            ("12346ms",),
            ("1s",),
            ('it\'s, "odd"',),
            ("repeatable read",),
        ]
    after = await session.fetch(asked, [names[:3]])
    assert after == [("1min",), ("0",), ('"$user", public',)]


async def test_the_console_s_own_queries_are_not_compiled(empty_db: Profile, admin: Admin) -> None:
    admin(empty_db).execute(f'alter database "{empty_db.parameters["dbname"]}" set jit = on')
    async with Session(empty_db) as session:
        assert await session.fetch("show jit") == [("off",)]
        assert (await show_setting(session, "show jit")).rows == [("on",)]


async def test_a_transaction_that_can_not_begin_leaves_none_open(session: Session) -> None:
    for _ in range(2):
        with pytest.raises(DatabaseFailed):
            async with session.transaction(statement_timeout=1e9):
                pytest.fail("it began")
    assert await session.value("select 1") == 1


async def test_a_cancelled_task_leaves_no_transaction_open(
    session: Session, outside: psycopg.Connection[Any]
) -> None:
    async def write() -> None:
        async with session.transaction(read_only=False, commit=True) as tx:
            await tx.execute("create table t ()")
            await tx.execute("select pg_sleep(60)")

    task = asyncio.create_task(write())
    pid = await running(outside, "pg_sleep(60)")
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    assert await session.value("select pg_backend_pid()") == pid
    assert await session.value("select to_regclass('t')") is None


async def test_a_transaction_left_open_does_not_swallow_the_next(session: Session) -> None:
    assert session._connection is not None
    await session._connection.execute("begin read write; create table t ()")
    async with session.transaction() as tx:
        assert await tx.value("show transaction_read_only") == "on"
    assert await session.value("select to_regclass('t')") is None


async def test_jobs_on_one_session_take_turns(session: Session) -> None:
    asked = [session.value("select %s::int from pg_sleep(0.01)", [n]) for n in range(10)]
    assert await asyncio.gather(*asked) == list(range(10))


# --- what goes wrong in a statement


async def test_failures_carry_the_servers_words(session: Session) -> None:
    with pytest.raises(DatabaseFailed) as caught:
        await session.value("select 1 from nothing_of_that_name")
    assert caught.value.sqlstate == "42P01"
    assert "nothing_of_that_name" in caught.value.message
    assert caught.value.hint == "check the name; the list of tables tells what is there"
    assert session.state is SessionState.CONNECTED


async def test_statement_timeout_is_a_timeout(empty_db: Profile) -> None:
    async with Session(replace(empty_db, statement_timeout=0.2)) as session:
        with pytest.raises(TimedOut) as caught:
            await session.value("select pg_sleep(60)")
        assert caught.value.exit_code == 4
        assert await session.value("select 1") == 1


async def test_lock_timeout_is_a_timeout(
    session: Session, outside: psycopg.Connection[Any]
) -> None:
    outside.execute("create table t ()")
    with outside.transaction():
        outside.execute("lock table t")
        with pytest.raises(TimedOut, match="lock") as caught:
            async with session.transaction(lock_timeout=0.1) as tx:
                await tx.fetch("select from t")
        assert caught.value.sqlstate == "55P03"


async def test_a_timeout_too_short_to_count_is_not_lifted(empty_db: Profile) -> None:
    async with Session(replace(empty_db, statement_timeout=0)) as session:
        assert await session.value("show statement_timeout") == "0"
    async with Session(empty_db) as session, session.transaction(lock_timeout=0.0001) as tx:
        assert await tx.value("show lock_timeout") == "1ms"
    with pytest.raises(TimedOut):
        async with Session(replace(empty_db, statement_timeout=0.0001)) as session:
            await session.fetch("select pg_sleep(30)")


async def test_a_deadlock_is_named(
    session: Session, empty_db: Profile, outside: psycopg.Connection[Any]
) -> None:
    outside.execute("create table a (); create table b ()")
    async with Session(empty_db) as other:

        async def take(who: Session, first: str, second: str, ready: asyncio.Barrier) -> str:
            try:
                async with who.transaction(read_only=False) as tx:
                    await tx.execute("set local deadlock_timeout = '50ms'")
                    await tx.execute(f"lock table {first}")
                    await ready.wait()
                    await tx.execute(f"lock table {second}")
            except DatabaseFailed as error:
                return error.sqlstate or ""
            return "done"

        both = asyncio.Barrier(2)
        ends = await asyncio.gather(take(session, "a", "b", both), take(other, "b", "a", both))
    assert sorted(ends) == ["40P01", "done"]


@pytest.mark.parametrize("value", ["nul\0", "half \udcff", "\ud800"], ids=ascii)
async def test_values_the_server_can_not_take(session: Session, value: str) -> None:
    with pytest.raises(ConsoleError) as caught:
        await session.value("select %s::text", [value])
    assert not isinstance(caught.value, CannotConnect)
    assert session.state is SessionState.CONNECTED
    assert await session.value("select %s::text", ["fine"]) == "fine"


async def test_values_the_driver_can_not_read(session: Session) -> None:
    with pytest.raises(DatabaseFailed):
        await session.fetch("select 'infinity'::timestamptz")
    assert session.state is SessionState.CONNECTED


# --- the server's own text

ODD = {
    "'infinity'::date": "infinity",
    "'-infinity'::timestamptz": "-infinity",
    "'0044-03-15 BC'::date": "0044-03-15 BC",
    "'294276-12-31'::timestamp": "294276-12-31 00:00:00",
    "'24:00'::time": "24:00:00",
    "'1 mon -1 day'::interval": "1 mon -1 days",
    "'NaN'::numeric": "NaN",
    "'NaN'::float8": "NaN",
    "'-0'::float8": "-0",
    "repeat('9', 131072)::numeric": "9" * 131072,
    "'9223372036854775807'::int8": "9223372036854775807",
    "null::text": None,
    "''::text": "",
    "'\u202e\u200b\x1b]52;c;aGk=\x07'::text": "\u202e\u200b\x1b]52;c;aGk=\x07",
    "'\\x00ff'::bytea": "\\x00ff",
    "array[null, 'null', 'a,b']::text[]": '{NULL,"null","a,b"}',
    "'{}'::int4range[]": "{}",
    "'(1,3]'::int4range": "[2,4)",
    "row(1, null, 'x y')": '(1,,"x y")',
    "'00:00:00+15:59:59'::timetz": "00:00:00+15:59:59",
    "'{\"a\":  1e400}'::json": '{"a":  1e400}',
    "'(1,2)'::point": "(1,2)",
    "true": "t",
    "'a'::\"char\"": "a",
    "'pg_class'::regclass": "pg_class",
    "'1.5'::money": "$1.50",
}


async def test_texts_are_the_servers_own(
    servers: tuple[EmbeddedServer, ...], fresh_database: FreshDatabase
) -> None:
    for server in servers:
        async with Session(fresh_database("empty", on=server)) as session:
            table = await session.texts("select " + ", ".join(ODD))
            assert dict(zip(ODD, table.rows[0], strict=True)) == ODD
            assert len(table.columns) == len(table.types) == len(ODD)


async def test_texts_without_rows_or_columns(session: Session) -> None:
    assert (await session.texts("select 1 as a, 2 as a where false")).columns == ("a", "a")
    assert (await session.texts("select from generate_series(1, 3)")).rows == [(), (), ()]
    nothing = await session.texts("set local work_mem = '8MB'")
    assert (nothing.columns, nothing.rows) == ((), [])


async def test_texts_of_a_database_without_an_encoding(
    server: EmbeddedServer, admin: Admin
) -> None:
    name = "bytes_without_encoding"
    profile = server.profile(name)
    outside = admin(server.profile())
    outside.execute(f"drop database if exists {name} with (force)")
    outside.execute(f"create database {name} template template0 encoding 'SQL_ASCII'")
    try:
        # A Latin-1 ü is no UTF-8: in a value, a column's name, and an error.
        async with Session(profile) as session:
            value = "select convert_from('\\xfc41'::bytea, 'SQL_ASCII') as a, %s::text as text"
            table = await session.texts(value, ["über"])
            assert (table.columns, table.rows) == (("a", "text"), [("\\xfcA", "über")])
            with pytest.raises(DatabaseFailed, match="UTF8"):
                await session.value(value, ["über"])
            async with session.transaction(read_only=False) as tx:
                await tx.execute(
                    "do $$ begin execute 'create table t (\"' || convert_from('\\xfc', 'SQL_ASCII')"
                    " || '\" int)'; end $$"
                )
                assert (await tx.texts("select * from t")).columns == ("\\xfc",)
                assert await tx.value("select 'ü'") == "ü"
            with pytest.raises(DatabaseFailed):
                await session.texts("select convert_from('\\xfc41', 'SQL_ASCII')::int")
            assert await session.value("select 1") == 1
    finally:
        outside.execute(f"drop database {name} with (force)")


@pytest.mark.parametrize("state", ["08P01", "08001", "08006"])
async def test_a_mere_error_of_the_connection_s_class_is_no_loss(
    session: Session, state: str
) -> None:
    async with session.transaction() as transaction:
        with pytest.raises(DatabaseFailed, match="elsewhere") as failure:
            await transaction.execute(
                f"do $$ begin raise exception 'elsewhere' using errcode = '{state}'; end $$"
            )
    assert failure.value.sqlstate == state
    assert session.state is SessionState.CONNECTED
    assert await session.value("select 1") == 1
