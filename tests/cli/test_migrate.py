"""`migrate verify | plan | apply | history`: words, documents and exit codes."""

from __future__ import annotations

import json
import shutil
import subprocess
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pexpect
import psycopg
import pytest
from psycopg.conninfo import make_conninfo

from console import assets
from console.connection.profile import Profile
from console.visible import is_unsafe
from tests.cli.conftest import PROGRAM, OnTerminal, Rowsight

Admin = Callable[[Profile], psycopg.Connection[Any]]

HOSTILE_POLICY = """evil "\x1b]0;x\x07 \u202e
%s {} [b]"""


def dsn(profile: Profile) -> str:
    return make_conninfo(**profile.parameters)


def is_applied(connection: psycopg.Connection[Any]) -> bool:
    row = connection.execute("select to_regclass('public.events') is not null").fetchone()
    assert row is not None
    return bool(row[0])


def test_a_database_in_sync_is_said_to_be(rowsight: Rowsight, master_db: Profile) -> None:
    done = rowsight("migrate", "verify", "--json", "-d", dsn(master_db))
    assert done.code == 0
    document = done.document
    assert document["verdict"] == "in_sync"
    assert document["counts"] == {"critical": 0, "error": 0, "warning": 0, "info": 0}
    assert document["differences"] == []
    assert document["server_version"].split(".")[0].isdigit()
    assert document["elapsed_ms"] > 0
    assert rowsight("migrate", "verify", "-d", dsn(master_db)).out.startswith("in sync\n")


def test_drift_is_told_with_the_sql_that_mends_it(
    rowsight: Rowsight, master_db: Profile, admin: Admin
) -> None:
    database = admin(master_db)
    database.execute("alter table public.events disable row level security")
    done = rowsight("migrate", "verify", "--json", "-d", dsn(master_db))
    assert done.code == 5
    assert (done.document["verdict"], done.document["counts"]["critical"]) == ("drift", 1)
    [difference] = done.document["differences"]
    keys = {"kind", "identity", "severity", "state", "expected", "actual", "mend"}
    assert set(difference) >= keys
    assert (difference["kind"], difference["identity"]) == ("table", "public.events")
    assert (difference["severity"], difference["state"]) == ("critical", "changed")

    text = rowsight("migrate", "verify", "-d", dsn(master_db))
    assert text.code == 5
    lines = text.out.splitlines()
    assert lines[0] == "drift"
    assert lines[1].startswith("1 critical")
    assert "  table public.events" in lines
    for line in difference["mend"]:
        assert line in text.out
    for statement in difference["mend"]:
        database.execute(statement)
    assert rowsight("migrate", "verify", "-d", dsn(master_db)).code == 0


def test_warnings_fail_only_when_asked_to(
    rowsight: Rowsight, master_db: Profile, admin: Admin
) -> None:
    admin(master_db).execute("alter table public.events add column extra_one text")
    done = rowsight("migrate", "verify", "--json", "-d", dsn(master_db))
    assert (done.code, done.document["counts"]["warning"]) == (0, 1)
    assert rowsight("migrate", "verify", "--strict", "-d", dsn(master_db)).code == 5


def test_what_a_database_holds_is_shown_inert(
    rowsight: Rowsight, master_db: Profile, admin: Admin
) -> None:
    quoted = HOSTILE_POLICY.replace('"', '""')
    admin(master_db).execute(f'create policy "{quoted}" on public.events using (true)'.encode())
    for arguments in (("--json",), ()):
        done = rowsight("migrate", "verify", *arguments, "-d", dsn(master_db))
        assert done.code == 5
        assert not any(map(is_unsafe, (done.out + done.err).replace("\n", "")))
    assert not any(line.startswith("%s {} [b]") for line in done.out.splitlines())


def test_nothing_applied_is_said_without_a_list_of_everything(
    rowsight: Rowsight, plain_db: Profile
) -> None:
    done = rowsight("migrate", "verify", "-d", dsn(plain_db))
    assert done.code == 5
    assert done.out.startswith("not applied\n")
    assert len(done.out.splitlines()) == 2
    document = rowsight("migrate", "verify", "--json", "-d", dsn(plain_db)).document
    assert document["verdict"] == "not_applied"
    assert document["counts"]["error"] == sum(
        difference["severity"] == "error" for difference in document["differences"]
    )


def test_apply_changes_nothing_until_it_is_told_to(
    rowsight: Rowsight, plain_db: Profile, admin: Admin
) -> None:
    target, database = dsn(plain_db), admin(plain_db)
    plan = rowsight("migrate", "plan", "--json", "-d", target)
    assert plan.code == 0
    assert set(plan.document) >= {"actions", "skipped", "conflicts", "foreign"}
    keys = {"action", "kind", "identity", "sql", "lock", "rows_estimate"}
    assert all(set(action) >= keys for action in plan.document["actions"])
    assert {action["action"] for action in plan.document["actions"]} >= {"create"}
    assert "create table" in rowsight("migrate", "plan", "-d", target).out.lower()

    refused = rowsight("migrate", "apply", "--json", "-d", target)
    assert refused.code == 6
    assert "--yes" in refused.document["error"]["hint"]
    assert "would have been" in rowsight("migrate", "apply", "--dry-run", "-d", target).out
    dry = rowsight("migrate", "apply", "--dry-run", "--json", "-d", target)
    assert dry.code == 0
    assert (dry.document["dry_run"], dry.document["applied"]) == (True, False)
    assert dry.document["statements_executed"] == len(plan.document["actions"])
    assert not is_applied(database)

    history = rowsight("migrate", "history", "--json", "-d", target)
    assert (history.code, history.document["recorded"]) == (0, False)

    done = rowsight("migrate", "apply", "--yes", "--json", "-d", target)
    assert done.code == 0
    keys = {"applied", "statements_executed", "elapsed_ms", "retries", "history_recorded", "verify"}
    assert set(done.document) >= keys
    assert done.document["applied"] is True
    assert done.document["history_recorded"] is True
    assert done.document["verify"]["verdict"] == "in_sync"
    assert is_applied(database)
    phases = [line for line in done.err.splitlines() if line]
    assert "executing" in phases
    assert len(phases) == len(set(phases)), "one line a phase where there is no terminal"

    again = rowsight("migrate", "apply", "--yes", "--json", "-d", target)
    assert again.code == 0
    assert (again.document["applied"], again.document["statements_executed"]) == (True, 0)
    assert "nothing to do" in rowsight("migrate", "apply", "--yes", "-d", target).out
    assert "nothing to do" in rowsight("migrate", "plan", "-d", target).out
    recorded = rowsight("migrate", "history", "-d", target)
    assert "99999999999999  master_consolidated_schema" in recorded.out
    assert "--include-all" in recorded.err


