"""What people call a row that a column points to: an e-mail or a name instead of an id."""

from __future__ import annotations

from collections.abc import Collection

from psycopg import sql

from console.access.expression import on_one_line
from console.access.persona import Persona, is_uuid
from console.access.rules import Rules
from console.connection.session import TextTable, Transaction, query_text
from console.errors import ConsoleError

_TELLING = ("email", "name", "slug", "key", "title", "label", "username")
"""Columns that people know a row by, the best first."""
_LONGEST = 60


async def tried(
    transaction: Transaction, query: sql.Composable, *, seconds: float | None = None
) -> TextTable | ConsoleError:
    """Runs one query of the login's; its failure is returned and the transaction goes on."""
    await transaction.execute("savepoint rowsight_try")
    try:
        if seconds is not None:
            await transaction.execute(f"set local statement_timeout = {round(seconds * 1000)}")
        found: TextTable | ConsoleError = await transaction.texts(query)
    except ConsoleError as error:
        if error.exit_code == 3:
            raise
        found = error
    await transaction.execute("rollback to savepoint rowsight_try")
    return found


async def are_tables(transaction: Transaction, *names: str) -> bool:
    """Tells whether to read any of these names in `public` calls nothing that is anybody's.

    So does the query of a view, and the cast of a type as which a column is compared.
    """
    query = sql.SQL(query_text("console.access", "acting")) + sql.SQL(
        "select not exists (select from pg_catalog.pg_class c"
        " join pg_catalog.pg_namespace n on n.oid = c.relnamespace"
        " where n.nspname = 'public' and c.relname in ({}) and (c.relkind not in ('r', 'p')"
        " or exists (select from pg_catalog.pg_attribute a"
        " where a.attrelid = c.oid and a.atttypid in (select type from acting))))"
    ).format(sql.SQL(", ").join(map(sql.Literal, names)))
    return (await transaction.texts(query)).rows == [("t",)]


def shorten(text: str) -> str:
    """Cuts a value for a sentence."""
    return text if len(text) <= _LONGEST else f"{text[: _LONGEST - 1]}…"


def excerpt(expression: str) -> str:
    """Cuts an expression for a sentence, and takes the server's line breaks out of it."""
    return shorten(on_one_line(expression))


class Labels:
    """Names of rows, as the login may read them, asked for once.

    Args:
        transaction: The login's.
        persona: Who is called by the label of the persona wherever its id stands.
    """

    def __init__(self, transaction: Transaction, persona: Persona) -> None:
        self._transaction = transaction
        self._persona = persona
        self._known: dict[tuple[str, str], str] = {}

    async def of(self, rules: Rules, column: str, values: Collection[str]) -> dict[str, str]:
        """Returns what to call each value of a column; the value itself where nothing is known."""
        target = _target(rules, column)
        if target is not None:
            await self._read(
                *target, [v for v in values if (column_of(target), v) not in self._known]
            )
        found = {}
        for value in values:
            known = self._known.get((column_of(target), value)) if target else None
            if value == self._persona.user_id:
                known = known or self._persona.label
            found[value] = shorten(known or value)
        return found

    async def called(
        self, rules: Rules, column: str | None, values: Collection[str]
    ) -> dict[str, str]:
        """Returns what to call each value, of a column or of anything else."""
        if column is not None:
            return await self.of(rules, column, values)
        return {value: await self.person(value) for value in values}

    async def person(self, value: str) -> str:
        """Returns what to call a value that may be a user's id."""
        if value == self._persona.user_id:
            return self._persona.label
        if not is_uuid(value):
            return shorten(value)
        key = ("public.users.id", value)
        if key not in self._known and await are_tables(self._transaction, "users"):
            await self._read("public", "users", "id", [value])
        return shorten(self._known.get(key) or value)

    async def _read(self, schema: str, table: str, column: str, values: Collection[str]) -> None:
        if not values:
            return
        # What is not found is not asked for again.
        self._known |= {(f"{schema}.{table}.{column}", value): "" for value in values}
        relation = sql.Identifier(schema, table)
        telling = await self._telling(schema, table)
        if telling is None:
            return
        query = sql.SQL("select {0}, {1} from {2} where {0} in ({3})").format(
            sql.Identifier(column),
            sql.Identifier(telling),
            relation,
            sql.SQL(", ").join(map(sql.Literal, values)),
        )
        found = await tried(self._transaction, query, seconds=1)
        if isinstance(found, TextTable):
            for key, label in found.rows:
                if key is not None and label:
                    self._known[f"{schema}.{table}.{column}", key] = label

    async def _telling(self, schema: str, table: str) -> str | None:
        query = sql.SQL(
            "select a.attname from pg_catalog.pg_attribute a"
            " join pg_catalog.pg_class c on c.oid = a.attrelid"
            " join pg_catalog.pg_namespace n on n.oid = c.relnamespace"
            " join pg_catalog.pg_type y on y.oid = a.atttypid"
            " where n.nspname = {} and c.relname = {} and y.typcategory = 'S' and a.attnum > 0"
        ).format(sql.Literal(schema), sql.Literal(table))
        found = {row[0] for row in (await self._transaction.texts(query)).rows}
        return next((name for name in _TELLING if name in found), None)


def column_of(target: tuple[str, str, str]) -> str:
    """Returns a column's full name."""
    return ".".join(target)


def _target(rules: Rules, column: str) -> tuple[str, str, str] | None:
    """Finds what a column points to; a key points to its own table."""
    for key in rules.foreign_keys:
        if key.columns == (column,) and not key.acts:
            return key.schema, key.table, key.referenced[0]
    if rules.key == (column,):
        return rules.schema, rules.name, column
    return None
