"""Everything a relation is made of: columns, constraints, indexes, triggers, policies, grants."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from psycopg import sql

from console.catalog.foreign_keys import ForeignKey, foreign_keys_of
from console.catalog.reading import elements, query, read
from console.catalog.relations import Column, Relation, columns_of, columns_query

if TYPE_CHECKING:
    from console.connection.session import Session, TextTable

_LOCK_TIMEOUT = 2.0

_CONSTRAINTS = {
    "p": "primary key",
    "u": "unique",
    "x": "exclusion",
    "f": "foreign key",
    "c": "check",
    "n": "not null",
    "t": "constraint trigger",
}
_COMMANDS = {"*": "all", "r": "select", "a": "insert", "w": "update", "d": "delete"}
_ENABLED = {"O": "enabled", "D": "disabled", "R": "on replicas only", "A": "always"}
_EVENTS = ((4, "insert"), (8, "delete"), (16, "update"), (32, "truncate"))


@dataclass(frozen=True, slots=True)
class Constraint:
    """A constraint.

    Attributes:
        kind: `primary key`, `unique`, `check`, `foreign key`, `exclusion`, `not null` or
            `constraint trigger`.
        definition: As ALTER TABLE … ADD CONSTRAINT takes it.
        validated: Whether every row there was is known to meet it.
        inherited: Whether a parent table brought it.
    """

    name: str
    kind: str
    definition: str
    columns: tuple[str, ...]
    validated: bool
    deferrable: bool
    deferred: bool
    inherited: bool
    comment: str | None


@dataclass(frozen=True, slots=True)
class Index:
    """An index.

    Attributes:
        definition: The statement that makes it.
        method: Such as `btree`.
        columns: Columns or expressions.
        valid: Whether queries use it; one whose making failed stays behind invalid.
        predicate: The condition of a partial index, or None.
        bytes: Its size, over all partitions.
        scans: How often it was used since the statistics were reset.
        constraint: Whether a constraint owns it.
        inherited: Whether it is a part of a partitioned table's index.
    """

    name: str
    definition: str
    method: str
    columns: tuple[str, ...]
    unique: bool
    primary: bool
    valid: bool
    predicate: str | None
    bytes: int
    scans: int
    constraint: bool
    inherited: bool
    comment: str | None


@dataclass(frozen=True, slots=True)
class Partition:
    """A part of a partitioned table.

    Attributes:
        bounds: As ATTACH PARTITION takes them.
    """

    identity: str
    bounds: str


@dataclass(frozen=True, slots=True)
class Trigger:
    """A trigger.

    Attributes:
        timing: `before`, `after` or `instead of`.
        events: Such as `insert`, `update`.
        each_row: Whether it runs for each row rather than once.
        function: The identity of what it calls.
        enabled: `enabled`, `disabled`, `on replicas only` or `always`.
        inherited: Whether a partitioned parent brought it.
    """

    name: str
    definition: str
    timing: str
    events: tuple[str, ...]
    each_row: bool
    function: str
    enabled: str
    inherited: bool
    comment: str | None


@dataclass(frozen=True, slots=True)
class Policy:
    """A row-level security policy.

    Attributes:
        command: `all`, `select`, `insert`, `update` or `delete`.
        roles: Whom it concerns; `public` is everybody.
        using: Which rows there are, or None.
        check: Which rows may be written, or None.
    """

    name: str
    command: str
    permissive: bool
    roles: tuple[str, ...]
    using: str | None
    check: str | None
    comment: str | None

    @property
    def words(self) -> str:
        """The policy as a sentence."""
        who = "everybody" if self.roles == ("public",) else ", ".join(self.roles)
        does = {
            "all": "read and change",
            "select": "read",
            "insert": "insert",
            "update": "update",
            "delete": "delete",
        }[self.command]
        verb = "may" if self.permissive else "may at most"
        seen = self.using or (self.check if self.command == "insert" else None)
        rows = "every row" if seen in (None, "true") else f"rows where {seen}"
        if seen == "false":
            rows = "no row"
        sentence = f"{who} {verb} {does} {rows}"
        if self.check is not None and self.command != "insert" and self.check != self.using:
            sentence += f", and leave or add only rows where {self.check}"
        return sentence

    def statement(self, relation: Relation) -> str:
        """Returns the statement that makes the policy."""
        parts = [
            f"create policy {quoted(self.name)} on {relation.identity}",
            f"  as {'permissive' if self.permissive else 'restrictive'}",
            f"  for {self.command}",
            "  to " + ", ".join(r if r == "public" else quoted(r) for r in self.roles),
        ]
        if self.using is not None:
            parts.append(f"  using ({self.using})")
        if self.check is not None:
            parts.append(f"  with check ({self.check})")
        return "\n".join(parts)


@dataclass(frozen=True, slots=True)
class Grant:
    """What somebody may do.

    Attributes:
        grantee: A role, or `PUBLIC`.
        column: The only column it is for, or None for the whole relation.
        privileges: Such as `SELECT`.
        grantable: Those that may be handed on.
        owner: Whether the grantee owns the relation.
    """

    grantee: str
    column: str | None
    privileges: tuple[str, ...]
    grantable: tuple[str, ...]
    owner: bool

    def statements(self, relation: Relation) -> list[str]:
        """Returns the statements that grant it."""
        to = "public" if self.grantee == "PUBLIC" else quoted(self.grantee)
        on = f"on {relation.identity} to {to}"
        column = "" if self.column is None else f" ({quoted(self.column)})"
        made = []
        for privileges, end in ((self.privileges, ""), (self.grantable, " with grant option")):
            if privileges:
                words = ", ".join(name.lower() + column for name in privileges)
                made.append(f"grant {words} {on}{end}")
        return made


@dataclass(frozen=True, slots=True)
class Sizes:
    """Exact sizes in bytes, over all partitions.

    Attributes:
        heap: The rows themselves.
        toast: Long values, kept apart.
        live: Rows that the statistics count as there.
        dead: Rows that are gone but not yet cleaned away.
        vacuumed: When that was last done, as the server writes it; None for never.
        analyzed: When its statistics were last made.
        tables: How many tables store it.
    """

    heap: int
    indexes: int
    toast: int
    total: int
    live: int
    dead: int
    vacuumed: str | None
    analyzed: str | None
    tables: int


@dataclass(frozen=True, slots=True)
class Structure:
    """What a relation is made of.

    Attributes:
        referring: The foreign keys that other tables, or it itself, have to it.
    """

    relation: Relation
    columns: tuple[Column, ...]
    constraints: tuple[Constraint, ...]
    referring: tuple[ForeignKey, ...]
    indexes: tuple[Index, ...]
    partitions: tuple[Partition, ...]
    triggers: tuple[Trigger, ...]
    policies: tuple[Policy, ...]
    grants: tuple[Grant, ...]
    sizes: Sizes | None


def quoted(name: str) -> str:
    """Writes a name as an identifier, always in quotes."""
    return sql.Identifier(name).as_string(None)


async def read_structure(session: Session, relation: Relation) -> Structure:
    """Reads what a relation is made of, in one round trip; names in it are qualified.

    Raises:
        ConsoleError: The connection is gone, or the server refused, or somebody holds the
            relation exclusively.
    """
    names = {"schema": relation.schema, "name": relation.name}
    parts = ("constraints", "foreign_keys", "indexes", "partitions", "triggers", "policies")
    columns, constraints, keys, indexes, partitions, triggers, policies, grants, sizes = await read(
        session,
        columns_query(relation),
        *(query("console.catalog", part, **names) for part in (*parts, "grants", "sizes")),
        search_path="",
        lock_timeout=_LOCK_TIMEOUT,
    )
    return Structure(
        relation,
        columns_of(columns),
        _constraints(constraints),
        foreign_keys_of(keys).incoming,
        _indexes(indexes),
        tuple(Partition(identity or "", bounds or "") for identity, bounds in partitions.rows),
        _triggers(triggers),
        _policies(policies),
        _grants(grants),
        _sizes(sizes),
    )


def _constraints(table: TextTable) -> tuple[Constraint, ...]:
    return tuple(
        Constraint(
            name or "",
            _CONSTRAINTS[kind or "c"],
            definition or "",
            elements(columns),
            validated == "t",
            deferrable == "t",
            deferred == "t",
            inherited == "t",
            comment,
        )
        for (
            name,
            kind,
            definition,
            columns,
            validated,
            deferrable,
            deferred,
            inherited,
            comment,
        ) in table.rows
    )


def _indexes(table: TextTable) -> tuple[Index, ...]:
    return tuple(
        Index(
            name=row[0] or "",
            definition=row[1] or "",
            method=row[2] or "",
            columns=elements(row[3]),
            unique=row[4] == "t",
            primary=row[5] == "t",
            valid=row[6] == "t",
            predicate=row[7],
            bytes=int(row[8] or 0),
            scans=int(row[9] or 0),
            constraint=row[10] == "t",
            inherited=row[11] == "t",
            comment=row[12],
        )
        for row in table.rows
    )


def _triggers(table: TextTable) -> tuple[Trigger, ...]:
    found = []
    for name, definition, enabled, bits, function, inherited, comment in table.rows:
        kind = int(bits or 0)
        timing = "instead of" if kind & 64 else "before" if kind & 2 else "after"
        found.append(
            Trigger(
                name or "",
                definition or "",
                timing,
                tuple(event for bit, event in _EVENTS if kind & bit),
                bool(kind & 1),
                function or "",
                _ENABLED[enabled or "O"],
                inherited == "t",
                comment,
            )
        )
    return tuple(found)


def _policies(table: TextTable) -> tuple[Policy, ...]:
    return tuple(
        Policy(
            name or "",
            _COMMANDS[command or "*"],
            permissive == "t",
            elements(roles),
            using,
            check,
            comment,
        )
        for name, command, permissive, roles, using, check, comment in table.rows
    )


def _grants(table: TextTable) -> tuple[Grant, ...]:
    return tuple(
        Grant(grantee or "", column, elements(plain), elements(grantable), owner == "t")
        for grantee, column, plain, grantable, owner in table.rows
    )


def _sizes(table: TextTable) -> Sizes | None:
    *counts, vacuumed, analyzed, tables = table.rows[0]
    if counts[0] is None:
        return None
    heap, indexes, toast, total, live, dead = (int(count or 0) for count in counts)
    return Sizes(heap, indexes, toast, total, live, dead, vacuumed, analyzed, int(tables or 0))
