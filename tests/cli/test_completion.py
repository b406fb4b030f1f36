"""Completion as zsh and fish do it themselves, where they are installed."""

from __future__ import annotations

import os
import shlex
import shutil
import subprocess
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pexpect
import pytest

from console.cli.completion import script
from console.cli.parser import build_parser

CASES = {
    "rowsight mig": ["migrate"],
    "rowsight migrate ": ["apply", "history", "plan", "verify"],
    "rowsight -d shop migrate v": ["verify"],
    "rowsight rows --fo": ["--force", "--format"],
    "rowsight rows --format ": ["csv", "json", "jsonl", "table"],
    "rowsight migrate verify -d ": ["billing", "shop"],
    "rowsight completion ": ["bash", "fish", "zsh"],
    "rowsight demo --keep min": ["mine.toml"],
}
ZSH, FISH = shutil.which("zsh"), shutil.which("fish")


@pytest.fixture
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder with two profiles and the scripts."""
    config = tmp_path / "mine.toml"
    config.write_text('[profiles.billing]\nhost = "h"\n[profiles.shop]\nhost = "h"\n')
    monkeypatch.setenv("ROWSIGHT_CONFIG", str(config))
    parser = build_parser()
    (tmp_path / "script.fish").write_text(script("fish", parser))
    folder = tmp_path / "functions"
    folder.mkdir()
    (folder / "_rowsight").write_text(script("zsh", parser))
    return tmp_path


def environment(home: Path) -> dict[str, str]:
    found = {name: str(home) for name in ("HOME", "ZDOTDIR", "XDG_CONFIG_HOME", "XDG_DATA_HOME")}
    return {**os.environ, **found, "TERM": "dumb", "LC_ALL": "C.UTF-8"}


@pytest.mark.skipif(FISH is None, reason="there is no fish here")
@pytest.mark.parametrize("typed", CASES)
def test_fish_offers_what_can_follow(typed: str, home: Path) -> None:
    done = subprocess.run(
        ["fish", "--no-config", "-c", f"source script.fish; complete -C {shlex.quote(typed)}"],
        cwd=home,
        env=environment(home),
        capture_output=True,
        text=True,
        timeout=30,
    )
    offered = [line.split("\t")[0] for line in done.stdout.splitlines()]
    assert (offered, done.stderr) == (CASES[typed], "")


@pytest.fixture
def zsh(home: Path) -> Any:
    """An interactive zsh with the script, given by the way it is taken in."""

    def begin(how: str) -> Any:
        shell = pexpect.spawn(
            "zsh", ["-f", "-i"], cwd=str(home), env=environment(home), dimensions=(50, 120)
        )
        started.append(shell)
        shell.sendline(f"unsetopt zle_bracketed_paste; {how}; PROMPT='rea''dy> '")
        shell.expect_exact("ready> ", timeout=20)
        return shell

    started: list[Any] = []
    yield begin
    for shell in started:
        shell.close(force=True)


SOURCED = "autoload -Uz compinit; compinit -u -D; source functions/_rowsight"
IN_FPATH = 'fpath=("$PWD/functions" $fpath); autoload -Uz compinit; compinit -u -D'


@pytest.mark.skipif(ZSH is None, reason="there is no zsh here")
@pytest.mark.parametrize("how", [SOURCED, IN_FPATH], ids=["sourced", "in fpath"])
@pytest.mark.parametrize("typed", CASES)
def test_zsh_offers_what_can_follow(typed: str, how: str, zsh: Callable[[str], Any]) -> None:
    shell = zsh(how)
    wanted = CASES[typed]
    begun = typed.rpartition(" ")[2]
    shell.send(typed + "\t\t")
    if len(wanted) == 1:
        shell.expect_exact(f"{wanted[0].removeprefix(begun)} ", timeout=20)
        return
    left, shown = list(wanted), b""
    while left:  # those of one description stand together, in an order of zsh's own
        left.pop(shell.expect_exact(left, timeout=20))
        shown += shell.before
    assert b"--help" not in shown
