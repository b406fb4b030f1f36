"""Help, completion and the manual page: whole, true, and taken by the programs they are for."""

from __future__ import annotations

import argparse
import re
import shlex
import shutil
import subprocess
from pathlib import Path

import pytest

from console.cli.completion import script
from console.cli.examples import EXAMPLES, commands
from console.cli.manual import page
from console.cli.parser import COMMANDS, build_parser, parse

PATHS = dict(commands(build_parser()))
LEAVES = {path for path in PATHS if path and not any(o.startswith(f"{path} ") for o in PATHS)}


def test_the_commands_are_those_of_the_grammar() -> None:
    assert list(COMMANDS) == [path for path in PATHS if path and " " not in path]


def test_every_command_has_examples_and_no_example_lacks_its_command() -> None:
    assert set(EXAMPLES) == set(PATHS)


@pytest.mark.parametrize("path", EXAMPLES, ids=lambda path: path or "rowsight")
def test_every_example_parses(path: str) -> None:
    for line in EXAMPLES[path]:
        name, *words = shlex.split(re.split(r" [>|] ", line)[0])
        assert name == "rowsight"
        options = parse(words)
        if path in LEAVES:
            assert options.module == PATHS[path].get_default("module")
        assert line in PATHS[path].format_help()


@pytest.mark.parametrize("path", PATHS, ids=lambda path: path or "rowsight")
def test_every_option_says_what_it_does(path: str) -> None:
    actions = PATHS[path]._actions
    told = [a for a in actions if not isinstance(a, argparse._SubParsersAction)]
    assert [action.dest for action in told if action.help is None] == []


def complete(words: str, home: Path) -> set[str]:
    """Returns what bash offers for the last word."""
    parts = words.split(" ")
    lines = [
        script("bash", build_parser()),
        f"COMP_WORDS=({' '.join(shlex.quote(part) for part in parts)})",
        f"COMP_CWORD={len(parts) - 1}",
        "_rowsight",
        'printf "%s\\n" "${COMPREPLY[@]}"',
    ]
    done = subprocess.run(
        ["bash", "--norc", "-c", "\n".join(lines)],
        capture_output=True,
        text=True,
        check=True,
        cwd=home,
    )
    assert done.stderr == ""
    return set(done.stdout.split())


def test_bash_completes(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    config = tmp_path / "it's mine.toml"
    config.write_text('[profiles.billing]\nhost = "x"\n[profiles.shop]\n')
    monkeypatch.setenv("ROWSIGHT_CONFIG", str(config))
    assert complete("rowsight mig", tmp_path) == {"migrate"}
    assert complete("rowsight migrate ", tmp_path) >= {"verify", "plan", "apply", "history"}
    assert complete("rowsight --json migrate ver", tmp_path) == {"verify"}
    assert complete("rowsight migrate apply --dry", tmp_path) == {"--dry-run"}
    assert complete("rowsight rows --format ", tmp_path) == {"table", "csv", "json", "jsonl"}
    assert complete("rowsight -d ", tmp_path) == {"billing", "shop"}
    assert complete("rowsight connections test ", tmp_path) >= {"billing", "shop"}
    assert complete("rowsight connections remove b", tmp_path) == {"billing"}
    assert complete("rowsight ", tmp_path) >= {"billing", "shop", "migrate"}
    assert complete("rowsight --", tmp_path) & {"billing", "shop"} == set()
    assert complete("rowsight migrate verify -d b", tmp_path) == {"billing"}
    assert complete("rowsight completion ", tmp_path) >= {"bash", "zsh", "fish"}
    assert complete("rowsight demo --keep it", tmp_path) == {"it's", "mine.toml"}


SYNTAX = {"bash": ["bash", "-n"], "zsh": ["zsh", "-n"], "fish": ["fish", "--no-execute"]}


@pytest.mark.parametrize("shell", [shell for shell in SYNTAX if shutil.which(shell)])
def test_shells_take_the_script(shell: str, tmp_path: Path) -> None:
    path = tmp_path / "script"
    path.write_text(script(shell, build_parser()))
    done = subprocess.run([*SYNTAX[shell], str(path)], capture_output=True, text=True, timeout=30)
    assert (done.returncode, done.stderr) == (0, "")


@pytest.mark.parametrize("shell", SYNTAX)
def test_scripts_name_every_command_and_option(shell: str) -> None:
    written = script(shell, build_parser())
    for path, command in PATHS.items():
        assert path in written
        for action in command._actions:
            if action.help != argparse.SUPPRESS:
                for option in action.option_strings:
                    assert option.lstrip("-") in written


def test_the_manual_page_tells_everything_and_hides_what_is_hidden() -> None:
    written = page(build_parser())
    plain = written.replace("\\-", "-")
    for path, command in PATHS.items():
        assert path in plain
        for action in command._actions:
            hidden = action.help == argparse.SUPPRESS
            for option in action.option_strings:
                assert (f"\\fB{option}\\fR" in plain) is not hidden
    assert written.isascii()
    assert ".SH EXIT STATUS" in written
    assert [line for line in written.splitlines() if line.startswith("'")] == []
