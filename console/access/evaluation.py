"""Expressions of policies, evaluated by the server as the persona over one row as it is.

The row travels as text of its own row type and comes back through `unnest` under the
table's bare name. So an expression finds the names it was deparsed with, no column privilege
is asked for (none is for a policy), and nothing is read from or locked in the table.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

from psycopg import sql

from console.access.impersonation import Impersonation
from console.access.rules import Rules, raw
from console.connection.session import TextTable
from console.errors import ConsoleError

State = Literal["true", "false", "null", "error"]
_STATES: dict[str | None, State] = {"t": "true", "f": "false", None: "null"}


@dataclass(frozen=True, slots=True)
class Value:
    """What an expression came to.

    Attributes:
        state: `true`, `false`, `null` or `error`.
        error: The server's words, where it raised.
        sqlstate: And its code.
    """

    state: State
    error: str = ""
    sqlstate: str = ""

    @property
    def holds(self) -> bool:
        """Whether it lets a row through; NULL does not."""
        return self.state == "true"


def over(rules: Rules, row: str) -> sql.Composable:
    """Returns a FROM clause that holds exactly the given row, as the table would."""
    return sql.SQL(" from pg_catalog.unnest(array[{}::{}]) as {}").format(
        sql.Literal(row), rules.table, rules.alias
    )


async def evaluate(
    acting: Impersonation, rules: Rules, row: str, expressions: Sequence[str]
) -> list[Value]:
    """Evaluates conditions over a row; one that raises spoils no other.

    Args:
        acting: As whom.
        rules: The table's.
        row: Text of the table's row type.
        expressions: As the server deparses them.

    Raises:
        ContainmentBroken: One left the role or the transaction.
    """
    if not expressions:
        return []
    conditions = [sql.SQL("({})::boolean").format(raw(e)) for e in expressions]
    return [_value(found) for found in await _each(acting, rules, row, conditions)]


async def values_as_text(
    acting: Impersonation, rules: Rules, row: str, expressions: Sequence[str]
) -> list[str | ConsoleError | None]:
    """Evaluates expressions of any type over a row, as the server's text."""
    if not expressions:
        return []
    return await _each(
        acting, rules, row, [sql.SQL("({})::text").format(raw(e)) for e in expressions]
    )


async def _each(
    acting: Impersonation, rules: Rules, row: str, columns: Sequence[sql.Composable]
) -> list[str | ConsoleError | None]:
    source = over(rules, row)
    together = await acting.attempt(sql.SQL("select ") + sql.SQL(", ").join(columns) + source)
    if isinstance(together, TextTable):
        return list(together.rows[0])
    if len(columns) == 1:
        return [together]
    found: list[str | ConsoleError | None] = []
    for column in columns:
        found += await _each(acting, rules, row, [column])
    return found


def _value(found: str | ConsoleError | None) -> Value:
    if isinstance(found, ConsoleError):
        words = found.message if found.sqlstate != "57014" else "it ran longer than allowed"
        return Value("error", words, found.sqlstate or "")
    return Value(_STATES[found])
