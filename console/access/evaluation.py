"""Expressions of policies, evaluated by the server as the persona over one row as it is.

The row travels as text of its own row type and comes back through `unnest` under the
table's bare name. So an expression finds the names it was deparsed with, no column privilege
is asked for (none is for a policy), and nothing is read from or locked in the table.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Literal

from psycopg import sql

from console.access.doubt import Doubt, Reason, unanswered
from console.access.entrance import STATEMENT_TIMEOUT
from console.access.expression import Node, columns_named, split
from console.access.impersonation import Impersonation
from console.access.rules import Rules, enclosed
from console.connection.session import TextTable
from console.errors import ConsoleError, UsageError
from console.tokens import names, scan

State = Literal["true", "false", "null", "error"]
_STATES: dict[str | None, State] = {"t": "true", "f": "false", None: "null"}


_SYSTEM = frozenset({"ctid", "tableoid", "xmin", "xmax", "cmin", "cmax"})


_API_LOGIN = "authenticator"
_LOGIN_NAMES = frozenset({"session_user", "system_user"})


@dataclass(frozen=True, slots=True)
class Value:
    """What an expression came to.

    Attributes:
        state: `true`, `false`, `null` or `error`.
        error: The server's words, where it raised.
        sqlstate: And its code.
        doubt: Why it can't be told what it would come to, where that is so.
    """

    state: State
    error: str = ""
    sqlstate: str = ""
    doubt: Doubt | None = None

    @property
    def unknown(self) -> bool:
        """Whether it can't be told from here, which is no error of the policy's own."""
        return self.doubt is not None

    @property
    def holds(self) -> bool:
        """Whether it lets a row through; NULL does not."""
        return self.state == "true"


def over(rules: Rules, *rows: str, alias: str | None = None) -> sql.Composable:
    """Returns a FROM clause that holds exactly the given rows, as the table would.

    Args:
        rules: The table's.
        rows: Texts of its row type; none for the parameter of a prepared statement.
        alias: What expressions call the row; None for the table's bare name.
    """
    values: list[sql.Composable] = [sql.Literal(row) for row in rows]
    elements = sql.SQL(", ").join(
        sql.SQL("{}::{}").format(value, rules.table) for value in values or [sql.SQL("$1")]
    )
    called = rules.alias if alias is None else sql.Identifier(alias)
    return sql.SQL(" from pg_catalog.unnest(array[{}]) as {}").format(elements, called)


Unsure = Mapping[str, Doubt]
"""Columns of a row whose value is not the one it will have, and why."""


async def evaluate(
    acting: Impersonation,
    rules: Rules,
    row: str,
    expressions: Sequence[str],
    unsure: Unsure | None = None,
    *,
    alias: str | None = None,
) -> list[Value]:
    """Evaluates conditions over a row; one that raises spoils no other.

    Args:
        acting: As whom.
        rules: The table's.
        row: Text of the table's row type.
        expressions: As the server deparses them, or as the body of a function has them.
        unsure: Columns of the row whose value is not known.
        alias: What they call the row; None for the table's bare name.

    Raises:
        ContainmentBroken: One left the role or the transaction.
    """
    unsure = unsure or {}
    known: dict[str, Value] = {}
    wanted = []
    for expression in dict.fromkeys(expressions):
        doubt = _of_login(acting, expression) or _doubted(rules, expression, unsure)
        if doubt is None:
            wanted.append(expression)
        else:
            known[expression] = Value("error", doubt.words, doubt=doubt)
    found = await _each(acting, rules, row, wanted, sql.SQL("boolean"), alias)
    for expression, text in zip(wanted, found, strict=True):
        known[expression] = _value(expression, text)

    async def settled(node: Node, value: Value) -> Value:
        """Of what is not known as a whole, some part may be known, and decide."""
        if not (value.unknown and node.parts):
            return value
        new = list(dict.fromkeys(p.text for p in node.parts if p.text not in known))
        found = await evaluate(acting, rules, row, new, unsure, alias=alias)
        known.update(zip(new, found, strict=True))
        for part in node.parts:
            if part.text not in new:  # those are settled
                known[part.text] = await settled(part, known[part.text])
        return joined(node.kind, [known[part.text] for part in node.parts])

    return [await settled(split(e), known[e]) for e in expressions]


def _of_login(acting: Impersonation, expression: str) -> Doubt | None:
    """Says that a condition asks who logged in, which is another one for the API."""
    if acting.login == _API_LOGIN:
        return None
    if not {token.word for token in scan(expression)} & _LOGIN_NAMES:
        return None
    return Doubt(
        Reason.SESSION_USER,
        f"it asks for session_user, which is {acting.login} here and not the API's {_API_LOGIN}",
        raises=False,
    )


def _doubted(rules: Rules, expression: str, unsure: Unsure) -> Doubt | None:
    if not unsure:
        return None
    named = columns_named(scan(expression), rules.name, unsure)
    return next((unsure[name] for name in unsure if name in named), None)


def joined(kind: str, parts: Sequence[Value]) -> Value:
    """Joins values by AND, OR or NOT, from the left, as the server does."""
    if kind == "not":
        (part,) = parts
        return {"true": Value("false"), "false": Value("true")}.get(part.state, part)
    ending: State = "true" if kind == "or" else "false"
    open_: Value | None = None
    for part in parts:
        if part.state == ending:
            return part
        if part.state == "error" and not part.unknown and not (open_ and open_.unknown):
            return part
        if open_ is None or part.unknown:
            open_ = part if part.unknown or part.state == "null" else open_
    return open_ or Value("false" if kind == "or" else "true")


async def values_as_text(
    acting: Impersonation, rules: Rules, row: str, expressions: Sequence[str]
) -> list[str | ConsoleError | None]:
    """Evaluates expressions of any type over a row, as the server's text."""
    return await _each(acting, rules, row, expressions, sql.SQL("text"))


