"""The plan: which rows would go, to the microsecond; and what can't be told is said."""

from __future__ import annotations

import re
from typing import Any

import pytest
from psycopg import sql

from console.connection.profile import Profile
from console.connection.session import Session
from console.errors import NotFound, Refused
from console.operations.announcement import Bounds, PolicyPlan, PolicyStatus, RetentionPlan
from console.operations.retention import measure_policy, plan
from console.operations.rules import RULES
from tests.operations.conftest import (
    Database,
    add_audit_logs,
    add_policy,
    count,
    logged_in,
    make_role,
)
from tests.operations.rows import ADA, ROWS, add

CUT = "2025-03-30 01:30:00+00"
"""Within the hour that Berlin's clocks skip."""


async def planned(profile: Profile, bounds: Bounds | None = None) -> RetentionPlan:
    async with Session(profile) as session:
        return await plan(session, bounds=bounds)


async def policy(profile: Profile, table: str, **how: Any) -> PolicyPlan:
    async with Session(profile) as session:
        return await measure_policy(session, table, **how)


def test_every_table_on_the_list_is_tried_here() -> None:
    assert ROWS.keys() == RULES.keys()


@pytest.mark.parametrize("zone", ["UTC", "Europe/Berlin", "Pacific/Kiritimati", "Etc/GMT+12"])
@pytest.mark.parametrize("table", RULES)
def test_a_row_exactly_at_the_limit_stays(people: Database, table: str, zone: str) -> None:
    rule = RULES[table]
    if rule.date:
        goes, stays = ["2025-03-29", "-infinity"], ["2025-03-30", "2025-03-31", "infinity"]
    else:
        goes = ["2025-03-30 01:29:59.999999+00", "2001-01-01", "-infinity"]
        stays = [CUT, "2025-03-30 01:30:00.000001+00", "2025-03-30 03:30:00+02", "infinity"]
    if table in ("sessions", "mfa_enforced_sessions", "patterns", "relationships"):
        stays = [time for time in stays if time != "2025-03-30 03:30:00+02"] + [
            "2025-03-30 03:30:01+02"
        ]
    if table == "workflow_executions":
        goes.remove("-infinity")  # it can't be completed before it was started
    people.execute(f"delete from public.{table}".encode())
    for time in goes + stays:
        add(people, table, time)
    people.execute(f"set timezone = '{zone}'".encode())
    statement = sql.SQL("select count(*) from {} where {}")
    row = people.execute(statement.format(rule.relation, rule.expired(CUT))).fetchone()
    assert row == (len(goes),)


@pytest.mark.parametrize("table", ["audit_log", "metrics_log", "workflow_executions"])
async def test_a_row_without_a_time_stays(master_db: Profile, people: Database, table: str) -> None:
    add_policy(people, table, 1)
    add(people, table, None)
    found = await policy(master_db, table)
    assert (found.expired_rows, found.exact, found.oldest, found.status) == (
        0,
        True,
        None,
        PolicyStatus.COUNTED,
    )


async def test_only_a_finished_run_goes(master_db: Profile, people: Database) -> None:
    add_policy(people, "workflow_runs", 1)
    for status in ("pending", "running", "completed", "failed", "cancelled"):
        people.execute(
            "insert into public.workflow_runs (user_id, workflow_id, status, updated_at)"
            " values (%s, 'w', %s, '2001-01-01')",
            [ADA, status],
        )
    found = await policy(master_db, "workflow_runs")
    assert (found.expired_rows, found.oldest) == (3, "2001-01-01 00:00:00+00")


async def test_the_plan_tells_what_it_knows(master_db: Profile, people: Database) -> None:
    add_policy(people, "audit_logs", 30)
    add_policy(people, "events", 7, enabled=False)
    add_policy(people, "spend", 365)
    people.execute(
        "update public.retention_policies set \"lastRun\" = '2026-01-02 03:04:05+01'"
        " where \"tableName\" = 'spend'"
    )
    add_audit_logs(people, 300, "40 days")
    add_audit_logs(people, 100, "1 day")
    add(people, "events", "2020-02-03 04:05:06.789+00")
    people.execute("analyze public.audit_logs")
    whole = await planned(master_db)
    audit_logs, events, spend = whole.policies
    assert (audit_logs.table, audit_logs.column, audit_logs.days) == ("audit_logs", "timestamp", 30)
    assert (audit_logs.expired_rows, audit_logs.exact, audit_logs.enabled) == (300, True, True)
    total = people.execute("select pg_total_relation_size('public.audit_logs')").fetchone()
    assert total is not None
    assert audit_logs.bytes == pytest.approx(total[0] * 0.75, rel=0.01)
    assert (events.expired_rows, events.enabled, events.oldest) == (
        1,
        False,
        "2020-02-03 04:05:06.789+00",
    )
    assert (spend.expired_rows, spend.bytes, spend.last_run) == (0, 0, "2026-01-02 02:04:05+00")
    assert count(people, "public.audit_logs") == 400, "a plan changes nothing"
    with pytest.raises(NotFound, match="no retention policy for users"):
        whole.policy("users")


