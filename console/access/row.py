"""Rows as text of their table's own row type: read as stored, or made of what somebody typed.

The text of a composite is exact. JSON is not (it has no arrays with bounds, no NULL beside
JSON's own), so only values that came as JSON go through it.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass, field, replace
from typing import Any

from psycopg import sql

from console.access.doubt import Doubt, Reason, unanswered
from console.access.entrance import STATEMENT_TIMEOUT
from console.access.evaluation import Unsure, asked
from console.access.expression import columns_named, sendable
from console.access.impersonation import Impersonation
from console.access.rules import Field, Rules, enclosed, whole
from console.connection.session import TextTable, Transaction
from console.errors import ConsoleError, DatabaseFailed, NotFound, UsageError
from console.tokens import scan

_MISFITS = frozenset({"22", "23"})
"""Classes of SQLSTATE that say a value does not suit its column."""

_OWN_FAILURES = ("42501", "25006", "57014", "P0")
"""What a function raises that a type or a column calls; anything else is the row's own fault."""


@dataclass(frozen=True, slots=True)
class BadDefault:
    """A default, or something else that a column calls, which fails as it would for the command.

    Attributes:
        column: Whose; None where that can't be told.
        failure: What the server raised.
    """

    column: Field | None
    failure: ConsoleError


@dataclass(frozen=True, slots=True)
class NewRow:
    """A row as a command would write it.

    Attributes:
        text: Of the table's row type.
        unsure: Columns whose value only the command itself would bring, and why.
        refusal: A default, or something else that a column calls, which fails.
    """

    text: str
    unsure: Unsure = field(default_factory=dict)
    refusal: BadDefault | None = None


def with_generated(rules: Rules, new: NewRow) -> NewRow:
    """Makes generated columns as unsure as what they are computed from."""
    unsure = dict(new.unsure)
    for column in rules.fields:
        if column.generated and column.default:
            of = columns_named(scan(column.default), rules.name, new.unsure)
            if of:
                unsure[column.name] = new.unsure[min(of)]
    return replace(new, unsure=unsure)


async def stored_row(transaction: Transaction, rules: Rules, condition: sql.Composable) -> str:
    """Reads one row, as the login.

    Raises:
        NotFound: There is none, or the login itself may not see it.
        UsageError: There are several.
    """
    query = sql.SQL("select {} from {} as {} where {} limit 2").format(
        whole(rules.alias), rules.table, rules.alias, condition
    )
    try:
        rows = (await transaction.texts(query)).rows
    except DatabaseFailed as error:
        if (error.sqlstate or "")[:2] not in _MISFITS:
            raise
        raise UsageError(
            f"the key does not suit {rules.called}: {error.message}",
            hint="check the value and the column's type, or name the row by another column",
            sqlstate=error.sqlstate,
        ) from error
    if not rows:
        hint = "check the key"
        if rules.login_filtered:
            hint = "policies bind this login too and may hide it: log in with BYPASSRLS"
        raise NotFound(f"{rules.called} has no such row", hint=hint)
    if len(rows) > 1:
        raise UsageError(f"several rows of {rules.called} match", hint="give more of the key")
    return rows[0][0] or ""


def _json(rules: Rules, values: Mapping[str, Any]) -> sql.Composable:
    for name in values:
        if rules.field(name).generated:
            raise UsageError(f"{name} is generated, it can't be given", hint="leave it out")
    text = sendable(json.dumps(values, ensure_ascii=False), "the row")
    return sql.SQL("{}::jsonb").format(sql.Literal(text))


async def changed_row(
    acting: Impersonation, rules: Rules, old: str, changes: Mapping[str, Any]
) -> NewRow:
    """Returns a row as an UPDATE would leave it, before any trigger.

    Raises:
        UsageError: A value does not suit its column.
        NotFound: A column does not exist.
    """
    if not changes or not rules.usage:
        return NewRow(old)
    query = sql.SQL("select {} from pg_catalog.jsonb_populate_record({}::{}, {}) as r").format(
        whole(sql.SQL("r")), sql.Literal(old), rules.table, _json(rules, changes)
    )
    changed = _made(rules, await acting.attempt(query))
    if isinstance(changed, ConsoleError):
        return NewRow(old, refusal=BadDefault(None, changed))
    return await _generated(acting, rules, NewRow(changed))


async def inserted_row(
    acting: Impersonation | None, rules: Rules, values: Mapping[str, Any]
) -> NewRow:
    """Returns a row as an INSERT would make it, before any trigger.

    All of it is made as the persona: a default, a generated column and the check of a domain
    may call anything. So are the privileges they need. A number of a sequence is not taken:
    that would be a write.

    Args:
        acting: The persona's; None where it may not even use the schema.
        rules: The table's.
        values: By column; the others get their defaults.

    Raises:
        UsageError: A value does not suit its column.
        NotFound: A column does not exist.
    """
    given = _json(rules, values)
    record = sql.SQL("pg_catalog.jsonb_populate_record(null::{}, {})").format(rules.table, given)
    left_out = [f for f in rules.fields if f.name not in values]
    unsure = {f.name: _only_then(f) for f in left_out if f.identity}
    all_unsure = {f.name: _only_then(f) for f in left_out if f.default and not f.generated}
    nothing = f"({',' * (len(rules.fields) - 1)})"
    if acting is None:
        return NewRow(nothing, unsure | all_unsure)
    fits = sql.SQL("select {} from {} as r").format(whole(sql.SQL("r")), record)
    fitting = _made(rules, await acting.attempt(fits))
    if isinstance(fitting, ConsoleError):
        return NewRow(nothing, unsure, BadDefault(None, fitting))
    refusal: BadDefault | None = None

    def part(field: Field) -> sql.Composable:
        if field.name in values:
            return sql.SQL("({}).{}").format(record, sql.Identifier(field.name))
        if field.generated or field.default is None or field.name in unsure:
            return sql.SQL("null")
        return enclosed(field.default)

    query = sql.SQL("select ")
    found = await _as_stored(acting, query + _row(rules, part))
    if not isinstance(found, TextTable):
        for column in left_out:  # some default fails; do without those that do
            if column.default and not column.generated and column.name not in unsure:
                alone = await _as_stored(acting, query + part(column))
                if not isinstance(alone, TextTable):
                    doubt = unanswered(alone, STATEMENT_TIMEOUT)
                    unsure[column.name] = _only_then(column, doubt)
                    if doubt is None:
                        refusal = refusal or BadDefault(column, alone)
        found = await _as_stored(acting, query + _row(rules, part))
    if not isinstance(found, TextTable):
        unsure |= all_unsure
        found = await _as_stored(acting, query + _row(rules, part))
    text = _made(rules, found)
    if isinstance(text, ConsoleError):
        return NewRow(nothing, unsure, refusal or BadDefault(None, text))
    return await _generated(acting, rules, NewRow(text, unsure, refusal))


