"""What governs access to one table for one role: privileges, flags, policies, keys."""

from __future__ import annotations

import contextlib
import json
import re
from collections.abc import AsyncIterator, Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

from psycopg import Error, sql

from console.access.constraints import Exclusive, ForeignKey, exclusive, foreign_key
from console.access.entrance import LEAVE, LOCK_TIMEOUT, SETTINGS
from console.access.expression import check_expression, sendable
from console.access.triggers import Trigger, read_trigger
from console.connection.session import Session, Transaction, query_text
from console.errors import NotFound, Refused, UsageError

LOGIN_TIMEOUT = 5.0
"""Seconds a statement of the login's own may run beside a preview."""


def readable(identity: str) -> str:
    """Returns a table's full name without the quotes that SQL could do without."""
    return re.sub(r'"([a-z_][a-z0-9_]*)"', r"\1", identity)


class Command(StrEnum):
    """What somebody wants to do with rows."""

    SELECT = "select"
    INSERT = "insert"
    UPDATE = "update"
    DELETE = "delete"


_COMMANDS = {"r": "select", "a": "insert", "w": "update", "d": "delete", "*": "all"}


@dataclass(frozen=True, slots=True)
class Policy:
    """A row-level security policy.

    Attributes:
        command: One of the four, or `all`.
        permissive: Or else restrictive.
        roles: Whom it is made for; `public` is everybody.
        applies: Whether the role in question is one of them, itself or by inheritance.
        using: Deparsed with qualified names; None where it has none.
        check: Likewise.
    """

    name: str
    command: str
    permissive: bool
    roles: tuple[str, ...]
    applies: bool
    using: str | None
    check: str | None

    @property
    def kind(self) -> str:
        """`permissive` or `restrictive`."""
        return "permissive" if self.permissive else "restrictive"

    def serves(self, command: Command) -> bool:
        """Tells whether the policy speaks of a command."""
        return self.command in ("all", command)

    def expression(self, clause: str) -> str | None:
        """Returns USING or CHECK; USING stands in where a CHECK is missing."""
        return self.using if clause == "using" else self.check or self.using


@dataclass(frozen=True, slots=True)
class Field:
    """A column, and what the role may do with it.

    Attributes:
        type: As SQL writes it, with its schema.
        category: The server's letter for kinds of types.
        generated: `s` stored, `v` virtual, or empty.
        identity: `a` always, `d` by default, or empty.
        acts: Whether to compare it calls a function that somebody made, for a cast.
        default: Its expression, also a generated column's, or None.
        sequence: The sequence its default takes numbers from, as SQL writes it, or None.
    """

    name: str
    type: str
    category: str
    not_null: bool
    generated: str
    identity: str
    acts: bool
    default: str | None
    sequence: str | None
    select: bool
    insert: bool
    update: bool


