"""Changes a retention policy, after its effect was shown."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from psycopg import sql

from console.errors import Refused, UsageError
from console.operations.asking import query
from console.operations.retention import CLEANUP, measure_policy
from console.operations.rights import read_offers
from console.operations.writing import recorded, refuse_without_writes, write
from console.visible import json_text

if TYPE_CHECKING:
    from console.connection.session import Session
    from console.operations.announcement import Bounds, PolicyPlan

LONGEST = 36_500
"""Days a policy may name at most, by the schema's own check."""


@dataclass(frozen=True, slots=True)
class PolicyChange:
    """A policy as it is and as it would be, each with the rows that would go."""

    before: PolicyPlan
    after: PolicyPlan

    @property
    def changes(self) -> bool:
        """Whether there is anything to save."""
        old, new = self.before, self.after
        return (old.days, old.enabled) != (new.days, new.enabled)


async def preview_change(
    session: Session,
    table: str,
    *,
    days: int | None = None,
    enabled: bool | None = None,
    bounds: Bounds | None = None,
) -> PolicyChange:
    """Finds out what a changed policy would delete; saves nothing.

    Args:
        session: Where; may be read-only.
        table: As the policy names it.
        days: The new limit; None leaves it.
        enabled: Whether the clean-up is to heed the policy; None leaves it.
        bounds: Up to where rows are counted.

    Raises:
        UsageError: That many days are not possible.
        NotFound: There is no such policy.
        ConsoleError: The server refused, or the connection is gone.
    """
    if days is not None and not 1 <= days <= LONGEST:
        raise UsageError(f"a policy keeps rows 1 to {LONGEST:,} days, not {days:,}")
    before = await measure_policy(session, table, bounds=bounds)
    after = before
    if days is not None and days != before.days:
        after = await measure_policy(session, table, days=days, bounds=bounds)
    return PolicyChange(before, after if enabled is None else replace(after, enabled=enabled))


async def save_change(session: Session, change: PolicyChange) -> str:
    """Saves a changed policy, if it still is as it was shown.

    The change goes into `audit_logs` in the same statement: not without the other.

    Returns:
        The operation's id in the journal.

    Raises:
        Refused: Write mode is off, or somebody else has changed the policy meanwhile.
        ConsoleError: The server refused, or the connection is gone.
    """
    refuse_without_writes(session)
    right = (await read_offers(session, (CLEANUP,))).rights[CLEANUP]
    role = right.role if right.allowed else None
    before, after = change.before, change.after
    facts = {
        "table": before.table,
        "before": {"days": before.days, "enabled": before.enabled},
        "after": {"days": after.days, "enabled": after.enabled},
    }
    async with recorded(session, "retention policy", **facts) as record:
        statement = query(
            "save_policy",
            table=sql.Literal(before.table),
            old_days=sql.Literal(before.days),
            old_enabled=sql.Literal(before.enabled),
            days=sql.Literal(after.days),
            enabled=sql.Literal(after.enabled),
            operation=sql.Literal(record.operation),
            metadata=sql.Literal(json_text({"operation": record.operation, **facts})),
        )
        saved = await write(session, statement, role=role)
        if not saved:
            raise Refused(
                "nothing was saved: somebody has changed this policy meanwhile",
                hint="look at it again",
            )
        return record.operation
