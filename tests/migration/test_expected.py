"""The expected catalog: made from the file, and refused where it does not belong to it."""

from __future__ import annotations

import json
from collections import Counter
from pathlib import Path

import pytest

from console.assets import EXPECTED_CATALOG, MASTER_MIGRATION, schema_file
from console.connection.profile import Profile
from console.connection.session import Session
from console.errors import ConsoleError
from console.migration.build import build_expected, dump, split
from console.migration.expected import load_expected

SQL = schema_file(MASTER_MIGRATION)
CATALOG = schema_file(EXPECTED_CATALOG)


async def test_it_is_made_again_byte_for_byte(plain_db: Profile) -> None:
    async with Session(plain_db) as session:
        document = await build_expected(session, SQL)
        assert await session.value("select to_regclass('public.events')") is None
    assert dump(document) == CATALOG.read_text(encoding="utf-8")


def test_every_object_is_made_by_a_statement_and_every_statement_makes_one() -> None:
    expected = load_expected()
    made = Counter(key for statement in expected.statements for key in statement.creates)
    assert set(expected.objects) - set(made) == {
        ("role", "anon"),
        ("role", "authenticated"),
        ("role", "service_role"),
    }
    assert set(made) <= set(expected.objects)
    assert all(made[key] == 1 for key in made if key[0] in {"column", "index", "grant"})
    for statement in expected.statements:
        text = expected.text(statement)
        assert statement.creates or text.startswith("do $")
        assert statement.seed == text.startswith("insert")
        assert not text.endswith(";")
        assert expected.sql.count("\n", 0, statement.start) + 1 == statement.line
        assert expected.sql.splitlines()[statement.line - 1].startswith(text.splitlines()[0])


def test_statements_lead_to_what_they_make() -> None:
    expected = load_expected()

    def beginnings(kind: str, identity: str) -> list[str]:
        texts = map(expected.text, expected.statements_for((kind, identity)))
        return [" ".join(text.split()[:3]) for text in texts]

    assert beginnings("policy", "events_select on public.events") == [
        "drop policy if",
        "create policy events_select",
    ]
    assert beginnings("grant", "SELECT on public.events to authenticated") == [
        "grant select, insert,"
    ]
    roles = beginnings("table", "public.roles")
    assert roles[0] == "create table if"
    assert "revoke all on" in roles
    assert roles[-1] == "insert into public.roles"
    assert expected.zero_trust == {
        "public.privacy_prefs",
        "public.privacy_transparency_log",
        "public.telemetry_events",
    }


def test_columns_keep_their_order() -> None:
    table = load_expected().objects["table", "public.audit_log"]
    assert table.definition["columns"] == ["id", "user_id", "action", "meta", "ts"]


@pytest.mark.parametrize(
    ("content", "code"),
    [
        (b"\x89PNG\r\n\x1a\n\x00\xff", "not_sql"),
        (b"create table t (id int);\x00", "not_sql"),
        (b"", "not_sql"),
        (b"-- nothing\n/* at all */ ;\n", "not_sql"),
        (b"Dear all, this is no SQL.", "expected_mismatch"),
        (b"create table t (id int);", "expected_mismatch"),
    ],
)
def test_a_file_that_is_not_the_migration_is_refused(
    tmp_path: Path, content: bytes, code: str
) -> None:
    path = tmp_path / "other.sql"
    path.write_bytes(content)
    with pytest.raises(ConsoleError) as caught:
        load_expected(path)
    assert caught.value.code == code
    assert "other.sql" in caught.value.message
    assert caught.value.hint


@pytest.mark.parametrize("content", ["", "[]", "{}", '{"format": 99, "sql_sha256": ""}', "\x00"])
def test_a_catalog_that_is_none_is_refused(tmp_path: Path, content: str) -> None:
    path = tmp_path / "other.json"
    path.write_text(content)
    with pytest.raises(ConsoleError) as caught:
        load_expected(catalog=path)
    assert caught.value.code == "not_an_expected_catalog"
    assert "python -m console.migration.build" in caught.value.hint


def test_files_that_are_not_there_are_named(tmp_path: Path) -> None:
    with pytest.raises(ConsoleError, match=r"gone\.sql"):
        load_expected(tmp_path / "gone.sql")
    with pytest.raises(ConsoleError, match=r"gone\.json"):
        load_expected(catalog=tmp_path / "gone.json")
    with pytest.raises(ConsoleError, match="cannot be read"):
        load_expected(tmp_path)


def test_line_ends_do_not_matter(tmp_path: Path) -> None:
    path = tmp_path / SQL.name
    path.write_bytes(SQL.read_bytes().replace(b"\n", b"\r\n"))
    assert load_expected(path).objects == load_expected().objects


async def test_a_statement_that_fails_is_named_by_its_line(
    plain_db: Profile, tmp_path: Path
) -> None:
    path = tmp_path / "broken.sql"
    path.write_text("create table public.t (id int);\n\n-- why\ncreate tabel public.u (id int);\n")
    async with Session(plain_db) as session:
        with pytest.raises(ConsoleError, match=r'broken\.sql:4: syntax error at or near "tabel"'):
            await build_expected(session, path)


async def test_what_verify_does_not_compare_is_not_expected_silently(
    plain_db: Profile, tmp_path: Path
) -> None:
    path = tmp_path / "unknown.sql"
    path.write_text("create type public.mood as enum ('good');")
    async with Session(plain_db) as session:
        with pytest.raises(ConsoleError, match="does not compare: type"):
            await build_expected(session, path)


def test_splitting_keeps_bodies_together_and_comments_apart() -> None:
    sql = """
-- a comment; with a semicolon
create function f() returns int language sql as $$ select 1; select 2 $$; -- behind
/* another; */ select 'a;b'
"""
    assert [sql[s.start : s.end] for s in split(sql)] == [
        "create function f() returns int language sql as $$ select 1; select 2 $$",
        "select 'a;b'",
    ]


def test_the_document_has_one_object_a_line() -> None:
    lines = CATALOG.read_text(encoding="utf-8").splitlines()
    objects = json.loads(CATALOG.read_text(encoding="utf-8"))["objects"]
    assert sum(line.startswith('["') for line in lines) == len(objects)
