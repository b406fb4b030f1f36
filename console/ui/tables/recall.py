"""Statements that were run before, to be run again."""

from __future__ import annotations

from textual import on
from textual.app import ComposeResult
from textual.containers import Vertical
from textual.content import Content
from textual.message import Message
from textual.widgets import Input

from console.browse.history import Asked
from console.ui.widgets.field import Field
from console.ui.widgets.lines import Lines
from console.visible import visible


class AskedLines(Lines):
    """The statements, the latest first."""

    BINDING_GROUP_TITLE = "Statements run before"

    def __init__(self) -> None:
        super().__init__()
        self._all: list[Asked] = []
        self._shown: list[Asked] = []

    @property
    def line_count(self) -> int:
        """How many are not filtered away."""
        return len(self._shown)

    @property
    def current(self) -> Asked | None:
        """The one under the cursor."""
        return self._shown[self.cursor] if self.cursor < len(self._shown) else None

    def show(self, asked: list[Asked]) -> None:
        """Shows all of them."""
        self._all = asked
        self.narrow("")

    def narrow(self, text: str) -> None:
        """Shows only those that have every word of the text."""
        wanted = text.lower().split()
        self._shown = [
            one
            for one in self._all
            if all(word in f"{one.database} {one.text}".lower() for word in wanted)
        ]
        self.renew(cursor=0)

    def line(self, index: int, width: int) -> Content:
        """Writes when, where and what, on one line."""
        one = self._shown[index]
        time = one.time[5:16].replace("T", " ")
        return Content.assemble(
            (f" {visible(time):<12}", "$muted"),
            Content(visible(" ".join(one.text.split()))),
            (f"  {visible(one.database)}", "$muted"),
        )


class Recall(Vertical):
    """The statements, and a filter over them."""

    class Chosen(Message):
        """One is to be typed again."""

        def __init__(self, asked: Asked) -> None:
            super().__init__()
            self.asked = asked

    def compose(self) -> ComposeResult:
        """Lays out filter and list."""
        yield Field(placeholder="filter what was run before", id="recall-filter")
        yield AskedLines()

    @property
    def lines(self) -> AskedLines:
        """The list."""
        return self.query_one(AskedLines)

    def show(self, asked: list[Asked]) -> None:
        """Shows statements."""
        self.query_one(Input).value = ""
        self.lines.show(asked)

    def take_focus(self) -> None:
        """The filter has it: typing narrows, arrows choose."""
        self.screen.set_focus(self.query_one(Input))

    @on(Input.Changed)
    def _changed(self, event: Input.Changed) -> None:
        event.stop()
        self.lines.narrow(event.value)

    @on(Input.Submitted)
    def _submitted(self, event: Input.Submitted) -> None:
        event.stop()
        self._choose()

    @on(Lines.Chosen)
    def _chosen(self, message: Lines.Chosen) -> None:
        message.stop()
        self._choose()

    def _choose(self) -> None:
        if self.lines.current is not None:
            self.post_message(self.Chosen(self.lines.current))
