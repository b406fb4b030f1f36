"""The colour schemes: `themes/*.toml`, read as data and turned into Textual themes.

A scheme has `name`, `dark`, `[colors]` (Textual's named colours) and `[variables]` (ours:
the tint of each environment, the colours of SQL, of differences, of cursors). A scheme that
leaves a variable out gets the value of the default scheme. A person's own schemes are in the
folder `themes` beside the configuration file; one by a shipped name takes its place.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from pathlib import Path

from rich.console import Console
from textual import constants
from textual.color import Color, ColorParseError
from textual.theme import Theme

from console.assets import theme_file
from console.errors import UsageError

DEFAULT = "rowsight-dark"
SIXTEEN = "ansi-16"
SHIPPED = (DEFAULT, "rowsight-light", "high-contrast", "colour-blind-safe", SIXTEEN)

_NAME = re.compile(r"[\w.-]{1,40}")


def load(path: Path) -> Theme:
    """Reads one scheme.

    Raises:
        UsageError: The file does not parse, or is not a scheme.
    """
    import tomllib

    try:
        document = tomllib.loads(path.read_text(encoding="utf-8"))
        if not _NAME.fullmatch(document["name"]):
            raise ValueError("the name may hold letters, digits, dots and dashes")
        return Theme(
            name=document["name"],
            dark=document["dark"],
            variables=dict(document.get("variables", {})),
            **document["colors"],
        )
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise _no_scheme(path, error) from error


def _no_scheme(path: Path, error: Exception) -> UsageError:
    return UsageError(
        f"{path.name} is not a colour scheme: {error}",
        hint="compare it with the schemes shipped in themes/",
    )


def missing(name: str, known: Iterable[str], wrong: Iterable[UsageError]) -> UsageError:
    """Says that there is no scheme of a name, and which files might have been it."""
    broken = "".join(f"; {error.message}" for error in wrong)
    return UsageError(
        f"there is no colour scheme {name!r}{broken}", hint="known: " + ", ".join(known)
    )


def shipped(names: Iterable[str] = SHIPPED) -> list[Theme]:
    """Reads the schemes that come with the console, the default one first."""
    return [load(theme_file(f"{name}.toml")) for name in names]


def fitting() -> str:
    """Returns the scheme for the terminal there is, by the colours it says it has."""
    told = constants.COLOR_SYSTEM
    if told == "auto":
        told = Console(force_terminal=True).color_system
    return SIXTEEN if told == "standard" else DEFAULT


class Folder:
    """A folder of a person's own schemes, looked at again and again."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self._seen: dict[Path, int] = {}

    def news(self) -> tuple[list[Theme], list[UsageError]]:
        """Reads what is new or was changed since the last time; a missing folder is empty."""
        found: list[Theme] = []
        wrong: list[UsageError] = []
        for path in sorted(self.path.glob("*.toml")):
            try:
                written = path.stat().st_mtime_ns
            except OSError:
                continue
            if self._seen.get(path) == written:
                continue
            self._seen[path] = written
            try:
                found.append(_checked(path))
            except UsageError as error:
                wrong.append(error)
        return found, wrong


def _checked(path: Path) -> Theme:
    """Reads a scheme and tries its colours: a wrong one would end the program later."""
    theme = load(path)
    try:
        theme.to_color_system().generate()
        for color in theme.variables.values():
            Color.parse(color)
    except (ColorParseError, TypeError, AttributeError, ValueError) as error:
        raise _no_scheme(path, error) from error
    return theme
