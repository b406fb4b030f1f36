"""The column that tells when a row was last changed, on every table that has it."""

from __future__ import annotations

import pytest
from psycopg import sql

from tests.schema.inventory import ALL_TABLES
from tests.schema.world import ROWS, Connection, insert, second_row

CHANGED = {
    table: column
    for table, columns in ALL_TABLES.items()
    for column in ("updatedAt", "updated_at")
    if column in columns.split()
}
LONG_AGO = "2001-01-01"


def test_sixteen_tables_have_it() -> None:
    assert len(CHANGED) == 16


@pytest.mark.parametrize("table", CHANGED)
def test_update_sets_it_and_changes_nothing_else(
    db: Connection, world: dict[str, object], table: str
) -> None:
    column = CHANGED[table]
    if table in ("users", "subscriptions", "privacy_prefs"):
        db.execute(f"delete from public.{table}".encode())
    old = second_row(table) | {column: LONG_AGO}
    returning = sql.SQL(" returning id, to_jsonb({}.*) - {}").format(
        sql.Identifier(table), sql.Literal(column)
    )
    [[id_, before]] = db.execute(insert(table, old) + returning).fetchall()
    touched = next(name for name in ROWS[table] if name != "id")
    update = sql.SQL(
        "update {table} set {touched} = {touched}, {column} = %s where id = %s"
        " returning {column} = now(), to_jsonb({name}.*) - {text}"
    ).format(
        table=sql.Identifier("public", table),
        name=sql.Identifier(table),
        touched=sql.Identifier(touched),
        column=sql.Identifier(column),
        text=sql.Literal(column),
    )
    # also when somebody tries to set it to something else
    assert db.execute(update, (LONG_AGO, id_)).fetchall() == [(True, before)]
