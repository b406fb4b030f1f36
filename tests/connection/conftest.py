"""Folders for servers, and a server that listens on TCP and asks for passwords."""

from __future__ import annotations

import shutil
import tempfile
from collections.abc import AsyncIterator, Callable, Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import psycopg
import pytest

from console.connection.embedded import Binaries, EmbeddedServer, find_binaries
from console.connection.profile import Profile, Secret
from console.connection.session import Session
from tests.conftest import Admin, in_memory

PASSWORD = "pa'ss w=ord/Geheim"
RULES = """
local   all  all                        trust
host    all  trusted  127.0.0.1/32      trust
hostssl all  tls_only 127.0.0.1/32      trust
host    all  rejected 127.0.0.1/32      reject
host    all  known    127.0.0.1/32      scram-sha-256
host    all  limited  127.0.0.1/32      trust
"""
ROLES = f"""
set password_encryption = 'scram-sha-256';
create role trusted login;
create role tls_only login;
create role rejected login;
create role stranger login;
create role known login password '{PASSWORD.replace("'", "''")}';
create role limited login connection limit 0;
"""


@pytest.fixture(autouse=True)
def _many_servers_in_memory(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    with in_memory():
        monkeypatch.setenv("TMPDIR", tempfile.gettempdir())
        yield


@pytest.fixture
def folder() -> Iterator[Path]:
    """A folder like /tmp, which every account can use; pytest's own are not."""
    path = Path(tempfile.mkdtemp(prefix="rowsight-test-"))
    path.chmod(0o1777)
    yield path
    shutil.rmtree(path)


@pytest.fixture
def wheel() -> Binaries:
    return find_binaries(wheel_first=True)


@pytest.fixture(scope="session")
def listening() -> Iterator[EmbeddedServer]:
    """Listens on 127.0.0.1; `RULES` say how each role of `ROLES` gets in."""
    settings = {"listen_addresses": "127.0.0.1", "max_connections": "10"}
    with EmbeddedServer(binaries=find_binaries(wheel_first=True), settings=settings) as server:
        (server.data / "pg_hba.conf").write_text(RULES)
        with psycopg.connect(server.dsn(), autocommit=True) as connection:
            connection.execute(ROLES.encode())
            connection.execute("select pg_reload_conf()")
        yield server


@pytest.fixture
def by_tcp(listening: EmbeddedServer) -> Callable[..., Profile]:
    """Makes profiles: `by_tcp(user, password=…, host=…, …)`."""

    def make(user: str, password: str | None = None, **parameters: str) -> Profile:
        profile = listening.profile("postgres", user)
        return replace(
            profile,
            parameters=profile.parameters | {"host": "127.0.0.1"} | parameters,
            password=None if password is None else Secret(password),
            connect_timeout=2.0,
        )

    return make


@pytest.fixture
async def session(empty_db: Profile) -> AsyncIterator[Session]:
    async with Session(empty_db) as opened:
        yield opened


@pytest.fixture
def outside(empty_db: Profile, admin: Admin) -> psycopg.Connection[Any]:
    """Somebody else's connection to the same database."""
    return admin(empty_db)
