"""What an earlier console on this machine began and did not end."""

from __future__ import annotations

from typing import TYPE_CHECKING

from console.journal import state_folder

if TYPE_CHECKING:
    from console.connection.session import Session


def count_runs(session: Session) -> int:
    """Counts the runs of retention on a session's database whose process is gone.

    Raises:
        ConsoleError: The journal can't be read.
    """
    # What is under way, or was when its process died, has a lock of its own: without one there
    # is no need to read a journal that may be long.
    if next(state_folder().glob("*.running"), None) is None:
        return 0
    from console.operations.interrupted import find_interrupted

    return len(find_interrupted(session))
