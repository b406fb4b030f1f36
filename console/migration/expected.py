"""The expected catalog: what the migration file makes of an empty database.

It is shipped beside the file (`schema/expected_catalog.json`) and made by applying the file
to a scratch server; see `console.migration.build`. Nothing here parses SQL: an expression
never equals what the server makes of it, so only catalogs are compared with catalogs.
"""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

from console.assets import EXPECTED_CATALOG, MASTER_MIGRATION, schema_file
from console.errors import ConsoleError
from console.migration.model import CatalogObject, Key

FORMAT = 1
"""Version of the JSON document's layout."""

API_ROLES = ("anon", "authenticated", "service_role")
"""The roles through which an application reaches the database."""

_COMMENT = re.compile(r"--[^\n]*|/\*.*?\*/", re.DOTALL)


@dataclass(frozen=True, slots=True)
class Statement:
    """One statement of the migration file.

    Attributes:
        number: Position in the file, from 1.
        start: Offset of its first character in the file's text.
        end: Offset after its last character; the semicolon is not part of it.
        line: Line its first character is on, from 1.
        creates: The expected objects it creates or changes. A revoke names the object it
            revokes from, a `drop policy` the policy created after it, an insert its table.
            Run it when any of these is missing. Empty for what prepares the platform
            (roles, schema auth): run that whenever anything runs; it guards itself.
        seed: Whether it inserts rows.
    """

    number: int
    start: int
    end: int
    line: int
    creates: tuple[Key, ...]
    seed: bool


@dataclass(frozen=True, slots=True)
class Scope:
    """The names under which objects are ours, unquoted; everything else is foreign.

    Attributes:
        tables: (schema, name) of each relation.
        functions: (schema, name) of each function; its overloads are ours to judge.
        schemas: Schemas the migration creates.
        extensions: Extensions it asks for.
        roles: Roles whose attributes matter.
    """

    tables: tuple[tuple[str, str], ...]
    functions: tuple[tuple[str, str], ...]
    schemas: tuple[str, ...]
    extensions: tuple[str, ...]
    roles: tuple[str, ...]


@dataclass(frozen=True)
class Expected:
    """A migration file together with the catalog it makes.

    Attributes:
        sql: The file's text.
        path: Where it was read from.
        objects: Every object the file makes, and the roles it relies on.
        statements: The file's statements in order.
        scope: What is ours.
    """

    sql: str
    path: Path
    objects: Mapping[Key, CatalogObject]
    statements: tuple[Statement, ...]
    scope: Scope

    def text(self, statement: Statement) -> str:
        """Returns a statement's SQL without its semicolon."""
        return self.sql[statement.start : statement.end]

    @cached_property
    def _creators(self) -> Mapping[Key, tuple[Statement, ...]]:
        creators: dict[Key, tuple[Statement, ...]] = {}
        for statement in self.statements:
            for key in statement.creates:
                creators[key] = (*creators.get(key, ()), statement)
        return creators

    def statements_for(self, key: Key) -> tuple[Statement, ...]:
        """Returns the statements that make an object what it is, in the file's order."""
        return self._creators.get(key, ())

    @cached_property
    def zero_trust(self) -> frozenset[str]:
        """The tables whose policies bind even their owner."""
        return frozenset(
            item.identity
            for item in self.objects.values()
            if item.kind == "table" and item.definition["force_row_security"]
        )


def read_sql(path: Path) -> str:
    r"""Reads a migration file, line ends as `\\n`.

    Raises:
        ConsoleError: It cannot be read, is not text, or holds no statement.
    """
    try:
        text = path.read_text(encoding="utf-8")
    except OSError as error:
        raise _failure(
            "no_migration_file",
            f"{path} cannot be read: {error.strerror}",
            "check the path, or install rowsight again",
        ) from error
    except UnicodeDecodeError:
        raise _not_sql(path, "is not UTF-8 text") from None
    if "\x00" in text:
        raise _not_sql(path, "is not text")
    if not _COMMENT.sub("", text).strip().strip(";"):
        raise _not_sql(path, "holds no statement")
    return text


def digest(sql: str) -> str:
    """Returns the sha256 that ties an expected catalog to the text it was made from."""
    return hashlib.sha256(sql.encode()).hexdigest()


def load_expected(sql: Path | None = None, catalog: Path | None = None) -> Expected:
    """Loads the migration file and the expected catalog that belongs to it.

    Args:
        sql: The migration file; the shipped one when None.
        catalog: The expected catalog; the shipped one when None.

    Raises:
        ConsoleError: Either file is missing or unreadable, or they do not belong together.
    """
    path = sql or schema_file(MASTER_MIGRATION)
    text = read_sql(path)
    source = catalog or schema_file(EXPECTED_CATALOG)
    try:
        document = json.loads(source.read_text(encoding="utf-8"))
        made_from = document["sql_sha256"]
        if document["format"] != FORMAT:
            raise ValueError(document["format"])
    except OSError as error:
        raise _failure(
            "no_expected_catalog",
            f"{source} cannot be read: {error.strerror}",
            "check the path, or install rowsight again",
        ) from error
    except (ValueError, KeyError, TypeError) as error:
        raise _failure(
            "not_an_expected_catalog",
            f"{source} is not an expected catalog of format {FORMAT}",
            "make it again: python -m console.migration.build",
        ) from error
    if made_from != digest(text):
        raise _failure(
            "expected_mismatch",
            f"the expected catalog {source.name} was not made from {path.name} as it is now",
            "make it again: python -m console.migration.build",
        )
    return parse(document, text, path)


def parse(document: Mapping[str, object], sql: str, path: Path) -> Expected:
    """Turns an expected catalog's JSON document into an Expected."""
    statements: list[dict[str, object]] = document["statements"]  # type: ignore[assignment]
    rows: list[list[object]] = document["objects"]  # type: ignore[assignment]
    scope: dict[str, list[object]] = document["scope"]  # type: ignore[assignment]
    objects = (CatalogObject(*row) for row in rows)  # type: ignore[arg-type]
    return Expected(
        sql=sql,
        path=path,
        objects={catalog_object.key: catalog_object for catalog_object in objects},
        statements=tuple(
            Statement(
                **{**statement, "creates": tuple(map(tuple, statement["creates"]))}  # type: ignore[arg-type, call-overload]
            )
            for statement in statements
        ),
        scope=Scope(
            **{
                name: tuple(tuple(item) if isinstance(item, list) else item for item in items)
                for name, items in scope.items()
            }  # type: ignore[arg-type]
        ),
    )


def _failure(code: str, message: str, hint: str) -> ConsoleError:
    failure = ConsoleError(message, hint=hint)
    failure.code = code
    return failure


def _not_sql(path: Path, fault: str) -> ConsoleError:
    return _failure("not_sql", f"{path} {fault}", "give the migration's SQL file")
