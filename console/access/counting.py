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
from console.access.together import Message, ask_together, written
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

_Found = list[tuple[Persona, tuple[Asked, ...], TextTable]]
"""What each persona was asked, and the counts in an array."""


@dataclass(frozen=True, slots=True)
class _Question:
    """What to count as each of some personas, and the message that asks for it."""

    asked: tuple[tuple[Asked, ...], ...]
    message: Message


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

    def _begin(self) -> None:
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
            self.on_cells(fresh, len(self.cells), self._expected)

    @property
    def _expected(self) -> int:
        return len(self.catalog) * len(self.personas) * len(self.commands)

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
        waiting, size = list(self.personas), _TOGETHER
        found: _Found = []
        question = self._question(waiting[:size])
        while waiting:
            group, rest = waiting[:size], waiting[size:]
            asking = asyncio.ensure_future(self._tried(question))
            try:
                await asyncio.sleep(0)
                # While the server counts for these, what is known before is told, and the next
                # question written.
                if not self.cells:
                    self._begin()
                self._counted(found)
                size = min(_TOGETHER, size * 5)
                question = self._question(rest[:size])
                answer = await asking
            finally:
                asking.cancel()
            found = answer or []
            if answer is None and len(group) > 1:
                rest, size = waiting, 1
            elif answer is None:
                await self._find_slow(group[0])
            if answer is None:
                question = self._question(rest[:size])
            waiting = rest
        self._counted(found)
        if len(self.cells) == self._expected:
            return
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

    def _question(self, personas: Sequence[Persona]) -> _Question | None:
        """Writes what is to be counted together for some personas; None where nothing is."""
        asked = [(persona, self._together(persona)) for persona in personas]
        return self._asking([(persona, counts) for persona, counts in asked if counts], self.quick)

    def _asking(
        self, asked: Sequence[tuple[Persona, tuple[Asked, ...]]], seconds: float
    ) -> _Question | None:
        if not asked:
            return None
        requests = [(persona, self._query(counts)) for persona, counts in asked]
        message = written(requests, statement_timeout=seconds)
        return _Question(tuple(counts for _, counts in asked), message)

    async def _tried(self, question: _Question | None) -> _Found | None:
        """Asks for several personas; None where that fails, or takes its time."""
        try:
            return await self._ask(question)
        except _FAILURES:
            return None

    async def _ask(self, question: _Question | None) -> _Found:
        if question is None:
            return []
        tables = await ask_together(self.preview, question.message)
        return list(zip(question.message.personas, question.asked, tables, strict=True))

    def _query(self, asked: tuple[Asked, ...]) -> sql.Composable:
        if asked not in self._queries:
            # Written once, and not again for every message.
            self._queries[asked] = sql.SQL(count_all(asked, self.bound).as_string())
        return self._queries[asked]

    async def _find_slow(self, persona: Persona) -> None:
        """Counts the small tables together and the others one by one, to know which are slow."""
        suspects = self._together(persona)
        small = tuple(asked for asked in suspects if (asked[0].estimate or 0) < _LARGE)
        if small and len(small) < len(suspects):
            found = await self._tried(self._asking([(persona, small)], self.quick))
            if found is not None:  # else it may be any of them
                self._counted(found)
                suspects = tuple(asked for asked in suspects if asked not in small)
        for asked in suspects:
            await self._ask_alone(persona, asked, self.quick)
            if self._counts[persona.label, asked].value is None:
                self._alone.add(asked)

    async def _ask_alone(self, persona: Persona, asked: Asked, seconds: float) -> None:
        try:
            self._counted(await self._ask(self._asking([(persona, (asked,))], seconds)))
        except (DatabaseFailed, TimedOut) as error:
            words = error.message
            if error.sqlstate == "57014":
                late = f"it can't be told: to count took longer than {seconds:g} s"
                words = _LATE if seconds < self.patience else late
            self._tell(self._known(persona, asked, Count(None, "unknown", words)))
        except ContainmentBroken as error:
            self._tell(self._known(persona, asked, Count(None, "withheld", error.reason)))

    def _counted(self, found: _Found) -> None:
        self._tell(
            known
            for persona, asked, table in found
            for one, count in zip(asked, _counts(table, self.bound), strict=True)
            for known in self._known(persona, one, count)
        )

    def _known(self, persona: Persona, asked: Asked, count: Count) -> list[Known]:
        self._counts[persona.label, asked] = count
        if count.message == _LATE:
            return []
        return [
            Known(asked[0].identity, persona.label, command, counted_cell(count, opens_all=all_))
            for command, all_ in self._wanted(persona).asked[asked]
        ]

    def put_totals(self, totals: Mapping[str, Count]) -> None:
        """Puts the totals beside the counts, those that are known and those to come."""
        self._totals = totals
        self._tell(
            Known(table, persona, command, cell)
            for (table, persona, command), cell in list(self.cells.items())
        )


def count_all(asked: Sequence[Asked], bound: int) -> sql.Composable:
    """Returns one query of one value, an array of the counts."""
    each = [
        sql.SQL("({})").format(
            bounded_count(governed.table, bound, enclosed(where) if where else None)
        )
        for governed, where in asked
    ]
    return sql.SQL("select array[{}]").format(sql.SQL(", ").join(each))


def _counts(table: TextTable, bound: int) -> list[Count]:
    numbers = map(int, (table.rows[0][0] or "").strip("{}").split(","))
    return [
        Count(bound, "at least") if number > bound else Count(number, "exact") for number in numbers
    ]


async def read_totals(
    login: Session, catalog: Sequence[Governed], bound: int, quick: float
) -> dict[str, Count]:
    """Counts all rows as the login: together if that is quick, else one by one."""
    tables = [governed for governed in catalog if governed.kind in "rpmf"]
    if not tables:
        return {}
    try:
        return await _totals(login, tables, bound, quick)
    except (DatabaseFailed, TimedOut):
        return {
            governed.identity: await _total(login, governed, bound, quick) for governed in tables
        }


async def _total(login: Session, governed: Governed, bound: int, quick: float) -> Count:
    try:
        return (await _totals(login, [governed], bound, quick))[governed.identity]
    except (DatabaseFailed, TimedOut) as error:
        if governed.estimate is not None:
            return Count(governed.estimate, "about")
        return Count(None, "unknown", error.message)


async def _totals(
    login: Session, tables: Sequence[Governed], bound: int, quick: float
) -> dict[str, Count]:
    query = count_all([(governed, None) for governed in tables], bound)
    found = _counts((await login.batch(_as_login(query, quick)))[-1], bound)
    return {
        governed.identity: _estimated(governed, count, bound)
        for governed, count in zip(tables, found, strict=True)
    }


def _estimated(governed: Governed, count: Count, bound: int) -> Count:
    if count.kind == "at least" and governed.estimate and governed.estimate > bound:
        return Count(governed.estimate, "about")
    return count


def _as_login(query: sql.Composable, seconds: float) -> sql.Composable:
    begin = sql.SQL(
        "begin read only; set local jit = off; set local statement_timeout = {}"
    ).format(sql.Literal(round(min(seconds, LOGIN_TIMEOUT) * 1000)))
    return sql.SQL("; ").join([begin, query, sql.SQL("rollback")])
