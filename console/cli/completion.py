"""`rowsight completion bash | zsh | fish`: scripts for the shells, made from the grammar."""

from __future__ import annotations

import argparse
import shlex
from dataclasses import dataclass

from console.cli import output
from console.cli.examples import commands
from console.cli.parser import build_parser


@dataclass(frozen=True, slots=True)
class Word:
    """Something that can be typed.

    Attributes:
        text: An option or a command.
        help: What it does, in one line.
        takes: None where nothing follows; else what may follow, () where that is open.
    """

    text: str
    help: str
    takes: tuple[str, ...] | None = None


def run(options: argparse.Namespace) -> int:
    """Prints the script."""
    output.line(script(options.shell, build_parser()).rstrip())
    return 0


def script(shell: str, parser: argparse.ArgumentParser) -> str:
    """Returns the script for `bash`, `zsh` or `fish`."""
    grammar = {path: _words(command) for path, command in commands(parser)}
    return {"bash": _bash, "zsh": _zsh, "fish": _fish}[shell](grammar)


def _words(parser: argparse.ArgumentParser) -> list[Word]:
    found: list[Word] = []
    for action in parser._actions:  # noqa: SLF001 - argparse has no public way to look inside
        if isinstance(action, argparse._SubParsersAction):  # noqa: SLF001
            found += [Word(one.dest, one.help or "") for one in action._choices_actions]  # noqa: SLF001
        elif action.help != argparse.SUPPRESS:
            choices = tuple(map(str, action.choices or ()))
            takes = choices if action.nargs != 0 else None
            names = action.option_strings or ([] if not choices else list(choices))
            words = (action.help or "").replace("%%", "%")
            found += [Word(name, words, takes if action.option_strings else None) for name in names]
    return found


def _profiles() -> str:
    """Returns a shell command that lists the profiles' names, without starting anything heavy."""
    from console.connection.config import config_path

    place = shlex.quote(str(config_path()))
    return f"sed -n 's/^\\[profiles\\.\\([^].]*\\)\\]$/\\1/p' {place} 2>/dev/null"


_TARGET = ("-d", "--dsn")
_NAMING = ("", "connections test", "connections remove")
"""What a profile's name may follow without an option."""


def _bash(grammar: dict[str, list[Word]]) -> str:
    cases = [
        f"    '{path}') words='{' '.join(word.text for word in words)}' ;;"
        for path, words in grammar.items()
    ]
    values = [
        f"    '{path}:{word.text}') words='{' '.join(word.takes)}'; value=1 ;;"
        for path, words in grammar.items()
        for word in words
        if word.takes is not None and word.text not in _TARGET
    ]
    profiles = f'COMPREPLY=($(compgen -W "$({_profiles()})" -- "$current")); return'
    return "\n".join(
        [
            "# bash completion for rowsight",
            "_rowsight() {",
            "  local current=${COMP_WORDS[COMP_CWORD]} before=${COMP_WORDS[COMP_CWORD-1]}",
            "  local path='' words='' value='' word",
            '  for word in "${COMP_WORDS[@]:1:COMP_CWORD-1}"; do',
            '    case "$path $word" in',
            *(f"    ' {path}'|'{path}') path='{path}' ;;" for path in grammar if path),
            "    esac",
            "  done",
            '  case "$before" in',
            f"    -d|--dsn) {profiles} ;;",
            "  esac",
            '  case "$path:$before" in',
            *values,
            "  esac",
            '  if [ -n "$value" ] && [ -z "$words" ]; then',
            '    COMPREPLY=($(compgen -f -- "$current")); return',
            "  fi",
            '  [ -n "$value" ] || case "$path" in',
            *cases,
            "  esac",
            '  case "$value:$path" in',
            f"    {'|'.join(shlex.quote(f':{path}') for path in _NAMING)})",
            f'      [[ $current == -* ]] || words="$words $({_profiles()})" ;;',
            "  esac",
            '  COMPREPLY=($(compgen -W "$words" -- "$current"))',
            "}",
            "complete -o default -F _rowsight rowsight",
        ]
    )


def _zsh(grammar: dict[str, list[Word]]) -> str:
    def entry(word: Word) -> str:
        return shlex.quote(word.text.replace(":", "\\:") + ":" + word.help)

    lines = [
        "#compdef rowsight",
        "_rowsight() {",
        "  local before=$words[CURRENT-1] word here=''",
        "  local -a found",
        "  for word in $words[2,CURRENT-1]; do",
        '    case "$here $word" in',
        *(f"    ' {path}'|'{path}') here='{path}' ;;" for path in grammar if path),
        "    esac",
        "  done",
        '  case "$before" in',
        f'    -d|--dsn) found=(${{(f)"$({_profiles()})"}}); compadd -a found; return ;;',
        "  esac",
        '  case "$here:$before" in',
    ]
    for path, words in grammar.items():
        for word in words:
            if word.takes is not None and word.text not in _TARGET:
                what = f"compadd {' '.join(word.takes)}" if word.takes else "_files"
                lines.append(f"    '{path}:{word.text}') {what}; return ;;")
    lines += ["  esac", '  case "$here" in']
    for path, words in grammar.items():
        lines += [f"    '{path}') found=(", *(f"      {entry(word)}" for word in words), "    ) ;;"]
    lines += [
        "  esac",
        "  # Commands come before options, as long as no option is begun.",
        "  local -a named; named=(${found:#-*})",
        "  [[ $PREFIX == -* || -z $named ]] || found=($named)",
        '  case "$here" in',
        f"    {'|'.join(map(shlex.quote, _NAMING))})",
        f'      [[ $PREFIX == -* ]] || compadd -- ${{(f)"$({_profiles()})"}} ;;',
        "  esac",
        "  _describe 'rowsight' found || _files",
        "}",
        "# In a folder of $fpath this file is the function itself; elsewhere it is sourced.",
        "if [[ $funcstack[1] == _rowsight ]]; then",
        '  _rowsight "$@"',
        "else",
        "  compdef _rowsight rowsight",
        "fi",
    ]
    return "\n".join(lines)


def _fish(grammar: dict[str, list[Word]]) -> str:
    lines = [
        "# fish completion for rowsight",
        "function __rowsight_at",
        "  set -l here ''",
        "  for word in (commandline -opc)[2..-1]",
        '    switch "$here $word"',
        *(f"      case ' {path}' '{path}'; set here '{path}'" for path in grammar if path),
        "    end",
        "  end",
        '  test "$here" = "$argv[1]"',
        "end",
    ]
    for path, words in grammar.items():
        for word in words:
            parts = ["complete -c rowsight", f"-n \"__rowsight_at '{path}'\""]
            if not word.text.startswith("-"):
                parts.append(f"-f -a {word.text}")
            elif word.text.startswith("--"):
                parts.append(f"-l {word.text[2:]}")
            else:
                parts.append(f"-s {word.text[1:]}")
            if word.text in _TARGET:
                parts.append(f"-x -a {shlex.quote('(' + _profiles() + ')')}")
            elif word.takes:
                parts.append(f"-x -a {shlex.quote(' '.join(word.takes))}")
            elif word.takes is not None:
                parts.append("-r")
            parts.append(f"-d {shlex.quote(word.help)}")
            lines.append(" ".join(parts))
    for path in _NAMING:
        names = shlex.quote(f"({_profiles()})")
        lines.append(f"complete -c rowsight -n \"__rowsight_at '{path}'\" -f -a {names}")
    return "\n".join(lines)
