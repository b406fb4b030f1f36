"""Each rule finds the fault it is for, and its SQL mends it; our own schema has none."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable, Iterator
from typing import Any

import psycopg
import pytest

from console.access.lint import RULES, Finding, lint
from console.connection.embedded import EmbeddedServer
from console.connection.profile import Profile
from console.connection.session import Session
from tests.access.conftest import Sides
from tests.access.scene import made

Admin = Callable[[Profile], psycopg.Connection[Any]]
Connect = Callable[..., Session]

TABLE = """
create table t (id int primary key, owner uuid);
create index on t (owner);
alter table t enable row level security;
grant select, insert, update, delete on t to authenticated;
create policy p on t for select to authenticated using (owner = (select auth.uid()));
"""

FAULTS: dict[str, tuple[str, str, str, str]] = {
    "rls_off": (
        "create table bare (id int); grant select on bare to anon",
        "public.bare",
        "error",
        "anon may see and change whatever their privileges allow",
    ),
    "policies_without_rls": (
        TABLE + "alter table t disable row level security",
        "public.t",
        "error",
        "p has no effect",
    ),
    "rls_without_policies": (
        TABLE + "drop policy p on t",
        "public.t",
        "warning",
        "authenticated hold privileges on it and see no row",
    ),
    "always_true_write": (
        TABLE + "create policy w on t for insert to authenticated with check (true)",
        "w on public.t",
        "error",
        "authenticated may write any row",
    ),
    "per_row_call": (
        TABLE + "alter policy p on t using"
        " (owner = auth.uid() or (select auth.jwt() ->> 'aal') = 'aal2')",
        "p on public.t",
        "warning",
        "auth.uid is called for every row",
    ),
    "several_permissive": (
        TABLE + "create policy q on t for select to authenticated using (id = 1)",
        "public.t",
        "warning",
        "p, q for select of authenticated",
    ),
    "policy_to_public": (
        TABLE + "alter policy p on t to public",
        "p on public.t",
        "warning",
        "it is for every role, also for those made later",
    ),
    "unguarded_privilege": (
        TABLE + "grant truncate, trigger on t to anon",
        "public.t",
        "error",
        "anon holds TRIGGER, TRUNCATE",
    ),
    "definer_executable": (
        "create function f(a int) returns int language sql security definer set search_path = ''"
        " as 'select 1'",
        "public.f(a integer)",
        "error",
        "anon, authenticated may call it as postgres",
    ),
    "definer_search_path": (
        "create function f() returns int language sql security definer as 'select 1';"
        " revoke execute on function f() from public",
        "public.f()",
        "error",
        "whoever calls it decides which tables and functions its names mean",
    ),
    "definer_view": (
        TABLE + "create view v as select * from t; grant select on v to anon",
        "public.v",
        "error",
        "anon may read t through it as postgres",
    ),
    "user_metadata": (
        TABLE + "alter policy p on t using"
        " ((select auth.jwt() -> 'user_metadata' ->> 'plan') = 'pro')",
        "p on public.t",
        "error",
        "it asks for user_metadata",
    ),
    "sensitive_column": (
        TABLE + "alter table t add api_key text; grant select on t to anon",
        "public.t.api_key",
        "error",
        "anon, authenticated may read it, in the rows policies show",
    ),
    "unindexed_foreign_key": (
        TABLE + "create table child (id int primary key, parent int,"
        " constraint up foreign key (parent) references t);"
        " alter table child enable row level security;",
        "up on public.child",
        "warning",
        "no index begins with parent",
    ),
    "unindexed_policy_column": (
        TABLE + "drop index t_owner_idx",
        "public.t.owner",
        "warning",
        "p compares it for every row",
    ),
    "recursion": (
        TABLE + "create table u (id int primary key); alter table u enable row level security;"
        " create policy p on u for select to authenticated using (id in (select id from t));"
        " alter policy p on t using (id in (select id from u))",
        "public.t",
        "error",
        "its policies read public.u, which read public.t",
    ),
    "published": (
        TABLE + "alter table t force row level security; create publication leak for table t",
        "public.t",
        "error",
        "publication leak sends its rows to every subscriber",
    ),
    "unbound_role": ("alter role anon bypassrls", "anon", "error", "it holds BYPASSRLS"),
}
ASKS_A_PERSON = {"recursion", "several_permissive"}
"""Mended by a thought and not by a statement: what is given is a comment."""


@pytest.fixture(scope="module")
def linted_db(server: EmbeddedServer) -> Iterator[Profile]:
    yield from made(server, "linted", "select 1")


@pytest.fixture
async def linted(linted_db: Profile, connect: Connect, admin: Admin) -> AsyncIterator[Sides]:
    connection = admin(linted_db)
    connection.execute(
        """
        drop publication if exists leak;
        drop schema public cascade;
        create schema public;
        grant usage on schema public to anon, authenticated, service_role;
        """
    )
    async with connect(linted_db) as login:
        yield Sides(login, None, connection)  # type: ignore[arg-type]
    connection.execute("alter role anon nobypassrls")


def of(rule: str, found: list[Finding]) -> list[Finding]:
    return [finding for finding in found if finding.rule.name == rule]


@pytest.mark.parametrize("rule", [rule.name for rule in RULES])
async def test_a_rule_finds_its_fault_and_mends_it(linted: Sides, rule: str) -> None:
    script, identity, severity, message = FAULTS[rule]
    assert not [f for f in of(rule, await lint(linted.login)) if f.severity != "info"]
    linted.admin.execute(script.encode())
    found = [f for f in of(rule, await lint(linted.login)) if f.identity == identity]
    assert {(f.severity, f.message) for f in found} == {(severity, message)}
    (finding,) = found
    assert finding.rule.why.endswith(".")
    if rule in ASKS_A_PERSON:
        assert finding.mend.startswith("--")
        return
    linted.admin.execute(finding.mend.encode())
    again = of(rule, await lint(linted.login))
    assert identity not in {f.identity for f in again if f.severity != "info"}


async def test_what_is_right_is_not_found_fault_with(linted: Sides) -> None:
    """Forms that look alike and are right: quoted names, casts, sub-selects, invoker views."""
    linted.admin.execute(
        """
        create table "My %s ""T"" {}" ("Id" int primary key, "userId" uuid);
        create index on "My %s ""T"" {}" ("userId");
        alter table "My %s ""T"" {}" enable row level security;
        grant select on "My %s ""T"" {}" to authenticated;
        create policy "Own %s" on "My %s ""T"" {}" for select to authenticated
          using ("userId" = (select auth.uid()) or (select auth.jwt() ->> 'aal') = 'aal2');
        create policy "Write" on "My %s ""T"" {}" for insert to authenticated
          with check ("userId" = (select auth.uid()));
        create view v with (security_invoker = true) as select * from "My %s ""T"" {}";
        grant select on v to authenticated;
        create function f() returns int language sql security definer set search_path = ''
          as 'select 1';
        revoke execute on function f() from public;
        create policy "All" on "My %s ""T"" {}" to service_role using (true) with check (true);
        """
    )
    found = [f for f in await lint(linted.login) if f.severity != "info"]
    assert [(f.rule.name, f.identity) for f in found] == []


async def test_a_view_over_a_view_is_followed_to_the_table(linted: Sides) -> None:
    def read(view: str) -> int | None:
        """How many rows anon gets; None where it may not ask."""
        with linted.admin.transaction(force_rollback=True):
            linted.admin.execute("set local role anon")
            try:
                return len(linted.admin.execute(f"select from {view}".encode()).fetchall())
            except psycopg.errors.InsufficientPrivilege:
                return None

    linted.admin.execute(
        (
            TABLE
            + """
            insert into t values (1), (2);
            create view v1 as select id from t;
            create view v2 as select id from v1;
            create view v3 with (security_invoker = true) as select id from v1;
            create view v4 with (security_invoker = true) as select id from t;
            create view v5 as select id from v4;
            grant select on v2, v3, v5 to anon;
            """
        ).encode()
    )
    found = {f.identity: f for f in of("definer_view", await lint(linted.login))}
    assert read("v2") == 2
    assert (read("v3"), read("v5")) == (None, None)
    assert set(found) == {"public.v2"}
    assert found["public.v2"].message == "anon may read t through it as postgres"
    linted.admin.execute(found["public.v2"].mend.encode())
    assert read("v2") is None


async def test_what_users_write_into_auth_users_is_not_believed(linted: Sides) -> None:
    linted.admin.execute(
        (
            TABLE
            + """
            alter policy p on t using (exists (select from auth.users u
              where u.id = auth.uid() and u.raw_user_meta_data ->> 'plan' = 'pro'))
            """
        ).encode()
    )
    (finding,) = of("user_metadata", await lint(linted.login))
    assert (finding.identity, finding.message) == (
        "p on public.t",
        "it asks for raw_user_meta_data",
    )
    linted.admin.execute(finding.mend.encode())
    assert of("user_metadata", await lint(linted.login)) == []


async def test_what_closes_one_secret_opens_no_other(linted: Sides) -> None:
    linted.admin.execute(
        """
        create table s (id int primary key, password_hash text, api_key text, "secretToken" text,
          plain text, kept text);
        grant select on s to anon;
        grant select (id, api_key) on s to authenticated;
        create table only_secrets (api_key text);
        grant select on only_secrets to anon;
        """
    )
    found = of("sensitive_column", await lint(linted.login))
    assert len(found) == 4
    for finding in found:
        linted.admin.execute(finding.mend.encode())
    assert of("sensitive_column", await lint(linted.login)) == []
    readable = """
        select r.role, array_agg(a.attname::text order by a.attnum)
        from pg_attribute a, (values ('anon'), ('authenticated')) as r (role)
        where a.attrelid = 's'::regclass and a.attnum > 0
          and has_column_privilege(r.role, a.attrelid, a.attnum, 'SELECT')
        group by 1 order by 1
    """
    assert linted.admin.execute(readable).fetchall() == [
        ("anon", ["id", "plain", "kept"]),
        ("authenticated", ["id"]),
    ]


@pytest.mark.parametrize(
    "always",
    [
        "true",
        "1 = 1",
        "'a' = 'a'",
        "id is not null",
        "auth.role() = 'authenticated'",
        "(select auth.role()) = 'authenticated'",
        "auth.uid() is not null",
        "(select auth.uid()) is not null",
    ],
)
@pytest.mark.parametrize(
    "command",
    [
        "insert to authenticated with check",
        "update to authenticated using",
        "delete to authenticated using",
    ],
)
async def test_a_policy_for_writing_is_always_true_in_many_words(
    linted: Sides, command: str, always: str
) -> None:
    linted.admin.execute((TABLE + f"create policy w on t for {command} ({always})").encode())
    (finding,) = of("always_true_write", await lint(linted.login))
    assert finding.identity == "w on public.t"
    linted.admin.execute(finding.mend.encode())
    assert of("always_true_write", await lint(linted.login)) == []


@pytest.mark.parametrize(
    "policy",
    [
        "for update to authenticated using (true) with check (false)",
        "for update to authenticated using (false) with check (true)",
        "for insert to authenticated with check (owner is not null)",
        "for insert to authenticated with check (auth.role() = 'service_role')",
        "for delete to authenticated using (id = 1)",
        "for delete to authenticated using (id is not null and owner = auth.uid())",
        "for delete to authenticated using (1 = 2)",
    ],
)
async def test_what_writes_no_other_rows_is_not_found_always_true(
    linted: Sides, policy: str
) -> None:
    linted.admin.execute((TABLE + f"create policy w on t {policy}").encode())
    assert of("always_true_write", await lint(linted.login)) == []


async def test_to_close_writing_takes_no_reading_away(linted: Sides) -> None:
    linted.admin.execute(
        (
            TABLE
            + """
            drop policy p on t;
            insert into t values (1), (2);
            create policy w on t to authenticated using (true);
            """
        ).encode()
    )
    (finding,) = of("always_true_write", await lint(linted.login))
    linted.admin.execute(finding.mend.encode())
    with linted.admin.transaction(force_rollback=True):
        linted.admin.execute("set local role authenticated")
        assert linted.admin.execute("select count(*) from t").fetchone() == (2,)
        assert linted.admin.execute("delete from t").rowcount == 0


async def test_findings_come_by_severity(linted: Sides) -> None:
    linted.admin.execute(
        "create table a (id int); grant select on a to anon;"
        " create table c (id int primary key, up int references c)"
    )
    found = await lint(linted.login)
    severities = [finding.severity for finding in found]
    assert severities == sorted(severities, key=("error", "warning", "info").index)
    assert {"error", "warning", "info"} == set(severities)


async def test_other_roles_can_be_those_of_the_api(linted: Sides) -> None:
    linted.admin.execute("create table a (id int); grant select on a to service_role")
    assert not [f for f in of("rls_off", await lint(linted.login)) if f.severity == "error"]
    found = of("rls_off", await lint(linted.login, api_roles=["service_role"]))
    assert [f.severity for f in found] == ["error"]


@pytest.mark.parametrize("kind", ["master_db", "sample_db"])
async def test_our_own_schema_has_nothing_but_information(
    kind: str, request: pytest.FixtureRequest, connect: Connect
) -> None:
    async with connect(request.getfixturevalue(kind)) as login:
        found = await lint(login)
    assert {finding.severity for finding in found} == {"info"}
