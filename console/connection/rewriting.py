"""Changes the configuration file: at once or not at all, comments and order as they were."""

from __future__ import annotations

import contextlib
import fcntl
import os
import tempfile
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

from console.connection.config import config_path, profiles_of
from console.errors import UsageError

if TYPE_CHECKING:
    from tomlkit import TOMLDocument


def rewrite(change: Callable[[TOMLDocument], str]) -> dict[str, Any]:
    """Changes the file, which is locked meanwhile; other consoles may write to it too.

    Args:
        change: Given the file as it is, returns the whole text it is to have; what it raises
            leaves the file alone.

    Returns:
        What the file then holds.

    Raises:
        UsageError: The file does not parse, before or then, holds a wrong profile, or can't be
            written; names the file.
    """
    import tomllib

    import tomlkit

    # Written through a symbolic link, which may lead to where the person keeps such files.
    path = config_path().resolve()
    try:
        path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        with _locked(path.parent):
            text = path.read_text(encoding="utf-8") if path.exists() else ""
            try:
                written = change(tomlkit.parse(text))
                document = tomllib.loads(written)
            except ValueError as error:  # of either parser
                raise UsageError(
                    f"{path}: {error}", hint="mend the file or set ROWSIGHT_CONFIG"
                ) from error
            profiles_of(document)
            _replace(path, written)
    except OSError as error:
        raise UsageError(
            f"{path} can't be written: {error.strerror}",
            hint="set ROWSIGHT_CONFIG to a file that can",
        ) from error
    return document


def before_what_follows(before: str, after: str) -> str:
    """Puts a table that was added before the words over the next one, not under them.

    To TOML these words belong to the table that they stand behind.

    Args:
        before: The file.
        after: The same with one table more.
    """
    start = _first_change(before, after)
    added = after[start : start + len(after) - len(before)]
    above = _words_above(before[:start])
    if not above or before[:start] + added + before[start:] != after:
        return after
    return before[: start - len(above)] + added + above + before[start:]


def with_what_followed(before: str, after: str) -> str:
    """Puts back the words over the next table, which to TOML belong to the one taken out.

    Args:
        before: The file.
        after: The same with one table less.
    """
    start = _first_change(before, after)
    above = _words_above(before[start : start + len(before) - len(after)])
    return after[:start] + above.removeprefix("\n") + after[start:]


def _first_change(before: str, after: str) -> int:
    """Returns where the first line begins that is another than before."""
    pairs = enumerate(zip(before, after, strict=False))
    same = next((place for place, (old, new) in pairs if old != new), min(len(before), len(after)))
    return before.rfind("\n", 0, same) + 1


def _words_above(text: str) -> str:
    """Returns the comments a text ends with, from the empty line over them on, if there are any."""
    lines = text.splitlines(keepends=True)
    kept: list[str] = []
    while lines and (not lines[-1].strip() or lines[-1].lstrip().startswith("#")):
        kept.insert(0, lines.pop())
    while kept and kept[0].strip():
        kept.pop(0)  # right under the last key: about that one
    return "".join(kept) if any(line.strip() for line in kept) else ""


@contextlib.contextmanager
def _locked(folder: Path) -> Iterator[None]:
    handle = os.open(folder, os.O_RDONLY | os.O_CLOEXEC)
    try:
        fcntl.flock(handle, fcntl.LOCK_EX)
        yield
    finally:
        os.close(handle)


def _replace(path: Path, text: str) -> None:
    handle, made = tempfile.mkstemp(prefix=f".{path.name}.", dir=path.parent)  # mode 0600
    try:
        with os.fdopen(handle, "w", encoding="utf-8") as file:
            file.write(text)
            file.flush()
            os.fsync(file.fileno())
        Path(made).replace(path)
    except BaseException:
        Path(made).unlink(missing_ok=True)
        raise
