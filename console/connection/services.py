"""What libpq's service files define: `[name]` and its parameters."""

from __future__ import annotations

import os
from collections.abc import Mapping
from pathlib import Path
from typing import NamedTuple


class Service(NamedTuple):
    """One entry of a service file.

    Attributes:
        name: What `service=` takes.
        parameters: Its connection parameters, the password left out.
        has_password: Whether the entry holds a password.
        path: The file it stands in.
    """

    name: str
    parameters: dict[str, str]
    has_password: bool
    path: Path


def service_files() -> list[Path]:
    """Returns where libpq looks, in its order; whether or not the files exist."""
    own = os.environ.get("PGSERVICEFILE")
    files = [Path(own) if own else Path.home() / ".pg_service.conf"]
    if folder := os.environ.get("PGSYSCONFDIR"):
        files.append(Path(folder) / "pg_service.conf")
    return files


def load_services() -> list[Service]:
    """Reads the service files; the first definition of a name counts, as for libpq.

    A file that can't be read defines nothing here; libpq says why when it is used.
    """
    found: dict[str, Service] = {}
    for path in service_files():
        try:
            text = path.read_text(encoding="utf-8", errors="replace")
        except OSError:
            continue
        for name, settings in _sections(text):
            has_password = settings.pop("password", None) is not None
            found.setdefault(name, Service(name, settings, has_password, path))
    return list(found.values())


def service(name: str) -> Service | None:
    """Returns the entry of that name, or None."""
    return next((entry for entry in load_services() if entry.name == name), None)


def service_of(parameters: Mapping[str, str]) -> Service | None:
    """Returns the entry that connection parameters, or else the environment, point to."""
    name = parameters.get("service") or os.environ.get("PGSERVICE", "")
    return service(name) if name else None


def _sections(text: str) -> list[tuple[str, dict[str, str]]]:
    sections: list[tuple[str, dict[str, str]]] = []
    for raw in text.splitlines():
        line = raw.strip()
        if not line or line.startswith("#"):
            continue
        if line.startswith("[") and line.endswith("]"):
            sections.append((line[1:-1], {}))
        elif sections and "=" in line:
            key, _, value = line.partition("=")
            sections[-1][1].setdefault(key, value)
    return sections
