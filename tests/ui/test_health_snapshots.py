"""What the health pane looks like; see test_snapshots.py."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date, timedelta
from typing import Any

import psycopg
import pytest
from textual.pilot import Pilot

from console.connection.embedded import EmbeddedServer
from console.connection.profile import Profile
from console.operations.analytics import Day
from console.operations.file_rows import RefusedRow
from console.operations.importing import ImportResult
from console.ui.app import RowsightApp
from console.ui.health import asking
from console.ui.health.pane import HealthPane
from console.ui.health.steps import Figures, Finished
from tests.ui.conftest import writable
from tests.ui.screen import until
from tests.ui.test_snapshots import SIZES, Compare, rest
from tests.ui.vitals import vitals

pytestmark = [SIZES, pytest.mark.usefixtures("still")]


@pytest.fixture(scope="module")
def clinic(server: EmbeddedServer) -> Iterator[Profile]:
    """An empty database of fixed name."""
    with psycopg.connect(server.dsn(), autocommit=True) as connection:
        connection.execute("drop database if exists clinic with (force)")
        connection.execute("create database clinic template template0 strategy file_copy")
        yield server.profile("clinic")
        connection.execute("drop database clinic with (force)")


async def paused(pilot: Pilot[Any]) -> HealthPane:
    """Waits until everything was read, and stops the pulse."""
    await until(pilot, "connections")
    pane = pilot.app.screen.query_one(HealthPane)
    await until(pilot, lambda: pane.vitals.functions and pane._surveying is None)
    await pilot.press("p")
    await pilot.pause()
    return pane


def show(pane: HealthPane, figure: str, *, trouble: bool, halted: bool = False) -> None:
    """Shows hand-made health, with the cursor on a figure."""
    pane.monitor = vitals(trouble=trouble).monitor
    pane.vitals = vitals(trouble=trouble)
    pane.paused = halted
    checks = pane.board.checks
    checks.cursor = next(i for i, entry in enumerate(checks._shown) if entry[0] == figure)
    pane._show()


@pytest.mark.parametrize(
    ("name", "figure", "trouble", "reading"),
    [
        ("well", "connections", False, False),
        ("trouble", "blocking", True, False),
        ("blocking", "blocking", True, True),
        ("sizes", "database_size", False, True),
        ("unavailable", "privacy_guardian_health_check", False, True),
    ],
)
def test_health(
    snap_compare: Compare,
    clinic: Profile,
    size: tuple[int, int],
    name: str,
    figure: str,
    trouble: bool,
    reading: bool,
) -> None:
    async def steps(pilot: Pilot[Any]) -> None:
        pane = await paused(pilot)
        show(pane, figure, trouble=trouble)
        await pilot.press(*(["enter"] if reading else []))
        await rest(pilot)

    assert snap_compare(RowsightApp(writable(clinic), tab=3), terminal_size=size, run_before=steps)


def test_paused(snap_compare: Compare, clinic: Profile, size: tuple[int, int]) -> None:
    async def steps(pilot: Pilot[Any]) -> None:
        show(await paused(pilot), "longest_transaction", trouble=True, halted=True)
        await pilot.press("enter")
        await rest(pilot)

    assert snap_compare(RowsightApp(clinic, tab=3), terminal_size=size, run_before=steps)


def figures() -> tuple[Day, ...]:
    """Sixty days, the first twenty never computed."""
    days = []
    for n in range(60):
        wave = 40 + (n * 7919) % 23 + n
        known = n >= 20
        orders = wave // 9
        days.append(
            Day(
                day=date(2026, 9, 30) + timedelta(days=n),
                computed=known,
                sessions=wave if known else None,
                add_to_carts=wave // 3 if known else None,
                orders=orders if known else None,
                revenue_cents=orders * 4900 if known else None,
                refunds_cents=0 if known else None,
                aov_cents=4900 if known else None,
                cac_cents=900 if known else None,
                conversion_rate=orders / wave if known else None,
                gross_margin_cents=orders * 3000 if known else None,
                traffic=wave * 2 if known else None,
                spend_cents=2000 + 150 * (n % 9),
            )
        )
    return tuple(days)


async def to_metrics(pilot: Pilot[Any]) -> HealthPane:
    pane = await paused(pilot)
    await pilot.press("a")
    await until(pilot, "no daily figures")
    return pane


def test_plots(snap_compare: Compare, clinic: Profile, size: tuple[int, int]) -> None:
    async def steps(pilot: Pilot[Any]) -> None:
        pane = await to_metrics(pilot)
        pane.metrics.post_message(Figures(figures(), date(2026, 11, 28), "12:00:00"))
        await rest(pilot)

    assert snap_compare(RowsightApp(writable(clinic), tab=3), terminal_size=size, run_before=steps)


def test_imported(snap_compare: Compare, clinic: Profile, size: tuple[int, int]) -> None:
    reasons = tuple(RefusedRow(line, "date is no day such as 2026-11-20") for line in (4, 17, 93))
    result = ImportResult("5f0c1d", "done", 20_411, 3, reasons, 1.0, None)

    async def steps(pilot: Pilot[Any]) -> None:
        pane = await to_metrics(pilot)
        pane.metrics.post_message(Finished(asking.imported(result), None))
        await rest(pilot)

    assert snap_compare(RowsightApp(writable(clinic), tab=3), terminal_size=size, run_before=steps)
