"""The sample data: loads anywhere, scales, stays the same, is harmless where it should be."""

from __future__ import annotations

import contextlib
import re
import unicodedata
from collections.abc import Callable
from typing import Any

import psycopg
import pytest
from psycopg import sql

from console import assets
from console.connection.embedded import EmbeddedServer
from console.connection.profile import Profile
from console.connection.session import Session
from console.migration.model import Verdict
from console.migration.verify import verify
from tests.schema_sample.conftest import Loaded
from tests.schema_sample.loading import Connection, counts, load, query_text, tables

Admin = Callable[[Profile], psycopg.Connection[tuple[Any, ...]]]

# Rows whose number does not come from the volume.
FIXED = {"feature_flags", "metrics_daily", "offers", "retention_policies", "roles", "spend"}
# Written by the schema's seeds, functions and triggers, which take a new id each time.
NEW_IDS = {"metrics_daily", "roles"}
NEW_ID_CHANGES = 3
FUTURE = {"validTo", "expiresAt", "currentPeriodEnd"}


@pytest.mark.parametrize("rows", [1, 7, 100])
def test_events_are_as_many_as_asked_for(loaded: Loaded, rows: int) -> None:
    assert counts(loaded(rows))["events"] == rows


def test_every_table_grows_with_the_volume(loaded: Loaded) -> None:
    none, default = counts(loaded(0)), counts(loaded(None))
    assert none["events"] == 0
    assert default["events"] == 20_000
    assert {table for table, count in default.items() if count == 0} == set()
    assert {table for table in default if default[table] == none[table]} == FIXED
    assert 30_000 < sum(default.values()) < 60_000


def test_loads_on_every_server(loaded: Loaded, servers: tuple[EmbeddedServer, ...]) -> None:
    for server in servers:
        assert counts(loaded(100, on=server))["events"] == 100


def test_loads_without_a_sign_in_service(empty_db: Profile, admin: Admin) -> None:
    db = admin(empty_db)
    db.execute(assets.schema_file(assets.MASTER_MIGRATION).read_bytes())
    assert db.execute("select to_regclass('auth.users')").fetchall() == [(None,)]
    load(db, 0)
    assert counts(db)["users"] == 62


def test_people_are_known_to_the_sign_in_service(loaded: Loaded) -> None:
    db = loaded(400)
    differ = db.execute(
        "select p.email, a.email, a.is_anonymous from public.users as p"
        " full join auth.users as a on a.id = p.id and a.email = p.email"
        " where a.id is null or p.id is null"
    ).fetchall()
    assert differ == [(None, None, True)]


def test_a_plain_owner_loads_it(fresh_database: Callable[..., Profile], admin: Admin) -> None:
    profile = fresh_database("plain")
    db = admin(profile)
    database = sql.Identifier(db.info.dbname)
    with contextlib.suppress(psycopg.errors.DuplicateObject):
        db.execute("create role sample_owner nosuperuser nobypassrls")
    db.execute("grant usage on schema auth to sample_owner")
    db.execute(sql.SQL("alter database {} owner to sample_owner").format(database))
    db.execute("set session authorization sample_owner")
    db.execute(assets.schema_file(assets.MASTER_MIGRATION).read_bytes())
    load(db, 100)
    db.execute("reset session authorization")
    found = counts(db)
    assert found["events"] == 100
    assert found["privacy_prefs"] > 40
    assert found["privacy_transparency_log"] > found["privacy_prefs"] + NEW_ID_CHANGES
    assert db.execute("select count(*) from auth.users").fetchall() == [(0,)]
    forced = db.execute(
        "select relname from pg_class where relforcerowsecurity order by relname"
    ).fetchall()
    assert forced == [("privacy_prefs",), ("privacy_transparency_log",), ("telemetry_events",)]


async def test_the_schema_is_as_before(
    master_db: Profile, admin: Admin, connect: Callable[[Profile], Session]
) -> None:
    db = admin(master_db)
    load(db, 100)
    assert db.execute("select count(*) from pg_proc where proname = 'throw'").fetchall() == [(0,)]
    async with connect(master_db) as session:
        verification = await verify(session)
    assert (verification.verdict, verification.differences) == (Verdict.IN_SYNC, ())


