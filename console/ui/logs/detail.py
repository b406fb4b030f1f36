"""One entry in full."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import ClassVar

from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import VerticalScroll
from textual.content import Content
from textual.widgets import Static

from console.logs.poll import Mark
from console.logs.source import LogEntry
from console.logs.timeline import Line
from console.ui.clipboard import copy
from console.ui.dialogs import Dialog
from console.ui.logs.row import Look, labels
from console.ui.widgets.sides import side_by_side
from console.ui.widgets.sql import highlighted
from console.visible import json_text

_LONGEST = 40_000
"""Characters of one value that are shown; `y` copies all of it."""


class EntryDetail(Dialog[str]):
    """Every column of the row; leaves with the name of what to do next, if anything."""

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("enter,q", "leave", "Back", show=False),
        Binding("i", "go('adopt')", "Look as this user", show=False),
        Binding("t", "go('visit')", "Open the row in Tables", show=False),
        Binding("w", "go('why')", "Why", show=False),
        Binding("p", "go('transparency')", "What the user sees of the privacy log", show=False),
        Binding("y", "copy", "Copy as JSON", show=False),
    ]
    heading = "Entry"
    hints = (("esc", "back"), ("i", "look as user"), ("t", "open row"), ("y", "copy"))

    def __init__(self, line: Line, whole: Mapping[str, str | None] | None, look: Look) -> None:
        super().__init__()
        assert line.entry is not None
        self.line = line
        self.entry: LogEntry = line.entry
        self.whole = whole
        self.look = look

    def body(self) -> ComposeResult:
        """Yields what it says, how it came, and what it said before."""
        entry = self.entry
        told = {
            "log": entry.source,
            "time": f"{entry.time:%Y-%m-%d %H:%M:%S.%f} UTC" if entry.time else "none",
            "user": self._user(),
            "action": entry.action or "–",
            "resource": " ".join(filter(None, (entry.resource, entry.resource_id))) or "–",
        }
        if entry.user is None:
            del told["user"]
        parts = [labels(told)]
        if self.line.mark is Mark.LATE:
            parts.append(
                Content.styled("late: it became visible after younger entries", "$warning")
            )
        if self.line.mark is Mark.CHANGED:
            parts.append(
                Content.styled("changed: somebody has written this entry again", "bold $error")
            )
            if self.line.before is not None:
                parts.append(side_by_side(_text(self.line.before), _text(entry), 60))
        if entry.detail is not None:
            parts.append(highlighted(pretty(entry.detail)[:_LONGEST]))
        shown = {entry.user, entry.action, entry.resource, entry.resource_id, entry.detail}
        rest = {
            name: value[:_LONGEST]
            for name, value in (self.whole or {}).items()
            if value is not None and value not in shown
        }
        if self.whole is None:
            parts.append(Content.styled("the row is not there any more", "$warning"))
        elif rest:
            parts.append(labels(rest))
        with VerticalScroll(classes="dialog-body"):
            yield Static(Content("\n\n").join(parts))

    def _user(self) -> str:
        user = self.entry.user or ""
        email = self.look.emails.get(user)
        return f"{email}  {user}" if email and email != user else user

    def action_go(self, what: str) -> None:
        """Leaves for what is next."""
        self.dismiss(what)

    def action_copy(self) -> None:
        """Copies the whole row as JSON."""
        whole = self.whole
        copy(self.app, _text(self.entry) if whole is None else json_text(whole, indent=2), "Entry")


def pretty(text: str) -> str:
    """Lays JSON out; what is cut off or odd stays as it is."""
    try:
        return json.dumps(json.loads(text), indent=2, ensure_ascii=False)
    except (ValueError, RecursionError):
        return text


def _text(entry: LogEntry) -> str:
    fields = {
        name: getattr(entry, name)
        for name in ("user", "action", "resource", "resource_id")
        if getattr(entry, name) is not None
    }
    text = json_text(fields, indent=2)
    return f"{text}\n{pretty(entry.detail)}" if entry.detail else text
