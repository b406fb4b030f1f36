"""The X-ray shows exactly what a real login with those claims gets."""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from dataclasses import replace
from typing import Any

import psycopg
import pytest
from psycopg import sql
from psycopg.conninfo import make_conninfo

from console.access.entrance import preview_login_sql
from console.access.impersonation import Preview, preview
from console.access.persona import Persona, of_role, with_claims
from console.access.visibility import Count, count_total, count_visible, usable_key, xray
from console.browse.listing import open_listing
from console.catalog.relations import find_relation, list_relations
from console.connection.profile import Profile
from console.connection.session import Session
from console.connection.transaction import text_table
from console.errors import ConsoleError, Refused, UsageError
from tests import hostile
from tests.access import cast
from tests.access.asking import hasty
from tests.access.conftest import Sides
from tests.conftest import superuser

Admin = Callable[[Profile], psycopg.Connection[Any]]
Connect = Callable[..., Session]

PEOPLE = {
    "anon": cast.ANON,
    "owner": cast.user(cast.ADA),
    "stranger": cast.user(cast.STRANGER),
    "member": cast.user(cast.DARA),
    "org admin": None,
}


def real_login(profile: Profile, persona: Persona) -> psycopg.Connection[Any]:
    """Logs in as the API does, and takes on role and claims as it does for a request."""
    target = make_conninfo(**profile.parameters | {"user": "authenticator"})
    connection = psycopg.connect(target)
    connection.execute(
        "select set_config('role', %s, true), set_config('request.jwt.claims', %s, true)",
        (persona.role, persona.claims_json),
    )
    return connection


def digest(rows: list[tuple[Any, ...]]) -> tuple[int, str]:
    lines = sorted(repr(tuple(None if v is None else str(v) for v in row)) for row in rows)
    return len(rows), hashlib.sha256("\n".join(lines).encode()).hexdigest()


@pytest.mark.parametrize("who", PEOPLE)
async def test_every_table_reads_as_for_a_real_login(
    sides: Sides, sample_db: Profile, who: str
) -> None:
    persona = PEOPLE[who]
    if persona is None:
        row = sides.admin.execute(
            """select "userId"::text from organization_members where role in ('owner', 'admin')"""
        ).fetchone()
        assert row is not None
        persona = with_claims(cast.user(cast.STRANGER), f'{{"sub": "{row[0]}"}}')
    tables = [r for r in await list_relations(sides.login) if r.schema == "public"]
    assert len(tables) == 31
    seen = 0
    for relation in tables:
        name = sql.Identifier(relation.schema, relation.name)
        key = await usable_key(sides.login, relation)
        keys = sides.admin.execute(
            sql.SQL("select {} from {}").format(
                sql.SQL(", ").join(sql.SQL("{}::text").format(sql.Identifier(k)) for k in key), name
            )
        ).fetchall()
        shown = await xray(sides.login, sides.acting, persona, relation, keys)
        readable = [c for c in await columns(sides, relation.name) if c not in shown.denied_columns]
        rows = sql.SQL("select {} from {}").format(
            sql.SQL(", ").join(sql.SQL("{}::text").format(sql.Identifier(c)) for c in readable),
            name,
        )
        with real_login(sample_db, persona) as real:
            if not readable:
                assert shown.method == "denied"
                assert set(shown.states) <= {"hidden"}
                with pytest.raises(psycopg.errors.InsufficientPrivilege):
                    real.execute(rows)
                continue
            expected = real.execute(rows).fetchall()
            plainly = sql.SQL("select {} from {}").format(
                sql.SQL(", ").join(map(sql.Identifier, readable)), name
            )
            written = text_table(real.execute(plainly)).rows  # type: ignore[arg-type]
            real_keys = real.execute(
                sql.SQL("select {} from {}").format(
                    sql.SQL(", ").join(sql.SQL("{}::text").format(sql.Identifier(k)) for k in key),
                    name,
                )
            ).fetchall()
        # The marks in the grid, the rows as the persona, and the number of them.
        visible = [k for k, state in zip(keys, shown.states, strict=True) if state == "visible"]
        assert digest(visible) == digest(real_keys), relation.identity
        async with sides.acting.impersonate(persona) as acting:
            found = await acting.texts(rows)
        assert digest(found.rows) == digest(expected), relation.identity
        # What `rows --as` prints, which reads through the same listing as for oneself.
        sides.acting.persona = persona
        listing = await open_listing(sides.acting, relation, columns=readable)
        printed = [row async for portion in listing.rows(1_000_000) for row in portion]
        assert digest(printed) == digest(written), relation.identity
        count = await count_visible(sides.acting, persona, relation)
        assert count == Count(len(expected), "exact")
        assert await count_total(sides.login, relation) == Count(len(keys), "exact")
        seen += len(expected)
    assert (seen > 0) is (who != "stranger") or seen < 40


