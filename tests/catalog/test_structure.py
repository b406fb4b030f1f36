"""What a relation is made of, on real servers, old and new."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import psycopg
import pytest

from console.catalog.relations import find_relation
from console.catalog.structure import Structure, read_structure
from console.connection.embedded import EmbeddedServer
from console.connection.profile import Profile
from console.connection.session import Session

Admin = Callable[[Profile], psycopg.Connection[Any]]
Connect = Callable[..., Session]
FreshDatabase = Callable[..., Profile]


async def structure_of(connect: Connect, profile: Profile, name: str) -> Structure:
    async with connect(profile) as session:
        return await read_structure(session, await find_relation(session, name))


async def test_constraints_and_indexes_with_their_state(
    servers: tuple[EmbeddedServer, ...],
    fresh_database: FreshDatabase,
    admin: Admin,
    connect: Connect,
) -> None:
    for server in servers:
        profile = fresh_database("empty", on=server)
        database = admin(profile)
        database.execute(
            """
            create table o (a int primary key, b int);
            create table t (
              id int, "B" int references o on delete cascade, c int check (c > 0), d tsrange,
              primary key (id), unique ("B", c) deferrable initially deferred,
              exclude using gist (d with &&)
            );
            insert into t values (1, null, 7), (2, null, 7);
            alter table t add constraint later foreign key (c) references o not valid;
            comment on constraint later on t is 'why';
            create index partial on t (lower("B"::text) desc) include (c) where c > 5;
            """
        )
        with pytest.raises(psycopg.errors.UniqueViolation):
            database.execute("create unique index concurrently broken on t (c)")
        database.execute("set enable_seqscan = off; select * from t where id = 1")
        database.execute("select pg_stat_force_next_flush(); select 1")
        found = await structure_of(connect, profile, "t")
        constraints = {
            constraint.name: constraint
            for constraint in found.constraints
            if constraint.kind != "not null"
        }
        assert {name: constraint.kind for name, constraint in constraints.items()} == {
            "t_pkey": "primary key",
            "t_B_c_key": "unique",
            "t_d_excl": "exclusion",
            "later": "foreign key",
            "t_B_fkey": "foreign key",
            "t_c_check": "check",
        }
        assert constraints["t_B_c_key"].columns == ("B", "c")
        assert (constraints["t_B_c_key"].deferrable, constraints["t_B_c_key"].deferred) == (
            True,
            True,
        )
        assert not constraints["later"].validated
        assert constraints["later"].comment == "why"
        assert constraints["t_B_fkey"].definition == (
            'FOREIGN KEY ("B") REFERENCES public.o(a) ON DELETE CASCADE'
        )
        indexes = {index.name: index for index in found.indexes}
        assert next(iter(indexes)) == "t_pkey"
        assert indexes["t_pkey"].primary
        assert indexes["t_pkey"].constraint
        assert indexes["t_pkey"].scans >= 1
        assert indexes["t_pkey"].bytes >= 8192
        assert not indexes["broken"].valid
        assert indexes["broken"].unique
        partial = indexes["partial"]
        assert partial.predicate == "(c > 5)"
        assert partial.columns == ('lower("B"::text)',)
        assert (partial.valid, partial.unique, partial.constraint) == (True, False, False)


async def test_triggers_policies_and_grants_in_words(
    empty_db: Profile, admin: Admin, connect: Connect
) -> None:
    admin(empty_db).execute(
        """
        create table t (a int, "B" int);
        create function f() returns trigger language plpgsql as 'begin return new; end';
        create trigger one before insert or update on t for each row execute function f();
        create trigger two after truncate on t execute function f();
        alter table t disable trigger two;
        create policy "mine" on t for select to pg_monitor using (a = 1);
        create policy strict on t as restrictive using ("B" > 0) with check ("B" > 1);
        create policy adding on t for insert with check (a > 2);
        create policy nobody on t for delete using (false);
        grant select on t to public;
        grant insert, update on t to pg_monitor with grant option;
        grant select ("B") on t to pg_read_all_stats;
        """
    )
    found = await structure_of(connect, empty_db, "t")
    one, two = found.triggers
    assert (one.timing, one.events, one.each_row, one.enabled) == (
        "before",
        ("insert", "update"),
        True,
        "enabled",
    )
    assert (two.timing, two.events, two.each_row, two.enabled) == (
        "after",
        ("truncate",),
        False,
        "disabled",
    )
    assert one.function == "public.f"
    words = {policy.name: policy.words for policy in found.policies}
    assert words == {
        "mine": "pg_monitor may read rows where (a = 1)",
        "strict": 'everybody may at most read and change rows where ("B" > 0), and leave or add'
        ' only rows where ("B" > 1)',
        "adding": "everybody may insert rows where (a > 2)",
        "nobody": "everybody may delete no row",
    }
    policies = {policy.name: policy for policy in found.policies}
    assert policies["strict"].statement(found.relation) == (
        'create policy "strict" on public.t\n  as restrictive\n  for all\n  to public\n'
        '  using (("B" > 0))\n  with check (("B" > 1))'
    )
    grants = {(grant.grantee, grant.column): grant for grant in found.grants}
    assert grants["postgres", None].owner
    assert grants["PUBLIC", None].privileges == ("SELECT",)
    assert grants["pg_monitor", None].grantable == ("INSERT", "UPDATE")
    assert grants["pg_read_all_stats", "B"].statements(found.relation) == [
        'grant select ("B") on public.t to "pg_read_all_stats"'
    ]
    copy = admin(empty_db)
    copy.execute("drop policy strict on t; revoke all on t from pg_read_all_stats")
    copy.execute(policies["strict"].statement(found.relation).encode())
    assert (await structure_of(connect, empty_db, "t")).policies == found.policies


async def test_sizes_are_exact_and_added_up_over_partitions(
    empty_db: Profile, admin: Admin, connect: Connect
) -> None:
    database = admin(empty_db)
    database.execute(
        """
        create table p (a int, b text) partition by list (a);
        create table p1 partition of p for values in (1);
        create table p2 partition of p for values in (2);
        create index on p (a);
        create view v as select 1 as a;
        insert into p select 1 + g % 2, repeat(md5(g::text), 200) from generate_series(1, 500) g;
        update p set b = b || 'x' where a = 1;
        """
    )
    database.execute("select pg_stat_force_next_flush(); select 1")
    database.execute("analyze")
    found = (await structure_of(connect, empty_db, "p")).sizes
    assert found is not None
    [(heap, indexes, total)] = database.execute(
        "select pg_relation_size('p1') + pg_relation_size('p2'),"
        " pg_indexes_size('p1') + pg_indexes_size('p2'),"
        " pg_total_relation_size('p1') + pg_total_relation_size('p2')"
    ).fetchall()
    assert (found.heap, found.indexes, found.total) == (heap, indexes, total)
    assert found.toast > 0
    assert found.tables == 2
    assert found.live == 500
    assert found.analyzed is not None
    assert found.vacuumed is None
    (index,) = (await structure_of(connect, empty_db, "p")).indexes
    assert index.bytes == indexes
    assert (await structure_of(connect, empty_db, "v")).sizes is None
