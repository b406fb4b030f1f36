"""What retention would delete: policy by policy, and each user's telemetry. Changes nothing."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING

from psycopg import sql

from console.errors import CannotConnect, ConsoleError, NotFound, Refused, TimedOut
from console.operations.announcement import (
    Bounds,
    PolicyPlan,
    PolicyStatus,
    RetentionPlan,
    TelemetryPlan,
    UserTelemetry,
)
from console.operations.asking import Row, Unanswered, ask, ask_one, query
from console.operations.rights import read_offers
from console.operations.rules import RULES, Rule
from console.visible import json_text

if TYPE_CHECKING:
    from psycopg.sql import Composable

    from console.connection.session import Session
    from console.operations.rights import Right

CLEANUP = "public.cleanup_retention_batch(text,integer)"
COUNT = "public.count_retention_data()"
CLEANUP_TELEMETRY = "public.cleanup_telemetry_batch(integer)"
COUNT_TELEMETRY = "public.count_telemetry_by_retention()"

_TELEMETRY_SECONDS = 60.0


async def plan(
    session: Session,
    *,
    bounds: Bounds | None = None,
    telemetry: bool = True,
    on_policy: Callable[[PolicyPlan], None] | None = None,
) -> RetentionPlan:
    """Finds out what retention would delete.

    Args:
        session: Where; may be read-only.
        bounds: Up to where rows are counted.
        telemetry: Whether each user's telemetry is counted, too.
        on_policy: Told each policy as soon as it is known.

    Raises:
        Refused: This login may not see the policies.
        NotFound: The database has no retention policies at all.
        ConsoleError: The connection is gone, or the server refused.
    """
    started = time.perf_counter()
    names = (CLEANUP, COUNT, CLEANUP_TELEMETRY)
    rights = (await read_offers(session, names)).rights
    counting = _Counting(session, rights, bounds or Bounds())
    moment, found = await counting.read_policies()
    policies = []
    for row in found:
        policies.append(await counting.measure(row))
        if on_policy is not None:
            on_policy(policies[-1])
    users = await count_telemetry(session) if telemetry else TelemetryPlan()
    return RetentionPlan(
        tuple(policies),
        users,
        rights[CLEANUP],
        rights[CLEANUP_TELEMETRY],
        moment,
        time.perf_counter() - started,
    )


async def measure_policy(
    session: Session, table: str, *, days: int | None = None, bounds: Bounds | None = None
) -> PolicyPlan:
    """Finds out what the policy of one table would delete, as it is or with other days.

    Raises:
        NotFound: There is no such policy.
        ConsoleError: As for `plan`.
    """
    rights = (await read_offers(session, (CLEANUP, COUNT))).rights
    counting = _Counting(session, rights, bounds or Bounds())
    _, found = await counting.read_policies(days=days)
    for row in found:
        if row["table"] == table:
            return await counting.measure(row)
    raise NotFound(f"there is no retention policy for {table}")


class _Counting:
    """Counts expired rows as whoever may see all of them."""

    def __init__(self, session: Session, rights: dict[str, Right], bounds: Bounds) -> None:
        self.session = session
        self.rights = rights
        self.bounds = bounds
        self.role = rights[CLEANUP].role
        self._counted: dict[str, int] | Unanswered | None = None

    async def _ask(self, *statements: Composable, seconds: float = 10.0) -> list[tuple[Row, ...]]:
        return await ask(self.session, *statements, seconds=seconds, role=self.role)

    async def read_policies(self, *, days: int | None = None) -> tuple[str, Sequence[Row]]:
        """Reads the policies; with `days`, as if each had that limit."""
        columns = json_text({rule.table: rule.column for rule in RULES.values()})
        limit = sql.SQL('p."retentionDays"') if days is None else sql.Literal(days)
        try:
            (first,), found = await self._ask(
                sql.SQL(
                    "select current_timestamp::text as moment,"
                    " row_security_active('public.retention_policies') as filtered"
                ),
                query("policies", columns=sql.Literal(columns), days=limit),
            )
        except ConsoleError as refusal:
            if refusal.sqlstate == "42P01":
                raise NotFound(
                    "this database has no retention policies",
                    hint="rowsight migrate apply makes the table",
                ) from refusal
            if refusal.sqlstate == "42501":
                raise _hidden(self.rights[CLEANUP]) from refusal
            raise
        if first["filtered"] and not found:
            raise _hidden(self.rights[CLEANUP])
        return first["moment"], found

    async def measure(self, row: Row) -> PolicyPlan:
        """Counts what one policy would delete, or says why it can't be told."""
        rule = RULES.get(row["table"])
        if rule is None or not row["there"]:
            reason = "the clean-up never deletes from it" if row["there"] else "no such table"
            return _planned(row, PolicyStatus.UNKNOWN_TABLE, reason=reason)
        if not row["has_column"]:
            reason = f"public.{rule.table} has no column {rule.column}"
            return _planned(row, PolicyStatus.NO_COLUMN, reason=reason)
        if row["filtered"] or not row["readable"]:
            return await self._measure_by_function(row)
        try:
            return await self._count(row, rule)
        except CannotConnect:
            raise
        except ConsoleError as refusal:
            return _planned(row, PolicyStatus.UNAVAILABLE, reason=refusal.message)

    async def _count(self, row: Row, rule: Rule) -> PolicyPlan:
        expired = rule.expired(row["cut_off"])
        of_all = sql.SQL("explain (format json) select from {}").format(rule.relation)
        of_expired = sql.SQL("{} where {}").format(of_all, expired)
        count = sql.SQL(
            "select count(*) as rows from (select from {} where {} limit {}) as expired"
        ).format(rule.relation, expired, sql.Literal(self.bounds.rows + 1))
        (sized,), all_rows, some_rows = await self._ask(
            sql.SQL("select pg_total_relation_size({}::regclass) as bytes").format(
                sql.Literal(rule.relation.as_string(None))
            ),
            of_all,
            of_expired,
        )
        try:
            ((counted,),) = await self._ask(count, seconds=self.bounds.seconds)
            rows, exact = counted["rows"], counted["rows"] <= self.bounds.rows
        except TimedOut as refusal:
            if refusal.sqlstate != "57014":
                raise
            rows, exact = 0, False
        if not exact:
            # Beyond the bound, or too slow: the planner's guess, from what ANALYZE found.
            rows = max(rows, _guess(some_rows))
        return _planned(
            row,
            PolicyStatus.COUNTED if exact else PolicyStatus.ESTIMATED,
            rows=rows,
            exact=exact,
            oldest=await self._oldest(rule),
            size=round(sized["bytes"] * rows / max(rows, _guess(all_rows), 1)),
        )

    async def _oldest(self, rule: Rule) -> str | None:
        statement = sql.SQL("select min({})::text as oldest from {} where {}").format(
            sql.Identifier(rule.column), rule.relation, rule.eligible
        )
        answer = await ask_one(self.session, statement, seconds=self.bounds.seconds, role=self.role)
        return None if isinstance(answer, Unanswered) else answer[0]["oldest"]

    async def _measure_by_function(self, row: Row) -> PolicyPlan:
        """Takes the number that the schema's own count gives, for what this role can't read."""
        if self._counted is None:
            self._counted = await self._count_by_function()
        if isinstance(self._counted, Unanswered):
            return _planned(row, PolicyStatus.UNAVAILABLE, reason=self._counted.why)
        rows = self._counted.get(row["table"])
        if rows is None:
            reason = "this role can't read the table, and only enabled policies are counted for it"
            return _planned(row, PolicyStatus.UNAVAILABLE, reason=reason)
        return _planned(row, PolicyStatus.COUNTED, rows=rows, exact=True)

    async def _count_by_function(self) -> dict[str, int] | Unanswered:
        right = self.rights[COUNT]
        if not right.allowed:
            return Unanswered(right.why_not)
        answer = await ask_one(
            self.session,
            sql.SQL("select table_name, rows_expired, status from public.count_retention_data()"),
            seconds=4 * self.bounds.seconds,
            role=right.role,
        )
        if isinstance(answer, Unanswered):
            return answer
        return {
            row["table_name"]: row["rows_expired"] for row in answer if row["status"] == "counted"
        }


