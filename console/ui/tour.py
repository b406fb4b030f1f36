"""The tour of the demo: one row of words that follows what the person does, and can be left."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING

from textual.content import Content
from textual.widgets import Static

from console.ui import remembered
from console.ui.trouble import keys
from console.ui.widgets.grid import Grid

if TYPE_CHECKING:
    from console.ui.workspace import Workspace

_LOOK = 0.25
"""Seconds between two looks at how far the person is."""


@dataclass(frozen=True, slots=True)
class Step:
    """One thing to try.

    Attributes:
        words: What to do; at 80 columns there are cells for 50.
        done: Whether it has been done.
    """

    words: str
    done: Callable[[Workspace], bool]


def _on_tab(number: int) -> Callable[[Workspace], bool]:
    return lambda workspace: workspace.active == number - 1


STEPS = (
    Step("type /workflows and enter: the table opens", lambda w: isinstance(w.focused, Grid)),
    Step("i, then ada and enter: see what she sees", lambda w: w.status.lens is not None),
    Step("dimmed rows are hidden from her: w tells why", _on_tab(2)),
    Step("3: is this database what the migration says?", _on_tab(3)),
    Step("5: what would retention delete?", _on_tab(5)),
    Step("6: the logs, live; rows arrive by themselves", _on_tab(6)),
)


def was_offered() -> bool:
    """Whether the tour has been taken or declined on this machine."""
    return bool(remembered.read().get("tour"))


class Tour(Static):
    """The row; first an offer, then the steps, then a last word."""

    def __init__(self, workspace: Workspace) -> None:
        super().__init__()
        self._workspace = workspace
        self.step = -1
        """Counted from 0; -1 while the tour is only offered."""

    def on_mount(self) -> None:
        """Offers the tour, and follows what is done."""
        self._say()
        self.set_interval(_LOOK, self._look)

    def _look(self) -> None:
        if 0 <= self.step < len(STEPS) and STEPS[self.step].done(self._workspace):
            self.advance()

    def advance(self) -> None:
        """Goes on to the next step; behind the last one, leaves."""
        self.step += 1
        if self.step == len(STEPS):
            remembered.write(tour=True)
        if self.step > len(STEPS):
            self.remove()
        else:
            self._say()

    def end(self) -> None:
        """Leaves, and is not offered again."""
        remembered.write(tour=True)
        self.remove()

    def _say(self) -> None:
        if self.step < 0:
            text = Content.assemble(
                ("New here?", "bold"),
                "  ",
                keys(("f2", "a tour in six steps"), ("f8", "no, thanks")),
            )
        elif self.step < len(STEPS):
            text = Content.assemble(
                (f"Tour {self.step + 1}/{len(STEPS)}", "bold $accent"),
                f"  {STEPS[self.step].words}  ",
                keys(("f2", "next"), ("f8", "end")),
            )
        else:
            text = Content.assemble(
                ("That was it.", "bold"),
                "  ",
                keys(("?", "keys"), ("ctrl+p", "all actions"), ("f8", "closes this")),
            )
        self.update(text)