async def columns(sides: Sides, table: str) -> list[str]:
    rows = sides.admin.execute(
        "select attname from pg_attribute where attrelid = format('public.%%I', %s::text)::regclass"
        " and attnum > 0 and not attisdropped order by attnum",
        (table,),
    )
    return [name for (name,) in rows.fetchall()]


async def test_a_row_that_is_gone_is_not_a_hidden_one(sides: Sides) -> None:
    workflows = await sides.relation("workflows")
    missing = "00000000-0000-0000-0000-00000000dead"
    keys = [(cast.INVOICE_SYNC,), (missing,), (cast.PAYROLL_EXPORT,)]
    shown = await xray(sides.login, sides.acting, cast.user(cast.DARA), workflows, keys)
    assert shown.states == ("hidden", "gone", "visible")
    assert (shown.visible, shown.method, shown.denied_columns) == (1, "read", ())
    assert (await xray(sides.login, sides.acting, cast.ANON, workflows, keys)).states == (
        "hidden",
        "gone",
        "hidden",
    )
    assert (await xray(sides.login, sides.acting, cast.ANON, workflows, [])).states == ()


async def test_columns_without_a_privilege_are_named(sides: Sides) -> None:
    users = await sides.relation("users")
    shown = await xray(
        sides.login, sides.acting, cast.user(cast.ADA), users, [(cast.ADA,), (cast.BERT,)]
    )
    assert shown.denied_columns == ("passwordHash",)
    assert shown.states == ("visible", "hidden")


async def test_a_table_without_a_key_is_seen_by_the_place_of_its_rows(bare: Sides) -> None:
    bare.admin.execute(
        """
        create table loose (owner uuid, note text);
        insert into loose values (null, 'a'), (auth.uid(), 'b'), (null, 'a');
        alter table loose enable row level security;
        grant select on loose to authenticated;
        create policy p on loose to authenticated using (note = 'a');
        """
    )
    loose = await bare.relation("loose")
    assert await usable_key(bare.login, loose) == ("ctid",)
    keys = bare.admin.execute("select ctid::text from loose").fetchall()
    shown = await xray(bare.login, bare.acting, cast.user(cast.ADA), loose, keys)
    assert shown.states == ("visible", "hidden", "visible")


async def test_who_may_not_read_the_key_sees_rows_all_the_same(bare: Sides) -> None:
    bare.admin.execute(
        """
        create table t (id int primary key, note text);
        insert into t values (1, 'a'), (2, 'b'), (3, 'a');
        alter table t enable row level security;
        grant select (note) on t to authenticated;
        create policy p on t to authenticated using (note = 'a' and id < 9);
        create policy n on t as restrictive to authenticated using (1 / (id - 1) is not null);
        """
    )
    t = await bare.relation("t")
    keys = [("1",), ("2",), ("3",)]
    shown = await xray(bare.login, bare.acting, cast.user(cast.ADA), t, keys)
    # The first raises when it is read, so the others are evaluated one by one.
    assert (shown.method, shown.states) == ("evaluated", ("error", "hidden", "visible"))
    assert shown.denied_columns == ("id",)
    bare.admin.execute("drop policy n on t")
    shown = await xray(bare.login, bare.acting, cast.user(cast.ADA), t, keys)
    assert shown.states == ("visible", "hidden", "visible")


