"""Numbers and times as people read them; honest about what is only estimated."""

from __future__ import annotations

from datetime import datetime
from math import ceil
from time import monotonic


def count(number: int) -> str:
    """Writes an exact number: `2,154`."""
    return f"{number:,}"


def estimate(number: int) -> str:
    """Writes a number that is only an estimate: `~840`, `~1.2 M`."""
    if number < 10_000:
        return f"~{number:,}"
    for unit, scale in (("k", 1e3), ("M", 1e6)):
        if number / scale < 999.95:
            return f"~{number / scale:.1f} {unit}"
    return f"~{number / 1e9:.1f} G"


def plural(number: int, noun: str, many: str = "") -> str:
    """Writes a number with its noun: `1 table`, `3 tables`."""
    return f"{count(number)} {noun if number == 1 else many or noun + 's'}"


def size(octets: int) -> str:
    """Writes bytes in binary units: `1.3 GB`."""
    if octets < 1024:
        return f"{octets} B"
    value = float(octets)
    for unit in ("kB", "MB", "GB"):
        value /= 1024
        if value < 1000:
            return f"{value:.1f} {unit}" if value < 10 else f"{value:.0f} {unit}"
    return f"{value / 1024:.1f} TB"


def duration(seconds: float) -> str:
    """Writes a time span: `0.4 ms`, `41 ms`, `1.2 s`, `2 min 5 s`."""
    if seconds < 0.00995:
        return f"{seconds * 1000:.1f} ms"
    if seconds < 0.9995:
        return f"{seconds * 1000:.0f} ms"
    if seconds < 59.95:
        return f"{seconds:.1f} s"
    minutes, rest = divmod(round(seconds), 60)
    return f"{minutes} min {rest} s"


def left(until: float) -> str:
    """Writes the whole seconds until a time of `time.monotonic`: `4 s`."""
    return f"{max(0, ceil(until - monotonic()))} s"


def clock() -> str:
    """Tells the time of day, to say when something was read."""
    return f"{datetime.now().astimezone():%H:%M:%S}"
