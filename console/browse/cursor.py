"""Pages of what has no places to go back to: views, foreign tables, results of a query.

The server runs the query once and keeps what it has found behind a cursor, in a transaction
that stays open for it. That holds up the cleaning of tables, so it is kept for a while only;
afterwards the query is run again, and rows may have changed, or come in another order.
"""

from __future__ import annotations

import asyncio
import contextlib
import time

from psycopg import sql

from console.browse.blame import blamed
from console.browse.filter import FilterError
from console.browse.ordering import Sort, order_by
from console.browse.page import Order, Page, Place, Row
from console.browse.position import After, At, Before, Fraction, Last, Position, RowNumber
from console.browse.selection import Selection
from console.browse.stream import ENCODING
from console.connection.session import Session, SessionState, TextTable, Transaction
from console.connection.transaction import text_table
from console.errors import ConsoleError, DatabaseFailed, NotFound

IDLE = 30.0
"""Seconds without a question after which the transaction is ended."""
AGE = 300.0
"""Seconds after which it is ended whatever is asked."""

# The first rows count, not the whole.
_SETTINGS = ("set local cursor_tuple_fraction = 0.001", ENCODING)


class CursorSource:
    """Reads pages by row number from a cursor.

    Args:
        session: A connection that is used for nothing else while `keep` is set.
        selection: What to read.
        sorts: What the server is to sort by; equals come in no promised order.
        size: Rows of a page.
        keep: Whether the transaction stays open between pages. Where it does not, each page
            runs the query anew up to its end.
    """

    numbered = True
    progress: float | None = None
    secured = False

    def __init__(
        self,
        session: Session,
        selection: Selection,
        sorts: tuple[Sort, ...],
        size: int,
        *,
        keep: bool = True,
    ) -> None:
        self.session = session
        self.selection = selection
        self.size = size
        self.order = tuple(Order(sort.column.name, sort.descending) for sort in sorts)
        self.total: int | None = None
        """Number of rows, once the end was met."""
        self.runs = 0
        """How often the query was begun; above 1, rows may have changed between pages."""
        self._sorts = sorts
        self._keep = keep
        self._opened = contextlib.AsyncExitStack()
        self._transaction: Transaction | None = None
        self._began = 0.0
        self._reached = 0
        self._furthest = 0
        self._lock = asyncio.Lock()
        self._ending: asyncio.Task[None] | None = None

    @property
    def promise(self) -> str:
        """What these pages can't hold to, in words."""
        if self._keep:
            return f"without a unique key: what was read is kept {IDLE:.0f} s, then it is run again"
        return "without a unique key: each page is run anew, so rows may move between pages"

    @property
    def statement(self) -> sql.Composable:
        """The query as a person would write it."""
        chosen = self.selection.chosen.where
        return sql.SQL("select {} from {}{}{}").format(
            self.selection.names, self.selection.origin, chosen, order_by(self._sorts)
        )

    async def prepare(self) -> None:
        """Does nothing: there is nothing to know before."""

    async def fetch(self, position: Position, limit: int | None = None) -> Page:
        """Reads a page; the last ones of all only by reading everything before them.

        Where a row makes the query fail, the page ends before it, and the page that would
        begin with it fails.

        Args:
            position: Where it begins.
            limit: Rows at most; None for the usual number.

        Raises:
            FilterError: A term of the filter does not suit its column.
            ConsoleError: The server refused, or the connection is gone.
        """
        limit = self.size if limit is None else limit
        started = time.perf_counter()
        async with self._lock:
            self._stay()
            try:
                first, limit = await self._range(position, limit)
                rows, whole = await self._rows_or_some(first, limit)
            except BaseException:
                await self._end()
                raise
            finally:
                await self._rest()
        end = first + len(rows)
        self._furthest = max(self._furthest, end if rows else 0)
        if len(rows) < limit and whole and (rows or first == self._furthest):
            self.total = end
        return self.selection.page(
            rows,
            more=end != self.total and (bool(rows) or not whole),
            before=first > 0,
            order=self.order,
            statement=self._query,
            elapsed=time.perf_counter() - started,
            places=tuple((str(first + number),) for number in range(len(rows))),
        )

    def key(self, place: Place) -> tuple[tuple[str, str], ...]:
        """Returns nothing: a row's number does not name it."""
        return ()

    def one(self, place: Place) -> sql.Composed:
        """Returns what stands behind FROM to read the row at a place, as far as it stays there."""
        return sql.SQL("{}{}{} limit 1 offset {}").format(
            self.selection.origin,
            self.selection.chosen.where,
            order_by(self._sorts),
            sql.Literal(_number(place)),
        )

    async def ask(self, *queries: sql.Composable) -> list[TextTable]:
        """Runs queries about the rows in the snapshot that they were read in.

        Raises:
            ConsoleError: The server refused one, or the connection is gone.
        """
        async with self._lock:
            self._stay()
            try:
                transaction = await self._running()
                return [await self._send(transaction, query) for query in queries]
            except BaseException:
                await self._end()
                raise
            finally:
                await self._rest()

    async def close(self) -> None:
        """Ends the transaction, and the connection if it was made for this."""
        if self._ending is not None:
            self._ending.cancel()
        async with self._lock:
            await self._end()
        if self._keep:
            await self.session.close()

    @property
    def _query(self) -> sql.Composable:
        return self.selection.select(tail=order_by(self._sorts))

    async def _range(self, position: Position, limit: int) -> tuple[int, int]:
        match position:
            case RowNumber(number):
                return number, limit
            case At(place):
                return _number(place), limit
            case After(place):
                return _number(place) + 1, limit
            case Before(place):
                number = _number(place)
                return max(0, number - limit), min(limit, number)
            case Last() | Fraction():
                total = await self._count()
                share = position.share if isinstance(position, Fraction) else 1.0
                first = min(int(total * share), total - limit)
                return max(0, first), limit
        return 0, limit

    async def _count(self) -> int:
        if self.total is None:
            transaction = await self._running()
            await transaction.execute("move absolute 0 from rowsight")
            cursor = await transaction.execute("move forward all from rowsight")
            self.total = int((cursor.statusmessage or "MOVE 0").split()[-1])
            self._reached = -1
        return self.total

    async def _rows_or_some(self, first: int, limit: int) -> tuple[list[Row], bool]:
        """Reads rows; where one of them fails, those before it."""
        try:
            return await self._rows(first, limit), True
        except DatabaseFailed as error:
            if error.sqlstate is None:
                raise
            await self._end()
            selection = self.selection
            failure = await blamed(self.session, selection.relation, selection.chosen, error)
            if self.runs == 0 or isinstance(failure, FilterError):
                raise failure from error
        found: list[Row] = []
        step = limit // 2
        while step:
            await self._end()
            try:
                found += await self._rows(first + len(found), step)
            except DatabaseFailed:
                step //= 2
        await self._end()
        if not found:
            raise failure
        return found, False

    async def _rows(self, first: int, limit: int) -> list[Row]:
        transaction = await self._running()
        if first != self._reached:
            await transaction.execute(f"move absolute {first} from rowsight")
        self._reached = -1
        table = text_table(await transaction.execute(f"fetch forward {limit} from rowsight"))
        await self._check(transaction)
        self._reached = first + len(table.rows) if len(table.rows) == limit else -1
        return table.rows

    async def _check(self, transaction: Transaction) -> None:
        """Makes sure that what was read may be shown."""

    async def _running(self) -> Transaction:
        if self._transaction is not None:
            if time.monotonic() - self._began < AGE:
                return self._transaction
            await self._end()
        if self._keep and self.session.state is not SessionState.CONNECTED:
            await self.session.connect()
        opening = self.session.transaction(isolation="repeatable read")
        transaction = await self._opened.enter_async_context(opening)
        for setting in _SETTINGS:
            await transaction.execute(setting)
        await self._declare(transaction)
        self._transaction, self._began, self._reached = transaction, time.monotonic(), 0
        self.runs += 1
        return transaction

    async def _declare(self, transaction: Transaction) -> None:
        declare = sql.SQL("declare rowsight scroll cursor for {}")
        await transaction.execute(declare.format(self._query))

    async def _send(self, transaction: Transaction, query: sql.Composable) -> TextTable:
        return text_table(await transaction.execute(query))

    async def _end(self) -> None:
        self._transaction = None
        opened, self._opened = self._opened, contextlib.AsyncExitStack()
        with contextlib.suppress(ConsoleError):
            await opened.aclose()

    def _stay(self) -> None:
        if self._ending is not None:
            self._ending.cancel()
            self._ending = None

    async def _rest(self) -> None:
        if self._transaction is None:
            return
        if self._keep:
            self._ending = asyncio.ensure_future(self._end_later())
        else:
            await self._end()

    async def _end_later(self) -> None:
        await asyncio.sleep(IDLE)
        async with self._lock:
            await self._end()


def _number(place: Place) -> int:
    if len(place) != 1 or not (place[0] or "").isdecimal():
        raise NotFound("there is no such place here", hint="rows here have numbers only")
    return int(place[0] or 0)