def fingerprints(db: Connection) -> dict[str, tuple[Any, ...]]:
    """Digests of what must be the same at every load: ids, and what has no time in it."""
    digests = {}
    for table in set(tables(db)) - NEW_IDS:
        query = sql.SQL(
            "select count(*), array_agg(md5(id::text) order by id::text) from public.{} as t"
        ).format(sql.Identifier(table))
        (digests[table],) = db.execute(query).fetchall()
    for table, content in {
        "users": 'id, email, name, "emailVerified"',
        "events": 'id, "userId", "filePath", "eventType", tool, metadata',
        "audit_log": "id, user_id, action",
        "audit_logs": 'id, "userId", action, resource, metadata',
        "workflows": 'id, "userId", "organizationId", name, definition',
        "telemetry_events": 'id, "userId", "durationMs", "metadataRedactedJson"',
        "subscriptions": 'id, "userId", plan, status',
    }.items():
        query = sql.SQL("select md5(string_agg(({})::text, '' order by id)) from public.{}").format(
            sql.SQL(f"row({content})"),
            sql.Identifier(table),
        )
        (digests[f"{table}, content"],) = db.execute(query).fetchall()
    return digests


def test_two_loads_are_alike(loaded: Loaded) -> None:
    first, second = fingerprints(loaded(2000)), fingerprints(loaded(2000))
    log = "privacy_transparency_log"
    one, other = first.pop(log), second.pop(log)
    assert one[0] == other[0]
    assert len(set(one[1]) - set(other[1])) == NEW_ID_CHANGES
    assert first == second


def test_addresses_are_examples(loaded: Loaded) -> None:
    db = loaded(1000)
    found = set()
    for table in [*tables(db), "auth.users"]:
        name = (
            sql.Identifier(*table.split(".")) if "." in table else sql.Identifier("public", table)
        )
        query = sql.SQL(
            "select regexp_matches(t::text, '[^[:space:]\"(,]+@[^[:space:]\",)]+', 'g')"
            " from {} as t"
        )
        found |= {match[0] for (match,) in db.execute(query.format(name))}
    assert len(found) > 60
    assert {a for a in found if not re.fullmatch(r"[^@]+@example\.(com|org|net)", a)} == set()
    outside = db.execute(
        'select distinct "ipAddress" from public.audit_logs where not "ipAddress" <<='
        " any ('{192.0.2.0/24,198.51.100.0/24,203.0.113.0/24,2001:db8::/32}'::inet[])"
    ).fetchall()
    assert outside == []


def test_nothing_secret_is_kept(loaded: Loaded) -> None:
    db = loaded(None)
    leaks = db.execute(
        "select count(*) filter (where \"metadataRedactedJson\"::text ~* 'password|api_key|real'),"
        " count(*) filter (where \"metadataRedactedJson\" ->> 'window' = 'Sign in')"
        " from public.telemetry_events"
    ).fetchall()
    assert leaks[0][0] == 0
    assert leaks[0][1] > 0
    keys = db.execute("select distinct jsonb_object_keys(config) from public.user_integrations")
    assert {key for (key,) in keys} == {
        *("channel", "notify", "repository", "branch", "host", "database", "schema"),
        *("bucket", "region", "account", "scopes"),
    }


def test_time_is_believable(loaded: Loaded) -> None:
    db = loaded(2000)
    columns = db.execute(
        "select table_name, column_name from information_schema.columns"
        " where table_schema = 'public' and data_type = 'timestamp with time zone'"
    ).fetchall()
    late = set()
    for table, column in columns:
        query = sql.SQL("select max({}) > now() from public.{}")
        if db.execute(query.format(sql.Identifier(column), sql.Identifier(table))).fetchall() == [
            (True,)
        ]:
            late.add(column)
    assert late == FUTURE
    assert db.execute(query_text("too_early")).fetchall() == []


def test_every_organization_is_owned(loaded: Loaded) -> None:
    owners = loaded(30_000).execute(
        "select count(m.id) from public.organizations as o"
        " left join public.organization_members as m"
        "   on m.\"organizationId\" = o.id and m.role = 'owner' group by o.id"
    )
    assert [count for (count,) in owners] == [1] * 13


