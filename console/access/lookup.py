"""Finds the row a condition looks for, such as a membership of mine in that organization.

Read are sub-selects, and the bodies of functions, of one simple form: a table, or some that are
joined, and conditions joined by AND. Whatever is more than that is left alone: then there is no
such hint.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

from console.access.expression import matching, outside, split, unwrap
from console.connection.session import Transaction, query_text
from console.errors import UsageError
from console.tokens import Token, scan

_DEEPEST = 4
_OUTER = frozenset({"left", "right", "full", "outer", "cross", "natural"})
_TOO_MUCH = frozenset(
    {"group", "having", "union", "intersect", "except", "order", "limit", "offset"}
)


Source = tuple[tuple[str | None, str], str]
"""Schema, or None, and name of a table, and what it is called."""


@dataclass(frozen=True, slots=True)
class Query:
    """A sub-select as far as it is understood.

    Attributes:
        output: What it selects; empty for nothing.
        table: Schema, or None, and name of the first table; None without FROM.
        alias: What the table is called in the conditions.
        conditions: Joined by AND.
        others: Tables that are joined to it, each with what it is called.
    """

    output: str
    table: tuple[str | None, str] | None = None
    alias: str = ""
    conditions: tuple[str, ...] = ()
    others: tuple[Source, ...] = ()


@dataclass(frozen=True, slots=True)
class Lookup:
    """A row somewhere else that a condition needs.

    Attributes:
        query: The simple sub-select that looks for it.
        wanted: What its output must be equal to, as an expression over the policy's row;
            None where it is enough that there is a row.
        arguments: Expressions over the policy's row, by the parameter they stand for.
        reader: Whose rights it has; None for those of the persona.
    """

    query: Query
    wanted: str | None
    arguments: Mapping[str, str]
    reader: str | None = None


def parse_query(text: str) -> Query | None:
    """Reads `select x from t where a and b`, or `select f(…)`; None for anything else."""
    try:
        tokens = scan(text)
    except UsageError:
        return None
    if not tokens or tokens[0].word != "select":
        return None
    places: dict[str, int] = {}
    free = {token.start for token in outside(tokens)}
    for place, token in enumerate(tokens):
        if token.start in free and token.word in _TOO_MUCH:
            return None
        if token.start in free and token.word in ("from", "where"):
            places.setdefault(token.word, place)
    end = len(tokens) - (tokens[-1].text == ";")
    from_, where = places.get("from", end), places.get("where", end)
    output = _without_alias(tokens[1:from_])
    if from_ == end:
        return Query(_slice(text, output)) if output else None
    found = _sources(text, tokens[from_ + 1 : where])
    if found is None:
        return None
    ((table, alias), *others), conditions = found
    if where < end:
        conditions += _conditions(_slice(text, tokens[where + 1 : end]))
    return Query(_slice(text, output), table, alias, tuple(conditions), tuple(others))


def _conditions(text: str) -> list[str]:
    node = split(text)
    return [part.text for part in node.parts] if node.kind == "and" else [node.text]


def _sources(text: str, tokens: Sequence[Token]) -> tuple[list[Source], list[str]] | None:
    """Reads the tables of a FROM that inner joins or commas put together, and their conditions."""
    while tokens and tokens[0].text == "(" and matching(tokens, 0) == len(tokens) - 1:
        tokens = tokens[1:-1]
    free = {token.start for token in outside(tokens)}
    for place in reversed(range(len(tokens))):
        token, left, right = tokens[place], tokens[:place], tokens[place + 1 :]
        conditions: list[str] = []
        if token.start not in free or (token.word != "join" and token.text != ","):
            continue
        if token.word == "join":
            on = next((n for n, t in enumerate(right) if t.start in free and t.word == "on"), None)
            if on is None or not left or left[-1].word in _OUTER:
                return None
            conditions = _conditions(_slice(text, right[on + 1 :]))
            left, right = left[: -1 if left[-1].word == "inner" else None], right[:on]
        before, after = _sources(text, left), _sources(text, right)
        if before is None or after is None:
            return None
        return before[0] + after[0], before[1] + after[1] + conditions
    source = _source(tokens)
    return None if source is None else ([source], [])


def _slice(text: str, tokens: Sequence[Token]) -> str:
    return text[tokens[0].start : tokens[-1].end] if tokens else ""


def _without_alias(tokens: Sequence[Token]) -> Sequence[Token]:
    if len(tokens) > 2 and tokens[-2].word == "as":
        return tokens[:-2]
    return tokens


def _source(tokens: Sequence[Token]) -> Source | None:
    """Reads `schema.table as alias`."""
    words = [token for token in tokens if token.word != "as"]
    if any(token.identifier is None and token.text != "." for token in words):
        return None
    identifiers = [token.identifier or "" for token in words]
    match [token.text == "." for token in words]:
        case [False]:
            return (None, identifiers[0]), identifiers[0]
        case [False, False]:
            return (None, identifiers[0]), identifiers[1]
        case [False, True, False]:
            return (identifiers[0], identifiers[2]), identifiers[2]
        case [False, True, False, False]:
            return (identifiers[0], identifiers[2]), identifiers[3]
    return None


def parse_call(text: str) -> tuple[str | None, str, tuple[str, ...]] | None:
    """Reads `schema.f(a, b)`: schema, or None, name and arguments; None for anything else."""
    tokens = scan(unwrap(text))
    text = unwrap(text)
    opening = next((place for place, t in enumerate(tokens) if t.text == "("), -1)
    if opening not in (1, 3) or matching(tokens, opening) != len(tokens) - 1:
        return None
    name = [token.identifier for token in tokens[:opening]]
    if name[-1] is None or (opening == 3 and (tokens[1].text != "." or name[0] is None)):
        return None
    arguments: list[str] = []
    inner, begin = tokens[opening + 1 : -1], 0
    free = {token.start for token in outside(inner)}
    for place, token in enumerate(inner):
        if token.text == "," and token.start in free:
            arguments.append(_slice(text, inner[begin:place]))
            begin = place + 1
    if inner:
        arguments.append(_slice(text, inner[begin:]))
    return (name[0] if opening == 3 else None, name[-1], tuple(arguments))


async def find_lookup(transaction: Transaction, condition: str) -> Lookup | None:
    """Finds the row that a condition of a policy looks for.

    Args:
        transaction: The login's; bodies of functions are read through it.
        condition: One part of a policy's expression.

    Returns:
        None where the condition is of no form that is understood.
    """
    try:
        return await _find(transaction, condition, 0)
    except UsageError:
        return None


async def _find(transaction: Transaction, condition: str, depth: int) -> Lookup | None:
    text = unwrap(condition)
    tokens = scan(text)
    if depth > _DEEPEST or not tokens:
        return None
    if tokens[0].word == "exists":
        return await _of_query(transaction, unwrap_query(text[tokens[0].end :]), None, depth)
    free = list(outside(tokens))
    for place, token in enumerate(free[:-1]):
        if token.word == "in" and free[place - 1].word != "not":
            return await _of_query(
                transaction, unwrap_query(text[token.end :]), text[: token.start].strip(), depth
            )
        if token.text == "=" and free[place + 1].word in ("any", "some"):
            inner = text[free[place + 1].end :]
            return await _of_query(
                transaction, unwrap_query(inner), text[: token.start].strip(), depth
            )
    if tokens[0].text == "(" and tokens[1].word == "select":
        return await _of_query(transaction, unwrap_query(text), None, depth)
    return await _of_call(transaction, text, None, depth)


def unwrap_query(text: str) -> str:
    """Takes brackets and ARRAY( … ) off a sub-select."""
    while True:
        tokens = scan(text)
        first = 1 if tokens and tokens[0].word == "array" else 0
        if len(tokens) < first + 3 or tokens[first].text != "(":
            return text.strip()
        if matching(tokens, first) != len(tokens) - 1:
            return text.strip()
        text = text[tokens[first].end : tokens[-1].start]


async def _of_query(
    transaction: Transaction, text: str, wanted: str | None, depth: int
) -> Lookup | None:
    query = parse_query(text)
    if query is None:
        return None
    if query.table is not None:
        return Lookup(query, wanted, {})
    if wanted is None and query.output:
        return await _find(transaction, query.output, depth + 1)
    return await _of_call(transaction, query.output, wanted, depth)


async def _of_call(
    transaction: Transaction, text: str, wanted: str | None, depth: int
) -> Lookup | None:
    call = parse_call(text)
    if call is None or depth > _DEEPEST:
        return None
    schema, name, arguments = call
    parameters = {"schema": schema, "name": name, "arguments": len(arguments)}
    found = await transaction.texts(query_text("console.access", "function"), parameters)
    if len(found.rows) != 1:
        return None
    *_, language, source, names_, body, other_strings, definer = found.rows[0]
    if other_strings == "t":  # its body does not read as it does here
        return None
    text_of_body = _body(language or "", _uncommented(body or source or ""))
    if text_of_body is None:
        return None
    inner = parse_query(text_of_body)
    if inner is None:
        return None
    given = {f"${n}": argument for n, argument in enumerate(arguments, 1)}
    given |= dict(zip(json.loads(names_ or "[]"), arguments, strict=False))
    if inner.table is not None:
        return Lookup(inner, wanted, given, definer)
    deeper = await _find(transaction, substitute(inner.output, given), depth + 1)
    if deeper is None:
        return None
    return replace(deeper, wanted=wanted or deeper.wanted, reader=deeper.reader or definer)


def _uncommented(text: str) -> str:
    """Puts a blank in the place of every comment."""
    pieces, end = [], 0
    for token in scan(text):
        if token.kind == "comment":
            pieces += [text[end : token.start], " "]
            end = token.end
    return "".join([*pieces, text[end:]])


def _body(language: str, source: str) -> str | None:
    """Returns the one query a function's body is."""
    if language == "sql":
        text = source.strip().removesuffix(";")
        tokens = scan(text)
        if tokens and tokens[0].word == "return":  # a body as the SQL standard has it
            return f"select {text[tokens[0].end :]}"
        if len(tokens) > 3 and tokens[1].word == "atomic":
            return _slice(text, tokens[2:-1])
        return text
    if language != "plpgsql":
        return None
    tokens = scan(source)
    returns = [place for place, token in enumerate(tokens) if token.word == "return"]
    if not returns or not _falls_through(tokens, returns):
        return None
    rest = tokens[returns[-1] + 1 :]
    end = next((place for place, token in enumerate(rest) if token.text == ";"), len(rest))
    rest = rest[:end]
    if rest and rest[0].word == "query":
        return _slice(source, rest[1:])
    return f"select {_slice(source, rest)}" if rest else None


