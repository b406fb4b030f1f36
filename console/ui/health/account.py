"""What stands behind each figure, written as a sheet."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import partial
from typing import TYPE_CHECKING, Any

from textual.content import Content

from console.operations.check import Check, Unit, duration, size, written
from console.ui.health import activity
from console.ui.health.sheet import BLANK, Column, SheetLine, TableRow, Write, table, words
from console.ui.health.vitals import MARKS, WORDS, Vitals, course, titled

if TYPE_CHECKING:
    from console.operations.asking import Row

Lines = list[SheetLine]


def account(name: str, vitals: Vitals) -> Write:
    """Returns what writes the sheet of a figure."""
    return partial(_write, name, vitals)


def _write(name: str, vitals: Vitals, width: int) -> Lines:
    check = vitals.checks.get(name)
    if check is None:
        return [SheetLine(Content.styled(f"{titled(name)}: not read yet", "$muted"))]
    lines = [*_head(check), *words(check.detail, width)]
    if check.threshold:
        lines.append(SheetLine(Content.styled(check.threshold, "$muted")))
    lines += _course(check, vitals, width)
    behind = _SESSIONS[name](vitals, width) if name in _SESSIONS else _rows(name, vitals, width)
    if behind:
        lines += [BLANK, *behind]
    return [*lines, BLANK, SheetLine(Content.styled(f"read {vitals.read_at(name)}", "$muted"))]


def _head(check: Check) -> Lines:
    mark, style = MARKS[check.status]
    word = "unavailable" if WORDS[check.status] == "n/a" else WORDS[check.status]
    head = Content.assemble(
        (f"{mark} {word}  ", f"bold {style}"), (titled(check.name), "bold"), f"  {check.amount}"
    )
    return [SheetLine(head)]


def _course(check: Check, vitals: Vitals, width: int) -> Lines:
    series = vitals.monitor.series(check.name)
    values = [value for value in series if value is not None]
    if len(values) < 2 or not any(values):
        return []
    samples = vitals.monitor.samples
    seconds = samples[-1].clock - samples[0].clock
    low, high = (written(edge, check.unit) for edge in (min(values), max(values)))
    return [
        BLANK,
        SheetLine(Content.styled(course(vitals, check.name, max(8, width - 2)), "$primary")),
        SheetLine(Content.styled(f"over {duration(seconds)}: {low} to {high}", "$muted")),
    ]


_SESSIONS: Mapping[str, Callable[[Vitals, int], Lines]] = {
    "connections": activity.connections,
    "longest_query": activity.longest_query,
    "longest_transaction": activity.longest_transaction,
    "idle_in_transaction": activity.idle_in_transaction,
    "blocking": activity.blocking,
}


# Rows: where they come from, and how they are written


@dataclass(frozen=True, slots=True)
class _Listing:
    """A table of rows.

    Attributes:
        rows: What there is.
        heads: Columns.
        cells: Writes a row.
        by: Which number the bars show: `share` as it is, others beside the highest.
        order: What rows are sorted by; None leaves them as the server sorted them.
    """

    rows: Callable[[Vitals], Sequence[Row]]
    heads: Sequence[Column]
    cells: Callable[[Row], Sequence[str]]
    by: str = ""
    order: Callable[[Row], Any] | None = None


def _rows(name: str, vitals: Vitals, width: int) -> Lines:
    listing = _LISTINGS.get(name)
    rows = listing.rows(vitals) if listing else ()
    if listing is None or not rows:
        return []
    if listing.order is not None:
        rows = sorted(rows, key=listing.order)
    by = listing.by
    most = max(row[by] or 0 for row in rows) if by not in ("", "share") else 1
    shown = [
        TableRow(listing.cells(row), (row[by] or 0) / (most or 1) if by else None) for row in rows
    ]
    return table(listing.heads, shown, width)


def _replicas(vitals: Vitals) -> Sequence[Row]:
    return vitals.pulse.replicas if vitals.pulse else ()


def _slots(vitals: Vitals) -> Sequence[Row]:
    return vitals.pulse.slots if vitals.pulse else ()


def _surveyed(name: str, vitals: Vitals) -> Sequence[Row]:
    return vitals.survey.tables.get(name, ()) if vitals.survey else ()


def _indexes(valid: bool, vitals: Vitals) -> Sequence[Row]:
    return [
        row
        for row in _surveyed("indexes", vitals)
        if row["valid"] is valid and not (valid and row["is_unique"])
    ]


def _dead(vitals: Vitals) -> Sequence[Row]:
    return [row for row in _surveyed("vacuum", vitals) if row["dead"]]


def _returned(name: str, vitals: Vitals) -> Sequence[Row]:
    return vitals.functions.rows.get(name, ()) if vitals.functions else ()


def _system(vitals: Vitals) -> Sequence[Row]:
    """The document of the system check as rows."""
    found = _returned("system_healthcheck", vitals)
    document = found[0] if found and isinstance(found[0], Mapping) else {}
    return [{"name": name, "value": value} for name, value in document.items()]


def moment(text: object) -> str:
    """Writes a time of the server to the minute."""
    if not isinstance(text, str):
        return "never"
    try:
        return f"{datetime.fromisoformat(text):%Y-%m-%d %H:%M}"
    except ValueError:
        return text[:16]


def _count(value: Any) -> str:
    return "" if value is None else f"{value:,}"


def _about(value: Any) -> str:
    return "" if value is None else f"~{value:,}"


def _bytes(value: Any) -> str:
    return "" if value is None else size(value)


def _ratio(value: Any) -> str:
    return "" if value is None else written(value, Unit.RATIO)


def _seconds(value: Any) -> str:
    return "" if value is None else duration(value)


def _named(row: Row) -> str:
    """Writes a relation's name; of the usual schema the name has to do."""
    name = str(row["name"])
    return name if row["schema"] == "public" else f"{row['schema']}.{name}"


