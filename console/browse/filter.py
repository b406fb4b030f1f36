"""The language of filters: `status=failed "createdAt">-1h name~ada tool:null`.

A filter is a list of terms, all of which must hold. A term is a column, an operator and a
value, without spaces between them:

    column    as it is called, or in double quotes
    operator  = != < <= > >= ~ (contains, case-insensitive) :null :notnull :in(a,b)
    value     up to the next space, or in single or double quotes, a quote in it doubled;
              for a column of dates or timestamps also -1h, +30m, -7d: so far from now, by the
              server's clock (s, m, h, d, w)

Comparisons are SQL's: NULL is neither equal to a value nor different from it.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from difflib import get_close_matches
from typing import NamedTuple

from psycopg import sql

from console.catalog.relations import Column, folded
from console.errors import UsageError

_QUOTED = r'"(?:[^"]|"")*"|' r"'(?:[^']|'')*'"
_SPACE = re.compile(r"\s*")
_COLUMN = re.compile(r"""("(?:[^"]|"")+")|([^\s"'=!<>~:(),]+)""")
_OPERATOR = re.compile(r"!=|<=|>=|=|<|>|~|:(?:null|notnull)(?=\s|$)|:in\(", re.IGNORECASE)
_VALUE = re.compile(rf"(?:({_QUOTED})|([^\s\"']\S*))(?=\s|$)")
_ITEM = re.compile(rf"\s*(?:({_QUOTED})|([^\s,()\"'][^,)]*?))\s*([,)])")
_JOINING = {
    "and": "write the terms one after another",
    "or": "several values of one column are :in(a,b); for more, Q takes a statement of your own",
    "not": "write != or :notnull",
}
_RELATIVE = re.compile(r"([+-]\d{1,9})([smhdw])")
_UNITS = {"s": 1, "m": 60, "h": 3600, "d": 86_400, "w": 604_800}
_FARTHEST = 100 * 366 * 86_400
_NAMES = {"s": "seconds", "m": "minutes", "h": "hours", "d": "days", "w": "weeks"}


class FilterError(UsageError):
    """A filter that can't be used, with the place that is to blame.

    Attributes:
        text: The whole filter.
        start: Where the offending part begins, counted in characters from 0.
        end: Where it ends.
    """

    code = "filter"

    def __init__(
        self, message: str, text: str, start: int, end: int, *, hint: str = "", detail: str = ""
    ) -> None:
        end = max(end, start + 1)
        shown = "".join(character if character.isprintable() else " " for character in text)
        pointer = f"{shown}\n{' ' * start}{'^' * (end - start)}"
        super().__init__(message, hint=hint, detail=f"{pointer}\n{detail}".rstrip())
        self.text = text
        self.start = start
        self.end = end


class Term(NamedTuple):
    """One condition as it was written.

    Attributes:
        column: The column's name, quotes resolved.
        quoted: Whether the name stood in quotes, and so means exactly itself.
        operator: `=`, `!=`, `<`, `<=`, `>`, `>=`, `~`, `:null`, `:notnull` or `:in`.
        values: None for `:null` and `:notnull`, one or more for `:in`, else one.
        start: Where the term begins in the filter, in characters from 0.
        end: Where it ends.
    """

    column: str
    quoted: bool
    operator: str
    values: tuple[str, ...]
    start: int
    end: int


class Filter(NamedTuple):
    """A filter fitted to a relation's columns.

    Attributes:
        text: As it was written.
        terms: What was written.
        conditions: SQL for each term, complete: values stand in it as literals which the
            driver quotes, so that it can be shown, and needs no parameters.
    """

    text: str
    terms: tuple[Term, ...]
    conditions: tuple[sql.Composable, ...]

    @property
    def where(self) -> sql.Composable:
        """The WHERE clause with a space before it; nothing for an empty filter."""
        if not self.conditions:
            return sql.SQL("")
        return sql.SQL(" where ") + sql.SQL(" and ").join(self.conditions)


def parse(text: str) -> tuple[Term, ...]:
    """Reads a filter without regard to what columns there are.

    Raises:
        FilterError: It does not parse.
    """
    if "\0" in text:
        place = text.index("\0")
        raise FilterError("a filter can't hold a NUL character", text, place, place + 1)
    terms: list[Term] = []
    position = _after(_SPACE, text, 0)
    while position < len(text):
        terms.append(_term(text, position))
        position = _after(_SPACE, text, terms[-1].end)
    return tuple(terms)


def _after(pattern: re.Pattern[str], text: str, position: int) -> int:
    match = pattern.match(text, position)
    return match.end() if match else position


def _word_end(text: str, position: int) -> int:
    return _after(re.compile(r"\S+"), text, position)


