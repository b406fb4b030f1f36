"""Foreign keys both ways, and the values a column may hold."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import psycopg
import pytest

from console.catalog.enumerated import checked_values, list_enumerated
from console.catalog.foreign_keys import ForeignKeys, list_foreign_keys
from console.catalog.relations import find_relation
from console.connection.profile import Profile
from console.connection.session import Session

Admin = Callable[[Profile], psycopg.Connection[Any]]
Connect = Callable[..., Session]


async def keys_of(connect: Connect, profile: Profile, name: str) -> ForeignKeys:
    async with connect(profile) as session:
        return await list_foreign_keys(session, await find_relation(session, name))


async def test_both_directions_with_their_columns_paired(
    empty_db: Profile, admin: Admin, connect: Connect
) -> None:
    admin(empty_db).execute(
        """
        create table a (x int, "Y" int, boss int, primary key (x, "Y"), unique (x));
        alter table a add constraint self foreign key (boss) references a (x);
        create schema "S";
        create table "S"."b b" (ax int, ay int, id int primary key,
          constraint two foreign key (ay, ax) references a ("Y", x) on delete cascade);
        create index on "S"."b b" (ax, ay, id);
        create table p (x int references a (x)) partition by list (x);
        create table p1 partition of p for values in (1);
        create table q (id int primary key) partition by list (id);
        create table q1 partition of q for values in (1);
        create table r (q int references q);
        """
    )
    found = await keys_of(connect, empty_db, "a")
    (own,) = found.outgoing
    assert (own.columns, own.to_table, own.to_columns) == (("boss",), "public.a", ("x",))
    incoming = {key.name: key for key in found.incoming}
    assert set(incoming) == {"two", "p_x_fkey", "self"}, "a partition repeats its parent's"
    two = incoming["two"]
    assert two.table == '"S"."b b"'
    assert (two.columns, two.to_columns) == (("ay", "ax"), ("Y", "x"))
    assert (two.on_delete, two.on_update, two.indexed) == ("cascade", "no action", True)
    assert two.definition == ('FOREIGN KEY (ay, ax) REFERENCES public.a("Y", x) ON DELETE CASCADE')
    assert not incoming["p_x_fkey"].indexed
    assert [key.to_table for key in (await keys_of(connect, empty_db, "p1")).outgoing] == [
        "public.a"
    ]
    assert [key.to_table for key in (await keys_of(connect, empty_db, "r")).outgoing] == [
        "public.q"
    ]
    assert [key.table for key in (await keys_of(connect, empty_db, "q")).incoming] == ["public.r"]


async def test_values_a_column_may_hold(empty_db: Profile, admin: Admin, connect: Connect) -> None:
    admin(empty_db).execute(
        r"""
        create type mood as enum ('so so', 'bad', 'it''s "fine"');
        create domain feeling as mood;
        create domain size as text check (value in ('S', 'M'));
        create table t (
          m mood, f feeling, s size, b boolean,
          c text check (c in ('one', 'it''s', 'a,b "c" {d}', E'back\\slash')),
          v varchar(10) check (v in ('x', 'y')), ch char(3) check (ch in ('abc', 'de')),
          n text check (n in ('p', 'q') or n is null),
          a text check (a = any ('{k,"l l"}'::text[])),
          "S t" text constraint z check ("S t" = 'only'),
          o text check (o = 'u' or o = 'w'),
          len text check (length(len) > 3), both_ways text, free text,
          wide text check (wide in ('x') or length(wide) > 9),
          no text check (no not in ('never')), i int check (i in (1, 2)),
          check (both_ways in ('x') and free > 'a')
        );
        """
    )
    async with connect(empty_db) as session:
        found = await list_enumerated(session, await find_relation(session, "t"))
    assert found == {
        "m": ("so so", "bad", 'it\'s "fine"'),
        "f": ("so so", "bad", 'it\'s "fine"'),
        "s": ("S", "M"),
        "b": ("true", "false"),
        "c": ("one", "it's", 'a,b "c" {d}', "back\\slash"),
        "v": ("x", "y"),
        "ch": ("abc", "de"),
        "n": ("p", "q"),
        "a": ("k", "l l"),
        "S t": ("only",),
        "o": ("u", "w"),
        "i": ("1", "2"),
    }


async def test_the_shipped_schema_s_lists_are_found(sample_db: Profile, connect: Connect) -> None:
    async with connect(sample_db) as session:
        found = await list_enumerated(session, await find_relation(session, "public.events"))
    assert found == {"eventType": ("created", "modified", "accessed", "deleted")}


@pytest.mark.parametrize(
    "definition", ["", "CHECK ((a > 0))", "CHECK (f(a, 'x'::text))", "CHECK ((a <> 'x'::text))"]
)
def test_what_is_no_list_is_none(definition: str) -> None:
    assert checked_values(definition) == []
