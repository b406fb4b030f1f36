"""Parts of policies that lack a privilege, in a statement that the server has planned."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

from psycopg import sql

from console.access.doubt import Doubt, Reason
from console.access.evaluation import Value, over
from console.access.expression import split
from console.access.impersonation import Impersonation
from console.access.rules import Rules, enclosed
from console.connection.session import TextTable


def open_(value: Value) -> Value:
    """Leaves open what lacks a privilege: it was folded away, or a function lacks it as it runs."""
    missing = value.state == "error" and value.sqlstate in ("42501", "42P17")
    if not missing or value.unknown:
        return value
    return replace(value, doubt=Doubt(Reason.PRIVILEGE, value.error))


async def settled(
    acting: Impersonation, rules: Rules, row: str, values: Mapping[str, Value]
) -> dict[str, Value]:
    """Finds out which parts were folded away, and so can't break the statement.

    Alone, such a part is not even planned, for the privilege is asked for first; and yet the
    whole statement was.

    Args:
        acting: As whom.
        rules: The table's.
        row: Text of the table's row type.
        values: What each part came to over it.
    """
    found = dict(values)
    for text, value in values.items():
        if open_(value) is value or split(text).parts:
            continue
        alone = sql.SQL("explain select ") + enclosed(text) + over(rules, row)
        if not isinstance(await acting.attempt(alone), TextTable):
            doubt = Doubt(Reason.PRIVILEGE, value.error, raises=False)
            found[text] = replace(value, doubt=doubt)
    return found
