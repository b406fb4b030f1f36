"""What `rowsight access matrix | compare | check` print: JSON fields, text in 80 columns."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from console.access.exported import as_object, cell_object
from console.access.marks import CELLS, WITHHELD
from console.cli import diagnostics, output
from console.cli.access_text import persona_json, print_wrapped

if TYPE_CHECKING:
    from console.access.baseline import Change
    from console.access.cells import Cell
    from console.access.comparison import Comparison, Difference
    from console.access.matrix import Matrix


def matrix_json(found: Matrix) -> dict[str, object]:
    """Returns the fields of a matrix."""
    return as_object(found) | {
        "personas": [persona_json(persona) for persona in found.personas],
        "elapsed_ms": round(found.elapsed * 1000, 1),
    }


def _said(cell: Cell) -> str:
    """A cell in a few characters: what it is, and how many rows."""
    glyph = CELLS[cell.state].glyph
    if cell.withheld:
        return f"{WITHHELD.glyph} {WITHHELD.name}"
    if cell.state not in ("all", "some") or cell.visible is None:
        return f"{glyph} {cell.state}"
    if cell.state == "all":
        return f"{glyph} all {cell.visible:,}" if cell.exact else f"{glyph} all ~{cell.visible:,}"
    about = "" if cell.exact else "≥"
    whole = f"/{'' if cell.exact else '~'}{cell.total:,}" if cell.total is not None else ""
    return f"{glyph} {about}{cell.visible:,}{whole}"


def print_matrix(found: Matrix) -> None:
    """Prints tables × commands for each persona, or tables × personas for one command."""
    if not found.rows:
        diagnostics.say("there are no tables")
        return
    commands = list(next(iter(found.rows[0].cells.values())))
    if len(commands) == 1 and len(found.personas) > 1:
        labels = [persona.label for persona in found.personas]
        output.line(f"{commands[0]} by", "bold")
        output.table(
            ("table", *labels),
            [
                (row.table, *(_said(row.cells[label][commands[0]]) for label in labels))
                for row in found.rows
            ],
        )
    else:
        for place, persona in enumerate(found.personas):
            output.line("\n" * bool(place) + str(persona), "bold")
            output.table(
                ("table", *commands),
                [
                    (row.table, *(_said(row.cells[persona.label][c]) for c in commands))
                    for row in found.rows
                ],
            )
    _print_errors(found)
    diagnostics.say("   ".join(f"{mark.glyph} {mark.name}" for mark in CELLS.values()))
    for note in found.notes:
        diagnostics.say(note)


def _print_errors(found: Matrix) -> None:
    for row in found.rows:
        for persona, cells in row.cells.items():
            for command, cell in cells.items():
                if cell.state == "error":
                    print_wrapped(f"{row.table} {command} as {persona}: {cell.message}", first="! ")


def comparison_json(found: Comparison) -> dict[str, object]:
    """Returns the fields of a comparison."""
    return {
        "personas": [persona_json(persona) for persona in found.personas],
        "differences": [_difference(difference) for difference in found.differences],
        "same": list(found.same),
        "notes": list(found.notes),
        "elapsed_ms": round(found.elapsed * 1000, 1),
    }


def _difference(difference: Difference) -> dict[str, object]:
    return {
        "table": difference.table,
        "cells": [cell_object(cell) for cell in difference.cells],
        "only": None if difference.only is None else list(difference.only),
        "both": difference.both,
        "key": list(difference.key),
        "samples": [[list(key) for key in side] for side in difference.samples],
        "message": difference.message,
    }


def print_comparison(found: Comparison) -> None:
    """Prints which tables two personas see differently, and some of the rows."""
    first, second = (persona.label for persona in found.personas)
    if found.differences:
        output.table(
            ("table", f"only {first}", f"only {second}", "both"),
            [
                (
                    difference.table,
                    *(
                        ("?", "?")
                        if difference.only is None
                        else tuple(f"{number:,}" for number in difference.only)
                    ),
                    "?" if difference.both is None else f"{difference.both:,}",
                )
                for difference in found.differences
            ],
            right=(1, 2, 3),
        )
    for difference in found.differences:
        if difference.message:
            print_wrapped(f"{difference.table}: {difference.message}", first="? ")
    same = f"{len(found.same)} tables are the same to both"
    diagnostics.say(same if found.differences else f"both see the same: {same}")
    for note in found.notes:
        diagnostics.say(note)


def changes_json(changes: Sequence[Change], *, withheld: int) -> dict[str, object]:
    """Returns the fields of a check."""
    return {
        "holds": not changes,
        "changes": [
            {
                "persona": change.persona,
                "table": change.table,
                "command": change.command,
                "expected": change.expected,
                "found": change.found,
            }
            for change in changes
        ],
        "withheld": withheld,
    }
