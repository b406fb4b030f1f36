"""Sizes, index usage and health, against what is known to be there."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date, datetime
from typing import Any

import pytest
from psycopg.rows import dict_row

from console.connection.embedded import EmbeddedServer
from tests.conftest import FreshDatabase, superuser
from tests.schema.inventory import ALL_TABLES, EXTRA_INDEXES, INDEXES, UNIQUE
from tests.schema.world import ADA, STAN, Connection, acting, insert

HEALTHY = {
    "status": "ok",
    "events": 0,
    "latest_event_at": None,
    "spend_days": 0,
    "metrics_days": 0,
    "latest_metrics_day": None,
    "tables_without_rls": 0,
    "invalid_indexes": 0,
    "stuck_runs": 0,
    "failed_runs_last_day": 0,
    "retention_overdue": 0,
}


def rows(db: Connection, function: str) -> list[dict[str, Any]]:
    """Calls a function as the service role; returns its rows by column name."""
    with acting(db, "service"), db.cursor(row_factory=dict_row) as cursor:
        return cursor.execute(f"select * from public.{function}()".encode()).fetchall()


def health(db: Connection) -> dict[str, Any]:
    """Returns the system's health without the time of the check."""
    [row] = rows(db, "system_healthcheck")
    [report] = row.values()
    checked_at = datetime.fromisoformat(report.pop("checked_at"))
    assert db.execute("select %s = now()", (checked_at,)).fetchall() == [(True,)]
    assert isinstance(report, dict)
    return report


@pytest.fixture
def committed(fresh_database: FreshDatabase, schema_server: EmbeddedServer) -> Iterator[Connection]:
    """A superuser's connection that commits, since statistics are of what is committed."""
    name = fresh_database("master", on=schema_server).parameters["dbname"]
    with superuser(schema_server, name) as connection:
        yield connection


# Sizes and usage -------------------------------------------------------------------------------


def test_table_sizes(committed: Connection) -> None:
    committed.execute(
        "insert into public.spend (platform, date) select 'p', '2025-01-01'"
        " from generate_series(1, 5000)"
    )
    committed.execute("analyze public.spend")
    sizes = {row["table_name"]: row for row in rows(committed, "get_table_sizes")}
    assert set(sizes) == set(ALL_TABLES)
    for name, row in sizes.items():
        [expected] = committed.execute(
            "select pg_table_size(r), pg_indexes_size(r), pg_total_relation_size(r)"
            " from cast(%s as regclass) r",
            (f"public.{name}",),
        ).fetchall()
        assert (row["table_bytes"], row["index_bytes"], row["total_bytes"]) == expected
        assert row["total_bytes"] == row["table_bytes"] + row["index_bytes"]
    assert sizes["spend"]["row_estimate"] == 5000
    assert next(iter(sizes)) == "spend"  # the biggest comes first


def test_estimate_of_a_table_that_was_never_analysed_is_unknown(db: Connection) -> None:
    db.execute("create table public.untouched ()")
    sizes = {row["table_name"]: row["row_estimate"] for row in rows(db, "get_table_sizes")}
    assert sizes["untouched"] is None


def test_index_usage(committed: Connection) -> None:
    committed.execute(
        "insert into public.spend (platform, date) select 'p', '2025-01-01'::date + n"
        " from generate_series(1, 10) n"
    )
    usage = "select count(*) from public.spend where date = '2025-01-04'"
    committed.execute("set enable_seqscan = off")
    for _ in range(3):
        assert committed.execute(usage).fetchall() == [(1,)]
    committed.execute("select pg_stat_force_next_flush()")
    indexes = {row["index_name"]: row for row in rows(committed, "get_index_usage")}
    keys = sum(map(len, UNIQUE.values())) + len(ALL_TABLES)
    plain = set(INDEXES | EXTRA_INDEXES)
    assert plain <= set(indexes)
    assert len(indexes) == len(plain - {"idx_users_email", "idx_sessions_token"}) + keys
    for name, table in (INDEXES | EXTRA_INDEXES).items():
        assert indexes[name]["table_name"] == table
    used = indexes["idx_spend_date"]
    assert (used["scans"], used["tuples_read"]) == (3, 3)
    assert not used["is_unique"]
    assert indexes["idx_users_email"]["is_unique"]
    [[size]] = committed.execute("select pg_relation_size('public.idx_spend_date')").fetchall()
    assert used["index_bytes"] == size
    assert next(iter(indexes)) != "idx_spend_date"  # the unused come first


# Privacy ---------------------------------------------------------------------------------------


def test_privacy_health_of_nobody(db: Connection) -> None:
    assert {
        row["table_name"]: row["total_rows"] for row in rows(db, "privacy_guardian_health_check")
    } == {
        "privacy_prefs": 0,
        "app_allowlist": 0,
        "signal_toggles": 0,
        "telemetry_events": 0,
        "privacy_transparency_log": 0,
    }


