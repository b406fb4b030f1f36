"""The file itself: runs anywhere, drops nothing that is not its own, and may be run again."""

from __future__ import annotations

import re

import sqlparse

from console import assets
from tests.schema.inventory import ALL_TABLES, POLICIES
from tests.schema.world import Connection

TEXT = assets.schema_file(assets.MASTER_MIGRATION).read_text(encoding="utf-8")
STATEMENTS = [
    text
    for statement in sqlparse.split(TEXT)
    if (text := sqlparse.format(statement, strip_comments=True).strip())
]
CATALOG = """
    select string_agg(line, E'\\n' order by line) from (
      select format('%s %s %s', c.oid::regclass, attnum, atttypid::regtype) as line
      from pg_attribute join pg_class c on c.oid = attrelid
      where relnamespace = 'public'::regnamespace and attnum > 0
      union all
      select format('%s %s', conrelid::regclass, pg_get_constraintdef(oid)) from pg_constraint
      where connamespace = 'public'::regnamespace
      union all
      select pg_get_functiondef(oid) || proacl::text from pg_proc
      where pronamespace::regnamespace::text in ('public', 'private', 'auth') and prokind = 'f'
      union all
      select pg_get_triggerdef(oid) || tgenabled::text from pg_trigger where not tgisinternal
      union all
      select pg_policies::text from pg_policies
      union all
      select format('%s %s %s %s', oid::regclass, relacl, relrowsecurity, relforcerowsecurity)
      from pg_class where relnamespace = 'public'::regnamespace
    ) as described
"""


def test_no_statement_that_would_not_run_in_one_transaction_or_outside_psql() -> None:
    forbidden = re.compile(
        r"(begin|commit|rollback|savepoint|start|copy|vacuum|reindex|set|reset|listen)\b"
        r"|.*\bconcurrently\b|\\",
        re.IGNORECASE | re.DOTALL,
    )
    assert [text for text in STATEMENTS if forbidden.match(text)] == []
    assert not re.search(r"^\s*\\", TEXT, re.MULTILINE)
    assert "/*" not in TEXT


def test_drops_nothing_but_policies_it_creates() -> None:
    drops = [text for text in STATEMENTS if re.search(r"\bdrop\b", text, re.IGNORECASE)]
    expected = {
        f"drop policy if exists {table}_{command} on public.{table};"
        for table, commands in POLICIES.items()
        for command in [*commands.split(), "service"]
    }
    assert set(drops) <= expected
    assert len(drops) == len(set(drops))


def test_touches_auth_only_where_there_is_none() -> None:
    touching = [
        text
        for text in STATEMENTS
        if re.search(r"(create|alter|grant|revoke)[^;]*\b(schema auth|auth\.\w+ *\()", text)
        and not text.startswith("create or replace function p")
        and not text.startswith("create policy")
    ]
    assert touching
    assert all("if to_regprocedure('auth.uid()') is null" in text for text in touching)


def test_names_are_qualified() -> None:
    created = [
        text
        for text in STATEMENTS
        if re.match(r"create (or replace function|table)", text, re.IGNORECASE)
    ]
    assert len(created) > len(ALL_TABLES)
    qualified = re.compile(
        r"create (or replace function|table if not exists) (public|private)\.\w+ *\(", re.IGNORECASE
    )
    assert [text for text in created if not qualified.match(text)] == []


def test_running_it_again_changes_nothing(db: Connection) -> None:
    before = db.execute(CATALOG.encode()).fetchall()
    roles = db.execute("select * from public.roles order by name").fetchall()
    db.execute(TEXT.encode())
    assert db.execute(CATALOG.encode()).fetchall() == before
    assert db.execute("select * from public.roles order by name").fetchall() == roles