def _term(text: str, start: int) -> Term:
    column = _COLUMN.match(text, start)
    if column is None and text[start] == '"' and not text.startswith('""', start):
        raise FilterError(
            "the quote of a column's name is not closed", text, start, len(text), hint="close it"
        )
    if column is None:
        raise FilterError(
            "a term begins with a column's name",
            text,
            start,
            _word_end(text, start),
            hint='such as status=failed; a name with other characters in "double quotes"',
        )
    quoted, bare = column.groups()
    name = folded(quoted) if quoted else bare
    operator = _OPERATOR.match(text, column.end())
    if operator is None and bare and bare.lower() in _JOINING:
        raise FilterError(
            f"{bare} is not written in a filter: all its terms must hold",
            text,
            start,
            column.end(),
            hint=_JOINING[bare.lower()],
        )
    if operator is None:
        usual = "one of = != < <= > >= ~ :null :notnull :in(a,b), without spaces around it"
        raise FilterError(
            f"after {column.group()} comes no operator",
            text,
            start,
            max(_word_end(text, start), column.end()),
            # Whoever types a single word may want to search for it.
            hint=f"column~{bare} looks for it in a column" if bare == text.strip() else usual,
        )
    sign = operator.group().lower().rstrip("(")
    values: tuple[str, ...] = ()
    end = operator.end()
    if sign == ":in":
        values, end = _items(text, start, end)
    elif not sign.startswith(":"):
        value = _VALUE.match(text, end)
        if value is None:
            raise FilterError(
                f"the value after {column.group()}{sign} is missing or its quote is not closed",
                text,
                start,
                max(_word_end(text, start), end),
                hint=f"write {column.group()}{sign}'…' for a value with spaces, '' for none",
            )
        values, end = (_unquoted(*value.groups()),), value.end()
    return Term(name, bool(quoted), sign, values, start, end)


def _items(text: str, start: int, position: int) -> tuple[tuple[str, ...], int]:
    values: list[str] = []
    while match := _ITEM.match(text, position):
        values.append(_unquoted(match.group(1), match.group(2)))
        position = match.end()
        if match.group(3) == ")":
            if text[position : position + 1].strip():
                break
            return tuple(values), position
    raise FilterError(
        "a list is written :in(a,b)",
        text,
        start,
        max(_word_end(text, position), position),
        hint="values with commas, brackets or spaces in 'quotes'",
    )


def _unquoted(quoted: str | None, bare: str | None) -> str:
    if quoted is None:
        return bare or ""
    return quoted[1:-1].replace(quoted[0] * 2, quoted[0])


def find_column(columns: Sequence[Column], name: str, *, quoted: bool = False) -> Column | None:
    """Finds a column by the name a person typed: exactly, else folded as SQL folds it."""
    by_name = {column.name: column for column in columns}
    return by_name.get(name) or (None if quoted else by_name.get(name.lower()))


def near(columns: Sequence[Column], name: str) -> str:
    """Returns a hint for a column that does not exist."""
    names = {column.name.lower(): column.name for column in columns}
    close = get_close_matches(name.lower(), names, 3)
    if close:
        return f"did you mean {' or '.join(names[match] for match in close)}?"
    shown = [column.name for column in columns][:20]
    return "columns: " + ", ".join(shown) + (" …" if len(columns) > 20 else "")


def compile_filter(text: str, columns: Sequence[Column]) -> Filter:
    """Fits a filter to a relation's columns.

    Raises:
        FilterError: It does not parse, or names a column that is not there.
    """
    terms = parse(text)
    conditions = []
    for term in terms:
        column = find_column(columns, term.column, quoted=term.quoted)
        if column is None:
            raise FilterError(
                f"there is no column {term.column}",
                text,
                term.start,
                term.end,
                hint=near(columns, term.column),
            )
        conditions.append(_condition(term, column, text))
    return Filter(text, terms, tuple(conditions))


def _condition(term: Term, column: Column, text: str) -> sql.Composable:
    name = sql.Identifier(column.name)
    match term.operator:
        case ":null":
            return sql.SQL("{} is null").format(name)
        case ":notnull":
            return sql.SQL("{} is not null").format(name)
        case "~":
            pattern = re.sub(r"([\\%_])", r"\\\1", term.values[0])
            return sql.SQL("{}::text ilike {}").format(name, sql.Literal(f"%{pattern}%"))
        case ":in":
            values = sql.SQL(", ").join(_value(value, column, term, text) for value in term.values)
            return sql.SQL("{} in ({})").format(name, values)
    operator = {"=": "=", "!=": "<>", "<": "<", "<=": "<=", ">": ">", ">=": ">="}[term.operator]
    value = _value(term.values[0], column, term, text)
    return sql.SQL("{} {} {}").format(name, sql.SQL(operator), value)


def _value(value: str, column: Column, term: Term, text: str) -> sql.Composable:
    relative = _RELATIVE.fullmatch(value)
    if relative is None or column.category != "D":
        return sql.Literal(value)
    if column.base.startswith("time "):
        raise FilterError(
            f"{value} is so far from now, and {column.name} holds a time of day",
            text,
            term.start,
            term.end,
            hint=f"such as {column.name}>12:00",
        )
    amount, unit = relative.groups()
    if abs(int(amount)) * _UNITS[unit] > _FARTHEST:
        raise FilterError(f"{value} is more than a hundred years away", text, term.start, term.end)
    interval = sql.Literal(f"{amount} {_NAMES[unit]}")
    return sql.SQL("(pg_catalog.now() + {}::pg_catalog.interval)").format(interval)
