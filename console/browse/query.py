"""A statement that a person typed: run so that it can do nothing but read.

What it calls by name is looked up first: what could act is not sent. The statement goes alone
through the extended protocol, which takes exactly one, inside a transaction that can't write and
is always rolled back. After each step the server is asked who it is and whether that still
holds; if not, nothing of the result is shown and the connection is closed.
"""

from __future__ import annotations

import contextlib
from collections.abc import AsyncGenerator
from typing import TYPE_CHECKING

from psycopg import Error, sql

from console.browse.acting import refuse_acting
from console.browse.cursor import CursorSource
from console.browse.filter import Filter
from console.browse.page import Row
from console.browse.plan import Plan, parse_plan
from console.browse.selection import Selection
from console.browse.source import CELLS, FEWEST, PAGE
from console.browse.statement import Kind, Typed, classify
from console.browse.stream import ENCODING, portions_of
from console.catalog.reading import query
from console.catalog.relations import Column, Relation
from console.connection.session import Session, TextTable, Transaction
from console.connection.transaction import text_table
from console.errors import DatabaseFailed, Refused

if TYPE_CHECKING:
    from psycopg.pq.abc import PGresult

_DECLARE = "declare rowsight_typed no scroll cursor for "
# Strings end for the server where they ended when the statement was looked through.
_SCANNED = b"set local standard_conforming_strings = on"
# And it may be compiled, as anywhere else.
_COMPILED = b"set local jit to default"
_STANDING = (
    "select current_user::text, session_user::text,"
    " pg_catalog.current_setting('transaction_read_only'), pg_catalog.pg_backend_pid()"
)
_LONGEST = 63
"""Bytes that the server keeps of a name."""


class QueryFailed(DatabaseFailed):
    """The server refused what was typed.

    Attributes:
        position: Where in the typed text, in characters from 0, or None.
    """

    code = "query_failed"
    position: int | None = None


class ContainmentBroken(DatabaseFailed):
    """What was typed got out of its transaction or its role; its result was withheld."""

    code = "containment_broken"


class QuerySource(CursorSource):
    """The rows of a statement that a person typed, page by page."""

    def __init__(self, session: Session, typed: Typed, selection: Selection, size: int) -> None:
        super().__init__(session, selection, (), size)
        self.typed = typed
        self._standing: Row = ()
        self._broken: ContainmentBroken | None = None

    @property
    def statement(self) -> sql.Composable:
        """The statement as it was typed."""
        return sql.SQL(self.typed.text)

    async def _declare(self, transaction: Transaction) -> None:
        if self._broken is not None:
            raise self._broken
        self._standing = await _standing(transaction)
        await self._send(transaction, sql.SQL("declare rowsight scroll cursor for ") + self._query)

    async def _send(self, transaction: Transaction, query: sql.Composable) -> TextTable:
        table = await _alone(transaction, self.session, "", query.as_string(None))
        await self._check(transaction)
        return table

    async def _check(self, transaction: Transaction) -> None:
        try:
            await _check(transaction, self.session, self._standing)
        except ContainmentBroken as error:
            self._broken = error
            raise


