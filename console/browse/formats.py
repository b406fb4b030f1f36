"""Rows as text to take elsewhere: tab-separated, JSON, INSERT statements, CSV."""

from __future__ import annotations

from collections.abc import Sequence

from psycopg import sql

from console.browse.page import Row
from console.catalog.relations import Column, Relation
from console.visible import json_text


def as_text(rows: Sequence[Row], columns: Sequence[Column] = ()) -> str:
    r"""Writes rows as tab-separated lines, under the columns' names where these are given.

    A tab, a line break or a backslash within a value is written as in COPY, NULL as `\N`.
    """
    lines = ["\t".join(_escaped(column.name) for column in columns)] if columns else []
    lines += ["\t".join(_escaped(value) for value in row) for row in rows]
    return "\n".join(lines)


_ESCAPES = str.maketrans({"\\": "\\\\", "\t": "\\t", "\n": "\\n", "\r": "\\r"})


def _escaped(value: str | None) -> str:
    return "\\N" if value is None else value.translate(_ESCAPES)


def as_object(row: Row, columns: Sequence[Column]) -> dict[str, str | None]:
    """Returns a row as column names with the server's own text of their values."""
    return {column.name: value for column, value in zip(columns, row, strict=True)}


def as_json(rows: Sequence[Row], columns: Sequence[Column]) -> str:
    """Writes rows as a JSON list of objects; one row as one object."""
    objects = [as_object(row, columns) for row in rows]
    return json_text(objects[0] if len(objects) == 1 else objects, indent=2)


def as_csv(row: Sequence[str | None]) -> str:
    """Writes a CSV record as PostgreSQL does: NULL is empty, '' is two quotes."""
    return ",".join(_csv(value) for value in row) + "\n"


def _csv(value: str | None) -> str:
    if value is None:
        return ""
    if value in ("", "\\.") or value != value.strip() or any(mark in value for mark in '",\r\n'):
        return '"' + value.replace('"', '""') + '"'
    return value


def as_insert(relation: Relation, rows: Sequence[Row], columns: Sequence[Column]) -> str:
    """Writes the statements that insert rows, each value in the server's own text.

    Generated columns are left out, for they can't be given; numbers that the table hands out
    itself are given all the same.
    """
    kept = [number for number, column in enumerate(columns) if not column.generated]
    target = sql.Identifier(relation.schema, relation.name)
    if not kept:
        return sql.SQL("insert into {} default values;\n").format(target).as_string(None) * len(
            rows
        )
    names = sql.SQL(", ").join(sql.Identifier(columns[number].name) for number in kept)
    always = any(columns[number].identity == "always" for number in kept)
    head = sql.SQL("insert into {} ({}){} values ").format(
        target, names, sql.SQL(" overriding system value" if always else "")
    )
    values = (sql.SQL(", ").join(sql.Literal(row[number]) for number in kept) for row in rows)
    return "".join((head + sql.SQL("({});\n").format(one)).as_string(None) for one in values)
