"""The console's list of what may be deleted is the schema's own."""

from __future__ import annotations

from psycopg import sql

from console.operations.rules import RULES
from tests.operations.conftest import Database

MOMENT = "2026-01-02 03:04:05+00"


def test_the_list_is_the_same_as_in_the_schema(database: Database) -> None:
    listed = dict(database.execute("select * from private.retention_rules()").fetchall())
    assert listed.keys() == RULES.keys()
    for table, condition in listed.items():
        # What the planner makes of both is the same.
        theirs = condition.replace("$1", f"'{MOMENT}'::timestamptz")
        ours = RULES[table].expired(MOMENT).as_string(None)
        plans = [
            database.execute(
                sql.SQL("explain (costs off) select from {} where {}").format(
                    RULES[table].relation,
                    sql.SQL(text),
                )
            ).fetchall()
            for text in (theirs, ours)
        ]
        assert plans[0] == plans[1], table


def test_users_and_the_transparency_log_are_not_on_it() -> None:
    assert not {"users", "privacy_transparency_log", "privacy_prefs"} & RULES.keys()
