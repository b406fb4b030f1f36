"""Rows for a script: from a key on, up to a number, however many, in one snapshot."""

from __future__ import annotations

import contextlib
import json
import re
import time
from collections.abc import AsyncGenerator, Sequence

from psycopg import sql

from console.browse.blame import blamed
from console.browse.keyset import KeysetSource
from console.browse.ordering import order_by, sorting, walkable
from console.browse.page import OVERSIZE, Order, Page, Place, Row
from console.browse.position import After, First
from console.browse.selection import Selection, select_from
from console.browse.stream import stream_rows
from console.catalog.paths import Paths, find_paths
from console.catalog.reading import read
from console.catalog.relations import Column, Relation
from console.connection.session import Session
from console.errors import ConsoleError, DatabaseFailed, UsageError
from console.visible import json_text

_CTID = Column("ctid", "tid", "U", True, None, -1, None, None, base="tid", width=6)
_PLAIN = re.compile(r"[\w.:+-]+", re.ASCII)


class Listing:
    """Some of the rows of a relation in an order.

    Attributes:
        columns: Those that are in the rows.
        more: Whether rows follow those given out; known when all were.
        last: The key of the last row given out, to go on after; None before that, or where
            there is no key to go on from.
    """

    def __init__(
        self,
        session: Session,
        selection: Selection,
        paths: Paths,
        order: Sequence[Order],
        after: str | None,
    ) -> None:
        self.columns: tuple[Column, ...] = selection.shown
        self.relation = selection.relation
        self.more = False
        self.last: str | None = None
        self._session = session
        self._selection = selection
        sorts = sorting(paths, order)
        self._order = tuple(Order(sort.column.name, sort.descending) for sort in sorts)
        self._source: KeysetSource | None = None
        if walkable(paths, sorts):
            self._source = KeysetSource(session, selection, paths, sorts, 1)
        self._tail = order_by(sorts)
        self._after: Place | None = None
        if after is not None:
            if self._source is None:
                raise UsageError(
                    f"{self.relation.identity} has no unique key to go on from",
                    hint="leave out --after, and give a larger --limit",
                )
            self._after = parse_key(after, [part.column for part in self._order])

    async def rows(self, limit: int) -> AsyncGenerator[list[Row], None]:
        """Reads the rows, some at a time; they are never all in memory.

        Raises:
            FilterError: A term of the filter does not suit its column.
            ConsoleError: The server refused, or the connection is gone.
        """
        left = limit
        portions = stream_rows(self._session, await self._query(limit + 1))
        try:
            async with contextlib.aclosing(portions):
                async for portion in portions:
                    self.more = len(portion) > left
                    given = portion[:left]
                    if given:
                        left -= len(given)
                        self._reached(given[-1])
                        yield [row[: len(self.columns)] for row in given]
        except DatabaseFailed as error:
            raise await self._blamed(error) from error

    async def page(self, limit: int) -> Page:
        """Reads the rows at once, as a page.

        Raises:
            FilterError: A term of the filter does not suit its column.
            ConsoleError: The server refused, or the connection is gone.
        """
        query = await self._query(limit + 1)
        started = time.perf_counter()
        try:
            (table,) = await read(self._session, query)
        except DatabaseFailed as error:
            raise await self._blamed(error) from error
        given = table.rows[:limit]
        self.more = len(table.rows) > limit
        if given:
            self._reached(given[-1])
        return self._selection.page(
            given,
            more=self.more,
            before=self._after is not None,
            order=self._order,
            statement=query,
            elapsed=time.perf_counter() - started,
        )

    async def _blamed(self, failure: DatabaseFailed) -> ConsoleError:
        """Finds out whether the key or a term of the filter is to blame, by planning them."""
        explain = sql.SQL("explain ")
        if self._source is not None and self._after is not None:
            with contextlib.suppress(DatabaseFailed):
                await read(self._session, explain + await self._source.query(First(), 1))
                try:
                    await read(self._session, explain + await self._query(1))
                except DatabaseFailed as error:
                    return UsageError(
                        f"the key to go on after does not fit: {error.message}",
                        hint="it is the one a listing ends with",
                    )
        return await blamed(self._session, self.relation, self._selection.chosen, failure)

    async def _query(self, limit: int) -> sql.Composable:
        if self._source is None:
            return self._selection.select(tail=self._tail, limit=limit)
        return await self._source.query(
            First() if self._after is None else After(self._after), limit
        )

    def _reached(self, row: Row) -> None:
        place = None if self._source is None else self._source.place(row)
        self.last = None if place is None or OVERSIZE in place else key_text(place)


async def open_listing(
    session: Session,
    relation: Relation,
    *,
    columns: Sequence[str] | None = None,
    where: str = "",
    order: Sequence[Order] = (),
    after: str | None = None,
    cell: int | None = None,
) -> Listing:
    """Prepares a listing; nothing of the table is read yet.

    Args:
        session: Where to read.
        relation: What to read.
        columns: Names of the columns, in that order; None for all. A table's `ctid` may be
            among them, for who has to know its rows again and finds no key.
        where: A filter, see `console.browse.filter`.
        order: What to sort by.
        after: The key of the row to go on after, as `Listing.last` gave it.
        cell: How many characters of a value at most; None for all.

    Raises:
        FilterError: The filter does not parse, or names a column that is not there.
        UsageError: The key does not fit the order, or there is none to go by.
        NotFound: A column does not exist.
        ConsoleError: The connection is gone or the server refused.
    """
    paths = await find_paths(session, relation)
    if columns is not None and "ctid" in columns and relation.kind == "table":
        paths = paths._replace(columns=(*paths.columns, _CTID))
    selection = select_from(relation, paths, columns=columns, where=where, cell=cell)
    return Listing(session, selection, paths, order, after)


def key_text(place: Place) -> str:
    """Writes a place so that it can be typed: a plain value as it is, else a JSON list."""
    if len(place) == 1 and place[0] is not None and _PLAIN.fullmatch(place[0]):
        return place[0]
    return json_text(list(place))


def parse_key(text: str, columns: Sequence[str]) -> Place:
    """Reads a place that was typed.

    Args:
        text: A single value, or a JSON list of texts and nulls.
        columns: What the rows are sorted by: a value is wanted for each.

    Raises:
        UsageError: It does not fit.
    """
    values: object = None
    if text.startswith("["):
        with contextlib.suppress(ValueError):
            values = json.loads(text)
    elif len(columns) == 1:
        values = [text]
    if not (isinstance(values, list) and len(values) == len(columns)) or "\0" in text:
        names = ", ".join(columns)
        raise UsageError(
            f"the key to go on after has {len(columns)} values: {names}",
            hint="it is the one a listing ends with",
        )
    return tuple(None if value is None else str(value) for value in values)
