"""Whether the transparency log can be believed.

What a user sees of it is read by `history`, in a transaction of the user's persona.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import TYPE_CHECKING

from psycopg import sql

from console.connection.session import query_text
from console.logs.filter import LogFilter
from console.logs.source import LogEntry, Source, moment

if TYPE_CHECKING:
    from console.connection.session import Transaction

TRANSPARENCY = "privacy_transparency_log"

_EXAMPLES = 20


class Status(StrEnum):
    """What a check has found; a later one outweighs an earlier one."""

    OK = "ok"
    UNAVAILABLE = "unavailable"
    WARN = "warn"
    FAIL = "fail"


_VERDICTS = {
    Status.OK: "intact",
    Status.UNAVAILABLE: "unproven",
    Status.WARN: "doubtful",
    Status.FAIL: "broken",
}


@dataclass(frozen=True, slots=True)
class Finding:
    """The outcome of one check.

    Attributes:
        check: `guards`, `changed`, `order`, `chain`, `settings` or `silence`.
        sentence: What was found, in words.
        examples: Some of what it was found in; ids, times and names as the database has them.
    """

    check: str
    status: Status
    sentence: str
    examples: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Integrity:
    """Whether the log can be believed.

    Attributes:
        verdict: `intact`, `unproven` (not everything could be looked at), `doubtful` (there is
            something that tampering would explain, among other causes) or `broken`.
    """

    verdict: str
    findings: tuple[Finding, ...]


async def check_integrity(
    tx: Transaction,
    source: Source,
    *,
    since: datetime | None = None,
    changed: Sequence[LogEntry] = (),
) -> Integrity:
    """Checks that the transparency log is guarded, unchanged, in order and without breaks.

    Reads the log whole, from `since` on. Leaves the transaction's time zone at UTC.

    Args:
        tx: A transaction with the search path ''.
        source: The transparency log, as found.
        since: From when on entries are looked at.
        changed: Entries that the tail saw written again.
    """
    findings = [await _check_guards(tx), _check_changed(changed)]
    if source.problem or source.filtered:
        why = source.problem or "row-level security hides entries from this role"
        hint = "log in as a role with BYPASSRLS"
        findings += [
            Finding(check, Status.UNAVAILABLE, f"not checked: {why}; {hint}")
            for check in ("order", "chain", "settings", "silence")
        ]
    else:
        conditions = [source.dated, *(LogFilter(since=since).conditions(source) or ())]
        where = sql.SQL(" and ").join(conditions)
        hashes, settings = (await tx.texts(query_text("console.logs", "shape"))).rows[0]
        findings += [
            await _check_order(tx, source, where),
            await _check_chain(tx, source, where)
            if hashes == "t"
            else Finding("chain", Status.UNAVAILABLE, "not checked: the log holds no hashes"),
            await _check_settings(tx, source)
            if (hashes, settings) == ("t", "t")
            else Finding("settings", Status.UNAVAILABLE, "not checked: not all can be read"),
            await _check_silence(tx, source, where),
        ]
    order = list(Status)
    worst = max((finding.status for finding in findings), key=order.index)
    return Integrity(_VERDICTS[worst], tuple(findings))


async def _check_guards(tx: Transaction) -> Finding:
    table = await tx.texts(query_text("console.logs", "guards"))
    wrong = tuple(f"{name} {problem}" for name, problem in table.rows if problem)
    if wrong:
        return Finding(
            "guards", Status.FAIL, f"{len(wrong)} of what guards the log is not as declared", wrong
        )
    return Finding("guards", Status.OK, "what guards the log is as declared")


def _check_changed(changed: Sequence[LogEntry]) -> Finding:
    ids = tuple(entry.id for entry in changed if entry.source == TRANSPARENCY)
    if ids:
        return Finding(
            "changed", Status.FAIL, f"{len(ids)} entries were changed while we watched", ids
        )
    return Finding("changed", Status.OK, "no entry was seen to change")


async def _check_order(tx: Transaction, source: Source, where: sql.Composable) -> Finding:
    table = await tx.texts(_formatted(source, "written_late", where))
    if not table.rows:
        return Finding("order", Status.OK, "entries were written in the order of their times")
    return Finding(
        "order",
        Status.WARN,
        f"{table.rows[0][2]} entries were written later than younger ones: changed, dated back,"
        " or by a transaction of more than 15 minutes",
        tuple(f"{id_} of {moment(at)}" for id_, at, _ in table.rows),
    )


async def _check_chain(tx: Transaction, source: Source, where: sql.Composable) -> Finding:
    table = await tx.texts(_formatted(source, "chain", where))
    if not table.rows:
        return Finding("chain", Status.OK, "every old value is what the entry before left")
    return Finding(
        "chain",
        Status.WARN,
        f"{table.rows[0][3]} entries do not follow from the one before: one is missing or"
        " altered, or between them the table got a column or the writers another time zone",
        tuple(f"{id_} of {resource}, {moment(at)}" for id_, resource, at, _ in table.rows),
    )


async def _check_settings(tx: Transaction, source: Source) -> Finding:
    await tx.execute("set local timezone = 'UTC'")
    table = await tx.texts(_formatted(source, "settings", sql.SQL("true")))
    if not table.rows:
        return Finding("settings", Status.OK, "all settings are what the log says they are")
    return Finding(
        "settings",
        Status.WARN,
        f"{table.rows[0][2]} settings are not what the log says: changed past it, older than it,"
        " or their table has got a column or their writers another time zone",
        tuple(f"{name} {problem}" for name, problem, _ in table.rows),
    )


async def _check_silence(tx: Transaction, source: Source, where: sql.Composable) -> Finding:
    table = await tx.texts(_formatted(source, "silences", where))
    if not table.rows:
        return Finding("silence", Status.OK, "there are no unusually long silences")
    return Finding(
        "silence",
        Status.WARN,
        f"{table.rows[0][2]} times nothing was written for unusually long",
        tuple(f"{moment(begins)} to {moment(ends)}" for begins, ends, _ in table.rows),
    )


def _formatted(source: Source, query: str, where: sql.Composable) -> sql.Composed:
    return source.formatted(query, conditions=where, limit=sql.Literal(_EXAMPLES))
