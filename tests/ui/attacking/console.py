"""A console to be attacked: its fields, the ways about in it, and what must never happen."""

from __future__ import annotations

import asyncio
import re
from collections.abc import Awaitable, Callable, Iterable
from contextlib import AbstractAsyncContextManager
from dataclasses import dataclass
from functools import partial
from typing import Any

from textual.pilot import Pilot
from textual.screen import Screen
from textual.widgets import Input, TextArea

from console.access.persona import of_role
from console.ui.access.pane import AccessPane
from console.ui.access.view import View
from console.ui.app import RowsightApp
from console.ui.connect.screen import ConnectScreen
from console.ui.connections import ACTING, PREVIEW
from console.ui.pane import Pane
from console.ui.places import Place as Target
from console.ui.places import TablePlace, WhyPlace
from console.ui.tables.pane import TablesPane
from console.ui.workspace import Workspace
from tests.access.attacks import ENDLESS
from tests.access.scene import EVE, Witness
from tests.ui.attacking import fields
from tests.ui.screen import text

TABLES, ACCESS, MIGRATION, HEALTH, RETENTION, LOGS, CONNECT, NOWHERE = range(8)
STANDING = {"connect", "log-tail", "pulse"}
"""What runs for as long as there is a console, or a pane."""
PREY = TablePlace("public.prey")
ROW = WhyPlace("public.prey", (("id", "1"),))
"""Of the traps' database: a table, and a row of it."""

Typed = Input | TextArea
Reach = Callable[[Pilot[Any]], Awaitable[None]]
Shape = Callable[[str], Iterable[str]]


@dataclass(frozen=True)
class Place:
    """Where something can be typed.

    Attributes:
        reach: Gives the field the focus, from where its tab or the connect screen begins.
        field: The field, as `fields.fields` names it.
        way: Who makes its maker, as `fields.ways` says; nothing where that is made by its name.
        tab: Where it begins.
        keys: What sends what was typed.
        shape: What is typed for an attack.
        profile: Which of the profiles the console is opened with.
        lens: Whether it is looked as somebody.
        own: What is an attack here alone.
        answers: Attacks that must be answered here, and words of the answer.
    """

    reach: Reach
    field: str
    way: str
    tab: int
    keys: tuple[str, ...] = ("enter",)
    shape: Shape = lambda attack: (attack,)
    profile: str = "reading"
    lens: bool = False
    own: tuple[str, ...] = ()
    answers: tuple[tuple[str, str], ...] = ()

    @property
    def name(self) -> str:
        """What it is called."""
        return self.reach.__name__

    @property
    def maker(self) -> str:
        """Who makes the field."""
        return re.split("[#:]", self.field)[0]

    async def open(self, pilot: Pilot[Any]) -> Typed:
        """Goes there, and returns the field with the focus."""
        await home(pilot, self.tab, lens=self.lens)
        await self.reach(pilot)
        await come(pilot, lambda: self.field_of(pilot))
        field = self.field_of(pilot)
        assert field is not None
        return field

    def field_of(self, pilot: Pilot[Any]) -> Typed | None:
        """Returns the field, if it has the focus."""
        field = pilot.app.focused
        if not isinstance(field, Input | TextArea):
            return None
        kinds = [kind for node in field.ancestors_with_self for kind in type(node).__mro__]
        return field if self.maker in map(fields.named, kinds) else None


PLACES: list[Place] = []


def place(field: str, way: str, tab: int, **how: Any) -> Callable[[Reach], Reach]:
    """Enters the way to a field into the list."""

    def enter(reach: Reach) -> Reach:
        PLACES.append(Place(reach, field, way, tab, **how))
        return reach

    return enter


@dataclass
class Console:
    """A console under attack.

    Attributes:
        broken: What got out of its role or transaction, as the console noticed it.
        typed: How often something was typed.
    """

    pilot: Pilot[Any]
    witness: Witness
    broken: list[str]
    typed: int = 0
    last: Place | None = None

    async def type(self, place: Place, words: str, attack: str) -> bool:
        """Types something at a place, sends it, and looks what came of it.

        Returns:
            Whether it broke containment, and that was told.
        """
        field = place.field_of(self.pilot) if place is self.last else None
        field = field or await place.open(self.pilot)
        self.last = place
        self.broken.clear()
        put(field, words)
        await handled(self.pilot)  # until then there is nothing to run
        self.typed += 1
        for key in place.keys:
            await press(self.pilot, key)
            await self.settle(endless=attack in ENDLESS)
        return await self.told(f"{place.name}: {words!r}")

    async def told(self, what: str) -> bool:
        """Tells whether containment broke; asserts that the screen says so, and is a screen."""
        app = self.pilot.app
        assert app.return_code is None, what
        if self.broken:
            await come(self.pilot, lambda: "withheld" in text(app).lower())
        assert not {"\x1b", "\x07"} & {*text(app)}, what
        return bool(self.broken)

    async def settle(self, *, endless: bool = False) -> None:
        """Waits until it is done; gives up what runs for ever, as a person would."""
        if endless and not await self.rests_soon():
            await press(self.pilot, "escape")
            await at_rest(self.pilot)
            await come(self.pilot, lambda: not self.runs_on())
        await at_rest(self.pilot)

    async def rests_soon(self) -> bool:
        """Tells whether what was asked comes within a second."""
        for _ in range(20):
            if is_at_rest(self.pilot):
                return True
            await asyncio.sleep(0.05)
        return False

    def runs_on(self) -> bool:
        """Tells whether the server works at something that takes long."""
        query = """
            select count(*) from pg_stat_activity
            where datname = current_database() and application_name like 'rowsight%'
              and state = 'active' and clock_timestamp() - query_start > interval '1 s'
        """
        return self.witness.admin.execute(query).fetchone() != (0,)

    async def leave(self) -> None:
        """Ends the console, after a look whether any of its sessions stands for somebody."""
        connections = workspace(self.pilot).connections
        for purpose in (PREVIEW, ACTING):
            if connections.at_hand(purpose) is not None:
                async with (await connections.preview(purpose)).impersonate(of_role("anon")) as tx:
                    found = await tx.texts("select current_user, session_user")
                assert found.rows == [("anon", "postgres")]
        await workspace(self.pilot).leave()


