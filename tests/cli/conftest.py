"""The real program, run as a person or a script runs it."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pexpect
import pytest

from console.cli import run


@dataclass(frozen=True)
class Finished:
    """How a run of the program ended."""

    code: int
    out: str
    err: str

    @property
    def document(self) -> Any:
        """Everything on stdout as the one JSON document it has to be."""
        return json.loads(self.out)


Rowsight = Callable[..., Finished]
OnTerminal = Callable[..., Any]

PROGRAM = (sys.executable, "-m", "console")


@pytest.fixture
def environment(tmp_path: Path) -> dict[str, str]:
    """The environment of a run: none of the caller's targets, a home of its own."""
    kept = {
        name: os.environ[name] for name in ("PATH", "LANG", "VIRTUAL_ENV") if name in os.environ
    }
    return kept | {
        "HOME": str(tmp_path),
        "ROWSIGHT_STATE": str(tmp_path / "state"),
        "ROWSIGHT_CONFIG": str(tmp_path / "config.toml"),
        "PGPASSFILE": str(tmp_path / "pgpass"),
        "TERM": "dumb",
    }


@pytest.fixture
def rowsight(environment: dict[str, str]) -> Rowsight:
    """Runs `rowsight` with the given arguments; stdin is empty."""

    def ran(*arguments: str, **variables: str) -> Finished:
        done = subprocess.run(
            [*PROGRAM, *arguments],
            env=environment | variables,
            stdin=subprocess.DEVNULL,
            capture_output=True,
            timeout=60,
        )
        assert b"Traceback" not in done.stderr
        return Finished(done.returncode, done.stdout.decode(), done.stderr.decode())

    return ran


@pytest.fixture
def rowsight_here(
    environment: dict[str, str],
    monkeypatch: pytest.MonkeyPatch,
    capsysbinary: pytest.CaptureFixture[bytes],
) -> Rowsight:
    """As `rowsight`, but in this process: ten times faster, for what has many cases."""
    for name, value in environment.items():
        monkeypatch.setenv(name, value)

    def here(*arguments: str) -> Finished:
        capsysbinary.readouterr()
        code = run(list(arguments))
        out, err = capsysbinary.readouterr()
        return Finished(code, out.decode(), err.decode())

    return here


@pytest.fixture
def on_terminal(environment: dict[str, str]) -> Iterator[OnTerminal]:
    """Runs `rowsight` on a terminal of its own."""
    started = []

    def run(*arguments: str, size: tuple[int, int] = (24, 80), **variables: str) -> Any:
        process = pexpect.spawn(
            PROGRAM[0],
            [*PROGRAM[1:], *arguments],
            env=environment | {"TERM": "xterm-256color"} | variables,
            dimensions=size,
            timeout=30,
            encoding="utf-8",
        )
        started.append(process)
        return process

    yield run
    for process in started:
        process.close(force=True)
