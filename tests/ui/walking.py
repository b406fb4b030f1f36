"""Walks through the console key by key, and sees what each key does."""

from __future__ import annotations

import asyncio
import itertools
import re
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any
from unittest.mock import patch

from textual.binding import ActiveBinding
from textual.pilot import Pilot

from console.access.people import resolve
from console.connection.profile import Profile
from console.errors import ConsoleError
from console.ui import keymap, words
from console.ui.app import RowsightApp
from console.ui.connections import ACCESS
from console.ui.logs.pane import LogsPane
from console.ui.pane import Pane
from console.ui.places import TablePlace
from console.ui.stage import Stage
from console.ui.workspace import Workspace
from tests.ui.attacking.console import LOGS, handled, is_at_rest, press

LEAVING = ("quit", "app.quit", "suspend_process", "help_quit", "command_palette")

ADA = "ada@example.com"

SOON = 10.0
"""Seconds in which a key shows that it was heard; work that takes longer says so itself."""

PATIENCE = 3.0
"""Seconds after which a screen is taken as it is: that of health is never still."""

STILL = 0.06
"""Seconds without a change after which the screen stands still."""

OTHER_WAY = {
    "up": "down",
    "k": "j",
    "h": "l",
    "left": "right",
    "right": "left",
    "pageup": "pagedown",
    "home": "end",
    "ctrl+home": "ctrl+end",
    "g": "G",
}
"""Keys that lead no further from where a walk arrives, and the keys away from there."""


class Watched(RowsightApp):
    """A console whose words are noted."""

    def __init__(self, profile: Profile | None, *, tab: int | None = None) -> None:
        super().__init__(profile, tab=tab)
        self.errors: list[str] = []

    def notify(self, message: str, *, severity: Any = "information", **more: Any) -> None:
        """Notes a message that is no good news."""
        if severity != "information":
            self.errors.append(f"{severity}: {message}")
        super().notify(message, severity=severity, **more)

    @contextmanager
    def watched(self) -> Iterator[None]:
        """Notes each failure, shown or not, and stops what the screen counts by itself."""
        usual = ConsoleError.__init__
        times = itertools.count()

        def note(error: ConsoleError, message: str, **more: Any) -> None:
            self.errors.append(f"{type(error).__name__}: {message}")
            usual(error, message, **more)

        with (
            patch.object(ConsoleError, "__init__", note),
            patch.object(words, "duration", lambda seconds: "1 ms"),
            # A time of its own for each reading: reading again is seen by nothing else.
            patch.object(words, "clock", lambda: f"reading {next(times)}"),
        ):
            yield


def look(app: RowsightApp) -> Any:
    """Returns all that a key can change before a person's eyes."""
    update = app.screen._compositor.render_update(full=True, screen_stack=app._background_screens)
    options = app.console.options
    segments = [one for one in app.console.render(update, options) if not one.control]  # type: ignore[arg-type]
    return segments, app.focused, len(app.screen_stack)


async def still(pilot: Pilot[Any]) -> Any:
    """Waits until nothing that was asked is under way or moves, and returns how it looks."""
    clock = asyncio.get_running_loop().time
    app: RowsightApp = pilot.app  # type: ignore[assignment]
    seen, since = look(app), clock()
    deadline = since + PATIENCE
    while clock() < min(since + STILL, deadline):
        await asyncio.sleep(0.02)
        await handled(pilot)
        works = not is_at_rest(pilot)
        now = look(app)
        if works or now != seen:
            seen, since = now, clock()
    return seen


async def changed(pilot: Pilot[Any], before: Any, patience: float = SOON) -> bool:
    """Waits until the screen looks otherwise, for as long as a key may take."""
    return await soon(pilot, lambda: look(pilot.app) != before, patience)  # type: ignore[arg-type]


async def soon(pilot: Pilot[Any], condition: Callable[[], bool], patience: float = SOON) -> bool:
    """Waits for something for as long as a key may take, and tells whether it came."""
    clock = asyncio.get_running_loop().time
    deadline = clock() + patience
    while not condition():
        if clock() > deadline:
            return False
        await asyncio.sleep(0.01)
        await handled(pilot)
    return True


