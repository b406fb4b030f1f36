"""The colour schemes: `themes/*.toml`, read as data and turned into Textual themes.

A scheme has `name`, `dark`, `[colors]` (Textual's named colours) and `[variables]` (ours:
the tint of each environment, the colours of SQL, of differences, of cursors). A scheme that
leaves a variable out gets the value of the default scheme.
"""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path

from textual.theme import Theme

from console.assets import theme_file
from console.errors import UsageError

DEFAULT = "rowsight-dark"
SIXTEEN = "ansi-16"
SHIPPED = (DEFAULT, "rowsight-light", "high-contrast", "colour-blind-safe", SIXTEEN)


def load(path: Path) -> Theme:
    """Reads one scheme.

    Raises:
        UsageError: The file does not parse, or is not a scheme.
    """
    import tomllib

    try:
        document = tomllib.loads(path.read_text(encoding="utf-8"))
        return Theme(
            name=document["name"],
            dark=document["dark"],
            variables=dict(document.get("variables", {})),
            **document["colors"],
        )
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise UsageError(
            f"{path.name} is not a colour scheme: {error}",
            hint="compare it with the schemes shipped in themes/",
        ) from error


def shipped(names: Iterable[str] = SHIPPED) -> list[Theme]:
    """Reads the schemes that come with the console, the default one first."""
    return [load(theme_file(f"{name}.toml")) for name in names]
