"""What the catalog offers to who types a statement, read once and kept."""

from __future__ import annotations

from typing import TYPE_CHECKING

from console.ui.connections import BROWSE, Connections

if TYPE_CHECKING:
    from console.browse.completion import Completion
    from console.catalog.relations import Relation


class Catalog:
    """Tables and, of those a statement names, the columns.

    Args:
        connections: Where to ask.
    """

    def __init__(self, connections: Connections) -> None:
        self._connections = connections
        self._relations: list[Relation] | None = None
        self._columns: dict[str, list[str]] = {}

    async def suggest(self, text: str, place: int) -> Completion:
        """Finds what may come next at a place in a statement.

        Raises:
            ConsoleError: The server refused, or the connection is gone.
        """
        from console.browse.suggestions import named_relations, suggest
        from console.catalog.relations import list_columns, list_relations

        if self._relations is None:
            self._relations = await list_relations(await self._connections.open(BROWSE))
        for relation in named_relations(text, self._relations).values():
            if relation.identity not in self._columns:
                columns = await list_columns(await self._connections.open(BROWSE), relation)
                self._columns[relation.identity] = [column.name for column in columns]
        return suggest(text, place, self._relations, self._columns)
