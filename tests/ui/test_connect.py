"""Choosing a database on the screen: found, tried, written down, opened."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import psycopg
import pytest
from psycopg.conninfo import make_conninfo

from console.connection.config import load_profiles
from console.connection.embedded import EmbeddedServer
from console.connection.profile import Environment, Profile
from console.connection.remembered import favourites, recent
from console.connection.standing import Standing
from console.ui.app import RowsightApp
from console.ui.connect.address import masked
from console.ui.connect.entries import Entries
from console.ui.connect.form import ProfileForm, SupabaseForm
from console.ui.connect.password import AskPassword
from console.ui.connect.screen import ConnectScreen
from console.ui.connect.trial import Trial
from console.ui.status import Link
from tests.ui.screen import lines, text, until, write

REF = "abcdefghijklmnopqrst"


@pytest.fixture
def config(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The configuration file of the app."""
    path = tmp_path / "config.toml"
    monkeypatch.setenv("ROWSIGHT_CONFIG", str(path))
    monkeypatch.setenv("ROWSIGHT_NO_KEYRING", "1")
    return path


def content(config: Path) -> str:
    """What the file holds."""
    return config.read_text()


def fill(config: Path, content: str) -> None:
    """Writes the file by hand."""
    config.write_text(content)


def written(config: Path, profile: Profile, name: str = "shop") -> None:
    """Writes a profile down as a person would."""
    given = "".join(f'{key} = "{value}"\n' for key, value in profile.parameters.items())
    config.write_text(f"[profiles.{name}]\n{given}")


async def test_who_is_new_is_welcomed_and_connects_to_a_url(config: Path, shop: Profile) -> None:
    app = RowsightApp(None)
    async with app.run_test(size=(80, 24)) as pilot:
        await until(pilot, "Welcome to rowsight")
        assert "Try the demo" in text(app)
        await pilot.press("u")
        await until(pilot, "Connect to")
        await write(pilot, "nonsense")
        await pilot.press("enter")
        await until(pilot, "this is no URL")
        for _ in "nonsense":
            await pilot.press("backspace")
        await write(pilot, make_conninfo(**shop.parameters))
        await pilot.press("enter")
        await until(pilot, "orders")
        await until(pilot, recent)
        await pilot.press("C")
        await until(pilot, "Lately")
        await pilot.press("escape")
        await until(pilot, "orders")
        await pilot.press("q")
    assert app.return_code == 0


async def test_a_profile_is_opened_and_another_one_after_it(
    config: Path, shop: Profile, server: EmbeddedServer
) -> None:
    written(config, shop)
    app = RowsightApp(None)
    async with app.run_test(size=(100, 24)) as pilot:
        await until(pilot, "Profiles")
        await pilot.press("enter")
        await until(pilot, "orders")
        first = app._workspace
        await pilot.press("C")
        await until(pilot, "connect to a database")
        await pilot.press("enter")
        await until(pilot, lambda: app._workspace is not first)
        await until(pilot, lambda: app._workspace.status.link is Link.CONNECTED)
        # What the first one had open is closed.
        with psycopg.connect(server.dsn(), autocommit=True) as connection:
            count = (
                "select count(*) from pg_stat_activity"
                " where datname = 'shop' and application_name like 'rowsight browse %'"
            )
            await until(pilot, lambda: connection.execute(count).fetchone() == (1,))


async def test_another_database_is_chosen_after_a_failure(
    config: Path, shop: Profile, unreachable: Profile
) -> None:
    written(config, shop)
    app = RowsightApp(unreachable)
    async with app.run_test(size=(80, 24)) as pilot:
        await until(pilot, "nothing answers")
        assert "C another one" in text(app)
        await pilot.press("C")
        await until(pilot, "Profiles")
        await pilot.press("enter")
        await until(pilot, "orders")


async def test_a_profile_is_written_after_it_was_tried(config: Path, shop: Profile) -> None:
    app = RowsightApp(None)
    async with app.run_test(size=(100, 30)) as pilot:
        await until(pilot, "Welcome")
        await pilot.press("n")
        await until(pilot, lambda: isinstance(app.screen, ProfileForm))
        await pilot.press("f2")
        await until(pilot, "a profile needs a name")
        await write(pilot, "mine")
        await pilot.press("enter")
        await write(pilot, shop.parameters["host"])
        await pilot.press("enter")
        await write(pilot, shop.parameters["port"])
        await pilot.press("enter")
        await write(pilot, "shop")
        await pilot.press("enter")
        await write(pilot, "postgres")
        await pilot.press("enter", "enter", "enter", "right", "down", "right")
        await until(pilot, "‹ dev ›")
        await pilot.press("f2")
        await until(pilot, "saves it")
        assert load_profiles() == {}
        await pilot.press("enter")
        await until(pilot, "Profiles")
        made = load_profiles()["mine"]
        assert made.parameters == shop.parameters
        assert (made.environment, made.read_only) == (Environment.DEV, False)
        assert "begins in write mode" in text(app)

        await pilot.press("f")
        await until(pilot, "Favourites")
        assert favourites() == {"mine"}
        await pilot.press("m")
        await until(pilot, "The profile mine")
        await pilot.press("f5")
        await until(pilot, lambda: isinstance(app.screen, Trial) and not app.screen.running)
        assert "back to the form" in text(app)
        await pilot.press("enter", "escape")
        await pilot.press("t")
        await until(pilot, "opens it")
        await pilot.press("escape", "x")
        await until(pilot, "Remove the profile mine?")
        await pilot.pause(0.5)
        await pilot.press("y")
        await until(pilot, "Welcome")
        assert load_profiles() == {}


