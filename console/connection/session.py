"""One connection to a database: connect, ask, cancel, close.

A Session serialises what runs on it. Separate jobs take separate sessions, so that
a slow statement in one never holds up another.
"""

from __future__ import annotations

import asyncio
import contextlib
import time
from collections.abc import AsyncIterator, Callable, Iterator
from dataclasses import replace
from enum import StrEnum
from typing import TYPE_CHECKING, Any

from console.connection.liveness import IdleWatch, cut
from console.connection.opening import AskPassword, open_connection
from console.connection.profile import Profile
from console.connection.server import ServerInfo, introduce, milliseconds
from console.connection.transaction import (
    Parameters,
    TextTable,
    Transaction,
    query_text,
    text_table,
)
from console.errors import CannotConnect, ConsoleError, DatabaseFailed, UsageError

if TYPE_CHECKING:
    from psycopg import AsyncConnection, Error

    from console.connection.secrets import Login
    from console.connection.transaction import Statement

__all__ = [
    "Parameters",
    "ServerInfo",
    "Session",
    "SessionState",
    "TextTable",
    "Transaction",
    "query_text",
]


class SessionState(StrEnum):
    """Where a connection is in its life."""

    CONNECTING = "connecting"
    CONNECTED = "connected"
    LOST = "lost"
    CLOSED = "closed"


