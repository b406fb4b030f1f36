"""The last row of the screen: the keys of what is focused."""

from __future__ import annotations

from textual.content import Content
from textual.screen import Screen
from textual.widget import Widget


class Hints(Widget):
    """One row of keys, those of the focused widget first; help is always the last."""

    def __init__(self) -> None:
        super().__init__()
        self._said = Content()
        self._room = 0
        self._asked = False

    def on_mount(self) -> None:
        """Follows the focus."""
        self.screen.bindings_updated_signal.subscribe(self, self._bindings_changed)

    def _bindings_changed(self, screen: Screen[object]) -> None:
        if screen is self.screen and not self._asked:
            self._asked = True
            self.call_later(self._look_again)

    def _look_again(self) -> None:
        """Paints the row if it is to say something else; most news is none here."""
        self._asked = False
        said, self._said, self._room = self._said, self._words(), self.size.width
        if self._said != said:
            self.refresh()

    def render(self) -> Content:
        """Says which keys work."""
        if self._room != self.size.width:
            self._said, self._room = self._words(), self.size.width
        return self._said

    def _words(self) -> Content:
        """Lays out as many hints as there is room for."""
        room = self.size.width - 1
        hints: list[Content] = []
        last = Content("")
        seen: set[str] = set()
        for active in self.screen.active_bindings.values():
            binding = active.binding
            if not binding.show or not active.enabled or binding.action in seen:
                continue
            seen.add(binding.action)
            key = self.app.get_key_display(binding)
            hint = Content.assemble((key, "bold $primary"), " ", (binding.description, "$muted"))
            if binding.action == "help":
                last = hint
            else:
                hints.append(hint)
        room -= last.cell_length
        shown: list[Content] = []
        for hint in hints:
            room -= hint.cell_length + 3
            if room < 0:
                break
            shown.append(hint)
        return Content.assemble(" ", Content("   ").join([*shown, last]))
