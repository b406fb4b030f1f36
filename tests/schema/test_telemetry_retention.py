"""Telemetry goes by its user's own limit; and nobody who is kept from rows reports a zero."""

from __future__ import annotations

from uuid import UUID

import psycopg
import pytest

from tests.schema.cleanup import call, left, policy
from tests.schema.world import ADA, Connection, give_to_keeper, insert


@pytest.fixture(autouse=True)
def _world(world: dict[str, object], db: Connection) -> None:
    """Every test here happens among the people of `world`, without their policy on events."""
    db.execute("delete from public.retention_policies")


def user(db: Connection, number: int, days: int | None) -> UUID:
    """Makes a user who keeps telemetry for some days, or has no preferences."""
    id_ = UUID(int=number)
    db.execute(insert("users", {"id": id_, "email": f"{number}@x.example"}))
    if days is not None:
        db.execute(insert("privacy_prefs", {"userId": id_, "dataRetentionDays": days}))
    return id_


def telemetry(db: Connection, owner: UUID, age: str) -> UUID:
    """Makes a telemetry row of some age."""
    [[id_]] = db.execute(
        'insert into public.telemetry_events ("userId", "appId", "eventType", "timestamp")'
        " values (%s, 'a', 'b', now() - %s::interval) returning id",
        (owner, age),
    ).fetchall()
    assert isinstance(id_, UUID)
    return id_


@pytest.fixture
def households(db: Connection) -> tuple[dict[UUID, int], set[UUID]]:
    """Users to how many rows they have too many, and the rows that stay."""
    db.execute("delete from public.privacy_prefs")
    day, month, patient = user(db, 1, 1), user(db, 2, 30), user(db, 3, 36500)
    user(db, 4, None)
    stays = {
        telemetry(db, day, "1 day"),
        telemetry(db, day, "1 day -1 us"),
        telemetry(db, month, "30 days"),
        telemetry(db, month, "2 days"),
        telemetry(db, patient, "5 years"),
        telemetry(db, day, "-1 day"),
    }
    for age in ("1 day 1 us", "2 days", "30 days"):
        telemetry(db, day, age)
    telemetry(db, month, "30 days 1 us")
    return {day: 3, month: 1, patient: 0}, stays


def test_telemetry_goes_by_the_limit_of_its_user(
    db: Connection, households: tuple[dict[UUID, int], set[UUID]]
) -> None:
    expired, stays = households
    assert dict(call(db, "count_telemetry_by_retention()")) == expired
    assert dict(call(db, "cleanup_telemetry_by_retention()")) == expired
    assert left(db, "telemetry_events") == stays
    assert dict(call(db, "count_telemetry_by_retention()")) == dict.fromkeys(expired, 0)
    assert dict(call(db, "cleanup_telemetry_by_retention()")) == dict.fromkeys(expired, 0)


def test_telemetry_batches_agree(
    db: Connection, households: tuple[dict[UUID, int], set[UUID]]
) -> None:
    expired, stays = households
    assert call(db, "cleanup_telemetry_batch(2)") == [(2, 2)]
    assert sum(dict(call(db, "count_telemetry_by_retention()")).values()) == 2
    assert call(db, "cleanup_telemetry_batch(100)") == [(2, 2)]
    assert call(db, "cleanup_telemetry_batch(100)") == [(0, 0)]
    assert left(db, "telemetry_events") == stays
    assert sum(expired.values()) == 4


# Never a silent zero -------------------------------------------------------------------------


ZERO_TRUST_READERS = [
    "privacy_guardian_health_check()",
    "count_telemetry_by_retention()",
    "cleanup_telemetry_by_retention()",
    "cleanup_telemetry_batch(10)",
    "count_retention_data()",
    "cleanup_retention_data()",
    "cleanup_retention_batch('telemetry_events', 10)",
]


@pytest.mark.parametrize("function", ZERO_TRUST_READERS)
def test_owner_who_would_not_see_all_rows_raises(db: Connection, function: str) -> None:
    telemetry(db, ADA, "9999 days")
    policy(db, "telemetry_events")
    give_to_keeper(db)
    with pytest.raises(psycopg.errors.InsufficientPrivilege, match="row-level security hides rows"):
        call(db, function)
    expired = (
        "select count(*) from public.telemetry_events where \"timestamp\" < now() - interval '1 y'"
    )
    assert db.execute(expired.encode()).fetchall() == [(1,)]


def test_such_an_owner_still_cleans_up_what_he_sees(db: Connection) -> None:
    for days in (29, 31, 32):
        db.execute(
            'insert into public.events ("userId", "filePath", "eventType", "timestamp")'
            " values (%s, '/a', 'created', now() - make_interval(days => %s))",
            (ADA, days),
        )
    policy(db, "events")
    give_to_keeper(db)
    assert call(db, "count_retention_data()") == [("events", 2, "counted")]
    assert call(db, "cleanup_retention_batch('events', 1)") == [(1, 1)]
    assert call(db, "cleanup_retention_data()") == [("events", 1, "deleted")]
