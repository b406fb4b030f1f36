"""Applies that nobody saw the end of: the database tells what became of them."""

from __future__ import annotations

import contextlib
from dataclasses import dataclass
from typing import TYPE_CHECKING

from console.assets import MASTER_MIGRATION, schema_file
from console.errors import ConsoleError
from console.journal import Journal
from console.migration.model import Verdict
from console.migration.record import ACTION, DRY_RUN

if TYPE_CHECKING:
    from console.connection.session import Session
    from console.journal import Entry
    from console.migration.model import Verification


@dataclass(frozen=True, slots=True)
class Unended:
    """An apply without a result in the journal, held against a verification made since.

    Attributes:
        time: When it began, by the machine's clock.
        verdict: What the database held when it was verified.
        dry_run: Whether it was to be rolled back in any case.
    """

    time: str
    verdict: Verdict
    dry_run: bool

    @property
    def sentence(self) -> str:
        """What became of it, in words."""
        if self.dry_run:
            return f"the dry run of {self.time} did not end; it left nothing behind"
        return f"the apply of {self.time} did not end; {_FOUND[self.verdict]}"


_FOUND = {
    Verdict.IN_SYNC: "all of it is there",
    Verdict.NOT_APPLIED: "nothing of it is there",
    Verdict.DRIFT: "the differences tell what of it is there",
}


def find_unended(session: Session, journal: Journal | None = None) -> list[Entry]:
    """Finds the applies of our migration here whose process is gone before their end.

    Raises:
        ConsoleError: The journal can't be read.
    """
    left = (journal or Journal()).find_left(session.server)
    return [
        entry
        for entry in left
        if entry.action in (ACTION, DRY_RUN)
        and entry.facts.get("migration") == schema_file(MASTER_MIGRATION).name
    ]


def settle(
    session: Session, verification: Verification, journal: Journal | None = None
) -> list[Unended]:
    """Says what a verification tells of applies without an end, and puts that on record.

    What can't be put on record is told again the next time.

    Raises:
        ConsoleError: The journal can't be read.
    """
    journal = journal or Journal()
    verdict = verification.verdict
    told = []
    for entry in find_unended(session, journal):
        told.append(Unended(entry.time, verdict, entry.action == DRY_RUN))
        with contextlib.suppress(ConsoleError):
            journal.conclude(entry.operation, "looked up", verdict=str(verdict))
    return told
