"""Verify says the same of a database however the migration came to be applied to it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import psycopg
import pytest

from console.assets import MASTER_MIGRATION, schema_file
from console.connection.embedded import EmbeddedServer
from console.connection.profile import Profile
from console.connection.session import Session
from console.migration.expected import load_expected
from console.migration.model import Difference, Verdict, Verification
from console.migration.verify import verify, verify_in
from tests.migration.mending import in_order

FreshDatabase = Callable[..., Profile]
Admin = Callable[[Profile], psycopg.Connection[Any]]


async def _verify(profile: Profile) -> Verification:
    async with Session(profile) as session:
        return await verify(session)


def _names(differences: tuple[Difference, ...]) -> list[tuple[str, str, str, str]]:
    return [(d.severity, d.state, d.kind, d.identity) for d in differences]


def _as(profile: Profile, user: str) -> Profile:
    return replace(profile, parameters={**profile.parameters, "user": user})


_OWNED = """
    create role {owner} login nosuperuser nocreatedb nocreaterole;
    create role {other} nologin;
    alter database {database} owner to {owner};
    alter schema auth owner to {other};
    alter function auth.uid() owner to {other};
    alter function auth.role() owner to {other};
    grant usage on schema auth to {owner};
"""
_GENEROUS = """
    alter default privileges {for_role} in schema public
      grant all on tables to anon, authenticated, service_role;
    alter default privileges {for_role} in schema public
      grant all on functions to anon, authenticated, service_role;
    alter default privileges {for_role} in schema public
      grant all on sequences to anon, authenticated, service_role;
"""
_STINGY = """
    alter default privileges {for_role} revoke execute on functions from public;
    alter default privileges {for_role} revoke usage on types from public;
"""


@pytest.mark.parametrize("owned", [False, True], ids=["superuser", "owner"])
@pytest.mark.parametrize("defaults", ["", _GENEROUS, _STINGY], ids=["plain", "generous", "stingy"])
async def test_the_file_is_in_sync_however_it_came_to_be_applied(
    fresh_database: FreshDatabase,
    servers: tuple[EmbeddedServer, ...],
    admin: Admin,
    owned: bool,
    defaults: str,
) -> None:
    for server in servers:
        profile = fresh_database("plain", on=server)
        database = profile.parameters["dbname"]
        names = {"owner": f"owner_{database}", "other": f"other_{database}", "database": database}
        connection = admin(profile)
        user = "postgres"
        if owned:
            connection.execute(_OWNED.format(**names).encode())
            user = names["owner"]
        try:
            connection.execute(defaults.format(for_role=f"for role {user}").encode())
            with psycopg.connect(**_as(profile, user).parameters) as applying:  # type: ignore[arg-type]
                applying.execute(schema_file(MASTER_MIGRATION).read_bytes())
            found = await _verify(_as(profile, user))
            assert found.verdict is Verdict.IN_SYNC
            assert {d.kind for d in found.differences} == (
                {"default privileges"} if defaults is _GENEROUS else set()
            )
            again = await _verify(profile)
            assert _names(again.differences) == _names(found.differences)
        finally:
            if owned:
                connection.execute(
                    "reassign owned by {owner}, {other} to postgres;"
                    " drop owned by {owner}, {other}; drop role {owner}, {other}".format(
                        **names
                    ).encode()
                )


async def test_an_owner_who_is_no_superuser_can_mend(
    fresh_database: FreshDatabase, admin: Admin
) -> None:
    profile = fresh_database("plain")
    database = profile.parameters["dbname"]
    names = {"owner": f"mender_{database}", "other": f"auth_{database}", "database": database}
    connection = admin(profile)
    connection.execute(_OWNED.format(**names).encode())
    owner = _as(profile, names["owner"])
    with psycopg.connect(**owner.parameters) as applying:  # type: ignore[arg-type]
        applying.execute(schema_file(MASTER_MIGRATION).read_bytes())
    connection.execute("""
        alter table public.offers disable row level security;
        alter table public.privacy_prefs no force row level security;
        drop policy users_select on public.users;
        create policy hole on public.users using (true);
        alter function public.is_admin() reset search_path;
        drop function public.get_table_sizes();
        alter table public.patterns drop column "lastUsed";
        alter table public.audit_log alter column id drop identity;
        drop trigger auto_redact_telemetry_before_insert on public.telemetry_events;
        alter table public.organizations drop constraint organizations_slug_key;
        drop index public.idx_events_file_path;
        drop table public.metrics_daily;
        revoke select on public.users from authenticated;
    """)
    async with Session(owner) as session:
        async with session.transaction(read_only=False, commit=True) as tx:
            expected = load_expected()
            found = await verify_in(tx, expected)
            for statement in in_order(found.differences):
                await tx.connection.execute(statement.encode())
        after = await verify(session)
    assert _names(after.differences) == [("info", "changed", "column order", "public.patterns")]
    connection.execute(
        "reassign owned by {owner}, {other} to postgres; drop owned by {owner}, {other};"
        " drop role {owner}, {other}".format(**names).encode()
    )


async def test_an_extension_that_nobody_may_install_is_not_missed(
    fresh_database: FreshDatabase, servers: tuple[EmbeddedServer, ...], admin: Admin
) -> None:
    for server in servers:
        profile = fresh_database("plain", on=server)
        connection = admin(profile)
        database = profile.parameters["dbname"]
        owner = f"owner_{database}"
        connection.execute(
            f"create role {owner} login; grant create on database {database} to {owner};"
            f" grant create on schema public to {owner};"
            f" grant usage on schema auth to {owner}".encode()
        )
        with psycopg.connect(**_as(profile, owner).parameters) as applying:  # type: ignore[arg-type]
            applying.execute(schema_file(MASTER_MIGRATION).read_bytes())
        connection.execute("drop extension if exists pgcrypto")
        offered = connection.execute(
            "select from pg_available_extensions where name = 'pgcrypto'"
        ).rowcount
        missing = [("error", "missing", "extension", "pgcrypto")]
        assert _names((await _verify(profile)).differences) == missing * offered
        connection.execute(f"revoke create on database {database} from {owner}".encode())
        assert (await _verify(profile)).differences == ()
        connection.execute(f"reassign owned by {owner} to postgres; drop owned by {owner}".encode())
        connection.execute(f"drop role {owner}".encode())
