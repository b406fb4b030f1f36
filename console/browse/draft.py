"""The statement that is being typed, kept on this machine so that nothing can take it away.

One file for each database beside the journal, readable by its owner only.
"""

from __future__ import annotations

import contextlib
import hashlib
import os
from pathlib import Path

from console.browse.history import LONGEST, seems_secret
from console.errors import ConsoleError
from console.journal import state_folder


class Draft:
    """What was typed last on one database.

    Args:
        database: Which, in words that stay the same, such as `ada@host/name`.
        folder: Where the file is; made when missing.

    Attributes:
        text: What is being typed; kept here whatever becomes of the file.
    """

    def __init__(self, database: str, folder: Path | None = None) -> None:
        name = hashlib.sha256(database.encode("utf-8", "surrogatepass")).hexdigest()[:16]
        self.path = (folder or state_folder()) / "drafts" / f"{name}.sql"
        self.text = self._read()

    def _read(self) -> str:
        try:
            return self.path.read_text(encoding="utf-8")
        except (OSError, ValueError):
            return ""

    def keep(self) -> bool:
        """Writes the text to disk in place of what was kept there before.

        One that seems to hold a password, or is very long, is not written to disk, and
        neither is what it grew out of left there.

        Returns:
            Whether it was kept.

        Raises:
            ConsoleError: The file can't be written.
        """
        text = self.text
        try:
            if not text.strip() or len(text) > LONGEST or seems_secret(text):
                self.path.unlink(missing_ok=True)
                return not text.strip()
            self.path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
            part = self.path.with_suffix(f".{os.getpid()}")
            with contextlib.suppress(FileNotFoundError):
                part.unlink()
            flags = os.O_CREAT | os.O_EXCL | os.O_WRONLY
            with os.fdopen(os.open(part, flags, 0o600), "w", encoding="utf-8") as file:
                file.write(text.encode("utf-8", "replace").decode("utf-8"))
            part.replace(self.path)
        except OSError as error:
            raise ConsoleError(
                f"what you type can't be kept in {self.path.parent}: {error.strerror}",
                hint="make room or mend its permissions, or set ROWSIGHT_STATE to another folder",
            ) from error
        return True
