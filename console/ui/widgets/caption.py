"""One row over a view: what it shows at the left, how it stands at the right."""

from __future__ import annotations

from time import monotonic

from textual.content import Content
from textual.reactive import reactive
from textual.timer import Timer
from textual.widget import Widget

from console.ui import words

PATIENCE = 0.2
"""Seconds something may take before the caption speaks of it: less would only flicker."""


class Caption(Widget):
    """A row that keeps what it says while something newer is being fetched."""

    left: reactive[Content] = reactive(Content())
    shorter: reactive[tuple[Content, ...]] = reactive(())
    """What the left side says in ever fewer words, where something that runs takes its room."""
    right: reactive[Content] = reactive(Content())
    _elapsed: reactive[float | None] = reactive(None)

    def __init__(self, *, id: str | None = None) -> None:  # noqa: A002
        super().__init__(id=id)
        self._busy = ""
        self._timer: Timer | None = None

    def busy(self, what: str) -> None:
        """Counts the seconds of something that runs."""
        self.rest()
        self._busy = what
        started = monotonic()

        def tick() -> None:
            elapsed = monotonic() - started
            if elapsed > PATIENCE:
                self._elapsed = elapsed

        self._timer = self.set_interval(0.1, tick)

    def watch__elapsed(self, before: float | None, after: float | None) -> None:
        """Lets the footer say, too, that what is spoken of can be left."""
        if before is None and after is not None:
            self.screen.refresh_bindings()

    def doing(self, what: str) -> None:
        """Says of what runs how far it is."""
        self._busy = what

    @property
    def is_busy(self) -> bool:
        """Whether something runs."""
        return self._timer is not None

    def rest(self) -> None:
        """Nothing runs any more."""
        if self._timer is not None:
            self._timer.stop()
            self._timer = None
        self._elapsed = None

    def render(self) -> Content:
        """Lays the row out; the left side gives way."""
        width = self.size.width
        right = self.right
        if self._elapsed is not None:
            spent = words.duration(self._elapsed)
            aside = Content.assemble(f" {spent}", ("  esc cancels", "$muted"))
            # What runs may be named at any length; that it can be left has to be seen.
            room = max(0, width - aside.cell_length - 5)
            doing = Content(self._busy).truncate(room, ellipsis=True)
            right = Content.assemble(("◌ ", "$warning"), doing, aside)
        room = max(0, width - right.cell_length - 3)
        told = (self.left, *self.shorter)
        left = next((one for one in told if one.cell_length <= room), told[-1])
        left = left.truncate(room, ellipsis=True)
        gap = max(1, width - left.cell_length - right.cell_length - 2)
        return Content.assemble(" ", left, " " * gap, right, " ")
