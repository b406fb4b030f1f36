"""Pages of a table in the order its rows lie on the disk, for tables without a usable key.

A row's block is known by its ctid, and the server reads any stretch of blocks as fast as any
other. A row that is changed meanwhile moves, so it may be met twice or not at all; all others
are met once.
"""

from __future__ import annotations

import re
import time
from collections.abc import Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING

from psycopg import sql

from console.browse.page import Page, Place, Row
from console.browse.position import (
    After,
    At,
    Before,
    Fraction,
    Last,
    Position,
    RowNumber,
)
from console.browse.selection import Selection, chained
from console.catalog.paths import Leaf, Paths
from console.catalog.reading import read
from console.errors import NotFound

if TYPE_CHECKING:
    from console.connection.session import Session, TextTable

_DENSITY = 30.0
"""Rows in a block where the server does not know."""
_BRANCHES = 4
_TID = re.compile(r"\(\d{1,10},\d{1,5}\)")


@dataclass(frozen=True, slots=True)
class Span:
    """A stretch of one table's blocks: from a row or block, up to a block or row or the end."""

    leaf: Leaf
    low: str
    low_included: bool
    high: str | None


class HeapSource:
    """Reads pages by block.

    Args:
        session: Where to read.
        selection: What to read; it has no filter, which might leave most blocks empty.
        paths: Where the rows are stored.
        size: Rows of a page.

    Attributes:
        growth: How many times as many blocks each further branch of a query reads.
        largest_span: Blocks that one branch may read at most.
    """

    growth = 8
    largest_span = 32_768  # 256 MB
    numbered = False
    progress: float | None = None
    promise = "without a unique key: rows come as they are stored, and one that changes may move"
    order = ()

    def __init__(self, session: Session, selection: Selection, paths: Paths, size: int) -> None:
        self.session = session
        self.selection = selection
        self.secured = paths.secured
        self.size = size
        self._leaves = paths.leaves
        self._split = any(leaf.partition for leaf in paths.leaves)
        self._carried: list[sql.Composable] = [sql.SQL("ctid")]
        if self._split:
            self._carried.insert(0, sql.SQL("tableoid"))

    @property
    def statement(self) -> sql.Composable:
        """The query as a person would write it."""
        return sql.SQL("select {} from {}").format(self.selection.names, self.selection.origin)

    async def prepare(self) -> None:
        """Does nothing: a jump needs no more than is known."""

    async def close(self) -> None:
        """Does nothing: the server holds nothing for this."""

    async def fetch(self, position: Position, limit: int | None = None) -> Page:
        """Reads a page.

        Args:
            position: Where it begins.
            limit: Rows at most; None for the usual number.

        Raises:
            ConsoleError: The server refused, or the connection is gone.
        """
        limit = self.size if limit is None else limit
        backwards = isinstance(position, Last | Before)
        offset = position.number if isinstance(position, RowNumber) else 0
        spans = self._spans(position, limit + offset)
        found: list[Row] = []
        statements: list[sql.Composable] = []
        started = time.perf_counter()
        wanted = limit + 1 + offset
        while len(found) < wanted and (some := _some(spans)):
            statement = self._statement(some, wanted - len(found), backwards)
            (table,) = await read(self.session, statement)
            found += table.rows
            statements.append(statement)
        beyond = len(found) == wanted
        rows = found[offset : offset + limit]
        if backwards:
            rows = rows[::-1]
        return self.selection.page(
            rows,
            more=isinstance(position, Before) or (beyond and not backwards),
            before=beyond
            if backwards
            else isinstance(position, After | At | Fraction) or offset > 0,
            order=(),
            statement=sql.SQL("; ").join(statements),
            elapsed=time.perf_counter() - started,
            places=tuple(map(self._place, rows)),
        )

    async def ask(self, *queries: sql.Composable) -> list[TextTable]:
        """Runs queries about the rows.

        Raises:
            ConsoleError: The server refused one, or the connection is gone.
        """
        return await read(self.session, *queries)

    def key(self, place: Place) -> tuple[tuple[str, str], ...]:
        """Returns where the row lies, which names it only as long as nobody changes it."""
        return () if self._split else (("ctid", place[0] or ""),)

    def one(self, place: Place) -> sql.Composed:
        """Returns what stands behind FROM to read the row at a place."""
        *oid, tid = place
        table = sql.SQL("tableoid = {} and ").format(sql.Literal(oid[0])) if oid else sql.SQL("")
        return sql.SQL("{} where {}ctid = {}").format(
            self.selection.origin, table, sql.Literal(tid)
        )

    def _place(self, row: Row) -> Place:
        return row[len(self.selection.cells) :]

    def _spans(self, position: Position, rows: int) -> Iterator[Span]:
        """Walks from a position to the end of the table, in strides that grow."""
        number, low, high = 0, "(0,0)", None
        included = True
        last = len(self._leaves) - 1
        match position:
            case Last():
                number = last
            case After(place) | At(place) | Before(place):
                number, tid = self._find(place)
                if isinstance(position, Before):
                    high = tid
                else:
                    low, included = tid, isinstance(position, At)
            case Fraction(share):
                block = int(min(1.0, max(0.0, share)) * sum(leaf.blocks for leaf in self._leaves))
                while number < last and block >= self._leaves[number].blocks:
                    block -= self._leaves[number].blocks
                    number += 1
                low = f"({block},0)"
        if isinstance(position, Last | Before):
            return self._backward(number, high, rows)
        return self._forward(number, low, included, rows)

    def _find(self, place: Place) -> tuple[int, str]:
        *oid, tid = place
        numbers = {str(leaf.oid): number for number, leaf in enumerate(self._leaves)}
        number = numbers.get(str(oid[0])) if oid else 0
        if number is None or len(place) != 1 + self._split or not _TID.fullmatch(tid or ""):
            raise NotFound("there is no such place in this table", hint="read the table again")
        return number, tid or ""

    def _stride(self, leaf: Leaf, rows: int) -> int:
        density = leaf.density or _DENSITY
        # Policies may hide most of what lies in a block.
        return int((rows + 1) / density * (4 if self.secured else 1)) + 1

    def _forward(self, number: int, low: str, included: bool, rows: int) -> Iterator[Span]:
        stride = self._stride(self._leaves[number], rows)
        for leaf in self._leaves[number:]:
            while True:
                end = block_of(low) + stride
                stride = min(stride * self.growth, self.largest_span)
                if end >= leaf.blocks:
                    yield Span(leaf, low, included, None)
                    break
                yield Span(leaf, low, included, f"({end},0)")
                low, included = f"({end},0)", True
            low, included = "(0,0)", True

    def _backward(self, number: int, high: str | None, rows: int) -> Iterator[Span]:
        stride = self._stride(self._leaves[number], rows)
        for leaf in reversed(self._leaves[: number + 1]):
            while True:
                start = (leaf.blocks if high is None else block_of(high)) - stride
                stride = min(stride * self.growth, self.largest_span)
                yield Span(leaf, f"({max(0, start)},0)", True, high)
                if start <= 0:
                    break
                high = f"({start},0)"
            high = None

    def _statement(self, spans: list[Span], limit: int, backwards: bool) -> sql.Composable:
        branches = []
        for span in spans:
            conditions: list[sql.Composable] = []
            if span.leaf.partition:
                # The bound, in the server's own words, spares it a look at the other partitions.
                bound = sql.SQL(f"({span.leaf.bound}) and " if span.leaf.bound else "")
                conditions.append(bound + sql.SQL(f"tableoid = {span.leaf.oid}"))
            low = ">=" if span.low_included else ">"
            conditions.append(sql.SQL(f"ctid {low} '{span.low}'"))
            if span.high is not None:
                conditions.append(sql.SQL(f"ctid < '{span.high}'"))
            tail = sql.SQL(" order by ctid desc" if backwards else " order by ctid")
            branches.append(
                self.selection.select(*self._carried, conditions=conditions, tail=tail, limit=limit)
            )
        return chained(branches, limit)


def _some(spans: Iterator[Span]) -> list[Span]:
    return [span for _, span in zip(range(_BRANCHES), spans, strict=False)]


def block_of(tid: str) -> int:
    """Returns the block of a row's address, `(block,row)`."""
    return int(tid[1:].partition(",")[0])