async def _as_stored(acting: Impersonation, query: sql.Composable) -> TextTable | ConsoleError:
    """Evaluates defaults as the table holds them: parsed, so that no USAGE is asked for."""
    found = await acting.attempt(query)
    if isinstance(found, TextTable) or found.sqlstate != "42501":
        return found
    return await acting.looked_up(query) or found


def _only_then(column: Field, doubt: Doubt | None = None) -> Doubt:
    """Says why a column's value is not known before the row is written.

    A number of a sequence is such: to take one is to write, and the server says so only after
    it has looked at the privilege on the sequence.
    """
    if doubt is not None and doubt.reason is Reason.UNANSWERED:
        return Doubt(doubt.reason, f"the default of {column.name} can't be asked: {doubt.words}")
    return Doubt(Reason.VALUE, f"the value of {column.name} comes only when the row is written")


def _row(rules: Rules, part: Callable[[Field], sql.Composable]) -> sql.Composable:
    parts = sql.SQL(", ").join(part(field) for field in rules.fields)
    return sql.SQL("pg_catalog.textin(pg_catalog.record_out(row({})::{}))").format(
        parts, rules.table
    )


async def _generated(acting: Impersonation, rules: Rules, new: NewRow) -> NewRow:
    """Computes the generated columns of a row."""
    if not any(field.generated for field in rules.fields):
        return new

    def part(field: Field) -> sql.Composable:
        if field.generated and field.default:
            return enclosed(field.default)
        return sql.SQL("{}.{}").format(rules.alias, sql.Identifier(field.name))

    made = _made(rules, await asked(acting, rules, new.text, _row(rules, part)))
    if isinstance(made, ConsoleError):
        return replace(new, refusal=new.refusal or BadDefault(None, made))
    return replace(new, text=made)


def _made(rules: Rules, found: TextTable | ConsoleError) -> str | ConsoleError:
    """Returns the row that was made, or the failure of what it called.

    Raises:
        UsageError: The row itself is at fault.
    """
    if isinstance(found, TextTable):
        return found.rows[0][0] or ""
    if (found.sqlstate or "").startswith(_OWN_FAILURES):
        return found
    raise UsageError(
        f"the row does not fit {rules.called}: {found.message}",
        hint="give an object of column to value, as JSON",
        sqlstate=found.sqlstate,
    ) from found


def columns_of(rules: Rules, row: str) -> dict[str, str | None]:
    """Takes a row apart into the server's text of its columns.

    That is read here, for a server would run what the types of the columns call.
    """
    return {name: _unquoted(text) for name, text in _columns(rules, row).items()}


def _columns(rules: Rules, row: str) -> dict[str, str]:
    """Splits the text of a row at its commas."""
    parts, begin, quoted = [], 1, False
    for place, sign in enumerate(row):
        quoted ^= sign == '"'
        if place == len(row) - 1 or (sign == "," and not quoted):
            parts.append(row[begin:place])
            begin = place + 1
    names = [field.name for field in rules.fields]
    return dict(zip(names, parts, strict=True)) if names else {}


def _unquoted(text: str) -> str | None:
    if not text:
        return None
    if text[0] != '"':
        return text
    return text[1:-1].replace('""', '"').replace("\\\\", "\\")


def matching(rules: Rules, row: str, names: Collection[str]) -> sql.Composable:
    """Returns a condition for rows that read as this one does, for who may not read the key."""
    held = {name: text for name, text in _columns(rules, row).items() if name in names}
    if not held:
        return sql.SQL("true")
    columns = sql.SQL(", ").join(
        sql.SQL("{}.{}").format(rules.alias, sql.Identifier(name)) for name in held
    )
    return sql.SQL("pg_catalog.textin(pg_catalog.record_out(row({}))) = {}").format(
        columns, sql.Literal(f"({','.join(held.values())})")
    )


def parse_values(text: str) -> dict[str, Any]:
    """Reads a row, or changes to one, that somebody typed.

    Raises:
        UsageError: It is not a JSON object.
    """
    try:
        values = json.loads(text)
    except (ValueError, RecursionError) as error:
        raise UsageError(
            f"the row is not JSON: {error}", hint='an object such as {"name": "x"}'
        ) from error
    if not isinstance(values, dict):
        raise UsageError("the row is not a JSON object", hint='such as {"name": "x"}')
    return values