async def open_query(session: Session, text: str, *, cell: int = 300) -> QuerySource:
    """Prepares a typed query for being read page by page; runs nothing of it yet.

    Args:
        session: A connection that is used for nothing else; it is closed with the source.
        text: What was typed; one query.
        cell: How many characters of a value at most, cut by the server.

    Raises:
        UsageError: It is not one statement.
        Refused: It is not one that returns rows, or calls what could act, or the session
            stands for somebody else.
        QueryFailed: The server refuses it; with the place.
        ContainmentBroken: It got out.
        ConsoleError: The connection is gone.
    """
    typed = classify(text)
    if typed.kind is not Kind.ROWS:
        raise Refused("this returns no rows to page through", hint="type a SELECT")
    _refuse_personas(session)
    async with session.transaction() as transaction:
        await refuse_acting(transaction, typed.text)
        standing = await _standing(transaction)
        await _alone(transaction, session, _DECLARE, typed.text, typed.start)
        await _check(transaction, session, standing)
        cursor = await transaction.execute("fetch forward 0 from rowsight_typed")
        columns = await _columns(transaction, cursor.pgresult)
        await _check(transaction, session, standing)
    size = max(FEWEST, min(PAGE, CELLS // max(1, len(columns))))
    return QuerySource(session, typed, _selection(typed, columns, cell), size)


async def explain(session: Session, text: str) -> Plan:
    """Asks for the plan of a typed query, or of the one that a typed EXPLAIN is about.

    Only EXPLAIN ANALYZE runs it, and then it can't write.

    Raises:
        UsageError: It is not one statement.
        Refused: It is not one that can be explained, or calls what could act.
        QueryFailed: The server refuses it; with the place.
        ContainmentBroken: It got out.
        ConsoleError: The connection is gone.
    """
    typed = classify(text)
    if typed.kind is Kind.SETTING:
        raise Refused("there is no plan for this", hint="type a SELECT")
    analyze = "analyze, buffers, " if typed.analyze else ""
    table = await _run(session, f"explain ({analyze}verbose, format json) ", typed)
    return parse_plan(table.rows[0][0] or "")


async def show_setting(session: Session, text: str) -> TextTable:
    """Runs a typed SHOW.

    Raises:
        UsageError: It is not one statement.
        Refused: It is another.
        QueryFailed: The server refuses it; with the place.
        ConsoleError: The connection is gone.
    """
    typed = classify(text)
    if typed.kind is not Kind.SETTING:
        raise Refused("this is no SHOW", hint="type SHOW and a setting's name")
    return await _run(session, "", typed)


async def stream_query(
    session: Session, typed: Typed, *, statement_timeout: float = 0
) -> AsyncGenerator[list[Row], None]:
    """Reads all rows of a typed query in one snapshot, some at a time.

    Args:
        session: Where to read; it is in use until the generator is closed.
        typed: What was typed.
        statement_timeout: Seconds each portion may take; 0 for no limit.

    Raises:
        QueryFailed: The server refuses it; with the place.
        ContainmentBroken: It got out.
        ConsoleError: The connection is gone.
    """
    _refuse_personas(session)
    async with session.transaction() as transaction:
        await transaction.execute(
            f"set local statement_timeout = {round(statement_timeout * 1000)}"
        )
        await transaction.execute(ENCODING)
        await refuse_acting(transaction, typed.text)
        standing = await _standing(transaction)
        await _alone(transaction, session, _DECLARE, typed.text, typed.start)
        await _check(transaction, session, standing)
        portions = portions_of(transaction, "rowsight_typed")
        async with contextlib.aclosing(portions):
            async for rows in portions:
                await _check(transaction, session, standing)
                yield rows


async def _run(session: Session, prefix: str, typed: Typed) -> TextTable:
    _refuse_personas(session)
    async with session.transaction() as transaction:
        await refuse_acting(transaction, typed.text)
        standing = await _standing(transaction)
        table = await _alone(transaction, session, prefix, typed.text, typed.start)
        await _check(transaction, session, standing)
    return table


def _refuse_personas(session: Session) -> None:
    if type(session) is not Session:
        raise Refused(
            "a statement of your own is not run as somebody else",
            hint="take the persona off first",
        )


async def _alone(
    transaction: Transaction, session: Session, prefix: str, text: str, start: int | None = None
) -> TextTable:
    """Sends one statement by itself; `start` is where its text begins in what was typed."""
    position: str | None = None
    try:
        with session.faults():
            try:
                # In a pipeline the driver speaks the extended protocol only, which takes one
                # statement at a time.
                async with transaction.connection.pipeline():
                    await transaction.connection.execute(_SCANNED)
                    await transaction.connection.execute(_COMPILED)
                    cursor = await transaction.connection.execute((prefix + text).encode())
            except Error as error:
                position = error.diag.statement_position
                raise
    except DatabaseFailed as error:
        standby = session.server is not None and session.server.standby
        # What no server can do has nothing to do with which one this is.
        hint = "" if error.sqlstate == "0A000" and not standby else error.hint
        failure = QueryFailed(
            error.message, hint=hint, sqlstate=error.sqlstate, detail=error.detail
        )
        if position is not None and start is not None:
            failure.position = start + max(0, int(position) - 1 - len(prefix))
        raise failure from error
    return text_table(cursor)


async def _standing(transaction: Transaction) -> Row:
    return text_table(await transaction.execute(_STANDING)).rows[0]


async def _check(transaction: Transaction, session: Session, standing: Row) -> None:
    held = transaction.connection.info.transaction_status.name == "INTRANS"
    if held and await _standing(transaction) == standing and standing[2] == "on":
        return
    await session.close()
    raise ContainmentBroken(
        "containment broken: the statement left its transaction or its role, and its result is"
        " withheld",
        hint="the connection was closed; nothing of this can be trusted",
    )


async def _columns(transaction: Transaction, shape: PGresult | None) -> tuple[Column, ...]:
    """Learns the types of a result's columns, and gives each a name of its own."""
    if shape is None or shape.nfields == 0:
        return ()
    numbers = range(shape.nfields)
    types = ", ".join(f"({n}, {shape.ftype(n)}, {shape.fmod(n)})" for n in numbers)
    described = text_table(
        await transaction.execute(query("console.browse", "types", types=sql.SQL(types)))
    )
    taken: set[str] = set()
    columns = []
    for number, (type_, category, width, base) in enumerate(described.rows):
        given = (shape.fname(number) or b"").decode("utf-8", "backslashreplace")
        name, count = given, 1
        while name in taken:
            count += 1
            room = _LONGEST - len(f"_{count}")
            name = f"{given.encode()[:room].decode(errors='ignore')}_{count}"
        taken.add(name)
        columns.append(
            Column(
                name=name,
                type=type_ or "",
                category=category or "",
                not_null=False,
                default=None,
                position=number + 1,
                key_position=None,
                comment=None,
                base=base or "",
                width=int(width or -1),
            )
        )
    return tuple(columns)


def _selection(typed: Typed, columns: tuple[Column, ...], cell: int) -> Selection:
    names = sql.SQL(", ").join(sql.Identifier(column.name) for column in columns)
    # A comment may end the text, hence the line break.
    text = sql.SQL("({}\n) as result").format(sql.SQL(typed.text))
    result = Relation("query", "", "query", "query", None, None, False, False, 0, "", None)
    return Selection(
        result,
        text + sql.SQL(" ({})").format(names) if columns else text,
        columns,
        columns,
        Filter("", (), ()),
        cell,
    )
