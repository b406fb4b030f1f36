"""Daily figures: counted before they are computed, computed a month at a time, read for plots."""

from __future__ import annotations

from dataclasses import replace
from datetime import date, timedelta

import pytest

from console.connection.profile import Profile
from console.connection.session import Session
from console.errors import NotFound, Refused, UsageError
from console.journal import Journal
from console.operations.analytics import plan_recompute, read_metrics, recompute
from console.operations.pace import Control, Progress
from tests.operations.conftest import Database, count, logged_in, make_role

FIRST, LAST = date(2025, 1, 1), date(2025, 3, 15)
DAYS = 74


@pytest.fixture
def shop(database: Database) -> Database:
    """Events and spend around the days that are computed."""
    database.execute(
        "insert into public.analytics_events (occurred_at, user_id, event_name, props)"
        " select timestamptz '2024-12-20 00:00+00' + n * interval '37 minutes',"
        " md5((n % 40)::text)::uuid,"
        " (array['session_started', 'session_started', 'add_to_cart', 'order_completed'])"
        "[1 + n % 4], jsonb_build_object('revenue_cents', n % 1000, 'cost_cents', 3)"
        " from generate_series(1, 4000) n;"
        "insert into public.spend (platform, date, spend_cents, clicks)"
        " select 'x', date '2024-12-20' + n % 100, 100 + n, 5 from generate_series(1, 200) n;"
        "insert into public.metrics_daily (day, orders) values ('2025-01-02', 999),"
        " ('2024-12-31', 777), ('2025-03-16', 777)"
    )
    return database


def figures(database: Database) -> list[tuple[object, ...]]:
    return database.execute(
        "select day, sessions, orders, revenue_cents, cac_cents, conversion_rate, traffic"
        " from public.metrics_daily order by day"
    ).fetchall()


async def test_numbers_come_first(master_db: Profile, shop: Database) -> None:
    async with Session(replace(master_db, read_only=True)) as session:
        planned = await plan_recompute(session, FIRST, LAST)
        assert (planned.days, planned.existing) == (DAYS, 1)
        assert planned.events == count(
            shop,
            "public.analytics_events",
            "(occurred_at at time zone 'UTC')::date between '2025-01-01' and '2025-03-15'",
        )
        assert planned.spend_rows == count(
            shop, "public.spend", "date between '2025-01-01' and '2025-03-15'"
        )
        with pytest.raises(Refused, match="read-only"):
            await recompute(session, planned)
    assert count(shop, "public.metrics_daily") == 3


async def test_in_parts_the_figures_are_those_of_the_whole(
    master_db: Profile, shop: Database
) -> None:
    seen: list[Progress] = []
    async with Session(logged_in(master_db, "authenticator")) as session:
        planned = await plan_recompute(session, FIRST, LAST)
        result = await recompute(session, planned, on_progress=seen.append)
    assert (result.outcome, result.days, result.failure) == ("done", DAYS, None)
    assert [one.done for one in seen] == [31, 62, DAYS]
    in_parts = figures(shop)
    assert len(in_parts) == DAYS + 2
    assert in_parts[0][:3] == (date(2024, 12, 31), 0, 777), "days around are as they were"
    shop.execute("select public.recompute_metrics_daily('2025-01-01', '2025-03-15')")
    assert figures(shop) == in_parts
    intent, done = Journal().entries()
    assert (intent.action, intent.facts["days"]) == ("recompute metrics", DAYS)
    assert done.facts == {"outcome": "done", "computed": DAYS}


async def test_cancelled_it_leaves_whole_months(master_db: Profile, shop: Database) -> None:
    control = Control()
    async with Session(master_db) as session:
        planned = await plan_recompute(session, FIRST, LAST)
        result = await recompute(
            session, planned, control=control, on_progress=lambda _: control.cancel()
        )
    assert (result.outcome, result.days) == ("cancelled", 31)
    assert count(shop, "public.metrics_daily") == 3 + 30
    assert list(Journal().entries())[-1].facts == {"outcome": "cancelled", "computed": 31}


async def test_a_failure_is_told_with_what_was_done(master_db: Profile, shop: Database) -> None:
    shop.execute(
        "alter table public.metrics_daily add constraint early check (day < '2025-02-20') not valid"
    )
    async with Session(master_db) as session:
        result = await recompute(session, await plan_recompute(session, FIRST, LAST))
    assert (result.outcome, result.days) == ("failed", 31)
    assert result.failure is not None
    assert result.failure.sqlstate == "23514"
    assert "early" in list(Journal().entries())[-1].facts["error"]


async def test_the_series_has_every_day(master_db: Profile, shop: Database) -> None:
    async with Session(master_db) as session:
        await recompute(session, await plan_recompute(session, FIRST, FIRST + timedelta(days=2)))
        days = await read_metrics(session, date(2024, 12, 31), date(2025, 1, 5))
    assert [day.day for day in days] == [
        date(2024, 12, 31) + timedelta(days=offset) for offset in range(6)
    ]
    assert [day.computed for day in days] == [True, True, True, True, False, False]
    assert (days[0].orders, days[4].orders) == (777, None)
    computed = days[1]
    assert computed.conversion_rate == pytest.approx(
        (computed.orders or 0) / (computed.sessions or 1), abs=1e-4
    )
    row = shop.execute("select sum(spend_cents) from public.spend where date = '2025-01-05'")
    assert row.fetchone() == (days[5].spend_cents,)


@pytest.mark.parametrize(("first", "last"), [(LAST, FIRST), (date(2000, 1, 1), date(2025, 1, 1))])
async def test_a_range_has_an_order_and_an_end(master_db: Profile, first: date, last: date) -> None:
    async with Session(master_db) as session:
        with pytest.raises(UsageError):
            await read_metrics(session, first, last)
        with pytest.raises(UsageError):
            await plan_recompute(session, first, last)


async def test_without_the_tables_or_the_right_it_is_said(
    master_db: Profile, plain_db: Profile, shop: Database
) -> None:
    async with Session(plain_db) as session:
        with pytest.raises(NotFound):
            await read_metrics(session, FIRST, LAST)
    make_role(shop, "onlooker", "bypassrls")
    shop.execute("grant select on public.metrics_daily, public.spend to onlooker")
    shop.execute("grant select on public.analytics_events to onlooker")
    async with Session(logged_in(master_db, "onlooker")) as session:
        planned = await plan_recompute(session, FIRST, LAST)
        with pytest.raises(Refused, match="onlooker may not execute"):
            await recompute(session, planned)
    shop.execute("drop owned by onlooker")