async def test_a_pasted_url_is_taken_apart_and_its_password_goes_nowhere(
    config: Path, guarded: Profile, tmp_path: Path
) -> None:
    app = RowsightApp(None)
    async with app.run_test(size=(100, 30)) as pilot:
        await until(pilot, "Welcome")
        await pilot.press("n")
        await until(pilot, "New profile")
        await write(pilot, "g")
        await pilot.press("enter")
        port = guarded.parameters["port"]
        await write(pilot, f"postgresql://ada:open%20sesame@127.0.0.1:{port}/postgres")
        assert "sesame" not in text(app)
        await pilot.press("f2")
        await until(pilot, "saves it")
        assert "login" in text(app)
        await pilot.press("enter")
        await until(pilot, "Profiles")
        assert "sesame" not in content(config)
        # It was used for trying; opening the profile asks.
        await pilot.press("enter")
        await until(pilot, lambda: isinstance(app.screen, AskPassword))
        await pilot.press("escape")


async def test_trying_asks_for_the_password_and_goes_on(config: Path, guarded: Profile) -> None:
    written(config, guarded)
    app = RowsightApp(None)
    async with app.run_test(size=(100, 30)) as pilot:
        await until(pilot, "Profiles")
        await pilot.press("t")
        await until(pilot, lambda: isinstance(app.screen, AskPassword))
        await write(pilot, "open sesame")
        await pilot.press("enter")
        await until(pilot, "opens it")
        await pilot.press("enter")
        await until(pilot, lambda: app._workspace.status.link is Link.CONNECTED)


async def test_what_fails_is_seen_where_it_fails_and_saved_only_if_wanted(
    config: Path, unreachable: Profile
) -> None:
    app = RowsightApp(None)
    async with app.run_test(size=(100, 30)) as pilot:
        await until(pilot, "Welcome")
        await pilot.press("n")
        await until(pilot, "New profile")
        await write(pilot, "far")
        await pilot.press("enter")
        await write(pilot, "127.0.0.1")
        await pilot.press("enter")
        await write(pilot, "1")
        await pilot.press("f2")
        await until(pilot, "saves it all the same")
        assert "✕ network" in text(app)
        await pilot.press("d")
        await until(pilot, "Connection refused")
        await pilot.press("escape", "r")
        await until(pilot, "saves it all the same")
        await pilot.press("enter")  # is for what works
        assert isinstance(app.screen, Trial)
        await pilot.press("s")
        await until(pilot, "Profiles")
        assert load_profiles()["far"].parameters == {"host": "127.0.0.1", "port": "1"}


async def test_a_supabase_project_says_what_each_way_can(config: Path) -> None:
    app = RowsightApp(None)
    async with app.run_test(size=(80, 24)) as pilot:
        await until(pilot, "Welcome")
        await pilot.press("s")
        await until(pilot, lambda: isinstance(app.screen, SupabaseForm))
        await write(pilot, "sb")
        await pilot.press("enter")
        await write(pilot, f"https://{REF}.supabase.co")
        await pilot.press("enter")
        await until(pilot, "over IPv4")
        await pilot.press("right")
        await until(pilot, "IPv6 only")
        await pilot.press("right")
        await until(pilot, "no session settings")
        await pilot.press("enter")
        await pilot.press("f5")
        await until(pilot, "a pooler is reached by the project")
        await write(pilot, "aws-1-eu-central-1")
        form = app.screen
        assert isinstance(form, SupabaseForm)
        settings = form.settings()
        assert settings["host"] == "aws-1-eu-central-1.pooler.supabase.com"
        assert (settings["port"], settings["user"]) == ("6543", f"postgres.{REF}")


async def test_a_broken_configuration_is_said_and_the_rest_still_works(config: Path) -> None:
    fill(config, "[profiles.x]\ncolour = 1\n")
    app = RowsightApp(None)
    async with app.run_test(size=(80, 24)) as pilot:
        await until(pilot, "profiles.x.colour")
        assert "Try the demo" in text(app)
        fill(config, "")
        await pilot.press("r")
        await until(pilot, "Welcome")


