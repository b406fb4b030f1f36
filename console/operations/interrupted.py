"""Runs of retention that nobody saw the end of: what the database says became of them."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from psycopg import sql

from console.journal import Journal
from console.operations.asking import Unanswered, ask_one, query
from console.operations.outcome import TELEMETRY
from console.operations.retention import CLEANUP, count_telemetry
from console.operations.rights import read_offers
from console.operations.rules import RULES
from console.operations.run import ACTION

if TYPE_CHECKING:
    from console.connection.session import Session
    from console.journal import Entry

_SECONDS = 30.0


@dataclass(frozen=True, slots=True)
class Leftover:
    """What is left of what a run was to delete.

    Attributes:
        name: The table, or `telemetry by user`.
        announced: Rows that were to go.
        left: Those rows that are still there, by the moment the run referred to; None where
            this role can't tell. Of telemetry: all that would go now.
        gone: Those that are not there any more; None where the announcement was an estimate.
        noted: Rows the run itself put on record as deleted.
    """

    name: str
    announced: int | None
    left: int | None
    gone: int | None
    noted: int


@dataclass(frozen=True, slots=True)
class Interruption:
    """A run without a result in the journal, looked up.

    Attributes:
        operation: Its id.
        time: When it began, by the machine's clock.
        ended: What `audit_logs` says of its end, such as `retention.run`; None where nothing.
        deleted: What is said there to be deleted, by target.
        leftovers: What is left, by target.
    """

    operation: str
    time: str
    ended: str | None
    deleted: Mapping[str, int]
    leftovers: tuple[Leftover, ...]

    @property
    def sentence(self) -> str:
        """What became of it, in words."""
        if self.ended is not None:
            rows = sum(self.deleted.values())
            state = "came to its end" if self.ended == "retention.run" else "ended early"
            return f"the run of {self.time} {state}: {rows:,} rows are deleted"
        parts = ", ".join(map(_words, self.leftovers))
        return f"the run of {self.time} was interrupted: {parts}"


def _words(one: Leftover) -> str:
    if one.gone is not None:
        return f"{one.gone:,} of {one.announced:,} announced rows of {one.name} are gone"
    left = "an unknown number" if one.left is None else f"{one.left:,}"
    return f"at least {one.noted:,} rows of {one.name} are gone, {left} left"


def find_interrupted(session: Session, journal: Journal | None = None) -> list[Entry]:
    """Finds the runs on this very database whose process is gone before their end."""
    left = (journal or Journal()).find_left(session.server)
    return [entry for entry in left if entry.action == ACTION]


async def look_up(session: Session, entry: Entry, journal: Journal | None = None) -> Interruption:
    """Finds out what became of a run; changes nothing.

    Raises:
        ConsoleError: The connection is gone.
    """
    noted = await asyncio.to_thread(_noted, journal or Journal(), entry.operation)
    right = (await read_offers(session, (CLEANUP,))).rights[CLEANUP]
    role = right.role if right.allowed else None
    ended, deleted = await _end(session, entry, role)
    leftovers = []
    for name, facts in entry.facts.get("tables", {}).items():
        left = await _left(session, name, facts, role)
        announced = facts["announced"]
        gone = None
        if facts["exact"] and announced is not None and left is not None:
            gone = max(0, announced - left)
        leftovers.append(Leftover(name, announced, left, gone, noted.get(name, 0)))
    return Interruption(entry.operation, entry.time, ended, deleted, tuple(leftovers))


def acknowledge(interruption: Interruption, journal: Journal | None = None) -> None:
    """Puts on record what was found out, so that it is not shown again."""
    (journal or Journal()).conclude(
        interruption.operation,
        "looked up",
        ended=interruption.ended or "interrupted",
        gone={
            one.name: interruption.deleted.get(one.name, one.gone) for one in interruption.leftovers
        },
        left={one.name: one.left for one in interruption.leftovers},
    )


def _noted(journal: Journal, operation: str) -> dict[str, int]:
    found: dict[str, int] = {}
    for entry in journal.entries():
        if entry.operation == operation and entry.event == "note":
            found = dict(entry.facts.get("deleted", {}))
    return found


async def _end(
    session: Session, entry: Entry, role: str | None
) -> tuple[str | None, Mapping[str, int]]:
    statement = query(
        "audited", operation=sql.Literal(entry.operation), begun=sql.Literal(entry.time)
    )
    answer = await ask_one(session, statement, seconds=_SECONDS, role=role)
    if isinstance(answer, Unanswered) or not answer:
        return None, {}
    return answer[0]["action"], answer[0]["deleted"] or {}


async def _left(
    session: Session, name: str, facts: Mapping[str, Any], role: str | None
) -> int | None:
    if name == TELEMETRY:
        counted = await count_telemetry(session)
        return None if counted.reason else counted.expired_rows
    rule = RULES.get(name)
    if rule is None:
        return None
    statement = sql.SQL(
        "select case when not row_security_active({}::regclass) then count(*) end as rows"
        " from {} where {}"
    ).format(
        sql.Literal(rule.relation.as_string(None)), rule.relation, rule.expired(facts["cut_off"])
    )
    answer = await ask_one(session, statement, seconds=_SECONDS, role=role)
    return None if isinstance(answer, Unanswered) else answer[0]["rows"]
