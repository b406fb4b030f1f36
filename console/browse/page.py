"""Pages of rows: the server's own text, never parsed on the way."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType
from typing import NamedTuple

from console.catalog.relations import Column, Relation

Row = tuple[str | None, ...]

Place = tuple[str | None, ...]
"""Where a row stands in the order of its page: what it is sorted by, as text."""

OVERSIZE = "\0"
"""Stands in a Place for a value too long to carry along; no text of the server's holds it."""


class Order(NamedTuple):
    """One column to sort by."""

    column: str
    descending: bool = False


class Page(NamedTuple):
    """Some rows of a relation, one after another.

    Attributes:
        columns: Those that are in the rows, in the same order.
        rows: The server's text of each value; None is NULL.
        more: Whether rows follow the last one.
        cut: Row and column numbers, from 0, of values of which only the beginning is here.
        order: What the rows are sorted by; empty where nothing is promised.
        statement: The SQL that was run.
        elapsed: Seconds it took, there and back.
        before: Whether rows come before the first one.
        places: Each row's place, to go on from or to find the row again; empty where the
            page was not read through a source.
        big: Of cut values that were too costly to look into, so that nothing of them is here:
            the bytes they take in the table.
    """

    relation: Relation
    columns: tuple[Column, ...]
    rows: tuple[Row, ...]
    more: bool
    cut: frozenset[tuple[int, int]]
    order: tuple[Order, ...]
    statement: str
    elapsed: float
    before: bool = False
    places: tuple[Place, ...] = ()
    big: Mapping[tuple[int, int], int] = MappingProxyType({})
