"""What acts in spite of a transaction that can't write is refused, however it is written."""

from __future__ import annotations

import re

import psycopg
import pytest

from console.browse.position import First
from console.browse.query import explain, open_query, stream_query
from console.browse.statement import classify
from console.connection.embedded import EmbeddedServer
from console.connection.profile import Profile
from console.errors import ConsoleError, Refused, UsageError
from tests.browse.walk import Admin, Connect, run_typed
from tests.conftest import FreshDatabase

ACTING = [
    "select pg_terminate_backend({pid})",
    "select PG_Terminate_Backend /* now */ -- or\n ({pid}, 100)",
    "select pg_catalog . pg_terminate_backend({pid})",
    'select "pg_terminate_backend"({pid})',
    'select pg_catalog."pg_cancel_backend"({pid})',
    'select U&"pg_terminate_backen\\0064"({pid})',
    "select u&\"pg_terminate_backen!0064\" uescape '!' ({pid})",
    'select U&"pg_catalog".pg_terminate_backend({pid})',
    "select * from pg_terminate_backend({pid})",
    "select * from rows from (pg_terminate_backend({pid}), now())",
    "values (1), ((select pg_terminate_backend({pid})::int))",
    "with x as (select pg_terminate_backend({pid})) table x",
    "select 1 order by pg_terminate_backend({pid})",
    "select query_to_xml('select pg_terminate_backend({pid})', true, true, '')",
    "select query_to_xml_and_xmlschema('select pg_terminate_backend({pid})', true, true, '')",
    "select query_to_xmlschema(U&'select pg_terminate_backen\\0064({pid})', true, true, '')",
    "select * from ts_stat('select pg_terminate_backend({pid})::text::tsvector')",
    "select ts_rewrite('a'::tsquery, 'select ''a''::tsquery, (pg_terminate_backend({pid}))::text')",
    "select * from crosstab('select pg_terminate_backend({pid}), 1, 1') as (a bool, b int)",
    "select * from dblink('', 'select pg_terminate_backend({pid})') as x (a bool)",
    "select dblink_exec('', 'delete from t')",
    "select table_to_xml('pg_locks', true, true, '')",
    "explain analyze select pg_terminate_backend({pid})",
    # Ends of strings that a reader could take for others.
    "select E'a'\n'\\'', pg_terminate_backend({pid}) --'",
    "select e'a' -- b\n'\\'', pg_terminate_backend({pid}) --'",
    "select $$'$$, pg_terminate_backend({pid}), $a$'$a$",
    "select 'a\\', pg_terminate_backend({pid}) as \"'\"",
    "select /* /* */ ' */ pg_terminate_backend({pid}) -- '",
    "select {pid} *** 1::bigint",
    "select {pid} ***+1::bigint",
    "select pg_advisory_lock(7)",
    'select U&"pg_advisory_loc\\006b"(7)',
    "select pg_try_advisory_xact_lock_shared(7)",
    "select query_to_xml('select pg_advisory_lock(7)', true, true, '')",
    "select set_config('role', 'none', true)",
    "select set_config('standard_conforming_strings', 'off', true)",
    "select pg_reload_conf(), pg_switch_wal()",
    "select pg_logical_emit_message(false, 'a', 'b')",
    "select pg_logical_slot_get_changes('s', null, null)",
    "select pg_notify('a', 'b')",
    "select brin_summarize_new_values('i'), gin_clean_pending_list('i')",
    "select lo_create(0)",
    "select lo_import('/etc/hostname')",
    "select lo_from_bytea(0, '')",
    "select lo_export(1, '/tmp/x')",
    "select pg_stat_reset()",
]
READING = [
    "select query from pg_stat_activity where query ~ 'pg_terminate_backend(1)'",
    "select $$dblink('', '')$$ as dblink, 1 as pg_advisory_lock -- pg_reload_conf()",
    "select pg_sleep(0), random(), clock_timestamp(), gen_random_uuid(), now()",
    "select pg_total_relation_size('pg_class'), pg_database_size(current_database())",
    "select * from pg_locks, pg_stat_database, pg_settings limit 1",
    "select pg_stat_file('PG_VERSION'), pg_ls_waldir(), pg_current_wal_lsn(), pg_is_in_recovery()",
    "select pg_blocking_pids(1), pg_relation_filepath('pg_class'), pg_get_viewdef('pg_locks')",
    "select (x).a, count(*) from (select row(1)::one as x) y group by 1",
    "select own_volatile(1), own.pg_notify(1)",
    "select U&'\\0061', E'a\\'b', 'a'\n'b'",
]

