"""Who holds the lock that an apply waits for."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from console.connection.session import query_text

if TYPE_CHECKING:
    from console.connection.session import Session

APPLY_LOCK = 0x726F7773_69676874
"""Key of the advisory lock that lets one apply in at a time: `rowsight` in ASCII."""


@dataclass(frozen=True, slots=True)
class Blocker:
    """A session that keeps ours waiting.

    Attributes:
        pid: Its backend; 0 for a prepared transaction, which has none.
        user: Its login role, or None where it can't be seen.
        application: What it calls itself; may be empty.
        state: Such as `active` or `idle in transaction`; None where this role may not see it.
        since: When its last statement began, by the server's clock.
        statement: The beginning of that statement, at most 80 characters, as the server has
            it: control characters and all.
    """

    pid: int
    user: str | None
    application: str | None
    state: str | None
    since: str | None
    statement: str | None

    def __str__(self) -> str:
        if self.pid == 0:
            return "a prepared transaction (see pg_prepared_xacts)"
        words = [f"pid {self.pid}", self.user or "", self.application or "", self.state or ""]
        if self.since:
            words.append(f"since {self.since.split('.')[0]}")
        if self.statement:
            words.append(self.statement)
        return " · ".join(word for word in words if word)


async def read_blockers(session: Session, pid: int) -> tuple[Blocker, ...]:
    """Reads who keeps a backend waiting, the oldest transaction first.

    Args:
        session: Not the waiting one.
        pid: The backend that waits.
    """
    rows = await session.fetch(
        query_text("console.migration", "blockers"), {"pid": pid, "key": APPLY_LOCK}
    )
    return tuple(Blocker(*row) for row in rows)
