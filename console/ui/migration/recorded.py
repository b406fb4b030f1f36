"""The history of migrations in the words and colours of the screen."""

from __future__ import annotations

from typing import TYPE_CHECKING

from textual.content import Content

from console.ui import words
from console.ui.trouble import keys
from console.visible import visible

if TYPE_CHECKING:
    from console.migration.history import History, HistoryRow


def title(history: History) -> Content:
    """Answers in one line whether the master migration is on record."""
    if history.exists and not history.readable:
        return Content.assemble(("○ Unknown", "bold $warning"), ": this role may not read it")
    if history.recorded:
        return Content.assemble(("✓ Recorded", "bold $success"), ": the master is on record")
    return Content.assemble(("○ Not recorded", "bold $warning"), ": the master is not on record")


def account(history: History) -> Content:
    """Lists what is on record, and the commands that put it right."""
    lines = [_row(row) for row in history.rows]
    if not lines:
        reason = "The history can't be read." if history.exists else "There is no history table."
        lines = [Content(reason)]
    if history.repair:
        lines += [
            Content(""),
            Content.styled("to take the replaced ones off the record", "bold $muted"),
            Content(visible(history.repair)),
        ]
    if history.to_record:
        lines += [
            Content(""),
            Content.styled("to put the master on record where it is applied", "bold $muted"),
            Content(visible(history.to_record)),
        ]
    if history.recorded:
        lines += [Content(""), Content.styled(history.warning, "$muted")]
    return Content("\n").join([*lines, Content(""), keys(("esc", "back to the verdict"))])


def _row(row: HistoryRow) -> Content:
    kept = words.plural(row.statements, "statement") if row.statements is not None else ""
    replaced = "replaced by the master" if row.legacy else ""
    notes = "   ".join(part for part in (kept, replaced) if part)
    return Content.assemble(
        (visible(row.version), "bold"), "  ", visible(row.name or ""), (f"   {notes}", "$muted")
    )
