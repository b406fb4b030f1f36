"""Why one part of a policy is not true, in words, and what would make it true."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from dataclasses import replace

from psycopg import sql

from console.access import trail
from console.access.evaluation import Value, evaluate, values_as_text
from console.access.expression import Node, outside, split, unwrap
from console.access.inquiry import Cause, Inquiry, Remedy, plain
from console.access.labels import excerpt
from console.access.lookup import column_named, find_lookup, sides, unwrap_query
from console.access.missing import find_forbidden, find_sought
from console.access.operands import called_by, constant, named, null_test, told
from console.access.rules import Command, raw
from console.errors import UsageError
from console.tokens import scan

_SHOWN = 5
"""Members of a set that a sentence names."""
_DEEPEST = 2
"""Tables behind tables that are looked into."""


def blamed(
    node: Node, values: Mapping[str, Value], wanted: bool = True
) -> Iterator[tuple[Node, bool]]:
    """Goes through the leaves that keep an expression from being true (or false).

    Args:
        node: The expression.
        values: Of every part, by its text.
        wanted: Which of the two it should be.

    Returns:
        Each leaf, and which of the two it should be itself.
    """
    value = values.get(node.text)
    if value is not None and value.state == ("true" if wanted else "false"):
        return
    if node.kind == "leaf":
        yield node, wanted
    for part in node.parts:
        yield from blamed(part, values, wanted is not (node.kind == "not"))


async def find_cause(inquiry: Inquiry, condition: str, value: Value, wanted: bool = True) -> Cause:
    """Says why a condition is not true for the row, or not false where that is wanted.

    Raises:
        ContainmentBroken: Something it evaluates left the role or the transaction.
    """
    if value.state == "error":
        return _raised(condition, value)
    try:
        found = await _by_form(inquiry, condition, wanted)
        return found or await _by_values(inquiry, condition, value, wanted)
    except UsageError:
        return Cause(f"{excerpt(condition)} is {value.state}")


async def behind(cause: Cause, depth: int = 0) -> Cause:
    """Adds which policy hides a row of another table, where that is the cause, and why.

    Raises:
        ContainmentBroken: Something it evaluates left the role or the transaction.
    """
    inquiry = cause.behind
    if inquiry is None or depth > _DEEPEST:
        return cause
    rules = inquiry.rules
    policies = [policy for policy in rules.serving(Command.SELECT) if policy.using is not None]
    if not any(policy.permissive for policy in policies):
        return replace(
            cause, words=f"{cause.words}: no policy on {rules.name} lets {rules.role} SELECT"
        )
    nodes = {policy.name: split(policy.using or "") for policy in policies}
    parts = list(dict.fromkeys(part.text for node in nodes.values() for _, part in node.walk()))
    found = await evaluate(inquiry.acting, rules, inquiry.row, parts)
    values = dict(zip(parts, found, strict=True))
    false = [policy for policy in policies if not values[nodes[policy.name].text].holds]
    failing = [policy for policy in false if not policy.permissive][:1]
    for policy in failing or [policy for policy in false if policy.permissive]:
        node = nodes[policy.name]
        inner = [
            await behind(await find_cause(inquiry, leaf.text, values[leaf.text], wanted), depth + 1)
            for leaf, wanted in blamed(node, values)
        ]
        words = "; and ".join(dict.fromkeys(one.words for one in inner))
        kind = "" if policy.permissive else "restrictive "
        cause = replace(
            cause,
            words=f'{cause.words}: {kind}policy "{policy.name}" of {rules.name} is'
            f" {values[node.text].state}: {words}",
            remedies=(*cause.remedies, *(remedy for one in inner for remedy in one.remedies)),
            history=(*cause.history, *(entry for one in inner for entry in one.history)),
        )
    return cause


async def _by_form(inquiry: Inquiry, condition: str, wanted: bool) -> Cause | None:
    columns = [field.name for field in inquiry.rules.fields]
    flag = column_named(condition, inquiry.rules.name, columns)
    if flag is not None:
        return await _flag(inquiry, flag, wanted)
    if not wanted:
        return await _forbidden(inquiry, condition)
    member = _membership(condition)
    if member is not None:
        return await _member(inquiry, *member, condition)
    pair = sides(condition)
    if pair is not None:
        return await _equal(inquiry, *pair)
    test = null_test(condition)
    if test is not None:
        return await _null(inquiry, *test)
    lookup = await find_lookup(inquiry.transaction, condition)
    if lookup is not None:
        sought = await find_sought(inquiry, lookup)
        if sought is not None:
            return replace(sought, words=_after(condition, "false", sought.words))
    return None


def _after(condition: str, state: str, words: str) -> str:
    """Puts a condition before what is wrong with the row it looks for.

    An EXISTS says nothing that the row does not say better.
    """
    if scan(unwrap(condition))[0].word == "exists":
        return words
    return f"{excerpt(condition)} is {state}, {words}"


async def _forbidden(inquiry: Inquiry, condition: str) -> Cause | None:
    """A row somewhere else that must not be there, such as one in a list of the banned."""
    lookup = await find_lookup(inquiry.transaction, condition)
    sought = await find_forbidden(inquiry, lookup) if lookup is not None else None
    if sought is None:
        return None
    return replace(sought, words=_after(condition, "true", sought.words))


async def _by_values(inquiry: Inquiry, condition: str, value: Value, wanted: bool) -> Cause:
    """Whatever its form: the condition, and the values it depends on."""
    if constant(condition):
        return Cause(f"it says {value.state} whatever the row", note="whatever the row")
    values = await told(inquiry, condition)
    words = f"{excerpt(condition)} is {value.state}"
    if not wanted:
        words += ", and must not be"
    return Cause(f"{words}: {values}" if values else words, note=values)


async def _null(inquiry: Inquiry, left: str, wanted: bool) -> Cause | None:
    """A test for null, which should be true."""
    if not wanted:
        return Cause(f"{named(left)} is null", note="is null")
    (value,) = await values_as_text(inquiry.acting, inquiry.rules, inquiry.row, [left])
    if not isinstance(value, str | None):
        return None
    fields = {field.name: field for field in inquiry.rules.fields}
    column = column_named(left, inquiry.rules.name, list(fields))
    fix: tuple[Remedy, ...] = ()
    if column is not None and not fields[column].not_null and not fields[column].generated:
        fix = _set(inquiry, sql.Identifier(column).as_string(), "null")
    shown = await called_by(inquiry, left, value)
    return Cause(f"{named(left)} is {shown}, not null", f"is {shown}", fix)


async def _flag(inquiry: Inquiry, column: str, wanted: bool) -> Cause:
    """A boolean column by itself."""
    (value,) = await values_as_text(
        inquiry.acting, inquiry.rules, inquiry.row, [sql.Identifier(column).as_string()]
    )
    name = sql.Identifier(column).as_string()
    shown = value if isinstance(value, str) else "null"
    fix = _set(inquiry, name, "true" if wanted else "false")
    return Cause(f"{plain(column)} is {shown}", remedies=fix, note=f"is {shown}")


def _set(inquiry: Inquiry, column: str, value: str) -> tuple[Remedy, ...]:
    if not inquiry.row_key:
        return ()
    update = sql.SQL("update {} set {} = {} where {};").format(
        inquiry.rules.table, raw(column), raw(value), raw(inquiry.row_key)
    )
    return (Remedy(f"{column} = {value} in this row", update.as_string()),)


def _membership(condition: str) -> tuple[str, str] | None:
    """Splits `a = any (set)` and `a in (select …)` into a and the set as an array."""
    text = unwrap(condition)
    free = list(outside(scan(text)))
    for place, token in enumerate(free[:-1]):
        if token.word == "in" and place and free[place - 1].word != "not":
            inner = unwrap_query(text[token.end :])
            return text[: token.start].strip(), f"array({inner})"
        if token.text == "=" and free[place + 1].word in ("any", "some"):
            inner = text[free[place + 1].end :].strip()
            if scan(unwrap(inner))[:1] and scan(unwrap_query(inner))[0].word == "select":
                inner = f"array({unwrap_query(inner)})"
            return text[: token.start].strip(), unwrap(inner)
    return None


async def _member(inquiry: Inquiry, left: str, array: str, condition: str) -> Cause | None:
    rules = inquiry.rules
    as_json = f"pg_catalog.to_json(({array})::text[])"
    value, members = await values_as_text(inquiry.acting, rules, inquiry.row, [left, as_json])
    if not isinstance(members, str | None) or not isinstance(value, str | None):
        return None
    if value is None:
        return Cause(f"{named(left)} is null", note="is null")
    columns = [field.name for field in rules.fields]
    fixed = constant(left)
    # What is sought stands in the policy: then it is the row that holds the wrong set.
    where = named(array) if fixed and not _queries(array) else "the list"
    if members is None:
        return Cause(f"{where} is null", note=f"{where} is null")
    elements = [str(element) for element in json.loads(members) if element is not None]
    column = column_named(left, rules.name, columns)
    shown = [value, *elements[:_SHOWN]]
    labels = await inquiry.labels.called(rules, column, shown)
    among = ", ".join(labels[element] for element in elements[:_SHOWN])
    among = (
        f"{{{among}, and {len(elements) - _SHOWN} more}}" if elements[_SHOWN:] else f"{{{among}}}"
    )
    if fixed:
        among = f"{where}, which is {among if elements else 'empty'}"
        words = f"{labels[value]} is not in {among}"
    else:
        among = among if elements else "the list, which is empty"
        words = f"{named(left)} is {labels[value]}, not in {among}"
    cause = Cause(words, note=f"{labels[value]} is not in {among}")
    lookup = await find_lookup(inquiry.transaction, condition)
    sought = await find_sought(inquiry, lookup) if lookup is not None else None
    if sought is None:
        return cause
    return replace(
        cause,
        words=f"{cause.words}: {sought.words}",
        remedies=sought.remedies,
        history=sought.history,
        behind=sought.behind,
    )


async def _equal(inquiry: Inquiry, left: str, right: str) -> Cause | None:
    rules, persona = inquiry.rules, inquiry.persona
    columns = [field.name for field in rules.fields]
    column = column_named(left, rules.name, columns)
    if column is None and column_named(right, rules.name, columns) is not None:
        left, right = right, left
        column = column_named(left, rules.name, columns)
    found = await values_as_text(inquiry.acting, rules, inquiry.row, [left, right])
    if not all(isinstance(value, str | None) for value in found):
        return None
    have, need = (value if isinstance(value, str) else None for value in found)
    if need is None:
        who = ": nobody is signed in" if persona.user_id is None and column else ""
        return Cause(f"{named(right)} is null{who}", note="null on the right")
    if {have, need} == {"aal1", "aal2"}:
        return Cause(
            f"{persona.label} is signed in with {have}, not {need}",
            note=f"{have}, not {need}",
            remedies=(Remedy("signing in with a second factor"),) if need == "aal2" else (),
        )
    values = [value for value in (have, need) if value is not None]
    labels = await inquiry.labels.called(rules, column, values)
    mine = labels[have] if have is not None else "null"
    words = f"{named(left)} is {mine}, not {labels[need]}"
    history: tuple[trail.Entry, ...] = ()
    if have is not None and mine != labels[need] and mine.casefold() == labels[need].casefold():
        words += " (two accounts: their addresses differ only in capital letters)"
        history = await trail.of_row(inquiry.transaction, "users", need)
    fix = _set(inquiry, left, right) if column and constant(right) else ()
    return Cause(words, f"{mine} is not {labels[need]}", fix, history)


def _queries(array: str) -> bool:
    tokens = scan(unwrap_query(array))
    return bool(tokens) and tokens[0].word == "select"


def _raised(condition: str, value: Value) -> Cause:
    part = excerpt(condition)
    if value.unknown:
        return Cause(f"{part} can't be told from here: {value.error}", note=value.error)
    match value.sqlstate:
        case "42501":
            words = f"{part} needs a privilege that is missing: {value.error}"
        case "42P17":
            words = f"{part} makes policies ask each other in a circle: {value.error}"
        case "22P02":
            words = f"{part} can't read a value: {value.error}"
        case "57014":
            words = f"{part} took too long"
        case _:
            words = f"{part} raises: {value.error}"
    return Cause(words, note=value.error)
