"""`rowsight connections`, as a script and as a person use it."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from console.connection.profile import Profile
from tests.cli.conftest import OnTerminal, Rowsight
from tests.pooler import PGBOUNCER, pgbouncer
from tests.terminal.conftest import target

REF = "abcdefghijklmnopqrst"


@pytest.fixture
def config(tmp_path: Path) -> Path:
    """The configuration file of a run."""
    return tmp_path / "config.toml"


def test_a_profile_from_nothing_to_gone(
    rowsight: Rowsight, config: Path, empty_db: Profile
) -> None:
    assert rowsight("connections", "list", "--json").document == {"connections": []}
    where = ("-d", target(empty_db))
    added = rowsight("connections", "add", "here", *where, "--environment", "dev", "--test")
    assert added.code == 0
    assert "rowsight -d here" in added.out
    (entry,) = rowsight("connections", "list", "--json").document["connections"]
    assert entry["target"] == entry["name"] == "here"
    assert (entry["kind"], entry["environment"], entry["read_only"]) == ("profile", "dev", True)
    assert entry["parameters"]["dbname"] == empty_db.parameters["dbname"]
    assert "here" in rowsight("connections", "list").out

    tried = rowsight("connections", "test", "here", "--json")
    assert tried.code == 0
    assert tried.document["ok"]
    steps = {step["name"]: step for step in tried.document["steps"]}
    assert list(steps) == [
        *("name", "network", "TLS", "login", "server", "pooler", "role", "migration"),
    ]
    assert steps["migration"]["value"] == "not recorded"

    again = rowsight("connections", "add", "here", *where, "--json")
    assert (again.code, again.document["error"]["code"]) == (6, "refused")
    assert rowsight("connections", "add", "here", *where, "--writable", "--replace").code == 0
    assert "read_only = false" in config.read_text()

    assert rowsight("connections", "remove", "here").code == 6
    assert rowsight("connections", "remove", "here", "--yes", "--json").document == {
        "removed": "here"
    }
    assert rowsight("connections", "remove", "here", "--yes").code == 1


def test_what_does_not_work_is_not_saved_with_test(rowsight: Rowsight, config: Path) -> None:
    nowhere = "postgresql://ada@127.0.0.1:1/app"
    added = rowsight("connections", "add", "x", "-d", nowhere, "--test", "--json")
    assert added.code == 3
    assert added.document["saved"] is False
    assert added.document["steps"][-1]["code"] == "refused"
    assert not config.exists()
    assert rowsight("connections", "add", "x", "-d", nowhere).code == 0
    tried = rowsight("connections", "test", "x")
    assert tried.code == 3
    assert "nothing answers at 127.0.0.1:1" in tried.out


def test_a_password_is_not_written(rowsight: Rowsight, config: Path) -> None:
    url = "postgresql://ada:geheim@db.example/app"
    refused = rowsight("connections", "add", "x", "-d", url)
    assert refused.code == 2
    assert "geheim" not in refused.out + refused.err
    assert not config.exists()


def test_a_supabase_project(rowsight: Rowsight, config: Path) -> None:
    project = ("--supabase", REF, "--region", "eu-central-1")
    assert rowsight("connections", "add", "s", *project).code == 0
    assert f'user = "postgres.{REF}"' in config.read_text()
    assert rowsight("connections", "add", "d", "--supabase", REF, "--way", "direct").code == 0
    assert f"db.{REF}.supabase.co" in config.read_text()
    assert rowsight("connections", "add", "t", "--supabase", REF, "--region", "moon").code == 2
    assert rowsight("connections", "add", "t", *project, "-d", "service=x").code == 2
    assert rowsight("connections", "add", "t").code == 2


def test_service_entries_and_the_environment_are_listed(rowsight: Rowsight, tmp_path: Path) -> None:
    services = tmp_path / "services"
    services.write_text("[stats]\nhost=stats.example\npassword=geheim\n")
    run = rowsight(
        *("connections", "list", "--json"),
        PGSERVICEFILE=str(services),
        DATABASE_URL="postgresql://ada:geheim@db.example/app",
    )
    kinds = {entry["kind"]: entry for entry in run.document["connections"]}
    assert kinds["service"]["target"] == "service=stats"
    assert kinds["environment"]["parameters"]["host"] == "db.example"
    assert "geheim" not in run.out


def test_a_person_confirms(on_terminal: OnTerminal, rowsight: Rowsight, config: Path) -> None:
    config.write_text('[profiles.x]\nhost = "a"\n')
    process = on_terminal("connections", "remove", "x")
    process.expect("out of the configuration")
    process.sendline("n")
    process.expect("left as it was")
    process.wait()
    assert process.exitstatus == 6
    process = on_terminal("connections", "remove", "x")
    process.expect("out of the configuration")
    process.sendline("y")
    process.expect("untouched")
    assert json.loads(rowsight("connections", "list", "--json").out) == {"connections": []}


@pytest.mark.skipif(PGBOUNCER is None, reason="there is no PgBouncer here")
def test_every_question_is_answered_through_transaction_pooling(
    rowsight_here: Rowsight, sample_db: Profile
) -> None:
    with pgbouncer(sample_db, "transaction") as through:
        where = ("-d", target(through), "--json")
        for command in (
            *(("migrate", "verify"), ("rows", "workflows", "--limit", "3"), ("health",)),
            *(("logs", "--limit", "2"), ("retention", "plan"), ("tables",)),
            ("rows", "workflows", "--as", "ada@example.com", "--xray", "--limit", "3"),
            ("access", "matrix", "--as", "ada@example.com", "--table", "workflows"),
            ("retention", "run", "--yes", "--policy", "audit_log"),
        ):
            done = rowsight_here(*command, *where)
            assert done.code in (0, 5), (command, done)
        tried = rowsight_here("connections", "test", *where).document
    assert {step["name"]: step["outcome"] for step in tried["steps"]}["pooler"] == "warn"


def test_what_can_be_chosen_is_said_in_words(rowsight: Rowsight) -> None:
    target = ("connections", "add", "x", "-d", "postgresql://db.example/app")
    run = rowsight(*target, "--environment", "production")
    assert (run.code, "Environment" in run.err) == (2, False)
    assert "'staging', 'prod'" in run.err
    run = rowsight(*target, "--audit", "nowhere")
    assert (run.code, "Audit" in run.err) == (2, False)


def test_a_pooler_without_a_region_is_told_that_it_needs_one(rowsight: Rowsight) -> None:
    run = rowsight("connections", "add", "z", "--supabase", REF)
    assert run.code == 2
    assert "a pooler is reached by the project's region, and none was given" in run.err


def test_a_name_is_quoted_as_the_shell_takes_it(rowsight: Rowsight) -> None:
    run = rowsight("connections", "add", "bad name", "-d", "postgresql://db.example/app")
    assert "rowsight -d 'bad name' opens it" in run.out
