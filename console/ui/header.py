"""The first two rows of the screen: where you are, and the tabs."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from functools import partial

from rich.cells import cell_len
from textual import events
from textual.content import Content
from textual.geometry import Offset
from textual.message import Message
from textual.reactive import reactive
from textual.timer import Timer
from textual.widget import Widget

from console.connection.profile import Environment
from console.ui import words
from console.ui.shortened import middle, whereabouts
from console.ui.status import Link, Status
from console.visible import visible

_LINK_STYLE = {
    Link.CONNECTING: "$warning",
    Link.CONNECTED: "$success",
    Link.FAILED: "$error bold",
    Link.RECONNECTING: "$warning bold",
    Link.LOST: "$error bold",
}


_WHOLE = 10_000
_TARGET = 36
"""Cells the target is cut down to before the round trip gives way to it."""
_SHORT_TARGET = 26
"""Cells it is cut down to before a minor warning gives way."""
_LEAST_TARGET = 16
_MINOR = ("POOLED", "bypasses RLS")
"""What a Supabase project has as a rule; written last."""
_LEAST_LENS = 16


def _width(parts: list[Content]) -> int:
    return sum(part.cell_length for part in parts) + 2 * max(0, len(parts) - 1)


def _lenses(status: Status) -> tuple[list[Content], list[Content], list[Content]]:
    """Says whose eyes we look through: in full, what is out of the ordinary, in few cells."""
    persona = status.lens
    if persona is None:
        return [], [], []
    label = visible(persona.label)
    odd = [visible(word) for word in persona.unusual]

    def said(name: str, *more: str) -> list[Content]:
        return [Content.assemble("as ", (" · ".join([name, *more]), "bold"))]

    return said(visible(str(persona))), said(label, *odd), said(middle(label, _LEAST_LENS), *odd)


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
        tint = Content.styled(f" {word} ", f"bold $env-{environment}-text on $env-{environment}")
        armed = Content.assemble(" ", ("WRITE", "bold $env-prod-text on $env-prod"), " ")
        mode = armed if status.write_mode else Content("READ-ONLY")
        where = status.destination
        whole = cell_len(visible(str(where)))
        for least, lens, right in self._ways(status):
            room = self.size.width - 3 - _width([tint, mode, *lens]) - _width(right) - 2
            if room >= min(whole, least):
                break
        target = Content.styled(whereabouts(where, room), "bold")
        left = Content("  ").join([tint, target, mode, *lens])
        right_side = Content("  ").join(right)
        gap = max(2, self.size.width - left.cell_length - right_side.cell_length - 1)
        return Content.assemble(left, " " * gap, right_side, " ")

    def _ways(self, status: Status) -> Iterator[tuple[int, list[Content], list[Content]]]:
        """Yields what the row may hold, from all to the least: what matters least goes first.

        The cells that the target must have, the lens, and what stands at the right. The mode,
        whose eyes these are and grave warnings outlive most of the target.
        """
        full, short, least = _lenses(status)
        odd, usual = self._notes(status)
        state = self._state(status)
        for lens in (full, short):
            for kept in reversed(range(len(usual) + 1)):
                yield _WHOLE, lens, [*odd, *usual[:kept], state]
        yield _TARGET, short, [*odd, state]
        if status.link is Link.CONNECTED:
            state = Content.styled(status.link.mark, _LINK_STYLE[status.link])
        grave = [note for note in odd if note.plain not in _MINOR]
        for kept in reversed(range(len(grave), len(odd) + 1)):
            yield _SHORT_TARGET, short, [*odd[:kept], state]
        yield _LEAST_TARGET, short, [*grave, state]
        for kept in reversed(range(len(grave) + 1)):
            yield _LEAST_TARGET, least, [*grave[:kept], state]

    def _notes(self, status: Status) -> tuple[list[Content], list[Content]]:
        """What kind of connection this is: what is out of the ordinary, and the rest."""
        server = status.server
        if server is None:
            return [], []
        local = server.host.startswith("/")
        said = [
            (status.in_transaction, "IN TRANSACTION", ""),
            (server.standby, "STANDBY", "primary"),
            (not server.tls and not local, "no TLS", "" if local else "TLS"),
            (server.superuser, "superuser", ""),
            (server.pooled, "POOLED", "direct"),
            (server.bypass_rls and not server.superuser, "bypasses RLS", ""),
        ]
        odd = [
            Content.styled(word, "$warning bold" if word.isupper() else "$header-muted")
            for holds, word, _ in said
            if holds
        ]
        usual = [word for holds, _, word in said if word and not holds]
        usual.append(f"PG {visible(server.version_text)}")
        return odd, [Content.styled(word, "$header-muted") for word in usual]

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
