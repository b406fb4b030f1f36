"""Changing a policy: its effect first, then exactly that, or nothing."""

from __future__ import annotations

from dataclasses import replace

import pytest

from console.connection.profile import Profile
from console.connection.session import Session
from console.errors import DatabaseFailed, NotFound, Refused, UsageError
from console.journal import Journal
from console.operations.policies import preview_change, save_change
from tests.operations.conftest import Database, add_audit_logs, add_policy, logged_in


def policies(database: Database) -> list[tuple[object, ...]]:
    return database.execute(
        'select "tableName", "retentionDays", enabled from public.retention_policies order by 1'
    ).fetchall()


async def test_the_effect_is_known_before_it_is_saved(
    master_db: Profile, database: Database
) -> None:
    add_policy(database, "audit_logs", 365, enabled=False)
    add_policy(database, "events", 30)
    add_audit_logs(database, 60, "40 days")
    add_audit_logs(database, 40, "10 days")
    async with Session(master_db) as session:
        change = await preview_change(session, "audit_logs", days=30, enabled=True)
        assert change.changes
        assert (change.before.days, change.before.enabled, change.before.expired_rows) == (
            *(365, False),
            0,
        )
        assert (change.after.days, change.after.enabled, change.after.expired_rows) == (
            *(30, True),
            60,
        )
        assert policies(database)[0] == ("audit_logs", 365, False), "nothing is saved yet"
        operation = await save_change(session, change)
    assert policies(database) == [("audit_logs", 30, True), ("events", 30, True)]
    intent, result = Journal().entries()
    assert (intent.action, intent.operation) == ("retention policy", operation)
    assert intent.facts["after"] == {"days": 30, "enabled": True}
    assert result.facts["outcome"] == "done"
    row = database.execute(
        'select "resourceId", metadata from public.audit_logs'
        " where action = 'retention.policy_changed'"
    ).fetchone()
    assert row is not None
    assert row[0] == operation
    assert row[1]["before"] == {"days": 365, "enabled": False}
    assert row[1]["table"] == "audit_logs"


async def test_who_may_become_the_service_role_may_change_it(
    master_db: Profile, database: Database
) -> None:
    add_policy(database, "events", 30)
    async with Session(logged_in(master_db, "authenticator")) as session:
        await save_change(session, await preview_change(session, "events", days=31))
    assert policies(database) == [("events", 31, True)]


async def test_a_policy_that_somebody_changed_is_left_alone(
    master_db: Profile, database: Database
) -> None:
    add_policy(database, "events", 30)
    async with Session(master_db) as session:
        change = await preview_change(session, "events", days=10)
        database.execute('update public.retention_policies set "retentionDays" = 90')
        with pytest.raises(Refused, match="meanwhile"):
            await save_change(session, change)
    assert policies(database) == [("events", 90, True)]
    assert database.execute("select count(*) from public.audit_logs").fetchone() == (0,)
    assert list(Journal().entries())[-1].facts["outcome"] == "failed"


@pytest.mark.parametrize("days", [0, -1, 36_501])
async def test_days_have_bounds(master_db: Profile, database: Database, days: int) -> None:
    add_policy(database, "events", 30)
    async with Session(master_db) as session:
        with pytest.raises(UsageError):
            await preview_change(session, "events", days=days)


async def test_what_does_not_change_is_known(master_db: Profile, database: Database) -> None:
    add_policy(database, "events", 30)
    async with Session(master_db) as session:
        assert not (await preview_change(session, "events", days=30, enabled=True)).changes
        with pytest.raises(NotFound):
            await preview_change(session, "spend", days=30)


async def test_without_write_mode_nothing_is_saved(master_db: Profile, database: Database) -> None:
    add_policy(database, "events", 30)
    async with Session(replace(master_db, read_only=True)) as session:
        change = await preview_change(session, "events", days=10)
        with pytest.raises(Refused, match="read-only"):
            await save_change(session, change)
    assert policies(database) == [("events", 30, True)]


async def test_nothing_changes_off_the_record(master_db: Profile, database: Database) -> None:
    add_policy(database, "events", 30)
    database.execute("revoke insert on public.audit_logs from service_role")
    async with Session(logged_in(master_db, "authenticator")) as session:
        change = await preview_change(session, "events", days=10)
        with pytest.raises(DatabaseFailed, match="audit_logs"):
            await save_change(session, change)
    assert policies(database) == [("events", 30, True)]
