"""The journal: on the disk before anything happens, private, complete, without secrets."""

from __future__ import annotations

import json
import os
import signal
import stat
import subprocess
import sys
from pathlib import Path

import pytest

from console import journal
from console.connection.profile import Environment, Profile, Secret
from console.errors import ConsoleError
from console.journal import Journal

PROFILE = Profile(
    name="billing",
    parameters={"host": "db.example", "port": "5432", "dbname": "app", "user": "ada"},
    environment=Environment.PROD,
    password=Secret("hunter2"),
)

_CHILD = """
import os, signal, sys
from pathlib import Path
from console.connection.profile import Profile
from console.journal import Journal
journal = Journal(Path(sys.argv[1]))
"""


def child(code: str, folder: Path) -> subprocess.Popen[str]:
    return subprocess.Popen(
        [sys.executable, "-c", _CHILD + code, str(folder)],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    )


def test_intent_note_and_result_share_an_operation(tmp_path: Path) -> None:
    kept = Journal(tmp_path)
    operation = kept.intend("migrate apply", PROFILE, statements=3)
    kept.note(operation, undo=["create policy old on public.events"])
    kept.conclude(operation, "done", retries=1)
    intent, note, result = kept.entries()
    assert (intent.event, note.event, result.event) == ("intent", "note", "result")
    assert {entry.operation for entry in (intent, note, result)} == {operation}
    assert intent.action == "migrate apply"
    assert intent.facts == {"statements": 3}
    assert result.facts == {"outcome": "done", "retries": 1}
    assert intent.target == {
        "profile": "billing",
        "environment": "prod",
        "host": "db.example",
        "port": "5432",
        "dbname": "app",
        "user": "ada",
    }
    assert intent.time <= note.time <= result.time


def test_only_the_owner_may_read_it(tmp_path: Path) -> None:
    folder = tmp_path / "state"
    before = os.umask(0)
    try:
        Journal(folder).intend("look", PROFILE)
    finally:
        os.umask(before)
    assert stat.S_IMODE(folder.stat().st_mode) == 0o700
    for path in folder.iterdir():
        assert stat.S_IMODE(path.stat().st_mode) == 0o600, path


def test_a_killed_process_leaves_an_unfinished_operation(tmp_path: Path) -> None:
    code = (
        'journal.intend("retention run", Profile(name="p")); os.kill(os.getpid(), signal.SIGKILL)'
    )
    with child(code, tmp_path) as killed:
        assert killed.wait() == -signal.SIGKILL
    (left,) = Journal(tmp_path).find_unfinished()
    assert left.action == "retention run"
    Journal(tmp_path).conclude(left.operation, "not applied")
    assert Journal(tmp_path).find_unfinished() == []


def test_what_another_process_is_still_doing_is_not_unfinished(tmp_path: Path) -> None:
    code = 'journal.intend("tail", Profile(name="p")); print("ready", flush=True); input()'
    with child(code, tmp_path) as working:
        assert working.stdout is not None
        assert working.stdout.readline() == "ready\n"
        assert [entry.action for entry in Journal(tmp_path).entries()] == ["tail"]
        assert Journal(tmp_path).find_unfinished() == []
        working.kill()
    assert [entry.action for entry in Journal(tmp_path).find_unfinished()] == ["tail"]


def test_own_running_operations_are_not_unfinished(tmp_path: Path) -> None:
    kept = Journal(tmp_path)
    operation = kept.intend("migrate apply", PROFILE)
    assert kept.find_unfinished() == []
    assert Journal(tmp_path).find_unfinished() == []
    kept.conclude(operation, "done")
    assert kept.find_unfinished() == []
    assert not list(tmp_path.glob("*.running"))


