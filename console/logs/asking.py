"""What the tail asks the server, each in one message: one round trip, one transaction."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import TYPE_CHECKING

from psycopg import sql

from console.connection.session import query_text
from console.errors import DatabaseFailed
from console.logs.completeness import Bound, read_bound
from console.logs.source import LATEST, LogEntry, Source, microseconds, moment

if TYPE_CHECKING:
    from console.connection.session import Session, TextTable

_READ_AT_ONCE = 1_000
_SEED = 5_000
_FOLLOWED_UNDATED = 10_000

# Statements on a log that is locked, or too large to be read whole, give way before the tail
# takes the connection for dead. A poll's cost is measured in the time of one process.
_OPEN = sql.SQL(
    "begin isolation level read committed read only;"
    " set local search_path = ''; set local lock_timeout = '2s';"
    " set local statement_timeout = '12s'; set local max_parallel_workers_per_gather = 0;"
    " set local jit = off"
)
_CLOSE = sql.SQL(
    "select extract(epoch from pg_catalog.clock_timestamp() - pg_catalog.statement_timestamp());"
    " rollback"
)
_PREPARED = sql.SQL(
    "select transaction::text, (extract(epoch from prepared) * 1000000)::bigint"
    " from pg_catalog.pg_prepared_xacts where database = pg_catalog.current_database()"
)
# A server without an encoding of its own refuses to send a UTF-8 client what is not UTF-8.
_ANY_BYTES = sql.SQL(
    "select pg_catalog.set_config('client_encoding', case"
    " pg_catalog.current_setting('server_encoding') when 'SQL_ASCII' then 'LATIN1'"
    " else 'UTF8' end, true)"
)
_OWN_FLOOR = sql.SQL(
    "(select pg_catalog.pg_snapshot_xmin(pg_catalog.pg_current_snapshot())::text::bigint)"
)


@dataclass(frozen=True, slots=True)
class Row:
    """A row as far as the tail needs it to tell whether it is new.

    Attributes:
        time: Microseconds since 1970; None for undated rows.
        transaction: The one that wrote it last.
    """

    id: str
    time: int | None
    transaction: int


@dataclass(frozen=True, slots=True)
class Snapshot:
    """A moment, in numbers of transactions.

    Attributes:
        text: As the server writes it.
        xmin: Every transaction below has ended.
        xmax: No transaction from here on had begun.
    """

    text: str
    xmin: int
    xmax: int


@dataclass(frozen=True, slots=True)
class Answer:
    """What a poll learns.

    Attributes:
        bound: Read before the rows.
        snapshot: Of the rows with a time; those without are read a moment later.
        rows: Those with a time in its order, then those without.
        last: The last of those with a time, if there are more of them.
        cost: Seconds the server spent.
    """

    bound: Bound
    snapshot: Snapshot
    rows: list[Row]
    last: Row | None
    cost: float


@dataclass(frozen=True, slots=True)
class Identity:
    """Which server answers; None where it does not say.

    Attributes:
        system: Given to a database cluster when it is made, kept by its replicas.
        timeline: Counts up with every promotion.
    """

    system: str | None = None
    timeline: str | None = None


async def read_identity(session: Session) -> Identity:
    """Reads which server answers; one that keeps it to itself is known by nothing."""
    try:
        (table,) = await session.batch(query_text("console.logs", "identity"))
    except DatabaseFailed:
        return Identity()
    return Identity(*table.rows[0])


async def read_bound_now(session: Session) -> Bound:
    """Reads what is open now."""
    open_now, prepared, _ = await _ask(session, _bound(), _PREPARED)
    return read_bound(open_now.rows[0], prepared.rows)


async def has_few_undated(session: Session, source: Source) -> bool:
    """Tells whether rows without a time are few enough to be looked through at every poll."""
    if not source.indexed:
        return False
    column = source.column(source.time)
    count = sql.SQL(
        "select count(*) from (select from {} a where {} is null or {} > {} limit {}) undated"
    ).format(
        *(source.table, column, column),
        *(sql.Literal(LATEST), sql.Literal(_FOLLOWED_UNDATED + 1)),
    )
    found, _ = await _ask(session, count)
    return int(found.rows[0][0] or 0) <= _FOLLOWED_UNDATED


async def read_present(
    session: Session, source: Source, lower: datetime, window: timedelta, *, undated: bool
) -> tuple[Snapshot, list[Row], int | None]:
    """Reads what must be known so that everything else is new.

    Args:
        session: Connected.
        source: A log without a problem.
        lower: From `read_bound_now`, asked before.
        window: How far back it is good to know rows, beside those that must be.
        undated: Whether rows without a time matter.

    Returns:
        A snapshot; rows it holds, with all those above both bounds; and since when (in
        microseconds since 1970) these are all there are, None for only those that must be.
    """
    column = source.column(source.time)
    newest = sql.SQL("a.{} desc").format(sql.Identifier(source.time))
    must = sql.SQL("({} >= {} or {})").format(
        *(column, sql.Literal(lower)),
        sql.SQL("{} is null").format(column) if undated else sql.SQL("false"),
    )
    statements = [_candidates(source, must, _OWN_FLOOR)]
    if source.indexed:
        since = lower - window
        may = sql.SQL("{} >= {} and {}").format(column, sql.Literal(since), source.dated)
        statements.append(_candidates(source, may, sql.Literal(0), order=newest, limit=_SEED))
    present, *others, _ = await _ask(session, *statements)
    snapshot = _snapshot(present)
    rows = _rows(present)
    if not others:
        return snapshot, rows, None
    # Read a moment later: only what had ended before the snapshot was visible to it.
    seed = _rows(others[0])
    rows += [row for row in seed if row.transaction < snapshot.xmin]
    oldest = seed[-1].time if len(seed) == _SEED else None
    return snapshot, rows, microseconds(since) if oldest is None else oldest + 1


async def read_candidates(
    session: Session,
    source: Source,
    *,
    lower: datetime,
    floor: int,
    after: Row | None,
    unless: str,
    limit: int,
    undated: bool,
) -> Answer:
    """Reads which rows may be new.

    Args:
        session: Connected.
        source: A log without a problem.
        lower: Only rows from this time on,
        floor: written by this transaction or later ones,
        after: and in order of time beyond this row.
        unless: A snapshot; if it is still the same, no rows are read.
        limit: How many rows with a time at most.
        undated: Whether rows without a time are looked through, too.
    """
    column = source.column(source.time)
    dated = sql.SQL("{} >= {} and {} <= {}").format(
        *(column, sql.Literal(lower), column, sql.Literal(LATEST))
    )
    if after is not None and after.time is not None:
        beyond = sql.SQL(" and ({}, {}) > ({}, {})").format(
            *(column, source.id_order),
            *(sql.Literal(moment(str(after.time))), sql.Literal(after.id)),
        )
        dated += beyond
    order = sql.SQL("a.{}, {}").format(sql.Identifier(source.time), source.id_order)
    lowest = sql.Literal(floor)
    statements = [_candidates(source, dated, lowest, order=order, limit=limit, unless=unless)]
    if undated:
        others = sql.SQL("({} is null or {} > {})").format(column, column, sql.Literal(LATEST))
        statements.append(_candidates(source, others, lowest, unless=unless))
    open_now, prepared, found, *more, cost = await _ask(session, _bound(), _PREPARED, *statements)
    rows = _rows(found)
    return Answer(
        read_bound(open_now.rows[0], prepared.rows),
        _snapshot(found),
        rows + [row for table in more for row in _rows(table)],
        rows[-1] if len(rows) == limit else None,
        float(cost.rows[0][0] or 0),
    )


async def read_entries(session: Session, source: Source, ids: Sequence[str]) -> list[LogEntry]:
    """Reads rows by their ids; those deleted meanwhile are left out."""
    entries: list[LogEntry] = []
    for start in range(0, len(ids), _READ_AT_ONCE):
        some = list(ids[start : start + _READ_AT_ONCE])
        statement = sql.SQL("{} where {} = any({}::text[]::{}[])").format(
            source.formatted("entry"),
            source.column(source.id),
            sql.Literal(some),
            sql.SQL(source.id_type),
        )
        _, found, _ = await _ask(session, _ANY_BYTES, statement)
        entries += (source.entry(row) for row in found.rows)
    return entries


async def _ask(session: Session, *statements: sql.Composable) -> list[TextTable]:
    return await session.batch(sql.SQL("; ").join([_OPEN, *statements, _CLOSE]))


def _bound() -> sql.Composable:
    return sql.SQL(query_text("console.logs", "bound"))


def _candidates(
    source: Source,
    condition: sql.Composable,
    floor: sql.Composable,
    *,
    order: sql.Composable | None = None,
    limit: int | None = None,
    unless: str = "",
) -> sql.Composable:
    return source.formatted(
        "candidates",
        condition=condition,
        floor=floor,
        order=order or source.id_order,
        limit=sql.Literal(limit),
        unless=sql.Literal(unless),
    )


def _snapshot(table: TextTable) -> Snapshot:
    text = table.rows[0][0] or ""
    xmin, xmax, _ = text.split(":")
    return Snapshot(text, int(xmin), int(xmax))


def _rows(table: TextTable) -> list[Row]:
    return [
        Row(id_, None if time is None else int(time), int(transaction or 0))
        for _, id_, time, transaction in table.rows
        if id_ is not None
    ]
