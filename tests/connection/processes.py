"""Servers and consoles as processes: started, asked, watched and ended."""

from __future__ import annotations

import asyncio
import contextlib
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import psycopg

from console.connection.embedded import EmbeddedServer

CHECKOUT = Path(__file__).resolve().parents[2]

# Starts a server as its own process would, tells where, and waits for its end.
CONSOLE = """
import signal, sys, time
from pathlib import Path
from console.connection.embedded import EmbeddedServer, find_binaries
# Tests that run in the background, or under nohup, hand on signals that are ignored.
signal.signal(signal.SIGINT, signal.default_int_handler)
signal.signal(signal.SIGHUP, signal.SIG_DFL)
keep = Path(sys.argv[1]) if len(sys.argv) > 1 else None
with EmbeddedServer(binaries=find_binaries(wheel_first=True), keep=keep) as server:
    print(server.pid, server.socket_folder, server.dsn(), flush=True)
    time.sleep(120)
"""


def commands() -> dict[int, str]:
    """Returns every process that runs; one that ended and waits to be noticed does not."""
    if Path("/proc/self/cmdline").exists():
        found = {}
        for folder in Path("/proc").glob("[0-9]*"):
            with contextlib.suppress(OSError):  # it ended while we looked
                words = (folder / "cmdline").read_bytes().replace(b"\0", b" ")
                if words:
                    found[int(folder.name)] = words.decode(errors="replace")
        return found
    listing = subprocess.run(["ps", "axo", "pid=,stat=,args="], capture_output=True, text=True)
    rows = [line.split(maxsplit=2) for line in listing.stdout.splitlines()]
    return {int(row[0]): row[2] for row in rows if len(row) == 3 and row[1][0] != "Z"}


def alive(pid: int) -> bool:
    return pid in commands()


def wait_until(happened: Callable[[], bool], seconds: float = 30.0) -> None:
    deadline = time.monotonic() + seconds
    while not happened():
        assert time.monotonic() < deadline, "it did not happen in time"
        time.sleep(0.02)


def ask(server: EmbeddedServer, query: str) -> object:
    with psycopg.connect(server.dsn(), autocommit=True) as connection:
        cursor = connection.execute(query.encode())
        row = cursor.fetchone() if cursor.description else None
        return row[0] if row else None


class Console:
    """A process that holds an embedded server."""

    def __init__(self, *arguments: str, prefix: tuple[str, ...] = ()) -> None:
        self.process = subprocess.Popen(
            [*prefix, sys.executable, "-c", CONSOLE, *arguments],
            cwd=CHECKOUT,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
            start_new_session=True,
        )
        assert self.process.stdout is not None
        words = self.process.stdout.readline().split()
        assert words, self.process.communicate()[1]
        self.server, self.socket_folder, self.dsn = int(words[0]), Path(words[1]), words[2]

    def end(self, number: int) -> None:
        self.process.send_signal(number)
        try:
            self.process.communicate(timeout=30)
        finally:
            self.process.kill()


async def running(outside: psycopg.Connection[Any], text: str) -> int:
    """Waits until a statement runs; returns its backend's process number."""
    query = (
        "select pid from pg_stat_activity where query like %s and state = 'active'"
        " and pid <> pg_backend_pid()"
    )
    async with asyncio.timeout(20):
        while True:
            if row := outside.execute(query, [f"%{text}%"]).fetchone():
                return int(row[0])
            await asyncio.sleep(0.01)


async def gone(outside: psycopg.Connection[Any], pid: int) -> None:
    """Waits until a backend has ended."""
    async with asyncio.timeout(20):
        while True:
            query = "select from pg_stat_activity where pid = %s"
            if outside.execute(query, [pid]).fetchone() is None:
                return
            await asyncio.sleep(0.01)
