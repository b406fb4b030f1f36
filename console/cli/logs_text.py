"""An entry of a log as a line for a person."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

from console.cli import output
from console.visible import visible

if TYPE_CHECKING:
    from console.logs.poll import Mark
    from console.logs.source import LogEntry

_STYLES = {"error": "red", "warning": "yellow", "success": "green", "accent": "cyan"}


def entry_line(entry: LogEntry, mark: Mark, emails: Mapping[str, str]) -> str:
    """Writes an entry in one line, everything unsafe made visible.

    Args:
        entry: What to write.
        mark: How it came into view; said where that is news.
        emails: By user id.
    """
    from console.logs.highlight import USUAL, rule_for

    rule = rule_for(USUAL, entry, mark)
    style = _STYLES.get(rule.style) if rule else None
    time = f"{entry.time:%Y-%m-%d %H:%M:%S.%f}"[:-3] + "Z" if entry.time else "without a time"
    user = emails.get(entry.user, entry.user) if entry.user else "–"
    place = " ".join(filter(None, (entry.resource, entry.resource_id)))
    word = f"{mark} " if mark in ("late", "changed") else ""
    return output.styled(
        (f"{time:<24}  ", "dim"),
        (f"{entry.source:<24}  ", "dim"),
        (f"{visible(user):<28}  ", None),
        (f"{rule.sign if rule else ' '} {word}{visible(entry.action or '–'):<24}", style),
        (f"  {visible(place)}" if place else "", None),
        (f"  {visible(entry.detail)}" if entry.detail not in (None, "{}") else "", "dim"),
    )
