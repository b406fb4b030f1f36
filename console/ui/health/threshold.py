"""Asks from where on a figure warns and fails; holds until the console is left."""

from __future__ import annotations

from typing import TYPE_CHECKING

from textual.app import ComposeResult
from textual.content import Content
from textual.widgets import Input, Static

from console.errors import UsageError
from console.ui.dialogs import Dialog
from console.ui.health.vitals import titled
from console.ui.widgets.field import Field
from console.visible import visible

if TYPE_CHECKING:
    from console.operations.check import Thresholds


class AskLimit(Dialog[str]):
    """Takes `WARN,FAIL`; what does not parse is said and asked again."""

    hints = (("enter", "judge by it"), ("esc", "leave it"))

    def __init__(self, name: str, limits: Thresholds) -> None:
        super().__init__()
        self.name_of_limit = name
        self.limits = limits
        self.heading = f"When does {titled(name)} warn and fail?"

    def body(self) -> ComposeResult:
        """Yields what holds now, and the field."""
        limit = self.limits.limit(self.name_of_limit)
        yield Static(
            Content.assemble(
                f"Now: {limit}. Write WARN,FAIL as {_unit(limit.unit)}; - is nowhere.",
                ("\nFor good: ", "$muted"),
                (f"{self.name_of_limit} = [WARN, FAIL]", "bold"),
                (" under [health] in the configuration file.", "$muted"),
            ),
            classes="dialog-text",
        )
        yield Field()
        yield Static(id="wrong", classes="dialog-text")

    def on_mount(self) -> None:
        """Starts from what holds now."""
        limit = self.limits.limit(self.name_of_limit)
        edges = ("-" if edge is None else f"{edge:g}" for edge in (limit.warn, limit.fail))
        field = self.query_one(Input)
        field.value = ",".join(edges)
        field.cursor_position = len(field.value)

    def on_input_submitted(self, event: Input.Submitted) -> None:
        """Hands the text over, if it says a limit."""
        try:
            self.limits.with_limit(self.name_of_limit, event.value)
        except UsageError as wrong:
            self.query_one("#wrong", Static).update(
                Content.assemble(("✕ ", "$error bold"), visible(wrong.message), f" {wrong.hint}")
            )
        else:
            self.dismiss(event.value)


def _unit(unit: str) -> str:
    names = {"ratio": "shares from 0 to 1", "seconds": "seconds", "bytes": "bytes"}
    return names.get(unit, "numbers")
