"""What this console did to databases, kept on this machine.

One JSON object a line in `journal.jsonl`: a line of intent that reached the disk before
anything is sent, one of result after. An intent without a result belongs to a process that
died, and is shown at the next start. Older files are `journal.1.jsonl` and up.
"""

from __future__ import annotations

import contextlib
import fcntl
import json
import os
import re
import uuid
from collections.abc import Iterator, Mapping
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

from console.errors import ConsoleError
from console.visible import json_text

if TYPE_CHECKING:
    from console.connection.profile import Profile
    from console.connection.session import ServerInfo

LARGEST = 4 * 1024 * 1024
"""Bytes after which a new file is begun."""
KEPT = 8
"""Files kept, the newest included."""

# Passwords as they stand in URLs, in `key=value` or `key: value` texts, and in SQL.
_SECRETS = (
    (re.compile(r"(\w+://[^\s:/@]*:)[^\s/@]+@"), r"\1…@"),
    (re.compile(r"(?i)(password|passwd)(\s*[=:]\s*)('[^']*'|\S+)"), r"\1\2…"),
    (re.compile(r"(?i)(password\s+)'[^']*'"), r"\1…"),
)


def state_folder() -> Path:
    """Returns where the journal is; `$ROWSIGHT_STATE` overrides the platform's folder."""
    if override := os.environ.get("ROWSIGHT_STATE"):
        return Path(override)
    from platformdirs import user_state_path

    return user_state_path("rowsight")


class Entry(NamedTuple):
    """One line of the journal.

    Attributes:
        time: When it was written, by this machine's clock, ISO 8601 with zone.
        event: `intent`, `note` or `result`.
        operation: What ties the lines of one operation together.
        action: What is done, such as `migrate apply`; empty but for an intent.
        target: Where: profile name, environment, host, port, database and user.
        facts: Whatever else belongs on record.
    """

    time: str
    event: str
    operation: str
    action: str
    target: Mapping[str, str]
    facts: Mapping[str, Any]


def _target(profile: Profile) -> dict[str, str]:
    named = {"profile": profile.name, "environment": str(profile.environment)}
    known = ("service", "host", "port", "dbname", "user")
    return named | {key: profile.parameters[key] for key in known if key in profile.parameters}


def place_of(server: ServerInfo) -> dict[str, str | int]:
    """Returns what the journal calls a database by."""
    return {"host": server.host, "port": server.port, "database": server.database}


