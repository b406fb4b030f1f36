"""From a share of the rows to the values that stand there."""

from __future__ import annotations

import asyncio
import math
from collections.abc import Sequence
from decimal import Decimal, InvalidOperation
from typing import TYPE_CHECKING

from psycopg import sql

from console.browse.ordering import Bound, Sort, literal
from console.catalog.paths import Paths
from console.catalog.relations import Column, Relation
from console.catalog.statistics import Distribution, Spot, distribution, read_distributions
from console.errors import ConsoleError, DatabaseFailed, TimedOut

if TYPE_CHECKING:
    from console.connection.session import Session

_SAMPLED_BLOCKS = 300
_LARGEST_UUID = 2**128 - 1
_INTEGERS = frozenset({"smallint", "integer", "bigint", "oid"})
_TIMES = frozenset({"timestamp without time zone", "timestamp with time zone"})


class Chart:
    """Where the values of an order lie: read once, when first asked for.

    Args:
        session: Where to read it.
        relation: Whose.
        paths: What is known of its storage.
        sorts: Its order; the first two columns decide.
    """

    def __init__(
        self, session: Session, relation: Relation, paths: Paths, sorts: Sequence[Sort]
    ) -> None:
        self._session = session
        self._relation = relation
        self._paths = paths
        self._sorts = sorts[:2]
        self._found: list[Distribution] | None = None
        self._lock = asyncio.Lock()

    async def load(self) -> None:
        """Reads the statistics, or takes a sample where there are none.

        Raises:
            ConsoleError: The connection is gone.
        """
        async with self._lock:
            if self._found is None:
                self._found = await self._read()

    async def _read(self) -> list[Distribution]:
        columns = [sort.column for sort in self._sorts]
        try:
            found = await read_distributions(self._session, self._relation, columns)
            if found[0].values or found[0].nulls == 1:
                return found
            blocks = sum(leaf.blocks for leaf in self._paths.leaves)
            if self._paths.by_block and blocks:
                share = min(1.0, _SAMPLED_BLOCKS / blocks)
                found = await read_distributions(
                    self._session, self._relation, columns, sample=share
                )
        except (DatabaseFailed, TimedOut):
            # A type without an order, or a table that takes no samples: a jump will say so.
            found = [distribution((), 0.0) for _ in columns]
        if not found[0].values and columns[0].base == "uuid":
            # Random ones, as most are, lie evenly.
            ends = [(str_uuid(0), None), (str_uuid(_LARGEST_UUID), None)]
            found[0] = distribution(ends, found[0].nulls)
        return found

    async def bounds(self, share: float) -> list[Bound]:
        """Returns the values of the first one or two columns that a share of the rows precedes.

        Raises:
            ConsoleError: Nothing is known of how the values lie, or the connection is gone.
        """
        await self.load()
        assert self._found is not None
        found: list[Bound] = []
        for sort, known in zip(self._sorts, self._found, strict=True):
            spot = known.spot(1 - share if sort.descending else share)
            if spot is None:
                break
            found.append(between(sort.column, spot))
            # Where all these rows hold the same value, the next column decides.
            share = 1 - spot.share if sort.descending else spot.share
            if spot.high is not None or share == 0:
                break
        if not found:
            raise ConsoleError(
                f"nothing is known of where the values of {self._sorts[0].column.name} lie",
                hint=f"analyze {self._relation.identity}, or go there page by page",
            )
        return found


def str_uuid(number: int) -> str:
    """Writes a number below 2^128 as a UUID."""
    digits = f"{number:032x}"
    return "-".join(digits[a:b] for a, b in ((0, 8), (8, 12), (12, 16), (16, 20), (20, 32)))


def between(column: Column, spot: Spot) -> Bound:
    """Returns the value at a spot, in between two known ones where the type allows that."""
    low, high = spot.low, spot.high
    if low is None or high is None:
        return literal(column, low)
    base = column.base
    nearest = literal(column, low if spot.share < 0.5 else high)
    if base == "uuid":
        start, end = (int(text.replace("-", ""), 16) for text in (low, high))
        return literal(column, str_uuid(start + int((end - start) * Decimal(spot.share))))
    if base in _INTEGERS or base in ("numeric", "double precision", "real"):
        return literal(column, _number(low, high, spot.share, whole=base in _INTEGERS))
    if "infinity" in (low.lstrip("-"), high):
        return nearest
    if base in _TIMES or base == "date":
        days = "::integer" if base == "date" else ""
        return sql.SQL("({low} + (({high} - {low}) * {share}){days})").format(
            low=literal(column, low),
            high=literal(column, high),
            share=sql.SQL(f"{spot.share:.9f}"),
            days=sql.SQL(days),
        )
    return nearest


def _number(low: str, high: str, share: float, *, whole: bool) -> str:
    try:
        start, end = Decimal(low), Decimal(high)
        value = start + (end - start) * Decimal(share)
    except (InvalidOperation, OverflowError):
        return low
    if not (value.is_finite() and math.isfinite(share)):
        return low
    return str(int(value)) if whole else str(value)
