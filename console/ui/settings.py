"""How a person wants the console: `[ui]` and `[keys]` of the configuration file."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from pathlib import Path
from types import MappingProxyType
from typing import Any, NamedTuple

from console.connection.config import config_path, section
from console.errors import UsageError

_UI = {"theme": str, "mouse": bool, "restore": bool}


class Settings(NamedTuple):
    """What the file says.

    Attributes:
        theme: A colour scheme's name; None for what was last chosen on the screen.
        mouse: Whether the mouse is taken; without it the terminal selects text as usual.
        restore: Whether a console goes on where the last one on that database was left.
        keys: Keys in place of the usual ones, by `group.action`, as `tables.filter`.
    """

    theme: str | None = None
    mouse: bool = True
    restore: bool = True
    keys: Mapping[str, tuple[str, ...]] = MappingProxyType({})


def load() -> Settings:
    """Reads the settings; an absent file means none.

    Raises:
        UsageError: The file does not parse, or holds what is no setting; names file and key.
    """
    chosen = section("ui")
    for key, value in chosen.items():
        if key not in _UI:
            known = ", ".join(_UI)
            raise UsageError(f"{config_path()}: ui.{key} is no setting", hint=f"known: {known}")
        if not isinstance(value, _UI[key]):
            wanted = "text" if _UI[key] is str else "true or false"
            raise UsageError(f"{config_path()}: ui.{key} is not {wanted}", hint=f"give {wanted}")
    return Settings(**chosen, keys=dict(_keys(section("keys"))))


def _keys(table: Mapping[str, Any], group: str = "") -> Iterator[tuple[str, tuple[str, ...]]]:
    for name, value in table.items():
        if isinstance(value, dict):
            yield from _keys(value, f"{group}{name}.")
            continue
        keys = [value] if isinstance(value, str) else value
        if not (isinstance(keys, list) and keys and all(map(_is_key, keys))):
            raise UsageError(
                f"{config_path()}: keys.{group}{name} is no key",
                hint='write a key such as "f", "F5" or "ctrl+t", or a list of them',
            )
        yield group + name, tuple(keys)


def _is_key(key: object) -> bool:
    return isinstance(key, str) and bool(key) and key.isprintable() and "," not in key[1:]


def themes_folder() -> Path:
    """Returns where a person's own colour schemes are, whether or not it exists."""
    return config_path().parent / "themes"
