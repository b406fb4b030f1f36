"""Random schemas, policies and people, for comparing answers with what PostgreSQL does."""

from __future__ import annotations

import json
import random
import re
from dataclasses import dataclass, field, replace
from typing import Any
from uuid import UUID

import psycopg
from psycopg import sql

from console.access.persona import Named, Persona

Connection = psycopg.Connection[Any]

SCHEMA = "w"
ROLES = ("prop_a", "prop_b", "prop_c", 'prop "odd" %s', "prop_owner", "prop_heir", "prop_bypass")
GROUPS = ("prop_group", "prop_deaf")
"""prop_b inherits from prop_group; prop_c is a member of it that does not."""

NAMES = ("items", "Items", "ta\"b'le %s {} \n\x1b😀", "select", "user", "n", "notes")
COLUMNS = {
    "owner": ("owner", "userId", 'o"wner %s'),
    "flag": ("flag", "isOpen", "where"),
    "n": ("n", "Count", "n %"),
    "txt": ("txt", "Name", "{}"),
}
PEOPLE = [str(UUID(int=i)) for i in range(1, 5)]


BUILT = {
    "permissive": r"^create policy .* as permissive",
    "restrictive": r"^create policy .* as restrictive",
    "for every command": r"^create policy .* for all ",
    "for everybody": r"^create policy .* to public",
    "through a role that is inherited": r'^create policy .* to [^(]*"prop_group"',
    "sub-select over another table": r"^create policy .* from \"w\"\..* as o ",
    "recursion": r"^create policy .* from \"w\"\..* as s\)",
    "definer function": r"^create policy .*priv\.of_definer",
    "invoker function": r"^create policy .*priv\.of_invoker",
    "whole row": r"^create policy .*priv\.whole_",
    "null": r"^create policy .*null::boolean",
    "error": r"^create policy .*(1 / |::int > 3)",
    "mixed case": r'^create table "w"\."Items"',
    "hostile name": r'^create table "w"\."ta""b',
    "keyword": r'^create table "w"\."(select|user)"',
    "generated column": r"^create table .* generated always as .* stored",
    "partition": r"^create table .* partition of",
    "dropped column": r" drop column ",
    "forced": r" force row level security",
    "owner": r" owner to prop_owner",
    "column grant": r"^grant (select|insert|update) \(",
    "no usage": r"^revoke usage on schema",
    "serial": r"^create table .*, counted serial",
    "sequence granted": r"^grant usage on sequence",
    "trigger": r"^create trigger",
    "invoker view": r"^create view .* with \(security_invoker",
}
"""What the worlds together must have been made of, and how a script tells."""


@dataclass(frozen=True)
class Table:
    """A table of a world; columns are named by what they are for."""

    name: str
    column: dict[str, str]
    partition: str | None = None
    generated: bool = False
    serial: bool = False
    counted: bool = False
    view: str | None = None

    @property
    def sql(self) -> sql.Identifier:
        return sql.Identifier(SCHEMA, self.name)

    def col(self, purpose: str) -> str:
        return sql.Identifier(self.column[purpose]).as_string()


@dataclass
class World:
    """What a seed makes."""

    seed: int
    version: int
    random: random.Random = field(init=False)
    tables: list[Table] = field(default_factory=list)
    script: list[str] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.random = random.Random(self.seed)

    def chance(self, share: float) -> bool:
        return self.random.random() < share

    def personas(self, count: int) -> list[Persona]:
        found = []
        for role in self.random.sample(ROLES, count):
            claims: dict[str, Any] = {"role": role, "aal": self.random.choice(["aal1", "aal2"])}
            if self.chance(0.9):
                claims["sub"] = self.random.choice(PEOPLE[:3])
            if self.chance(0.05):
                claims["sub"] = "not-a-uuid"
            found.append(Persona(role, role, json.dumps(claims), Named("role", role)))
        return found

    def built(self) -> set[str]:
        """Tells which of the things of BUILT this world holds."""
        return {
            name
            for name, pattern in BUILT.items()
            if any(re.search(pattern, line, re.DOTALL) for line in self.script)
        }

    def run(self, connection: Connection, statement: str | sql.Composable) -> None:
        text = statement if isinstance(statement, str) else statement.as_string()
        self.script.append(text)
        connection.execute(text.encode())


