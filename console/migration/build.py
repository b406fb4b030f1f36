"""Makes `schema/expected_catalog.json` from the migration file.

Run `python -m console.migration.build` after every change of the file. It applies the file
to a scratch database statement by statement, and reads a snapshot after each to learn what
the statement creates. Only here is SQL split; nothing at run time parses it.
"""

from __future__ import annotations

import asyncio
import json
import re
import sys
import tempfile
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from psycopg import Error as PostgresError

from console.assets import EXPECTED_CATALOG, MASTER_MIGRATION, PLAIN_POSTGRES, schema_file
from console.connection.session import Session, query_text
from console.errors import ConsoleError
from console.migration.expected import API_ROLES, FORMAT, Scope, Statement, digest, read_sql
from console.migration.model import CatalogObject, Key
from console.migration.snapshot import SEARCH_PATH, read_snapshot

if TYPE_CHECKING:
    from console.connection.session import Transaction

_EXTENSION = re.compile(
    r'\bcreate\s+extension\s+(?:if\s+not\s+exists\s+)?"?(\w+)"?\s+(?:with\s+)?schema\s+"?(\w+)"?',
    re.IGNORECASE,
)
_DROP_POLICY = re.compile(r"drop\s+policy\b", re.IGNORECASE)

# A revoke shows what it is about only where there is something to revoke. Public's usage is
# what plain_postgres.sql grants too, so that a grant of it would show nothing.
_GENEROUS = """
alter default privileges grant all on tables to anon, authenticated, service_role;
alter default privileges grant all on sequences to anon, authenticated, service_role;
alter default privileges grant all on functions to anon, authenticated, service_role;
alter default privileges grant all on schemas to anon, authenticated, service_role;
revoke usage on schema public from anon, authenticated, service_role
"""

_KIND_ORDER = (
    *("role", "schema", "extension", "table", "column", "constraint"),
    *("index", "function", "trigger", "policy", "grant", "comment"),
)


def split(sql: str) -> Iterator[Statement]:
    """Yields the statements of a file, without what they create.

    Comments before a statement and its semicolon are not part of it.
    """
    from sqlparse import tokens
    from sqlparse.engine import FilterStack

    offset = number = 0
    for parsed in FilterStack().run(sql):  # type: ignore[no-untyped-call]
        start = end = None
        position = offset
        for token in parsed.flatten():
            length = len(token.value)
            blank = token.is_whitespace or token.ttype in tokens.Comment
            if not blank and not (token.ttype in tokens.Punctuation and token.value == ";"):
                start = position if start is None else start
                end = position + length
            position += length
        offset = position
        if start is not None and end is not None:
            number += 1
            line = sql.count("\n", 0, start) + 1
            yield Statement(number, start, end, line, (), seed=False)


async def build_expected(session: Session, path: Path) -> dict[str, Any]:
    """Applies a migration file to a scratch database and describes what it made.

    Everything happens in one transaction that is rolled back. The file has to qualify every
    name: no schema of ours is on the search path.

    Args:
        session: A superuser's, writable, on a database where plain_postgres.sql was applied.
        path: The migration file.

    Returns:
        The expected catalog as a JSON document.

    Raises:
        ConsoleError: The file is not SQL, a statement fails (named by line), or it creates
            something of a kind that verify does not compare.
    """
    sql = read_sql(path)
    statements: list[Statement] = []
    waiting: list[Statement] = []
    async with session.transaction(read_only=False, search_path=SEARCH_PATH) as tx:
        tx.connection.prepare_threshold = 3  # planning the snapshot takes longer than running it
        await tx.connection.execute(_GENEROUS.encode())
        baseline = (await read_snapshot(tx, await _own_scope(tx))).objects
        known = dict(baseline)
        inserted: frozenset[str] = frozenset()
        for statement in split(sql):
            text = sql[statement.start : statement.end]
            try:
                await tx.connection.execute(text.encode())
            except PostgresError as error:
                fault = error.diag.message_primary
                raise ConsoleError(f"{path.name}:{statement.line}: {fault}") from error
            there = set(known)
            touched = await _touched(tx, known, text)
            statements = _without(statements, there - known.keys())
            if not touched:  # a function may merely speak of it
                touched += [("extension", name) for name, _ in _EXTENSION.findall(text)]
            filled = await _filled(tx)
            touched += [("table", table) for table in sorted(filled - inserted)]
            learned = replace(statement, creates=tuple(touched), seed=filled != inserted)
            inserted = filled
            if _DROP_POLICY.match(text):
                waiting.append(learned)
            else:
                statements += [replace(item, creates=learned.creates) for item in waiting]
                statements.append(learned)
                waiting = []
        scope = await _own_scope(tx)
        final = await read_snapshot(tx, scope)
    statements += waiting
    if final.foreign:
        kinds = ", ".join(sorted(final.foreign))
        raise ConsoleError(
            f"{path.name} creates what verify does not compare: {kinds}",
            hint="teach queries/snapshot.sql to read it first",
        )
    stray = [key for key, item in final.objects.items() if not _same(item, known.get(key))]
    if stray or len(known) != len(final.objects):
        raise ConsoleError(f"{path.name}: no statement names {stray or 'what it drops'}")
    extensions = dict(_EXTENSION.findall(sql))
    objects = {
        key: item
        for key, item in final.objects.items()
        if item.kind == "role" or item != baseline.get(key)
    }
    for name, schema in extensions.items():
        objects["extension", name] = CatalogObject("extension", name, None, {"schema": schema})
    return {
        "format": FORMAT,
        "sql_file": path.name,
        "sql_sha256": digest(sql),
        "scope": {
            "tables": scope.tables,
            "functions": scope.functions,
            "schemas": scope.schemas,
            "extensions": sorted(extensions),
            "roles": scope.roles,
        },
        "statements": [
            {
                "number": item.number,
                "start": item.start,
                "end": item.end,
                "line": item.line,
                "creates": sorted(
                    objects.keys() & set(item.creates), key=lambda key: _place(objects[key])
                ),
                "seed": item.seed,
            }
            for item in statements
        ],
        "objects": [
            [item.kind, item.identity, item.table, item.definition]
            for item in sorted(objects.values(), key=_place)
        ],
    }


