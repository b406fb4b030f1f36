"""Presets that are saved and removed on the screen."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from textual.pilot import Pilot
from textual.widgets import Input

from console.access.chosen import Chosen
from console.access.persona import with_aal
from console.access.presets import load_presets
from console.connection.config import config_path, section
from console.connection.profile import Profile
from console.ui.access.choices import ChoiceList
from console.ui.access.editor import ClaimsEditor
from console.ui.access.picker import PersonaPicker
from console.ui.access.presets import NamePreset
from console.ui.app import RowsightApp
from console.ui.dialogs import Acknowledge
from console.ui.quiet import SILENCE
from console.ui.widgets.editor import Editor
from tests.access import cast
from tests.ui.acme import ADA
from tests.ui.screen import lines, shown, text, until
from tests.ui.test_access import lens, ready

BY_HAND = '# ours\n[access.presets.strong]   # two factors\nas = "ada@example.com"\naal = 2\n'


@pytest.fixture(autouse=True)
def _config(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("ROWSIGHT_CONFIG", str(tmp_path / "config.toml"))


def by_hand(text: str = BY_HAND) -> None:
    """Writes the configuration file as somebody would."""
    config_path().write_text(text)


def written() -> str:
    """What the configuration file holds."""
    return config_path().read_text()


def saved() -> dict[str, Chosen]:
    return {preset.preset: preset for preset in load_presets(section("access"))}


def on(app: RowsightApp) -> str:
    """The choice under the picker's cursor."""
    choice = app.screen.query_one(ChoiceList).current
    return f"{choice.group} {choice.label}" if choice is not None else ""


async def name_it(pilot: Pilot[Any], name: str) -> None:
    await until(pilot, lambda: isinstance(pilot.app.screen, NamePreset))
    await pilot.press(*name, "enter")


async def confirm(pilot: Pilot[Any]) -> None:
    """Presses y as somebody does who has read what it is about."""
    await pilot.pause(SILENCE + 0.1)
    await pilot.press("y")


async def test_whoever_the_cursor_is_on_is_saved(acme: Profile) -> None:
    app = RowsightApp(acme, tab=1)
    async with app.run_test(size=(80, 24), notifications=True) as pilot:
        await ready(pilot)
        await pilot.press("i", "f2")
        for key in (*"ada@", "f4"):  # as with enter, the answer is waited for
            app.simulate_key(key)
        await until(pilot, "Save as a preset")
        assert "ada@example.com · aal2" in text(app)
        assert "It goes into" in text(app)
        await name_it(pilot, "night shift")
        await until(pilot, "the preset night shift is saved")
        assert saved() == {"night shift": Chosen("ada@example.com", 2, None, "night shift")}
        # It is there at once, under its heading, and is looked through like the others.
        await pilot.press(*["backspace"] * 4)
        await until(pilot, "night shift")
        assert "presets" in text(app)
        assert lens(app) is None
        await pilot.press(*"night")
        await until(pilot, lambda: on(app) == "presets night shift")
        await pilot.press("enter")
        await until(pilot, lambda: lens(app) is not None)
        assert str(lens(app)) == "ada@example.com · authenticated · aal2"
        await until(pilot, lambda: "as ada@example.com" in lines(app)[0])


async def test_edited_claims_are_saved_and_nothing_else(acme: Profile) -> None:
    by_hand()
    app = RowsightApp(acme, tab=1)
    async with app.run_test(size=(120, 40), notifications=True) as pilot:
        await ready(pilot)
        await pilot.press("i", *"lindqvist", "f3")
        await until(pilot, "Claims of ada@example.com")
        editor = app.screen.query_one(Editor)
        claims = json.loads(editor.text)
        editor.text = json.dumps(claims | {"app_metadata": {"team": "support"}})
        await pilot.press("f4")
        await name_it(pilot, "support")
        await until(pilot, "the preset support is saved")
        assert isinstance(app.screen, ClaimsEditor)  # to be looked through, or left
        assert written().startswith(BY_HAND)
        kept = '{"app_metadata": {"provider": null, "providers": null, "team": "support"}}'
        assert saved()["support"] == Chosen("ada@example.com", None, kept, "support")
        # The picker below knows it, and it opens with the claims that it was saved with.
        await pilot.press("escape", *["backspace"] * 9, *"support")
        await until(pilot, lambda: on(app) == "presets support")
        await pilot.press("f3")
        await until(pilot, "Claims of ada@example.com")
        again = json.loads(app.screen.query_one(Editor).text)
        assert again["app_metadata"] == {"team": "support"}


async def test_a_name_that_is_taken_is_asked_about(acme: Profile) -> None:
    by_hand()
    app = RowsightApp(acme, tab=1)
    async with app.run_test(size=(80, 24), notifications=True) as pilot:
        await ready(pilot)
        await pilot.press("i", *"service")
        await until(pilot, lambda: on(app) == "roles service_role")
        await pilot.press("f4", "enter")  # no name is no answer
        await name_it(pilot, "strong")
        await until(pilot, "Replace the preset strong?")
        assert "service_role" in text(app)
        await pilot.press("enter", "escape")  # neither is a yes
        await until(pilot, lambda: isinstance(app.screen, NamePreset))
        assert written() == BY_HAND
        await pilot.press("enter")
        await until(pilot, lambda: isinstance(app.screen, Acknowledge))
        await confirm(pilot)
        await until(pilot, lambda: isinstance(app.screen, PersonaPicker))
        assert saved() == {"strong": Chosen("service_role", preset="strong")}
        assert "# ours\n[access.presets.strong]   # two factors\n" in written()


