"""The grid: its cost is the cost of a screenful, whatever the table."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from textual.app import App, ComposeResult
from textual.geometry import Offset

from console.ui.widgets.grid import NULL, Grid, GridColumn, GridSource, Row, RowsAtHand, fitted
from tests.ui.screen import lines, until


class Shown(App[None]):
    """A grid and nothing else."""

    CSS = "Grid { height: 1fr; scrollbar-size: 0 0; }"

    def __init__(self) -> None:
        super().__init__()
        self.missing: list[tuple[int, int]] = []

    def compose(self) -> ComposeResult:
        yield Grid()

    @property
    def grid(self) -> Grid:
        return self.query_one(Grid)

    def on_mount(self) -> None:
        self.grid.focus()

    def on_grid_missing(self, message: Grid.Missing) -> None:
        self.missing.append((message.first, message.last))


class Endless(GridSource):
    """Ten million rows that are made when asked for, and a count of how often that was."""

    columns: Sequence[GridColumn] = (
        GridColumn("n", 8, numeric=True),
        GridColumn("text", 12, place=1),
    )
    row_count = 10_000_000

    def __init__(self, known: int = 10_000_000) -> None:
        self.known = known
        self.asked = 0

    def row(self, index: int) -> Row | None:
        self.asked += 1
        return (str(index), f"row {index}") if index < self.known else None


def people(*rows: tuple[str | None, ...]) -> RowsAtHand:
    return RowsAtHand(fitted(("id", "name"), (True, False), rows), rows)


async def test_ten_million_rows_cost_a_screenful() -> None:
    app, source = Shown(), Endless()
    async with app.run_test(size=(40, 12)) as pilot:
        app.grid.show(source)
        await pilot.pause()
        assert lines(app)[1].split() == ["0", "row", "0"]
        await pilot.press("G")
        await pilot.pause()
        assert lines(app)[0].split() == ["n", "text"]
        assert lines(app)[11].split() == ["9999999", "row", "9999999"]
        await pilot.press("pageup", "up")
        assert app.grid.cursor_row == 10_000_000 - 1 - 10 - 1
        await pilot.press("g")
        assert app.grid.scroll_offset == Offset(0, 0)
        assert source.asked < 400


async def test_rows_that_are_not_at_hand_are_asked_for() -> None:
    app, source = Shown(), Endless(known=5)
    async with app.run_test(size=(40, 12)) as pilot:
        app.grid.show(source)
        await until(pilot, lambda: app.missing)
        assert [line.strip() for line in lines(app)[5:8]] == ["4  row 4", "…", "…"]
        assert app.missing[-1] == (5, 10)
        source.known = 1000
        app.grid.renew()
        await until(pilot, "row 10")


async def test_values_stand_as_their_type_wants_and_null_is_no_text() -> None:
    app = Shown()
    async with app.run_test(size=(40, 8)) as pilot:
        app.grid.show(people(("1", "Ada"), ("1000", None), (None, "null"), ("-5", "")))
        await pilot.pause()
        assert lines(app)[:5] == [
            "   id  name",
            "    1  Ada",
            f" 1000  {NULL}",
            f"    {NULL}  null",
            "   -5  ''",
        ]


async def test_a_value_that_nobody_could_see_stands_in_quotes_as_wide_as_it_is() -> None:
    app = Shown()
    async with app.run_test(size=(40, 8)) as pilot:
        app.grid.show(people(("1", ""), ("2", "   "), ("3", "\u3000"), ("4", "\t"), ("5", " a")))
        await pilot.pause()
        assert lines(app)[1:6] == [
            "   1  ''",
            "   2  '   '",
            "   3  '\u3000'",
            "   4  '␉'",
            "   5   a",
        ]


async def test_wide_characters_keep_the_columns_straight() -> None:
    app = Shown()
    async with app.run_test(size=(40, 8)) as pilot:
        source = RowsAtHand(
            fitted(("a", "b"), (False, False), [("日本語", "x"), ("abc", "y")]),
            [("日本語", "x"), ("abc", "y")],
        )
        app.grid.show(source)
        await pilot.pause()
        assert lines(app)[1:3] == [" 日本語  x", " abc     y"]


async def test_long_values_are_cut_with_a_mark() -> None:
    app = Shown()
    async with app.run_test(size=(80, 8)) as pilot:
        app.grid.show(people(("1", "x" * 500)))
        await pilot.pause()
        assert lines(app)[1] == "   1  " + "x" * 39 + "…"


async def test_wide_tables_scroll_sideways_and_draw_only_what_is_seen() -> None:
    names = [f"column_{n}" for n in range(1600)]

    seen: list[int] = []

    class Counted(tuple[str, ...]):
        def __getitem__(self, index: Any) -> Any:
            seen.append(index)
            return super().__getitem__(index)

    row = Counted(f"value {n}" for n in range(1600))
    app = Shown()
    async with app.run_test(size=(60, 8)) as pilot:
        app.grid.show(RowsAtHand(fitted(names, [False] * 1600, [tuple(row)]), [row]))
        await pilot.pause()
        assert "column_0" in lines(app)[0]
        await pilot.press("end")
        await pilot.pause()
        assert "column_1599" in lines(app)[0]
        assert "value 1599" in lines(app)[1]
        await pilot.press(*["left"] * 6)
        assert "column_1593" in lines(app)[0]
        await pilot.press("home")
        await pilot.pause()
        assert lines(app)[1].startswith(" value 0")
        assert len(seen) < 600


async def test_a_click_moves_the_cursor() -> None:
    app = Shown()
    async with app.run_test(size=(40, 8)) as pilot:
        app.grid.show(people(("1", "Ada"), ("2", "Bert"), ("3", "Carol")))
        await pilot.click(Grid, offset=(8, 2))
        assert (app.grid.cursor_row, app.grid.cursor_column) == (1, 1)
        await pilot.click(Grid, offset=(2, 3))
        assert (app.grid.cursor_row, app.grid.cursor_column) == (2, 0)


async def test_no_columns_and_no_rows_are_no_fault() -> None:
    app = Shown()
    async with app.run_test(size=(40, 8)) as pilot:
        for source in (RowsAtHand((), ()), RowsAtHand((), ((), ())), people()):
            app.grid.show(source)
            await pilot.press("down", "right", "end", "G", "pagedown", "y", "g")
        await pilot.pause()
        assert lines(app)[0].split() == ["id", "name"]
