"""Filters and highlight rules as people type them, and entries as files take them."""

from __future__ import annotations

import csv
import json
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from console.connection.profile import Profile
from console.connection.session import Session
from console.errors import NotFound, UsageError
from console.logs.highlight import read_rules, rule_for
from console.logs.poll import Mark
from console.logs.source import LogEntry
from console.logs.typed import Typed, parse, read_filter, written
from console.logs.written import FIELDS, write_file

ENTRY = LogEntry(
    "audit_logs", "1", datetime(2026, 11, 20, tzinfo=UTC), None, "login", "a,b", None, '{"a": 1}', 7
)


@pytest.mark.parametrize(
    ("text", "typed"),
    [
        ("", Typed()),
        ("  eu-west  x ", Typed(text="eu-west x")),
        ("action=login* user=ada@example.com", Typed(action="login*", user="ada@example.com")),
        ('text="a ""b"" c" SINCE=-1h', Typed(text='a "b" c', since="-1h")),
        ('"action=x" until="2026-11-20 16:58"', Typed(text="action=x", until="2026-11-20 16:58")),
        ("action=", "does not parse"),
        ("actions=x", "nothing to filter by"),
        ("user=a user=b", "given twice"),
        ('text="open', "does not parse"),
    ],
)
def test_what_is_typed(text: str, typed: Typed | str) -> None:
    if isinstance(typed, Typed):
        assert parse(text) == typed
    else:
        with pytest.raises(UsageError, match=typed):
            parse(text)


@pytest.mark.parametrize("value", ["x", "a b", 'a"b', "", "a=b", " "])
def test_a_value_is_written_as_it_is_read(value: str) -> None:
    assert parse(f"action={written(value)} x") == Typed(action=value, text="x")


def test_part_of_a_logs_name_is_enough() -> None:
    assert Typed(source="privacy").sources == ("privacy_transparency_log",)
    assert Typed(source="audit_log").sources == ("audit_log",)
    assert Typed(source="audit, priv").sources == (
        *("audit_logs", "audit_log"),
        "privacy_transparency_log",
    )
    with pytest.raises(UsageError, match="no log x"):
        _ = Typed(source="x").sources


async def test_a_filter_is_read_by_the_servers_clock_and_users(sample_db: Profile) -> None:
    async with Session(sample_db) as session, session.transaction(search_path="") as tx:
        (email, id_) = (await tx.fetch("select email, id::text from public.users limit 1"))[0]
        where = await read_filter(tx, parse(f"user={email} since=-1h source=privacy"))
        with pytest.raises(NotFound):
            await read_filter(tx, parse("user=nobody@nowhere.example"))
    assert where.user == id_
    assert where.since is not None
    assert where.sources == {"privacy_transparency_log"}


@pytest.mark.parametrize(
    ("entry", "mark", "name"),
    [
        (ENTRY, Mark.NEW, None),
        (ENTRY, Mark.CHANGED, "changed"),
        (replace(ENTRY, action="rls_violation"), Mark.NEW, "rls violation"),
        (replace(ENTRY, action="user.deleted"), Mark.LATE, "deletion"),
        (replace(ENTRY, action="rowsight.retention"), Mark.NEW, "this console"),
        (replace(ENTRY, action="charge.failed"), Mark.NEW, "payments"),
    ],
)
def test_what_stands_out(entry: LogEntry, mark: Mark, name: str | None) -> None:
    own = {"name": "payments", "where": "action=charge.*", "style": "error", "sign": "$"}
    rule = rule_for(read_rules({"highlight": [own]}), entry, mark)
    assert (rule.name if rule else None) == name


@pytest.mark.parametrize(
    "section",
    [
        {"colour": 1},
        {"highlight": "x"},
        {"highlight": [{"name": "x"}]},
        {"highlight": [{"where": "action=x", "style": "pink"}]},
        {"highlight": [{"where": "action=x", "sign": "--"}]},
        {"highlight": [{"where": "since=-1h"}]},
        {"usual": "no"},
    ],
)
def test_rules_that_are_wrong(section: dict[str, Any]) -> None:
    with pytest.raises(UsageError):
        read_rules(section)


def test_without_the_usual_rules() -> None:
    assert read_rules({"usual": False}) == ()


def test_files(tmp_path: Path) -> None:
    odd = replace(ENTRY, action='a"\n\u202e', user="")
    entries = [(ENTRY, Mark.NEW), (odd, Mark.CHANGED)]
    assert write_file(tmp_path / "x.csv", entries) == 2
    assert (tmp_path / "x.csv").stat().st_mode & 0o777 == 0o600
    with (tmp_path / "x.csv").open(newline="") as file:
        head, first, second = csv.reader(file)
    assert head == [*FIELDS, "mark"]
    assert first[head.index("resource")] == "a,b"
    assert second[head.index("action")] == odd.action
    assert write_file(tmp_path / "x.jsonl", entries) == 2
    lines = (tmp_path / "x.jsonl").read_text().splitlines()
    assert [json.loads(line)["mark"] for line in lines] == ["new", "changed"]
    assert json.loads(lines[1])["action"] == odd.action
    with pytest.raises(UsageError, match="exists"):
        write_file(tmp_path / "x.csv", entries)
