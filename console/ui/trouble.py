"""What stands in a pane's place while there is nothing else to show."""

from __future__ import annotations

from time import monotonic

from textual import events
from textual.content import Content
from textual.timer import Timer
from textual.widgets import Static

from console.errors import ConsoleError
from console.ui import words
from console.ui.shortened import middle
from console.visible import visible

PATIENCE = 0.3
"""Seconds before a wait is counted out: less would only flicker."""


def keys(*pairs: tuple[str, str]) -> Content:
    """Writes key hints into running text."""
    return Content("   ").join(
        Content.assemble((key, "bold $primary"), " ", (what, "$muted")) for key, what in pairs
    )


def trouble(error: ConsoleError, *hints: tuple[str, str]) -> Content:
    """Says what happened, what to do, and which keys help."""
    lines = [Content.assemble(("✕ ", "$error bold"), (visible(error.message), "bold"))]
    if error.hint:
        lines.append(Content(f"  {visible(error.hint)}"))
    lines += [Content(""), Content.assemble("  ", keys(*hints))]
    return Content("\n").join(lines)


class Notice(Static):
    """A place for words that come and go: in the pane's stead, or as a line above it."""

    def __init__(self) -> None:
        super().__init__(classes="notice")
        self._timer: Timer | None = None
        self._told: tuple[Content, str, Content] | None = None

    def _stop(self) -> None:
        if self._timer is not None:
            self._timer.stop()
            self._timer = None

    def leave(self) -> None:
        """Makes room."""
        self._stop()
        self.display = False

    def say(self, text: Content, *, line: bool = False) -> None:
        """Shows words; as a line, there is a pane below that stays."""
        self._stop()
        self._told = None
        self.set_class(line, "line")
        self.update(text)
        self.display = True

    def tell(self, mark: Content, sentence: str, hints: Content) -> None:
        """Shows a sentence as a line, shortened in its middle where keys would not fit."""
        self.say(Content(""), line=True)
        self._told = mark, sentence, hints
        self._fit()

    def on_resize(self, event: events.Resize) -> None:
        """Fits the line to the width there is now."""
        self._fit()

    def _fit(self) -> None:
        if self._told is not None:
            mark, sentence, hints = self._told
            width = self.content_size.width or self.app.size.width - 2
            room = width - mark.cell_length - hints.cell_length - 3
            self.update(Content.assemble(mark, middle(visible(sentence), room), "   ", hints))

    def wait(self, what: str, hint: str, *, line: bool = False) -> None:
        """Shows what is waited for, and counts the seconds once there is something to count."""
        started = monotonic()

        def waiting(spent: str) -> Content:
            return Content.assemble(("◌ ", "$warning"), what, spent, (f"   {hint}", "$muted"))

        def tick() -> None:
            elapsed = monotonic() - started
            if elapsed >= PATIENCE:
                self.update(waiting(f" {words.duration(elapsed)}"))

        self.say(waiting(""), line=line)
        self._timer = self.set_interval(0.1, tick)
