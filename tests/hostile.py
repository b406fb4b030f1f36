"""Names and values that try to be something else than text."""

from __future__ import annotations

from typing import Any

import psycopg
from psycopg import sql

SCHEMA = 'sch"ema %s {} [b]'
TABLE = "ta\"b'le\n\x1b[31m\u202e%s {0} %(x)s [@click=app.quit]x[/] \U0001f600 --"
COLUMN = 'co"l\x1b]0;title\x07 %s {} \\ \u200b;'
KEY = "id %"

VALUES = [
    "\x1b[2J\x1b]52;c;ZXZpbA==\x07",
    "\x9b31m\x9d0;x\x9c",
    "\u202egnp.exe\u2066\u200b\ufeff\u00ad",
    "'; drop table x; --",
    "quote \" and ' and \\ and \\x41",
    "%s %(id)s {} {0} {x!r} %",
    "[red]markup[/red] [/x] [@click=app.quit]",
    "line\nbreak\r\n\ttab\x00".replace("\x00", ""),
    "",
    " NULL ",
    "x" * 5000,
    "\U000e0041\U000e0042\u2028\u2029",
]


def identity() -> str:
    """The table's name as SQL writes it."""
    return ".".join(f'"{part.replace(chr(34), chr(34) * 2)}"' for part in (SCHEMA, TABLE))


def fill(connection: psycopg.Connection[Any]) -> None:
    """Makes the schema and its table, one row for each of the values."""
    table = sql.Identifier(SCHEMA, TABLE)
    connection.execute(sql.SQL("create schema {}").format(sql.Identifier(SCHEMA)))
    connection.execute(
        sql.SQL("create table {} ({} int primary key, {} text)").format(
            table, sql.Identifier(KEY), sql.Identifier(COLUMN)
        )
    )
    for number, value in enumerate(VALUES):
        insert = sql.SQL("insert into {} values ({}, {})")
        connection.execute(insert.format(table, sql.Literal(number), sql.Literal(value)))
    comment = sql.SQL("comment on table {} is {}")
    connection.execute(comment.format(table, sql.Literal(VALUES[0])))