def test_privacy_health_is_of_everybody_and_tells_of_nobody(
    db: Connection, world: dict[str, object]
) -> None:
    db.execute(insert("privacy_prefs", {"userId": STAN, "createdAt": "2020-01-01T00:00Z"}))
    for at in ("2021-01-01T00:00Z", "2031-01-01T00:00Z"):
        row = {"userId": STAN, "appId": "a", "eventType": "b", "timestamp": at}
        db.execute(insert("telemetry_events", row))
    report = {row["table_name"]: row for row in rows(db, "privacy_guardian_health_check")}
    assert set(report["privacy_prefs"]) == {
        "table_name",
        "total_rows",
        "oldest_timestamp",
        "newest_timestamp",
    }
    assert {name: row["total_rows"] for name, row in report.items()} == {
        "privacy_prefs": 2,
        "app_allowlist": 1,
        "signal_toggles": 1,
        "telemetry_events": 3,  # two of Stan's, one of Ada's
        "privacy_transparency_log": 5,  # one written by hand, four told by triggers
    }
    [[now]] = db.execute("select now()").fetchall()
    prefs, events = report["privacy_prefs"], report["telemetry_events"]
    assert (prefs["oldest_timestamp"].year, prefs["newest_timestamp"]) == (2020, now)
    assert (events["oldest_timestamp"].year, events["newest_timestamp"].year) == (2021, 2031)
    assert str(ADA) not in str(report)
    assert str(STAN) not in str(report)


# The system ------------------------------------------------------------------------------------


def test_health_of_an_empty_database(db: Connection) -> None:
    assert health(db) == HEALTHY


def test_health_with_known_data(db: Connection, world: dict[str, object]) -> None:
    db.execute(insert("analytics_events", {"event_name": "x", "occurred_at": "2031-01-01T00:00Z"}))
    for day in ("2025-01-01", "2025-01-05"):
        db.execute(insert("spend", {"platform": "p", "date": day}))
    report = health(db)
    assert datetime.fromisoformat(report.pop("latest_event_at")).year == 2031
    assert date.fromisoformat(report.pop("latest_metrics_day")) == date(2025, 1, 1)
    assert report == {
        name: value for name, value in HEALTHY.items() if not name.startswith("latest")
    } | {"events": 2, "spend_days": 2, "metrics_days": 1}


@pytest.mark.parametrize(
    ("trouble", "finding", "status"),
    [
        ("alter table public.spend disable row level security", "tables_without_rls", "error"),
        ("create table public.loose (id int)", "tables_without_rls", "error"),
        (
            "update pg_index set indisvalid = false"
            " where indexrelid = 'public.idx_spend_date'::regclass",
            "invalid_indexes",
            "error",
        ),
        (
            "update public.retention_policies set \"lastRun\" = now() - interval '3 days'",
            "retention_overdue",
            "warning",
        ),
        (
            "insert into public.workflow_runs (user_id, workflow_id, status, updated_at)"
            " select id, 'w', 'running', now() - interval '1 hour 1 second'"
            " from public.users limit 1",
            "stuck_runs",
            "warning",
        ),
        (
            "insert into public.workflow_runs (user_id, workflow_id, status)"
            " select id, 'w', 'failed' from public.users limit 1",
            "failed_runs_last_day",
            "ok",
        ),
    ],
)
def test_trouble_is_found(
    db: Connection, world: dict[str, object], trouble: str, finding: str, status: str
) -> None:
    before = health(db)
    db.execute(trouble.encode())
    assert health(db) == before | {finding: 1, "status": status}


@pytest.mark.parametrize(
    "quiet",
    [
        "insert into public.workflow_runs (user_id, workflow_id, status, updated_at)"
        " select id, 'w', 'running', now() - interval '59 minutes' from public.users limit 1",
        "insert into public.workflow_runs (user_id, workflow_id, status, updated_at)"
        " select id, 'w', 'failed', now() - interval '1 day 1 second' from public.users limit 1",
        "update public.retention_policies set \"lastRun\" = now() - interval '3 days',"
        " enabled = false",
    ],
)
def test_no_trouble_is_made_up(db: Connection, world: dict[str, object], quiet: str) -> None:
    before = health(db)
    db.execute(quiet.encode())
    assert health(db) == before


# audit_rls_violation ----------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("attempted", "known"),
    [(str(ADA), True), ("00000000-0000-0000-0000-000000000001", False), (None, False)],
)
def test_violation_is_recorded(
    db: Connection, world: dict[str, object], attempted: str | None, known: bool
) -> None:
    db.execute("delete from public.audit_logs")
    with acting(db, "service"):
        db.execute("select public.audit_rls_violation('workflows', %s, 'DELETE')", (attempted,))
    with db.cursor(row_factory=dict_row) as cursor:
        [entry] = cursor.execute("select * from public.audit_logs").fetchall()
    assert entry["userId"] == (ADA if known else None)
    assert (entry["action"], entry["resource"]) == ("rls_violation", "workflows")
    assert entry["metadata"] == {"operation": "DELETE", "attempted_user_id": attempted}
    assert db.execute("select now() = %s", (entry["timestamp"],)).fetchall() == [(True,)]
