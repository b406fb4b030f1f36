"""The migration history as Supabase's CLI keeps it, and what recording ours means for it.

The CLI makes `supabase_migrations.schema_migrations(version text primary key, statements
text[], name text)`, takes version and name from files called `<digits>_<name>.sql`, and
compares versions as text.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from console.connection.session import query_text
from console.errors import Refused

if TYPE_CHECKING:
    from console.connection.session import Parameters, Session, Transaction

LEGACY_FILES = (
    "20240101000000_initial_schema.sql",
    "20240101000001_validation_queries.sql",
    "20240101000002_enhanced_policies.sql",
    "20240101000003_privacy_monitoring.sql",
    "2025-11-05_telemetry.sql",
    "2025-11-05_trust_audit.sql",
    "20250101000000_performance_indexes.sql",
    "20250106000000_metrics_log.sql",
    "20250110000000_consolidated_rls_policies.sql",
    "20250115000000_activation_analytics_indexes.sql",
    "20251105_crux_hardening.sql",
    "20251105_workflow_runs.sql",
    "000000000800_upsert_functions.sql",
)
"""The migrations that the master replaces."""

INCLUDE_ALL_WARNING = (
    "The master's version sorts after every dated one. Once it is recorded, `supabase db push` "
    "takes each new migration for one that came too late and stops; it goes on only with "
    "--include-all, and that runs every file in supabase/migrations whose version the history "
    "lacks, whatever its date: the migrations that the master replaces too, if they still lie "
    "there. Move those out of the folder first, or apply with --no-history."
)

_SCHEMA = "supabase_migrations"
_FILE = re.compile(r"([0-9-]+)_(.*)\.sql")


def version_and_name(file: str) -> tuple[str, str]:
    """Splits a migration file's name as Supabase's CLI does; a name without version is both."""
    match = _FILE.fullmatch(file)
    return (match[1], match[2]) if match else (file, file)


def _digits(version: str) -> str:
    return version.replace("-", "")


_LEGACY: dict[str, set[str]] = {}
for _version, _name in map(version_and_name, LEGACY_FILES):
    _LEGACY.setdefault(_digits(_version), set()).add(_name)


@dataclass(frozen=True, slots=True)
class HistoryRow:
    """One migration on record.

    Attributes:
        name: As recorded; None where an older CLI kept none.
        statements: How many statements are kept with it, or None.
        legacy: Whether it is one that the master replaces.
    """

    version: str
    name: str | None
    statements: int | None
    legacy: bool


@dataclass(frozen=True, slots=True)
class History:
    """What the history table says.

    Attributes:
        exists: Whether there is such a table.
        readable: Whether this role may read it; without that `rows` is empty.
        rows: In the order of their versions.
        recorded: Whether the master is among them.
        repair: The command that takes the legacy rows off the record, or None.
        to_record: The command that puts the master on record where it is applied already, as
            apply writes nothing to a database that is right; None when it is on record.
        warning: What `--include-all` would do once the master is recorded.
    """

    exists: bool
    readable: bool
    rows: tuple[HistoryRow, ...]
    recorded: bool
    repair: str | None
    to_record: str | None
    warning: str = INCLUDE_ALL_WARNING


def is_legacy(version: str, name: str | None) -> bool:
    """Tells whether a recorded migration is one of those that the master replaces."""
    names = _LEGACY.get(_digits(version))
    return names is not None and (not name or name.removesuffix(".sql") in names)


async def read_history(session: Session, file: str | None = None) -> History:
    """Reads the history table.

    Args:
        session: Any login role will do; see `History.readable`.
        file: Name of the migration file to look for; None means the master.
    """
    from console.assets import MASTER_MIGRATION

    master, _ = version_and_name(file or MASTER_MIGRATION)
    found: list[tuple[Any, ...]] = []
    async with session.transaction() as tx:
        access = await read_access(tx)
        if access["may_read"]:
            found = await tx.fetch(query_text("console.migration", "read_history"))
    rows = tuple(
        HistoryRow(version, name, statements, is_legacy(version, name))
        for version, name, statements in found
    )
    legacy = " ".join(row.version for row in rows if row.legacy)
    recorded = any(row.version == master for row in rows)
    readable = access["may_read"] or not access["table"]
    repair = "supabase migration repair --status"
    return History(
        exists=access["table"],
        readable=readable,
        rows=rows,
        recorded=recorded,
        repair=f"{repair} reverted {legacy}" if legacy else None,
        to_record=f"{repair} applied {master}" if readable and not recorded else None,
    )


async def read_access(tx: Transaction) -> dict[str, Any]:
    """Reads what stands where the history is kept, and what this role may do there."""
    access: dict[str, Any] = await tx.value(query_text("console.migration", "history_access"))
    return access


def refuse_unless_recordable(access: dict[str, Any]) -> None:
    """Makes sure that the history row can be written, before anything else is.

    Raises:
        Refused: This role lacks a privilege for it.
    """
    complete = {"version", "name", "statements"} <= set(access["columns"])
    if not access["schema"]:
        allowed, lacking = access["may_create_schema"], f"may not create the schema {_SCHEMA}"
    elif not access["table"]:
        allowed, lacking = access["may_create_table"], f"may not create a table in {_SCHEMA}"
    elif not complete and not access["may_alter"]:
        allowed, lacking = False, f"may not complete {_SCHEMA}.schema_migrations"
    else:
        allowed = access["may_read"] and access["may_write"]
        lacking = f"may not write to {_SCHEMA}.schema_migrations"
    if not allowed:
        raise Refused(
            f"the migration can't be recorded: this role {lacking}",
            hint="log in as the owner of the history, or apply with --no-history",
        )


def recording(
    access: dict[str, Any], file: str, statements: list[str]
) -> list[tuple[str, Parameters]]:
    """Returns the statements that put the migration on record, making only what is missing."""
    table = f"{_SCHEMA}.schema_migrations"
    steps: list[tuple[str, Parameters]] = []
    if not access["schema"]:
        steps.append((f"create schema {_SCHEMA}", None))
    if not access["table"]:
        columns = "version text not null primary key, statements text[], name text"
        steps.append((f"create table {table} ({columns})", None))
    else:
        steps += [
            (f"alter table {table} add column {column} {kind}", None)
            for column, kind in (("statements", "text[]"), ("name", "text"))
            if column not in access["columns"]
        ]
    version, name = version_and_name(file)
    upsert = query_text("console.migration", "record_history")
    return [*steps, (upsert, (version, name, statements))]
