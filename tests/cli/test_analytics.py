"""`analytics show | recompute | import`, `retention set`, and ending sessions from a script."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import psycopg
import pytest
from psycopg.conninfo import make_conninfo

from console.connection.profile import Profile
from tests.cli.conftest import Rowsight
from tests.conftest import Admin

RANGE = ("--from", "2026-11-01", "--to", "2026-11-03")


def dsn(profile: Profile) -> str:
    return make_conninfo(**profile.parameters)


def journal(environment: dict[str, str]) -> list[dict[str, Any]]:
    path = Path(environment["ROWSIGHT_STATE"]) / "journal.jsonl"
    return [json.loads(line) for line in path.read_text().splitlines()] if path.exists() else []


@pytest.fixture
def shop(master_db: Profile, admin: Admin) -> psycopg.Connection[Any]:
    """One order on one of three days."""
    database = admin(master_db)
    database.execute(
        "insert into public.analytics_events (occurred_at, event_name, props) values"
        " ('2026-11-02 10:00+00', 'session_started', '{}'),"
        " ('2026-11-02 10:05+00', 'order_completed', '{\"revenue_cents\": 1250}')"
    )
    return database


def test_days_are_computed_anew_and_shown(
    rowsight: Rowsight, master_db: Profile, shop: Any, environment: dict[str, str]
) -> None:
    before = rowsight("-d", dsn(master_db), "analytics", "show", "--json", *RANGE)
    assert [day["computed"] for day in before.document["days"]] == [False] * 3
    asked = rowsight("-d", dsn(master_db), "analytics", "recompute", *RANGE)
    assert asked.code == 6
    assert "give --yes" in asked.err
    assert journal(environment) == []
    done = rowsight("-d", dsn(master_db), "analytics", "recompute", "--yes", "--json", *RANGE)
    assert done.code == 0
    assert (done.document["days"], done.document["existing"]) == (3, 0)
    assert (done.document["outcome"], done.document["computed"]) == ("done", 3)
    assert {line["operation"] for line in journal(environment)} == {done.document["operation"]}
    shown = rowsight("-d", dsn(master_db), "analytics", "show", *RANGE)
    assert shown.code == 0
    assert "2026-11-02" in shown.out


@pytest.mark.parametrize(
    "arguments",
    [
        ("analytics", "recompute", "--from", "2026-11-03", "--to", "2026-11-01", "--yes"),
        ("analytics", "recompute", "--from", "yesterday", "--to", "2026-11-01", "--yes"),
        ("analytics", "show", "--from", "1990-01-01", "--to", "2026-11-01"),
        ("retention", "set", "events", "--yes"),
        ("health", "--cancel", "1", "--terminate", "2"),
    ],
)
def test_what_makes_no_sense_is_usage(
    rowsight: Rowsight, master_db: Profile, arguments: tuple[str, ...]
) -> None:
    assert rowsight("-d", dsn(master_db), *arguments).code == 2


def test_a_file_is_checked_then_imported(
    rowsight: Rowsight, master_db: Profile, shop: Any, tmp_path: Path
) -> None:
    file = tmp_path / "spend.csv"
    file.write_text("platform,date,spend_cents\nads,2026-11-01,500\nads,tomorrow,1\n")
    into = ("analytics", "import", str(file), "--into", "spend")
    checked = rowsight("-d", dsn(master_db), *into, "--check", "--json")
    assert checked.code == 5
    assert checked.document["rows"] == checked.document["refused"] == 1
    assert checked.document["reasons"][0]["line"] == 3
    count = "select count(*), sum(spend_cents) from public.spend"
    assert shop.execute(count).fetchone() == (0, None)
    assert rowsight("-d", dsn(master_db), *into).code == 6
    assert shop.execute(count).fetchone() == (0, None)
    done = rowsight("-d", dsn(master_db), *into, "--yes", "--json")
    assert done.code == 5
    assert (done.document["written"], done.document["refused"]) == (1, 1)
    assert shop.execute(count).fetchone() == (1, 500)
    missing = rowsight("-d", dsn(master_db), "analytics", "import", "no-such", "--into", "events")
    assert missing.code == 6


def test_a_policy_is_changed_with_its_effect(
    rowsight: Rowsight, master_db: Profile, admin: Admin
) -> None:
    database = admin(master_db)
    database.execute(
        'insert into public.retention_policies ("tableName", "retentionDays")'
        " values ('audit_logs', 30);"
        'insert into public.audit_logs (action, "timestamp")'
        " select 'old', now() - interval '40 days' from generate_series(1, 7)"
    )
    change = ("retention", "set", "audit_logs", "--days", "60", "--json")
    assert rowsight("-d", dsn(master_db), *change).code == 6
    done = rowsight("-d", dsn(master_db), *change, "--yes")
    assert done.code == 0
    rows = [done.document[when]["expired_rows"] for when in ("before", "after")]
    assert (rows, done.document["saved"]) == ([7, 0], True)
    read = 'select "retentionDays", enabled from public.retention_policies'
    assert database.execute(read).fetchone() == (60, True)
    off = rowsight(
        "-d", dsn(master_db), "retention", "set", "audit_logs", "--enabled", "no", "--yes"
    )
    assert off.code == 0
    assert database.execute(read).fetchone() == (60, False)


def test_a_session_is_ended_by_its_number(
    rowsight: Rowsight, master_db: Profile, admin: Admin, environment: dict[str, str]
) -> None:
    victim = admin(master_db)
    pid = str(victim.info.backend_pid)
    assert rowsight("-d", dsn(master_db), "health", "--terminate", pid).code == 6
    victim.execute("select 1")
    done = rowsight("-d", dsn(master_db), "health", "--terminate", pid, "--yes", "--json")
    assert done.code == 0
    assert done.document["ended"] is True
    assert next(line["action"] for line in journal(environment)) == "terminate backend"
    with pytest.raises(psycopg.OperationalError):
        victim.execute("select 1")
    again = rowsight("-d", dsn(master_db), "health", "--terminate", pid, "--yes")
    assert again.code == 1
    assert f"there is no session {pid}" in again.err


def test_limits_of_the_configuration_file_hold(
    rowsight: Rowsight, master_db: Profile, environment: dict[str, str]
) -> None:
    config = Path(environment["ROWSIGHT_CONFIG"])
    config.write_text('[health]\nconnections = [0.001, 0.002]\nsequences = "-,-"\n')
    failed = rowsight("-d", dsn(master_db), "health", "--json")
    checks = {check["name"]: check for check in failed.document["checks"]}
    assert failed.code == 5
    assert checks["connections"]["status"] == "fail"
    assert checks["sequences"]["threshold"] == "no limit"
    given = rowsight("-d", dsn(master_db), "health", "--json", "--limit", "connections=0.9,0.99")
    assert given.code == 0
    config.write_text("[health]\nnonsense = 3\n")
    wrong = rowsight("-d", dsn(master_db), "health")
    assert wrong.code == 2
    assert "health.nonsense" in wrong.err
