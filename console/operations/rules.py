"""What the clean-up may delete from, and by which column it tells the age of a row.

The same list stands in the schema's `private.retention_rules()`, which alone decides what is
deleted, and which only its owner may read. A test holds the two together.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType

from psycopg import sql


@dataclass(frozen=True, slots=True)
class Rule:
    """How the clean-up reads the age of a table's rows.

    Attributes:
        table: In schema public.
        column: Holds the time; a row without one stays.
        date: Whether it holds days, which are those of UTC, instead of moments.
        condition: What else must hold of a row that may go, as SQL; empty for nothing.
    """

    table: str
    column: str
    date: bool = False
    condition: str = ""

    @property
    def relation(self) -> sql.Identifier:
        """The table's full name."""
        return sql.Identifier("public", self.table)

    @property
    def eligible(self) -> sql.Composable:
        """What holds of every row that may go once it is old enough."""
        return sql.SQL(self.condition or "true")

    def expired(self, cut_off: str) -> sql.Composable:
        """Returns what holds of rows that go.

        Args:
            cut_off: A moment; a row exactly as old as that stays.
        """
        moment = sql.SQL("{}::timestamptz").format(sql.Literal(cut_off))
        if self.date:
            moment = sql.SQL("({} at time zone 'UTC')::date").format(moment)
        age = sql.SQL("{} < {}").format(sql.Identifier(self.column), moment)
        return sql.SQL("{} and {}").format(age, self.eligible)


RULES: Mapping[str, Rule] = MappingProxyType(
    {
        rule.table: rule
        for rule in (
            Rule("events", "timestamp"),
            Rule("utm_tracks", "timestamp"),
            Rule("audit_logs", "timestamp"),
            Rule("telemetry_events", "timestamp"),
            Rule("audit_log", "ts"),
            Rule("metrics_log", "ts"),
            Rule("analytics_events", "occurred_at"),
            Rule("sessions", "expiresAt"),
            Rule("mfa_enforced_sessions", "expiresAt"),
            Rule("workflow_executions", "completedAt"),
            Rule(
                "workflow_runs",
                "updated_at",
                condition="status in ('completed', 'failed', 'cancelled')",
            ),
            Rule("spend", "date", date=True),
            Rule("metrics_daily", "day", date=True),
            Rule("patterns", "lastUsed"),
            Rule("relationships", "lastSeen"),
        )
    }
)
