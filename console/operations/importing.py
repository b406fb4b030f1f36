"""Brings a file's rows into the database, by the schema's own upsert functions."""

from __future__ import annotations

import asyncio
import json
import re
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from psycopg import sql

from console.errors import CannotConnect, ConsoleError
from console.operations.file_rows import FileRow, Kind, RefusedRow, RowFile
from console.operations.pace import Control, Pace, Progress
from console.operations.rights import read_offers
from console.operations.writing import OutcomeUnknown, recorded, refuse_without_writes, write

if TYPE_CHECKING:
    from console.connection.session import Session
    from console.operations.rights import Right

CHUNK = 1_000
"""Rows of one transaction at most."""
_LARGEST_CHUNK = 4 << 20
_KEPT = 1_000
"""Refused rows that are listed; all of them are counted."""
_FUNCTIONS = {Kind.EVENTS: "upsert_events", Kind.SPEND: "upsert_spend"}
_TABLES = {Kind.EVENTS: "analytics_events", Kind.SPEND: "spend"}
_PLACE = re.compile(r"^upsert_\w+: row (\d+): (.*)", re.DOTALL)


@dataclass(frozen=True, slots=True)
class FileCheck:
    """What a file holds, before anything is sent.

    Attributes:
        rows: Rows that may be sent.
        refused: Rows that won't be.
        reasons: The first thousand of those, with the reason.
    """

    rows: int
    refused: int
    reasons: tuple[RefusedRow, ...]


@dataclass(frozen=True, slots=True)
class ImportResult:
    """What became of an import.

    Attributes:
        operation: Its id in the journal.
        outcome: `done`, `cancelled`, `failed`, or `unknown` for one chunk.
        written: Rows the database wrote; of a repeated id one for each chunk.
        refused: Rows that are not, by our own checks or the database's.
        reasons: The first thousand of those, in the order of the file.
        elapsed: Seconds.
        failure: What it ended with, if it failed.
        audit: Why it is not in `audit_logs`; empty where it is, None where nobody asked.
    """

    operation: str
    outcome: str
    written: int
    refused: int
    reasons: tuple[RefusedRow, ...]
    elapsed: float
    failure: ConsoleError | None
    audit: str | None = None


def check_file(file: RowFile) -> FileCheck:
    """Reads a whole file and tells what would be sent; asks no database."""
    rows = refused = 0
    reasons: list[RefusedRow] = []
    for row in file.rows():
        if isinstance(row, FileRow):
            rows += 1
            continue
        refused += 1
        if len(reasons) < _KEPT:
            reasons.append(row)
    return FileCheck(rows, refused, tuple(reasons))


async def import_file(
    session: Session,
    file: RowFile,
    *,
    chunk: int = CHUNK,
    control: Control | None = None,
    on_progress: Callable[[Progress], None] | None = None,
) -> ImportResult:
    """Sends a file's rows, chunk by chunk, each in a transaction of its own.

    A row with a known id replaces the one that is there; of a repeated id the last row wins.
    What the database refuses is left out with its reason, and the rest is sent.

    Args:
        session: In write mode, and for this alone.
        file: What to send.
        chunk: Rows of a transaction at most.
        control: To pause and cancel between chunks.
        on_progress: Told after each chunk; rows are counted in lines of the file.

    Raises:
        Refused: Write mode is off, or this login may not.
        ConsoleError: The journal can't be written.
    """
    refuse_without_writes(session)
    signature = f"public.{_FUNCTIONS[file.kind]}(jsonb)"
    right = (await read_offers(session, (signature,))).rights[signature]
    right.refuse()
    facts = {"file": str(file.path), "sha256": file.digest, "table": str(file.kind)}
    async with recorded(session, "import", "import", _TABLES[file.kind], **facts) as record:
        work = _Import(session, file, right, chunk)
        try:
            await work.run(control or Control(), on_progress)
        finally:
            record.facts |= {"written": work.written, "refused": work.refused}
        record.outcome = work.outcome
    work.reasons.sort(key=lambda row: row.line)
    return ImportResult(
        record.operation,
        work.outcome,
        work.written,
        work.refused,
        tuple(work.reasons),
        time.perf_counter() - work.started,
        work.failure,
        record.audit,
    )


