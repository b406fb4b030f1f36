"""The rows that a filter lets through where no index serves it: shown as they are found.

A query over the whole table would show nothing before it has looked at every row, or found a
pageful. Here each query looks at some blocks only, so that a page may end with what was found
so far; no transaction is held meanwhile, and the next page goes on where this one stopped.
"""

from __future__ import annotations

import time
from collections.abc import Iterator

from psycopg import sql

from console.browse.blame import read_selection
from console.browse.foresight import Foresight
from console.browse.heap import HeapSource, Span, block_of
from console.browse.ordering import literal
from console.browse.page import Page, Place, Row
from console.browse.position import After, At, Before, Fraction, Last, Position, RowNumber
from console.browse.selection import Selection, named, written
from console.browse.source import PageSource
from console.catalog.paths import Leaf, Paths, find_paths
from console.connection.session import Session

MANY = 500_000
"""Rows to look at from which waiting for a whole page is worse than their order is good."""
PATIENCE = 0.3
"""Seconds after which a page ends although nothing was found."""
_BLOCKS = 128
"""Blocks of the first query: 1 MB."""


def _begun(position: Position) -> Place:
    assert isinstance(position, After | Before)
    return position.place


class BlockSearch(HeapSource):
    """Pages of rows that are looked for block by block, in the order they lie.

    A page may be shorter than asked for although more follow; only the first and the last
    page, and one that a jump leads to, hold a row at least where there is one.

    Args:
        session: Where to read.
        selection: What to read, with its filter.
        paths: Where the rows are stored.
        size: Rows of a page.

    Attributes:
        progress: The share of the blocks that lies before where the search has come to.
    """

    promise = "no index serves this filter: rows come as they are stored, and found"
    growth = 4
    largest_span = 8_192

    def __init__(self, session: Session, selection: Selection, paths: Paths, size: int) -> None:
        super().__init__(session, selection, paths, size)
        self.progress: float | None = 0.0
        parts = paths.keys[0].parts if paths.keys else ()
        self._key = [named(paths.columns, part.column) for part in parts]
        self._carried += map(written, self._key)
        self._reached: dict[tuple[bool, Place], tuple[int, str | None]] = {}
        """Behind which row, in which direction, nothing lies before which block or row."""

    @property
    def statement(self) -> sql.Composable:
        """The query as a person would write it."""
        return super().statement + self.selection.chosen.where

    async def fetch(self, position: Position, limit: int | None = None) -> Page:
        """Reads a page, which ends with the first query that finds something.

        Args:
            position: Where it begins.
            limit: Rows at most; None for the usual number.

        Raises:
            FilterError: A term of the filter does not suit its column.
            ConsoleError: The server refused, or the connection is gone.
        """
        limit = self.size if limit is None else limit
        backwards = isinstance(position, Last | Before)
        offset = position.number if isinstance(position, RowNumber) else 0
        # Going on, nothing found is an answer, too; what was there before is read whole.
        least = 0 if isinstance(position, After | Before) else 1
        least = limit if isinstance(position, At) else offset + least
        found: list[Row] = []
        statements: list[sql.Composable] = []
        more = False
        started = time.perf_counter()
        for span in self._spans(position, limit + offset):
            statement = self._statement([span], limit + offset - len(found), backwards)
            found += (await read_selection(self.session, self.selection, statement)).rows
            statements.append(statement)
            if more := len(found) == limit + offset:
                break
            ahead = self._behind(span, backwards)
            self.progress = self._share(ahead, backwards)
            late = time.perf_counter() - started > PATIENCE
            if more := ahead is not None and len(found) >= least and bool(found or late):
                place = self._place(found[-1]) if found else _begun(position)
                self._reached = {(backwards, place): ahead}
                break
        rows = found[offset : offset + limit]
        if backwards:
            rows = rows[::-1]
        inside = offset > 0 or isinstance(position, After | At | Fraction)
        return self.selection.page(
            rows,
            more=isinstance(position, Before) or (more and not backwards),
            before=more if backwards else inside,
            order=(),
            statement=sql.SQL("; ").join(statements),
            elapsed=time.perf_counter() - started,
            places=tuple(map(self._place, rows)),
        )

    def key(self, place: Place) -> tuple[tuple[str, str], ...]:
        """Returns the columns of the key with their values; without one, where the row lies."""
        if not self._key:
            return super().key(place)
        values = place[-len(self._key) :]
        return tuple((c.name, v or "") for c, v in zip(self._key, values, strict=True))

    def one(self, place: Place) -> sql.Composed:
        """Returns what stands behind FROM to read the row at a place."""
        if not self._key:
            return super().one(place)
        values = place[-len(self._key) :]
        same = [
            sql.SQL("{} = {}").format(sql.Identifier(column.name), literal(column, value))
            for column, value in zip(self._key, values, strict=True)
        ]
        return sql.SQL("{} where {}").format(self.selection.origin, sql.SQL(" and ").join(same))

    def _stride(self, leaf: Leaf, rows: int) -> int:
        return _BLOCKS

    def _find(self, place: Place) -> tuple[int, str]:
        return super()._find(place[: len(place) - len(self._key)])

    def _spans(self, position: Position, rows: int) -> Iterator[Span]:
        """Walks on from where the search for the page before has come to."""
        if isinstance(position, After | Before):
            backwards = isinstance(position, Before)
            reached = self._reached.get((backwards, position.place))
            if reached is not None:
                number, tid = reached
                if backwards:
                    return self._backward(number, tid, rows)
                return self._forward(number, tid or "(0,0)", True, rows)
        return super()._spans(position, rows)

    def _behind(self, span: Span, backwards: bool) -> tuple[int, str | None] | None:
        """Returns where the table and the row or block are that follow a span; None at an end."""
        number = self._leaves.index(span.leaf)
        if backwards:
            if span.low != "(0,0)":
                return number, span.low
            return (number - 1, None) if number else None
        if span.high is not None:
            return number, span.high
        return (number + 1, "(0,0)") if number + 1 < len(self._leaves) else None

    def _share(self, ahead: tuple[int, str | None] | None, backwards: bool) -> float:
        if ahead is None:
            return 1.0
        number, tid = ahead
        blocks = [leaf.blocks for leaf in self._leaves]
        before = sum(blocks[:number]) + (blocks[number] if tid is None else block_of(tid))
        share = before / max(1, sum(blocks))
        return 1 - share if backwards else share


async def searched(session: Session, source: PageSource, foresight: Foresight) -> PageSource:
    """Returns a search over the rows of a source, or the source where that answers soon enough.

    Args:
        session: Where to search.
        source: Pages with a filter, in no order that was asked for; closed if it is replaced.
        foresight: What its first page will take.

    Raises:
        ConsoleError: The connection is gone or the server refused.
    """
    if foresight.scanned_rows < MANY:
        return source
    selection = source.selection
    paths = await find_paths(session, selection.relation)
    if not paths.by_block:
        return source
    await source.close()
    return BlockSearch(session, selection, paths, source.size)
