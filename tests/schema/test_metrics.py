"""recompute_metrics_daily against days computed by hand."""

from __future__ import annotations

import json
import threading
from decimal import Decimal
from uuid import UUID

import psycopg
import pytest

from console.connection.embedded import EmbeddedServer
from tests.conftest import FreshDatabase, superuser
from tests.schema.world import Connection, acting

ANN, BOB, CAT = (UUID(int=number) for number in (1, 2, 3))
COLUMNS = (
    "day",
    "sessions",
    "add_to_carts",
    "orders",
    "revenue_cents",
    "refunds_cents",
    "aov_cents",
    "cac_cents",
    "conversion_rate",
    "gross_margin_cents",
    "traffic",
)
ZERO = dict.fromkeys(COLUMNS[1:], 0)


def happened(db: Connection, at: str, name: str, user: UUID | None = None, **props: object) -> None:
    """Records one event; times without a zone are UTC."""
    db.execute(
        "insert into public.analytics_events (occurred_at, event_name, user_id, props)"
        " values ((%s || 'Z')::timestamptz, %s, %s, %s)",
        (at, name, user, json.dumps(props)),
    )


def spent(db: Connection, day: str, cents: int, clicks: int) -> None:
    """Records one day of one campaign."""
    db.execute(
        "insert into public.spend (platform, date, spend_cents, clicks)"
        " values ('search', %s, %s, %s)",
        (day, cents, clicks),
    )


def recompute(db: Connection, first: str, last: str) -> None:
    """Recomputes as the service role."""
    with acting(db, "service"):
        db.execute("select public.recompute_metrics_daily(%s, %s)", (first, last))


def metrics(db: Connection) -> dict[str, dict[str, object]]:
    """Reads metrics_daily by day."""
    rows = db.execute(
        f"select {', '.join(COLUMNS)} from public.metrics_daily order by day".encode()
    )
    return {str(day): dict(zip(COLUMNS[1:], rest, strict=True)) for day, *rest in rows}


def tenth_of_march(db: Connection) -> None:
    """A day with four orders, two by new customers, and everything at its edges."""
    happened(db, "2025-03-09 23:59:59.999999", "session_started")
    for second in range(7):
        happened(db, f"2025-03-10 08:00:0{second}", "session_started", ANN)
    happened(db, "2025-03-10 00:00:00", "session_started")
    happened(db, "2025-03-11 00:00:00", "session_started")
    for user in (ANN, BOB, None):
        happened(db, "2025-03-10 09:00:00", "add_to_cart", user)
    happened(db, "2025-03-09 10:00:00", "order_completed", BOB, revenue_cents=9900, cost_cents=100)
    happened(db, "2025-03-10 10:00:00", "order_completed", ANN, revenue_cents=5000, cost_cents=2000)
    happened(db, "2025-03-10 11:00:00", "order_completed", BOB, revenue_cents=2500, cost_cents=1000)
    happened(db, "2025-03-10 12:00:00", "order_completed", None, revenue_cents=2501)
    happened(
        db, "2025-03-10 23:59:59.999999", "order_completed", CAT, revenue_cents=0, cost_cents=500
    )
    happened(db, "2025-03-10 13:00:00", "order_refunded", BOB, refunds_cents=1000)
    happened(db, "2025-03-11 13:00:00", "order_refunded", ANN, refunds_cents=5000)
    happened(db, "2025-03-10 14:00:00", "page_viewed", ANN, revenue_cents=777, refunds_cents=777)
    spent(db, "2025-03-09", 111, 11)
    spent(db, "2025-03-10", 3000, 40)
    spent(db, "2025-03-10", 1001, 2)


TENTH = {
    "sessions": 8,
    "add_to_carts": 3,
    "orders": 4,
    "revenue_cents": 10001,  # 5000 + 2500 + 2501 + 0
    "refunds_cents": 1000,
    "aov_cents": 2500,  # 10001 / 4 = 2500.25
    "cac_cents": 2001,  # 4001 / 2 = 2000.5: Ann and Cat are new, Bob bought the day before
    "conversion_rate": Decimal("0.5"),  # 4 / 8
    "gross_margin_cents": 5501,  # 10001 - 1000 - (2000 + 1000 + 500)
    "traffic": 42,
}


@pytest.mark.parametrize("timezone", ["UTC", "Pacific/Auckland", "America/Los_Angeles"])
def test_day_by_hand(db: Connection, timezone: str) -> None:
    tenth_of_march(db)
    db.execute("select set_config('timezone', %s, true)", (timezone,))
    recompute(db, "2025-03-10", "2025-03-10")
    assert metrics(db) == {"2025-03-10": TENTH}


def test_neighbouring_days_by_hand(db: Connection) -> None:
    tenth_of_march(db)
    recompute(db, "2025-03-08", "2025-03-11")
    assert metrics(db) == {
        "2025-03-08": ZERO,
        "2025-03-09": ZERO
        | {
            "sessions": 1,
            "orders": 1,
            "revenue_cents": 9900,
            "aov_cents": 9900,
            "cac_cents": 111,
            "conversion_rate": 1,
            "gross_margin_cents": 9800,
            "traffic": 11,
        },
        "2025-03-10": TENTH,
        # a refund is a loss on the day it is made
        "2025-03-11": ZERO | {"sessions": 1, "refunds_cents": 5000, "gross_margin_cents": -5000},
    }


