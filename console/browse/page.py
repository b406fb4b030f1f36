"""Pages of rows: the server's own text, never parsed on the way."""

from __future__ import annotations

import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from console.browse.blame import read_selection
from console.catalog.paths import find_paths
from console.catalog.relations import Column, Relation

if TYPE_CHECKING:
    from console.connection.session import Session

Row = tuple[str | None, ...]

Place = tuple[str | None, ...]
"""Where a row stands in the order of its page: what it is sorted by, as text."""

OVERSIZE = "\0"
"""Stands in a Place for a value too long to carry along; no text of the server's holds it."""


@dataclass(frozen=True, slots=True)
class Order:
    """One column to sort by."""

    column: str
    descending: bool = False


@dataclass(frozen=True, slots=True)
class Page:
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
    big: Mapping[tuple[int, int], int] = field(default_factory=dict)


async def first_page(
    session: Session,
    relation: Relation,
    *,
    limit: int = 200,
    cell: int | None = 300,
    columns: Sequence[str] | None = None,
    where: str = "",
    order: Sequence[Order] = (),
) -> Page:
    """Reads the first rows of a relation, in a transaction that can't write.

    Args:
        session: Where to read.
        relation: What to read.
        limit: How many rows at most.
        cell: How many characters of a value at most, cut by the server; None for all.
        columns: Names of the columns to read, in that order; None for all.
        where: A filter, see `console.browse.filter`.
        order: What to sort by; a unique key decides between equals, and alone where nothing
            is given.

    Raises:
        FilterError: The filter does not parse or does not suit the columns.
        NotFound: A column does not exist, or the relation is gone.
        ConsoleError: The connection is gone or the server refused.
    """
    from console.browse.ordering import order_by, sorting
    from console.browse.selection import select_from

    paths = await find_paths(session, relation)
    selection = select_from(relation, paths, columns=columns, where=where, cell=cell)
    sorts = sorting(paths, order)
    statement = selection.select(tail=order_by(sorts), limit=limit + 1)
    started = time.perf_counter()
    table = await read_selection(session, selection, statement)
    return selection.page(
        table.rows[:limit],
        more=len(table.rows) > limit,
        order=tuple(Order(sort.column.name, sort.descending) for sort in sorts),
        statement=statement,
        elapsed=time.perf_counter() - started,
    )
