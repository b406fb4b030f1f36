"""What the server lists: kinds, estimates, sizes, columns, and finding one by its name."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from time import perf_counter
from typing import Any

import psycopg
import pytest

from console.access.rules import looking, read_rules
from console.catalog.ddl import read_ddl
from console.catalog.relations import (
    Relation,
    find_relation,
    list_columns,
    list_relations,
    parse_name,
)
from console.connection.embedded import EmbeddedServer
from console.connection.profile import Profile
from console.connection.session import Session
from console.errors import NotFound, UsageError
from tests import hostile

Admin = Callable[[Profile], psycopg.Connection[Any]]
Connect = Callable[..., Session]


async def listed(connect: Connect, profile: Profile) -> dict[str, Relation]:
    async with connect(profile) as session:
        return {relation.identity: relation for relation in await list_relations(session)}


async def test_every_kind_of_relation_is_listed(
    empty_db: Profile, admin: Admin, connect: Connect
) -> None:
    admin(empty_db).execute(
        """
        create table plain (a int);
        create table parts (a int) partition by range (a);
        create table part_1 partition of parts for values from (0) to (10);
        create view looked as select 1 as a;
        create materialized view kept as select 1 as a;
        create foreign data wrapper w; create server s foreign data wrapper w;
        create foreign table far (a int) server s;
        create sequence ignored;
        create type also_ignored as (a int);
        create schema "Other"; create table "Other"."user" (a int);
        """
    )
    relations = await listed(connect, empty_db)
    assert {identity: relation.kind for identity, relation in relations.items()} == {
        '"Other"."user"': "table",
        "public.far": "foreign table",
        "public.kept": "materialized view",
        "public.looked": "view",
        "public.part_1": "table",
        "public.parts": "partitioned",
        "public.plain": "table",
    }
    assert list(relations) == sorted(relations, key=lambda i: (relations[i].schema, i))
    for identity in ("public.far", "public.looked"):
        assert relations[identity].rows_estimate is None
        assert relations[identity].bytes is None


async def test_security_owner_and_comment_are_told(
    empty_db: Profile, admin: Admin, connect: Connect
) -> None:
    admin(empty_db).execute(
        """
        create table guarded (a int); comment on table guarded is 'for two';
        alter table guarded enable row level security, force row level security;
        create policy one on guarded using (true); create policy two on guarded using (false);
        create table enabled (a int); alter table enabled enable row level security;
        """
    )
    relations = await listed(connect, empty_db)
    guarded, enabled = relations["public.guarded"], relations["public.enabled"]
    assert (guarded.rls, guarded.forced, guarded.policies) == (True, True, 2)
    assert (enabled.rls, enabled.forced, enabled.policies) == (True, False, 0)
    assert (guarded.comment, enabled.comment) == ("for two", None)
    assert guarded.owner == "postgres"


async def test_estimates_follow_the_size_and_are_unknown_before_analyze(
    empty_db: Profile, admin: Admin, connect: Connect
) -> None:
    database = admin(empty_db)
    database.execute(
        """
        create table grown (a int) with (autovacuum_enabled = false);
        create table never (a int) with (autovacuum_enabled = false);
        create table parts (a int) partition by range (a);
        create table low partition of parts for values from (0) to (1000)
          with (autovacuum_enabled = false);
        create table high partition of parts for values from (1000) to (9000)
          with (autovacuum_enabled = false);
        insert into grown select generate_series(1, 10000);
        insert into never values (1);
        insert into parts select generate_series(0, 2999);
        analyze grown; analyze low;
        """
    )
    relations = await listed(connect, empty_db)
    assert relations["public.grown"].rows_estimate == 10_000
    assert relations["public.never"].rows_estimate is None
    assert relations["public.parts"].rows_estimate is None, "one partition is not known"
    database.execute("insert into grown select generate_series(1, 10000); analyze high")
    relations = await listed(connect, empty_db)
    estimate = relations["public.grown"].rows_estimate
    assert estimate is not None
    assert 19_000 < estimate < 21_000, "density times today's size, without a new analyze"
    assert relations["public.parts"].rows_estimate == 3_000
    [(total,)] = database.execute(
        "select pg_total_relation_size('low') + pg_total_relation_size('high')"
    ).fetchall()
    assert relations["public.parts"].bytes == total > 0


async def test_a_table_that_filled_after_an_analyze_of_nothing_is_not_called_empty(
    empty_db: Profile, admin: Admin, connect: Connect
) -> None:
    admin(empty_db).execute(
        """
        create table t (a int) with (autovacuum_enabled = false);
        create table u (a int) with (autovacuum_enabled = false);
        analyze t; analyze u;
        insert into t values (1);
        """
    )
    relations = await listed(connect, empty_db)
    assert relations["public.t"].rows_estimate is None
    assert relations["public.u"].rows_estimate == 0


async def test_a_table_somebody_locks_is_listed_without_its_size(
    empty_db: Profile, admin: Admin, connect: Connect
) -> None:
    holder = admin(empty_db)
    holder.execute("create table held (a int); create index on held (a); create table free (a int)")
    with holder.transaction():
        holder.execute("lock table held in access exclusive mode")
        relations = await listed(connect, empty_db)
    assert relations["public.held"].bytes is None
    assert relations["public.free"].bytes == 0


async def test_columns_come_in_order_with_the_key_s_own_order(
    empty_db: Profile, admin: Admin, connect: Connect
) -> None:
    admin(empty_db).execute(
        """
        create domain moment as timestamptz;
        create table t (
          a int, gone text, b numeric(10,2) default 1.5 not null, "Cc" moment,
          g int generated always as (a * 2) stored, d text[],
          primary key (b, a)
        );
        alter table t drop column gone;
        comment on column t.d is 'a list';
        """
    )
    async with connect(empty_db) as session:
        columns = await list_columns(session, await find_relation(session, "t"))
    assert [(c.name, c.type, c.category, c.position) for c in columns] == [
        ("a", "integer", "N", 1),
        ("b", "numeric(10,2)", "N", 3),
        ("Cc", "moment", "D", 4),
        ("g", "integer", "N", 5),
        ("d", "text[]", "A", 6),
    ]
    assert [(c.not_null, c.default, c.comment) for c in columns] == [
        (True, None, None),
        (True, "1.5", None),
        (False, None, None),
        (False, "(a * 2)", None),
        (False, None, "a list"),
    ]
    assert {c.name: c.key_position for c in columns if c.primary_key} == {"b": 1, "a": 2}


@pytest.mark.parametrize(
    ("text", "name"),
    [
        ("events", (None, "events")),
        ("Events", (None, "events")),
        ('"Events"', (None, "Events")),
        ("public.Events", ("public", "events")),
        ('"a.b"."c""d"', ("a.b", 'c"d')),
        (' "public"."x" ', ("public", "x")),
        ("ÄÖ", (None, "ÄÖ")),
    ],
)
def test_names_are_read_as_sql_reads_them(text: str, name: tuple[str | None, str]) -> None:
    assert parse_name(text) == name


@pytest.mark.parametrize(
    "text", ["", " ", 'a ."b"c', "a.b.c", '"', '""', '"a', 'a"b', "a.", ".a", "a\0b"]
)
def test_what_is_no_name_is_refused(text: str) -> None:
    with pytest.raises(UsageError) as caught:
        parse_name(text)
    assert caught.value.exit_code == 2


async def test_one_relation_is_found_by_name(
    empty_db: Profile, admin: Admin, connect: Connect
) -> None:
    admin(empty_db).execute(
        """
        create schema one; create schema two;
        create table public.t (a int); create table one.t (a int);
        create table one.single (a int);
        create table one.twice (a int); create table two.twice (a int);
        create table "Mixed" (a int);
        """
    )
    async with connect(empty_db) as session:
        assert (await find_relation(session, "t")).identity == "public.t", "the search path's"
        assert (await find_relation(session, "ONE.T")).identity == "one.t"
        assert (await find_relation(session, "single")).identity == "one.single"
        assert (await find_relation(session, "pg_stat_activity")).kind == "view"
        with pytest.raises(UsageError) as ambiguous:
            await find_relation(session, "twice")
        assert ambiguous.value.hint == "one of one.twice, two.twice"
        with pytest.raises(NotFound) as missing:
            await find_relation(session, "mixed")
        assert missing.value.hint == 'did you mean public."Mixed"?'
        with pytest.raises(NotFound):
            await find_relation(session, "nosuch.t")


async def test_hostile_names_come_through_and_can_be_given_back(
    empty_db: Profile, admin: Admin, connect: Connect
) -> None:
    hostile.fill(admin(empty_db))
    [relation] = (await listed(connect, empty_db)).values()
    assert (relation.schema, relation.name) == (hostile.SCHEMA, hostile.TABLE)
    assert relation.comment == hostile.VALUES[0]
    async with connect(empty_db) as session:
        assert await find_relation(session, relation.identity) == relation
        columns = await list_columns(session, relation)
    assert [column.name for column in columns] == [hostile.KEY, hostile.COLUMN]


async def test_the_defaults_of_a_very_wide_table_are_read_at_once(
    servers: tuple[EmbeddedServer, ...],
    fresh_database: Callable[..., Profile],
    admin: Admin,
    connect: Connect,
) -> None:
    wide = ", ".join(f"c{n} int default {n}" for n in range(1, 1_500))
    slowly = "select count(pg_get_expr(adbin, adrelid)) from pg_attrdef"
    for server in servers:
        database = admin(profile := fresh_database("empty", on=server))
        database.execute(f"create table wide (id int primary key, {wide})".encode())
        started = perf_counter()
        database.execute(slowly)
        # Older servers lay out every column's name for each default, which is what is to be
        # seen: half of that time is many times what is needed, however busy the machine.
        spent = perf_counter() - started
        patience = spent / 2 if spent > 1 else 30.0
        profile = replace(profile, statement_timeout=patience)
        async with connect(profile) as session:
            relation = await find_relation(session, "wide")
            assert (await list_columns(session, relation))[-1].default == "1499"
            assert '"c1499" integer default 1499' in await read_ddl(session, relation)
            async with looking(session, statement_timeout=patience) as transaction:
                rules = await read_rules(transaction, "public", "wide", "postgres")
        assert rules.fields[-1].default == "1499"
