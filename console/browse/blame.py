"""Which term of a filter a failed query is to blame on."""

from __future__ import annotations

from typing import TYPE_CHECKING

from psycopg import sql

from console.browse.filter import Filter, FilterError
from console.catalog.reading import read
from console.catalog.relations import Relation
from console.errors import DatabaseFailed

if TYPE_CHECKING:
    from console.browse.selection import Selection
    from console.connection.session import Session, TextTable


async def read_selection(
    session: Session, selection: Selection, statement: sql.Composable
) -> TextTable:
    """Reads rows of a selection.

    Raises:
        FilterError: A term of its filter does not suit its column.
        ConsoleError: The server refused, or the connection is gone.
    """
    try:
        (table,) = await read(session, statement)
    except DatabaseFailed as error:
        raise await blamed(session, selection.relation, selection.chosen, error) from error
    return table


async def blamed(
    session: Session, relation: Relation, chosen: Filter, failure: DatabaseFailed
) -> DatabaseFailed | FilterError:
    """Finds the term the server objects to, by having each planned alone, not run."""
    if not chosen.terms:
        return failure
    name = sql.Identifier(relation.schema, relation.name)
    explain = sql.SQL("explain select * from {}").format(name)
    try:
        await read(session, explain)
    except DatabaseFailed:
        return failure  # the relation fails by itself
    for term, condition in zip(chosen.terms, chosen.conditions, strict=True):
        try:
            await read(session, explain + sql.SQL(" where ") + condition)
        except DatabaseFailed as error:
            if error.sqlstate != failure.sqlstate:
                continue
            found = FilterError(
                f"this term does not suit its column: {error.message}",
                chosen.text,
                term.start,
                term.end,
                hint="check the value and the column's type",
            )
            found.sqlstate = error.sqlstate
            return found
    return failure
