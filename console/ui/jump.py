"""`ctrl+o`: a letter on everything that can be gone to, and one key press to go there."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from string import ascii_letters
from typing import Protocol, runtime_checkable

from textual import events
from textual.app import ComposeResult
from textual.content import Content
from textual.geometry import Offset
from textual.screen import ModalScreen, Screen
from textual.widget import Widget
from textual.widgets import Static

Go = Callable[[], object]


@runtime_checkable
class Jumpable(Protocol):
    """A widget with places of its own to go to, such as the rows of a list."""

    def jump_targets(self) -> Iterable[tuple[Offset, Go]]:
        """Yields where a label stands, from the widget's own corner, and what its key does."""


def targets(screen: Screen[object]) -> Iterator[tuple[Offset, Go]]:
    """Yields every place on a screen that can be gone to, from the top left on."""
    for widget in screen.walk_children(Widget):
        if not widget.region or not widget.display or not widget.visible:
            continue
        if isinstance(widget, Jumpable):
            for offset, go in widget.jump_targets():
                if widget.region.contains_point(place := widget.region.offset + offset):
                    yield place, go
        elif widget.focusable:
            yield widget.region.offset, widget.focus


class Jump(ModalScreen[Go]):
    """The labels, over the screen they belong to."""

    def __init__(self, below: Screen[object]) -> None:
        super().__init__()
        self._places: dict[str, tuple[Offset, Go]] = {}
        # A widget inside another may stand in the same cell: one letter is enough.
        found = dict(targets(below))
        for letter, (place, go) in zip(ascii_letters, found.items(), strict=False):
            self._places[letter] = (place, go)

    def compose(self) -> ComposeResult:
        """Yields a label for each place."""
        for letter, (place, _) in self._places.items():
            label = Static(Content(letter), classes="jump-label")
            label.styles.offset = (place.x, place.y)
            yield label

    def on_key(self, event: events.Key) -> None:
        """Goes there, or nowhere."""
        event.stop()
        place = self._places.get(event.character or "")
        self.dismiss(None if place is None else place[1])

    def on_click(self) -> None:
        """Leaves."""
        self.dismiss(None)
