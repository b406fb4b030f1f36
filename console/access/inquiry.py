"""What is at hand to find causes with, and what a cause is."""

from __future__ import annotations

from dataclasses import dataclass

from psycopg import sql

from console.access import trail
from console.access.impersonation import Impersonation
from console.access.labels import Labels
from console.access.persona import Persona
from console.access.rules import Rules
from console.connection.session import Transaction


@dataclass(frozen=True, slots=True)
class Remedy:
    """A change that would let the row through.

    Attributes:
        words: What it is.
        sql: How to make it; empty where it is nothing for SQL.
    """

    words: str
    sql: str = ""


@dataclass(frozen=True, slots=True)
class Cause:
    """Why a part is not as it should be.

    Attributes:
        words: A half-sentence: `"userId" is bert@example.com, not ada@example.com`.
        note: The same, shorter, for beside the part.
        remedies: Each would do.
        history: What logs tell about it, the newest first.
        behind: A row of another table whose own policies hide it, if that is why.
    """

    words: str
    note: str = ""
    remedies: tuple[Remedy, ...] = ()
    history: tuple[trail.Entry, ...] = ()
    behind: Inquiry | None = None


@dataclass(frozen=True, slots=True)
class Inquiry:
    """All that is at hand to find causes with.

    Attributes:
        transaction: The login's.
        acting: The persona's, in the same snapshot.
        row: The row that is asked about, as text of its type.
        row_key: The condition that names it, for a remedy; empty for one that is not stored.
    """

    transaction: Transaction
    acting: Impersonation
    persona: Persona
    rules: Rules
    labels: Labels
    row: str
    row_key: str = ""


def plain(column: str) -> str:
    """A column's name as SQL needs it: in quotes only where it must be, for a sentence."""
    ordinary = column.isascii() and column.isidentifier() and column == column.lower()
    return column if ordinary else sql.Identifier(column).as_string()
