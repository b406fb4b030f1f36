"""What a database's own search path must not be able to do to whoever connects."""

from __future__ import annotations

import pytest
from psycopg import sql

from console.connection.profile import Profile
from console.connection.session import Session
from tests.conftest import Admin

SPRINGS = """
create schema trap;
create function trap.eq(name, name) returns boolean language plpgsql as
$$ begin raise exception 'trap'; end $$;
create function trap.glue(text, text) returns text language plpgsql as
$$ begin raise exception 'trap'; end $$;
"""
TRAPS = (
    "create function trap.current_setting(text) returns text language sql as $$ select 'trap' $$",
    "create operator trap.= (leftarg = name, rightarg = name, function = trap.eq)",
    "create operator trap.|| (leftarg = text, rightarg = text, function = trap.glue)",
    "create domain trap.text as pg_catalog.text check (value = 'trap')",
)


@pytest.mark.parametrize("trap", TRAPS)
async def test_connecting_runs_no_function_of_the_database(
    trap: str, empty_db: Profile, admin: Admin
) -> None:
    with admin(empty_db) as connection:
        connection.execute(SPRINGS)
        connection.execute(trap.encode())
        database = sql.Identifier(empty_db.parameters["dbname"])
        connection.execute(
            sql.SQL("alter database {} set search_path = trap, pg_catalog").format(database)
        )
    async with Session(empty_db) as session:
        assert session.server is not None
        assert session.server.user == "postgres"
        assert session.server.version >= 150000
