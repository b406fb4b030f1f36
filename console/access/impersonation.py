"""The one way a query runs as a persona: a transaction that can't write, checked after each step.

`SET ROLE` is no sandbox. A function that a policy calls may take the login's role back, and a
second statement may end the transaction. So a preview has a connection of its own, every
statement goes alone through the extended protocol, and after each one the server is asked
who it is now. If that is not the persona, in this read-only transaction, the result is
withheld and the connection discarded.
"""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from dataclasses import astuple, replace
from typing import TYPE_CHECKING, Any

from psycopg import Error, sql

from console.access.entrance import (
    CHECK,
    LEAVE,
    LOCK_TIMEOUT,
    PLAIN,
    SAME_PATH,
    STATEMENT_TIMEOUT,
    STEP_OUT,
    ContainmentBroken,
    Standing,
    broken,
    entrance,
    moved,
    not_admitted,
)
from console.access.expression import quiet
from console.access.persona import Persona
from console.access.withheld import Discreet
from console.connection.faults import AUTHENTICATION
from console.connection.profile import preview_profile
from console.connection.session import ServerInfo, Session, TextTable, Transaction
from console.connection.transaction import text_table
from console.errors import CannotConnect, ConsoleError, DatabaseFailed, Refused, UsageError
from console.tokens import scan

if TYPE_CHECKING:
    from psycopg import AsyncConnection, AsyncCursor

    from console.connection.session import Parameters
    from console.connection.transaction import Statement

_GRACE = 2.0
"""Seconds after the server's own deadline until the statement is cancelled from here."""

_SAVE = "savepoint rowsight"
_RELEASE = "release savepoint rowsight"
_RETURN = "rollback to savepoint rowsight"