async def test_keys_of_several_columns_and_odd_types_are_found_again(bare: Sides) -> None:
    bare.admin.execute(
        """
        create schema types;
        create type types.mood as enum ('calm', 'it''s');
        create domain types.code as text check (value <> '');
        create table t (a types.mood, b types.code, c timestamptz, d float8, e bytea,
          primary key (a, b, c, d, e));
        insert into t values
          ('it''s', E'q"u\\\\o', '2024-03-31 02:30+01', 0.1, '\\x00ff'),
          ('calm', 'x', 'infinity', 'nan', ''),
          ('calm', 'y', '-infinity', -0.0, '\\x27');
        alter table t enable row level security;
        grant select on t to authenticated;
        create policy p on t to authenticated using (b <> 'y');
        """
    )
    t = await bare.relation("t")
    key = await usable_key(bare.login, t)
    assert key == ("a", "b", "c", "d", "e")
    # As a session in another time zone writes them.
    bare.admin.execute("set timezone = 'Asia/Tokyo'; set datestyle = 'ISO, DMY'")
    rows = bare.admin.execute(
        "select a::text, b::text, c::text, d::text, e::text from t order by b"
    ).fetchall()
    shown = await xray(bare.login, bare.acting, cast.user(cast.ADA), t, rows)
    assert [state for _, state in sorted(zip([r[1] for r in rows], shown.states, strict=True))] == [
        "visible" if row[1] != "y" else "hidden" for row in sorted(rows, key=lambda r: r[1])
    ]


async def test_hostile_names_are_only_names(bare: Sides) -> None:
    hostile.fill(bare.admin)
    bare.admin.execute(
        sql.SQL(
            "grant usage on schema {0} to authenticated; grant select on {1} to authenticated;"
            " alter table {1} enable row level security;"
            " create policy {2} on {1} to authenticated using ({3} > 5)"
        ).format(
            sql.Identifier(hostile.SCHEMA),
            sql.Identifier(hostile.SCHEMA, hostile.TABLE),
            sql.Identifier(hostile.COLUMN),
            sql.Identifier(hostile.KEY),
        )
    )
    table = await bare.relation(hostile.identity())
    keys = [(str(number),) for number in range(len(hostile.VALUES))]
    shown = await xray(bare.login, bare.acting, cast.user(cast.ADA), table, keys)
    assert shown.states == tuple("visible" if int(k) > 5 else "hidden" for (k,) in keys)
    by_column = [(value,) for value in hostile.VALUES]
    shown = await xray(
        bare.login,
        bare.acting,
        cast.user(cast.ADA),
        table,
        by_column,
        columns=(hostile.COLUMN,),
    )
    assert shown.visible == len(keys) - 6


async def test_an_error_in_a_policy_is_told_with_the_page(bare: Sides) -> None:
    bare.admin.execute(
        """
        create table t (id int primary key, n int);
        insert into t values (1, 0), (2, 1);
        alter table t enable row level security;
        grant select on t to authenticated;
        create policy p on t to authenticated using (1 / n > 0);
        """
    )
    t = await bare.relation("t")
    shown = await xray(bare.login, bare.acting, cast.user(cast.ADA), t, [("1",), ("2",)])
    assert shown.message == "division by zero"
    assert shown.states == ("error", "visible")
    count = await count_visible(bare.acting, cast.user(cast.ADA), t)
    assert (count.kind, count.message) == ("unknown", "division by zero")


async def test_rows_that_raise_stand_apart_from_those_that_do_not(bare: Sides) -> None:
    bare.admin.execute(
        """
        create table t (id int primary key, n int, s int);
        insert into t select n, n % 10 - 3, n from generate_series(1, 30) n;
        alter table t enable row level security;
        grant select on t to authenticated;
        create policy p on t to authenticated using (1 / n <> 1);
        create table u (id int primary key, n int);
        insert into u select n, n % 10 - 3 from generate_series(1, 30) n;
        alter table u enable row level security;
        grant select (n) on u to authenticated;
        create policy p on u to authenticated using (1 / n <> 1);
        """
    )
    keys = [(str(n),) for n in range(1, 31)]
    told = {0: "error", 1: "hidden"}
    expected = tuple(told.get(n % 10 - 3, "visible") for n in range(1, 31))
    for name, method in (("t", "read"), ("u", "evaluated")):
        relation = await bare.relation(name)
        shown = await xray(bare.login, bare.acting, cast.user(cast.ADA), relation, keys)
        assert (shown.states, shown.method) == (expected, method)
        late = await xray(bare.login, bare.acting, cast.user(cast.ADA), relation, keys, apart=0)
        assert set(late.states) == {"unknown"}
        assert late.message