class Session:
    """A connection with its profile, its lock and what is known of the server.

    Args:
        profile: Where to connect.
        purpose: What this connection is for; part of `application_name`.
        ask_password: Called when the server wants a password nobody has given; returns
            None to give up.
        on_state: Told every change of state.
    """

    def __init__(
        self,
        profile: Profile,
        *,
        purpose: str = "browse",
        ask_password: AskPassword | None = None,
        on_state: Callable[[SessionState], None] | None = None,
    ) -> None:
        self.profile = profile
        self.purpose = purpose
        self.server: ServerInfo | None = None
        self.round_trip: float | None = None
        """Seconds the last short statement took, there and back."""
        self.login: Login | None = None
        self.password_source = ""
        """Who gave the password of this connection; empty where it was not the console."""
        self.state = SessionState.CONNECTING
        self.ask_password = ask_password
        self._on_state = on_state
        self._connection: AsyncConnection[tuple[Any, ...]] | None = None
        self._watch = IdleWatch(self._lose)
        self._lock = asyncio.Lock()
        self._over = asyncio.Event()
        self._over.set()

    async def __aenter__(self) -> Session:
        await self.connect()
        return self

    async def __aexit__(self, *exc_info: object) -> None:
        await self.close()

    def _enter(self, state: SessionState) -> None:
        if state is not self.state:
            self.state = state
            if self._on_state is not None:
                self._on_state(state)

    def another(self, purpose: str, *, read_only: bool = True) -> Session:
        """Makes a session to the same place for a job of its own, not connected yet.

        A password that was asked for is not asked for again.
        """
        profile = replace(self.profile, read_only=read_only)
        return Session(profile, purpose=purpose, ask_password=self.ask_password)

    async def connect(self) -> ServerInfo:
        """Connects and learns who answered.

        Raises:
            CannotConnect: With the cause in words.
            ConsoleError: The server is older than PostgreSQL 15.
        """
        self._enter(SessionState.CONNECTING)
        return await self._open()

    async def _open(self) -> ServerInfo:
        await self.discard()
        try:
            opened = await open_connection(self.profile, self.purpose, self.ask_password)
            self._connection = opened.connection
            self.profile = replace(self.profile, password=opened.secret)
            self.login = opened.login
            self.password_source = opened.source if opened.secret else ""
            with self.faults():
                started = time.perf_counter()
                self.server = await introduce(self._connection, self.profile)
                self.round_trip = time.perf_counter() - started
            self._watch.begin(self._connection)
        except BaseException:
            await self.discard()
            raise
        self._enter(SessionState.CONNECTED)
        return self.server

    @contextlib.contextmanager
    def faults(self) -> Iterator[None]:
        """Turns the driver's errors into ConsoleErrors, and notices a lost connection."""
        import psycopg

        try:
            yield
        except psycopg.Error as error:
            failure = self.failure(error)
            connection = self._connection
            if isinstance(failure, CannotConnect) or (connection and connection.broken):
                self._lose()
            raise failure from error
        except UnicodeEncodeError as error:
            raise UsageError(
                "a value holds bytes that are no text", hint="give it in UTF-8"
            ) from error

    def failure(self, error: Error) -> ConsoleError:
        """Names the cause of what the driver raised."""
        from console.connection.faults import statement_failed

        return statement_failed(error, self.profile)

    def _lose(self) -> None:
        if self.state is not SessionState.CLOSED:
            self._enter(SessionState.LOST)

    @property
    def is_busy(self) -> bool:
        """Whether something runs on it, or waits for its turn."""
        return self._lock.locked()

    @contextlib.asynccontextmanager
    async def _its_turn(self) -> AsyncIterator[AsyncConnection[tuple[Any, ...]]]:
        async with self._lock:
            over = self._over = asyncio.Event()
            self._watch.end()
            try:
                if self._connection is None and self.state is SessionState.CONNECTED:
                    await self._open()
                if self._connection is None or self._connection.closed:
                    raise CannotConnect("there is no connection", hint="connect first")
                yield self._connection
            finally:
                over.set()
                if self._connection is not None and self.state is SessionState.CONNECTED:
                    self._watch.begin(self._connection)

    @contextlib.asynccontextmanager
    async def transaction(
        self,
        *,
        read_only: bool = True,
        isolation: str = "read committed",
        statement_timeout: float | None = None,
        lock_timeout: float | None = None,
        search_path: str | None = None,
        commit: bool = False,
    ) -> AsyncIterator[Transaction]:
        """Opens a transaction and holds this session's lock until it ends.

        Leaving normally commits only if `commit` is set, and rolls back otherwise; an
        exception always rolls back. Works through transaction pooling.

        Args:
            read_only: Told to the server, which enforces it.
            isolation: The SQL name of the isolation level.
            statement_timeout: Seconds a statement may run; None keeps the session's.
            lock_timeout: Seconds a statement may wait for a lock; None keeps the session's.
            search_path: Set for this transaction; '' qualifies every deparsed name, which is
                then quoted only where it has to be, whatever the server is set to.
            commit: Whether leaving normally commits.

        Raises:
            ConsoleError: The connection is gone or the server refused.
        """
        async with self._its_turn() as connection:
            mode = "read only" if read_only else "read write"
            # A server that compiles a query takes seconds for one of milliseconds: it decides
            # by an estimate, and that is far too high for questions about the catalog.
            settings = [f"begin isolation level {isolation} {mode}", "set local jit = off"]
            if statement_timeout is not None:
                settings.append(f"set local statement_timeout = {milliseconds(statement_timeout)}")
            if lock_timeout is not None:
                settings.append(f"set local lock_timeout = {milliseconds(lock_timeout)}")
            if search_path is not None:
                quoted = search_path.replace("'", "''")
                settings.append(f"select pg_catalog.set_config('search_path', '{quoted}', true)")
                settings.append("set local quote_all_identifiers = off")
            try:
                if connection.info.transaction_status:
                    # A task cancelled twice could not end its own.
                    await self._roll_back(connection)
                with self.faults():
                    await connection.execute("; ".join(settings).encode())
                yield Transaction(self, connection)
            except BaseException:
                await self._roll_back(connection)
                raise
            with self.faults():
                end = await connection.execute(b"commit" if commit else b"rollback")
            if commit and end.statusmessage != "COMMIT":
                raise DatabaseFailed(
                    "nothing was committed: a statement of the transaction had failed",
                    hint="see the failure before this one",
                )

    async def _roll_back(self, connection: AsyncConnection[tuple[Any, ...]]) -> None:
        import psycopg

        with contextlib.suppress(psycopg.Error):
            if not connection.closed:
                await connection.execute(b"rollback")

    async def fetch(
        self, statement: Statement, parameters: Parameters = None
    ) -> list[tuple[Any, ...]]:
        """Runs one query in a read-only transaction of its own; rows as Python values."""
        async with self.transaction() as transaction:
            return await transaction.fetch(statement, parameters)

    async def value(self, statement: Statement, parameters: Parameters = None) -> Any:
        """Runs one query in a read-only transaction; the first value, or None."""
        async with self.transaction() as transaction:
            return await transaction.value(statement, parameters)

    async def texts(self, statement: Statement, parameters: Parameters = None) -> TextTable:
        """Runs one query in a read-only transaction; values as the server's own text."""
        async with self.transaction() as transaction:
            return await transaction.texts(statement, parameters)

    async def batch(self, statements: Statement) -> list[TextTable]:
        """Runs several statements as one message, which is one round trip.

        They open and end their own transaction, and are the console's own: a message of the
        simple protocol holds whatever text is put into it.

        Returns:
            The results of those that return columns, in order.

        Raises:
            ConsoleError: The server refused one, nothing after it was run; or the connection
                is gone.
        """
        async with self._its_turn() as connection:
            try:
                with self.faults():
                    if isinstance(statements, str):
                        cursor = await connection.execute(statements.encode())
                    else:
                        cursor = await connection.execute(statements.as_bytes(connection))
                    tables = [text_table(cursor)]
                    while cursor.nextset():
                        tables.append(text_table(cursor))
            except BaseException:
                await self._roll_back(connection)
                raise
            return [table for table in tables if table.columns]

    async def alone(self, statement: str) -> None:
        """Runs one statement outside any transaction, such as CREATE INDEX CONCURRENTLY.

        The session's own settings apply: a read-only profile refuses writes, and a statement
        may run for as long as `statement_timeout` says.

        Raises:
            ConsoleError: The server refused it, or the connection is gone.
        """
        async with self._its_turn() as connection:
            with self.faults():
                await connection.execute(statement.encode())

    async def cancel(self) -> None:
        """Ends what runs: asks the server, and after a second cuts the connection.

        Against a stopped backend or a silent network no reply ever comes, so the socket
        itself is shut down: the waiting task then ends at once and the state is LOST.
        """
        connection = self._connection
        if connection is None or connection.closed:
            return
        import psycopg

        over = self._over
        try:
            await connection.cancel_safe(timeout=1)
            async with asyncio.timeout(1):
                await over.wait()
        except (psycopg.Error, TimeoutError):
            cut(connection)
            self._lose()

    async def discard(self) -> None:
        """Closes the connection alone; whoever has the next turn gets another one."""
        self._watch.end()
        connection, self._connection = self._connection, None
        if connection is not None:
            await connection.close()

    async def close(self) -> None:
        """Closes the connection; safe to call twice."""
        await self.discard()
        self._enter(SessionState.CLOSED)
