"""What begins a persona's part of a transaction, and what is asked after each statement."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from psycopg import sql

from console.access.persona import Persona
from console.errors import ConsoleError, DatabaseFailed, Refused

STATEMENT_TIMEOUT = 5.0
"""Seconds a statement may run as a persona."""
LOCK_TIMEOUT = 1.0
"""Seconds it may wait for a lock."""

SEARCH_PATH = "public, extensions"
"""Where the names in a persona's query are looked for, as for a request through the API."""

# A setting of one claim is read before request.jwt.claims, so none may be left over.
_SINGLE_CLAIMS = ("claim", "claim.sub", "claim.role", "claim.email")

# Values as text must not depend on which of two logins reads them.
SETTINGS = sql.SQL(
    "set local idle_in_transaction_session_timeout = '30s'; set local row_security = on;"
    " set local jit = off; set local standard_conforming_strings = on; set local datestyle = 'ISO';"
    " set local intervalstyle = 'postgres'; set local timezone = 'UTC';"
    " set local extra_float_digits = 1; set local bytea_output = 'hex'"
)

# Qualified, because the search path may have been changed too.
CHECK = (
    "select current_user, session_user, pg_catalog.current_setting('transaction_read_only'),"
    " pg_catalog.now(), pg_catalog.current_setting('row_security'),"
    " pg_catalog.md5(pg_catalog.current_setting('request.jwt.claims'))"
)
STEP_OUT = "select pg_catalog.set_config('role', 'none', true)"
SAME_PATH = (
    "select pg_catalog.set_config('search_path', coalesce((select pg_catalog.string_agg("
    "pg_catalog.quote_ident(s), ', ') from pg_catalog.unnest(pg_catalog.current_schemas("
    "false)) as s), ''), true)"
)
"""Says the effective path in full: with another, the server would look the names of a prepared
statement up again, as the persona."""
PLAIN = sql.SQL(
    "select not exists (select from pg_catalog.pg_type t where t.typname = any ({}::text[])"
    " and (t.typtype not in ('b', 'e') or t.typcategory = 'A'))"
)
"""Whether no type of these names has parts, or checks, whose functions its input would run."""
UNLOCK = "select pg_catalog.pg_advisory_unlock_all()"
LEAVE = f"rollback; {UNLOCK}"


@dataclass(frozen=True, slots=True)
class Standing:
    """What must be the same after every statement."""

    user: str | None
    session_user: str | None
    read_only: str | None
    began: str | None
    row_security: str | None
    claims: str | None


class ContainmentBroken(ConsoleError):
    """A preview left its role or its transaction; what it returned is not shown."""

    code = "containment_broken"
    exit_code = 6

    @property
    def reason(self) -> str:
        """What happened and how it was noticed, for where one result of many is withheld."""
        return f"{self.message}; {self.detail}"


_MOVED = (
    "the role became {}",
    "the session's user became {}",
    "read-only went {}",
    "another transaction began",
    "row security went {}",
    "the claims changed",
)
"""What it means when a column of `CHECK` is another than before."""


def moved(before: Sequence[str | None], after: Sequence[str | None]) -> str:
    """Says which answers to `CHECK` are others than before."""
    changed = zip(_MOVED, before, after, strict=True)
    return ", ".join(words.format(now) for words, was, now in changed if was != now)


def broken(what: str) -> ContainmentBroken:
    """Says that a preview got out, and how it was noticed."""
    return ContainmentBroken(
        "containment broken: result withheld",
        hint="a function that was called changes the role or the transaction;"
        " use a preview login, which has no other role to go to",
        detail=what,
    )


def entrance(persona: Persona, snapshot: str | None = None) -> sql.Composed:
    """Returns the statements that begin a persona's part of a transaction, then tell who it is."""
    parts: list[sql.Composable] = [SETTINGS, become(persona), sql.SQL(CHECK)]
    if snapshot is not None:
        parts.insert(0, sql.SQL("set transaction snapshot {}").format(sql.Literal(snapshot)))
    return sql.SQL("; ").join(parts)


# Only claims and role differ from persona to persona, and a hundred are taken on in a row.
_BECOME = sql.SQL(
    "select "
    + ", ".join(
        f"pg_catalog.set_config('{name}', '{value}', true)"
        for name, value in [
            *((f"request.jwt.{claim}", "") for claim in _SINGLE_CLAIMS),
            ("search_path", SEARCH_PATH),
        ]
    )
    + ", pg_catalog.set_config('request.jwt.claims', {}, true)"
    ", pg_catalog.set_config('role', {}, true)"
)


def become(persona: Persona) -> sql.Composable:
    """Returns the one statement that takes on a persona's claims and role."""
    return _BECOME.format(sql.Literal(persona.claims_json), sql.Literal(persona.role))


def no_role(name: str, *, sqlstate: str | None = None, detail: str = "") -> Refused:
    """Says that a role does not exist."""
    return Refused(
        f"there is no role {name} on this server",
        hint="psql's \\du lists the roles",
        sqlstate=sqlstate,
        detail=detail,
    )


def not_admitted(error: DatabaseFailed, persona: Persona, login: str) -> ConsoleError:
    """Says why the login could not become the persona, if it was that that failed."""
    if error.sqlstate == "22023" and "role" in error.message:
        return no_role(persona.role, sqlstate=error.sqlstate, detail=error.message)
    if error.sqlstate == "42501" and "set role" in error.message:
        return Refused(
            f"{login} may not act as {persona.role}",
            hint=f"grant {persona.role} to {login}, or log in as somebody who is a member of it",
            sqlstate=error.sqlstate,
            detail=error.message,
        )
    return error


def preview_login_sql(name: str = "rowsight_preview") -> str:
    """Returns the SQL that makes a login with nothing but the API's two roles to go to."""
    role = sql.Identifier(name).as_string()
    return (
        f"create role {role} login noinherit nosuperuser nobypassrls nocreatedb nocreaterole;\n"
        f"grant anon, authenticated to {role};\n"
        f"alter role {role} set default_transaction_read_only = on;\n"
        f"-- then give it a password: \\password {name}\n"
    )
