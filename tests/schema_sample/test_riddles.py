"""Every riddle of the sample data holds for the person who brings it; the logs tell."""

from __future__ import annotations

from typing import Any

import psycopg
import pytest
from psycopg import sql

from tests.schema_sample.loading import Connection, acting_as

ADMIN = {"app_metadata": {"role": "admin"}}


def names(db: Connection, query: str, *values: object) -> list[Any]:
    """Returns the first column."""
    return [row[0] for row in db.execute(query, values)]


def workflows(db: Connection) -> list[str]:
    return names(db, "select name from public.workflows order by name")


def told(db: Connection, action: str, resource_id: str) -> list[tuple[Any, ...]]:
    """Returns who did it, whole days ago, and the metadata, from audit_logs."""
    return db.execute(
        'select u.email, extract(day from now() - a."timestamp")::int, a.metadata'
        ' from public.audit_logs as a left join public.users as u on u.id = a."userId"'
        ' where a.action = %s and a."resourceId" = %s order by a."timestamp"',
        (action, resource_id),
    ).fetchall()


def test_ada_lost_globex(db: Connection) -> None:
    (owner, organization) = db.execute(
        "select u.email, o.name from public.workflows as w"
        ' join public.users as u on u.id = w."userId"'
        ' join public.organizations as o on o.id = w."organizationId"'
        " where w.name = 'Invoice sync'"
    ).fetchall()[0]
    assert (owner, organization) == ("bert@example.com", "Globex")
    with acting_as(db, "ada@example.com"):
        assert "Invoice sync" not in workflows(db)
        assert {"Nightly import", "Report"} <= set(workflows(db))
        assert names(db, "select name from public.organizations") == ["Acme"]
    with acting_as(db, "bert@example.com"):
        assert "Invoice sync" in workflows(db)
    (membership,) = names(
        db, "select \"resourceId\" from public.audit_logs where action = 'member.added'"
    )
    [(actor, days, metadata)] = told(db, "member.removed", membership)
    assert (actor, days) == ("carol@example.com", 2)
    assert (metadata["email"], metadata["organization"]) == ("ada@example.com", "Globex")
    assert names(db, "select id from public.organization_members where id = %s", membership) == []


def test_ada_sees_it_again_as_a_member(db: Connection) -> None:
    with db.transaction(force_rollback=True):
        db.execute(
            'insert into public.organization_members ("organizationId", "userId")'
            " select o.id, u.id from public.organizations as o, public.users as u"
            " where o.slug = 'globex' and u.email = 'ada@example.com'"
        )
        with acting_as(db, "ada@example.com"):
            assert "Invoice sync" in workflows(db)


def test_fatima_cannot_see_the_advertised_offer(db: Connection) -> None:
    key = "welcome-pro-30"
    [(offer, enabled, valid)] = db.execute(
        'select id, enabled, now() between "validFrom" and "validTo"'
        " from public.offers where key = %s",
        (key,),
    ).fetchall()
    assert (enabled, valid) == (False, True)
    with acting_as(db, "fatima@example.org"):
        seen = names(db, "select key from public.offers")
        assert "annual-pro" in seen
        assert key not in seen
        assert key in names(db, "select campaign from public.utm_tracks")
    assert names(db, "select sum(clicks) > 0 from public.spend where campaign_id = %s", key) == [
        True
    ]
    [(actor, days, metadata)] = told(db, "offer.disabled", str(offer))
    assert (actor, days, metadata["key"]) == ("paula.schmidt@example.org", 1, key)


@pytest.mark.parametrize(
    "statement",
    [
        'insert into public.telemetry_events ("userId", "appId", "eventType")'
        " values (auth.uid(), 'editor', 'focus')",
        'insert into public.signal_toggles ("userId", "signalKey") values (auth.uid(), \'search\')',
    ],
)
def test_bert_has_no_preferences(db: Connection, statement: str) -> None:
    with acting_as(db, "bert@example.com"):
        for table in ("privacy_prefs", "signal_toggles", "app_allowlist"):
            query = sql.SQL("select from public.{}").format(sql.Identifier(table))
            assert db.execute(query).rowcount == 0
        deleted = "select resource from public.privacy_transparency_log where action = 'delete'"
        assert names(db, f"{deleted} order by 1") == ["app_allowlist", "privacy_prefs"]
        with pytest.raises(psycopg.errors.ForeignKeyViolation, match="_userId_fkey"):
            db.execute(statement.encode())
    with acting_as(db, "ada@example.com"):
        assert names(db, "select count(*) from public.privacy_prefs") == [1]


