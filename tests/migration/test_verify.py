"""Verify: verdicts, who may ask, what it leaves alone, what it says when it can't."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Callable
from dataclasses import replace
from typing import Any

import psycopg
import pytest
from psycopg import sql

from console.assets import MASTER_MIGRATION, PLAIN_POSTGRES, schema_file
from console.connection.embedded import EmbeddedServer, find_binaries
from console.connection.profile import Profile
from console.connection.session import Session
from console.errors import TimedOut
from console.migration.expected import API_ROLES, load_expected
from console.migration.model import Difference, DriftState, Severity, Verdict, Verification
from console.migration.verify import verify, verify_in
from tests.migration.mending import in_order

FreshDatabase = Callable[..., Profile]
Admin = Callable[[Profile], psycopg.Connection[Any]]


async def _verify(profile: Profile, **options: Any) -> Verification:
    async with Session(profile) as session:
        return await verify(session, **options)


def _names(differences: tuple[Difference, ...]) -> list[tuple[str, str, str, str]]:
    return [(d.severity, d.state, d.kind, d.identity) for d in differences]


def _as(profile: Profile, user: str) -> Profile:
    return replace(profile, parameters={**profile.parameters, "user": user})


# Verdicts


async def test_four_faults_are_reported_as_exactly_those_four(
    master_db: Profile, admin: Admin
) -> None:
    admin(master_db).execute("""
        alter table public.offers disable row level security;
        alter policy events_select on public.events using (true);
        alter function private.my_org_ids() reset search_path;
        alter table public.patterns drop column "lastUsed";
    """)
    found = await _verify(master_db)
    assert sorted(_names(found.differences)) == [
        ("critical", "changed", "function", "private.my_org_ids()"),
        ("critical", "changed", "policy", "events_select on public.events"),
        ("critical", "changed", "table", "public.offers"),
        ("error", "missing", "column", 'public.patterns."lastUsed"'),
    ]
    assert found.verdict is Verdict.DRIFT
    assert found.failed()
    assert found.counts[Severity.CRITICAL] == 3
    by_kind = {d.kind: d for d in found.differences}
    assert "SET search_path TO ''" in (by_kind["function"].expected or "")
    assert "SECURITY DEFINER" in by_kind["function"].mend[0]
    assert "using (true)" in (by_kind["policy"].actual or "")
    admin(master_db).execute(";".join(in_order(found.differences)).encode())
    after = await _verify(master_db)
    assert _names(after.differences) == [("info", "changed", "column order", "public.patterns")]
    assert after.verdict is Verdict.IN_SYNC


@pytest.mark.parametrize("kind", ["empty", "plain"])
async def test_a_database_without_our_tables_is_not_applied_and_can_be_mended(
    fresh_database: FreshDatabase, admin: Admin, kind: str
) -> None:
    profile = fresh_database(kind)
    found = await _verify(profile)
    assert found.verdict is Verdict.NOT_APPLIED
    tables = [d for d in found.differences if d.kind == "table"]
    assert len(tables) == 31
    assert {d.state for d in tables} == {DriftState.MISSING}
    assert (tables[0].expected or "").startswith("create table")
    assert not any(d.kind in {"column", "constraint"} for d in found.differences)
    covered = [key for d in found.differences for key in d.covers]
    assert len(covered) == len(set(covered))
    there = {"role", "extension"}  # both belong to the server, or may do so
    assert {
        key
        for key in load_expected().objects
        if key[0] not in there and not key[1].startswith("USAGE on schema public")
    } <= set(covered)
    connection = admin(profile)
    with connection.transaction():
        for statement in in_order(found.differences):
            connection.execute(statement.encode())
    after = await _verify(profile)
    assert after.differences == ()
    assert connection.execute("select count(*) from public.roles").fetchone() == (3,)


async def test_a_server_without_our_roles_can_be_mended() -> None:
    with EmbeddedServer(binaries=find_binaries(wheel_first=True)) as server:
        profile = replace(server.profile(), read_only=False)
        found = await _verify(profile)
        assert found.verdict is Verdict.NOT_APPLIED
        assert {d.identity for d in found.differences if d.kind == "role"} == set(API_ROLES)
        async with Session(profile) as session:
            async with session.transaction(read_only=False, commit=True) as tx:
                for statement in in_order(found.differences):
                    await tx.connection.execute(statement.encode())
            assert (await verify(session)).differences == ()


async def test_differences_come_most_severe_first(master_db: Profile, admin: Admin) -> None:
    admin(master_db).execute("""
        comment on table public.events is 'a warning';
        drop index public.idx_events_file_path;
        drop policy events_select on public.events;
        alter default privileges grant select on tables to anon;
    """)
    found = await _verify(master_db)
    assert [d.severity for d in found.differences] == list(Severity)


async def test_what_is_left_for_later_is_not_a_failure(master_db: Profile, admin: Admin) -> None:
    admin(master_db).execute("drop index public.idx_events_file_path")
    key = ("index", "public.idx_events_file_path")
    found = await _verify(master_db, pending={key})
    assert [d.pending for d in found.differences] == [True]
    assert found.verdict is Verdict.IN_SYNC
    assert not found.failed(strict=True)
    assert (await _verify(master_db)).failed()


# Who may ask, and what is left alone


async def test_any_login_role_may_ask(master_db: Profile, admin: Admin) -> None:
    connection = admin(master_db)
    role = f"stranger_{master_db.parameters['dbname']}"
    connection.execute(f"create role {role} login")
    try:
        found = await _verify(_as(master_db, role))
        assert found.verdict is Verdict.IN_SYNC
        # Whoever may not call auth.uid() is told that its answers were not checked.
        assert _names(found.differences) == [("info", "changed", "function", "auth.uid()")]
        connection.execute(f"grant usage on schema auth to {role}")
        assert (await _verify(_as(master_db, role))).differences == ()
        connection.execute("alter table public.events disable row level security")
        assert (await _verify(_as(master_db, role))).failed()
    finally:
        connection.execute(f"drop owned by {role}; drop role {role}")


async def test_nothing_stays_behind_on_the_connection(master_db: Profile) -> None:
    """Through transaction pooling the next client would inherit it."""
    ask = (
        "select current_setting('search_path'), current_setting('lock_timeout'),"
        " current_setting('request.jwt.claims', true), current_setting('transaction_read_only')"
    )
    async with Session(master_db) as session:
        before = await session.fetch(ask)
        await verify(session)
        assert [(*row[:2], row[2] or "", row[3]) for row in await session.fetch(ask)] == [
            (*row[:2], row[2] or "", row[3]) for row in before
        ]


async def test_a_transaction_in_work_stays_as_it_was(master_db: Profile) -> None:
    expected = load_expected()
    async with Session(master_db) as session, session.transaction(read_only=False) as tx:
        await tx.execute("set local search_path = public, auth")
        await tx.execute("select set_config('request.jwt.claims', '{\"sub\": \"me\"}', true)")
        await tx.execute("create temporary table pg_class as select 1 as oid")
        assert (await verify_in(tx, expected)).differences == ()
        await tx.execute("drop index public.idx_events_file_path")
        assert len((await verify_in(tx, expected)).differences) == 1
        assert await tx.value("select current_setting('search_path')") == "public, auth"
        assert await tx.value("select current_setting('request.jwt.claims')") == '{"sub": "me"}'


async def test_settings_that_change_how_the_server_writes_sql_change_nothing(
    master_db: Profile, admin: Admin
) -> None:
    admin(master_db).execute(
        "do $$ begin execute format('alter database %I set quote_all_identifiers = on', "
        "current_database()); end $$"
    )
    async with Session(master_db) as session:
        assert await session.value("select quote_ident('users')") == "users"
        # As through a transaction pooler, where no setting of ours holds.
        await session.alone("set quote_all_identifiers = on")
        assert (await verify(session)).differences == ()
        async with session.transaction() as tx:
            assert (await verify_in(tx, load_expected())).differences == ()
            assert await tx.value("select quote_ident('users')") == '"users"'


async def test_it_waits_for_nobody_and_holds_up_nobody(master_db: Profile, admin: Admin) -> None:
    """Somebody who reads and writes, or even alters another table, is not in the way."""
    connection = admin(master_db)
    with connection.transaction():
        connection.execute("insert into public.roles (name) values ('busy')")
        connection.execute("lock table public.events in share row exclusive mode")
        assert (await _verify(master_db)).verdict is Verdict.IN_SYNC


async def test_whoever_holds_the_lock_is_named(master_db: Profile, admin: Admin) -> None:
    connection = admin(master_db)
    pid = connection.info.backend_pid
    with connection.transaction():
        connection.execute("set local application_name = 'a long upgrade'")
        connection.execute("lock table public.events in access exclusive mode")
        with pytest.raises(TimedOut) as caught:
            await asyncio.wait_for(_verify(master_db), timeout=20)
    assert caught.value.sqlstate == "55P03"
    assert f"pid {pid}" in caught.value.hint
    assert "a long upgrade" in caught.value.hint
    assert "public.events" in caught.value.hint
    assert (await _verify(master_db)).verdict is Verdict.IN_SYNC


async def test_what_vanishes_while_it_is_read_is_no_failure(
    master_db: Profile, admin: Admin
) -> None:
    connection = admin(master_db)
    done = threading.Event()

    def come_and_go() -> None:
        while not done.is_set():
            connection.execute("create index mutation on public.events (tool)")
            connection.execute("drop index public.mutation")

    coming_and_going = asyncio.create_task(asyncio.to_thread(come_and_go))
    expected = load_expected()
    async with Session(master_db) as session:
        seen = [await verify(session, expected) for _ in range(20)]
    done.set()
    await coming_and_going
    assert {d.identity for found in seen for d in found.differences} <= {"public.mutation"}


async def test_a_database_without_an_encoding(
    server: EmbeddedServer, admin: Admin, fresh_database: FreshDatabase
) -> None:
    connection = admin(fresh_database("empty"))
    connection.execute("create database bytes template template0 encoding 'SQL_ASCII'")
    try:
        profile = replace(server.profile("bytes"), read_only=False)
        with psycopg.connect(**profile.parameters) as applying:  # type: ignore[arg-type]
            for name in (PLAIN_POSTGRES, MASTER_MIGRATION):
                applying.execute(schema_file(name).read_bytes())
            applying.execute(b"set client_encoding = 'SQL_ASCII'")
            applying.execute(b'create policy "caf\xe9" on public.events using (true)')
        found = await _verify(profile)
        assert _names(found.differences) == [
            ("critical", "extra", "policy", '"caf\\xe9" on public.events')
        ]
    finally:
        connection.execute("drop database bytes with (force)")


@pytest.mark.parametrize("serial", ["audit_log_id_seq", "It\"s a 'sequence'"])
async def test_an_identity_mended_goes_on_behind_the_rows(
    master_db: Profile, admin: Admin, serial: str
) -> None:
    connection = admin(master_db)
    quoted = sql.Identifier("public", serial)
    connection.execute("alter table public.audit_log alter column id drop identity")
    connection.execute(sql.SQL("create sequence {} owned by public.audit_log.id").format(quoted))
    connection.execute(
        sql.SQL("alter table public.audit_log alter column id set default nextval({})").format(
            quoted.as_string()
        )
    )
    connection.execute(sql.SQL("grant all on sequence {} to anon").format(quoted))
    for _ in range(3):
        connection.execute("insert into public.audit_log (action) values ('before')")
    connection.execute("delete from public.audit_log where id = 3")
    with connection.transaction():
        for statement in in_order((await _verify(master_db)).differences):
            connection.execute(statement.encode())
    assert (await _verify(master_db)).differences == ()
    connection.execute("insert into public.audit_log (action) values ('after')")
    assert connection.execute("select id from public.audit_log order by id").fetchall() == [
        (1,), (2,), (4,)
    ]  # fmt: skip
    assert (await _verify(master_db)).foreign == {}


# What is not ours


async def test_two_thousand_foreign_tables_are_counted_not_listed(
    master_db: Profile, admin: Admin
) -> None:
    admin(master_db).execute("""
        do $$ begin
          for n in 1..2000 loop
            execute format('create table %I.%I (id bigint primary key, note text)',
              case when n % 2 = 0 then 'public' else 'private' end, 'foreign_' || n);
          end loop;
        end $$
    """)
    found = await _verify(master_db)
    assert found.differences == ()
    assert found.foreign == {"table": 2000}
    assert found.verdict is Verdict.IN_SYNC


async def test_what_is_not_ours_is_counted_by_kind(master_db: Profile, admin: Admin) -> None:
    admin(master_db).execute("""
        create schema elsewhere;
        create table elsewhere.t (id serial primary key);
        create view elsewhere.v as select * from public.events;
        create materialized view elsewhere.m as select 1 as one;
        create sequence elsewhere.s;
        create type elsewhere.mood as enum ('good');
        create domain elsewhere.d as text;
        create function elsewhere.is_admin() returns int language sql as 'select 1';
        create table auth.secrets (id int);
        create schema graphql_public;
        create table graphql_public.hidden (id int);
        create extension citext schema public;
        create table public.unlisted (id int) partition by range (id);
    """)
    found = await _verify(master_db)
    assert found.differences == ()
    assert found.foreign == {
        "function": 1,
        "materialized view": 1,
        "schema": 1,
        "sequence": 1,
        "table": 2,
        "type": 2,
        "view": 1,
    }


async def test_hostile_names_are_quoted_and_mended(master_db: Profile, admin: Admin) -> None:
    connection = admin(master_db)
    name = "a\"b'; drop table public.users; --\n%s {0} [/x] \x1b]52;c;x\x07 " + "é"
    role = f'"Röle ""{master_db.parameters["dbname"]}"""'
    quoted = '"' + name.replace('"', '""') + '"'
    connection.execute(f"create role {role}".encode())
    connection.execute(f"""
        create policy {quoted} on public.events to {role} using (true);
        create index {quoted} on public.events (tool);
        create rule {quoted} as on delete to public.offers do instead nothing;
        create trigger {quoted} before update on public.users
          for each row execute function public.update_updated_at_column();
        create publication {quoted} for table public.telemetry_events;
        grant select on public.telemetry_events to {role};
        alter table public.offers add constraint {quoted} check (name <> 'x');
    """.encode())  # fmt: skip
    found = await _verify(master_db)
    assert sorted(d.kind for d in found.differences) == [
        "constraint", "grant", "index", "policy", "publication", "rule", "trigger"
    ]  # fmt: skip
    with connection.transaction():
        for statement in in_order(found.differences):
            connection.execute(statement.encode())
    assert (await _verify(master_db)).differences == ()
    connection.execute(f"drop role {role}".encode())
