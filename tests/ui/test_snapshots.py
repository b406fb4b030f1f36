"""What every state looks like, at both sizes the console is made for.

After a wanted change: `pytest tests/ui/test_snapshots.py --snapshot-update`, and look at them.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Iterator
from dataclasses import replace
from typing import Any

import psycopg
import pytest
from psycopg import sql
from textual.pilot import Pilot
from textual.widgets import Input

from console.connection.embedded import EmbeddedServer
from console.connection.profile import Environment, Profile
from console.migration.model import ApplyProgress
from console.ui.app import RowsightApp
from console.ui.connect.password import AskPassword
from console.ui.migration.report import Report
from tests.conftest import FreshDatabase, MakeProxy
from tests.ui.screen import text, until
from tests.ui.test_migration import DRIFT

Compare = Callable[..., bool]
Steps = Callable[[Pilot[Any]], Awaitable[None]]

SIZES = pytest.mark.parametrize("size", [(80, 24), (120, 40)], ids=["80x24", "120x40"])
pytestmark = [SIZES, pytest.mark.usefixtures("still")]


def keys(*steps: str) -> Steps:
    """Waits for texts (`…text`) or for rest (`…`) and presses keys, in turn."""

    async def run(pilot: Pilot[Any]) -> None:
        for step in steps:
            if step == "…":
                await rest(pilot)
            elif step.startswith("…"):
                await until(pilot, step[1:])
            else:
                await pilot.press(step)
        await rest(pilot)

    return run


async def rest(pilot: Pilot[Any]) -> None:
    """Lets everything come to rest: half a second in which the screen stays as it is."""
    for field in pilot.app.screen.query(Input):
        field.cursor_blink = False  # the palette's field is Textual's own
    same, before = 0, ""
    while same < 10:
        await pilot.pause(0.05)
        same = same + 1 if text(pilot.app) == before else 0
        before = text(pilot.app)


@pytest.fixture
def office(server: EmbeddedServer, fresh_database: FreshDatabase) -> Iterator[Profile]:
    """The migration in a database of fixed name."""
    made = fresh_database("master")
    named = sql.SQL("alter database {} rename to office")
    with psycopg.connect(server.dsn(), autocommit=True) as connection:
        connection.execute("drop database if exists office with (force)")
        connection.execute(named.format(sql.Identifier(made.parameters["dbname"])))
        yield server.profile("office")
        connection.execute("drop database office with (force)")


@pytest.fixture
def drifted(office: Profile, server: EmbeddedServer) -> Profile:
    """The same, changed by hand since."""
    with psycopg.connect(server.dsn("office"), autocommit=True) as connection:
        connection.execute(DRIFT.encode())
    return office


def test_cannot_connect(snap_compare: Compare, unreachable: Profile, size: tuple[int, int]) -> None:
    steps = keys("…nothing answers")
    assert snap_compare(RowsightApp(unreachable), terminal_size=size, run_before=steps)


def test_connecting(
    snap_compare: Compare, shop: Profile, proxy: MakeProxy, size: tuple[int, int]
) -> None:
    through = proxy(shop)
    through.stall()
    profile = replace(through.profile, environment=Environment.STAGING)
    steps = keys("…1 ms")
    assert snap_compare(RowsightApp(profile), terminal_size=size, run_before=steps)


def test_password(snap_compare: Compare, unreachable: Profile, size: tuple[int, int]) -> None:
    async def steps(pilot: Pilot[Any]) -> None:
        await until(pilot, "nothing answers")
        reason = "db.example asks for a password and none was given"
        pilot.app.push_screen(AskPassword("ada@db.example/shop", reason, unreachable))
        await pilot.pause()
        await pilot.press(*"geheim")
        await rest(pilot)

    assert snap_compare(RowsightApp(unreachable), terminal_size=size, run_before=steps)


@pytest.mark.parametrize("theme", ["rowsight-dark", "rowsight-light"])
def test_tables(snap_compare: Compare, shop: Profile, size: tuple[int, int], theme: str) -> None:
    steps = keys("…orders", "down", "down", "down")
    app = RowsightApp(shop, theme=theme)
    assert snap_compare(app, terminal_size=size, run_before=steps)


@pytest.mark.parametrize("theme", ["rowsight-dark", "rowsight-light"])
def test_rows(snap_compare: Compare, shop: Profile, size: tuple[int, int], theme: str) -> None:
    steps = keys("…orders", "slash", *"people", "enter", "…of 250  1/6", "down", "right")
    app = RowsightApp(replace(shop, environment=Environment.PROD), theme=theme)
    assert snap_compare(app, terminal_size=size, run_before=steps)


STATES = {
    "wide": ("slash", *"wide", "enter", "…1 of 2", "end"),
    "empty": ("slash", *"empty", "enter", "…No rows."),
    "failed": ("slash", *"broken", "enter", "…division by zero"),
    "detail": ("slash", *"broken", "enter", "…division by zero", "d", "…22012"),
    "reading": ("slash", *"slow", "enter", "…esc cancels"),
    "filter": ("slash", *"app e", "down"),
    "help": ("question_mark",),
    "palette": ("ctrl+p", "…Look as somebody"),
    "write-mode": ("W", "…Switch to write mode?"),
}


@pytest.mark.parametrize("name", STATES)
def test_state(snap_compare: Compare, shop: Profile, size: tuple[int, int], name: str) -> None:
    run = keys("…orders", *STATES[name])
    assert snap_compare(RowsightApp(shop), terminal_size=size, run_before=run)


def test_write_mode_on_prod(snap_compare: Compare, shop: Profile, size: tuple[int, int]) -> None:
    app = RowsightApp(replace(shop, environment=Environment.PROD))
    steps = keys("…orders", "W", "…Switch to write mode?", *"sho")
    assert snap_compare(app, terminal_size=size, run_before=steps)


def test_in_sync(snap_compare: Compare, office: Profile, size: tuple[int, int]) -> None:
    app = RowsightApp(office, tab=2)
    assert snap_compare(app, terminal_size=size, run_before=keys("…In sync"))


@pytest.mark.parametrize("theme", ["rowsight-dark", "rowsight-light"])
def test_differences(
    snap_compare: Compare, drifted: Profile, size: tuple[int, int], theme: str
) -> None:
    app = RowsightApp(drifted, tab=2, theme=theme)
    steps = keys("…4 differences", "down")
    assert snap_compare(app, terminal_size=size, run_before=steps)


def test_difference(snap_compare: Compare, drifted: Profile, size: tuple[int, int]) -> None:
    app = RowsightApp(drifted, tab=2)
    steps = keys("…4 differences", "slash", *"users_update", "enter", "enter", "…what mends it")
    assert snap_compare(app, terminal_size=size, run_before=steps)


def test_plan(snap_compare: Compare, drifted: Profile, size: tuple[int, int]) -> None:
    app = RowsightApp(replace(drifted, read_only=False), tab=2)
    steps = keys("…4 differences", "p", "…in one transaction")
    assert snap_compare(app, terminal_size=size, run_before=steps)


def test_apply_is_asked_for(snap_compare: Compare, drifted: Profile, size: tuple[int, int]) -> None:
    app = RowsightApp(replace(drifted, read_only=False), tab=2)
    steps = keys("…4 differences", "a", "…in one transaction", "…", "a", "…Apply the")
    assert snap_compare(app, terminal_size=size, run_before=steps)


def test_applying(snap_compare: Compare, office: Profile, size: tuple[int, int]) -> None:
    async def steps(pilot: Pilot[Any]) -> None:
        await until(pilot, "In sync")
        report = pilot.app.screen.query_one(Report)
        report.show_progress()
        report.progress.state = ApplyProgress("executing", 214, 504, "public.workflows", 1.0)
        await rest(pilot)

    app = RowsightApp(replace(office, read_only=False), tab=2)
    assert snap_compare(app, terminal_size=size, run_before=steps)


def test_applied(snap_compare: Compare, drifted: Profile, size: tuple[int, int]) -> None:
    async def steps(pilot: Pilot[Any]) -> None:
        await keys("…4 differences", "a", "…in one transaction", "…", "a", "…Apply the")(pilot)
        await pilot.pause(0.5)
        await pilot.press("y")
        await until(pilot, "✓ Applied")
        await rest(pilot)

    app = RowsightApp(replace(drifted, read_only=False), tab=2)
    assert snap_compare(app, terminal_size=size, run_before=steps)
