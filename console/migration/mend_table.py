"""Writes the ALTER statements that mend a table, a column or a constraint."""

from __future__ import annotations

import re
from collections.abc import Iterator

from console.migration.difference import Drift
from console.migration.expected import Expected
from console.migration.model import CatalogObject
from console.migration.render import column_name, column_type, literal

# Casts that keep every value or fail: nothing is ever cut, rounded or reinterpreted.
_INTEGERS = frozenset({"smallint", "integer", "bigint"})
_EXACT = frozenset(
    {
        *((one, other) for one in _INTEGERS for other in _INTEGERS),
        *((one, "numeric") for one in _INTEGERS),
        ("text", "uuid"),
        ("text", "jsonb"),
        ("text", "inet"),
        ("json", "jsonb"),
        ("real", "double precision"),
        ("date", "timestamp without time zone"),
    }
)
# The default of a serial column; both names as SQL writes them, in an SQL literal.
_SERIAL = re.compile(
    r"""nextval\('(?P<schema>"(?:[^"]|"")+"|[^".]+)\.(?P<name>"(?:[^"]|"")+"|[^".]+)'::regclass\)"""
)


def change_table(drift: Drift, owner: str | None) -> Iterator[str]:
    """Yields what turns a changed table into the expected one; the kind can't be changed."""
    wanted, found = drift.expected, drift.actual
    assert wanted is not None
    assert found is not None
    table, want, have = wanted.identity, wanted.definition, found.definition
    changed = drift.changed
    if "kind" in changed:
        return
    if "persistence" in changed:
        word = "logged" if want["persistence"] == "permanent" else "unlogged"
        yield f"alter table {table} set {word}"
    if "inherits" in changed:
        for parent in _texts(have.get("inherits")):
            yield f"alter table {table} no inherit {parent}"
    if "options" in changed:
        names = ", ".join(option.partition("=")[0] for option in _texts(have.get("options")))
        if names:
            yield f"alter table {table} reset ({names})"
        if options := ", ".join(_texts(want.get("options"))):
            yield f"alter table {table} set ({options})"
    if "replica_identity" in changed:
        yield f"alter table {table} replica identity {want['replica_identity']}"
    if "owner" in changed and owner is not None:
        yield f"alter table {table} owner to {owner}"
    if "row_security" in changed:
        word = "enable" if want["row_security"] else "disable"
        yield f"alter table {table} {word} row level security"
    if "force_row_security" in changed:
        word = "force" if want["force_row_security"] else "no force"
        yield f"alter table {table} {word} row level security"


def add_column(column: CatalogObject) -> str:
    """Returns the statement that adds a missing column."""
    return f"alter table {column.table} add column {column_name(column)} {column_type(column)}"


def change_column(drift: Drift, expected: Expected) -> tuple[list[str], str]:
    """Returns what turns a changed column into the expected one, and why if nothing can.

    Policies that use a column keep its type from being changed: they are dropped before and
    made again after.
    """
    wanted, found = drift.expected, drift.actual
    assert wanted is not None
    assert found is not None
    want, have, changed = wanted.definition, found.definition, drift.changed
    alter = f"alter table {wanted.table} alter column {column_name(wanted)}"
    if "generated" in want or "expression" in want:
        return [], "a generated column can only be made anew"
    statements = []
    if "generated" in changed:
        if have["generated"] == "virtual":
            return [], "a virtual column holds no values that could be kept"
        statements.append(f"{alter} drop expression")
    if "identity" in changed and "identity" not in want:
        statements.append(f"{alter} drop identity")
    retype = bool({"type", "collation"} & changed)
    if retype and not keeps_values(str(have["type"]), str(want["type"])):
        return (
            [],
            f"{have['type']} to {want['type']} could change values: convert them yourself",
        )
    default = "default" in changed or (retype and "default" in have)
    if default and "default" in have:
        statements.append(f"{alter} drop default")
    if retype:
        policies = [
            item
            for item in expected.objects.values()
            if item.kind == "policy" and wanted.identity in _texts(item.definition.get("needs"))
        ]
        statements += [f"drop policy if exists {item.identity}" for item in policies]
        collation = f" collate {want['collation']}" if "collation" in want else ""
        using = f" using {column_name(wanted)}::{want['type']}"
        statements.append(f"{alter} type {want['type']}{collation}{using}")
        for item in policies:
            statements += [expected.text(s) for s in expected.statements_for(item.key)]
    if default and "default" in want:
        statements.append(f"{alter} set default {want['default']}")
    if "not_null" in changed or "not_null_pending" in changed:
        statements.append(f"{alter} {'set' if want['not_null'] else 'drop'} not null")
    if "identity" in changed and "identity" in want:
        statements += _identity(wanted, found, expected)
    return statements, ""


