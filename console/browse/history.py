"""Statements that were typed, kept on this machine to be typed again.

One JSON object a line in `queries.jsonl` beside the journal, readable by its owner only. The
file is written anew when it has grown too long; several consoles may write to it at once.
"""

from __future__ import annotations

import contextlib
import fcntl
import json
import os
import re
from collections.abc import Iterator
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from pathlib import Path

from console.errors import ConsoleError
from console.journal import state_folder
from console.visible import json_text

KEPT = 1_000
"""Statements kept; the oldest go first."""
LONGEST = 100_000
"""Characters of a statement that is still kept."""

_SECRET = re.compile(r"password|passwd|secret|api_?key|\w+://[^\s:/@]*:[^\s/@]+@", re.IGNORECASE)


def seems_secret(text: str) -> bool:
    """Tells whether a statement seems to hold a password or a key, and is not to be kept."""
    return _SECRET.search(text) is not None


@dataclass(frozen=True, slots=True)
class Asked:
    """A statement that was run.

    Attributes:
        text: As it was typed.
        database: Where, in words such as a profile's name.
        time: When, by this machine's clock, ISO 8601 with zone.
    """

    text: str
    database: str
    time: str


class QueryHistory:
    """The statements typed in this console and others of the same account.

    Args:
        folder: Where the file is; made when missing.
    """

    def __init__(self, folder: Path | None = None) -> None:
        self.path = (folder or state_folder()) / "queries.jsonl"

    def add(self, text: str, database: str) -> bool:
        """Keeps a statement, unless it seems to hold a password, or is very long.

        Returns:
            Whether it was kept.

        Raises:
            ConsoleError: The file can't be written.
        """
        if len(text) > LONGEST or not text.strip() or seems_secret(text):
            return False
        now = datetime.now(UTC).isoformat(timespec="seconds")
        line = json_text(asdict(Asked(text, database, now))).encode() + b"\n"
        with self._alone():
            lines = self._lines()
            if len(lines) >= 2 * KEPT:
                self._rewrite([*lines[1 - KEPT :], line])
            else:
                # A line that a crash cut short is ended first.
                whole = not lines or lines[-1].endswith(b"\n")
                self._append(line if whole else b"\n" + line)
        return True

    def entries(self) -> list[Asked]:
        """Returns what is kept, the latest first and each text once."""
        found: dict[str, Asked] = {}
        for line in reversed(self._lines()):
            with contextlib.suppress(ValueError, TypeError):
                asked = Asked(**json.loads(line))
                found.setdefault(asked.text, asked)
        return list(found.values())[:KEPT]

    def _lines(self) -> list[bytes]:
        try:
            return self.path.read_bytes().splitlines(keepends=True)
        except FileNotFoundError:
            return []

    def _append(self, line: bytes) -> None:
        descriptor = os.open(self.path, os.O_CREAT | os.O_WRONLY | os.O_APPEND, 0o600)
        with os.fdopen(descriptor, "ab") as file:
            os.fchmod(descriptor, 0o600)
            file.write(line)

    def _rewrite(self, lines: list[bytes]) -> None:
        part = self.path.with_suffix(".part")
        with os.fdopen(os.open(part, os.O_CREAT | os.O_TRUNC | os.O_WRONLY, 0o600), "wb") as file:
            file.writelines(lines)
            file.flush()
            os.fsync(file.fileno())
        part.replace(self.path)

    @contextlib.contextmanager
    def _alone(self) -> Iterator[None]:
        try:
            self.path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
            guard = os.open(self.path.with_suffix(".lock"), os.O_CREAT | os.O_RDWR, 0o600)
            try:
                fcntl.flock(guard, fcntl.LOCK_EX)
                yield
            finally:
                os.close(guard)
        except OSError as error:
            raise ConsoleError(
                f"the history in {self.path.parent} can't be written: {error.strerror}",
                hint="make room or mend its permissions, or set ROWSIGHT_STATE to another folder",
            ) from error
