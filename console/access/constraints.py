"""What may stop a row besides policies: keys into other tables, and indexes that bar likeness."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True, slots=True)
class ForeignKey:
    """Columns that must be found in another table.

    Attributes:
        schema: Of the other table.
        table: Where they are to be found, or, of a key that references this one, where it is.
        filtered: Whether policies of that table bind the login that reads for the console.
        acts: As of a column.
    """

    name: str
    columns: tuple[str, ...]
    schema: str
    table: str
    filtered: bool
    acts: bool
    referenced: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Part:
    """What an index compares.

    Attributes:
        expression: As SQL.
        column: The column that it is, or None.
        operator: What two rows must not be to each other in all parts.
    """

    expression: str
    column: str | None
    operator: str


@dataclass(frozen=True, slots=True)
class Exclusive:
    """An index that lets no two rows be alike: unique, or of an exclusion constraint.

    Attributes:
        excludes: Whether it is of an exclusion constraint.
        columns: All it depends on.
        predicate: Which rows it is about; None for all.
        nulls_alike: Whether NULL is like NULL.
        acts: Whether to compare by it calls a function that somebody made.
    """

    name: str
    excludes: bool
    parts: tuple[Part, ...]
    columns: frozenset[str]
    predicate: str | None
    nulls_alike: bool
    acts: bool


def foreign_key(found: Mapping[str, Any]) -> ForeignKey:
    """Makes a key of what the catalog says of it."""
    lists = {name: tuple(found[name]) for name in ("columns", "referenced")}
    return ForeignKey(**{**found, **lists})


def exclusive(found: Mapping[str, Any]) -> Exclusive:
    """Makes an index of what the catalog says of it."""
    parts = tuple(Part(**part) for part in found["parts"])
    return Exclusive(**{**found, "parts": parts, "columns": frozenset(found["columns"])})
