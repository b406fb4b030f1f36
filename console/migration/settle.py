"""What became of a commit that nobody answered."""

from __future__ import annotations

import asyncio
import time
from typing import TYPE_CHECKING

from console.errors import CannotConnect
from console.migration.blockers import APPLY_LOCK
from console.migration.verify import verify

if TYPE_CHECKING:
    from console.connection.session import Session
    from console.migration.expected import Expected
    from console.migration.model import Key, Verification
    from console.migration.watch import Tell

_PATIENCE = 30.0
_POLL = 0.5


class NotApplied(CannotConnect):
    """The connection was lost at the commit, and the commit with it."""

    code = "not_applied"


async def look_again(
    session: Session,
    expected: Expected,
    lost: CannotConnect,
    tell: Tell,
    *,
    only: frozenset[Key] | None = None,
) -> Verification:
    """Connects anew, waits until the lost transaction is over, and verifies.

    Never applies again. The lost transaction holds the lock of all applies until its backend
    has committed or noticed that we are gone.

    Args:
        session: The session that lost its connection.
        expected: What was applied.
        lost: How it was lost.
        tell: Told meanwhile.
        only: The differences that were to be mended; None means all.

    Raises:
        NotApplied: The database is as it was.
        CannotConnect: Whether it was applied can't be found out now.
    """
    deadline = time.monotonic() + _PATIENCE
    while time.monotonic() < deadline:
        tell("verifying", 0, "the connection was lost at the commit; looking again")
        try:
            async with session.another("apply", read_only=False) as second:
                async with second.transaction(read_only=False) as tx:
                    over = await tx.value(
                        "select pg_catalog.pg_try_advisory_xact_lock(%s)", [APPLY_LOCK]
                    )
                if over:
                    verification = await verify(second, expected)
                    break
        except CannotConnect:
            pass
        await asyncio.sleep(_POLL)
    else:
        raise CannotConnect(
            "the connection was lost at the commit: whether it was applied is unknown",
            hint="rowsight migrate verify tells, as soon as the server answers",
            detail=lost.detail,
        ) from lost
    left = {(difference.kind, difference.identity) for difference in verification.differences}
    if verification.failed() if only is None else left & only:
        raise NotApplied(
            "the connection was lost at the commit; looked again: it was not applied",
            hint="the database is as it was; apply again when you are ready",
            detail=lost.detail,
        ) from lost
    return verification
