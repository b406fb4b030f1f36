"""Bars, sparklines and columns."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from console.ui.widgets.charts import bar, columns, sparkline, squeezed, track

VALUES = st.lists(st.none() | st.floats(0, 1e12), max_size=60)


@pytest.mark.parametrize(
    ("share", "drawn"),
    [(0, "    "), (1, "████"), (0.5, "██  "), (0.0001, "▏   "), (7, "████"), (-1, "    ")],
)
def test_a_bar_is_as_long_as_its_share(share: float, drawn: str) -> None:
    assert bar(share, 4) == drawn


def test_a_track_is_full_only_at_its_end() -> None:
    assert track(0.999, 10) == ("━" * 9, "─")
    assert track(1.0, 10) == ("━" * 10, "")


def test_a_peak_is_not_lost() -> None:
    assert squeezed([0, 9, 0, 0, None, None], 3) == [9, 0, None]
    assert sparkline([0, 9, 0, 0, None, None], 3) == "█▁ "


def test_what_fills_a_cell_can_be_given() -> None:
    assert sparkline([0.1, 0.5, 1.0], 8, most=1.0) == "▁▅█"


def test_columns_stand_on_the_ground() -> None:
    assert columns([0, 1, 2, None], 4, 2) == ["  █ ", "▁██·"]
    assert columns([1], 4, 1) == ["███ "]
    assert columns([1, 1, 2], 10, 1) == ["▄▄▄▄▄▄████"]


@given(values=VALUES, width=st.integers(0, 70), height=st.integers(1, 8))
def test_nothing_is_drawn_beyond_its_place(
    values: list[float | None], width: int, height: int
) -> None:
    assert len(sparkline(values, width)) <= width
    rows = columns(values, width, height)
    assert len(rows) == height
    assert {len(row) for row in rows} == {width if values else 0}