async def test_a_page_that_takes_too_long_hides_nothing(
    bare: Sides, monkeypatch: pytest.MonkeyPatch
) -> None:
    hasty(bare, monkeypatch)
    bare.admin.execute(
        """
        create table t (id int primary key);
        insert into t values (1), (2);
        alter table t enable row level security;
        grant select on t to authenticated;
        create policy p on t to authenticated using (pg_sleep(20) is not null);
        """
    )
    t = await bare.relation("t")
    shown = await xray(bare.login, bare.acting, cast.user(cast.ADA), t, [("1",), ("2",)])
    assert shown.states == ("unknown", "unknown")
    assert "longer than allowed" in shown.message


async def test_counts_say_how_far_they_are_known(bare: Sides) -> None:
    bare.admin.execute(
        """
        create table t (id int primary key);
        insert into t select generate_series(1, 50);
        analyze t;
        grant select on t to anon;
        create view endless as select * from generate_series(1, 1000000000000) as n;
        grant select on endless to anon;
        """
    )
    t, endless = await bare.relation("t"), await bare.relation("endless")
    assert str(await count_visible(bare.acting, cast.ANON, t)) == "50"
    assert str(await count_visible(bare.acting, cast.ANON, t, bound=10)) == "≥ 10"
    assert str(await count_total(bare.login, t, bound=10)) == "~50"
    late = await count_visible(bare.acting, cast.ANON, endless, bound=10**12, seconds=0.1)
    assert (late.kind, late.message) == ("unknown", "it took too long")
    assert str(late) == "unknown"


async def test_a_login_that_policies_bind_says_so(
    sample_db: Profile, admin: Admin, connect: Connect
) -> None:
    connection = admin(sample_db)
    connection.execute(
        """
        do $$ begin
          create role plain_owner login;
        exception when duplicate_object then null; end $$;
        grant anon, authenticated to plain_owner;
        alter table public.telemetry_events owner to plain_owner;
        grant usage on schema private, public, auth to plain_owner;
        """
    )
    profile = replace(sample_db, parameters=sample_db.parameters | {"user": "plain_owner"})
    async with connect(profile) as login, preview(login) as acting:
        telemetry = await find_relation(login, "telemetry_events")
        shown = await xray(login, acting, cast.user(cast.ADA), telemetry, [(cast.ADA,)])
        assert shown.notes == ("policies bind this login too",)
        assert acting.warning == ""


async def test_a_key_that_does_not_fit_is_refused(sides: Sides) -> None:
    workflows = await sides.relation("workflows")
    with pytest.raises(UsageError):
        await xray(sides.login, sides.acting, cast.ANON, workflows, [("a", "b")])
    with pytest.raises(ConsoleError):
        await xray(sides.login, sides.acting, cast.ANON, workflows, [("a",)], columns=("nope",))


async def test_a_preview_login_can_be_nobody_else(
    sides: Sides, sample_db: Profile, server: Any
) -> None:
    with superuser(server) as connection:
        connection.execute("drop role if exists rowsight_preview")
        connection.execute(preview_login_sql().encode())
    try:
        login = preview(sides.login, user="rowsight_preview")
        assert isinstance(login, Preview)
        workflows = await sides.relation("workflows")
        async with login as acting:
            assert acting.warning == ""
            assert sides.acting.warning.startswith("previews start from postgres, a superuser")
            keys = [(cast.INVOICE_SYNC,), (cast.PAYROLL_EXPORT,)]
            shown = await xray(sides.login, acting, cast.user(cast.DARA), workflows, keys)
            assert shown.states == ("hidden", "visible")
            with pytest.raises(Refused) as refusal:
                await xray(sides.login, acting, cast.SERVICE, workflows, keys)
            assert "rowsight_preview may not act as service_role" in str(refusal.value)
            with pytest.raises(Refused):
                await xray(sides.login, acting, of_role("postgres"), workflows, keys)
    finally:
        with superuser(server) as connection:
            connection.execute("drop role rowsight_preview")
