"""What a run of retention deletes from."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from psycopg import sql

from console.errors import Refused
from console.operations.asking import query
from console.operations.outcome import TELEMETRY, TargetResult, TargetState, explain

if TYPE_CHECKING:
    from psycopg.sql import Composed

    from console.operations.announcement import PolicyPlan, RetentionPlan
    from console.operations.rights import Right


@dataclass(slots=True)
class Target:
    """One thing to delete from, and how far that is.

    Attributes:
        name: The table, or `telemetry by user`.
        announced: Rows that are to go.
        exact: Whether they were counted.
        right: To delete them.
        policy: As it was announced; None for the telemetry.
        state: How it stands; skipped until it is begun.
        reason: Why it is skipped, or failed.
        deleted: Rows gone so far.
        batches: That deleted something.
        seconds: Spent so far.
    """

    name: str
    announced: int | None
    exact: bool
    right: Right
    policy: PolicyPlan | None = None
    state: TargetState = TargetState.SKIPPED
    reason: str = ""
    deleted: int = 0
    batches: int = 0
    seconds: float = 0.0

    def batch(self, limit: int) -> Composed:
        """Returns the statement that deletes up to so many rows."""
        if self.policy is None:
            return query("batch_telemetry", limit=sql.Literal(limit))
        return query(
            "batch",
            table=sql.Literal(self.policy.table),
            days=sql.Literal(self.policy.days),
            limit=sql.Literal(limit),
        )

    def result(self) -> TargetResult:
        """Sums up."""
        return TargetResult(
            self.name,
            self.announced,
            self.exact,
            self.deleted,
            self.batches,
            self.seconds,
            self.state,
            self.reason,
            explain(self.announced, self.exact, self.deleted, self.state),
        )


def choose(
    confirmed: RetentionPlan, tables: Sequence[str] | None, *, telemetry: bool
) -> list[Target]:
    """Makes the list of what to delete from, or says why something named can't be.

    Raises:
        Refused: This login may not, or the policy is not to be run.
        NotFound: There is no such policy.
    """
    targets = []
    if tables is None or tables:
        confirmed.right.refuse()
    chosen = confirmed.policies if tables is None else [confirmed.policy(one) for one in tables]
    for policy in dict.fromkeys(chosen):
        reason = _why_not(policy)
        if reason and tables is not None:
            raise Refused(f"{policy.table} is not cleaned up: {reason}")
        if policy.enabled:
            rows = policy.expired_rows
            right = confirmed.right
            target = Target(policy.table, rows, policy.exact, right, policy, reason=reason)
            targets.append(target)
    if telemetry:
        confirmed.telemetry_right.refuse()
        if confirmed.telemetry.reason:
            raise Refused(f"telemetry is not cleaned up: {confirmed.telemetry.reason}")
        rows = confirmed.telemetry.expired_rows
        targets.append(Target(TELEMETRY, rows, True, confirmed.telemetry_right))
    return targets


def _why_not(policy: PolicyPlan) -> str:
    if not policy.enabled:
        return "its policy is disabled"
    if not policy.deletable or policy.expired_rows is None:
        return policy.reason or str(policy.status)
    return ""
