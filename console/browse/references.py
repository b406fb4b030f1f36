"""From a row to the row it refers to, and to the rows that refer to it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from console.browse.detail import read_whole
from console.browse.page import Place
from console.browse.source import PageSource
from console.catalog.foreign_keys import ForeignKey, ForeignKeys


@dataclass(frozen=True, slots=True)
class Reference:
    """Where a foreign key leads from one row.

    Attributes:
        forwards: Whether the row refers to what is found there, rather than the reverse.
        relation: The identity of the table.
        where: The filter that finds the rows in it; None where the row refers to nothing,
            because a column of the key is NULL.
    """

    key: ForeignKey
    forwards: bool
    relation: str
    where: str | None


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
        found.append(
            Reference(
                key,
                forwards,
                key.to_table if forwards else key.table,
                matching(there, [values[name] for name in columns]),
            )
        )
    return found


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
