"""What is told in privacy_transparency_log, and what becomes of it when a user is erased."""

from __future__ import annotations

import hashlib
from typing import Any
from uuid import UUID

import psycopg
import pytest
from psycopg import sql
from psycopg.rows import dict_row

from tests.schema.world import ADA, STAN, Connection, acting, give_to_keeper, insert

WATCHED = {
    "privacy_prefs": ({"userId": ADA, "dataRetentionDays": 30}, '"consentGiven" = true'),
    "app_allowlist": ({"userId": ADA, "appId": "new", "appName": "N"}, "enabled = true"),
    "signal_toggles": ({"userId": ADA, "signalKey": "new"}, '"samplingRate" = 1.0 / 3'),
}
"""Table to (a row, a change)."""


@pytest.fixture(autouse=True)
def _world(world: dict[str, object]) -> None:
    """Every test here happens among the people of `world`."""


def logged(db: Connection, resource_id: UUID) -> list[dict[str, Any]]:
    """Reads what the log says of a row, oldest first."""
    with db.cursor(row_factory=dict_row) as cursor:
        # in one transaction all have the same time, and freed places are filled again
        return cursor.execute(
            """
            select * from public.privacy_transparency_log where "resourceId" = %s
            order by array_position(array['insert', 'update', 'delete'], action), ctid
            """,
            (str(resource_id),),
        ).fetchall()


def sha256(db: Connection, table: str, id_: UUID) -> str:
    """Hashes a row as it is now, independently of the database's own hashing."""
    db.execute("set local timezone = 'UTC'; set local extra_float_digits = 1")
    query = sql.SQL("select to_jsonb(t)::text from {} t where id = %s")
    [[text]] = db.execute(query.format(sql.Identifier("public", table)), (id_,)).fetchall()
    return hashlib.sha256(text.encode()).hexdigest()


@pytest.mark.parametrize(
    "session", ["set local timezone = 'Asia/Tokyo'", "set local extra_float_digits = -9"]
)
@pytest.mark.parametrize("table", WATCHED)
def test_every_change_is_told_with_hashes_of_the_rows(
    db: Connection, table: str, session: str
) -> None:
    row, change = WATCHED[table]
    if table == "privacy_prefs":
        db.execute('delete from public.privacy_prefs where "userId" = %s', (ADA,))
    name = sql.Identifier("public", table)
    db.execute(session.encode())
    with acting(db, "owner"):
        [[id_]] = db.execute(insert(table, row) + sql.SQL(" returning id")).fetchall()
    first = sha256(db, table, id_)
    db.execute(session.encode())
    with acting(db, "owner"):
        db.execute(sql.SQL("update {} set " + change + " where id = %s").format(name), (id_,))
    second = sha256(db, table, id_)
    db.execute(session.encode())
    with acting(db, "owner"):
        db.execute(sql.SQL("delete from {} where id = %s").format(name), (id_,))
    entries = logged(db, id_)
    assert [
        (entry["action"], entry["oldValueHash"], entry["newValueHash"]) for entry in entries
    ] == [("insert", None, first), ("update", first, second), ("delete", second, None)]
    assert first != second
    for entry in entries:
        assert entry["userId"] == ADA
        assert entry["resource"] == table
        assert entry["metadata"] == {"changed_by": str(ADA)}


def test_change_by_the_service_is_told_to_the_user(db: Connection) -> None:
    with acting(db, "service"):
        [[id_]] = db.execute(
            insert("signal_toggles", {"userId": ADA, "signalKey": "s"}) + sql.SQL(" returning id")
        ).fetchall()
    with acting(db, "owner"):
        [entry] = logged(db, id_)
    assert (entry["action"], entry["metadata"]) == ("insert", {"changed_by": None})


def test_change_that_fails_is_not_told(db: Connection) -> None:
    before = db.execute("select count(*) from public.privacy_transparency_log").fetchall()
    with pytest.raises(psycopg.errors.CheckViolation), acting(db, "owner"):
        db.execute('update public.privacy_prefs set "dataRetentionDays" = 0')
    assert db.execute("select count(*) from public.privacy_transparency_log").fetchall() == before


def test_user_reads_his_own_entries_and_no_others(db: Connection) -> None:
    db.execute(insert("privacy_prefs", {"userId": STAN}))
    for caller, user in (("owner", ADA), ("stranger", STAN)):
        with acting(db, caller):
            seen = db.execute('select distinct "userId" from public.privacy_transparency_log')
            assert seen.fetchall() == [(user,)]


@pytest.mark.parametrize("caller", ["owner", "service", "superuser"])
def test_erasure_takes_the_entries_of_the_user_alone(db: Connection, caller: str) -> None:
    db.execute(insert("privacy_prefs", {"userId": STAN}))
    erase = sql.SQL("delete from public.users where id = {}").format(sql.Literal(ADA))
    if caller == "superuser":
        db.execute(erase)
    else:
        with acting(db, caller):
            assert db.execute(erase).rowcount == 1
    users = db.execute('select distinct "userId" from public.privacy_transparency_log').fetchall()
    assert users == [(STAN,)]


def test_entry_of_a_living_user_can_not_be_deleted_under_any_disguise(db: Connection) -> None:
    """RLS hides other users, so that a check made as the caller would take them for erased."""
    db.execute("grant delete on public.privacy_transparency_log to authenticated")
    db.execute(
        "create policy lax on public.privacy_transparency_log for all to authenticated using (true)"
    )
    for caller in ("stranger", "owner"):
        with (
            pytest.raises(psycopg.errors.InsufficientPrivilege, match="append-only"),
            acting(db, caller),
        ):
            db.execute('delete from public.privacy_transparency_log where "userId" = %s', (ADA,))


def test_log_is_written_when_an_ordinary_role_owns_everything(db: Connection) -> None:
    """As on a server where the migration was applied by a role without BYPASSRLS."""
    give_to_keeper(db)
    with acting(db, "owner"):
        [[id_]] = db.execute(
            'update public.privacy_prefs set "consentGiven" = true returning id'
        ).fetchall()
        [_, entry] = logged(db, id_)
    assert entry["action"] == "update"
    with acting(db, "owner"):  # FORCE does not keep the server from checking foreign keys
        db.execute(insert("telemetry_events", {"userId": ADA, "appId": "a", "eventType": "b"}))
        db.execute(insert("signal_toggles", {"userId": ADA, "signalKey": "new"}))
    with acting(db, "owner"):
        db.execute("delete from public.users where id = %s", (ADA,))
    left = db.execute('select 1 from public.privacy_transparency_log where "userId" = %s', (ADA,))
    assert left.fetchall() == []
