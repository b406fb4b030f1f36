"""Targets 3 to 7 as a person meets them: keys into a terminal, and the screen that answers.

    python -m tests.benchmarks.screen FOLDER [--rows N] [--peers DIR]

Reads the data set of `tests.benchmarks.dataset`, which it makes in FOLDER if need be. Beside the
console it drives the floor program `floors/lines_app.py` and, where `--peers` names a virtual
environment that holds them, harlequin and pgcli: all in one run, on the same server. The time of
a key runs from the write into the terminal to the first and to the last byte of the answer.
"""

from __future__ import annotations

import argparse
import os
import random
import statistics
import sys
import tempfile
import time
from collections.abc import Callable
from contextlib import closing
from pathlib import Path

import psycopg

from console.connection.conninfo import from_conninfo
from tests.benchmarks.dataset import DATABASE, ROWS, dataset
from tests.benchmarks.terminal import Terminal
from tests.proxy import Proxy

FLOOR = [sys.executable, str(Path(__file__).parent / "floors" / "lines_app.py")]
ROWSIGHT = str(Path(sys.executable).parent / "rowsight")
DOWN, PAGE_DOWN, ESCAPE = "\x1b[B", "\x1b[6~", "\x1b"
FIRST, LAST, HALF = "g", "G", "%50\r"
RATE = 30
"""Times a second that a held key repeats."""


def figures(seconds: list[float]) -> str:
    """Median and 95th of a hundred, in milliseconds."""
    return f"{statistics.median(seconds) * 1000:.1f} / {at_95(seconds) * 1000:.1f}"


def at_95(seconds: list[float]) -> float:
    """The 95th of a hundred."""
    return sorted(seconds)[min(len(seconds) - 1, int(len(seconds) * 0.95))]


def console(dsn: str, *arguments: str, **environment: str) -> Terminal:
    """The console on a target."""
    return Terminal([ROWSIGHT, "-d", dsn, *arguments], environment=environment)


def on_events(dsn: str) -> Terminal:
    """The console with the large table open and at rest."""
    terminal = console(dsn, "--table", "public.events")
    terminal.wait("/home/user/project")
    terminal.settle(0.5)
    return terminal


def opened(dsn: str, repeats: int = 11) -> tuple[list[float], float]:
    """Target 3: from enter on the tree to rows on the screen; and the memory it took."""
    times, grown = [], []
    for number in range(repeats):
        # In a folder of its own: else it would begin with the table that was open last.
        with console(dsn, ROWSIGHT_STATE=f"{os.environ['ROWSIGHT_STATE']}/{number}") as terminal:
            terminal.wait("events")
            terminal.settle(0.3)
            terminal.press("/public.events")
            terminal.settle(0.3)
            terminal.press("\r")  # leaves the filter, and opens what is under the cursor
            before = terminal.megabytes()
            times.append(first_rows(terminal))
            terminal.settle(0.5)
            grown.append(terminal.megabytes() - before)
    return times, statistics.median(grown)


def first_rows(terminal: Terminal, shown: str = "/home/user/project") -> float:
    """Seconds from now until rows of the table stand on the screen."""
    started = time.perf_counter()
    terminal.wait(shown, timeout=300)
    return terminal.arrived - started


