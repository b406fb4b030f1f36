"""Who may do what, tried as everybody on everything and undone."""

from __future__ import annotations

import psycopg
import pytest
from psycopg import sql

from tests.schema.inventory import ALL_TABLES, RULES
from tests.schema.permissions import (
    EXECUTE,
    INSERTABLE_COLUMNS,
    MATRIX,
    READABLE_COLUMNS,
    UPDATABLE_COLUMNS,
    cells,
)
from tests.schema.world import (
    CALLERS,
    ONE_PER_USER,
    ROWS,
    Connection,
    attempt,
    become,
    insert,
    second_row,
    table_of,
)

PERMITTED = cells(MATRIX)
EXECUTABLE = cells(EXECUTE)
NOTHING = sql.SQL("select").format()


def outcome(db: Connection, ids: dict[str, object], caller: str, line: str, command: str) -> str:
    """Tries one command (S, I, U or D) on the line's row; returns a letter of the matrix."""
    table = table_of(line)
    target = {
        "table": sql.Identifier("public", table),
        "id": sql.Literal(ids[line]),
        "column": sql.Identifier(
            UPDATABLE_COLUMNS.get(table, ALL_TABLES[table].partition(" ")[2]).split()[0]
        ),
    }
    remove = sql.SQL("delete from {table} where id = {id}").format(**target)
    if command == "I":
        before = remove if table in ONE_PER_USER else NOTHING
        return attempt(db, caller, insert(table, second_row(line)), before)
    if command == "D":
        return attempt(db, caller, remove, NOTHING)
    statement = {
        "S": "select id from {table} where id = {id}",
        "U": "update {table} set {column} = {column} where id = {id}",
    }[command]
    return attempt(db, caller, sql.SQL(statement).format(**target), NOTHING)


def test_matrix_speaks_of_every_table() -> None:
    assert {table_of(line) for line in PERMITTED} == set(ALL_TABLES)
    assert set(PERMITTED) == set(ROWS)


@pytest.mark.parametrize("line", PERMITTED)
def test_matrix(db: Connection, world: dict[str, object], line: str) -> None:
    seen = {
        caller: "".join(outcome(db, world, caller, line, command) for command in "SIUD")
        for caller in PERMITTED[line]
    }
    assert seen == PERMITTED[line]


@pytest.mark.parametrize("rule", RULES)
def test_rule_of_the_overview(db: Connection, world: dict[str, object], rule: str) -> None:
    for caller, line, commands, expected in RULES[rule]:
        for command in commands:
            assert outcome(db, world, caller, line, command) == expected, (caller, line, command)


@pytest.mark.parametrize("caller", CALLERS)
def test_nobody_truncates(db: Connection, caller: str) -> None:
    for table in ALL_TABLES:
        statement = sql.SQL("truncate {} cascade").format(sql.Identifier("public", table))
        assert attempt(db, caller, statement, NOTHING) == "-", table


def test_only_the_owner_holds_truncate_references_and_trigger(db: Connection) -> None:
    held = db.execute("""
        select c.relname, a.grantee::regrole::text, a.privilege_type
        from pg_class c, aclexplode(coalesce(c.relacl, acldefault('r', c.relowner))) a
        where c.relnamespace in ('public'::regnamespace, 'private'::regnamespace)
          and c.relkind in ('r', 'p', 'v', 'm', 'S')
          and a.grantee <> c.relowner
          and a.privilege_type not in ('SELECT', 'INSERT', 'UPDATE', 'DELETE')
    """).fetchall()
    assert held == []


def test_nothing_is_granted_to_everybody(db: Connection) -> None:
    to_public = db.execute("""
        select c.oid::regclass::text from pg_class c, aclexplode(c.relacl) a
        where c.relnamespace in ('public'::regnamespace, 'private'::regnamespace) and a.grantee = 0
        union all
        select format('%s.%s', t.attrelid::regclass, t.attname)
        from pg_attribute t join pg_class c on c.oid = t.attrelid, aclexplode(t.attacl) a
        where c.relnamespace = 'public'::regnamespace and a.grantee = 0
        union all
        select p.oid::regprocedure::text
        from pg_proc p, aclexplode(coalesce(p.proacl, acldefault('f', p.proowner))) a
        where p.pronamespace in ('public'::regnamespace, 'private'::regnamespace) and a.grantee = 0
    """).fetchall()
    assert to_public == []


