"""Reads events and ad spend from CSV and JSON-lines files, row by row, and says what is wrong."""

from __future__ import annotations

import csv
import hashlib
import json
import uuid
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from datetime import date, datetime
from enum import StrEnum
from pathlib import Path
from typing import Any

from console.errors import ConsoleError, UsageError

_LARGEST_INTEGER = 2**31 - 1
_LONGEST_ROW = 1 << 20
"""Characters of a row; what is longer is no row of these tables."""
_NAMESPACE = uuid.UUID("7b1f6b0e-52f5-5d0c-9d1c-3f2f0f3a6e10")


class Kind(StrEnum):
    """Which table a file is for."""

    EVENTS = "events"
    SPEND = "spend"


@dataclass(frozen=True, slots=True)
class FileRow:
    """A row that may be sent.

    Attributes:
        line: Where it begins in the file, from 1.
        values: By column; the database has the last word on them.
    """

    line: int
    values: Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class RefusedRow:
    """A row that is not sent, or that the database refused.

    Attributes:
        line: Where it begins in the file, from 1.
        reason: In words; may hold text of the file.
    """

    line: int
    reason: str


class _Wrong(Exception):
    """A value that can't be right; says why."""


def _text(value: Any) -> str:
    if not isinstance(value, str):
        raise _Wrong("is no text")
    return value


def _uuid(value: Any) -> str:
    try:
        return str(uuid.UUID(_text(value)))
    except ValueError:
        raise _Wrong("is no uuid") from None


def _moment(value: Any) -> str:
    try:
        return datetime.fromisoformat(_text(value)).isoformat()
    except ValueError:
        raise _Wrong("is no time such as 2026-11-20T14:30:00+00:00") from None


def _day(value: Any) -> str:
    try:
        return date.fromisoformat(_text(value)).isoformat()
    except ValueError:
        raise _Wrong("is no day such as 2026-11-20") from None


def _count(value: Any) -> int:
    if isinstance(value, str) and value.strip().isascii() and value.strip().isdigit():
        value = int(value) if len(value) < 20 else _LARGEST_INTEGER + 1
    if isinstance(value, bool) or not isinstance(value, int):
        raise _Wrong("is no whole number from 0 up")
    if not 0 <= value <= _LARGEST_INTEGER:
        raise _Wrong(f"is not between 0 and {_LARGEST_INTEGER:,}")
    return value


def _object(value: Any) -> dict[str, Any]:
    if isinstance(value, str):
        value = _parse(value)
    if not isinstance(value, dict):
        raise _Wrong("is no JSON object")
    return value


_COLUMNS: Mapping[Kind, Mapping[str, Callable[[Any], Any]]] = {
    Kind.EVENTS: {
        "id": _uuid,
        "occurred_at": _moment,
        "user_id": _uuid,
        "event_name": _text,
        "props": _object,
    },
    Kind.SPEND: {
        "id": _uuid,
        "platform": _text,
        "campaign_id": _text,
        "adset_id": _text,
        "date": _day,
        "spend_cents": _count,
        "clicks": _count,
        "impressions": _count,
        "conv": _count,
    },
}
_REQUIRED = {Kind.EVENTS: ("event_name",), Kind.SPEND: ("platform", "date")}


def _refuse_constant(name: str) -> None:
    raise _Wrong(f"holds {name}, which is no JSON")


def _parse(text: str) -> Any:
    try:
        return json.loads(text, parse_constant=_refuse_constant)
    except (ValueError, RecursionError):
        raise _Wrong("is no JSON") from None


