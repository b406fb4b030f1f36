"""Applies that nobody saw the end of: the database tells what became of them."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from console.journal import Journal, state_folder
from console.migration.model import Verdict
from console.migration.record import ACTION, DRY_RUN, here

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
        return (
            f"the apply of {self.time} did not end; it was one transaction,"
            f" and {_FOUND[self.verdict]}"
        )


_FOUND = {
    Verdict.IN_SYNC: "all of it is there",
    Verdict.NOT_APPLIED: "nothing of it is there",
    Verdict.DRIFT: "the differences tell whether all or nothing of it is there",
}


def find_unended(session: Session, journal: Journal | None = None) -> list[Entry]:
    """Finds the applies on this very database whose process is gone before their end.

    Raises:
        ConsoleError: The journal can't be read.
    """
    # What is under way, or was when its process died, has a lock of its own: without one there
    # is no need to read a journal that may be long.
    if session.server is None or next(state_folder().glob("*.running"), None) is None:
        return []
    place = here(session.server)
    return [
        entry
        for entry in (journal or Journal()).find_unfinished()
        if entry.action in (ACTION, DRY_RUN) and entry.facts.get("server") == place
    ]


def settle(
    session: Session, verification: Verification, journal: Journal | None = None
) -> list[Unended]:
    """Puts on record what a verification says of applies without an end; they are told once.

    Raises:
        ConsoleError: The journal can't be read or written.
    """
    journal = journal or Journal()
    verdict = verification.verdict
    told = []
    for entry in find_unended(session, journal):
        journal.conclude(entry.operation, "looked up", verdict=str(verdict))
        told.append(Unended(entry.time, verdict, entry.action == DRY_RUN))
    return told
