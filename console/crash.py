"""The last error handler: what a fault of our own leaves behind.

A report tells where the program was, never what it was holding: values, messages of
exceptions and source lines may quote rows or passwords, so none of them is written.
"""

from __future__ import annotations

import os
import platform
import tempfile
import traceback
from datetime import UTC, datetime
from pathlib import Path

from console import __version__
from console.journal import state_folder


def _chain(error: BaseException) -> list[BaseException]:
    chain: list[BaseException] = []
    current: BaseException | None = error
    while current is not None and current not in chain:
        chain.append(current)
        current = current.__cause__ or current.__context__ or getattr(current, "error", None)
    return chain


def report(error: BaseException) -> str:
    """Describes a fault by types, files, lines and functions alone."""
    lines = [
        f"rowsight {__version__}",
        f"python {platform.python_version()} on {platform.system()} {platform.machine()}",
        f"terminal {os.environ.get('TERM', '')}",
        "",
        "Messages and values are left out on purpose: they could quote your data.",
    ]
    for link in _chain(error):
        lines += ["", f"{type(link).__module__}.{type(link).__qualname__}"]
        lines += [
            f"  {_short(frame.f_code.co_filename)}:{line} in {frame.f_code.co_qualname}"
            for frame, line in traceback.walk_tb(link.__traceback__)
        ]
    return "\n".join(lines) + "\n"


def _short(filename: str) -> str:
    """Cuts a path down to what is the same on every machine."""
    parts = Path(filename).parts
    for anchor in ("site-packages", "console"):
        if anchor in parts:
            last = len(parts) - 1 - parts[::-1].index(anchor)
            return "/".join(parts[last + (anchor == "site-packages") :])
    return Path(filename).name


def write_report(error: BaseException) -> Path:
    """Writes a report only its owner can read, and returns where it is.

    Falls back to the folder for temporary files where the state folder can't be written.

    Raises:
        OSError: Neither can be written.
    """
    name = f"crash-{datetime.now(UTC):%Y%m%dT%H%M%S}-{os.getpid()}.txt"
    path = state_folder() / name
    try:
        path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        handle = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    except OSError:
        handle, temporary = tempfile.mkstemp(prefix="rowsight-", suffix=f"-{name}")
        path = Path(temporary)
    with os.fdopen(handle, "w", encoding="utf-8") as file:
        file.write(report(error))
    return path


def told(error: BaseException) -> str:
    """Writes the report of a fault and returns the sentence that tells of it."""
    try:
        return f"rowsight: a fault in the program ended it; a report is in {write_report(error)}"
    except OSError:
        return "rowsight: a fault in the program ended it, and no report could be written"
