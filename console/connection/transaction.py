"""What runs inside one transaction, and how its results come back."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from importlib import resources
from typing import TYPE_CHECKING, Any, NamedTuple

if TYPE_CHECKING:
    from psycopg import AsyncConnection, AsyncCursor
    from psycopg.sql import Composable

    from console.connection.session import Session

    Statement = str | Composable

Parameters = Sequence[Any] | Mapping[str, Any] | None


class TextTable(NamedTuple):
    """A result as the server's own text, untouched by any type conversion.

    Attributes:
        columns: Column names in order.
        types: Type oids in order.
        rows: One tuple a row; None is SQL NULL.
    """

    columns: tuple[str, ...]
    types: tuple[int, ...]
    rows: list[tuple[str | None, ...]]


def query_text(package: str, name: str) -> str:
    """Reads a statement from `queries/<name>.sql` beside the given package's code."""
    return (resources.files(package) / "queries" / f"{name}.sql").read_text(encoding="utf-8")


def text_table(cursor: AsyncCursor[tuple[Any, ...]]) -> TextTable:
    r"""Reads the current result of a cursor as the server's own text.

    Bytes that are not UTF-8 become `\xNN`.
    """
    result = cursor.pgresult
    if result is None:
        return TextTable((), (), [])

    def text(value: bytes | None) -> str | None:
        return None if value is None else value.decode("utf-8", "backslashreplace")

    columns = range(result.nfields)
    return TextTable(
        tuple(text(result.fname(column)) or "" for column in columns),
        tuple(result.ftype(column) for column in columns),
        [
            tuple(text(result.get_value(row, column)) for column in columns)
            for row in range(result.ntuples)
        ],
    )


class Transaction:
    """An open transaction of a Session; ends with the `async with` that made it."""

    def __init__(self, session: Session, connection: AsyncConnection[tuple[Any, ...]]) -> None:
        self._session = session
        self.connection = connection
        """The driver's connection, for pipelines; its errors are the driver's own."""

    async def execute(
        self, statement: Statement, parameters: Parameters = None
    ) -> AsyncCursor[tuple[Any, ...]]:
        """Runs one statement and returns the driver's cursor.

        Raises:
            ConsoleError: The server refused it, or the connection is gone.
        """
        with self._session.faults():
            return await self._send(statement, parameters)

    async def _send(
        self, statement: Statement, parameters: Parameters = None
    ) -> AsyncCursor[tuple[Any, ...]]:
        return await self.connection.execute(statement, parameters)  # type: ignore[arg-type]

    async def fetch(
        self, statement: Statement, parameters: Parameters = None
    ) -> list[tuple[Any, ...]]:
        """Runs one query and returns all its rows as Python values."""
        with self._session.faults():
            cursor = await self._send(statement, parameters)
            return await cursor.fetchall()

    async def value(self, statement: Statement, parameters: Parameters = None) -> Any:
        """Runs one query and returns the first column of its first row, or None."""
        rows = await self.fetch(statement, parameters)
        return rows[0][0] if rows else None

    async def texts(self, statement: Statement, parameters: Parameters = None) -> TextTable:
        r"""Runs one query and returns the server's own text of every value.

        No loader runs, so nothing the data holds (infinity, BC dates, broken bytes in an
        SQL_ASCII database) can fail or change here. Bytes that are not UTF-8 become `\xNN`.
        """
        with self._session.faults():
            if self.connection.info.parameter_status("server_encoding") == "SQL_ASCII":
                cursor = await self._fetch_bytes(statement, parameters)
            else:
                cursor = await self._send(statement, parameters)
        return text_table(cursor)

    async def _fetch_bytes(
        self, statement: Statement, parameters: Parameters
    ) -> AsyncCursor[tuple[Any, ...]]:
        """Runs a query of a database without an encoding.

        The server refuses to send a UTF-8 client what is not UTF-8. For a Latin-1 client every
        byte is valid; but the query itself has to go out as UTF-8.
        """
        from psycopg import sql

        query = sql.SQL(statement) if isinstance(statement, str) else statement
        declare = sql.SQL("declare rowsight_texts cursor for {}").format(query)
        await self._send(declare, parameters)
        await self._send("set local client_encoding = 'LATIN1'")
        fetched = await self._send("fetch all from rowsight_texts")
        await self._send("close rowsight_texts")
        await self._send("set local client_encoding = 'UTF8'")
        return fetched
