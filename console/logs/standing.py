"""How a tail stands, in words: how far it is complete, and what holds it back."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime, timedelta

from console.logs.completeness import Completeness
from console.logs.poll import Gap
from console.logs.source import Source

LONG_OPEN = timedelta(seconds=30)
"""A transaction that is open for longer is worth a word."""


def describe_completeness(of: Iterable[Completeness], now: datetime) -> str:
    """Says up to when everything has been delivered, of several logs.

    Args:
        of: The logs'.
        now: The server's clock.

    Returns:
        Such as `complete up to 12:00:03`; empty without logs.
    """
    all_of = list(of)
    if not all_of:
        return ""
    windows = [one.window for one in all_of if one.window is not None]
    if windows:
        return f"complete for transactions shorter than {_span(max(windows))}"
    least = min(all_of, key=lambda one: one.complete_to)
    words = f"complete up to {clock(least.complete_to, now)}"
    if least.oldest is None or now - least.oldest < LONG_OPEN:
        return words
    holder = f"pid {least.oldest_pid}" if least.oldest_pid is not None else "a prepared transaction"
    return f"{words}: {holder} is open since"


def clock(time: datetime, now: datetime) -> str:
    """Writes a time in UTC, with its day where that is not today."""
    return f"{time:%H:%M:%S}" if time.date() == now.date() else f"{time:%Y-%m-%d %H:%M:%S}"


def describe_gap(gap: Gap) -> str:
    """Says what is known of a gap, in one sentence."""
    stretch = f"{clock(gap.start, gap.end)} to {gap.end:%H:%M:%S}"
    if not gap.proven:
        return f"{gap.source}: entries may be missing, {stretch}: {gap.reason}"
    found = f"{gap.found:,} more found" if gap.found else "nothing was missed"
    gone = f", {gap.gone:,} are gone" if gap.gone else ""
    return f"{gap.source}: checked {stretch}, {found}{gone}: {gap.reason}"


def describe_problems(sources: Iterable[Source]) -> list[str]:
    """Says which logs can't be read and why, and which are slow to ask."""
    words = []
    for source in sources:
        if source.problem:
            words.append(f"{source.name} is not read: {source.problem}")
        elif not source.indexed:
            words.append(f"{source.name} has no index on its time: every look reads it whole")
    return words


def _span(span: timedelta) -> str:
    minutes, seconds = divmod(round(span.total_seconds()), 60)
    return f"{minutes} min" if not seconds else f"{minutes * 60 + seconds} s"
