"""What may come next in a filter: columns, operators, and values where they are listed."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from console.browse.filter import find_column
from console.catalog.relations import Column, folded

_OPERATORS = ("=", "!=", "<", "<=", ">", ">=", "~", ":null", ":notnull", ":in(")
_TERM = re.compile(
    r"""(?P<name>"(?:[^"]|"")*"?|[^\s"'=!<>~:(),]*)"""
    r"""(?P<operator>!=|<=|>=|[=<>~]|:in\((?:[^)]*,\s*)?|:\w*|!)?(?P<value>.*)""",
    re.DOTALL | re.IGNORECASE,
)
_PLAIN_NAME = re.compile(r"[a-z_][a-z0-9_$]*")
_PLAIN_VALUE = re.compile(r"[^\s\"',()]+")
_WORD = re.compile(r""""(?:[^"]|"")*"?|'(?:[^']|'')*'?|\([^)]*\)?|\s+|.""", re.DOTALL)


@dataclass(frozen=True, slots=True)
class Completion:
    """What may stand in the place of a part of the text.

    Attributes:
        start: Where that part begins, in characters from 0.
        end: Where it ends.
        choices: What may stand there, the likeliest first.
    """

    start: int
    end: int
    choices: tuple[str, ...]


def complete(
    text: str,
    cursor: int,
    columns: Sequence[Column],
    values: Mapping[str, Sequence[str]],
) -> Completion:
    """Finds what may come next at the cursor.

    Args:
        text: The filter so far.
        cursor: Where the cursor is, in characters from 0.
        columns: The relation's columns.
        values: Columns that hold only certain values, with these.
    """
    start = _term_start(text[:cursor])
    term = _TERM.fullmatch(text[start:cursor])
    if term is None:
        return Completion(cursor, cursor, ())
    name, operator, value = term["name"], term["operator"] or "", term["value"]
    if not operator:
        choices = _names(name, columns)
        exact = find_column(columns, _bare(name)) if name else None
        if exact is not None and choices == (written_name(exact.name),):
            return Completion(cursor, cursor, _OPERATORS)
        return Completion(start, cursor, choices)
    if not value and (operator == "!" or (operator.startswith(":") and "(" not in operator)):
        begin = start + term.start("operator")
        fitting = tuple(sign for sign in _OPERATORS if sign.startswith(operator.lower()))
        return Completion(begin, cursor, fitting)
    column = find_column(columns, _bare(name), quoted=name.startswith('"'))
    known = values.get(column.name, ()) if column else ()
    typed = value.lstrip("'\"")
    choices = tuple(written_value(one) for one in known if one.lower().startswith(typed.lower()))
    return Completion(start + term.start("value"), cursor, choices)


def written_name(name: str) -> str:
    """Writes a column's name as a filter takes it, in quotes only where it needs them."""
    return name if _PLAIN_NAME.fullmatch(name) else '"' + name.replace('"', '""') + '"'


def written_value(value: str) -> str:
    """Writes a value as a filter takes it, in quotes only where it needs them."""
    return value if _PLAIN_VALUE.fullmatch(value) else "'" + value.replace("'", "''") + "'"


def _term_start(text: str) -> int:
    start = position = 0
    for word in _WORD.findall(text):
        position += len(word)
        if word.isspace():
            start = position
    return start


def _bare(name: str) -> str:
    if not name.startswith('"'):
        return name
    return folded(name if len(name) > 1 and name.endswith('"') else name + '"')


def _names(begun: str, columns: Sequence[Column]) -> tuple[str, ...]:
    wanted = _bare(begun).lower()
    names = [column.name for column in columns]
    first = [name for name in names if name.lower().startswith(wanted)]
    inside = [name for name in names if wanted in name.lower() and name not in first]
    return tuple(written_name(name) for name in first + inside)
