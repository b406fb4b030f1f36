"""Tables, views and their columns, as the server lists them."""

from __future__ import annotations

import re
import string
from difflib import get_close_matches
from typing import TYPE_CHECKING, NamedTuple

from console.catalog.reading import query, read
from console.errors import NotFound, UsageError

if TYPE_CHECKING:
    from psycopg.sql import Composed

    from console.connection.session import Session, TextTable

_KINDS = {
    "r": "table",
    "p": "partitioned",
    "v": "view",
    "m": "materialized view",
    "f": "foreign table",
}

_LOCK_TIMEOUT = 2.0
"""Seconds to wait for what the sizes need; the query itself avoids waiting."""

_PART = r'"(?:[^"]|"")+"|[^".\s][^".]*'
_NAME = re.compile(rf"\s*(?:({_PART})\.)?({_PART})\s*")
# The server folds ASCII letters only, whatever the encoding.
_FOLD = str.maketrans(string.ascii_uppercase, string.ascii_lowercase)


class Relation(NamedTuple):
    """A table, view or what else holds rows.

    Attributes:
        identity: Schema and name as SQL writes them, quoted where needed.
        kind: `table`, `partitioned`, `view`, `materialized view` or `foreign table`.
        rows_estimate: The planner's density times today's size; None where the server
            does not know: views, tables never analysed.
        bytes: With indexes and TOAST, over all partitions; None for what stores nothing
            here, and while somebody holds or wants the relation exclusively.
        policies: Number of row-level security policies on it.
    """

    identity: str
    schema: str
    name: str
    kind: str
    rows_estimate: int | None
    bytes: int | None
    rls: bool
    forced: bool
    policies: int
    owner: str
    comment: str | None


class Column(NamedTuple):
    """A column of a relation.

    Attributes:
        type: As SQL writes it, such as `numeric(10,2)`.
        category: The server's letter for kinds of types: `N` numbers, `D` dates and
            times, `S` strings, `B` booleans, …; a domain has its base type's.
        default: Its expression, also of a generated column, or None.
        position: From 1; dropped columns leave gaps.
        key_position: Place in the primary key from 1, or None.
        base: The type beneath domains, without a length: what its values can be cast to.
        width: Bytes a value takes; -1 where that depends on the value.
        generated: Whether it is computed from other columns.
        identity: `always`, `by default`, or empty for a column that numbers nothing.
        collation: As SQL writes it, where it is not its type's own.
        ordered: Whether values compare in the order they are sorted in.
    """

    name: str
    type: str
    category: str
    not_null: bool
    default: str | None
    position: int
    key_position: int | None
    comment: str | None
    base: str = "text"
    width: int = -1
    generated: bool = False
    identity: str = ""
    collation: str | None = None
    ordered: bool = True

    @property
    def primary_key(self) -> bool:
        """Whether the column is part of the primary key."""
        return self.key_position is not None


def folded(text: str) -> str:
    """Reads one name as SQL does: quoted as it stands, else in lower case."""
    if text.startswith('"'):
        return text[1:-1].replace('""', '"')
    return text.translate(_FOLD)


def parse_name(text: str) -> tuple[str | None, str]:
    """Splits `table` or `schema.table`, each part quoted as in SQL where needed.

    Returns:
        Schema, or None, and name.

    Raises:
        UsageError: The text is no such name.
    """
    match = _NAME.fullmatch(text)
    if match is None or "\0" in text:
        raise UsageError(
            f"{text!r} is not a table's name",
            hint='write table or schema.table, with "double quotes" as in SQL',
        )
    schema, name = match.groups()
    return (None if schema is None else folded(schema), folded(name))


async def _read(
    session: Session, schema: str | None, name: str | None
) -> list[tuple[Relation, bool]]:
    wanted = query("console.catalog", "relations", schema=schema, name=name)
    (result,) = await read(session, wanted, lock_timeout=_LOCK_TIMEOUT)
    return [(_relation(row), row[-1] == "t") for row in result.rows]


def _relation(row: tuple[str | None, ...]) -> Relation:
    identity, schema, name, kind, rows, size, rls, forced, policies, owner, comment, _ = row
    assert identity is not None
    assert schema is not None
    assert name is not None
    return Relation(
        identity=identity,
        schema=schema,
        name=name,
        kind=_KINDS[kind or "r"],
        rows_estimate=None if rows is None else int(rows),
        bytes=None if size is None else int(size),
        rls=rls == "t",
        forced=forced == "t",
        policies=int(policies or 0),
        owner=owner or "",
        comment=comment,
    )


async def list_relations(session: Session) -> list[Relation]:
    """Lists every relation outside the system's schemas, by schema and name.

    Raises:
        ConsoleError: The connection is gone or the server refused.
    """
    return [relation for relation, _ in await _read(session, None, None)]


async def find_relation(session: Session, name: str) -> Relation:
    """Finds one relation by the name a person typed.

    Without a schema the server's search path decides; what is not on it is found as long
    as only one schema has it.

    Raises:
        UsageError: The name does not parse, or stands in several schemas.
        NotFound: There is none.
    """
    schema, relation_name = parse_name(name)
    found = await _read(session, schema, relation_name)
    on_path = [relation for relation, visible in found if visible]
    if len(found) == 1 or (schema is None and len(on_path) == 1):
        return (on_path or [found[0][0]])[0]
    if found:
        places = ", ".join(relation.identity for relation, _ in found)
        raise UsageError(f"several schemas have a {relation_name}", hint=f"one of {places}")
    known = [relation for relation, _ in await _read(session, None, None)]
    raise NotFound(f"there is no table or view {name}", hint=_near(relation_name, known))


def _near(name: str, known: list[Relation]) -> str:
    identities: dict[str, list[str]] = {}
    for relation in known:
        identities.setdefault(relation.name.lower(), []).append(relation.identity)
    close = get_close_matches(name.lower(), identities, 3)
    near = [identity for match in close for identity in identities[match]][:3]
    return (
        f"did you mean {' or '.join(near)}?" if near else "the list of tables tells what is there"
    )


def columns_query(relation: Relation) -> Composed:
    """Returns the query whose result `columns_of` reads."""
    return query("console.catalog", "columns", schema=relation.schema, name=relation.name)


def columns_of(table: TextTable) -> tuple[Column, ...]:
    """Reads a relation's columns from the result of `columns_query`."""
    return tuple(
        Column(
            name=name or "",
            type=type_ or "",
            category=category or "",
            not_null=not_null == "t",
            default=default,
            position=int(position or 0),
            key_position=None if place is None else int(place),
            comment=comment,
            base=base or "",
            width=int(width or -1),
            generated=bool(generated),
            identity={"a": "always", "d": "by default"}.get(identity or "", ""),
            collation=collation,
            ordered=ordered == "t",
        )
        for (
            name,
            type_,
            category,
            not_null,
            default,
            position,
            place,
            comment,
            base,
            width,
            generated,
            identity,
            collation,
            ordered,
        ) in table.rows
    )


async def list_columns(session: Session, relation: Relation) -> list[Column]:
    """Lists a relation's columns in their order.

    Raises:
        ConsoleError: The connection is gone or the server refused.
    """
    (table,) = await read(session, columns_query(relation), lock_timeout=_LOCK_TIMEOUT)
    return list(columns_of(table))
