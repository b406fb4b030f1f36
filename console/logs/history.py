"""Back through the logs by keyset pages: every source on its own, merged by time.

All functions read in a transaction that the caller opens, with the search path '': so they show
what a persona sees when the transaction is the persona's.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING

from psycopg import sql

from console.errors import NotFound
from console.logs.filter import LogFilter
from console.logs.source import EntryKey, LogEntry, Source, moment

if TYPE_CHECKING:
    from console.connection.session import Transaction

EVERYTHING = LogFilter()


@dataclass(frozen=True, slots=True)
class HistoryPage:
    """Entries in the order of the timeline, the oldest first.

    Attributes:
        more: Whether there is more in the direction of reading.
    """

    entries: tuple[LogEntry, ...]
    more: bool


async def read_before(
    tx: Transaction,
    sources: Sequence[Source],
    point: EntryKey | None = None,
    *,
    limit: int = 200,
    where: LogFilter = EVERYTHING,
) -> HistoryPage:
    """Reads the newest entries before a place in the timeline, or the newest of all.

    Args:
        tx: A transaction with the search path ''.
        sources: As found; those with a problem are left out.
        point: The key of an entry, which itself is not read again.
        limit: How many entries at most.
        where: Evaluated by the server.
    """
    return await _read(tx, sources, point, limit, where, older=True)


async def read_after(
    tx: Transaction,
    sources: Sequence[Source],
    point: EntryKey | None = None,
    *,
    limit: int = 200,
    where: LogFilter = EVERYTHING,
) -> HistoryPage:
    """Reads the oldest entries after a place in the timeline, or the oldest of all."""
    return await _read(tx, sources, point, limit, where, older=False)


async def _read(
    tx: Transaction,
    sources: Sequence[Source],
    point: EntryKey | None,
    limit: int,
    where: LogFilter,
    *,
    older: bool,
) -> HistoryPage:
    by_name = {source.name: source for source in sources}
    branches = []
    for source in sources:
        conditions = None if source.problem else where.conditions(source)
        if conditions is None:
            continue
        conditions += [source.dated]
        if point is not None:
            conditions += _beside(source, point, older=older)
        branches.append(
            sql.SQL("({entry} where {conditions} order by {order} limit {limit})").format(
                entry=source.formatted("entry"),
                conditions=sql.SQL(" and ").join(conditions),
                order=_order(source, "desc" if older else "asc"),
                limit=sql.Literal(limit + 1),
            )
        )
    if not branches:
        return HistoryPage((), more=False)
    table = await tx.texts(sql.SQL(" union all ").join(branches))
    entries = sorted(
        (by_name[row[0] or ""].entry(row) for row in table.rows), key=lambda entry: entry.key
    )
    kept = entries[-limit:] if older else entries[:limit]
    return HistoryPage(tuple(kept), more=len(entries) > limit)


def _order(source: Source, direction: str) -> sql.Composable:
    return sql.SQL("a.{} {direction}, {} {direction}").format(
        sql.Identifier(source.time), source.id_order, direction=sql.SQL(direction)
    )


def _beside(source: Source, point: EntryKey, *, older: bool) -> list[sql.Composable]:
    time, name, _, id_ = point
    # Two forms of one bound: the plain one serves where the index is on the time alone.
    sign = "<" if older else ">"
    column = source.column(source.time)
    if source.name == name:
        return [
            sql.SQL("{} {} {}").format(column, sql.SQL(sign + "="), sql.Literal(time)),
            sql.SQL("({}, {}) {} ({}, {})").format(
                *(column, source.id_order, sql.SQL(sign), sql.Literal(time), sql.Literal(id_))
            ),
        ]
    # At the same time, sources follow one another by name.
    same = "=" if (source.name < name) == older else ""
    return [sql.SQL("{} {} {}").format(column, sql.SQL(sign + same), sql.Literal(time))]


async def read_undated(
    tx: Transaction,
    source: Source,
    after: str | None = None,
    *,
    limit: int = 200,
    where: LogFilter = EVERYTHING,
) -> HistoryPage:
    """Reads entries without a time, or with one outside of the calendar, in the order of ids.

    Args:
        tx: A transaction with the search path ''.
        source: A log; one with a problem has no entries.
        after: The last id read before.
        limit: How many entries at most.
        where: Evaluated by the server; a range of time excludes them all.
    """
    conditions = None if source.problem else where.conditions(source)
    if conditions is None:
        return HistoryPage((), more=False)
    conditions.append(sql.SQL("({}) is not true").format(source.dated))
    if after is not None:
        conditions.append(sql.SQL("{} > {}").format(source.id_order, sql.Literal(after)))
    table = await tx.texts(
        sql.SQL("{} where {} order by {} limit {}").format(
            source.formatted("entry"),
            sql.SQL(" and ").join(conditions),
            source.id_order,
            sql.Literal(limit + 1),
        )
    )
    entries = tuple(source.entry(row) for row in table.rows)
    return HistoryPage(entries[:limit], more=len(entries) > limit)


async def read_row(tx: Transaction, source: Source, id_: str) -> dict[str, str | None]:
    """Reads one row of a log whole: the server's own text by column.

    Raises:
        NotFound: The row is not there, or not for this role.
    """
    table = await tx.texts(
        sql.SQL("select * from {} a where {} = {}").format(
            source.table, source.column(source.id), sql.Literal(id_)
        )
    )
    if not table.rows:
        raise NotFound(f"{source.name} has no row {id_}", hint="it may have been cleaned up")
    return dict(zip(table.columns, table.rows[0], strict=True))


async def read_clock(tx: Transaction) -> datetime:
    """Reads the server's clock."""
    (row,) = (await tx.texts("select (extract(epoch from now()) * 1000000)::bigint")).rows
    time = moment(row[0])
    assert time is not None
    return time
