"""What kind of statement a person typed, before anything of it is sent.

This decides how it is run, not whether it is safe: that it only reads is enforced by the
server, and that it is one statement by the protocol it is sent with. Only what the server does
not count as writing is refused here, by name: what outlives a transaction that can't write.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from enum import StrEnum
from itertools import pairwise

from console.errors import Refused, UsageError

_ROWS = frozenset({"SELECT", "VALUES", "TABLE", "WITH"})
_HINTS = {
    "INSERT": "this console reads; rows are written elsewhere",
    "UPDATE": "this console reads; rows are written elsewhere",
    "DELETE": "this console reads; rows are written elsewhere",
    "BEGIN": "each statement runs in a transaction of its own that can't write",
    "COMMIT": "each statement runs in a transaction of its own that can't write",
    "COPY": "e exports the rows of a result",
}
_BEYOND = re.compile(
    r"pg_(?:cancel|terminate)_backend|pg_(?:try_)?advisory_\w*lock\w*"
    r"|pg_(?:reload_conf|rotate_logfile|promote|switch_wal|create_restore_point)\w*"
    r"|pg_(?:backup_\w+|(?:start|stop)_backup|wal_replay_\w+|log_\w+|file_\w+)"
    r"|pg_(?:create|copy|drop)_\w+_slot|pg_drop_replication_slot|pg_replication_slot_advance"
    r"|pg_logical_(?:emit_message|slot_get_\w+)|pg_replication_origin_\w+|pg_sync_\w+_slots"
    r"|pg_stat_(?:reset|statements_reset)\w*|lo_export|dblink\w*"
)
"""Functions that act at once: a transaction that can't write lets them, and ends none of it."""


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
        UsageError: There is none, or more than one.
        Refused: It is none of those that only read, or calls what does more than that.
    """
    if "\0" in text:
        raise UsageError("a statement can't hold a NUL character")
    start, statement = _only(text)
    _refuse_beyond(statement)
    words = _words(statement)
    first = words[0].upper() if words else ""
    if first in _ROWS:
        return Typed(Kind.ROWS, statement, start)
    if first == "SHOW":
        return Typed(Kind.SETTING, statement, start)
    if first == "EXPLAIN":
        return _explain(statement, start)
    name = first or "this"
    raise Refused(
        f"{name} is not run here", hint=_HINTS.get(first, "SELECT, VALUES, TABLE, EXPLAIN or SHOW")
    )


def _only(text: str) -> tuple[int, str]:
    from sqlparse.engine import FilterStack

    found: list[tuple[int, str]] = []
    position = 0
    for part in FilterStack().run(text):  # type: ignore[no-untyped-call]
        body = _body(part)
        if body.strip():
            found.append((position + len(body) - len(body.lstrip()), body.strip()))
        position += len(str(part))
    if not found:
        raise UsageError("there is nothing to run", hint="type a SELECT")
    if len(found) > 1:
        raise UsageError(
            f"these are {len(found)} statements", hint="one at a time: select the one to run"
        )
    return found[0]


def _body(statement: object) -> str:
    """Returns a statement up to its semicolon, or nothing if it is comments only."""
    from sqlparse import tokens

    parts = list(statement.flatten())  # type: ignore[attr-defined]
    code = [
        number
        for number, part in enumerate(parts)
        if not (part.is_whitespace or part.ttype in tokens.Comment)
    ]
    if code and parts[code[-1]].match(tokens.Punctuation, ";"):
        parts = parts[: code.pop()]
    return "".join(part.value for part in parts) if code else ""


def _refuse_beyond(statement: str) -> None:
    from sqlparse import tokens
    from sqlparse.lexer import tokenize

    parts = [
        (kind, value)
        for kind, value in tokenize(statement)  # type: ignore[no-untyped-call]
        if kind not in tokens.Whitespace and kind not in tokens.Comment
    ]
    for (kind, value), (_, behind) in pairwise(parts):
        name = value.strip('"').lower()
        quoted = kind in tokens.Literal and kind is not tokens.String.Symbol
        if behind == "(" and not quoted and _BEYOND.fullmatch(name):
            ends = name.endswith("_backend")
            raise Refused(
                f"{name} acts at once, whatever becomes of the transaction",
                hint="4 Health ends statements and sessions, in write mode"
                if ends
                else "what is typed here only reads; call it with psql",
            )


def _words(text: str) -> list[str]:
    """Returns the first words of a statement, comments and brackets before them left out."""
    text = re.sub(r"\A(?:\s|\(|--[^\n]*(?:\n|\Z)|/\*.*?\*/)+", "", text, flags=re.DOTALL)
    return re.findall(r"[A-Za-z_]+", text[:200])[:3]


def _explain(statement: str, start: int) -> Typed:
    match = re.match(
        r"explain\s*(?:\(([^)]*)\)|((?:(?:analyze|analyse|verbose)\b\s*)*))\s*",
        statement,
        re.IGNORECASE,
    )
    assert match is not None
    options = (match.group(1) or match.group(2) or "").lower()
    inner = statement[match.end() :]
    words = _words(inner)
    if not words or words[0].upper() not in _ROWS:
        raise Refused("only queries are explained here", hint="EXPLAIN SELECT …")
    analyze = re.search(r"\banaly[sz]e\b(?!\s+(?:off|false|0))", options) is not None
    return Typed(Kind.PLAN, inner, start + match.end(), analyze)
