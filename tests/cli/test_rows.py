"""`rows`, read on from a key and streamed."""

from __future__ import annotations

import json
import shlex
import signal
import subprocess
import time
from collections.abc import Callable
from typing import Any

import psycopg
import pytest

from console.connection.profile import Profile
from tests.cli.conftest import PROGRAM, Rowsight

Admin = Callable[[Profile], psycopg.Connection[Any]]


def dsn(profile: Profile) -> str:
    parameters = profile.parameters
    return " ".join(f"{key}='{value}'" for key, value in parameters.items())


@pytest.fixture
def numbers(empty_db: Profile, admin: Admin) -> Profile:
    """A table of 3,000 rows under a key of two odd columns, and one without any."""
    admin(empty_db).execute(
        r"""
        create table numbers (n int, "Ke y" text, kind text, primary key (kind, "Ke y"));
        insert into numbers select g, E'it''s\n\x1b' || lpad(g::text, 5, '0'),
          (array['a', 'b'])[1 + g % 2] from generate_series(1, 3000) g;
        create table plain (id int primary key); insert into plain select generate_series(1, 9);
        create table keyless as select * from plain; create view seen as select * from plain;
        """
    )
    return empty_db


def key_in(words: str) -> str:
    """The key that the last line on stderr names."""
    _, found, rest = words.rpartition("--after ")
    assert found
    return shlex.split(rest)[0]


@pytest.mark.parametrize(
    ("order", "form"),
    [
        *(("", form) for form in ("csv", "jsonl", "json", "table")),
        ("n:desc", "json"),
        ("kind", "csv"),
    ],
)
def test_every_row_is_met_by_going_on_from_key_to_key(
    rowsight: Rowsight, numbers: Profile, form: str, order: str
) -> None:
    rows = ("rows", "numbers", "-d", dsn(numbers), "--columns", "n", "--limit", "1100")
    rows += ("--format", form, *(("--order", order) if order else ()))
    found: list[int] = []
    after: tuple[str, ...] = ()
    while True:
        done = rowsight(*rows, *after)
        assert done.code == 0
        match form:
            case "json":
                found += [int(row["n"]) for row in json.loads(done.out)]
            case "jsonl":
                found += [int(json.loads(line)["n"]) for line in done.out.splitlines()]
            case _:
                found += [int(line) for line in done.out.split() if line.isdecimal()]
        if "more follow" not in done.err:
            break
        after = ("--after", key_in(done.err))
    assert len(found) == 3000
    assert sorted(found) == list(range(1, 3001))
    if order == "n:desc":
        assert found == sorted(found, reverse=True)


def test_a_plain_key_is_written_plainly(rowsight: Rowsight, numbers: Profile) -> None:
    done = rowsight("rows", "plain", "-d", dsn(numbers), "--limit", "4")
    assert "of ~" not in done.err or "more follow" in done.err
    assert key_in(done.err) == "4"
    done = rowsight("rows", "plain", "-d", dsn(numbers), "--after", "4", "--limit", "2", "--json")
    assert done.document == [{"id": "5"}, {"id": "6"}]
    done = rowsight("rows", "plain", "-d", dsn(numbers), "--after", "9", "--format", "csv")
    assert (done.code, done.out) == (0, "id\n")
    done = rowsight("rows", "plain", "-d", dsn(numbers), "--limit", "0", "--json")
    assert done.document == []


@pytest.mark.parametrize(
    ("arguments", "code"),
    [
        (("keyless", "--after", "3"), 2),
        (("seen", "--after", "3"), 2),
        (("numbers", "--after", "3"), 2),
        (("numbers", "--after", '["a"]'), 2),
        (("numbers", "--after", "[not json"), 2),
        (("plain", "--after", "x"), 2),
        (("plain", "--after", "x", "--where", "id>3"), 2),
        (("plain", "--after", "99999999999999999999"), 2),
    ],
)
def test_a_key_that_does_not_fit_is_refused(
    rowsight: Rowsight, numbers: Profile, arguments: tuple[str, ...], code: int
) -> None:
    done = rowsight("rows", *arguments, "--json", "-d", dsn(numbers))
    assert done.code == code
    assert done.document["error"]["message"]


@pytest.mark.parametrize(
    "arguments",
    [
        ("--columns", "id:desc"),
        ("--columns", ""),
        ("--order", ""),
        ("--order", "id:up"),
        ("--limit", "-1"),
        ("--limit", "many"),
        ("--format", "xml"),
        ("--format", "csv", "--json"),
        ("--where", "id"),
        ("--where", "nosuch=1"),
        ("--where", "id=x"),
        ("--xray",),
        ("--as", "anon", "--as", "service_role"),
        ("--as", "anon", "--aal", "3"),
        ("--as", "anon", "--claims", "{"),
    ],
    ids=" ".join,
)
def test_an_option_that_does_not_parse_is_a_usage_error(
    rowsight_here: Rowsight, numbers: Profile, arguments: tuple[str, ...]
) -> None:
    done = rowsight_here("rows", "plain", *arguments, "-d", dsn(numbers), "--json")
    assert done.code == 2
    error = done.document["error"]
    assert {"code", "message", "hint", "sqlstate"} <= set(error)
    assert error["message"]
    assert error["hint"]


@pytest.mark.parametrize(
    ("arguments", "code", "name"),
    [
        (("nosuch",), 1, "not_found"),
        (('"Plain"',), 1, "not_found"),
        (("plain", "--columns", "nosuch"), 1, "not_found"),
        (("plain", "--order", "nosuch:desc"), 1, "not_found"),
        (("a.b.c",), 2, "usage"),
        (("naps", "--timeout", "0.5"), 4, "timeout"),
    ],
    ids=["table", "quoted", "column", "order", "name", "timeout"],
)
def test_exit_codes_are_those_of_the_contract(
    rowsight: Rowsight,
    numbers: Profile,
    admin: Admin,
    arguments: tuple[str, ...],
    code: int,
    name: str,
) -> None:
    admin(numbers).execute("create view naps as select pg_sleep(60)::text as slept")
    done = rowsight("rows", *arguments, "-d", dsn(numbers), "--json")
    assert (done.code, done.document["error"]["code"]) == (code, name)


def test_rows_come_before_the_last_one_is_known_and_a_signal_ends_it(
    numbers: Profile, admin: Admin, environment: dict[str, str]
) -> None:
    database = admin(numbers)
    database.execute(
        "create view endless as with recursive r (n) as (select 1 union all select n + 1 from r)"
        " select n from r"
    )
    command = [*PROGRAM, "rows", "endless", "-d", dsn(numbers), "--limit", "2000000000"]
    for form in ("csv", "jsonl"):
        with subprocess.Popen(
            [*command, "--format", form], env=environment, stdout=subprocess.PIPE
        ) as running:
            assert running.stdout is not None
            lines = [running.stdout.readline() for _ in range(20_000)]
            assert all(lines)
            running.send_signal(signal.SIGINT)
            running.stdout.close()
            assert running.wait(10) in (130, 141, 1)
    for _ in range(100):
        [(active,)] = database.execute(
            "select count(*) from pg_stat_activity where query like '%endless%'"
            " and state = 'active' and pid <> pg_backend_pid()"
        ).fetchall()
        if not active:
            break
        time.sleep(0.05)
    assert active == 0
