"""Which rows of a page a persona sees, and how many there are altogether."""

from __future__ import annotations

import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Literal

from psycopg import sql

from console.access.evaluation import evaluate, over
from console.access.expression import sendable
from console.access.impersonation import Impersonation, Preview
from console.access.labels import tried
from console.access.persona import Persona
from console.access.rules import (
    Command,
    Rules,
    enclosed,
    export_snapshot,
    looking,
    read_rules,
    whole,
)
from console.access.verdict import Attempt, combined, stages
from console.catalog.relations import Relation
from console.connection.session import Session, TextTable, Transaction
from console.errors import ConsoleError, UsageError

BOUND = 10_000
"""Rows that are counted one by one; beyond, a count says "at least"."""

APART = 2.0
"""Seconds for which rows of a page that fails are asked apart."""

State = Literal["visible", "hidden", "error", "unknown", "gone"]
Key = Sequence[str]
_Row = tuple[str | None, ...]
"""A key as the server writes it."""


@dataclass(frozen=True, slots=True)
class Count:
    """A number of rows, and how far it is known.

    Attributes:
        value: The number; None where it could not be found out.
        kind: `exact`, `at least`, `about` (an estimate), `unknown`, or `withheld` because
            containment was broken.
        message: Why there is no number.
    """

    value: int | None
    kind: Literal["exact", "at least", "about", "unknown", "withheld"]
    message: str = ""

    def __str__(self) -> str:
        match self.kind:
            case "exact":
                return f"{self.value:,}"
            case "at least":
                return f"≥ {self.value:,}"
            case "about":
                return f"~{self.value:,}"
        return self.kind


@dataclass(frozen=True, slots=True)
class XRay:
    """A page as a persona sees it.

    Attributes:
        states: For each key, in the order they were given: `visible`, `hidden`, `error` when
            to read the row fails, `unknown` when that was not found out in time, or `gone`
            when the row has been deleted or changed its key since the page was read.
        denied_columns: Columns the persona holds no SELECT on.
        method: `read` when the persona was asked for the rows, `evaluated` when it may not
            read the key, so that the policies were evaluated over the rows instead, `denied`
            when it may read no column at all.
        message: What the page ends with instead: an error a policy raises, a missing privilege.
        notes: What limits this answer.
    """

    persona: Persona
    table: str
    states: tuple[State, ...]
    denied_columns: tuple[str, ...]
    method: Literal["read", "evaluated", "denied"]
    message: str = ""
    notes: tuple[str, ...] = ()

    @property
    def visible(self) -> int:
        """How many of the rows the persona sees."""
        return self.states.count("visible")


async def usable_key(login: Session, relation: Relation) -> tuple[str, ...]:
    """Returns the columns by which rows of a relation can be asked for; `ctid` without a key."""
    async with looking(login) as transaction:
        assert login.server is not None
        rules = await read_rules(transaction, relation.schema, relation.name, login.server.user)
    return rules.key or ("ctid",)


