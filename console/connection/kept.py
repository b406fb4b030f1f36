"""A folder that keeps an embedded server's data from one run to the next.

It holds a marker, so that no other folder is ever taken for one, and the data folder.
"""

from __future__ import annotations

import fcntl
import os
import socket
import time
from contextlib import ExitStack
from pathlib import Path

from console.errors import Refused

_MARKER = "rowsight-demo"
_MARKER_TEXT = "This folder holds a database of rowsight demo --keep. It may be deleted whole.\n"
_LAST_BREATH = 20.0
"""Seconds the server of a console that was killed may take to end."""


def claim(keep: Path, held: ExitStack) -> int:
    """Takes a folder, making it where there is none.

    Args:
        keep: The folder.
        held: Receives what gives the folder back.

    Returns:
        The descriptor of a lock to hand to whatever ends the server when we no longer can.

    Raises:
        Refused: The folder holds something else, or its database is in use.
        OSError: The folder can't be made or read.
    """
    if keep.exists() and not keep.is_dir():
        raise Refused(f"{keep} is not a folder", hint="name a new or an empty folder")
    keep.mkdir(parents=True, exist_ok=True)
    marker = keep / _MARKER
    if not marker.exists() and any(keep.iterdir()):
        raise Refused(
            f"{keep} holds other files, so no database is put there",
            hint="name a new or an empty folder",
        )
    # One lock ends with the console, the other also with whoever inherits it: the server of a
    # console that was killed is waited for, a console that is still there is not.
    user = ""
    if _lock(marker, os.O_CREAT, 0.0, held) is None:
        user = "another rowsight"
    elif (server := _lock(keep, os.O_DIRECTORY, _LAST_BREATH, held)) is None:
        user = "a server that does not end"
    elif running := _running_server(keep / "data"):
        user = f"another server, process {running}"
    else:
        if not marker.stat().st_size:
            marker.write_text(_MARKER_TEXT, encoding="utf-8")
        return server
    raise Refused(
        f"the database in {keep} is in use by {user}",
        hint="end that one first, or keep the data in another folder",
    )


def read_pid_file(data: Path) -> list[str]:
    """Returns the lines of postmaster.pid: process, data, start, port, socket folder, …, state."""
    try:
        return [line.strip() for line in (data / "postmaster.pid").read_text().splitlines()]
    except FileNotFoundError:
        return []


def _lock(path: Path, flags: int, seconds: float, held: ExitStack) -> int | None:
    descriptor = os.open(path, os.O_RDONLY | os.O_CLOEXEC | flags, 0o644)
    held.callback(os.close, descriptor)
    deadline = time.monotonic() + seconds
    while True:
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            if time.monotonic() >= deadline:
                return None
            time.sleep(0.05)
        else:
            return descriptor


def _running_server(data: Path) -> str:
    """Returns the process number of a server that uses a data folder, or ''.

    A crash leaves postmaster.pid behind, and PostgreSQL refuses to start while any process has
    the number in it. That file is removed when nothing answers at the socket it names.
    """
    lines = read_pid_file(data)
    if len(lines) < 5:
        return ""
    with socket.socket(socket.AF_UNIX) as attempt:
        try:
            attempt.connect(f"{lines[4]}/.s.PGSQL.{lines[3]}")
        except OSError:
            (data / "postmaster.pid").unlink()
            return ""
    return lines[0]
