"""Keys of one's own: they take the place of the usual ones, and what is wrong with them is told."""

from __future__ import annotations

import tomllib
from pathlib import Path

import pytest
from textual.binding import Binding

from console.connection.profile import Profile
from console.ui import keymap
from console.ui.app import RowsightApp
from console.ui.settings import Settings
from tests.ui.screen import lines, text, until


async def test_a_chosen_key_takes_the_place_of_the_usual_one(shop: Profile) -> None:
    chosen = Settings(keys={"tables.filter": ("f",), "everywhere.help": ("F1",)})
    app = RowsightApp(shop, chosen=chosen)
    async with app.run_test(size=(80, 24)) as pilot:
        await until(pilot, "orders")
        assert "f Filter" in text(app)
        assert lines(app)[-1].endswith("f1 Help")
        await pilot.press("slash")
        assert app.focused is app.screen.query_one("#relation-list")
        await pilot.press("f")
        assert app.focused is app.screen.query_one("#relation-filter")
        await pilot.press("escape", "f1")
        await until(pilot, "Keys")


async def test_moving_one_key_of_several_leaves_the_others(shop: Profile) -> None:
    app = RowsightApp(shop, chosen=Settings(keys={"tables.stop": ("x",)}))
    async with app.run_test(size=(80, 24)) as pilot:
        await until(pilot, "orders")
        await pilot.press("slash", "o", "escape")  # esc still goes back
        await until(pilot, lambda: app.focused is app.screen.query_one("#relation-list"))
        await pilot.press("slash", *"slow", "enter")
        await until(pilot, "x Cancel")
        await pilot.press("x")
        await until(pilot, "cancelled")


async def test_what_is_wrong_with_chosen_keys_is_told(shop: Profile) -> None:
    app = RowsightApp(shop, chosen=Settings(keys={"tables.nothing": ("f",)}))
    async with app.run_test(size=(80, 24), notifications=True) as pilot:
        await until(pilot, "tables.nothing is no action")


@pytest.mark.parametrize(
    ("keys", "complaint"),
    [
        ({"tables.filter": ("f",)}, ""),
        ({"migration.plan": ("F5",), "migration.apply": ("ctrl+t",)}, ""),
        ({"migration.plan": ("a",), "migration.apply": ("p",)}, ""),
        ({"nowhere.plan": ("f",)}, "nowhere.plan is no action"),
        ({"migration.plan": ("ctrl+meta+doing",)}, "migration.plan: ctrl+meta+doing is no key"),
        ({"migration.plan": ("a",)}, "migration.plan and migration.apply are both a"),
        ({"migration.plan": ("W",)}, "migration.plan and everywhere.write_mode are both W"),
        ({"everywhere.quit": ("F10", "Q")}, "everywhere.quit and tables.query are both Q"),
        ({"everywhere.quit": ("q", "F10")}, ""),
        (
            {"migration.plan": ("F9",), "migration.apply": ("F9",)},
            "migration.plan and migration.apply are both f9",
        ),
    ],
)
def test_conflicts_are_found(keys: dict[str, tuple[str, ...]], complaint: str) -> None:
    assert keymap.complaints(keys) == ([complaint] if complaint else [])


async def test_all_that_is_wrong_with_chosen_keys_is_on_the_screen_at_once(
    shop: Profile,
) -> None:
    names = ("one", "two", "three", "four", "five")
    app = RowsightApp(shop, chosen=Settings(keys={f"tables.{name}": ("f",) for name in names}))
    async with app.run_test(size=(80, 24), notifications=True) as pilot:
        await until(
            pilot, lambda: all(f"tables.{name} is no action" in text(app) for name in names)
        )


async def test_what_is_no_key_leaves_the_usual_one(shop: Profile) -> None:
    keys = {"everywhere.help": ("ctrl+nokey",), "tables.filter": ("nokey", "f")}
    app = RowsightApp(shop, chosen=Settings(keys=keys))
    async with app.run_test(size=(80, 24)) as pilot:
        await until(pilot, "orders")
        assert "f Filter" in text(app)
        await pilot.press("question_mark")
        await until(pilot, "Keys")


def test_the_keys_that_the_readme_shows_are_none_to_complain_of() -> None:
    readme = (Path(__file__).parents[2] / "README.md").read_text()
    shown = readme[readme.index("[keys]") :]
    chosen = tomllib.loads(shown[: shown.index("```")])["keys"]
    keys = {
        name: (value,) if isinstance(value, str) else tuple(value) for name, value in chosen.items()
    }
    assert keys
    assert keymap.complaints(keys) == []


def test_every_binding_says_what_it_does() -> None:
    silent = [
        keymap.name_of(kind, binding)
        for kind in keymap.kinds()
        for binding in kind.__dict__.get("BINDINGS", [])
        if isinstance(binding, Binding) and not binding.description
    ]
    assert silent == []


def test_no_key_is_one_that_terminals_keep_for_themselves() -> None:
    taken = {"ctrl+b", "ctrl+a", "ctrl+s", "ctrl+h"}
    assert {
        keymap.name_of(kind, binding)
        for kind in keymap.kinds()
        for binding in kind.__dict__.get("BINDINGS", [])
        if isinstance(binding, Binding) and taken & {key.strip() for key in binding.key.split(",")}
    } == set()
