"""`rowsight access`, on the sample data: fields, words and exit codes."""

from __future__ import annotations

import itertools
import json
from collections.abc import Callable
from pathlib import Path

import pytest

from console.connection.profile import Profile
from tests.access import cast
from tests.cli.conftest import Finished, Rowsight
from tests.cli.test_rows import dsn
from tests.conftest import Admin

Access = Callable[..., Finished]

BERTS_ROW = json.dumps({"userId": cast.BERT, "appId": "editor", "eventType": "open"})


@pytest.fixture
def access(rowsight_here: Rowsight, shared_sample: Profile) -> Access:
    def run(*arguments: str, on: Profile = shared_sample) -> Finished:
        return rowsight_here("access", *arguments, "-d", dsn(on))

    return run


def test_who(access: Access) -> None:
    done = access("who", "sofia", "--json")
    assert done.code == 0
    assert [(one["email"], one["id"]) for one in done.document] == [
        ("Sofia.Rossi@example.com", cast.SOFIA_SSO),
        ("sofia.rossi@example.com", done.document[1]["id"]),
    ]
    assert done.document[0]["marks"] == ["sofia.rossi@example.com is another account"]
    words = access("who", "nadia")
    assert "nadia.petrova@example.com" in words.out
    nobody = access("who", "zzzz")
    assert (nobody.code, nobody.out) == (0, "")
    assert "nobody is called zzzz" in nobody.err


def test_why_a_row_is_hidden(access: Access) -> None:
    question = (
        *("why", "--as", "ada@example.com", "--table", "workflows"),
        *("--key", f"id={cast.INVOICE_SYNC}"),
    )
    done = access(*question, "--json")
    assert done.code == 0
    found = done.document
    assert (found["allowed"], found["effect"], found["command"]) == (False, "hidden", "select")
    assert "there is no row in organization_members" in found["sentence"]
    assert found["steps"][0] == "authenticated may use schema public"
    assert found["passed"] == [True, True, None, None, None, False]
    (policy,) = [policy for policy in found["policies"] if policy["applies"]]
    assert {"name", "command", "kind", "applies", "expression", "value", "error"} <= set(policy)
    assert (policy["name"], policy["kind"]) == ("workflows_select", "permissive")
    assert policy["value"] == "false"
    assert [part["value"] for part in policy["parts"]] == ["false"] * 3
    assert policy["parts"][1]["note"] == "bert@example.com is not ada@example.com"
    assert found["ground_truth"]["allowed"] is False
    assert found["ground_truth"]["agrees"] is True
    assert found["remedies"][0]["sql"].startswith("insert into")
    text = access(*question).out
    assert text.splitlines()[1].startswith("○ hidden, silently: no error")
    assert text.splitlines()[1].endswith("the server agrees ✓")
    assert max(map(len, text.splitlines())) <= 80
    assert "↳ Globex is not in {Acme}" in text
    assert "What would change it" in text
    assert "    The server was asked for the row as ada@example.com." in text.splitlines()


def test_why_a_write_does_nothing_is_refused_or_stopped(access: Access) -> None:
    key = ("--key", f"id={cast.PAYROLL_EXPORT}")
    silent = access(
        *("why", "--as", "dara@example.com", "--table", "workflows", *key),
        *("--set", '{"name": "Payroll"}', "--json"),
    ).document
    assert (silent["command"], silent["effect"]) == ("update", "hidden")
    assert 'sees the row by "workflows_select"' in silent["sentence"]
    refused = access(
        *("why", "--as", "giulia@example.org", "--table", "subscriptions"),
        *("--key", f"id={cast.GIULIAS_PLAN}", "--set", '{"status": "active"}'),
    )
    assert refused.out.splitlines()[1].startswith("⊘ denied, with an error")
    assert refused.out.splitlines()[1].endswith("the server agrees: planned ✓")
    assert "Nothing was carried out." in " ".join(refused.out.split())
    stopped = access(*("why", "--as", cast.BERT, "--table", "telemetry_events", "--row", BERTS_ROW))
    assert "△ allowed, but a constraint stops it (23503)" in stopped.out
    assert "the server agrees: evaluated ✓" in stopped.out
    assert max(map(len, stopped.out.splitlines())) <= 80
    deleted = access(
        *("why", "--as", "dara@example.com", "--table", "workflows", *key),
        *("--command", "delete", "--no-returning", "--json"),
    ).document
    assert (deleted["command"], deleted["effect"]) == ("delete", "hidden")