async def test_the_demo_starts_from_the_screen_and_is_given_up(
    config: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("console.ui.connect.demo.ROWS", 200)
    app = RowsightApp(None)
    async with app.run_test(size=(80, 24)) as pilot:
        await until(pilot, "Try the demo")
        await pilot.press("D")
        await until(pilot, "esc gives up")
        await pilot.press("escape")
        await until(pilot, "Try the demo")
        await pilot.press("enter")
        await until(pilot, lambda: app._workspace.status.server is not None, 60)
        assert "DEMO" in lines(app)[0]
        assert app.embedded is not None
        embedded = app.embedded
    try:
        assert embedded.pid is not None
    finally:
        embedded.stop()


async def test_what_is_not_for_an_entry_has_no_key(config: Path, unreachable: Profile) -> None:
    written(config, unreachable)
    app = RowsightApp(None)
    async with app.run_test(size=(100, 30)) as pilot:
        await until(pilot, "Profiles")
        assert "t Try it" in lines(app)[-1]
        await pilot.press("end")
        await until(pilot, lambda: "Try it" not in lines(app)[-1])
        await pilot.press("x", "m", "t", "f")
        assert isinstance(app.screen, ConnectScreen)
        assert app.screen.query_one(Entries).has_focus


@pytest.mark.parametrize("begins", [False, True])
async def test_a_failover_disarms(shop: Profile, begins: bool) -> None:
    app = RowsightApp(replace(shop, read_only=not begins))
    async with app.run_test(size=(120, 24), notifications=True) as pilot:
        await until(pilot, "orders")
        await until(pilot, lambda: app._workspace._keeper.standing)
        assert ("WRITE" in lines(app)[0]) is begins
        seen = app._workspace._keeper.standing
        assert seen is not None
        # As if the server last seen had been another one on an older timeline.
        app._workspace._keeper.standing = Standing(seen.system, seen.timeline + 1, False)
        await until(pilot, "another server was promoted")
        assert ("write mode is off" in text(app)) is begins
        assert "READ-ONLY" in lines(app)[0]
        assert not app._workspace.connections.write_mode


@pytest.mark.parametrize(
    ("typed", "seen"),
    [
        ("postgresql://ada:geheim@h/db", "postgresql://ada:••••••@h/db"),
        ("postgresql://ada:geh", "postgresql://ada:•••"),
        ("postgresql://ada:12345@h", "postgresql://ada:•••••@h"),
        ("postgresql://db.example:5432", "postgresql://db.example:5432"),
        ("postgresql://ada@h:5432/db", "postgresql://ada@h:5432/db"),
        ("host=h password=geheim dbname=x", "host=h password=•••••• dbname=x"),
        ("host=h password='ge heim' dbname=x", "host=h password=••••••••• dbname=x"),
    ],
)
def test_a_password_in_an_address_is_not_shown(typed: str, seen: str) -> None:
    assert masked(typed) == seen


@pytest.fixture(autouse=True)
def _no_services(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("PGSERVICEFILE", str(tmp_path / "no-services"))


async def test_f1_lists_the_keys_of_a_form(config: Path) -> None:
    app = RowsightApp(None)
    async with app.run_test(size=(80, 24)) as pilot:
        await until(pilot, "Welcome")
        await pilot.press("n")
        await until(pilot, "New profile")
        await pilot.press("f1")
        await until(pilot, "Try and save")
        assert "Keys" in text(app)


async def test_q_goes_back_to_the_database_behind(config: Path, shop: Profile) -> None:
    app = RowsightApp(shop)
    async with app.run_test(size=(80, 24)) as pilot:
        await until(pilot, "orders")
        await pilot.press("C")
        await until(pilot, lambda: isinstance(app.screen, ConnectScreen))
        assert "q Quit" not in lines(app)[-1]
        await pilot.press("q")
        await until(pilot, lambda: app.screen is app._workspace)


async def test_while_the_demo_starts_only_going_back_is_on_offer(config: Path) -> None:
    app = RowsightApp(None)
    async with app.run_test(size=(80, 24)) as pilot:
        await until(pilot, "q Quit")
        await pilot.press("D")
        await until(pilot, lambda: "Back" in lines(app)[-1])
        assert "q Quit" not in lines(app)[-1]
        await pilot.press("q")
        await until(pilot, "q Quit")
        assert isinstance(app.screen, ConnectScreen)


async def test_what_was_wrong_with_a_url_goes_as_another_is_typed(config: Path) -> None:
    app = RowsightApp(None)
    async with app.run_test(size=(80, 24)) as pilot:
        await until(pilot, "Welcome")
        await pilot.press("u")
        await until(pilot, "Connect to")
        await pilot.press("x", "enter")
        await until(pilot, "this is no URL")
        await pilot.press("y")
        await until(pilot, "A password is asked for")
        assert "this is no URL" not in text(app)