def test_a_conflict_refuses_before_anything_begins(
    rowsight: Rowsight, plain_db: Profile, admin: Admin
) -> None:
    target, database = dsn(plain_db), admin(plain_db)
    database.execute("create table public.organizations (id bigserial primary key, name int)")
    plan = rowsight("migrate", "plan", "--json", "-d", target)
    assert plan.code == 6
    [conflict] = plan.document["conflicts"]
    assert set(conflict) == {"identity", "reason", "fingerprint", "resolve"}
    assert conflict["identity"] == "public.organizations"
    told = rowsight("migrate", "plan", "-d", target)
    assert (told.code, "nothing to do" in told.out) == (6, False)
    assert "conflict 1 · right already" in told.out
    done = rowsight("migrate", "apply", "--yes", "--json", "-d", target)
    assert (done.code, done.document["error"]["code"]) == (6, "conflicts")
    assert not is_applied(database)


def test_who_holds_an_apply_up_is_told_without_a_terminal(
    environment: dict[str, str], master_db: Profile, admin: Admin
) -> None:
    database = admin(master_db)
    database.execute("drop policy events_select on public.events")
    with psycopg.connect(dsn(master_db)) as holder:
        holder.execute("lock table public.events in share mode")
        process = subprocess.Popen(
            [*PROGRAM, "migrate", "apply", "--yes", "--json", "-d", dsn(master_db)],
            env=environment,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
        )
        assert process.stderr is not None
        who = f"waiting: pid {holder.info.backend_pid} "
        assert any(line.decode().startswith(who) for line in process.stderr)
    out, _ = process.communicate(timeout=60)
    assert (process.returncode, json.loads(out)["applied"]) == (0, True)


def test_a_conflict_can_be_set_aside(rowsight: Rowsight, plain_db: Profile, admin: Admin) -> None:
    target, database = dsn(plain_db), admin(plain_db)
    database.execute("create table public.organizations (id bigserial primary key, name int)")
    done = rowsight("migrate", "apply", "--yes", "--set-aside", "--json", "-d", target)
    assert (done.code, done.document["applied"]) == (0, True)


def test_a_file_that_does_not_fit_is_named(
    rowsight: Rowsight, plain_db: Profile, tmp_path: Path
) -> None:
    noise = tmp_path / "noise.sql"
    noise.write_bytes(bytes(range(256)))
    changed = tmp_path / "99999999999999_master_consolidated_schema.sql"
    shutil.copy(assets.schema_file(assets.MASTER_MIGRATION), changed)
    with changed.open("a") as file:
        file.write("\nselect 1;\n")
    for file_name in (noise, changed, tmp_path / "missing.sql"):
        done = rowsight(
            "migrate", "verify", "--json", "-d", dsn(plain_db), "--file", str(file_name)
        )
        assert done.code == 1
        assert file_name.name in done.document["error"]["message"]
        assert done.document["error"]["hint"]
    done = rowsight("migrate", "verify", "--json", "-d", dsn(plain_db), "--expected", str(noise))
    assert done.code == 1


@pytest.mark.parametrize(
    ("environment_name", "answer", "code"),
    [("dev", "yes", 0), ("dev", "no", 6), ("prod", "yes", 6), ("prod", None, 0)],
)
def test_on_a_terminal_apply_asks(
    on_terminal: OnTerminal,
    environment: dict[str, str],
    plain_db: Profile,
    admin: Admin,
    environment_name: str,
    answer: str | None,
    code: int,
) -> None:
    lines = [f'{key} = "{value}"' for key, value in plain_db.parameters.items()]
    lines.append(f'environment = "{environment_name}"')
    Path(environment["ROWSIGHT_CONFIG"]).write_text("[profiles.mine]\n" + "\n".join(lines))
    program = on_terminal("-d", "mine", "migrate", "apply")
    program.expect("create [0-9]+")
    program.expect("Type (its name|yes): ")
    assert program.match.group(1) == ("its name" if environment_name == "prod" else "yes")
    program.sendline(answer or plain_db.parameters["dbname"])
    program.expect(pexpect.EOF)
    program.wait()
    assert program.exitstatus == code
    assert is_applied(admin(plain_db)) is (code == 0)


def test_an_interrupt_at_the_question_changes_nothing(
    on_terminal: OnTerminal, plain_db: Profile, admin: Admin
) -> None:
    program = on_terminal("-d", dsn(plain_db), "migrate", "apply")
    program.expect("Type yes: ")
    program.sendintr()
    program.expect("interrupted")
    program.expect(pexpect.EOF)
    program.wait()
    assert program.exitstatus == 130
    assert not is_applied(admin(plain_db))
