"""Who may do what with how many rows, for every table: counted as the persona, bounded.

Most of it comes in one message for many personas at once. Whatever fails, takes its time or
breaks containment is taken out of that message and asked alone, so that it costs nothing but
its own cell.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from console.access.catalog import Governed, read_catalog
from console.access.cells import Cell
from console.access.counting import Counting, OnCells, read_totals
from console.access.entrance import no_role
from console.access.impersonation import Preview
from console.access.persona import Persona
from console.access.rules import Command
from console.access.visibility import BOUND
from console.connection.session import Session
from console.errors import UsageError

QUICK = 0.2
"""Seconds a count may take while others wait for it."""
PATIENCE = 5.0
"""Seconds it may take when none does."""


@dataclass(frozen=True, slots=True)
class Row:
    """A table's line: cells by persona's label and command."""

    table: str
    kind: str
    cells: Mapping[str, Mapping[Command, Cell]]


@dataclass(frozen=True, slots=True)
class Matrix:
    """Personas × tables × commands.

    Attributes:
        personas: In the order they were given.
        rows: By table.
        notes: What limits it.
        elapsed: Seconds.
    """

    personas: tuple[Persona, ...]
    rows: tuple[Row, ...]
    notes: tuple[str, ...]
    elapsed: float

    def cell(self, table: str, persona: str, command: Command) -> Cell:
        """Returns one cell.

        Raises:
            KeyError: There is none.
        """
        for row in self.rows:
            if row.table == table:
                return row.cells[persona][command]
        raise KeyError(table)


async def matrix(
    login: Session,
    preview: Preview,
    personas: Sequence[Persona],
    *,
    tables: Sequence[str] | None = None,
    commands: Sequence[Command] = tuple(Command),
    bound: int = BOUND,
    quick: float = QUICK,
    patience: float = PATIENCE,
    on_cells: OnCells | None = None,
    catalog: Sequence[Governed] | None = None,
) -> Matrix:
    """Fills the matrix.

    Args:
        login: Reads what governs the tables, and counts all rows.
        preview: The connection for the personas' side.
        personas: Each has a label of its own.
        tables: Identities; None for all but the system's and the platform's.
        commands: Which columns to fill.
        bound: Rows that are counted one by one.
        quick: Seconds a count may take while others wait for it.
        patience: Seconds it may take at the end, when only its own cell waits.
        on_cells: Told of cells as they become known.
        catalog: What `read_catalog` returned lately, to save its round trip.

    Raises:
        UsageError: Two personas have the same label.
        Refused: A persona's role does not exist, or the login may not act as it.
        ConsoleError: The connection is gone or the server refused.
    """
    started = time.perf_counter()
    if len({persona.label for persona in personas}) < len(personas):
        raise UsageError("a persona is given twice", hint="name each once")
    if catalog is None:
        catalog = await read_catalog(login, {persona.role for persona in personas}, tables)
    for persona in personas:
        if catalog and persona.role not in catalog[0].standings:
            raise no_role(persona.role)  # or every cell would say "denied", as if it were there
    counting = Counting(preview, personas, catalog, commands, bound, quick, patience, on_cells)

    async def total() -> None:
        counting.put_totals(await read_totals(login, catalog, bound, quick))

    totals = asyncio.create_task(total())
    try:
        await counting.count()
        await totals
    finally:
        totals.cancel()
    return Matrix(
        tuple(personas),
        tuple(
            Row(
                governed.identity,
                governed.kind,
                {
                    persona.label: {
                        command: counting.cells[governed.identity, persona.label, command]
                        for command in commands
                    }
                    for persona in personas
                },
            )
            for governed in catalog
        ),
        _notes(catalog, preview),
        time.perf_counter() - started,
    )


def _notes(catalog: Sequence[Governed], preview: Preview) -> tuple[str, ...]:
    filtered = [governed.identity for governed in catalog if governed.login_filtered]
    notes = [preview.warning] if preview.warning else []
    if filtered:
        notes.append(f"policies bind this login too, so totals may be short: {', '.join(filtered)}")
    return tuple(notes)
