"""What the tests of operations share: a journal of their own, roles, and things to delete."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import psycopg
import pytest

from console.connection.profile import Profile
from tests.operations.rows import ADA, FLOW

Admin = Callable[[Profile], psycopg.Connection[Any]]
Database = psycopg.Connection[Any]


@pytest.fixture(autouse=True)
def _own_state(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("ROWSIGHT_STATE", str(tmp_path / "state"))


@pytest.fixture
def database(master_db: Profile, admin: Admin) -> Database:
    """A superuser's connection to `master_db`."""
    return admin(master_db)


def logged_in(profile: Profile, role: str) -> Profile:
    """The same database for another login."""
    return replace(profile, parameters=profile.parameters | {"user": role})


def make_role(database: Database, name: str, options: str = "") -> None:
    """Makes a login of the whole server, or gives these attributes to the one that is there."""
    exists = database.execute("select to_regrole(%s)", [name]).fetchone()
    if exists == (None,):
        database.execute(f"create role {name} login".encode())
    database.execute(f"alter role {name} {options or 'nobypassrls'}".encode())


def add_policy(database: Database, table: str, days: int = 30, *, enabled: bool = True) -> None:
    """Adds a retention policy."""
    database.execute(
        'insert into public.retention_policies ("tableName", "retentionDays", enabled)'
        " values (%s, %s, %s)",
        [table, days, enabled],
    )


def add_audit_logs(database: Database, rows: int, age: str = "40 days") -> None:
    """Adds rows to audit_logs that are so old."""
    database.execute(
        'insert into public.audit_logs (action, "timestamp")'
        " select 'old.row', now() - %s::interval - n * interval '1 ms'"
        " from generate_series(1, %s) n",
        [age, rows],
    )


def count(database: Database, table: str, condition: str = "true") -> int:
    """How many rows a table has."""
    row = database.execute(f"select count(*) from {table} where {condition}".encode()).fetchone()
    assert row is not None
    return int(row[0])


@pytest.fixture
def people(database: Database) -> Database:
    """The user and the workflow that rows belong to."""
    database.execute(
        f"insert into public.users (id, email) values ('{ADA}', 'ada@example.com');"
        f'insert into public.privacy_prefs ("userId", "dataRetentionDays") values (\'{ADA}\', 20);'
        'insert into public.workflows (id, "userId", name, definition)'
        f" values ('{FLOW}', '{ADA}', 'w', '{{}}')".encode()
    )
    return database
