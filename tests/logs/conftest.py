"""Databases whose logs are written to, and a server with a standby."""

from __future__ import annotations

import shutil
import subprocess
import tempfile
from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import psycopg
import pytest

from console import assets
from console.connection.embedded import EmbeddedServer, find_binaries
from console.connection.profile import Profile
from tests.conftest import Admin

USER = "00000000-0000-4000-8000-000000000001"


@pytest.fixture
def db(master_db: Profile, admin: Admin) -> psycopg.Connection[Any]:
    """A superuser's connection to a migrated database with one user."""
    connection = admin(master_db)
    connection.execute(
        "insert into public.users (id, email) values (%s, 'ada@example.com')", [USER]
    )
    return connection


@pytest.fixture
def folder() -> Iterator[Path]:
    """A folder that every account can use."""
    path = Path(tempfile.mkdtemp(prefix="rowsight-logs-"))
    path.chmod(0o1777)
    yield path
    shutil.rmtree(path)


def migrate(dsn: str) -> None:
    with psycopg.connect(dsn, autocommit=True) as connection:
        connection.execute(assets.schema_file(assets.PLAIN_POSTGRES).read_bytes())
        connection.execute(assets.schema_file(assets.MASTER_MIGRATION).read_bytes())
        connection.execute(
            "insert into public.users (id, email) values (%s, 'ada@example.com')", [USER]
        )


@dataclass(frozen=True)
class Pair:
    """A server and its standby, with one database on both."""

    primary: EmbeddedServer
    standby: EmbeddedServer
    database: str = "postgres"

    def write(self) -> psycopg.Connection[Any]:
        return psycopg.connect(self.primary.dsn(self.database), autocommit=True)

    @property
    def profile(self) -> Profile:
        return self.standby.profile(self.database)


def make_standby(primary: EmbeddedServer, folder: Path, **settings: str) -> EmbeddedServer:
    """Copies a running server; the copy, once started, follows it."""
    binaries = find_binaries(wheel_first=True)
    (folder / "standby").mkdir(mode=0o755)
    (folder / "standby" / "rowsight-demo").touch()
    command = [str(binaries.folder / "pg_basebackup"), "-D", str(folder / "standby" / "data")]
    command += ["-d", primary.dsn(), "-X", "stream", "-c", "fast", "--no-sync", "-R"]
    subprocess.run(command, check=True, capture_output=True)
    return EmbeddedServer(
        binaries=binaries, keep=folder / "standby", settings={"fsync": "off", **settings}
    )


@pytest.fixture
def pair(folder: Path) -> Iterator[Pair]:
    """A migrated server and a hot standby of it."""
    with EmbeddedServer(binaries=find_binaries(wheel_first=True)) as primary:
        migrate(primary.dsn())
        with make_standby(primary, folder) as standby:
            yield Pair(primary, standby)


def read_only(profile: Profile) -> Profile:
    return replace(profile, read_only=True)
