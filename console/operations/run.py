"""Runs retention: batches in short transactions, on record, counted against the announcement."""

from __future__ import annotations

import asyncio
import contextlib
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from console.connection.audit import write_audit
from console.errors import CannotConnect, ConsoleError, Refused, UsageError
from console.operations.outcome import TELEMETRY, RunResult, TargetState
from console.operations.pace import Control, Pace, Progress
from console.operations.retention import count_telemetry
from console.operations.targets import Target, choose
from console.operations.writing import (
    Committing,
    OutcomeUnknown,
    Record,
    recorded,
    refuse_without_writes,
    write,
)

if TYPE_CHECKING:
    from console.connection.session import Session
    from console.operations.announcement import RetentionPlan
    from console.operations.asking import Row

BATCH = 20_000
LARGEST_BATCH = 1_000_000
ACTION = "retention run"

OnProgress = Callable[[Progress], None]

_HEARTBEAT = 0.25
_LAST_WORD = 2.0
"""Seconds a commit on its way gets to be answered when the run is cut off."""
_NOTED_EVERY = 1.0
_LOCK_SECONDS = 1.0
_BATCH_SECONDS = 60.0
_PATIENCE = 60.0
"""Seconds without a row before a target is given up."""
_RETRIED = frozenset({"55P03", "40P01", "40001"})
"""Lock timeout, deadlock, serialization: what may go well the next time."""


class PolicyChanged(Refused):
    """A policy is not as it was when its rows were counted."""

    code = "policy_changed"


async def run(
    session: Session,
    confirmed: RetentionPlan,
    *,
    tables: Sequence[str] | None = None,
    telemetry: bool = False,
    batch: int = BATCH,
    control: Control | None = None,
    on_progress: OnProgress | None = None,
) -> RunResult:
    """Deletes what was announced, by the schema's own clean-up functions.

    Each batch is a transaction of its own. What has been deleted stays deleted, also when the
    task is cancelled: then the batch under way is rolled back, and the journal tells how many
    rows are gone.

    Args:
        session: In write mode, and for this alone.
        confirmed: What a person has said yes to.
        tables: The policies to run; all that are enabled where None.
        telemetry: Whether every user's telemetry is cleaned up, too.
        batch: Rows of a batch at most; fewer where they take long.
        control: To pause and cancel between batches.
        on_progress: Told after each batch, and four times a second in between.

    Returns:
        What became of it, failures included.

    Raises:
        Refused: Before anything was begun: write mode is off, this login may not, a policy is
            disabled or covers nothing that can be deleted.
        NotFound: A named policy does not exist.
        ConsoleError: The journal can't be written.
    """
    refuse_without_writes(session)
    if not 1 <= batch <= LARGEST_BATCH:
        raise UsageError(f"a batch has 1 to {LARGEST_BATCH:,} rows, not {batch:,}")
    targets = choose(confirmed, tables, telemetry=telemetry)
    facts = {
        "tables": {
            target.name: {
                "announced": target.announced,
                "exact": target.exact,
                "days": target.policy.days if target.policy else None,
                "cut_off": target.policy.cut_off if target.policy else None,
            }
            for target in targets
            if not target.reason
        },
        "batch": batch,
    }
    async with recorded(session, ACTION, **facts) as record:
        running = _Running(session, targets, Pace(batch), control or Control(), on_progress)
        return await running.run(record, facts, confirmed)