async def asked(
    acting: Impersonation,
    rules: Rules,
    row: str,
    columns: sql.Composable,
    alias: str | None = None,
) -> TextTable | ConsoleError:
    """Selects over a row as a policy would: no schema's USAGE keeps it from its functions."""
    select = sql.SQL("select ") + columns
    found = await acting.attempt(select + over(rules, row, alias=alias))
    if isinstance(found, TextTable) or not _for_schema(found):
        return found
    return await acting.looked_up(select + over(rules, alias=alias), row) or found


def _for_schema(failure: ConsoleError) -> bool:
    """Tells a missing USAGE from a missing EXECUTE or SELECT, which have the same code."""
    return failure.sqlstate == "42501" and "schema" in failure.message


async def _each(
    acting: Impersonation,
    rules: Rules,
    row: str,
    expressions: Sequence[str],
    type_: sql.Composable,
    alias: str | None = None,
) -> list[str | ConsoleError | None]:
    """Evaluates all in one go, and each by itself where that fails."""
    found: dict[int, str | ConsoleError | None] = {}
    columns: dict[int, sql.Composable] = {}
    for place, expression in enumerate(expressions):
        try:
            columns[place] = sql.SQL("{}::{}").format(enclosed(expression), type_)
        except UsageError as error:
            found[place] = error
    if columns:
        all_ = sql.SQL(", ").join(columns.values())
        together = await asked(acting, rules, row, all_, alias)
        if isinstance(together, TextTable):
            found |= zip(columns, together.rows[0], strict=True)
        elif len(columns) == 1:
            found |= dict.fromkeys(columns, together)
        else:
            for place, column in columns.items():
                alone = await asked(acting, rules, row, column, alias)
                found[place] = alone.rows[0][0] if isinstance(alone, TextTable) else alone
    return [found[place] for place in range(len(expressions))]


def _value(expression: str, found: str | ConsoleError | None) -> Value:
    if not isinstance(found, ConsoleError):
        return Value(_STATES[found])
    if isinstance(found, UsageError):
        return Value("error", found.message, doubt=Doubt(Reason.UNREADABLE, found.message))
    state, words = found.sqlstate or "", found.message
    doubt = unanswered(found, STATEMENT_TIMEOUT)
    if state in ("42703", "42P01") and names(scan(expression)) & _SYSTEM:
        words = "a system column can't be evaluated here"
        doubt = Doubt(Reason.SYSTEM_COLUMN, words, raises=False)
    elif _for_schema(found):
        doubt = Doubt(Reason.PRIVILEGE, words)
    return Value("error", doubt.words if doubt else words, state, doubt)
