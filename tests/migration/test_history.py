"""The history as Supabase's CLI keeps it: made, upserted, read, and what it means."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import psycopg
import pytest

from console.connection.profile import Profile
from console.connection.session import Session
from console.errors import Refused
from console.migration.apply import apply
from console.migration.expected import load_expected
from console.migration.history import LEGACY_FILES, is_legacy, read_history, version_and_name
from console.migration.model import ApplyOptions

Admin = Callable[[Profile], psycopg.Connection[Any]]
TABLE = "supabase_migrations.schema_migrations"


async def test_apply_records_version_name_and_every_statement(
    plain_db: Profile, connect: type[Session], admin: Admin
) -> None:
    expected = load_expected()
    async with connect(plain_db) as session:
        assert not (await read_history(session)).exists
        result = await apply(session)
        assert result.history_recorded
        history = await read_history(session)
    assert history.recorded
    assert history.repair is None
    assert history.to_record is None
    (row,) = history.rows
    assert (row.version, row.name) == ("99999999999999", "master_consolidated_schema")
    assert row.statements == len(expected.statements)
    assert not row.legacy
    columns = (
        admin(plain_db)
        .execute(
            "select attname::text, format_type(atttypid, null), attnotnull from pg_attribute"
            " where attrelid = %s::regclass and attnum > 0 order by attnum",
            [TABLE],
        )
        .fetchall()
    )
    assert columns == [
        ("version", "text", True),
        ("statements", "text[]", False),
        ("name", "text", False),
    ]
    kept = admin(plain_db).execute(f"select statements from {TABLE}".encode()).fetchone()
    assert kept is not None
    assert kept[0] == [expected.text(statement) for statement in expected.statements]


async def test_not_recording_makes_no_table(
    plain_db: Profile, connect: type[Session], admin: Admin
) -> None:
    async with connect(plain_db) as session:
        result = await apply(session, ApplyOptions(history=False))
        assert result.applied
        assert not result.history_recorded
        assert not (await read_history(session)).exists
    found = admin(plain_db).execute("select to_regnamespace('supabase_migrations')").fetchone()
    assert found == (None,)


async def test_a_hosted_table_with_more_columns_and_an_old_row_is_upserted(
    plain_db: Profile, connect: type[Session], admin: Admin
) -> None:
    database = admin(plain_db)
    database.execute("create schema supabase_migrations")
    database.execute(
        f"create table {TABLE} (version text primary key, statements text[], name text,"
        " created_by text, idempotency_key text unique, rollback text[])".encode()
    )
    database.execute(
        f"insert into {TABLE} (version, name, created_by) values"
        " ('99999999999999', 'old', 'somebody'), ('20261101120000', 'own_work', 'me')".encode()
    )
    async with connect(plain_db) as session:
        assert (await apply(session)).history_recorded
        history = await read_history(session)
    assert [(row.version, row.name, row.legacy) for row in history.rows] == [
        ("20261101120000", "own_work", False),
        ("99999999999999", "master_consolidated_schema", False),
    ]
    kept = database.execute(
        f"select created_by from {TABLE} where version = '99999999999999'".encode()
    ).fetchone()
    assert kept == ("somebody",)


async def test_a_table_of_an_old_cli_is_completed(
    plain_db: Profile, connect: type[Session], admin: Admin
) -> None:
    database = admin(plain_db)
    database.execute("create schema supabase_migrations")
    database.execute(f"create table {TABLE} (version text not null primary key)".encode())
    database.execute(f"insert into {TABLE} values ('20240101000000')".encode())
    async with connect(plain_db) as session:
        before = await read_history(session)
        assert [(row.name, row.statements, row.legacy) for row in before.rows] == [
            (None, None, True)
        ]
        await apply(session)
        assert (await read_history(session)).recorded


async def test_legacy_rows_are_shown_never_deleted_and_the_repair_is_named(
    plain_db: Profile, connect: type[Session], admin: Admin
) -> None:
    database = admin(plain_db)
    database.execute("create schema supabase_migrations")
    database.execute(
        f"create table {TABLE} (version text primary key, statements text[], name text)".encode()
    )
    rows = dict(map(version_and_name, LEGACY_FILES))
    with database.cursor() as cursor:
        cursor.executemany(
            f"insert into {TABLE} (version, name) values (%s, %s)".encode(), list(rows.items())
        )
        cursor.execute(f"insert into {TABLE} values ('20261101120000', null, 'own')".encode())
    async with connect(plain_db) as session:
        await apply(session)
        history = await read_history(session)
    legacy = {row.version for row in history.rows if row.legacy}
    assert legacy == set(rows)
    assert "20261101120000" not in legacy
    assert history.repair is not None
    command, versions = history.repair.split("reverted ")
    assert command == "supabase migration repair --status "
    assert set(versions.split()) == set(rows)
    assert "--include-all" in history.warning
    assert "--no-history" in history.warning


def test_legacy_rows_are_told_by_version_and_name() -> None:
    assert len(LEGACY_FILES) == 13
    for version, name in map(version_and_name, LEGACY_FILES):
        assert is_legacy(version, name)
        assert is_legacy(version.replace("-", ""), name)
        assert is_legacy(version, None)
        assert not is_legacy(version, "something_else")
    assert not is_legacy("99999999999999", "master_consolidated_schema")
    assert not is_legacy("20261105", None)


async def test_nothing_to_do_records_nothing(master_db: Profile, connect: type[Session]) -> None:
    async with connect(master_db) as session:
        result = await apply(session)
        history = await read_history(session)
    assert (result.applied, result.statements_executed, result.history_recorded) == (True, 0, False)
    assert not history.exists
    assert not history.recorded
    assert history.to_record == "supabase migration repair --status applied 99999999999999"


@pytest.fixture
def owner_db(plain_db: Profile, admin: Admin) -> Profile:
    """The plain database as seen by a role that owns nothing but tables it makes."""
    database = admin(plain_db)
    database.execute(
        "do $$ begin if to_regrole('plain_owner') is null then"
        " create role plain_owner login; end if; end $$"
    )
    name = plain_db.parameters["dbname"]
    database.execute(f'alter database "{name}" owner to plain_owner'.encode())
    database.execute("grant anon, authenticated, service_role to plain_owner")
    return replace(plain_db, parameters={**plain_db.parameters, "user": "plain_owner"})


async def test_a_role_that_may_not_record_is_refused_before_anything_happens(
    owner_db: Profile, connect: type[Session], admin: Admin
) -> None:
    database = admin(owner_db)
    database.execute("create schema supabase_migrations")
    async with connect(owner_db) as session:
        with pytest.raises(Refused, match="can't be recorded") as caught:
            await apply(session)
        assert "--no-history" in caught.value.hint
        assert database.execute("select to_regclass('public.users')").fetchone() == (None,)
        database.execute("grant usage, create on schema supabase_migrations to plain_owner")
        assert (await apply(session)).history_recorded


async def test_a_history_that_may_only_be_read_is_refused_and_still_shown(
    owner_db: Profile, connect: type[Session], admin: Admin
) -> None:
    database = admin(owner_db)
    database.execute("create schema supabase_migrations")
    database.execute(
        f"create table {TABLE} (version text primary key, statements text[], name text)".encode()
    )
    async with connect(owner_db) as session:
        history = await read_history(session)
        assert history.exists
        assert not history.readable
        database.execute("grant usage on schema supabase_migrations to plain_owner")
        database.execute(f"grant select on {TABLE} to plain_owner".encode())
        assert (await read_history(session)).readable
        with pytest.raises(Refused, match="may not write"):
            await apply(session)
        result = await apply(session, ApplyOptions(history=False))
        assert result.applied
