"""What `ctrl+p` offers: what applies where the focus is, and the colour schemes."""

from __future__ import annotations

from collections.abc import Iterable
from functools import partial
from typing import TYPE_CHECKING, Any

from textual.app import SystemCommand
from textual.screen import Screen

if TYPE_CHECKING:
    from textual.app import App

_MOVING = ("move", "page", "edge", "pick", "fold", "scroll", "cursor", "other_side", "choose")
"""Beginnings of actions that only move about: keys are faster than any list of them."""
_TEXTUALS = ("app.", "screen.", "command_palette", "help_quit")
"""Beginnings of actions that Textual brings along."""


def commands(app: App[Any], screen: Screen[Any]) -> Iterable[SystemCommand]:
    """Yields every action with a key that works now; moving about is left out.

    Names are read as markup by the palette, so nothing in them may come from data.
    """
    seen: set[str] = set()
    for active in screen.active_bindings.values():
        binding = active.binding
        if (
            not active.enabled
            or binding.system
            or not binding.description
            or binding.description in seen
            or binding.action.startswith(_MOVING + _TEXTUALS)
        ):
            continue
        seen.add(binding.description)
        yield SystemCommand(
            f"{binding.description} · {app.get_key_display(binding)}",
            "",
            partial(app.run_action, binding.action, active.node),
        )
    for theme in app.available_themes:
        if theme != app.theme:
            yield SystemCommand(f"Colours: {theme}", "", partial(setattr, app, "theme", theme))
