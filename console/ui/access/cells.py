"""The matrix as a table of cells: a glyph, a colour and a number each, under a cell cursor."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, ClassVar

from rich.cells import cell_len
from textual.binding import Binding, BindingType
from textual.content import Content
from textual.message import Message
from textual.reactive import reactive
from textual.widget import Widget

from console.access.marks import CELLS, UNCOUNTED, WITHHELD
from console.ui import words
from console.ui.widgets.lines import Lines
from console.visible import visible

if TYPE_CHECKING:
    from console.access.cells import Cell

_STYLES = {
    "all": "$success",
    "some": "$primary",
    "none": "$muted",
    "denied": "$muted",
    "error": "$error",
    "open": "$success",
}
_KINDS = {"r": "▪", "p": "▤", "v": "◇", "m": "◆", "f": "↗"}
_NARROWEST = 12
_WIDEST = 22


@dataclass(frozen=True, slots=True)
class CellLine:
    """A table and its cells, in the order of the columns; None for one not known yet."""

    table: str
    kind: str
    cells: tuple[Cell | None, ...]

    @property
    def short(self) -> str:
        """The table's name, without the schema that everything is in."""
        return self.table.removeprefix("public.")

    def has(self, text: Sequence[str]) -> bool:
        """Tells whether words fit: a state must be that of some cell, others be in the name."""
        states = {cell.state for cell in self.cells if cell is not None}
        return all(word in (states if word in CELLS else self.table.lower()) for word in text)


def amount(cell: Cell) -> tuple[str, str]:
    """Writes the number of rows, and of how many; empty where it is not known."""
    if cell.visible is None or cell.state in ("denied", "error", "open"):
        return "", ""
    if cell.counted:
        seen = words.count(cell.visible)
    elif cell.visible == cell.total:
        seen = words.estimate(cell.visible)
    else:
        seen = f"≥ {words.count(cell.visible)}"
    if cell.total is None or cell.total == cell.visible or cell.state != "some":
        return seen, ""
    whole = words.count(cell.total) if cell.exact else words.estimate(cell.total)
    return seen, f" of {whole}"


def drawn(cell: Cell | None, width: int) -> Content:
    """Draws a cell in so many cells of the screen; "of how many" gives way first."""
    if cell is None:
        return Content.styled(UNCOUNTED.glyph.ljust(width), "$muted")
    glyph, style = CELLS[cell.state].glyph, _STYLES[cell.state]
    seen, whole = amount(cell)
    state = WITHHELD.name if cell.withheld else cell.state
    text = f"{glyph} {state}" if not seen or cell.state == "none" else f"{glyph} {seen}"
    if cell.state == "all" and seen:
        text = f"{glyph} all {seen}"
    if len(text) + len(whole) <= width:
        text += whole
    if len(text) > width:
        text = text[: width - 1] + "…"
    return Content.styled(text.ljust(width), style)


@dataclass(frozen=True, slots=True)
class Layout:
    """Where the columns stand: those from `first` on, `count` of them."""

    name: int
    column: int
    first: int
    count: int


class CellTable(Lines):
    """Tables down, commands or personas across."""

    BINDING_GROUP_TITLE = "Matrix"
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("left,h", "across(-1)", "Column left", show=False),
        Binding("right,l", "across(1)", "Column right", show=False),
        Binding("enter", "choose", "Open rows"),
    ]

    column = reactive(0)

    class Turned(Message):
        """The cursor is on another column, or the columns are others."""

    def __init__(self) -> None:
        super().__init__()
        self.columns: tuple[str, ...] = ()
        self.shown: list[CellLine] = []

    @property
    def line_count(self) -> int:
        """Tables that are shown."""
        return len(self.shown)

    @property
    def current(self) -> CellLine | None:
        """The table under the cursor."""
        return self.shown[self.cursor] if 0 <= self.cursor < len(self.shown) else None

    def show(self, columns: Sequence[str], lines: Sequence[CellLine]) -> None:
        """Shows other cells; the cursor stays on its table."""
        here = self.current
        self.columns, self.shown = tuple(columns), list(lines)
        self.column = max(0, min(self.column, len(columns) - 1))
        tables = [line.table for line in self.shown]
        self.renew(cursor=tables.index(here.table) if here and here.table in tables else 0)
        self.post_message(self.Turned())

    def layout_for(self, width: int) -> Layout:
        """Lays the columns out so that the one under the cursor is on the screen."""
        longest = max((cell_len(visible(line.short)) for line in self.shown), default=5) + 4
        number = max(1, len(self.columns))
        name = max(14, min(longest, width - min(number, 4) * (_NARROWEST + 2)))
        room = width - name
        fitting = max(1, min(number, room // (_NARROWEST + 2)))
        first = max(0, min(self.column - fitting + 1, number - fitting))
        return Layout(name, min(_WIDEST, room // fitting - 2), first, fitting)

    def heading(self, width: int) -> Content:
        """Writes the names of the columns, the one under the cursor marked."""
        layout = self.layout_for(width)
        parts = [Content.styled(" table".ljust(layout.name), "bold $muted")]
        for place in range(layout.first, layout.first + layout.count):
            if place >= len(self.columns):
                break
            here = place == self.column
            style = "bold underline $foreground" if here else "bold $muted"
            text = Content.styled(visible(self.columns[place]), style)
            text = text.truncate(layout.column, ellipsis=True)
            parts += [text, Content(" " * (layout.column - text.cell_length + 2))]
        if layout.first + layout.count < len(self.columns):
            parts.append(Content.styled("›", "bold $primary"))
        return Content("").join(parts)

    def line(self, index: int, width: int) -> Content:
        """Writes a table and its cells."""
        line, layout = self.shown[index], self.layout_for(width)
        name = Content(f" {_KINDS.get(line.kind, '▪')} {visible(line.short)}")
        parts = [name.truncate(layout.name - 1, ellipsis=True, pad=True), Content(" ")]
        for place in range(layout.first, min(layout.first + layout.count, len(line.cells))):
            cell = drawn(line.cells[place], layout.column)
            if index == self.cursor and place == self.column:
                cell = Content.styled(cell.plain, "bold $cursor-text on $cursor-cell")
            parts += [cell, Content("  ")]
        return Content("").join(parts)

    def watch_column(self) -> None:
        """Redraws, for the columns may have moved."""
        self.refresh()
        if self.is_attached:
            self.post_message(self.Turned())

    def action_across(self, step: int) -> None:
        """Moves the cursor to another column."""
        self.column = max(0, min(self.column + step, len(self.columns) - 1))


class Heading(Widget):
    """The row over the cells."""

    def __init__(self, table: CellTable) -> None:
        super().__init__()
        self._table = table

    def render(self) -> Content:
        """Writes the names of the columns."""
        return self._table.heading(self.size.width)
