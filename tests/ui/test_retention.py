"""The retention pane, on real databases."""

from __future__ import annotations

import contextlib
from collections.abc import AsyncIterator
from typing import Any

import psycopg
import pytest
from textual.pilot import Pilot

from console.connection.profile import Environment, Profile
from console.journal import Journal
from console.ui.app import RowsightApp
from console.ui.dialogs import TypeTheName
from console.ui.migration.pane import MigrationPane
from console.ui.retention.pane import RetentionPane
from tests.conftest import Admin
from tests.operations.conftest import add_audit_logs, add_policy, count, logged_in, make_role
from tests.ui.conftest import writable
from tests.ui.screen import focused_field, lines, text, until, write
from tests.ui.test_migration import read_only

Database = psycopg.Connection[Any]
OLD = "action = 'old.row'"
SLOWLY = """
create function public.slowly() returns trigger language plpgsql as $$
begin perform pg_sleep(0.2); return null; end $$;
create trigger slowly after delete on public.audit_logs
  for each statement execute function public.slowly()
"""


def pane(app: RowsightApp) -> RetentionPane:
    return app.screen.query_one(RetentionPane)


@pytest.fixture
def old(master_db: Profile, admin: Admin) -> Database:
    """Policies of every kind, 120 old rows of audit_logs, telemetry of one user."""
    database = admin(master_db)
    for table, days, enabled in (
        ("audit_logs", 30, True),
        ("audit_log", 30, True),
        ("events", 30, False),
        ("nonsense", 1, True),
        ("users", 1, True),
    ):
        add_policy(database, table, days, enabled=enabled)
    add_audit_logs(database, 120)
    database.execute(
        "insert into public.users (id, email) values"
        " ('00000000-0000-4000-8000-000000000001', 'a@example.com');"
        'insert into public.privacy_prefs ("userId") select id from public.users;'
        'insert into public.telemetry_events ("userId", "appId", "eventType", "timestamp")'
        " select id, 'a', 'b', '2001-01-01' from public.users, generate_series(1, 2)"
    )
    return database


async def counted(pilot: Pilot[Any]) -> None:
    await until(pilot, "counted")
    await until(pilot, lambda: pane(pilot.app)._doing is None)  # type: ignore[arg-type]


def state_of(app: RowsightApp) -> str:
    """How the run says it stands."""
    state = pane(app).ledger.running.state
    return state.state if state else ""


async def to_policy(pilot: Pilot[Any], table: str) -> None:
    policies = pane(pilot.app).policies  # type: ignore[arg-type]
    policies.cursor = [one.table for one in policies._policies].index(table)
    await pilot.pause()


async def type_the_name(pilot: Pilot[Any], name: str) -> None:
    await until(pilot, "Delete for good?")
    await pilot.pause(0.5)
    await write(pilot, name)
    await pilot.pause(0.5)
    await pilot.press("enter")


async def test_every_policy_is_shown_with_what_would_go(master_db: Profile, old: Database) -> None:
    app = RowsightApp(read_only(master_db), tab=4)
    async with app.run_test(size=(120, 40)) as pilot:
        await counted(pilot)
        rows = {words[0]: line for line in lines(app) if len(words := line.split()) > 1}
        assert "120 rows would go by 1 policy, and 2 of telemetry" in text(app)
        assert rows["audit_logs"].split()[1:4] == ["30", "d", "120"]
        assert rows["events"].split()[1:3] == ["off", "0"]
        assert "✕ no such table" in rows["nonsense"]
        assert "✕ the clean-up never deletes from it" in rows["users"]
        assert rows["telemetry"].split()[3:5] == ["own", "2"]
        assert "Delete" not in lines(app)[-1]
        await pilot.press("x", "m", "t")
        assert app.screen is app._workspace
        await to_policy(pilot, "audit_logs")
        await until(pilot, "120 rows, counted")
        await pilot.press("end")
        await until(pilot, "1 user has set a limit")


