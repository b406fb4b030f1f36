"""Rows as text of their table's own row type: read as stored, or made of what somebody typed.

The text of a composite is exact. JSON is not (it has no arrays with bounds, no NULL beside
JSON's own), so only values that came as JSON go through it.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Any

from psycopg import sql

from console.access.doubt import Doubt, Reason, unanswered
from console.access.entrance import STATEMENT_TIMEOUT
from console.access.evaluation import Unsure, over
from console.access.expression import columns_named, sendable
from console.access.impersonation import Impersonation
from console.access.rules import Field, Rules, raw
from console.connection.session import TextTable, Transaction
from console.errors import ConsoleError, DatabaseFailed, NotFound, UsageError
from console.tokens import scan

_MISFITS = frozenset({"22", "23"})
"""Classes of SQLSTATE that say a value does not suit its column."""


@dataclass(frozen=True, slots=True)
class BadDefault:
    """A default that fails, as it would for the command.

    Attributes:
        column: Whose.
        failure: What the server raised.
    """

    column: Field
    failure: ConsoleError


@dataclass(frozen=True, slots=True)
class NewRow:
    """A row as a command would write it.

    Attributes:
        text: Of the table's row type.
        unsure: Columns whose value only the command itself would bring, and why.
        refusal: A default that fails.
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
    # "(x.*)", because "x::text" would be a column called x.
    query = sql.SQL("select ({0}.*)::text from {1} as {0} where {2} limit 2").format(
        rules.alias, rules.table, condition
    )
    try:
        rows = (await transaction.texts(query)).rows
    except DatabaseFailed as error:
        if (error.sqlstate or "")[:2] not in _MISFITS:
            raise
        raise UsageError(
            f"the key does not suit {rules.identity}: {error.message}",
            hint="check the value and the column's type",
            sqlstate=error.sqlstate,
        ) from error
    if not rows:
        hint = "check the key"
        if rules.login_filtered:
            hint = "policies bind this login too and may hide it: log in with BYPASSRLS"
        raise NotFound(f"{rules.identity} has no such row", hint=hint)
    if len(rows) > 1:
        raise UsageError(f"several rows of {rules.identity} match", hint="give more of the key")
    return rows[0][0] or ""


def _json(rules: Rules, values: Mapping[str, Any]) -> sql.Composable:
    for name in values:
        if rules.field(name).generated:
            raise UsageError(f"{name} is generated, it can't be given", hint="leave it out")
    text = sendable(json.dumps(values, ensure_ascii=False), "the row")
    return sql.SQL("{}::jsonb").format(sql.Literal(text))


async def changed_row(
    transaction: Transaction, rules: Rules, old: str, changes: Mapping[str, Any]
) -> NewRow:
    """Returns a row as an UPDATE would leave it, before any trigger.

    Raises:
        UsageError: A value does not suit its column.
        NotFound: A column does not exist.
    """
    if not changes:
        return NewRow(old)
    query = sql.SQL(
        "select (r.*)::text from pg_catalog.jsonb_populate_record({}::{}, {}) as r"
    ).format(sql.Literal(old), rules.table, _json(rules, changes))
    return NewRow(await _generated(transaction, rules, await _one(transaction, query, rules)))


