"""Takes the README's pictures of the real program on the demo: `python -m tests.pictures`."""

from __future__ import annotations

import asyncio
import os
import tempfile
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import psycopg
from textual.pilot import Pilot

from console import demo
from console.connection.embedded import EmbeddedServer
from console.connection.profile import Profile
from console.ui.access.why import WhyView
from console.ui.app import RowsightApp
from console.ui.health.pane import HealthPane
from console.ui.places import WhyPlace
from console.ui.widgets.grid import Grid
from console.ui.workspace import Workspace
from tests.access import cast
from tests.ui.screen import until
from tests.ui.test_access import go, ready
from tests.ui.test_snapshots import rest

FOLDER = Path(__file__).parent.parent / ".github" / "pictures"
SIZE = (120, 30)
SCHEMES = {"dark": "rowsight-dark", "light": "rowsight-light"}
DRIFT = """
alter table public.events disable row level security;
alter policy offers_select on public.offers using (true);
alter function private.is_org_admin(uuid) reset search_path;
create policy temporary on public.workflows for select to authenticated using (true);
create index by_hand on public.events ("timestamp");
"""

Steps = Callable[[Pilot[Any]], Awaitable[None]]


async def tables(pilot: Pilot[Any]) -> None:
    """Offers as Fatima sees them, on one that is hidden from her."""
    workspace = pilot.app.screen
    assert isinstance(workspace, Workspace)
    await until(pilot, "welcome-pro-30")
    workspace.action_adopt(cast.user(cast.FATIMA))
    await until(pilot, "○ ")
    grid = pilot.app.focused
    assert isinstance(grid, Grid)
    while "welcome-pro-30" not in (grid.source.row(grid.cursor_row) or ()):
        await pilot.press("down")
    await rest(pilot)


async def why(pilot: Pilot[Any]) -> None:
    """Why Ada does not see the workflow that vanished."""
    await ready(pilot, cast.user(cast.ADA))
    await go(pilot, WhyPlace("public.workflows", (("id", cast.INVOICE_SYNC),)))
    view = pilot.app.screen.query_one(WhyView)
    await until(pilot, lambda: not view.busy and view.decision)
    await rest(pilot)


async def matrix(pilot: Pilot[Any]) -> None:
    """What Ada may do with every table."""
    await ready(pilot, cast.user(cast.ADA))
    await pilot.press("m")
    await rest(pilot)


async def migration(pilot: Pilot[Any]) -> None:
    """A database that has drifted."""
    await until(pilot, "differences")
    await pilot.press("down")
    await rest(pilot)


async def health(pilot: Pilot[Any]) -> None:
    """Figures with limits, after some pulses."""
    await until(pilot, "system_healthcheck")
    pane = pilot.app.screen.query_one(HealthPane)
    await until(pilot, lambda: len(pane.monitor.samples) > 8 and pane.vitals.functions)
    pane.board.checks.cursor = 15
    await pilot.pause()


async def retention(pilot: Pilot[Any]) -> None:
    """What retention would delete."""
    await until(pilot, "counted")
    await pilot.press("down", "down")
    await rest(pilot)


async def logs(pilot: Pilot[Any]) -> None:
    """The three logs as one."""
    await until(pilot, "complete up to")
    await pilot.pause()


@dataclass(frozen=True)
class Shot:
    """One picture: the tab, the way to it, and what is done to the database before."""

    name: str
    tab: int
    steps: Steps
    table: str | None = None
    before: str | None = None


SHOTS = [
    Shot("tables", 0, tables, table="public.offers"),
    Shot("why", 1, why),
    Shot("matrix", 1, matrix),
    Shot("health", 3, health),
    Shot("retention", 4, retention),
    Shot("logs", 5, logs),
    Shot("migration", 2, migration, before=DRIFT),
]


async def take(server: EmbeddedServer, profile: Profile) -> None:
    """Takes every picture in a dark and a light scheme."""
    for shot in SHOTS:
        if shot.before is not None:
            dsn = server.dsn(demo.DEMO_DATABASE)
            async with await psycopg.AsyncConnection.connect(dsn, autocommit=True) as connection:
                await connection.execute(shot.before.encode())
        for shade, scheme in SCHEMES.items():
            app = RowsightApp(profile, theme=scheme, tab=shot.tab, table=shot.table)
            async with app.run_test(size=SIZE) as pilot:
                await shot.steps(pilot)
                picture = app.export_screenshot(title="rowsight")
            (FOLDER / f"{shot.name}-{shade}.svg").write_text(picture)


async def main() -> None:
    """Takes them on a demo and a memory of their own."""
    FOLDER.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory() as memory, EmbeddedServer() as server:
        os.environ |= {"ROWSIGHT_STATE": memory, "ROWSIGHT_CONFIG": f"{memory}/config.toml"}
        profile = await demo.prepare(server, rows=20_000, progress=print)
        await take(server, profile)


if __name__ == "__main__":
    asyncio.run(main())
