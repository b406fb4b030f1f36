"""The style sheets: those of what most begin with at once, the others when they are needed."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path

from textual.css.stylesheet import Stylesheet
from textual.screen import Screen
from textual.widget import Widget

from console.assets import theme_file
from console.ui.pane import Pane
from console.ui.stage import NAMES

SHEETS = ("workspace", *map(str.lower, NAMES), "connect", "dialogs")
"""One sheet of `themes/` for each area of the screen."""

_FIRST = {"Workspace": "workspace", "TablesPane": "tables"}


def first() -> list[Path]:
    """Returns the sheets of the screen and the pane that most begin with."""
    return [theme_file(f"{sheet}.tcss") for sheet in _FIRST.values()]


def complete(stylesheet: Stylesheet, widgets: Iterable[Widget]) -> None:
    """Reads all the other sheets where one of these widgets is of another screen or pane.

    The first rows would wait for them to be parsed.
    """
    areas = {type(widget).__name__ for widget in widgets if isinstance(widget, Pane | Screen)}
    if areas - _FIRST.keys():
        later = [theme_file(f"{sheet}.tcss") for sheet in SHEETS if sheet not in _FIRST.values()]
        if not stylesheet.has_source(str(later[0])):
            stylesheet.read_all(later)
