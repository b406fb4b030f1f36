"""The grammar of the command line."""

from __future__ import annotations

import pytest

from console.cli.parser import parse
from console.errors import UsageError


@pytest.mark.parametrize(
    "line",
    [
        "-d x --json --timeout 2 tables",
        "tables -d x --json --timeout 2",
        "--json tables -d x --timeout 2",
        "-d x --timeout 2 tables --json",
        "--dsn=x tables --json --timeout=2",
    ],
)
def test_global_options_stand_before_or_after_the_command(line: str) -> None:
    options = parse(line.split())
    assert (options.dsn, options.json, options.timeout) == ("x", True, 2.0)
    assert options.module == "console.cli.tables"


def test_options_not_given_have_their_defaults() -> None:
    options = parse(["migrate", "apply"])
    assert options.dsn is None
    assert options.timeout is None
    assert not any((options.json, options.no_color, options.no_keyring, options.yes))
    assert options.lock_timeout == 3.0


@pytest.mark.parametrize(
    ("line", "target"),
    [
        ("", None),
        ("-d prod", "prod"),
        ("prod", "prod"),
        ("postgresql://db.example/app", "postgresql://db.example/app"),
        ("--no-color prod", "prod"),
        ("prod --no-color", "prod"),
        ("--timeout 3 prod", "prod"),
    ],
)
def test_without_a_command_the_console_opens_on_a_target(line: str, target: str | None) -> None:
    options = parse(line.split())
    assert options.module == "console.cli.open"
    assert options.dsn == target


@pytest.mark.parametrize(
    "line",
    [
        "migrat verify",
        "-d a b",
        "migrate",
        "migrate drop",
        "tables extra",
        "rows",
        "rows t --limit -1",
        "rows t --limit x",
        "rows t --format xml",
        "rows t --wher x=1",
        "tables --timeout 0",
        "tables --timeout 2000001",
        "migrate apply --lock-timeout 2147484",
        "tables --timeout nan",
        "tables --timeout",
        "tables --nonsense",
        "access",
        "access what",
        "access why --as ada@example.com",
        "access matrix --aal 1",
        "access matrix --as anon --aal 3",
    ],
)
def test_what_does_not_parse_is_refused(line: str) -> None:
    with pytest.raises(UsageError) as caught:
        parse(line.split())
    assert caught.value.exit_code == 2


def test_a_mistyped_command_is_answered_with_a_near_one() -> None:
    with pytest.raises(UsageError) as caught:
        parse(["migrat", "verify"])
    assert caught.value.hint == "did you mean migrate?"


def test_a_password_that_stands_in_the_wrong_place_is_not_repeated() -> None:
    for wrong in ("postgresql://ada:secret@host/db", "host=h password=secret", "password='secret'"):
        with pytest.raises(UsageError) as caught:
            parse(["tables", wrong])
        assert "secret" not in caught.value.message + caught.value.hint
        with pytest.raises(UsageError) as caught:
            parse([wrong, "tables"])
        assert "secret" not in caught.value.message + caught.value.hint


def test_a_table_to_open_goes_with_the_console_only() -> None:
    assert parse(["-d", "postgresql://x/y", "--table", "public.users"]).open_table == "public.users"
    with pytest.raises(UsageError, match="--table opens the console"):
        parse(["--table", "public.users", "tables"])
