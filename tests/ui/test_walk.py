"""Every key that is offered does something, and every action of the palette, on the demo's data."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
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
    """What can be pressed and says what it does, by group and action; not a text field's own."""
    return {
        f"{keymap.group_of(type(active.node))}.{active.binding.action}": active
        for active in pilot.app.screen.active_bindings.values()
        if active.enabled
        and active.binding.description
        and not active.binding.system
        and active.binding.action not in LEAVING
        and active.binding.action in own_actions(type(active.node))
    }


def own_actions(kind: type) -> set[str]:
    """The actions that the console's own classes give keys to."""
    own = [one for one in kind.__mro__ if one.__module__.startswith("console.")]
    return {b.action for one in own for b in one.__dict__.get("BINDINGS", [])}


class Walk:
    """Tries every key that comes into sight, each once, by the shortest way to it.

    A way is the keys to press from where a walk begins: what a view or a dialog offers is tried
    there, and so is what that leads to, down to a dialog over a dialog.
    """

    def __init__(self, deepest: int = 3) -> None:
        self.tried: set[str] = set()
        self.ways: list[tuple[str, ...]] = [()]
        self._deepest = deepest

    async def step(self, pilot: Pilot[Any]) -> None:
        """Goes the next way, from where the walk begins, and looks what is offered at its end."""
        way = self.ways.pop(0)
        for key in way:
            await pilot.press(key)
            await rest(pilot)
        if len(way) == self._deepest or self._is_elsewhere(pilot):
            return
        for name, active in offered(pilot).items():
            if name not in self.tried:
                self.tried.add(name)
                self.ways.append((*way, active.binding.key))

    def _is_elsewhere(self, pilot: Pilot[Any]) -> bool:
        return False


class PaneWalk(Walk):
    """Stays in one pane, and out of where databases are chosen: these have their own walks."""

    def __init__(self, tab: int) -> None:
        super().__init__()
        self._tab = tab

    def _is_elsewhere(self, pilot: Pilot[Any]) -> bool:
        screen = pilot.app.screen
        if isinstance(screen, Workspace):
            return screen.active != self._tab
        return type(screen).__module__.startswith("console.ui.connect.")


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
        walk = PaneWalk(tab)
        steps = 0
        while walk.ways and steps < round(400 * scale):
            steps += 1
            await home(pilot, tab)
            await walk.step(pilot)
        assert len(walk.tried) > 20 * scale
        assert not walk.ways or scale < 1
        assert app.return_code is None


@pytest.mark.slow
async def test_every_key_of_the_connect_screen_works(
    sample_db: Profile, scale: float, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    config = tmp_path / "config.toml"
    monkeypatch.setenv("ROWSIGHT_CONFIG", str(config))
    monkeypatch.setenv("ROWSIGHT_NO_KEYRING", "1")
    given = "".join(f'{key} = "{value}"\n' for key, value in sample_db.parameters.items())
    walk = Walk()
    steps = 0
    while walk.ways and steps < round(120 * scale):
        steps += 1
        config.write_text(f"[profiles.shop]\n{given}")
        app = RowsightApp(None)
        async with app.run_test(size=(100, 30)) as pilot:
            await until(pilot, "shop")
            await walk.step(pilot)
            assert app.return_code is None
        await app._workspace.connections.close()  # so many consoles are more than a server takes
    assert len(walk.tried) > 15 * scale


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
