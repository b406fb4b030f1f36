"""Asks before something is changed; what to ask for is `console.guard`'s to decide."""

from __future__ import annotations

import argparse
import sys
from typing import TYPE_CHECKING

from console.cli import diagnostics, output
from console.cli.running import asking
from console.errors import Refused
from console.guard import Act, Circumstances, Demand, decide, why_not

if TYPE_CHECKING:
    from console.connection.session import Session


def require_somebody(options: argparse.Namespace, what: str) -> None:
    """Checks, before anything is connected to, that somebody has agreed or can be asked.

    Args:
        options: `--yes` is somebody's word.
        what: What the command does, such as `apply writes to the database`.

    Raises:
        Refused: Neither.
    """
    somebody = output.is_terminal(sys.stdin) and output.is_terminal(sys.stderr)
    if not (options.yes or somebody):
        raise Refused(f"{what}, and nobody is here to be asked", hint="give --yes")


def consent(
    act: Act,
    opened: Session,
    question: str,
    *,
    name: tuple[str, str] | None = None,
    otherwise: str = "nothing was changed",
) -> None:
    """Has the person agree to an act on the database of a session.

    Calling the command was the decision to write, so it stands for write mode.

    Args:
        act: What is about to be done.
        opened: Where.
        question: Such as `Apply to shop on db.example?`.
        name: What has to be typed at the worst, and what it is called; by default the
            database's name.
        otherwise: What is true when the answer is no.

    Raises:
        Refused: The answer was no, or no answer would do.
    """
    server = opened.server
    assert server is not None
    where = Circumstances(opened.profile.environment, write_mode=True, standby=server.standby)
    answer = decide(act, where)
    if answer is Demand.REFUSE:
        raise Refused(why_not(act, where), hint="connect to the primary")
    if answer is Demand.ALLOW:
        return
    wanted, called = name or (server.database, "its name")
    if answer is Demand.ACKNOWLEDGE:
        wanted = called = "yes"
    if _answer(f"{question} Type {called}: ") != wanted:
        raise Refused(otherwise, hint=f"the answer was not {called}")


def _answer(question: str) -> str:
    """Reads one line that was typed after the question, and was one line.

    What was typed or pasted before the question is no answer to it, and what is pasted behind
    the answer is nothing for the shell.
    """
    import termios

    with asking():
        diagnostics.ask(question)
        termios.tcflush(sys.stdin.fileno(), termios.TCIFLUSH)
        line = sys.stdin.readline().removesuffix("\n")
    termios.tcflush(sys.stdin.fileno(), termios.TCIFLUSH)
    return line
