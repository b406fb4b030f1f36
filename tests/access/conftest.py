"""Both sides of a preview, connected to a database with sample data."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable, Iterator
from dataclasses import dataclass
from typing import Any

import psycopg
import pytest

from console.access.impersonation import Preview, preview
from console.catalog.relations import Relation, find_relation
from console.connection.embedded import EmbeddedServer
from console.connection.profile import Profile
from console.connection.session import Session
from tests.access.scene import Scene, made

Admin = Callable[[Profile], psycopg.Connection[Any]]
Connect = Callable[..., Session]


@dataclass(frozen=True)
class Sides:
    """A login's session, the preview beside it, and a superuser's connection."""

    login: Session
    acting: Preview
    admin: psycopg.Connection[Any]

    async def relation(self, name: str) -> Relation:
        return await find_relation(self.login, name)


@pytest.fixture
async def sides(sample_db: Profile, connect: Connect, admin: Admin) -> AsyncIterator[Sides]:
    async with connect(sample_db) as login, preview(login) as acting:
        yield Sides(login, acting, admin(sample_db))


@pytest.fixture
async def bare(plain_db: Profile, connect: Connect, admin: Admin) -> AsyncIterator[Sides]:
    """The same on a database with the API's roles and nothing else."""
    async with connect(plain_db) as login, preview(login) as acting:
        yield Sides(login, acting, admin(plain_db))


@pytest.fixture(scope="module")
def traps(server: EmbeddedServer) -> Iterator[Profile]:
    yield from made(server, "traps")


@pytest.fixture
async def scene(traps: Profile, admin: Admin, connect: Connect) -> AsyncIterator[Scene]:
    async with connect(traps) as login, preview(login) as acting:
        prey = await find_relation(login, "public.prey")
        found = Scene(admin(traps), admin(traps), login, acting, prey)
        found.remember()
        yield found
