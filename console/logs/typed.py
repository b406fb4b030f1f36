"""A filter as a person types it: `action=login* user=ada@example.com since=-1h eu-west`.

Terms stand apart by spaces, and all must hold. A term is a name, `=` and a value, which may
stand in double quotes, a quote in it doubled. The names are those of the command line's options:

    source    one log or several, `audit_logs,audit_log`; a part of a name is enough
    user      an e-mail or an id
    action    a pattern: `*` is any text, `?` any character
    resource  such a pattern
    since     `-1h`, `2d`, `2026-11-20`, `2026-11-20T16:58`; UTC unless it says otherwise
    until     likewise
    text      stands in the metadata; words without a name are looked for there, too
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING

from console.errors import UsageError
from console.logs.filter import LogFilter, make_filter
from console.logs.history import EVERYTHING, read_clock
from console.logs.people import find_user
from console.logs.source import SOURCES

if TYPE_CHECKING:
    from console.connection.session import Transaction

NAMES = ("source", "user", "action", "resource", "since", "until", "text")

_TERM = re.compile(r'\s*(?:([A-Za-z]+)=|(?![A-Za-z]+=))(?:"((?:[^"]|"")*)"|([^\s"]\S*))(?=\s|$)')


@dataclass(frozen=True, slots=True)
class Typed:
    """What was typed, by name; empty means anything."""

    source: str = ""
    user: str = ""
    action: str = ""
    resource: str = ""
    since: str = ""
    until: str = ""
    text: str = ""

    @property
    def sources(self) -> tuple[str, ...]:
        """The logs that are meant.

        Raises:
            UsageError: There is no log of such a name.
        """
        found: list[str] = []
        for part in filter(None, map(str.strip, self.source.split(","))):
            meant = [part] if part in SOURCES else [name for name in SOURCES if part in name]
            if not meant:
                raise UsageError(
                    f"there is no log {part}", hint=f"the logs are {', '.join(SOURCES)}"
                )
            found += meant
        return tuple(dict.fromkeys(found))


def parse(text: str) -> Typed:
    """Takes a filter apart.

    Raises:
        UsageError: It does not parse, or names something twice or that there is not.
    """
    found: dict[str, str] = {}
    words: list[str] = []
    position, end = 0, len(text.rstrip())
    while position < end:
        term = _TERM.match(text, position)
        if term is None:
            rest = text[position:].strip()
            raise UsageError(
                f"this does not parse: {rest}", hint='write name=value or name="several words"'
            )
        name, quoted, bare = term.groups()
        value = bare if quoted is None else quoted.replace('""', '"')
        position = term.end()
        if name is None:
            words.append(value)
        elif name.lower() not in NAMES:
            raise UsageError(f"{name} is nothing to filter by", hint=f"try {', '.join(NAMES)}")
        elif name.lower() in found:
            raise UsageError(f"{name} is given twice", hint="all terms must hold; leave one out")
        else:
            found[name.lower()] = value
    if words:
        found["text"] = " ".join(filter(None, [*words, found.get("text", "")]))
    return Typed(**found)


async def read_filter(tx: Transaction, typed: Typed) -> LogFilter:
    """Makes a filter of what was typed: times by the server's clock, users by their e-mail.

    Args:
        tx: A transaction with the search path ''.
        typed: From `parse`, or the options of a command.

    Raises:
        UsageError: A log does not exist, a time does not parse.
        NotFound: Nobody has the e-mail.
    """
    if typed == Typed():
        return EVERYTHING
    return make_filter(
        await read_clock(tx),
        sources=typed.sources,
        user=await find_user(tx, typed.user) if typed.user else None,
        action=typed.action or None,
        resource=typed.resource or None,
        since=typed.since or None,
        until=typed.until or None,
        text=typed.text or None,
    )


def written(value: str) -> str:
    """Writes a value as a term takes it."""
    plain = value and not any(mark.isspace() or mark == '"' for mark in value)
    return value if plain else '"' + value.replace('"', '""') + '"'
