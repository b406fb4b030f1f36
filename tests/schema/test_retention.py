"""Clean-up of old data: what goes, what stays, at the limit itself; its three forms agree."""

from __future__ import annotations

import threading
from typing import Any

import psycopg
import pytest
from psycopg import sql

from console.connection.embedded import EmbeddedServer
from tests.conftest import FreshDatabase, superuser
from tests.schema.cleanup import call, left, policy
from tests.schema.inventory import ALL_TABLES
from tests.schema.world import ADA, OWN_WORKFLOW, Connection, insert

DAYS = 30
TIMES: dict[str, tuple[str, dict[str, object]]] = {
    "events": ("timestamp", {"userId": ADA, "filePath": "/a", "eventType": "created"}),
    "utm_tracks": ("timestamp", {"userId": ADA}),
    "audit_logs": ("timestamp", {"action": "x"}),
    "telemetry_events": ("timestamp", {"userId": ADA, "appId": "a", "eventType": "b"}),
    "audit_log": ("ts", {"action": "x"}),
    "metrics_log": ("ts", {"source": "x", "metric": "{}"}),
    "analytics_events": ("occurred_at", {"event_name": "x"}),
    "sessions": ("expiresAt", {"userId": ADA, "token": "#"}),
    "mfa_enforced_sessions": ("expiresAt", {"userId": ADA, "sessionToken": "#"}),
    "workflow_executions": ("completedAt", {"workflowId": OWN_WORKFLOW, "startedAt": "2001-01-01"}),
    "workflow_runs": ("updated_at", {"user_id": ADA, "workflow_id": "w", "status": "failed"}),
    "spend": ("date", {"platform": "x"}),
    "metrics_daily": ("day", {}),
    "patterns": ("lastUsed", {"userId": ADA, "fileExtension": "#"}),
    "relationships": (
        "lastSeen",
        {"userId": ADA, "sourceFile": "#", "targetFile": "y", "relationType": "z"},
    ),
}
"""Table to (what its age is read from, what a row of it needs); `#` becomes unique."""

DATES = {"spend", "metrics_daily"}
NULLABLE_TIMES = {"audit_log", "metrics_log", "workflow_executions"}
NEVER = [*sorted(set(ALL_TABLES) - set(TIMES)), "pg_class", "Events", 'events" where true; --', ""]

# Of the rows that `fill` makes, the ages that are past the limit.
AGES = {"exactly": "0 s", "a moment less": "-1 us", "a moment more": "1 us", "a year": "365 days"}
DAY_AGES = {"exactly": "0 d", "a moment less": "-1 d", "a moment more": "1 d", "a year": "365 d"}
EXPIRED = {"a moment more", "a year"}


@pytest.fixture(autouse=True)
def _world(world: dict[str, object], db: Connection) -> None:
    """Every test here happens among the people of `world`, without their policy on events."""
    db.execute("delete from public.retention_policies")
    db.execute("set local timezone = 'UTC'")


def fill(db: Connection, table: str) -> dict[Any, str]:
    """Empties a table and adds one row of each age; returns id to age."""
    column, row = TIMES[table]
    db.execute(sql.SQL("delete from {}").format(sql.Identifier("public", table)))
    ages = DAY_AGES if table in DATES else AGES
    made = {}
    for age, beyond in ages.items():
        time = f"now() - interval '{DAYS} days' - interval '{beyond}'"
        [[at]] = db.execute(
            f"select ({time}){'::date' * (table in DATES)}::text".encode()
        ).fetchall()
        values = {name: age if value == "#" else value for name, value in row.items()}
        cursor = db.execute(insert(table, values | {column: at}) + sql.SQL(" returning id"))
        made[cursor.fetchall()[0][0]] = age
    return made


def last_runs(db: Connection) -> dict[str, bool]:
    """Tells of each policy whether it ran just now."""
    query = (
        'select "tableName", "lastRun" is not distinct from now() from public.retention_policies'
    )
    return dict(db.execute(query).fetchall())


@pytest.mark.parametrize("table", TIMES)
def test_goes_when_older_than_the_limit(db: Connection, table: str) -> None:
    ages = fill(db, table)
    policy(db, table)
    assert call(db, "count_retention_data()") == [(table, 2, "counted")]
    assert left(db, table) == set(ages)
    assert call(db, "cleanup_retention_data()") == [(table, 2, "deleted")]
    assert left(db, table) == {id_ for id_, age in ages.items() if age not in EXPIRED}
    assert last_runs(db) == {table: True}
    assert call(db, "count_retention_data()") == [(table, 0, "counted")]
    assert call(db, "cleanup_retention_data()") == [(table, 0, "deleted")]


@pytest.mark.parametrize("table", TIMES)
def test_batches_delete_what_the_whole_would(db: Connection, table: str) -> None:
    ages = fill(db, table)
    policy(db, table)
    assert call(db, "cleanup_retention_batch(%s, 1)", table) == [(1, 1)]
    assert len(left(db, table)) == len(ages) - 1
    assert last_runs(db) == {table: False}
    assert call(db, "cleanup_retention_batch(%s, 100)", table) == [(1, 1)]
    assert last_runs(db) == {table: True}
    assert call(db, "cleanup_retention_batch(%s, 100)", table) == [(0, 0)]
    assert left(db, table) == {id_ for id_, age in ages.items() if age not in EXPIRED}


