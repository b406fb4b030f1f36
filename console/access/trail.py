"""What the audit tables of this schema tell about a row, or about one that is gone."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass

from psycopg import sql

from console.access.labels import are_tables, shorten, tried
from console.access.rules import raw
from console.connection.session import TextTable, Transaction, query_text

_PATIENCE = 0.5
"""Seconds a look into the logs may take: it is a hint, not the answer."""


@dataclass(frozen=True, slots=True)
class Entry:
    """One line of a log.

    Attributes:
        source: The log's table.
        time: When, in UTC, to the minute.
        actor: Who; an e-mail where one is known, or empty.
        action: What, in the log's own word.
        reason: Why, where somebody said.
    """

    source: str
    time: str
    actor: str
    action: str
    reason: str

    def __str__(self) -> str:
        who = f"{self.actor}: " if self.actor else ""
        why = f" ({shorten(self.reason)})" if self.reason else ""
        return f"{self.source}: {who}{self.action} on {self.time} UTC{why}"


async def of_row(transaction: Transaction, table: str, row_id: str) -> tuple[Entry, ...]:
    """Returns what was logged last about a row, the newest first; nothing where no log is."""
    condition = sql.SQL('entry.resource = {} and entry."resourceId" = {}').format(
        sql.Literal(table), sql.Literal(row_id)
    )
    return await _read(transaction, "audit", condition)


async def of_missing(
    transaction: Transaction, table: str, columns: Mapping[str, str]
) -> tuple[Entry, ...]:
    """Returns what was logged last about a row that would have these values."""
    about = sql.SQL("entry.resource = {} and entry.metadata @> {}::jsonb").format(
        sql.Literal(table), sql.Literal(json.dumps(columns, ensure_ascii=False))
    )
    found = await _read(transaction, "audit", about)
    if not found and set(columns) == {"userId"}:
        own = sql.SQL('entry.resource = {} and entry."userId" = {}').format(
            sql.Literal(table), sql.Literal(columns["userId"])
        )
        found = await _read(transaction, "transparency", own)
    return found


async def _read(transaction: Transaction, log: str, condition: sql.Composable) -> tuple[Entry, ...]:
    if not await are_tables(transaction, "audit_logs", "privacy_transparency_log", "users"):
        return ()
    query = raw(query_text("console.access", f"trail_{log}")) + condition
    query += sql.SQL(' order by entry."timestamp" desc limit 3')
    found = await tried(transaction, query, seconds=_PATIENCE)
    if not isinstance(found, TextTable):
        return ()
    return tuple(Entry(*(text or "" for text in row)) for row in found.rows)
