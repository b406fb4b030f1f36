"""Entries without a time, or with one outside of the calendar: they have no place in time."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from textual import on, work
from textual.app import ComposeResult
from textual.containers import Container
from textual.content import Content
from textual.message import Message
from textual.widgets import Static

from console.errors import ConsoleError
from console.logs.live import Live
from console.logs.timeline import Line
from console.ui import words
from console.ui.connections import Connections
from console.ui.logs.entries import EntryList
from console.ui.logs.reading import HISTORY, PAGE
from console.ui.logs.row import Look
from console.ui.trouble import trouble
from console.ui.widgets.caption import Caption

if TYPE_CHECKING:
    from console.logs.source import LogEntry


class UndatedView(Container):
    """The first of them of each log, in the order of their ids."""

    @dataclass
    class Read(Message):
        """They were read."""

        entries: list[LogEntry]
        more: bool

    @dataclass
    class Failed(Message):
        """They could not be."""

        error: ConsoleError

    def __init__(self, connections: Connections, live: Live, look: Look) -> None:
        super().__init__()
        self.connections = connections
        self.live = live
        self.look = look
        self.error: ConsoleError | None = None
        self.entries = EntryList(look)
        """The entries."""

    def compose(self) -> ComposeResult:
        """Lays out caption and entries."""
        yield Caption()
        yield self.entries
        yield Static(classes="log-words")

    def open(self) -> None:
        """Reads them and takes the focus."""
        self.screen.set_focus(self.entries)
        self.query_one(Caption).busy("reading entries without a time")
        self._read()

    @work(exclusive=True, group="log-undated")
    async def _read(self) -> None:
        from console.logs.history import read_undated

        entries: list[LogEntry] = []
        more = False
        try:
            session = await self.connections.open(HISTORY)
            async with session.transaction(search_path="", lock_timeout=2) as tx:
                for source in self.live.sources:
                    page = await read_undated(tx, source, limit=PAGE)
                    entries += page.entries
                    more = more or page.more
        except ConsoleError as error:
            self.post_message(self.Failed(error))
        else:
            self.post_message(self.Read(entries, more))

    @on(Read)
    def _show(self, message: Read) -> None:
        self.error = None
        caption = self.query_one(Caption)
        caption.rest()
        number = words.plural(len(message.entries), "entry", "entries")
        first = "the first " if message.more else ""
        caption.left = Content.assemble(("Without a time", "bold"), f"  {first}{number}")
        caption.right = Content.styled(words.clock(), "$muted")
        self._say("" if message.entries else "Every entry has a time.")
        self.entries.show([Line(entry.key, entry) for entry in message.entries], 0)

    @on(Failed)
    def _failed(self, message: Failed) -> None:
        self.error = message.error
        self.query_one(Caption).rest()
        self._say(trouble(message.error, ("d", "detail")))

    def _say(self, text: str | Content) -> None:
        said = self.query_one(".log-words", Static)
        said.display = bool(text)
        said.update(text)
        self.entries.set_class(bool(text), "-empty")
        self.refresh_bindings()
