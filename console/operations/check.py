"""What a figure means: ok, a warning or a failure, by a limit that is shown and can be set."""

from __future__ import annotations

import math
from dataclasses import dataclass, fields, replace
from enum import StrEnum

from console.errors import UsageError

_MINUTE, _HOUR, _DAY = 60.0, 3600.0, 86400.0
_MIB, _GIB = 2.0**20, 2.0**30


class Status(StrEnum):
    """What a check says; `unavailable` says nothing, and why."""

    OK = "ok"
    WARN = "warn"
    FAIL = "fail"
    UNAVAILABLE = "unavailable"


class Unit(StrEnum):
    """What a value is counted in."""

    COUNT = "count"
    RATIO = "ratio"
    SECONDS = "seconds"
    BYTES = "bytes"


@dataclass(frozen=True, slots=True)
class Limit:
    """From where on a value is a warning, and from where it is a failure.

    Attributes:
        warn: The first value that is; None for none.
        fail: Likewise.
        unit: Of both, and of the value.
        below: Low values are the bad ones.
    """

    warn: float | None
    fail: float | None
    unit: Unit = Unit.COUNT
    below: bool = False

    def judge(self, value: float) -> Status:
        """Tells what a value means."""
        if self._reaches(value, self.fail):
            return Status.FAIL
        return Status.WARN if self._reaches(value, self.warn) else Status.OK

    def _reaches(self, value: float, limit: float | None) -> bool:
        return limit is not None and (value <= limit if self.below else value >= limit)

    def __str__(self) -> str:
        word = "down to" if self.below else "from"
        named = [
            f"{name} {word} {written(limit, self.unit)}"
            for name, limit in (("warn", self.warn), ("fail", self.fail))
            if limit is not None
        ]
        return ", ".join(named) or "no limit"


@dataclass(frozen=True, slots=True)
class Check:
    """One figure, judged.

    Attributes:
        name: Stable, for scripts; where there is a limit, the name of the limit.
        status: What it means.
        value: The figure itself; None where there is none.
        unit: What it is counted in.
        detail: What stands behind it, in words; why, where it is unavailable. May hold text
            of the database.
        threshold: The limit in words.
    """

    name: str
    status: Status
    value: float | None
    unit: Unit
    detail: str
    threshold: str

    @property
    def amount(self) -> str:
        """The value as a person reads it."""
        return "" if self.value is None else written(self.value, self.unit)