class Impersonation(Transaction):
    """A transaction in which queries run as a persona; as `Transaction`, with its limits."""

    def __init__(
        self,
        session: Preview,
        connection: AsyncConnection[tuple[Any, ...]],
        persona: Persona,
        standing: Standing,
        deadline: float,
    ) -> None:
        super().__init__(session, connection)
        self.persona = persona
        self._preview = session
        self._standing = standing
        self._deadline = deadline

    @property
    def login(self) -> str:
        """Who logged in, which `session_user` goes on to say."""
        return self._standing.session_user or ""

    async def _send(
        self, statement: Statement, parameters: Parameters = None
    ) -> AsyncCursor[tuple[Any, ...]]:
        return (await self._alone((statement, parameters)))[0]

    async def _alone(
        self, *statements: tuple[Statement, Parameters]
    ) -> list[AsyncCursor[tuple[Any, ...]]]:
        """Sends statements, each by itself, and the check in one go."""
        connection = self.connection
        sent = [*statements, (CHECK, None)]
        cursors = [connection.cursor() for _ in sent]
        failure: Error | None = None
        with self._cancelled_late():
            try:
                # In a pipeline the driver uses the extended protocol only, which takes exactly
                # one statement at a time.
                async with connection.pipeline():
                    try:
                        for cursor, (statement, parameters) in zip(cursors, sent, strict=True):
                            await cursor.execute(statement, parameters)  # type: ignore[arg-type]
                    except Error as error:  # left to the pipeline's end, which would log it
                        failure = error
            except Error as error:
                failure = failure or error
        if failure is not None:
            raise failure
        self._compare(text_table(cursors[-1]))
        return cursors

    @contextlib.contextmanager
    def _cancelled_late(self) -> Iterator[None]:
        """Cancels what runs on although the server should have ended it."""
        ending: list[asyncio.Task[None]] = []
        timer = asyncio.get_running_loop().call_later(
            self._deadline, lambda: ending.append(asyncio.ensure_future(self._session.cancel()))
        )
        try:
            yield
        finally:
            timer.cancel()

    def _compare(self, check: TextTable) -> None:
        if change := moved(astuple(self._standing), check.rows[0]):
            raise broken(change)
        if self.connection.info.transaction_status.name != "INTRANS":
            raise broken("the transaction has ended")

    async def attempt(self, statement: Statement) -> TextTable | ConsoleError:
        """Runs one query; its failure is returned, and the transaction goes on.

        Raises:
            ContainmentBroken: It left the role or the transaction.
            CannotConnect: The connection is gone.
        """
        with self._session.faults():
            try:
                cursors = await self._alone((_SAVE, None), (statement, None), (_RELEASE, None))
                return text_table(cursors[1])
            except Error as error:
                if self.connection.closed or error.sqlstate is None:
                    raise
                failure = error
            if self.connection.info.transaction_status.name != "INERROR":
                raise broken("the transaction has ended")
            await self.connection.execute(_RETURN)
            self._compare(text_table(await self.connection.execute(CHECK)))
        return self._preview.failure(failure, self._text(statement))

    def _text(self, statement: Statement) -> str:
        return statement if isinstance(statement, str) else statement.as_string(self.connection)

    async def looked_up(
        self, statement: sql.Composable, argument: str | None = None
    ) -> TextTable | ConsoleError | None:
        """Runs one query as the persona, whose names the login has looked up.

        A policy was parsed when it was made; to run it asks for EXECUTE on a function, but not
        for USAGE on its schema. Neither does this: the statement is prepared, which runs
        nothing, before the persona's role is taken up again.

        Args:
            statement: The query; `$1` in it is the argument.
            argument: A text, or None for a query without.

        Returns:
            None where even to prepare it might run something, see `quiet`.

        Raises:
            ContainmentBroken: It left the role or the transaction.
        """
        types_read = quiet(scan(statement.as_string()))
        if types_read is None:
            return None
        plain = await self.attempt(PLAIN.format(sql.Literal(sorted(types_read))))
        if not isinstance(plain, TextTable) or plain.rows[0][0] != "t":
            return None
        types = sql.SQL("(text)" if argument is not None else "")
        values = sql.SQL("({})").format(sql.Literal(argument)) if argument is not None else types
        prepare = sql.SQL("prepare rowsight{} as {}").format(types, statement)
        with self._session.faults():
            await self.connection.execute(SAME_PATH)
            await self.connection.execute(_SAVE)
            try:
                async with self.connection.pipeline():
                    await self.connection.execute(STEP_OUT)
                    await self.connection.execute(prepare)
            except Error as error:
                if self.connection.closed or error.sqlstate is None:
                    raise
                await self.connection.execute(_RETURN)
                return self._preview.failure(error, self._text(statement))
            await self.connection.execute(_RETURN)
            self._compare(text_table(await self.connection.execute(CHECK)))
        try:
            return await self.attempt(sql.SQL("execute rowsight{}").format(values))
        finally:
            with contextlib.suppress(Error):
                await self.connection.execute("deallocate rowsight")