async def inserted_row(
    transaction: Transaction, acting: Impersonation | None, rules: Rules, values: Mapping[str, Any]
) -> NewRow:
    """Returns a row as an INSERT would make it, before any trigger.

    Defaults are the persona's (`auth.uid()` may be one), and so are the privileges they need.
    A number of a sequence is not taken: that would be a write.

    Args:
        transaction: The login's.
        acting: The persona's; None where it may not even use the schema.
        rules: The table's.
        values: By column; the others get their defaults.

    Raises:
        UsageError: A value does not suit its column.
        NotFound: A column does not exist.
    """
    given = _json(rules, values)
    record = sql.SQL("pg_catalog.jsonb_populate_record(null::{}, {})").format(rules.table, given)
    await _one(transaction, sql.SQL("select (r.*)::text from {} as r").format(record), rules)
    left_out = [f for f in rules.fields if f.name not in values]
    unsure = {f.name: _only_then(f) for f in left_out if f.identity}
    refusal: BadDefault | None = None

    def part(field: Field) -> sql.Composable:
        if field.name in values:
            return sql.SQL("({}).{}").format(record, sql.Identifier(field.name))
        if field.generated or field.default is None or field.name in unsure:
            return sql.SQL("null")
        return sql.SQL("({})").format(raw(field.default))

    if acting is not None:
        found = await _as_stored(acting, _row(rules, part))
        if isinstance(found, TextTable):
            text = await _generated(transaction, rules, found.rows[0][0] or "")
            return NewRow(text, unsure)
        for column in left_out:  # some default fails; do without those that do
            if column.default and not column.generated and column.name not in unsure:
                alone = await _as_stored(acting, sql.SQL("select ") + part(column))
                if not isinstance(alone, TextTable):
                    doubt = unanswered(alone, STATEMENT_TIMEOUT)
                    unsure[column.name] = _only_then(column, doubt)
                    if doubt is None:
                        refusal = refusal or BadDefault(column, alone)
        found = await _as_stored(acting, _row(rules, part))
        if isinstance(found, TextTable):
            text = await _generated(transaction, rules, found.rows[0][0] or "")
            return NewRow(text, unsure, refusal)
    unsure |= {f.name: _only_then(f) for f in left_out if f.default and not f.generated}
    text = await _one(transaction, _row(rules, part), rules)
    return NewRow(await _generated(transaction, rules, text), unsure, refusal)


async def _as_stored(acting: Impersonation, query: sql.Composable) -> TextTable | ConsoleError:
    """Evaluates defaults as the table holds them: parsed, so that no USAGE is asked for."""
    found = await acting.attempt(query)
    if isinstance(found, TextTable) or found.sqlstate != "42501":
        return found
    return await acting.looked_up(query)


def _only_then(column: Field, doubt: Doubt | None = None) -> Doubt:
    """Says why a column's value is not known before the row is written.

    A number of a sequence is such: to take one is to write, and the server says so only after
    it has looked at the privilege on the sequence.
    """
    if doubt is not None and doubt.reason is Reason.UNANSWERED:
        return Doubt(doubt.reason, f"the default of {column.name} can't be asked: {doubt.words}")
    return Doubt(Reason.VALUE, f"the value of {column.name} comes only when the row is written")


def _row(rules: Rules, part: Any) -> sql.Composable:
    parts = sql.SQL(", ").join(part(field) for field in rules.fields)
    return sql.SQL("select (row({})::{})::text").format(parts, rules.table)


async def _generated(transaction: Transaction, rules: Rules, text: str) -> str:
    """Computes the generated columns of a row."""
    if not any(field.generated for field in rules.fields):
        return text

    def part(field: Field) -> sql.Composable:
        if field.generated and field.default:
            return sql.SQL("({})").format(raw(field.default))
        return sql.SQL("{}.{}").format(rules.alias, sql.Identifier(field.name))

    return await _one(transaction, _row(rules, part) + over(rules, text), rules)


async def _one(transaction: Transaction, query: sql.Composable, rules: Rules) -> str:
    try:
        return (await transaction.texts(query)).rows[0][0] or ""
    except DatabaseFailed as error:
        raise UsageError(
            f"the row does not fit {rules.identity}: {error.message}",
            hint="give an object of column to value, as JSON",
            sqlstate=error.sqlstate,
        ) from error


async def columns_of(transaction: Transaction, rules: Rules, row: str) -> dict[str, str | None]:
    """Takes a row apart into the text of its columns."""
    columns = sql.SQL(", ").join(
        sql.SQL("({}.{})::text").format(rules.alias, sql.Identifier(field.name))
        for field in rules.fields
    )
    if not rules.fields:
        return {}
    table = await transaction.texts(sql.SQL("select ") + columns + over(rules, row))
    return dict(zip((field.name for field in rules.fields), table.rows[0], strict=True))


def matching(rules: Rules, values: Mapping[str, str | None]) -> sql.Composable:
    """Returns a condition for rows with these texts, for who may not read the key."""
    if not values:
        return sql.SQL("true")
    return sql.SQL(" and ").join(
        sql.SQL("({}.{})::text is not distinct from {}").format(
            rules.alias, sql.Identifier(name), sql.Literal(value)
        )
        for name, value in values.items()
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
