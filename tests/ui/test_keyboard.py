"""What is typed in one burst, as a slow line brings it: each key finds what the last one led to."""

from __future__ import annotations

from collections.abc import Sequence

import pytest
from textual.events import Key, Paste
from textual.pilot import Pilot
from textual.widgets import Input

from console.connection.profile import Profile
from console.ui.app import RowsightApp
from console.ui.tables.dialogs import Goto
from console.ui.widgets.grid import Grid
from tests.ui.screen import until

NAMED = {
    "/": "slash",
    "%": "percent_sign",
    ":": "colon",
    "@": "at",
    ".": "full_stop",
    "*": "asterisk",
}


def burst(pilot: Pilot[None], *keys: str) -> None:
    """Types everything at once: one character each, or the name of a key."""
    for key in keys:
        pilot.app.post_message(Key(NAMED.get(key, key), key if len(key) == 1 else None))


@pytest.mark.parametrize("keys", ["iada", "i:ada@lib"])
async def test_a_name_finds_the_field_that_the_key_before_asked_for(
    shop: Profile, keys: str
) -> None:
    app = RowsightApp(shop)
    async with app.run_test(size=(80, 24)) as pilot:
        await until(pilot, "orders")
        burst(pilot, *keys)
        await until(pilot, "Look as")
        await until(pilot, lambda: app.screen.query_one(Input).value == keys[1:])


@pytest.mark.parametrize(("keys", "row"), [("%50", 124), (":5", 4)])
async def test_a_jump_typed_in_one_go_arrives(shop: Profile, keys: str, row: int) -> None:
    app = RowsightApp(shop, table="app.people")
    async with app.run_test(size=(80, 24)) as pilot:
        await until(pilot, "1 of")
        await until(pilot, lambda: app.focused is not None and app.focused.id == "rows")
        burst(pilot, *keys, "enter")
        await until(pilot, lambda: not isinstance(app.screen, Goto))
        await until(pilot, lambda: app.screen.query_one("#rows", Grid).cursor_row == row)


async def test_a_paste_waits_for_the_field_too(shop: Profile) -> None:
    app = RowsightApp(shop)
    async with app.run_test(size=(80, 24)) as pilot:
        await until(pilot, "orders")
        burst(pilot, "i")
        app.post_message(Paste("ada@example.com"))
        burst(pilot, "x")
        await until(pilot, "Look as")
        await until(pilot, lambda: app.screen.query_one(Input).value == "ada@example.comx")


@pytest.mark.parametrize("keys", ["/action", "faction"])
async def test_a_field_that_opens_in_a_pane_takes_what_follows(
    shop: Profile, keys: Sequence[str]
) -> None:
    app = RowsightApp(shop, tab=5)
    async with app.run_test(size=(80, 24)) as pilot:
        await until(pilot, "Logs")
        await until(pilot, lambda: app.focused is not None)
        burst(pilot, *keys)
        await until(pilot, lambda: isinstance(app.focused, Input) and app.focused.value == keys[1:])
