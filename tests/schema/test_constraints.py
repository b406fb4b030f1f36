"""Keys and checks, by what they refuse and what goes with whom."""

from __future__ import annotations

import psycopg
import pytest
from psycopg import sql

from tests.schema.inventory import ALL_TABLES, FOREIGN_KEYS, UNIQUE
from tests.schema.world import (
    ACME,
    ADA,
    BEN,
    ONE_PER_USER,
    OWN_WORKFLOW,
    ROWS,
    Connection,
    insert,
    second_row,
)

REFUSED = """
users email=nobody
events eventType=renamed
patterns count=-1
relationships weight=-0.1
subscriptions plan=gold
subscriptions status=unknown
cohorts cohortMonth=2025-13
cohorts cohortMonth=2025-1
cohorts cohortMonth=2025-01-01
offers planType=gold
offers discount=-1
offers discount=100.5
offers validFrom=2025-02-01 validTo=2025-01-31
subscriptions currentPeriodStart=2025-02-01 currentPeriodEnd=2025-01-31
privacy_prefs dataRetentionDays=0
privacy_prefs dataRetentionDays=36501
app_allowlist scope=everything
signal_toggles samplingRate=-0.01
signal_toggles samplingRate=1.01
telemetry_events durationMs=-1
retention_policies retentionDays=0
retention_policies retentionDays=36501
organizations plan=gold
organization_members role=king
workflow_versions version=0
workflow_executions status=unknown
workflow_executions startedAt=2025-01-02 completedAt=2025-01-01
workflow_runs status=unknown
workflow_runs retries=-1
spend spend_cents=-1
spend clicks=-1
spend impressions=-1
spend conv=-1
metrics_daily sessions=-1
metrics_daily orders=-1
metrics_daily add_to_carts=-1
metrics_daily traffic=-1
metrics_daily conversion_rate=-0.5
"""

ACCEPTED = """
events eventType=accessed
patterns count=0
subscriptions plan=enterprise status=past_due
cohorts cohortMonth=2025-12
offers discount=0
offers discount=100
offers validFrom=2025-02-01 validTo=2025-02-01
privacy_prefs dataRetentionDays=1
privacy_prefs dataRetentionDays=36500
signal_toggles samplingRate=0
signal_toggles samplingRate=1
telemetry_events durationMs=0
retention_policies retentionDays=1
organization_members role=owner
workflow_versions version=2
workflow_executions status=completed startedAt=2025-01-01 completedAt=2025-01-01
workflow_runs status=cancelled retries=3
spend spend_cents=0
metrics_daily gross_margin_cents=-1
"""


@pytest.fixture(autouse=True)
def _world(world: dict[str, object]) -> None:
    """Every test here happens among the people of `world`."""


def add(db: Connection, case: str) -> None:
    """Inserts a second row of the case's table with the case's values."""
    table, *assignments = case.split()
    values = dict(assignment.split("=") for assignment in assignments)
    if table in ONE_PER_USER:
        db.execute(sql.SQL("delete from {}").format(sql.Identifier("public", table)))
    row = {"id": None, **second_row(table), **values}
    db.execute(insert(table, {name: value for name, value in row.items() if value is not None}))


@pytest.mark.parametrize("case", REFUSED.strip().splitlines())
def test_check_refuses(db: Connection, case: str) -> None:
    with pytest.raises(psycopg.errors.CheckViolation):
        add(db, case)


@pytest.mark.parametrize("case", ACCEPTED.strip().splitlines())
def test_check_accepts(db: Connection, case: str) -> None:
    add(db, case)


@pytest.mark.parametrize("table", UNIQUE)
def test_unique_key_refuses_a_second_row(db: Connection, table: str) -> None:
    row = {name: value for name, value in ROWS[table].items() if name != "id"}
    with pytest.raises(psycopg.errors.UniqueViolation):
        db.execute(insert(table, row))


@pytest.mark.parametrize("key", FOREIGN_KEYS)
def test_foreign_key_refuses_an_unknown_target(db: Connection, key: str) -> None:
    table, column = key.split(".")
    row = second_row(table) | {column: "00000000-0000-0000-0000-000000000001"}
    with pytest.raises(psycopg.errors.ForeignKeyViolation):
        db.execute(insert(table, row))


def test_references_without_a_key_may_point_anywhere(db: Connection) -> None:
    db.execute(insert("workflow_runs", {"user_id": ADA, "workflow_id": "of another system"}))
    stranger = {"event_name": "x", "user_id": "00000000-0000-0000-0000-000000000001"}
    db.execute(insert("analytics_events", stranger))


def count(db: Connection, table: str, column: str, value: object) -> int:
    """Counts rows by one column."""
    query = sql.SQL("select count(*) from {} where {} = %s").format(
        sql.Identifier("public", table), sql.Identifier(column)
    )
    [[number]] = db.execute(query, (value,)).fetchall()
    return int(number)


def test_erasing_a_user_takes_everything_of_his_but_audit_rows(db: Connection) -> None:
    owned = [
        (table, column)
        for table, columns in ALL_TABLES.items()
        for column in ("userId", "user_id")
        if column in columns.split() and table != "analytics_events"
    ]
    assert all(count(db, table, column, ADA) for table, column in owned)
    before = {
        table: count(db, table, "action", "signed_in") for table in ("audit_logs", "audit_log")
    }
    db.execute("delete from public.users where id = %s", (ADA,))
    assert {
        (table, column): count(db, table, column, ADA) for table, column in owned
    } == dict.fromkeys(owned, 0)
    assert count(db, "workflow_versions", "workflowId", OWN_WORKFLOW) == 0
    after = {
        table: count(db, table, "action", "signed_in") for table in ("audit_logs", "audit_log")
    }
    assert after == before == {"audit_logs": 1, "audit_log": 1}


def test_withdrawing_privacy_prefs_takes_what_was_collected_but_not_the_log(db: Connection) -> None:
    logged = count(db, "privacy_transparency_log", "userId", ADA)
    db.execute('delete from public.privacy_prefs where "userId" = %s', (ADA,))
    for table in ("app_allowlist", "signal_toggles", "telemetry_events"):
        assert count(db, table, "userId", ADA) == 0
    # the three deletions themselves are on record
    assert count(db, "privacy_transparency_log", "userId", ADA) == logged + 3


def test_dissolving_an_organization_takes_its_members_workflows_and_integrations(
    db: Connection,
) -> None:
    db.execute("delete from public.organizations where id = %s", (ACME,))
    for table in ("organization_members", "workflows", "user_integrations"):
        assert count(db, table, "organizationId", ACME) == 0
    assert count(db, "workflows", "id", OWN_WORKFLOW) == 1
    assert count(db, "users", "id", BEN) == 1