class RowFile:
    """A file of rows for one table.

    A row without an id gets one that follows from the whole file's content and the row's
    line, so that to import a file again, after whatever went wrong, changes rows instead of
    adding them a second time.

    Args:
        path: `.csv` with a header, or JSON with one object a line.
        kind: Which table it is for.

    Raises:
        ConsoleError: The file can't be read.
        UsageError: A CSV file's header names other columns than the table has.
    """

    def __init__(self, path: Path, kind: Kind) -> None:
        self.path = path
        self.kind = kind
        self.is_csv = path.suffix.lower() == ".csv"
        digest = hashlib.sha256()
        self.lines = 0
        try:
            with path.open("rb") as file:
                while part := file.read(1 << 20):
                    digest.update(part)
                    self.lines += part.count(b"\n")
        except OSError as error:
            raise ConsoleError(f"{path} can't be read: {error.strerror}") from error
        self.digest = digest.hexdigest()
        if self.is_csv:
            self._check_header()

    def rows(self) -> Iterator[FileRow | RefusedRow]:
        """Reads the rows in order; empty lines are none."""
        for line, values in self._csv() if self.is_csv else self._json():
            try:
                if isinstance(values, str):
                    raise _Wrong(values)
                yield FileRow(line, self._checked(line, values))
            except _Wrong as wrong:
                yield RefusedRow(line, str(wrong))

    def _checked(self, line: int, values: Mapping[str, Any]) -> dict[str, Any]:
        columns = _COLUMNS[self.kind]
        unknown = sorted(values.keys() - columns.keys())
        if unknown:
            raise _Wrong(f"{self.kind} have no {', '.join(unknown)}")
        row: dict[str, Any] = {}
        for name, value in values.items():
            if value is None:
                continue
            try:
                row[name] = columns[name](value)
            except _Wrong as wrong:
                raise _Wrong(f"{name} {wrong}") from None
        for name in _REQUIRED[self.kind]:
            if name not in row:
                raise _Wrong(f"{name} is missing")
        row.setdefault("id", str(uuid.uuid5(_NAMESPACE, f"{self.digest}:{line}")))
        _check_storable(row)
        return row

    def _json(self) -> Iterator[tuple[int, Any]]:
        with self.path.open("rb") as file:
            for number, data in enumerate(file, 1):
                try:
                    text = data.decode("utf-8-sig" if number == 1 else "utf-8").strip()
                    if len(text) > _LONGEST_ROW:
                        raise _Wrong("is too long for a row")
                    if text:
                        yield number, _object(text)
                except UnicodeDecodeError:
                    yield number, "is not UTF-8"
                except _Wrong as wrong:
                    yield number, f"the line {wrong}"

    def _csv(self) -> Iterator[tuple[int, Any]]:
        with self._text() as file:
            reader = csv.reader(file)
            names = next(reader, [])
            while True:
                line = reader.line_num + 1
                try:
                    cells = next(reader)
                except StopIteration:
                    return
                except csv.Error as error:
                    yield line, f"is no CSV: {error}"
                    continue
                if cells and len(cells) != len(names):
                    yield line, f"has {len(cells)} values, the header {len(names)}"
                elif cells:
                    yield line, {n: c for n, c in zip(names, cells, strict=True) if c != ""}

    def _text(self) -> Any:
        # Bytes that are not UTF-8 arrive as lone surrogates, which are refused with their row.
        return self.path.open(encoding="utf-8-sig", errors="surrogateescape", newline="")

    def _check_header(self) -> None:
        with self._text() as file:
            try:
                names = next(csv.reader(file), [])
            except csv.Error as error:
                raise UsageError(f"{self.path} is no CSV: {error}") from error
        columns = _COLUMNS[self.kind]
        wrong = [name for name in names if name not in columns or names.count(name) > 1]
        missing = [name for name in _REQUIRED[self.kind] if name not in names]
        if wrong or missing:
            faults = [f"not {name}" for name in dict.fromkeys(wrong)]
            faults += [f"{name} is missing" for name in missing]
            raise UsageError(
                f"the header of {self.path} does not fit {self.kind}: {', '.join(faults)}",
                hint=f"columns: {', '.join(columns)}",
            )


def _check_storable(value: Any) -> None:
    """Refuses what JSON allows and PostgreSQL's text does not: NUL, and halves of characters."""
    if isinstance(value, str):
        if "\0" in value:
            raise _Wrong("holds a NUL character")
        if not value.isascii() and any("\ud800" <= character <= "\udfff" for character in value):
            raise _Wrong("holds what is no text")
    elif isinstance(value, dict):
        for name, part in value.items():
            _check_storable(name)
            _check_storable(part)
    elif isinstance(value, list):
        for part in value:
            _check_storable(part)