OWN = r"""
create schema app;
create function app.kill(int) returns boolean language plpgsql stable as
  $$ begin return pg_catalog . "pg_terminate_backend" ($1); end $$;
create function app."Kill it"(int) returns boolean language sql stable as 'select app.kill($1)';
create function app.upwards(int) returns boolean language plpgsql stable as
  $$ declare done boolean; begin
    execute 'select app."Kill it"(' || $1 || ')' into done; return done;
  end $$;
create function app.written_down(int) returns boolean language sql stable
  begin atomic select pg_terminate_backend($1); end;
create function app.defaulted(text, int default {pid}) returns boolean language sql stable as
  'select app.kill($2)';
create view app.killing as select app.kill({pid}) as done;
create view app.over as select * from app.killing;
create view app.at_once as select pg_terminate_backend({pid}) as done;
create function app.state(int, int) returns int language sql as 'select $1 where app.kill($2)';
create aggregate app.killed(int) (sfunc = app.state, stype = int, initcond = '0');
create domain app.victim as int check (app.kill(value));
create domain app.prey as int check (pg_terminate_backend(value));
create type app.holder as (a app.victim);
create table app.held (id int, holders app.holder[]);
create type app.pair as (a int);
create function app.as_text(app.pair) returns text language sql as
  $$ select 'x' where app.kill($1.a) $$;
create cast (app.pair as text) with function app.as_text(app.pair);
create function app.two(app.pair, int) returns int language sql as 'select 1 where app.kill($2)';
create operator app.+ (function = app.two, leftarg = app.pair, rightarg = int);
create function app.sized(int, int) returns int language sql as 'select 1 where app.kill($2)';
create operator app.@@@ (function = app.sized, leftarg = int, rightarg = int);
create table app.plain (id int);
create function app.owned(app.plain, int default 1) returns boolean language sql as
  'select app.kill($2)';
create type app.span as range (subtype = app.victim);
create function app.notified(text) returns boolean language plpgsql stable as
  $$ begin perform pg_notify('a', $1), set_config('a.b', $1, true); return true; end $$;
create function app.ends() returns int language sql as 'select 1 as pg_terminated';
create view app.ending as select app.ends(), app.notified('x'), 'of the system' as system;
"""
"""What a database may hold of its own that acts, and at its end what does not."""

REACHING = [
    "select app.kill({pid})",
    'select app."Kill it"({pid})',
    "select app.upwards({pid})",
    "select app.written_down({pid})",
    "select app.defaulted('x')",
    "select p.owned from app.plain as p",
    "select * from app.killing",
    "select count(*) from app.over where done",
    "table app.at_once",
    "select app.killed({pid})",
    "select {pid}::app.victim",
    "select app.prey '{pid}'",
    "select '{{\"({pid})\"}}'::app.holder[]",
    'select jsonb_populate_record(null::app.held, \'{{"holders": [{{"a": {pid}}}]}}\')',
    "select pg_typeof(1) = 'app.holder'::regtype",
    "select row({pid})::app.pair::text",
    "select row(1)::app.pair + {pid}",
    "select 1 operator(app.@@@) {pid}",
    "select 1 where '[1,2]'::app.span is not null",
    "explain analyze select * from app.killing",
]


REFUSED = "could act at once|runs SQL of its own|is escaped"


@pytest.fixture(params=["wheel", "system"])
def database(
    request: pytest.FixtureRequest,
    server: EmbeddedServer,
    system_server: EmbeddedServer | None,
    fresh_database: FreshDatabase,
    admin: Admin,
) -> Profile:
    """A database on each of the servers, with what the texts name."""
    on = server if request.param == "wheel" else system_server
    if on is None:
        pytest.skip("there is no other PostgreSQL here")
    made = fresh_database("empty", on=on)
    admin(made).execute(
        """
        create extension dblink; create extension tablefunc;
        create table t (n int); create index i on t using brin (n);
        create type one as (a int); create schema own;
        create operator *** (leftarg = int, rightarg = bigint, function = pg_terminate_backend);
        create function own_volatile(int) returns int language sql as 'select 1';
        create function own.pg_notify(int) returns int language sql as 'select 1';
        """
    )
    return made


