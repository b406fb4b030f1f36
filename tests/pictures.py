"""Takes the README's pictures of the real program on the demo: `python -m tests.pictures`."""

from __future__ import annotations

import asyncio
from pathlib import Path

import psycopg
from textual.pilot import Pilot

from console import demo
from console.connection.embedded import EmbeddedServer
from console.ui.app import RowsightApp
from console.ui.health.pane import HealthPane
from tests.ui.screen import until

FOLDER = Path(__file__).parent.parent / ".github" / "pictures"
SIZE = (112, 30)
DRIFT = """
alter table public.events disable row level security;
alter policy offers_select on public.offers using (true);
alter function private.is_org_admin(uuid) reset search_path;
create policy temporary on public.workflows for select to authenticated using (true);
create index by_hand on public.events ("timestamp");
"""


def save(pilot: Pilot[None], name: str) -> None:
    """Writes what is on the screen as a picture."""
    (FOLDER / f"{name}.svg").write_text(pilot.app.export_screenshot(title="rowsight"))


async def take(server: EmbeddedServer) -> None:
    """Takes every picture."""
    profile = await demo.prepare(server, rows=20_000, progress=print)
    app = RowsightApp(profile, table="public.offers")
    async with app.run_test(size=SIZE) as pilot:
        await until(pilot, "welcome-pro-30")
        save(pilot, "tables")
    app = RowsightApp(profile, tab=3)
    async with app.run_test(size=SIZE) as pilot:
        await until(pilot, "system_healthcheck")
        pane = app.screen.query_one(HealthPane)
        await until(pilot, lambda: len(pane.monitor.samples) > 8 and pane.vitals.functions)
        pane.board.checks.cursor = 15
        await pilot.pause()
        save(pilot, "health")
    app = RowsightApp(profile, tab=4)
    async with app.run_test(size=SIZE) as pilot:
        await until(pilot, "counted")
        await pilot.press("down", "down")
        await pilot.pause()
        save(pilot, "retention")
    with psycopg.connect(server.dsn(demo.DEMO_DATABASE), autocommit=True) as connection:
        connection.execute(DRIFT)
    app = RowsightApp(profile, tab=2)
    async with app.run_test(size=SIZE) as pilot:
        await until(pilot, "differences")
        await pilot.press("down")
        await pilot.pause()
        save(pilot, "migration")


if __name__ == "__main__":
    FOLDER.mkdir(parents=True, exist_ok=True)
    with EmbeddedServer() as running:
        asyncio.run(take(running))
