"""Where the person was before: recent targets and favourites, in the state folder.

A target is what `-d` takes: a profile's name, `service=…`, or a URL without its password.
The file is a convenience. One that can't be read counts as empty, and one that can't be
written is no reason to fail.
"""

from __future__ import annotations

import contextlib
import json
import os
import tempfile
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, NamedTuple
from urllib.parse import quote

from console.connection.profile import Environment, Profile
from console.journal import state_folder

KEPT = 12
"""Recent targets that are kept."""


class Visit(NamedTuple):
    """A target somebody was connected to, and when: ISO 8601, UTC."""

    target: str
    time: str


def target_of(profile: Profile) -> str:
    """Returns what `-d` takes to come back to a profile: never with a password.

    A profile of the configuration is called by its name; '' where only the environment
    knows the way.
    """
    from console.connection.config import load_profiles

    if profile.name in load_profiles():
        return profile.name
    given = dict(profile.parameters)
    given.pop("password", None)
    if not given:
        return ""
    if set(given) == {"service"}:
        return f"service={given['service']}"
    host = given.pop("host", "")
    user, port, database = (given.pop(key, "") for key in ("user", "port", "dbname"))
    plain = not host.startswith("/") and not any(mark in host for mark in ",:[]@")
    if not plain:
        given["host"] = host
        if port:
            given["port"] = port
        host = port = ""
    url = "postgresql://" + (f"{quote(user, safe='')}@" if user else "") + quote(host, safe="")
    url += (f":{port}" if port else "") + (f"/{quote(database, safe='')}" if database else "")
    rest = "&".join(f"{key}={quote(value, safe='')}" for key, value in sorted(given.items()))
    return f"{url}?{rest}" if rest else url


def recent() -> list[Visit]:
    """Returns where the person was, the latest first."""
    return [
        Visit(entry["target"], entry["time"])
        for entry in _list(_read(), "recent")
        if isinstance(entry, dict)
        and isinstance(entry.get("target"), str)
        and isinstance(entry.get("time"), str)
    ]


def favourites() -> frozenset[str]:
    """Returns the targets that are to stand on top."""
    return frozenset(entry for entry in _list(_read(), "favourites") if isinstance(entry, str))


def note_visit(profile: Profile) -> None:
    """Notes that a connection was made."""
    target = target_of(profile)
    if not target or profile.environment is Environment.DEMO:
        return  # a demo is gone by the next time
    document = _read()
    now = Visit(target, f"{datetime.now(UTC):%Y-%m-%dT%H:%M:%SZ}")
    others = [visit for visit in recent() if visit.target != target]
    document["recent"] = [
        {"target": visit.target, "time": visit.time} for visit in [now, *others][:KEPT]
    ]
    _write(document)


def set_favourite(target: str, chosen: bool) -> None:
    """Puts a target on top, or takes it down again."""
    document = _read()
    kept = favourites() - {target}
    document["favourites"] = sorted(kept | {target} if chosen else kept)
    _write(document)


def forget(target: str) -> None:
    """Forgets a target altogether."""
    document = _read()
    document["favourites"] = sorted(favourites() - {target})
    document["recent"] = [
        {"target": visit.target, "time": visit.time} for visit in recent() if visit.target != target
    ]
    _write(document)


def _path() -> Path:
    return state_folder() / "targets.json"


def _read() -> dict[str, Any]:
    try:
        document = json.loads(_path().read_text(encoding="utf-8"))
    except (OSError, ValueError, RecursionError):
        return {}
    return document if isinstance(document, dict) else {}


def _list(document: dict[str, Any], key: str) -> list[Any]:
    entries = document.get(key)
    return entries if isinstance(entries, list) else []


def _write(document: dict[str, Any]) -> None:
    path = _path()
    with contextlib.suppress(OSError):
        path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        handle, made = tempfile.mkstemp(prefix=".targets.", dir=path.parent)
        with os.fdopen(handle, "w", encoding="utf-8") as file:
            json.dump(document, file)
        Path(made).replace(path)
