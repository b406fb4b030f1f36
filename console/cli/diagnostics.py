"""The owner of stderr and of exit codes: words, progress, failures."""

from __future__ import annotations

import contextlib
import os
import signal
import sys

from console.cli import output
from console.errors import ConsoleError
from console.visible import visible, visible_lines


def _write(text: str) -> None:
    # Words nobody can read any more are no reason to fail.
    with contextlib.suppress(OSError, ValueError, AttributeError):
        encoding = sys.stderr.encoding or "utf-8"
        sys.stderr.write(text.encode(encoding, "backslashreplace").decode(encoding))
        sys.stderr.flush()


def say(words: str) -> None:
    """Tells the person something, on stderr, after what stdout has got so far."""
    output.flush()
    _write(visible_lines(words) + "\n")


def tell_audit(audit: str | None) -> None:
    """Says what became of the row for the database's own log, where one was asked for."""
    from console.connection.audit import told

    if words := told(audit):
        say(words)


def ask(question: str) -> None:
    """Puts a question on stderr; the answer is read from stdin."""
    _write(visible(question))


class Progress:
    """What goes on, on stderr: one live line on a terminal, else one line a phase."""

    def __init__(self) -> None:
        self._live = output.is_terminal(sys.stderr) and os.environ.get("TERM", "dumb") != "dumb"
        self._phase = ""

    def __enter__(self) -> Progress:
        return self

    def __exit__(self, *exc_info: object) -> None:
        self.clear()

    def clear(self) -> None:
        """Takes the live line away, before something else is written."""
        if self._live and self._phase:
            _write("\r\x1b[K")
        self._phase = ""

    def show(self, phase: str, words: str = "") -> None:
        """Shows where the work stands.

        Args:
            phase: Printed whenever it changes.
            words: What changes within the phase; seen on a terminal only.
        """
        if self._live:
            width = os.get_terminal_size(sys.stderr.fileno()).columns
            _write("\r\x1b[K" + visible(f"{phase} {words}".rstrip())[: width - 1])
        elif phase != self._phase:
            say(phase)
        self._phase = phase


def fail(error: ConsoleError, *, as_json: bool) -> int:
    """Tells a failure, on stderr in words and with `--json` on stdout too.

    Returns:
        The exit code.
    """
    state = f" [{error.sqlstate}]" if error.sqlstate else ""
    say(f"rowsight: {error.message}{state}")
    for part in (error.detail, error.hint):
        if part:
            say("\n".join(f"  {line}" for line in part.splitlines()))
    if as_json:
        output.document(
            {
                "error": {
                    "code": error.code,
                    "message": error.message,
                    "hint": error.hint,
                    "sqlstate": error.sqlstate,
                    "detail": error.detail,
                }
            }
        )
    return error.exit_code


def ended(number: int, *, as_json: bool) -> int:
    """Tells that a signal ended the command; a hang-up leaves nobody to tell it to.

    Returns:
        128 + the signal's number, whoever may or may not listen.
    """
    interrupted = number == signal.SIGINT
    words = "interrupted" if interrupted else f"ended by {signal.Signals(number).name}"
    failure = ConsoleError(words)
    failure.code = "interrupted"
    with contextlib.suppress(ConsoleError, BrokenPipeError):
        fail(failure, as_json=as_json)
        output.flush()
    return 128 + number


def crashed(error: Exception) -> ConsoleError:
    """Writes a report of a fault of our own; returns the failure that names the file."""
    from console.crash import write_report

    try:
        hint = f"a report without your data is in {write_report(error)}"
    except OSError:
        hint = "no report could be written"
    failure = ConsoleError(
        f"rowsight itself failed ({type(error).__name__}); nothing was decided for you", hint=hint
    )
    failure.code = "internal"
    return failure