@dataclass(frozen=True, slots=True)
class Thresholds:
    """The limits of all figures; `replace()` or `with_limit()` gives others.

    Attributes:
        connections: Of the connections the server, the database or the role may have.
        idle_in_transaction: Since a session last did something in its open transaction.
        longest_transaction: Since it began.
        longest_query: Since it began, of those that run.
        blocking: How long the session waits that waits longest for another's lock.
        cache_hit: Of the blocks asked for, those already in memory.
        dead_rows: Of a table's rows, those that vacuum has not removed yet.
        transaction_ids: Of the numbers there are before the server stops writing.
        archiving: Failures since the last file of the log that was archived.
        wal: Log on disk as a share of max_wal_size.
        replication: Log that the slowest replica has not replayed.
        replication_delay: How far the slowest replica is behind.
        slots: Log kept for a replication slot.
        database_size: Of the current database.
        invalid_indexes: That nobody is building.
        unused_indexes: Size of those no query has used, unique ones left out.
        sequences: Of the numbers a sequence or its column holds, those used up.
        statements: Average time of the slowest statement that is run often.
        scheduled_jobs: Whose last run failed.
    """

    connections: Limit = Limit(0.8, 0.95, Unit.RATIO)
    idle_in_transaction: Limit = Limit(_MINUTE, 10 * _MINUTE, Unit.SECONDS)
    longest_transaction: Limit = Limit(5 * _MINUTE, _HOUR, Unit.SECONDS)
    longest_query: Limit = Limit(_MINUTE, 10 * _MINUTE, Unit.SECONDS)
    blocking: Limit = Limit(2, 30, Unit.SECONDS)
    cache_hit: Limit = Limit(0.9, 0.5, Unit.RATIO, below=True)
    dead_rows: Limit = Limit(0.2, 0.5, Unit.RATIO)
    transaction_ids: Limit = Limit(0.25, 0.7, Unit.RATIO)
    archiving: Limit = Limit(1, 10)
    wal: Limit = Limit(2, 5, Unit.RATIO)
    replication: Limit = Limit(64 * _MIB, _GIB, Unit.BYTES)
    replication_delay: Limit = Limit(10, _MINUTE, Unit.SECONDS)
    slots: Limit = Limit(_GIB, 10 * _GIB, Unit.BYTES)
    database_size: Limit = Limit(None, None, Unit.BYTES)
    invalid_indexes: Limit = Limit(None, 1)
    unused_indexes: Limit = Limit(100 * _MIB, None, Unit.BYTES)
    sequences: Limit = Limit(0.75, 0.9, Unit.RATIO)
    statements: Limit = Limit(1, 10, Unit.SECONDS)
    scheduled_jobs: Limit = Limit(1, 3)

    def __contains__(self, name: str) -> bool:
        """Tells whether there is a limit of that name."""
        return any(field.name == name for field in fields(self))

    def limit(self, name: str) -> Limit:
        """Returns the limit of a figure.

        Raises:
            UsageError: There is no such figure, or it has no limit.
        """
        if name not in self:
            names = [field.name for field in fields(self)]
            raise UsageError(f"there is no limit {name!r}", hint=f"known: {', '.join(names)}")
        found: Limit = getattr(self, name)
        return found

    def with_limit(self, name: str, text: str) -> Thresholds:
        """Sets a limit from text: `0.7,0.9` is where it warns and fails; `-` is nowhere.

        Raises:
            UsageError: The name or the numbers are wrong.
        """
        limit = self.limit(name)
        parts = [part.strip() for part in text.split(",")]
        try:
            warn, fail = [None if part in ("", "-") else float(part) for part in parts]
            if any(edge is not None and not math.isfinite(edge) for edge in (warn, fail)):
                raise ValueError
        except ValueError:
            raise UsageError(
                f"{text!r} does not say where {name} warns and fails",
                hint=f"write WARN,FAIL in {limit.unit}, or - for none",
            ) from None
        return replace(self, **{name: replace(limit, warn=warn, fail=fail)})


def judged(name: str, limit: Limit, value: float, detail: str) -> Check:
    """Makes a check of a value."""
    return Check(name, limit.judge(value), value, limit.unit, detail, str(limit))


def unavailable(name: str, why: str, limit: Limit | None = None) -> Check:
    """Makes a check of a figure that is not to be had."""
    unit = limit.unit if limit else Unit.COUNT
    return Check(name, Status.UNAVAILABLE, None, unit, why, str(limit) if limit else "")


def written(value: float, unit: Unit) -> str:
    """Writes a value as a person reads it."""
    match unit:
        case Unit.RATIO:
            return f"{_short(value * 100)} %"
        case Unit.SECONDS:
            return duration(value)
        case Unit.BYTES:
            return size(value)
        case Unit.COUNT:
            return f"{value:,.0f}"


def counted(number: float, noun: str) -> str:
    """Writes a number of things, such as `1 slot` or `2,000 rows`; the plural takes an s."""
    return f"{number:,.0f} {noun}" if number == 1 else f"{number:,.0f} {noun}s"


def duration(seconds: float) -> str:
    """Writes a time span in the unit that fits, such as `350 ms`, `12 s`, `4 min`, `3.5 d`."""
    for length, unit in ((_DAY, "d"), (_HOUR, "h"), (_MINUTE, "min")):
        if seconds >= 2 * length:
            amount = seconds / length
            return f"{amount:.0f} {unit}" if amount >= 10 else f"{amount:.2g} {unit}"
    if seconds >= 10:
        return f"{seconds:.0f} s"
    return f"{seconds:.2g} s" if seconds >= 1 else f"{max(seconds, 0) * 1000:.0f} ms"


def size(count: float) -> str:
    """Writes a number of bytes in the unit that fits; 1 kB is 1,024 bytes, as the server does."""
    for unit in ("B", "kB", "MB", "GB"):
        if abs(count) < 1024:
            return f"{count:.0f} {unit}" if unit == "B" else f"{_short(count)} {unit}"
        count /= 1024
    return f"{_short(count)} TB"


def _short(amount: float) -> str:
    return f"{amount:,.1f}".removesuffix(".0") if amount < 100 else f"{amount:,.0f}"
