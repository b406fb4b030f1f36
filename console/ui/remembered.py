"""What one console leaves for the next: where it was, which colours, that the tour is done.

Kept in `console.json` of the state folder, readable by its owner only. Places and names, never
rows and never secrets. What can't be read or written is forgotten: nobody is held up by it.
"""

from __future__ import annotations

import contextlib
import json
import os
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

from console.journal import state_folder

if TYPE_CHECKING:
    from console.connection.session import ServerInfo

_DATABASES = 50
"""How many databases are remembered; the one not seen for longest goes first."""

Memory = Mapping[str, Any]


def _path() -> Path:
    return state_folder() / "console.json"


def read() -> dict[str, Any]:
    """Reads everything; nothing where there is nothing to be read."""
    with contextlib.suppress(OSError, ValueError, RecursionError):
        document = json.loads(_path().read_text(encoding="utf-8"))
        if isinstance(document, dict):
            return document
    return {}


def write(**changes: object) -> None:
    """Changes some of it, whole or not at all."""
    with contextlib.suppress(OSError):
        path = _path()
        path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        new = path.with_suffix(f".{os.getpid()}.new")
        with os.fdopen(os.open(new, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "w") as file:
            json.dump(read() | changes, file)
        new.replace(path)


def place(server: ServerInfo) -> str:
    """Returns what a database is remembered by."""
    return f"{server.user}@{server.host}:{server.port}/{server.database}"


def recall(key: str) -> Memory:
    """Returns what was left for a database; empty where nothing was."""
    databases = read().get("databases")
    found = databases.get(key) if isinstance(databases, dict) else None
    return found if isinstance(found, dict) else {}


def remember(key: str, memory: Memory) -> None:
    """Leaves something for a database, as the newest of them."""
    databases = read().get("databases")
    known = dict(databases) if isinstance(databases, dict) else {}
    known.pop(key, None)
    known[key] = dict(memory)
    write(databases=dict(list(known.items())[-_DATABASES:]))


def texts(value: object) -> dict[str, str]:
    """Returns what of a value is text by text; the file may have been written by anybody."""
    if not isinstance(value, dict):
        return {}
    return {key: text for key, text in value.items() if isinstance(text, str)}
