"""The steps of the migration pane's work, and what it is told when one is done."""

from __future__ import annotations

import asyncio
import contextlib
from dataclasses import dataclass
from typing import TYPE_CHECKING

from textual.message import Message

from console.errors import ConsoleError
from console.ui import words

if TYPE_CHECKING:
    from console.connection.session import Session
    from console.migration.history import History
    from console.migration.model import (
        ApplyOptions,
        ApplyProgress,
        ApplyResult,
        Plan,
        Verification,
    )


@dataclass
class Verified(Message):
    """The database was compared with the migration."""

    verification: Verification
    at: str
    unended: tuple[str, ...] = ()
    """What became of applies that nobody saw the end of."""


@dataclass
class Planned(Message):
    """The plan was worked out."""

    plan: Plan
    at: str


@dataclass
class Recalled(Message):
    """The history was read."""

    history: History
    at: str


@dataclass
class Progressed(Message):
    """The apply got further; the last such message counts."""

    state: ApplyProgress

    def can_replace(self, message: Message) -> bool:
        """Collapses a flood."""
        return isinstance(message, Progressed)


@dataclass
class Applied(Message):
    """The apply came to its end."""

    result: ApplyResult


@dataclass
class Failed(Message):
    """A step failed; `step` is `verify`, `plan`, `history` or `apply`."""

    step: str
    error: ConsoleError


async def verify(session: Session) -> Verified:
    """Compares the database with the migration."""
    from console.migration import verify as feature
    from console.migration.unended import settle

    verification = await feature.verify(session)
    told: tuple[str, ...] = ()
    with contextlib.suppress(ConsoleError):  # a journal that can't be read tells nothing
        told = tuple(one.sentence for one in await asyncio.to_thread(settle, session, verification))
    return Verified(verification, words.clock(), told)


async def plan(options: ApplyOptions, session: Session) -> Planned:
    """Works out what apply would do."""
    from console.migration import plan as feature

    return Planned(await feature.plan(session, options), words.clock())


async def recall(session: Session) -> Recalled:
    """Reads which migrations are on record."""
    from console.migration import history as feature

    return Recalled(await feature.read_history(session), words.clock())
