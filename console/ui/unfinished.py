"""What an earlier console on this machine began and did not end."""

from __future__ import annotations

from typing import TYPE_CHECKING

from console.journal import Journal

if TYPE_CHECKING:
    from console.connection.session import Session


def unended(session: Session) -> list[str]:
    """Says which work on a session's database was left by a process that is gone.

    Raises:
        ConsoleError: The journal can't be read.
    """
    left = {entry.action for entry in Journal().find_left(session.server)}
    if not left:
        return []
    from console.migration.record import ACTION, DRY_RUN
    from console.operations.run import ACTION as RETENTION

    told = []
    if RETENTION in left:
        told.append("An earlier run of retention did not end: 5 Retention tells what became of it.")
    if left & {ACTION, DRY_RUN}:
        told.append("An earlier apply did not end: 3 Migration tells what became of it.")
    return told
