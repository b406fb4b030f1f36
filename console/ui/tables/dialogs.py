"""The small questions about rows: which to go to, what to copy, which columns to show."""

from __future__ import annotations

import re
from collections.abc import Sequence
from pathlib import Path
from typing import ClassVar

from textual import events, on
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import VerticalScroll
from textual.content import Content
from textual.widgets import Input, Static

from console.errors import UsageError
from console.ui import words
from console.ui.clipboard import copy
from console.ui.dialogs import Dialog
from console.ui.paths import path_of
from console.ui.tables.exporting import Export
from console.ui.tables.reading import Wanted
from console.ui.widgets.field import Field
from console.ui.widgets.lines import Lines
from console.ui.widgets.sql import highlighted
from console.visible import visible

_FORMATS = ("csv", "json", "jsonl")


class Goto(Dialog[str]):
    """Asks for a row's number or a percentage."""

    heading = "Go to"
    hints = (("enter", "go there"), ("esc", "back"))

    def __init__(self, rows: str, sign: str) -> None:
        super().__init__()
        self.rows = rows
        self.sign = sign

    def body(self) -> ComposeResult:
        """Yields how many rows there are, and the field."""
        what = "a percentage such as 50" if self.sign == "%" else "a row's number, or 50%"
        yield Static(Content(f"{self.rows}; {what}"), classes="dialog-text")
        yield Field(id="goto")
        yield Static("", id="goto-note", classes="dialog-text")

    @on(Input.Submitted)
    def _submitted(self, event: Input.Submitted) -> None:
        event.stop()
        if parse_goto(event.value + ("" if "%" in event.value else self.sign), 1) is None:
            note = "a number, such as 1,000 or 12.5%"
            self.query_one("#goto-note", Static).update(Content.styled(note, "$error"))
        else:
            self.dismiss(event.value + ("" if "%" in event.value else self.sign))


def parse_goto(text: str, rows: int) -> int | None:
    """Reads where to go to: a row's number from 1, or a percentage of the rows.

    Returns:
        The row's number from 0, or None where this is neither.
    """
    plain = text.strip().replace(",", "").replace("_", "").replace(" ", "")
    try:
        if plain.endswith("%"):
            share = float(plain[:-1]) / 100
            return round(max(0.0, min(share, 1.0)) * max(0, rows - 1)) if share == share else None
        return max(0, int(plain) - 1)
    except (ValueError, OverflowError):
        return None


class AskCopy(Dialog[str]):
    """Asks what to copy; the answer is `row` or `page` with a format, `file` if so wished."""

    heading = "Copy"
    hints = (("f", "to a file instead"), ("esc", "back"))
    CHOICES: ClassVar[dict[str, tuple[str, str]]] = {
        "r": ("row text", "this row, tab-separated"),
        "j": ("row json", "this row as JSON"),
        "i": ("row insert", "this row as INSERT"),
        "p": ("page text", "the rows on the screen, tab-separated"),
        "o": ("page json", "the rows on the screen as JSON"),
        "n": ("page insert", "the rows on the screen as INSERT"),
        "s": ("sql text", "the query of these rows"),
    }

    def __init__(self) -> None:
        super().__init__()
        self._to_file = False

    def body(self) -> ComposeResult:
        """Yields a line for each choice."""
        yield Static(id="copy-choices", classes="dialog-text")

    def on_mount(self) -> None:
        """Fills it."""
        self._show()

    def _show(self) -> None:
        lines = [
            Content.assemble((f"{key}  ", "bold $primary"), text)
            for key, (_, text) in self.CHOICES.items()
        ]
        where = "to a file in this folder" if self._to_file else "to the terminal's clipboard"
        lines += [Content(""), Content.styled(where, "bold" if self._to_file else "$muted")]
        self.query_one("#copy-choices", Static).update(Content("\n").join(lines))

    def on_key(self, event: events.Key) -> None:
        """Takes the letter of a choice."""
        if event.key == "f":
            self._to_file = not self._to_file
            self._show()
        elif event.key in self.CHOICES:
            event.stop()
            self.dismiss(self.CHOICES[event.key][0] + (" file" if self._to_file else ""))


class _Columns(Lines):
    """Column names with a mark for what is shown."""

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("space", "choose", "Show or hide", show=False),
        Binding("a", "all", "Show all", show=False),
        Binding("o", "only", "Only this one", show=False),
    ]

    def __init__(self, names: Sequence[str], hidden: set[str]) -> None:
        super().__init__(id="column-chooser")
        self.names = names
        self.hidden = hidden

    @property
    def line_count(self) -> int:
        """As many as there are columns."""
        return len(self.names)

    def line(self, index: int, width: int) -> Content:
        """Writes a column."""
        name = self.names[index]
        mark = "  " if name in self.hidden else "✓ "
        return Content.assemble((f" {mark}", "$success"), visible(name))

    def action_choose(self) -> None:
        """Shows or hides the column under the cursor; one column stays."""
        self._hide(self.hidden ^ {self.names[self.cursor]}, "one column stays")

    def action_all(self) -> None:
        """Shows all."""
        self._hide(set(), "all of them are shown")

    def action_only(self) -> None:
        """Hides all but the column under the cursor."""
        self._hide({*self.names} - {self.names[self.cursor]}, "no other is shown")

    def _hide(self, hidden: set[str], otherwise: str) -> None:
        """Hides just these, or says why that changes nothing."""
        if hidden == self.hidden or hidden.issuperset(self.names):
            self.notify(otherwise, timeout=2, markup=False)
        else:
            self.hidden = hidden
            self.refresh()


