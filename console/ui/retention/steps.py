"""The steps of the retention pane's work, and what is told when one is done."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from textual.message import Message

from console.operations.outcome import TELEMETRY
from console.operations.pace import Control, Progress
from console.ui import words

if TYPE_CHECKING:
    from console.connection.session import Session
    from console.errors import ConsoleError
    from console.operations.announcement import RetentionPlan
    from console.operations.interrupted import Interruption
    from console.operations.outcome import RunResult
    from console.operations.policies import PolicyChange
    from console.operations.targets import Target

Tell = Callable[[Progress], None]


@dataclass
class Counted(Message):
    """What would go was counted."""

    plan: RetentionPlan
    at: str


@dataclass
class LookedUp(Message):
    """Runs that nobody saw the end of were looked into."""

    found: Sequence[Interruption]


@dataclass
class Announced(Message):
    """What is to be deleted was counted afresh, for the question before it."""

    plan: RetentionPlan
    targets: Sequence[Target]
    at: str


@dataclass
class Previewed(Message):
    """The effect of a changed policy was counted."""

    change: PolicyChange


@dataclass
class Saved(Message):
    """A changed policy was saved."""

    table: str
    operation: str


@dataclass
class Progressed(Message):
    """The run got further; the last such message counts."""

    state: Progress

    def can_replace(self, message: Message) -> bool:
        """Collapses a flood."""
        return isinstance(message, Progressed)


@dataclass
class Ran(Message):
    """The run came to its end."""

    result: RunResult


@dataclass
class Failed(Message):
    """A step failed; `step` is `count`, `run`, `save` or `other`."""

    step: str
    error: ConsoleError


async def count(session: Session) -> Counted:
    """Counts what would go."""
    from console.operations.retention import plan

    return Counted(await plan(session), words.clock())


async def look_up(session: Session) -> LookedUp:
    """Finds runs that nobody saw the end of, and what became of them."""
    from console.operations import interrupted

    entries = await asyncio.to_thread(interrupted.find_interrupted, session)
    return LookedUp([await interrupted.look_up(session, entry) for entry in entries])


async def announce(names: Sequence[str], session: Session) -> Announced:
    """Counts again what is to be deleted, so that the question tells the number of now.

    Raises:
        Refused: This login may not, or a policy is not to be run.
    """
    from console.operations.retention import plan
    from console.operations.targets import choose

    counted = await plan(session)
    tables = [name for name in names if name != TELEMETRY]
    targets = choose(counted, tables, telemetry=TELEMETRY in names)
    return Announced(counted, targets, words.clock())


async def preview(
    table: str, days: int | None, enabled: bool | None, session: Session
) -> Previewed:
    """Counts what a changed policy would delete."""
    from console.operations.policies import preview_change

    return Previewed(await preview_change(session, table, days=days, enabled=enabled))


async def save(change: PolicyChange, session: Session) -> Saved:
    """Saves a changed policy."""
    from console.operations.policies import save_change

    return Saved(change.before.table, await save_change(session, change))


async def run(announced: Announced, control: Control, tell: Tell, session: Session) -> Ran:
    """Deletes what was announced."""
    from console.operations import run as feature

    names = [target.name for target in announced.targets]
    result = await feature.run(
        session,
        announced.plan,
        tables=[name for name in names if name != TELEMETRY],
        telemetry=TELEMETRY in names,
        control=control,
        on_progress=tell,
    )
    return Ran(result)
