"""Which keys a walk may go by, and where rows are stored."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import psycopg
import pytest

from console.catalog.paths import KeyPart, Paths, find_paths
from console.catalog.relations import find_relation
from console.connection.embedded import EmbeddedServer
from console.connection.profile import Profile
from console.connection.session import Session

Admin = Callable[[Profile], psycopg.Connection[Any]]
Connect = Callable[..., Session]
FreshDatabase = Callable[..., Profile]


async def paths_of(connect: Connect, profile: Profile, name: str) -> Paths:
    async with connect(profile) as session:
        return await find_paths(session, await find_relation(session, name))


@pytest.mark.parametrize(
    ("table", "keys"),
    [
        ("create table t (a int primary key)", ["t_pkey"]),
        ("create table t (a int unique)", []),  # may be NULL, many times
        ("create table t (a int not null unique)", ["t_a_key"]),
        ("create table t (a float8 primary key)", []),
        ("create domain d as real; create table t (a d primary key)", []),
        ("create domain d as text; create table t (a d primary key)", ["t_pkey"]),
        ("create type m as enum ('x'); create table t (a m primary key)", ["t_pkey"]),
        (  # a place would be compared as text, in another order, by a function of anybody's
            "create type m as enum ('x'); create domain d as m;"
            " create function f(m) returns text language sql return 'x';"
            " create cast (m as text) with function f(m) as implicit;"
            " create table t (a m primary key, b d not null unique, c int not null unique)",
            ["t_c_key"],
        ),
        (
            "create type m as enum ('x'); create cast (m as text) with inout as implicit;"
            " create table t (a m primary key, c int not null unique)",
            ["t_c_key"],
        ),
        ("create table t (a int[] primary key)", []),
        ("create table t (a numeric primary key, b uuid not null unique)", ["t_pkey", "t_b_key"]),
        ("create table t (a int primary key deferrable)", []),
        ("create table t (a int not null); create unique index on t (a) where a > 0", []),
        ("create table t (a int not null); create unique index on t ((a + 1))", []),
        ('create table t (a text not null); create unique index on t (a collate "C")', []),
        ('create table t (a text collate "C" primary key)', ["t_pkey"]),
        ("create table t (a text not null); create unique index on t (a text_pattern_ops)", []),
        ("create table t (a int primary key); create table u () inherits (t)", []),
        ("create table t (a int primary key, b int) partition by range (a)", ["t_pkey"]),
        ("create view t as select 1 as a", []),
        (
            "create materialized view t as select 1 as a; create unique index on t (a)",
            [],  # nothing says that a is not NULL
        ),
    ],
)
async def test_only_keys_that_no_row_escapes_are_usable(
    empty_db: Profile, admin: Admin, connect: Connect, table: str, keys: list[str]
) -> None:
    admin(empty_db).execute(table.encode())
    found = await paths_of(connect, empty_db, "t")
    assert [key.index for key in found.keys] == keys


async def test_an_invalid_index_and_a_promise_for_new_rows_only_do_not_count(
    server: EmbeddedServer, fresh_database: FreshDatabase, admin: Admin, connect: Connect
) -> None:
    profile = fresh_database("empty", on=server)
    database = admin(profile)
    database.execute("create table t (a int not null, b int); insert into t values (1), (1)")
    with pytest.raises(psycopg.errors.UniqueViolation):
        database.execute("create unique index concurrently on t (a)")
    database.execute("create unique index on t (b)")
    assert database.info.server_version >= 180000
    database.execute("alter table t add constraint c not null b not valid")
    found = await paths_of(connect, profile, "t")
    assert found.keys == ()
    assert [column.not_null for column in found.columns] == [True, False]


async def test_a_key_has_the_directions_of_its_index_and_the_primary_comes_first(
    empty_db: Profile, admin: Admin, connect: Connect
) -> None:
    admin(empty_db).execute(
        """
        create table t (a int not null, "B" int not null, c int, primary key (a, "B"));
        create unique index aaa on t ("B" desc, a desc nulls last) include (c);
        """
    )
    found = await paths_of(connect, empty_db, "t")
    assert [key.primary for key in found.keys] == [True, False]
    assert found.keys[0].parts == (KeyPart("a"), KeyPart("B"))
    assert found.keys[1].parts == (KeyPart("B", True, True), KeyPart("a", True, False))


async def test_storage_is_told_for_tables_partitions_and_what_stores_nothing(
    empty_db: Profile, admin: Admin, connect: Connect
) -> None:
    database = admin(empty_db)
    database.execute(
        """
        create table t (a int); insert into t select generate_series(1, 1000);
        create table p (a int) partition by list (a);
        create table p2 partition of p for values in (2) partition by list (a);
        create table p2a partition of p2 for values in (2);
        create table p1 partition of p for values in (1);
        create view v as select 1 as a;
        create table old (a int); create table heir () inherits (old);
        create materialized view m as select 1 as a;
        create foreign data wrapper w; create server s foreign data wrapper w;
        create foreign table f (a int) server s;
        alter table t enable row level security;
        analyze t;
        """
    )
    table = await paths_of(connect, empty_db, "t")
    (leaf,) = table.leaves
    assert (leaf.identity, leaf.blocks, leaf.partition) == ("public.t", 5, False)
    assert leaf.density == 200
    assert table.by_block
    assert not table.secured, "policies do not bind a superuser"
    parts = await paths_of(connect, empty_db, "p")
    assert [leaf.identity for leaf in parts.leaves] == ["public.p1", "public.p2a"]
    assert parts.by_block
    assert all(leaf.partition and leaf.bound for leaf in parts.leaves)
    assert (await paths_of(connect, empty_db, "m")).by_block
    for name in ("v", "old", "f"):
        assert not (await paths_of(connect, empty_db, name)).by_block, name


async def test_policies_that_bind_the_login_are_noticed(
    empty_db: Profile, admin: Admin, connect: Connect
) -> None:
    database = admin(empty_db)
    database.execute("drop role if exists bound_reader")
    database.execute(
        """
        create role bound_reader login; create table t (a int);
        alter table t enable row level security; grant select on t to bound_reader;
        """
    )
    profile = Profile(parameters={**empty_db.parameters, "user": "bound_reader"})
    assert (await paths_of(connect, profile, "t")).secured
    database.execute("drop owned by bound_reader; drop role bound_reader")