def _falls_through(tokens: Sequence[Token], returns: Sequence[int]) -> bool:
    """Tells whether the last RETURN is what is left after others that return a constant."""
    if len(returns) == 1:
        return True
    early = all(
        tokens[place + 1].word in ("true", "false", "null") and tokens[place + 2].text == ";"
        for place in returns[:-1]
    )
    last = returns[-1]
    return early and [token.text.lower() for token in tokens[last - 3 : last]] == ["end", "if", ";"]


def substitute(text: str, arguments: Mapping[str, str]) -> str:
    """Puts arguments in the place of a function's parameters."""
    tokens = scan(text)
    pieces, position = [], 0
    for place, token in enumerate(tokens):
        before = tokens[place - 1].text if place else ""
        after = tokens[place + 1].text if place + 1 < len(tokens) else ""
        key = token.text if token.kind == "parameter" else token.identifier
        if key is not None and key in arguments and before != "." and after not in (".", "("):
            pieces += [text[position : token.start], f"({arguments[key]})"]
            position = token.end
    return "".join([*pieces, text[position:]])


def bind(text: str, alias: str, values: Mapping[str, str]) -> str:
    """Puts expressions in the place of the columns behind an alias."""
    tokens = scan(text)
    pieces, position = [], 0
    for owner, dot, column in zip(tokens, tokens[1:], tokens[2:], strict=False):
        value = values.get(column.identifier or "")
        if owner.identifier == alias and dot.text == "." and value is not None:
            pieces += [text[position : owner.start], f"({value})"]
            position = column.end
    return "".join([*pieces, text[position:]])


def sides(condition: str) -> tuple[str, str] | None:
    """Splits `a = b`; None for anything else."""
    text = unwrap(condition)
    equal = [token for token in outside(scan(text)) if token.kind == "operator"]
    if len(equal) != 1 or equal[0].text != "=":
        return None
    return text[: equal[0].start].strip(), text[equal[0].end :].strip()


def column_named(text: str, alias: str, columns: Sequence[str]) -> str | None:
    """Returns the column of a table that an expression is, bare or behind the table's alias.

    A cast says nothing new and is passed over.
    """
    text = unwrap(text)
    cast = next((token for token in outside(scan(text)) if token.kind == "cast"), None)
    tokens = scan(unwrap(text[: cast.start]) if cast else text)
    found = [token.identifier for token in tokens if token.text != "."]
    if len(tokens) == 5 and tokens[1].text == tokens[3].text == ".":
        found = found[1:]  # behind the table's full name
    if len(found) == 2 and tokens[1].text == "." and found[0] == alias:
        return found[1] if found[1] in columns else None
    return found[0] if len(tokens) == 1 and found[0] in columns else None
