"""Up to which moment a log is known whole.

A row bears the start of its transaction and becomes visible at its end. So what lies before the
start of the oldest open transaction is final; what lies after it may still get company.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from console.logs.source import moment

SLACK = timedelta(seconds=5)
"""For the moment between a transaction's start and its showing up in pg_stat_activity."""

WINDOW = timedelta(minutes=15)
"""How long a transaction may last that can't be seen: another role's, or one on a primary."""

_NOTHING_REPLAYED = timedelta(days=1)


@dataclass(frozen=True, slots=True)
class Bound:
    """What the server says about its open transactions, at one moment.

    Attributes:
        now: The server's clock.
        standby: Whether it replays another server's log.
        replayed: On a standby, when the last replayed transaction was committed.
        oldest: Start of the oldest open transaction of this database that we may see.
        oldest_pid: The backend that holds it open.
        hidden: How many sessions of this database do not show us their transactions.
        prepared: Since when transactions wait for COMMIT PREPARED, by their number.
    """

    now: datetime
    standby: bool
    replayed: datetime | None
    oldest: datetime | None
    oldest_pid: int | None
    hidden: int
    prepared: Mapping[str, datetime] = field(default_factory=dict)


def read_bound(row: Sequence[str | None], prepared: Sequence[Sequence[str | None]]) -> Bound:
    """Reads the results of `bound.sql` and of the prepared transactions."""
    now, standby, replayed, oldest, pid, hidden = row
    time = moment(now)
    assert time is not None
    return Bound(
        time,
        standby == "t",
        moment(replayed),
        moment(oldest),
        None if pid is None else int(pid),
        int(hidden or 0),
        {
            number: since
            for number, text in prepared
            if number is not None and (since := moment(text)) is not None
        },
    )


@dataclass(frozen=True, slots=True)
class Completeness:
    """How far the tail of a log can be relied upon.

    Attributes:
        complete_to: Every row before this time has been delivered.
        window: None if that is certain; else it holds for transactions no longer than this.
        oldest: Start of the oldest open transaction, if that is what holds `complete_to` back.
        oldest_pid: The backend that holds it open; None for a prepared transaction.
    """

    complete_to: datetime
    window: timedelta | None
    oldest: datetime | None
    oldest_pid: int | None


def complete(bound: Bound, floors: Mapping[str, datetime], window: timedelta) -> Completeness:
    """Judges how far the rows that are visible now are all there will ever be.

    Args:
        bound: Read before the rows were.
        floors: The earliest start of each prepared transaction.
        window: For transactions that can't be seen.
    """
    if bound.standby:
        replayed = bound.replayed or bound.now - _NOTHING_REPLAYED
        return Completeness(min(bound.now, replayed), window, None, None)
    held = min(floors.values(), default=bound.now)
    oldest = bound.oldest or bound.now
    to = min(bound.now, oldest, held)
    return Completeness(
        to,
        window if bound.hidden else None,
        None if to == bound.now else to,
        bound.oldest_pid if to == bound.oldest else None,
    )


def lower_bound(completeness: Completeness) -> datetime:
    """Returns the time from which on rows may show up that are not visible yet."""
    return completeness.complete_to - (completeness.window or SLACK)