async def count_telemetry(session: Session) -> TelemetryPlan:
    """Counts every user's expired telemetry.

    Raises:
        CannotConnect: The connection is gone.
    """
    right = (await read_offers(session, (COUNT_TELEMETRY,))).rights[COUNT_TELEMETRY]
    if not right.allowed:
        return TelemetryPlan(reason=right.why_not)
    counted = await ask_one(
        session,
        sql.SQL(
            'select user_id::text as "user", expired_count as rows'
            " from public.count_telemetry_by_retention()"
        ),
        seconds=_TELEMETRY_SECONDS,
        role=right.role,
    )
    if isinstance(counted, Unanswered):
        return TelemetryPlan(reason=counted.why)
    # The service role may not read the settings, only what follows from them.
    days = await ask_one(
        session,
        sql.SQL(
            'select "userId"::text as "user", "dataRetentionDays" as days'
            " from public.privacy_prefs where not row_security_active('public.privacy_prefs')"
        ),
        role=right.role,
    )
    chosen = {} if isinstance(days, Unanswered) else {row["user"]: row["days"] for row in days}
    return TelemetryPlan(
        tuple(UserTelemetry(row["user"], chosen.get(row["user"]), row["rows"]) for row in counted)
    )


def _hidden(right: Right) -> Refused:
    return Refused(
        f"the retention policies are hidden from {right.login}",
        hint="log in as the tables' owner, or as a role that may become service_role",
        sqlstate="42501",
    )


def _guess(explained: Sequence[Row]) -> int:
    return int(explained[0]["QUERY PLAN"][0]["Plan"]["Plan Rows"])


def _planned(
    row: Row,
    status: PolicyStatus,
    *,
    reason: str = "",
    rows: int | None = None,
    exact: bool = False,
    oldest: str | None = None,
    size: int | None = None,
) -> PolicyPlan:
    rule = RULES.get(row["table"])
    return PolicyPlan(
        table=row["table"],
        column=rule.column if rule else None,
        days=row["days"],
        enabled=row["enabled"],
        expired_rows=rows,
        exact=exact,
        oldest=oldest,
        bytes=size,
        last_run=row["last_run"],
        status=status,
        reason=reason,
        cut_off=row["cut_off"],
    )
