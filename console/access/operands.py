"""What the two sides of a condition, or the columns in it, have for values."""

from __future__ import annotations

from collections.abc import Sequence

from console.access.evaluation import values_as_text
from console.access.expression import outside, unwrap
from console.access.inquiry import Inquiry, plain
from console.access.labels import excerpt
from console.access.lookup import column_named, unwrap_query
from console.tokens import scan

_MOST = 3
"""Values that a sentence tells."""
_CONSTANTS = frozenset({"true", "false", "null", "array"})


def named(expression: str) -> str:
    """An expression for a sentence: a wrapped call is named by the call alone."""
    inner = unwrap_query(expression)
    tokens = scan(inner)
    if tokens and tokens[0].word == "select":
        end = next((t.start for t in outside(tokens) if t.word in ("as", "from")), len(inner))
        return excerpt(inner[tokens[0].end : end].strip())
    return excerpt(unwrap(expression))


def constant(expression: str) -> bool:
    """Tells whether an expression is the same for every row and everybody."""
    typing = False  # a type's name follows a cast
    for token in scan(expression):
        typing = token.kind == "cast" or (
            typing and (token.kind in ("name", "quoted") or token.text == ".")
        )
        written = token.kind in ("string", "number", "open", "close") or token.text == ","
        if not (typing or written or token.word in _CONSTANTS):
            return False
    return True


def null_test(condition: str) -> tuple[str, bool] | None:
    """Splits `a is null` into a and True, `a is not null` into a and False."""
    text = unwrap(condition)
    free = list(outside(scan(text)))
    words = [token.word for token in free[-3:]]
    if words[-2:] == ["is", "null"]:
        return text[: free[-2].start].strip(), True
    if words == ["is", "not", "null"]:
        return text[: free[-3].start].strip(), False
    return None


async def told(inquiry: Inquiry, condition: str) -> str:
    """Tells the values a condition depends on: `n is -1`, or nothing where none is known."""
    columns = [field.name for field in inquiry.rules.fields]
    parts = _operands(condition) or _columns(condition, inquiry.rules.name, columns)
    found = await values_as_text(inquiry.acting, inquiry.rules, inquiry.row, parts)
    words = []
    for part, value in zip(parts, found, strict=True):
        if isinstance(value, str | None):
            words.append(f"{named(part)} is {await called_by(inquiry, part, value)}")
    return ", ".join(dict.fromkeys(words))


async def called_by(inquiry: Inquiry, expression: str, value: str | None) -> str:
    """Returns what to call the value of an expression over the row."""
    if value is None:
        return "null"
    columns = [field.name for field in inquiry.rules.fields]
    column = column_named(expression, inquiry.rules.name, columns)
    return (await inquiry.labels.called(inquiry.rules, column, [value]))[value] or "empty"


def _operands(condition: str) -> list[str]:
    """The sides of the one operator of a condition that are not written there as they are."""
    text = unwrap(condition)
    free = list(outside(scan(text)))
    operators = [token for token in free if token.kind == "operator"]
    if len(operators) != 1 or any(token.word in ("is", "in") for token in free):
        return []
    (operator,) = operators
    after = [token.word for token in scan(text[operator.end :])[:1]]
    pieces = [text[: operator.start]]
    if after not in (["any"], ["all"], ["some"]):
        pieces.append(text[operator.end :])
    found = [unwrap(piece.strip()) for piece in pieces if piece.strip()]
    return [piece for piece in found if not constant(piece)]


def _columns(condition: str, table: str, columns: Sequence[str]) -> list[str]:
    """The columns of the row that a condition names; in a sub-select, those behind the table."""
    tokens = scan(condition)
    query = any(token.word == "select" for token in tokens)
    found = []
    for place, token in enumerate(tokens):
        name = token.identifier
        behind = place > 1 and tokens[place - 1].text == "."
        cast = place > 0 and tokens[place - 1].kind == "cast"
        mine = tokens[place - 2].identifier == table if behind else not query
        if name in columns and name is not None and mine and not cast:
            found.append(plain(name) if not behind else f"{plain(table)}.{plain(name)}")
    unique = list(dict.fromkeys(found))
    return unique if len(unique) <= _MOST else []
