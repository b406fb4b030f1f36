"""A list of lines, whatever they tell."""

from __future__ import annotations

import pytest
from textual.app import App, ComposeResult
from textual.content import Content

from console.ui.widgets.lines import Lines
from tests.ui.screen import lines


class Long(Lines):
    DEFAULT_CSS = "Long { height: 1fr; overflow-y: auto; scrollbar-size-vertical: 1; }"
    number = 0

    @property
    def line_count(self) -> int:
        return self.number

    def line(self, index: int, width: int) -> Content:
        return Content("a line that is longer than the screen is wide")


class Listing(App[None]):
    def compose(self) -> ComposeResult:
        yield Long()


@pytest.mark.parametrize(
    ("number", "end"), [(5, "a line that is long…"), (50, "a line that is lon…")]
)
async def test_where_a_line_is_cut_is_seen_beside_the_scroll_bar_too(number: int, end: str) -> None:
    app = Listing()
    async with app.run_test(size=(20, 10)) as pilot:
        listing = app.query_one(Long)
        listing.number = number
        listing.renew()
        await pilot.pause()
        assert listing.show_vertical_scrollbar is (number > 10)
        assert lines(app)[4][: len(end)] == end