@dataclass(frozen=True)
class Start:
    """Where a walk begins.

    Attributes:
        tab: The pane that is looked at.
        write_mode: Whether the database may be changed.
        somebody: Whether it is looked as somebody, at the first tab at rows of his and others.
    """

    tab: int
    write_mode: bool = False
    somebody: bool = False

    async def home(self, pilot: Pilot[Any]) -> None:
        """Goes there: the pane as it is when it is opened first, with nothing over it."""
        for _ in range(12):
            if isinstance(pilot.app.screen, Workspace):
                break
            await press(pilot, "escape")
        workspace = pilot.app.screen
        assert isinstance(workspace, Workspace), pilot.app.screen
        await still(pilot)  # what was begun is not to find its pane gone
        pilot.app.clear_notifications()
        stage = workspace.query_one(Stage)
        await stage.query(Pane).remove()
        workspace.action_show(self.tab)
        lens = workspace.status.lens
        if not self.somebody:
            workspace.action_adopt(None)
        elif lens is None or lens.label != ADA:
            login = await workspace.connections.open(ACCESS)
            workspace.action_adopt(await resolve(login, ADA))
        if workspace.status.write_mode != self.write_mode:
            await workspace.connections.set_write_mode(self.write_mode)
            workspace.status = workspace.status._replace(write_mode=self.write_mode)
        await handled(pilot)
        rows = TablePlace("public.workflows") if self.somebody and self.tab == 0 else None
        await stage.show(self.tab, rows)
        if self.tab == LOGS:  # they come without being asked for
            await soon(pilot, lambda: bool(stage.query_one(LogsPane).entries.lines))
        await still(pilot)


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


@dataclass(frozen=True)
class Way:
    """What to press from where a walk begins: each action and its key."""

    steps: tuple[tuple[str, str], ...] = ()

    def __str__(self) -> str:
        return " ".join(key for _, key in self.steps)

    @property
    def name(self) -> str:
        """The last action; nothing where the walk begins."""
        return self.steps[-1][0] if self.steps else ""

    def to(self, name: str, key: str) -> Way:
        """Goes one key on."""
        return Way((*self.steps, (name, key)))


class Walk:
    """Tries every key that comes into sight, each once, by the shortest way to it.

    What a view or a dialog offers is tried there, and so is what that leads to, down to a dialog
    over a dialog.

    Attributes:
        tried: What was come across, by group and action.
        ways: What is still to be tried.
        faults: What an action did that it should not: nothing that can be seen, or an error.
    """

    def __init__(
        self,
        deepest: int = 3,
        unseen: Mapping[str, str] | None = None,
        answers: Mapping[str, str] | None = None,
    ) -> None:
        self.tried: set[str] = set()
        self.ways: list[Way] = [Way()]
        self.faults: list[str] = []
        self._deepest = deepest
        self._unseen = unseen or {}
        self._answers = answers or {}

    async def step(self, pilot: Pilot[Any]) -> None:
        """Goes the next way, from where the walk begins, and looks what is offered at its end."""
        way = self.ways.pop(0)
        app = pilot.app
        assert isinstance(app, Watched)
        app.errors.clear()
        for name, key in way.steps[:-1]:
            # What was there when the way was found may have to be read first.
            await soon(pilot, lambda name=name: name in offered(pilot))  # type: ignore[misc]
            await press(pilot, key)
            await still(pilot)
        if way.steps:
            await self._try(pilot, way)
        await still(pilot)
        self._judge(app, way)
        if len(way.steps) == self._deepest or self._is_elsewhere(pilot):
            return
        # What is offered for as long as something is read may be over the next time.
        await soon(pilot, lambda: is_at_rest(pilot))
        # What the last row of the screen shows comes first.
        for found, active in sorted(
            offered(pilot).items(), key=lambda entry: not entry[1].binding.show
        ):
            if found not in self.tried:
                self.tried.add(found)
                self.ways.append(way.to(found, active.binding.key))

    async def _try(self, pilot: Pilot[Any], way: Way) -> None:
        name, key = way.steps[-1]
        if not await soon(pilot, lambda: name in offered(pilot)):
            self.faults.append(f"{name} is offered no more: {way}")
            return
        before = look(pilot.app)  # type: ignore[arg-type]
        await press(pilot, key)
        patience = STILL if key in OTHER_WAY else SOON
        if name in self._unseen or await changed(pilot, before, patience):
            return
        if key in OTHER_WAY:
            await press(pilot, OTHER_WAY[key])
            before = await still(pilot)
            await press(pilot, key)
            if await changed(pilot, before):
                return
        self.faults.append(f"{name} changes nothing that can be seen: {way}")

    def _judge(self, app: Watched, way: Way) -> None:
        right = [self._answers[where] for where in ("", way.name) if where in self._answers]
        self.faults += [
            f"{way.name} led to {error!r}: {way}"
            for error in app.errors
            if not any(re.search(pattern, error) for pattern in right)
        ]

    def _is_elsewhere(self, pilot: Pilot[Any]) -> bool:
        return False


class PaneWalk(Walk):
    """Stays in one pane, and out of where databases are chosen: these have their own walks."""

    def __init__(self, tab: int, **more: Any) -> None:
        super().__init__(**more)
        self._tab = tab

    def _is_elsewhere(self, pilot: Pilot[Any]) -> bool:
        screen = pilot.app.screen
        if isinstance(screen, Workspace):
            return screen.active != self._tab
        return type(screen).__module__.startswith("console.ui.connect.")


class ConnectWalk(Walk):
    """Stays where databases are chosen, and out of the panes: these have their own walks."""

    def _is_elsewhere(self, pilot: Pilot[Any]) -> bool:
        return isinstance(pilot.app.screen, Workspace)
