"""Apply: verified or nothing, and nothing at all where nothing is to be done."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import psycopg
import pytest

from console.connection.embedded import EmbeddedServer
from console.connection.profile import Profile, Secret
from console.connection.session import Session
from console.errors import ConsoleError, Refused
from console.journal import Journal
from console.migration.apply import apply
from console.migration.blockers import APPLY_LOCK
from console.migration.expected import load_expected
from console.migration.model import ApplyOptions, ApplyProgress, Verdict
from console.migration.plan import Conflicted, plan
from console.migration.verify import verify

Admin = Callable[[Profile], psycopg.Connection[Any]]
FreshDatabase = Callable[..., Profile]
STATEMENTS = len(load_expected().statements)


def traces(database: psycopg.Connection[Any]) -> tuple[Any, ...]:
    """What an apply leaves behind: relations, functions, schemas, and transaction ids used."""
    row = database.execute(
        "select (select count(*) from pg_class), (select count(*) from pg_proc),"
        " (select array_agg(nspname::text order by 1) from pg_namespace"
        "  where nspname !~ '^pg_temp|^pg_toast_temp')"
    ).fetchone()
    assert row is not None
    return tuple(row)


async def test_a_fresh_database_gets_everything_on_every_server(
    servers: tuple[EmbeddedServer, ...], fresh_database: FreshDatabase, connect: type[Session]
) -> None:
    for server in servers:
        async with connect(fresh_database("plain", on=server)) as session:
            planned = await plan(session)
            assert planned.verification.verdict is Verdict.NOT_APPLIED
            assert len(planned.actions) == STATEMENTS
            lines = [action.line for action in planned.actions]
            assert lines == [statement.line for statement in load_expected().statements]
            result = await apply(session)
            assert (result.applied, result.statements_executed) == (True, STATEMENTS)
            assert result.verification.verdict is Verdict.IN_SYNC
            assert result.pending == ()
            assert result.retries == 0
            assert result.notices > 0
            assert (await verify(session)).verdict is Verdict.IN_SYNC
            roles = await session.fetch("select name from public.roles order by name")
            assert roles == [("admin",), ("member",), ("owner",)]


async def test_an_empty_database_gets_roles_and_schema_auth_too(
    empty_db: Profile, connect: type[Session]
) -> None:
    async with connect(empty_db) as session:
        assert (await apply(session)).applied
        assert (await verify(session)).verdict is Verdict.IN_SYNC


async def test_progress_tells_phases_statements_and_time(
    plain_db: Profile, connect: type[Session]
) -> None:
    seen: list[ApplyProgress] = []
    async with connect(plain_db) as session:
        await apply(session, on_progress=seen.append)
    phases = list(dict.fromkeys(state.phase for state in seen))
    assert phases == ["verifying", "executing", "checking", "committing"]
    executing = [state for state in seen if state.phase == "executing"]
    assert [state.done for state in executing] == sorted(state.done for state in executing)
    assert executing[-1].done == executing[-1].total >= STATEMENTS
    assert any(state.identity for state in executing)
    assert [state.elapsed for state in seen] == sorted(state.elapsed for state in seen)


async def test_a_matching_database_is_not_touched(
    master_db: Profile, connect: type[Session], admin: Admin
) -> None:
    database = admin(master_db)
    # Whoever asked for the lock of all applies, or for any lock on a table, would wait here.
    with psycopg.connect(superuser_dsn(master_db)) as busy:
        busy.execute("select pg_advisory_xact_lock(%s)", [APPLY_LOCK])
        busy.execute("lock table public.users, public.events in share mode")
        before = database.execute("select pg_snapshot_xmax(pg_current_snapshot())").fetchone()
        phases = []
        async with connect(master_db) as session:
            result = await apply(session, on_progress=lambda state: phases.append(state.phase))
        after = database.execute("select pg_snapshot_xmax(pg_current_snapshot())").fetchone()
    assert (result.applied, result.statements_executed) == (True, 0)
    assert phases == ["verifying"]
    assert before == after, "somebody used a transaction id"
    assert list(Journal().entries()) == []


def superuser_dsn(profile: Profile) -> str:
    return psycopg.conninfo.make_conninfo(**profile.parameters | {"user": "postgres"})


async def test_a_read_only_profile_may_apply(plain_db: Profile, connect: type[Session]) -> None:
    async with connect(replace(plain_db, read_only=True)) as session:
        assert (await apply(session)).applied
        with pytest.raises(Exception, match="read-only"):
            await session.alone("create table public.oops ()")


async def test_a_dry_run_does_it_all_and_leaves_nothing(
    plain_db: Profile, connect: type[Session], admin: Admin
) -> None:
    database = admin(plain_db)
    before = traces(database)
    async with connect(plain_db) as session:
        result = await apply(session, ApplyOptions(dry_run=True))
        assert result.dry_run
        assert not result.applied
        assert not result.history_recorded
        assert result.statements_executed == STATEMENTS
        assert result.verification.verdict is Verdict.IN_SYNC
        assert traces(database) == before
        assert (await apply(session)).applied
    intent = next(entry for entry in Journal().entries() if entry.event == "intent")
    assert "dry run" in intent.action


async def test_only_what_is_wrong_is_mended(
    master_db: Profile, connect: type[Session], admin: Admin
) -> None:
    database = admin(master_db)
    database.execute("alter table public.events disable row level security")
    database.execute("alter policy users_select on public.users using (true)")
    database.execute("alter function public.is_admin() reset search_path")
    database.execute("grant truncate on public.telemetry_events to anon")
    was = database.execute("select xmin from pg_policy where polname = 'events_select'").fetchone()
    async with connect(master_db) as session:
        planned = await plan(session)
        touched = {(action.action, action.kind, action.identity) for action in planned.actions}
        assert touched == {
            ("change", "table", "public.events"),
            ("change", "policy", "users_select on public.users"),
            ("change", "function", "public.is_admin()"),
            ("change", "grant", "TRUNCATE on public.telemetry_events to anon"),
            ("create", "rows", "public.roles"),
        }
        locks = {action.identity: action.lock for action in planned.actions}
        assert locks["public.events"] == "ACCESS EXCLUSIVE"
        assert locks["users_select on public.users"] == "ACCESS EXCLUSIVE"
        assert locks["public.is_admin()"] is None
        # A reader of any other table is not in the way.
        with psycopg.connect(superuser_dsn(master_db)) as reader:
            reader.execute("select count(*) from public.workflows, public.telemetry_events")
            result = await apply(session, confirmed=planned)
        assert result.statements_executed == len(planned.actions)
        assert (await verify(session)).verdict is Verdict.IN_SYNC
    unchanged = database.execute(
        "select xmin from pg_policy where polname = 'events_select'"
    ).fetchone()
    assert unchanged == was


async def test_what_can_not_be_put_on_record_is_not_done(
    plain_db: Profile,
    connect: type[Session],
    monkeypatch: pytest.MonkeyPatch,
    tmp_path: Path,
) -> None:
    (tmp_path / "file").touch()
    monkeypatch.setenv("ROWSIGHT_STATE", str(tmp_path / "file" / "state"))
    async with connect(plain_db) as session:
        with pytest.raises(ConsoleError, match="journal"):
            await apply(session)
        assert (await verify(session)).verdict is Verdict.NOT_APPLIED


async def test_no_secret_reaches_the_journal(plain_db: Profile, connect: type[Session]) -> None:
    async with connect(replace(plain_db, password=Secret("hunter2"))) as session:
        await apply(session)
    text = Journal().path.read_text()
    assert "hunter2" not in text
    assert '"event": "result"' in text


async def test_what_is_replaced_is_kept_in_the_journal(
    master_db: Profile, connect: type[Session], admin: Admin
) -> None:
    database = admin(master_db)
    database.execute("alter policy users_select on public.users using (true)")
    database.execute("create policy hole on public.spend for select to anon using (1 = 1)")
    database.execute(
        "create or replace function public.is_admin() returns boolean language sql as 'select true'"
    )
    async with connect(master_db) as session:
        with pytest.raises(Conflicted) as caught:
            await apply(session)
        (conflict,) = caught.value.conflicts
        assert conflict.identity == "hole on public.spend"
        assert conflict.resolve == ("drop policy hole on public.spend",)
        assert caught.value.exit_code == 6
        assert list(Journal().entries()) == []
        result = await apply(session, ApplyOptions(replace_policies=True))
        assert result.applied
        assert (await verify(session)).verdict is Verdict.IN_SYNC
    intent, done = Journal().entries()
    assert done.facts["outcome"] == "done"
    assert intent.facts["actions"]["drop_policy"] == ["hole on public.spend"]
    kept = {item["identity"]: item["was"] for item in intent.facts["undo"]}
    assert set(kept) == {
        "hole on public.spend",
        "users_select on public.users",
        "public.is_admin()",
    }
    # What is kept brings it back.
    for identity in ("users_select on public.users", "hole on public.spend"):
        database.execute(f"drop policy if exists {identity}".encode())
        database.execute(kept[identity].encode())
    database.execute(kept["public.is_admin()"].encode())
    async with connect(master_db) as session:
        found = {d.identity for d in (await verify(session)).differences}
    assert found == set(kept)


@pytest.mark.parametrize(
    ("statement", "kind"),
    [
        ("create rule sink as on insert to public.events do instead nothing", "rule"),
        (
            "create trigger spy before insert on public.telemetry_events for each row"
            " execute function public.auto_redact_telemetry()",
            "trigger",
        ),
    ],
)
async def test_what_acts_on_our_tables_is_not_dropped_silently(
    master_db: Profile, connect: type[Session], admin: Admin, statement: str, kind: str
) -> None:
    database = admin(master_db)
    database.execute(statement.encode())
    async with connect(master_db) as session:
        with pytest.raises(Conflicted) as caught:
            await apply(session, ApplyOptions(replace_policies=True, set_aside=True))
        (conflict,) = caught.value.conflicts
        assert kind in conflict.reason
        for resolve in conflict.resolve:
            database.execute(resolve.encode())
        assert (await apply(session)).applied


async def test_a_plan_that_no_longer_holds_stops_the_apply(
    master_db: Profile, connect: type[Session], admin: Admin
) -> None:
    database = admin(master_db)
    database.execute("alter table public.events disable row level security")
    async with connect(master_db) as session:
        confirmed = await plan(session)
        database.execute("alter table public.users disable row level security")
        with pytest.raises(Refused, match="not as it was"):
            await apply(session, confirmed=confirmed)
        row = database.execute(
            "select relrowsecurity from pg_class where oid = 'public.events'::regclass"
        ).fetchone()
        assert row == (False,)
        assert (await apply(session, confirmed=await plan(session))).applied
