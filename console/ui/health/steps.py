"""The steps of the analytics' work, and what is told when one is done."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from dataclasses import dataclass
from datetime import date, timedelta
from pathlib import Path
from typing import TYPE_CHECKING

from textual.content import Content
from textual.message import Message

from console.operations.pace import Control, Progress
from console.ui import words
from console.ui.health import asking

if TYPE_CHECKING:
    from console.connection.session import Session
    from console.errors import ConsoleError
    from console.operations.analytics import Day, RecomputePlan
    from console.operations.file_rows import Kind, RowFile
    from console.operations.importing import FileCheck

Tell = Callable[[Progress], None]


@dataclass
class Figures(Message):
    """The figures of a range were read; `today` is the server's, in UTC."""

    days: tuple[Day, ...]
    today: date
    at: str


@dataclass
class Planned(Message):
    """What computing a range anew means was counted."""

    plan: RecomputePlan


@dataclass
class Checked(Message):
    """A file was read through."""

    file: RowFile
    check: FileCheck


@dataclass
class Progressed(Message):
    """The work got further; the last such message counts."""

    state: Progress

    def can_replace(self, message: Message) -> bool:
        """Collapses a flood."""
        return isinstance(message, Progressed)


@dataclass
class Finished(Message):
    """The work came to its end."""

    text: Content
    error: ConsoleError | None


@dataclass
class Failed(Message):
    """Something was refused, or can't be read."""

    error: ConsoleError


async def figures(length: int, last: date | None, session: Session) -> Figures:
    """Reads so many days up to the last one; up to today where none is named."""
    from console.operations.analytics import read_metrics, today

    now = await today(session)
    last = min(last or now, now)
    days = await read_metrics(session, last - timedelta(days=length - 1), last)
    return Figures(days, now, words.clock())


async def plan(first: date, last: date, session: Session) -> Planned:
    """Counts what computing a range anew means."""
    from console.operations.analytics import plan_recompute

    planned = await plan_recompute(session, first, last)
    planned.right.refuse()
    return Planned(planned)


async def recompute(
    planned: RecomputePlan, control: Control, tell: Tell, session: Session
) -> Finished:
    """Computes a range anew."""
    from console.operations import analytics

    result = await analytics.recompute(session, planned, control=control, on_progress=tell)
    return Finished(asking.recomputed(result), result.failure)


async def check(path: Path, kind: Kind) -> Checked:
    """Reads a file through, in a thread: it may be long."""
    from console.operations.file_rows import RowFile
    from console.operations.importing import check_file

    def read() -> Checked:
        file = RowFile(path, kind)
        return Checked(file, check_file(file))

    return await asyncio.to_thread(read)


async def import_rows(file: RowFile, control: Control, tell: Tell, session: Session) -> Finished:
    """Sends a file's rows."""
    from console.operations.importing import import_file

    result = await import_file(session, file, control=control, on_progress=tell)
    return Finished(asking.imported(result), result.failure)
