"""The row a condition looks for somewhere else, and what is wrong with it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from psycopg import sql

from console.access import trail
from console.access.evaluation import evaluate, values_as_text
from console.access.inquiry import Cause, Inquiry, Remedy, plain
from console.access.labels import excerpt, tried
from console.access.lookup import Lookup, column_named, sides, substitute
from console.access.rules import Rules, read_rules, whole
from console.connection.session import TextTable
from console.errors import NotFound
from console.tokens import names, scan


async def find_sought(inquiry: Inquiry, lookup: Lookup) -> Cause | None:
    """Looks for the row a condition looks for, as the login, and says what is wrong with it.

    Nothing but keys of a table is compared as the login: what else the condition asks of the
    row is asked as the persona, who would run what it calls. A view is not looked into.
    """
    query = lookup.query
    assert query.table is not None
    schema, table = query.table
    try:
        target = await read_rules(
            inquiry.transaction, schema or "public", table, inquiry.persona.role
        )
    except NotFound:
        return None
    if target.login_filtered or target.kind not in "rp":
        return None
    equal, others = _terms(lookup, [field.name for field in target.fields])
    if equal is None or not equal:
        return None
    found = await values_as_text(inquiry.acting, inquiry.rules, inquiry.row, list(equal.values()))
    if not all(isinstance(value, str) for value in found):
        return None
    values = {column: str(value) for column, value in zip(equal, found, strict=True)}
    rows = await _rows(inquiry, target, query.alias, values, others)
    if rows is None:
        return None
    with_ = await _described(inquiry, target, values)
    if not rows:
        history = await trail.of_missing(inquiry.transaction, target.name, values)
        told = f" ({history[0]})" if history else ""
        insert = Remedy(f"a row in {target.name} with {with_}", _insert(target, values))
        words = f"there is no row in {target.name} with {with_}{told}"
        return Cause(words, remedies=(insert,), history=history)
    false = [other for other, holds in zip(others, rows[0], strict=True) if not holds]
    if false and not any(all(row) for row in rows):
        return Cause(
            f"there is a row in {target.name} with {with_}, but {excerpt(false[0])} is not true",
            remedies=(Remedy(f"{excerpt(false[0])} in that row of {target.name}"),),
        )
    if target.binding:
        who = inquiry.persona.label
        return Cause(f"the row in {target.name} with {with_} is hidden from {who} as well")
    return None


def _terms(lookup: Lookup, columns: Sequence[str]) -> tuple[dict[str, str] | None, list[str]]:
    """Sorts a lookup's conditions into `column = something of the policy's row` and others."""
    query = lookup.query
    equal: dict[str, str] = {}
    others: list[str] = []
    if lookup.wanted is not None:
        column = column_named(query.output, query.alias, columns)
        if column is None:
            return None, []
        equal[column] = lookup.wanted
    for condition in query.conditions:
        pair = sides(condition)
        for mine, theirs in [pair, pair[::-1]] if pair else []:
            column = column_named(mine, query.alias, columns)
            given = substitute(theirs, lookup.arguments)
            if column is not None and query.alias not in names(scan(given)):
                equal[column] = given
                break
        else:
            others.append(condition)
    return equal, others


async def _rows(
    inquiry: Inquiry,
    target: Rules,
    alias: str,
    values: Mapping[str, str],
    others: Sequence[str],
) -> list[tuple[bool, ...]] | None:
    """Finds the rows with these values, and tells which other conditions hold for each.

    Returns:
        None where that can't be told.
    """
    where = sql.SQL(" and ").join(
        sql.SQL("{}.{} = {}").format(
            sql.Identifier(alias), sql.Identifier(column), sql.Literal(value)
        )
        for column, value in values.items()
    )
    name = sql.Identifier(alias)
    query = sql.SQL("select {} from {} as {} where {} limit 20").format(
        whole(name), target.table, name, where
    )
    found = await tried(inquiry.transaction, query, seconds=2)
    if not isinstance(found, TextTable):
        return None
    rows = []
    for (text,) in found.rows:
        held = await evaluate(inquiry.acting, target, text or "", others, alias=alias)
        if any(value.state == "error" for value in held):
            return None
        rows.append(tuple(value.holds for value in held))
    return rows


async def _described(inquiry: Inquiry, target: Rules, values: Mapping[str, str]) -> str:
    terms = []
    for column, value in values.items():
        labels = await inquiry.labels.of(target, column, [value])
        terms.append(f"{plain(column)} = {labels[value]}")
    return " and ".join(terms)


def _insert(target: Rules, values: Mapping[str, str]) -> str:
    insert = sql.SQL("insert into {} ({}) values ({});").format(
        target.table,
        sql.SQL(", ").join(map(sql.Identifier, values)),
        sql.SQL(", ").join(map(sql.Literal, values.values())),
    )
    return insert.as_string()
