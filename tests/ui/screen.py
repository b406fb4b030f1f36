"""Reads and waits for the screen of an app that runs under a pilot."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any
from unittest.mock import patch

from rich.segment import Segment
from textual._compositor import CompositorUpdate
from textual.app import App
from textual.pilot import Pilot
from textual.widgets import Input, Static

if TYPE_CHECKING:
    from textual.screen import Screen

PATIENCE = 20.0
"""Seconds a test waits for something that has to come."""


def lines(app: App[Any]) -> list[str]:
    """What stands on the screen, dialogs included, one text a row."""
    strips = app.screen._compositor.render_update(full=True, screen_stack=app._background_screens)
    console = app.console
    segments = [s for s in console.render(strips, console.options) if not s.control]  # type: ignore[arg-type]
    rows = list(Segment.split_lines(segments))
    return ["".join(segment.text for segment in row).rstrip() for row in rows][: app.size.height]


def text(app: App[Any]) -> str:
    """What stands on the screen."""
    return "\n".join(lines(app))


async def until(
    pilot: Pilot[Any], condition: Callable[[], object] | str, patience: float = PATIENCE
) -> None:
    """Waits until a condition holds, or a text stands on the screen.

    Raises:
        AssertionError: It never came; with the screen as it was.
    """
    loop = asyncio.get_running_loop()
    deadline = loop.time() + patience
    while loop.time() < deadline:
        await pilot.pause()
        if condition in text(pilot.app) if isinstance(condition, str) else condition():
            await pilot.pause()
            return
        await asyncio.sleep(0.02)
    raise AssertionError(f"never came: {condition}\n{text(pilot.app)}")


async def named(pilot: Pilot[Any], name: str) -> None:
    """Types the name of a database of prod, which asks for it before write mode."""
    await until(pilot, "Switch to write mode?")
    await write(pilot, name)
    await pilot.pause(0.6)
    await pilot.press("enter")
    await until(pilot, " WRITE ")


async def write(pilot: Pilot[Any], words: str) -> None:
    """Types words."""
    for character in words:
        await pilot.press(character)


def shown(app: App[Any], selector: str) -> str:
    """The text of the widgets that match, as they were given it."""
    return "\n".join(str(widget.content) for widget in app.screen.query(selector).results(Static))


def focused_field(app: App[Any]) -> Input:
    """The field that has the focus."""
    assert isinstance(app.focused, Input)
    return app.focused


@contextmanager
def painted(app: App[Any]) -> Iterator[list[str]]:
    """Collects what is written to the terminal: one text for each paint."""
    found: list[str] = []
    display = app._display

    def keep(screen: Screen[object], renderable: Any) -> None:
        if isinstance(renderable, CompositorUpdate):
            found.append(renderable.render_segments(app.console))
        display(screen, renderable)

    with patch.object(app, "_display", keep):
        yield found
