"""Reading a row among others, and the rows that a foreign key leads to."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from dataclasses import dataclass

from console.browse.count import Certainty
from console.browse.detail import Value, read_row
from console.browse.page import Page, Place
from console.browse.references import Reference, count_there, follow
from console.browse.source import PageSource
from console.browse.window import Window
from console.catalog.foreign_keys import ForeignKeys, list_foreign_keys
from console.connection.session import Session
from console.errors import ConsoleError, NotFound, TimedOut
from console.ui import words
from console.ui.connections import BROWSE, Connections
from console.ui.tables.reading import Ears, Opened, Wanted, open_rows
from console.visible import visible

Eyes = Callable[[], Awaitable[Session]]
"""Opens the connection through which rows are seen: one's own, or that of a persona."""


@dataclass(frozen=True, slots=True)
class Met:
    """A row as it was read.

    Attributes:
        index: Its number among the rows.
        page: The page that holds it.
        number: Which of the page's rows it is.
        keys: The foreign keys of its table.
    """

    index: int
    page: Page
    number: int
    values: tuple[Value, ...]
    references: list[Reference]
    keys: ForeignKeys

    @property
    def place(self) -> Place:
        """Where it is found again."""
        return self.page.places[self.number]

    def key(self, source: PageSource) -> tuple[tuple[str, str], ...]:
        """Returns what tells the row from others, for who asks about it.

        Returns:
            Columns and values; empty where nothing does.
        """
        if source.selection.relation.kind not in ("table", "partitioned"):
            return ()
        names = {value.column.name for value in self.values if value.column.primary_key}
        if not names and not source.numbered:
            names = {order.column for order in source.order}
        held = [value for value in self.values if value.column.name in names]
        if any(value.cut for value in held):
            return ()
        return tuple((one.column.name, one.text) for one in held if one.text is not None)


async def meet(
    connections: Connections, window: Window, index: int, before: Met | None = None
) -> Met:
    """Reads one of the rows of a window, and where its foreign keys lead.

    Args:
        connections: Where the catalog is read.
        window: The rows.
        index: Which.
        before: Another row of theirs, whose foreign keys are the same.

    Raises:
        NotFound: It is gone.
        ConsoleError: The server refused, or the connection is gone.
    """
    await window.show(index, index)
    found = window.find(index)
    if found is None:
        raise NotFound("there is no row here any more", hint="read the table again")
    page, number = found
    place, source = page.places[number], window.source
    values = await read_row(source, place, shown=page.rows[number])
    relation = source.selection.relation
    if before is not None:
        keys = before.keys
    elif relation.kind in ("table", "partitioned"):
        keys = await list_foreign_keys(await connections.open(BROWSE), relation)
    else:
        keys = ForeignKeys((), ())
    readable = {column.name for column in source.selection.shown}
    keys = ForeignKeys(
        tuple(key for key in keys.outgoing if readable.issuperset(key.columns)),
        tuple(key for key in keys.incoming if readable.issuperset(key.to_columns)),
    )
    references = await follow(source, place, keys)
    return Met(index, page, number, values, references, keys)


async def rows_at(connections: Connections, eyes: Eyes, way: Reference) -> Window:
    """Opens the rows that a foreign key leads to.

    Raises:
        ConsoleError: The server refused, or the connection is gone.
    """
    from console.browse.source import open_source
    from console.catalog.relations import find_relation

    relation = await find_relation(await connections.open(BROWSE), way.relation)
    window = Window(await open_source(await eyes(), relation, where=way.where or ""))
    await window.open()
    return window


async def table_at(connections: Connections, way: Reference, ears: Ears) -> Opened:
    """Opens the rows that a foreign key leads to as a table like any other, with a filter.

    Raises:
        ConsoleError: The server refused, or the connection is gone.
    """
    from console.catalog.relations import find_relation

    relation = await find_relation(await connections.open(BROWSE), way.relation)
    return await open_rows(connections, Wanted(relation, way.where or ""), ears)


async def counted(eyes: Eyes, reference: Reference) -> str:
    """Says how many rows a reference leads to, or that it could not be counted."""
    try:
        total = await count_there(await eyes(), reference)
    except TimedOut:
        return "not counted" if reference.key.indexed else "not counted: no index helps"
    except ConsoleError as error:
        return f"not counted: {visible(error.message)}"
    number = words.plural(total.rows, "row")
    return f"≥ {number}" if total.certainty is Certainty.AT_LEAST else number
