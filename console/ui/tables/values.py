"""The lines of one row: its columns, what it refers to, what refers to it."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import ClassVar

from rich.cells import cell_len
from textual.binding import Binding, BindingType
from textual.content import Content

from console.access.marks import DENIED
from console.browse.detail import Value
from console.browse.references import Reference
from console.ui import words
from console.ui.widgets.lines import Lines
from console.ui.widgets.rows import is_blank, shown
from console.visible import visible

_WIDEST_NAME = 28
_WIDEST_TYPE = 24
_ZONED = re.compile(r"\b(time|timestamp)(\(\d\))? with time zone")
_REFERS, _REFERRED = "refers to", "referenced by"


@dataclass(frozen=True, slots=True)
class Heading:
    """A line over lines of a kind."""

    text: str
    number: int


Entry = Heading | Value | Reference


def in_one_line(value: Value) -> Content:
    """Writes a value, or what there is of it, on one line; NULL, '' and ' ' can be told apart."""
    if value.text == "" and value.cut:
        # Of what is too costly to write out nothing is here, and yet it is not empty.
        return Content.styled("…", "$muted")
    style = "$null" if is_blank(value.text) else ""
    return Content.styled(visible(shown(value.text)), style)


def taken(value: Value) -> str:
    """Says how many bytes a value has, or where it may be packed, takes in the table."""
    return words.size(value.bytes or 0) + (" stored" if value.packed else "")


def kind_of(value: Value) -> str:
    """Says of what type a column is, by its shorter name, and whether it is part of the key."""
    column = value.column
    type_ = _ZONED.sub(r"\1tz\2", column.type).replace(" without time zone", "")
    return f"{type_} key" if column.primary_key else type_


class RowLines(Lines):
    """One row of a table, a line for each column."""

    BINDING_GROUP_TITLE = "Row"
    BINDINGS: ClassVar[list[BindingType]] = [Binding("enter", "choose", "Open")]

    denied: frozenset[str] = frozenset()
    """Columns that somebody who is looked for may not read."""

    def __init__(self) -> None:
        super().__init__()
        self._entries: list[Entry] = []
        self._counts: dict[int, str] = {}
        self._name_width = self._type_width = 8

    @property
    def line_count(self) -> int:
        """Headings, columns and references."""
        return len(self._entries)

    @property
    def current(self) -> Value | Reference | None:
        """The column or the reference under the cursor."""
        if 0 <= self.cursor < len(self._entries):
            entry = self._entries[self.cursor]
            return None if isinstance(entry, Heading) else entry
        return None

    @property
    def values(self) -> list[Value]:
        """The columns."""
        return [entry for entry in self._entries if isinstance(entry, Value)]

    @property
    def references(self) -> list[Reference]:
        """Where its foreign keys lead, in both directions."""
        return [entry for entry in self._entries if isinstance(entry, Reference)]

    def show(self, values: tuple[Value, ...], references: list[Reference]) -> None:
        """Shows a row; the cursor stays on the line it is on."""
        self._counts = {}
        self._entries = [*values]
        for forwards, heading in ((True, _REFERS), (False, _REFERRED)):
            some = [one for one in references if one.forwards is forwards]
            if some:
                self._entries += [Heading(heading, len(some)), *some]
        names = [cell_len(visible(value.column.name)) for value in values]
        types = [cell_len(visible(kind_of(value))) for value in values]
        self._name_width = min(_WIDEST_NAME, max([12, *names]))
        self._type_width = min(_WIDEST_TYPE, max([8, *types]))
        self.renew()

    def find(self, words: str, *, forwards: bool) -> int | None:
        """Returns the next line whose name, value or table holds some words, whatever their case.

        Args:
            words: What to look for.
            forwards: Which way from the cursor; the search goes on at the other end.
        """
        numbers = range(len(self._entries))
        behind = [*numbers[self.cursor + 1 :], *numbers[: self.cursor + 1]]
        before = [*numbers[: self.cursor][::-1], *numbers[self.cursor :][::-1]]
        wanted = words.casefold()
        return next(
            (
                number
                for number in (behind if forwards else before)
                if wanted in _said(self._entries[number]).casefold()
            ),
            None,
        )

    def deny(self, columns: frozenset[str]) -> None:
        """Marks columns that somebody who is looked for may not read."""
        self.denied = columns
        self.refresh()

    def counted(self, reference: Reference, text: str) -> None:
        """Takes note of how many rows refer to this one."""
        self._counts[id(reference)] = text
        self.refresh()

    def is_stop(self, index: int) -> bool:
        """The cursor passes over headings."""
        return not isinstance(self._entries[index], Heading)

    def line(self, index: int, width: int) -> Content:
        """Writes a column with its value, or where a reference leads."""
        entry = self._entries[index]
        if isinstance(entry, Heading):
            return Content.assemble(
                (f" {entry.text}", "bold $accent"), (f"  {entry.number}", "$muted")
            )
        if isinstance(entry, Reference):
            return self._reference(entry)
        narrow = width < 70
        name = min(self._name_width, 18) if narrow else self._name_width
        type_ = min(self._type_width, 14) if narrow else self._type_width
        head = Content.assemble(
            (DENIED.glyph if entry.column.name in self.denied else " ", "$warning"),
            _fit(visible(entry.column.name), name),
            "  ",
            (_fit(visible(kind_of(entry)), type_), "$muted"),
            "  ",
        )
        value = in_one_line(entry)
        key = self.key_of(entry)
        if key is not None and key.where is not None:
            value = Content.assemble(value, ("  → ", "$accent"), (visible(key.relation), "$muted"))
        room = width - head.cell_length - 1
        if not entry.cut and value.cell_length <= room:
            return head + value
        # What is always as long tells nothing by its size.
        sized = entry.bytes and entry.column.width < 0
        size = f"  {taken(entry)}" if sized else "" if entry.bytes else "  …"
        value = value.truncate(max(1, room - len(size)), ellipsis=True, pad=True)
        return Content.assemble(head, value, (size, "$muted"))

    def key_of(self, value: Value) -> Reference | None:
        """Returns the foreign key that a value is part of; one that leads to a row, if one does."""
        keys = [one for one in self.references if one.forwards]
        mine = [one for one in keys if value.column.name in one.key.columns]
        return next((one for one in mine if one.where is not None), mine[0] if mine else None)

    def _reference(self, entry: Reference) -> Content:
        key = entry.key
        if entry.forwards:
            start = f" {', '.join(visible(name) for name in key.columns)} "
            arrow = "→ "
        else:
            start, arrow = " ", "← "
        there = visible(entry.relation)
        columns = ", ".join(
            visible(name) for name in (key.to_columns if entry.forwards else key.columns)
        )
        if entry.where is None:
            end = Content.styled("nothing: NULL", "$null")
        else:
            end = Content(self._counts.get(id(entry), ""))
        return Content.assemble(
            start, (arrow, "$accent"), (there, "bold"), (f" ({columns})  ", "$muted"), end
        )


def _said(entry: Entry) -> str:
    """Returns what of a line is searched."""
    if isinstance(entry, Value):
        return f"{entry.column.name}\n{entry.text or ''}"
    if isinstance(entry, Reference):
        key = entry.key
        return "\n".join((entry.relation, *key.columns, *key.to_columns))
    return ""


def _fit(text: str, width: int) -> str:
    length = cell_len(text)
    if length > width:
        return Content(text).truncate(width, ellipsis=True, pad=True).plain
    return text + " " * (width - length)