async def test_what_is_deleted_was_announced_and_its_name_typed(
    master_db: Profile, old: Database
) -> None:
    app = RowsightApp(writable(master_db), tab=4)
    async with app.run_test(size=(80, 24)) as pilot:
        await counted(pilot)
        await to_policy(pilot, "audit_logs")
        await pilot.press("x")
        await until(pilot, "Delete for good?")
        assert isinstance(app.screen, TypeTheName)
        assert "120 audit_logs" in text(app)
        await type_the_name(pilot, "audit_log")  # a letter short
        await pilot.pause(1)
        assert isinstance(app.screen, TypeTheName)
        assert count(old, "public.audit_logs", OLD) == 120
        focused_field(app).value = ""
        await type_the_name(pilot, "audit_logs")
        await until(pilot, "✓ Done: 120 rows deleted")
        assert "120 of 120 announced rows deleted" in text(app)
        assert count(old, "public.audit_logs", OLD) == 0
        operation = next(entry.operation for entry in Journal().entries())
        assert f"operation {operation}" in text(app)
        audited = old.execute(
            "select action from public.audit_logs where metadata ->> 'operation' = %s"
            ' order by "timestamp"',
            [operation],
        ).fetchall()
        assert audited == [("retention.started",), ("retention.run",)]
        await pilot.press("escape")
        await until(pilot, "and 2 of telemetry")
        await pilot.press("l")
        await until(pilot, "✓ Done: 120 rows deleted")


async def test_what_is_marked_goes_together_by_the_database_s_name(
    master_db: Profile, old: Database
) -> None:
    old.execute("insert into public.audit_log (action, ts) values ('old', '2001-01-01')")
    app = RowsightApp(writable(master_db), tab=4)
    async with app.run_test(size=(80, 24)) as pilot:
        await counted(pilot)
        await to_policy(pilot, "audit_log")
        await pilot.press("space", "space", "end", "space", "x")
        await until(pilot, "123 rows of")
        await type_the_name(pilot, master_db.parameters["dbname"])
        await until(pilot, "✓ Done: 123 rows deleted")
        assert "of 1 user" in text(app)
    assert count(old, "public.audit_logs", OLD) == 0
    assert count(old, "public.telemetry_events") == 0
    assert count(old, "public.users") == 1


async def test_what_must_never_go_is_refused(master_db: Profile, old: Database) -> None:
    add_policy(old, "privacy_transparency_log", 1)
    app = RowsightApp(writable(master_db), tab=4)
    async with app.run_test(size=(120, 24)) as pilot:
        await counted(pilot)
        for table in ("users", "privacy_transparency_log", "nonsense", "events"):
            await to_policy(pilot, table)
            await pilot.press("x")
            await until(pilot, f"✕ {table} is not cleaned up")
            assert app.screen is app._workspace
    assert list(Journal().entries()) == []


@contextlib.asynccontextmanager
async def deleting(
    profile: Profile, old: Database, rows: int
) -> AsyncIterator[tuple[RowsightApp, Pilot[None]]]:
    """A console in the midst of a slow run over so many rows."""
    add_audit_logs(old, rows, "41 days")
    old.execute(SLOWLY.encode())
    app = RowsightApp(writable(profile), tab=4)
    async with app.run_test(size=(80, 24)) as pilot:
        await counted(pilot)
        await to_policy(pilot, "audit_logs")
        await pilot.press("x")
        await type_the_name(pilot, "audit_logs")
        await until(pilot, "a second")
        yield app, pilot


async def test_a_run_is_paused_and_cancelled_between_batches(
    master_db: Profile, old: Database
) -> None:
    async with deleting(master_db, old, 160_000) as (app, pilot):
        await pilot.press("q", "W")  # neither leaves nor changes the mode meanwhile
        await pilot.press("p")
        await until(pilot, "paused: nothing is held meanwhile")
        await until(pilot, lambda: state_of(app) == "paused")
        left = count(old, "public.audit_logs", OLD)
        assert 0 < left < 160_120
        await pilot.press("p")
        await until(pilot, lambda: count(old, "public.audit_logs", OLD) < left)
        await pilot.press("escape")
        await until(pilot, "‖ Cancelled")
        left = count(old, "public.audit_logs", OLD)
        assert f"{160_120 - left:,} rows deleted; what is deleted stays deleted" in text(app)
        assert "of the announced rows are still there" in " ".join(text(app).split())
        assert left > 0
    assert list(Journal().entries())[-1].facts["outcome"] == "cancelled"


async def test_a_second_esc_cuts_the_batch_off(master_db: Profile, old: Database) -> None:
    old.execute(SLOWLY.replace("0.2", "30").encode())
    app = RowsightApp(writable(master_db), tab=4)
    async with app.run_test(size=(80, 24)) as pilot:
        await counted(pilot)
        await to_policy(pilot, "audit_logs")
        await pilot.press("x")
        await type_the_name(pilot, "audit_logs")
        await until(pilot, "● audit_logs")
        await pilot.press("escape")
        await until(pilot, "ends after this batch")
        await pilot.press("escape")
        await until(pilot, "‖ Cut off")
        await until(pilot, lambda: len(list(Journal().entries())) >= 2)
    assert count(old, "public.audit_logs", OLD) == 120
    assert list(Journal().entries())[-1].facts["outcome"] == "cancelled"


