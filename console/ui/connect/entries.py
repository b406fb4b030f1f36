"""The list of what can be opened, with a heading over each kind."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import ClassVar

from textual.binding import Binding, BindingType
from textual.content import Content
from textual.message import Message

from console.connection.destination import destination
from console.connection.known import Kind, Known, shown
from console.connection.profile import Environment, Profile
from console.guard import named_to_write
from console.ui.widgets.lines import Lines
from console.visible import visible

_HEADINGS = {
    Kind.PROFILE: "Profiles",
    Kind.SERVICE: "Service file",
    Kind.ENVIRONMENT: "Environment",
    Kind.RECENT: "Lately",
}
_NAME = 20


@dataclass(frozen=True, slots=True)
class Start:
    """A way in that needs nothing to be known yet."""

    action: str
    name: str
    words: str


STARTS = (
    Start("demo", "Try the demo", "its own server and sample data, gone when you leave"),
    Start("url", "Connect to a URL", "postgresql://user@host:5432/database; nothing is saved"),
    Start("supabase", "Supabase project", "by its reference and region"),
    Start("new", "New profile", "host, user, TLS, environment; kept in config.toml"),
)
Entry = Known | Start | str


def where(profile: Profile) -> str:
    """Returns user, host, port and database in the form people write."""
    return str(destination(shown(profile)))


class Entries(Lines):
    """Profiles, service entries, the environment, where one was lately, and ways to begin."""

    BINDING_GROUP_TITLE = "Databases"
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("enter", "choose", "Open"),
        Binding("t", "ask('try')", "Try it"),
        Binding("m", "ask('change')", "Change"),
        Binding("f", "ask('favourite')", "On top or not", show=False),
        Binding("x", "ask('remove')", "Remove"),
    ]

    class Asked(Message):
        """Something is to be done with the entry under the cursor."""

        def __init__(self, what: str, known: Known) -> None:
            super().__init__()
            self.what = what
            self.known = known

    def __init__(self) -> None:
        super().__init__()
        self._entries: list[Entry] = []
        self._where: dict[str, str] = {}

    @property
    def line_count(self) -> int:
        """Headings and entries."""
        return len(self._entries)

    def is_stop(self, index: int) -> bool:
        """The cursor passes over headings."""
        return not isinstance(self._entries[index], str)

    @property
    def current(self) -> Known | Start | None:
        """The entry under the cursor."""
        if 0 <= self.cursor < len(self._entries):
            entry = self._entries[self.cursor]
            return None if isinstance(entry, str) else entry
        return None

    def show(self, known: Sequence[Known], target: str | None = None) -> None:
        """Shows other entries; the cursor goes to a target where there is one."""
        self._entries = []
        # Service files are read for it: not for each line that is painted.
        self._where = {entry.target: where(entry.profile) for entry in known}
        self._add("Favourites", [entry for entry in known if entry.favourite])
        for kind, heading in _HEADINGS.items():
            self._add(heading, [e for e in known if e.kind is kind and not e.favourite])
        self._add("Begin" if known else "", STARTS)
        found = (
            number
            for number, entry in enumerate(self._entries)
            if isinstance(entry, Known) and entry.target == target
        )
        self.renew(cursor=next(found, 0))
        self.screen.refresh_bindings()

    def _add(self, heading: str, entries: Sequence[Known | Start]) -> None:
        if entries and heading:
            self._entries.append(heading)
        self._entries += entries

    def watch_cursor(self, before: int, after: int) -> None:
        """Keys come and go with the kind of entry."""
        super().watch_cursor(before, after)
        self.screen.refresh_bindings()

    def check_action(self, action: str, parameters: tuple[object, ...]) -> bool | None:
        """Offers only what can be done with the entry."""
        if action != "ask":
            return super().check_action(action, parameters)
        entry = self.current
        if not isinstance(entry, Known):
            return False
        match parameters:
            case ("change",):
                return entry.kind is Kind.PROFILE
            case ("remove",):
                return entry.kind in (Kind.PROFILE, Kind.RECENT)
            case ("favourite",):
                return bool(entry.target)
            case _:
                return True

    def action_ask(self, what: str) -> None:
        """Asks the screen to do something with the entry."""
        if isinstance(entry := self.current, Known):
            self.post_message(self.Asked(what, entry))

    def line(self, index: int, width: int) -> Content:
        """Writes a heading, a database or a way to begin."""
        entry = self._entries[index]
        if isinstance(entry, str):
            return Content.styled(f" {entry}", "bold $muted")
        if isinstance(entry, Start):
            return Content.assemble((f"   {entry.name:<{_NAME}} ", "bold"), (entry.words, "$muted"))
        profile = entry.profile
        name = profile.name if entry.kind is not Kind.RECENT else self._where[entry.target]
        environment = profile.environment
        word = "" if environment is Environment.UNKNOWN else environment.upper()
        tint = f"$env-{environment}-text on $env-{environment}" if word else ""
        asks = named_to_write(environment)
        begins = "  asks for write mode" if asks else "  begins in write mode"
        mode = "" if profile.read_only else begins
        place = self._where[entry.target] if entry.kind is not Kind.RECENT else entry.visited[:10]
        return Content.assemble(
            ("★  " if entry.favourite else "   ", "$accent"),
            (f"{visible(name):<{_NAME}} ", "bold"),
            (f" {word} " if word else "", f"bold {tint}"),
            " " * (9 - len(word) if word else 11),
            (visible(place), "$muted"),
            (mode, "$warning"),
        )