def test_no_secret_gets_in(tmp_path: Path) -> None:
    kept = Journal(tmp_path)
    operation = kept.intend(
        "migrate apply",
        PROFILE,
        error='could not use "hunter2"',
        url="postgresql://ada:s3cr3t@db.example/app",
        conninfo="host=x password=s3cr3t dbname=y",
        quoted="password = 's3 cr3t' host=x",
        statement="alter role ada password 's3cr3t'",
        nested=[{"deep": ("hunter2", 7, None, True)}],
    )
    kept.conclude(operation, "failed", error="PASSWORD: s3cr3t and hunter2")
    text = kept.path.read_text()
    for secret in ("hunter2", "s3cr3t", "cr3t"):
        assert secret not in text
    intent, _ = kept.entries()
    assert intent.facts["nested"] == [{"deep": ["…", 7, None, True]}]
    assert intent.facts["conninfo"] == "host=x password=… dbname=y"


def test_what_restores_a_definition_is_kept_as_it_was(tmp_path: Path) -> None:
    kept = Journal(tmp_path)
    definition = "create function f() … $$ select 'password: ' || secret $$"
    kept.intend("migrate apply", PROFILE, undo=[{"kind": "function", "was": definition}])
    (intent,) = kept.entries()
    assert intent.facts["undo"] == [{"kind": "function", "was": definition}]


def test_hostile_text_is_inert_in_the_file(tmp_path: Path) -> None:
    kept = Journal(tmp_path)
    hostile = "\x1b]52;c;cm0gLXJm\x07 \u202e \x9b31m\nsecond line \udcff"
    kept.intend("look", PROFILE, name=hostile)
    raw = kept.path.read_bytes()
    assert raw.count(b"\n") == 1
    assert b"\x1b" not in raw
    assert b"\x07" not in raw
    (intent,) = kept.entries()
    assert intent.facts["name"] == hostile


def test_it_rotates_and_loses_no_line(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(journal, "LARGEST", 2000)
    kept = Journal(tmp_path)
    for number in range(40):
        kept.conclude(kept.intend("count", PROFILE, number=number), "done")
    files = sorted(tmp_path.glob("journal*.jsonl"))
    assert 2 < len(files) <= journal.KEPT
    assert all(path.stat().st_size <= 2000 for path in files)
    numbers = [entry.facts["number"] for entry in kept.entries() if entry.event == "intent"]
    assert numbers == list(range(numbers[0], 40))
    for number in range(200):
        kept.note("x", number=number)
    assert len(list(tmp_path.glob("journal*.jsonl"))) == journal.KEPT
    assert [entry.facts["number"] for entry in kept.entries()][-1] == 199


def test_a_line_cut_short_spoils_no_other(tmp_path: Path) -> None:
    kept = Journal(tmp_path)
    kept.note("first", number=1)
    with kept.path.open("ab") as file:
        file.write(b'{"time": "2026-')
    kept.note("second", number=2)
    assert [entry.operation for entry in kept.entries()] == ["first", "second"]


def test_several_processes_may_write_at_once(tmp_path: Path) -> None:
    code = "for number in range(50): journal.note(str(os.getpid()), number=number, pad='x' * 500)"
    writers = [child(code, tmp_path) for _ in range(4)]
    for writer in writers:
        writer.communicate()
        assert writer.returncode == 0
    lines = [json.loads(line) for line in (tmp_path / "journal.jsonl").read_bytes().splitlines()]
    assert len(lines) == 200
    for writer in writers:
        mine = [line["facts"]["number"] for line in lines if line["operation"] == str(writer.pid)]
        assert mine == list(range(50))


def test_without_a_place_to_write_nothing_may_be_done(tmp_path: Path) -> None:
    (tmp_path / "state").write_text("a file where the folder should be")
    with pytest.raises(ConsoleError, match="can't be written") as caught:
        Journal(tmp_path / "state").intend("migrate apply", PROFILE)
    assert "ROWSIGHT_STATE" in caught.value.hint


def test_the_folder_can_be_chosen(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("ROWSIGHT_STATE", str(tmp_path / "elsewhere"))
    Journal().note("x")
    assert (tmp_path / "elsewhere" / "journal.jsonl").is_file()
    monkeypatch.delenv("ROWSIGHT_STATE")
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path / "xdg"))
    monkeypatch.setenv("HOME", str(tmp_path))
    assert journal.state_folder().is_relative_to(tmp_path)
