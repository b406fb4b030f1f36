"""Access as a file: taken once, held against the database after every migration.

The file is TOML, in a fixed order, so that two of them can be compared by eye and by diff.
"""

from __future__ import annotations

import json
import re
import tomllib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from console.access.cells import Cell
from console.access.counting import OnCells
from console.access.fingerprint import Fingerprint, read_fingerprints
from console.access.impersonation import Preview
from console.access.matrix import Matrix, matrix
from console.access.naming import Named
from console.access.persona import labelled
from console.access.rules import Command
from console.access.visibility import BOUND
from console.connection.session import Session
from console.errors import UsageError

VERSION = 1
_BARE = re.compile(r"[A-Za-z0-9_-]+")
_HEAD = """\
# Who may do what, as rowsight found it. Check it with: rowsight access check FILE
# all, some, none of the rows; open: not counted, some row may be written;
# denied: no privilege, or a view that takes no such write;
# withheld: a function that was called left the persona's role, so nothing is told.
# At the end, what decides about each table in short: its row-level security, and fingerprints of
# the privileges, of the policies with the functions they call, and of a view's definition.
"""


@dataclass(frozen=True, slots=True)
class Baseline:
    """What a file says.

    Attributes:
        bound: Rows that were counted one by one.
        expected: For each persona: table → command → what it says, as `some 3 of 40`.
        fingerprints: For each table: part → what it says; None for a file without them.
    """

    bound: int
    expected: tuple[tuple[Named, Mapping[str, Mapping[str, str]]], ...]
    fingerprints: Mapping[str, Mapping[str, str]] | None = None

    @property
    def withheld(self) -> int:
        """How many cells tell nothing, because containment broke while they were counted."""
        rows = [row for _, tables in self.expected for row in tables.values()]
        return sum(said == "withheld" for row in rows for said in row.values())

    @property
    def limits(self) -> tuple[str, ...]:
        """What a check against it does not notice."""
        found = []
        if self.withheld:
            cells = "1 cell" if self.withheld == 1 else f"{self.withheld:,} cells"
            found.append(f"result withheld in {cells}: containment broke")
        if self.fingerprints is None:
            found.append(
                "the file has no fingerprints, so a loosened CHECK goes unnoticed:"
                " take a new snapshot"
            )
        return tuple(found)


@dataclass(frozen=True, slots=True)
class Change:
    """A cell, or a part of a fingerprint, that is not what the baseline says.

    Attributes:
        persona: Empty for a part of a table's fingerprint.
        command: Or that part, as `policies`; empty when the whole table is new or gone.
        expected: What the file says; empty for a table it does not know.
        found: What is there; empty for a table that is gone.
    """

    persona: str
    table: str
    command: str
    expected: str
    found: str

    def __str__(self) -> str:
        where = " · ".join(part for part in (self.persona, self.table, self.command) if part)
        if not self.expected:
            return f"{where}: not in the baseline, now {self.found}"
        return f"{where}: was {self.expected}, now {self.found or 'gone'}"


def write_baseline(
    found: Matrix,
    named: Sequence[Named],
    fingerprints: Mapping[str, Fingerprint],
    *,
    bound: int = BOUND,
    counts: bool = True,
) -> str:
    """Writes a matrix as a baseline.

    Args:
        found: The matrix of the personas.
        named: How each is named, in the order of the matrix' personas.
        fingerprints: Of every table, for the roles of the personas.
        bound: Rows that were counted one by one.
        counts: Whether numbers of rows are part of it. On data that grows they would change by
            themselves; on a database made for tests they catch more.

    Returns:
        TOML text that ends with a newline.
    """
    lines = [_HEAD, f"version = {VERSION}", f"bound = {bound}"]
    for name, persona in zip(named, found.personas, strict=True):
        lines += ["", "[[persona]]", f"as = {_string(name.name)}"]
        if name.aal is not None:
            lines.append(f"aal = {name.aal}")
        if name.claims is not None:
            canonical = json.dumps(json.loads(name.claims), ensure_ascii=False, sort_keys=True)
            lines.append(f"claims = {_string(canonical)}")
        lines.append("[persona.tables]")
        lines += _tables(
            {
                row.table: {
                    command.value: say(cell, counts=counts)
                    for command, cell in row.cells[persona.label].items()
                }
                for row in found.rows
            }
        )
    lines += ["", "[fingerprints]"]
    lines += _tables({table: said.parts for table, said in fingerprints.items()})
    return "\n".join(lines) + "\n"


def _tables(said: Mapping[str, Mapping[str, str]]) -> list[str]:
    """Writes a line for each table, in a fixed order."""
    width = max((len(_key(table)) for table in said), default=0)
    return [
        f"{_key(table):{width}} = {{ "
        + ", ".join(f"{part} = {_string(text)}" for part, text in said[table].items())
        + " }"
        for table in sorted(said)
    ]


def say(cell: Cell, *, counts: bool = True) -> str:
    """Says what a cell holds, in a form that does not change from run to run."""
    if counts and cell.state == "some" and cell.exact:
        # Nobody knows how many rows a view would have for everybody.
        return f"some {cell.visible}" + (f" of {cell.total}" if cell.total is not None else "")
    return "withheld" if cell.withheld else cell.state