async def xray(
    login: Session,
    preview: Preview,
    persona: Persona,
    relation: Relation,
    keys: Sequence[Key],
    *,
    columns: Sequence[str] = (),
    apart: float = APART,
) -> XRay:
    """Tells for each row of a page whether a persona sees it.

    Both sides are asked in one snapshot, so a row that was deleted since is not mistaken for
    a hidden one. Where the page as a whole fails, its rows are asked apart.

    Args:
        login: The session that read the page.
        preview: The connection for the persona's side.
        persona: Whose eyes.
        relation: The table.
        keys: The server's text of the key columns, row by row.
        columns: Those columns; by default the table's key, or `ctid` where there is none.
        apart: Seconds for which rows of a page that fails are asked apart.

    Raises:
        UsageError: A key has more or fewer parts than there are columns.
        Refused: The login may not act as the persona.
        ContainmentBroken: A policy left the role or the transaction.
        ConsoleError: The connection is gone or the server refused.
    """
    async with looking(login) as transaction:
        rules = await read_rules(transaction, relation.schema, relation.name, persona.role)
        named = tuple(columns) or rules.key or ("ctid",)
        for key in keys:
            sendable("".join(key), "a key")
        if any(len(key) != len(named) for key in keys):
            raise UsageError("a key does not fit its columns", hint=f"columns: {', '.join(named)}")
        there = await _as_login(transaction, rules, named, keys)
        snapshot = await export_snapshot(transaction)
        denied = tuple(field.name for field in rules.fields if not field.select)
        notes = ("policies bind this login too",) if rules.login_filtered else ()

        def seen(
            found: Mapping[_Row, State],
            method: Literal["read", "evaluated", "denied"],
            message: str = "",
        ) -> XRay:
            states: list[State] = [
                "gone" if key is None else found.get(key, "hidden") for key in there
            ]
            return XRay(persona, rules.identity, tuple(states), denied, method, message, notes)

        if not rules.usage or not rules.permits(Command.SELECT):
            what = "USAGE on its schema" if not rules.usage else "SELECT"
            return seen({}, "denied", f"{persona.role} holds no {what}")
        present = [key for key in there if key is not None]
        if not present:
            return seen({}, "read")
        async with preview.impersonate(persona, snapshot=snapshot) as acting:
            found = await _as_persona(acting, rules, named, present)
            if isinstance(found, TextTable):
                return seen(_visible(found), "read")
            until = time.monotonic() + apart
            if found.sqlstate != "42501" or not rules.binding:
                states = await _apart(acting, rules, named, present, found, until)
                return seen(states, "read", found.message)
            states, message = await _evaluated(transaction, acting, rules, named, present, until)
            return seen(states, "evaluated", message)


def _columns(rules: Rules, named: Sequence[str]) -> sql.Composable:
    return sql.SQL(", ").join(
        sql.SQL("{}.{}").format(rules.alias, sql.Identifier(name)) for name in named
    )


async def _as_login(
    transaction: Transaction, rules: Rules, named: Sequence[str], keys: Sequence[Key]
) -> list[tuple[str | None, ...] | None]:
    """Finds the rows again; None for one that is gone."""
    if not keys:
        return []
    for name in named:
        if name != "ctid":
            rules.comparable(name)
    # Untyped literals: naming the type of a domain would run its checks as the login.
    places = sql.SQL(" ").join(
        sql.SQL("when {} then {}").format(_is(rules, named, key), sql.Literal(place))
        for place, key in enumerate(keys)
    )
    query = sql.SQL("select case {} end, {} from {} as {} where {}").format(
        places, _columns(rules, named), rules.table, rules.alias, _among(rules, named, keys)
    )
    there = {place: tuple(key) for place, *key in (await transaction.texts(query)).rows}
    first = {tuple(key): str(place) for place, key in reversed(list(enumerate(keys)))}
    return [there.get(first[tuple(key)]) for key in keys]


def _is(rules: Rules, named: Sequence[str], key: Sequence[str | None]) -> sql.Composable:
    return sql.SQL(" and ").join(
        sql.SQL("{}.{} = {}").format(rules.alias, sql.Identifier(name), sql.Literal(part))
        for name, part in zip(named, key, strict=True)
    )


def _among(
    rules: Rules, named: Sequence[str], keys: Sequence[Sequence[str | None]]
) -> sql.Composable:
    left = sql.SQL(", ").join(
        sql.SQL("{}.{}").format(rules.alias, sql.Identifier(name)) for name in named
    )
    wanted = sql.SQL(", ").join(
        sql.SQL("({})").format(sql.SQL(", ").join(map(sql.Literal, key))) for key in keys
    )
    return sql.SQL("({}) in ({})").format(left, wanted)


async def _as_persona(
    acting: Impersonation,
    rules: Rules,
    named: Sequence[str],
    keys: Sequence[_Row],
) -> TextTable | ConsoleError:
    """Asks for the rows by untyped literals: naming a type would need USAGE on its schema."""
    query = sql.SQL("select {} from {} as {} where {}").format(
        _columns(rules, named), rules.table, rules.alias, _among(rules, named, keys)
    )
    return await acting.attempt(query)


def _visible(found: TextTable) -> dict[_Row, State]:
    return dict.fromkeys(found.rows, "visible")