def jumps(dsn: str, number: int) -> tuple[list[float], list[float]]:
    """Target 4: to the end, the beginning, the middle and anywhere; until the screen rests."""
    chance = random.Random(4)
    named: list[float] = []
    anywhere: list[float] = []
    with on_events(dsn) as terminal:
        for _ in range(number // 4):
            for keys in (LAST, FIRST, HALF):
                named.append(settled(terminal, keys))
            anywhere.append(settled(terminal, f"%{chance.uniform(1, 99):.3f}\r"))
    return named, anywhere


def settled(terminal: Terminal, keys: str) -> float:
    """Seconds until the answer to the last of some keys is whole."""
    for key in keys[:-1]:
        terminal.stroke(key, quiet=0.03)
    return terminal.stroke(keys[-1])[1]


def held(dsn: str, number: int, seconds: float) -> tuple[float, float]:
    """Target 5: memory after many jumps and a long-held key; seconds until it is drained."""
    chance = random.Random(5)
    with on_events(dsn) as terminal:
        before = terminal.megabytes()
        for _ in range(number):
            terminal.press(f"%{chance.uniform(1, 99):.3f}\r")
            terminal.settle(0.02)
        terminal.settle(0.5)  # what was typed of them faster than it could be answered
        ends = time.perf_counter() + seconds
        due = time.perf_counter()
        while due < ends:
            terminal.press(PAGE_DOWN)
            due += 1 / RATE
            while (left := due - time.perf_counter()) > 0:
                terminal.pump(left)
        drained = terminal.settle(0.1)
        since = drained - (ends - terminal.started)
        return terminal.megabytes() - before, since


def keys(terminal: Terminal, key: str, number: int) -> tuple[list[float], list[float]]:
    """Target 6: the first change and the settled screen after a key."""
    firsts, lasts = [], []
    for _ in range(number):
        first, last = terminal.stroke(key)
        firsts.append(first)
        lasts.append(last)
    return firsts, lasts


def unindexed(dsn: str) -> tuple[list[float], float]:
    """Target 7: keys while an unindexed filter runs; seconds until esc has ended it there."""
    pressed = []
    with psycopg.connect(dsn, autocommit=True) as watch, on_events(dsn) as terminal:
        terminal.press('/"filePath"~nowhere-to-be-found\r')
        running(watch, True)
        for _ in range(30):
            pressed.append(terminal.stroke(DOWN, quiet=0.03, patience=5.0)[0])
        started = time.perf_counter()
        terminal.press(ESCAPE)
        return pressed, running(watch, False) - started


LOOKS = 12
"""So many looks in a row must find the server idle: a slow filter is many short statements."""


def running(watch: psycopg.Connection[tuple[object, ...]], wanted: bool) -> float:
    """When the console's reading came to run on the server, or ceased to, on perf_counter."""
    query = (
        "select count(*) > 0 from pg_stat_activity"
        " where state = 'active' and application_name like 'rowsight browse %'"
    )
    deadline = time.perf_counter() + 30
    held, since = 0, 0.0
    while time.perf_counter() < deadline:
        if watch.execute(query).fetchall() == [(wanted,)]:
            since = since if held else time.perf_counter()
            held += 1
            if wanted or held == LOOKS:
                return since
        else:
            held = 0
        time.sleep(0.002)
    raise TimeoutError("the statement never " + ("ran" if wanted else "ended"))


def peer(
    arguments: list[str], ready: str, statement: str, run: str, shown: str
) -> Callable[[], str]:
    """Another program that reads the same table: seconds to its first rows, peak of memory."""

    def measure() -> str:
        with tempfile.TemporaryDirectory() as home:
            environment = {"HOME": home, "PAGER": "less -S"}
            with Terminal(arguments, environment=environment) as terminal:
                terminal.wait(ready, timeout=60)
                terminal.settle(0.3)  # longer than that a blinking cursor never rests
                terminal.press(statement)
                terminal.settle(0.5)
                terminal.press(run)
                seconds = first_rows(terminal, shown)
                return f"{seconds:.2f} s, {terminal.megabytes(peak=True):,.0f} MB"

    return measure


def measure(dsn: str, far: str, peers: Path | None, hold: float) -> None:
    """Prints every table."""
    times, grown = opened(dsn)
    print("| target | what | measured |\n| --- | --- | --- |")
    print(f"| 3 | opened from the tree, p50 / p95 ms | {figures(times)} |")
    print(f"| 3 | memory it took, MB | {grown:+.1f} |", flush=True)
    for name, target, number in (("", dsn, 120), (", 50 ms away", far, 40)):
        named, anywhere = jumps(target, number)
        print(f"| 4 | last, first, middle{name}: settled p50 / p95 ms | {figures(named)} |")
        print(f"| 4 | any per cent{name}: settled p50 / p95 ms | {figures(anywhere)} |", flush=True)
    memory, drained = held(dsn, 500, hold)
    print(f"| 5 | memory after 500 jumps and {hold:.0f} s of page down, MB | {memory:+.1f} |")
    print(f"| 5 | keys drained after, ms | {drained * 1000:.0f} |", flush=True)
    with Terminal(FLOOR) as terminal:
        terminal.wait("floor ready")
        terminal.settle(0.5)
        floor = {key: keys(terminal, key, 80) for key in (DOWN, PAGE_DOWN)}
    for where, target in (("", dsn), (", 50 ms away", far)):
        with on_events(target) as terminal:
            for key, name in ((DOWN, "down"), (PAGE_DOWN, "page down")):
                firsts, lasts = keys(terminal, key, 80)
                ratio = statistics.median(firsts) / statistics.median(floor[key][0])
                print(f"| 6 | {name}{where}: first change, p50 / p95 ms | {figures(firsts)} |")
                print(f"| 6 | {name}{where}: settled, p50 / p95 ms | {figures(lasts)} |")
                print(f"| 6 | {name}{where}: first change / floor | {ratio:.2f} |", flush=True)
    for key, name in ((DOWN, "down"), (PAGE_DOWN, "page down")):
        print(f"| floor | {name}: first change, p50 / p95 ms | {figures(floor[key][0])} |")
        print(f"| floor | {name}: settled, p50 / p95 ms | {figures(floor[key][1])} |")
    pressed, ended = unindexed(dsn)
    print(f"| 7 | any key while a filter runs, p50 / p95 ms | {figures(pressed)} |")
    print(f"| 7 | esc has ended it on the server, ms | {ended * 1000:.0f} |", flush=True)
    if peers is None:
        return
    statement = "select * from public.events"
    programs = {
        "harlequin --limit 500": peer(
            [str(peers / "bin" / "harlequin"), "-a", "postgres", "--limit", "500", dsn],
            DATABASE,
            statement,
            "\n",
            "Showing 500",
        ),
        "pgcli": peer(
            [str(peers / "bin" / "pgcli"), dsn],
            "events>",
            f"{statement};",
            "\r",
            "/home/user/project",
        ),
    }
    for name, run in programs.items():
        print(f"| peer | {name}, first rows | {run()} |", flush=True)


def main() -> None:
    """Makes the data set if need be, and measures."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("folder", type=Path)
    parser.add_argument("--rows", type=int, default=ROWS)
    parser.add_argument("--peers", type=Path, help="a virtual environment with harlequin and pgcli")
    parser.add_argument("--hold", type=float, default=60.0, help="seconds a key is held")
    options = parser.parse_args()
    with (
        dataset(options.folder, options.rows) as server,
        tempfile.TemporaryDirectory() as state,
    ):
        os.environ |= {"ROWSIGHT_CONFIG": f"{state}/config.toml", "ROWSIGHT_STATE": state}
        dsn = server.dsn(DATABASE)
        with closing(Proxy(from_conninfo(dsn), 0.025)) as proxy:
            there = proxy.profile.parameters
            far = " ".join(f"{name}={value}" for name, value in there.items())
            measure(dsn, far, options.peers, options.hold)


if __name__ == "__main__":
    main()
