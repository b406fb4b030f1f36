"""A database with the master migration on a server of its own, for benchmarks."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import psycopg

from console import assets
from console.connection.embedded import EmbeddedServer


@contextmanager
def benchmark_database(
    *, migrated: bool = True, settings: dict[str, str] | None = None
) -> Iterator[tuple[psycopg.Connection[Any], EmbeddedServer]]:
    """Starts a server and yields an autocommit superuser connection to a fresh database."""
    with EmbeddedServer(settings=settings or {}) as server:
        with psycopg.connect(server.dsn(), autocommit=True) as connection:
            connection.execute("create database benchmark")
        with psycopg.connect(server.dsn("benchmark"), autocommit=True) as connection:
            connection.execute(assets.schema_file(assets.PLAIN_POSTGRES).read_bytes())
            if migrated:
                connection.execute(assets.schema_file(assets.MASTER_MIGRATION).read_bytes())
            yield connection, server
