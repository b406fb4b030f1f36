"""Relations of every kind, as hostile as a database can hold them.

Each has a plain word in its name (`kind00` …) by which it can be found on a screen.
"""

from __future__ import annotations

import json
from typing import Any

import psycopg
from psycopg import sql

from tests.hostile import VALUES

SCHEMA = 's"\x1b%{'
SOUNDS = (
    "\x1b]52;c;ZXZpbA==\x07",
    "\x9b31m\x9d0;x\x9c",
    "\u202e\u2066\u200b\ufeff",
    "quo\"te' \\ %s %(x)s {0}",
    "line\nbreak\ttab\r",
    "[@click=app.quit]x[/]",
    "\U0001f600\U0001f9ea\U0001f4a3\U0001f47e",
)
"""What names are made of, in turn."""

NEVER_ENDS = "kind13"
FAILS = ("kind11", "kind12")
"""Relations that can't be read from the first row on."""


def name(number: int) -> str:
    """A relation's name: its word, and what makes it hostile, to the last of 63 bytes."""
    whole = f"kind{number:02d}" + SOUNDS[number % len(SOUNDS)] * 8
    return whole.encode()[:63].decode(errors="ignore")


WORDS = tuple(f"kind{number:02d}" for number in range(16))


def fill(connection: psycopg.Connection[Any]) -> None:
    """Makes them all."""

    def run(statement: str, **parts: object) -> None:
        connection.execute(
            sql.SQL(statement).format(
                **{
                    key: sql.Identifier(SCHEMA, name(part))
                    if isinstance(part, int)
                    else part
                    if isinstance(part, sql.Composable)
                    else sql.Literal(part)
                    for key, part in parts.items()
                }
            )
        )

    def named(text: str) -> sql.Identifier:
        return sql.Identifier(text.encode()[:63].decode(errors="ignore"))

    run("create schema {s}", s=sql.Identifier(SCHEMA))
    # Values of every kind, under names of every kind; keys, policies, indexes and triggers too.
    columns = [named(f"c{n}{sound}") for n, sound in enumerate(SOUNDS)]
    key, text, document, list_, bytes_, mood, refers = columns
    run("create type {s}.mood as enum ({a}, {b})", s=sql.Identifier(SCHEMA), a="ok", b=VALUES[1])
    run(
        "create table {t} ({key} text primary key default {v}, {text} text, {doc} jsonb,"
        " {list} text[], {bytes} bytea, {mood} {s}.mood, {refers} text references {t} on delete"
        " cascade, constraint {c} check ({text} <> {v}))",
        t=0,
        key=key,
        text=text,
        doc=document,
        list=list_,
        bytes=bytes_,
        mood=mood,
        refers=refers,
        s=sql.Identifier(SCHEMA),
        v="never " + VALUES[6],
        c=named(SOUNDS[4] * 9),
    )
    for number, value in enumerate(VALUES):
        written = json.dumps({value: [value, {"in\nside": value}]})
        run(
            "insert into {t} values ({k}, {v}, {d}, {l}, {b}, {m}, {r})",
            t=0, k=f"{number} {value[:40]}", v=value, d=written, l=[value, None, value],
            b=value.encode(), m=VALUES[1] if number % 2 else "ok",
            r=None if number == 0 else f"0 {VALUES[0][:40]}",
        )  # fmt: skip
    run("alter table {t} enable row level security", t=0)
    run(
        "create policy {p} on {t} using ({x} <> {v})",
        p=named(SOUNDS[0] * 4),
        t=0,
        x=text,
        v=VALUES[2],
    )
    run(
        "create index {i} on {t} ({x}) where {x} <> {v}",
        i=named(SOUNDS[3]),
        t=0,
        x=text,
        v=VALUES[6],
    )
    run("comment on table {t} is {v}", t=0, v="\n".join(VALUES))
    run("comment on column {t}.{x} is {v}", t=0, x=text, v=VALUES[0])
    # Tables without columns, with as many as there can be, without a key, with gaps.
    run("create table {t} ()", t=1)
    run("insert into {t} default values", t=1)
    wide = sql.SQL(", ").join(named(f"w{n}{SOUNDS[n % 7]}") + sql.SQL(" int") for n in range(1600))
    run("create table {t} ({wide})", t=2, wide=wide)
    run("insert into {t} default values", t=2)
    run(
        "create table {t} as select {v}::text as {x} from generate_series(1, 300)",
        t=3,
        v=VALUES[0],
        x=text,
    )
    run("create table {t} (a int, b int, {x} text, d int)", t=4, x=text)
    run("alter table {t} drop a, drop b, drop d", t=4)
    run("insert into {t} values ({v})", t=4, v=VALUES[7])
    # Partitions, values that are no numbers, NULL in keys.
    run("create table {t} (k int, {x} text) partition by list (k)", t=5, x=text)
    run("create table {t} partition of {p} for values in (1)", t=6, p=5)
    run("insert into {t} values (1, {v})", t=5, v=VALUES[1])
    run("create table {t} (k float8 unique, {x} text unique)", t=7, x=text)
    run("insert into {t} values ('NaN', null), (null, {v}), ('-infinity', 'x')", t=7, v=VALUES[2])
    # What is read through something else.
    run("create view {t} as select * from {of}", t=8, of=0)
    run("create materialized view {t} as select {x} from {of}", t=9, of=0, x=text)
    run("create extension if not exists file_fdw")
    run("create server files foreign data wrapper file_fdw")
    run(
        "create foreign table {t} ({x} text) server files options (filename 'PG_VERSION')",
        t=10,
        x=text,
    )
    # What fails: at once, with a hostile message; at row 500; and what never ends.
    run("create foreign data wrapper nothing")
    run("create server {s} foreign data wrapper nothing", s=named(SOUNDS[5]))
    run("create foreign table {t} ({x} text) server {s}", t=11, x=text, s=named(SOUNDS[5]))
    run(
        "create function {f}() returns text language plpgsql as $f$ begin raise notice {v};"
        " raise exception using message = {v}, detail = {v}, hint = {v}; end $f$",
        f=12, v="\n".join(VALUES[:7]).replace("%", "%%"),
    )  # fmt: skip
    run("create view {t} as select {t}() as {x}", t=12, x=text)
    run("create view {t} as select pg_sleep(3600)::text as {x}", t=13, x=text)
    run(
        "create view {t} as select 1 / (500 - n) as {x} from generate_series(1, 900) n",
        t=14,
        x=text,
    )
    run("create table {t} (id int primary key, {x} text)", t=15, x=text)
    run("insert into {t} select 1, repeat({v}, 20000)", t=15, v=VALUES[0] + "\u202e\n")
    connection.execute("analyze")