class ChooseColumns(Dialog[set[str]]):
    """Asks which columns to show; the answer is those that are hidden."""

    heading = "Columns"
    hints = (("space", "show/hide"), ("a", "all"), ("o", "one"), ("esc", "done"))

    def __init__(self, names: Sequence[str], hidden: set[str]) -> None:
        super().__init__()
        self.names = names
        self.hidden = hidden

    def body(self) -> ComposeResult:
        """Yields the list."""
        yield _Columns(self.names, set(self.hidden))

    def on_mount(self) -> None:
        """Lays the list out."""
        lines = self.query_one(_Columns)
        # The keys stand below it, also where there are no more than 24 rows.
        lines.styles.height = min(len(self.names), 14, max(3, self.app.size.height - 13))
        lines.renew()
        lines.focus()

    def action_leave(self) -> None:
        """Leaves with what was chosen."""
        self.dismiss(self.query_one(_Columns).hidden)


class ShowSql(Dialog[None]):
    """The query of the rows, to read and to copy."""

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("y", "copy", "Copy", show=False),
        Binding("q,S", "leave", "Back", show=False),
    ]
    heading = "The query of these rows"
    hints = (("y", "copy"), ("esc", "back"))

    def __init__(self, statement: str, note: str) -> None:
        super().__init__()
        self.statement = statement
        self.note = note

    def body(self) -> ComposeResult:
        """Yields the SQL, and what the pages can't hold to."""
        with VerticalScroll(classes="dialog-body"):
            yield Static(highlighted(self.statement))
        if self.note:
            yield Static(Content.styled(visible(self.note), "$muted"), classes="dialog-text")

    def action_copy(self) -> None:
        """Copies it."""
        copy(self.app, self.statement, "The query")


class AskExport(Dialog[Export]):
    """Asks for file and format; a file that is there is replaced only after a second enter."""

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("tab", "form", "Format", show=False, priority=True),
    ]
    heading = "Export"
    hints = (("enter", "export"), ("tab", "csv, json, jsonl"), ("esc", "back"))

    def __init__(self, wanted: Wanted, columns: tuple[str, ...] | None, rows: str) -> None:
        super().__init__()
        self.wanted = wanted
        self.columns = columns
        self.rows = rows
        self._form = 0
        self._refused: Path | None = None

    def body(self) -> ComposeResult:
        """Yields what would be written, the field, and what is wrong with it."""
        yield Static(self._what(), classes="dialog-text")
        name = re.sub(r"[^\w.-]+", "_", self.wanted.relation.name, flags=re.ASCII) or "rows"
        field = Field(id="export-path")
        field.value = f"{name[:60]}.csv"
        yield field
        yield Static("", classes="dialog-text", id="export-note")

    def _what(self) -> Content:
        wanted = self.wanted
        if wanted.relation.kind == "query":
            return Content(f"{self.rows} of this result: the statement is run again")
        lines = [f"{self.rows} of {visible(wanted.relation.identity)}"]
        if wanted.where:
            lines.append(f"that match {visible(wanted.where)}")
        if wanted.persona is not None:
            lines.append(f"as {visible(wanted.persona.label)} sees them")
        else:
            lines.append("as this login reads them")
        if self.columns is not None:
            lines.append(f"{words.plural(len(self.columns), 'column')}, without the hidden ones")
        return Content(", ".join(lines))

    def action_form(self) -> None:
        """Goes to the next format; the name follows."""
        field = self.query_one(Field)
        before = f".{_FORMATS[self._form]}"
        self._form = (self._form + 1) % len(_FORMATS)
        after = f".{_FORMATS[self._form]}"
        if field.value.endswith(before):
            field.value = field.value.removesuffix(before) + after
            field.cursor_position = len(field.value)

    @on(Input.Changed)
    def _changed(self) -> None:
        self._refused = None
        self.query_one("#export-note", Static).update("")

    @on(Input.Submitted)
    def _submitted(self, event: Input.Submitted) -> None:
        event.stop()
        if not event.value.strip():
            return
        note = self.query_one("#export-note", Static)
        try:
            path = path_of(event.value).absolute()
        except UsageError as error:
            note.update(Content.styled(f"{visible(error.message)}: {error.hint}", "$error"))
            return
        suffix = path.suffix.lstrip(".").lower()
        form = suffix if suffix in _FORMATS else _FORMATS[self._form]
        if path.is_dir():
            note.update(Content.styled("this is a folder: give a file's name", "$error"))
        elif not path.parent.is_dir():
            note.update(Content.styled("there is no such folder", "$error"))
        elif path.exists() and self._refused != path:
            self._refused = path
            note.update(
                Content.styled(
                    "this file is there already: enter once more replaces it", "$warning"
                )
            )
        else:
            replace = self._refused == path
            self.dismiss(Export(self.wanted, self.columns, path, form, replace))