class Journal:
    """The journal in one folder; several processes may write to it at once.

    Passwords are taken out of every fact but `undo`: statements that restore what was
    replaced are of use only as they were, and definitions in a catalog hold no logins.

    Args:
        folder: Where the files are; made when missing, readable by its owner only.
    """

    def __init__(self, folder: Path | None = None) -> None:
        self.folder = folder or state_folder()
        self._running: dict[str, tuple[int, tuple[str, ...]]] = {}

    @property
    def path(self) -> Path:
        """The file that is written to."""
        return self.folder / "journal.jsonl"

    def intend(self, action: str, profile: Profile, **facts: object) -> str:
        """Puts on record what is about to be done; it is on the disk when this returns.

        Returns:
            The operation's id, for note() and conclude().

        Raises:
            ConsoleError: The journal can't be written, so nothing should be done.
        """
        operation = uuid.uuid4().hex
        secret = profile.password.reveal() if profile.password else ""
        with self._writable():
            # The lock dies with the process: whoever can take it knows that nobody works on
            # this operation any more.
            lock = os.open(self._lock_path(operation), os.O_CREAT | os.O_RDWR, 0o600)
            fcntl.flock(lock, fcntl.LOCK_EX)
            self._running[operation] = (lock, (secret,) if secret else ())
            self._write("intent", operation, facts, action=action, target=_target(profile))
        return operation

    def note(self, operation: str, **facts: object) -> None:
        """Adds facts to an operation under way, such as the statements that undo it."""
        with self._writable():
            self._write("note", operation, facts)

    def conclude(self, operation: str, outcome: str, **facts: object) -> None:
        """Puts the result of an operation on record, also of one that another process left.

        Args:
            operation: The id that intend() gave.
            outcome: `done`, `nothing to do`, `failed`, `cancelled`, `unknown`, ….
            **facts: Whatever else belongs on record.
        """
        with self._writable():
            self._write("result", operation, {"outcome": outcome, **facts})
            lock, _ = self._running.pop(operation, (None, ()))
            self._lock_path(operation).unlink(missing_ok=True)
            if lock is not None:
                os.close(lock)

    def entries(self) -> Iterator[Entry]:
        """Reads the whole journal, oldest first; a line cut short by a crash is left out."""
        for number in range(KEPT - 1, -1, -1):
            with contextlib.suppress(FileNotFoundError), self._file(number).open("rb") as lines:
                for line in lines:
                    with contextlib.suppress(ValueError, TypeError):
                        yield Entry(**json.loads(line))

    def find_unfinished(self) -> list[Entry]:
        """Finds the intents without a result whose process is gone, oldest first."""
        intents: dict[str, Entry] = {}
        for entry in self.entries():
            if entry.event == "intent":
                intents[entry.operation] = entry
            elif entry.event == "result":
                intents.pop(entry.operation, None)
        return [entry for key, entry in intents.items() if not self._is_running(key)]

    def find_left(self, server: ServerInfo | None) -> list[Entry]:
        """Finds what a process that is gone has begun on a database and not ended."""
        # What is under way, or was when its process died, has a lock of its own: without one
        # there is no need to read a journal that may be long.
        if server is None or next(self.folder.glob("*.running"), None) is None:
            return []
        place = place_of(server)
        return [entry for entry in self.find_unfinished() if entry.facts.get("server") == place]

    def _is_running(self, operation: str) -> bool:
        if operation in self._running:
            return True
        try:
            lock = os.open(self._lock_path(operation), os.O_RDWR)
        except OSError:
            return False
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            return True
        finally:
            os.close(lock)
        return False

    def _file(self, number: int) -> Path:
        return self.path if number == 0 else self.folder / f"journal.{number}.jsonl"

    def _lock_path(self, operation: str) -> Path:
        return self.folder / f"{operation}.running"

    def _write(
        self,
        event: str,
        operation: str,
        facts: Mapping[str, object],
        *,
        action: str = "",
        target: Mapping[str, str] | None = None,
    ) -> None:
        _, secrets = self._running.get(operation, (None, ()))
        entry = {
            "time": datetime.now(UTC).isoformat(timespec="milliseconds"),
            "event": event,
            "operation": operation,
            "action": action,
            "target": target or {},
            "facts": {
                key: value if key == "undo" else without_secrets(value, secrets)
                for key, value in facts.items()
            },
        }
        line = json_text(entry).encode() + b"\n"
        guard = os.open(self.folder / "journal.lock", os.O_CREAT | os.O_RDWR, 0o600)
        try:
            fcntl.flock(guard, fcntl.LOCK_EX)
            self._rotate(len(line))
            self._append(line)
        finally:
            os.close(guard)

    def _append(self, line: bytes) -> None:
        new = not self.path.exists()
        with os.fdopen(
            os.open(self.path, os.O_CREAT | os.O_RDWR | os.O_APPEND, 0o600), "r+b", 0
        ) as file:
            os.fchmod(file.fileno(), 0o600)
            size = file.seek(0, os.SEEK_END)
            if size and os.pread(file.fileno(), 1, size - 1) != b"\n":
                line = b"\n" + line  # a crash cut the last line short
            while line:
                line = line[file.write(line) :]
            os.fsync(file.fileno())
        if new:
            folder = os.open(self.folder, os.O_RDONLY)
            os.fsync(folder)
            os.close(folder)

    def _rotate(self, coming: int) -> None:
        try:
            size = self.path.stat().st_size
        except FileNotFoundError:
            return
        if size == 0 or size + coming <= LARGEST:
            return
        for number in range(KEPT - 2, -1, -1):
            with contextlib.suppress(FileNotFoundError):
                self._file(number).replace(self._file(number + 1))

    @contextlib.contextmanager
    def _writable(self) -> Iterator[None]:
        try:
            self.folder.mkdir(mode=0o700, parents=True, exist_ok=True)
            yield
        except OSError as error:
            raise ConsoleError(
                f"the journal in {self.folder} can't be written: {error.strerror}",
                hint="make room or mend its permissions, or set ROWSIGHT_STATE to another folder",
            ) from error


def without_secrets(value: object, secrets: tuple[str, ...]) -> Any:
    """Returns a value as JSON takes it, with these passwords and whatever looks like one out."""
    if isinstance(value, str):
        for secret in secrets:
            value = value.replace(secret, "…")
        for pattern, replacement in _SECRETS:
            value = pattern.sub(replacement, value)
        return value
    if isinstance(value, Mapping):
        return {str(key): without_secrets(part, secrets) for key, part in value.items()}
    if isinstance(value, list | tuple):
        return [without_secrets(part, secrets) for part in value]
    return value if value is None or isinstance(value, bool | int | float) else str(value)
