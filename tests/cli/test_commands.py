"""`tables`, `rows`, `doctor` and what holds for every command."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import psycopg
import pytest
from psycopg.conninfo import make_conninfo

from console import __version__
from console.cli import doctor
from console.connection.profile import Profile
from console.visible import is_unsafe
from tests import hostile
from tests.cli.conftest import PROGRAM, Rowsight

Admin = Callable[[Profile], psycopg.Connection[Any]]


def dsn(profile: Profile) -> str:
    return make_conninfo(**profile.parameters)


def test_importing_the_command_line_imports_nothing_heavy() -> None:
    done = subprocess.run(
        [
            sys.executable,
            "-c",
            "import sys, console.cli\n"
            "from console.cli import parser, output, diagnostics, running\n"
            "heavy = {'textual', 'psycopg', 'sqlparse', 'keyring', 'rich', 'asyncio'}\n"
            "print(sorted(heavy & set(sys.modules)))",
        ],
        capture_output=True,
        text=True,
        check=True,
    )
    assert done.stdout == "[]\n"


def test_the_version_is_told(rowsight: Rowsight) -> None:
    assert rowsight("--version").out == f"rowsight {__version__}\n"
    assert rowsight("--version", "--json").document == {"version": __version__}


def test_manual_doctor_and_changelog_know_the_version(rowsight: Rowsight) -> None:
    assert f'"rowsight {__version__}"' in rowsight("man").out
    assert f"rowsight             {__version__}\n" in rowsight("doctor").out
    changelog = (Path(__file__).parents[2] / "CHANGELOG.md").read_text(encoding="utf-8")
    assert "dev" in __version__ or f"## [{__version__}] - " in changelog
    assert "## [Unreleased]" in changelog


def test_help_is_told_for_every_command(rowsight: Rowsight) -> None:
    done = rowsight("--help")
    assert done.code == 0
    for command in (
        *("demo", "migrate", "access", "tables", "rows", "health", "analytics"),
        *("retention", "logs", "connections", "doctor"),
    ):
        assert command in done.out
    assert "--where" in rowsight("rows", "--help").out


@pytest.mark.parametrize(
    ("line", "code", "name"),
    [
        ("rows", 2, "usage"),
        ("tables -d nosuchprofile", 2, "usage"),
        ("tables -d host", 2, "usage"),
        ("tables -d host='", 2, "usage"),
        ("", 2, "usage"),
        ("-d postgresql://127.0.0.1:1/x", 2, "usage"),
        ("tables -d postgresql://127.0.0.1:1/x", 3, "refused"),
        ("tables -d host=nosuch.invalid", 3, "host_unknown"),
        ("migrate apply -d postgresql://127.0.0.1:1/x", 6, "refused"),
        ("rows t --where (( -d postgresql://127.0.0.1:1/x", 3, "refused"),
    ],
)
def test_a_failure_is_words_and_one_document(
    rowsight: Rowsight, line: str, code: int, name: str
) -> None:
    done = rowsight(*line.split(), "--json")
    assert done.code == code
    error = done.document["error"]
    assert set(error) >= {"code", "message", "hint", "sqlstate"}
    assert error["code"] == name
    assert error["hint"]
    assert error["message"] in done.err
    assert error["hint"] in done.err


def test_without_json_nothing_but_words_is_printed(rowsight: Rowsight) -> None:
    done = rowsight("tables", "-d", "postgresql://ada:secret@127.0.0.1:1/x")
    assert (done.code, done.out) == (3, "")
    assert "secret" not in done.err


def test_an_argument_that_is_no_text_is_refused(environment: dict[str, str]) -> None:
    done = subprocess.run(
        [*PROGRAM, "rows", b"\xff\xfe"], env=environment, capture_output=True, check=False
    )
    assert done.returncode == 2
    assert b"Traceback" not in done.stderr


def test_tables_are_listed(rowsight: Rowsight, empty_db: Profile, admin: Admin) -> None:
    admin(empty_db).execute(
        "create table t (a int); create view v as select 1; "
        "alter table t enable row level security, force row level security"
    )
    done = rowsight("tables", "--json", "-d", dsn(empty_db))
    assert done.code == 0
    table, view = done.document
    expected = {
        "identity": "public.t",
        "schema": "public",
        "name": "t",
        "kind": "table",
        "rows_estimate": None,
        "bytes": 0,
        "rls": True,
        "forced": True,
        "policies": 0,
    }
    assert {key: table[key] for key in expected} == expected
    assert (view["identity"], view["kind"], view["bytes"]) == ("public.v", "view", None)
    text = rowsight("tables", "-d", dsn(empty_db)).out.splitlines()
    assert text[2].split() == ["public.t", "table", "0", "B", "forced", "0"]


@pytest.fixture
def people(empty_db: Profile, admin: Admin) -> Profile:
    """A database with a table of three people."""
    admin(empty_db).execute(
        """
        create table people (id int primary key, name text, "bornOn" date, doc jsonb);
        insert into people values
          (3, 'Grace', '1906-12-09', '{"a": 1}'), (1, 'Ada', '1815-12-10', null),
          (2, '', 'infinity', '[]');
        """
    )
    return empty_db


def test_rows_in_every_format(rowsight: Rowsight, people: Profile) -> None:
    def out(*arguments: str) -> str:
        done = rowsight("rows", "people", "-d", dsn(people), *arguments)
        assert done.code == 0
        return done.out

    expected = [
        {"id": "1", "name": "Ada", "bornOn": "1815-12-10", "doc": None},
        {"id": "2", "name": "", "bornOn": "infinity", "doc": "[]"},
        {"id": "3", "name": "Grace", "bornOn": "1906-12-09", "doc": '{"a": 1}'},
    ]
    assert json.loads(out("--json")) == expected
    assert json.loads(out("--format", "json")) == expected
    assert [json.loads(line) for line in out("--format", "jsonl").splitlines()] == expected
    assert out("--format", "csv") == (
        'id,name,bornOn,doc\n1,Ada,1815-12-10,\n2,"",infinity,[]\n3,Grace,1906-12-09,"{""a"": 1}"\n'
    )
    assert out("--columns", '"bornOn",ID', "--order", '"bornOn":desc', "--limit", "2") == (
        "bornOn      id\n----------  --\ninfinity     2\n1906-12-09   3\n"
    )
    assert json.loads(out("--json", "--where", 'name~a "bornOn"<1900-01-01')) == expected[:1]


def test_more_rows_are_announced_on_stderr(rowsight: Rowsight, people: Profile) -> None:
    assert "more follow" in rowsight("rows", "people", "--limit", "2", "-d", dsn(people)).err
    assert "more follow" not in rowsight("rows", "people", "-d", dsn(people)).err


@pytest.mark.parametrize(
    ("arguments", "code"),
    [
        (("nosuch",), 1),
        (("people", "--columns", "nosuch"), 1),
        (("people", "--order", "nosuch"), 1),
        (("a.b.c",), 2),
        (("people", "--where", "nosuch=1"), 2),
        (("people", "--where", "id=x"), 2),
        (("people", "--where", "id"), 2),
        (("people", "--columns", "id,,name"), 2),
        (("people", "--order", "id:up"), 2),
        (("people", "--format", "csv", "--json"), 2),
    ],
)
def test_what_rows_refuses(
    rowsight: Rowsight, people: Profile, arguments: tuple[str, ...], code: int
) -> None:
    done = rowsight("rows", *arguments, "--json", "-d", dsn(people))
    assert done.code == code
    assert done.document["error"]["hint"]


def test_hostile_names_and_cells_reach_stdout_as_text_only(
    rowsight: Rowsight, empty_db: Profile, admin: Admin
) -> None:
    hostile.fill(admin(empty_db))
    [table] = rowsight("tables", "--json", "-d", dsn(empty_db)).document
    assert (table["identity"], table["comment"]) == (hostile.identity(), hostile.VALUES[0])

    rows = ("rows", table["identity"], "-d", dsn(empty_db))
    assert [row[hostile.COLUMN] for row in rowsight(*rows, "--json").document] == hostile.VALUES
    assert hostile.VALUES[0] in rowsight(*rows, "--format", "csv").out, "raw, as asked for"
    for words in (
        rowsight("tables", "-d", dsn(empty_db)),
        rowsight("tables", "--json", "-d", dsn(empty_db)),
        rowsight(*rows),
        rowsight(*rows, "--format", "jsonl"),
        rowsight("rows", hostile.identity() + "x", "-d", dsn(empty_db)),
        rowsight(*rows, "--where", "nosuch\x1b[31m=1"),
        rowsight(*rows, "--order", hostile.COLUMN.replace('"', "") + "\x1b"),
    ):
        shown = (words.out + words.err).replace("\n", "")
        assert shown
        assert not any(map(is_unsafe, shown))
    lines = rowsight(*rows).out.splitlines()
    assert len(lines) == 2 + len(hostile.VALUES), "no value begins a line of its own"


def test_the_server_s_words_are_hostile_too(
    rowsight: Rowsight, empty_db: Profile, admin: Admin
) -> None:
    admin(empty_db).execute(
        """
        create function shout() returns int language plpgsql as $$
          begin raise exception E'\\x1b[31m%%s {}\\u202e'
            using hint = E'\\x1b]0;x\\x07', detail = E'\\u200b', errcode = 'XX123';
          end $$;
        create view v as select shout();
        """
    )
    done = rowsight("rows", "v", "--json", "-d", dsn(empty_db))
    assert done.code == 1
    assert done.document["error"]["sqlstate"] == "XX123"
    assert done.document["error"]["message"] == "\x1b[31m%s {}\u202e"
    assert not any(map(is_unsafe, (done.out + done.err).replace("\n", "")))


def test_doctor_finds_what_there_is(
    rowsight: Rowsight, people: Profile, environment: dict[str, str]
) -> None:
    done = rowsight("doctor", "--json", "--no-keyring", "-d", dsn(people))
    assert done.code == 0
    checks = {check["name"]: check for check in done.document["checks"]}
    assert all(set(check) == {"name", "status", "value", "detail"} for check in checks.values())
    assert checks["target"]["status"] == "ok"
    assert checks["server"]["value"].startswith("PostgreSQL ")
    assert checks["role"]["detail"] == "superuser"
    assert checks["migration"]["value"] == "not recorded"
    assert checks["keyring"]["value"] == "switched off"
    assert checks["configuration"]["value"] == "none"

    Path(environment["ROWSIGHT_CONFIG"]).write_text("[profiles.x]\npassword = 'secret'\n")
    done = rowsight("doctor", "--no-keyring", "-d", "postgresql://127.0.0.1:1/x")
    assert done.code == 5
    assert "holds a password" in done.out
    assert "secret" not in done.out
    assert "nothing answers at 127.0.0.1:1" in done.out


def test_doctor_finds_what_cannot_be_reached(
    rowsight: Rowsight, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    (tmp_path / "file").touch()
    inside = str(tmp_path / "file" / "inside")
    done = rowsight("doctor", "--json", ROWSIGHT_STATE=inside, ROWSIGHT_CONFIG=inside)
    assert done.code == 5
    checks = {check["name"]: check["status"] for check in done.document["checks"]}
    assert (checks["journal"], checks["configuration"]) == ("fail", "fail")

    monkeypatch.setenv("ROWSIGHT_STATE", str(tmp_path / "not" / "yet"))
    assert doctor.check_journal().status == "ok"
    monkeypatch.setattr(os, "access", lambda *_: False)
    assert doctor.check_journal().status == "fail"


def test_doctor_without_a_target_fails_nothing(rowsight: Rowsight) -> None:
    done = rowsight("doctor", "--json", "--no-keyring")
    assert done.code == 0
    [target] = [check for check in done.document["checks"] if check["name"] == "target"]
    assert target["status"] == "unavailable"


def test_a_profile_s_name_is_a_target(
    rowsight: Rowsight, people: Profile, environment: dict[str, str]
) -> None:
    values = "\n".join(f'{key} = "{value}"' for key, value in people.parameters.items())
    Path(environment["ROWSIGHT_CONFIG"]).write_text(f"[profiles.mine]\n{values}\n")
    assert rowsight("-d", "mine", "tables", "--json").document[0]["name"] == "people"


def test_a_fault_of_our_own_leaves_a_report_and_no_traceback(
    rowsight: Rowsight, environment: dict[str, str], tmp_path: Path
) -> None:
    broken = tmp_path / "sitecustomize.py"
    broken.write_text(
        "import console.cli.tables\n"
        "def run(options):\n    raise KeyError(options.dsn)\n"
        "console.cli.tables.run = run\n"
    )
    secret = "postgresql://ada:hunter2@127.0.0.1/x"
    done = rowsight("tables", "--json", "-d", secret, PYTHONPATH=str(tmp_path))
    assert done.code == 1
    assert done.document["error"]["code"] == "internal"
    [report] = Path(environment["ROWSIGHT_STATE"]).glob("crash-*")
    assert str(report) in done.err
    assert "KeyError" in report.read_text()
    assert "hunter2" not in report.read_text() + done.err + done.out
    assert report.stat().st_mode & 0o077 == 0