def test_dara_may_look_but_not_write(db: Connection) -> None:
    rename = (
        "update public.workflows set description = 'mine now' where name = 'Payroll export'"
        " returning name"
    )
    with acting_as(db, "dara@example.com"):
        assert "Payroll export" in workflows(db)
        roles = 'select role from public.organization_members where "userId" = auth.uid()'
        assert names(db, roles) == ["member"]
        assert names(db, rename) == []
    with acting_as(db, "emeka@example.com"):
        assert names(db, rename) == ["Payroll export"]


def test_sofia_signs_in_to_an_empty_account(db: Connection) -> None:
    assert names(
        db,
        "select email from public.users where lower(email) = 'sofia.rossi@example.com' order by 1",
    ) == ["Sofia.Rossi@example.com", "sofia.rossi@example.com"]
    with acting_as(db, "Sofia.Rossi@example.com"):
        assert workflows(db) == []
        assert names(db, "select id from public.organizations") == []
        assert names(db, "select id from public.events") == []
        recent = "select max(\"createdAt\") > now() - interval '2 hours' from public.sessions"
        assert names(db, recent) == [True]
    with acting_as(db, "sofia.rossi@example.com"):
        assert "Customs forms" in workflows(db)
    (account,) = names(db, "select id from public.users where email = 'Sofia.Rossi@example.com'")
    [(actor, days, metadata)] = told(db, "user.created", str(account))
    assert (actor, days, metadata["provider"]) == (None, 3, "sso")


def test_a_banned_account_looks_like_nadia(db: Connection) -> None:
    looks = names(db, "select email from public.users where email like 'n_dia.petrova@example.com'")
    assert len(looks) == len(set(looks)) == 2
    (alike,) = (email for email in looks if not email.isascii())
    assert alike.replace("\N{CYRILLIC SMALL LETTER A}", "a") in looks
    banned = "select email from auth.users where banned_until > now()"
    assert names(db, banned) == [alike]
    attempts = names(
        db,
        'select a.resource from public.audit_logs as a join public.users as u on u.id = a."userId"'
        " where a.action = 'rls_violation' and u.email = %s",
        alike,
    )
    assert len(attempts) == 9


def test_giulia_may_not_write_her_subscription(db: Connection) -> None:
    with acting_as(db, "giulia@example.org"):
        [(subscription, status)] = db.execute("select id, status from public.subscriptions")
        assert status == "past_due"
        with pytest.raises(psycopg.errors.InsufficientPrivilege, match="table subscriptions"):
            db.execute("update public.subscriptions set status = 'active'")
    failures = told(db, "subscription.payment_failed", str(subscription))
    assert [metadata["attempt"] for _, _, metadata in failures] == [1, 2, 3]


def test_the_admin_claim_opens_no_rows(db: Connection) -> None:
    hiro = "hiro@example.com"
    claim = "select raw_app_meta_data ->> 'role' from auth.users where email = %s"
    assert names(db, claim, hiro) == ["admin"]
    with acting_as(db, hiro, **ADMIN):
        assert names(db, "select public.is_admin()") == [True]
        assert names(db, "select email from public.users") == [hiro]


def test_the_nightly_clean_up_stopped(db: Connection) -> None:
    (run,) = db.execute(
        "select max(ts) filter (where action = 'retention.run'),"
        " max(ts) filter (where action = 'retention.failed') from public.audit_log"
    ).fetchall()
    assert run[0] < run[1]
    overdue = names(db, "select (public.system_healthcheck() ->> 'retention_overdue')::int")
    assert overdue[0] > 5
    latest = 'select extract(day from now() - max("lastRun")) from public.retention_policies'
    assert names(db, latest) == [9]