async def test_days_are_as_long_in_every_time_zone(master_db: Profile, people: Database) -> None:
    zone = "America/New_York"
    # A number of days that reaches into the other half of the year, whenever this is run.
    row = people.execute(
        "select min(n) from generate_series(1, 365) n where"
        " (now() at time zone %(zone)s - make_interval(days => n)) at time zone %(zone)s"
        " <> now() - make_interval(hours => 24 * n)",
        {"zone": zone},
    ).fetchone()
    assert row is not None
    days = int(row[0])
    add_policy(people, "events", days)
    for minutes in (-1, 1):
        people.execute(
            'insert into public.events ("userId", "filePath", "eventType", "timestamp")'
            " values (%s, %s, 'created', now() - make_interval(hours => 24 * %s, mins => %s))",
            [ADA, str(minutes), days, minutes],
        )
    name = people.info.dbname
    people.execute(f"alter database {name} set timezone = '{zone}'".encode())
    assert (await policy(master_db, "events")).expired_rows == 1


async def test_what_can_not_be_cleaned_up_is_shown(master_db: Profile, people: Database) -> None:
    odd = "e'v\"il; %s {} \u202e\n"
    for table in ("nonsense", "users", "privacy_transparency_log", odd, "patterns", "utm_tracks"):
        add_policy(people, table, 1)
    add_policy(people, "audit_log", 1)
    people.execute('alter table public.patterns drop column "lastUsed"')
    people.execute("drop table public.utm_tracks")
    found = {one.table: one for one in (await planned(master_db)).policies}
    assert {name: one.status.value for name, one in found.items()} == {
        "nonsense": "unknown table",
        "users": "unknown table",
        "privacy_transparency_log": "unknown table",
        odd: "unknown table",
        "patterns": "no column",
        "utm_tracks": "unknown table",
        "audit_log": "counted",
    }
    assert found["users"].reason == "the clean-up never deletes from it"
    assert found["nonsense"].reason == "no such table"
    assert found["patterns"].reason == "public.patterns has no column lastUsed"
    assert {one.expired_rows for one in found.values() if not one.deletable} == {None}


async def test_a_column_of_another_type_is_no_failure(master_db: Profile, people: Database) -> None:
    add_policy(people, "metrics_log", 1)
    add_policy(people, "audit_log", 1)
    people.execute("alter table public.metrics_log alter column ts drop default")
    people.execute("alter table public.metrics_log alter column ts type boolean using true")
    found = {one.table: one for one in (await planned(master_db)).policies}
    assert found["metrics_log"].status is PolicyStatus.UNAVAILABLE
    assert "operator does not exist" in found["metrics_log"].reason
    assert found["audit_log"].status is PolicyStatus.COUNTED


async def test_a_locked_table_holds_up_no_other(
    master_db: Profile, people: Database, admin: Any
) -> None:
    add_policy(people, "events", 1)
    add_policy(people, "audit_log", 1)
    busy = admin(master_db)
    busy.execute("begin; lock table public.events in access exclusive mode")
    found = {one.table: one for one in (await planned(master_db)).policies}
    assert found["events"].status is PolicyStatus.UNAVAILABLE
    assert "lock" in found["events"].reason
    assert found["audit_log"].status is PolicyStatus.COUNTED
    busy.rollback()


async def test_beyond_the_bound_it_is_an_estimate(master_db: Profile, people: Database) -> None:
    add_policy(people, "audit_logs", 30)
    add_audit_logs(people, 3000)
    people.execute("analyze public.audit_logs")
    found = await policy(master_db, "audit_logs", bounds=Bounds(rows=2999))
    assert (found.exact, found.status) == (False, PolicyStatus.ESTIMATED)
    assert found.expired_rows == pytest.approx(3000, rel=0.1)
    found = await policy(master_db, "audit_logs", bounds=Bounds(rows=3000))
    assert (found.expired_rows, found.exact) == (3000, True)


