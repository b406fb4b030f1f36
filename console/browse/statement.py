"""What kind of statement a person typed, before anything of it is sent.

This decides how it is run, not whether it is safe: that it only reads is enforced by the
server, and that it is one statement by the protocol it is sent with. What the server does not
count as writing is refused in `acting`.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum

from console.errors import Refused, UsageError
from console.tokens import Token, scan

_ROWS = frozenset({"SELECT", "VALUES", "TABLE", "WITH"})
_WRITING = frozenset({"INSERT", "UPDATE", "DELETE", "MERGE"})
_HINTS = {
    "INSERT": "this console reads; rows are written elsewhere",
    "UPDATE": "this console reads; rows are written elsewhere",
    "DELETE": "this console reads; rows are written elsewhere",
    "MERGE": "this console reads; rows are written elsewhere",
    "BEGIN": "each statement runs in a transaction of its own that can't write",
    "COMMIT": "each statement runs in a transaction of its own that can't write",
    "COPY": "run the SELECT itself: e exports the rows of its result",
}


class Kind(StrEnum):
    """How a statement is run."""

    ROWS = "rows"
    PLAN = "plan"
    SETTING = "setting"


@dataclass(frozen=True, slots=True)
class Typed:
    """One statement as a person typed it.

    Attributes:
        kind: `rows` for what a cursor can hold, `plan` for EXPLAIN of such, `setting` for SHOW.
        text: The statement without what surrounds it and without a semicolon.
        start: Where it begins in what was typed, in characters from 0.
        analyze: For `plan`: whether it is to be run, and measured.
    """

    kind: Kind
    text: str
    start: int
    analyze: bool = False


def classify(text: str) -> Typed:
    """Finds the one statement in what was typed.

    Raises:
        UsageError: There is none, or more than one, or a quote in it is not closed.
        Refused: It is none of those that only read.
    """
    if "\0" in text:
        raise UsageError("a statement can't hold a NUL character")
    if text.lstrip().startswith("\\"):
        raise Refused("psql's own commands are not run here", hint="c shows a table's structure")
    tokens = _only(text)
    start, end = tokens[0].start, tokens[-1].end
    statement = text[start:end]
    said = [token for token in tokens if token.kind != "comment"]
    first = _writing_part(said) or _first_word(said)
    if first in _ROWS:
        return Typed(Kind.ROWS, statement, start)
    if first == "SHOW":
        return Typed(Kind.SETTING, statement, start)
    if first == "EXPLAIN":
        return _explain(text[said[0].start : end], said[0].start)
    raise Refused(
        f"{first or 'this'} is not run here",
        hint=_HINTS.get(first, "SELECT, VALUES, TABLE, EXPLAIN or SHOW"),
    )


def _only(text: str) -> list[Token]:
    """Returns the tokens of the one statement."""
    found: list[list[Token]] = []
    parts: list[Token] = []
    for token in (*scan(text), Token("mark", ";", len(text))):
        if token.text != ";":
            parts.append(token)
            continue
        # Comments alone are no statement.
        if any(part.kind != "comment" for part in parts):
            found.append(parts)
        parts = []
    if not found:
        raise UsageError("there is nothing to run", hint="type a SELECT")
    if len(found) > 1:
        raise UsageError(
            f"these are {len(found)} statements", hint="one at a time: select the one to run"
        )
    for token in found[0]:
        if token.kind == "parameter":
            raise UsageError(f"nobody gives {token.text} a value here", hint="write the value")
    return found[0]


def _first_word(tokens: Sequence[Token]) -> str:
    """Returns what a statement begins with, comments and brackets before it left out."""
    for token in tokens:
        if token.kind != "comment" and token.text != "(":
            return token.word.upper()
    return ""


def _writing_part(tokens: Sequence[Token]) -> str:
    """Returns the word that begins a part of a WITH that writes, or nothing."""
    for place in range(len(tokens) - 4):
        before, opened, first, second, third = tokens[place : place + 5]
        if opened.text == "(" and before.word in ("as", "materialized"):
            # A column definition, `as (update text, …)`, may bear such a name.
            writes = second.word in ("from", "into") or third.text not in (",", ")")
            if first.word.upper() in _WRITING and writes:
                return first.word.upper()
    return ""


def _explain(statement: str, start: int) -> Typed:
    match = re.match(
        r"explain\s*(?:\(([^)]*)\)|((?:(?:analyze|analyse|verbose)\b\s*)*))\s*",
        statement,
        re.IGNORECASE,
    )
    inner = statement[match.end() :] if match is not None else ""
    if match is None or _first_word(scan(inner)) not in _ROWS:
        raise Refused("only queries are explained here", hint="EXPLAIN SELECT …")
    options = (match.group(1) or match.group(2) or "").lower()
    analyze = re.search(r"\banaly[sz]e\b(?!\s+(?:off|false|0))", options) is not None
    return Typed(Kind.PLAN, inner, start + match.end(), analyze)
