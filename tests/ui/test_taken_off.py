"""What is taken off the screen is gone, whatever of it is still under way."""

from __future__ import annotations

import asyncio
import gc

from textual._styles_cache import StylesCache
from textual.app import App, ComposeResult
from textual.containers import Vertical
from textual.content import Content

from console.connection.profile import Profile
from console.ui.app import RowsightApp
from console.ui.connect.entries import Entries
from console.ui.tables.contents import Contents
from console.ui.tables.pane import TablesPane
from console.ui.tables.view import View
from console.ui.widgets.caption import Caption
from console.ui.widgets.findings import Finding, FindingDetail, FindingList, Findings
from console.ui.widgets.grid import Grid
from console.ui.widgets.relations import RelationList
from console.ui.workspace import Workspace
from tests.ui.screen import PATIENCE, text, until


class Listing(App[None]):
    """A list of findings, and nothing else."""

    def compose(self) -> ComposeResult:
        """Lays it out."""
        yield Findings()


async def test_what_dialogs_painted_is_not_kept(sample_db: Profile) -> None:
    def painted() -> int:
        gc.collect()
        return sum(isinstance(one, StylesCache) for one in gc.get_objects())

    app = RowsightApp(sample_db, tab=0)
    async with app.run_test(size=(80, 24)) as pilot:
        await until(pilot, "analytics_events")
        counts = []
        for _ in range(6):
            await pilot.press("question_mark")
            await until(pilot, lambda: not isinstance(app.screen, Workspace))
            await pilot.press("escape")
            await until(pilot, lambda: isinstance(app.screen, Workspace))
            counts.append(painted())
        assert counts[-1] <= counts[1]


class Lingering(View):
    """A view that lets go of something on its way, as a result does of its connection."""

    def __init__(self) -> None:
        super().__init__()
        self.going, self.let_go = asyncio.Event(), asyncio.Event()

    def compose(self) -> ComposeResult:
        """Lays out a caption."""
        yield Caption()

    @property
    def is_busy(self) -> bool:
        """Looks at one of its parts, as views do."""
        return self.caption.is_busy

    async def on_unmount(self) -> None:
        """Takes its time, after its parts are gone."""
        self.going.set()
        async with asyncio.timeout(PATIENCE):
            await self.let_go.wait()


async def test_a_finding_that_was_to_be_laid_out_may_be_gone_by_then() -> None:
    app = Listing()
    async with app.run_test(size=(80, 24)):
        findings, detail = app.query_one(Findings), app.query_one(FindingDetail)
        list_ = app.query_one(FindingList)
        findings.show([Finding("g", "m", "k", "n", "", lambda width: Content("x" * width))])
        await findings.remove()
        # What was put off until the screen was painted:
        detail._lay_out()
        list_._follow()
        assert not detail.children


async def test_a_view_on_its_way_off_is_no_longer_the_one_that_is_shown(shop: Profile) -> None:
    app = RowsightApp(shop, table="app.people")
    async with app.run_test(size=(80, 24)) as pilot:
        await until(pilot, "1 of")
        contents = app.screen.query_one(Contents)
        view = Lingering()
        await contents.show_view(view)
        closing = asyncio.create_task(contents.close_view())
        await view.going.wait()
        assert view in contents.children
        assert not view.children
        assert not contents.is_covered
        await app.screen.query_one(TablesPane).action_back()
        assert isinstance(app.screen.focused, RelationList)
        view.let_go.set()
        await closing
        assert app.return_code is None


class Going(Vertical):
    """What draws line by line, in something that is slow to go."""

    async def on_unmount(self) -> None:
        """Looks how all is painted when the parts are gone, and their places not yet."""
        self.painted = text(self.app)


async def test_what_is_taken_off_may_be_painted_once_more() -> None:
    app = App[None]()
    async with app.run_test(size=(80, 24)) as pilot:
        entries = Entries()
        going = Going(entries, Grid())
        await app.mount(going)
        entries.styles.height = 10
        entries.show([])
        await until(pilot, "Connect to a URL")
        await going.remove()
        assert "Connect" not in going.painted
