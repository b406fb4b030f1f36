"""Target 11: the set-based functions beside the loops they replace, with the same result.

The naive forms are written here: an upsert that takes one row after the other, and a roll-up
that asks one sub-select per day and figure.
"""

from __future__ import annotations

import argparse
import time
from typing import Any

import psycopg

from tests.benchmarks.database import benchmark_database

LOOP_UPSERT = """
create function public.loop_upsert_events(_rows jsonb) returns integer language plpgsql as $$
declare
  _row jsonb;
  _count integer := 0;
begin
  for _row in select value from jsonb_array_elements(_rows) loop
    insert into public.analytics_events (id, occurred_at, user_id, event_name, props)
    values ((_row ->> 'id')::uuid, (_row ->> 'occurred_at')::timestamptz,
            (_row ->> 'user_id')::uuid, _row ->> 'event_name', _row -> 'props')
    on conflict (id) do update set occurred_at = excluded.occurred_at,
      user_id = excluded.user_id, event_name = excluded.event_name, props = excluded.props;
    _count := _count + 1;
  end loop;
  return _count;
end $$
"""

ROWS = """
select jsonb_agg(jsonb_build_object(
  'id', md5('e' || n)::uuid, 'occurred_at', timestamptz '2026-01-01' + n * interval '1 second',
  'user_id', md5('u' || n %% 5000)::uuid, 'event_name', 'page_view',
  'props', '{"page": "/"}'::jsonb))
  from generate_series(1, %s) n
"""

EVENTS = """
insert into public.analytics_events (occurred_at, user_id, event_name, props)
select timestamptz '2025-01-01 00:00+00' + n / %(events)s::float8 * interval '500 days',
       md5('u' || n %% 50000)::uuid,
       (array['session_started', 'page_view', 'page_view', 'add_to_cart', 'order_completed',
              'page_view', 'session_started', 'page_view', 'order_refunded', 'page_view']
       )[1 + n %% 10],
       jsonb_build_object('revenue_cents', n %% 9000, 'refunds_cents', n %% 900, 'cost_cents', 100)
  from generate_series(1, %(events)s) n
"""

NAIVE_ROLL_UP = """
with dated as not materialized (
  select (occurred_at at time zone 'UTC')::date as day, * from public.analytics_events
)
select d::date,
  (select count(*) from dated where day = d and event_name = 'session_started'),
  (select count(*) from dated where day = d and event_name = 'add_to_cart'),
  (select count(*) from dated where day = d and event_name = 'order_completed'),
  (select coalesce(sum((props ->> 'revenue_cents')::bigint), 0) from dated
    where day = d and event_name = 'order_completed'),
  (select coalesce(sum((props ->> 'refunds_cents')::bigint), 0) from dated
    where day = d and event_name = 'order_refunded'),
  (select count(*) from (
    select min(occurred_at) as first from dated
    where event_name = 'order_completed' group by user_id
  ) customer where (first at time zone 'UTC')::date = d)
  from generate_series(date '2026-03-01', date '2026-03-05', interval '1 day') d
"""


def timed(connection: psycopg.Connection[Any], statement: str, *parameters: object) -> float:
    """Seconds a statement took."""
    started = time.perf_counter()
    connection.execute(statement.encode(), parameters or None)
    return time.perf_counter() - started


def main() -> None:
    """Measures and prints a table."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rows", type=int, default=100_000)
    parser.add_argument("--events", type=int, default=5_000_000)
    options = parser.parse_args()
    with benchmark_database() as (connection, _):
        connection.execute(LOOP_UPSERT)
        connection.execute(
            "create table given as " + ROWS.replace("%s", str(options.rows)).replace("%%", "%")
        )
        results: dict[str, list[float]] = {"loop": [], "set": []}
        for _ in range(3):
            for name, function in (("loop", "loop_upsert_events"), ("set", "upsert_events")):
                connection.execute("truncate public.analytics_events")
                results[name].append(
                    timed(connection, f"select public.{function}(jsonb_agg) from given")
                    + timed(connection, f"select public.{function}(jsonb_agg) from given")
                )
        loop, grouped = min(results["loop"]), min(results["set"])
        print(f"upsert of {options.rows} new rows, then the same again:")
        print(f"  loop {loop:.2f} s, set-based {grouped:.2f} s: {loop / grouped:.2f} times (1.3)")
        connection.execute("truncate public.analytics_events")
        connection.execute(EVENTS.encode(), {"events": options.events})
        connection.execute("vacuum analyze public.analytics_events")
        shipped = min(
            timed(connection, "select public.recompute_metrics_daily('2026-03-01', '2026-03-05')")
            for _ in range(2)
        )
        naive = timed(connection, NAIVE_ROLL_UP)
        expected = connection.execute(NAIVE_ROLL_UP).fetchall()
        actual = connection.execute(
            "select day, sessions, add_to_carts, orders, revenue_cents, refunds_cents"
            " from public.metrics_daily order by day"
        ).fetchall()
        assert [row[:6] for row in expected] == actual, "the roll-ups disagree"
        print(f"roll-up of 5 days in 500 days of {options.events} events, same figures:")
        print(f"  per-day sub-selects {naive:.1f} s, shipped {shipped:.2f} s:", end=" ")
        print(f"{naive / shipped:.0f} times (100)")


if __name__ == "__main__":
    main()
