"""Databases for the tests of the master schema: one per server, every test rolls back."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from console import assets
from console.connection.embedded import EmbeddedServer, all_binaries
from tests.conftest import superuser
from tests.schema.world import Connection, build

SERVERS = ["embedded"] + ["system"] * any(b.source != "wheel" for b in all_binaries())
DATABASE = "schema_by_file"

API_ROLES = "anon, authenticated, service_role"
DEFAULT_PRIVILEGES = {
    "embedded": f"""
        alter default privileges grant all on tables to {API_ROLES};
        alter default privileges grant all on sequences to {API_ROLES};
        alter default privileges grant all on functions to {API_ROLES};
        alter default privileges grant all on schemas to {API_ROLES}
    """,
    "system": "alter default privileges revoke execute on functions from public",
}
"""What new objects are granted: everything, as in older projects, or nothing, as in new ones."""


@pytest.fixture(scope="session", params=SERVERS)
def schema_server(
    request: pytest.FixtureRequest, servers: tuple[EmbeddedServer, ...]
) -> EmbeddedServer:
    """Each server in turn, with the schema in the database that `db` connects to."""
    server: EmbeddedServer = servers[SERVERS.index(request.param)]
    server.create_database(DATABASE)
    with superuser(server, DATABASE) as connection:
        connection.execute(assets.schema_file(assets.PLAIN_POSTGRES).read_bytes())
        connection.execute(DEFAULT_PRIVILEGES[request.param].encode())
        connection.execute(assets.schema_file(assets.MASTER_MIGRATION).read_bytes())
    return server


@pytest.fixture
def db(schema_server: EmbeddedServer) -> Iterator[Connection]:
    """A superuser's connection in a transaction that is rolled back, so `now()` stands still."""
    with (
        superuser(schema_server, DATABASE) as connection,
        connection.transaction(force_rollback=True),
    ):
        yield connection


@pytest.fixture
def world(db: Connection) -> dict[str, object]:
    """Ids of the rows of `world.ROWS`, by line of the permission matrix."""
    return build(db)
