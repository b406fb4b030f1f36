"""Pages of a relation in an order that a unique key completes: from anywhere, at the same cost.

A page begins after the values of a row, not after a count of rows, so that rows which come and
go meanwhile make none of the others appear twice or not at all.
"""

from __future__ import annotations

import time
from collections.abc import Sequence
from typing import TYPE_CHECKING

from psycopg import sql

from console.browse.blame import read_selection
from console.browse.jump import Chart
from console.browse.ordering import Bound, Sort, literal, order_by, segments
from console.browse.page import OVERSIZE, Order, Page, Place, Row
from console.browse.position import (
    After,
    At,
    Before,
    Fraction,
    Last,
    Position,
    RowNumber,
)
from console.browse.selection import Selection, chained, written
from console.catalog.paths import Paths
from console.catalog.reading import read
from console.errors import ConsoleError, NotFound

if TYPE_CHECKING:
    from console.connection.session import Session, TextTable

_LONGEST = 8192
"""Stored bytes of a value that a place carries along; a longer one is looked up again."""


class KeysetSource:
    """Reads pages by the values a row is sorted by.

    Args:
        session: Where to read.
        selection: What to read.
        paths: What is known of the relation; it has a usable key.
        sorts: The order, which ends with that key.
        size: Rows of a page.
    """

    numbered = False
    """Whether positions are row numbers."""
    progress: float | None = None
    promise = ""
    """What these pages can't hold to, in words; empty where there is nothing to say."""

    def __init__(
        self,
        session: Session,
        selection: Selection,
        paths: Paths,
        sorts: tuple[Sort, ...],
        size: int,
    ) -> None:
        self.session = session
        self.selection = selection
        self.secured = paths.secured
        self.size = size
        self.order = tuple(Order(sort.column.name, sort.descending) for sort in sorts)
        self._sorts = sorts
        self._key = tuple(part.column for part in paths.keys[0].parts)
        self._chart = Chart(session, selection.relation, paths, sorts)
        # A value that is on the screen whole need not be sent twice.
        shown = {c.name: n for n, c in enumerate(selection.shown) if c.width > 0}
        self._extra = [sort for sort in sorts if sort.column.name not in shown]
        first = len(selection.cells)
        extra = {sort.column.name: first + n for n, sort in enumerate(self._extra)}
        self._where = [(shown | extra)[sort.column.name] for sort in sorts]
        self._wide = [number for number, sort in enumerate(sorts) if self._is_wide(sort)]

    @property
    def statement(self) -> sql.Composable:
        """The query as a person would write it."""
        chosen = self.selection.chosen.where
        return sql.SQL("select {} from {}{}{}").format(
            self.selection.names, self.selection.origin, chosen, order_by(self._sorts)
        )

    async def prepare(self) -> None:
        """Reads what a jump needs, so that it takes one round trip."""
        await self._chart.load()

    async def close(self) -> None:
        """Does nothing: the server holds nothing for this."""

    async def fetch(self, position: Position, limit: int | None = None) -> Page:
        """Reads a page.

        Args:
            position: Where it begins.
            limit: Rows at most; None for the usual number.

        Raises:
            FilterError: A term of the filter does not suit its column.
            ConsoleError: The server refused, the connection is gone, or nothing is known of
                where a fraction lies.
        """
        limit = self.size if limit is None else limit
        backwards = isinstance(position, Last | Before)
        statement = await self.query(position, limit + 1)
        started = time.perf_counter()
        table = await read_selection(self.session, self.selection, statement)
        elapsed = time.perf_counter() - started
        beyond = len(table.rows) > limit
        rows: Sequence[Row] = table.rows[:limit]
        if not beyond:
            await self._still_there(position)
        if backwards:
            rows = rows[::-1]
        apart = isinstance(position, After | At | Fraction) or (
            isinstance(position, RowNumber) and position.number > 0
        )
        return self.selection.page(
            rows,
            more=isinstance(position, Before) or (beyond and not backwards),
            before=beyond if backwards else apart,
            order=self.order,
            statement=statement,
            elapsed=elapsed,
            places=tuple(self.place(row) for row in rows),
        )

    async def query(self, position: Position, limit: int) -> sql.Composable:
        """Returns the query for some rows, each with what tells its place.

        Before a place and at the end, the rows come in reverse.

        Raises:
            ConsoleError: Nothing is known of where a fraction lies.
        """
        bounds, inclusive = await self._bounds(position)
        offset = position.number if isinstance(position, RowNumber) else 0
        backwards = isinstance(position, Last | Before)
        return self._statement(bounds, inclusive, backwards, limit, offset)

    def place(self, row: Row) -> Place:
        """Returns the place of a row that `query` returned."""
        place = [row[number] for number in self._where]
        for number in self._wide:
            if (value := place[number]) is not None:
                place[number] = value[1:] if value else OVERSIZE
        return tuple(place)

    async def ask(self, *queries: sql.Composable) -> list[TextTable]:
        """Runs queries about the rows.

        Raises:
            ConsoleError: The server refused one, or the connection is gone.
        """
        return await read(self.session, *queries)

    def key(self, place: Place) -> tuple[tuple[str, str], ...]:
        """Returns the columns of the key, in its order, with their values."""
        values = {sort.column.name: value for sort, value in zip(self._sorts, place, strict=True)}
        return tuple((name, values[name] or "") for name in self._key)

    def one(self, place: Place) -> sql.Composed:
        """Returns what stands behind FROM to read the row at a place."""
        same = [
            sort.same(literal(sort.column, value))
            for sort, value in zip(self._sorts, place, strict=True)
            if sort.column.name in self._key
        ]
        return sql.SQL("{} where {}").format(self.selection.origin, sql.SQL(" and ").join(same))

    async def _bounds(self, position: Position) -> tuple[list[Bound], bool]:
        match position:
            case After(place) | Before(place) | At(place):
                if len(place) != len(self._sorts):
                    raise NotFound(
                        f"a place here has {len(self._sorts)} values, not {len(place)}",
                        hint="one for each of " + ", ".join(part.column for part in self.order),
                    )
                bounds = [
                    self._lookup(sort, place) if value == OVERSIZE else literal(sort.column, value)
                    for sort, value in zip(self._sorts, place, strict=True)
                ]
                return bounds, isinstance(position, At)
            case Fraction(share):
                return await self._chart.bounds(min(1.0, max(0.0, share))), True
        return [], False

    def _lookup(self, sort: Sort, place: Place) -> sql.Composable:
        return sql.SQL("(select {} from {})").format(sort.name, self.one(place))

    async def _still_there(self, position: Position) -> None:
        """Makes sure that a page which ends here does not end for want of its own beginning."""
        if isinstance(position, After | Before | At) and OVERSIZE in position.place:
            (found,) = await read(
                self.session, sql.SQL("select 1 from {}").format(self.one(position.place))
            )
            if not found.rows:
                raise ConsoleError(
                    "the row that this page goes on from is gone", hint="read the table again"
                )

    def _statement(
        self, bounds: list[Bound], inclusive: bool, backwards: bool, limit: int, offset: int
    ) -> sql.Composable:
        sorts = [sort.reversed for sort in self._sorts] if backwards else self._sorts
        stretches = [[one] for one in segments(sorts, bounds, inclusive=inclusive)] or [[]]
        branches = [
            self.selection.select(
                *(self._carried(sort) for sort in self._extra),
                conditions=stretch,
                tail=order_by(sorts),
                limit=limit + offset,
            )
            for stretch in stretches
        ]
        statement = chained(branches, limit + offset)
        return statement + sql.SQL(" offset {}").format(sql.Literal(offset))

    def _is_wide(self, sort: Sort) -> bool:
        return sort.column.width < 0 and sort.column.name not in self._key

    def _carried(self, sort: Sort) -> sql.Composable:
        if not self._is_wide(sort):
            return written(sort.column)
        return sql.SQL(
            "case when pg_catalog.num_nulls({0}) = 0 then case when pg_catalog.pg_column_size({0})"
            " <= {1} then 'v' || pg_catalog.format('%s', {0}) else '' end end"
        ).format(sort.name, sql.Literal(_LONGEST))