@pytest.fixture
def victim(database: Profile, admin: Admin) -> psycopg.Connection[object]:
    """Somebody else's session."""
    return admin(database)


async def test_no_statement_ends_a_session_or_takes_a_lock(
    database: Profile, victim: psycopg.Connection[object], admin: Admin, connect: Connect
) -> None:
    watching = admin(database)
    for text in ACTING:
        async with connect(database) as session:
            with pytest.raises(Refused, match=REFUSED):
                await run_typed(session, text.replace("{pid}", str(victim.info.backend_pid)))
            locks = "select count(*) from pg_locks where locktype = 'advisory'"
            assert watching.execute(locks).fetchone() == (0,), text
        assert victim.execute("select 1").fetchone() == (1,), text
    large = "select count(*) from pg_largeobject_metadata"
    assert watching.execute(large).fetchone() == (0,)


async def test_what_the_database_holds_of_its_own_acts_neither(
    database: Profile, victim: psycopg.Connection[object], admin: Admin, connect: Connect
) -> None:
    pid = victim.info.backend_pid
    admin(database).execute(OWN.replace("{pid}", str(pid)))
    for text in REACHING:
        async with connect(database) as session:
            with pytest.raises(
                Refused, match=r"^pg_terminate_backend, reached through .*, could act"
            ):
                await run_typed(session, text.format(pid=pid))
        assert victim.execute("select 1").fetchone() == (1,), text
    for text in ("select * from app.ending", "select app.notified('pg_terminate_backend')"):
        async with connect(database) as session:
            await run_typed(session, text)


async def test_strings_end_where_they_are_read_to_end_whatever_the_login_has_set(
    database: Profile, victim: psycopg.Connection[object], admin: Admin, connect: Connect
) -> None:
    name = database.parameters["dbname"]
    admin(database).execute(f'alter database "{name}" set standard_conforming_strings = off')
    pid = victim.info.backend_pid
    async with connect(database) as session:
        source = await open_query(session, f"select '\\'', pg_terminate_backend({pid}) --'")
        page = await source.fetch(First())
        assert page.rows == ((f"\\', pg_terminate_backend({pid}) --",),)
        await source.close()
    assert victim.execute("select 1").fetchone() == (1,)


@pytest.mark.parametrize("text", READING)
async def test_what_only_reads_is_run(database: Profile, connect: Connect, text: str) -> None:
    async with connect(database) as session:
        await run_typed(session, text)


async def test_the_refusal_says_what_and_where_to_go(database: Profile, connect: Connect) -> None:
    async with connect(database) as session:
        with pytest.raises(Refused, match="pg_terminate_backend could act at once") as refusal:
            await run_typed(session, "select PG_TERMINATE_BACKEND(1)")
        assert "Health" in refusal.value.hint
        with pytest.raises(Refused, match="query_to_xml runs SQL of its own"):
            await explain(session, "select query_to_xml('', true, true, '')")
        with pytest.raises(Refused, match="pg_reload_conf"):
            await anext(stream_query(session, classify("values (pg_reload_conf())")))


async def test_every_other_volatile_function_of_the_server_was_looked_at(
    database: Profile, admin: Admin, connect: Connect
) -> None:
    """Calls each with too few arguments: what is not refused is the server's error."""
    [(names,)] = (
        admin(database)
        .execute(
            "select array_agg(distinct proname::text) from pg_proc"
            " where provolatile = 'v' and pronamespace = 'pg_catalog'::regnamespace"
        )
        .fetchall()
    )
    passed = set()
    async with connect(database) as session:
        for name in names:
            try:
                await explain(session, f'select "{name}"(1, 1, 1, 1, 1, 1, 1, 1, 1)')
            except Refused:
                continue
            except ConsoleError:
                pass
            passed.add(name)
    acting = re.compile(r"_lock(?!_status)|terminate|cancel|write|create|drop|reset|set_|import")
    assert [name for name in passed if acting.search(name)] == []
    assert {"pg_sleep", "random", "pg_table_size"} <= passed


@pytest.mark.parametrize("text", ["select 'a", 'select "a', "select /* /* */ 1", "select $a$ $b$"])
def test_what_does_not_end_is_not_sent(text: str) -> None:
    with pytest.raises(UsageError):
        classify(text)
