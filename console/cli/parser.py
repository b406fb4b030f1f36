"""The command line's grammar. Commands that are not built are not in it."""

from __future__ import annotations

import argparse
import math
import re
from collections.abc import Sequence
from importlib import import_module
from typing import Any, NoReturn, Protocol

from console.errors import UsageError

_DEMO_ROWS = 20_000
_LONGEST = 2_000_000
"""Seconds, 23 days; the server counts its timeouts in milliseconds of 32 bits."""

_CONSOLE = "console.cli.open"
_GRAMMARS = tuple(
    f"console.cli.{name}_grammar" for name in ("access", "analytics", "logs", "connections")
)
"""Commands whose grammar is long enough for a file of its own."""
_WITH_VALUE = ("-d", "--dsn", "--timeout", "--table")
COMMANDS = (
    *("demo", "migrate", "tables", "rows", "health", "retention"),
    *("access", "analytics", "logs", "connections", "doctor", "completion", "man"),
)
"""The commands' names, in the order of the help."""


class AddCommand(Protocol):
    """Adds a command, or a step of one, with the options that may stand everywhere."""

    def __call__(
        self, name: str, words: str, module: str, under: Any = ...
    ) -> argparse.ArgumentParser:
        """Returns the parser; `module` in `console.cli` runs it."""


class _Parser(argparse.ArgumentParser):
    def format_help(self) -> str:
        from console.cli.examples import under

        self.epilog = under(self.prog.removeprefix("rowsight").strip())
        self.formatter_class = argparse.RawDescriptionHelpFormatter
        return super().format_help()

    def error(self, message: str) -> NoReturn:
        # argparse quotes what it did not understand, and that may be a URL with a password.
        message = re.sub(r"://[^/@\s]*@", "://…@", message)
        message = re.sub(r"password=(?:'[^']*'|\S+)", "password=…", message)
        raise UsageError(message, hint=f"see {self.prog} --help")


def _seconds(text: str) -> float:
    seconds = float(text)
    if not (math.isfinite(seconds) and 0 < seconds <= _LONGEST):
        wanted = f"a number of seconds above zero and up to {_LONGEST:,}"
        raise argparse.ArgumentTypeError(f"{text!r} is not {wanted}")
    return seconds


def count(text: str) -> int:
    """Reads a number of rows that the server takes as a limit."""
    number = int(text)
    if not 0 <= number <= 2**31 - 2:
        raise argparse.ArgumentTypeError(f"{text!r} is not a number of rows")
    return number


_seconds.__name__ = "number of seconds"
count.__name__ = "number of rows"


def _globals(*, default: object) -> argparse.ArgumentParser:
    """The options that may stand before and after the command.

    A sub-parser's defaults would undo what was given before it, so those are suppressed.
    """
    parser = _Parser(add_help=False, argument_default=default)
    group = parser.add_argument_group("everywhere")
    group.add_argument(
        "-d",
        "--dsn",
        metavar="TARGET",
        help="profile name, postgresql:// URL or libpq conninfo; default: libpq's environment",
    )
    group.add_argument("--json", action="store_true", default=default or False, help="print JSON")
    group.add_argument(
        "--no-color", action="store_true", default=default or False, help="no colour"
    )
    group.add_argument(
        "--no-keyring", action="store_true", default=default or False, help="never ask the keyring"
    )
    group.add_argument(
        "--timeout", metavar="SECONDS", type=_seconds, help="end with exit code 4 after that long"
    )
    return parser


def build_parser() -> argparse.ArgumentParser:
    """Returns the parser of every command; each names the module that runs it as `module`."""
    parser = _console()
    _add_commands(parser)
    return parser


def _console() -> argparse.ArgumentParser:
    """The grammar without a command, for the console."""
    parser = _Parser(
        prog="rowsight",
        parents=[_globals(default=None)],
        description="A console for Supabase and PostgreSQL. "
        "Without a command: opens on TARGET, a profile's name or a postgresql:// URL.",
        usage="rowsight [options] [TARGET | COMMAND …]",
        allow_abbrev=False,
    )
    parser.add_argument("--version", action="store_true", help="print the version")
    parser.add_argument(
        "--table", metavar="T", dest="open_table", help="open the console on this table"
    )
    parser.set_defaults(module=_CONSOLE)
    return parser


