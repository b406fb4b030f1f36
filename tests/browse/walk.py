"""Walks through every row of a source, while others come and go."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import psycopg

from console.browse.page import Page, Place, Row
from console.browse.position import After, Before, First, Last
from console.browse.query import explain, open_query
from console.browse.source import PageSource, open_source
from console.catalog.relations import Relation
from console.connection.profile import Profile
from console.connection.session import Session

Admin = Callable[[Profile], psycopg.Connection[Any]]
Connect = Callable[..., Session]
EachPage = Callable[[int], None]


async def first_page(
    session: Session, relation: Relation, *, limit: int | None = None, **options: Any
) -> Page:
    """Reads the first rows of a relation, as `open_source` takes the options."""
    source = await open_source(session, relation, **options)
    try:
        return await source.fetch(First(), limit)
    finally:
        await source.close()


async def run_typed(session: Session, text: str) -> None:
    """Runs a statement as somebody has typed it, or explains it where it says so."""
    if "explain" in text:
        await explain(session, text)
        return
    source = await open_query(session, text)
    try:
        await source.fetch(First())
    finally:
        await source.close()


async def forwards(
    source: PageSource, *, limit: int | None = None, each: EachPage = lambda number: None
) -> list[Row]:
    """Reads every row from the first on; `each` is called before each page."""
    rows: list[Row] = []
    page = await source.fetch(First(), limit)
    number = 0
    while True:
        _check(page)
        rows += page.rows
        if not page.more:
            return rows
        number += 1
        each(number)
        page = await source.fetch(After(page.places[-1]), limit)
        assert page.before


async def backwards(
    source: PageSource, *, limit: int | None = None, each: EachPage = lambda number: None
) -> list[Row]:
    """Reads every row from the last on, returned in the source's order."""
    parts: list[tuple[Row, ...]] = []
    page = await source.fetch(Last(), limit)
    assert not page.more
    number = 0
    while True:
        _check(page)
        parts.append(page.rows)
        if not page.before:
            return [row for part in reversed(parts) for row in part]
        number += 1
        each(number)
        page = await source.fetch(Before(page.places[0]), limit)
        assert page.more


def _check(page: Page) -> None:
    assert len(page.places) == len(page.rows)


def place_of(page: Page, row: int) -> Place:
    return page.places[row]
