"""What the analytics ask before they write: which days, which file; and what they say of both."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import date
from pathlib import Path
from typing import TYPE_CHECKING

from textual.app import ComposeResult
from textual.content import Content
from textual.widgets import Input, Static

from console.connection.audit import told
from console.errors import ConsoleError, UsageError
from console.operations.file_rows import Kind
from console.ui import words
from console.ui.dialogs import Dialog
from console.ui.paths import path_of
from console.ui.widgets.field import Field
from console.visible import visible

if TYPE_CHECKING:
    from console.operations.analytics import RecomputePlan, RecomputeResult
    from console.operations.file_rows import RefusedRow, RowFile
    from console.operations.importing import FileCheck, ImportResult

_TABLES = {Kind.EVENTS: "analytics_events", Kind.SPEND: "spend"}
Range = tuple[date, date]


class AskRange(Dialog[Range]):
    """Takes a first and a last day."""

    heading = "Compute which days anew?"
    hints = (("enter", "count what that means; nothing is changed yet"), ("esc", "none"))

    def __init__(self, first: date, last: date) -> None:
        super().__init__()
        self.days = (first, last)

    def body(self) -> ComposeResult:
        """Yields what to write, and the field."""
        yield Static(Content("The first and the last day, both included."), classes="dialog-text")
        yield Field()
        yield Static(id="wrong", classes="dialog-text")

    def on_mount(self) -> None:
        """Starts from the days that are shown."""
        field = self.query_one(Input)
        field.value = " ".join(map(str, self.days))
        field.cursor_position = len(field.value)

    def on_input_submitted(self, event: Input.Submitted) -> None:
        """Hands the days over, if they are two."""
        try:
            first, last = map(date.fromisoformat, event.value.split())
        except ValueError:
            said = "write two days, such as 2026-11-01 2026-11-20"
        else:
            if first <= last:
                self.dismiss((first, last))
                return
            said = "the first day comes first"
        self.query_one("#wrong", Static).update(Content.assemble(("✕ ", "$error bold"), said))


class AskFile(Dialog["tuple[Path, Kind]"]):
    """Takes a file, and which table it is for."""

    heading = "Import which file?"
    hints = (("enter", "check it; nothing is sent yet"), ("tab", "other field"), ("esc", "none"))

    def body(self) -> ComposeResult:
        """Yields both fields."""
        yield Static(
            Content("CSV with a header, or JSON with one object a line."), classes="dialog-text"
        )
        yield Field(placeholder="path of the file", id="path")
        yield Static(Content("Rows of which table: events or spend?"), classes="dialog-text")
        yield Field(placeholder="events", id="kind")
        yield Static(id="wrong", classes="dialog-text")

    def on_input_submitted(self, event: Input.Submitted) -> None:
        """Goes on from the path to the table; hands both over."""
        path, kind = (self.query_one(f"#{name}", Input) for name in ("path", "kind"))
        if not path.value.strip():
            return
        if event.input is path:
            if not kind.value:
                kind.value = "spend" if "spend" in Path(path.value).name.lower() else "events"
                kind.cursor_position = len(kind.value)
            self.set_focus(kind)
            return
        try:
            self.dismiss((path_of(path.value), Kind(kind.value.strip().lower() or "events")))
        except UsageError as error:
            said = f"{visible(error.message)}: {error.hint}"
        except ValueError:
            said = "write events or spend"
        else:
            return
        self.query_one("#wrong", Static).update(Content.assemble(("✕ ", "$error bold"), said))


def recompute_question(plan: RecomputePlan) -> Content:
    """Says what computing a range anew reads and replaces."""
    new = plan.days - plan.existing
    lines = [
        Content.assemble(
            (words.plural(plan.days, "day"), "bold"), f", from {plan.first} to {plan.last}."
        ),
        Content(
            f"{words.plural(plan.existing, 'row')} of metrics_daily "
            f"{'is' if plan.existing == 1 else 'are'} replaced, {words.count(new)} added."
        ),
        Content(
            f"Read for it: {_rows(plan.events)} of analytics_events,"
            f" {_rows(plan.spend_rows)} of spend."
        ),
        Content(""),
        Content("A month at a time, each in a transaction of its own."),
    ]
    return Content("\n").join(lines)


def _rows(number: int | None) -> str:
    return "too many rows to count quickly" if number is None else words.plural(number, "row")


def recomputed(result: RecomputeResult) -> Content:
    """Says what became of it."""
    mark, style, head = _ends(result.outcome)
    days = words.plural(result.days, "day")
    lines = [
        Content.assemble((f"{mark} {head}", f"bold {style}"), f": {days} computed anew"),
        *_failure(result.failure),
        *_record(result),
    ]
    if result.outcome != "done":
        lines.insert(1, Content("  what is computed stays; the days after are as they were"))
    return Content("\n").join(lines)


def import_question(file: RowFile, check: FileCheck) -> Content:
    """Says what a file holds and what is sent."""
    table = _TABLES[file.kind]
    refused = words.plural(check.refused, "line")
    lines = [
        Content.assemble(
            (words.plural(check.rows, "row"), "bold"), f" of {visible(file.path.name)} into {table}"
        ),
        Content("A row whose id is known replaces the one that is there."),
    ]
    if check.refused:
        lines.append(
            Content.assemble(
                (f"{refused} refused", "bold $warning"), " and left out; they are listed below"
            )
        )
        lines += list(refused_lines(check.reasons[:5]))
    return Content("\n").join(lines)


def checked(file: RowFile, check: FileCheck) -> Content:
    """Lists what is wrong with a file that holds nothing to send."""
    lines = [
        Content.assemble(
            ("✕ Nothing to import", "bold $error"), f": {visible(file.path.name)} has no usable row"
        ),
        Content(""),
        *refused_lines(check.reasons),
    ]
    return Content("\n").join(lines)


def imported(result: ImportResult) -> Content:
    """Says what became of an import, and lists what was refused."""
    mark, style, head = _ends(result.outcome)
    lines = [
        Content.assemble(
            (f"{mark} {head}", f"bold {style}"), f": {words.plural(result.written, 'row')} written"
        ),
        *_failure(result.failure),
        *_record(result),
    ]
    if result.refused:
        shown = len(result.reasons)
        of = "" if shown == result.refused else f", the first {words.count(shown)} of them"
        lines += [
            Content(""),
            Content.styled(f"{words.plural(result.refused, 'line')} refused{of}", "bold $warning"),
            *refused_lines(result.reasons),
        ]
    return Content("\n").join(lines)


def refused_lines(reasons: Iterable[RefusedRow]) -> Iterable[Content]:
    """Writes each refused line with its place in the file."""
    for row in reasons:
        yield Content.assemble((f"  line {row.line:<6,} ", "$muted"), visible(row.reason))


def _ends(outcome: str) -> tuple[str, str, str]:
    match outcome:
        case "done":
            return "✓", "$success", "Done"
        case "cancelled":
            return "‖", "$warning", "Cancelled"
        case "unknown":
            return "?", "$error", "Unknown for one part"
        case _:
            return "✕", "$error", "Failed"


def _failure(failure: ConsoleError | None) -> list[Content]:
    if failure is None:
        return []
    lines = [Content(f"  {visible(failure.message)}")]
    return [*lines, Content(f"  {visible(failure.hint)}")] if failure.hint else lines


def _record(result: RecomputeResult | ImportResult) -> list[Content]:
    facts = [words.duration(result.elapsed), f"operation {result.operation}"]
    if audit := told(result.audit):
        facts.append(visible(audit))
    return [Content.styled(f"  {', '.join(facts)}", "$muted")]
