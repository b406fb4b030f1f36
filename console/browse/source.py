"""Which way a relation is read: by its key, by its blocks, or through a cursor."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Protocol

from psycopg import sql

from console.browse.keyset import KeysetSource
from console.browse.ordering import sorting, walkable
from console.browse.page import Order, Page, Place
from console.browse.position import Position
from console.browse.selection import Selection, select_from
from console.catalog.paths import find_paths
from console.catalog.relations import Relation
from console.connection.session import Session, TextTable

PAGE = 200
"""Rows of a page where they are not uncommonly wide."""
FEWEST = 50
CELLS = 20_000


class PageSource(Protocol):
    """Where pages come from.

    Attributes:
        session: The connection it reads on.
        selection: What is read.
        size: Rows of a page.
        secured: Whether row-level security may hide rows from this login.
        progress: Where rows are searched for, so that pages come with what was found so far:
            the share that was searched, 0 to 1. None where pages come whole.
    """

    session: Session
    selection: Selection
    size: int
    secured: bool
    progress: float | None

    @property
    def order(self) -> tuple[Order, ...]:
        """What rows are sorted by; empty where nothing is promised."""

    @property
    def numbered(self) -> bool:
        """Whether positions are row numbers: jumps go by `RowNumber`, elsewhere by `Fraction`."""

    @property
    def promise(self) -> str:
        """What the pages can't hold to, in words; empty where there is nothing to say."""

    @property
    def statement(self) -> sql.Composable:
        """The query as a person would write it."""

    async def prepare(self) -> None:
        """Reads what the next jump needs."""

    async def fetch(self, position: Position, limit: int | None = None) -> Page:
        """Reads a page."""

    async def ask(self, *queries: sql.Composable) -> list[TextTable]:
        """Runs queries of the console's own making about the rows."""

    def one(self, place: Place) -> sql.Composed:
        """Returns what stands behind FROM to read the row at a place."""

    def key(self, place: Place) -> tuple[tuple[str, str], ...]:
        """Returns columns and values that name the row at a place; empty where nothing does."""

    async def close(self) -> None:
        """Lets go of what the server holds for it."""


async def open_source(
    session: Session,
    relation: Relation,
    *,
    columns: Sequence[str] | None = None,
    where: str = "",
    order: Sequence[Order] = (),
    cell: int | None = 300,
    cursor_session: Session | None = None,
) -> PageSource:
    """Finds the soundest way to read a relation.

    With a usable unique key, by it, whatever the filter, in any order but that of an enum which
    an implicit cast makes another type of. Without one but with
    blocks, by them, as long as neither an order nor a filter is asked for. Else through a
    cursor: on a connection of its own, or, where `session` stands for somebody else, each page
    anew.

    Args:
        session: Where to read.
        relation: What to read.
        columns: Names of the columns to read, in that order; None for all.
        where: A filter, see `console.browse.filter`.
        order: What to sort by.
        cell: How many characters of a value at most, cut by the server; None for all.
        cursor_session: A connection that a cursor may keep for itself and closes in the end.

    Raises:
        FilterError: The filter does not parse, or names a column that is not there.
        NotFound: A column does not exist.
        ConsoleError: The connection is gone or the server refused.
    """
    paths = await find_paths(session, relation)
    selection = select_from(relation, paths, columns=columns, where=where, cell=cell)
    size = max(FEWEST, min(PAGE, CELLS // max(1, len(selection.shown))))
    sorts = sorting(paths, order)
    if walkable(paths, sorts):
        return KeysetSource(session, selection, paths, sorts, size)
    # The other ways are seldom gone.
    from console.browse.cursor import CursorSource
    from console.browse.heap import HeapSource

    if paths.by_block and not sorts and not selection.chosen.terms:
        return HeapSource(session, selection, paths, size)
    if cursor_session is None and type(session) is Session:
        cursor_session = session.another("cursor")
    if cursor_session is None:
        return CursorSource(session, selection, sorts, size, keep=False)
    return CursorSource(cursor_session, selection, sorts, size)