async def test_esc_in_another_pane_ends_nothing_here(master_db: Profile, old: Database) -> None:
    async with deleting(master_db, old, 300_000) as (app, pilot):
        await pilot.press("3")
        await until(pilot, lambda: app.screen.query(MigrationPane))
        migration = app.screen.query_one(MigrationPane)
        await until(pilot, lambda: migration._doing is None)
        # Its verify takes as long as this lock is held: esc has something to end on the server.
        blocker = old.info.backend_pid
        old.execute("begin; lock table pg_catalog.pg_policy in access exclusive mode")
        await pilot.press("r")
        await until(pilot, lambda: waits_for(master_db, blocker))
        await pilot.press("escape")
        await until(pilot, lambda: migration._doing is None)
        old.execute("rollback")
        assert pane(app)._control is not None, "the run goes on"
        assert app._workspace.connections.operating
        left = count(old, "public.audit_logs", OLD)
        await until(pilot, lambda: count(old, "public.audit_logs", OLD) < left)
        await pilot.press("5", "escape")
        await until(pilot, "‖ Cancelled")
    assert list(Journal().entries())[-1].facts["outcome"] == "cancelled"


def waits_for(profile: Profile, blocker: int) -> bool:
    """Whether a session of this console waits for that one."""
    with psycopg.connect(**profile.parameters, autocommit=True) as connection:  # type: ignore[arg-type]
        row = connection.execute(
            "select exists (select from pg_stat_activity where %s = any(pg_blocking_pids(pid)))",
            [blocker],
        ).fetchone()
    return row == (True,)


async def test_the_effect_of_a_change_is_shown_before_it_is_saved(
    master_db: Profile, old: Database
) -> None:
    read = 'select "retentionDays", enabled from public.retention_policies where "tableName" = %s'
    app = RowsightApp(writable(master_db), tab=4)
    async with app.run_test(size=(80, 24)) as pilot:
        await counted(pilot)
        await to_policy(pilot, "audit_logs")
        await pilot.press("m")
        await until(pilot, "How long does audit_logs keep its rows?")
        focused_field(app).value = "0"
        await pilot.press("enter")
        await until(pilot, "write 1 to 36,500")
        focused_field(app).value = "60"
        await pilot.press("enter")
        await until(pilot, "Change the policy of audit_logs?")
        assert "30 days   120 rows would go" in text(app)
        assert "60 days   0 rows would go" in text(app)
        await pilot.press("escape")
        assert old.execute(read, ["audit_logs"]).fetchone() == (30, True)
        await pilot.press("t")
        await until(pilot, "30 days, switched off   nothing would go")
        await pilot.pause(0.5)
        await pilot.press("y")
        await until(pilot, lambda: old.execute(read, ["audit_logs"]).fetchone() == (30, False))
        await until(pilot, "2 of telemetry")
    assert next(entry.action for entry in Journal().entries()) == "retention policy"


async def test_without_service_rights_it_is_refused_with_the_reason(
    master_db: Profile, old: Database
) -> None:
    make_role(old, "onlooker", "bypassrls")
    old.execute("grant select on public.retention_policies, public.audit_logs to onlooker")
    app = RowsightApp(writable(logged_in(master_db, "onlooker")), tab=4)
    async with app.run_test(size=(120, 24)) as pilot:
        await counted(pilot)
        refusal = "running is refused: onlooker may not execute public.cleanup_retention_batch"
        await until(pilot, lambda: refusal in " ".join(text(app).split()))
        await to_policy(pilot, "audit_logs")
        await pilot.press("x")
        await until(pilot, "✕ onlooker may not execute")
        assert app.screen is app._workspace
    old.execute("drop owned by onlooker")
    assert count(old, "public.audit_logs", OLD) == 120


async def test_a_database_without_policies_says_so(plain_db: Profile) -> None:
    app = RowsightApp(read_only(plain_db), tab=4)
    async with app.run_test(size=(80, 24)) as pilot:
        await until(pilot, "this database has no retention policies")
        assert "rowsight migrate apply makes the table" in text(app)


async def test_on_every_database_deleting_asks_for_a_name(
    master_db: Profile, old: Database
) -> None:
    app = RowsightApp(writable(master_db, Environment.DEV), tab=4)
    async with app.run_test(size=(80, 24)) as pilot:
        await counted(pilot)
        await to_policy(pilot, "audit_logs")
        await pilot.press("x")
        await until(pilot, "Delete for good?")
        for _ in range(60):
            await pilot.press("enter")
        await pilot.pause(1)
        assert isinstance(app.screen, TypeTheName)
    assert count(old, "public.audit_logs", OLD) == 120
