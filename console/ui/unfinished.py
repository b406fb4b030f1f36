"""What an earlier console on this machine began and did not end."""

from __future__ import annotations

from typing import TYPE_CHECKING

from console.journal import state_folder

if TYPE_CHECKING:
    from console.connection.session import Session


def unended(session: Session) -> list[str]:
    """Says which work on a session's database was left by a process that is gone.

    Raises:
        ConsoleError: The journal can't be read.
    """
    # What is under way, or was when its process died, has a lock of its own: without one there
    # is no need to read a journal that may be long.
    if next(state_folder().glob("*.running"), None) is None:
        return []
    from console.migration.unended import find_unended
    from console.operations.interrupted import find_interrupted

    told = []
    if find_interrupted(session):
        told.append("An earlier run of retention did not end: 5 Retention tells what became of it.")
    if find_unended(session):
        told.append("An earlier apply did not end: 3 Migration tells what became of it.")
    return told
