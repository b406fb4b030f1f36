"""The first two rows of the screen: where you are, and the tabs."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from functools import partial

from textual import events
from textual.content import Content
from textual.geometry import Offset
from textual.message import Message
from textual.reactive import reactive
from textual.timer import Timer
from textual.widget import Widget

from console.connection.profile import Environment
from console.ui import words
from console.ui.status import Link, Status
from console.visible import visible

_LINK_STYLE = {
    Link.CONNECTING: "$warning",
    Link.CONNECTED: "$success",
    Link.FAILED: "$error bold",
    Link.RECONNECTING: "$warning bold",
    Link.LOST: "$error bold",
}


class Header(Widget):
    """One row: environment, target, mode, persona; at the right version and connection."""

    status: reactive[Status | None] = reactive(None)
    _countdown: Timer | None = None

    def watch_status(self, status: Status | None) -> None:
        """Tints the row by the environment; counts down to the next attempt."""
        if status is not None:
            for environment in Environment:
                self.set_class(status.profile.environment is environment, f"-{environment}")
        if self._countdown is not None:
            self._countdown.stop()
            self._countdown = None
        if status is not None and status.retry_at is not None:
            self._countdown = self.set_interval(0.5, self.refresh)

    def render(self) -> Content:
        """Lays the row out; what matters least goes first where cells are few."""
        status = self.status
        if status is None:
            return Content("")
        environment = status.profile.environment
        word = "DATABASE" if environment is Environment.UNKNOWN else environment.upper()
        mode = ("WRITE", "bold $env-prod-text on $env-prod")
        left = [
            Content.styled(f" {word} ", f"bold $env-{environment}-text on $env-{environment}"),
            Content.styled(visible(status.target), "bold"),
            Content.assemble(" ", mode, " ") if status.write_mode else Content("READ-ONLY"),
        ]
        if status.lens:
            left.append(Content.assemble("as ", (visible(str(status.lens)), "bold")))
        right = self._state(status)
        if status.lens and self._width(left, [right]) > self.size.width:
            left[-1] = Content.assemble("as ", (visible(status.lens.label), "bold"))
        notes = self._notes(status)
        while notes and self._width(left, [*notes, right]) > self.size.width:
            notes.pop()
        right_side = Content("  ").join([*notes, right])
        left_side = (
            Content("  ")
            .join(left)
            .truncate(max(0, self.size.width - right_side.cell_length - 2), ellipsis=True)
        )
        gap = max(1, self.size.width - left_side.cell_length - right_side.cell_length - 1)
        return Content.assemble(left_side, " " * gap, right_side, " ")

    def _width(self, left: list[Content], right: list[Content]) -> int:
        return sum(part.cell_length + 2 for part in [*left, *right])

    def _notes(self, status: Status) -> list[Content]:
        """What kind of connection this is: what is out of the ordinary first, then the rest."""
        server = status.server
        if server is None:
            return []
        local = server.host.startswith("/")
        said = [
            (status.in_transaction, "IN TRANSACTION", ""),
            (server.standby, "STANDBY", "primary"),
            (server.pooled, "POOLED", "direct"),
            (not server.tls and not local, "no TLS", "" if local else "TLS"),
            (server.superuser, "superuser", ""),
            (server.bypass_rls and not server.superuser, "bypasses RLS", ""),
        ]
        notes = [
            Content.styled(word, "$warning bold" if word.isupper() else "$header-muted")
            for odd, word, _ in said
            if odd
        ]
        usual = [word for odd, _, word in said if word and not odd]
        usual.append(f"PG {visible(server.version_text)}")
        return notes + [Content.styled(word, "$header-muted") for word in usual]

    def _state(self, status: Status) -> Content:
        link = status.link
        if link is Link.CONNECTED and status.round_trip is not None:
            text = words.duration(status.round_trip)
        elif link is Link.RECONNECTING and status.attempt:
            text = f"attempt {status.attempt}"
            if status.retry_at is not None:
                text += f" · {words.left(status.retry_at)}"
        else:
            text = link.word
        return Content.assemble(text, " ", (link.mark, _LINK_STYLE[link]))


class Tabs(Widget):
    """One row of numbered tabs; the active one stands out by more than colour."""

    active: reactive[int] = reactive(0)

    class Picked(Message):
        """A tab was clicked."""

        def __init__(self, index: int) -> None:
            super().__init__()
            self.index = index

    def __init__(self, names: tuple[str, ...]) -> None:
        super().__init__()
        self.names = names

    def _labels(self) -> list[str]:
        return [f" {number} {name} " for number, name in enumerate(self.names, 1)]

    def render(self) -> Content:
        """Lays the tabs out."""
        return Content.assemble(
            *(
                (label, "bold $background on $primary")
                if index == self.active
                else Content.assemble((label[:3], "bold"), (label[3:], "$muted"))
                for index, label in enumerate(self._labels())
            )
        )

    def jump_targets(self) -> Iterator[tuple[Offset, Callable[[], object]]]:
        """Yields the tabs, for whoever goes by letters."""
        edge = 0
        for index, label in enumerate(self._labels()):
            yield Offset(edge, 0), partial(self.post_message, self.Picked(index))
            edge += len(label)

    def on_click(self, event: events.Click) -> None:
        """Finds the tab under the mouse."""
        edge = 0
        for index, label in enumerate(self._labels()):
            edge += len(label)
            if event.x < edge:
                self.post_message(self.Picked(index))
                return
