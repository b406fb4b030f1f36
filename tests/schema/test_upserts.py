"""upsert_events and upsert_spend: one statement, the last of a repeated id, named bad rows."""

from __future__ import annotations

import json
from typing import Any
from uuid import UUID

import psycopg
import pytest

from tests.schema.world import Connection, acting

ONE, TWO, THREE = (str(UUID(int=number)) for number in (1, 2, 3))
MANY = 100_000

EVENT = {"occurred_at": "2025-03-10T12:00:00Z", "event_name": "session_started"}
SPEND = {"platform": "search", "date": "2025-03-10"}
GOOD = {"upsert_events": EVENT, "upsert_spend": SPEND}
TABLE = {"upsert_events": "analytics_events", "upsert_spend": "spend"}


def upsert(db: Connection, function: str, rows: object) -> int:
    """Calls an upsert as the service role, which is who imports."""
    with acting(db, "service"):
        [[count]] = db.execute(
            f"select public.{function}(%s::jsonb)".encode(), (json.dumps(rows),)
        ).fetchall()
    return int(count)


def stored(db: Connection, function: str) -> list[dict[str, Any]]:
    """Reads the whole table by id, as JSON with times in UTC."""
    db.execute("set local timezone = 'UTC'")
    query = f"select to_jsonb(t) from public.{TABLE[function]} t order by id"
    return [row for (row,) in db.execute(query.encode()).fetchall()]


def test_event_is_inserted_then_replaced(db: Connection) -> None:
    user = str(UUID(int=9))
    first = EVENT | {"id": ONE, "user_id": user, "props": {"a": {"b": [1, None]}}}
    assert upsert(db, "upsert_events", [first]) == 1
    assert stored(db, "upsert_events") == [first | {"occurred_at": "2025-03-10T12:00:00+00:00"}]
    second = {"id": ONE, "occurred_at": "2025-03-11T01:00:00+02:00", "event_name": "add_to_cart"}
    assert upsert(db, "upsert_events", [second]) == 1
    assert stored(db, "upsert_events") == [
        second | {"occurred_at": "2025-03-10T23:00:00+00:00", "user_id": None, "props": {}}
    ]


def test_spend_is_inserted_then_replaced(db: Connection) -> None:
    first = SPEND | {
        "id": ONE,
        "campaign_id": "c",
        "adset_id": "a",
        "spend_cents": 1250,
        "clicks": 30,
        "impressions": 900,
        "conv": 2,
    }
    assert upsert(db, "upsert_spend", [first]) == 1
    assert stored(db, "upsert_spend") == [first]
    second = {"id": ONE, "platform": "social", "date": "2025-03-11", "clicks": 5}
    assert upsert(db, "upsert_spend", [second]) == 1
    nothing = {"campaign_id": None, "adset_id": None, "spend_cents": 0, "impressions": 0, "conv": 0}
    assert stored(db, "upsert_spend") == [second | nothing]


@pytest.mark.parametrize("function", GOOD)
def test_counts_rows_written_and_inserts_beside_what_it_updates(
    db: Connection, function: str
) -> None:
    row = GOOD[function]
    assert upsert(db, function, []) == 0
    assert upsert(db, function, [row | {"id": ONE}]) == 1
    assert upsert(db, function, [row | {"id": TWO}, row | {"id": ONE}, row]) == 3
    assert len(stored(db, function)) == 3


@pytest.mark.parametrize(
    ("function", "column"), [("upsert_events", "event_name"), ("upsert_spend", "platform")]
)
def test_last_of_a_repeated_id_wins(db: Connection, function: str, column: str) -> None:
    rows = [
        GOOD[function] | {"id": id_, column: value}
        for id_, value in [(ONE, "z"), (TWO, "only"), (ONE, "y"), (ONE, "a"), (THREE, "b")]
    ]
    assert upsert(db, function, rows) == 3
    assert [row[column] for row in stored(db, function)] == ["a", "only", "b"]
    assert upsert(db, function, [rows[3], rows[0]]) == 1
    assert stored(db, function)[0][column] == "z"


def test_event_without_a_time_happened_now(db: Connection) -> None:
    upsert(db, "upsert_events", [{"event_name": "x"}, {"event_name": "y", "occurred_at": None}])
    times = db.execute("select distinct occurred_at = now() from public.analytics_events")
    assert times.fetchall() == [(True,)]