@pytest.mark.parametrize(
    ("arguments", "code"),
    [
        ("--as ada@example.com --table workflows", 2),
        ("--as ada@example.com --table workflows --key id", 2),
        ("--as ada@example.com --table workflows --key id=x", 2),
        ("--as ada@example.com --table workflows --key nothing=x", 1),
        (f"--as ada@example.com --table workflows --key id={cast.ADA}", 1),
        (f"--as ada@example.com --table nowhere --key id={cast.ADA}", 1),
        (f"--as nobody@example.com --table workflows --key id={cast.INVOICE_SYNC}", 1),
        (f"--as role:nobody --table workflows --key id={cast.INVOICE_SYNC}", 1),
        ("--as ada@example.com --table workflows --row [] --json", 2),
        ("--as ada@example.com --table workflows --row {} --command delete", 2),
        ("--as ada@example.com --claims [] --table workflows --row {}", 2),
        ("--as anon --as service_role --table workflows --row {}", 2),
        ("--as preset:none --table workflows --row {}", 2),
        ("--table workflows --row {}", 2),
    ],
)
def test_a_question_that_makes_no_sense_is_told_so(
    access: Access, arguments: str, code: int
) -> None:
    done = access("why", *arguments.split(), "--json")
    assert done.code == code
    assert done.document["error"]["message"]
    assert done.document["error"]["hint"]


def test_claims_and_the_level_belong_to_the_persona_before_them(access: Access) -> None:
    done = access(
        *("matrix", "--as", "role:authenticated", "--claims", json.dumps({"sub": cast.ADA})),
        *("--as", "role:authenticated", "--aal", "2", "--table", "workflows", "--json"),
    )
    assert done.code == 0
    first, second = done.document["personas"]
    assert (first["claims"]["sub"], "aal" in first["claims"]) == (cast.ADA, False)
    assert ("sub" in second["claims"], second["claims"]["aal"]) == (False, "aal2")
    cells = done.document["tables"][0]["cells"]
    assert cells[first["label"]]["select"]["state"] == "some"
    assert cells[second["label"]]["select"]["state"] == "none"


def test_presets_come_from_the_configuration(access: Access, environment: dict[str, str]) -> None:
    Path(environment["ROWSIGHT_CONFIG"]).write_text(
        '[access.presets.strong]\nas = "ada@example.com"\naal = 2\n', encoding="utf-8"
    )
    done = access("matrix", "--as", "preset:strong", "--table", "users", "--json")
    assert done.document["personas"][0]["claims"]["aal"] == "aal2"


def test_matrix(access: Access) -> None:
    done = access("matrix", "--as", "ada@example.com", "--as", "anon", "--json")
    assert done.code == 0
    assert {"personas", "tables", "elapsed_ms"} <= set(done.document)
    labels = [persona["label"] for persona in done.document["personas"]]
    assert labels == ["ada@example.com", "anon"]
    assert len(done.document["tables"]) == 31
    states = set()
    for table, label in itertools.product(done.document["tables"], labels):
        assert set(table["cells"][label]) == {"select", "insert", "update", "delete"}
        for cell in table["cells"][label].values():
            assert {"state", "visible", "total", "exact", "message"} <= set(cell)
            states.add(cell["state"])
    assert {"all", "some", "none", "denied", "open"} <= states
    text = access("matrix", "--as", "ada@example.com", "--table", "workflows").out
    assert text.splitlines()[1].split() == ["table", "select", "insert", "update", "delete"]
    assert "◐" in text
    twice = access("matrix", "--as", "anon", "--as", "anon", "--json")
    assert (twice.code, twice.document["error"]["code"]) == (2, "usage")


