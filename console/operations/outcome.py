"""What became of a run, beside what was announced."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from console.errors import ConsoleError

TELEMETRY = "telemetry by user"
"""Name of the target that is no policy."""


class TargetState(StrEnum):
    """How a target ended."""

    DONE = "done"
    CANCELLED = "cancelled"
    FAILED = "failed"
    SKIPPED = "skipped"


@dataclass(frozen=True, slots=True)
class TargetResult:
    """What became of one policy, or of the telemetry.

    Attributes:
        name: The table, or `telemetry by user`.
        announced: Rows that were to go; None where that was not known.
        exact: Whether they had been counted.
        deleted: Rows that are gone, for certain.
        batches: That deleted something.
        elapsed: Seconds.
        state: How it ended.
        reason: Why it failed or was skipped.
        explanation: Why the numbers differ; empty where they don't.
    """

    name: str
    announced: int | None
    exact: bool
    deleted: int
    batches: int
    elapsed: float
    state: TargetState
    reason: str
    explanation: str


@dataclass(frozen=True, slots=True)
class RunResult:
    """What became of a run.

    Attributes:
        operation: Its id in the journal and in `audit_logs`; empty where nothing was begun.
        outcome: `done`, `cancelled`, `failed`, or `unknown` for one batch.
        targets: In the order they were worked on.
        users: Rows of telemetry deleted by user, from counts before and after; None where
            it was not part of the run, or could not be counted again.
        elapsed: Seconds.
        audit: Why the run is not in `audit_logs`; empty where it is.
        failure: What it ended with, if it failed.
    """

    operation: str
    outcome: str
    targets: tuple[TargetResult, ...]
    users: dict[str, int] | None
    elapsed: float
    audit: str
    failure: ConsoleError | None

    @property
    def deleted(self) -> int:
        """Rows that are gone."""
        return sum(target.deleted for target in self.targets)

    @property
    def batches(self) -> int:
        """Transactions that deleted something."""
        return sum(target.batches for target in self.targets)

    def target(self, name: str) -> TargetResult | None:
        """Returns what became of a table, if it was a target."""
        return next((target for target in self.targets if target.name == name), None)


def explain(announced: int | None, exact: bool, deleted: int, state: TargetState) -> str:
    """Says why what was deleted is not what was announced; empty where it is."""
    if state is TargetState.SKIPPED:
        return ""
    if announced is None:
        return "nothing was announced that could be compared"
    difference = deleted - announced
    if state is not TargetState.DONE and difference < 0:
        about = "" if exact else "about "
        return (
            f"{about}{-difference:,} of the announced rows are still there;"
            " what is deleted stays deleted"
        )
    if difference == 0:
        return ""
    if not exact:
        return "the announced number was an estimate"
    if difference > 0:
        return f"{difference:,} more than announced came, or became old enough, meanwhile"
    return f"{-difference:,} fewer than announced: others deleted or renewed them meanwhile"
