"""What the server itself says, beside what was worked out from the policies.

A row that is read is simply asked for as the persona. A write can't be tried in a
transaction that must not write; so the server plans the very statement as the persona, which
checks every privilege and sets up every policy, and then evaluates over the row, in one go,
the condition it would have made of the policies. Where that does not decide, or the server
gives no answer, nothing is said in its name.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace

from psycopg import sql

from console.access.before import Before
from console.access.doubt import Doubt, Reason, unanswered
from console.access.entrance import STATEMENT_TIMEOUT
from console.access.evaluation import Unsure, evaluate
from console.access.impersonation import Impersonation
from console.access.row import matching
from console.access.rules import Command, Rules, parse_key
from console.access.verdict import Attempt, combined, stages
from console.connection.session import TextTable, Transaction
from console.errors import ConsoleError


@dataclass(frozen=True, slots=True)
class Truth:
    """The server's own answer.

    Attributes:
        allowed: None where it could not be asked.
        how: How it was asked: `read`, `planned`, or `planned and evaluated`.
        agrees: Whether that is what was worked out; None where either can't be told.
        error: The server's words, where it raised; or why it gave no answer.
        doubt: Why it gave none, where that is known.
    """

    allowed: bool | None
    how: str
    agrees: bool | None = None
    error: str = ""
    doubt: Doubt | None = None

    def compared(self, allowed: bool | None) -> Truth:
        """Sets `agrees`."""
        told = self.allowed is not None and allowed is not None
        return replace(self, agrees=self.allowed is allowed if told else None)


def untold(how: str, doubt: Doubt) -> Truth:
    """Says that the server gave no answer, and why."""
    return Truth(None, how, error=doubt.words, doubt=doubt)


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
    given = [_given(rules, name) for name in attempt.columns]
    where: sql.Composable = sql.SQL("")
    if attempt.reads and key:
        where = sql.SQL(" where {}").format(parse_key(rules, key))
    back: sql.Composable = sql.SQL("")
    if attempt.returning:
        names = [sql.Identifier(rules.name, field.name) for field in rules.readable()]
        back = sql.SQL(" returning {}").format(sql.SQL(", ").join(names) if names else sql.SQL("*"))
    match attempt.command:
        case Command.SELECT:
            return sql.SQL("select 1 from {}").format(rules.table)
        case Command.DELETE:
            return sql.SQL("delete from {}{}{}").format(rules.table, where, back)
        case Command.UPDATE:
            changed = columns or [sql.Identifier(_any_column(rules))]
            pairs = zip(changed, given or [_DEFAULT], strict=True)
            set_ = sql.SQL(", ").join(sql.SQL("{} = {}").format(*pair) for pair in pairs)
            return sql.SQL("update {} set {}{}{}").format(rules.table, set_, where, back)
        case Command.INSERT if columns:
            return sql.SQL("insert into {} ({}) values ({}){}").format(
                rules.table, sql.SQL(", ").join(columns), sql.SQL(", ").join(given), back
            )
        case Command.INSERT:
            return sql.SQL("insert into {} default values{}").format(rules.table, back)


_DEFAULT = sql.SQL("default")


def _given(rules: Rules, name: str) -> sql.Composable:
    """What stands for a value: only a number that must not be given is told from a default."""
    return sql.SQL("null") if rules.field(name).identity == "a" else _DEFAULT


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
    refusal: ConsoleError | None,
    before: Before,
    unsure: Unsure,
) -> Truth:
    """Asks the server.

    Args:
        transaction: The login's.
        acting: The persona's, in the same snapshot.
        rules: The table's.
        attempt: What is tried.
        key: Which row.
        rows: Text of the `old` and the `new` row.
        refusal: What the server said when it planned the statement or asked a default.
        before: What comes before the policies.
        unsure: Columns of the new row whose value is not known.
    """
    if attempt.command is Command.SELECT:
        return await _read(transaction, acting, rules, key, rows["old"])
    if refusal is not None:
        doubt = unanswered(refusal, STATEMENT_TIMEOUT)
        if doubt is not None:
            return untold("planned", doubt)
        return Truth(False, "planned", error=refusal.message)
    if before.elsewhere is not None:
        return untold("planned", before.elsewhere)
    if not rules.binding:
        return untold("planned", before.opaque) if before.opaque else Truth(True, "planned")
    return await _evaluated(acting, rules, attempt, rows, before, unsure)


async def _evaluated(
    acting: Impersonation,
    rules: Rules,
    attempt: Attempt,
    rows: Mapping[str, str],
    before: Before,
    unsure: Unsure,
) -> Truth:
    """Has the server evaluate what it makes of the policies, round by round."""
    how = "planned and evaluated"
    open_: Doubt | None = None
    filtered = True  # as far as the conditions on the stored row can be told
    for stage in stages(attempt):
        if not stage.filters and (before.opaque or not filtered):
            break
        mine = unsure if stage.row == "new" else {}
        (value,) = await evaluate(acting, rules, rows[stage.row], [combined(rules, stage)], mine)
        if value.doubt is not None:
            open_ = open_ or value.doubt
            filtered = filtered and not stage.filters
        elif not value.holds and (open_ is None or not stage.filters or value.state != "error"):
            # What filters stored rows is one condition: a part that is false decides it,
            # whatever another would have come to.
            return Truth(False, how, error=value.error or ("" if stage.filters else VIOLATION))
    if open_ is not None:
        return untold(how, open_)
    return untold(how, before.opaque) if before.opaque else Truth(True, how)


VIOLATION = "new row violates row-level security policy"
"""What the server says where a CHECK does not hold."""


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
        condition = matching(rules, row, {field.name for field in rules.readable()})
    query = sql.SQL("select pg_catalog.count(*) from {} as {} where {}").format(
        rules.table, rules.alias, condition
    )
    found = await acting.attempt(query)
    if not isinstance(found, TextTable):
        doubt = unanswered(found, STATEMENT_TIMEOUT)
        if doubt is not None:
            return untold("read", doubt)
        # Without the key other rows are read as well, and any of them may have raised it.
        if by_key or found.sqlstate == "42501":
            return Truth(False, "read", error=found.message)
        return untold("read", Doubt(Reason.ALIKE, f"a row that reads the same: {found.message}"))
    mine = int(found.rows[0][0] or 0)
    if not by_key and mine:
        all_ = int((await transaction.texts(query)).rows[0][0] or 0)
        if mine != all_:
            words = "other rows read the same, so it can't be told apart"
            return untold("read", Doubt(Reason.ALIKE, words))
    return Truth(mine > 0, "read")