class Preview(Discreet):
    """A connection on which everything runs as a persona, read-only and contained.

    What takes a Session works with it unchanged once `persona` is set: a page, a count.

    Attributes:
        persona: Whom `transaction` stands for; None for nobody yet.
    """

    persona: Persona | None = None
    on_look: Callable[[Persona], Awaitable[None]] | None = None
    """Told of a persona before anything runs as it."""

    async def __aenter__(self) -> Preview:
        await self.connect()
        return self

    async def connect(self) -> ServerInfo:
        """Connects as `Session` does; whose password is missing is said.

        Raises:
            CannotConnect: With the cause in words.
        """
        try:
            return await super().connect()
        except CannotConnect as error:
            user = self.profile.preview_user
            if user and error.code in AUTHENTICATION:
                error.message = f"the preview login {user} does not get in: {error.message}"
                error.hint = "its password comes from .pgpass, PGPASSWORD or the keyring"
            raise

    @property
    def warning(self) -> str:
        """Why this connection holds a persona less tightly than it could, or nothing."""
        if self.server is None or not self.server.superuser:
            return ""
        return (
            f"previews start from {self.server.user}, a superuser: a function that a policy calls"
            " could take that role back before it is noticed; a preview login leaves it none"
        )

    @contextlib.asynccontextmanager
    async def impersonate(
        self,
        persona: Persona,
        *,
        snapshot: str | None = None,
        statement_timeout: float = STATEMENT_TIMEOUT,
        lock_timeout: float = LOCK_TIMEOUT,
    ) -> AsyncIterator[Impersonation]:
        """Opens a transaction as a persona; it is always rolled back.

        Args:
            persona: Whom to stand for.
            snapshot: Name of an exported snapshot to read, or None for the present.
            statement_timeout: Seconds a statement may run.
            lock_timeout: Seconds it may wait for a lock.

        Raises:
            Refused: The login may not take the persona's role.
            ContainmentBroken: A statement left the role or the transaction; the connection is
                discarded then.
            ConsoleError: The connection is gone or the server refused.
        """
        if self.on_look is not None:
            await self.on_look(persona)
        await self.know_itself()
        opened = super().transaction(
            isolation="repeatable read",
            statement_timeout=statement_timeout,
            lock_timeout=lock_timeout,
        )
        try:
            async with opened as transaction:
                connection = transaction.connection
                standing = await self._become(connection, persona, snapshot)
                deadline = statement_timeout + _GRACE
                try:
                    with self.standing_for(persona):
                        yield Impersonation(self, connection, persona, standing, deadline)
                finally:
                    with contextlib.suppress(Error):
                        if not connection.closed:
                            await connection.execute(LEAVE.encode())
        except ContainmentBroken:
            await self.discard()
            raise

    async def _become(
        self,
        connection: AsyncConnection[tuple[Any, ...]],
        persona: Persona,
        snapshot: str | None,
    ) -> Standing:
        try:
            with self.faults():
                message = entrance(persona, snapshot).as_bytes(connection)
                cursor = await connection.execute(message)
                while cursor.nextset():
                    pass
        except DatabaseFailed as error:
            raise not_admitted(error, persona, self._user()) from error
        standing = Standing(*text_table(cursor).rows[0])
        if (standing.user, standing.read_only) != (persona.role, "on"):
            raise broken(f"the transaction began as {standing}")
        return standing

    @contextlib.asynccontextmanager
    async def transaction(
        self,
        *,
        read_only: bool = True,
        isolation: str = "repeatable read",
        statement_timeout: float | None = None,
        lock_timeout: float | None = None,
        search_path: str | None = None,
        commit: bool = False,
    ) -> AsyncIterator[Transaction]:
        """Opens a transaction as `persona`; what asks for more than to read is refused.

        Raises:
            Refused: It is to write or to commit.
            UsageError: There is no persona.
        """
        if commit or not read_only:
            raise Refused("a preview does not write", hint="take the persona off first")
        if self.persona is None:
            raise UsageError("there is no persona to stand for", hint="choose one first")
        async with self.impersonate(
            self.persona,
            statement_timeout=statement_timeout or STATEMENT_TIMEOUT,
            lock_timeout=lock_timeout or LOCK_TIMEOUT,
        ) as acting:
            yield acting

    async def alone(self, statement: str) -> None:
        """Refuses: nothing runs here outside a persona's transaction.

        Raises:
            Refused: Always.
        """
        raise Refused("a preview runs nothing by itself", hint="take the persona off first")


def preview(login: Session, *, user: str | None = None) -> Preview:
    """Makes the connection for previews to the same place, not connected yet.

    Args:
        login: The session of the person at the console.
        user: A preview login, see `preview_login_sql`; None for the profile's, or else the
            login's own.
    """
    profile = login.profile if user is None else replace(login.profile, preview_user=user)
    return Preview(preview_profile(profile), purpose="preview", ask_password=login.ask_password)
