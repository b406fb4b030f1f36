"""A failing statement is named by file, line and column, with a caret, and nothing is left."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import psycopg
import pytest

from console.connection.profile import Profile
from console.connection.session import Session
from console.migration.apply import NotVerified, apply
from console.migration.build import split
from console.migration.expected import Expected, load_expected
from console.migration.history import read_history
from console.migration.locate import MigrationFailed, error_offset, place_at
from console.migration.model import Verdict
from console.migration.verify import verify

Admin = Callable[[Profile], psycopg.Connection[Any]]


def migration(sql: str) -> Expected:
    """A migration of that text; it still claims to make the master's catalog."""
    return replace(load_expected(), sql=sql, path=Path("broken.sql"), statements=tuple(split(sql)))


@pytest.mark.parametrize(
    ("sql", "line", "column", "sqlstate"),
    [
        pytest.param("select 1;\ncreate tabel x ();", 2, 8, "42601", id="syntax"),
        pytest.param(
            "create table public.a (\n  id uuid,\n  x nosuch\n);", 3, 5, "42704", id="unknown-type"
        ),
        pytest.param(
            "-- größer → ok\nselect 1; /* two\nlines */ select 'é', nosuch();",
            3,
            22,
            "42883",
            id="characters-not-bytes",
        ),
        pytest.param(
            "-- heading\n\n-- says why\nalter table public.nosuch add column x int;",
            4,
            1,
            "42P01",
            id="no-position",
        ),
        pytest.param(
            "do $$\nbegin\n  perform 1;\n  perform 1/0;\nend $$;", 4, 3, "22012", id="do-runtime"
        ),
        pytest.param(
            "select 1;\n\ndo $body$\nbegin\n  insert into nosuch\n    values (1);\nend $body$;",
            5,
            15,
            "42P01",
            id="do-embedded-sql",
        ),
        pytest.param(
            "do $$\nbegin\n  raise exception '100%% wrong' using hint = 'do this', detail = 'so';\n"
            "end $$;",
            3,
            3,
            "P0001",
            id="do-raise",
        ),
        pytest.param(
            "do $$\nbegin\n  execute 'select 1 from nosuch';\nend $$;",
            3,
            3,
            "42P01",
            id="do-execute",
        ),
        pytest.param(
            "create function public.f() returns int language plpgsql as $fn$\nbegin\n"
            "  retrn 1;\nend $fn$;",
            3,
            3,
            "42601",
            id="plpgsql-syntax",
        ),
        pytest.param(
            "create function public.f() returns int language plpgsql as $fn$\ndeclare\n"
            "  x nosuch;\nbegin\n  return 1;\nend $fn$;",
            3,
            5,
            "42704",
            id="plpgsql-type",
        ),
        pytest.param(
            "create function public.f() returns int language sql as $fn$\n  select 1\n"
            "  from nosuch\n$fn$;",
            3,
            8,
            "42P01",
            id="sql-function-body",
        ),
        pytest.param(
            "create function public.g() returns int language plpgsql as $$ begin\n return 1/0; "
            "end $$;\ndo $$\nbegin\n  perform public.g();\nend $$;",
            5,
            3,
            "22012",
            id="nested-call",
        ),
    ],
)
async def test_place(
    plain_db: Profile, connect: type[Session], sql: str, line: int, column: int, sqlstate: str
) -> None:
    async with connect(plain_db) as session:
        with pytest.raises(MigrationFailed) as caught:
            await apply(session, expected=migration(sql))
        failure = caught.value
        assert (failure.line, failure.column, failure.sqlstate) == (line, column, sqlstate)
        assert failure.message.startswith(f"broken.sql:{line}:{column}: ")
        source, caret, counted = failure.detail.splitlines()[:3]
        assert source.endswith(sql.splitlines()[line - 1])
        assert caret.index("^") == source.index(" | ") + 3 + column - 1
        assert counted.startswith(f"statement {failure.statement_number} of ")
        # The session is usable, and nothing is left.
        assert await session.value("select to_regprocedure('public.f()')::text") is None
        assert not (await read_history(session)).exists


