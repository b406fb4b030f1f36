"""A database full of traps, and who sees whether anything in it was touched."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from typing import Any

import psycopg

from console import assets
from console.access.impersonation import Preview
from console.access.persona import of_role, of_user
from console.catalog.relations import Relation
from console.connection.embedded import EmbeddedServer
from console.connection.profile import Profile
from console.connection.session import Session
from tests.access.attacks import SETUP
from tests.conftest import superuser

EVE = of_user("00000000-0000-4000-8000-00000000e7e0", email="eve@example.com")


def made(server: EmbeddedServer, name: str, script: str = SETUP) -> Iterator[Profile]:
    """A database with what a script makes: traps, unless another one is given."""
    server.create_database(name)
    with superuser(server, name) as connection:
        connection.execute(assets.schema_file(assets.PLAIN_POSTGRES).read_bytes())
        connection.execute(script.encode())
    yield replace(server.profile(name), read_only=False)
    with superuser(server) as connection:
        connection.execute(f"drop database {name} with (force)".encode())


@dataclass
class Witness:
    """Remembers what the traps' database held; and a session beside that must survive."""

    admin: psycopg.Connection[Any]
    sentinel: psycopg.Connection[Any]
    before: object = field(default=None, init=False)

    def remember(self) -> None:
        """Removes what a test before this one put there, and takes note of the rest."""
        self.admin.execute("drop policy if exists p on public.prey")
        self.admin.execute("drop policy if exists q on public.prey")
        self.admin.execute("alter table public.prey alter note drop default")
        self.sentinel.execute("set application_name = 'sentinel'")
        self.before = self.state()

    def state(self) -> object:
        query = """
            select (select array_agg(l order by l.id) from public.ledger as l)::text,
                   (select array_agg(p order by p.id) from public.prey as p)::text,
                   (select (last_value, is_called)::text from public.counter),
                   (select array_agg(r.rolname order by 1)::text from pg_roles as r),
                   (select count(*) from pg_largeobject_metadata),
                   (select count(*) from pg_class where relname = 'evil'),
                   (select count(*) from pg_prepared_xacts),
                   (select count(*) from pg_stat_activity where application_name = 'sentinel')
        """
        return self.admin.execute(query).fetchone()

    def untouched(self) -> None:
        """Asserts that nothing has changed, and nothing is held."""
        assert self.state() == self.before
        assert self.sentinel.execute("select 1").fetchone() == (1,)
        held = """
            select count(*) from pg_locks where locktype = 'advisory' and database = (
              select oid from pg_database where datname = current_database())
        """
        assert self.admin.execute(held).fetchone() == (0,)

    def idle(self) -> bool:
        """Tells whether nothing runs on, no transaction is open, and nobody waits for a lock."""
        busy = """
            select count(*) from pg_stat_activity
            where datname = current_database() and pid <> pg_backend_pid()
              and backend_type = 'client backend'
              and (state <> 'idle' or wait_event_type = 'Lock')
        """
        return self.admin.execute(busy).fetchone() == (0,)


@dataclass
class Scene(Witness):
    """The witness with somebody looking at the database."""

    login: Session
    acting: Preview
    prey: Relation

    async def unharmed(self) -> None:
        """Asserts that all is as it was, and that the preview's connection stands for nobody."""
        self.untouched()
        for _ in range(100):  # the backend of a discarded connection takes a moment to leave
            if self.idle():
                break
            await asyncio.sleep(0.05)
        else:
            raise AssertionError("something runs on, or is waited for")
        async with self.acting.impersonate(of_role("anon")) as again:
            found = await again.texts("select current_user, current_setting('request.jwt.claims')")
        assert found.rows == [("anon", of_role("anon").claims_json)]
