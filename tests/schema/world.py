"""The people and rows that permissions are checked against.

Acme is an organization owned by Ada, with Abe as admin, Mia and Ben as members. Stan is
a stranger to it, and owns the organization Globex. Root carries the claim of an admin. Nell
has only just signed up. Everything in `ROWS` is Ada's, or Acme's.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import Any
from uuid import NAMESPACE_URL, UUID, uuid5

import psycopg
from psycopg import sql

Connection = psycopg.Connection[tuple[Any, ...]]


def _id(name: str) -> UUID:
    return uuid5(NAMESPACE_URL, name)


ADA, ABE, MIA, BEN = _id("ada"), _id("abe"), _id("mia"), _id("ben")
STAN, ROOT, NELL = _id("stan"), _id("root"), _id("nell")
ACME, GLOBEX = _id("acme"), _id("globex")
OWN_WORKFLOW, ACME_WORKFLOW = _id("workflow"), _id("acme's workflow")

CALLERS: dict[str, tuple[str, dict[str, object]]] = {
    "anon": ("anon", {"role": "anon"}),
    "owner": ("authenticated", {"role": "authenticated", "sub": str(ADA)}),
    "stranger": ("authenticated", {"role": "authenticated", "sub": str(STAN)}),
    "member": ("authenticated", {"role": "authenticated", "sub": str(MIA)}),
    "admin": ("authenticated", {"role": "authenticated", "sub": str(ABE)}),
    "claim": (
        "authenticated",
        {"role": "authenticated", "sub": str(ROOT), "app_metadata": {"role": "admin"}},
    ),
    "newcomer": ("authenticated", {"role": "authenticated", "sub": str(NELL)}),
    "service": ("service_role", {"role": "service_role"}),
}
"""Caller to (database role, JWT claims)."""

ROWS: dict[str, dict[str, object]] = {
    "users": {"id": ADA, "email": "ada@acme.example", "name": "Ada"},
    "sessions": {"userId": ADA, "token": "s1", "expiresAt": "2040-01-01"},
    "mfa_enforced_sessions": {"userId": ADA, "sessionToken": "s1", "expiresAt": "2040-01-01"},
    "events": {"userId": ADA, "filePath": "/a.py", "eventType": "created"},
    "patterns": {"userId": ADA, "fileExtension": ".py"},
    "relationships": {
        "userId": ADA,
        "sourceFile": "/a.py",
        "targetFile": "/b.py",
        "relationType": "imports",
    },
    "subscriptions": {"userId": ADA, "plan": "free"},
    "utm_tracks": {"userId": ADA, "source": "newsletter"},
    "cohorts": {"userId": ADA, "cohortMonth": "2025-01"},
    "feature_flags": {"key": "dark"},
    "offers": {"key": "spring", "name": "Spring", "planType": "pro"},
    "offers, disabled": {"key": "old", "name": "Old", "planType": "pro", "enabled": False},
    "privacy_prefs": {"userId": ADA},
    "app_allowlist": {"userId": ADA, "appId": "editor", "appName": "Editor"},
    "signal_toggles": {"userId": ADA, "signalKey": "focus"},
    "telemetry_events": {"userId": ADA, "appId": "editor", "eventType": "opened"},
    "privacy_transparency_log": {"userId": ADA, "action": "reviewed"},
    "audit_logs": {"userId": ADA, "action": "signed_in"},
    "audit_log": {"user_id": ADA, "action": "signed_in"},
    "retention_policies": {"tableName": "events", "retentionDays": 30},
    "metrics_log": {"source": "api", "metric": "{}"},
    "organizations": {"id": ACME, "name": "Acme", "slug": "acme"},
    "organization_members": {"organizationId": ACME, "userId": BEN},
    "workflows": {"id": OWN_WORKFLOW, "userId": ADA, "name": "Mine"},
    "workflows, organization's": {
        "id": ACME_WORKFLOW,
        "userId": ADA,
        "organizationId": ACME,
        "name": "Ours",
    },
    "workflow_versions": {"workflowId": OWN_WORKFLOW, "version": 1},
    "workflow_versions, organization's": {"workflowId": ACME_WORKFLOW, "version": 1},
    "workflow_executions": {"workflowId": OWN_WORKFLOW},
    "workflow_executions, organization's": {"workflowId": ACME_WORKFLOW},
    "workflow_runs": {"user_id": ADA, "workflow_id": "w"},
    "user_integrations": {"userId": ADA, "provider": "git", "name": "Mine"},
    "user_integrations, organization's": {
        "userId": ADA,
        "organizationId": ACME,
        "provider": "git",
        "name": "Ours",
    },
    "analytics_events": {"event_name": "session_started"},
    "spend": {"platform": "search", "date": "2025-01-01"},
    "metrics_daily": {"day": "2025-01-01"},
    "roles": {"name": "auditor"},
}
"""One row for every line of the permission matrix, in an order that foreign keys allow."""

FRESH: dict[str, dict[str, object]] = {
    "sessions": {"token": "s2"},
    "patterns": {"fileExtension": ".sql"},
    "relationships": {"targetFile": "/c.py"},
    "cohorts": {"cohortMonth": "2025-02"},
    "feature_flags": {"key": "light"},
    "offers": {"key": "summer"},
    "app_allowlist": {"appId": "browser"},
    "signal_toggles": {"signalKey": "idle"},
    "retention_policies": {"tableName": "audit_logs"},
    "organizations": {"slug": "acme-2"},
    "organization_members": {"userId": NELL},
    "workflow_versions": {"version": 2},
    "metrics_daily": {"day": "2025-01-02"},
    "roles": {"name": "guest"},
}
"""What a second row of the table must differ in, to be inserted beside the first."""

ONE_PER_USER = {"users", "subscriptions", "privacy_prefs"}
"""Tables with room for one row of Ada's: it is removed before another is inserted."""


