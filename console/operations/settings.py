"""What the `[health]` section of the configuration file sets."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

from console.connection.config import config_path, section
from console.errors import UsageError
from console.operations.check import Thresholds
from console.operations.monitor import INTERVAL

_LONGEST = 3600


@dataclass(frozen=True, slots=True)
class HealthSettings:
    """How health is judged, and how often it is looked at.

    Attributes:
        limits: Of all figures.
        interval: Seconds from one pulse to the next at least.
    """

    limits: Thresholds = field(default_factory=Thresholds)
    interval: float = INTERVAL


def read_settings(given: Iterable[str] = ()) -> HealthSettings:
    """Reads the section; `connections = [0.7, 0.9]` sets a limit, `"-"` in a place is none.

    Args:
        given: Limits that come before those of the file, as `NAME=WARN,FAIL`.

    Raises:
        UsageError: A name or a value is wrong; tells which.
    """
    settings = _from_table(section("health"))
    limits = settings.limits
    for text in given:
        name, equals, values = text.partition("=")
        if not equals:
            raise UsageError(f"{text!r} is not a limit", hint="write NAME=WARN,FAIL")
        limits = limits.with_limit(name, values)
    return HealthSettings(limits, settings.interval)


def _from_table(table: Mapping[str, Any]) -> HealthSettings:
    limits, interval = Thresholds(), INTERVAL
    for name, value in table.items():
        if name == "interval":
            interval = _seconds(value)
            continue
        text = ",".join(map(str, value)) if isinstance(value, list) else str(value)
        try:
            limits = limits.with_limit(name, text)
        except UsageError as wrong:
            raise UsageError(
                f"{config_path()}: health.{name}: {wrong.message}", hint=wrong.hint
            ) from wrong
    return HealthSettings(limits, interval)


def _seconds(value: Any) -> float:
    number = isinstance(value, int | float) and not isinstance(value, bool)
    if not number or not 0.5 <= value <= _LONGEST:
        raise UsageError(
            f"{config_path()}: health.interval is not a number of seconds",
            hint=f"give 0.5 to {_LONGEST:,}",
        )
    return float(value)
