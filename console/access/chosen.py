"""Personas chosen lately, by name.

Claims that were edited are not kept here, for a token may hold anything: whoever wants them
again saves a preset.
"""

from __future__ import annotations

import contextlib
import json
import os
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from console.access.persona import Persona, parse_named
from console.connection.server import ServerInfo
from console.errors import UsageError
from console.journal import state_folder

KEPT = 8
"""Personas remembered for each database."""
_FILE = "personas.json"


@dataclass(frozen=True, slots=True)
class Chosen:
    """A persona by name.

    Attributes:
        name: As `--as` takes it: an e-mail, an id, `anon`, `service_role`, `role:NAME`.
        aal: 1 or 2, or None for the default.
        claims: A JSON object to merge over the claims, or None.
        preset: What a preset is called; empty for one that was chosen lately.
    """

    name: str
    aal: int | None = None
    claims: str | None = None
    preset: str = ""


def recent(server: ServerInfo) -> tuple[Chosen, ...]:
    """Returns who was chosen lately on a database, the last one first."""
    found = []
    for entry in _read().get(_database(server), []):
        with contextlib.suppress(UsageError, KeyError, TypeError):
            parse_named(entry["as"])
            found.append(Chosen(entry["as"], entry.get("aal") if entry.get("aal") == 2 else None))
    return tuple(found[:KEPT])


def remember(server: ServerInfo, persona: Persona) -> None:
    """Puts a persona first among those chosen lately; its name alone, and its level."""
    entry: dict[str, Any] = {"as": str(persona.named)}
    if persona.aal == "aal2":
        entry["aal"] = 2
    known = _read()
    others = [e for e in known.get(_database(server), []) if e != entry]
    known[_database(server)] = [entry, *others][:KEPT]
    folder = state_folder()
    # A folder that can't be written is no reason not to look.
    with contextlib.suppress(OSError):
        folder.mkdir(parents=True, exist_ok=True, mode=0o700)
        draft = folder / f"{_FILE}.{os.getpid()}"
        draft.touch(mode=0o600)
        draft.write_text(json.dumps(known), encoding="utf-8")
        draft.replace(folder / _FILE)


def _database(server: ServerInfo) -> str:
    # The folder of a demo's socket is another each time; its databases are not told apart.
    host = "local" if server.host.startswith("/") else server.host
    return f"{host}:{server.port}/{server.database}"


def _read() -> dict[str, list[dict[str, Any]]]:
    path: Path = state_folder() / _FILE
    try:
        found = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError, RecursionError):
        return {}
    if not isinstance(found, dict):
        return {}
    return {
        str(key): [entry for entry in value if isinstance(entry, dict)]
        for key, value in found.items()
        if isinstance(value, list)
    }
