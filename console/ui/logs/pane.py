"""Tab 6: the audit and transparency logs, live."""

from __future__ import annotations

import asyncio
import contextlib
from dataclasses import dataclass
from pathlib import Path
from time import monotonic
from typing import TYPE_CHECKING, ClassVar

from textual import on, work
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Container
from textual.message import Message
from textual.widgets import Input
from textual.worker import Worker

from console.errors import ConsoleError, UsageError
from console.logs.live import FIRST
from console.logs.poll import Mark
from console.logs.source import LogEntry
from console.logs.standing import describe_gap
from console.logs.tail import Polled, TailEvent
from console.logs.typed import written
from console.logs.violations import ACTION, Violation
from console.logs.written import write_file
from console.ui import words
from console.ui.connections import TAIL, Connections
from console.ui.logs.entries import EntryList
from console.ui.logs.going import Going
from console.ui.logs.reading import resolve_emails
from console.ui.logs.stream import StreamView
from console.ui.logs.transparency import TransparencyView
from console.ui.logs.undated import UndatedView
from console.ui.logs.violations import ViolationList, ViolationsView
from console.ui.places import Place
from console.ui.widgets.lines import Lines
from console.visible import visible

if TYPE_CHECKING:
    from console.logs.highlight import Rule

_PACE = 0.1
"""Seconds between two looks at what has come."""

_CLOCK = 1.0
"""Seconds between two paints when nothing comes: rates fall, the bound goes on."""


