"""How the console asks for what it shows: its own queries, one round trip for all of them."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from psycopg import sql

from console.connection.session import Session, TextTable, query_text

if TYPE_CHECKING:
    from psycopg.sql import Composable

_ELEMENT = re.compile(r'"((?:[^"\\]|\\.)*)"|([^",{}]+)')

# A database without an encoding holds bytes that a UTF-8 client is refused; for a Latin-1
# client every byte is valid. Times and floats are written in the one style that reads back
# as the same value, for places in a table are kept as text. Through a transaction pooler no
# setting of the session holds.
_SETTINGS = sql.SQL(
    "begin isolation level {isolation} read only;"
    " select pg_catalog.set_config('client_encoding', case"
    " pg_catalog.current_setting('server_encoding') when 'SQL_ASCII' then 'LATIN1' else 'UTF8' end,"
    " true), pg_catalog.set_config('jit', 'off', true),"
    " pg_catalog.set_config('datestyle', 'ISO', true),"
    " pg_catalog.set_config('extra_float_digits', '1', true),"
    " pg_catalog.set_config('statement_timeout', {statement_timeout}, true),"
    " pg_catalog.set_config('lock_timeout', {lock_timeout}, true)"
)
_PATH = sql.SQL(", pg_catalog.set_config('search_path', {}, true)")


def query(package: str, file: str, /, **parts: str | int | Composable | None) -> sql.Composed:
    """Reads `queries/<file>.sql` of a package and puts SQL or literals in place of `{names}`."""
    literals = {
        key: part if isinstance(part, sql.Composable) else sql.Literal(part)
        for key, part in parts.items()
    }
    return sql.SQL(query_text(package, file)).format(**literals)


async def read(
    session: Session,
    *queries: Composable,
    search_path: str | None = None,
    lock_timeout: float = 0.0,
    statement_timeout: float | None = None,
) -> list[TextTable]:
    """Runs queries in one transaction that can't write; values as the server's own text.

    They go out as one message, which is one round trip, and must be the console's own: what a
    person typed may stand in them as literals only. A session that stands for somebody else
    runs them in the transaction it opens for that.

    Args:
        session: Where to ask.
        *queries: Each returns at least one column.
        search_path: Set for these queries; '' qualifies every deparsed name.
        lock_timeout: Seconds to wait for a lock; 0 waits as long as the statement may take.
        statement_timeout: Seconds each may take; None for what the profile says.

    Raises:
        ConsoleError: The server refused one, or the connection is gone.
    """
    if type(session) is not Session:
        async with session.transaction(
            statement_timeout=statement_timeout, lock_timeout=lock_timeout or None
        ) as transaction:
            if search_path is not None:
                path = sql.Literal(search_path)
                await transaction.execute(sql.SQL("set local search_path = {}").format(path))
            return [await transaction.texts(one) for one in queries]
    if statement_timeout is None:
        statement_timeout = session.profile.statement_timeout
    settings = _SETTINGS.format(
        isolation=sql.SQL("read committed" if len(queries) == 1 else "repeatable read"),
        statement_timeout=sql.Literal(str(round(statement_timeout * 1000))),
        lock_timeout=sql.Literal(str(round(lock_timeout * 1000))),
    )
    if search_path is not None:
        settings += _PATH.format(sql.Literal(search_path))
    tables = await session.batch(sql.SQL("; ").join([settings, *queries, sql.SQL("rollback")]))
    return tables[1:]


def elements(array: str | None) -> tuple[str, ...]:
    """Reads the elements of an array as the server writes it, `{a,"b c"}`; none of it NULL."""
    return tuple(
        bare or re.sub(r"\\(.)", r"\1", quoted, flags=re.DOTALL)
        for quoted, bare in _ELEMENT.findall(array or "")
    )
