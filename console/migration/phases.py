"""What a statement locks, and what has to wait until after the commit.

On a table with many rows, checking a constraint or building an index inside the transaction
would hold its lock for as long as that takes. A constraint is therefore added unchecked and
validated after the commit, and an index is built concurrently after it; both then lock out
neither readers nor writers.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import replace

from console.migration.model import Action

BIG = 100_000
"""Rows above which a table is not locked for as long as all of it is read."""

_VALIDATING = "SHARE UPDATE EXCLUSIVE"

STRENGTH = (
    "ROW EXCLUSIVE",
    "SHARE UPDATE EXCLUSIVE",
    "SHARE",
    "SHARE ROW EXCLUSIVE",
    "ACCESS EXCLUSIVE",
)
"""The locks that statements of ours take, weakest first."""

# The lock that each kind of statement takes on an existing table; first match wins. See
# "Explicit Locking" and the pages of the commands in PostgreSQL's manual.
_LOCKS: tuple[tuple[str, str | None], ...] = (
    (r"(create (unique )?|drop )index concurrently", _VALIDATING),
    (r"create (unique )?index", "SHARE"),
    (r"create (or replace )?(constraint )?trigger", "SHARE ROW EXCLUSIVE"),
    (r"alter table .* validate constraint", _VALIDATING),
    (r"alter table \S+ add constraint \S+ foreign key", "SHARE ROW EXCLUSIVE"),
    (r"alter table \S+ (enable|disable) (always |replica )?trigger", "SHARE ROW EXCLUSIVE"),
    (r"alter table \S+ (re)?set \(|comment on|alter index|alter publication", _VALIDATING),
    (r"reindex", "SHARE"),
    (r"insert", "ROW EXCLUSIVE"),
    (
        r"alter table|(create|alter|drop) (policy|rule)|drop (index|trigger|table)",
        "ACCESS EXCLUSIVE",
    ),
)
_LOCK_PATTERNS = tuple((re.compile(words), lock) for words, lock in _LOCKS)

_REFERENCES = re.compile(r"\breferences\s+([^\s(]+)\s*\(", re.IGNORECASE)
_CREATE_INDEX = re.compile(r"(\s*create\s+(?:unique\s+)?index)\s+(?!concurrently)", re.IGNORECASE)
_DROP_INDEX = re.compile(r"(\s*drop\s+index)\s+(?!concurrently)", re.IGNORECASE)
_VALIDATE = re.compile(r"\s*alter\s+table\s.*\svalidate\s+constraint\s", re.IGNORECASE | re.DOTALL)
_ADD_CHECKED = re.compile(
    r"(?P<alter>\s*alter\s+table\s+(?:only\s+)?(?P<table>\S+)\s+)"
    r"(?:drop\s+constraint\s+(?:\"(?:[^\"]|\"\")+\"|\S+)\s*,\s*)?"
    r"add\s+constraint\s+(?P<name>\"(?:[^\"]|\"\")+\"|\S+)\s+(?:check|foreign\s+key)\b.*",
    re.IGNORECASE | re.DOTALL,
)


def lock_of(statement: str) -> str | None:
    """Returns the strongest lock a statement takes on an existing table it is about."""
    words = " ".join(statement.split()).lower()
    return next((lock for pattern, lock in _LOCK_PATTERNS if pattern.match(words)), None)


def lock_of_referenced(statement: str) -> Iterator[tuple[str, str]]:
    """Yields the tables that foreign keys in a statement refer to, each with its lock."""
    dropped = re.search(r"\bdrop\s+constraint\b", statement, re.IGNORECASE)
    for table in _REFERENCES.findall(statement):
        yield table, "ACCESS EXCLUSIVE" if dropped else "SHARE ROW EXCLUSIVE"


def is_big(rows: int | None) -> bool:
    """Tells whether a table has too many rows to be locked while all of it is read."""
    return rows is not None and rows > BIG


def phased(action: Action) -> Iterator[Action]:
    """Yields what an action becomes: itself, or on a big table steps around the commit."""
    if not is_big(action.rows_estimate):
        yield action
    elif action.kind == "index":
        later = _CREATE_INDEX.sub(r"\1 concurrently ", action.sql, count=1)
        later = _DROP_INDEX.sub(r"\1 concurrently ", later, count=1)
        yield replace(action, sql=later, lock=_VALIDATING, after_commit=True)
    elif action.kind == "constraint" and _VALIDATE.match(action.sql):
        yield replace(action, after_commit=True)
    elif action.kind == "constraint" and (added := _ADD_CHECKED.match(action.sql)):
        unchecked = action.sql.rstrip().rstrip(";")
        yield replace(action, sql=f"{unchecked} not valid")
        validate = f"{added['alter']}validate constraint {added['name']}"
        yield replace(action, sql=validate, lock=_VALIDATING, after_commit=True)
    else:
        yield action