async def test_what_takes_too_long_to_count_is_an_estimate(
    master_db: Profile, people: Database
) -> None:
    add_policy(people, "audit_logs", 30)
    add_audit_logs(people, 200_000)
    people.execute("analyze public.audit_logs")
    found = await policy(master_db, "audit_logs", bounds=Bounds(seconds=0.001))
    assert (found.exact, found.status) == (False, PolicyStatus.ESTIMATED)
    assert found.expired_rows == pytest.approx(200_000, rel=0.1)
    assert (found.bytes or 0) > 1_000_000


async def test_telemetry_goes_by_each_users_own_limit(master_db: Profile, people: Database) -> None:
    for age in (10, 19, 21, 400):
        people.execute(
            'insert into public.telemetry_events ("userId", "appId", "eventType", "timestamp")'
            " values (%s, 'a', 'b', now() - make_interval(days => %s))",
            [ADA, age],
        )
    (user,) = (await planned(master_db)).telemetry.users
    assert (user.user, user.days, user.expired_rows) == (ADA, 20, 2)
    # Who may become the service role learns the number, not the setting.
    found = await planned(logged_in(master_db, "authenticator"))
    assert [(one.days, one.expired_rows) for one in found.telemetry.users] == [(None, 2)]


async def test_the_service_role_counts_what_it_may_not_read(
    master_db: Profile, people: Database
) -> None:
    add_policy(people, "telemetry_events", 30)
    add_policy(people, "events", 30)
    add(people, "telemetry_events", "2001-01-01")
    add(people, "events", "2001-01-01")
    found = await planned(logged_in(master_db, "authenticator"))
    assert [(one.table, one.expired_rows, one.exact) for one in found.policies] == [
        ("events", 1, True),
        ("telemetry_events", 1, True),
    ]
    assert (found.right.allowed, found.right.role) == (True, "service_role")
    people.execute("update public.retention_policies set enabled = false")
    found = await planned(logged_in(master_db, "authenticator"))
    telemetry = found.policy("telemetry_events")
    assert (telemetry.status, telemetry.expired_rows) == (PolicyStatus.UNAVAILABLE, None)
    assert "only enabled policies" in telemetry.reason


async def test_an_owner_bound_by_policies_is_told_so(master_db: Profile, people: Database) -> None:
    add_policy(people, "telemetry_events", 30)
    add(people, "telemetry_events", "2001-01-01")
    make_role(people, "bound_owner")
    for table in ("retention_policies", "telemetry_events", "privacy_prefs"):
        people.execute(f"alter table public.{table} owner to bound_owner".encode())
    functions = people.execute(
        "select oid::regprocedure::text from pg_proc where pronamespace in"
        " ('public'::regnamespace, 'private'::regnamespace) and proname ~ 'retention|require_all'"
    ).fetchall()
    people.execute("grant usage on schema private to bound_owner")
    for (function,) in functions:
        people.execute(f"alter function {function} owner to bound_owner".encode())
    try:
        found = await planned(logged_in(master_db, "bound_owner"))
        telemetry = found.policy("telemetry_events")
        assert (telemetry.status, telemetry.expired_rows) == (PolicyStatus.UNAVAILABLE, None)
        assert "row-level security hides rows" in telemetry.reason
        assert "row-level security hides rows" in found.telemetry.reason
    finally:
        people.execute("reassign owned by bound_owner to postgres; drop owned by bound_owner")


async def test_who_may_not_see_the_policies_is_refused(
    master_db: Profile, people: Database
) -> None:
    make_role(people, "nobody_special")
    add_policy(people, "events", 30)
    for grants in ("", "grant select on public.retention_policies to nobody_special"):
        if grants:
            people.execute(grants.encode())
        with pytest.raises(Refused) as caught:
            await planned(logged_in(master_db, "nobody_special"))
        assert re.search("hidden from nobody_special", caught.value.message)
        assert "service_role" in caught.value.hint


async def test_a_database_without_policies_says_so(plain_db: Profile) -> None:
    with pytest.raises(NotFound) as caught:
        await planned(plain_db)
    assert "migrate apply" in caught.value.hint
