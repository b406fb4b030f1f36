"""Retention policies, and clean-up as the service role."""

from __future__ import annotations

from typing import Any

from psycopg import sql

from tests.schema.world import Connection, acting, insert


def policy(db: Connection, table: str, *, days: int = 30, enabled: bool = True) -> None:
    """Adds a retention policy."""
    row = {"tableName": table, "retentionDays": days, "enabled": enabled}
    db.execute(insert("retention_policies", row))


def call(db: Connection, query: str, *values: object) -> list[tuple[Any, ...]]:
    """Calls a clean-up function as the service role."""
    with acting(db, "service"):
        return db.execute(f"select * from public.{query}".encode(), values).fetchall()


def left(db: Connection, table: str) -> set[Any]:
    """Returns the ids a table still has."""
    query = sql.SQL("select id from {}").format(sql.Identifier("public", table))
    return {id_ for (id_,) in db.execute(query).fetchall()}
