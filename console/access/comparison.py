"""What one persona sees and another does not, table by table."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from psycopg import sql

from console.access.catalog import Governed, read_catalog
from console.access.cells import Cell
from console.access.entrance import ContainmentBroken
from console.access.impersonation import Impersonation, Preview
from console.access.matrix import matrix
from console.access.persona import Persona
from console.access.rules import Command, export_snapshot, looking, raw
from console.access.visibility import BOUND
from console.connection.session import Session, TextTable
from console.errors import ConsoleError

_SEES = ("all", "some")
_WHOLE = ("row",)

Key = tuple[str | None, ...]


@dataclass(frozen=True, slots=True)
class Difference:
    """One table that two personas see differently.

    Attributes:
        cells: What each sees, as in the matrix.
        only: Rows that only the first and only the second sees; None where they are too many
            to be compared one by one.
        both: Rows that both see; None likewise.
        samples: Keys of some of the rows that only one sees, the first's and the second's.
        key: The columns of the keys; `ctid` without a key, `row` for the whole row of a view.
        message: Why rows could not be compared.
        withheld: Whether that is because containment broke while they were counted or read.
    """

    table: str
    cells: tuple[Cell, Cell]
    only: tuple[int, int] | None
    both: int | None
    samples: tuple[tuple[Key, ...], tuple[Key, ...]]
    key: tuple[str, ...]
    message: str = ""
    withheld: bool = False

    @property
    def query(self) -> str:
        """The query for the sampled rows that only one sees; empty where nothing names them."""
        keys = [*self.samples[0], *self.samples[1]]
        if not keys or self.key == _WHOLE:
            return ""
        names = sql.SQL(", ").join(map(sql.Identifier, self.key))
        rows = [sql.SQL("({})").format(sql.SQL(", ").join(map(sql.Literal, key))) for key in keys]
        query = sql.SQL("select * from {} where ({}) in ({});")
        return query.format(raw(self.table), names, sql.SQL(", ").join(rows)).as_string()


@dataclass(frozen=True, slots=True)
class Comparison:
    """Two personas side by side.

    Attributes:
        differences: Tables that they see differently.
        same: Tables of which both see the same rows, or none.
        notes: What limits it.
        elapsed: Seconds.
    """

    personas: tuple[Persona, Persona]
    differences: tuple[Difference, ...]
    same: tuple[str, ...]
    notes: tuple[str, ...]
    elapsed: float


OnTable = Callable[[str, int, int], None]
"""Told the table that is being compared, how many are done, and how many there are."""


async def compare(
    login: Session,
    preview: Preview,
    first: Persona,
    second: Persona,
    *,
    tables: Sequence[str] | None = None,
    bound: int = BOUND,
    sample: int = 20,
    on_table: OnTable | None = None,
) -> Comparison:
    """Compares what two personas see, by the keys of the rows, in one snapshot.

    Args:
        login: Reads what governs the tables.
        preview: The connection for the personas' side.
        first: One of them.
        second: The other.
        tables: Identities; None for all but the system's and the platform's.
        bound: Rows of a table that are compared one by one.
        sample: Keys to return for each side.
        on_table: Told of progress.

    Raises:
        UsageError: They have the same label.
        Refused: The login may not act as one of them.
        ConsoleError: The connection is gone or the server refused.
    """
    started = time.perf_counter()
    catalog = await read_catalog(login, {first.role, second.role}, tables)
    select = (Command.SELECT,)
    found = await matrix(
        login, preview, (first, second), commands=select, bound=bound, catalog=catalog
    )
    asked, same, differences = [], [], []
    for governed in catalog:
        cells = (
            found.cell(governed.identity, first.label, Command.SELECT),
            found.cell(governed.identity, second.label, Command.SELECT),
        )
        if any(cell.state == "error" for cell in cells):
            withheld = [cell.message for cell in cells if cell.withheld]
            message = withheld[0] if withheld else "one of them can't be counted"
            differences.append(_uncompared(governed, cells, message, withheld=bool(withheld)))
        elif {cell.state for cell in cells} == {"all"} or not any(
            cell.state in _SEES for cell in cells
        ):
            same.append(governed.identity)
        else:
            asked.append((governed, cells))
    async with looking(login) as transaction:
        snapshot = await export_snapshot(transaction)
        keys: list[dict[str, list[Key] | ConsoleError | None]] = [{}, {}]
        for side, persona in enumerate((first, second)):
            waiting = list(enumerate(asked))
            while waiting:
                try:
                    async with preview.impersonate(persona, snapshot=snapshot) as acting:
                        while waiting:
                            place, (governed, cells) = waiting[0]
                            table = governed.identity
                            if on_table is not None:
                                on_table(table, side * len(asked) + place, 2 * len(asked))
                            keys[side][table] = await _keys(acting, governed, cells[side], bound)
                            del waiting[0]
                except ContainmentBroken as error:
                    _, (governed, _) = waiting.pop(0)
                    keys[side][governed.identity] = error
    for governed, cells in asked:
        difference = _difference(
            governed, cells, keys[0][governed.identity], keys[1][governed.identity], sample
        )
        if difference is None:
            same.append(governed.identity)
        else:
            differences.append(difference)
    return Comparison(
        (first, second),
        tuple(sorted(differences, key=lambda d: d.table)),
        tuple(sorted(same)),
        found.notes,
        time.perf_counter() - started,
    )


def _key(governed: Governed) -> tuple[str, ...]:
    return governed.key or (_WHOLE if governed.kind in "vf" else ("ctid",))


def _uncompared(
    governed: Governed, cells: tuple[Cell, Cell], message: str, *, withheld: bool = False
) -> Difference:
    key = _key(governed)
    return Difference(governed.identity, cells, None, None, ((), ()), key, message, withheld)


async def _keys(
    acting: Impersonation, governed: Governed, cell: Cell, bound: int
) -> list[Key] | ConsoleError | None:
    """Reads the keys a persona sees; None where there are more than can be compared."""
    if cell.state not in _SEES:
        return []
    if cell.visible is None or cell.visible > bound or (not cell.exact and cell.visible >= bound):
        return None
    alias = sql.Identifier(governed.name)
    columns = (
        [sql.SQL("({}.*)").format(alias)]  # a view's rows have no place
        if _key(governed) == _WHOLE
        else [sql.Identifier(governed.name, name) for name in _key(governed)]
    )
    query = sql.SQL("select {} from {} limit {}").format(
        sql.SQL(", ").join(sql.SQL("{}::text").format(column) for column in columns),
        governed.table,
        sql.Literal(bound + 1),
    )
    found = await acting.attempt(query)
    if not isinstance(found, TextTable):
        return found
    return list(found.rows) if len(found.rows) <= bound else None


def _difference(
    governed: Governed,
    cells: tuple[Cell, Cell],
    mine: list[Key] | ConsoleError | None,
    theirs: list[Key] | ConsoleError | None,
    sample: int,
) -> Difference | None:
    for side in (mine, theirs):
        if isinstance(side, ConsoleError):
            withheld = isinstance(side, ContainmentBroken)
            message = side.reason if isinstance(side, ContainmentBroken) else side.message
            return _uncompared(governed, cells, message, withheld=withheld)
    if not isinstance(mine, list) or not isinstance(theirs, list):
        return _uncompared(governed, cells, "too many rows to compare one by one")
    first, second = set(mine), set(theirs)
    if first == second:
        return None
    only = (sorted(first - second, key=_order), sorted(second - first, key=_order))
    return Difference(
        governed.identity,
        cells,
        (len(only[0]), len(only[1])),
        len(first & second),
        (tuple(only[0][:sample]), tuple(only[1][:sample])),
        _key(governed),
    )


def _order(key: Key) -> tuple[tuple[int, int, str], ...]:
    """Orders keys for people: numbers as numbers, everything else as text."""
    return tuple(
        (0, int(part), "") if part and part.lstrip("-").isdecimal() else (1, 0, part or "")
        for part in key
    )
