"""Where a page is to begin."""

from __future__ import annotations

from dataclasses import dataclass
from typing import NamedTuple

from console.browse.page import Place


# Not tuples as the others are: these two, which hold nothing, would be equal.
@dataclass(frozen=True, slots=True)
class First:
    """From the first row."""


@dataclass(frozen=True, slots=True)
class Last:
    """The last rows, in their order."""


class After(NamedTuple):
    """From the row after a place."""

    place: Place


class Before(NamedTuple):
    """The rows before a place, up to the one next to it."""

    place: Place


class At(NamedTuple):
    """From a place; from the row after it if its row is gone."""

    place: Place


class Fraction(NamedTuple):
    """From about a share of the way through, from 0 to 1."""

    share: float


class RowNumber(NamedTuple):
    """From a row counted from 0; the rows before it are passed over one by one."""

    number: int


Position = First | Last | After | Before | At | Fraction | RowNumber
