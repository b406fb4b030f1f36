"""The rows of a form: a label with a field to type into, or with a choice."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import ClassVar

from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Horizontal
from textual.content import Content
from textual.message import Message
from textual.reactive import reactive
from textual.widget import Widget
from textual.widgets import Label

from console.ui.connect.address import AddressField
from console.ui.widgets.field import Field


@dataclass(frozen=True, slots=True)
class Spec:
    """What a row is.

    Attributes:
        key: What the form calls its value.
        label: What stands before it.
        hint: Says under the form what it is for, while it has the focus.
        choices: What can be chosen; empty for a field to type into.
        example: Stands in the empty field.
    """

    key: str
    label: str
    hint: str
    choices: tuple[str, ...] = ()
    example: str = ""


class Choice(Widget, can_focus=True):
    """One of a few values, changed with the arrow keys."""

    BINDING_GROUP_TITLE = "Choice"
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("right,space", "turn(1)", "Next", key_display="←→"),
        Binding("left", "turn(-1)", "Before", show=False),
    ]

    value: reactive[str] = reactive("")

    class Turned(Message):
        """Another value was chosen."""

    def __init__(self, choices: Sequence[str], id: str) -> None:  # noqa: A002
        super().__init__(id=id)
        self.choices = list(choices)
        self.set_reactive(Choice.value, self.choices[0])

    def render(self) -> Content:
        """Shows the value between arrows."""
        arrows = "$primary" if self.has_focus else "$muted"
        return Content.assemble(("‹ ", arrows), self.value, (" ›", arrows))

    def on_focus(self) -> None:
        """The arrows light up."""
        self.refresh()

    def on_blur(self) -> None:
        """The arrows go dim."""
        self.refresh()

    def action_turn(self, step: int) -> None:
        """Takes the next value, or the one before."""
        here = self.choices.index(self.value) if self.value in self.choices else 0
        self.value = self.choices[(here + step) % len(self.choices)]
        self.post_message(self.Turned())

    def on_click(self) -> None:
        """Takes the next value."""
        self.action_turn(1)


class Row(Horizontal):
    """A label and what belongs to it."""

    def __init__(self, spec: Spec) -> None:
        super().__init__(classes="form-row")
        self.spec = spec

    def compose(self) -> ComposeResult:
        """Yields both."""
        yield Label(Content(self.spec.label), classes="form-label")
        name = f"form-{self.spec.key}"
        if self.spec.choices:
            yield Choice(self.spec.choices, id=name)
        elif self.spec.key == "host":
            yield AddressField(self.spec.example, id=name)
        else:
            yield Field(placeholder=self.spec.example, id=name)
