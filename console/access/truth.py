"""What the server itself says, beside what was worked out from the policies.

A row that is read is simply asked for as the persona. A write can't be tried in a
transaction that must not write; so the server plans the very statement as the persona, which
checks every privilege and sets up every policy, and then evaluates over the row, in one go,
the condition it would have made of the policies.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace

from psycopg import sql

from console.access.evaluation import Value, evaluate
from console.access.impersonation import Impersonation
from console.access.row import columns_of, matching
from console.access.rules import Command, Rules, parse_key
from console.access.verdict import Attempt, combined, missing_privilege, stages
from console.connection.session import TextTable, Transaction
from console.errors import ConsoleError


@dataclass(frozen=True, slots=True)
class Truth:
    """The server's own answer.

    Attributes:
        allowed: None where it could not be asked.
        how: How it was asked: `read`, or `planned and evaluated`.
        agrees: Whether that is what was worked out; None where it could not be asked.
        error: The server's words, where it raised.
    """

    allowed: bool | None
    how: str
    agrees: bool | None = None
    error: str = ""

    def compared(self, allowed: bool) -> Truth:
        """Sets `agrees`."""
        return replace(self, agrees=None if self.allowed is None else self.allowed is allowed)


async def planned(
    acting: Impersonation, rules: Rules, attempt: Attempt, key: Mapping[str, str]
) -> ConsoleError | None:
    """Has the server plan the statement as the persona.

    Returns:
        Its refusal, or None.
    """
    statement = sql.SQL("explain (costs off) {}").format(_statement(rules, attempt, key))
    found = await acting.attempt(statement)
    return None if isinstance(found, TextTable) else found


def _statement(rules: Rules, attempt: Attempt, key: Mapping[str, str]) -> sql.Composable:
    """The statement that is asked about; values do not matter for its plan."""
    columns = [sql.Identifier(name) for name in attempt.columns]
    default = sql.SQL("default")
    where: sql.Composable = sql.SQL("")
    if attempt.reads and key:
        where = sql.SQL(" where {}").format(parse_key(rules, key))
    back: sql.Composable = sql.SQL("")
    if attempt.returning and rules.readable():
        names = [sql.Identifier(rules.name, field.name) for field in rules.readable()]
        back = sql.SQL(" returning {}").format(sql.SQL(", ").join(names))
    match attempt.command:
        case Command.SELECT:
            return sql.SQL("select 1 from {}").format(rules.table)
        case Command.DELETE:
            return sql.SQL("delete from {}{}{}").format(rules.table, where, back)
        case Command.UPDATE:
            changed = columns or [sql.Identifier(_any_column(rules))]
            set_ = sql.SQL(", ").join(sql.SQL("{} = default").format(name) for name in changed)
            return sql.SQL("update {} set {}{}{}").format(rules.table, set_, where, back)
        case Command.INSERT if columns:
            return sql.SQL("insert into {} ({}) values ({}){}").format(
                rules.table, sql.SQL(", ").join(columns), _times(default, columns), back
            )
        case Command.INSERT:
            return sql.SQL("insert into {} default values{}").format(rules.table, back)


def _times(what: sql.Composable, columns: list[sql.Identifier]) -> sql.Composable:
    return sql.SQL(", ").join([what] * len(columns))


def _any_column(rules: Rules) -> str:
    plain = [field for field in rules.fields if not field.generated] or list(rules.fields)
    return next((field.name for field in plain if field.update), plain[0].name)


async def truth(
    transaction: Transaction,
    acting: Impersonation,
    rules: Rules,
    attempt: Attempt,
    key: Mapping[str, str],
    rows: Mapping[str, str],
    plan: ConsoleError | None,
) -> Truth:
    """Asks the server.

    Args:
        transaction: The login's.
        acting: The persona's, in the same snapshot.
        rules: The table's.
        attempt: What is tried.
        key: Which row.
        rows: Text of the `old` and the `new` row.
        plan: What the server said when it planned the statement.
    """
    if attempt.command is Command.SELECT:
        return await _read(transaction, acting, rules, key, rows["old"])
    how = "planned and evaluated"
    if plan is not None:
        return Truth(False, how, error=plan.message)
    if missing_privilege(rules, attempt, key) or not rules.binding:
        return Truth(not missing_privilege(rules, attempt, key), how)
    unknown: Value | None = None
    for stage in stages(attempt):
        if unknown is not None and not stage.filters:
            break
        (value,) = await evaluate(acting, rules, rows[stage.row], [combined(rules, stage)])
        if value.unknown:
            unknown = value
        elif not value.holds and (unknown is None or value.state != "error"):
            # What filters stored rows is one condition: a part that is false decides it,
            # whatever another would have come to.
            return Truth(False, how, error=value.error)
    return Truth(None, how, error=unknown.error) if unknown is not None else Truth(True, how)


async def _read(
    transaction: Transaction,
    acting: Impersonation,
    rules: Rules,
    key: Mapping[str, str],
    row: str,
) -> Truth:
    """Reads the row as the persona: by its key, or by whatever columns it may read."""
    by_key = all(rules.field(name).select for name in key)
    condition = parse_key(rules, key)
    if not by_key:
        readable = {field.name for field in rules.readable()}
        values = await columns_of(transaction, rules, row)
        condition = matching(rules, {n: v for n, v in values.items() if n in readable})
    query = sql.SQL("select pg_catalog.count(*) from {} as {} where {}").format(
        rules.table, rules.alias, condition
    )
    found = await acting.attempt(query)
    if not isinstance(found, TextTable):
        # Without the key other rows are read as well, and any of them may have raised it.
        alone = by_key or found.sqlstate == "42501"
        return Truth(False if alone else None, "read", error=found.message)
    mine = int(found.rows[0][0] or 0)
    if not by_key and mine:
        all_ = int((await transaction.texts(query)).rows[0][0] or 0)
        if mine != all_:
            return Truth(None, "read", error="other rows read the same, so it can't be told apart")
    return Truth(mine > 0, "read")
