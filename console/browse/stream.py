"""All rows of a relation, one after another, in one snapshot and no more memory than a few."""

from __future__ import annotations

import asyncio
import contextlib
import re
from collections.abc import AsyncGenerator

from psycopg import sql

from console.browse.page import Row
from console.connection.session import Session, Transaction
from console.connection.transaction import text_table

_BLOCK = 64 * 1024
"""Bytes after which the lines read so far are handed on."""
_LARGEST = 1_000
"""Rows fetched at a time where COPY is out of the question."""
_ROOM = 1 << 20
"""Bytes that such a portion is kept below, as far as one can tell from the one before."""

# Bytes of a database without an encoding come as they are.
ENCODING = (
    "select pg_catalog.set_config('client_encoding', case"
    " pg_catalog.current_setting('server_encoding') when 'SQL_ASCII' then 'LATIN1' else 'UTF8' end,"
    " true)"
)
_ESCAPE = re.compile(r"\\(.)", re.DOTALL)
_ESCAPED = {"b": "\b", "f": "\f", "n": "\n", "r": "\r", "t": "\t", "v": "\v"}


def can_copy(session: Session) -> bool:
    """Tells whether COPY may be used: not where a session stands for somebody else."""
    return type(session) is Session


async def stream_rows(
    session: Session, query: sql.Composable, *, statement_timeout: float = 0
) -> AsyncGenerator[list[Row], None]:
    """Reads the rows of a query, some at a time; closing the generator ends it on the server.

    Args:
        session: Where to read; it is in use until the generator is closed.
        query: One query of the console's own making.
        statement_timeout: Seconds the whole may take; 0 for no limit.

    Raises:
        ConsoleError: The server refused, or the connection is gone.
    """
    if can_copy(session):
        blocks = copy_lines(session, query, statement_timeout=statement_timeout)
        async with contextlib.aclosing(blocks):
            async for lines in blocks:
                yield [_fields(line) for line in lines]
        return
    async with session.transaction(statement_timeout=statement_timeout or None) as transaction:
        declare = sql.SQL("declare rowsight_all no scroll cursor for {}")
        await transaction.execute(declare.format(query))
        portions = portions_of(transaction, "rowsight_all")
        async with contextlib.aclosing(portions):
            async for rows in portions:
                yield rows


async def copy_lines(
    session: Session, query: sql.Composable, options: str = "", *, statement_timeout: float = 0
) -> AsyncGenerator[list[bytes], None]:
    """Reads the lines that COPY makes of a query, a row each, some at a time.

    Args:
        session: Where to read.
        query: One query of the console's own making.
        options: What stands in brackets after WITH; empty for the server's text format.
        statement_timeout: Seconds the whole may take; 0 for no limit.
    """
    words = f" with ({options})" if options else ""
    statement = sql.SQL("copy ({}) to stdout{}").format(query, sql.SQL(words))
    milliseconds = round(statement_timeout * 1000)
    async with session.transaction() as transaction:
        await transaction.execute(f"set local statement_timeout = {milliseconds}")
        await transaction.execute(ENCODING)
        with session.faults():
            cursor = transaction.connection.cursor()
            # As bytes, for the query goes out in UTF-8 whatever comes back.
            async with cursor.copy(statement.as_string(None).encode()) as copy:
                lines: list[bytes] = []
                size = 0
                async for line in copy:
                    lines.append(bytes(line))
                    size += len(line)
                    if size >= _BLOCK:
                        yield lines
                        lines, size = [], 0
                        # What the server has sent already is read without waiting.
                        await asyncio.sleep(0)
                if lines:
                    yield lines


async def portions_of(transaction: Transaction, cursor: str) -> AsyncGenerator[list[Row], None]:
    """Reads what is left in a cursor, in portions that fit the size of the rows."""
    portion = 1
    while True:
        table = text_table(await transaction.execute(f"fetch forward {portion} from {cursor}"))
        if table.rows:
            yield table.rows
        if len(table.rows) < portion:
            return
        size = sum(len(value) for row in table.rows for value in row if value is not None)
        portion = max(1, min(_LARGEST, 2 * portion, portion * _ROOM // max(size, 1)))


def _fields(line: bytes) -> Row:
    r"""Reads a line of COPY's text format; bytes that are not UTF-8 become `\xNN`."""
    try:
        text = line.decode()
    except UnicodeDecodeError:
        broken = _fields(line.decode("latin-1").encode())
        return tuple(
            None if field is None else field.encode("latin-1").decode("utf-8", "backslashreplace")
            for field in broken
        )
    return tuple(
        None if field == "\\N" else _ESCAPE.sub(_unescaped, field) if "\\" in field else field
        for field in text[:-1].split("\t")
    )


def _unescaped(match: re.Match[str]) -> str:
    return _ESCAPED.get(match[1], match[1])