def make_roles(connection: Connection) -> None:
    """Creates the roles, once for each server."""
    for name in (*ROLES, *GROUPS):
        exists = connection.execute("select 1 from pg_roles where rolname = %s", (name,))
        if exists.fetchone() is None:
            kind = " bypassrls" if name == "prop_bypass" else ""
            inherit = " noinherit" if name == "prop_c" else ""
            create = sql.SQL("create role {} nologin" + kind + inherit)
            connection.execute(create.format(sql.Identifier(name)))
    connection.execute("grant prop_group to prop_b, prop_c; grant prop_owner to prop_heir")


def build(world: World, connection: Connection) -> None:
    """Makes the world's schema anew."""
    connection.execute("drop schema if exists w cascade; drop schema if exists priv cascade")
    run, chance, pick = world.run, world.chance, world.random.choice
    run(connection, "create schema w; create schema priv")
    everybody = sql.SQL(", ").join(map(sql.Identifier, ROLES))
    names = world.random.sample(NAMES, 3)
    for name in names:
        _table(world, connection, name)
    for role in ROLES:
        if chance(0.95):
            run(connection, sql.SQL("grant usage on schema w to {}").format(sql.Identifier(role)))
        word = (
            "grant usage on schema {} to {}" if chance(0.8) else "revoke usage on schema {} from {}"
        )
        for schema in ("auth", "priv"):
            run(connection, sql.SQL(word).format(sql.Identifier(schema), sql.Identifier(role)))
    _functions(world, connection)
    for table in world.tables:
        _rules(world, connection, table, everybody)
        _surroundings(world, connection, table, everybody)
    if chance(0.4):
        other = pick(world.tables)
        run(connection, sql.SQL("alter table {} owner to prop_owner").format(other.sql))


def _table(world: World, connection: Connection, name: str) -> None:
    chance, run = world.chance, world.run
    column = {purpose: world.random.choice(names) for purpose, names in COLUMNS.items()}
    if len(set(column.values())) < 4:
        column = {purpose: names[0] for purpose, names in COLUMNS.items()}
    column["id"] = "id"
    partitioned = chance(0.2)
    generated, serial, counted = chance(0.3), chance(0.2), chance(0.25)
    part_name = f"{name[:20]} part" if partitioned else None
    view = f"{name[:20]} view" if world.version >= 150000 and chance(0.3) else None
    table = Table(name, column, part_name, generated, serial, counted, view)
    identity = [sql.Identifier(column[purpose]) for purpose in ("owner", "flag", "n", "txt")]
    extra = ""
    if generated:
        kind = "virtual" if world.version >= 180000 and chance(0.4) else "stored"
        extra += f", twice int generated always as ({table.col('n')} * 2) {kind}"
    if serial:
        extra += ", serial bigint generated by default as identity"
    if counted:
        extra += ", counted serial"
    if chance(0.3):
        extra += ", dropped int"
    create = sql.SQL(
        "create table {} (id int primary key, {} uuid default auth.uid(), {} boolean,"
        " {} int, {} text" + extra + ")" + (" partition by range (id)" if partitioned else "")
    ).format(table.sql, *identity)
    run(connection, create)
    if "dropped" in extra:
        run(connection, sql.SQL("alter table {} drop column dropped").format(table.sql))
    if table.partition is not None:
        part = sql.Identifier(SCHEMA, table.partition)
        statement = sql.SQL("create table {} partition of {} for values from (0) to (1000)")
        run(connection, statement.format(part, table.sql))
    for key in range(1, 6):
        insert = sql.SQL("insert into {} (id, {}) values ({}, {})").format(
            table.sql,
            sql.SQL(", ").join(identity),
            sql.Literal(key),
            sql.SQL(", ").join(map(sql.Literal, values(world))),
        )
        run(connection, insert)
    world.tables.append(table)


