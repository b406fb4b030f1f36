"""What can go wrong, said once: a sentence, what to do, the exit code.

Every failure that reaches a person is one of these. The command line prints it and
leaves with its exit code, the screens show it; neither ever shows a traceback.
"""

from __future__ import annotations


class ConsoleError(Exception):
    """A failure a person can act on.

    Attributes:
        code: Stable name of the failure for scripts, such as `cannot_connect`.
        exit_code: What the process ends with when this ends it.
        message: One sentence of what happened.
        hint: One sentence of what to do next; may be empty.
        sqlstate: The server's five-character code, or None when it was not the server.
        detail: The server's own words, shown on request; may be empty.
    """

    code = "failed"
    exit_code = 1

    def __init__(
        self, message: str, *, hint: str = "", sqlstate: str | None = None, detail: str = ""
    ) -> None:
        super().__init__(message)
        self.message = message
        self.hint = hint
        self.sqlstate = sqlstate
        self.detail = detail


class DatabaseFailed(ConsoleError):
    """The server refused a statement, or failed while running it."""

    code = "database_failed"


class NotFound(ConsoleError):
    """An object that was named does not exist."""

    code = "not_found"


class UsageError(ConsoleError):
    """What was typed does not parse, or does not fit together."""

    code = "usage"
    exit_code = 2


class CannotConnect(ConsoleError):
    """No connection could be made, or the one we had is gone."""

    code = "cannot_connect"
    exit_code = 3


class TimedOut(ConsoleError):
    """A deadline passed: ours, or the server's statement or lock timeout."""

    code = "timeout"
    exit_code = 4


class CheckFailed(ConsoleError):
    """A check came out negative: drift, or a baseline that no longer holds."""

    code = "check_failed"
    exit_code = 5


class Refused(ConsoleError):
    """A guard said no before anything was touched."""

    code = "refused"
    exit_code = 6
