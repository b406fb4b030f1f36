"""A field to type into: one row, no frame, a cursor that keeps still."""

from __future__ import annotations

from typing import ClassVar

from textual import events
from textual.binding import Binding, BindingType
from textual.widget import Widget
from textual.widgets import Input


async def press_now(widget: Widget, event: events.Key) -> None:
    """Does at once what a widget's own binding says of a key.

    A letter goes in as soon as the widget hears of it, while the key of a binding first climbs to
    the app. On a slow line both arrive in one burst, and the letter would overtake the backspace
    before it, which then takes the letter away.
    """
    if event.is_printable:
        return
    active = widget.screen.active_bindings.get(event.key)
    if (
        active is not None
        and active.node is widget
        and await widget.app.run_action(active.binding.action, widget)
    ):
        event.stop()
        event.prevent_default()


class Field(Input):
    """Textual's input as it suits a slow line: no blinking, and keys keep their order."""

    def __init__(self, *, placeholder: str = "", password: bool = False, id: str = "") -> None:  # noqa: A002
        super().__init__(
            placeholder=placeholder,
            password=password,
            compact=True,
            select_on_focus=False,
            id=id or None,
        )
        self.cursor_blink = False

    async def on_key(self, event: events.Key) -> None:
        """Moves and deletes before the letters that were typed next."""
        await press_now(self, event)


class FilterField(Field):
    """A field whose words narrow what is shown."""

    BINDINGS: ClassVar[list[BindingType]] = [Binding("enter", "submit", "Filter")]


class SearchField(Field):
    """A field whose words are looked for."""

    BINDINGS: ClassVar[list[BindingType]] = [Binding("enter", "submit", "Search")]
