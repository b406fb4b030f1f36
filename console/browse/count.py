"""How many rows there are: exactly, or about."""

from __future__ import annotations

import json
from enum import StrEnum
from typing import TYPE_CHECKING, NamedTuple

from psycopg import sql

from console.browse.filter import Filter
from console.catalog.reading import read

if TYPE_CHECKING:
    from console.catalog.relations import Relation
    from console.connection.session import Session


class Certainty(StrEnum):
    """What a number of rows is worth."""

    EXACT = "exact"
    ESTIMATE = "estimate"
    AT_LEAST = "at least"


class Total(NamedTuple):
    """A number of rows, and what it is worth."""

    rows: int
    certainty: Certainty


async def count_rows(session: Session, relation: Relation, chosen: Filter | None = None) -> int:
    """Counts the rows of a relation, or those that a filter lets through; all are read.

    Raises:
        ConsoleError: The connection is gone or the server refused.
    """
    where = chosen.where if chosen else sql.SQL("")
    name = sql.Identifier(relation.schema, relation.name)
    (table,) = await read(
        session, sql.SQL("select pg_catalog.count(*) from {}{}").format(name, where)
    )
    return int(table.rows[0][0] or 0)


async def planned_rows(session: Session, relation: Relation, chosen: Filter | None = None) -> int:
    """Returns how many rows the planner expects: a scale to scroll by, never to be shown.

    Under row-level security it can be wrong by a factor of hundreds.

    Raises:
        ConsoleError: The connection is gone or the server refused.
    """
    where = chosen.where if chosen else sql.SQL("")
    name = sql.Identifier(relation.schema, relation.name)
    explain = sql.SQL("explain (format json) select from {}{}").format(name, where)
    (table,) = await read(session, explain)
    return int(json.loads(table.rows[0][0] or "[{}]")[0]["Plan"]["Plan Rows"])