@dataclass(frozen=True, slots=True)
class Rules:
    """One table as one role meets it.

    Attributes:
        kind: The server's letter: `r`, `p`, `v`, `m` or `f`.
        login_filtered: Whether policies bind the login that reads for the console too.
        invoker_view: Whether a view reads its tables as its caller.
        usage: Whether the role may use the schema.
        bypass: Whether the role holds BYPASSRLS.
        owns: Whether the role has the owner's rights.
        granted: The commands granted on the whole table.
        keys: Columns that tell rows apart, the primary key first; none of them nullable.
        exclusives: Indexes that let no two rows be alike.
        bounds: What each partition takes, or the table itself as one; None where there is none.
        checks: Name and expression of CHECK constraints.
        referencing: Foreign keys of others that keep a row from being deleted; `schema` and
            `table` say whose.
        before: Row triggers that may change a row before it is checked.
        besides: All other triggers.
        rewritten: The commands a rule turns into something else.
    """

    schema: str
    name: str
    kind: str
    role: str
    rls: bool
    forced: bool
    owner: str
    login_filtered: bool
    invoker_view: bool
    usage: bool
    superuser: bool
    bypass: bool
    owns: bool
    granted: frozenset[str]
    policies: tuple[Policy, ...]
    fields: tuple[Field, ...]
    keys: tuple[tuple[str, ...], ...]
    exclusives: tuple[Exclusive, ...]
    bounds: tuple[str, ...] | None
    checks: tuple[tuple[str, str], ...]
    foreign_keys: tuple[ForeignKey, ...]
    referencing: tuple[ForeignKey, ...]
    before: tuple[Trigger, ...]
    besides: tuple[Trigger, ...]
    rewritten: frozenset[str]

    @property
    def identity(self) -> str:
        """Schema and name as SQL writes them."""
        return self.table.as_string()

    @property
    def called(self) -> str:
        """Schema and name as a person reads them."""
        return readable(self.identity)

    @property
    def table(self) -> sql.Composable:
        """The table's name for a statement."""
        return sql.Identifier(self.schema, self.name)

    @property
    def alias(self) -> sql.Composable:
        """The bare name, which deparsed expressions call the row by."""
        return sql.Identifier(self.name)

    @property
    def binding(self) -> bool:
        """Whether policies decide for the role."""
        owner_is_free = self.owns and not self.forced
        return self.rls and not (self.superuser or self.bypass or owner_is_free)

    @property
    def key(self) -> tuple[str, ...]:
        """The columns of the best key; empty where there is none."""
        return self.keys[0] if self.keys else ()

    def field(self, name: str) -> Field:
        """Returns a column.

        Raises:
            NotFound: There is none of that name.
        """
        for field in self.fields:
            if field.name == name:
                return field
        known = ", ".join(field.name for field in self.fields[:12])
        raise NotFound(f"{self.called} has no column {name}", hint=f"it has {known}")

    def comparable(self, name: str) -> Field:
        """Returns a column that the login itself may compare.

        Raises:
            NotFound: There is none of that name.
            Refused: That would call the function of a cast with the login's rights.
        """
        field = self.field(name)
        if field.acts:
            raise Refused(
                f"rows of {self.called} are not looked up by {name}: to compare it calls the"
                " function of a cast, as your own login",
                hint="name the row by another column",
            )
        return field

    def may(self, command: Command, field: Field) -> bool:
        """Tells whether the role may use a column in a command."""
        return bool(getattr(field, command, False))

    def permits(self, command: Command) -> bool:
        """Tells whether the role holds a privilege, if only on some column."""
        if command in self.granted:
            return True
        return any(self.may(command, field) for field in self.fields)

    def readable(self) -> tuple[Field, ...]:
        """Returns the columns the role may read."""
        return tuple(field for field in self.fields if field.select)

    def serving(self, command: Command, *, all_roles: bool = False) -> tuple[Policy, ...]:
        """Returns the policies for a command, by default those that apply to the role."""
        return tuple(p for p in self.policies if p.serves(command) and (all_roles or p.applies))


async def read_rules(transaction: Transaction, schema: str, name: str, role: str) -> Rules:
    """Reads what governs a table for a role, as the login.

    Args:
        transaction: With an empty search path, so that expressions are qualified.
        schema: Where the table is.
        name: The table's name.
        role: The role's name.

    Raises:
        NotFound: The table or the role is gone.
    """
    parameters = {"schema": schema, "name": name, "role": role}
    query = query_text("console.access", "acting") + query_text("console.access", "rules")
    found = await transaction.texts(query, parameters)
    if not found.rows or found.rows[0][0] is None:
        raise NotFound(
            f"there is no table {schema}.{name}, or no role {role}",
            hint="rowsight tables lists the tables, psql's \\du the roles",
        )
    return _rules(json.loads(found.rows[0][0]), role)


