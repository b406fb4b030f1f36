"""Writes profiles into the configuration file; comments and order stay as they were."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

from console.connection.config import profiles_of
from console.connection.profile import Profile
from console.connection.rewriting import before_what_follows, rewrite, with_what_followed
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

        before = tomlkit.dumps(document)
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
        after = tomlkit.dumps(document)
        return before_what_follows(before, after) if was is None else after

    return profiles_of(rewrite(change))[name]


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
        return with_what_followed(before, tomlkit.dumps(document))

    rewrite(change)