def test_ratios_without_a_divisor_are_zero(db: Connection) -> None:
    happened(db, "2025-03-10 10:00:00", "order_completed", None, revenue_cents=100)
    spent(db, "2025-03-10", 500, 0)
    recompute(db, "2025-03-10", "2025-03-10")
    [day] = metrics(db).values()
    assert (day["conversion_rate"], day["cac_cents"], day["aov_cents"]) == (0, 0, 100)


def test_conversion_rate_has_four_digits(db: Connection) -> None:
    for second in range(3):
        happened(db, f"2025-03-10 08:00:0{second}", "session_started")
    happened(db, "2025-03-10 10:00:00", "order_completed")
    recompute(db, "2025-03-10", "2025-03-10")
    assert metrics(db)["2025-03-10"]["conversion_rate"] == Decimal("0.3333")


def test_second_order_on_the_first_day_makes_no_second_customer(db: Connection) -> None:
    for hour in (10, 11):
        happened(db, f"2025-03-10 {hour}:00:00", "order_completed", ANN)
    happened(db, "2025-03-12 10:00:00", "order_completed", ANN)
    spent(db, "2025-03-10", 900, 0)
    spent(db, "2025-03-12", 900, 0)
    recompute(db, "2025-03-10", "2025-03-12")
    assert [day["cac_cents"] for day in metrics(db).values()] == [900, 0, 0]


@pytest.mark.parametrize("amount", [None, "", "abc", "12.5", 12.5, {"cents": 5}, [5], "1e9", True])
def test_amount_that_is_no_whole_number_counts_as_nothing(db: Connection, amount: object) -> None:
    happened(db, "2025-03-10 10:00:00", "order_completed", ANN, revenue_cents=amount)
    happened(
        db, "2025-03-10 11:00:00", "order_completed", BOB, revenue_cents=600, cost_cents=amount
    )
    happened(db, "2025-03-10 12:00:00", "order_refunded", BOB, refunds_cents=amount)
    recompute(db, "2025-03-10", "2025-03-10")
    [day] = metrics(db).values()
    assert (day["orders"], day["revenue_cents"], day["aov_cents"]) == (2, 600, 300)
    assert (day["refunds_cents"], day["gross_margin_cents"]) == (0, 600)


def test_again_gives_the_same(db: Connection) -> None:
    tenth_of_march(db)
    recompute(db, "2025-03-08", "2025-03-12")
    first = metrics(db)
    recompute(db, "2025-03-08", "2025-03-12")
    recompute(db, "2025-03-10", "2025-03-10")
    assert metrics(db) == first


def test_what_no_longer_happened_no_longer_counts(db: Connection) -> None:
    tenth_of_march(db)
    recompute(db, "2025-03-10", "2025-03-10")
    db.execute("delete from public.analytics_events")
    db.execute("delete from public.spend")
    recompute(db, "2025-03-10", "2025-03-10")
    assert metrics(db) == {"2025-03-10": ZERO}


def test_other_days_stay_as_they_are(db: Connection) -> None:
    for day in ("2025-03-09", "2025-03-10", "2025-03-11"):
        db.execute("insert into public.metrics_daily (day, orders) values (%s, 99)", (day,))
    recompute(db, "2025-03-10", "2025-03-10")
    assert {day: row["orders"] for day, row in metrics(db).items()} == {
        "2025-03-09": 99,
        "2025-03-10": 0,
        "2025-03-11": 99,
    }


@pytest.mark.parametrize(
    ("first", "last"),
    [
        ("2025-03-11", "2025-03-10"),
        (None, "2025-03-10"),
        ("2025-03-10", None),
        ("-infinity", "infinity"),
    ],
)
def test_span_that_is_none_is_refused(db: Connection, first: str, last: str) -> None:
    with pytest.raises(psycopg.errors.InvalidParameterValue):
        recompute(db, first, last)


def test_calls_at_once_wait_for_each_other(
    fresh_database: FreshDatabase, schema_server: EmbeddedServer
) -> None:
    profile = fresh_database("master", on=schema_server)
    name = profile.parameters["dbname"]
    failures: list[Exception] = []

    def second_call() -> None:
        try:
            with superuser(schema_server, name) as connection:
                connection.execute(
                    "select public.recompute_metrics_daily('2025-03-10', '2025-03-12')"
                )
        except psycopg.Error as error:
            failures.append(error)

    waiting = "select wait_event from pg_stat_activity where wait_event_type = 'Lock'"
    with superuser(schema_server, name) as watcher, superuser(schema_server, name) as first:
        with first.transaction():
            tenth_of_march(first)
            first.execute("select public.recompute_metrics_daily('2025-03-08', '2025-03-11')")
            thread = threading.Thread(target=second_call)
            thread.start()
            while not (waits := watcher.execute(waiting).fetchall()) and thread.is_alive():
                pass
        assert waits == [("advisory",)]
        thread.join()
        assert failures == []
        # the second saw what the first had committed
        assert metrics(watcher)["2025-03-10"] == TENTH
        assert list(metrics(watcher)) == [f"2025-03-{day:02}" for day in range(8, 13)]
