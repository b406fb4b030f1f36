"""What would still stop a row that the policies let through: keys and constraints."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from psycopg import sql

from console.access import trail
from console.access.constraints import Exclusive, ForeignKey
from console.access.doubt import Doubt, Reason
from console.access.evaluation import evaluate, values_as_text
from console.access.inquiry import Inquiry, plain
from console.access.labels import tried
from console.access.row import NewRow, columns_of
from console.access.rules import enclosed, raw
from console.connection.session import TextTable
from console.errors import ConsoleError


@dataclass(frozen=True, slots=True)
class Obstacle:
    """A constraint that a new row breaks.

    Attributes:
        sqlstate: What the server would raise; empty where that can't be told.
        words: A half-sentence.
        history: What logs tell about it.
        doubt: Why it can't be told whether it stops the row, or None where it does.
    """

    sqlstate: str
    words: str
    history: tuple[trail.Entry, ...] = ()
    doubt: Doubt | None = None


async def find_obstacles(
    inquiry: Inquiry, new: NewRow, stored: Inquiry | None
) -> tuple[Obstacle, ...]:
    """Looks for what breaks a row that access allows.

    Args:
        inquiry: About the new row.
        new: The row as it would be written.
        stored: About the row it replaces; None for an INSERT.
    """
    rules = inquiry.rules
    values = columns_of(rules, new.text)
    before = columns_of(rules, stored.row) if stored is not None else {}
    found = [
        Obstacle("23502", f"{plain(field.name)} must not be null")
        for field in rules.fields
        if field.not_null and values[field.name] is None and field.name not in new.unsure
    ]
    found += await _checks(inquiry, new)
    for key in rules.foreign_keys:
        moved = stored is None or any(values[c] != before.get(c) for c in key.columns)
        known = not set(key.columns) & set(new.unsure)
        if moved and known and all(values[column] is not None for column in key.columns):
            found += await _unmatched(inquiry, key, {c: str(values[c]) for c in key.columns})
    for index in rules.exclusives:
        moved = stored is None or any(values[c] != before.get(c) for c in index.columns)
        if moved and not index.columns & set(new.unsure):
            found += await _taken(inquiry, index, stored)
    found += await _misplaced(inquiry, new)
    return tuple(found)


async def find_dependents(inquiry: Inquiry, old: str) -> tuple[Obstacle, ...]:
    """Looks for rows of others that keep one from being deleted.

    Args:
        inquiry: About the stored row.
        old: The row.
    """
    values = columns_of(inquiry.rules, old)
    found = []
    for key in inquiry.rules.referencing:
        wanted = [values[name] for name in key.referenced]
        if None in wanted:
            continue
        if key.filtered or key.acts:
            found.append(_untold(f"a row in {key.table} references it", key.table, key.acts))
            continue
        wanted_there = dict(zip(key.columns, wanted, strict=True))
        own = (key.schema, key.table) == (inquiry.rules.schema, inquiry.rules.name)
        apart = inquiry.row_key if own else ""
        if await _is_there(inquiry, sql.Identifier(key.schema, key.table), wanted_there, apart):
            words = f"a row in {key.table} references it"
            found.append(Obstacle("23503", f"the foreign key {key.name} stops it: {words}"))
    return tuple(found)


async def _checks(inquiry: Inquiry, new: NewRow) -> list[Obstacle]:
    """Evaluates the constraints as the persona, who would run what they call."""
    rules = inquiry.rules
    expressions = [expression for _, expression in rules.checks]
    values = await evaluate(inquiry.acting, rules, new.text, expressions, new.unsure)
    found = []
    for (name, expression), value in zip(rules.checks, values, strict=True):
        if value.doubt is not None:
            if value.doubt.reason not in (Reason.VALUE, Reason.TRIGGER):  # of these a note tells
                words = f"it can't be told whether the constraint {name} holds: {value.error}"
                found.append(Obstacle("", words, doubt=value.doubt))
        elif value.state == "error":
            found.append(Obstacle(value.sqlstate, f"the constraint {name} raises {value.error}"))
        elif value.state == "false":
            words = f"the constraint {name} does not hold: {expression}"
            found.append(Obstacle("23514", words))
    return found


async def _unmatched(inquiry: Inquiry, key: ForeignKey, values: dict[str, str]) -> list[Obstacle]:
    wanted = dict(zip(key.referenced, values.values(), strict=True))
    table = sql.Identifier(key.schema, key.table)
    if key.filtered or key.acts:
        what = f"{key.table} holds what the foreign key {key.name} demands"
        return [_untold(what, key.table, key.acts)]
    if await _is_there(inquiry, table, wanted) is not False:
        return []
    terms = []
    for (column, value), name in zip(values.items(), key.referenced, strict=True):
        label = (await inquiry.labels.of(inquiry.rules, column, [value]))[value]
        if label == value:
            label = await inquiry.labels.person(value)
        terms.append(f"{plain(name)} = {label}")
    history = await trail.of_missing(inquiry.transaction, key.table, wanted)
    told = f" ({history[0]})" if history else ""
    words = f"there is no row in {key.table} with {' and '.join(terms)}{told}"
    return [Obstacle("23503", f"the foreign key {key.name} stops it: {words}", history)]


async def _taken(inquiry: Inquiry, index: Exclusive, stored: Inquiry | None) -> list[Obstacle]:
    """Looks for another row that an index takes for the same as a new one."""
    rules = inquiry.rules
    what = f"{index.name} holds another such row"
    mine = await _compared(inquiry, index)
    if mine is None or (stored is not None and mine == await _compared(stored, index)):
        return []
    if isinstance(mine, Doubt):
        return [Obstacle("", f"it can't be told whether {what}: {mine.words}", doubt=mine)]
    if rules.login_filtered or index.acts:
        return [_untold(what, rules.name, index.acts)]
    terms: list[sql.Composable] = []
    for part, value in zip(index.parts, mine, strict=True):
        held = raw(part.expression) if part.column else enclosed(part.expression)
        same = sql.SQL("{} {} {}").format(held, raw(part.operator), sql.Literal(value))
        terms.append(sql.SQL("{} is null").format(held) if value is None else same)
    if index.predicate is not None:
        terms.append(enclosed(index.predicate))
    if stored is not None:
        terms.append(raw(f"not ({stored.row_key})"))
    there = await _exists(inquiry, rules.table, sql.SQL(" and ").join(terms))
    if there is None:
        words = f"it can't be told whether {what}"
        return [Obstacle("", words, doubt=Doubt(Reason.UNANSWERED, words))]
    if not there:
        return []
    names = " and ".join(plain(p.column) if p.column else p.expression for p in index.parts)
    if index.excludes:
        return [Obstacle("23P01", f"{index.name} holds another row that conflicts by {names}")]
    return [Obstacle("23505", f"{index.name} holds another row with the same {names}")]


async def _compared(inquiry: Inquiry, index: Exclusive) -> list[str | None] | Doubt | None:
    """Returns what an index would hold of the row; None where no other row could be alike.

    Expressions are evaluated as the persona, who would run what they call.
    """
    rules, acting, row = inquiry.rules, inquiry.acting, inquiry.row
    if index.predicate is not None:
        (held,) = await evaluate(acting, rules, row, [index.predicate])
        if held.state == "error":
            return held.doubt or Doubt(Reason.PRIVILEGE, held.error)
        if not held.holds:
            return None
    columns = columns_of(rules, row)
    wanted = [part.expression for part in index.parts if part.column is None]
    computed = iter(await values_as_text(acting, rules, row, wanted) if wanted else [])
    values: list[str | None] = []
    for part in index.parts:
        value = next(computed) if part.column is None else columns[part.column]
        if isinstance(value, ConsoleError):
            return Doubt(Reason.PRIVILEGE, value.message)
        values.append(value)
    return values if index.nulls_alike or None not in values else None


async def _misplaced(inquiry: Inquiry, new: NewRow) -> list[Obstacle]:
    """Asks whether a partition takes the row, or the one that it is for."""
    rules = inquiry.rules
    if rules.bounds is None:
        return []
    any_ = " or ".join(f"({bound})" for bound in rules.bounds) or "false"
    (value,) = await evaluate(inquiry.acting, rules, new.text, [any_], new.unsure)
    if value.doubt is not None and value.doubt.reason in (Reason.VALUE, Reason.TRIGGER):
        return []  # a note tells of these
    if value.state == "error":
        words = f"it can't be told whether a partition takes this row: {value.error}"
        doubt = value.doubt or Doubt(Reason.PRIVILEGE, value.error)
        return [Obstacle("", words, doubt=doubt)]
    # As for a check, NULL is no refusal where the row goes straight into the partition.
    if value.holds or (value.state == "null" and rules.kind != "p"):
        return []
    if rules.kind == "p":
        return [Obstacle("23514", f"no partition of {plain(rules.name)} takes this row")]
    return [Obstacle("23514", f"{plain(rules.name)} is a partition that does not take this row")]


def _untold(what: str, table: str, acts: bool) -> Obstacle:
    """Policies that bind the login would run as it, and hide rows that the constraint sees."""
    why = f"the policies of {table} bind this login too"
    if acts:
        why = "to look for it calls a function that somebody made, as your own login"
    words = f"it can't be told whether {what}: {why}"
    return Obstacle("", words, doubt=Doubt(Reason.PRIVILEGE, words))


async def _is_there(
    inquiry: Inquiry, table: sql.Composable, values: Mapping[str, str | None], apart: str = ""
) -> bool | None:
    """Looks for a row with these values, apart from one; None where that can't be told."""
    where = sql.SQL(" and ").join(
        sql.SQL("{} = {}").format(sql.Identifier(name), sql.Literal(value))
        for name, value in values.items()
    )
    if apart:
        where += sql.SQL(" and not ({})").format(raw(apart))
    return await _exists(inquiry, table, where)


async def _exists(inquiry: Inquiry, table: sql.Composable, where: sql.Composable) -> bool | None:
    query = sql.SQL("select exists (select from {} where {})").format(table, where)
    found = await tried(inquiry.transaction, query, seconds=2)
    return found.rows[0][0] == "t" if isinstance(found, TextTable) else None