Attacked = Callable[[str, int], AbstractAsyncContextManager[Console]]
"""Opens a console with one of the profiles, on a tab."""


def put(field: Typed, words: str) -> None:
    """Puts words into a field, in the place of what stands there."""
    if isinstance(field, Input):
        field.value = words
        field.cursor_position = len(words)
    else:
        field.text = words


def workspace(pilot: Pilot[Any]) -> Workspace:
    """The screen with the panes, whatever stands over it."""
    assert isinstance(pilot.app, RowsightApp)
    return pilot.app._workspace


# Waiting and going about


async def come(pilot: Pilot[Any], condition: Callable[[], object]) -> None:
    """Waits until a condition holds, as `until`, but leaves the app more of the time."""
    for _ in range(2000):
        if condition():
            return
        await asyncio.sleep(0.01)
    raise AssertionError(f"never came: {condition}\n{text(pilot.app)}")


async def handled(pilot: Pilot[Any]) -> None:
    """Waits until every widget has done what it was told, and what that told others.

    `pilot.pause` waits besides until the processor is idle: with so many keys, most of the time.
    """
    for _ in range(3):
        await asyncio.sleep(0)
        await pilot._wait_for_screen()


async def press(pilot: Pilot[Any], *keys: str) -> None:
    """Presses keys, each once the one before was heard."""
    for key in keys:
        pilot.app.simulate_key(key)
        await handled(pilot)


def is_at_rest(pilot: Pilot[Any]) -> bool:
    """Tells whether everything that was asked has come."""
    return not any(w.is_running for w in pilot.app.workers if w.group not in STANDING)


async def at_rest(pilot: Pilot[Any]) -> None:
    """Waits until everything that was asked has come, and is shown."""
    await handled(pilot)
    while not is_at_rest(pilot):
        await come(pilot, partial(is_at_rest, pilot))
        await handled(pilot)


async def home(pilot: Pilot[Any], tab: int, *, lens: bool) -> None:
    """Goes to where a way begins, with the lens on or off."""
    if tab == NOWHERE:
        return
    begins: type[Screen[Any]] = ConnectScreen if tab == CONNECT else Workspace
    for _ in range(12):
        if isinstance(pilot.app.screen, begins):
            break
        chosen = tab == CONNECT and isinstance(pilot.app.screen, Workspace)
        await press(pilot, "escape", *"C" * chosen)
    assert isinstance(pilot.app.screen, begins), pilot.app.screen
    if tab == CONNECT:
        return
    here = workspace(pilot)
    await come(pilot, lambda: here.status.server is not None)
    here.action_show(tab)
    await come(pilot, lambda: any(pane.is_mounted for pane in here.query(f"#pane-{tab}")))
    here.action_adopt(EVE if lens else None)
    here.query_one(f"#pane-{tab}", Pane).open()
    await at_rest(pilot)


async def go(pilot: Pilot[Any], target: Target) -> None:
    """Goes to a place as another pane would send a person there."""
    workspace(pilot).query(Pane).first().post_message(Pane.Visit(target))
    await at_rest(pilot)


async def rows(pilot: Pilot[Any], table: TablePlace = PREY) -> TablesPane:
    """Shows the rows of a table, all of them and with nothing over them."""
    pane = workspace(pilot).query_one(TablesPane)
    await pane.contents.close_views(pane.contents.bottom)
    pane.rows.only = False
    await go(pilot, table)
    await come(pilot, lambda: pane.rows.opened is not None)
    await at_rest(pilot)
    pane.rows.take_focus()
    await handled(pilot)
    return pane


async def view(pilot: Pilot[Any], name: str) -> View:
    """Shows a view of the access pane."""
    pane = workspace(pilot).query_one(AccessPane)
    await pane.action_view(name)
    await at_rest(pilot)
    return pane.query_one(f"#access-{name}", View)
