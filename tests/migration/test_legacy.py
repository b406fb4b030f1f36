"""Databases that older migrations left behind: holes told, conflicts refused, every row kept."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import psycopg
import pytest
from psycopg import sql

from console.connection.embedded import EmbeddedServer
from console.connection.profile import Profile
from console.connection.session import Session
from console.journal import Journal
from console.migration.apply import apply
from console.migration.model import ApplyOptions, ApplyProgress, DriftState, Severity
from console.migration.phases import STRENGTH
from console.migration.plan import Conflicted, plan
from console.migration.verify import verify

Admin = Callable[[Profile], psycopg.Connection[Any]]
FreshDatabase = Callable[..., Profile]
Database = psycopg.Connection[Any]
Rows = dict[str, tuple[list[str], int, str]]

FOLDER = Path(__file__).parent / "legacy"
HOLES = {
    "events_all on public.events",
    "spend_all on public.spend",
    "metrics_daily_all on public.metrics_daily",
    "metrics_log_insert on public.metrics_log",
    '"Anyone joins as he likes" on public.organization_members',
}


def make_legacy(database: Database, *files: str) -> None:
    for file in ("people", *files):
        database.execute((FOLDER / f"{file}.sql").read_bytes())


def digest(database: Database, table: str, columns: list[str]) -> tuple[int, str]:
    """Number of rows and a hash over the given columns of all of them."""
    row = database.execute(
        sql.SQL(
            "select count(*), md5(string_agg(row_text, E'\\n' order by row_text))"
            " from (select row({})::text from public.{}) as t (row_text)"
        ).format(sql.SQL(", ").join(map(sql.Identifier, columns)), sql.Identifier(table))
    ).fetchone()
    assert row is not None
    return row[0], row[1]


def read_rows(database: Database) -> Rows:
    """Columns, count and hash of every table in public."""
    tables = database.execute(
        "select c.relname::text, array_agg(a.attname::text order by a.attnum)"
        " from pg_class c join pg_attribute a on a.attrelid = c.oid and a.attnum > 0"
        " where c.relnamespace = 'public'::regnamespace and c.relkind = 'r'"
        " and not a.attisdropped group by c.relname"
    ).fetchall()
    return {table: (columns, *digest(database, table, columns)) for table, columns in tables}


def assert_kept(
    database: Database,
    before: Rows,
    moved: Mapping[str, str] | None = None,
    renamed: Mapping[str, str] | None = None,
) -> None:
    """Every row that was there is there, under the same or the given names."""
    assert sum(count for _, count, _ in before.values()) > 100
    for table, (columns, count, hashed) in before.items():
        assert count > 0, table
        names = [(renamed or {}).get(column, column) for column in columns]
        found = digest(database, (moved or {}).get(table, table), names)
        assert found == (count, hashed), table


def set_aside_names(database: Database) -> dict[str, str]:
    rows = database.execute(
        "select relname::text from pg_class where relname like '%\\_set\\_aside\\_%'"
        " and relkind = 'r'"
    ).fetchall()
    return {name.split("_set_aside_")[0]: name for (name,) in rows}


async def test_tables_of_the_right_shape_are_upgraded_and_their_holes_closed(
    servers: tuple[EmbeddedServer, ...],
    fresh_database: FreshDatabase,
    connect: type[Session],
    admin: Admin,
) -> None:
    for server in servers:
        profile = fresh_database("plain", on=server)
        database = admin(profile)
        make_legacy(database, "right_shape")
        database.execute("analyze")
        before = read_rows(database)
        async with connect(profile) as session:
            told = {
                (d.kind, d.identity): d
                for d in (await verify(session)).differences
                if d.severity is Severity.CRITICAL
            }
            for hole in HOLES:
                assert told["policy", hole].state is DriftState.EXTRA
            for table in ("audit_logs", "organizations", "workflow_runs"):
                assert "row level security" in told["table", f"public.{table}"].mend[0]
            assert ("function", "public.is_admin()") in told

            refused = await plan(session)
            conflicts = {conflict.identity for conflict in refused.conflicts}
            assert conflicts >= HOLES
            assert all(" on public." in identity for identity in conflicts), "only policies"
            with pytest.raises(Conflicted) as caught:
                await apply(session)
            assert all(conflict.identity in caught.value.detail for conflict in refused.conflicts)
            assert read_rows(database) == before

            planned = await plan(session, ApplyOptions(replace_policies=True))
            assert planned.conflicts == ()
            assert {a.identity for a in planned.actions if a.action == "drop_policy"} == conflicts
            upgraded = [a for a in planned.actions if a.identity == "public.events.metadata"]
            assert [(a.lock, a.rows_estimate) for a in upgraded] == [("ACCESS EXCLUSIVE", 1000)]
            result = await apply(session, ApplyOptions(replace_policies=True))
            assert result.applied
            assert not (await verify(session)).failed()
            assert (await apply(session)).statements_executed == 0
        assert_kept(database, before)
        # Numbers go on behind the rows that are there.
        number = database.execute(
            "insert into public.metrics_log (source, metric) values ('web', '{}') returning id"
        ).fetchone()
        assert number == (91,)
        intent = [entry for entry in Journal().entries() if entry.event == "intent"][-1]
        kept = {item["identity"]: item["was"] for item in intent.facts["undo"]}
        assert all(kept[identity].startswith("create policy") for identity in conflicts)
        assert "enterprise" in kept["public.is_admin()"]


ODD = {
    "analytics_events": ("events", "analytics events"),
    "telemetry": ("telemetry_events", "telemetry of 2025-11-05"),
    "workflow_runs": ("workflow_runs", "workflow runs in camelCase"),
    "audit_logs": ("audit_logs", "audit logs in snake_case"),
}
RENAMED = {
    "workflow_runs": {
        "userId": "user_id",
        "workflowId": "workflow_id",
        "createdAt": "created_at",
        "updatedAt": "updated_at",
    },
    "audit_logs": {
        "user_id": "userId",
        "resource_id": "resourceId",
        "ip_address": "ipAddress",
        "created_at": "timestamp",
    },
}


@pytest.mark.parametrize("file", ODD)
async def test_a_table_of_another_shape_is_refused_with_a_way_out_that_works(
    plain_db: Profile, connect: type[Session], admin: Admin, file: str
) -> None:
    table, shape = ODD[file]
    database = admin(plain_db)
    make_legacy(database, file)
    before = read_rows(database)
    options = ApplyOptions(replace_policies=True)
    async with connect(plain_db) as session:
        planned = await plan(session, options)
        (conflict,) = planned.conflicts
        assert (conflict.identity, conflict.fingerprint) == (f"public.{table}", shape)
        with pytest.raises(Conflicted) as caught:
            await apply(session, options)
        assert caught.value.conflicts == planned.conflicts
        assert read_rows(database) == before

        for statement in conflict.resolve:
            assert not statement.lower().startswith(("drop", "delete", "truncate"))
            database.execute(statement.encode())
        assert (await plan(session, options)).conflicts == ()
        assert (await apply(session, options)).applied
        assert not (await verify(session)).failed()
    moved = set_aside_names(database)
    if file == "analytics_events":
        assert moved == {}
        moved = {"events": "analytics_events"}
    elif file == "telemetry":
        assert set(moved) == {"telemetry_events"}
    people = {name: before[name] for name in ("users", "sessions", "subscriptions")}
    assert_kept(database, people)
    assert (
        digest(
            database,
            moved.get(table, table),
            [RENAMED.get(file, {}).get(column, column) for column in before[table][0]],
        )
        == before[table][1:]
    )


@pytest.mark.parametrize("file", ODD)
async def test_a_table_of_another_shape_is_set_aside_when_asked(
    plain_db: Profile, connect: type[Session], admin: Admin, file: str
) -> None:
    table, _ = ODD[file]
    database = admin(plain_db)
    make_legacy(database, file)
    before = read_rows(database)
    options = ApplyOptions(replace_policies=True, set_aside=True)
    async with connect(plain_db) as session:
        planned = await plan(session, options)
        assert planned.conflicts == ()
        aside = [action for action in planned.actions if action.action == "set_aside"]
        assert {action.identity for action in aside} == {f"public.{table}"}
        assert aside[0].lock == "ACCESS EXCLUSIVE"
        assert planned.actions[: len(aside)] == tuple(aside)
        assert (await apply(session, options, confirmed=planned)).applied
        assert not (await verify(session)).failed()
    moved = set_aside_names(database)
    assert set(moved) == {table}
    assert_kept(database, before, moved)
    assert digest(database, table, ["id"])[0] == 0
    for role in ("anon", "authenticated", "service_role"):
        found = database.execute(
            "select has_table_privilege(%s, format('public.%%I', %s::text)::regclass, 'select')",
            [role, moved[table]],
        ).fetchone()
        assert found == (False,)


async def test_all_of_them_at_once_on_every_server(
    servers: tuple[EmbeddedServer, ...],
    fresh_database: FreshDatabase,
    connect: type[Session],
    admin: Admin,
) -> None:
    for server in servers:
        profile = fresh_database("plain", on=server)
        database = admin(profile)
        make_legacy(database, *ODD)
        before = read_rows(database)
        async with connect(profile) as session:
            with pytest.raises(Conflicted) as caught:
                await apply(session, ApplyOptions(replace_policies=True))
            found = {(c.identity, c.fingerprint) for c in caught.value.conflicts}
            assert found == {(f"public.{table}", shape) for table, shape in ODD.values()}
            assert read_rows(database) == before
            options = ApplyOptions(replace_policies=True, set_aside=True)
            assert (await apply(session, options)).applied
            assert not (await verify(session)).failed()
            assert (await apply(session)).statements_executed == 0
        assert_kept(database, before, set_aside_names(database))


@pytest.mark.parametrize("files", [("right_shape",), tuple(ODD)])
async def test_the_plan_announces_every_lock_on_tables_that_are_there(
    plain_db: Profile, connect: type[Session], admin: Admin, files: tuple[str, ...]
) -> None:
    database = admin(plain_db)
    make_legacy(database, *files)
    tables = database.execute(
        "select oid, 'public.' || relname from pg_class where relkind = 'r'"
        " and relnamespace = 'public'::regnamespace"
    ).fetchall()
    names = dict(tables)
    held: dict[str, str] = {}

    def progress(state: ApplyProgress) -> None:
        if state.phase != "checking":
            return
        for oid, mode in database.execute(
            "select l.relation, l.mode from pg_locks l join pg_stat_activity a using (pid)"
            " where a.datname = current_database() and a.application_name like 'rowsight apply %'"
            " and l.relation is not null"
        ).fetchall():
            words = re.sub(r"(?<!^)(?=[A-Z])", " ", mode.removesuffix("Lock")).upper()
            if oid in names and words in STRENGTH:
                strongest = max(words, held.get(names[oid], words), key=STRENGTH.index)
                held[names[oid]] = strongest

    options = ApplyOptions(replace_policies=True, set_aside=True)
    async with connect(plain_db, purpose="apply") as session:
        planned = await plan(session, options)
        await apply(session, options, on_progress=progress, confirmed=planned)
    assert set(held) == set(names.values())
    assert held == {table.identity: table.lock for table in planned.touched}
    assert all(table.bytes > 0 for table in planned.touched)


async def test_the_same_table_can_be_set_aside_twice_in_a_day(
    plain_db: Profile, connect: type[Session], admin: Admin
) -> None:
    database = admin(plain_db)
    options = ApplyOptions(set_aside=True)
    async with connect(plain_db) as session:
        for _ in range(2):
            database.execute("drop table if exists public.spend")
            database.execute("create table public.spend (id bigint primary key, note text)")
            database.execute("insert into public.spend values (1, 'kept')")
            assert (await apply(session, options)).applied
    names = database.execute(
        "select relname::text from pg_class where relname like 'spend\\_set\\_aside\\_%'"
        " and relkind = 'r' order by 1"
    ).fetchall()
    assert len(names) == 2
    assert names[1][0] == names[0][0] + "_2"
    for (name,) in names:
        assert digest(database, name, ["id", "note"])[0] == 1


@pytest.mark.parametrize(
    ("statement", "reason"),
    [
        ("create view public.spend as select 1 as id", "a view, not a table"),
        ("create table public.spend (id text primary key)", "id is text, not uuid"),
        (
            "create table public.spend (id uuid, day date, primary key (id, day))",
            "its key is PRIMARY KEY (id, day), not PRIMARY KEY (id)",
        ),
        ("create table public.spend (id uuid primary key)", "platform is missing and has no"),
        (
            "create table public.spend (id uuid, date date) partition by range (date)",
            "a partitioned table, not a table",
        ),
    ],
)
async def test_any_other_thing_in_the_way_is_named_and_can_be_set_aside(
    plain_db: Profile, connect: type[Session], admin: Admin, statement: str, reason: str
) -> None:
    database = admin(plain_db)
    database.execute(statement.encode())
    async with connect(plain_db) as session:
        (conflict,) = (await plan(session)).conflicts
        assert conflict.identity == "public.spend"
        assert reason in conflict.reason
        assert (await apply(session, ApplyOptions(set_aside=True))).applied
        assert not (await verify(session)).failed()


async def test_a_type_that_loses_nothing_is_resolved_by_a_cast(
    master_db: Profile, connect: type[Session], admin: Admin
) -> None:
    database = admin(master_db)
    database.execute("alter table public.users alter column name type varchar(200)")
    async with connect(master_db) as session:
        (conflict,) = (await plan(session)).conflicts
        assert conflict.reason == "name is character varying(200), not text"
        for statement in conflict.resolve:
            database.execute(statement.encode())
        assert (await apply(session)).statements_executed == 0


async def test_rows_that_break_a_new_rule_are_named_and_nothing_is_changed(
    plain_db: Profile, connect: type[Session], admin: Admin
) -> None:
    database = admin(plain_db)
    make_legacy(database)
    database.execute("update public.subscriptions set plan = 'platinum' where plan = 'pro'")
    before = read_rows(database)
    async with connect(plain_db) as session:
        with pytest.raises(Exception, match="subscriptions_plan_check"):
            await apply(session, ApplyOptions(replace_policies=True))
    assert read_rows(database) == before