def _rules(found: Mapping[str, Any], role: str) -> Rules:
    return Rules(
        role=role,
        granted=frozenset(command.value for command in Command if found[command]),
        policies=tuple(_policy(policy) for policy in found["policies"]),
        fields=tuple(Field(**field) for field in found["columns"]),
        keys=tuple(tuple(key) for key in found["keys"]),
        exclusives=tuple(map(exclusive, found["exclusives"])),
        bounds=None if found["bounds"] is None else tuple(found["bounds"]),
        checks=tuple((check["name"], check["expression"]) for check in found["checks"]),
        foreign_keys=tuple(map(foreign_key, found["foreign_keys"])),
        referencing=tuple(map(foreign_key, found["referencing"])),
        before=tuple(read_trigger(one) for one in found["triggers"] if one["decides"]),
        besides=tuple(read_trigger(one) for one in found["triggers"] if not one["decides"]),
        rewritten=frozenset(found["rewritten"]),
        **{name: found[name] for name in _AS_THEY_ARE},
    )


_AS_THEY_ARE = (
    "schema",
    "name",
    "kind",
    "rls",
    "forced",
    "owner",
    "login_filtered",
    "invoker_view",
    "usage",
    "superuser",
    "bypass",
    "owns",
)


def _policy(found: Mapping[str, Any]) -> Policy:
    return Policy(
        name=found["name"],
        command=_COMMANDS[found["command"]],
        permissive=found["permissive"],
        roles=tuple(found["roles"]),
        applies=found["applies"],
        using=found["using"],
        check=found["check"],
    )


def raw(text: str) -> sql.Composable:
    """Makes a part of a statement of text that is the console's own or has been checked."""
    return sql.SQL(text)


def enclosed(expression: str) -> sql.Composable:
    """Puts brackets around an expression that was read from the database.

    Whoever wrote it must not get out of them: so it is read as one that somebody typed.

    Raises:
        UsageError: It is not one whole expression.
    """
    check_expression(expression)
    return sql.SQL("({})").format(sql.SQL(expression))


def whole(alias: sql.Composable) -> sql.Composable:
    """Returns a row as exact text of its type.

    By the type's own output: a cast to text may be anybody's function, and `x::text` would
    also be a column called x.
    """
    return sql.SQL("pg_catalog.textin(pg_catalog.record_out({}.*))").format(alias)


def parse_key(rules: Rules, pairs: Mapping[str, str]) -> sql.Composable:
    """Returns the condition `col = value and …` for a row that somebody named.

    The values stay untyped literals, which take the type of the column they are compared to.

    Raises:
        NotFound: A column does not exist.
        Refused: To compare one would call somebody's function.
        UsageError: There is no pair.
    """
    if not pairs:
        raise UsageError("no row is named", hint="give its key as column=value")
    terms = [
        sql.SQL("{}.{} = {}").format(
            rules.alias,
            sql.Identifier(rules.comparable(column).name),
            sql.Literal(sendable(value, "the key")),
        )
        for column, value in pairs.items()
    ]
    return sql.SQL(" and ").join(terms)


@contextlib.asynccontextmanager
async def looking(
    login: Session, *, statement_timeout: float = LOGIN_TIMEOUT
) -> AsyncIterator[Transaction]:
    """Opens the login's side of a preview: one snapshot, qualified names, values as there.

    Args:
        login: The session of the person at the console.
        statement_timeout: Seconds a statement may run.
    """
    opened = login.transaction(
        isolation="repeatable read",
        statement_timeout=statement_timeout,
        lock_timeout=LOCK_TIMEOUT,
        search_path="",
    )
    async with opened as transaction:
        await transaction.execute(SETTINGS)
        try:
            yield transaction
        finally:
            # A view or a policy that binds the login may have taken a lock of the session.
            with contextlib.suppress(Error):
                if not transaction.connection.closed:
                    await transaction.connection.execute(LEAVE.encode())


async def export_snapshot(transaction: Transaction) -> str:
    """Lets another connection read exactly what this transaction sees, while it is open."""
    return str(await transaction.value("select pg_catalog.pg_export_snapshot()"))
