"""Targets 1 and 2, the demo's start and `--version`: what a person waits for first.

Compares the console with two floor programs (an empty Textual application; one that connects
and shows forty rows) and, where `--peers DIR` names a virtual environment that holds it, with
harlequin up to its catalog. Every figure is the median of alternating runs in one go.
"""

from __future__ import annotations

import argparse
import os
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

from tests.benchmarks.database import benchmark_database
from tests.benchmarks.terminal import Terminal

FLOORS = Path(__file__).parent / "floors"
ROWSIGHT = str(Path(sys.executable).parent / "rowsight")
SILENT_HOST = "postgresql://nobody@192.0.2.1:5432/nothing"  # a documentation address: no answer

Measured = tuple[float, float]
Run = Callable[[], Measured]


def screen(arguments: list[str], ready: str, **environment: str) -> Run:
    """A run that ends when a text is on the screen: seconds and megabytes."""

    def run() -> Measured:
        with Terminal(arguments, environment=environment) as terminal:
            seconds = terminal.time_to(ready, timeout=30)
            terminal.settle()
            return seconds, terminal.megabytes()

    return run


def process(arguments: list[str]) -> Run:
    """A run that ends with its process."""

    def run() -> Measured:
        started = time.perf_counter()
        subprocess.run(arguments, check=True, stdout=subprocess.DEVNULL, stdin=subprocess.DEVNULL)
        return time.perf_counter() - started, 0.0

    return run


def main() -> None:
    """Measures and prints a table."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--repeats", type=int, default=7)
    parser.add_argument("--peers", type=Path, help="a virtual environment that holds harlequin")
    options = parser.parse_args()
    with benchmark_database() as (connection, server), tempfile.TemporaryDirectory() as home:
        connection.execute(
            "insert into public.users (email, name)"
            " select 'user' || n || '@example.test', 'Zoë ' || n from generate_series(1, 500) n"
        )
        connection.execute("analyze")
        dsn = server.dsn("benchmark")
        quiet = {"ROWSIGHT_CONFIG": f"{home}/config.toml", "ROWSIGHT_STATE": home, "HOME": home}
        os.environ["PYTHONDONTWRITEBYTECODE"] = ""
        runs: dict[str, Run] = {
            "floor A: empty application": screen(
                [sys.executable, str(FLOORS / "empty_app.py")], "floor ready"
            ),
            "floor B: connected, 40 rows": screen(
                [sys.executable, str(FLOORS / "connected_app.py"), dsn, "public.users"],
                "floor ready",
            ),
            "rowsight: first paint": screen([ROWSIGHT, "-d", dsn], "Tables", **quiet),
            "rowsight: first paint, silent host": screen(
                [ROWSIGHT, "-d", SILENT_HOST], "Tables", **quiet
            ),
            "rowsight: a table's rows on screen": screen(
                [ROWSIGHT, "-d", dsn, "--table", "public.users"], "@example.test", **quiet
            ),
            "rowsight --version": process([ROWSIGHT, "--version"]),
            "python -c pass": process([sys.executable, "-c", "pass"]),
            "rowsight demo: usable": screen([ROWSIGHT, "demo"], "READ-ONLY", **quiet),
        }
        if options.peers:
            runs["harlequin: catalog, no rows"] = screen(
                [str(options.peers / "bin" / "harlequin"), "-a", "postgres", dsn],
                "benchmark",
                HOME=home,
            )
        results: dict[str, list[Measured]] = {name: [] for name in runs}
        for _ in range(options.repeats):
            for name, run in runs.items():
                results[name].append(run())
    seconds = {name: statistics.median(s for s, _ in all_) for name, all_ in results.items()}
    memory = {name: statistics.median(m for _, m in all_) for name, all_ in results.items()}
    print("| | s | MB |\n| --- | --- | --- |")
    for name, value in seconds.items():
        print(f"| {name} | {value:.3f} | {memory[name]:.0f} |")
    first = seconds["rowsight: first paint"]
    silent = seconds["rowsight: first paint, silent host"]
    rows = seconds["rowsight: a table's rows on screen"]
    floor_a = seconds["floor A: empty application"]
    floor_b = seconds["floor B: connected, 40 rows"]
    print(f"\nfirst page / floor B: {rows / floor_b:.2f} (target 1.5)")
    if options.peers:
        print(f"first page / harlequin: {rows / seconds['harlequin: catalog, no rows']:.2f} (0.45)")
    print(f"first paint / floor A: {first / floor_a:.2f}, silent {silent / floor_a:.2f} (1.4)")


if __name__ == "__main__":
    main()