async def test_hint_and_detail_of_the_server_are_passed_on(
    plain_db: Profile, connect: type[Session]
) -> None:
    sql = "do $$ begin raise exception 'no' using hint = 'do this', detail = 'because'; end $$"
    async with connect(plain_db) as session:
        with pytest.raises(MigrationFailed) as caught:
            await apply(session, expected=migration(sql))
    assert "do this" in caught.value.detail
    assert "because" in caught.value.detail
    assert caught.value.statement_number == 1


@pytest.mark.parametrize("wanted", [1, 32, 33, 250, 504])
async def test_the_failing_one_of_hundreds_is_named_and_nothing_is_left(
    plain_db: Profile, connect: type[Session], wanted: int
) -> None:
    shipped = load_expected()
    number = min(wanted, len(shipped.statements))
    statement = shipped.statements[number - 1]
    sql = shipped.sql[: statement.start] + "nonsense " + shipped.sql[statement.start :]
    async with connect(plain_db) as session:
        with pytest.raises(MigrationFailed) as caught:
            await apply(session, expected=migration(sql))
        assert caught.value.statement_number == number
        assert caught.value.line == statement.line
        assert (await verify(session)).verdict is Verdict.NOT_APPLIED
        # The same session then does the real thing.
        assert (await apply(session)).applied


async def test_what_does_not_verify_is_not_committed(
    plain_db: Profile, connect: type[Session]
) -> None:
    shipped = load_expected()
    last = shipped.statements[-1]
    hole = "; create policy hole on public.events to authenticated using (true)"
    more = "; alter table public.users disable row level security"
    sql = shipped.sql[: last.end] + hole + more + shipped.sql[last.end :]
    async with connect(plain_db) as session:
        with pytest.raises(NotVerified) as caught:
            await apply(session, expected=migration(sql))
        assert caught.value.exit_code == 5
        assert "hole on public.events" in caught.value.message
        assert "public.users" in caught.value.message
        found = {(d.kind, d.identity) for d in caught.value.verification.differences}
        assert found == {("policy", "hole on public.events"), ("table", "public.users")}
        assert (await verify(session)).verdict is Verdict.NOT_APPLIED


async def test_percent_signs_and_placeholders_go_as_they_are(
    plain_db: Profile, connect: type[Session]
) -> None:
    sql = "do $$ begin raise exception '%', $q$100% %s %(x)s $1 {}$q$; end $$"
    async with connect(plain_db) as session:
        with pytest.raises(MigrationFailed, match=r"100% %s %\(x\)s \$1 \{\}"):
            await apply(session, expected=migration(sql))


async def test_failure_leaves_nothing_on_stderr(
    plain_db: Profile, connect: type[Session], capfd: pytest.CaptureFixture[str]
) -> None:
    async with connect(plain_db) as session:
        with pytest.raises(MigrationFailed):
            await apply(
                session, expected=migration("select 1;" * 100 + "nonsense;" + "select 1;" * 100)
            )
    assert capfd.readouterr() == ("", "")


def test_an_excerpt_is_safe_and_never_wider_than_a_screen() -> None:
    line = "\t'\x1b[31m\u202e" + "x" * 300 + "HERE" + "y" * 300
    place = place_at(line, line.index("HERE"), "file.sql")
    source, caret = place.excerpt.splitlines()
    assert "\x1b" not in place.excerpt
    assert "\u202e" not in place.excerpt
    assert len(source) < 130
    assert source[caret.index("^") :].startswith("HERE")
    assert place.column == line.index("HERE") + 1


def test_a_position_beyond_the_end_is_the_end() -> None:
    place = place_at("select 1\nfrom", 13, "file.sql")
    assert (place.line, place.column, place.source) == (2, 5, "from")


def test_an_error_without_any_position_is_at_the_first_word() -> None:
    statement = "\n-- comment $$\n/* $x$ */ alter table x"
    offset = error_offset(statement, psycopg.Error().diag)
    assert statement[offset:] == "alter table x"
