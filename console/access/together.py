"""Queries of the console's own making, as many personas in one message."""

from __future__ import annotations

import itertools
from collections.abc import Sequence
from dataclasses import dataclass

from psycopg import sql

from console.access.entrance import (
    CHECK,
    LOCK_TIMEOUT,
    SETTINGS,
    UNLOCK,
    become,
    broken,
    moved,
    not_admitted,
)
from console.access.impersonation import Preview
from console.access.persona import Persona
from console.connection.session import TextTable
from console.errors import DatabaseFailed

_NUMBERS = itertools.count()


@dataclass(frozen=True, slots=True)
class Message:
    """Queries of the console's own making, each as a persona, written out to be sent at once."""

    personas: tuple[Persona, ...]
    text: str


def written(
    requests: Sequence[tuple[Persona, sql.Composable]], *, statement_timeout: float
) -> Message:
    """Writes one message of several personas' queries.

    Args:
        requests: Each persona with its query, which returns columns, and holds nothing that
            somebody typed. The same object for two personas is the same query.
        statement_timeout: Seconds each query may run.
    """
    begin = sql.SQL(
        "begin isolation level repeatable read read only;"
        " set local statement_timeout = {}; set local lock_timeout = {}"
    ).format(sql.Literal(round(statement_timeout * 1000)), sql.Literal(round(LOCK_TIMEOUT * 1000)))
    parts: list[sql.Composable] = [begin, SETTINGS]
    known: dict[tuple[str, int], sql.Identifier] = {}
    for persona, query in requests:
        # Planned once for each role: planning takes longer than running.
        key = (persona.role, id(query))
        parts += [become(persona), sql.SQL(CHECK)]
        if key not in known:
            known[key] = sql.Identifier(f"rowsight_{next(_NUMBERS)}")
            parts.append(sql.SQL("prepare {} as {}").format(known[key], query))
        parts += [sql.SQL("execute {}").format(known[key]), sql.SQL(CHECK)]
    parts += [sql.SQL(UNLOCK), sql.SQL("rollback")]
    parts += [sql.SQL("deallocate {}").format(name) for name in known.values()]
    text = sql.SQL("; ").join(parts).as_string()
    return Message(tuple(persona for persona, _ in requests), text)


async def ask_together(preview: Preview, message: Message) -> list[TextTable]:
    """Runs several personas' queries in one round trip.

    Args:
        preview: The connection for it.
        message: From at least one persona.

    Returns:
        The result of each.

    Raises:
        ContainmentBroken: One left the role or the transaction; what all returned is withheld,
            and the connection discarded.
        ConsoleError: One failed, which fails all.
    """
    personas = message.personas
    await preview.know_itself()
    try:
        with preview.standing_for(personas[0]):
            tables = await preview.batch(message.text)
    except DatabaseFailed as error:
        await preview.batch(UNLOCK)
        if len(personas) > 1:
            raise  # whose it is can't be told
        user = preview.server.user if preview.server else "this login"
        raise not_admitted(error, personas[0], user) from error
    found = []
    for place, persona in enumerate(personas):
        _, before, result, after = tables[4 * place : 4 * place + 4]
        if before.rows[0][0] != persona.role:
            await preview.discard()
            raise broken(f"it began as {before.rows[0][0]}")
        if before.rows != after.rows:
            await preview.discard()
            raise broken(moved(before.rows[0], after.rows[0]))
        found.append(result)
    return found
