"""The marks of access: one table for the screens, the commands, and the legends of both."""

from __future__ import annotations

from collections.abc import Mapping
from typing import NamedTuple


class Mark(NamedTuple):
    """What stands for something in one cell.

    Attributes:
        name: What it is called.
        words: What it means, for a legend.
    """

    glyph: str
    name: str
    words: str


CELLS: Mapping[str, Mark] = {
    "all": Mark("●", "all", "every row"),
    "some": Mark("◐", "some", "some rows, of how many"),
    "none": Mark("○", "none", "no row, and no error"),
    "denied": Mark("⊘", "denied", "no privilege, or a view that takes no write"),
    "open": Mark("⊕", "open", "not counted: some row may be written"),
    "error": Mark("✕", "error", "the statement fails, or takes too long to tell"),
}
"""By the state of a cell of the matrix."""

WITHHELD = Mark("✕", "withheld", "containment broke: nothing is shown")
UNCOUNTED = Mark("…", "unknown", "not counted yet")
COUNTED = (
    Mark("≥", "at least", "counted so far, and no further"),
    Mark("~", "about", "the planner's guess"),
)

ROWS: Mapping[str, Mark] = {
    "visible": Mark("●", "visible", "the persona sees the row"),
    "hidden": Mark("○", "hidden", "policies hide it, without an error"),
    "error": Mark("✕", "error", "to read the row fails, and the whole page with it"),
    "unknown": Mark("·", "unknown", "not found out, or not yet"),
    "gone": Mark("–", "gone", "the row is not there any more"),
}
"""By the state of a row under the X-ray."""

DENIED = Mark("⊘", "denied", "at a column: no privilege to read it")

ANSWERS: Mapping[str, Mark] = {
    "allowed": Mark("✓", "allowed", "the row is visible, or the command goes well"),
    "stopped": Mark("△", "stopped", "allowed, but a constraint is in the way"),
    "hidden": Mark("○", "hidden", "the command does nothing, without an error"),
    "denied": Mark("⊘", "denied", "the command ends with an error"),
    "uncertain": Mark("?", "uncertain", "can't be told for certain"),
}
"""By the answer to "why?"."""

STEPS: Mapping[bool | None, Mark] = {
    True: Mark("✓", "passed", "at a step: on to the next"),
    False: Mark("✗", "failed", "at a step: this decides"),
    None: Mark("·", "not asked", "at a step: it decides nothing"),
}
"""By whether a step of the server's decision was passed."""
