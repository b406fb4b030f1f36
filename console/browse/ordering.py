"""The order rows come in, and the conditions for what comes after a place in it."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

from psycopg import sql

from console.browse.page import Order
from console.browse.selection import named
from console.catalog.paths import Paths
from console.catalog.relations import Column

Bound = sql.Composable | None
"""A value of a sorted column as SQL; None is NULL."""


class Sort(NamedTuple):
    """One column of an order, with everything that decides where a value stands in it."""

    column: Column
    descending: bool
    nulls_first: bool

    @property
    def name(self) -> sql.Identifier:
        """The column in SQL."""
        return sql.Identifier(self.column.name)

    @property
    def reversed(self) -> Sort:
        """The same, from the end."""
        return Sort(self.column, not self.descending, not self.nulls_first)

    @property
    def clause(self) -> sql.Composable:
        """What stands in ORDER BY."""
        words = " desc" if self.descending else ""
        if self.nulls_first != self.descending:
            words += " nulls first" if self.nulls_first else " nulls last"
        return self.name + sql.SQL(words)

    def same(self, bound: Bound) -> sql.Composable:
        """The condition for holding a value."""
        if bound is None:
            return self.name + sql.SQL(" is null")
        return sql.SQL("{} = {}").format(self.name, bound)

    def beyond(self, bound: Bound, *, inclusive: bool) -> list[sql.Composable]:
        """The conditions for coming after a value, those of which come first, first.

        Values and NULLs are apart, for no index serves both at once.
        """
        nulls = [] if self.column.not_null else [self.name + sql.SQL(" is null")]
        if bound is None:
            values = [self.name + sql.SQL(" is not null")] if self.nulls_first else []
            return [*(nulls if inclusive else []), *values]
        operator = ("<" if self.descending else ">") + ("=" if inclusive else "")
        after = sql.SQL("{} {} {}").format(self.name, sql.SQL(operator), bound)
        return [after, *([] if self.nulls_first else nulls)]


def sorting(paths: Paths, order: Sequence[Order]) -> tuple[Sort, ...]:
    """Returns the order asked for, completed by a unique key where there is one.

    The key decides between equals, in the direction of the last column before it, so that
    reading backwards undoes reading forwards and an index over both serves either.

    Raises:
        NotFound: A column does not exist.
    """
    given: list[Sort] = []
    for part in order:
        column = named(paths.columns, part.column)
        if all(sort.column.name != column.name for sort in given):
            given.append(Sort(column, part.descending, part.descending))
    if not paths.keys:
        return tuple(given)
    names = {sort.column.name for sort in given}
    down = given[-1].descending if given else None
    for key in paths.keys[0].parts:
        if key.column in names:
            continue
        column = named(paths.columns, key.column)
        if down is None:
            given.append(Sort(column, key.descending, key.nulls_first))
        else:
            given.append(Sort(column, down, down))
    return tuple(given)


def walkable(paths: Paths, sorts: Sequence[Sort]) -> bool:
    """Tells whether rows in this order can be gone through from one place to the next."""
    return bool(paths.keys) and all(sort.column.ordered for sort in sorts)


def order_by(sorts: Sequence[Sort]) -> sql.Composable:
    """Returns the ORDER BY clause with a space before it; nothing for no order."""
    if not sorts:
        return sql.SQL("")
    return sql.SQL(" order by ") + sql.SQL(", ").join([sort.clause for sort in sorts])


def segments(
    sorts: Sequence[Sort], bounds: Sequence[Bound], *, inclusive: bool = False
) -> list[sql.Composable]:
    """Splits what comes after a place into stretches, each of which an index can serve.

    After (a, b) come, in this order: the rows with the same first column and a second beyond
    b; then those with a first column beyond a. A comparison of whole rows would say the same
    only where nothing is NULL and all directions agree.

    Args:
        sorts: The order.
        bounds: The place's value of each column, or of the first few.
        inclusive: Whether rows at the place itself count.
    """
    found: list[sql.Composable] = []
    for depth in range(len(bounds) - 1, -1, -1):
        equal = [
            sort.same(bound) for sort, bound in zip(sorts[:depth], bounds[:depth], strict=True)
        ]
        at = inclusive and depth == len(bounds) - 1
        found += [
            sql.SQL(" and ").join([*equal, condition])
            for condition in sorts[depth].beyond(bounds[depth], inclusive=at)
        ]
    return found


def literal(column: Column, text: str | None) -> Bound:
    """Returns a value of a column, given as the server wrote it, as SQL."""
    if text is None:
        return None
    return sql.SQL("{}::{}").format(sql.Literal(text), sql.SQL(column.base))
