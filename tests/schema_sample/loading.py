"""Loads the sample data, and takes on the people in it."""

from __future__ import annotations

import contextlib
import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import psycopg
from psycopg import sql

from console import assets

Connection = psycopg.Connection[tuple[Any, ...]]


def load(db: Connection, rows: int | None) -> None:
    """Loads the sample data in one transaction, as whoever the connection is now.

    Args:
        db: A connection to a database with the master schema.
        rows: How many events; the file's own volume when None.
    """
    with db.transaction():
        if rows is not None:
            db.execute("select set_config('rowsight.rows', %s, true)", (str(rows),))
        db.execute(assets.schema_file(assets.SAMPLE_DATA).read_bytes())


def query_text(name: str) -> bytes:
    """Reads one of the longer queries."""
    return (Path(__file__).parent / "queries" / f"{name}.sql").read_bytes()


def tables(db: Connection) -> list[str]:
    """Lists the tables of schema public."""
    found = db.execute(
        "select relname from pg_class"
        " where relnamespace = 'public'::regnamespace and relkind = 'r' order by relname"
    )
    return [name for (name,) in found]


def counts(db: Connection) -> dict[str, int]:
    """Counts the rows of every table."""
    query = sql.SQL(" union all ").join(
        sql.SQL("select {}, count(*) from public.{}").format(name, sql.Identifier(name))
        for name in tables(db)
    )
    return dict(db.execute(query).fetchall())


@contextlib.contextmanager
def acting_as(db: Connection, email: str, **claims: object) -> Iterator[None]:
    """Is a person, with the role and the claims of a signed-in user, until the end; then undoes."""
    (person,) = db.execute("select id from public.users where email = %s", (email,)).fetchall()
    given = {
        "sub": str(person[0]),
        "email": email,
        "role": "authenticated",
        "aal": "aal1",
        **claims,
    }
    with db.transaction(force_rollback=True):
        db.execute("select set_config('request.jwt.claims', %s, true)", (json.dumps(given),))
        db.execute("set local role authenticated")
        yield
