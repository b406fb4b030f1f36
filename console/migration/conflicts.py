"""Which existing tables can become ours without losing a row, and the way out for the others."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from console.migration.expected import API_ROLES, Expected
from console.migration.fingerprints import (
    LiveTable,
    column_renames,
    live_table,
    recognise,
    rename_columns,
    rename_table,
    set_aside,
)
from console.migration.model import CatalogObject, Conflict, Difference

_KINDS = {
    "p": "a partitioned table",
    "v": "a view",
    "m": "a materialized view",
    "f": "a foreign table",
    "S": "a sequence",
    "i": "an index",
    "c": "a composite type",
}


@dataclass(frozen=True, slots=True)
class Surroundings:
    """What bears our tables' names, and what else is needed to move it.

    Attributes:
        tables: By identity.
        taken: Names of tables that were set aside before.
        today: The server's date as `YYYYMMDD`.
        roles: The API's roles that exist.
    """

    tables: Mapping[str, LiveTable]
    taken: frozenset[str]
    today: str
    roles: tuple[str, ...]


def surroundings(document: Mapping[str, Any], missing_roles: set[str]) -> Surroundings:
    """Makes Surroundings from the answer of queries/tables.sql."""
    tables = [live_table(found) for found in document["tables"]]
    return Surroundings(
        tables={table.identity: table for table in tables},
        taken=frozenset(document["set_aside"]),
        today=document["today"],
        roles=tuple(role for role in API_ROLES if role not in missing_roles),
    )


@dataclass(frozen=True, slots=True)
class InTheWay:
    """A table that cannot become ours: the conflict, and the statements that set it aside."""

    conflict: Conflict
    set_aside: tuple[str, ...]


def find_in_the_way(
    expected: Expected, around: Surroundings, differences: Iterable[Difference]
) -> Iterator[InTheWay]:
    """Yields every existing table that is in the way of ours.

    Args:
        expected: What is ours.
        around: What bears our tables' names.
        differences: What verify found, for the mends that keep every value.
    """
    taken = set(around.taken)
    mends = {item.identity: item.mend for item in differences if item.kind == "column"}
    for table in around.tables.values():
        faults = _faults(table, expected)
        known = recognise(table)
        if known is not None and not faults:
            # It would fit, but only by leaving its values in columns that nobody reads.
            faults = {"": f"it holds {', '.join(known.has)}: {known.name}, under other names"}
        if not faults:
            continue
        aside = set_aside(table, taken, around.today, around.roles)
        resolve: tuple[str, ...] = ()
        wrong = [f"{table.identity}.{column}" for column in faults if column in table.columns]
        if len(wrong) == len(faults) and all(mends.get(column) for column in wrong):
            resolve = tuple(statement for column in wrong for statement in mends[column])
        elif known is not None:
            renames = column_renames(table, known)
            if renames and not _faults(_renamed(table, renames), expected):
                resolve = rename_columns(table, renames)
            elif known.becomes and _may_become(table, known.becomes, expected, around):
                resolve = rename_table(table, known.becomes)
        yield InTheWay(
            Conflict(
                identity=table.identity,
                reason="; ".join(faults.values()),
                fingerprint=known.name if known else None,
                resolve=resolve or aside,
            ),
            set_aside=aside,
        )


def _renamed(table: LiveTable, renames: Mapping[str, str]) -> LiveTable:
    return replace(
        table, columns={renames.get(name, name): kind for name, kind in table.columns.items()}
    )


def _may_become(table: LiveTable, name: str, expected: Expected, around: Surroundings) -> bool:
    identity = f"{table.schema}.{name}"
    moved = replace(table, identity=identity, name=name)
    return identity not in around.tables and not _faults(moved, expected)


def _faults(table: LiveTable, expected: Expected) -> dict[str, str]:
    """Says, by column where it is one, why a table can't be upgraded in place."""
    if table.kind != "r":
        return {"": f"it is {_KINDS.get(table.kind, 'something else')}, not a table"}
    faults = {}
    for item in expected.objects.values():
        if item.table != table.identity:
            continue
        if item.kind == "column":
            name = item.identity.removeprefix(f"{table.identity}.")
            if (live := table.columns.get(name)) is None:
                if not _fills_itself(item):
                    faults[name] = f"{name} is missing and has no default to fill it with"
            elif live != item.definition["type"]:
                faults[name] = f"{name} is {live}, not {item.definition['type']}"
        elif item.kind == "constraint" and item.definition["type"] == "primary key":
            wanted = item.definition["definition"]
            if table.primary_key not in (None, wanted):
                faults[""] = f"its key is {table.primary_key}, not {wanted}"
    return faults


def _fills_itself(column: CatalogObject) -> bool:
    filled: Sequence[str] = ("default", "identity", "generated")
    return not column.definition["not_null"] or any(key in column.definition for key in filled)
