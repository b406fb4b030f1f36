"""Health over time: pulses at an interval that spares the server, kept for sparklines."""

from __future__ import annotations

from collections import deque
from dataclasses import dataclass
from typing import TYPE_CHECKING

from console.operations.asking import Questions
from console.operations.check import Status, Thresholds
from console.operations.health import read_pulse

if TYPE_CHECKING:
    from collections.abc import Mapping

    from console.connection.session import Session
    from console.operations.health import Pulse

INTERVAL = 2.0
"""Seconds from one pulse to the next, unless the server is slow."""
_SPARED = 10
"""A pulse is asked for at most every so many times as long as the last one took."""
_LONGEST = 30.0
_KEPT = 300
_RATES = {
    "transactions_per_second": "transactions",
    "wal_bytes_per_second": "wal_bytes",
    "temp_bytes_per_second": "temp_bytes",
    "deadlocks_per_second": "deadlocks",
}


@dataclass(frozen=True, slots=True)
class Sample:
    """The numbers of one pulse.

    Attributes:
        clock: Seconds since 1970 by the server.
        values: By name: the value of every check that has one; `active` and `waiting`
            sessions; rates since the sample before, such as `wal_bytes_per_second`; and
            `cache_hit`, here of the blocks asked for since then.
    """

    clock: float
    values: Mapping[str, float]


class Monitor:
    """Takes the pulse again and again, and keeps the numbers of the last ten minutes or so.

    Whoever holds it decides when: `refresh()`, then wait `wait` seconds. Not to refresh is to
    pause; rates go on behind the gap.

    Args:
        limits: What the figures are judged by; may be replaced at any time.
        interval: Seconds between pulses at least.
        kept: How many samples.
    """

    def __init__(
        self, limits: Thresholds | None = None, *, interval: float = INTERVAL, kept: int = _KEPT
    ) -> None:
        self.limits = limits or Thresholds()
        self.interval = interval
        self.pulse: Pulse | None = None
        self.samples: deque[Sample] = deque(maxlen=kept)
        self._questions = Questions()

    @property
    def wait(self) -> float:
        """Seconds to wait before the next pulse, by what the last one cost."""
        if self.pulse is None:
            return self.interval
        return max(self.interval, min(_LONGEST, self.pulse.elapsed * _SPARED))

    async def refresh(self, session: Session) -> Pulse:
        """Takes the pulse.

        Raises:
            CannotConnect: The connection is gone; what was kept stays.
        """
        before, self.pulse = self.pulse, await read_pulse(session, self.limits, self._questions)
        self.samples.append(_sample(self.pulse, before))
        return self.pulse

    def series(self, name: str) -> tuple[float | None, ...]:
        """Returns one number over time, oldest first; None where it was not to be had."""
        return tuple(sample.values.get(name) for sample in self.samples)


def _sample(pulse: Pulse, before: Pulse | None) -> Sample:
    values = {
        check.name: check.value
        for check in pulse.checks
        if check.value is not None and check.status is not Status.UNAVAILABLE
    }
    values["active"] = float(sum(one.state == "active" for one in pulse.backends))
    values["waiting"] = float(sum(root.count for root in pulse.roots))
    values.pop("cache_hit", None)
    seconds = pulse.clock - before.clock if before else 0.0
    if before is None or seconds <= 0:
        return Sample(pulse.clock, values)
    grown = {name: pulse.counters[name] - before.counters[name] for name in pulse.counters}
    # Counters begin again after a crash or a reset of the statistics.
    values |= {
        name: grown[counter] / seconds for name, counter in _RATES.items() if grown[counter] >= 0
    }
    blocks = grown["blocks_hit"] + grown["blocks_read"]
    if blocks > 0 and min(grown["blocks_hit"], grown["blocks_read"]) >= 0:
        values["cache_hit"] = grown["blocks_hit"] / blocks
    return Sample(pulse.clock, values)
