"""The headless commands: one file a sub-command, stdout is data, stderr is words.

Importing this package imports no driver, no screen library and no parser of SQL: each
command's module is imported when its command is run.
"""

from __future__ import annotations

import os
import signal
import sys


def run(arguments: list[str]) -> int:
    """Runs a command line.

    Returns:
        0 ok, 1 the database refused or failed, 2 usage, 3 cannot connect, 4 timeout,
        5 drift or a failed check, 6 refused by a guard; 128 + the signal's number when a
        signal ended it (130 interrupted), also when the reader of stdout went away (141).
    """
    from console.cli import running

    if sys.stdout is None:  # closed by whoever started us
        from pathlib import Path

        sys.stdout = Path(os.devnull).open("w", encoding="utf-8")  # noqa: SIM115
    with running.signals():
        code = _run_to_the_end(arguments)
    if running.left_behind():
        # Everything of ours is closed; a thread that hangs in the network can't be ended.
        os._exit(code)
    return code


def _run_to_the_end(arguments: list[str]) -> int:
    from console.errors import ConsoleError

    try:
        return _named(arguments)
    except BrokenPipeError:
        return 128 + signal.SIGPIPE
    except ConsoleError as error:  # the failure could not be written either
        return error.exit_code


def _named(arguments: list[str]) -> int:
    """Runs a command line; whatever goes wrong is told in words."""
    from console.cli import diagnostics, output, running
    from console.errors import ConsoleError

    try:
        code = _run(arguments)
        output.flush()
        return code
    except BrokenPipeError:
        raise
    except running.Ended as end:
        return diagnostics.ended(end.number, as_json="--json" in arguments)
    except ConsoleError as error:
        failure = error
    except Exception as error:  # noqa: BLE001 - the last handler: never a traceback
        failure = diagnostics.crashed(error)
    code = diagnostics.fail(failure, as_json="--json" in arguments)
    output.flush()
    return code


def _run(arguments: list[str]) -> int:
    from importlib import import_module

    from console.cli import running

    if arguments == ["--version"]:  # asked by scripts again and again: no grammar for that
        return _version(as_json=False)

    from console.cli.parser import parse
    from console.errors import UsageError

    if any(not argument.isascii() and _broken(argument) for argument in arguments):
        raise UsageError("an argument is not valid text", hint="check the terminal's encoding")
    try:
        options = parse(arguments)
    except SystemExit as end:  # --help has been printed
        if isinstance(end, running.Ended):
            raise
        return 0
    if options.version:
        return _version(as_json=options.json)
    if options.no_color:
        os.environ["NO_COLOR"] = "1"
    if options.no_keyring:
        os.environ["ROWSIGHT_NO_KEYRING"] = "1"
    if options.timeout is not None:
        running.deadline(options.timeout)
    code: int = import_module(options.module).run(options)
    return code


def _version(*, as_json: bool) -> int:
    from console import __version__
    from console.cli import output

    if as_json:
        output.document({"version": __version__})
    else:
        output.line(f"rowsight {__version__}")
    return 0


def _broken(argument: str) -> bool:
    try:
        argument.encode()
    except UnicodeEncodeError:
        return True
    return False
