"""Lines of words and tables, laid out for the width there is; some stand for a session."""

from __future__ import annotations

import textwrap
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, ClassVar

from rich.cells import cell_len, set_cell_size
from textual.binding import BindingType
from textual.content import Content

from console.ui.widgets.charts import bar
from console.ui.widgets.lines import Lines
from console.visible import visible

if TYPE_CHECKING:
    from console.operations.activity import Backend

_GAP = "  "
_WIDEST_BAR = 24
_NARROWEST_BAR = 6


@dataclass(frozen=True, slots=True)
class SheetLine:
    """One line.

    Attributes:
        text: How it reads.
        backend: The session it stands for, if it does.
    """

    text: Content
    backend: Backend | None = None


BLANK = SheetLine(Content(""))
Write = Callable[[int], Sequence[SheetLine]]
"""Writes a sheet for a number of cells."""


def words(text: str, width: int, style: str = "") -> list[SheetLine]:
    """Breaks a sentence, which may hold text of the database, into lines."""
    lines = textwrap.wrap(visible(text), max(width, 10)) or [""]
    return [SheetLine(Content.styled(line, style)) for line in lines]


@dataclass(frozen=True, slots=True)
class Column:
    """One column of a table.

    Attributes:
        name: Its heading.
        right: Numbers stand at the right edge.
        widest: Cells it may take; the last column takes what is left.
    """

    name: str
    right: bool = False
    widest: int = 40


@dataclass(frozen=True, slots=True)
class TableRow:
    """One row of a table.

    Attributes:
        cells: One text a column, as the database wrote them.
        share: How long its bar is, of 0 to 1; None for a table without bars.
        style: Of the whole row.
        backend: The session it stands for.
    """

    cells: Sequence[str]
    share: float | None = None
    style: str = ""
    backend: Backend | None = None


def table(columns: Sequence[Column], rows: Sequence[TableRow], width: int) -> list[SheetLine]:
    """Lays rows out under their headings, each with its bar where it has one."""
    texts = [[visible(cell) for cell in row.cells] for row in rows]
    widths = [
        min(column.widest, max(cell_len(text) for text in (column.name, *cells)))
        for column, *cells in zip(columns, *texts, strict=True)
    ]
    with_bars = any(row.share is not None for row in rows)
    _give_way(columns, widths, width - 2 - (_NARROWEST_BAR + 2 if with_bars else 0))
    left = width - sum(widths) - len(_GAP) * len(widths) - 1
    room = min(_WIDEST_BAR, left) if with_bars else 0
    heading = _GAP.join(
        _fit(column.name, cells, column.right)
        for column, cells in zip(columns, widths, strict=True)
    )
    lines = [SheetLine(Content.styled(heading, "bold $muted"))]
    for row, cells in zip(rows, texts, strict=True):
        text = _GAP.join(
            _fit(cell, size, column.right)
            for cell, size, column in zip(cells, widths, columns, strict=True)
        )
        content = Content.styled(text, row.style)
        if row.share is not None and room >= _NARROWEST_BAR:
            content = Content.assemble(content, _GAP, (bar(row.share, room), "$primary"))
        lines.append(SheetLine(content, row.backend))
    return lines


def _give_way(columns: Sequence[Column], widths: list[int], room: int) -> None:
    """Narrows the widest texts until the row fits, as far as they can be."""
    over = sum(widths) + len(_GAP) * (len(widths) - 1) - room
    while over > 0:
        texts = [place for place, column in enumerate(columns) if not column.right]
        widest = max(texts, key=lambda place: widths[place], default=None)
        if widest is None or widths[widest] <= 8:
            return
        widths[widest] -= 1
        over -= 1


def _fit(text: str, width: int, right: bool) -> str:
    length = cell_len(text)
    if length > width:
        return set_cell_size(text, width - 1) + "…"
    return " " * (width - length) + text if right else text + " " * (width - length)


class Sheet(Lines):
    """What stands behind a figure; the cursor rests on sessions, where there are any."""

    BINDING_GROUP_TITLE = "Detail"
    BINDINGS: ClassVar[list[BindingType]] = []

    def __init__(self, *, id: str | None = None) -> None:  # noqa: A002
        super().__init__(id=id)
        self._write: Write = lambda width: ()
        self._lines: Sequence[SheetLine] = ()
        self._name = ""
        self._sessions = False

    @property
    def line_count(self) -> int:
        """Number of lines."""
        return len(self._lines)

    @property
    def backend(self) -> Backend | None:
        """The session under the cursor."""
        return self._lines[self.cursor].backend if self.cursor < len(self._lines) else None

    def show(self, name: str, write: Write) -> None:
        """Shows a sheet; of the same name, the cursor stays with the session it was on."""
        self._write = write
        again, self._name = name == self._name, name
        before, drawn = (self.backend, self._lines) if again else (None, ())
        self._lay_out()
        if len(drawn) == len(self._lines) and not before:
            for index, (old, new) in enumerate(zip(drawn, self._lines, strict=True)):
                if old != new:
                    self.refresh_lines(index)
            return
        place = self.cursor if again else 0
        if before is not None:
            same = (
                index
                for index, line in enumerate(self._lines)
                if line.backend and _same(line.backend, before)
            )
            place = next(same, place)
        if not again:
            self.scroll_home(animate=False)
        self.renew(cursor=place)
        if not again:
            # A sheet is read from its beginning, wherever its first session stands.
            self.call_after_refresh(self.scroll_home, animate=False)

    def _lay_out(self) -> None:
        self._lines = self._write(self.size.width - 1) if self.size.width else ()
        self._sessions = any(line.backend for line in self._lines)

    def on_resize(self) -> None:
        """Lays it out for the width there is."""
        self._lay_out()
        self.renew()

    def check_action(self, action: str, parameters: tuple[object, ...]) -> bool | None:
        """Only a session can be opened."""
        return action != "choose" or self.backend is not None

    def is_stop(self, index: int) -> bool:
        """The cursor rests on sessions only, where there are any."""
        return not self._sessions or self._lines[index].backend is not None

    def line(self, index: int, width: int) -> Content:
        """Returns a line."""
        return Content.assemble(" ", self._lines[index].text)


def _same(one: Backend, other: Backend) -> bool:
    return (one.pid, one.started) == (other.pid, other.started)
