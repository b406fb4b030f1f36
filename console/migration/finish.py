"""What is left for after the commit: validating constraints, building indexes concurrently.

Each step commits by itself. One that is interrupted leaves a constraint that is not valid, or
an invalid index; the next apply finds it by verifying and takes it up again.
"""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

from console.errors import CannotConnect, ConsoleError
from console.migration.blockers import APPLY_LOCK
from console.migration.plan import plan
from console.migration.verify import verify

if TYPE_CHECKING:
    from console.connection.session import Session
    from console.migration.expected import Expected
    from console.migration.model import Action, ApplyOptions, Verification
    from console.migration.watch import Tell, Watch

_POLL = 0.25


class Unfinished(ConsoleError):
    """The migration is committed, but a step after the commit failed."""

    code = "unfinished"


async def finish(
    session: Session, options: ApplyOptions, expected: Expected, watch: Watch, tell: Tell
) -> tuple[int, Verification]:
    """Does what is left after the commit, one apply at a time, in a session of its own.

    Returns:
        How many statements were executed, and the final verification.

    Raises:
        Unfinished: A step failed; the migration itself is committed.
    """
    try:
        async with session.another("apply", read_only=False) as own:
            # A session's lock, in the place of the one that ended with the transaction.
            # It was free for a moment: plan again, another apply may have been faster.
            pid = await own.value("select pg_catalog.pg_backend_pid()")
            while not await own.value("select pg_catalog.pg_try_advisory_lock(%s)", [APPLY_LOCK]):
                await watch.look(pid)
                await asyncio.sleep(_POLL)
            # Building an index takes as long as it takes, and waits for older transactions.
            await own.alone("set statement_timeout = 0; set lock_timeout = 0")
            left = [a for a in (await plan(own, options, expected)).actions if a.after_commit]
            for number, action in enumerate(left):
                await _do(own, action, number, pid, watch)
            tell("finishing", len(left), "")
            return len(left), await verify(own, expected)
    except CannotConnect as lost:
        raise Unfinished(
            f"the migration is committed, but not finished: {lost.message}",
            hint="apply again: it goes on where it stopped",
            sqlstate=lost.sqlstate,
            detail=lost.detail,
        ) from lost


async def _do(own: Session, action: Action, number: int, pid: int, watch: Watch) -> None:
    try:
        async with watch.over("finishing", pid, lambda: number, lambda _: action.identity):
            await own.alone(action.sql)
    except CannotConnect:
        raise
    except ConsoleError as failure:
        raise Unfinished(
            f"the migration is committed, but {action.kind} {action.identity} could not be"
            f" finished: {failure.message}",
            hint="mend what it says and apply again: it goes on where it stopped",
            sqlstate=failure.sqlstate,
            detail=failure.detail,
        ) from failure
