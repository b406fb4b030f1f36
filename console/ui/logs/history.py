"""A timeline that reads on: pages of history at both ends, or anew with another filter."""

from __future__ import annotations

from contextlib import suppress
from dataclasses import dataclass
from typing import Literal

from textual import on, work
from textual.containers import Container
from textual.message import Message
from textual.worker import Worker, WorkerState

from console.errors import ConsoleError
from console.logs.history import HistoryPage
from console.logs.live import Live
from console.logs.source import EntryKey
from console.logs.timeline import Timeline
from console.logs.typed import Typed
from console.ui.connections import Connections
from console.ui.logs.entries import EntryList
from console.ui.logs.reading import HISTORY, read_page, resolve_emails, resolve_filter
from console.ui.logs.row import Look
from console.ui.widgets.caption import Caption

_MARGIN = 60
"""Lines from an end of the window at which the next page is read."""

Side = Literal["older", "younger"]


class History(Container):
    """Holds a list of entries and a caption; its subclass lays them out and draws."""

    @dataclass
    class Page(Message):
        """A page beside the window was read."""

        side: Side
        timeline: Timeline
        point: EntryKey
        page: HistoryPage

    @dataclass
    class Renewed(Message):
        """The newest page, or one around a place, was read into a timeline of its own."""

        timeline: Timeline
        place: EntryKey | None
        typed: str

    @dataclass
    class Named(Message):
        """It was found out who stands behind the ids in the window."""

        emails: dict[str, str]
        step: int

    @dataclass
    class Failed(Message):
        """Something could not be read."""

        error: ConsoleError

    def __init__(self, connections: Connections, live: Live, look: Look) -> None:
        super().__init__()
        self.connections = connections
        self.live = live
        self.look = look
        self.entries = EntryList(look, id="log-entries")
        """The lines."""
        self.trouble: ConsoleError | None = None
        """What went wrong with the last thing that was read here."""
        self.typed = ""
        """The filter, as typed."""
        self.seeking = ""
        """What is searched for beyond the window."""
        self._reading: Worker[None] | None = None

    @property
    def caption(self) -> Caption:
        """The first row."""
        return self.query_one(Caption)

    @property
    def timeline(self) -> Timeline:
        """What is shown."""
        return self.live.timeline

    @property
    def is_reading(self) -> bool:
        """Whether something is read just now."""
        return self._reading is not None

    def draw(self) -> None:
        """Shows how things stand now."""
        raise NotImplementedError

    def seek(self, step: int) -> None:
        """Goes on searching; called when there is more to search in."""
        raise NotImplementedError

    def read_on(self, index: int) -> None:
        """Reads the page beyond an end of the window that the cursor is near to."""
        timeline = self.timeline
        if not timeline.lines or self._reading is not None or self.live.coming is not None:
            return
        if index < _MARGIN and not timeline.at_start and timeline.paused:
            self.begin("reading older entries", self.read("older", timeline))
        elif index > len(timeline.lines) - _MARGIN and not timeline.at_end:
            self.begin("reading newer entries", self.read("younger", timeline))

    def begin(self, doing: str, worker: Worker[None]) -> None:
        """Counts the seconds of something that is read."""
        self.trouble = None
        self._reading = worker
        self.caption.busy(doing)

    @work(exclusive=True, group="log-history")
    async def read(self, side: Side, timeline: Timeline) -> None:
        """Reads the page beside a timeline."""
        point = timeline.lines[0 if side == "older" else -1].key
        try:
            page = await read_page(
                *(self.connections, self.live.sources, point, timeline.where),
                older=side == "older",
            )
        except ConsoleError as error:
            self.post_message(self.Failed(error))
        else:
            self.post_message(self.Page(side, timeline, point, page))

    @on(Page)
    def _page(self, message: Page) -> None:
        timeline = message.timeline
        self._ended()
        older = message.side == "older"
        # Lines that have left meanwhile would be a hole between the page and the window.
        if timeline is self.timeline and timeline.lines[0 if older else -1].key == message.point:
            (timeline.prepend if older else timeline.append)(message.page)
            self.draw()
            if self.seeking and older:
                self.seek(-1)

    @work(exclusive=True, group="log-history")
    async def read_anew(self, typed: str, parsed: Typed | None, place: EntryKey | None) -> None:
        """Makes another timeline ready: it is fed beside the one that is shown."""
        live = self.live
        try:
            where = live.timeline.where
            if parsed is not None:
                where = await resolve_filter(self.connections, parsed)
            timeline = live.coming = live.timeline.narrowed(where)
            older = await read_page(self.connections, live.sources, place, where)
            if place is None:
                timeline.reset(older)
            else:
                point = older.entries[-1].key if older.entries else None
                younger = await read_page(self.connections, live.sources, point, where, older=False)
                timeline.reset_around(older, younger)
        except ConsoleError as error:
            self.post_message(self.Failed(error))
        else:
            self.post_message(self.Renewed(timeline, place, typed))

    def renew(self, place: EntryKey | None = None) -> None:
        """Shows the newest page, or what lies around a place."""
        self.begin("reading entries", self.read_anew(self.typed, None, place))

    @on(Renewed)
    def _renewed(self, message: Renewed) -> None:
        self._ended()
        timeline = self.live.timeline = message.timeline
        self.live.coming = None
        self.typed = message.typed
        if message.place is None:
            timeline.resume()
        self.draw()
        if message.place is not None:
            self.entries.show(timeline.lines, timeline.find(message.place))

    def strangers(self) -> set[str]:
        """Returns the users in the window whose e-mail was not asked for."""
        entries = (line.entry for line in self.timeline.lines)
        users = {entry.user for entry in entries if entry is not None and entry.user is not None}
        return users - self.look.emails.keys()

    @work(exclusive=True, group="log-history")
    async def read_names(self, users: set[str], step: int) -> None:
        """Reads who the users are, for a search that goes on then."""
        emails = dict.fromkeys(users, "")
        # Who may not be named is searched by id.
        with suppress(ConsoleError):
            emails |= await resolve_emails(self.connections, users)
        self.post_message(self.Named(emails, step))

    @on(Named)
    def _named(self, message: Named) -> None:
        self._ended()
        self.look.emails |= message.emails
        if self.seeking:
            self.seek(message.step)

    @on(Failed)
    def _failed(self, message: Failed) -> None:
        self._ended()
        self.seeking, self.live.coming = "", None
        self.trouble = message.error
        self.draw()
        self.screen.refresh_bindings()

    def on_worker_state_changed(self, event: Worker.StateChanged) -> None:
        """Says so when reading was cancelled."""
        if event.state is WorkerState.CANCELLED and event.worker is self._reading:
            self._ended()
            self.seeking, self.live.coming = "", None

    def _ended(self) -> None:
        self._reading = None
        self.caption.rest()
        self.refresh_bindings()

    def stop(self) -> None:
        """Cancels what is read, on the server too."""
        self.seeking = ""
        if self._reading is not None:
            self.run_worker(self.connections.give_up(HISTORY, self._reading), group="stop")
