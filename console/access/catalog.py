"""What governs access to many tables at once, for a few roles: one query."""

from __future__ import annotations

import json
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from psycopg import sql

from console.access.rules import Command, Policy, looking
from console.access.verdict import join_policies, permissive_first, restrictive
from console.connection.session import Session, query_text

PLATFORM_SCHEMAS = (
    "information_schema",
    "_analytics",
    "_realtime",
    "auth",
    "cron",
    "extensions",
    "graphql",
    "graphql_public",
    "net",
    "pgbouncer",
    "pgsodium",
    "pgsodium_masks",
    "pgtle",
    "realtime",
    "storage",
    "supabase_functions",
    "supabase_migrations",
    "vault",
)
"""Schemas of a hosted project that are not its own."""

_BITS = {Command.UPDATE: 1 << 2, Command.INSERT: 1 << 3, Command.DELETE: 1 << 4}
"""Of what the server says a relation takes."""
_COMMANDS = {"r": "select", "a": "insert", "w": "update", "d": "delete", "*": "all"}


@dataclass(frozen=True, slots=True)
class Standing:
    """One role before one table.

    Attributes:
        usage: Whether it may use the schema.
        free: Whether no policy binds it there.
        granted: The commands it holds, if only on some column.
        policies: Those that apply to it.
    """

    usage: bool
    free: bool
    granted: frozenset[Command]
    policies: tuple[Policy, ...]

    def serving(self, command: Command) -> tuple[Policy, ...]:
        """Returns the policies for a command."""
        return tuple(policy for policy in self.policies if policy.serves(command))

    def refuses(self, command: Command) -> bool:
        """Tells whether the CHECKs for a command let no row through, whatever it holds."""
        asked = [p for p in self.serving(command) if p.expression("check") is not None]
        shut = [p for p in asked if str(p.expression("check")).strip("()") == "false"]
        return not self.free and (
            bool(restrictive(shut)) or all(p in shut for p in permissive_first(asked))
        )

    def condition(self, command: Command) -> str:
        """Joins the policies for a command into one condition on a row."""
        clause = "check" if command is Command.INSERT else "using"
        return join_policies(self.serving(command), clause)


@dataclass(frozen=True, slots=True, eq=False)
class Governed:
    """A relation with the standing of each role.

    Attributes:
        identity: Schema and name, quoted where needed.
        kind: The server's letter.
        key: The primary key's columns; empty without one.
        estimate: Rows, as the planner last counted them; None if never.
        login_filtered: Whether policies bind the login as well.
        writable: The commands for writing that the relation takes at all, as a view may not.
    """

    identity: str
    schema: str
    name: str
    kind: str
    key: tuple[str, ...]
    estimate: int | None
    login_filtered: bool
    writable: frozenset[Command]
    standings: Mapping[str, Standing]

    @property
    def table(self) -> sql.Composable:
        """The name for a statement, with the bare name as its alias."""
        return sql.SQL("{} as {}").format(
            sql.Identifier(self.schema, self.name), sql.Identifier(self.name)
        )


async def read_catalog(
    login: Session, roles: Collection[str], tables: Sequence[str] | None = None
) -> list[Governed]:
    """Reads what governs access to tables.

    Args:
        login: Reads as the person at the console.
        roles: The roles that are asked about; one that does not exist is left out.
        tables: Identities of relations; None for all but the system's and the platform's.

    Raises:
        ConsoleError: The connection is gone or the server refused.
    """
    parameters = {
        "roles": sorted(roles),
        "tables": None if tables is None else list(tables),
        "platform": list(PLATFORM_SCHEMAS),
    }
    async with looking(login) as transaction:
        found = await transaction.texts(query_text("console.access", "catalog"), parameters)
    return [_governed(json.loads(row[0] or "{}")) for row in found.rows]


def _governed(found: Mapping[str, Any]) -> Governed:
    return Governed(
        identity=found["identity"],
        schema=found["schema"],
        name=found["name"],
        kind=found["kind"],
        key=tuple(found["key"]),
        estimate=None if found["estimate"] is None else int(found["estimate"]),
        login_filtered=found["login_filtered"],
        writable=frozenset(c for c, bit in _BITS.items() if found["writable"] & bit),
        standings={
            role: Standing(
                usage=standing["usage"],
                free=standing["free"],
                granted=frozenset(command for command in Command if standing[command]),
                policies=tuple(_policy(p) for p in found["policies"] if role in p["roles"]),
            )
            for role, standing in (found["roles"] or {}).items()
        },
    )


def _policy(found: Mapping[str, Any]) -> Policy:
    return Policy(
        name=found["name"],
        command=_COMMANDS[found["command"]],
        permissive=found["permissive"],
        roles=(),
        applies=True,
        using=found["using"],
        check=found["check"],
    )