def test_no_api_role_touches_a_sequence(db: Connection) -> None:
    reachable = db.execute("""
        select c.relname, r from pg_class c, unnest('{anon,authenticated,service_role}'::text[]) r
        where c.relkind = 'S' and c.relnamespace = 'public'::regnamespace
          and (has_sequence_privilege(r, c.oid, 'usage')
            or has_sequence_privilege(r, c.oid, 'select')
            or has_sequence_privilege(r, c.oid, 'update'))
    """).fetchall()
    assert reachable == []


# EXECUTE ---------------------------------------------------------------------------------------


def test_execute_speaks_of_every_function(db: Connection) -> None:
    functions = db.execute("""
        select format('%I.%I(%s)', n.nspname, p.proname, replace(
          pg_catalog.oidvectortypes(p.proargtypes), ', ', ','))
        from pg_proc p join pg_namespace n on n.oid = p.pronamespace
        where n.nspname in ('public', 'private')
    """).fetchall()
    assert {name for (name,) in functions} | {"auth.uid()"} == set(EXECUTABLE)


def execution(db: Connection, caller: str, function: str) -> str:
    """Calls a function with nulls as a caller; returns `+`, `-`, or the server's complaint."""
    name, _, types = function.rstrip(")").partition("(")
    arguments = ", ".join(f"null::{type_}" for type_ in types.split(",") if type_)
    with db.transaction(force_rollback=True):
        become(db, caller)
        try:
            with db.transaction():
                db.execute(f"select {name}({arguments})".encode())
        except psycopg.errors.InsufficientPrivilege as error:
            message = error.diag.message_primary or ""
            denied = message.startswith(
                ("permission denied for function", "permission denied for schema")
            )
            return "-" if denied else message
        except (
            psycopg.errors.InvalidParameterValue,  # they were executed, and refused the nulls
            psycopg.errors.FeatureNotSupported,
        ):
            return "+"
    return "+"


@pytest.mark.parametrize("caller", CALLERS)
def test_execute(db: Connection, caller: str) -> None:
    role = caller if caller in ("anon", "service") else "authenticated"
    expected = {function: row[role] for function, row in EXECUTABLE.items()}
    assert {function: execution(db, caller, function) for function in EXECUTABLE} == expected


# Columns ---------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("privilege", "exceptions"),
    [("SELECT", READABLE_COLUMNS), ("INSERT", INSERTABLE_COLUMNS), ("UPDATE", UPDATABLE_COLUMNS)],
)
def test_column_privileges_of_users(
    db: Connection, privilege: str, exceptions: dict[str, str]
) -> None:
    letter = "SIUD".index(privilege[0])
    writable = {
        table: {row["owner"][letter] for line, row in PERMITTED.items() if table_of(line) == table}
        for table in ALL_TABLES
    }
    expected = {
        (table, column)
        for table, columns in ALL_TABLES.items()
        if writable[table] != {"-"}
        for column in exceptions.get(table, columns).split()
    }
    held = db.execute(
        """
        select c.relname, a.attname from pg_attribute a join pg_class c on c.oid = a.attrelid
        where c.relnamespace = 'public'::regnamespace and c.relkind = 'r' and a.attnum > 0
          and not a.attisdropped
          and has_column_privilege('authenticated', c.oid, a.attnum, %s)
        """,
        (privilege,),
    ).fetchall()
    assert set(held) == expected


@pytest.mark.parametrize(
    "statement",
    [
        'select "passwordHash" from public.users',
        "select * from public.users",
        "select users from public.users",
        'select id from public.users where "passwordHash" is null',
        'select id from public.users order by "passwordHash"',
        "update public.users set \"passwordHash\" = 'x'",
        'update public.users set name = name returning "passwordHash"',
        "delete from public.users returning *",
        'insert into public.users (email, "passwordHash") values (null, null)',
        'copy public.users ("passwordHash") to stdout',
    ],
)
def test_password_hash_is_neither_readable_nor_writable(
    db: Connection, world: dict[str, object], statement: str
) -> None:
    assert attempt(db, "owner", sql.SQL(statement).format(), NOTHING) == "-"
