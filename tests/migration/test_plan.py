"""The plan: what it counts, the locks it announces, and the steps around the commit."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import psycopg
import pytest

from console.connection.profile import Profile
from console.connection.session import Session
from console.migration.expected import load_expected
from console.migration.fingerprints import LiveTable, rename_table, set_aside
from console.migration.model import Action, ApplyOptions, Verdict
from console.migration.phases import BIG, lock_of, phased
from console.migration.plan import plan

Admin = Callable[[Profile], psycopg.Connection[Any]]

# Weakest first, as pg_locks writes them.
MODES = (
    "AccessShareLock",
    "RowShareLock",
    "RowExclusiveLock",
    "ShareUpdateExclusiveLock",
    "ShareLock",
    "ShareRowExclusiveLock",
    "ExclusiveLock",
    "AccessExclusiveLock",
)


@pytest.mark.parametrize(
    "statement",
    [
        "alter table public.events enable row level security",
        "alter table public.events add column extra text",
        'alter table public.events alter column "filePath" set not null',
        "alter table public.events add constraint c check (tool <> '') not valid",
        'alter table public.events drop constraint "events_userId_fkey"',
        'alter table public.events add constraint f foreign key ("userId") references public.users',
        'alter table public.events drop constraint "events_userId_fkey", add constraint'
        ' "events_userId_fkey" foreign key ("userId") references public.users',
        'alter table public.events validate constraint "events_userId_fkey"',
        "alter table public.events disable trigger all",
        "alter table public.events set (fillfactor = 90)",
        "alter table public.events owner to postgres",
        "create index i on public.events (tool)",
        "create unique index if not exists i on public.events (id)",
        "drop index public.idx_events_file_path",
        "reindex index public.idx_events_file_path",
        "create policy p on public.events using (true)",
        "drop policy if exists events_select on public.events",
        "alter policy events_select on public.events using (true)",
        "create or replace trigger t before update on public.events for each row"
        " execute function public.update_updated_at_column('x')",
        "create rule r as on update to public.events do nothing",
        "comment on table public.events is 'x'",
        "insert into public.events select * from public.events",
        "grant select on public.events to anon",
        "revoke all on table public.events from anon",
        "alter table public.events rename to away",
    ],
)
def test_the_announced_lock_is_the_one_the_server_takes(
    master_db: Profile, admin: Admin, statement: str
) -> None:
    database = admin(master_db)
    database.execute("begin")
    oid = database.execute("select 'public.events'::regclass::oid").fetchone()
    assert oid is not None
    database.execute(statement.encode())
    held = database.execute(
        "select mode from pg_locks where pid = pg_backend_pid() and relation = %s", oid
    ).fetchall()
    database.execute("rollback")
    strongest = max((mode for (mode,) in held), key=MODES.index, default="AccessShareLock")
    words = lock_of(statement)
    if words is None:
        assert MODES.index(strongest) <= MODES.index("AccessShareLock")
    else:
        assert strongest == words.title().replace(" ", "") + "Lock"


def steps(kind: str, sql: str, rows: int | None) -> list[tuple[str, bool]]:
    action = Action("create", kind, "x", sql, lock=lock_of(sql), rows_estimate=rows)
    return [(step.sql, step.after_commit) for step in phased(action)]


def test_small_tables_get_everything_in_the_transaction() -> None:
    for sql in ("create index i on t (a)", "alter table t add constraint c check (a > 0)"):
        kind = "index" if "index" in sql else "constraint"
        assert steps(kind, sql, None) == [(sql, False)]
        assert steps(kind, sql, BIG) == [(sql, False)]


def test_big_tables_get_indexes_concurrently_and_constraints_in_two_steps() -> None:
    big = BIG + 1
    assert steps("index", "create unique index if not exists i on t (a)", big) == [
        ("create unique index concurrently if not exists i on t (a)", True)
    ]
    assert steps("index", "drop index public.i", big) == [
        ("drop index concurrently public.i", True)
    ]
    assert steps("constraint", 'alter table t add constraint "c d" CHECK ((a > 0))', big) == [
        ('alter table t add constraint "c d" CHECK ((a > 0)) not valid', False),
        ('alter table t validate constraint "c d"', True),
    ]
    assert steps(
        "constraint",
        "alter table public.t drop constraint f, add constraint f FOREIGN KEY (a) REFERENCES u(id)",
        big,
    ) == [
        (
            "alter table public.t drop constraint f, add constraint f"
            " FOREIGN KEY (a) REFERENCES u(id) not valid",
            False,
        ),
        ("alter table public.t validate constraint f", True),
    ]
    assert steps("constraint", "alter table t validate constraint c", big) == [
        ("alter table t validate constraint c", True)
    ]
    # What foreign keys and upserts lean on is needed at once.
    unique = "alter table t add constraint c UNIQUE (a)"
    assert steps("constraint", unique, big) == [(unique, False)]


async def test_a_plan_counts_what_is_right_and_what_is_not_ours(
    master_db: Profile, connect: type[Session], admin: Admin
) -> None:
    database = admin(master_db)
    async with connect(master_db) as session:
        right = await plan(session)
        total = len(load_expected().objects)
        assert (right.actions, right.conflicts, right.foreign) == ((), (), 0)
        assert right.verification.verdict is Verdict.IN_SYNC
        assert total - right.skipped <= 1, "pgcrypto may be out of reach"
        database.execute("drop index public.idx_events_file_path")
        database.execute("create table public.own (id int)")
        database.execute("create function public.own() returns int language sql as 'select 1'")
        drifted = await plan(session)
    assert drifted.skipped == right.skipped - 1
    assert drifted.foreign == 2
    made, rows = drifted.actions
    assert (made.action, made.kind, made.identity) == (
        "create",
        "index",
        "public.idx_events_file_path",
    )
    assert made.lock == "SHARE"
    assert made.rows_estimate == 0
    assert made.table_bytes is not None
    assert made.table_bytes > 0
    expected = load_expected()
    assert made.offset is not None
    assert expected.sql[made.offset :].startswith(made.sql)
    assert expected.sql.splitlines()[(made.line or 0) - 1].startswith(made.sql[:40])
    assert (rows.kind, rows.identity, rows.lock) == ("rows", "public.roles", "ROW EXCLUSIVE")


async def test_planning_writes_nothing_and_needs_no_privilege(
    master_db: Profile, connect: type[Session], admin: Admin
) -> None:
    database = admin(master_db)
    database.execute("alter table public.users disable row level security")
    database.execute(
        "do $$ begin if to_regrole('onlooker') is null then create role onlooker login; end if;"
        " end $$"
    )
    onlooker = replace(
        master_db, parameters={**master_db.parameters, "user": "onlooker"}, read_only=True
    )
    async with connect(onlooker) as session:
        planned = await plan(session, ApplyOptions(set_aside=True, replace_policies=True))
    assert [action.identity for action in planned.actions] == ["public.users", "public.roles"]


async def test_an_update_in_progress_does_not_hold_up_a_plan(
    master_db: Profile, connect: type[Session], admin: Admin
) -> None:
    database = admin(master_db)
    database.execute("begin")
    database.execute("lock table public.users, public.events in exclusive mode")
    async with connect(master_db) as session:
        assert (await plan(session)).actions == ()
    database.execute("rollback")


def live(name: str, *indexes: str) -> LiveTable:
    return LiveTable(
        identity=f"public.{name}",
        schema="public",
        name=name,
        kind="r",
        rows=1,
        bytes=1,
        columns={},
        primary_key=None,
        indexes=indexes,
    )


def test_renaming_a_table_takes_its_index_names_along() -> None:
    table = live("events", "events_pkey", "idx_events_by_time", "odd", 'we"ird events')
    assert rename_table(table, "past") == (
        'alter table "public"."events" rename to "past"',
        'alter index "public"."events_pkey" rename to "past_pkey"',
        'alter index "public"."idx_events_by_time" rename to "idx_past_by_time"',
        'alter index "public"."odd" rename to "past_odd"',
        'alter index "public"."we""ird events" rename to "past_we""ird events"',
    )


def test_names_stay_within_what_the_server_keeps() -> None:
    name = "e" * 60
    taken: set[str] = set()
    for _ in range(3):
        statements = set_aside(live(name, "é" * 31), taken, "20261122", ("anon",))
        for statement in statements[:2]:
            new = statement.rsplit('"', 2)[1]
            assert len(new.encode()) <= 63
        assert statements[-1].startswith("revoke all on")
    assert len(taken) == 3
