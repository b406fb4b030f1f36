"""How operations ask: many questions in one round trip, where one that fails spoils no other."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from psycopg import sql

from console.connection.session import query_text
from console.errors import CannotConnect, ConsoleError, TimedOut

if TYPE_CHECKING:
    from psycopg.sql import Composable

    from console.connection.session import Session, TextTable

SERVICE_ROLE = "service_role"
"""The role that the master schema trusts with all rows."""

_LOCK_TIMEOUT = 0.5
# What is asked about a table waits behind whoever changes it; that must not hold up the rest.
# Days are those of UTC, so that thirty of them are as long in every session. A server without
# an encoding refuses to send a UTF-8 client what is not UTF-8.
_OPEN = sql.SQL(
    "begin isolation level read committed read only;"
    " set local search_path = ''; set local timezone = 'UTC'; set local datestyle = 'ISO';"
    " set local jit = off;"
    " set local statement_timeout = {statement}; set local lock_timeout = {lock};"
    " select pg_catalog.set_config('client_encoding', case"
    " pg_catalog.current_setting('server_encoding') when 'SQL_ASCII' then 'LATIN1'"
    " else 'UTF8' end, true){role}"
)
_ROLE = sql.SQL("; set local role {}")

Row = Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Unanswered:
    """A question without an answer.

    Attributes:
        why: In words.
        sqlstate: The server's code.
    """

    why: str
    sqlstate: str | None = None


Answer = tuple[Row, ...] | Unanswered
"""The rows of an answer by column, or why there is none."""


def query(name: str, /, **parts: Composable) -> sql.Composed:
    """Reads a statement of this package and puts parts in the place of `{names}`."""
    return sql.SQL(query_text("console.operations", name)).format(**parts)


async def ask(
    session: Session, *statements: Composable, seconds: float = 5.0, role: str | None = None
) -> list[tuple[Row, ...]]:
    """Asks our own questions in one round trip; the rows of each.

    Args:
        session: Where.
        *statements: Each a query.
        seconds: Each may take.
        role: To be for them, instead of the login.

    Raises:
        ConsoleError: The server refused one, or the connection is gone.
    """
    opening = _OPEN.format(
        statement=sql.Literal(round(seconds * 1000)),
        lock=sql.Literal(round(_LOCK_TIMEOUT * 1000)),
        role=sql.SQL("") if role is None else _ROLE.format(sql.Identifier(role)),
    )
    message = sql.SQL("; ").join([opening, *statements, sql.SQL("rollback")])
    _, *tables = await session.batch(message)
    return [rows(table) for table in tables]


def rows(table: TextTable) -> tuple[Row, ...]:
    """Reads the server's text: numbers, booleans and JSON as such, all else stays text."""
    return tuple(
        {
            name: None if text is None else _READERS.get(kind, str)(text)
            for name, kind, text in zip(table.columns, table.types, row, strict=True)
        }
        for row in table.rows
    )


def _number(text: str) -> float:
    return int(text) if text.lstrip("-").isdecimal() else float(text)


def _document(text: str) -> Any:
    try:
        return json.loads(text)
    except ValueError:  # bytes that are no text, made visible, are no JSON any more
        return text


_READERS: dict[int, Callable[[str], Any]] = {
    16: lambda text: text == "t",  # boolean
    **dict.fromkeys((20, 21, 23, 26), int),  # bigint, smallint, integer, oid
    **dict.fromkeys((700, 701, 1700), _number),  # real, double precision, numeric
    **dict.fromkeys((114, 3802), _document),  # json, jsonb
}


async def ask_one(
    session: Session, statement: Composable, *, seconds: float = 5.0, role: str | None = None
) -> Answer:
    """Asks one question of our own, and is told why where it is not answered.

    Raises:
        CannotConnect: The connection is gone.
    """
    try:
        return (await ask(session, statement, seconds=seconds, role=role))[0]
    except CannotConnect:
        raise
    except ConsoleError as refusal:
        return Unanswered(_why(refusal, seconds), refusal.sqlstate)


def _why(refusal: ConsoleError, seconds: float) -> str:
    match refusal.sqlstate:
        case "55P03":
            return "somebody holds a lock on what it reads"
        case "57014" if isinstance(refusal, TimedOut):
            return f"it took longer than {seconds:g} s"
        case _:
            return refusal.message


class Questions:
    """Questions that are asked again and again.

    They go out together. Where one fails they are asked one by one, and from then on the one
    that failed is asked apart until it succeeds.
    """

    def __init__(self) -> None:
        self._apart: set[str] = set()

    async def ask(
        self, session: Session, questions: Mapping[str, Composable], *, seconds: float = 5.0
    ) -> dict[str, Answer]:
        """Asks all of them; the answers by name.

        Raises:
            CannotConnect: The connection is gone.
        """
        together = {name: q for name, q in questions.items() if name not in self._apart}
        apart = [name for name in questions if name in self._apart]
        answers: dict[str, Answer] = {}
        try:
            found = await ask(session, *together.values(), seconds=seconds)
            answers.update(zip(together, found, strict=True))
        except CannotConnect:
            raise
        except ConsoleError:
            apart = list(questions)
        for name in apart:
            answers[name] = await ask_one(session, questions[name], seconds=seconds)
            self._note(name, answers[name])
        return answers

    def _note(self, name: str, answer: Answer) -> None:
        if isinstance(answer, Unanswered):
            self._apart.add(name)
        else:
            self._apart.discard(name)