def test_compare(access: Access) -> None:
    sides = ("--as", "ada@example.com", "--as", "bert@example.com")
    done = access("compare", *sides, "--table", "workflows", "--table", "offers", "--json")
    assert done.code == 0
    (difference,) = done.document["differences"]
    assert difference["table"] == "public.workflows"
    assert difference["only"][0] == len(difference["samples"][0]) > 0
    assert done.document["same"] == ["public.offers"]
    text = access("compare", *sides, "--table", "workflows").out
    assert "only ada@example.com" in text
    assert access("compare", "--as", "ada@example.com").code == 2


def test_whatif(access: Access) -> None:
    trial = ("whatif", "--as", "ada@example.com", "--table", "workflows")
    done = access(*trial, "--policy", "workflows_select", "--using", "true", "--json")
    assert done.code == 0
    found = done.document
    assert found["after"] == found["tried"] == found["before"] + found["appearing"]
    assert found["sql"] == 'alter policy "workflows_select" on "public"."workflows" using (true);'
    text = access(*trial, "--policy", "workflows_select", "--using", "false").out
    assert "would disappear" in text
    refused = access(*trial, "--policy", "x", "--using", "pg_sleep(1) is null", "--json")
    assert (refused.code, refused.document["error"]["code"]) == (6, "refused")
    assert access(*trial, "--policy", "x", "--using", "true; select 1").code == 2


def test_lint(access: Access, sample_db: Profile, admin: Admin) -> None:
    done = access("lint", "--json")
    assert done.code == 0
    assert done.document["counts"] == {
        "error": 0,
        "warning": 0,
        "info": len(done.document["findings"]),
    }
    admin(sample_db).execute("create table bare (a int); grant all on bare to anon")
    done = access("lint", "--json", on=sample_db)
    assert done.code == 5
    worst = done.document["findings"][0]
    assert (worst["rule"], worst["identity"]) == ("rls_off", "public.bare")
    assert {"severity", "title", "why", "message", "mend"} <= set(worst)
    text = access("lint", on=sample_db).out
    assert "alter table public.bare enable row level security" in text


def test_a_snapshot_holds_until_something_changes(
    access: Access, sample_db: Profile, admin: Admin, tmp_path: Path
) -> None:
    taken = access(
        "snapshot", "--as", "ada@example.com", "--as", "anon", "--no-counts", on=sample_db
    )
    assert taken.code == 0
    again = access(
        "snapshot", "--as", "ada@example.com", "--as", "anon", "--no-counts", on=sample_db
    )
    assert taken.out == again.out
    file = tmp_path / "access.toml"
    file.write_text(taken.out, encoding="utf-8")
    held = access("check", str(file), "--json", on=sample_db)
    assert (held.code, held.document) == (0, {"holds": True, "changes": [], "withheld": 0})
    admin(sample_db).execute("grant delete on offers to anon; create table fresh (a int)")
    broken = access("check", str(file), "--json", on=sample_db)
    assert broken.code == 5
    assert broken.document["holds"] is False
    changes = [
        (c["persona"], c["table"], c["command"], c["expected"], c["found"])
        for c in broken.document["changes"]
    ]
    assert ("anon", "public.offers", "delete", "denied", "none") in changes
    assert {table for _, table, *_ in changes} == {"public.offers", "public.fresh"}
    assert [(who, table, command) for who, table, command, *_ in changes if not who] == [
        ("", "public.offers", "privileges")
    ]
    words = access("check", str(file), on=sample_db)
    assert "anon · public.offers · delete: was denied, now none" in words.out
    assert "access has changed" in words.err


