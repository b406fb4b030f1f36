"""Entries and gaps as files and pipes take them: one JSON object a line, or CSV."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING

from console.errors import ConsoleError, UsageError
from console.visible import json_text

if TYPE_CHECKING:
    from console.logs.poll import Gap, Mark
    from console.logs.source import LogEntry

FIELDS = ("source", "id", "time", "user", "action", "resource", "resource_id", "detail")


def entry_json(entry: LogEntry, mark: Mark) -> dict[str, str | None]:
    """Returns an entry as an object; the time is ISO 8601 in UTC, the detail JSON as text."""
    values = {name: getattr(entry, name) for name in FIELDS}
    return values | {"time": _time(entry.time), "mark": str(mark)}


def gap_json(gap: Gap) -> dict[str, dict[str, str]]:
    """Returns a gap as an object."""
    return {
        "gap": {
            "from": _time(gap.start) or "",
            "to": _time(gap.end) or "",
            "reason": gap.reason,
            "source": gap.source,
        }
    }


def _time(time: datetime | None) -> str | None:
    return None if time is None else time.isoformat()


def write_file(path: Path, entries: Iterable[tuple[LogEntry, Mark]]) -> int:
    """Writes entries to a new file, readable by its owner only.

    Args:
        path: Ends in `.csv` for CSV, else one JSON object a line is written.
        entries: With how each came into view.

    Returns:
        How many entries it holds.

    Raises:
        UsageError: The file exists.
        ConsoleError: It can't be written.
    """
    as_csv = path.suffix.lower() == ".csv"
    count = 0
    try:
        path.touch(mode=0o600, exist_ok=False)
        with path.open("w", encoding="utf-8", errors="backslashreplace") as file:
            if as_csv:
                file.write(_record([*FIELDS, "mark"]))
            for entry, mark in entries:
                values = entry_json(entry, mark)
                file.write(_record(values.values()) if as_csv else json_text(values) + "\n")
                count += 1
    except FileExistsError as error:
        raise UsageError(f"{path} exists", hint="choose another name") from error
    except OSError as error:
        raise ConsoleError(f"{path} can't be written: {error.strerror}") from error
    return count


def _record(values: Iterable[str | None]) -> str:
    return ",".join(map(_cell, values)) + "\n"


def _cell(value: str | None) -> str:
    """Writes a cell as PostgreSQL does: NULL is empty, an empty text two quotes."""
    if value is None:
        return ""
    if not value or value != value.strip() or any(mark in value for mark in '",\r\n'):
        return '"' + value.replace('"', '""') + '"'
    return value
