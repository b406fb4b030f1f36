"""Applying as hosted databases are: an owner who is no superuser, schema auth of another."""

from __future__ import annotations

import subprocess
from collections.abc import Callable
from dataclasses import replace
from typing import Any

import psycopg
import pytest

from console import assets
from console.connection.embedded import EmbeddedServer
from console.connection.profile import Profile
from console.connection.session import Session
from console.migration.apply import apply
from console.migration.model import Verdict
from console.migration.verify import verify
from tests.conftest import superuser

Admin = Callable[[Profile], psycopg.Connection[Any]]
FreshDatabase = Callable[..., Profile]


GENEROUS = "alter default privileges grant all on {} to anon, authenticated, service_role"
MEAN = "alter default privileges revoke all on {} from public, anon, authenticated, service_role"


@pytest.fixture(params=["generous", "mean"])
def hosted_db(
    request: pytest.FixtureRequest,
    servers: tuple[EmbeddedServer, ...],
    fresh_database: FreshDatabase,
) -> list[tuple[EmbeddedServer, Profile]]:
    """Databases as Supabase hosts them: their owner is no superuser and may not touch auth."""
    found = []
    for server in servers:
        profile = fresh_database("plain", on=server)
        name = profile.parameters["dbname"]
        with superuser(server, name) as database:
            for role in ("hosted_owner login createrole", "auth_admin nologin"):
                word = role.split()[0]
                database.execute(
                    f"do $$ begin if to_regrole('{word}') is null then create role {role};"
                    " end if; end $$".encode()
                )
            database.execute("grant anon, authenticated, service_role to hosted_owner")
            database.execute(f'alter database "{name}" owner to hosted_owner'.encode())
            database.execute("alter schema auth owner to auth_admin")
            for kind, listed in (
                ("table", "select quote_ident(relname) from pg_class where relkind = 'r' and"),
                ("routine", "select oid::regprocedure::text from pg_proc where"),
            ):
                column = "relnamespace" if kind == "table" else "pronamespace"
                for (identity,) in database.execute(
                    f"{listed} {column} = 'auth'::regnamespace".encode()
                ).fetchall():
                    prefix = "" if "." in identity else "auth."
                    database.execute(
                        f"alter {kind} {prefix}{identity} owner to auth_admin".encode()
                    )
            database.execute("set role hosted_owner")
            regime = GENEROUS if request.param == "generous" else MEAN
            for objects in ("tables", "sequences", "functions"):
                database.execute(regime.format(objects).encode())
                if request.param == "generous":
                    in_public = regime.replace("privileges", "privileges in schema public")
                    database.execute(in_public.format(objects).encode())
        owner = replace(profile, parameters={**profile.parameters, "user": "hosted_owner"})
        found.append((server, owner))
    return found


async def test_an_owner_who_is_no_superuser_applies_under_either_regime_of_privileges(
    hosted_db: list[tuple[EmbeddedServer, Profile]], connect: type[Session]
) -> None:
    for _, profile in hosted_db:
        async with connect(profile) as session:
            assert session.server is not None
            assert not session.server.superuser
            result = await apply(session)
            assert result.applied
            assert (await verify(session)).verdict is Verdict.IN_SYNC


def run_psql(server: EmbeddedServer, profile: Profile) -> None:
    path = assets.schema_file(assets.MASTER_MIGRATION)
    target = server.dsn(profile.parameters["dbname"], profile.parameters["user"])
    command = ["psql", "-qX1", "-v", "ON_ERROR_STOP=1", "-f", str(path), target]
    subprocess.run(command, check=True, capture_output=True)


async def test_psql_in_one_transaction_does_the_same(
    hosted_db: list[tuple[EmbeddedServer, Profile]], connect: type[Session]
) -> None:
    for server, profile in hosted_db:
        run_psql(server, profile)
        async with connect(profile) as session:
            assert (await verify(session)).verdict is Verdict.IN_SYNC
            assert (await apply(session)).statements_executed == 0
