"""Who ran into row-level security, on which table, how often and since when."""

from __future__ import annotations

import json
from dataclasses import dataclass, replace
from datetime import datetime
from typing import TYPE_CHECKING

from psycopg import sql

from console.logs.filter import LogFilter
from console.logs.source import LogEntry, Source, moment

if TYPE_CHECKING:
    from console.connection.session import Transaction

ACTION = "rls_violation"
"""The action of entries that speak of a stopped attempt."""


@dataclass(frozen=True, slots=True)
class Violation:
    """Attempts of one user on one table.

    Attributes:
        user: The user's id as text, or None if the application did not know it.
        table: As the application named it; may be None.
        count: How many attempts.
        operations: What was attempted, as the application named it, in alphabetical order.
        first: The earliest attempt within the time asked for.
        last: The latest.
    """

    user: str | None
    table: str | None
    count: int
    operations: tuple[str, ...]
    first: datetime
    last: datetime


def attempt_of(entry: LogEntry) -> tuple[str | None, str]:
    """Returns whom an entry speaks of, and what was attempted.

    Where the user was unknown, or is gone, the attempt itself still says who it was; the
    operation is empty where nothing was stopped.
    """
    if entry.action != ACTION:
        return entry.user, ""
    try:
        told = json.loads(entry.detail or "null")
    except (ValueError, RecursionError):
        told = None
    if not isinstance(told, dict):
        return entry.user, ""
    user = entry.user or told.get("attempted_user_id")
    return (user if isinstance(user, str) else None), str(told.get("operation") or "")


async def read_violations(
    tx: Transaction, source: Source, *, where: LogFilter | None = None, limit: int = 1000
) -> tuple[Violation, ...]:
    """Reads the stopped attempts in a log, grouped by user and table; the latest group first.

    Args:
        tx: A transaction with the search path ''.
        source: The log, `audit_logs` by the master schema.
        where: Narrows the entries by time, user, table or text.
        limit: How many groups at most.
    """
    where = replace(where or LogFilter(), action=ACTION)
    conditions = None if source.problem else where.conditions(source)
    if conditions is None:
        return ()
    metadata = source.column(source.detail)
    table = await tx.texts(
        source.formatted(
            "violations",
            metadata=sql.SQL("{}::jsonb").format(metadata),
            conditions=sql.SQL(" and ").join([*conditions, source.dated]),
            limit=sql.Literal(limit),
        )
    )
    found = []
    for user, place, count, operations, first, last in table.rows:
        begin, end = moment(first), moment(last)
        assert begin is not None
        assert end is not None
        names = json.loads(operations) if operations else []
        found.append(Violation(user, place, int(count or 0), tuple(names), begin, end))
    return tuple(found)