async def _apart(
    acting: Impersonation,
    rules: Rules,
    named: Sequence[str],
    keys: Sequence[_Row],
    failure: ConsoleError,
    until: float,
) -> dict[_Row, State]:
    """Halves a page that fails, from its beginning, until what raises stands alone."""
    if failure.sqlstate == "57014" or time.monotonic() > until:
        return dict.fromkeys(keys, "unknown")
    if len(keys) == 1:
        return {keys[0]: "error"}
    states: dict[_Row, State] = {}
    middle = (len(keys) + 1) // 2
    for half in (keys[:middle], keys[middle:]):
        found = await _as_persona(acting, rules, named, half)
        states |= (
            _visible(found)
            if isinstance(found, TextTable)
            else await _apart(acting, rules, named, half, found, until)
        )
    return states


async def _evaluated(
    transaction: Transaction,
    acting: Impersonation,
    rules: Rules,
    named: Sequence[str],
    keys: Sequence[_Row],
    until: float,
) -> tuple[dict[_Row, State], str]:
    """Evaluates the policies for SELECT over the rows, for who may not read their key."""
    condition = combined(rules, stages(Attempt(Command.SELECT))[0])
    rows = await transaction.texts(
        sql.SQL("select {}, {} from {} as {} where {}").format(
            whole(rules.alias),
            _columns(rules, named),
            rules.table,
            rules.alias,
            _among(rules, named, keys),
        )
    )
    column = sql.SQL("{}::boolean").format(enclosed(condition))
    texts = [row[0] or "" for row in rows.rows]
    together = await acting.attempt(sql.SQL("select ") + column + over(rules, *texts))
    if isinstance(together, TextTable):
        flags = [row[0] for row in together.rows]
        return {
            row[1:]: "visible" if flag == "t" else "hidden"
            for row, flag in zip(rows.rows, flags, strict=True)
        }, ""
    late = together.sqlstate == "57014"
    states: dict[_Row, State] = {}
    for text, *key in rows.rows:
        states[tuple(key)] = "unknown"
        if not late and time.monotonic() < until:
            (value,) = await evaluate(acting, rules, text or "", [condition])
            if value.state != "error":
                states[tuple(key)] = "visible" if value.holds else "hidden"
            elif not value.unknown:
                states[tuple(key)] = "error"
    complete = all(state in ("visible", "hidden") for state in states.values())
    return states, "" if complete else together.message


async def count_total(
    login: Session, relation: Relation, *, bound: int = BOUND, seconds: float = 2.0
) -> Count:
    """Counts a relation's rows as the login sees them: exactly up to a bound, else estimated."""
    async with looking(login) as transaction:
        found = await tried(
            transaction,
            bounded_count(sql.Identifier(relation.schema, relation.name), bound),
            seconds=seconds,
        )
    count = as_count(found, bound)
    if count.kind != "exact" and relation.rows_estimate is not None:
        return Count(max(relation.rows_estimate, bound if count.value else 0), "about")
    return count


async def count_visible(
    preview: Preview,
    persona: Persona,
    relation: Relation,
    *,
    where: sql.Composable | None = None,
    bound: int = BOUND,
    seconds: float = 5.0,
) -> Count:
    """Counts the rows a persona sees: exactly up to a bound, else "at least" that many.

    Args:
        preview: The connection for the persona's side.
        persona: Whose eyes.
        relation: The table.
        where: A condition of the console's own making; None for all rows.
        bound: Rows that are counted at most.
        seconds: What it may take; beyond, the count is unknown.
    """
    async with preview.impersonate(persona, statement_timeout=seconds) as acting:
        table = sql.Identifier(relation.schema, relation.name)
        return as_count(await acting.attempt(bounded_count(table, bound, where)), bound)


def bounded_count(
    table: sql.Composable, bound: int, where: sql.Composable | None = None
) -> sql.Composable:
    """Returns a query that counts no further than one beyond the bound."""
    condition = sql.SQL(" where ") + where if where is not None else sql.SQL("")
    return sql.SQL(
        "select pg_catalog.count(*) from (select 1 from {}{} limit {}) as bounded"
    ).format(table, condition, sql.Literal(bound + 1))


def as_count(found: TextTable | ConsoleError, bound: int) -> Count:
    """Reads the result of a bounded count."""
    if not isinstance(found, TextTable):
        late = found.sqlstate == "57014"
        return Count(None, "unknown", "it took too long" if late else found.message)
    value = int(found.rows[0][0] or 0)
    return Count(bound, "at least") if value > bound else Count(value, "exact")
