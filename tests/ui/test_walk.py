"""Every key that is offered does something, and every action of the palette, on the demo's data."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest
from textual.app import App
from textual.binding import Binding
from textual.screen import Screen

from console.connection.profile import Profile
from console.ui import keymap
from console.ui.palette import commands
from console.ui.stage import NAMES
from tests.ui.screen import until
from tests.ui.walking import ConnectWalk, PaneWalk, Start, Watched, changed, look, still

UNSEEN = {
    "access.view('people')": "it is shown already; it leads back from somebody who was looked up",
    "People, roles and what they may do · p": "likewise, in the palette",
}
"""What may change nothing that can be seen, and why."""

ANSWERS = {
    "": "Previews start from a superuser",  # the demo's do
    "row.adopt": "there is nobody called|permission denied for table users",  # by a row's id
    "matrix.choose": "permission denied for table",  # that is what the cell says
    "tables-and-views.choose": "permission denied for table users",  # as somebody who may not
}
"""What is rightly said to be wrong, by the action: anywhere, where there is none."""


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


@pytest.mark.slow
@pytest.mark.parametrize("mode", ["read-only", "write", "somebody"])
@pytest.mark.parametrize("tab", range(len(NAMES)), ids=NAMES)
async def test_every_key_that_is_offered_works(
    sample_db: Profile,
    tab: int,
    mode: str,
    scale: float,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.chdir(tmp_path)
    start = Start(tab, write_mode=mode == "write", somebody=mode == "somebody")
    app = Watched(replace(sample_db, read_only=not start.write_mode), tab=tab)
    walk = PaneWalk(tab, unseen=UNSEEN, answers=ANSWERS)
    with app.watched():
        async with app.run_test(size=(120, 40), notifications=True) as pilot:
            await until(pilot, lambda: app._workspace.query(f"#pane-{tab}"))
            steps = 0
            most = 200 if scale == 1 else 8  # in short: what the last row of the screen offers
            while walk.ways and steps < most:
                steps += 1
                await start.home(pilot)
                await walk.step(pilot)
            assert app.return_code is None
    assert not walk.faults, "\n".join(walk.faults)
    assert len(walk.tried) > 20 * scale
    assert not walk.ways or scale < 1


@pytest.mark.slow
async def test_every_key_of_the_connect_screen_works(
    sample_db: Profile, scale: float, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    config = tmp_path / "config.toml"
    monkeypatch.setenv("ROWSIGHT_CONFIG", str(config))
    monkeypatch.setenv("ROWSIGHT_NO_KEYRING", "1")
    given = "".join(f'{key} = "{value}"\n' for key, value in sample_db.parameters.items())
    walk = ConnectWalk(unseen=UNSEEN, answers=ANSWERS)
    steps = 0
    while walk.ways and steps < round(120 * scale):
        steps += 1
        config.write_text(f"[profiles.shop]\n{given}")
        app = Watched(None)
        with app.watched():
            async with app.run_test(size=(100, 30), notifications=True) as pilot:
                await until(pilot, "shop")
                await walk.step(pilot)
                assert app.return_code is None
        await app._workspace.connections.close()  # so many consoles are more than a server takes
    assert not walk.faults, "\n".join(walk.faults)
    assert len(walk.tried) > 15 * scale
    assert not walk.ways or scale < 1


@pytest.mark.slow
@pytest.mark.parametrize("tab", range(len(NAMES)), ids=NAMES)
async def test_every_action_of_the_palette_works(
    sample_db: Profile, tab: int, scale: float, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    app = Watched(sample_db, tab=tab)
    start = Start(tab)
    tried: set[str] = set()
    faults: list[str] = []
    with app.watched():
        async with app.run_test(size=(80, 24), notifications=True) as pilot:
            await until(pilot, lambda: app._workspace.query(f"#pane-{tab}"))
            for _ in range(round(80 * scale)):
                await start.home(pilot)
                before = look(app)
                found = [one for one in commands(app, app.screen) if one.title not in tried]
                found = [one for one in found if not one.title.startswith(("Quit", "To the shell"))]
                if not found:
                    break
                tried.add(found[0].title)
                app.errors.clear()
                result = found[0].callback()
                if result is not None:
                    await result
                if found[0].title not in UNSEEN and not await changed(pilot, before):
                    faults.append(f"{found[0].title} changes nothing that can be seen")
                await still(pilot)
                faults += [f"{found[0].title} led to {error!r}" for error in app.errors]
            assert app.return_code is None
    assert not faults, "\n".join(faults)
    assert len(tried) > 8 * scale
