"""Databases with sample data."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import psycopg
import pytest

from console.connection.profile import Profile
from tests.schema_sample.loading import Connection, load

Loaded = Callable[..., Connection]


@pytest.fixture
def loaded(
    fresh_database: Callable[..., Profile],
    admin: Callable[[Profile], psycopg.Connection[tuple[Any, ...]]],
) -> Loaded:
    """Makes databases with sample data: `loaded(100, on=server)`, a superuser's connection."""

    def make(rows: int | None, **where: Any) -> Connection:
        db = admin(fresh_database("master", **where))
        load(db, rows)
        return db

    return make


@pytest.fixture(params=[0, 2000])
def db(loaded: Loaded, request: pytest.FixtureRequest) -> Connection:
    """A superuser's connection to a database with the least sample data there is, or with some."""
    return loaded(request.param)
