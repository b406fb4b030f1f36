"""Bars, sparklines and columns, drawn with block characters: every terminal font has them."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise

_PARTS = " ▏▎▍▌▋▊▉█"
_LEVELS = "▁▂▃▄▅▆▇█"

Values = Sequence[float | None]
"""Numbers in order; None where there is none."""


def bar(share: float, width: int) -> str:
    """Draws a share of 0 to 1 as a bar, to an eighth of a cell; what is not nothing is seen."""
    eighths = round(min(max(share, 0.0), 1.0) * width * 8)
    if share > 0:
        eighths = max(1, eighths)
    full, rest = divmod(eighths, 8)
    return ("█" * full + (_PARTS[rest] if rest else "")).ljust(width)


def track(share: float, width: int) -> tuple[str, str]:
    """Draws how far something is: the part that is done, and the part that is not."""
    full = int(min(max(share, 0.0), 1.0) * width)
    return "━" * full, "─" * (width - full)


def squeezed(values: Values, width: int) -> list[float | None]:
    """Makes at most `width` numbers of many: the highest of each stretch, so that peaks stay."""
    if len(values) <= width:
        return list(values)
    if width <= 0:
        return []
    stretches = (values[start:end] for start, end in pairwise(edges(width, len(values))))
    return [
        max((value for value in stretch if value is not None), default=None)
        for stretch in stretches
    ]


def sparkline(values: Values, width: int, *, most: float | None = None) -> str:
    """Draws numbers from 0 up in one row, oldest first; a gap where there is none.

    Args:
        values: The numbers.
        width: Cells there are; less is drawn where there are fewer numbers.
        most: What fills a cell; None for the highest number.
    """
    shown = squeezed(values, width)
    top = most or max((value for value in shown if value is not None), default=0.0)
    return "".join(" " if value is None else _level(value, top) for value in shown)


def _level(value: float, top: float) -> str:
    if top <= 0:
        return _LEVELS[0]
    return _LEVELS[min(7, max(0, int(value / top * 8)))]


def columns(values: Values, width: int, height: int) -> list[str]:
    """Draws numbers from 0 up as columns over the whole width, from the top row down.

    From four cells on a column has a gap behind it; a number that is not there leaves dots on
    the ground. Below 0 nothing is drawn.
    """
    shown = squeezed(values, width)
    top = max((value for value in shown if value is not None), default=0.0)
    spans = [end - start for start, end in pairwise(edges(len(shown), width))]
    gap = 1 if spans and min(spans) >= 4 else 0
    return [
        "".join(
            _cell(value, top, row, height) * (span - gap) + " " * gap
            for value, span in zip(shown, spans, strict=True)
        )
        for row in range(height - 1, -1, -1)
    ]


def edges(number: int, width: int) -> list[int]:
    """Returns where so many equal parts of a width begin and end, in whole cells."""
    return [place * width // number for place in range(number + 1)] if number else []


def _cell(value: float | None, top: float, row: int, height: int) -> str:
    if value is None:
        return "·" if row == 0 else " "
    if top <= 0 or value <= 0:
        return "▁" if row == 0 else " "
    eighths = max(1, round(value / top * height * 8)) - row * 8
    if eighths <= 0:
        return " "
    return _LEVELS[min(eighths, 8) - 1]
