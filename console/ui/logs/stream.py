"""The live timeline: follow and pause, filter and search, back through history."""

from __future__ import annotations

from typing import ClassVar

from textual import on
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Horizontal
from textual.content import Content
from textual.widgets import Input, Static

from console.errors import ConsoleError
from console.logs.live import Live
from console.logs.source import EntryKey
from console.logs.typed import parse
from console.ui import words
from console.ui.connections import Connections
from console.ui.logs.entries import EntryList
from console.ui.logs.head import Rates, seen_by, standing
from console.ui.logs.history import History
from console.ui.logs.row import Look
from console.ui.widgets.caption import Caption
from console.ui.widgets.field import FilterField, SearchField
from console.ui.widgets.lines import Lines
from console.visible import visible


class StreamView(History):
    """Draws what `Live` knows; reads pages of history when they are wanted."""

    BINDING_GROUP_TITLE = "Timeline"
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("n", "match(-1)", "Match before"),
        Binding("space", "pause", "Pause/follow"),
        Binding("slash", "search", "Search", key_display="/"),
        Binding("f", "filter", "Filter"),
        Binding("N", "match(1)", "Match after", show=False),
        Binding("m", "bookmark", "Set or lift a bookmark", show=False),
        Binding("apostrophe", "jump", "To the bookmark before", key_display="'", show=False),
        Binding("escape", "cancel", "Cancel"),
        Binding("escape", "leave", "Leave"),
    ]

    def __init__(self, connections: Connections, live: Live, look: Look) -> None:
        super().__init__(connections, live, look)
        self.error: ConsoleError | None = None
        """Why nothing new comes; told by the pane."""
        self.bookmarks: dict[tuple[str, str], EntryKey] = {}
        self._sought_from: EntryKey | None = None

    def compose(self) -> ComposeResult:
        """Lays out the rows."""
        yield Caption(id="log-standing")
        yield Rates()
        with Horizontal(id="log-filter-row", classes="log-field"):
            yield Static("filter ")
            yield FilterField(
                placeholder="action=login* user=ada@… resource=… since=-1h source=… words",
                id="log-filter",
            )
        with Horizontal(id="log-search-row", classes="log-field"):
            yield Static("search ")
            yield SearchField(placeholder="stands anywhere in an entry", id="log-search")
        yield self.entries
        yield Static(id="log-empty")
        yield Static(id="log-pill")

    # Drawing

    def draw(self) -> None:
        """Shows how things stand now; called whenever something came, and once a second."""
        entries, timeline = self.entries, self.timeline
        if timeline.paused and entries.key is not None and entries.lines:
            cursor = timeline.find(entries.key)
        else:
            cursor = len(timeline.lines) - 1
        entries.show(timeline.lines, cursor)
        self.tell()

    def tell(self) -> None:
        """Writes everything around the lines."""
        timeline = self.timeline
        today = self.live.now
        if self.look.today is None or self.look.today.date() != today.date():
            self.look.today = today
            self.entries.refresh()
        self.caption.left = standing(self.live, self.error)
        right = seen_by(self.live)
        if self.trouble is not None:
            right = Content.assemble(
                ("✕ ", "bold $error"), visible(self.trouble.message), ("  d detail", "$muted")
            )
        self.caption.right = right
        self.query_one(Rates).show(self.live)
        pill = self.query_one("#log-pill", Static)
        pill.display = timeline.paused or not timeline.at_end
        if pill.display:
            pill.update(self._pill())
        empty = not timeline.lines and bool(self.live.completeness)
        self.query_one("#log-empty").display = empty
        # It keeps its line, and with it the focus and the keys.
        self.entries.set_class(empty, "-empty")
        if empty:
            self.query_one("#log-empty", Static).update(self._nothing())

    def _pill(self) -> Content:
        number = words.count(self.timeline.waiting)
        more = f" +{number} new " if self.timeline.waiting else " paused "
        return Content.assemble((more, "bold $cursor-text on $cursor-cell"), "  G follows ")

    def _nothing(self) -> Content:
        if self.typed:
            text = Content.assemble(("No entry fits the filter. ", "bold"), "f changes it.")
        elif any(source.filtered for source in self.live.sources):
            text = Content.styled("The logs hold nothing that this login may see.", "bold")
        else:
            text = Content.styled("No entries yet. What is written from now on comes up here.", "")
        seen = seen_by(self.live)
        return Content("\n").join([text, Content(""), Content.assemble("Seen: ", seen)])

    # Follow and pause

    def pause(self) -> None:
        """Lets new entries wait."""
        if not self.timeline.paused:
            self.timeline.pause()
            self.tell()

    def follow(self) -> None:
        """Goes to the newest entry and stays there."""
        if self.timeline.resume():
            self.draw()
        else:
            self.renew()

    def action_pause(self) -> None:
        """Pauses, or follows again."""
        if self.timeline.paused:
            self.follow()
        else:
            self.pause()

    @on(Lines.Moved)
    def _moved(self, message: Lines.Moved) -> None:
        last = len(self.timeline.lines) - 1
        if message.index < last:
            self.pause()
        self.read_on(message.index)

    @on(EntryList.Pushed)
    def _pushed(self, message: EntryList.Pushed) -> None:
        message.stop()
        if message.step > 0:
            self.follow()
        else:
            self.pause()
            self.read_on(0)

    def check_action(self, action: str, parameters: tuple[object, ...]) -> bool | None:
        """Offers only what applies now."""
        typing = isinstance(self.screen.focused, Input)
        match action:
            case "cancel":
                return self.is_reading
            case "leave":
                return typing or bool(self.look.needle)
            case "match":
                return bool(self.look.needle) and not typing
            case "bookmark":
                return not typing and self.entries.entry is not None
            case _:
                return not typing

    def action_cancel(self) -> None:
        """Cancels what is read."""
        self.stop()

    def action_leave(self) -> None:
        """Leaves a field; forgets what was searched for."""
        if isinstance(self.screen.focused, Input):
            self.query_one("#log-filter", Input).value = self.typed
            self._leave_field()
        else:
            self.look.needle = ""
            self.query_one("#log-search-row").display = False
            self.entries.refresh()
            self.refresh_bindings()

    def _leave_field(self) -> None:
        self.query_one("#log-filter-row").display = bool(self.typed)
        self.query_one("#log-search-row").display = bool(self.look.needle)
        self.screen.set_focus(self.entries)

    # Filter

    def action_filter(self) -> None:
        """Goes to the filter."""
        self._open_field("#log-filter", self.typed)

    @on(Input.Submitted, "#log-filter")
    def _filter(self, event: Input.Submitted) -> None:
        event.stop()
        self.narrow(event.value.strip())

    def narrow(self, text: str) -> None:
        """Shows only the entries that fit a filter, as typed."""
        try:
            parsed = parse(text)
        except ConsoleError as error:
            self.trouble = error
            self.tell()
            return
        self.query_one("#log-filter", Input).value = text
        self.begin("filtering", self.read_anew(text, parsed, None))
        self.query_one("#log-filter-row").display = bool(text)
        self.screen.set_focus(self.entries)

    # Search

    def action_search(self) -> None:
        """Goes to the search."""
        self._open_field("#log-search", self.look.needle)

    def _open_field(self, selector: str, value: str) -> None:
        field = self.query_one(selector, Input)
        field.value, field.cursor_position = value, len(value)
        self.query_one(f"{selector}-row").display = True
        self.screen.set_focus(field)

    @on(Input.Submitted, "#log-search")
    def _search(self, event: Input.Submitted) -> None:
        event.stop()
        self.look.needle = event.value
        self._leave_field()
        self.entries.refresh()
        if event.value:
            self.action_match(-1)

    def action_match(self, step: int) -> None:
        """Goes to the next match, and before the window's beginning reads on for it."""
        self.seeking = self.look.needle
        if self.seeking:
            self.pause()
            self._sought_from = self.entries.key
            self.seek(step)

    def seek(self, step: int) -> None:
        """Goes to the next match in a direction, reading on where there is none."""
        entries, timeline, emails = self.entries, self.timeline, self.look.emails
        if not self.is_reading and (strangers := self.strangers()):
            self.begin("reading who the users are", self.read_names(strangers, step))
            return
        found = timeline.search(self.seeking, entries.cursor, forward=step > 0, emails=emails)
        if found is not None:
            self.seeking = ""
            entries.cursor = found
        elif step < 0 and not timeline.at_start and not self.is_reading:
            entries.cursor = 0
            self.begin("searching older entries", self.read("older", timeline))
        else:
            self.seeking = ""
            way = "before" if step < 0 else "after"
            self.notify(f"no match {way} this", timeout=2, markup=False)
            if self._sought_from is not None and self._sought_from != self.entries.key:
                # What was read on for nothing must not be what one is left with.
                self.go_to(self._sought_from)

    # Bookmarks

    def action_bookmark(self) -> None:
        """Sets a bookmark on the entry, or lifts it."""
        entry = self.entries.entry
        if entry is not None:
            name = (entry.source, entry.id)
            if self.bookmarks.pop(name, None) is None:
                self.bookmarks[name] = entry.key
            self.look.marked = self.bookmarks.keys()
            self.entries.refresh()

    def action_jump(self) -> None:
        """Goes to the bookmark before the cursor, from the first one to the last."""
        if not self.bookmarks:
            self.notify("m sets a bookmark", timeout=2, markup=False)
            return
        here = self.entries.key
        keys = sorted(self.bookmarks.values())
        before = [key for key in keys if here is None or key < here]
        self.pause()
        self.go_to(before[-1] if before else keys[-1])

    def go_to(self, key: EntryKey) -> None:
        """Puts the cursor on a place, reading the entries around it where that is needed."""
        place = self.timeline.find(key)
        lines = self.timeline.lines
        if place < len(lines) and lines[place].key == key:
            self.entries.cursor = place
        else:
            self.renew(key)
