"""`rowsight man`: the manual page, made from the grammar."""

from __future__ import annotations

import argparse

from console import __version__
from console.cli import output
from console.cli.examples import EXAMPLES, commands
from console.cli.parser import build_parser

_EXIT = (
    ("0", "ok"),
    ("1", "the database refused or failed"),
    ("2", "what was typed does not parse; the console without a terminal"),
    ("3", "cannot connect"),
    ("4", "timeout"),
    ("5", "drift, or a check that failed"),
    ("6", "refused by a guard"),
    ("130", "interrupted"),
)
_ENVIRONMENT = (
    ("ROWSIGHT_CONFIG", "the configuration file"),
    ("ROWSIGHT_STATE", "the folder of the journal and of crash reports"),
    ("ROWSIGHT_PG_BIN", "the folder with postgres and initdb for the demo"),
    ("ROWSIGHT_NO_KEYRING", "set to anything: the keyring is never asked"),
    ("DATABASE_URL, PG*", "the target when -d names none; PG* as libpq reads them"),
    ("NO_COLOR", "set to anything: no colour"),
    ("TEXTUAL_COLOR_SYSTEM", "standard, 256 or truecolor: what the terminal can show"),
)


def run(options: argparse.Namespace) -> int:
    """Prints the page as roff, for man(1)."""
    output.line(page(build_parser()).rstrip())
    return 0


def page(parser: argparse.ArgumentParser) -> str:
    """Returns the page."""
    found = dict(commands(parser))
    lines = [
        f'.TH ROWSIGHT 1 "" "rowsight {__version__}" "User Commands"',
        ".SH NAME",
        r"rowsight \- a terminal console for Supabase and PostgreSQL",
        ".SH SYNOPSIS",
        r".B rowsight",
        r"[\fIoptions\fR] [\fITARGET\fR | \fICOMMAND\fR ...]",
        ".SH DESCRIPTION",
        _text(parser.description or ""),
        ".SH OPTIONS",
        *_options(parser),
        ".SH COMMANDS",
    ]
    shared = {option for action in _listed(parser) for option in action.option_strings}
    for path, command in found.items():
        if path:
            lines += [f".SS rowsight {_text(path)}", _text(command.description or "")]
            lines += _options(command, without=shared)
            lines += _examples(path)
    for heading, pairs in (("EXIT STATUS", _EXIT), ("ENVIRONMENT", _ENVIRONMENT)):
        lines.append(f".SH {heading}")
        for name, words in pairs:
            lines += [".TP", rf"\fB{_text(name)}\fR", _text(words)]
    lines += [".SH EXAMPLES", *_examples("")]
    return "\n".join(lines) + "\n"


def _listed(parser: argparse.ArgumentParser) -> list[argparse.Action]:
    return [
        action
        for action in parser._actions  # noqa: SLF001 - argparse has no public way to look inside
        if action.help != argparse.SUPPRESS and not isinstance(action, argparse._SubParsersAction)  # noqa: SLF001
    ]


def _options(
    parser: argparse.ArgumentParser, *, without: set[str] | frozenset[str] = frozenset()
) -> list[str]:
    lines = []
    for action in _listed(parser):
        names = action.option_strings or [str(action.metavar or action.dest)]
        if without.issuperset(names):
            continue
        value = ""
        if action.option_strings and action.nargs != 0:
            value = str(action.metavar or "|".join(map(str, action.choices or ())) or action.dest)
        shown = ", ".join(rf"\fB{_text(name)}\fR" for name in names)
        lines += [".TP", shown + (rf" \fI{_text(value)}\fR" if value else "")]
        lines.append(_text((action.help or "").replace("%%", "%")))
    return lines


def _examples(path: str) -> list[str]:
    lines = [_text(line) for line in EXAMPLES.get(path, ())]
    return [".PP", ".nf", *(f".RS 4\n{line}\n.RE" for line in lines), ".fi"] if lines else []


def _text(words: str) -> str:
    """Returns words that roff takes as they are."""
    escaped = words.replace("\\", "\\e").replace("-", "\\-").replace("'", "\\(aq")
    escaped = "".join(c if c.isascii() else f"\\[u{ord(c):04X}]" for c in escaped)
    return "\\&" + escaped if escaped.startswith(".") else escaped
