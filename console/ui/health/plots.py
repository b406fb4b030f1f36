"""The daily figures as plots: revenue, orders, conversion, spend."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from textual.content import Content
from textual.reactive import reactive
from textual.widget import Widget

from console.ui.widgets.charts import columns

if TYPE_CHECKING:
    from datetime import date

    from console.operations.analytics import Day

_EDGE = 11
"""Cells at the left for the highest value."""


@dataclass(frozen=True, slots=True)
class _Series:
    """One plot.

    Attributes:
        name: Its heading.
        value: Of a day; None where it has none.
        write: How a value is written.
        total: How all of them are summed up, in words.
        style: Colour of the columns.
    """

    name: str
    value: Callable[[Day], float | None]
    write: Callable[[float], str]
    total: Callable[[Sequence[Day]], str]
    style: str


def money(cents: float) -> str:
    """Writes cents as whole units; the currency is not on record."""
    return f"{cents / 100:,.0f}" if abs(cents) >= 100_000 else f"{cents / 100:,.2f}"


def _percent(share: float) -> str:
    return f"{share * 100:.2f} %"


def _sum(days: Sequence[Day], value: Callable[[Day], float | None]) -> float:
    return sum(value(day) or 0 for day in days)


def _conversion(days: Sequence[Day]) -> str:
    sessions, orders = _sum(days, lambda d: d.sessions), _sum(days, lambda d: d.orders)
    if not sessions:
        return "no sessions"
    return f"{_percent(orders / sessions)} of {sessions:,.0f} sessions"


_SERIES = (
    _Series(
        "revenue",
        lambda day: day.revenue_cents,
        money,
        lambda days: f"{money(_sum(days, lambda d: d.revenue_cents))} in all",
        "$success",
    ),
    _Series(
        "orders",
        lambda day: day.orders,
        lambda value: f"{value:,.0f}",
        lambda days: f"{_sum(days, lambda d: d.orders):,.0f} in all",
        "$primary",
    ),
    _Series("conversion", lambda day: day.conversion_rate, _percent, _conversion, "$accent"),
    _Series(
        "ad spend",
        lambda day: day.spend_cents,
        money,
        lambda days: f"{money(_sum(days, lambda d: d.spend_cents))} in all",
        "$warning",
    ),
)


class Plots(Widget):
    """Four plots over the same days, one below the other, as high as there is room for."""

    days: reactive[Sequence[Day]] = reactive(())

    def render(self) -> Content:
        """Draws them, and the days below."""
        if not self.days or not self.size.height:
            return Content("")
        # The last row is for the days; each plot has a heading and at least two rows.
        height = max(2, (self.size.height - 1) // len(_SERIES) - 1)
        room = max(8, self.size.width - _EDGE - 2)
        lines: list[Content] = []
        for series in _SERIES:
            lines += _plot(series, self.days, room, height)
        lines.append(_axis(self.days, room))
        return Content("\n").join(lines)


def _plot(series: _Series, days: Sequence[Day], room: int, height: int) -> list[Content]:
    values = [series.value(day) for day in days]
    known = [(value, day.day) for value, day in zip(values, days, strict=True) if value is not None]
    head = [(f" {series.name:<11}", "bold"), (series.total(days), "")]
    if known:
        value, day = max(known, key=lambda one: one[0])
        head.append((f"   most {series.write(value)} on {day}", "$muted"))
    else:
        head.append(("   no day was computed", "$warning"))
    top = series.write(max(value for value, _ in known)) if known else ""
    lines = [Content.assemble(*head)]
    for row, drawn in enumerate(columns(values, room, height)):
        edge = top if row == 0 else "0" if row == height - 1 else ""
        lines.append(Content.assemble((f"{edge:>{_EDGE}} ", "$muted"), (drawn, series.style)))
    return lines


def _axis(days: Sequence[Day], room: int) -> Content:
    first, last = str(days[0].day), str(days[-1].day)
    many = -(-len(days) // room)
    between = "days of UTC" if many == 1 else f"the highest of {many} days each"
    gap = max(1, room - len(first) - len(last))
    return Content.styled(" " * (_EDGE + 1) + first + f"{between:^{gap}}" + last, "$muted")


def span(days: Sequence[Day]) -> tuple[date, date]:
    """Returns the first and the last day."""
    return days[0].day, days[-1].day
