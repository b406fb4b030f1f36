"""What an entry speaks of, and the ways on from it."""

from __future__ import annotations

import contextlib
from dataclasses import dataclass
from typing import TYPE_CHECKING

from textual import on, work
from textual.message import Message

from console.errors import ConsoleError
from console.logs.live import Live
from console.logs.timeline import Line
from console.logs.violations import Violation, attempt_of
from console.logs.written import entry_json
from console.ui.clipboard import copy
from console.ui.connections import Connections
from console.ui.logs.entries import EntryList
from console.ui.logs.reading import HISTORY, Found, find_row, read_whole
from console.ui.logs.row import Look
from console.ui.pane import Pane
from console.ui.places import TablePlace, WhyPlace
from console.visible import json_text, visible

if TYPE_CHECKING:
    from console.access.persona import Persona
    from console.access.rules import Command


class Going(Pane):
    """A pane with entries, or groups of them, that lead elsewhere."""

    @dataclass
    class Whole(Message):
        """The row of an entry was read, or is gone."""

        line: Line
        row: dict[str, str | None] | None

    @dataclass
    class Resolved(Message):
        """Who and what an entry speaks of was found."""

        what: str
        persona: Persona | None
        found: Found | None
        command: Command | None

    @dataclass
    class Refused(Message):
        """Something that was asked for can't be done."""

        error: ConsoleError

    def __init__(self, connections: Connections) -> None:
        super().__init__(connections)
        self.live = Live()
        self.look = Look()

    @property
    def entries(self) -> EntryList:
        """The entries of the view that is shown."""
        raise NotImplementedError

    @property
    def group(self) -> Violation | None:
        """The group of stopped attempts under the cursor, where groups are shown."""
        raise NotImplementedError

    @property
    def user(self) -> str | None:
        """Whom it speaks of, by id."""
        if self.group is not None:
            return self.group.user
        entry = self.entries.entry
        return attempt_of(entry)[0] if entry else None

    @property
    def resource(self) -> tuple[str | None, str | None]:
        """What it speaks of: a table and a row, as far as they are named."""
        if self.group is not None:
            return (self.group.table, None)
        entry = self.entries.entry
        return (entry.resource, entry.resource_id) if entry else (None, None)

    @property
    def command(self) -> Command | None:
        """What was attempted, where it was stopped."""
        from console.access.rules import Command

        entry = self.entries.entry
        names = self.group.operations if self.group else (attempt_of(entry)[1],) if entry else ()
        known = {str(command): command for command in Command}
        return next((known[name.lower()] for name in names if name.lower() in known), None)

    def action_adopt(self) -> None:
        """Looks through the eyes of the entry's user."""
        self._resolve("adopt", self.user, (None, None))

    def action_visit(self) -> None:
        """Opens the row that the entry speaks of."""
        self._resolve("visit", None, self.resource)

    def action_why(self) -> None:
        """Asks why the user can or can't do that; without a row, shows the table as the user."""
        self._resolve("why", self.user, self.resource, self.command)

    @work(exclusive=True, group="log-going")
    async def _resolve(
        self,
        what: str,
        user: str | None,
        resource: tuple[str | None, str | None],
        command: Command | None = None,
    ) -> None:
        from console.access.people import resolve

        persona = found = None
        try:
            if user is not None:
                persona = await resolve(await self.connections.open(HISTORY), user)
            if resource[0] is not None:
                found = await find_row(self.connections, resource[0], resource[1])
        except ConsoleError as error:
            self.post_message(self.Refused(error))
        else:
            self.post_message(self.Resolved(what, persona, found, command))

    @on(Resolved)
    def _go(self, message: Resolved) -> None:
        persona, found = message.persona, message.found
        if message.what == "adopt":
            self.post_message(self.Adopt(persona))
            self.notify(f"looking as {visible(str(persona))}", timeout=3, markup=False)
        elif found is not None and message.what == "why" and found.key is not None:
            place = WhyPlace(found.identity, (found.key,), persona, message.command)
            self.post_message(self.Visit(place))
        elif found is not None:
            if persona is not None:
                self.post_message(self.Adopt(persona))
            self.post_message(self.Visit(TablePlace(found.identity, found.where)))

    @on(Refused)
    def _refused(self, message: Refused) -> None:
        words = ": ".join(filter(None, (message.error.message, message.error.hint)))
        self.notify(visible(words), severity="warning", markup=False)

    @work(exclusive=True, group="log-whole")
    async def read_whole_row(self, line: Line) -> None:
        """Reads the row of a line and shows it."""
        entry = line.entry
        assert entry is not None
        row = None
        with contextlib.suppress(ConsoleError):
            source = next(one for one in self.live.sources if one.name == entry.source)
            row = await read_whole(self.connections, source, entry)
        self.post_message(self.Whole(line, row))

    @on(Whole)
    def _whole(self, message: Whole) -> None:
        from console.ui.logs.detail import EntryDetail

        def go(what: str | None) -> None:
            if what is not None and self.check_action(what, ()):
                getattr(self, f"action_{what}")()

        self.app.push_screen(EntryDetail(message.line, message.row, self.look), go)

    def action_copy(self) -> None:
        """Copies the entry as one JSON object."""
        line = self.entries.current
        if line is not None and line.entry is not None:
            copy(self.app, json_text(entry_json(line.entry, line.mark)), "Entry")
