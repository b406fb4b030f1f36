"""Is the migration on record here? One step more of a connection's check."""

from __future__ import annotations

from typing import TYPE_CHECKING

from console.connection.check import Outcome, Step
from console.migration.history import read_history

if TYPE_CHECKING:
    from console.connection.session import Session


async def migration(session: Session) -> Step:
    """Tells whether the master migration is recorded; verifying it is another matter.

    Raises:
        ConsoleError: The connection is gone.
    """
    history = await read_history(session)
    if history.exists and not history.readable:
        return Step("migration", Outcome.SKIPPED, "this role may not read the history")
    if history.recorded:
        return Step("migration", Outcome.OK, "recorded", "rowsight migrate verify compares it")
    return Step("migration", Outcome.WARN, "not recorded", "rowsight migrate plan tells more")
