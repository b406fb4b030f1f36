"""Pages of rows: the server's own text, never parsed on the way."""

from __future__ import annotations

import time
from collections.abc import Sequence
from dataclasses import dataclass

from psycopg import sql

from console.browse.filter import Filter, FilterError, compile_filter, find_column, near
from console.catalog.reading import read
from console.catalog.relations import Column, Relation, list_columns
from console.connection.session import Session, TextTable
from console.errors import DatabaseFailed, NotFound


@dataclass(frozen=True, slots=True)
class Order:
    """One column to sort by."""

    column: str
    descending: bool = False


@dataclass(frozen=True, slots=True)
class Page:
    """Some rows of a relation.

    Attributes:
        columns: Those that are in the rows, in the same order.
        rows: The server's text of each value; None is NULL.
        more: Whether rows follow the last one.
        cut: Row and column numbers, from 0, of values of which only the beginning is here.
        order: What the rows are sorted by; empty where nothing is promised.
        statement: The SQL that was run.
        elapsed: Seconds it took, there and back.
    """

    relation: Relation
    columns: tuple[Column, ...]
    rows: tuple[tuple[str | None, ...], ...]
    more: bool
    cut: frozenset[tuple[int, int]]
    order: tuple[Order, ...]
    statement: str
    elapsed: float


async def first_page(
    session: Session,
    relation: Relation,
    *,
    limit: int = 200,
    cell: int | None = 300,
    columns: Sequence[str] | None = None,
    where: str = "",
    order: Sequence[Order] = (),
) -> Page:
    """Reads the first rows of a relation, in a transaction that can't write.

    Args:
        session: Where to read.
        relation: What to read.
        limit: How many rows at most.
        cell: How many characters of a value at most, cut by the server; None for all.
        columns: Names of the columns to read, in that order; None for all.
        where: A filter, see `console.browse.filter`.
        order: What to sort by; the primary key decides between equals, and alone where
            nothing is given.

    Raises:
        FilterError: The filter does not parse or does not suit the columns.
        NotFound: A column does not exist, or the relation is gone.
        ConsoleError: The connection is gone or the server refused.
    """
    known = await list_columns(session, relation)
    shown = known if columns is None else [_column(known, name) for name in columns]
    chosen = compile_filter(where, known)
    sorting = _sorting(known, order)
    statement = _select(relation, shown, chosen, sorting, limit + 1, cell)
    started = time.perf_counter()
    try:
        (table,) = await read(session, statement)
    except DatabaseFailed as error:
        raise await _blamed(session, relation, chosen, error) from error
    elapsed = time.perf_counter() - started
    return _page(relation, shown, table, limit, cell, sorting, statement, elapsed)


async def count_rows(session: Session, relation: Relation) -> int:
    """Counts a relation's rows, all of them; slow where there are many.

    Raises:
        ConsoleError: The connection is gone or the server refused.
    """
    count = await session.value(
        sql.SQL("select pg_catalog.count(*) from {}").format(
            sql.Identifier(relation.schema, relation.name)
        )
    )
    return int(count)


def _column(known: Sequence[Column], name: str) -> Column:
    column = find_column(known, name)
    if column is None:
        raise NotFound(f"there is no column {name}", hint=near(known, name))
    return column


def _sorting(known: Sequence[Column], order: Sequence[Order]) -> tuple[Order, ...]:
    given = [Order(_column(known, part.column).name, part.descending) for part in order]
    names = {part.column for part in given}
    key = sorted((c.key_position, c.name) for c in known if c.key_position is not None)
    return (*given, *(Order(name) for _, name in key if name not in names))


def _select(
    relation: Relation,
    columns: Sequence[Column],
    chosen: Filter,
    sorting: Sequence[Order],
    limit: int,
    cell: int | None,
) -> sql.Composable:
    # A table may have no columns, yet rows.
    cells = [_cell(column, cell) for column in columns] or [sql.SQL("null")]
    sort = [
        sql.SQL("{} desc" if part.descending else "{}").format(sql.Identifier(part.column))
        for part in sorting
    ]
    return sql.SQL("select {} from {}{}{} limit {}").format(
        sql.SQL(", ").join(cells),
        sql.Identifier(relation.schema, relation.name),
        chosen.where,
        sql.SQL(" order by ") + sql.SQL(", ").join(sort) if sort else sql.SQL(""),
        sql.Literal(limit),
    )


def _cell(column: Column, cell: int | None) -> sql.Composable:
    name = sql.Identifier(column.name)
    if cell is None:
        return name
    # format() calls the type's output function; a cast to text may say something else
    # (boolean, inet, character). A record of NULLs is not NULL itself, hence num_nulls.
    # One character more than asked for tells that there is more.
    return sql.SQL(
        "case when pg_catalog.num_nulls({0}) = 0"
        " then pg_catalog.left(pg_catalog.format('%s', {0}), {1}) end"
    ).format(name, sql.Literal(cell + 1))


def _page(
    relation: Relation,
    columns: Sequence[Column],
    table: TextTable,
    limit: int,
    cell: int | None,
    sorting: tuple[Order, ...],
    statement: sql.Composable,
    elapsed: float,
) -> Page:
    cut: set[tuple[int, int]] = set()
    rows: list[tuple[str | None, ...]] = []
    for number, values in enumerate(table.rows[:limit]):
        row = list(values[: len(columns)])
        for position, value in enumerate(row):
            if cell is not None and value is not None and len(value) > cell:
                row[position] = value[:cell]
                cut.add((number, position))
        rows.append(tuple(row))
    return Page(
        relation=relation,
        columns=tuple(columns),
        rows=tuple(rows),
        more=len(table.rows) > limit,
        cut=frozenset(cut),
        order=sorting,
        statement=statement.as_string(None),
        elapsed=elapsed,
    )


async def _blamed(
    session: Session, relation: Relation, chosen: Filter, failure: DatabaseFailed
) -> DatabaseFailed | FilterError:
    """Finds the term the server objects to, by having each planned alone, not run."""
    relation_name = sql.Identifier(relation.schema, relation.name)
    explain = sql.SQL("explain select * from {}").format(relation_name)
    try:
        await session.texts(explain)
    except DatabaseFailed:
        return failure  # the relation fails by itself
    for term, condition in zip(chosen.terms, chosen.conditions, strict=True):
        try:
            await session.texts(explain + sql.SQL(" where ") + condition)
        except DatabaseFailed as error:
            if error.sqlstate != failure.sqlstate:
                continue
            blamed = FilterError(
                f"this term does not suit its column: {error.message}",
                chosen.text,
                term.start,
                term.end,
                hint="check the value and the column's type",
            )
            blamed.sqlstate = error.sqlstate
            return blamed
    return failure
