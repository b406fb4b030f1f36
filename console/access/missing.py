"""The row a condition looks for somewhere else, and what is wrong with it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

from psycopg import sql

from console.access import trail
from console.access.evaluation import evaluate, values_as_text
from console.access.inquiry import Cause, Inquiry, Remedy, plain
from console.access.labels import excerpt, tried
from console.access.lookup import Lookup, Query, Source, bind, column_named, sides, substitute
from console.access.operands import constant
from console.access.row import columns_of, inserted_row
from console.access.rules import Command, Rules, read_rules, whole
from console.access.verdict import join_policies
from console.connection.session import TextTable
from console.errors import NotFound
from console.tokens import names, scan

_MOST = 20
"""Rows that are looked through."""


async def find_sought(inquiry: Inquiry, lookup: Lookup) -> Cause | None:
    """Looks for the row a condition looks for, as the login, and says what is wrong with it.

    Nothing but keys of a table is compared as the login: what else the condition asks of the
    row is asked as the persona, who would run what it calls. A view is not looked into.
    """
    if lookup.query.others:
        narrowed = await _narrowed(inquiry, lookup)
        if not isinstance(narrowed, Lookup):
            return narrowed
        lookup = narrowed
    sought = await _sought(inquiry, lookup)
    if sought is None:
        return None
    target = sought.target
    if not sought.rows:
        wanted = sought.keys | sought.fixed
        with_ = await _described(inquiry, target, wanted)
        history = await trail.of_missing(inquiry.transaction, target.name, wanted)
        told = f" ({history[0]})" if history else ""
        words = f"there is no row in {target.name} with {with_}{told}"
        remedy = await _insert(inquiry, sought, with_)
        return Cause(words, remedies=(remedy,), history=history)
    with_ = await _described(inquiry, target, sought.keys)
    nearest = min(sought.rows, key=lambda row: len(row.false))
    if nearest.false:
        return await _unlike(inquiry, sought, nearest, with_)
    if target.binding:
        who = inquiry.persona.label
        return Cause(
            f"the row in {target.name} with {with_} is hidden from {who} as well",
            behind=replace(
                inquiry,
                rules=target,
                row=nearest.text,
                row_key=_where(sought, nearest).as_string(),
            ),
        )
    return None


async def _narrowed(inquiry: Inquiry, lookup: Lookup) -> Lookup | Cause | None:
    """Puts the rows of joined tables in the place of their columns until one table is left.

    Returns:
        Why it ends before that, where one of them lacks its row; None where no key of a table
        says which row is meant.
    """
    query = lookup.query
    assert query.table is not None
    sources: list[Source] = [(query.table, query.alias), *query.others]
    output, wanted, conditions = query.output, lookup.wanted, query.conditions
    while True:
        for source in sources:
            others = {alias for _, alias in sources if alias != source[1]}
            theirs = others & names(scan(output))
            mine = tuple(c for c in conditions if not others & names(scan(c)))
            alone = replace(
                lookup,
                query=Query("" if theirs else output, *source, mine),
                wanted=None if theirs else wanted,
            )
            if not others:
                return alone if len(sources) == 1 else None
            sought = await _sought(inquiry, alone)
            if sought is None:
                continue
            held = next((row for row in sought.rows if not row.false), None)
            known = {*sought.keys, *sought.fixed}
            if held is not None and not any(set(key) <= known for key in sought.target.keys):
                continue  # another row might do as well
            if held is None and len(sought.rows) == _MOST:
                continue
            if held is None or not await _is_seen(inquiry, sought.target, held.text):
                cause = await find_sought(inquiry, alone)
                # What it takes besides is not known.
                return cause and replace(cause, remedies=())
            values = {
                # No constant: the policy does not say it.
                name: sql.SQL("coalesce({}::{})")
                .format(sql.Literal(value), sql.SQL(sought.target.field(name).type))
                .as_string()
                for name, value in columns_of(sought.target, held.text).items()
            }
            sources.remove(source)
            conditions = tuple(bind(c, source[1], values) for c in conditions if c not in mine)
            if not theirs:
                output, wanted = "", None
            break
        else:
            return None


async def _is_seen(inquiry: Inquiry, target: Rules, row: str) -> bool:
    """Tells whether the policies of a table show a row to the persona."""
    if not target.binding:
        return True
    policies = join_policies(target.serving(Command.SELECT), "using")
    (seen,) = await evaluate(inquiry.acting, target, row, [policies])
    return seen.holds


async def find_forbidden(inquiry: Inquiry, lookup: Lookup) -> Cause | None:
    """Names the row a condition finds where it should find none."""
    sought = await _sought(inquiry, lookup)
    if sought is None:
        return None
    found = [row for row in sought.rows if not row.false]
    if not found:
        return None
    target, columns = sought.target, sought.keys | sought.fixed
    with_ = await _described(inquiry, target, columns)
    fix = ""
    if not sought.others:
        delete = sql.SQL("delete from {} where {};").format(target.table, _equal(columns))
        fix = delete.as_string()
    return Cause(
        f"there is a row in {target.name} with {with_}, and there must be none",
        remedies=(Remedy(f"no row in {target.name} with {with_}", fix),),
    )


@dataclass(frozen=True, slots=True)
class _Row:
    """A row that a lookup comes near to.

    Attributes:
        text: Of its table's row type.
        false: What is asked of it and does not hold: columns by name, conditions as they are.
    """

    text: str
    false: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class _Sought:
    """What a lookup asks for, and what comes near to it.

    Attributes:
        keys: Values that say which row it is, by column: they come from the row that is asked
            about, or from the persona.
        fixed: Values that are written in the condition, such as a role.
        others: Conditions of any other form.
    """

    target: Rules
    alias: str
    keys: dict[str, str]
    fixed: dict[str, str]
    others: tuple[str, ...]
    rows: tuple[_Row, ...] = ()


async def _sought(inquiry: Inquiry, lookup: Lookup) -> _Sought | None:
    query = lookup.query
    if query.table is None or query.others:
        return None
    schema, table = query.table
    try:
        target = await read_rules(
            inquiry.transaction, schema or "public", table, lookup.reader or inquiry.persona.role
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
    fixed = {column: values[column] for column in equal if constant(equal[column])}
    if len(fixed) == len(values):
        fixed = {}
    keys = {column: value for column, value in values.items() if column not in fixed}
    if any(target.field(column).acts for column in keys):
        return None
    sought = _Sought(target, query.alias, keys, fixed, tuple(others))
    rows = await _rows(inquiry, sought)
    return None if rows is None else replace(sought, rows=tuple(rows))


async def _unlike(inquiry: Inquiry, sought: _Sought, row: _Row, with_: str) -> Cause:
    """Says in what a row differs from the one that is looked for."""
    target, false = sought.target, row.false[0]
    start = f"there is a row in {target.name} with {with_}, but"
    have = columns_of(target, row.text)
    if all(name in sought.fixed for name in row.false):
        need = {name: sought.fixed[name] for name in row.false}
        values = [f"{plain(name)} is {have[name] or 'null'}, not {v}" for name, v in need.items()]
        terms = [f"{plain(name)} = {value}" for name, value in need.items()]
        words, fix = " and ".join(values), _set(sought, row, need)
        remedy = Remedy(f"{' and '.join(terms)} in that row of {target.name}", fix)
        return Cause(f"{start} {words}", remedies=(remedy,))
    others = [condition for condition in row.false if condition not in sought.fixed]
    false = others[0]
    flag = column_named(false, sought.alias, list(have))
    fix = _set(sought, row, {flag: "true"}) if flag is not None and len(row.false) == 1 else ""
    named = [name for name in have if name in names(scan(false))]
    values = [f"{plain(name)} is {have[name] or 'null'}" for name in named[:3]]
    told = f": {', '.join(values)}" if values and flag is None else ""
    return Cause(
        f"{start} {excerpt(false)} is not true{told}",
        remedies=(Remedy(f"{excerpt(false)} in that row of {target.name}", fix),),
    )


def _set(sought: _Sought, row: _Row, values: Mapping[str, str]) -> str:
    pairs = sql.SQL(", ").join(
        sql.SQL("{} = {}").format(sql.Identifier(name), sql.Literal(value))
        for name, value in values.items()
    )
    return (
        sql.SQL("update {} set {} where {};")
        .format(sought.target.table, pairs, _where(sought, row))
        .as_string()
    )


def _where(sought: _Sought, row: _Row) -> sql.Composable:
    """Returns the condition that names one row: its key, or else what it was found by."""
    values = columns_of(sought.target, row.text)
    key = {name: value for name in sought.target.key if (value := values[name]) is not None}
    return _equal(key or sought.keys)


def _equal(values: Mapping[str, str]) -> sql.Composable:
    terms = [
        sql.SQL("{} = {}").format(sql.Identifier(name), sql.Literal(value))
        for name, value in values.items()
    ]
    return sql.SQL(" and ").join(terms)


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


async def _rows(inquiry: Inquiry, sought: _Sought) -> list[_Row] | None:
    """Finds the rows with these keys, and tells what else that is asked of each is false.

    Returns:
        None where that can't be told.
    """
    target, name = sought.target, sql.Identifier(sought.alias)
    where = sql.SQL(" and ").join(
        sql.SQL("{}.{} = {}").format(name, sql.Identifier(column), sql.Literal(value))
        for column, value in sought.keys.items()
    )
    query = sql.SQL("select {} from {} as {} where {} limit {}").format(
        whole(name), target.table, name, where, sql.Literal(_MOST)
    )
    found = await tried(inquiry.transaction, query, seconds=2)
    if not isinstance(found, TextTable):
        return None
    asked = {
        column: sql.SQL("{}.{} = {}")
        .format(name, sql.Identifier(column), sql.Literal(value))
        .as_string()
        for column, value in sought.fixed.items()
    } | {condition: condition for condition in sought.others}
    rows = []
    for (text,) in found.rows:
        held = await evaluate(
            inquiry.acting, target, text or "", list(asked.values()), alias=sought.alias
        )
        if any(value.state == "error" for value in held):
            return None
        false = [part for part, value in zip(asked, held, strict=True) if not value.holds]
        rows.append(_Row(text or "", tuple(false)))
        if not false:  # what is looked for; no other row says more
            break
    return rows


async def _described(inquiry: Inquiry, target: Rules, values: Mapping[str, str]) -> str:
    terms = []
    for column, value in values.items():
        labels = await inquiry.labels.of(target, column, [value])
        terms.append(f"{plain(column)} = {labels[value]}")
    return " and ".join(terms)


async def _insert(inquiry: Inquiry, sought: _Sought, with_: str) -> Remedy:
    """The row that is missing; with SQL only where that would run, and would help."""
    target, values = sought.target, sought.keys | sought.fixed
    words = f"a row in {target.name} with {with_}"
    demanded = [
        plain(field.name)
        for field in target.fields
        if field.not_null
        and field.name not in values
        and not (field.default or field.identity or field.generated)
    ]
    if demanded:
        return Remedy(f"{words}, and with {' and '.join(demanded)}, which must not be null")
    if any(target.field(name).generated for name in values):
        return Remedy(words)
    new = await inserted_row(inquiry.acting, target, values)
    held = await evaluate(
        inquiry.acting, target, new.text, sought.others, new.unsure, alias=sought.alias
    )
    false = [part for part, value in zip(sought.others, held, strict=True) if not value.holds]
    if false:
        return Remedy(f"{words}, of which {excerpt(false[0])} is true")
    if target.binding:
        policies = join_policies(target.serving(Command.SELECT), "using")
        (seen,) = await evaluate(inquiry.acting, target, new.text, [policies], new.unsure)
        if not seen.holds:
            return Remedy(
                f"{words}, which the policies of {target.name} show to {inquiry.persona.label}"
            )
    insert = sql.SQL("insert into {} ({}) values ({});").format(
        target.table,
        sql.SQL(", ").join(map(sql.Identifier, values)),
        sql.SQL(", ").join(map(sql.Literal, values.values())),
    )
    return Remedy(words, insert.as_string())