@dataclass(slots=True)
class _Import:
    session: Session
    file: RowFile
    right: Right
    chunk: int
    written: int = 0
    refused: int = 0
    outcome: str = "done"
    failure: ConsoleError | None = None
    reasons: list[RefusedRow] = field(default_factory=list)
    started: float = field(default_factory=time.perf_counter)

    async def run(self, control: Control, on_progress: Callable[[Progress], None] | None) -> None:
        pace = Pace(self.chunk)
        for number, (rows, line) in enumerate(self._chunks(), 1):
            if not await control.gate():
                self.outcome = "cancelled"
                return
            began = time.perf_counter()
            try:
                await self._send(rows)
            except ConsoleError as failure:
                self.failure = failure
                self.outcome = "unknown" if isinstance(failure, OutcomeUnknown) else "failed"
                return
            pace.took(time.perf_counter() - began, len(rows))
            if on_progress is not None:
                left = pace.eta(self.file.lines - line)
                spent = time.perf_counter() - self.started
                on_progress(
                    Progress(
                        *(str(self.file.kind), 1, 1, "working", line, self.file.lines),
                        *(number, self.written, pace.rate, left, spent),
                    )
                )
            await asyncio.sleep(0)

    def _chunks(self) -> Iterator[tuple[list[FileRow], int]]:
        """Takes the file apart; each chunk with the line it ends at."""
        rows: list[FileRow] = []
        size = line = 0
        for row in self.file.rows():
            line = row.line
            if isinstance(row, RefusedRow):
                self._refuse(row)
                continue
            length = len(json.dumps(row.values))
            if rows and (len(rows) == self.chunk or size + length > _LARGEST_CHUNK):
                yield rows, line
                rows, size = [], 0
            rows.append(row)
            size += length
        if rows:
            yield rows, line

    def _refuse(self, row: RefusedRow) -> None:
        self.refused += 1
        if len(self.reasons) < _KEPT:
            self.reasons.append(row)

    async def _send(self, rows: Sequence[FileRow]) -> None:
        """Sends rows, without those the database refuses.

        Raises:
            CannotConnect: The connection is gone.
            ConsoleError: The database refuses for a reason that no row is to blame for.
        """
        waiting = [list(rows)]
        while waiting:
            part = waiting.pop()
            if not part:
                continue
            try:
                self.written += await self._upsert(part)
            except CannotConnect:
                raise
            except ConsoleError as refusal:
                if (refusal.sqlstate or "")[:2] not in ("22", "23", "54"):
                    raise
                before, bad, reason = _blame(part, refusal)
                if bad is None:  # nobody is named: look in both halves
                    waiting += [part[before:], part[:before]]
                else:
                    self._refuse(RefusedRow(bad.line, reason))
                    waiting += [part[before + 1 :], part[:before]]

    async def _upsert(self, rows: Sequence[FileRow]) -> int:
        call = sql.SQL("select public.{}({}::jsonb) as written").format(
            sql.Identifier(_FUNCTIONS[self.file.kind]),
            sql.Literal(json.dumps([row.values for row in rows], ensure_ascii=False)),
        )
        found = await write(self.session, call, role=self.right.role, lock_seconds=10.0)
        return int(found[0]["written"])


def _blame(rows: Sequence[FileRow], refusal: ConsoleError) -> tuple[int, FileRow | None, str]:
    """Finds the row that was refused: its place, the row, and the reason."""
    named = _PLACE.match(refusal.message)
    if named is not None and 1 <= int(named[1]) <= len(rows):
        place = int(named[1]) - 1
        return place, rows[place], named[2]
    if len(rows) == 1:
        return 0, rows[0], refusal.message
    return len(rows) // 2, None, refusal.message
