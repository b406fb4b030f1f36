"""What is kept of an apply: intent, what it replaces, and how it ended."""

from __future__ import annotations

import asyncio
import contextlib
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from console.connection.audit import audited, told
from console.errors import ConsoleError
from console.journal import Journal, place_of
from console.migration.model import DriftState
from console.migration.settle import NotApplied

if TYPE_CHECKING:
    from console.connection.session import Session
    from console.migration.model import ApplyResult, Plan

ACTION = "migrate apply"
DRY_RUN = "migrate apply, dry run"


class Record:
    """One apply in the journal; several attempts at it are one operation.

    Where the profile wants it in `audit_logs` as well it is there once it has ended: the table
    may be what is applied. A dry run, which leaves nothing behind, is in the journal alone.

    Args:
        session: Where it is applied.
        migration: The file's name.
        dry_run: Whether it will be rolled back in any case.
    """

    def __init__(self, session: Session, migration: str, *, dry_run: bool) -> None:
        self._journal = Journal()
        self._session = session
        self._migration = migration
        self._dry_run = dry_run
        self._operation: str | None = None
        self._intent: dict[str, Any] = {}

    def intend(self, planned: Plan) -> None:
        """Puts on record what is about to be done, and the definitions it replaces.

        Raises:
            ConsoleError: The journal can't be written, so nothing should be done.
        """
        if self._operation is None:
            action = DRY_RUN if self._dry_run else ACTION
            self._intent = self._facts(planned)
            self._operation = self._journal.intend(action, self._session.profile, **self._intent)

    async def succeed(self, result: ApplyResult) -> ApplyResult:
        """Puts on record that it is done; returns the result with what became of that."""
        audit = await self._conclude(
            "rolled back" if self._dry_run else "done",
            statements=result.statements_executed,
            retries=result.retries,
        )
        return replace(result, audit=audit)

    async def fail(self, failure: BaseException, *, committing: bool) -> None:
        """Puts on record that it was not done, or that nobody knows.

        Args:
            failure: What ended it.
            committing: Whether the commit was on its way.
        """
        if committing and not isinstance(failure, NotApplied):
            audit = await self._conclude("not known", **_words(failure))
        elif isinstance(failure, asyncio.CancelledError | KeyboardInterrupt):
            audit = await self._conclude("cancelled")
        else:
            audit = await self._conclude("failed", **_words(failure))
        if audit and isinstance(failure, ConsoleError):
            failure.detail = f"{failure.detail}\n{told(audit)}".lstrip()

    async def _conclude(self, outcome: str, **facts: object) -> str | None:
        if self._operation is None:
            return None
        audit = None
        try:
            if not self._dry_run:
                action = f"migration.{outcome.replace(' ', '_')}"
                kept = {key: value for key, value in self._intent.items() if key != "undo"}
                audit = await audited(
                    self._session, action, self._migration, self._operation, kept | facts
                )
            if audit:
                facts["audit"] = told(audit)
        finally:
            # What is done is done: a journal that can't be written to any more does not undo it,
            # and shows the intent as unfinished.
            with contextlib.suppress(ConsoleError):
                self._journal.conclude(self._operation, outcome, **facts)
        return audit

    def _facts(self, planned: Plan) -> dict[str, Any]:
        server = self._session.server
        touched = {(action.kind, action.identity) for action in planned.actions}
        replaced = [
            {"kind": difference.kind, "identity": difference.identity, "was": difference.actual}
            for difference in planned.verification.differences
            if difference.state is not DriftState.MISSING
            and (difference.kind, difference.identity) in touched
        ]
        words: dict[str, list[str]] = {}
        for kind, identity in dict.fromkeys((a.action, a.identity) for a in planned.actions):
            words.setdefault(kind, []).append(identity)
        return {
            "migration": self._migration,
            "statements": len(planned.actions),
            "actions": words,
            "undo": replaced,
            "server": place_of(server) if server is not None else None,
        }


def _words(failure: BaseException) -> dict[str, str]:
    if isinstance(failure, ConsoleError):
        return {"error": failure.message, "sqlstate": failure.sqlstate or ""}
    return {"error": type(failure).__name__}
