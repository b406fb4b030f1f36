"""Goes on where the last console on the same database was left."""

from __future__ import annotations

from typing import TYPE_CHECKING

from console.connection.profile import Environment
from console.errors import ConsoleError
from console.ui import remembered
from console.ui.connections import BROWSE
from console.ui.pane import Pane
from console.ui.stage import NAMES, Stage

if TYPE_CHECKING:
    from console.access.persona import Persona
    from console.ui.workspace import Workspace


def _key(workspace: Workspace) -> str | None:
    """Returns what the database is remembered by; None where it is not worth it."""
    server, environment = workspace.status.server, workspace.status.profile.environment
    if server is None or environment is Environment.DEMO or not workspace.restores:
        return None
    return remembered.place(server)


async def take_up(workspace: Workspace) -> None:
    """Gives the panes what they left, picks the tab, and looks for the persona."""
    key = _key(workspace)
    if key is None:
        return
    memory = remembered.recall(key)
    panes = memory.get("panes")
    if isinstance(panes, dict):
        stage = workspace.query_one(Stage)
        stage.memories = {name: remembered.texts(panes.get(name)) for name in NAMES}
    if memory.get("pane") in NAMES:
        workspace.set_reactive(type(workspace).active, NAMES.index(str(memory["pane"])))
        workspace.mutate_reactive(type(workspace).active)
    persona = memory.get("persona")
    if isinstance(persona, str):
        workspace.run_worker(_look_again(workspace, persona), group="returning")


async def _look_again(workspace: Workspace, name: str) -> None:
    """Finds who was looked as, by today's data, and says so: nobody should be surprised."""
    from console.access.people import resolve

    try:
        persona: Persona = await resolve(await workspace.connections.open(BROWSE), name)
    except ConsoleError:
        return
    if workspace.status.lens is None:
        workspace.action_adopt(persona)
        workspace.notify(
            f"Looking as {persona.label} again; I looks as yourself.", markup=False, timeout=6
        )


def leave_behind(workspace: Workspace) -> None:
    """Remembers where the console was left; told to leave once more, it is on its way already."""
    key, stages = _key(workspace), workspace.query(Stage)
    if key is None or not stages:
        return
    stage = stages.only_one()
    panes = {**stage.memories}
    for number, name in enumerate(NAMES):
        for pane in stage.query_children(f"#pane-{number}").results(Pane):
            panes[name] = dict(pane.memory())
    lens = workspace.status.lens
    remembered.remember(
        key,
        {
            "pane": NAMES[workspace.active],
            "persona": None if lens is None else str(lens.named),
            "panes": {name: memory for name, memory in panes.items() if memory},
        },
    )
