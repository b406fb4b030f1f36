"""The tour: offered once, follows what is done, can be left at any step."""

from __future__ import annotations

from console.connection.profile import Profile
from console.ui.app import RowsightApp
from console.ui.tour import STEPS, Tour
from tests.ui.screen import lines, text, until


async def test_the_tour_follows_what_is_done(sample_db: Profile) -> None:
    app = RowsightApp(sample_db, tour=True)
    async with app.run_test(size=(80, 24)) as pilot:
        await until(pilot, "New here?")
        await until(pilot, "audit_logs")
        await pilot.press("f2")
        await until(pilot, "Tour 1/6")
        await pilot.press("slash", *"workflows", "enter")
        await until(pilot, "Tour 2/6")
        await pilot.press("f2")
        await until(pilot, "Tour 3/6")
        for key, words in (("2", "Tour 4/6"), ("3", "Tour 5/6"), ("5", "Tour 6/6"), ("6", "it.")):
            await pilot.press(key)
            await until(pilot, words)
        assert "That was it." in lines(app)[-2]
        await pilot.press("f8")
        await until(pilot, lambda: not app.screen.query(Tour))
    again = RowsightApp(sample_db, tour=True)
    async with again.run_test(size=(80, 24)) as pilot:
        await until(pilot, "audit_logs")
        assert "New here?" not in text(again)
        await pilot.press("f2")  # whoever asks gets it
        await until(pilot, "New here?")


async def test_who_declines_is_not_asked_again(shop: Profile) -> None:
    app = RowsightApp(shop, tour=True)
    async with app.run_test(size=(80, 24)) as pilot:
        await until(pilot, "New here?")
        await pilot.press("f8")
        await until(pilot, lambda: not app.screen.query(Tour))
    again = RowsightApp(shop, tour=True)
    async with again.run_test(size=(80, 24)) as pilot:
        await until(pilot, "orders")
        assert "New here?" not in text(again)


def test_every_step_fits_at_80_columns() -> None:
    assert max(len(step.words) for step in STEPS) <= 50


async def test_nobody_else_is_offered_it(shop: Profile) -> None:
    app = RowsightApp(shop)
    async with app.run_test(size=(80, 24)) as pilot:
        await until(pilot, "orders")
        assert "New here?" not in text(app)
