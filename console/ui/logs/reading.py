"""What the views ask of the stored logs, on a connection of their own."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import TYPE_CHECKING

from console.ui.connections import Connections

if TYPE_CHECKING:
    from console.logs.filter import LogFilter
    from console.logs.history import HistoryPage
    from console.logs.source import EntryKey, LogEntry, Source
    from console.logs.typed import Typed

HISTORY = "log history"
"""Neither the tail nor what the other panes read waits for a slow page, or makes it wait."""

PAGE = 500
"""Entries read at once."""


async def read_page(
    connections: Connections,
    sources: tuple[Source, ...],
    point: EntryKey | None,
    where: LogFilter,
    *,
    older: bool = True,
) -> HistoryPage:
    """Reads the page before or after a place, or the newest.

    Raises:
        ConsoleError: The server refused, or the connection is gone.
    """
    from console.logs.history import read_after, read_before

    session = await connections.open(HISTORY)
    read = read_before if older else read_after
    async with session.transaction(search_path="", lock_timeout=2) as tx:
        return await read(tx, sources, point, limit=PAGE, where=where)


async def resolve_filter(connections: Connections, typed: Typed) -> LogFilter:
    """Makes a filter of what was typed.

    Raises:
        ConsoleError: It does not parse, nobody has the e-mail, or the connection is gone.
    """
    from console.logs.typed import read_filter

    session = await connections.open(HISTORY)
    async with session.transaction(search_path="") as tx:
        return await read_filter(tx, typed)


async def resolve_emails(connections: Connections, users: Iterable[str]) -> dict[str, str]:
    """Finds the e-mails of users, as far as this role may see them.

    Raises:
        ConsoleError: The connection is gone.
    """
    from console.logs.people import read_emails

    session = await connections.open(HISTORY)
    async with session.transaction(search_path="", lock_timeout=2, statement_timeout=5) as tx:
        return await read_emails(tx, users)


async def read_whole(
    connections: Connections, source: Source, entry: LogEntry
) -> dict[str, str | None]:
    """Reads the row of an entry, every column uncut.

    Raises:
        NotFound: It is not there any more.
        ConsoleError: The server refused, or the connection is gone.
    """
    from console.logs.history import read_row

    session = await connections.open(HISTORY)
    async with session.transaction(search_path="", lock_timeout=2) as tx:
        return await read_row(tx, source, entry.id)


@dataclass(frozen=True, slots=True)
class Found:
    """The table that an entry speaks of, and its row as far as there is one.

    Attributes:
        identity: The table.
        key: The key's column, and the row's value; None where no row is named.
    """

    identity: str
    key: tuple[str, str] | None

    @property
    def where(self) -> str:
        """The filter that shows the row."""
        if self.key is None:
            return ""
        column, value = (f'"{part.replace(chr(34), 2 * chr(34))}"' for part in self.key)
        return f"{column}={value}"


async def find_row(connections: Connections, resource: str, id_: str | None) -> Found:
    """Finds what an entry speaks of.

    Raises:
        UsageError: The resource is no table's name.
        NotFound: There is no such table, it has no key of one column, or no such row.
        ConsoleError: The server refused, or the connection is gone.
    """
    from psycopg import sql

    from console.catalog.relations import find_relation, list_columns
    from console.errors import NotFound

    session = await connections.open(HISTORY)
    relation = await find_relation(session, resource)
    if id_ is None:
        return Found(relation.identity, None)
    keys = [column for column in await list_columns(session, relation) if column.primary_key]
    if len(keys) != 1:
        raise NotFound(f"{relation.identity} has no key of one column", hint="look in Tables")
    column = sql.Identifier(keys[0].name)
    # Compared as its own type for the index, so that a value which can't be one is no match.
    there = sql.SQL("select exists (select from {} where {} = {}::{})").format(
        sql.Identifier(relation.schema, relation.name),
        *(column, sql.Literal(id_), sql.SQL(keys[0].base)),
    )
    async with session.transaction(lock_timeout=2, statement_timeout=5) as tx:
        if await tx.value(there) is not True:
            raise NotFound(
                f"{relation.identity} has no row {id_} that this login sees",
                hint="it may have been deleted since",
            )
    return Found(relation.identity, (keys[0].name, id_))
