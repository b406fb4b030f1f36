"""How little is painted: what a key, an answer and a look at the server cost the terminal."""

from __future__ import annotations

import os
import subprocess
import sys

import pytest
from textual.app import ComposeResult
from textual.containers import Container
from textual.geometry import Region
from textual.scrollbar import ScrollBar
from textual.strip import Strip

from console.connection.keeping import Beat
from console.connection.profile import Profile
from console.ui.app import RowsightApp
from console.ui.tables.contents import Contents
from console.ui.widgets.grid import Grid
from tests.ui.screen import painted, until
from tests.ui.test_grid import Endless, Shown


class Counted(Grid):
    """A grid that counts the lines it draws."""

    drawn = 0

    def render_line(self, y: int) -> Strip:
        self.drawn += 1
        return super().render_line(y)


class Watched(Shown):
    """It and its bar."""

    CSS = "Grid { height: 1fr; scrollbar-size-horizontal: 0; }"

    def compose(self) -> ComposeResult:
        yield Counted()


@pytest.fixture
def bars(monkeypatch: pytest.MonkeyPatch) -> list[ScrollBar]:
    """The bars that were drawn, each time anew."""
    found: list[ScrollBar] = []
    render = ScrollBar.render

    def note(bar: ScrollBar) -> object:
        found.append(bar)
        return render(bar)

    monkeypatch.setattr(ScrollBar, "render", note)
    return found


async def test_a_step_of_scrolling_draws_no_row_that_was_drawn_before(
    bars: list[ScrollBar],
) -> None:
    app = Watched()
    async with app.run_test(size=(40, 12)) as pilot:
        grid = app.query_one(Counted)
        grid.show(Endless())
        await pilot.press(*["down"] * 12)
        await pilot.pause()
        for key in ("down", "up"):
            before = grid.scroll_offset.y
            await pilot.press(*["down"] * 12, *["up"] * (9 if key == "up" else 0))
            await pilot.pause()
            grid.drawn = 0
            bars.clear()
            await pilot.press(key)
            await pilot.pause()
            assert grid.scroll_offset.y != before
            # The header, the row that was left and the one that came.
            assert 0 < grid.drawn <= 3
            assert not bars
            assert grid.vertical_scrollbar.position == grid.scroll_offset.y
        await pilot.press("G")
        await pilot.pause()
        assert bars
        assert grid.vertical_scrollbar.position == grid.scroll_offset.y == 10_000_000 - 11


async def test_rows_that_were_kept_look_as_the_styles_and_the_place_want(
    bars: list[ScrollBar],
) -> None:
    app = Watched()
    async with app.run_test(size=(40, 12)) as pilot:
        grid = app.query_one(Counted)
        grid.show(Endless())
        await pilot.press(*["down"] * 15)
        grid.styles.color = "red"
        grid.drawn = 0
        await pilot.pause()
        assert grid.drawn == 12
        width = grid.size.width
        whole = grid.render_lines(Region(0, 0, width, 12))
        part = grid.render_lines(Region(5, 0, 20, 12))
        assert [strip.crop(5, 25).text for strip in whole] == [strip.text for strip in part]


async def test_a_layout_that_changes_nothing_for_a_bar_paints_none(bars: list[ScrollBar]) -> None:
    app = Watched()
    async with app.run_test(size=(40, 12)) as pilot:
        grid = app.query_one(Counted)
        grid.show(Endless())
        await pilot.pause()
        bars.clear()
        grid.refresh(layout=True)
        await pilot.pause()
        assert not bars
        await pilot.resize_terminal(40, 20)
        await pilot.pause()
        assert bars
        assert grid.vertical_scrollbar.window_size == 20


async def test_a_dialog_that_is_left_costs_one_paint(shop: Profile) -> None:
    app = RowsightApp(shop)
    async with app.run_test(size=(80, 24)) as pilot:
        await until(pilot, "orders")
        await pilot.press("question_mark")
        await until(pilot, "Tables and views")
        await pilot.pause(0.2)
        with painted(app) as paints:
            await pilot.press("escape")
            await until(pilot, "orders")
            await pilot.pause(0.2)
        assert len([text for text in paints if text.count("\n") >= 23]) == 1


async def test_the_footer_is_painted_when_other_keys_work(shop: Profile) -> None:
    app = RowsightApp(shop)
    async with app.run_test(size=(80, 24)) as pilot:
        await until(pilot, "orders")
        with painted(app) as paints:
            app.screen.refresh_bindings()
            await pilot.pause(0.1)
            assert not any("Help" in text for text in paints)
            await pilot.press("slash")
            await until(pilot, lambda: any("Back" in text for text in paints))


async def test_the_first_paint_that_tells_of_rows_has_them(shop: Profile) -> None:
    app = RowsightApp(shop)
    async with app.run_test(size=(120, 24)) as pilot:
        await until(pilot, "orders")
        await pilot.press("slash", *"people")
        with painted(app) as paints:
            await pilot.press("enter")
            await until(pilot, "1 of ")
        told = next(text for text in paints if "1 of " in text)
        source = app.screen.query_one("#rows", Grid).source
        assert source.columns[0].name in told
        assert str((source.row(9) or [])[0]) in told


async def test_what_lies_under_the_rows_is_drawn_as_ever(
    shop: Profile, monkeypatch: pytest.MonkeyPatch
) -> None:
    for colour in (True, False):
        if not colour:
            monkeypatch.setenv("NO_COLOR", "1")
        app = RowsightApp(shop)
        async with app.run_test(size=(80, 24)) as pilot:
            await until(pilot, "orders")
            ground = app.screen.query_one(Contents)
            whole = Region(0, 0, *ground.size)
            assert ground.render_lines(whole) == Container.render_lines(ground, whole)
            ground.styles.padding = 1
            await pilot.pause()
            whole = Region(0, 0, *ground.outer_size)
            assert ground.render_lines(whole) == Container.render_lines(ground, whole)


async def test_a_look_at_the_server_paints_nothing_while_all_is_as_it_was(shop: Profile) -> None:
    app = RowsightApp(shop)
    async with app.run_test(size=(120, 24)) as pilot:
        await until(pilot, "orders")
        workspace = app._workspace
        workspace.workers.cancel_group(workspace, "connect")
        workspace.status = workspace.status._replace(round_trip=0.0412)
        await until(pilot, "41 ms ●")
        with painted(app) as paints:
            for seconds in (0.0420, 0.0409, 0.0451):
                workspace.post_message(workspace.Heard(Beat(seconds, standby=False)))
                await pilot.pause(0.05)
            assert not any("●" in text for text in paints)
            workspace.post_message(workspace.Heard(Beat(0.0460, standby=False)))
            await until(pilot, "46 ms ●")


def test_frames_follow_each_other_closely_unless_somebody_says_otherwise() -> None:
    program = "import console.ui.app, textual.constants; print(textual.constants.MAX_FPS)"
    environment = {name: value for name, value in os.environ.items() if name != "TEXTUAL_FPS"}

    def frames(**more: str) -> str:
        command = [sys.executable, "-c", program]
        return subprocess.check_output(command, env=environment | more, text=True).strip()

    assert frames() == "120"
    assert frames(TEXTUAL_FPS="30") == "30"
