"""`rows` through somebody's eyes: what the API would return, and the X-ray."""

from __future__ import annotations

import csv
import json

import pytest

from console.connection.profile import Profile
from tests.cli.conftest import Rowsight
from tests.cli.test_rows import dsn
from tests.conftest import Admin


def test_rows_are_those_the_persona_gets(rowsight_here: Rowsight, shared_sample: Profile) -> None:
    rows = ("rows", "workflows", "-d", dsn(shared_sample), "--columns", "id,name", "--limit", "999")
    all_ = rowsight_here(*rows, "--json").document
    mine = rowsight_here(*rows, "--as", "ada@example.com", "--json").document
    assert 0 < len(mine) < len(all_)
    assert all(row in all_ for row in mine)
    marked = rowsight_here(*rows, "--as", "ada@example.com", "--xray", "--json")
    assert [next(iter(row)) for row in marked.document] == ["_visible"] * len(all_)
    assert [row["id"] for row in marked.document if row["_visible"]] == [r["id"] for r in mine]
    assert f"in all ada@example.com sees {len(mine)} of {len(all_)}" in marked.err


@pytest.mark.parametrize("form", ["jsonl", "csv", "table"])
def test_every_format_tells_what_is_seen(
    rowsight_here: Rowsight, shared_sample: Profile, form: str
) -> None:
    done = rowsight_here(
        *("rows", "workflows", "-d", dsn(shared_sample), "--columns", "name", "--limit", "999"),
        *("--as", "ada@example.com", "--xray", "--format", form),
    )
    assert done.code == 0
    lines = done.out.splitlines()
    match form:
        case "jsonl":
            flags = [json.loads(line)["_visible"] for line in lines]
        case "csv":
            flags = [row["_visible"] == "true" for row in csv.DictReader(lines)]
        case _:
            flags = [line.startswith("●") for line in lines[2:]]
    assert (True in flags, False in flags) == (True, True)
    assert f"{sum(flags)} visible to ada@example.com" in done.err


def test_claims_decide_and_what_is_denied_says_so(
    rowsight_here: Rowsight, shared_sample: Profile
) -> None:
    rows = ("rows", "workflows", "-d", dsn(shared_sample), "--json")
    nobody = rowsight_here(*rows, "--as", "role:authenticated")
    assert (nobody.code, nobody.document) == (0, [])
    denied = rowsight_here(*rows, "--as", "anon")
    assert denied.code == 1
    assert denied.document["error"]["sqlstate"] == "42501"
    assert denied.document["error"]["message"].startswith("denied to anon, with an error")
    seen = rowsight_here(*rows, "--as", "anon", "--xray", "--limit", "3")
    assert [row["_visible"] for row in seen.document] == [False] * 3
    assert "anon holds no SELECT" in seen.err
    assert rowsight_here(*rows, "--xray").code == 2
    assert rowsight_here(*rows, "--aal", "2").code == 2


def test_no_error_tells_what_the_login_read(
    rowsight_here: Rowsight, sample_db: Profile, admin: Admin
) -> None:
    admin(sample_db).execute(
        """
        create table kept (s text);
        insert into kept values ('topsecret');
        create function leak() returns boolean language plpgsql as $$
        declare v text;
        begin
          perform set_config('role', 'none', true);
          select s into v from kept;
          raise exception 'secret is %', v;
        end $$;
        create table leaky (id int primary key);
        insert into leaky values (1);
        alter table leaky enable row level security;
        grant select on leaky to authenticated;
        create policy p on leaky to authenticated using (leak())
        """
    )
    asked = ("-d", dsn(sample_db), "--as", "ada@example.com")
    for command in (
        ("rows", "leaky", *asked),
        ("rows", "leaky", *asked, "--xray"),
        ("access", "why", *asked, "--table", "leaky", "--key", "id=1"),
        ("access", "matrix", *asked, "--table", "leaky"),
    ):
        done = rowsight_here(*command)
        assert "topsecret" not in done.out + done.err
        assert "P0001" in done.out + done.err, command


def test_a_table_without_a_key_and_a_view(
    rowsight_here: Rowsight, sample_db: Profile, admin: Admin
) -> None:
    admin(sample_db).execute(
        "create table keyless as select n from generate_series(1, 9) n;"
        " alter table keyless enable row level security; grant select on keyless to anon;"
        " create policy odd on keyless for select to anon using (n % 2 = 1);"
        " create view seen as select * from keyless; grant select on seen to anon"
    )
    asked = ("-d", dsn(sample_db), "--as", "anon", "--json")
    rows = rowsight_here("rows", "keyless", *asked, "--xray").document
    assert {(row["n"], row["_visible"]) for row in rows} == {
        (str(n), n % 2 == 1) for n in range(1, 10)
    }
    assert set(rows[0]) == {"n", "_visible"}
    assert len(rowsight_here("rows", "keyless", *asked).document) == 5
    assert rowsight_here("rows", "seen", *asked, "--xray").code == 2
    assert len(rowsight_here("rows", "seen", *asked).document) == 9
