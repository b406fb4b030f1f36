"""Expressions that somebody typed: what they may hold before any of it reaches the server."""

from __future__ import annotations

from console.access.expression import check_expression, relations
from console.access.rules import Rules
from console.access.triggers import HARMLESS
from console.connection.session import Transaction, query_text
from console.errors import Refused
from console.tokens import Token, behind_dots, called, names

_OF_WORDS = frozenset({"=", "<>", "<", "<=", ">", ">=", "~", "~~", "~~*", "!~~", "!~~*", "+", "-"})
"""Operators that words such as IN, LIKE, BETWEEN and ORDER BY stand for, and signs of numbers."""


async def check_typed(transaction: Transaction, rules: Rules, text: str) -> None:
    """Confirms that a text is one expression, and reaches nothing that could act.

    A function may do anything, whatever it is declared as: take another role, end a session,
    hold a lock. So it has to be the server's own and none of those that act, or one that runs
    for requests anyway because a policy or the domain of a column calls it. That goes for what
    stands behind operators, aggregates, casts and domains too.

    Args:
        transaction: The login's, to look functions up.
        rules: The table's.
        text: The expression.

    Raises:
        UsageError: It is no single expression.
        Refused: It calls or reads what could act.
    """
    tokens = check_expression(text)
    calls = sorted(called(tokens), key=str)
    parameters = {
        "schemas": [schema or None for schema, _ in calls],
        "functions": [name for _, name in calls],
        "dotted": sorted(behind_dots(tokens)),
        "operators": sorted(_OF_WORDS.union(*map(_operators, tokens))),
        "names": sorted({rules.name, *names(tokens)}),
        "relations": sorted(relations(tokens)),
        "harmless": sorted(HARMLESS),
    }
    found = await transaction.texts(query_text("console.access", "harmful"), parameters)
    for kind, name, through, builtin in found.rows:
        if kind == "view":
            raise Refused(
                f"the expression reads the view {name}, which may call anything",
                hint="name the tables themselves",
            )
        calls_it = f"may call {name} through {through}" if through else f"calls {name}"
        if builtin == "true":
            raise Refused(
                f"the expression {calls_it}, which could do more than answer",
                hint="a policy's expression only looks at rows, claims and settings",
            )
        raise Refused(
            f"the expression {calls_it}, which no policy calls yet: it could do more than answer",
            hint="what-if calls the server's own functions and those that policies call already",
        )


def _operators(token: Token) -> set[str]:
    """Returns the operators that a run of signs may be: the server takes signs off its end."""
    if token.kind != "operator":
        return set()
    return {token.text[:end] for end in range(1, len(token.text) + 1)}
