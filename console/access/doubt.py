"""Why something can't be told for certain from here, and in which words that is said."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

from console.errors import ConsoleError


class Reason(StrEnum):
    """What keeps an answer from being certain."""

    ORDER = "order"
    """A condition is false and another raises: the server chooses which one it asks first."""
    SYSTEM_COLUMN = "system column"
    UNREADABLE = "unreadable"
    """It is no text that may be put into a statement."""
    PRIVILEGE = "privilege"
    """Something lacks a privilege here that the statement itself may never ask for."""
    UNANSWERED = "unanswered"
    """The server gave up: time, a lock, resources."""
    WRITES = "writes"
    """A condition writes, which a preview must not."""
    VALUE = "value"
    """A policy asks for a value that only the command itself brings."""
    TRIGGER = "trigger"
    VIEW = "view"
    RULE = "rule"
    FOREIGN = "foreign table"
    SESSION_USER = "session user"
    ALIKE = "alike"
    """The persona can't read the key, and other rows read the same."""


@dataclass(frozen=True, slots=True)
class Doubt:
    """A reason why something can't be told.

    Attributes:
        words: A half-sentence that names it.
        raises: Whether what it is about may break the statement, were it asked within it.
    """

    reason: Reason
    words: str
    raises: bool = True


_GAVE_UP = ("55P03", "25P04", "40", "53", "58")
"""Beginnings of SQLSTATEs: a lock or a transaction took too long, a conflict, no resources."""


def unanswered(failure: ConsoleError, seconds: float) -> Doubt | None:
    """Tells a server that gave up, or would not write, from one that refused.

    Args:
        failure: What it raised.
        seconds: How long it was given.
    """
    state = failure.sqlstate or ""
    if state == "57014":
        return Doubt(Reason.UNANSWERED, f"it ran longer than the {seconds:g} s given to a preview")
    if state == "25006":
        return Doubt(Reason.WRITES, f"it writes, which a preview must not: {failure.message}")
    if state.startswith(_GAVE_UP):
        return Doubt(Reason.UNANSWERED, f"the server gave up: {failure.message}")
    return None
