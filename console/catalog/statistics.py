"""How a column's values are distributed, from what ANALYZE found."""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Sequence
from typing import TYPE_CHECKING, NamedTuple

from psycopg import sql

from console.catalog.reading import read
from console.catalog.relations import Column, Relation

if TYPE_CHECKING:
    from console.connection.session import Session

_TIMEOUT = 5.0
"""Seconds to look for where to jump to; without an answer a jump is coarser."""


class Spot(NamedTuple):
    """A place in a column's order.

    Attributes:
        low: The value at it or before it; None for the NULLs.
        high: The next value that is known, where the place is between the two.
        share: How far from `low` to `high`; with `high` None, how far through the rows that
            all hold `low`. From 0 to 1.
    """

    low: str | None
    high: str | None
    share: float


class Distribution(NamedTuple):
    """The values of a column in order, with the share of rows that comes before each.

    Attributes:
        values: Some of the column's values, ascending.
        starts: For each, the share of the rows with smaller values, NULLs left out.
        masses: For each, the share of rows that hold exactly it; 0 where that is not known.
        nulls: The share of rows that are NULL.
    """

    values: tuple[str, ...]
    starts: tuple[float, ...]
    masses: tuple[float, ...]
    nulls: float

    def spot(self, fraction: float) -> Spot | None:
        """Finds the place that a share of the rows, NULLs last, comes before.

        Returns:
            None where nothing is known.
        """
        if fraction >= 1 - self.nulls and self.nulls > 0:
            return Spot(None, None, min(1.0, (fraction - 1 + self.nulls) / self.nulls))
        if not self.values:
            return None
        number = max(0, bisect_right(self.starts, fraction) - 1)
        inside = fraction - self.starts[number]
        mass = self.masses[number]
        if mass > 0 and (inside <= mass or number + 1 == len(self.values)):
            return Spot(self.values[number], None, min(1.0, inside / mass))
        if number + 1 == len(self.values):
            return Spot(self.values[number], None, 0.0)
        gap = self.starts[number + 1] - self.starts[number] - mass
        share = (inside - mass) / gap if gap > 0 else 0.0
        return Spot(self.values[number], self.values[number + 1], max(0.0, min(1.0, share)))


def distribution(rows: Sequence[tuple[str, float | None]], nulls: float) -> Distribution:
    """Puts a histogram's bounds and the most common values on one scale.

    Args:
        rows: Values in ascending order; a frequency makes one a most common value, None a
            bound of the histogram, between two of which lie equally many of the other rows.
        nulls: The share of rows that are NULL.
    """
    common = sum(frequency for _, frequency in rows if frequency is not None)
    bounds = sum(frequency is None for _, frequency in rows)
    step = (1 - nulls - common) / (bounds - 1) if bounds > 1 else 0.0
    starts: list[float] = []
    reached, seen, waiting = 0.0, 0, 0
    for position, (_, frequency) in enumerate(rows):
        if frequency is None and seen:
            # What lies between two bounds is shared out among the common values between them.
            part = step / (waiting + 1)
            for offset in range(waiting):
                starts[position - waiting + offset] += part * (offset + 1)
            reached += step
        starts.append(reached)
        if frequency is None:
            seen, waiting = seen + 1, 0
        else:
            reached += frequency
            waiting += 1 if seen else 0
    masses = tuple(frequency or 0.0 for _, frequency in rows)
    return Distribution(tuple(value for value, _ in rows), tuple(starts), masses, nulls)


async def read_distributions(
    session: Session, relation: Relation, columns: Sequence[Column], *, sample: float | None = None
) -> list[Distribution]:
    """Reads how the values of columns are distributed, in one round trip.

    The server shows nothing where row-level security applies to the login, and has nothing
    for a table that was never analysed; there the distribution is empty, unless a sample is
    taken.

    Args:
        session: Where to ask.
        relation: Whose columns.
        columns: Which; each must have an order.
        sample: The share of the table's blocks to look at instead; None for the statistics.

    Raises:
        ConsoleError: The connection is gone, or the server refused.
    """
    if not columns:
        return []
    if sample is None:
        queries = [_statistics(relation, column) for column in columns]
    else:
        queries = [_sample(relation, column, sample) for column in columns]
    found = []
    for table in await read(session, *queries, statement_timeout=_TIMEOUT):
        rows = [
            (value, float(share) if share else None)
            for value, share, _ in table.rows
            if value is not None
        ]
        found.append(distribution(rows, float(table.rows[0][2] or 0) if table.rows else 0.0))
    return found


def _statistics(relation: Relation, column: Column) -> sql.Composed:
    # Only the server knows the order of its values.
    return sql.SQL(
        "select u.value::text, u.share, s.null_frac from pg_catalog.pg_stats s"
        " left join lateral (select v.value, null::float4 as share from"
        " pg_catalog.unnest(s.histogram_bounds::text::{type}[]) as v (value)"
        " union all select v.value, v.share from unnest("
        "s.most_common_vals::text::{type}[], s.most_common_freqs) as v (value, share)"
        ") as u on true where s.schemaname = {schema} and s.tablename = {name}"
        " and s.attname = {column} and s.inherited = {inherited} order by u.value{collate}"
    ).format(
        type=sql.SQL(column.base),
        schema=sql.Literal(relation.schema),
        name=sql.Literal(relation.name),
        column=sql.Literal(column.name),
        inherited=sql.Literal(relation.kind == "partitioned"),
        collate=sql.SQL(f" collate {column.collation}" if column.collation else ""),
    )


def _sample(relation: Relation, column: Column, share: float) -> sql.Composed:
    return sql.SQL(
        "select u.value::text, null, s.nulls from (select pg_catalog.percentile_disc("
        "array(select g / 100.0 from pg_catalog.generate_series(0, 100) g))"
        " within group (order by {column}) as bounds, (pg_catalog.count(*) filter ("
        "where {column} is null))::float8 / greatest(pg_catalog.count(*), 1) as nulls"
        " from {relation} tablesample system ({percent})) as s left join lateral"
        " pg_catalog.unnest(s.bounds) with ordinality as u (value, place) on true order by u.place"
    ).format(
        column=sql.Identifier(column.name),
        relation=sql.Identifier(relation.schema, relation.name),
        percent=sql.Literal(min(100.0, share * 100)),
    )
