"""A matrix to take elsewhere: CSV, JSON and Markdown; no file is overwritten unasked."""

from __future__ import annotations

import csv
import io
import re
from collections.abc import Callable, Mapping
from pathlib import Path

from console.access.cells import Cell
from console.access.matrix import Matrix
from console.errors import ConsoleError, Refused, UsageError
from console.visible import json_text, visible


def as_object(found: Matrix) -> dict[str, object]:
    """Returns a matrix as the plain object that JSON is made of."""
    return {
        "personas": [persona.label for persona in found.personas],
        "tables": [
            {
                "table": row.table,
                "kind": row.kind,
                "cells": {
                    persona: {command.value: cell_object(cell) for command, cell in cells.items()}
                    for persona, cells in row.cells.items()
                },
            }
            for row in found.rows
        ],
        "notes": list(found.notes),
        "elapsed_ms": round(found.elapsed * 1000),
    }


def cell_object(cell: Cell) -> dict[str, object]:
    """Returns a cell as a plain object."""
    return {
        "state": cell.state,
        "visible": cell.visible,
        "total": cell.total,
        "exact": cell.exact,
        "message": cell.message,
        "counted": cell.counted,
        "withheld": cell.withheld,
    }


def as_json(found: Matrix) -> str:
    """Writes a matrix as one JSON document."""
    return json_text(as_object(found), indent=2) + "\n"


def as_csv(found: Matrix) -> str:
    """Writes a matrix as CSV, one line a cell, raw as the database has it."""
    text = io.StringIO()
    lines = csv.writer(text, lineterminator="\n")
    lines.writerow(("table", "persona", "command", "state", "visible", "total", "exact", "message"))
    for row in found.rows:
        for persona, cells in row.cells.items():
            for command, cell in cells.items():
                exact = "true" if cell.exact else "false"
                place = (row.table, persona, command.value)
                lines.writerow((*place, cell.state, cell.visible, cell.total, exact, cell.message))
    return text.getvalue()


def as_markdown(found: Matrix) -> str:
    """Writes a matrix as Markdown: a table for each persona, or for several one a command."""
    parts = []
    if len(found.personas) == 1:
        (persona,) = found.personas
        parts.append(
            _markdown(found, persona.label, _commands(found), lambda c: (persona.label, c))
        )
    else:
        for command in _commands(found):
            labels = [persona.label for persona in found.personas]
            parts.append(_markdown(found, command, labels, lambda p, c=command: (p, c)))  # type: ignore[misc]
    return "\n".join(parts)


def _commands(found: Matrix) -> list[str]:
    first = next(iter(found.rows), None)
    cells = next(iter(first.cells.values()), {}) if first is not None else {}
    return [command.value for command in cells]


def _markdown(
    found: Matrix, title: str, columns: list[str], place: Callable[[str], tuple[str, str]]
) -> str:
    lines = [f"### {_escaped(title)}", ""]
    lines.append(" | ".join(["| table", *map(_escaped, columns)]) + " |")
    lines.append("| --- " * (len(columns) + 1) + "|")
    for row in found.rows:
        cells: list[str] = []
        for column in columns:
            persona, command = place(column)
            by_command: Mapping[str, Cell] = {
                c.value: cell for c, cell in row.cells[persona].items()
            }
            cells.append(_escaped(in_words(by_command[command])))
        lines.append(" | ".join([f"| {_escaped(row.table)}", *cells]) + " |")
    return "\n".join(lines) + "\n"


def in_words(cell: Cell) -> str:
    """Says what a cell holds: `some, 2 of 40`, `≥ 10,000`, `denied`."""
    if cell.state in ("denied", "open"):
        return cell.state
    if cell.state == "error":
        return f"error: {cell.message}"
    number = numbers(cell)
    return f"{cell.state}, {number}" if number else cell.state


def numbers(cell: Cell) -> str:
    """Says how many rows of how many, and how far that is known; empty where nothing is."""
    if cell.visible is None:
        return ""
    if cell.counted:
        some = f"{cell.visible:,}"
    else:
        some = f"{'~' if cell.visible == cell.total else '≥ '}{cell.visible:,}"
    if cell.total is None or cell.visible == cell.total:
        return some
    return f"{some} of {cell.total:,}" if cell.exact else f"{some} of ~{cell.total:,}"


def _escaped(text: str) -> str:
    return re.sub(r"([\\|*_`<>\[\]])", r"\\\1", visible(text))


FORMATS: Mapping[str, Callable[[Matrix], str]] = {
    ".csv": as_csv,
    ".json": as_json,
    ".md": as_markdown,
}
"""What the ending of a file's name asks for."""


def as_file(found: Matrix, path: Path) -> str:
    """Writes a matrix in the form that a file's name ends with.

    Raises:
        UsageError: It ends with none of the three.
    """
    form = FORMATS.get(path.suffix.lower())
    if form is None:
        raise UsageError(
            f"{path.name} tells no format", hint="let its name end with .csv, .json or .md"
        )
    return form(found)


def vacant(path: Path, *, replace: bool = False) -> None:
    """Confirms before a long reading that a file may be written.

    Raises:
        Refused: The file is there already.
        ConsoleError: Its folder is not.
    """
    if path.exists() and not replace:
        raise _taken(path)
    if not path.absolute().parent.is_dir():
        raise ConsoleError(f"there is no folder {path.parent}", hint="choose another place")


def _taken(path: Path) -> Refused:
    return Refused(f"{path.name} is there already", hint="choose another name, or replace it")


def write_text(path: Path, text: str, *, replace: bool = False) -> None:
    """Writes a small file.

    Args:
        path: Where.
        text: What it is to hold.
        replace: Whether a file that is there may be replaced.

    Raises:
        Refused: The file is there already.
        ConsoleError: It can't be written.
    """
    try:
        with path.open("w" if replace else "x", encoding="utf-8", newline="") as file:
            file.write(text)
    except FileExistsError as error:
        raise _taken(path) from error
    except OSError as error:
        raise ConsoleError(
            f"{path} can't be written: {error.strerror}", hint="choose another place, or make room"
        ) from error


def read_text(path: Path) -> str:
    """Reads a small file.

    Raises:
        ConsoleError: It can't be read, or is not text.
    """
    try:
        return path.read_text(encoding="utf-8")
    except OSError as error:
        raise ConsoleError(
            f"{path} can't be read: {error.strerror}", hint="look for another place"
        ) from error
    except UnicodeDecodeError as error:
        raise ConsoleError(f"{path} is not text", hint="name the file that was written") from error
