"""Who answers a connection, and the settings every connection begins with."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Any, NamedTuple

from console.connection import supabase
from console.connection.liveness import cut
from console.connection.transaction import query_text
from console.errors import ConsoleError

if TYPE_CHECKING:
    from psycopg import AsyncConnection

    from console.connection.profile import Profile

OLDEST_SERVER = 150000
"""`server_version_num` of the oldest PostgreSQL that is supported."""


class ServerInfo(NamedTuple):
    """Who answered, as it told us when we connected.

    Attributes:
        version: `server_version_num`, such as 180006.
        version_text: The version as people write it, such as `18.6`.
        host: Host name or socket folder.
        superuser: Whether the login role is a superuser.
        bypass_rls: Whether policies don't bind the login role.
        standby: Whether the server replays another's log and so refuses writes.
        pooled: Whether a transaction pooler stands between: statements may meet
            different backends, session settings don't hold.
    """

    version: int
    version_text: str
    database: str
    host: str
    port: int
    user: str
    superuser: bool
    bypass_rls: bool
    standby: bool
    tls: bool
    pooled: bool


def milliseconds(seconds: float) -> int:
    """Returns a timeout as the server counts it: 0 is none, and only 0 becomes 0."""
    return max(1, round(seconds * 1000)) if seconds else 0


async def introduce(connection: AsyncConnection[tuple[Any, ...]], profile: Profile) -> ServerInfo:
    """Asks who answers and makes the session's settings, in one round trip.

    Raises:
        ConsoleError: The server is older than PostgreSQL 15.
        psycopg.Error: The server refused, or the connection is gone.
    """
    # A server that lets us in and then says nothing more would be waited for for ever.
    loop, patience = asyncio.get_running_loop(), profile.connect_timeout + 1
    alarm = loop.call_later(patience, cut, connection)
    try:
        cursor = await connection.execute(
            query_text("console.connection", "introduce").encode(),
            {
                "pid": connection.info.backend_pid,
                "kept": supabase.way_of(connection.info.host, str(connection.info.port))
                is supabase.Way.SESSION,
                "read_only": "on" if profile.read_only else "off",
                "statement_timeout": f"{milliseconds(profile.statement_timeout)}ms",
            },
        )
    finally:
        alarm.cancel()
    row = await cursor.fetchone()
    assert row is not None
    if row[0] < OLDEST_SERVER:
        raise ConsoleError(
            f"this server is PostgreSQL {row[1]}; rowsight needs 15 or newer",
            hint="upgrade the server",
        )
    return ServerInfo(
        version=row[0],
        version_text=row[1].split()[0],
        database=row[2],
        host=connection.info.host,
        port=connection.info.port,
        user=row[3],
        superuser=row[4],
        bypass_rls=row[5],
        standby=row[6],
        tls=row[7],
        pooled=row[8],
    )
