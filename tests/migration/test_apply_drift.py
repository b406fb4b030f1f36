"""Whatever has drifted, apply mends it or refuses and says how; and no third thing."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import psycopg
import pytest

from console.connection.embedded import EmbeddedServer
from console.connection.profile import Profile
from console.connection.session import Session
from console.migration.apply import apply
from console.migration.model import ApplyOptions
from console.migration.plan import Conflicted
from console.migration.verify import verify
from tests.migration.mutations import MUTATIONS, Mutation

Admin = Callable[[Profile], psycopg.Connection[Any]]
FreshDatabase = Callable[..., Profile]


def known(database: psycopg.Connection[Any], mutation: Mutation) -> bool:
    """Whether the server knows what the mutation does."""
    row = database.execute(
        "select current_setting('server_version_num')::int / 10000 >= %s and (%s::text = '' or"
        " exists (select from pg_available_extensions where name = %s))",
        [mutation.since, mutation.needs, mutation.needs],
    ).fetchone()
    return row == (True,)


async def mend_or_refuse(profile: Profile, mutation: Mutation) -> None:
    async with Session(profile) as session:
        wrong = (await verify(session)).failed()
        try:
            result = await apply(session, ApplyOptions(replace_policies=True))
        except Conflicted:
            assert wrong, mutation.name
            return
        assert result.applied, mutation.name
        assert bool(result.statements_executed) is wrong, mutation.name
        assert not (await verify(session)).failed(), mutation.name


@pytest.mark.slow
async def test_every_single_drift_is_mended_or_refused(
    servers: tuple[EmbeddedServer, ...], fresh_database: FreshDatabase, admin: Admin, scale: float
) -> None:
    for server in servers:
        for mutation in MUTATIONS[:: round(1 / scale)]:
            profile = fresh_database("master", on=server)
            with admin(profile) as database:
                if not known(database, mutation):
                    continue
                database.execute(mutation.sql.encode())
                await mend_or_refuse(profile, mutation)
                database.execute(
                    "do $$ begin if to_regrole('mutation_outsider') is not null then"
                    " drop owned by mutation_outsider cascade; drop role mutation_outsider;"
                    " end if; end $$"
                )


async def test_a_function_of_another_shape_does_not_stop_a_first_apply(
    plain_db: Profile, connect: type[Session], admin: Admin
) -> None:
    database = admin(plain_db)
    database.execute(
        "create function public.is_admin() returns text language sql as 'select 1::text'"
    )
    async with connect(plain_db) as session:
        assert (await apply(session)).applied
        assert not (await verify(session)).failed()


async def test_a_role_that_bypasses_policies_is_mended_by_a_first_apply(
    plain_db: Profile, connect: type[Session], admin: Admin
) -> None:
    database = admin(plain_db)
    database.execute("alter role anon bypassrls")
    try:
        async with connect(plain_db) as session:
            assert (await apply(session)).applied
        row = database.execute(
            "select rolbypassrls from pg_roles where rolname = 'anon'"
        ).fetchone()
        assert row == (False,)
    finally:
        database.execute("alter role anon nobypassrls")


async def test_a_table_waits_for_the_key_that_its_foreign_key_rests_on(
    master_db: Profile, connect: type[Session], admin: Admin
) -> None:
    admin(master_db).execute("""
        drop table public.sessions;
        alter table public.users drop constraint users_pkey cascade;
    """)
    async with connect(master_db) as session:
        assert (await apply(session)).applied
        assert not (await verify(session)).failed()