def _heads(*names: str) -> tuple[Column, ...]:
    """Makes columns; a name with `>` before it is of numbers, one with `*` of long texts."""
    return tuple(
        Column(name.lstrip(">*"), right=name[0] == ">", widest=500 if name[0] == "*" else 40)
        for name in names
    )


def _replica(row: Row) -> Sequence[str]:
    who = (row["application"] or "", row["client"] or "", row["state"] or "hidden")
    return (*who, row["sync_state"] or "", _bytes(row["bytes"]), _seconds(row["seconds"]))


def _index(state: str, row: Row) -> Sequence[str]:
    state = "being built" if row["building"] else state
    return (_named(row), row["table_name"], state, _bytes(row["bytes"]))


def _sequence(row: Row) -> Sequence[str]:
    at = "hidden" if row["hidden"] else _count(row["reached"]) or "not used yet"
    used = "" if row["hidden"] else _ratio(row["share"])
    return (_named(row), row["column_name"] or "", at, _count(row["last_possible"]), used)


def _vacuumed(row: Row) -> Sequence[str]:
    ago = "never" if row["since_vacuum"] is None else f"{duration(row['since_vacuum'])} ago"
    return (_named(row), _count(row["dead"]), _count(row["live"]), _ratio(row["share"]), ago)


def _statement(row: Row) -> Sequence[str]:
    text = " ".join((row["statement"] or "").split())
    return (_seconds(row["mean_seconds"]), _count(row["calls"]), _ratio(row["share"]), text)


def _job(row: Row) -> Sequence[str]:
    state = ("" if row["active"] else "off, ") + (row["status"] or "never run")
    what = row["message"] or row["command"] or ""
    return (row["name"], row["schedule"], moment(row["started"]), state, what)


def _slot(row: Row) -> Sequence[str]:
    active = "yes" if row["active"] else "no"
    return (row["name"], active, row["wal_status"] or "", _bytes(row["bytes"]))


def _finding(row: Row) -> Sequence[str]:
    name, value = str(row["name"]), row["value"]
    shown = moment(value) if name.endswith("_at") else str(value)
    return (name.replace("_", " "), "none" if value is None else shown)


_REPLICA_HEADS = _heads("replica", "client", "state", "sync", ">behind", ">delay")
_INDEX_HEADS = _heads("index", "table", "state", ">size")

_LISTINGS: Mapping[str, _Listing] = {
    "replication": _Listing(_replicas, _REPLICA_HEADS, _replica),
    "replication_delay": _Listing(_replicas, _REPLICA_HEADS, _replica),
    "slots": _Listing(_slots, _heads("slot", "active", "log", ">keeps"), _slot, "bytes"),
    "database_size": _Listing(
        partial(_surveyed, "sizes"),
        _heads("biggest tables", ">rows", ">indexes", ">total"),
        lambda row: (
            *(_named(row), _about(row["rows_estimate"])),
            *(_bytes(row["index_bytes"]), _bytes(row["total_bytes"])),
        ),
        "total_bytes",
    ),
    "dead_rows": _Listing(
        _dead, _heads("table", ">dead", ">live", ">share", ">vacuumed"), _vacuumed, "share"
    ),
    "unused_indexes": _Listing(
        partial(_indexes, True), _INDEX_HEADS, partial(_index, "never used"), "bytes"
    ),
    "invalid_indexes": _Listing(
        partial(_indexes, False), _INDEX_HEADS, partial(_index, "invalid"), "bytes"
    ),
    "sequences": _Listing(
        partial(_surveyed, "sequences"),
        _heads("sequence", "column", ">at", ">of", ">used"),
        _sequence,
        "share",
    ),
    "statements": _Listing(
        partial(_surveyed, "statements"),
        _heads(">mean", ">calls", ">of all", "*statement"),
        _statement,
    ),
    "scheduled_jobs": _Listing(
        partial(_surveyed, "jobs"), _heads("job", "schedule", "last run", "state", "*what"), _job
    ),
    "system_healthcheck": _Listing(_system, _heads("what it says", "*"), _finding),
    "privacy_guardian_health_check": _Listing(
        partial(_returned, "privacy_guardian_health_check"),
        _heads("table", ">rows", "oldest", "newest"),
        lambda row: (
            *(row["table_name"], _count(row["total_rows"])),
            *(moment(row["oldest_timestamp"]), moment(row["newest_timestamp"])),
        ),
        "total_rows",
        lambda row: -(row["total_rows"] or 0),
    ),
    "get_table_sizes": _Listing(
        partial(_returned, "get_table_sizes"),
        _heads("table", ">rows", ">data", ">indexes", ">total"),
        lambda row: (
            *(row["table_name"], _about(row["row_estimate"])),
            *map(_bytes, (row["table_bytes"], row["index_bytes"], row["total_bytes"])),
        ),
        "total_bytes",
        lambda row: -row["total_bytes"],
    ),
    "get_index_usage": _Listing(
        partial(_returned, "get_index_usage"),
        _heads("index", "table", ">scans", ">rows read", ">size"),
        lambda row: (
            *(row["index_name"], row["table_name"], _count(row["scans"])),
            *(_count(row["tuples_read"]), _bytes(row["index_bytes"])),
        ),
        "scans",
        lambda row: (-row["scans"], -row["index_bytes"]),
    ),
}