@pytest.mark.parametrize("table", sorted(NULLABLE_TIMES))
def test_row_without_a_time_stays(db: Connection, table: str) -> None:
    column, row = TIMES[table]
    db.execute(sql.SQL("delete from {}").format(sql.Identifier("public", table)))
    db.execute(insert(table, row | {column: None}))
    policy(db, table, days=1)
    assert call(db, "count_retention_data()") == [(table, 0, "counted")]
    assert call(db, "cleanup_retention_data()") == [(table, 0, "deleted")]
    assert len(left(db, table)) == 1


@pytest.mark.parametrize(
    ("status", "goes"),
    [
        ("completed", True),
        ("failed", True),
        ("cancelled", True),
        ("pending", False),
        ("running", False),
    ],
)
def test_run_goes_only_when_it_is_finished(db: Connection, status: str, goes: bool) -> None:
    db.execute("delete from public.workflow_runs")
    row = TIMES["workflow_runs"][1] | {"status": status, "updated_at": "2001-01-01"}
    db.execute(insert("workflow_runs", row))
    policy(db, "workflow_runs")
    assert call(db, "cleanup_retention_data()") == [("workflow_runs", int(goes), "deleted")]


def test_disabled_policy_does_nothing(db: Connection) -> None:
    ages = fill(db, "events")
    policy(db, "events", enabled=False)
    assert call(db, "count_retention_data()") == []
    assert call(db, "cleanup_retention_data()") == []
    with pytest.raises(psycopg.errors.InvalidParameterValue):
        call(db, "cleanup_retention_batch('events', 10)")
    assert left(db, "events") == set(ages)
    assert last_runs(db) == {"events": False}


@pytest.mark.parametrize("table", NEVER)
def test_table_that_is_not_on_the_list_is_left_alone_and_told(db: Connection, table: str) -> None:
    contents = {name: left(db, name) for name in ALL_TABLES if name != "retention_policies"}
    policy(db, table, days=1)
    assert call(db, "count_retention_data()") == [(table, 0, "unknown table")]
    assert call(db, "cleanup_retention_data()") == [(table, 0, "unknown table")]
    with pytest.raises(psycopg.errors.InvalidParameterValue):
        call(db, "cleanup_retention_batch(%s, 10)", table)
    assert {name: left(db, name) for name in contents} == contents


def test_unknown_table_does_not_keep_the_others_from_their_turn(db: Connection) -> None:
    fill(db, "events")
    fill(db, "spend")
    policy(db, "events")
    policy(db, "nonsense")
    policy(db, "spend", days=36500)
    assert call(db, "cleanup_retention_data()") == [
        ("events", 2, "deleted"),
        ("nonsense", 0, "unknown table"),
        ("spend", 0, "deleted"),
    ]


def test_without_policies_nothing_goes(db: Connection) -> None:
    ages = fill(db, "events")
    assert call(db, "cleanup_retention_data()") == []
    assert left(db, "events") == set(ages)


def test_batches_never_take_more_than_asked_and_agree_with_the_count(db: Connection) -> None:
    db.execute(
        'insert into public.events ("userId", "filePath", "eventType", "timestamp")'
        " select %s, '/' || n, 'created', now() - make_interval(days => n)"
        " from generate_series(1, 55) n",
        (ADA,),
    )
    policy(db, "events")
    [(_, expected, _)] = call(db, "count_retention_data()")
    assert expected == 25  # 31 to 55 days old
    batches: list[tuple[int, int]] = []
    while not batches or batches[-1][0]:
        batches += call(db, "cleanup_retention_batch('events', 10)")
    assert batches == [(10, 10), (10, 10), (5, 5), (0, 0)]
    assert call(db, "count_retention_data()") == [("events", 0, "counted")]


def test_row_that_is_renewed_meanwhile_stays_and_does_not_end_the_clean_up(
    fresh_database: FreshDatabase, schema_server: EmbeddedServer
) -> None:
    name = fresh_database("master", on=schema_server).parameters["dbname"]
    results: list[list[tuple[Any, ...]]] = []

    def clean_up() -> None:
        with superuser(schema_server, name) as connection:
            batch = "select * from public.cleanup_retention_batch('analytics_events', 1)"
            results.extend(connection.execute(batch).fetchall() for _ in range(3))

    waiting = "select from pg_stat_activity where wait_event_type = 'Lock' and datname = %s"
    with superuser(schema_server, name) as watcher, superuser(schema_server, name) as writer:
        policy(writer, "analytics_events")
        for event in ("renewed", "old"):
            row = {"event_name": event, "occurred_at": "2001-01-01"}
            writer.execute(insert("analytics_events", row))
        with writer.transaction():
            writer.execute(
                "update public.analytics_events set occurred_at = now()"
                " where event_name = 'renewed'"
            )
            thread = threading.Thread(target=clean_up)
            thread.start()
            while thread.is_alive() and not watcher.execute(waiting, (name,)).fetchall():
                pass
        thread.join()
        kept = watcher.execute("select event_name from public.analytics_events").fetchall()
    assert kept == [("renewed",)]
    assert results == [[(1, 0)], [(1, 1)], [(0, 0)]]


@pytest.mark.parametrize(
    "function", ["cleanup_retention_batch('events', %s)", "cleanup_telemetry_batch(%s)"]
)
@pytest.mark.parametrize("limit", [0, -1, None])
def test_batch_without_a_size_is_refused(db: Connection, function: str, limit: int | None) -> None:
    policy(db, "events")
    with pytest.raises(psycopg.errors.InvalidParameterValue):
        call(db, function, limit)
