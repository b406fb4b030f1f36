"""The daily figures within the health pane: plots, computing anew, importing."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import psycopg
import pytest
from textual.pilot import Pilot

from console.connection.profile import Profile
from console.journal import Journal
from console.ui.app import RowsightApp
from console.ui.health.metrics import Metrics
from tests.conftest import Admin
from tests.operations.conftest import logged_in, make_role
from tests.ui.conftest import writable
from tests.ui.screen import focused_field, lines, text, until, write
from tests.ui.test_migration import read_only

EVENTS = """
insert into public.analytics_events (occurred_at, event_name, props)
select now() - interval '1 day' * (n % 5), 'session_started', '{}' from generate_series(1, 50) n;
insert into public.analytics_events (occurred_at, event_name, props)
select now() - interval '1 day' * n, 'order_completed', '{"revenue_cents": 1250}'
  from generate_series(1, 4) n;
insert into public.spend (platform, date, spend_cents) values ('ads', current_date - 1, 777)
"""


@pytest.fixture
def shop(master_db: Profile, admin: Admin) -> psycopg.Connection[Any]:
    """Fifty sessions and four orders of the last days, none of it computed."""
    database = admin(master_db)
    database.execute(EVENTS.encode())
    return database


def metrics(app: RowsightApp) -> Metrics:
    return app.screen.query_one(Metrics)


async def to_plots(pilot: Pilot[Any]) -> None:
    await until(pilot, "connections")
    await pilot.press("a")
    await until(pilot, "Daily figures")


async def agree(pilot: Pilot[Any]) -> None:
    await pilot.pause(0.5)
    await pilot.press("y")


async def test_days_are_computed_after_their_number_was_shown(
    master_db: Profile, shop: psycopg.Connection[Any]
) -> None:
    app = RowsightApp(writable(master_db), tab=3)
    async with app.run_test(size=(80, 24)) as pilot:
        await to_plots(pilot)
        await until(pilot, "30 days not computed")
        assert "7.77 in all" in text(app)
        await pilot.press("u")
        await until(pilot, "Compute which days anew?")
        await pilot.press("enter")
        await until(pilot, "Compute these days anew?")
        assert "30 days" in text(app)
        assert "0 rows of metrics_daily are replaced, 30 added" in text(app)
        assert "54 rows of analytics_events, 1 row of spend" in text(app)
        await pilot.press("enter", "enter", "enter")
        assert shop.execute("select count(*) from public.metrics_daily").fetchone() == (0,)
        await agree(pilot)
        await until(pilot, "✓ Done: 30 days computed anew")
        assert shop.execute("select count(*) from public.metrics_daily").fetchone() == (30,)
        assert next(entry.action for entry in Journal().entries()) == "recompute metrics"
        await pilot.press("escape")
        await until(pilot, "50.00 in all")
        assert "not computed" not in text(app)
        await pilot.press("m")
        await until(pilot, "60 days not computed")
        await pilot.press("escape")
        await until(pilot, "connections")


async def test_a_file_is_imported_and_what_is_refused_is_listed(
    master_db: Profile, shop: psycopg.Connection[Any], tmp_path: Path
) -> None:
    file = tmp_path / "spend-november.csv"
    good = "".join(f"ads,2026-11-{day:02},100\n" for day in range(1, 21))
    file.write_text(f"platform,date,spend_cents\n{good}ads,someday,1\nads,2026-11-30,-5\n")
    count = "select count(*) from public.spend where spend_cents = 100"
    app = RowsightApp(writable(master_db), tab=3)
    async with app.run_test(size=(80, 24)) as pilot:
        await to_plots(pilot)
        await pilot.press("o")
        await until(pilot, "Import which file?")
        focused_field(app).value = str(file)
        await pilot.press("enter")
        assert focused_field(app).value == "spend"
        await pilot.press("enter")
        await until(pilot, "Import these rows?")
        assert "20 rows of spend-november.csv into spend" in text(app)
        assert "2 lines refused" in text(app)
        assert "date is no day such as" in text(app)
        assert shop.execute(count).fetchone() == (0,)
        await agree(pilot)
        await until(pilot, "✓ Done: 20 rows written")
        assert "line 22" in text(app)
        assert "line 23" in text(app)
        assert shop.execute(count).fetchone() == (20,)
        await pilot.press("o")
        await write(pilot, "/no/such/file")
        await pilot.press("enter", "enter")
        await until(pilot, "can't be read")
        await pilot.press("escape")
        await until(pilot, "Daily figures")


async def test_read_only_has_no_keys_that_write(
    master_db: Profile, shop: psycopg.Connection[Any]
) -> None:
    app = RowsightApp(read_only(master_db), tab=3)
    async with app.run_test(size=(120, 24)) as pilot:
        await to_plots(pilot)
        await until(pilot, "30 days not computed")
        assert "Compute anew" not in lines(app)[-1]
        await pilot.press("u", "o")
        assert app.screen is app._workspace


async def test_who_may_not_compute_is_told_why(master_db: Profile, admin: Admin) -> None:
    database = admin(master_db)
    make_role(database, "onlooker", "bypassrls")
    database.execute(
        "grant select on public.metrics_daily, public.spend, public.analytics_events to onlooker"
    )
    app = RowsightApp(writable(logged_in(master_db, "onlooker")), tab=3)
    async with app.run_test(size=(80, 24)) as pilot:
        await to_plots(pilot)
        await until(pilot, "30 days not computed")
        await pilot.press("u", "enter")
        await until(pilot, "onlooker may not execute public.recompute_metrics_daily")
        assert "service_role" in text(app)
    database.execute("drop owned by onlooker")


async def test_without_the_tables_it_says_so(plain_db: Profile) -> None:
    app = RowsightApp(read_only(plain_db), tab=3)
    async with app.run_test(size=(80, 24)) as pilot:
        await until(pilot, "connections")
        await pilot.press("a")
        await until(pilot, "this database has no daily figures")
        await pilot.press("escape", "escape")
        await until(pilot, "connections")
