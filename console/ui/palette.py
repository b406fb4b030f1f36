"""What `ctrl+p` offers: what applies where the focus is, and the colour schemes."""

from __future__ import annotations

from collections.abc import Iterable
from functools import partial
from typing import TYPE_CHECKING, Any

from textual.app import SystemCommand
from textual.screen import Screen

if TYPE_CHECKING:
    from textual.app import App

_NOT_COMMANDS = frozenset({"command_palette", "app.command_palette"})


def commands(app: App[Any], screen: Screen[Any]) -> Iterable[SystemCommand]:
    """Yields every action with a key that works now; moving about is left out."""
    seen: set[tuple[int, str]] = set()
    for active in screen.active_bindings.values():
        binding = active.binding
        known = (id(active.node), binding.action)
        if (
            not active.enabled
            or binding.system
            or not binding.description
            or binding.action in _NOT_COMMANDS
            or known in seen
            or binding.id == "move"
        ):
            continue
        seen.add(known)
        yield SystemCommand(
            binding.description,
            f"key {app.get_key_display(binding)}",
            partial(app.run_action, binding.action, active.node),
        )
    for theme in app.available_themes:
        if theme != app.theme:
            yield SystemCommand(f"Colours: {theme}", "", partial(setattr, app, "theme", theme))
