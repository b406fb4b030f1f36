"""Counting for the matrix: together where it goes, alone what fails or takes its time."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field

from psycopg import sql

from console.access.catalog import Governed
from console.access.cells import (
    Cell,
    beyond_visible,
    counted_cell,
    known_cell,
    opens_all,
    standing_of,
    with_total,
)
from console.access.entrance import ContainmentBroken
from console.access.impersonation import Preview
from console.access.persona import Persona
from console.access.rules import LOGIN_TIMEOUT, Command, enclosed
from console.access.together import ask_together
from console.access.visibility import Count, bounded_count
from console.connection.session import Session, TextTable
from console.errors import DatabaseFailed, TimedOut

_TOGETHER = 25
"""Personas that one message asks for."""
_LARGE = 100_000
"""Rows from which on a table is likely the one that takes its time."""
_LATE = "it takes longer"
_FAILURES = (DatabaseFailed, TimedOut, ContainmentBroken)
"""What costs a cell, and not the matrix."""


@dataclass(frozen=True, slots=True)
class Known:
    """A cell that has just become known, for a screen that fills as they come."""

    table: str
    persona: str
    command: Command
    cell: Cell


OnCells = Callable[[Sequence[Known], int, int], None]
"""Told the new cells, how many are known now, and how many there will be."""


Asked = tuple[Governed, str | None]
"""A table, and a condition on its rows besides what the persona sees."""

_Request = tuple[Persona, tuple[Asked, ...]]
_Found = list[tuple[Persona, Mapping[Asked, Count]]]
"""What each persona was found to see."""


@dataclass(frozen=True, slots=True)
class _Wanted:
    """What a role needs: the same for every persona of it.

    Attributes:
        known: Cells that need no counting.
        asked: What to count, each once, with the commands whose cell it fills, and whether
            their policies let every row through.
    """

    known: tuple[tuple[str, Command, Cell], ...]
    asked: Mapping[Asked, tuple[tuple[Command, bool], ...]]


@dataclass
class Counting:
    """A matrix while it is being filled."""

    preview: Preview
    personas: Sequence[Persona]
    catalog: Sequence[Governed]
    commands: Sequence[Command]
    bound: int
    quick: float
    patience: float
    on_cells: OnCells | None
    cells: dict[tuple[str, str, Command], Cell] = field(default_factory=dict)
    _counts: dict[tuple[str, Asked], Count] = field(default_factory=dict)
    _wants: dict[str, _Wanted] = field(default_factory=dict)
    _queries: dict[tuple[Asked, ...], sql.Composable] = field(default_factory=dict)
    _totals: Mapping[str, Count] = field(default_factory=dict)
    _alone: set[Asked] = field(default_factory=set)
    """What has failed or was slow for somebody: asked one by one, at the end."""

    def begin(self) -> None:
        """Fills what needs no counting."""
        self._tell(
            Known(table, persona.label, command, cell)
            for persona in self.personas
            for table, command, cell in self._wanted(persona).known
        )

    def _tell(self, known: Iterable[Known]) -> None:
        fresh = []
        for one in known:
            place = (one.table, one.persona, one.command)
            cell = with_total(one.cell, self._totals.get(one.table), one.command)
            if self.cells.get(place) != cell:
                self.cells[place] = cell
                fresh.append(Known(*place, cell))
        if fresh and self.on_cells is not None:
            expected = len(self.catalog) * len(self.personas) * len(self.commands)
            self.on_cells(fresh, len(self.cells), expected)

    def _wanted(self, persona: Persona) -> _Wanted:
        if persona.role not in self._wants:
            known: list[tuple[str, Command, Cell]] = []
            asked: dict[Asked, tuple[tuple[Command, bool], ...]] = {}
            for governed in self.catalog:
                standing = standing_of(governed, persona)
                for command in self.commands:
                    cell = known_cell(governed, standing, command)
                    if cell is not None:
                        known.append((governed.identity, command, cell))
                    else:
                        count = (governed, beyond_visible(standing, command))
                        fills = (command, opens_all(standing, command))
                        asked[count] = (*asked.get(count, ()), fills)
            self._wants[persona.role] = _Wanted(tuple(known), asked)
        return self._wants[persona.role]

    async def count(self) -> None:
        """Counts as each persona: together first, then alone what does not go together."""
        waiting = list(self.personas)
        together = _TOGETHER
        found: _Found = []
        while waiting:
            group = waiting[:together]
            requests = [(persona, self._together(persona)) for persona in group]
            asking = asyncio.ensure_future(self._tried([r for r in requests if r[1]]))
            try:
                await asyncio.sleep(0)
                # While the server counts for these, what came of those before is told.
                self._counted(found)
                answer = await asking
            finally:
                asking.cancel()
            found = answer or []
            if answer is None:
                if len(group) > 1:
                    together = 1
                    continue
                await self._find_slow(group[0])
            waiting = waiting[len(group) :]
            together = min(_TOGETHER, together * 5)
        self._counted(found)
        for seconds in (self.quick, self.patience):
            for persona in self.personas:
                for asked in self._wanted(persona).asked:
                    if not self._has(persona, asked):
                        await self._ask_alone(persona, asked, seconds)

    def _has(self, persona: Persona, asked: Asked) -> bool:
        count = self._counts.get((persona.label, asked))
        return count is not None and count.message != _LATE

    def _together(self, persona: Persona) -> tuple[Asked, ...]:
        return tuple(asked for asked in self._wanted(persona).asked if asked not in self._alone)

    async def _tried(self, requests: Sequence[_Request]) -> _Found | None:
        """Asks for several personas; None where that fails, or takes its time."""
        try:
            return await self._ask(requests, self.quick)
        except _FAILURES:
            return None

    async def _ask(self, requests: Sequence[_Request], seconds: float) -> _Found:
        if not requests:
            return []
        tables = await ask_together(
            self.preview,
            [(persona, self._query(asked)) for persona, asked in requests],
            statement_timeout=seconds,
        )
        found: _Found = []
        for (persona, asked), table in zip(requests, tables, strict=True):
            counts = [_count(value, self.bound) for _, value in sorted(table.rows, key=_place)]
            found.append((persona, dict(zip(asked, counts, strict=True))))
        return found

    def _query(self, asked: tuple[Asked, ...]) -> sql.Composable:
        if asked not in self._queries:
            self._queries[asked] = union(asked, self.bound)
        return self._queries[asked]

    async def _find_slow(self, persona: Persona) -> None:
        """Counts the small tables together and the others one by one, to know which are slow."""
        suspects = self._together(persona)
        small = tuple(asked for asked in suspects if (asked[0].estimate or 0) < _LARGE)
        if small and len(small) < len(suspects):
            found = await self._tried([(persona, small)])
            if found is not None:  # else it may be any of them
                self._counted(found)
                suspects = tuple(asked for asked in suspects if asked not in small)
        for asked in suspects:
            await self._ask_alone(persona, asked, self.quick)
            if self._counts[persona.label, asked].value is None:
                self._alone.add(asked)

    async def _ask_alone(self, persona: Persona, asked: Asked, seconds: float) -> None:
        try:
            self._counted(await self._ask([(persona, (asked,))], seconds))
        except (DatabaseFailed, TimedOut) as error:
            words = error.message
            if error.sqlstate == "57014":
                late = f"it can't be told: to count took longer than {seconds:g} s"
                words = _LATE if seconds < self.patience else late
            self._counted([(persona, {asked: Count(None, "unknown", words)})])
        except ContainmentBroken as error:
            self._counted([(persona, {asked: Count(None, "withheld", error.reason)})])

    def _counted(self, found: _Found) -> None:
        known = []
        for persona, counts in found:
            fills = self._wanted(persona).asked
            for asked, count in counts.items():
                self._counts[persona.label, asked] = count
                if count.message != _LATE:
                    table = asked[0].identity
                    known += [
                        Known(table, persona.label, command, counted_cell(count, opens_all=all_))
                        for command, all_ in fills[asked]
                    ]
        self._tell(known)

    def put_totals(self, totals: Mapping[str, Count]) -> None:
        """Puts the totals beside the counts, those that are known and those to come."""
        self._totals = totals
        self._tell(
            Known(table, persona, command, cell)
            for (table, persona, command), cell in list(self.cells.items())
        )


def union(asked: Sequence[Asked], bound: int) -> sql.Composable:
    """Returns one query with a line for each count: its place, and the number."""
    lines = [
        sql.SQL("select {}, ({})").format(
            sql.Literal(place),
            bounded_count(governed.table, bound, enclosed(where) if where else None),
        )
        for place, (governed, where) in enumerate(asked)
    ]
    return sql.SQL(" union all ").join(lines)


def _place(row: tuple[str | None, ...]) -> int:
    return int(row[0] or 0)


def _count(value: str | None, bound: int) -> Count:
    number = int(value or 0)
    return Count(bound, "at least") if number > bound else Count(number, "exact")


async def read_totals(
    login: Session, catalog: Sequence[Governed], bound: int, quick: float
) -> dict[str, Count]:
    """Counts all rows as the login: together if that is quick, else one by one."""
    tables = [governed for governed in catalog if governed.kind in "rpmf"]
    if not tables:
        return {}
    try:
        found = await login.batch(_as_login(union([(g, None) for g in tables], bound), quick))
        return _counts(tables, found[-1], bound)
    except (DatabaseFailed, TimedOut):
        counts = {}
        for governed in tables:
            counts[governed.identity] = await _total(login, governed, bound, quick)
        return counts


async def _total(login: Session, governed: Governed, bound: int, quick: float) -> Count:
    try:
        found = await login.batch(_as_login(union([(governed, None)], bound), quick))
    except (DatabaseFailed, TimedOut) as error:
        if governed.estimate is not None:
            return Count(governed.estimate, "about")
        return Count(None, "unknown", error.message)
    return _counts([governed], found[-1], bound)[governed.identity]


def _as_login(query: sql.Composable, seconds: float) -> sql.Composable:
    begin = sql.SQL("begin read only; set local statement_timeout = {}").format(
        sql.Literal(round(min(seconds, LOGIN_TIMEOUT) * 1000))
    )
    return sql.SQL("; ").join([begin, query, sql.SQL("rollback")])


def _counts(tables: Sequence[Governed], found: TextTable, bound: int) -> dict[str, Count]:
    counts = {}
    for place, value in found.rows:
        governed = tables[int(place or 0)]
        count = _count(value, bound)
        if count.kind == "at least" and governed.estimate and governed.estimate > bound:
            count = Count(governed.estimate, "about")
        counts[governed.identity] = count
    return counts