def values(world: World) -> tuple[str | None, bool | None, int | None, str | None]:
    """Returns owner, flag, n and txt of a row."""
    pick = world.random.choice
    return (
        pick([*PEOPLE, None]),
        pick([True, False, None]),
        pick([0, 1, 2, 3, None]),
        pick(["7", "x", "", None, "it's"]),
    )


def _functions(world: World, connection: Connection) -> None:
    """Functions of both security kinds that read a table, and one that takes the whole row."""
    for security in ("definer", "invoker"):
        table = world.random.choice(world.tables)
        statement = sql.SQL(
            "create function priv.{} () returns setof int stable language sql security "
            + security
            + " set search_path = '' as {}"
        ).format(
            sql.Identifier(f"of_{security}"),
            sql.Literal(f"select id from {table.sql.as_string()} where {table.col('n')} > 1"),
        )
        world.run(connection, statement)
        if world.chance(0.1):
            revoke = f"revoke execute on function priv.of_{security}() from public"
            world.run(connection, revoke)
    for number, table in enumerate(world.tables):
        body = f"select coalesce(($1).{table.col('n')}, 0) < 3"
        statement = sql.SQL(
            "create function priv.{} ({}) returns boolean stable language sql as {}"
        ).format(sql.Identifier(f"whole_{number}"), table.sql, sql.Literal(body))
        world.run(connection, statement)


def condition(world: World, table: Table, depth: int = 0) -> str:
    """Returns a random condition over a table's rows."""
    pick, chance = world.random.choice, world.chance
    if depth < 2 and chance(0.4):
        word = pick([" and ", " or "])
        parts = [condition(world, table, depth + 1) for _ in range(2)]
        return f"({word.join(parts)})"
    if chance(0.08):
        return f"not ({condition(world, table, depth + 1)})"
    owner, flag, n, txt = (table.col(purpose) for purpose in ("owner", "flag", "n", "txt"))
    other = world.random.choice([t for t in world.tables if t is not table])
    number, quote = world.tables.index(table), "''"
    simple = [
        f"{owner} = (select auth.uid())",
        f"{owner} = auth.uid()",
        flag,
        f"{flag} is not true",
        f"{n} > {pick([0, 1, 2])}",
        f"{n} is null",
        f"{n} between 1 and 2",
        f"{txt} = '{pick(['7', 'x', 'it' + quote + 's', ''])}'",
        f"length({txt}) > 0",
        "true",
        "false",
        "null::boolean",
        f"current_user = '{pick(['prop_a', 'prop_b'])}'",
        f"(auth.jwt() ->> 'aal') = '{pick(['aal1', 'aal2'])}'",
        f"case when {flag} then {n} > 1 else {owner} is null end",
        f"id = any (array(select priv.of_{pick(['definer', 'invoker'])}()))",
        f"id in (select priv.of_{pick(['definer', 'invoker'])}())",
        f"priv.whole_{number}({sql.Identifier(table.name).as_string()}.*)",
        f"exists (select from {other.sql.as_string()} as o where o.id = "
        f"{sql.Identifier(table.name).as_string()}.id and o.{other.col('n')} > 0)",
        f"id in (select o.id from {other.sql.as_string()} as o where o.{other.col('flag')})",
    ]
    if table.generated:
        simple.append("twice > 2")
    if table.serial:
        simple.append("serial is not null")
    if table.counted:
        simple.append("counted > 0")
    if chance(0.06):
        return pick([f"1 / {n} > 0", f"({txt})::int > 3"])
    if chance(0.02):
        return f"id in (select s.id from {table.sql.as_string()} as s)"
    if chance(0.02):
        return f"tableoid <> 0 and {flag}"
    return pick(simple)


