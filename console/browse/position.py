"""Where a page is to begin."""

from __future__ import annotations

from dataclasses import dataclass

from console.browse.page import Place


@dataclass(frozen=True, slots=True)
class First:
    """From the first row."""


@dataclass(frozen=True, slots=True)
class Last:
    """The last rows, in their order."""


@dataclass(frozen=True, slots=True)
class After:
    """From the row after a place."""

    place: Place


@dataclass(frozen=True, slots=True)
class Before:
    """The rows before a place, up to the one next to it."""

    place: Place


@dataclass(frozen=True, slots=True)
class At:
    """From a place; from the row after it if its row is gone."""

    place: Place


@dataclass(frozen=True, slots=True)
class Fraction:
    """From about a share of the way through, from 0 to 1."""

    share: float


@dataclass(frozen=True, slots=True)
class RowNumber:
    """From a row counted from 0; the rows before it are passed over one by one."""

    number: int


Position = First | Last | After | Before | At | Fraction | RowNumber
