"""The Logs pane under a flood: from a key to its effect on the screen, memory, rows counted.

The console runs in a terminal of its own; 5,000 rows a second are written by another process.
"""

from __future__ import annotations

import argparse
import re
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable

import psycopg

from tests.benchmarks.database import benchmark_database
from tests.benchmarks.terminal import Terminal

RATE = 5_000
PARTS = 20
FLOOD = "insert into public.audit_logs (action) select 'flood' from generate_series(1, %s)"


def flood(dsn: str, seconds: float) -> None:
    """Writes rows at the rate, in so many transactions a second; tells how many."""
    rows = 0
    with psycopg.connect(dsn, autocommit=True) as connection:
        began = time.monotonic()
        while (spent := time.monotonic() - began) < seconds:
            due = round(min(spent, seconds) * RATE) - rows
            connection.execute(FLOOD, [due])
            rows += due
            time.sleep(1 / PARTS)
    print(rows)


def share(values: list[float], part: float) -> str:
    """Writes a quantile in milliseconds."""
    ordered = sorted(values)
    return f"{1000 * ordered[min(len(ordered) - 1, int(len(ordered) * part))]:.0f} ms"


def effect(terminal: Terminal, key: str, shown: Callable[[str], bool]) -> float:
    """Presses a key and returns the seconds until its effect was written to the terminal."""
    before = time.perf_counter()
    terminal.press(key)
    terminal.wait(shown)
    return terminal.arrived - before


def measure(dsn: str, seconds: float) -> None:
    """Prints one line for each kind of key, and one for what was counted."""
    with tempfile.TemporaryDirectory() as state:
        arguments = [sys.executable, "-m", "console", "-d", dsn]
        with Terminal(arguments, environment={"ROWSIGHT_STATE": state}) as terminal:
            terminal.wait("●")
            terminal.press("6")
            terminal.wait("● live")
            terminal.settle()
            calm = [effect(terminal, key, shown) for key, _, shown in KEYS * 20]
            terminal.settle()
            memory = [terminal.megabytes()]
            writer = subprocess.Popen(
                [sys.executable, "-m", "tests.benchmarks.logs_pane", "--flood", dsn, str(seconds)],
                stdout=subprocess.PIPE,
                text=True,
            )
            found: dict[str, list[float]] = {name: [] for _, name, _ in KEYS}
            while writer.poll() is None:
                for key, name, shown in KEYS:
                    pause = time.perf_counter() + 0.2
                    while time.perf_counter() < pause:
                        terminal.pump(0.01)
                    found[name].append(effect(terminal, key, shown))
                memory.append(terminal.megabytes())
            written = int(writer.communicate()[0])
            counted = re.compile(r"([\d,]+) came")
            terminal.wait(lambda text: counts(counted, text) == written, timeout=30)
    print(f"| at rest | {len(calm)} keys | p50 {share(calm, 0.5)} | p95 {share(calm, 0.95)} |")
    for name, waits in found.items():
        cells = f"p50 {share(waits, 0.5)} | p95 {share(waits, 0.95)} | worst {share(waits, 1)}"
        print(f"| {name} | {len(waits)} keys | {cells} |")
    every = [wait for waits in found.values() for wait in waits]
    print(f"| all keys | {len(every)} keys | p50 {share(every, 0.5)} | p95 {share(every, 0.95)} |")
    print(f"{written:,} rows written in {seconds:.0f} s, {written:,} counted on the screen")
    print(
        f"memory {memory[0]:.0f} MB before, {max(memory):.0f} MB at most, {memory[-1]:.0f} at last"
    )


KEYS: list[tuple[str, str, Callable[[str], bool]]] = [
    ("k", "pause by going up", lambda text: "‖ paused" in text),
    ("m", "set a bookmark", lambda text: "▸" in text),
    ("m", "lift it", lambda text: "▸" not in text),
    ("G", "follow again", lambda text: "● live" in text),
]
"""Keys in turn, what they do, and how the screen shows that they have."""


def counts(pattern: re.Pattern[str], text: str) -> int:
    """Returns what the screen says has come."""
    match = pattern.search(text)
    return int(match[1].replace(",", "")) if match else 0


def main() -> None:
    """Measures and prints, or floods."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--flood", nargs=2, metavar=("DSN", "SECONDS"))
    parser.add_argument("--seconds", type=float, default=60.0)
    options = parser.parse_args()
    if options.flood:
        flood(options.flood[0], float(options.flood[1]))
        return
    with benchmark_database() as (db, server):
        db.execute(FLOOD.replace("flood", "stored").encode(), [500])
        measure(server.dsn("benchmark"), options.seconds)


if __name__ == "__main__":
    main()