def table_of(line: str) -> str:
    """Returns the table a line of the matrix is about."""
    return line.partition(",")[0]


def second_row(line: str) -> dict[str, object]:
    """Returns a row like the line's own that can be inserted beside (or after) it."""
    row = ROWS[line] | FRESH.get(table_of(line), {})
    if table_of(line) != "users":
        row.pop("id", None)
    return row


def insert(table: str, row: Mapping[str, object]) -> sql.Composed:
    """Composes the INSERT of one row, without RETURNING."""
    return sql.SQL("insert into public.{} ({}) values ({})").format(
        sql.Identifier(table),
        sql.SQL(", ").join(map(sql.Identifier, row)),
        sql.SQL(", ").join(map(sql.Literal, row.values())),
    )


def build(db: Connection) -> dict[str, object]:
    """Creates everybody and everything; returns the id of each line's row."""
    for person, user in [
        ("abe", ABE),
        ("mia", MIA),
        ("ben", BEN),
        ("stan", STAN),
        ("root", ROOT),
        ("nell", NELL),
    ]:
        db.execute(insert("users", {"id": user, "email": f"{person}@acme.example"}))
    db.execute(insert("organizations", {"id": GLOBEX, "name": "Globex", "slug": "globex"}))
    ids = {}
    for line, row in ROWS.items():
        cursor = db.execute(insert(table_of(line), row) + sql.SQL(" returning id"))
        ids[line] = cursor.fetchall()[0][0]
        if line == "organizations":
            for user, role in [(ADA, "owner"), (ABE, "admin"), (MIA, "member")]:
                member = {"organizationId": ACME, "userId": user, "role": role}
                db.execute(insert("organization_members", member))
            db.execute(
                insert(
                    "organization_members",
                    {"organizationId": GLOBEX, "userId": STAN, "role": "owner"},
                )
            )
    return ids


def become(db: Connection, caller: str) -> None:
    """Takes on a caller's role and claims until the transaction or savepoint ends."""
    role, claims = CALLERS[caller]
    db.execute(
        "select set_config('request.jwt.claims', %s, true), set_config('role', %s, true)",
        (json.dumps(claims), role),
    )


@contextmanager
def acting(db: Connection, caller: str) -> Iterator[None]:
    """Acts as a caller for a while; what he did stays, unless it raises."""
    with db.transaction():
        become(db, caller)
        yield
        db.execute(
            "select set_config('role', 'none', true), set_config('request.jwt.claims', '', true)"
        )


def attempt(db: Connection, caller: str, statement: sql.Composed, before: sql.Composed) -> str:
    """Runs a statement as a caller, undoes it, and tells how it went.

    Returns:
        `+` it did something, `.` it found no row, `-` no privilege for it, `x` the row it
        would write violates a policy.
    """
    with db.transaction(force_rollback=True):
        db.execute(before)
        become(db, caller)
        try:
            with db.transaction():
                return "+" if db.execute(statement).rowcount else "."
        except psycopg.errors.InsufficientPrivilege as error:
            message = error.diag.message_primary or ""
            if message.startswith("permission denied for"):
                return "-"
            if "violates row-level security policy" in message:
                return "x"
            raise


def give_to_keeper(db: Connection) -> None:
    """Gives all to a role that is neither superuser nor has BYPASSRLS, so that FORCE binds it.

    As on a server where an ordinary role that owns the database applied the migration.
    """
    [[database]] = db.execute("select current_database()").fetchall()
    db.execute("create role keeper")
    db.execute("grant create, usage on schema public, private to keeper")
    db.execute("grant usage on schema auth to keeper")
    db.execute(sql.SQL("alter database {} owner to keeper").format(sql.Identifier(database)))
    for query in (
        "select format('table public.%I', tablename) from pg_tables where schemaname = 'public'",
        "select format('function %s', oid::regprocedure) from pg_proc"
        " where pronamespace in ('public'::regnamespace, 'private'::regnamespace)",
    ):
        for (thing,) in db.execute(query.encode()).fetchall():
            db.execute(f"alter {thing} owner to keeper".encode())