async def test_a_preset_is_taken_out_after_a_yes(acme: Profile) -> None:
    by_hand(BY_HAND + '\n[access.presets.robot]\nas = "role:authenticated"\n')
    app = RowsightApp(acme, tab=1)
    async with app.run_test(size=(80, 24)) as pilot:
        await ready(pilot)
        await pilot.press("i")
        await until(pilot, "robot")
        assert on(app) == "presets strong"
        assert "F8 remove" in text(app)
        await pilot.press("f8")
        await until(pilot, "Remove the preset strong?")
        await pilot.press("escape")
        await until(pilot, lambda: isinstance(app.screen, PersonaPicker))
        assert set(saved()) == {"strong", "robot"}
        await pilot.press("f8")
        await until(pilot, "Remove the preset strong?")
        await confirm(pilot)
        await until(pilot, lambda: isinstance(app.screen, PersonaPicker))
        await until(pilot, lambda: "strong" not in text(app))
        assert set(saved()) == {"robot"}
        assert written().startswith("# ours\n")
        assert on(app) == "presets robot"
        # Who is no preset can't be removed, and no key says so.
        await pilot.press("down")
        assert on(app) == "roles anon"
        assert "F8" not in text(app)
        await pilot.press("f8")
        assert isinstance(app.screen, PersonaPicker)


async def test_what_can_not_be_kept_is_said(acme: Profile) -> None:
    app = RowsightApp(acme, tab=1)
    async with app.run_test(size=(120, 40), notifications=True) as pilot:
        await ready(pilot)
        await pilot.press("i", *"ada@", "f3")
        await until(pilot, "Claims of ada@example.com")
        app.screen.query_one(Editor).text = '{"role": "authenticated", "password": "geheim"}'
        await pilot.press("f4")
        await until(pilot, "not saved: the claims seem")
        assert isinstance(app.screen, ClaimsEditor)
        app.screen.query_one(Editor).text = '{"role": '
        await pilot.press("f4")
        assert isinstance(app.screen, ClaimsEditor)
        app.screen.query_one(Editor).text = '{"role": "authenticated"}'
        config_path().mkdir()  # a folder in the file's place
        await pilot.press("f4")
        await name_it(pilot, "ada")
        await until(pilot, "can't be written")
        assert app.screen.query_one(Input).value == "ada"
        config_path().rmdir()
        await pilot.press("enter")
        await until(pilot, lambda: isinstance(app.screen, ClaimsEditor))
        assert "geheim" not in written()
        assert set(saved()) == {"ada"}


async def test_somebody_in_short_is_saved(acme: Profile) -> None:
    app = RowsightApp(acme, tab=1)
    async with app.run_test(size=(80, 24)) as pilot:
        await ready(pilot, with_aal(ADA, 2))
        await until(pilot, "What is seen")
        await pilot.press("f4")
        await name_it(pilot, "ada")
        await until(pilot, lambda: not isinstance(app.screen, NamePreset))
        assert saved() == {"ada": Chosen("ada@example.com", 2, None, "ada")}
        # The lens is who it was, and the picker offers both.
        assert lens(app) == with_aal(ADA, 2)
        await pilot.press("i")
        await until(pilot, "presets")
        assert on(app) == f"now {ADA.label}"


async def test_the_keys_are_in_the_help(acme: Profile) -> None:
    app = RowsightApp(acme, tab=1)
    async with app.run_test(size=(80, 40)) as pilot:
        await ready(pilot, ADA)
        await until(pilot, "What is seen")
        await pilot.press("f1")
        await until(pilot, "Save as a preset")
        await pilot.press("f1", "i")
        await until(pilot, "F4 save")
        await pilot.press("f1")
        await until(pilot, "Keys")
        keys = shown(app, ".dialog-body Static")
        assert "f4             Save as a preset" in keys
        assert "f8" not in keys  # the cursor is on no preset
        assert keys.index("Look as") < keys.index("Move cursor left")
        await pilot.press("escape", "f3")
        await until(pilot, "Claims of ada@example.com")
        assert "F4 save" in text(app)
        assert cast.ADA in text(app)


async def test_hostile_names_stay_text(acme: Profile) -> None:
    by_hand('[access.presets."\\u001b[2J[b]\\u202e"]\nas = "anon"\n')
    app = RowsightApp(acme, tab=1)
    async with app.run_test(size=(80, 24)) as pilot:
        await ready(pilot)
        await pilot.press("i")
        await until(pilot, "presets")
        await pilot.press("f8")
        await until(pilot, "Remove the preset ␛[2J[b]⟨202E⟩?")
        await confirm(pilot)
        await until(pilot, lambda: isinstance(app.screen, PersonaPicker))
        assert saved() == {}
