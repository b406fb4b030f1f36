"""Foreign keys in both directions: what a row refers to, and what refers to it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from console.catalog.reading import elements, query, read
from console.catalog.relations import Relation

if TYPE_CHECKING:
    from console.connection.session import Session, TextTable

_ACTIONS = {
    "a": "no action",
    "r": "restrict",
    "c": "cascade",
    "n": "set null",
    "d": "set default",
}


@dataclass(frozen=True, slots=True)
class ForeignKey:
    """A foreign key.

    Attributes:
        table: The identity of the table that refers.
        columns: Its columns.
        to_table: The identity of the table that is referred to.
        to_columns: Its columns, in the same order.
        on_delete: What happens to the referring rows, as SQL says it.
        on_update: Likewise.
        indexed: Whether an index begins with the referring columns.
        definition: As ALTER TABLE … ADD CONSTRAINT takes it, with qualified names.
    """

    name: str
    table: str
    columns: tuple[str, ...]
    to_table: str
    to_columns: tuple[str, ...]
    on_delete: str
    on_update: str
    indexed: bool
    definition: str


@dataclass(frozen=True, slots=True)
class ForeignKeys:
    """The foreign keys of a relation.

    Attributes:
        outgoing: Those it has.
        incoming: Those other tables, or it itself, have to it.
    """

    outgoing: tuple[ForeignKey, ...]
    incoming: tuple[ForeignKey, ...]


async def list_foreign_keys(session: Session, relation: Relation) -> ForeignKeys:
    """Lists the foreign keys from and to a relation.

    Raises:
        ConsoleError: The connection is gone or the server refused.
    """
    wanted = query("console.catalog", "foreign_keys", schema=relation.schema, name=relation.name)
    (table,) = await read(session, wanted, search_path="")
    return foreign_keys_of(table)


def foreign_keys_of(table: TextTable) -> ForeignKeys:
    """Makes foreign keys of what `queries/foreign_keys.sql` returns."""
    found: dict[str, list[ForeignKey]] = {"out": [], "in": []}
    for row in table.rows:
        direction, name, referring, columns, to, to_columns, delete, update, indexed, made = row
        found[direction or ""].append(
            ForeignKey(
                name or "",
                referring or "",
                elements(columns),
                to or "",
                elements(to_columns),
                _ACTIONS[delete or "a"],
                _ACTIONS[update or "a"],
                indexed == "t",
                made or "",
            )
        )
    return ForeignKeys(tuple(found["out"]), tuple(found["in"]))
