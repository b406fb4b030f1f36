"""The ways through a relation: unique keys to walk by, and the blocks its rows lie in."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, NamedTuple

from console.catalog.reading import elements, query, read
from console.catalog.relations import Column, Relation, columns_of, columns_query

if TYPE_CHECKING:
    from console.connection.session import Session, TextTable


class KeyPart(NamedTuple):
    """One column of a unique key, in the index's own direction."""

    column: str
    descending: bool = False
    nulls_first: bool = False


@dataclass(frozen=True, slots=True)
class UniqueKey:
    """A unique key that every row has, in the order of its index.

    Attributes:
        index: The index's name.
    """

    index: str
    primary: bool
    parts: tuple[KeyPart, ...]


class Leaf(NamedTuple):
    """A table that stores rows of a relation: itself, or one of its partitions.

    Attributes:
        heap: Whether its rows can be reached by block.
        blocks: How many there are now.
        density: Rows in a block when last analysed; None where the server does not know.
        bound: The condition its rows meet as a partition, as the server writes it.
    """

    oid: int
    identity: str
    heap: bool
    partition: bool
    blocks: int
    density: float | None
    bound: str | None


class Paths(NamedTuple):
    """What browsing a relation can rely on.

    Attributes:
        keys: Usable unique keys, the best first.
        leaves: Where its rows are stored; empty for what stores none.
        inherited: Whether other tables inherit from it, whose rows it shows too.
        secured: Whether row-level security hides rows from this login.
    """

    columns: tuple[Column, ...]
    keys: tuple[UniqueKey, ...]
    leaves: tuple[Leaf, ...]
    inherited: bool
    secured: bool

    @property
    def by_block(self) -> bool:
        """Whether every row has a block that it can be asked for by."""
        return bool(self.leaves) and not self.inherited and all(leaf.heap for leaf in self.leaves)


async def find_paths(session: Session, relation: Relation) -> Paths:
    """Learns a relation's columns, keys and storage, in one round trip.

    Raises:
        ConsoleError: The connection is gone or the server refused.
    """
    names = {"schema": relation.schema, "name": relation.name}
    columns, keys, storage = await read(
        session,
        columns_query(relation),
        query("console.catalog", "keys", **names),
        query("console.catalog", "storage", **names),
    )
    return Paths(
        columns_of(columns),
        _keys(keys),
        tuple(_leaf(row) for row in storage.rows if relation.kind != "view"),
        any(row[4] == "t" for row in storage.rows),
        any(row[5] == "t" for row in storage.rows),
    )


def _keys(table: TextTable) -> tuple[UniqueKey, ...]:
    return tuple(
        UniqueKey(
            name or "",
            primary == "t",
            tuple(
                KeyPart(column, descending == "1", first == "1")
                for column, descending, first in zip(
                    elements(columns), elements(directions), elements(nulls), strict=True
                )
            ),
        )
        for name, primary, columns, directions, nulls in table.rows
    )


def _leaf(row: tuple[str | None, ...]) -> Leaf:
    oid, identity, heap, partition, _, _, blocks, density, bound = row
    return Leaf(
        int(oid or 0),
        identity or "",
        heap == "t",
        partition == "t",
        int(blocks or 0),
        None if density is None else float(density),
        bound,
    )
