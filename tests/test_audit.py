"""`audit = "database"`: what was done is in the database's own log, or is said not to be."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from dataclasses import replace
from datetime import date
from pathlib import Path
from typing import Any

import psycopg
import pytest

from console.access.impersonation import preview
from console.access.looks import Looks
from console.access.people import resolve
from console.connection.profile import Audit, Profile, Secret
from console.connection.session import Session
from console.errors import ConsoleError, NotFound
from console.journal import Journal
from console.migration.apply import apply
from console.migration.model import ApplyOptions
from console.operations.analytics import plan_recompute, recompute
from console.operations.backends import Ending, end_backend
from console.operations.file_rows import Kind, RowFile
from console.operations.health import read_pulse
from console.operations.importing import ImportResult, import_file
from console.operations.policies import preview_change, save_change
from console.operations.retention import plan as plan_retention
from console.operations.run import run as run_retention
from console.ui.app import RowsightApp
from tests.conftest import Admin, FreshDatabase
from tests.ui.screen import until

Database = psycopg.Connection[Any]


@pytest.fixture(autouse=True)
def _own_state(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("ROWSIGHT_STATE", str(tmp_path / "state"))


@pytest.fixture
def audited(master_db: Profile) -> Profile:
    return replace(master_db, audit=Audit.DATABASE)


@pytest.fixture
def database(master_db: Profile, admin: Admin) -> Iterator[Database]:
    with admin(master_db) as connection:
        yield connection


def logged(database: Database) -> list[str]:
    """The actions in the log, in the order they were written."""
    found = database.execute('select action from public.audit_logs order by "timestamp"')
    return [action for (action,) in found]


def result_facts() -> dict[str, Any]:
    return dict(list(Journal().entries())[-1].facts)


async def bring(profile: Profile, folder: Path) -> ImportResult:
    path = folder / "spend.csv"
    path.write_text("platform,date,spend_cents\nx,2026-01-01,1\n")
    async with Session(profile) as session:
        return await import_file(session, RowFile(path, Kind.SPEND))


async def end_other(profile: Profile, other: Database, **how: str) -> Ending:
    async with Session(profile) as session:
        pid = other.info.backend_pid
        (backend,) = [one for one in (await read_pulse(session)).backends if one.pid == pid]
        return await end_backend(session, replace(backend, **how), "terminate")  # type: ignore[arg-type]


async def test_an_import_is_in_both_logs_under_one_operation(
    audited: Profile, database: Database, tmp_path: Path
) -> None:
    result = await bring(audited, tmp_path)
    assert (result.outcome, result.audit) == ("done", "")
    assert logged(database) == ["import.started", "import.done"]
    rows = database.execute(
        'select resource, "resourceId", "userAgent", metadata from public.audit_logs'
        ' order by "timestamp"'
    ).fetchall()
    for resource, operation, agent, metadata in rows:
        assert (resource, operation, agent) == ("spend", result.operation, "rowsight")
        assert metadata["login"] == "postgres"
    assert (rows[1][3]["written"], rows[1][3]["refused"]) == (1, 0)
    assert "audit" not in result_facts()


async def test_without_the_setting_nothing_is_written(
    master_db: Profile, database: Database, tmp_path: Path
) -> None:
    assert (await bring(master_db, tmp_path)).audit is None
    assert logged(database) == []


async def test_as_service_role_where_the_login_may_not(
    audited: Profile, database: Database, tmp_path: Path
) -> None:
    login = replace(audited, parameters=audited.parameters | {"user": "authenticator"})
    assert (await bring(login, tmp_path)).audit == ""
    (found,) = database.execute("select distinct metadata ->> 'login' from public.audit_logs")
    assert found == ("authenticator",)


async def test_days_computed_anew_are_in_the_log(audited: Profile, database: Database) -> None:
    async with Session(audited) as session:
        planned = await plan_recompute(session, date(2026, 1, 1), date(2026, 1, 3))
        assert (await recompute(session, planned)).audit == ""
    assert logged(database) == ["recompute.started", "recompute.done"]


async def test_an_ended_session_is_in_the_log_without_its_password(
    audited: Profile, database: Database, admin: Admin
) -> None:
    other = admin(audited)
    other.execute("alter role authenticator password 'pencil'")
    with_password = replace(audited, password=Secret("sesame"))
    statement = "select 'sesame'; alter role x password 'pencil'"
    ending = await end_other(with_password, other, statement=statement)
    assert (ending.ended, ending.audit) == (True, "")
    assert logged(database) == ["terminate.started", "terminate.done"]
    (text,) = database.execute("select string_agg(metadata::text, '') from public.audit_logs")
    assert "sesame" not in text[0]
    assert "pencil" not in text[0]


async def test_a_failure_is_in_the_log_as_well(
    audited: Profile, database: Database, admin: Admin
) -> None:
    with pytest.raises(NotFound):
        await end_other(audited, admin(audited), started="2001-01-01 00:00:00+00")
    assert logged(database) == ["terminate.started", "terminate.failed"]


async def test_a_missing_table_is_said_and_stops_nothing(
    audited: Profile, database: Database, tmp_path: Path, admin: Admin
) -> None:
    database.execute("drop table public.audit_logs cascade")
    result = await bring(audited, tmp_path)
    assert (result.outcome, result.audit) == ("done", "this database has no such table")
    assert result_facts()["audit"] == "not in audit_logs: this database has no such table"
    with pytest.raises(NotFound) as refused:
        await end_other(audited, admin(audited), started="2001-01-01 00:00:00+00")
    assert "not in audit_logs" in refused.value.detail


async def test_a_login_that_may_not_write_there_is_told_so(
    audited: Profile, database: Database, tmp_path: Path
) -> None:
    database.execute("revoke insert on public.audit_logs from service_role")
    login = replace(audited, parameters=audited.parameters | {"user": "authenticator"})
    result = await bring(login, tmp_path)
    assert (result.outcome, result.audit) == ("done", "permission denied for table audit_logs")


async def test_a_log_that_is_locked_holds_nothing_up(
    audited: Profile, database: Database, tmp_path: Path
) -> None:
    database.execute("begin; lock table public.audit_logs in share mode")
    result = await bring(audited, tmp_path)
    assert result.outcome == "done"
    assert result.audit
    database.execute("rollback")
    assert logged(database) == []


async def test_a_cancel_while_the_log_is_written_leaves_nothing_open(
    audited: Profile, database: Database, tmp_path: Path
) -> None:
    database.execute("begin; lock table public.audit_logs in share mode")
    work = asyncio.create_task(bring(audited, tmp_path))
    waiting = "select exists (select from pg_stat_activity where %s = any(pg_blocking_pids(pid)))"
    async with Session(audited) as other, asyncio.timeout(20):
        while not await other.value(waiting, [database.info.backend_pid]):
            pass
    work.cancel()
    await asyncio.wait({work})
    database.execute("rollback")
    assert [one.facts.get("outcome") for one in Journal().entries()] == [None, "cancelled"]


async def test_an_apply_is_in_the_log_that_it_makes(
    fresh_database: FreshDatabase, admin: Admin
) -> None:
    profile = replace(fresh_database("plain"), audit=Audit.DATABASE, read_only=True)
    async with Session(profile) as session:
        dry = await apply(session, ApplyOptions(dry_run=True))
        assert dry.audit is None
        result = await apply(session)
        assert (result.applied, result.audit) == (True, "")
        assert (await apply(session)).audit is None, "nothing to do"
    with admin(profile) as connection:
        rows = connection.execute(
            'select action, "resourceId", metadata from public.audit_logs'
        ).fetchall()
        ((action, operation, metadata),) = rows
    assert action == "migration.done"
    assert metadata["statements"] == result.statements_executed
    assert operation == list(Journal().entries())[-1].operation


async def test_a_failed_mend_is_in_the_log(
    audited: Profile, database: Database, connect: type[Session]
) -> None:
    database.execute("alter table public.users drop column image")
    database.execute("create role keeper login; grant insert on public.audit_logs to keeper")
    database.execute("alter role keeper bypassrls")
    login = replace(audited, parameters=audited.parameters | {"user": "keeper"})
    only = frozenset({("column", "public.users.image")})
    try:
        async with connect(login) as session:
            with pytest.raises(ConsoleError):
                await apply(session, ApplyOptions(only=only))
        assert logged(database) == ["migration.failed"]
    finally:
        database.execute("drop owned by keeper; drop role keeper")


async def test_what_writes_there_by_itself_does_so_once(
    audited: Profile, database: Database
) -> None:
    database.execute(
        'insert into public.retention_policies ("tableName", "retentionDays")'
        " values ('spend', 30)"
    )
    async with Session(audited) as session:
        await run_retention(session, await plan_retention(session))
        await save_change(session, await preview_change(session, "spend", days=60))
    assert logged(database) == ["retention.started", "retention.run", "retention.policy_changed"]


async def test_whoever_is_looked_as_is_told_once(
    fresh_database: FreshDatabase, admin: Admin
) -> None:
    profile = replace(fresh_database("sample"), audit=Audit.DATABASE, read_only=True)
    said: list[str] = []
    async with Session(profile) as login, preview(login) as acting:
        acting.on_look = Looks(lambda: login.another("audit", read_only=False), said.append)
        ada = await resolve(login, "ada@example.com")
        for persona in (ada, ada, await resolve(login, "anon")):
            async with acting.impersonate(persona) as transaction:
                await transaction.value("select 1")
    assert said == []
    with admin(profile) as connection:
        rows = connection.execute(
            "select metadata ->> 'persona' from public.audit_logs"
            " where action = 'access.viewed_as' order by \"timestamp\""
        ).fetchall()
        assert rows == [("ada@example.com",), ("anon",)]
        seen = connection.execute(
            'select "userId"::text, resource from public.privacy_transparency_log'
            " where action = 'viewed' and resource = 'rows'"
        ).fetchall()
    assert seen == [(ada.user_id, "rows")]


async def test_a_look_that_leaves_no_trace_is_said_once(
    audited: Profile, database: Database
) -> None:
    database.execute("drop table public.audit_logs cascade")
    said: list[str] = []
    async with Session(audited) as login, preview(login) as acting:
        acting.on_look = Looks(lambda: login.another("audit", read_only=False), said.append)
        for name in ("anon", "service_role"):
            async with acting.impersonate(await resolve(login, name)) as transaction:
                assert await transaction.value("select 1") == 1
    assert said == ["this look is not in audit_logs: this database has no such table"]


async def test_the_screen_writes_a_look_down(fresh_database: FreshDatabase, admin: Admin) -> None:
    profile = replace(fresh_database("sample"), audit=Audit.DATABASE, read_only=True)
    app = RowsightApp(profile, table="public.workflows")
    async with app.run_test(size=(100, 30)) as pilot:
        await until(pilot, lambda: app._workspace.query("#pane-0 Rows"))
        async with Session(profile) as login:
            app._workspace.action_adopt(await resolve(login, "anon"))
        with admin(profile) as connection:

            def is_there() -> bool:
                return "access.viewed_as" in logged(connection)

            await until(pilot, is_there)


def test_the_profile_says_where(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    from console.connection.config import load_profiles
    from console.errors import UsageError

    file = tmp_path / "config.toml"
    monkeypatch.setenv("ROWSIGHT_CONFIG", str(file))
    file.write_text('[profiles.a]\nhost = "h"\naudit = "database"\n[profiles.b]\nhost = "h"\n')
    found = load_profiles()
    assert (found["a"].audit, found["b"].audit) == (Audit.DATABASE, Audit.JOURNAL)
    file.write_text("[profiles.a]\naudit = true\n")
    with pytest.raises(UsageError, match=r"profiles\.a\.audit is not one of journal, database"):
        load_profiles()