def test_a_check_tells_what_it_does_not_notice(
    access: Access, sample_db: Profile, admin: Admin, tmp_path: Path
) -> None:
    admin(sample_db).execute(
        """
        create function gets_out() returns boolean language plpgsql stable as
          $$ begin perform set_config('role', 'none', true); return true; end $$;
        create table trap (id int primary key);
        insert into trap values (1);
        alter table trap enable row level security;
        grant select on trap to authenticated;
        create policy p on trap using (gets_out());
        """
    )
    taken = access("snapshot", "--as", "role:authenticated", on=sample_db)
    assert "result withheld in 1 cell" in taken.err
    file = tmp_path / "access.toml"
    file.write_text(taken.out, encoding="utf-8")
    held = access("check", str(file), on=sample_db)
    assert held.code == 0
    assert "result withheld in 1 cell" in held.err
    assert access("check", str(file), "--json", on=sample_db).document["withheld"] == 1
    older = taken.out[: taken.out.index("[fingerprints]")]
    file.write_text(older.replace('"withheld"', '"none"'), encoding="utf-8")
    found = access("check", str(file), on=sample_db)
    assert found.code == 5
    assert "public.trap · select: was none, now withheld" in found.out
    assert "a loosened CHECK goes unnoticed" in found.err


def test_a_file_that_is_no_baseline_is_told_so(access: Access, tmp_path: Path) -> None:
    assert access("check", str(tmp_path / "none.toml")).code == 2
    (tmp_path / "odd.toml").write_bytes(b"\xff\xfe")
    assert access("check", str(tmp_path / "odd.toml")).code == 2
    (tmp_path / "old.toml").write_text("version = 99", encoding="utf-8")
    assert "version" in access("check", str(tmp_path / "old.toml")).err


def test_snapshot_takes_the_roles_of_the_api_by_itself(access: Access) -> None:
    text = access("snapshot").out
    assert [line for line in text.splitlines() if line.startswith("as = ")] == [
        'as = "anon"',
        'as = "role:authenticated"',
        'as = "service_role"',
    ]


def test_the_preview_login_of_the_profile_is_used(
    access: Access,
    rowsight_here: Rowsight,
    shared_sample: Profile,
    admin: Admin,
    environment: dict[str, str],
) -> None:
    assert "a superuser" in access("matrix", "--as", "anon", "--table", "offers").err
    database = admin(shared_sample)
    database.execute("drop role if exists peeping; create role peeping login noinherit")
    database.execute("grant anon, authenticated to peeping")
    try:
        named = {**shared_sample.parameters, "preview_user": "peeping"}
        lines = [f'{key} = "{value}"' for key, value in named.items()]
        Path(environment["ROWSIGHT_CONFIG"]).write_text(
            "\n".join(["[profiles.sample]", *lines]), encoding="utf-8"
        )
        asked = ("rows", "offers", "-d", "sample", "--json")
        done = rowsight_here(*asked, "--as", "anon")
        assert (done.code, "superuser" in done.err) == (0, False)
        refused = rowsight_here(*asked, "--as", "service_role")
        assert refused.code == 6
        assert refused.document["error"]["message"] == "peeping may not act as service_role"
    finally:
        database.execute("drop role peeping")


def test_what_breaks_out_is_withheld(access: Access, sample_db: Profile, admin: Admin) -> None:
    admin(sample_db).execute(
        "create function leap() returns boolean language plpgsql stable as"
        " $$ begin perform set_config('role', 'none', true); return true; end $$;"
        " create table leaky (id int primary key); insert into leaky values (1);"
        " alter table leaky enable row level security; grant select on leaky to anon;"
        " create policy p on leaky for select to anon using (leap())"
    )
    asked = ("why", "--as", "anon", "--table", "leaky", "--key", "id=1", "--json")
    done = access(*asked, on=sample_db)
    assert (done.code, done.document["error"]["code"]) == (6, "containment_broken")
    assert "result withheld" in done.document["error"]["message"]
