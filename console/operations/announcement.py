"""What retention would delete, policy by policy and user by user."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import TYPE_CHECKING

from console.errors import NotFound

if TYPE_CHECKING:
    from console.operations.rights import Right


class PolicyStatus(StrEnum):
    """What is known of the rows that a policy would delete."""

    COUNTED = "counted"
    ESTIMATED = "estimated"
    UNKNOWN_TABLE = "unknown table"
    NO_COLUMN = "no column"
    UNAVAILABLE = "unavailable"


@dataclass(frozen=True, slots=True)
class Bounds:
    """Up to where rows are counted; beyond, their number is estimated.

    Attributes:
        rows: Of one table.
        seconds: For one table.
    """

    rows: int = 5_000_000
    seconds: float = 3.0


@dataclass(frozen=True, slots=True)
class PolicyPlan:
    """One policy, and what it would delete.

    Attributes:
        table: As the policy names it.
        column: Tells the age of a row; None for a table the clean-up never deletes from.
        days: A row older than that goes.
        enabled: Whether the clean-up heeds the policy.
        expired_rows: How many rows would go, or would if it were enabled; None where that
            is not to be had.
        exact: Whether they were counted.
        oldest: The time of the oldest row that may ever go, as the server writes it, in UTC.
        bytes: About as much of the table and its indexes as these rows take up.
        last_run: When a clean-up was last done with it.
        status: What is known.
        reason: Why it is not known, in words; may hold text of the database.
        cut_off: The moment that parts what goes from what stays.
    """

    table: str
    column: str | None
    days: int
    enabled: bool
    expired_rows: int | None
    exact: bool
    oldest: str | None
    bytes: int | None
    last_run: str | None
    status: PolicyStatus
    reason: str
    cut_off: str

    @property
    def deletable(self) -> bool:
        """Whether the clean-up can be run on it, once it is enabled."""
        return self.status not in (PolicyStatus.UNKNOWN_TABLE, PolicyStatus.NO_COLUMN)


@dataclass(frozen=True, slots=True)
class UserTelemetry:
    """One user's telemetry beyond the limit that user has chosen.

    Attributes:
        user: The user's id.
        days: The limit; None where this role may not see it.
        expired_rows: How many rows would go.
    """

    user: str
    days: int | None
    expired_rows: int


@dataclass(frozen=True, slots=True)
class TelemetryPlan:
    """What the clean-up of telemetry would delete.

    Attributes:
        users: Every user with privacy settings.
        reason: Why there are none, where they are not to be had.
    """

    users: tuple[UserTelemetry, ...] = ()
    reason: str = ""

    @property
    def expired_rows(self) -> int:
        """How many rows would go."""
        return sum(user.expired_rows for user in self.users)


@dataclass(frozen=True, slots=True)
class RetentionPlan:
    """What retention would delete at one moment.

    Attributes:
        policies: All of them, by table.
        telemetry: The clean-up of telemetry.
        right: To run the clean-up of a policy.
        telemetry_right: To run the clean-up of telemetry.
        moment: By the server, to which all ages refer.
        elapsed: Seconds it took to find out.
    """

    policies: tuple[PolicyPlan, ...]
    telemetry: TelemetryPlan
    right: Right
    telemetry_right: Right
    moment: str
    elapsed: float

    def policy(self, table: str) -> PolicyPlan:
        """Returns the policy of a table.

        Raises:
            NotFound: There is none.
        """
        for policy in self.policies:
            if policy.table == table:
                return policy
        known = ", ".join(policy.table for policy in self.policies)
        raise NotFound(
            f"there is no retention policy for {table}",
            hint=f"policies: {known}" if known else "there are no policies yet",
        )