def _key(name: str) -> str:
    return name if _BARE.fullmatch(name) else _string(name)


def _string(text: str) -> str:
    """Writes a TOML string; JSON's escapes are TOML's too, but for those of a surrogate pair."""
    escaped = json.dumps(text, ensure_ascii=False)
    return re.sub(
        r"[\x7f-\x9f\u061c\u200b-\u200f\u2028-\u202e\u2060-\u206f\ufeff]",
        lambda match: f"\\u{ord(match[0]):04x}",
        escaped,
    )


def read_baseline(text: str) -> Baseline:
    """Reads a baseline.

    Raises:
        UsageError: It is none, or of a version that is not known.
    """
    try:
        found = tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        raise UsageError(f"the baseline is not TOML: {error}", hint="take a new one") from error
    if found.get("version") != VERSION:
        raise UsageError(
            f"the baseline is not of version {VERSION}", hint="take a new one with access snapshot"
        )
    try:
        bound = int(found.get("bound", BOUND))
        expected = tuple(_expected(entry) for entry in found.get("persona", []))
        return Baseline(bound, expected, _fingerprints(found.get("fingerprints")))
    except (KeyError, TypeError, ValueError, AttributeError) as error:
        raise UsageError(
            f"the baseline is not complete: {error}", hint="take a new one with access snapshot"
        ) from error


def _expected(entry: Mapping[str, Any]) -> tuple[Named, Mapping[str, Mapping[str, str]]]:
    named = Named(str(entry["as"]), entry.get("claims"), entry.get("aal"))
    tables = {
        str(table): {Command(command).value: str(said) for command, said in cells.items()}
        for table, cells in entry["tables"].items()
    }
    return named, tables


def _fingerprints(found: Mapping[str, Any] | None) -> Mapping[str, Mapping[str, str]] | None:
    if found is None:
        return None
    return {
        str(table): {str(part): str(said) for part, said in parts.items()}
        for table, parts in found.items()
    }


async def take(
    login: Session,
    preview: Preview,
    named: Sequence[Named],
    *,
    bound: int = BOUND,
    counts: bool = True,
    on_cells: OnCells | None = None,
) -> str:
    """Takes a baseline of what personas may do.

    Args:
        login: Reads what governs the tables.
        preview: The connection for the personas' side.
        named: Who.
        bound: Rows that are counted one by one.
        counts: Whether numbers of rows are part of it.
        on_cells: Told of progress.

    Raises:
        NotFound: There is nobody of that name.
        ConsoleError: The connection is gone or the server refused.
    """
    personas = labelled([await name.resolve(login) for name in named])
    found = await matrix(login, preview, personas, bound=bound, on_cells=on_cells)
    fingerprints = await read_fingerprints(login, {persona.role for persona in personas})
    return write_baseline(found, named, fingerprints, bound=bound, counts=counts)


async def check(
    login: Session, preview: Preview, baseline: Baseline, *, on_cells: OnCells | None = None
) -> list[Change]:
    """Compares the database with a baseline.

    A number of rows is compared where the baseline holds one. A table it does not know is a
    change too: somebody made it, and nobody looked at who may see it. Fingerprints are compared
    where the baseline holds them.

    Returns:
        What is different, by persona, table and command, then by table and part of its
        fingerprint; empty when all is as it was.

    Raises:
        NotFound: Somebody it names is gone.
        ConsoleError: The connection is gone or the server refused.
    """
    personas = labelled([await named.resolve(login) for named, _ in baseline.expected])
    found = await matrix(login, preview, personas, bound=baseline.bound, on_cells=on_cells)
    changes: list[Change] = []
    for persona, (named, tables) in zip(found.personas, baseline.expected, strict=True):
        there = {row.table: row.cells[persona.label] for row in found.rows}
        for table in sorted({*there, *tables}):
            changes += _changes(str(named), table, tables.get(table), there.get(table))
    if baseline.fingerprints is not None:
        roles = {persona.role for persona in personas}
        changes += _decided_else(baseline.fingerprints, await read_fingerprints(login, roles))
    return changes


def _decided_else(
    expected: Mapping[str, Mapping[str, str]], found: Mapping[str, Fingerprint]
) -> list[Change]:
    """Compares fingerprints; a table that is new or gone has been told of as such."""
    return [
        Change("", table, part, said.get(part, ""), now.get(part, ""))
        for table in sorted(expected.keys() & found.keys())
        for said, now in [(expected[table], found[table].parts)]
        for part in {**now, **said}
        if said.get(part) != now.get(part)
    ]


def _changes(
    persona: str,
    table: str,
    expected: Mapping[str, str] | None,
    found: Mapping[Command, Cell] | None,
) -> list[Change]:
    if found is None:
        return [Change(persona, table, "", "there", "")]
    if expected is None:
        may = [f"{command} {say(cell)}" for command, cell in found.items()]
        return [Change(persona, table, "", "", ", ".join(may))]
    changes = []
    for command, cell in found.items():
        if command in expected:
            said = say(cell)
            # A file may say less than is known: `some`, or `some 3` without of how many.
            if not f"{said} ".startswith(f"{expected[command]} "):
                changes.append(Change(persona, table, command, expected[command], said))
    return changes