def test_transparency_hashes_make_chains(loaded: Loaded) -> None:
    """Each entry's old hash is the new one of the entry before, the last the row's as it is."""
    db = loaded(2000)
    db.execute("set timezone = 'UTC'")
    assert db.execute(query_text("broken_chains")).fetchall() == []
    told = (
        'select count(distinct "resourceId") from public.privacy_transparency_log'
        " where action = 'insert'"
    )
    found = counts(db)
    kept = sum(found[table] for table in ("privacy_prefs", "app_allowlist", "signal_toggles"))
    assert db.execute(told).fetchall() == [(kept + 2,)]  # and the two that bert deleted


def test_expired_rows_are_found_and_deleted(loaded: Loaded) -> None:
    db = loaded(None)
    found = {
        table: (expired, status)
        for table, expired, status in db.execute("select * from public.count_retention_data()")
    }
    assert {table for table, (_, status) in found.items() if status == "unknown table"} == {
        "file_previews"
    }
    assert {table for table, (expired, _) in found.items() if not expired} == {
        "file_previews",
        "spend",
    }
    assert "utm_tracks" not in found
    telemetry: dict[Any, int] = dict(
        db.execute("select * from public.count_telemetry_by_retention()").fetchall()
    )
    assert sum(map(bool, telemetry.values())) > 20
    assert db.execute("select * from public.cleanup_telemetry_by_retention()").fetchall() == list(
        telemetry.items()
    )
    deleted = {
        table: count
        for table, count, _ in db.execute("select * from public.cleanup_retention_data()")
    }
    left = found.pop("telemetry_events")[0] - deleted.pop("telemetry_events")
    assert left >= 0
    assert deleted == {table: expired for table, (expired, _) in found.items()}


def test_health_has_something_to_say(loaded: Loaded) -> None:
    [(health,)] = loaded(None).execute("select public.system_healthcheck()").fetchall()
    assert health["status"] == "warning"
    assert health["stuck_runs"] == 2
    assert health["failed_runs_last_day"] >= 3
    assert health["metrics_days"] == health["spend_days"] == 60


def test_funnels_are_believable(loaded: Loaded) -> None:
    db = loaded(None)
    stages: dict[str, int] = dict(
        db.execute("select event_name, count(*) from public.analytics_events group by 1").fetchall()
    )
    steps = ["session_started", "product_viewed", "add_to_cart", "checkout_started"]
    steps += ["order_completed", "order_refunded"]
    numbers = [stages[step] for step in steps]
    assert numbers == sorted(numbers, reverse=True)
    assert 0.05 < stages["order_completed"] / stages["session_started"] < 0.2
    [(sessions, orders, revenue, margin, cost)] = db.execute(
        "select sum(sessions), sum(orders), sum(revenue_cents), sum(gross_margin_cents),"
        " max(cac_cents) from public.metrics_daily"
    ).fetchall()
    assert (sessions, orders) == (stages["session_started"], stages["order_completed"])
    assert 0 < margin < revenue
    assert cost > 0


def test_hostile_text_is_there_and_marked(loaded: Loaded) -> None:
    db = loaded(100)
    marked = {}
    for table, mark in {
        "events": "metadata ->> 'sample' = 'hostile'",
        "workflows": "name like 'Hostile%'",
        "audit_logs": "metadata ->> 'sample' = 'hostile'",
    }.items():
        found = db.execute(f"select count(*) from public.{table} where {mark}".encode())
        [(marked[table],)] = found.fetchall()
    assert marked == {"events": 8, "workflows": 4, "audit_logs": 1}
    unmarked = db.execute(
        "select \"filePath\" from public.events where metadata ->> 'sample' is null"
        " and \"filePath\" ~ '[^ -~]'"
        " union all select name from public.workflows where name ~ '[^ -~]'"
        " and name not like 'Hostile%'"
    ).fetchall()
    assert unmarked == []
    [(longest,)] = db.execute("select max(length(description)) from public.workflows").fetchall()
    assert longest > 5000
    assert db.execute(
        "select bool_or(\"filePath\" ~ '\\u001b'), bool_or(\"filePath\" ~ '\\u202e')"
        " from public.events"
    ).fetchall() == [(True, True)]


def test_the_file_hides_nothing() -> None:
    text = assets.schema_file(assets.SAMPLE_DATA).read_text(encoding="utf-8")
    hidden = {c for c in text if unicodedata.category(c) in {"Cc", "Cf", "Co", "Cn"}} - {"\n"}
    assert hidden == set()
