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

from console.access.expression import split
from console.access.impersonation import Impersonation
from console.access.rules import Rules, raw
from console.connection.session import TextTable
from console.errors import ConsoleError
from console.tokens import names, scan

State = Literal["true", "false", "null", "error"]
_STATES: dict[str | None, State] = {"t": "true", "f": "false", None: "null"}


_SYSTEM = frozenset({"ctid", "tableoid", "xmin", "xmax", "cmin", "cmax"})


@dataclass(frozen=True, slots=True)
class Value:
    """What an expression came to.

    Attributes:
        state: `true`, `false`, `null` or `error`.
        error: The server's words, where it raised.
        sqlstate: And its code.
        unknown: Whether it raised only because it is asked from outside of the table.
    """

    state: State
    error: str = ""
    sqlstate: str = ""
    unknown: bool = False

    @property
    def holds(self) -> bool:
        """Whether it lets a row through; NULL does not."""
        return self.state == "true"


def over(rules: Rules, *rows: str) -> sql.Composable:
    """Returns a FROM clause that holds exactly the given rows, as the table would.

    Args:
        rules: The table's.
        rows: Texts of its row type; none for the parameter of a prepared statement.
    """
    values: list[sql.Composable] = [sql.Literal(row) for row in rows]
    elements = sql.SQL(", ").join(
        sql.SQL("{}::{}").format(value, rules.table) for value in values or [sql.SQL("$1")]
    )
    return sql.SQL(" from pg_catalog.unnest(array[{}]) as {}").format(elements, rules.alias)


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
    conditions = [sql.SQL("({})::boolean").format(raw(e)) for e in expressions]
    found = await _each(acting, rules, row, conditions)
    values = []
    for expression, text in zip(expressions, found, strict=True):
        value, node = _value(expression, text), split(expression)
        if value.unknown and node.parts:  # some part of it may be known, and decide
            parts = await evaluate(acting, rules, row, [part.text for part in node.parts])
            value = joined(node.kind, parts)
        values.append(value)
    return values


def joined(kind: str, parts: Sequence[Value]) -> Value:
    """Joins values by AND, OR or NOT, from the left, as the server does."""
    if kind == "not":
        (part,) = parts
        return {"true": Value("false"), "false": Value("true")}.get(part.state, part)
    ending: State = "true" if kind == "or" else "false"
    open_: Value | None = None
    for part in parts:
        if part.state == ending or (part.state == "error" and not part.unknown):
            return part
        if open_ is None or part.unknown:
            open_ = part if part.unknown or part.state == "null" else open_
    return open_ or Value("false" if kind == "or" else "true")


async def values_as_text(
    acting: Impersonation, rules: Rules, row: str, expressions: Sequence[str]
) -> list[str | ConsoleError | None]:
    """Evaluates expressions of any type over a row, as the server's text."""
    texts = [sql.SQL("({})::text").format(raw(e)) for e in expressions]
    return await _each(acting, rules, row, texts)


async def asked(
    acting: Impersonation, rules: Rules, row: str, columns: sql.Composable
) -> TextTable | ConsoleError:
    """Selects over a row as a policy would: no schema's USAGE keeps it from its functions."""
    select = sql.SQL("select ") + columns
    found = await acting.attempt(select + over(rules, row))
    if isinstance(found, TextTable) or not _for_schema(found):
        return found
    return await acting.looked_up(select + over(rules), row)


def _for_schema(failure: ConsoleError) -> bool:
    """Tells a missing USAGE from a missing EXECUTE or SELECT, which have the same code."""
    return failure.sqlstate == "42501" and "schema" in failure.message


async def _each(
    acting: Impersonation, rules: Rules, row: str, columns: Sequence[sql.Composable]
) -> list[str | ConsoleError | None]:
    if not columns:
        return []
    together = await asked(acting, rules, row, sql.SQL(", ").join(columns))
    if isinstance(together, TextTable):
        return list(together.rows[0])
    if len(columns) == 1:
        return [together]
    found: list[str | ConsoleError | None] = []
    for column in columns:
        found += await _each(acting, rules, row, [column])
    return found


def _value(expression: str, found: str | ConsoleError | None) -> Value:
    if not isinstance(found, ConsoleError):
        return Value(_STATES[found])
    state, words = found.sqlstate or "", found.message
    if state in ("42703", "42P01") and names(scan(expression)) & _SYSTEM:
        return Value("error", "a system column can't be evaluated here", state, unknown=True)
    if _for_schema(found):
        return Value("error", words, state, unknown=True)
    return Value("error", words if state != "57014" else "it ran longer than allowed", state)
