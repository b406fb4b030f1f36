"""`rowsight`, `rowsight -d TARGET`, `rowsight TARGET`: the console."""

from __future__ import annotations

import argparse
import os
import sys

from console.errors import UsageError


def require_terminal() -> None:
    """Checks that a console can be drawn here.

    Raises:
        UsageError: There is no terminal, or one that can't place text.
    """
    if not has_terminal():
        raise UsageError(
            "the console needs a terminal",
            hint="run a command, such as rowsight tables --json; rowsight --help lists them",
        )


def has_terminal() -> bool:
    """Tells whether a console can be drawn here."""
    streams = (sys.stdin, sys.stdout)
    term = os.environ.get("TERM", "")
    return term not in ("", "dumb") and all(stream and stream.isatty() for stream in streams)


def run(options: argparse.Namespace) -> int:
    """Opens the console: on a target, on the environment's, or where one is chosen.

    Raises:
        UsageError: No terminal, or the target is neither a profile nor a URL.
    """
    from console.cli.connecting import target
    from console.cli.running import no_deadline
    from console.connection.known import from_environment

    try:
        named = options.dsn is not None or from_environment() is not None
        profile = target(options) if named else None
    except UsageError as error:
        if options.word is not None:
            error.hint += "; rowsight --help lists the commands"
        raise
    require_terminal()
    no_deadline()

    from console import collecting

    collecting.put_off()
    from console.ui.app import open_console

    collecting.keep()
    return open_console(profile, table=options.open_table)
