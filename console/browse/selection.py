"""What is read of a relation, and how its values are cut before they leave the server."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property

from psycopg import sql

from console.browse.filter import Filter, compile_filter, find_column, near
from console.browse.page import Order, Page, Place, Row
from console.catalog.paths import Paths
from console.catalog.relations import Column, Relation
from console.errors import NotFound

COSTLY = 64 * 1024
"""Stored bytes from which a value that must be written out whole to be cut is left alone."""

_TEXTS = frozenset({"text", "character varying"})


@dataclass(frozen=True)
class Selection:
    """Some columns of the rows of a relation that a filter lets through.

    Attributes:
        origin: What stands behind FROM.
        known: All columns, which the filter and the order may name.
        shown: Those that are read.
        cell: Characters of a value at most; None for all.
    """

    relation: Relation
    origin: sql.Composable
    known: tuple[Column, ...]
    shown: tuple[Column, ...]
    chosen: Filter
    cell: int | None

    @cached_property
    def cells(self) -> list[sql.Composable]:
        """The expressions a row is read by: its values, then which of them are too big."""
        # A table may have no columns, yet rows.
        cells = [cut(column, self.cell) for column in self.shown] or [sql.SQL("null")]
        sizes = [
            sql.SQL("case when {} > {} then '{}:' || {} end").format(
                _size(column), sql.Literal(COSTLY), sql.SQL(str(number)), _size(column)
            )
            for number, column in enumerate(self.shown)
            if self.cell is not None and _is_costly(column)
        ]
        big = sql.SQL("pg_catalog.array_to_string(array[{}], ',')")
        return [*cells, big.format(sql.SQL(", ").join(sizes)) if sizes else sql.SQL("null")]

    @property
    def names(self) -> sql.Composable:
        """The columns as a person would write them."""
        if self.shown == self.known:
            return sql.SQL("*")
        return sql.SQL(", ").join(sql.Identifier(column.name) for column in self.shown)

    def select(
        self,
        *extra: sql.Composable,
        conditions: Sequence[sql.Composable] = (),
        tail: sql.Composable | None = None,
        limit: int | None = None,
    ) -> sql.Composed:
        """Builds the query for the rows that also meet some conditions."""
        every = [*self.chosen.conditions, *conditions]
        where = sql.SQL(" where ") + sql.SQL(" and ").join(every) if every else sql.SQL("")
        return sql.SQL("select {} from {}{}{}{}").format(
            sql.SQL(", ").join([*self.cells, *extra]),
            self.origin,
            where,
            tail or sql.SQL(""),
            sql.SQL("") if limit is None else sql.SQL(" limit {}").format(sql.Literal(limit)),
        )

    def page(
        self,
        rows: Sequence[Row],
        *,
        more: bool,
        order: tuple[Order, ...],
        statement: sql.Composable,
        elapsed: float,
        before: bool = False,
        places: tuple[Place, ...] = (),
    ) -> Page:
        """Makes a page of what a query built by `select` returned."""
        width = len(self.shown)
        cells: list[Row] = []
        shortened: set[tuple[int, int]] = set()
        big: dict[tuple[int, int], int] = {}
        for number, values in enumerate(rows):
            row = values[:width]
            if sizes := values[max(width, 1)]:
                for one in sizes.split(","):
                    position, _, size = one.partition(":")
                    big[number, int(position)] = int(size)
            if self.cell is not None:
                long = [
                    position
                    for position, value in enumerate(row)
                    if value is not None and len(value) > self.cell
                ]
                if long:
                    row = tuple(value and value[: self.cell] for value in row)
                    shortened.update((number, position) for position in long)
            cells.append(row)
        return Page(
            relation=self.relation,
            columns=self.shown,
            rows=tuple(cells),
            more=more,
            cut=frozenset(shortened | big.keys()),
            order=order,
            statement=statement.as_string(None),
            elapsed=elapsed,
            before=before,
            places=places,
            big=big,
        )


def select_from(
    relation: Relation,
    paths: Paths,
    *,
    columns: Sequence[str] | None = None,
    where: str = "",
    cell: int | None = 300,
) -> Selection:
    """Fits a choice of columns and rows to a relation.

    Raises:
        FilterError: The filter does not parse, or names a column that is not there.
        NotFound: A column does not exist.
    """
    known = paths.columns
    return Selection(
        relation,
        sql.Identifier(relation.schema, relation.name),
        known,
        known if columns is None else tuple(named(known, name) for name in columns),
        compile_filter(where, known),
        cell,
    )


def chained(branches: Sequence[sql.Composable], limit: int) -> sql.Composable:
    """Puts queries one after the other; none is begun once there are enough rows."""
    if len(branches) == 1:
        return branches[0]
    parts = sql.SQL(" union all ").join(sql.SQL("({})").format(one) for one in branches)
    return sql.SQL("{} limit {}").format(parts, sql.Literal(limit))


def named(known: Sequence[Column], name: str) -> Column:
    """Returns the column a person named.

    Raises:
        NotFound: There is none, with near ones as the hint.
    """
    column = find_column(known, name)
    if column is None:
        raise NotFound(f"there is no column {name}", hint=near(known, name))
    return column


def written(column: Column) -> sql.Composed:
    """Returns the expression for a value as its type's own output function writes it.

    A cast to text may say something else (boolean, inet, character). A record of NULLs is not
    NULL itself, hence num_nulls.
    """
    name = sql.Identifier(column.name)
    return sql.SQL(
        "case when pg_catalog.num_nulls({0}) = 0 then pg_catalog.format('%s', {0}) end"
    ).format(name)


def cut(column: Column, length: int | None) -> sql.Composable:
    """Returns the expression for at least the first characters of a value, one more if cut.

    What can be cut without being read whole is: text and bytes. Of the rest, what is costly
    to write out is an empty text here.
    """
    name = sql.Identifier(column.name)
    if length is None or column.width > 0:
        return name
    if column.base in _TEXTS:
        return sql.SQL("pg_catalog.left({}, {})").format(name, sql.Literal(length + 1))
    if column.base == "bytea":
        return sql.SQL("pg_catalog.substr({}, 1, {})::text").format(
            name, sql.Literal(length // 2 + 1)
        )
    return sql.SQL(
        "case when pg_catalog.num_nulls({0}) = 0 then case when {1} <= {2}"
        " then pg_catalog.left(pg_catalog.format('%s', {0}), {3}) else '' end end"
    ).format(name, _size(column), sql.Literal(COSTLY), sql.Literal(length + 1))


def _size(column: Column) -> sql.Composed:
    return sql.SQL("pg_catalog.pg_column_size({})").format(sql.Identifier(column.name))


def _is_costly(column: Column) -> bool:
    return column.width < 0 and column.base not in _TEXTS and column.base != "bytea"