BAD_EVENTS: list[tuple[object, str]] = [
    ({"id": "not a uuid", "event_name": "x"}, "22P02"),
    (EVENT | {"user_id": 7}, "22P02"),
    (EVENT | {"occurred_at": "yesterday-ish"}, "22007"),
    (EVENT | {"occurred_at": "2025-02-30"}, "22008"),
    ({"occurred_at": "2025-03-10"}, "23502"),
    (EVENT | {"event_name": None}, "23502"),
    ("a string", "22023"),
    (7, "22023"),
    ([EVENT], "22023"),
    (None, "22023"),
]
BAD_SPEND: list[tuple[object, str]] = [
    (SPEND | {"id": "not a uuid"}, "22P02"),
    (SPEND | {"date": "soon"}, "22007"),
    (SPEND | {"clicks": "many"}, "22P02"),
    (SPEND | {"clicks": 1.5}, "22P02"),
    (SPEND | {"spend_cents": 3_000_000_000}, "22003"),
    (SPEND | {"spend_cents": -1}, "23514"),
    ({"platform": "search"}, "23502"),
    ({"date": "2025-03-10"}, "23502"),
    ("a string", "22023"),
]


@pytest.mark.parametrize("position", [1, 2, 5])
@pytest.mark.parametrize(
    ("function", "bad", "sqlstate"),
    [("upsert_events", *case) for case in BAD_EVENTS]
    + [("upsert_spend", *case) for case in BAD_SPEND],
)
def test_bad_row_is_named_and_nothing_is_written(
    db: Connection, function: str, bad: object, sqlstate: str, position: int
) -> None:
    good = GOOD[function]
    upsert(db, function, [good | {"id": ONE}])
    before = stored(db, function)
    rows: list[object] = [good, good | {"id": ONE}, good, good]
    rows.insert(position - 1, bad)
    with pytest.raises(psycopg.Error, match=rf"{function}: row {position}: ") as raised:
        upsert(db, function, rows)
    assert raised.value.sqlstate == sqlstate
    assert stored(db, function) == before


@pytest.mark.parametrize("function", GOOD)
def test_first_of_several_bad_rows_is_named(db: Connection, function: str) -> None:
    good, bad = GOOD[function], {"id": "x"}
    with pytest.raises(psycopg.Error, match="row 3: "):
        upsert(db, function, [good, good, bad, good, bad])


@pytest.mark.parametrize("function", GOOD)
@pytest.mark.parametrize("rows", [{}, EVENT, "rows", 3, None, True])
def test_what_is_no_array_is_refused(db: Connection, function: str, rows: object) -> None:
    with pytest.raises(psycopg.errors.InvalidParameterValue):
        upsert(db, function, rows)
    with (
        acting(db, "service"),
        pytest.raises(psycopg.errors.InvalidParameterValue),
        db.transaction(),
    ):
        db.execute(f"select public.{function}(null)".encode())


@pytest.mark.parametrize("function", GOOD)
def test_hundred_thousand_rows_are_one_statement(db: Connection, function: str) -> None:
    table = TABLE[function]
    db.execute(
        f"""
        create temporary table statements (rows bigint);
        create function pg_temp.count_statement() returns trigger language plpgsql as
          'begin insert into statements select count(*) from written; return null; end';
        create trigger counted after insert on public.{table}
          referencing new table as written for each statement
          execute function pg_temp.count_statement();
        grant insert on statements to service_role
    """.encode()
    )
    call = f"""
        select public.{function}(jsonb_agg(%s::jsonb || jsonb_build_object('id', id)))
        from (select md5(n::text)::uuid as id from generate_series(1, {MANY}) n) as made
    """.encode()
    for row in (GOOD[function], GOOD[function] | {"event_name": "again", "platform": "again"}):
        with acting(db, "service"):
            [[count]] = db.execute(call, (json.dumps(row),)).fetchall()
        assert count == MANY
    # the second time nothing was new: everything was updated
    assert db.execute("select rows from statements").fetchall() == [(MANY,), (0,)]
    column = "event_name" if function == "upsert_events" else "platform"
    counted = db.execute(f"select {column}, count(*) from public.{table} group by 1".encode())
    assert counted.fetchall() == [("again", MANY)]
