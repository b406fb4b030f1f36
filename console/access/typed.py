"""Expressions that somebody typed: what they may hold before any of it reaches the server."""

from __future__ import annotations

from collections.abc import Collection

from console.access.expression import check_expression
from console.connection.session import Transaction, query_text
from console.errors import Refused
from console.tokens import behind_dots, called, names


async def check_typed(transaction: Transaction, text: str, columns: Collection[str]) -> None:
    """Confirms that a text is one expression, and calls nothing that could act.

    A volatile function may do anything: take another role, end a session, write a file, hold
    a lock. Those of the database's own that a policy calls already are let through, since
    they run for every request anyway.

    Args:
        transaction: The login's, to look functions up.
        text: The expression.
        columns: The table's, which may have the name of something else.

    Raises:
        UsageError: It is no single expression.
        Refused: It calls or reads what could act.
    """
    tokens = check_expression(text)
    calls = sorted(called(tokens), key=str)
    parameters = {
        "schemas": [schema or None for schema, _ in calls],
        "functions": [name for _, name in calls],
        "dotted": sorted(behind_dots(tokens) - set(columns)),
        "operators": sorted({token.text for token in tokens if token.kind == "operator"}),
        "names": sorted(names(tokens) - set(columns)),
    }
    found = await transaction.texts(query_text("console.access", "harmful"), parameters)
    for kind, name, _ in found.rows:
        if kind == "view":
            raise Refused(
                f"the expression reads the view {name}, which may call anything",
                hint="name the tables themselves",
            )
        raise Refused(
            f"the expression calls {name}, which could do more than answer",
            hint="a policy's expression calls only stable and immutable functions",
        )
