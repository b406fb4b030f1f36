"""A first draft of a row to try, for whoever does not know a table's columns by heart."""

from __future__ import annotations

from typing import Any

from console.access.persona import Persona
from console.access.rules import Field, Rules, looking, read_rules
from console.catalog.relations import Relation
from console.connection.session import Session

_EXAMPLES: dict[str, Any] = {"B": False, "N": 0, "S": ""}
"""By the server's letter for kinds of types."""


async def draft_row(login: Session, persona: Persona, relation: Relation) -> dict[str, Any]:
    """Returns the columns an INSERT has to give, with something in each to begin with.

    What points to the users holds the persona's id, for most rows are somebody's own.

    Raises:
        NotFound: The table is gone.
        ConsoleError: The connection is gone or the server refused.
    """
    async with looking(login) as transaction:
        rules = await read_rules(transaction, relation.schema, relation.name, persona.role)
    return {
        field.name: _value(rules, field, persona)
        for field in rules.fields
        if _is_owner(rules, field) or (field.not_null and not _comes_by_itself(field))
    }


def _comes_by_itself(field: Field) -> bool:
    return bool(field.default or field.generated or field.identity)


def _is_owner(rules: Rules, field: Field) -> bool:
    """Tells whether a column points to the users."""
    return any(key.columns == (field.name,) and key.table == "users" for key in rules.foreign_keys)


def _value(rules: Rules, field: Field, persona: Persona) -> Any:
    if _is_owner(rules, field) or field.name in ("userId", "user_id"):
        return persona.user_id
    return {} if field.type in ("json", "jsonb") else _EXAMPLES.get(field.category)