def keeps_values(have: str, want: str) -> bool:
    """Tells whether a cast keeps every value as it is, or else fails."""
    if have == want or want == "text" or (have, want) in _EXACT:
        return True
    one, other = (re.fullmatch(r"character varying(?:\((\d+)\))?", name) for name in (have, want))
    if one and other:
        return other[1] is None or (one[1] is not None and int(one[1]) <= int(other[1]))
    return (re.sub(r"^character.*", "text", have), want) in _EXACT


def change_constraint(drift: Drift, expected: Expected) -> tuple[list[str], str]:
    """Returns what turns a changed constraint into the expected one, and why if nothing can."""
    wanted, found = drift.expected, drift.actual
    assert wanted is not None
    assert found is not None
    name = wanted.identity.removesuffix(f" on {wanted.table}")
    alter = f"alter table {wanted.table}"
    if drift.changed == {"validated"}:
        return [f"{alter} validate constraint {name}"], ""
    needs = _texts(wanted.definition.get("needs"))
    leans = [
        item.identity
        for item in expected.objects.values()
        if item.kind == "constraint"
        and f" REFERENCES {wanted.table}(" in str(item.definition["definition"])
        and set(needs) <= set(_texts(item.definition.get("needs")))
    ]
    if is_key(wanted) and leans:
        return [], f"foreign keys rest on it, drop them first: {', '.join(leans)}"
    again = f"add constraint {name} {wanted.definition['definition']}"
    return [f"{alter} drop constraint {name}, {again}"], ""


def is_key(item: CatalogObject) -> bool:
    """Tells whether foreign keys may rest on something."""
    return item.kind == "constraint" and item.definition["type"] in {"primary key", "unique"}


def order_of_constraint(constraint: CatalogObject) -> int:
    """Ranks keys before checks before foreign keys, which need the keys."""
    return {"primary key": 0, "unique": 0, "foreign key": 2}.get(
        str(constraint.definition["type"]), 1
    )


def _identity(wanted: CatalogObject, found: CatalogObject, expected: Expected) -> Iterator[str]:
    """Yields what makes a column an identity that goes on behind the rows that are there.

    A serial column's own sequence goes: it would keep the name, and what was granted on it.
    """
    table, column = str(wanted.table), column_name(wanted)
    alter = f"alter table {table} alter column {column}"
    kind = wanted.definition["identity"]
    if "identity" in found.definition:
        yield f"{alter} set generated {kind}"
        return
    former = None
    if serial := _SERIAL.fullmatch(str(found.definition.get("default"))):
        schema, sequence = serial["schema"], serial["name"]
        schema, sequence = schema.replace("''", "'"), sequence.replace("''", "'")
        former = f"{schema}.rowsight_former_sequence"
        yield f"alter sequence {schema}.{sequence} owned by none"
        yield f"alter sequence {schema}.{sequence} rename to rowsight_former_sequence"
    yield f"{alter} add generated {kind} as identity"
    name = re.sub(r'^"(.*)"$', r"\1", column).replace('""', '"')
    identity = f"pg_catalog.pg_get_serial_sequence({literal(table)}, {literal(name)})"
    highest = f"coalesce((select max({column}) from {table}), 0)"  # noqa: S608
    if former is not None:
        highest = f"greatest({highest}, (select last_value from {former}))"  # noqa: S608
    yield f"select pg_catalog.setval({identity}, {highest} + 1, false)"
    if former is not None:
        yield f"drop sequence {former}"
    for statement in expected.statements_for(("table", table)):
        if re.match(r"revoke\b.*\bon\s+sequence\b", expected.text(statement), re.IGNORECASE):
            yield expected.text(statement)


def _texts(value: object) -> list[str]:
    return [str(item) for item in value] if isinstance(value, list) else []
