"""What belongs to no pane: schemes, messages, sizes, letters, coming back."""

from __future__ import annotations

import json
import os
from pathlib import Path

import pytest

from console.cli import doctor
from console.connection.config import config_path
from console.connection.profile import Environment, Profile
from console.errors import UsageError
from console.journal import state_folder
from console.ui import remembered, settings, themes
from console.ui.app import RowsightApp
from console.ui.jump import Jump
from console.ui.settings import Settings
from console.ui.stage import NAMES
from console.ui.toosmall import TooSmall
from console.ui.workspace import Workspace
from tests.ui.screen import lines, text, until


@pytest.fixture
def config(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Where the configuration file would be."""
    monkeypatch.setenv("ROWSIGHT_CONFIG", str(tmp_path / "config.toml"))
    return config_path()


# Settings


def test_settings_are_read(config: Path) -> None:
    assert settings.load() == Settings()
    config.write_text(
        '[ui]\ntheme = "high-contrast"\nmouse = false\n'
        '[keys]\n"tables.filter" = "f"\neverywhere.quit = ["F10", "Q"]\n'
    )
    assert settings.load() == Settings(
        theme="high-contrast",
        mouse=False,
        keys={"tables.filter": ("f",), "everywhere.quit": ("F10", "Q")},
    )


@pytest.mark.parametrize(
    ("written", "named"),
    [
        ("[ui]\ncolour = 1", "ui.colour is no setting"),
        ("[ui]\nmouse = 1", "ui.mouse is not true or false"),
        ("[ui]\ntheme = 7", "ui.theme is not text"),
        ("ui = 1", "ui is not a table"),
        ("[keys]\ntables.filter = 7", "keys.tables.filter is no key"),
        ("[keys]\ntables.filter = []", "keys.tables.filter is no key"),
        ("[keys]\ntables.filter = ''", "keys.tables.filter is no key"),
    ],
)
def test_what_is_no_setting_is_named(config: Path, written: str, named: str) -> None:
    config.write_text(written)
    with pytest.raises(UsageError, match=named):
        settings.load()


# Schemes of one's own


def test_a_broken_scheme_that_is_asked_for_is_told_as_broken(config: Path) -> None:
    folder = config.parent / "themes"
    folder.mkdir()
    (folder / "mine.toml").write_text("name = 7\n")
    with pytest.raises(UsageError, match=r"no colour scheme 'mine'; mine\.toml is not a colour"):
        RowsightApp(None, chosen=Settings(theme="mine"))


@pytest.mark.parametrize(
    ("written", "status", "said"),
    [
        ('[ui]\ntheme = "nope"\n', "fail", "there is no colour scheme 'nope'"),
        ('[ui]\nmouse = "yes"\n', "fail", "ui.mouse is not true or false"),
        ('[keys]\n"tables.nothing" = "f"\n', "warn", "[keys] tables.nothing is no action"),
        ('[ui]\ntheme = "ansi-16"\n[keys]\n"tables.filter" = "f"\n', "ok", "0 profiles"),
    ],
)
def test_doctor_looks_through_the_settings(
    config: Path, written: str, status: str, said: str
) -> None:
    config.write_text(written)
    check = doctor.check_config()
    assert check.status == status
    assert said in check.value


MINE = 'name = "mine"\ndark = true\n[colors]\nprimary = "#ff8800"\nbackground = "{}"\n'


async def test_a_scheme_in_the_folder_is_taken_and_followed(
    config: Path, unreachable: Profile
) -> None:
    scheme = config.parent / "themes" / "mine.toml"
    scheme.parent.mkdir()
    scheme.write_text(MINE.format("#000000"))
    app = RowsightApp(unreachable, theme="mine")
    async with app.run_test(size=(80, 24), notifications=True) as pilot:
        await until(pilot, "not connected")
        assert app.screen.styles.background.hex == "#000000"
        scheme.write_text(MINE.format("#112233"))
        os.utime(scheme, ns=(1, 1))
        await until(pilot, lambda: app.screen.styles.background.hex == "#112233")
        scheme.write_text(MINE.format("no colour"))
        os.utime(scheme, ns=(2, 2))
        await until(pilot, "mine.toml is not a colour scheme")
        assert app.screen.styles.background.hex == "#112233"


def test_an_unknown_scheme_is_refused(unreachable: Profile) -> None:
    with pytest.raises(UsageError, match="no colour scheme 'pink'"):
        RowsightApp(unreachable, chosen=Settings(theme="pink"))


async def test_a_scheme_chosen_on_the_screen_is_there_the_next_time(unreachable: Profile) -> None:
    app = RowsightApp(unreachable)
    async with app.run_test(size=(80, 24)) as pilot:
        await until(pilot, "not connected")
        app.theme = "high-contrast"
        await pilot.pause()
    assert RowsightApp(unreachable).theme == "high-contrast"
    assert RowsightApp(unreachable, chosen=Settings(theme="rowsight-light")).theme == (
        "rowsight-light"
    )


@pytest.mark.parametrize(
    ("term", "colours", "name"),
    [
        ("linux", "", "ansi-16"),
        ("screen", "", "ansi-16"),
        ("xterm-256color", "", "rowsight-dark"),
        ("screen", "truecolor", "rowsight-dark"),
    ],
)
def test_sixteen_colours_get_a_scheme_of_sixteen(
    monkeypatch: pytest.MonkeyPatch, term: str, colours: str, name: str
) -> None:
    monkeypatch.setenv("TERM", term)
    monkeypatch.setenv("COLORTERM", colours)
    assert themes.fitting() == name


# Messages


async def test_the_same_message_replaces_itself_and_many_do_not_pile_up(
    unreachable: Profile,
) -> None:
    app = RowsightApp(unreachable)
    async with app.run_test(size=(80, 24), notifications=True) as pilot:
        await until(pilot, "not connected")
        for _ in range(5):
            app.notify("copied", markup=False)
        await until(pilot, "copied")
        assert text(app).count("copied") == 1
        for number in range(9):
            app.notify(f"message {number}", markup=False)
        await until(pilot, "message 8")
        assert len(app._notifications) == 3
        assert "message 5" not in text(app)


# Sizes


async def test_a_small_terminal_is_told_so_and_everything_comes_back(shop: Profile) -> None:
    app = RowsightApp(shop)
    async with app.run_test(size=(60, 20)) as pilot:
        await until(pilot, "This terminal is too small")
        assert "60x20" in text(app)
        await pilot.press("i", "W", "2")
        await pilot.resize_terminal(80, 24)
        await until(pilot, "orders")
        assert not isinstance(app.screen, TooSmall)
        assert "Migration" in text(app)
        for width in (200, 61, 199, 30, 120, 65, 80):
            await pilot.resize_terminal(width, 20 if width < 70 else 60)
        await until(pilot, lambda: not isinstance(app.screen, TooSmall))
        await until(pilot, "orders")


# Letters


async def test_a_letter_goes_to_what_it_stands_on(shop: Profile) -> None:
    app = RowsightApp(shop)
    async with app.run_test(size=(80, 24)) as pilot:
        await until(pilot, "orders")
        await pilot.press("ctrl+o")
        await until(pilot, lambda: isinstance(app.screen, Jump))
        jump = app.screen
        assert isinstance(jump, Jump)
        assert len({place for place, _ in jump._places.values()}) == len(jump._places)
        third_tab = list(jump._places)[2]
        await pilot.press(third_tab)
        await until(pilot, lambda: app._workspace.active == 2)
        await pilot.press("1", "ctrl+o")
        await until(pilot, lambda: isinstance(app.screen, Jump))
        await pilot.press("escape")
        await until(pilot, lambda: isinstance(app.screen, Workspace))
        assert app._workspace.active == 0


async def test_a_letter_on_a_row_puts_the_cursor_there(shop: Profile) -> None:
    app = RowsightApp(shop)
    async with app.run_test(size=(80, 24)) as pilot:
        await until(pilot, "orders")
        row = next(n for n, line in enumerate(lines(app)) if "wide" in line)
        await pilot.press("ctrl+o")
        await until(pilot, lambda: isinstance(app.screen, Jump))
        jump = app.screen
        assert isinstance(jump, Jump)
        letter = next(key for key, (place, _) in jump._places.items() if place.y == row)
        await pilot.press(letter)
        await until(pilot, lambda: isinstance(app.screen, Workspace))
        await pilot.press("enter")
        await until(pilot, "1 of 2")


async def test_what_arrives_in_a_tab_that_is_not_shown_takes_no_keys(shop: Profile) -> None:
    app = RowsightApp(shop)
    async with app.run_test(size=(80, 24)) as pilot:
        await until(pilot, "orders")
        hidden = app.screen.focused
        assert hidden is not None
        await pilot.press("2")
        await until(pilot, "people   why")
        shown = app.screen.focused
        assert shown is not hidden
        app.screen.set_focus(hidden)
        assert app.screen.focused is shown
        await pilot.press("1")
        await until(pilot, lambda: app.screen.focused is hidden)


# Coming back


async def test_the_next_console_goes_on_where_this_one_was_left(
    shop: Profile, monkeypatch: pytest.MonkeyPatch
) -> None:
    from dataclasses import replace

    from console.ui.tables.pane import TablesPane

    taken: list[dict[str, str]] = []
    monkeypatch.setattr(TablesPane, "memory", lambda self: {"table": "app.people"})
    monkeypatch.setattr(TablesPane, "recall", lambda self, memory: taken.append(dict(memory)))
    profile = replace(shop, environment=Environment.DEV)
    app = RowsightApp(profile)
    async with app.run_test(size=(80, 24)) as pilot:
        await until(pilot, "orders")
        await pilot.press("3")
        await until(pilot, lambda: app._workspace.active == 2)
        await pilot.press("q")
    assert taken == []
    path = state_folder() / "console.json"
    assert path.stat().st_mode & 0o777 == 0o600
    (left,) = json.loads(path.read_text())["databases"].values()
    assert left == {
        "pane": "Migration",
        "persona": None,
        "panes": {"Tables": {"table": "app.people"}},
    }
    app = RowsightApp(profile)
    async with app.run_test(size=(80, 24)) as pilot:
        await until(pilot, lambda: app._workspace.active == 2)
        await pilot.press("1")
        await until(pilot, "orders")
        assert taken == [{"table": "app.people"}]
    named = RowsightApp(profile, tab=0)
    async with named.run_test(size=(80, 24)) as pilot:
        await until(pilot, "orders")
        assert named._workspace.active == 0
    off = RowsightApp(profile, chosen=Settings(restore=False))
    async with off.run_test(size=(80, 24)) as pilot:
        await until(pilot, "orders")
        assert off._workspace.active == 0


@pytest.mark.parametrize("written", ["", "[]", '{"databases": 3}', "[" * 5000, "\x00"])
def test_a_broken_memory_is_no_memory(written: str) -> None:
    state_folder().mkdir(exist_ok=True)
    (state_folder() / "console.json").write_text(written)
    assert remembered.recall("x") == {}
    remembered.remember("x", {"pane": NAMES[1]})
    assert remembered.recall("x") == {"pane": "Access"}


def test_only_so_many_databases_are_remembered() -> None:
    for number in range(60):
        remembered.remember(str(number), {})
    assert len(remembered.read()["databases"]) == 50
