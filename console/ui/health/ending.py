"""One session in full, and the question before it is ended."""

from __future__ import annotations

from typing import TYPE_CHECKING, ClassVar, Literal

from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import VerticalScroll
from textual.content import Content
from textual.widgets import Static

from console.guard import Act
from console.operations.check import duration
from console.ui.dialogs import Dialog
from console.ui.widgets.sql import highlighted
from console.visible import visible

if TYPE_CHECKING:
    from console.operations.activity import Backend

How = Literal["cancel", "terminate"]
ACTS: dict[How, Act] = {"cancel": Act.CANCEL, "terminate": Act.TERMINATE}
HEADINGS: dict[How, str] = {
    "cancel": "Cancel what this session runs?",
    "terminate": "End this session?",
}
_EFFECTS: dict[How, str] = {
    "cancel": "Its statement fails, and so does the transaction around it. It stays connected.",
    "terminate": "Its transaction is rolled back and its connection closed.",
}


def facts(backend: Backend) -> Content:
    """Writes what is known of a session."""
    waits = " ".join(part for part in (backend.waits_for, backend.waits_at) if part)
    pairs = [
        ("pid", str(backend.pid)),
        ("user", backend.user),
        ("database", backend.database),
        ("program", backend.application),
        ("from", backend.client),
        ("state", "hidden from this role" if backend.hidden else backend.state or backend.kind),
        ("waits for", waits),
        ("since", None if backend.state_seconds is None else duration(backend.state_seconds)),
        ("open for", _span(backend.transaction_seconds)),
    ]
    return Content("\n").join(
        Content.assemble((f"{name:<10}", "$muted"), visible(text)) for name, text in pairs if text
    )


def _span(seconds: float | None) -> str | None:
    return None if seconds is None else f"{duration(seconds)}, its transaction"


def confirmation(backend: Backend, how: How) -> Content:
    """Says whose session it is and what ending it does."""
    statement = " ".join((backend.statement or "").split())[:200]
    parts = [facts(backend)]
    if statement:
        parts.append(Content.styled(visible(statement), "$muted"))
    return Content("\n\n").join([*parts, Content(_EFFECTS[how])])


class SessionDetail(Dialog[None]):
    """Everything the server tells of a session."""

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("enter,q", "leave", "Back", show=False),
    ]
    heading = "Session"
    hints = (("esc", "back"), ("↑↓", "scroll"))

    def __init__(self, backend: Backend) -> None:
        super().__init__()
        self.backend = backend

    def body(self) -> ComposeResult:
        """Yields what is known, and the statement as it was sent."""
        with VerticalScroll(classes="dialog-body"):
            yield Static(
                Content("\n\n").join(
                    [facts(self.backend), highlighted(self.backend.statement or "")]
                )
            )
