"""Tables in the way of ours: known shapes of older migrations, and ways out for all.

Every way out is a rename. Nothing here drops or rewrites a row.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from psycopg import sql

_NAME_BYTES = 63  # NAMEDATALEN - 1


@dataclass(frozen=True, slots=True)
class LiveTable:
    """A relation that bears the name of one of our tables.

    Attributes:
        identity: Name as SQL writes it, quoted where needed.
        kind: `pg_class.relkind`.
        rows: Estimated rows; None for what holds none of its own.
        bytes: Size with indexes.
        columns: Column as SQL writes it → type as the server names it.
        primary_key: As the server writes it, such as `PRIMARY KEY (id)`, or None.
        indexes: Names of its indexes, unquoted; constraints' own included.
    """

    identity: str
    schema: str
    name: str
    kind: str
    rows: int | None
    bytes: int
    columns: Mapping[str, str]
    primary_key: str | None
    indexes: tuple[str, ...]


def live_table(document: Mapping[str, Any]) -> LiveTable:
    """Makes a LiveTable from what queries/tables.sql says of it."""
    return LiveTable(
        **{
            **document,
            "columns": document["columns"] or {},
            "indexes": tuple(document["indexes"]),
        }
    )


@dataclass(frozen=True, slots=True)
class Fingerprint:
    """A table as an older migration made it.

    Attributes:
        name: What people call this shape.
        table: Identity of the table that has it.
        has: Columns that tell, with their type where that is what tells.
        lacks: Columns that must not be there.
        renames: Columns that only go by another name.
        becomes: The table it is today, when it is another one.
    """

    name: str
    table: str
    has: Mapping[str, str | None]
    lacks: tuple[str, ...]
    renames: Mapping[str, str] = field(default_factory=dict)
    becomes: str | None = None

    def fits(self, table: LiveTable) -> bool:
        """Tells whether a table has this shape."""
        return (
            table.identity == self.table
            and all(
                column in table.columns and kind in (None, table.columns[column])
                for column, kind in self.has.items()
            )
            and not any(column in table.columns for column in self.lacks)
        )


FINGERPRINTS = (
    Fingerprint(
        name="analytics events",
        table="public.events",
        has={"occurred_at": None, "event_name": None},
        lacks=('"filePath"', '"eventType"'),
        becomes="analytics_events",
    ),
    Fingerprint(
        name="telemetry of 2025-11-05",
        table="public.telemetry_events",
        has={"id": "bigint"},
        lacks=('"metadataRedactedJson"',),
    ),
    Fingerprint(
        name="workflow runs in camelCase",
        table="public.workflow_runs",
        has={'"userId"': None},
        lacks=("user_id",),
        renames={
            '"userId"': "user_id",
            '"workflowId"': "workflow_id",
            '"createdAt"': "created_at",
            '"updatedAt"': "updated_at",
        },
    ),
    Fingerprint(
        name="audit logs in snake_case",
        table="public.audit_logs",
        has={"user_id": None, "created_at": None},
        lacks=('"userId"', '"timestamp"'),
        renames={
            "user_id": '"userId"',
            "resource_id": '"resourceId"',
            "ip_address": '"ipAddress"',
            "user_agent": '"userAgent"',
            "created_at": '"timestamp"',
        },
    ),
)


def recognise(table: LiveTable) -> Fingerprint | None:
    """Finds the known shape of a table, if it has one."""
    return next((known for known in FINGERPRINTS if known.fits(table)), None)


def column_renames(table: LiveTable, known: Fingerprint) -> dict[str, str]:
    """Returns the columns of a table that only go by another name, old to new."""
    return {
        old: new
        for old, new in known.renames.items()
        if old in table.columns and new not in table.columns
    }


def rename_columns(table: LiveTable, renames: Mapping[str, str]) -> tuple[str, ...]:
    """Returns the statements that rename columns; names are given as SQL writes them."""
    return tuple(
        f"alter table {table.identity} rename column {old} to {new}" for old, new in renames.items()
    )


def rename_table(table: LiveTable, name: str) -> tuple[str, ...]:
    """Returns the statements that rename a table with its indexes.

    Index names are unique in a schema, and a constraint's index bears its name: left alone
    they would be in the way of the new table's. Sequences are not: identity columns pick a
    free name for theirs.
    """
    renamed = [
        sql.SQL("alter table {} rename to {}").format(
            sql.Identifier(table.schema, table.name), sql.Identifier(name)
        )
    ]
    own_name = re.compile(rf"(?<![^_]){re.escape(table.name)}(?![^_])")
    for index in table.indexes:
        fresh = own_name.sub(name, index, count=1)
        renamed.append(
            sql.SQL("alter index {} rename to {}").format(
                sql.Identifier(table.schema, index),
                sql.Identifier(_fit(fresh if fresh != index else f"{name}_{index}")),
            )
        )
    return tuple(statement.as_string() for statement in renamed)


def set_aside(
    table: LiveTable, taken: set[str], today: str, roles: tuple[str, ...]
) -> tuple[str, ...]:
    """Returns the statements that move a table out of the way, rows, policies and all.

    The API would offer it under its new name, so the API's roles lose their privileges on it.

    Args:
        table: What is in the way.
        taken: Names that are in use; the one chosen here is added.
        today: The server's date as `YYYYMMDD`.
        roles: The roles through which an application reaches the database.
    """
    stem = _fit(f"{table.name}_set_aside_{today}", reserve=3)
    name = next(n for i in range(1, 100) if (n := stem if i == 1 else f"{stem}_{i}") not in taken)
    taken.add(name)
    revoke = sql.SQL("revoke all on {} from {}").format(
        sql.Identifier(table.schema, name),
        sql.SQL(", ").join([sql.SQL("public"), *map(sql.Identifier, roles)]),
    )
    return (*rename_table(table, name), revoke.as_string())


def _fit(name: str, reserve: int = 0) -> str:
    limit = _NAME_BYTES - reserve
    return name.encode()[:limit].decode(errors="ignore")