class LogsPane(Going):
    """Follows the logs from when it is first shown; three views of them."""

    BINDING_GROUP_TITLE = "Logs"
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("w", "why", "Why"),
        Binding("t", "visit", "Row in Tables"),
        Binding("i", "adopt", "Look as the user"),
        Binding("v", "violations", "Violations"),
        Binding("p", "transparency", "Privacy log of the user"),
        Binding("u", "undated", "Entries without a time", show=False),
        Binding("e", "export", "Export what is shown", show=False),
        Binding("y", "copy", "Copy the entry as JSON", show=False),
        Binding("r", "again", "Read again", show=False),
        Binding("d", "detail", "Detail of the error", show=False),
        Binding("escape,q", "back", "Back to the timeline", show=False),
    ]

    @dataclass
    class Ended(Message):
        """The tail has ended for good: trying again needs a person."""

        error: ConsoleError

    def __init__(self, connections: Connections) -> None:
        super().__init__(connections)
        self.error: ConsoleError | None = None
        self._inbox: list[TailEvent] = []
        self._following: Worker[None] | None = None
        self._told = 0.0
        self._was_online = False
        self._offered: tuple[object, ...] = ()
        # Held, not looked for: what is under way asks for them while the pane is taken away.
        self.stream = StreamView(connections, self.live, self.look)
        """The timeline."""
        self.violations = ViolationsView(connections, self.live, self.look)
        """The groups of stopped attempts."""
        self.transparency = TransparencyView(connections, self.live, self.look)
        """One user's part of the transparency log."""
        self.undated = UndatedView(connections, self.live, self.look)
        """Entries without a time."""

    def compose(self) -> ComposeResult:
        """Lays out the views; one is shown."""
        yield self.stream
        yield self.violations
        yield self.transparency
        yield self.undated

    def _rules(self) -> tuple[Rule, ...]:
        from console.connection.config import section
        from console.logs.highlight import USUAL, read_rules

        try:
            return read_rules(section("logs"))
        except UsageError as error:
            self.post_message(self.Refused(error))
            return USUAL

    def on_mount(self) -> None:
        """Shows the timeline, and looks at what has come ten times a second."""
        self.look.rules = self._rules()
        self._show(self.stream)
        self.set_interval(_PACE, self._drain)

    def open(self, place: Place | None = None) -> None:
        """Takes the focus to the view that is shown; begins to follow."""
        if self._following is None:
            self._follow_again()
        if self.violations.display:
            self.screen.set_focus(self.violations.list)
        else:
            self.screen.set_focus(self.entries)

    @property
    def entries(self) -> EntryList:
        """The entries of the view that is shown."""
        for view in (self.transparency, self.undated):
            if view.display:
                return view.entries
        return self.stream.entries

    @property
    def group(self) -> Violation | None:
        """The group of stopped attempts under the cursor, where groups are shown."""
        return self.violations.list.current if self.violations.display else None

    def _show(self, view: Container) -> None:
        for one in (self.stream, self.violations, self.transparency, self.undated):
            one.display = one is view
        self.refresh_bindings()

    # Following

    def _follow_again(self) -> None:
        self.error = self.stream.error = None
        self._following = self._follow()

    @work(exclusive=True, group="log-tail")
    async def _follow(self) -> None:
        from console.logs.tail import Tail

        try:
            session = await self.connections.open(TAIL)
            async for event in Tail(session).follow(first=FIRST):
                self._inbox.append(event)
        except ConsoleError as error:
            self.post_message(self.Ended(error))

    @on(Ended)
    def _ended(self, message: Ended) -> None:
        self.error = self.stream.error = message.error
        self.stream.tell()
        self.refresh_bindings()

    def watch_status(self) -> None:
        """Follows again once there is a connection again, where the tail had given up."""
        back = self.online and not self._was_online
        self._was_online = self.online
        if back and self.error is not None and self.is_mounted:
            self._follow_again()
        super().watch_status()

    def _drain(self) -> None:
        if not self.is_attached:  # it is taken away
            return
        events, self._inbox = self._inbox, []
        news = False
        for event in events:
            self.live.take(event)
            news = news or not isinstance(event, Polled) or bool(event.sightings)
        if self.live.stale and not self.stream.is_reading:
            self.live.stale = False
            self.stream.renew()
        if not self.display:
            return
        self._offer()
        if not self.stream.display:
            return
        now = monotonic()
        if news:
            self.stream.draw()
        elif now - self._told >= _CLOCK:
            self._told = now
            self.stream.tell()
        self._find_emails()

    @on(Lines.Moved)
    def _offer(self) -> None:
        """Lets the footer name the ways on from the entry that is under the cursor now."""
        offered = tuple(self.check_action(way, ()) for way in ("adopt", "visit", "why"))
        if offered != self._offered:
            self._offered = offered
            self.refresh_bindings()

    def _find_emails(self) -> None:
        if self.look.unknown and self.online:
            users = set(self.look.unknown)
            self.look.unknown.clear()
            # Known as itself until the answer comes: asked once.
            self.look.emails.update((user, "") for user in users)
            self._read_emails(users)

    @work(group="log-emails")
    async def _read_emails(self, users: set[str]) -> None:
        # A name is a comfort; without it the id is shown.
        with contextlib.suppress(ConsoleError):
            self.look.emails.update(await resolve_emails(self.connections, users))
            self.call_later(self.entries.refresh)

    def check_action(self, action: str, parameters: tuple[object, ...]) -> bool | None:
        """Offers only what applies now."""
        typing = isinstance(self.screen.focused, Input)
        match action:
            case "adopt":
                return not typing and self.user is not None
            case "visit":
                return not typing and self.resource[0] is not None
            case "why":
                stopped = self.group is not None or self.command is not None
                return not typing and stopped and None not in (self.user, self.resource[0])
            case "violations":
                return not self.violations.display
            case "copy":
                return not typing and not self.violations.display and bool(self.entries.entry)
            case "again":
                return self.stream.display and (self.online or self.error is not None)
            case "detail":
                return self._trouble() is not None
            case "back":
                return not self.stream.display and not typing
            case "export":
                return bool(self.stream.display and self.live.timeline.lines)
            case _:
                return True

    # Keys

    @on(Lines.Chosen)
    def _chosen(self, message: Lines.Chosen) -> None:
        message.stop()
        if isinstance(message.lines, ViolationList):
            self._show_attempts()
        elif isinstance(message.lines, EntryList) and message.lines.current is not None:
            line = message.lines.current
            if line.entry is not None:
                self.read_whole_row(line)
            else:
                told = line.note or (describe_gap(line.gap) if line.gap else "")
                self.notify(visible(told), timeout=10, markup=False)

    def _show_attempts(self) -> None:
        group = self.violations.list.current
        if group is not None:
            terms = [f"action={ACTION}"]
            terms += [f"resource={written(group.table)}"] if group.table else []
            terms += [f"user={written(group.user)}"] if group.user else []
            self.action_back()
            self.stream.narrow(" ".join(terms))

    def action_violations(self) -> None:
        """Shows what row-level security stopped."""
        self._show(self.violations)
        self.violations.open()

    def action_transparency(self) -> None:
        """Shows what the entry's user, or the lens, sees of the transparency log."""
        user = None if self.transparency.display else self.user
        self._show(self.transparency)
        self.transparency.open(self.status.lens, user)

    def action_undated(self) -> None:
        """Shows the entries that have no place in the timeline."""
        self._show(self.undated)
        self.undated.open()

    def action_back(self) -> None:
        """Goes back to the timeline."""
        self._show(self.stream)
        self.screen.set_focus(self.stream.entries)
        self.stream.draw()

    def action_again(self) -> None:
        """Reads the newest entries again; follows again where the tail has ended."""
        if self.error is not None:
            self._follow_again()
        else:
            self.stream.renew()

    def _trouble(self) -> ConsoleError | None:
        for view in (self.violations, self.transparency, self.undated):
            if view.display:
                return view.error
        return self.stream.trouble or self.error

    def action_detail(self) -> None:
        """Shows what the server said."""
        from console.ui.dialogs import ErrorDetail

        error = self._trouble()
        if error is not None:
            self.app.push_screen(ErrorDetail(error))

    def action_export(self) -> None:
        """Writes the entries of the window to a file."""
        from console.ui.logs.saving import SaveAs

        entries = [(line.entry, line.mark) for line in self.live.timeline.lines if line.entry]

        def save(path: Path | None) -> None:
            if path is not None:
                self._save(path, entries)

        number = words.plural(len(entries), "entry", "entries")
        what = f"{number} of the window, one JSON object a line; a name that ends in .csv: CSV"
        self.app.push_screen(SaveAs(what, f"logs-{self.live.now:%Y%m%d-%H%M%S}.jsonl"), save)

    @work(exclusive=True, group="log-export")
    async def _save(self, path: Path, entries: list[tuple[LogEntry, Mark]]) -> None:
        try:
            number = await asyncio.to_thread(write_file, path, entries)
        except ConsoleError as error:
            self.post_message(self.Refused(error))
        else:
            told = f"{words.plural(number, 'entry', 'entries')} written to {visible(str(path))}"
            self.notify(told, markup=False)
