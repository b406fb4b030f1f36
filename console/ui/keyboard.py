"""Keys in the order they were typed, each heard by what the one before has led to.

A key climbs from what has the focus to the application, which runs the action it is bound to. Over
a slow line the next ones arrive in the same moment: they would overtake it, and end in what was
there before instead of in the dialog that was just asked for.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Awaitable, Callable
from functools import partial
from typing import TYPE_CHECKING

from textual import events
from textual.message import Message

if TYPE_CHECKING:
    from textual.app import App
    from textual.screen import Screen

PATIENCE = 0.5
"""Seconds after which a key waits no longer for the one before it."""

Typed = events.Key | events.Paste


class Followed(Message):
    """Takes the way of a key, behind it: where this arrives, the key has been before.

    Attributes:
        number: Of the key, counted from the first.
    """

    def __init__(self, number: int) -> None:
        super().__init__()
        self.number = number


class Keyboard:
    """Lets one key at a time go on its way; those behind it wait.

    Args:
        app: Whose keys these are.
        send: Sends an event on its way.
    """

    def __init__(self, app: App[None], send: Callable[[events.Event], Awaitable[None]]) -> None:
        self._app = app
        self._send = send
        self._waiting: deque[Typed] = deque()
        self._number = 0
        self._under_way = False
        self._screen: Screen[object] | None = None

    async def hear(self, event: events.Event) -> None:
        """Sends an event on its way; a key waits until the one before has come to its end."""
        if not isinstance(event, Typed) or event.is_forwarded:
            await self._send(event)
        elif not self._under_way:
            await self._go(event)
        else:
            self._waiting.append(event)
            if len(self._waiting) == 1:
                self._be_patient()

    def _be_patient(self) -> None:
        """Gives up on a key that is stuck behind something slow, or whose way has ended."""
        self._app.set_timer(PATIENCE, partial(self.arrived, self._number))

    async def _go(self, typed: Typed) -> None:
        self._number += 1
        self._under_way, self._screen = True, self._app.screen
        target = self._app.focused or self._app.screen
        await self._send(typed)
        if not target.post_message(Followed(self._number)):
            self.arrived(self._number)

    def arrived(self, number: int) -> None:
        """Takes note that a key was heard by all on its way."""
        if number == self._number and self._under_way:
            # Where it has moved the focus, that is still to come: it stands in line already.
            self._app.call_later(self._settle, number)

    def _settle(self, number: int) -> None:
        screen = self._app.screen
        if screen is not self._screen and screen.focused is None:
            # A dialog that has just come gives its field the focus once it is put together.
            self._screen = screen
            screen.call_after_refresh(self._end, number)
        else:
            self._app.call_later(self._end, number)

    async def _end(self, number: int) -> None:
        if number != self._number or not self._under_way:
            return
        self._under_way = False
        if self._waiting:
            await self._go(self._waiting.popleft())
            if self._waiting:
                self._be_patient()
