"""Writes profiles into the configuration file; comments and order stay as they were."""

from __future__ import annotations

import contextlib
import fcntl
import os
import tempfile
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import TYPE_CHECKING

from console.connection.config import config_path, profiles_of
from console.connection.profile import Profile
from console.errors import NotFound, Refused, UsageError

if TYPE_CHECKING:
    from tomlkit import TOMLDocument

Setting = str | bool | float | list[str]
"""What may stand behind a key of a profile."""


def save_profile(name: str, settings: Mapping[str, Setting], *, was: str | None = None) -> Profile:
    """Adds a profile, or changes the one that was.

    Keys of an existing profile that `settings` do not name are taken out; those that stay
    keep their place and their comments. Nothing is written that could not be read again.

    Args:
        name: The profile's name.
        settings: Key and value as they stand in `[profiles.NAME]`; never a password.
        was: The profile's name so far; None for a new one.

    Raises:
        UsageError: The file does not parse, or a setting is wrong; names file and key.
        Refused: Another profile has that name.
        NotFound: There is no profile named `was`.
    """
    check_name(name)

    def change(document: TOMLDocument) -> str:
        import tomlkit

        profiles = document.setdefault("profiles", tomlkit.table(is_super_table=True))
        if name in profiles and name != was:
            raise Refused(f"there is a profile named {name!r} already", hint="take another name")
        if was is not None and was not in profiles:
            raise NotFound(f"there is no profile named {was!r}", hint="it may have been removed")
        if was is None:
            profiles[name] = tomlkit.table()
        elif was != name:
            profiles[name] = profiles.pop(was)
        table = profiles[name]
        for key in [key for key in table if key not in settings]:
            del table[key]
        for key, value in settings.items():
            if key not in table or table[key] != value:
                table[key] = value
        return tomlkit.dumps(document)

    return _rewritten(change)[name]


def check_name(name: str) -> None:
    """Checks that a profile can have that name.

    Raises:
        UsageError: `-d` would not find it.
    """
    if not name.strip() or name != name.strip() or not name.isprintable():
        raise UsageError("a profile needs a name", hint="letters, digits, - and _ are best")
    if "://" in name or "=" in name or name.startswith("-"):
        raise UsageError(
            "a profile's name holds neither = nor ://, and begins with no -",
            hint="-d would take it for something else",
        )


def as_profile(name: str, settings: Mapping[str, Setting]) -> Profile:
    """Returns the profile that `save_profile` would write, without writing it.

    Raises:
        UsageError: A setting is wrong; names the key.
    """
    return profiles_of({"profiles": {name: dict(settings)}})[name]


def remove_profile(name: str) -> None:
    """Takes a profile out of the file.

    Raises:
        NotFound: There is no profile of that name.
        UsageError: The file does not parse.
    """

    def change(document: TOMLDocument) -> str:
        import tomlkit

        before = tomlkit.dumps(document)
        profiles = document.get("profiles", {})
        if name not in profiles:
            known = ", ".join(sorted(profiles))
            raise NotFound(
                f"there is no profile named {name!r}",
                hint=f"known profiles: {known}" if known else "no profile is defined",
            )
        del profiles[name]
        return _with_what_followed(before, tomlkit.dumps(document))

    _rewritten(change)


def _with_what_followed(before: str, after: str) -> str:
    """Puts back the words over the next table, which to TOML belong to the one taken out."""
    pairs = enumerate(zip(before, after, strict=False))
    same = next((place for place, (old, new) in pairs if old != new), len(after))
    start = before.rfind("\n", 0, same) + 1
    lines = before[start : start + len(before) - len(after)].splitlines(keepends=True)
    kept: list[str] = []
    while lines and (not lines[-1].strip() or lines[-1].lstrip().startswith("#")):
        kept.insert(0, lines.pop())
    while kept and kept[0].strip():
        kept.pop(0)  # right under the last key: about that one
    if not any(line.strip() for line in kept):
        return after
    return after[:start] + "".join(kept[1:]) + after[start:]


def _rewritten(change: Callable[[TOMLDocument], str]) -> dict[str, Profile]:
    """Changes the file under a lock to what `change` returns; returns the profiles it holds."""
    import tomllib

    import tomlkit

    # Written through a symbolic link, which may lead to where the person keeps such files.
    path = config_path().resolve()
    try:
        path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        with _locked(path.parent):
            text = path.read_text(encoding="utf-8") if path.exists() else ""
            try:
                document = tomlkit.parse(text)
                written = change(document)
                profiles = profiles_of(tomllib.loads(written))
            except ValueError as error:  # of either parser
                raise UsageError(
                    f"{path}: {error}", hint="mend the file or set ROWSIGHT_CONFIG"
                ) from error
            _replace(path, written)
    except OSError as error:
        raise UsageError(
            f"{path} can't be written: {error.strerror}",
            hint="set ROWSIGHT_CONFIG to a file that can",
        ) from error
    return profiles


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
