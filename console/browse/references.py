"""From a row to the row it refers to, and to the rows that refer to it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from psycopg import sql

from console.browse.count import Certainty, Total
from console.browse.detail import read_whole
from console.browse.page import Place
from console.browse.source import PageSource
from console.catalog.foreign_keys import ForeignKey, ForeignKeys
from console.catalog.reading import read
from console.connection.session import Session

SEVERAL = 1_000
"""Referring rows that are counted; more are only said to be more."""
_PATIENCE = 3.0
"""Seconds that counting may take: without an index every row is looked at."""


@dataclass(frozen=True, slots=True)
class Reference:
    """Where a foreign key leads from one row.

    Attributes:
        forwards: Whether the row refers to what is found there, rather than the reverse.
        relation: The identity of the table.
        where: The filter that finds the rows in it; None where the row refers to nothing,
            because a column of the key is NULL.
        values: What the key's columns hold, in its order.
    """

    key: ForeignKey
    forwards: bool
    relation: str
    where: str | None
    values: tuple[str | None, ...] = ()


async def follow(source: PageSource, place: Place, keys: ForeignKeys) -> list[Reference]:
    """Finds out where the foreign keys of a relation lead from one of its rows.

    Args:
        source: Where the row was met.
        place: Its place there.
        keys: The relation's foreign keys.

    Returns:
        What it refers to, then what refers to it.

    Raises:
        NotFound: The row is gone.
        ConsoleError: The server refused, or the connection is gone.
    """
    ends = [(key, True, key.columns) for key in keys.outgoing]
    ends += [(key, False, key.to_columns) for key in keys.incoming]
    names = list(dict.fromkeys(name for _, _, columns in ends for name in columns))
    if not names:
        return []
    (row,) = await read_whole(source, [place], names)
    values = dict(zip(names, row, strict=True))
    found = []
    for key, forwards, columns in ends:
        there = key.to_columns if forwards else key.columns
        held = tuple(values[name] for name in columns)
        table = key.to_table if forwards else key.table
        found.append(Reference(key, forwards, table, matching(there, held), held))
    return found


async def count_there(session: Session, reference: Reference) -> Total:
    """Counts the rows that a reference leads to, up to `SEVERAL`.

    Raises:
        TimedOut: That takes long, most likely because no index helps.
        ConsoleError: The server refused, or the connection is gone.
    """
    if reference.where is None:
        return Total(0, Certainty.EXACT)
    columns = reference.key.to_columns if reference.forwards else reference.key.columns
    conditions = sql.SQL(" and ").join(
        sql.SQL("{} = {}").format(sql.Identifier(column), sql.Literal(value))
        for column, value in zip(columns, reference.values, strict=True)
    )
    # The identity comes from the catalog, which has quoted it.
    counted = sql.SQL(
        "select pg_catalog.count(*) from (select from {} where {} limit {}) as some_rows"
    ).format(sql.SQL(reference.relation), conditions, sql.Literal(SEVERAL + 1))
    (table,) = await read(session, counted, statement_timeout=_PATIENCE)
    number = int(table.rows[0][0] or 0)
    if number > SEVERAL:
        return Total(SEVERAL, Certainty.AT_LEAST)
    return Total(number, Certainty.EXACT)


def matching(columns: Sequence[str], values: Sequence[str | None]) -> str | None:
    """Writes the filter for rows that hold certain values.

    Returns:
        None if one of them is NULL, which equals nothing.
    """
    if None in values:
        return None
    return " ".join(
        f"{_quoted(column, chr(34))}={_quoted(value or '', chr(39))}"
        for column, value in zip(columns, values, strict=True)
    )


def _quoted(text: str, mark: str) -> str:
    return f"{mark}{text.replace(mark, mark * 2)}{mark}"
