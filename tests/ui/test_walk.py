"""Every key that is offered does something, and every action of the palette, on the demo's data."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest
from textual.app import App
from textual.binding import ActiveBinding, Binding
from textual.pilot import Pilot
from textual.screen import Screen

from console.connection.profile import Profile
from console.ui import keymap
from console.ui.app import RowsightApp
from console.ui.palette import commands
from console.ui.stage import NAMES
from console.ui.workspace import Workspace
from tests.ui.screen import until

LEAVING = ("quit", "app.quit", "suspend_process", "help_quit", "command_palette")


def test_every_binding_has_its_action() -> None:
    missing = []
    for kind in keymap.kinds():
        for binding in kind.__dict__.get("BINDINGS", []):
            assert isinstance(binding, Binding)
            place, _, name = binding.action.partition("(")[0].rpartition(".")
            owner = {"app": App, "screen": Screen, "": kind}[place]
            if not hasattr(owner, f"action_{name}"):
                missing.append(keymap.name_of(kind, binding))
    assert missing == []


async def rest(pilot: Pilot[Any]) -> None:
    """Lets what a key began get going; keys come in the middle of work here as they do in life."""
    for _ in range(3):
        await pilot.pause(0.02)


async def home(pilot: Pilot[Any], tab: int) -> None:
    """Goes back to where a walk begins: the tab, with nothing over it."""
    for _ in range(12):
        if isinstance(pilot.app.screen, Workspace):
            break
        await pilot.press("escape")
        await pilot.pause(0.02)
    workspace = pilot.app.screen
    assert isinstance(workspace, Workspace), pilot.app.screen
    workspace.action_show(tab)
    await rest(pilot)
    workspace.query_one(f"#pane-{tab}").open()  # type: ignore[attr-defined]
    await rest(pilot)


def offered(pilot: Pilot[Any]) -> dict[str, ActiveBinding]:
    """What can be pressed and says what it does, by group and action."""
    return {
        f"{keymap.group_of(type(active.node))}.{active.binding.action}": active
        for active in pilot.app.screen.active_bindings.values()
        if active.enabled
        and active.binding.description
        and not active.binding.system
        and active.binding.action not in LEAVING
    }


@pytest.mark.slow
@pytest.mark.parametrize("write_mode", [False, True], ids=["read-only", "write"])
@pytest.mark.parametrize("tab", range(len(NAMES)), ids=NAMES)
async def test_every_key_that_is_offered_works(
    sample_db: Profile, tab: int, write_mode: bool, scale: float
) -> None:
    app = RowsightApp(replace(sample_db, read_only=not write_mode), tab=tab)
    async with app.run_test(size=(120, 40)) as pilot:
        await until(pilot, lambda: app._workspace.query(f"#pane-{tab}"))
        await rest(pilot)
        tried: set[str] = set()
        for _ in range(round(120 * scale)):
            await home(pilot, tab)
            left = {name: one for name, one in offered(pilot).items() if name not in tried}
            if not left:
                break
            name, active = next(iter(left.items()))
            tried.add(name)
            await pilot.press(active.binding.key)
            await rest(pilot)
            # One step on: what a view or a dialog offers is tried where it is offered.
            for inner, deeper in offered(pilot).items():
                if inner not in tried and inner not in left:
                    tried.add(inner)
                    await pilot.press(deeper.binding.key)
                    await rest(pilot)
                    break
        assert len(tried) > 10 * scale
        assert app.return_code is None


@pytest.mark.slow
@pytest.mark.parametrize("tab", range(len(NAMES)), ids=NAMES)
async def test_every_action_of_the_palette_works(
    sample_db: Profile, tab: int, scale: float
) -> None:
    app = RowsightApp(sample_db, tab=tab)
    async with app.run_test(size=(80, 24)) as pilot:
        await until(pilot, lambda: app._workspace.query(f"#pane-{tab}"))
        await rest(pilot)
        tried: set[str] = set()
        for _ in range(round(80 * scale)):
            await home(pilot, tab)
            found = [one for one in commands(app, app.screen) if one.title not in tried]
            found = [one for one in found if not one.title.startswith(("Quit", "To the shell"))]
            if not found:
                break
            tried.add(found[0].title)
            result = found[0].callback()
            if result is not None:
                await result
            await rest(pilot)
        assert len(tried) > 8 * scale
        assert app.return_code is None