def _rules(world: World, connection: Connection, table: Table, everybody: sql.Composable) -> None:
    run, chance, pick = world.run, world.chance, world.random.choice
    relations = [table.sql]
    if table.partition is not None:
        relations.append(sql.Identifier(SCHEMA, table.partition))
    for relation in relations:
        if chance(0.9):
            run(connection, sql.SQL("alter table {} enable row level security").format(relation))
        if chance(0.25):
            run(connection, sql.SQL("alter table {} force row level security").format(relation))
        _grants(world, connection, relation, table, everybody)
    for number in range(world.random.randint(0, 6)):
        relation = pick(relations)
        command = pick(["all", "select", "insert", "update", "delete"])
        to: sql.Composable = sql.SQL(", ").join(
            sql.Identifier(role)
            for role in world.random.sample([*ROLES, *GROUPS], world.random.randint(1, 4))
        )
        if chance(0.35):
            to = sql.SQL("public")
        # A policy on the partition finds the row under the partition's own name.
        named = table
        if relation is not relations[0] and table.partition is not None:
            named = replace(table, name=table.partition, partition=None)
            world.tables.append(named)
        using = check = ""
        if command != "insert" and chance(0.95):
            using = f" using ({condition(world, named)})"
        if command in ("all", "insert", "update") and chance(0.6):
            check = f" with check ({condition(world, named)})"
        if named is not table:
            world.tables.remove(named)
        kind = "permissive" if chance(0.75) else "restrictive"
        create = sql.SQL("create policy {} on {} as " + kind + " for " + command + " to {}").format(
            sql.Identifier(pick(["p", "P", "a p", "zz%"]) + str(number)), relation, to
        )
        text = create.as_string() + using + check
        try:
            with connection.transaction():
                connection.execute(text.encode())
            world.script.append(text)
        except psycopg.errors.UndefinedFunction:
            pass  # a whole-row function of the parent does not take the partition's row


def _grants(
    world: World,
    connection: Connection,
    relation: sql.Identifier,
    table: Table,
    everybody: sql.Composable,
) -> None:
    for command in ("select", "insert", "update", "delete"):
        if world.chance(0.75):
            grant = sql.SQL("grant " + command + " on {} to {}")
            world.run(connection, grant.format(relation, everybody))
        elif command != "delete" and world.chance(0.7):
            purposes = ("id", "owner", "flag", "n", "txt")
            columns = world.random.sample(purposes, world.random.randint(1, 4))
            grant = sql.SQL("grant " + command + " ({}) on {} to {}")
            listed = sql.SQL(", ").join(sql.Identifier(table.column[c]) for c in columns)
            world.run(connection, grant.format(listed, relation, everybody))


def _surroundings(
    world: World, connection: Connection, table: Table, everybody: sql.Composable
) -> None:
    """A sequence that may be used or not, a view over the table, a trigger that meddles."""
    if table.counted and world.chance(0.6):
        found = connection.execute(
            "select pg_get_serial_sequence(%s, 'counted')", (table.sql.as_string(),)
        ).fetchone()
        assert found is not None
        sequence = sql.SQL(found[0])
        to = sql.SQL(" to ")
        world.run(connection, sql.SQL("grant usage on sequence ") + sequence + to + everybody)
    if table.view is not None:
        view = sql.Identifier(SCHEMA, table.view)
        create = sql.SQL("create view {} with (security_invoker = on) as select * from {}")
        world.run(connection, create.format(view, table.sql))
        _grants(world, connection, view, table, everybody)
    if world.chance(0.3):
        _trigger(world, connection, table)


def _trigger(world: World, connection: Connection, table: Table) -> None:
    n, txt = table.col("n"), table.col("txt")
    events = world.random.choice(["insert", "update", f"update of {txt}", "insert or update"])
    bodies = [
        f"begin new.{n} := coalesce(new.{n}, 0) + 1; return new; end",
        f"begin new.{txt} = 'x'; return new; end",
        "begin return new; end",
        "begin return null; end",
        f"begin if new.{n} > 1 then new.{n} := 0; end if; return new; end",
        "begin raise exception 'no row is good enough'; end",
    ]
    if world.chance(0.3):
        events, bodies = "delete", ["begin return old; end", "begin return null; end"]
    name = sql.Identifier("priv", f"meddle_{world.tables.index(table)}")
    function = sql.SQL("create function {} () returns trigger language plpgsql as {}")
    world.run(connection, function.format(name, sql.Literal(world.random.choice(bodies))))
    when = sql.SQL(f"create trigger meddle before {events} on ")
    calls = sql.SQL(" for each row execute function {}()").format(name)
    world.run(connection, when + table.sql + calls)
