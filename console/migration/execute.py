"""Sends the statements of an apply through one pipeline, and names the one that failed.

Nothing waits for an answer before the next statement goes out, so a slow link costs one
round trip for all of them. Statements go without parameters, exactly as they are.
"""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Coroutine, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, TypeVar

import psycopg

from console.migration.locate import MigrationFailed, Place, error_offset, place_at
from console.migration.model import Action

if TYPE_CHECKING:
    from psycopg import AsyncConnection, AsyncCursor

    from console.connection.session import Parameters, Session, Transaction
    from console.errors import ConsoleError
    from console.migration.expected import Expected
    from console.migration.watch import Watch

T = TypeVar("T")

_CANCEL_ATTEMPTS = 3
_CHUNK = 32
"""Statements after which the server is asked to send what it has answered so far."""

RETRIED = frozenset({"55P03", "40P01"})
"""Lock timeout and deadlock: what may go well the next time."""


@dataclass(frozen=True, slots=True)
class Step:
    """One statement to send.

    Attributes:
        action: What it belongs to; None for the record of the migration itself.
    """

    sql: str
    action: Action | None = None
    parameters: Parameters = None

    @property
    def identity(self) -> str:
        """What it is about."""
        return self.action.identity if self.action else "supabase_migrations.schema_migrations"


class StepFailed(Exception):
    """A step failed; which one, and how."""

    def __init__(self, number: int, error: psycopg.Error) -> None:
        super().__init__(str(error))
        self.number = number
        self.error = error


async def uninterrupted(connection: AsyncConnection[Any], work: Coroutine[Any, Any, T]) -> T:
    """Runs work on a pipeline to its end, also when the task is cancelled meanwhile.

    Interrupted, the driver would lose count of which answer belongs to which statement. So
    the server is asked to end what runs, the answers are taken in, and only then is the
    cancellation passed on. A server that does not react loses the connection.
    """
    task = asyncio.create_task(work)
    try:
        return await asyncio.shield(task)
    except asyncio.CancelledError:
        ending = asyncio.create_task(_end(connection, task))
        while not ending.done():
            # Cancelled again, by somebody in a hurry: it does not take long.
            with contextlib.suppress(asyncio.CancelledError):
                await asyncio.shield(ending)
        raise


async def _end(connection: AsyncConnection[Any], task: asyncio.Task[Any]) -> None:
    for _ in range(_CANCEL_ATTEMPTS):
        with contextlib.suppress(psycopg.Error):
            await connection.cancel_safe(timeout=0.5)
        if (await asyncio.wait({task}, timeout=0.5))[0]:
            break
    else:
        connection.pgconn.finish()
        task.cancel()
    # Whatever it ended with, there is nobody left to tell.
    await asyncio.gather(task, return_exceptions=True)


async def run_steps(tx: Transaction, steps: Sequence[Step], watch: Watch, pid: int) -> None:
    """Runs steps in order inside a transaction.

    Raises:
        StepFailed: Naming the first one that failed; the transaction is then aborted.
    """
    connection = tx.connection
    cursors = [connection.cursor() for _ in steps]
    finished = 0

    def done() -> int:
        nonlocal finished
        while finished < len(cursors) and cursors[finished].pgresult is not None:
            finished += 1
        return finished

    def name(number: int) -> str:
        return steps[number].identity if number < len(steps) else ""

    async with watch.over("executing", pid, done, name):
        failure = await uninterrupted(connection, _send(connection, cursors, steps))
    if failure is not None:
        raise StepFailed(min(done(), len(steps) - 1), failure) from failure


async def _send(
    connection: AsyncConnection[Any], cursors: Sequence[AsyncCursor[Any]], steps: Sequence[Step]
) -> psycopg.Error | None:
    failure: psycopg.Error | None = None
    try:
        async with connection.pipeline():
            try:
                for number, (cursor, step) in enumerate(zip(cursors, steps, strict=True), 1):
                    await cursor.execute(step.sql.encode(), step.parameters)
                    if number % _CHUNK == 0:
                        connection.pgconn.send_flush_request()
            except psycopg.Error as error:
                failure = error
    except psycopg.Error as error:
        failure = failure or error
    return failure


def name_failure(
    failed: StepFailed, steps: Sequence[Step], session: Session, expected: Expected
) -> ConsoleError:
    """Turns a failed step into what a person is told.

    What may go well the next time, and a lost connection, are passed on as they are.
    """
    from console.connection.faults import statement_failed
    from console.errors import CannotConnect

    cause = statement_failed(failed.error, session.profile)
    if isinstance(cause, CannotConnect) or cause.sqlstate in RETRIED:
        return cause
    step = steps[failed.number]
    return MigrationFailed(
        cause, _place(step, failed.error, expected), failed.number + 1, len(steps)
    )


def _place(step: Step, error: psycopg.Error, expected: Expected) -> Place:
    offset = error_offset(step.sql, error.diag)
    action = step.action
    if action is not None and action.offset is not None:
        return place_at(expected.sql, action.offset + offset, expected.path.name)
    kind = action.kind if action else "history"
    return place_at(step.sql, offset, f"{kind} {step.identity}")
