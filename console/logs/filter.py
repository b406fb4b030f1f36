"""Which entries are wanted: the same answer from the server and from an entry at hand.

History is filtered by the server, the tail's entries one by one as they come. Both must agree,
so letters are compared as the "C" collation does: only A to Z have another case.
"""

from __future__ import annotations

import fnmatch
import re
import string
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from uuid import UUID

from psycopg import sql

from console.errors import UsageError
from console.logs.source import DETAIL_LENGTH, EARLIEST, LATEST, SOURCES, LogEntry, Source

_FOLD = str.maketrans(string.ascii_uppercase, string.ascii_lowercase)
_RELATIVE = re.compile(
    r"([+-]?)(\d{1,9})\s*(s|m|h|d|w|seconds?|min(?:ute)?s?|hours?|days?|weeks?)(?:\s+ago)?",
    re.IGNORECASE,
)
_UNITS = {"s": 1, "m": 60, "h": 3600, "d": 86_400, "w": 604_800}


@dataclass(frozen=True, slots=True)
class LogFilter:
    """What an entry must be; everything left out may be anything.

    Attributes:
        sources: Names of logs; empty means all.
        user: The user's id as text.
        action: A pattern of the whole action: `*` is any text, `?` any character.
        resource: Such a pattern of the resource.
        since: The earliest time.
        until: The time from which on entries are not wanted any more.
        text: Stands somewhere in the first DETAIL_LENGTH characters of the metadata's JSON;
            A to Z in either case.
    """

    sources: frozenset[str] = frozenset()
    user: str | None = None
    action: str | None = None
    resource: str | None = None
    since: datetime | None = None
    until: datetime | None = None
    text: str | None = None
    _action: re.Pattern[str] | None = field(init=False, repr=False, compare=False)
    _resource: re.Pattern[str] | None = field(init=False, repr=False, compare=False)
    _text: str = field(init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        object.__setattr__(self, "_action", _pattern(self.action))
        object.__setattr__(self, "_resource", _pattern(self.resource))
        object.__setattr__(self, "_text", folded(self.text or ""))

    def matches(self, entry: LogEntry) -> bool:
        """Tells whether an entry is wanted."""
        if self.sources and entry.source not in self.sources:
            return False
        if self.user is not None and entry.user != self.user:
            return False
        for pattern, value in ((self._action, entry.action), (self._resource, entry.resource)):
            if pattern is not None and (value is None or not pattern.match(value)):
                return False
        if (self.since or self.until) and entry.time is None:
            return False
        if self.since is not None and entry.time is not None and entry.time < self.since:
            return False
        if self.until is not None and entry.time is not None and entry.time >= self.until:
            return False
        return not self._text or (entry.detail is not None and self._text in folded(entry.detail))

    def conditions(self, source: Source) -> list[sql.Composable] | None:
        """Returns what the rows `a` of a log must fulfil, or None where none of them can."""
        if self.sources and source.name not in self.sources:
            return None
        found: list[sql.Composable] = []
        if self.user is not None:
            if source.user is None or (source.user_type == "uuid" and not _is_uuid(self.user)):
                return None
            # As it is for the index, or as text where it is no uuid.
            column = (
                source.column(source.user)
                if source.user_type == "uuid"
                else source.text(source.user)
            )
            found.append(sql.SQL("{} = {}").format(column, sql.Literal(self.user)))
        for pattern, name in ((self.action, source.action), (self.resource, source.resource)):
            if pattern is not None:
                if name is None:
                    return None
                found.append(
                    sql.SQL("{} like {}").format(source.text(name), sql.Literal(_like(pattern)))
                )
        if self.since is not None or self.until is not None:
            column = source.column(source.time)
            since, until = self.since or EARLIEST, self.until or LATEST
            found.append(source.dated)
            found.append(sql.SQL("{} >= {}").format(column, sql.Literal(since)))
            if self.until is not None:
                found.append(sql.SQL("{} < {}").format(column, sql.Literal(until)))
        if self._text:
            if source.detail is None:
                return None
            found.append(
                sql.SQL("pg_catalog.strpos(pg_catalog.lower({}), {}) > 0").format(
                    source.text(source.detail, DETAIL_LENGTH), sql.Literal(self._text)
                )
            )
        return found


def folded(text: str) -> str:
    """Returns a text with A to Z in lower case, as the "C" collation does it."""
    return text.translate(_FOLD)


def make_filter(
    now: datetime,
    *,
    sources: Sequence[str] = (),
    user: str | None = None,
    action: str | None = None,
    resource: str | None = None,
    since: str | None = None,
    until: str | None = None,
    text: str | None = None,
) -> LogFilter:
    """Makes a filter of what a person typed.

    Args:
        now: The server's clock, which relative times count from.
        sources: Names of logs; none means all.
        user: An id; `people.find_user` finds it by e-mail.
        action: A pattern with `*` and `?`.
        resource: The same.
        since: Such as `-1h`, `2 days ago`, `2026-11-20`, `2026-11-20 16:58`; UTC unless it says
            otherwise.
        until: The same.
        text: What the metadata holds.

    Raises:
        UsageError: A log does not exist, a time does not parse, a text can't be sent.
    """
    for name in sources:
        if name not in SOURCES:
            raise UsageError(f"there is no log {name}", hint=f"the logs are {', '.join(SOURCES)}")
    for value in (user, action, resource, text):
        if value is not None and not _sendable(value):
            raise UsageError(
                "a filter can't hold a NUL character or bytes that are no text",
                hint="leave them out",
            )
    return LogFilter(
        frozenset(sources),
        str(UUID(user)) if user is not None and _is_uuid(user) else user,
        action,
        resource,
        None if since is None else read_time(since, now),
        None if until is None else read_time(until, now),
        text or None,
    )


def read_time(text: str, now: datetime) -> datetime:
    """Reads a time: `-1h` or `1h ago`, `now`, or a date with or without a time of day.

    Args:
        text: Units are s, m, h, d, w. A date without a zone is UTC.
        now: The server's clock.

    Raises:
        UsageError: It is none of these, or outside of the years 1 to 9999.
    """
    words = text.strip()
    try:
        if words.lower() == "now":
            return now
        if relative := _RELATIVE.fullmatch(words):
            sign, amount, unit = relative.groups()
            span = timedelta(seconds=int(amount) * _UNITS[unit[0].lower()])
            time = now + span if sign == "+" else now - span
        else:
            time = datetime.fromisoformat(words)
            time = time.replace(tzinfo=UTC) if time.tzinfo is None else time.astimezone(UTC)
        if EARLIEST <= time <= LATEST:
            return time
    except (ValueError, OverflowError):
        pass
    raise UsageError(
        "that is no time: " + words, hint="write -1h, -2d, 2026-11-20 or 2026-11-20T16:58:00Z"
    )


def _is_uuid(text: str) -> bool:
    try:
        UUID(text)
    except ValueError:
        return False
    return True


def _sendable(text: str) -> bool:
    try:
        return b"\0" not in text.encode()
    except UnicodeEncodeError:
        return False


def _pattern(glob: str | None) -> re.Pattern[str] | None:
    # fnmatch writes patterns that take linear time; its [classes] are no part of ours.
    return None if glob is None else re.compile(fnmatch.translate(glob.replace("[", "[[]")))


def _like(glob: str) -> str:
    return re.sub(r"([\\%_])", r"\\\1", glob).replace("*", "%").replace("?", "_")