def _add_commands(parser: argparse.ArgumentParser) -> None:
    everywhere = _globals(default=argparse.SUPPRESS)
    commands = parser.add_subparsers(metavar="COMMAND", title="commands", prog="rowsight")

    def command(
        name: str, words: str, module: str, under: Any = commands
    ) -> argparse.ArgumentParser:
        made: argparse.ArgumentParser = under.add_parser(
            name, help=words, description=words, parents=[everywhere], allow_abbrev=False
        )
        made.set_defaults(module=f"console.cli.{module}")
        return made

    demo = command("demo", "an embedded PostgreSQL with the migration and sample data", "demo")
    demo.add_argument("--keep", metavar="DIR", help="keep the database in DIR")
    demo.add_argument("--rows", metavar="N", type=count, default=_DEMO_ROWS, help="sample volume")
    demo.add_argument("--no-traffic", action="store_true", help="no rows arrive by themselves")
    demo.add_argument("--serve", action="store_true", help="print a dsn and run until a signal")

    migrate = command("migrate", "verify, plan and apply the master migration", "migrate")
    steps = migrate.add_subparsers(metavar="STEP", dest="step", required=True)
    verify = command(
        "verify", "is this database exactly what the migration says?", "migrate", steps
    )
    verify.add_argument("--strict", action="store_true", help="warnings fail too")
    plan = command("plan", "what apply would do; changes nothing", "migrate", steps)
    apply = command("apply", "apply what is missing, verified before it commits", "migrate", steps)
    apply.add_argument("--yes", action="store_true", help="do not ask")
    apply.add_argument("--dry-run", action="store_true", help="do it all, then roll back")
    apply.add_argument("--no-history", action="store_true", help="do not record the migration")
    apply.add_argument(
        "--lock-timeout", metavar="S", type=_seconds, default=3.0, help="seconds to wait for a lock"
    )
    for step in (plan, apply):
        step.add_argument(
            "--replace-policies", action="store_true", help="drop policies that are not ours"
        )
        step.add_argument(
            "--set-aside", action="store_true", help="rename conflicting tables out of the way"
        )
    history = command("history", "which migrations are recorded", "migrate", steps)
    for step in (verify, plan, apply, history):
        step.add_argument("--file", help=argparse.SUPPRESS)
        step.add_argument("--expected", help=argparse.SUPPRESS)

    command("tables", "tables, views and their sizes", "tables")

    from console.cli.personas import add_personas

    rows = command("rows", "rows of a table", "rows")
    rows.add_argument("table", metavar="T", help='table or schema.table, "quoted" as in SQL')
    rows.add_argument(
        "--where", metavar="FILTER", default="", help='such as: status=failed "createdAt">-1h'
    )
    rows.add_argument("--columns", metavar="A,B", help="columns to show")
    rows.add_argument("--order", metavar="COL[:desc]", help="default: the primary key")
    rows.add_argument("--limit", metavar="N", type=count, default=200, help="default: 200")
    rows.add_argument("--after", metavar="KEY", help="go on after the row with this key")
    rows.add_argument(
        "--format", choices=("table", "csv", "json", "jsonl"), help="default: table, or json"
    )
    rows.add_argument("--force", action="store_true", help="write raw CSV to a terminal")
    rows.add_argument(
        "--xray", action="store_true", help="all rows, and whether the persona of --as sees each"
    )
    add_personas(rows)

    health = command("health", "what the server and the schema's functions say", "health")
    health.add_argument(
        "--limit",
        metavar="NAME=WARN,FAIL",
        action="append",
        default=[],
        help="from where on a check warns and fails; - for nowhere",
    )
    ending = health.add_mutually_exclusive_group()
    ending.add_argument("--cancel", metavar="PID", type=count, help="cancel its statement instead")
    ending.add_argument("--terminate", metavar="PID", type=count, help="end that session instead")
    health.add_argument("--yes", action="store_true", help="do not ask")

    retention = command("retention", "what retention would delete, and deleting it", "retention")
    steps = retention.add_subparsers(metavar="STEP", dest="step", required=True)
    command("plan", "what would be deleted; changes nothing", "retention", steps)
    run = command("run", "delete it, in short transactions", "retention", steps)
    run.add_argument("--yes", action="store_true", help="do not ask")
    run.add_argument(
        "--policy",
        metavar="T",
        action="append",
        help="only the policy of this table; may be repeated; default: all that are enabled",
    )
    run.add_argument("--telemetry", action="store_true", help="every user's telemetry, too")
    run.add_argument(
        "--batch",
        metavar="N",
        type=count,
        default=10_000,
        help="rows of a transaction at most; default: 10000",
    )
    change = command("set", "change a policy; its effect is shown first", "retention", steps)
    change.add_argument("table", metavar="T", help="as the policy names it")
    change.add_argument("--days", metavar="N", type=count, help="how long rows are kept")
    change.add_argument("--enabled", choices=("yes", "no"), help="whether the clean-up heeds it")
    change.add_argument("--yes", action="store_true", help="do not ask")

    for grammar in _GRAMMARS:
        import_module(grammar).add(command)

    command("doctor", "what rowsight finds on this machine and at the target", "doctor")
    completion = command("completion", "a script for your shell", "completion")
    completion.add_argument("shell", choices=("bash", "zsh", "fish"), help="which shell")
    command("man", "the manual page, for man(1)", "manual")


def parse(arguments: list[str]) -> argparse.Namespace:
    """Parses a command line.

    A first word that is no command is the target: `rowsight X` is `rowsight -d X`.

    Raises:
        UsageError: It does not parse.
    """
    words = _words(arguments)
    target = None
    if words and arguments[words[0]] not in COMMANDS:
        target = arguments[words[0]]
        if len(words) > 1:
            shown = target if target.isidentifier() else "the first word"
            raise UsageError(f"{shown} is not a command", hint=near(target, COMMANDS))
        arguments = [word for place, word in enumerate(arguments) if place != words[0]]
    # The commands' grammar takes longer than all else here, and the console does without.
    helps = any(word.startswith("-h") or word == "--help" for word in arguments)
    parser = build_parser() if helps or (words and target is None) else _console()
    options = parser.parse_args(arguments)
    options.word = target
    if getattr(options, "open_table", None) is not None and options.module != _CONSOLE:
        raise UsageError("--table opens the console, and goes without a command")
    if target is not None:
        if options.dsn is not None:
            raise UsageError("the target is given twice", hint="leave out -d, or the other")
        options.dsn = target
    return options


def _words(arguments: list[str]) -> list[int]:
    """Finds the arguments that are neither options nor values of the global options."""
    words, position = [], 0
    while position < len(arguments):
        if not arguments[position].startswith("-"):
            words.append(position)
        position += 2 if arguments[position] in _WITH_VALUE else 1
    return words


def near(word: str, names: Sequence[str]) -> str:
    """Returns the hint for a word that is none of the names."""
    from difflib import get_close_matches

    close = get_close_matches(word, names, 1)
    return f"did you mean {close[0]}?" if close else "known: " + ", ".join(names)
