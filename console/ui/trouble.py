"""What stands in a pane's place while there is nothing else to show."""

from __future__ import annotations

from time import monotonic

from textual.content import Content
from textual.reactive import reactive
from textual.timer import Timer
from textual.widgets import Static

from console.errors import ConsoleError
from console.ui import words
from console.visible import visible


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


class Waiting(Static):
    """A sentence that counts the seconds; shows them only once there is something to count."""

    elapsed: reactive[float] = reactive(0.0)

    def __init__(self, text: str, hint: str = "esc cancels", *, classes: str = "notice") -> None:
        super().__init__(classes=classes)
        self._text = text
        self._hint = hint
        self._started = monotonic()
        self._timer: Timer | None = None

    def on_mount(self) -> None:
        """Starts to count."""
        self._timer = self.set_interval(0.1, self._tick)
        self.watch_elapsed(0.0)

    def _tick(self) -> None:
        self.elapsed = monotonic() - self._started

    def watch_elapsed(self, elapsed: float) -> None:
        """Rewrites the sentence."""
        spent = f" {words.duration(elapsed)}" if elapsed >= 0.3 else ""
        self.update(
            Content.assemble(("◌ ", "$warning"), self._text, spent, (f"   {self._hint}", "$muted"))
        )