def dump(document: dict[str, Any]) -> str:
    """Writes an expected catalog with one object or statement a line, for readable diffs."""
    parts = []
    for name, value in document.items():
        if isinstance(value, list):
            lines = ",\n".join(json.dumps(item, ensure_ascii=False) for item in value)
            parts.append(f"{json.dumps(name)}: [\n{lines}\n]")
        else:
            parts.append(f"{json.dumps(name)}: {json.dumps(value, ensure_ascii=False)}")
    return "{\n" + ",\n".join(parts) + "\n}\n"


def _place(item: CatalogObject) -> tuple[int, str, str]:
    return _KIND_ORDER.index(item.kind), item.table or "", item.identity


async def _own_scope(tx: Transaction) -> Scope:
    rows = await tx.fetch(query_text("console.migration", "own_names"))
    names: dict[str, list[tuple[str, str]]] = {"schema": [], "table": [], "function": []}
    for kind, schema, name in rows:
        names[kind].append((schema, name))
    return Scope(
        tables=tuple(names["table"]),
        functions=tuple(names["function"]),
        schemas=tuple(schema for schema, _ in names["schema"]),
        extensions=(),
        roles=API_ROLES,
    )


async def _filled(tx: Transaction) -> frozenset[str]:
    rows = await tx.fetch(
        "select schemaname || '.' || quote_ident(relname) from pg_stat_xact_user_tables"
        " where n_tup_ins > 0"
    )
    return frozenset(row[0] for row in rows)


def _without(statements: list[Statement], revoked: set[Key]) -> list[Statement]:
    """Forgets that statements gave what a later one takes back: that one is then to give it."""
    if not revoked:
        return statements
    return [
        replace(item, creates=tuple(key for key in item.creates if key not in revoked))
        for item in statements
    ]


async def _touched(tx: Transaction, known: dict[Key, CatalogObject], text: str) -> list[Key]:
    """Finds what a statement created, changed or revoked privileges on; brings known up to date.

    Looks only at relations and functions whose names occur in the statement: reading all of
    them five hundred times takes minutes.
    """
    words = frozenset(re.findall(r"\w+", text))
    sequences = [word for word in words if word.endswith("_seq")]
    scope = await _own_scope(tx)
    near = replace(
        scope,
        tables=tuple(
            (schema, name)
            for schema, name in scope.tables
            if name in words or any(word.startswith(f"{name}_") for word in sequences)
        ),
        functions=tuple(name for name in scope.functions if name[1] in words),
    )
    now = (await read_snapshot(tx, near)).objects
    touched = [key for key, item in now.items() if not _same(item, known.get(key))]
    for key, item in list(known.items()):
        if key in now or not _owners(item) & now.keys():
            continue
        del known[key]
        if item.kind == "grant":
            touched += [owner for owner in _owners(item) if owner not in touched]
    known.update(now)
    return touched


def _same(one: CatalogObject, other: CatalogObject | None) -> bool:
    return other is not None and one.compared == other.compared


def _owners(item: CatalogObject) -> set[Key]:
    """Returns the table, function or schema an object is attached to."""
    if item.table is not None:
        return {("table", item.table)}
    kind, _, identity = str(item.definition.get("on", "")).partition(" ")
    return {(kind, identity)}


async def _main() -> None:
    from console.connection.embedded import EmbeddedServer, find_binaries

    path = schema_file(MASTER_MIGRATION)
    target = path.with_name(EXPECTED_CATALOG)
    binaries = find_binaries(wheel_first=True)
    with (
        tempfile.TemporaryDirectory(prefix="rowsight-"),
        EmbeddedServer(binaries=binaries) as server,
    ):
        profile = replace(server.profile(), read_only=False)
        async with Session(profile, purpose="build") as session:
            async with session.transaction(read_only=False, commit=True) as tx:
                await tx.connection.execute(schema_file(PLAIN_POSTGRES).read_bytes())
            document = await build_expected(session, path)
    target.write_text(dump(document), encoding="utf-8")
    counted = f"{len(document['objects'])} objects, {len(document['statements'])} statements"
    sys.stderr.write(f"{target}: {counted}\n")


if __name__ == "__main__":
    asyncio.run(_main())