@dataclass(slots=True)
class _Running:
    """One run, from its first batch to its last."""

    session: Session
    targets: list[Target]
    pace: Pace
    control: Control
    on_progress: OnProgress | None
    started: float = field(default_factory=time.perf_counter)
    noted: float = field(default_factory=time.perf_counter)
    at: int = 0
    state: str = "working"
    failure: ConsoleError | None = None
    unknown: bool = False

    async def run(
        self, record: Record, facts: dict[str, Any], confirmed: RetentionPlan
    ) -> RunResult:
        audit = await self._audit(record, "retention.started", facts)
        try:
            for number, target in enumerate(self.targets):
                self.at = number
                if not (target.reason or self.control.cancelled or self._lost):
                    await self._clean(target, record)
        except BaseException as failure:
            outcome = "cancelled" if isinstance(failure, asyncio.CancelledError) else "failed"
            self._conclude(record, outcome)
            self._tell("finishing")
            with contextlib.suppress(ConsoleError):
                await self._audit(record, f"retention.{outcome}", record.facts)
            raise
        self._conclude(record, self._outcome())
        users = None
        if not self._lost:
            self._tell("finishing")
            action = "run" if record.outcome == "done" else record.outcome
            audit = audit or await self._audit(record, f"retention.{action}", record.facts)
            users = await self._users(confirmed)
        return RunResult(
            record.operation,
            record.outcome,
            tuple(target.result() for target in self.targets),
            users,
            time.perf_counter() - self.started,
            audit,
            self.failure,
        )

    @property
    def _lost(self) -> bool:
        return isinstance(self.failure, CannotConnect)

    def _outcome(self) -> str:
        if self.unknown:
            return "unknown"
        if self.failure is not None:
            return "failed"
        return "cancelled" if self.control.cancelled else "done"

    def _conclude(self, record: Record, outcome: str) -> None:
        record.outcome = outcome
        record.facts["deleted"] = self._deleted()
        reasons = {one.name: one.reason for one in self.targets if one.reason}
        if reasons:
            record.facts["reasons"] = reasons

    def _deleted(self) -> dict[str, int]:
        return {one.name: one.deleted for one in self.targets if one.state != "skipped"}

    async def _audit(self, record: Record, action: str, facts: dict[str, Any]) -> str:
        try:
            return await write_audit(
                self.session, action, "retention_policies", record.operation, facts
            )
        except CannotConnect as lost:
            self.failure = lost
            return lost.message

    async def _clean(self, target: Target, record: Record) -> None:
        """Runs batches until there is nothing left, or a reason to stop."""
        started = moved = time.perf_counter()
        target.state = TargetState.CANCELLED
        pause = 0.1
        try:
            while await self._gate():
                began, limit = time.perf_counter(), self.pace.size(_left(target))
                try:
                    found, deleted = await self._batch(target, limit)
                except ConsoleError as refusal:
                    stuck = time.perf_counter() - moved > _PATIENCE
                    if not self._may_go_well(refusal) or stuck:
                        self._fail(target, refusal)
                        return
                    self._tell("waiting")
                    pause = min(2.0, pause * 2)
                    await asyncio.sleep(pause)
                    continue
                pause = 0.1
                self.pace.took(time.perf_counter() - began, deleted)
                target.deleted += deleted
                target.batches += deleted > 0
                self._tell("working")
                # An updated row moves and may be missed: then it is looked for once more.
                if deleted == found < limit:
                    target.state = TargetState.DONE
                    return
                if deleted:
                    moved = time.perf_counter()
                elif time.perf_counter() - moved > _PATIENCE:
                    stolen = "others change or delete the same rows all the time"
                    self._fail(target, ConsoleError(stolen, hint="try again when they are done"))
                    return
                await self._note(record)
        finally:
            target.seconds = time.perf_counter() - started

    async def _note(self, record: Record) -> None:
        if time.perf_counter() - self.noted > _NOTED_EVERY:
            self.noted = time.perf_counter()
            await record.note(deleted=self._deleted())

    def _may_go_well(self, refusal: ConsoleError) -> bool:
        if refusal.sqlstate == "57014":
            return refusal.exit_code == 4 and self.pace.shrink()
        return refusal.sqlstate in _RETRIED

    def _fail(self, target: Target, refusal: ConsoleError) -> None:
        target.state = TargetState.FAILED
        target.reason = refusal.message
        self.unknown = self.unknown or isinstance(refusal, OutcomeUnknown)
        if self.failure is None or isinstance(refusal, CannotConnect):
            self.failure = refusal

    async def _gate(self) -> bool:
        while self.control.paused:
            self._tell("paused")
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(_HEARTBEAT):
                    await self.control.gate()
        return await self.control.gate()

    async def _batch(self, target: Target, limit: int) -> tuple[int, int]:
        """Deletes one batch; how many rows were found, and how many of them are gone.

        Raises:
            PolicyChanged: Nothing was deleted.
            ConsoleError: As `write` raises.
        """
        committing = Committing()
        work = asyncio.ensure_future(
            write(
                self.session,
                target.batch(limit),
                role=target.right.role,
                seconds=_BATCH_SECONDS,
                lock_seconds=_LOCK_SECONDS,
                committing=committing,
            )
        )
        try:
            while not (await asyncio.wait({work}, timeout=_HEARTBEAT))[0]:
                self._tell(self.state)
        except asyncio.CancelledError:
            if committing.sent:
                await asyncio.wait({work}, timeout=_LAST_WORD)
            work.cancel()
            with contextlib.suppress(asyncio.CancelledError, ConsoleError):
                # If the commit was made all the same, these rows are gone.
                target.deleted += _numbers(await work)[1]
            raise
        return _numbers(work.result())

    async def _users(self, confirmed: RetentionPlan) -> dict[str, int] | None:
        """Finds out whose telemetry went: the clean-up itself does not tell."""
        if not any(one.name == TELEMETRY and one.state != "skipped" for one in self.targets):
            return None
        try:
            after = await count_telemetry(self.session)
        except CannotConnect:
            return None
        if after.reason:
            return None
        left = {user.user: user.expired_rows for user in after.users}
        return {
            user.user: max(0, user.expired_rows - left.get(user.user, 0))
            for user in confirmed.telemetry.users
        }

    def _tell(self, state: str) -> None:
        self.state = state
        if self.on_progress is None or not self.targets:
            return
        target = self.targets[self.at]
        self.on_progress(
            Progress(
                target.name,
                self.at + 1,
                len(self.targets),
                state,
                target.deleted,
                target.announced,
                target.batches,
                sum(one.deleted for one in self.targets),
                self.pace.rate,
                self.pace.eta(_left(target)),
                time.perf_counter() - self.started,
            )
        )


def _left(target: Target) -> int | None:
    return None if target.announced is None else target.announced - target.deleted


def _numbers(found: Sequence[Row]) -> tuple[int, int]:
    if not found:
        raise PolicyChanged(
            "the policy has been changed since its rows were counted",
            hint="look at the plan again",
        )
    return found[0]["rows_found"], found[0]["rows_deleted"]
