"""What would do nothing is not offered, and what changes nothing says so."""

from __future__ import annotations

import pytest

from console.connection.profile import Profile
from console.ui.app import RowsightApp
from console.ui.health.vitals import GROUPS, CheckList
from tests.conftest import Admin
from tests.ui.screen import text, until


def offered(app: RowsightApp) -> dict[str, str]:
    """What each key does now."""
    active = app.screen.active_bindings.items()
    return {key: one.binding.description for key, one in active if one.enabled}


async def test_the_tab_that_is_open_is_not_offered(shop: Profile) -> None:
    app = RowsightApp(shop)
    async with app.run_test(size=(80, 24)) as pilot:
        await until(pilot, "orders")
        assert "1" not in offered(app)
        await pilot.press("2")
        await until(pilot, "Nobody is chosen yet")
        assert offered(app)["1"] == "Tables"
        assert "2" not in offered(app)


@pytest.mark.parametrize(
    ("view", "shown"), [("m", "Nobody is chosen"), ("c", "Nobody is chosen"), ("b", "snapshot")]
)
async def test_nothing_is_run_again_that_was_never_run(
    shop: Profile, view: str, shown: str
) -> None:
    app = RowsightApp(shop, tab=1)
    async with app.run_test(size=(80, 24)) as pilot:
        await until(pilot, "Nobody is chosen yet")
        await pilot.press(view)
        await until(pilot, lambda: offered(app).get(view))
        await until(pilot, shown)
        assert "r" not in offered(app)


async def test_a_threshold_is_offered_where_there_is_one(acme: Profile) -> None:
    app = RowsightApp(acme, tab=3)
    async with app.run_test(size=(80, 24)) as pilot:
        await until(pilot, "longest query")
        await pilot.press("g")
        await until(pilot, lambda: offered(app).get("t") == "Threshold")
        await pilot.press("G")  # the schema's functions judge themselves
        await until(pilot, "get_index_usage")
        await until(pilot, lambda: "t" not in offered(app))


async def test_a_count_that_changes_nothing_says_that_it_is_done(shop: Profile) -> None:
    app = RowsightApp(shop, table="app.wide")
    async with app.run_test(size=(80, 24), notifications=True) as pilot:
        await until(pilot, "1 of 2")
        await pilot.press("number_sign")
        await until(pilot, "2 rows, counted just now")


async def test_where_one_figure_warns_the_next_problem_is_said_to_be_none(
    sample_db: Profile,
) -> None:
    app = RowsightApp(sample_db, tab=3)
    async with app.run_test(size=(80, 24), notifications=True) as pilot:
        await until(pilot, "1 warn")
        await until(pilot, lambda: app.screen.query_one(CheckList).current in GROUPS["functions"])
        await pilot.press("n")
        await until(pilot, "nothing else warns or fails")


async def test_columns_that_stay_as_they_are_are_said_to(shop: Profile) -> None:
    app = RowsightApp(shop, table="app.people")
    async with app.run_test(size=(80, 24), notifications=True) as pilot:
        await until(pilot, "Person 9")
        await pilot.press("v", "a")
        await until(pilot, "all of them are shown")
        await pilot.press("o", "o")
        await until(pilot, "no other is shown")
        await pilot.press("space")
        await until(pilot, "one column stays")


async def test_text_is_offered_to_scroll_where_it_does_not_fit(shop: Profile) -> None:
    app = RowsightApp(shop, table="app.people")
    async with app.run_test(size=(80, 60)) as pilot:
        await until(pilot, "Person 9")
        await pilot.press("c", "s")
        await until(pilot, "the SQL that makes it")
        await until(pilot, lambda: "y" in offered(app))
        assert "j" not in offered(app)
        await pilot.resize_terminal(80, 21)
        await until(pilot, lambda: offered(app).get("j") == "Down")


async def test_a_value_is_offered_to_move_in_where_it_does_not_fit(
    shop: Profile, admin: Admin
) -> None:
    admin(shop).execute("update app.people set note = repeat('long ', 1000) where id = 1")
    app = RowsightApp(shop, table="app.people")
    async with app.run_test(size=(80, 24)) as pilot:
        await until(pilot, "Person 9")
        await pilot.press("enter", "down", "enter")
        await until(pilot, "8 characters")
        assert offered(app)["y"] == "Copy it all"
        assert "G" not in offered(app)
        await pilot.press("escape", *["down"] * 4, "enter")
        await until(pilot, lambda: offered(app).get("G") == "End")


async def test_what_is_done_with_an_entry_is_offered_where_there_is_one(
    master_db: Profile, admin: Admin
) -> None:
    app = RowsightApp(master_db, tab=5)
    async with app.run_test(size=(80, 24)) as pilot:
        await until(pilot, "No entries yet")
        await until(pilot, "f Filter")
        assert "Open" not in text(app)
        assert "m" not in offered(app)
        admin(master_db).execute("insert into public.audit_logs (action) values ('login')")
        await until(pilot, "Open")
        assert offered(app)["m"] == "Set or lift a bookmark"
