"""The daily figures: as a series for plots, and computed anew for a range of days."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass
from datetime import date, timedelta
from typing import TYPE_CHECKING

from psycopg import sql

from console.errors import ConsoleError, NotFound, UsageError
from console.operations.asking import Unanswered, ask, ask_one, query
from console.operations.pace import Control, Pace, Progress
from console.operations.rights import read_offers
from console.operations.writing import recorded, refuse_without_writes, write

if TYPE_CHECKING:
    from console.connection.session import Session
    from console.operations.rights import Right

RECOMPUTE = "public.recompute_metrics_daily(date,date)"
MOST_DAYS = 3_660
_CHUNK = 31
"""Days of one transaction: its rows are locked against other runs for no longer."""
_CHUNK_SECONDS = 600.0


@dataclass(frozen=True, slots=True)
class Day:
    """One UTC day of `metrics_daily`, with what was spent on ads that day.

    Attributes:
        day: The day.
        computed: Whether it has a row; without one every figure but `spend_cents` is None.
        conversion_rate: Orders by sessions.
        spend_cents: Of table spend.
    """

    day: date
    computed: bool
    sessions: int | None
    add_to_carts: int | None
    orders: int | None
    revenue_cents: int | None
    refunds_cents: int | None
    aov_cents: int | None
    cac_cents: int | None
    conversion_rate: float | None
    gross_margin_cents: int | None
    traffic: int | None
    spend_cents: int


@dataclass(frozen=True, slots=True)
class RecomputePlan:
    """What computing a range of days anew would do.

    Attributes:
        first: The first day.
        last: The last day.
        existing: Days that have a row, which is replaced.
        events: Events of these days; None where counting took too long.
        spend_rows: Rows of spend of these days; None likewise.
        right: To do it.
    """

    first: date
    last: date
    existing: int
    events: int | None
    spend_rows: int | None
    right: Right

    @property
    def days(self) -> int:
        """How many rows are written: one a day, also for days without events."""
        return (self.last - self.first).days + 1


@dataclass(frozen=True, slots=True)
class RecomputeResult:
    """What became of it.

    Attributes:
        operation: Its id in the journal.
        outcome: `done`, `cancelled` or `failed`; the days before are done in any case.
        days: How many days were computed.
        elapsed: Seconds.
        failure: What it ended with, if it failed.
        audit: Why it is not in `audit_logs`; empty where it is, None where nobody asked.
    """

    operation: str
    outcome: str
    days: int
    elapsed: float
    failure: ConsoleError | None
    audit: str | None = None


async def today(session: Session) -> date:
    """Returns the day it is for the server, in UTC.

    Raises:
        ConsoleError: The connection is gone.
    """
    ((now,),) = await ask(session, sql.SQL("select current_date::text as day"))
    return date.fromisoformat(now["day"])


async def read_metrics(session: Session, first: date, last: date) -> tuple[Day, ...]:
    """Reads the figures of every day from `first` to `last`, in order.

    Raises:
        UsageError: The range is empty, or longer than ten years.
        NotFound: The database has no such tables.
        ConsoleError: This login may not see them, or the connection is gone.
    """
    _check_range(first, last)
    statement = query("metrics", first=sql.Literal(first), last=sql.Literal(last))
    role = (await read_offers(session, (RECOMPUTE,))).rights[RECOMPUTE].role
    try:
        (found,) = await ask(session, statement, seconds=15.0, role=role)
    except ConsoleError as refusal:
        if refusal.sqlstate == "42P01":
            raise NotFound(
                "this database has no daily figures", hint="rowsight migrate apply makes the tables"
            ) from refusal
        raise
    return tuple(Day(**{**row, "day": date.fromisoformat(row["day"])}) for row in found)


async def plan_recompute(session: Session, first: date, last: date) -> RecomputePlan:
    """Counts what computing a range anew would read and replace; changes nothing.

    Raises:
        UsageError: The range is empty, or longer than ten years.
        ConsoleError: The server refused, or the connection is gone.
    """
    _check_range(first, last)
    right = (await read_offers(session, (RECOMPUTE,))).rights[RECOMPUTE]
    within = {"first": sql.Literal(first), "last": sql.Literal(last)}
    (existing,) = await ask(
        session,
        sql.SQL(
            "select count(*) as rows from public.metrics_daily where day between {first} and {last}"
        ).format(**within),
        role=right.role,
    )
    counted = []
    for statement in (
        "select count(*) as rows from public.analytics_events"
        " where occurred_at >= {first}::date::timestamp at time zone 'UTC'"
        " and occurred_at < ({last}::date + 1)::timestamp at time zone 'UTC'",
        "select count(*) as rows from public.spend where date between {first} and {last}",
    ):
        answer = await ask_one(session, sql.SQL(statement).format(**within), role=right.role)
        counted.append(None if isinstance(answer, Unanswered) else answer[0]["rows"])
    return RecomputePlan(first, last, existing[0]["rows"], counted[0], counted[1], right)


async def recompute(
    session: Session,
    planned: RecomputePlan,
    *,
    control: Control | None = None,
    on_progress: Callable[[Progress], None] | None = None,
) -> RecomputeResult:
    """Computes a range of days anew, a month at a time, each in a transaction of its own.

    Days do not depend on one another: to be cancelled or to fail leaves those before computed
    and those after as they were.

    Raises:
        Refused: Write mode is off, or this login may not.
        ConsoleError: The journal can't be written.
    """
    refuse_without_writes(session)
    planned.right.refuse()
    started = time.perf_counter()
    control, pace = control or Control(), Pace(_CHUNK)
    failure: ConsoleError | None = None
    done = 0
    facts = {"first": planned.first, "last": planned.last, "days": planned.days}
    async with recorded(
        session, "recompute metrics", "recompute", "metrics_daily", **facts
    ) as record:
        while done < planned.days and await control.gate():
            began = time.perf_counter()
            first = planned.first + timedelta(days=done)
            last = min(planned.last, first + timedelta(days=_CHUNK - 1))
            call = sql.SQL("select public.recompute_metrics_daily({}, {})").format(
                sql.Literal(first), sql.Literal(last)
            )
            try:
                await write(
                    session,
                    call,
                    role=planned.right.role,
                    seconds=_CHUNK_SECONDS,
                    lock_seconds=30.0,
                )
            except ConsoleError as refusal:
                failure = refusal
                break
            done += (last - first).days + 1
            record.facts["computed"] = done
            pace.took(time.perf_counter() - began, (last - first).days + 1)
            if on_progress is not None:
                elapsed = time.perf_counter() - started
                eta = pace.eta(planned.days - done)
                on_progress(
                    Progress(
                        *("metrics_daily", 1, 1, "working", done, planned.days),
                        *(-(-done // _CHUNK), done, pace.rate, eta, elapsed),
                    )
                )
        record.outcome = _outcome(failure, done == planned.days)
        if failure is not None:
            record.facts["error"] = failure.message
    elapsed = time.perf_counter() - started
    return RecomputeResult(record.operation, record.outcome, done, elapsed, failure, record.audit)


def _outcome(failure: ConsoleError | None, complete: bool) -> str:
    if failure is not None:
        return "unknown" if failure.code == "outcome_unknown" else "failed"
    return "done" if complete else "cancelled"


def _check_range(first: date, last: date) -> None:
    days = (last - first).days + 1
    if not 1 <= days <= MOST_DAYS:
        raise UsageError(
            f"from {first} to {last} are {days:,} days",
            hint=f"give 1 to {MOST_DAYS:,} days, the first one first",
        )
