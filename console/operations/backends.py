"""Ends what another session does, or the session itself."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

from console.errors import NotFound
from console.operations.writing import recorded, refuse_read_only

if TYPE_CHECKING:
    from console.connection.session import Session
    from console.operations.activity import Backend

_PATIENCE = 2_000
"""Milliseconds a session gets to end before it is said that it has not."""


@dataclass(frozen=True, slots=True)
class Ending:
    """What came of it.

    Attributes:
        operation: Its id in the journal.
        ended: Whether the session is gone; for `cancel`, whether the server passed it on.
        audit: Why it is not in `audit_logs`; empty where it is, None where nobody asked.
    """

    operation: str
    ended: bool
    audit: str | None = None


async def end_backend(
    session: Session, backend: Backend, how: Literal["cancel", "terminate"]
) -> Ending:
    """Cancels a session's statement, or ends the session with its transaction.

    Only that very session: a newer one with the same pid is left alone.

    Args:
        session: In write mode, and not the one that is to be ended.
        backend: As it was last seen.
        how: `cancel` leaves the session connected.

    Raises:
        Refused: Write mode is off.
        NotFound: The session is gone already.
        DatabaseFailed: The server refused, such as for want of pg_signal_backend.
    """
    refuse_read_only(session)
    function = "pg_cancel_backend(pid)"
    if how == "terminate":
        function = f"pg_terminate_backend(pid, {_PATIENCE})"
    async with recorded(
        session,
        f"{how} backend",
        how,
        "pg_stat_activity",
        pid=backend.pid,
        user=backend.user,
        application=backend.application,
        state=backend.state,
        statement=backend.statement,
    ) as record:
        done = await session.value(
            f"select pg_catalog.{function} from pg_catalog.pg_stat_activity"  # noqa: S608
            " where pid = %s and backend_start is not distinct from %s::timestamptz",
            [backend.pid, backend.started],
        )
        if done is None:
            raise NotFound("that session has ended already")
        record.outcome = "done" if done else "not ended"
    return Ending(record.operation, bool(done), record.audit)
