"""What is known of a matrix, and how the screen says it."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from textual.content import Content

from console.ui import words
from console.ui.access.cells import CellLine, amount
from console.visible import visible

if TYPE_CHECKING:
    from console.access.catalog import Governed
    from console.access.cells import Cell
    from console.access.counting import Known
    from console.access.matrix import Matrix
    from console.access.persona import Persona

COMMANDS = ("select", "insert", "update", "delete")
_GRAVEST = {"error": 0, "all": 1, "open": 2, "some": 3, "none": 4, "denied": 5}
"""The order in which cells are worth a look."""


@dataclass
class Board:
    """Tables with the cells that are known: by command for one persona, by persona for many."""

    people: Sequence[Persona] = ()
    command: str = "select"
    tables: Sequence[Governed] = ()
    cells: dict[tuple[str, str, str], Cell] = field(default_factory=dict)

    @property
    def commands(self) -> tuple[str, ...]:
        """The commands that are shown."""
        return COMMANDS if len(self.people) == 1 else (self.command,)

    @property
    def columns(self) -> list[tuple[str, str, str]]:
        """Each column's heading, persona and command."""
        if len(self.people) == 1:
            return [(command, self.people[0].label, command) for command in COMMANDS]
        return [(persona.label, persona.label, self.command) for persona in self.people]

    def hear(self, cells: Iterable[Known]) -> None:
        """Takes note of cells that became known."""
        for known in cells:
            self.cells[known.table, known.persona, known.command.value] = known.cell

    def take(self, found: Matrix) -> None:
        """Takes note of the whole."""
        for row in found.rows:
            for label, cells in row.cells.items():
                for command, cell in cells.items():
                    self.cells[row.table, label, command.value] = cell

    def lines(self) -> list[CellLine]:
        """Returns every table with its cells."""
        columns = self.columns
        return [
            CellLine(
                table.identity,
                table.kind,
                tuple(self.cells.get((table.identity, who, what)) for _, who, what in columns),
            )
            for table in self.tables
        ]

    def summary(self, lines: Sequence[CellLine], shown: int, *, sorted_: bool) -> Content:
        """Says whose cells these are, of how many tables, and how many are known."""
        known = sum(cell is not None for line in lines for cell in line.cells)
        every = len(lines) * len(self.columns)
        who = (
            Content.styled(visible(self.people[0].label), "bold")
            if len(self.people) == 1
            else Content.assemble(
                (self.command.upper(), "bold"), f"  {words.plural(len(self.people), 'persona')}"
            )
        )
        tables = words.plural(len(lines), "table")
        if shown < len(lines):
            tables = f"{words.count(shown)} of {tables}"
        order = "  by access" if sorted_ else ""
        progress = f"  {words.count(known)} of {words.count(every)} cells" if known < every else ""
        return Content.assemble(who, f"  {tables}{order}", (progress, "$warning"))

    def told(self, line: CellLine | None, place: int) -> Content:
        """Says in words what the cell of a column holds."""
        columns = self.columns
        if line is None or place >= len(columns):
            return Content.styled("no table fits", "$muted")
        _, who, what = columns[place]
        cell = line.cells[place]
        said = "not known yet" if cell is None else _told(cell, what)
        return Content.assemble(
            (visible(line.table), "bold"), f"  {what.upper()} as {visible(who)}: {visible(said)}"
        )


def weight(cell: Cell | None) -> tuple[int, int]:
    """Orders cells by how much they are worth a look."""
    return (9, 0) if cell is None else (_GRAVEST[cell.state], -(cell.visible or 0))


def _told(cell: Cell, command: str) -> str:
    seen, whole = amount(cell)
    extra = f"; {cell.message}" if cell.message else ""
    match cell.state:
        case "denied":
            return cell.message or f"no privilege for {command.upper()}"
        case "error":
            return cell.message
        case "open":
            return cell.message or "some row could be inserted"
        case "none":
            return f"no row{extra}"
        case _ if command == "insert":
            return f"any row{extra}"
        case "all":
            return f"all {seen} rows{extra}" if seen else f"all rows{extra}"
    return f"{seen}{whole} rows{extra}"
