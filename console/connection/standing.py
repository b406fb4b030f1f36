"""Which server a connection has, in a word that changes when another takes its place."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, NamedTuple

from console.connection.transaction import query_text
from console.errors import DatabaseFailed

if TYPE_CHECKING:
    from console.connection.session import Session


class Standing(NamedTuple):
    """A server's identity and part.

    Attributes:
        system: The identifier of the cluster; the same on a primary and its standbys.
        timeline: Goes up with every promotion.
        standby: Whether it replays another's log.
    """

    system: str
    timeline: int
    standby: bool

    def differs(self, before: Standing | None) -> str:
        """Says in words what is different since then; '' when nothing is.

        What either of them does not know counts as the same.
        """
        if before is None:
            return ""
        if self.system and before.system and self.system != before.system:
            return "another database server answers now"
        if self.standby != before.standby:
            return "the server became a standby" if self.standby else "the standby was promoted"
        if self.timeline and before.timeline and self.timeline != before.timeline:
            return "another server was promoted and answers now"
        return ""


async def read_standing(session: Session) -> Standing:
    """Asks which server answers, in one round trip, whose time it measures as a ping does.

    A role that may not read the control data learns only whether it is a standby.

    Raises:
        ConsoleError: The connection is gone.
    """
    started = time.perf_counter()
    try:
        (table,) = await session.batch(query_text("console.connection", "standing"))
    except DatabaseFailed:
        started = time.perf_counter()
        (table,) = await session.batch("select '', 0, pg_catalog.pg_is_in_recovery()")
    session.round_trip = time.perf_counter() - started
    ((system, timeline, standby),) = table.rows
    return Standing(system or "", int(timeline or 0), standby == "t")
