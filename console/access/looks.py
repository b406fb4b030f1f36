"""As whom somebody looked, in the database's own logs: `audit = "database"` in the profile."""

from __future__ import annotations

import uuid
from collections.abc import Callable
from typing import TYPE_CHECKING

from psycopg import sql

from console.access.persona import is_uuid
from console.connection.audit import add_row, audited
from console.connection.transaction import query_text
from console.errors import ConsoleError
from console.visible import json_text

if TYPE_CHECKING:
    from console.access.persona import Persona
    from console.connection.session import Session


class Looks:
    """Writes each persona down once, before the first look through its eyes.

    A row of `audit_logs`, and for a user one of that user's `privacy_transparency_log`. What
    can't be written is told, once for each reason, and holds up nothing.

    Args:
        connect: Makes a session of the login, not connected yet, that may write.
        tell: Is told what is missing.
    """

    def __init__(self, connect: Callable[[], Session], tell: Callable[[str], None]) -> None:
        self._connect = connect
        self._tell = tell
        self._known: set[tuple[str, str]] = set()
        self._told: set[str] = set()

    async def __call__(self, persona: Persona) -> None:
        """Writes a persona down, unless that was done before."""
        who = (str(persona.named), persona.role)
        if who in self._known:
            return
        self._known.add(who)
        operation = uuid.uuid4().hex
        facts = {"persona": persona.label, "role": persona.role, "user": persona.user_id}
        try:
            async with self._connect() as session:
                audit = await audited(session, "access.viewed_as", "rows", operation, facts)
                self._say("audit_logs", audit)
                if persona.user_id and is_uuid(persona.user_id):
                    row = sql.SQL(query_text("console.access", "looked")).format(
                        user=sql.Literal(persona.user_id),
                        operation=sql.Literal(operation),
                        metadata=sql.Literal(json_text({"operation": operation})),
                    )
                    self._say("the user's privacy_transparency_log", await add_row(session, row))
        except ConsoleError as failure:
            self._say("audit_logs", failure.message)

    def _say(self, log: str, reason: str | None) -> None:
        if reason and (words := f"this look is not in {log}: {reason}") not in self._told:
            self._told.add(words)
            self._tell(words)
