"""The values a column may hold, where its type or a check lists them."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from console.catalog.reading import query, read
from console.catalog.relations import Relation

if TYPE_CHECKING:
    from console.connection.session import Session

_TEXT = r"E?'(?:[^']|'')*'"
# As the server writes `x in (…)`, with casts where types differ, and the short forms of an
# array or a single value.
_CAST = r"(?:::[\w\". ]+(?:\(\d+(?:,\d+)?\))?(?:\[\])?)*"
_VALUE = rf"{_TEXT}|-?\d+(?:\.\d+)?"
_LIST = re.compile(rf"= ANY \(+ARRAY\[((?:\(?(?:{_VALUE})\)?{_CAST}(?:, )?)+)\]")
_ARRAY = re.compile(rf"= ANY \(+({_TEXT})::")
_SINGLE = re.compile(rf"\(?[\w\".]+\)?{_CAST} = \(?({_TEXT})")
_ELEMENT = re.compile(r'"((?:[^"\\]|\\.)*)"|([^",{}]+)')


async def list_enumerated(session: Session, relation: Relation) -> dict[str, tuple[str, ...]]:
    """Lists the values of those columns that may hold only certain ones.

    Returns:
        Column names with their values: in the type's order, or that of the check.

    Raises:
        ConsoleError: The connection is gone or the server refused.
    """
    wanted = query("console.catalog", "enumerated", schema=relation.schema, name=relation.name)
    (table,) = await read(session, wanted)
    found: dict[str, dict[str, None]] = {}
    for column, kind, text, _ in table.rows:
        values = [text or ""] if kind == "label" else checked_values(text or "")
        if values:
            found.setdefault(column or "", {}).update(dict.fromkeys(values))
    return {column: tuple(values) for column, values in found.items()}


def checked_values(definition: str) -> list[str]:
    """Reads the values that a check's definition lists, as the server writes it.

    A check that says more than that, joined by AND, still lists the only values there can be;
    one with an OR around the list does not, unless the other branch is NULL.
    """
    branches = re.split(r"\) OR \(| OR ", definition)
    found: list[str] = []
    for branch in branches:
        if re.search(r" IS NULL\)*(?: NOT VALID)?$", branch):
            continue
        if match := _LIST.search(branch):
            found += [_text(one) for one in re.findall(rf"({_VALUE}){_CAST}", match.group(1))]
        elif match := _ARRAY.search(branch):
            found += [
                bare or re.sub(r"\\(.)", r"\1", quoted)
                for quoted, bare in _ELEMENT.findall(_text(match.group(1)))
            ]
        elif match := _SINGLE.search(branch):
            found.append(_text(match.group(1)))
        else:
            return []
    return found


def _text(literal: str) -> str:
    if literal.startswith("E"):
        return literal[2:-1].replace("''", "'").replace("\\\\", "\\")
    return literal[1:-1].replace("''", "'") if literal.startswith("'") else literal
