"""What the way in looks like, at both sizes the console is made for."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator
from dataclasses import replace
from pathlib import Path
from time import monotonic
from typing import Any

import pytest
from textual.pilot import Pilot

from console.connection.check import Found, Outcome, Step
from console.connection.profile import Environment, Profile
from console.connection.remembered import set_favourite
from console.errors import CannotConnect
from console.ui import words
from console.ui.app import RowsightApp
from console.ui.connect import trial
from console.ui.connect.password import AskPassword
from console.ui.connect.trial import Trial
from console.ui.link import LinkedScreen
from console.ui.status import Link
from tests.ui.screen import until
from tests.ui.test_snapshots import SIZES, Compare, keys, rest

pytestmark = [SIZES, pytest.mark.usefixtures("still", "files")]

PROFILES = """\
[profiles.billing]
url = "postgresql://ops@db.example:5432/billing"
environment = "prod"

[profiles.billing-staging]
url = "postgresql://ops@staging.example:5432/billing"
environment = "staging"

[profiles.local]
host = "localhost"
dbname = "app"
user = "ada"
environment = "dev"
read_only = false

[profiles.project]
host = "aws-0-eu-central-1.pooler.supabase.com"
port = 6543
user = "postgres.abcdefghijklmnopqrst"
dbname = "postgres"
"""
SERVICES = "[stats]\nhost=stats.example\nuser=reader\ndbname=stats\n"
WORKED = (
    Step("name", Outcome.OK, "10.0.0.7", seconds=0.01),
    Step("network", Outcome.OK, "db.example port 5432 answers", seconds=0.01),
    Step("TLS", Outcome.OK, "offered, require", "require does not check who answers", 0.01),
    Step("login", Outcome.OK, "as ops, with the password from the keyring", seconds=0.03),
    Step("server", Outcome.OK, "PostgreSQL 17.4, primary"),
    Step("pooler", Outcome.OK, "direct"),
    Step("role", Outcome.OK, "may look as anon, authenticated", seconds=0.01),
    Step("migration", Outcome.OK, "recorded", "rowsight migrate verify compares it", 0.01),
)
REFUSED = CannotConnect(
    "db.example:5432 refused the password: the one from PGPASSWORD",
    hint="correct it there, or type another",
    detail='FATAL:  password authentication failed for user "ops"',
)


@pytest.fixture
def files(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Where the app looks for what is known: nothing yet."""
    monkeypatch.setenv("ROWSIGHT_CONFIG", str(tmp_path / "config.toml"))
    monkeypatch.setenv("ROWSIGHT_STATE", str(tmp_path / "state"))
    monkeypatch.setenv("PGSERVICEFILE", str(tmp_path / "services"))
    monkeypatch.setenv("ROWSIGHT_NO_KEYRING", "1")
    return tmp_path


@pytest.fixture
def known(files: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Profiles, a favourite, a service entry, an environment."""
    (files / "config.toml").write_text(PROFILES)
    (files / "services").write_text(SERVICES)
    monkeypatch.setenv("DATABASE_URL", "postgresql://ada@env.example/app")
    set_favourite("billing", True)


def scripted(monkeypatch: pytest.MonkeyPatch, *steps: Step, ends: bool = True) -> None:
    """Lets a trial come to the same steps every time."""

    async def check(*_: object, **__: object) -> AsyncGenerator[Step, None]:
        for step in steps:
            yield step
        if not ends:
            await asyncio.Event().wait()

    assert Found().session is None
    monkeypatch.setattr(trial, "check", check)


def test_welcome(snap_compare: Compare, size: tuple[int, int]) -> None:
    assert snap_compare(RowsightApp(None), terminal_size=size, run_before=keys("…Welcome"))


@pytest.mark.usefixtures("known")
@pytest.mark.parametrize("theme", ["rowsight-dark", "rowsight-light"])
def test_profiles(snap_compare: Compare, size: tuple[int, int], theme: str) -> None:
    app = RowsightApp(None, theme=theme)
    assert snap_compare(app, terminal_size=size, run_before=keys("…Profiles", "down"))


@pytest.mark.usefixtures("known")
def test_change(snap_compare: Compare, size: tuple[int, int]) -> None:
    steps = keys("…Profiles", "down", "m", "…The profile", *["down"] * 6)
    assert snap_compare(RowsightApp(None), terminal_size=size, run_before=steps)


def test_supabase(snap_compare: Compare, size: tuple[int, int]) -> None:
    steps = keys("…Welcome", "s", "…A Supabase", "down", "down", "right", "…IPv6")
    assert snap_compare(RowsightApp(None), terminal_size=size, run_before=steps)


@pytest.mark.usefixtures("known")
@pytest.mark.parametrize("how", ["running", "failed", "succeeded"])
def test_trying(
    snap_compare: Compare, size: tuple[int, int], how: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    wrong = Step("login", Outcome.FAIL, REFUSED.message, REFUSED.hint, 0.03, REFUSED)
    steps = {"running": WORKED[:3], "failed": (*WORKED[:3], wrong), "succeeded": WORKED}[how]
    scripted(monkeypatch, *steps, ends=how != "running")

    async def run(pilot: Pilot[Any]) -> None:
        await keys("…Favourites", "t", "…offered")(pilot)
        assert isinstance(pilot.app.screen, Trial)

    assert snap_compare(RowsightApp(None), terminal_size=size, run_before=run)


def test_keyring_is_offered(
    snap_compare: Compare, size: tuple[int, int], unreachable: Profile
) -> None:
    async def run(pilot: Pilot[Any]) -> None:
        await until(pilot, "nothing answers")
        ask = AskPassword("ada@db.example/shop", REFUSED.message, unreachable)
        pilot.app.push_screen(ask)
        await pilot.pause()
        ask.offer_keyring()
        await pilot.press(*"geheim", "f2")
        await rest(pilot)

    assert snap_compare(RowsightApp(unreachable), terminal_size=size, run_before=run)


def test_coming_back(
    snap_compare: Compare, shop: Profile, size: tuple[int, int], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(words, "left", lambda until: "4 s")
    profile = replace(shop, environment=Environment.PROD)

    async def run(pilot: Pilot[Any]) -> None:
        await until(pilot, "orders")
        screen = pilot.app.screen
        assert isinstance(screen, LinkedScreen)
        screen.workers.cancel_group(screen, "connect")
        screen._lost(CannotConnect("the connection to db.example:5432 was lost"))
        screen.status = screen.status._replace(attempt=3, retry_at=monotonic() + 4)
        assert screen.status.link is Link.RECONNECTING
        await rest(pilot)

    assert snap_compare(RowsightApp(profile), terminal_size=size, run_before=run)
