"""From `-d` to an open session."""

from __future__ import annotations

import argparse
import contextlib
import sys
from collections.abc import AsyncIterator
from dataclasses import replace
from typing import TYPE_CHECKING

from console.connection.profile import Profile, Secret
from console.errors import CannotConnect

if TYPE_CHECKING:
    from console.connection.session import Session


def target(options: argparse.Namespace) -> Profile:
    """Returns the profile that `-d` or the environment names, with time as `--timeout` says.

    The command's own deadline is told by a signal; the timeouts of connecting and of a
    statement are set behind it, so that it is the one that is met.

    Raises:
        UsageError: The target does not parse, or names no profile.
    """
    from console.connection.target import resolve

    profile = resolve(options.dsn)
    if options.timeout is None:
        return profile
    return replace(
        profile, connect_timeout=options.timeout + 2, statement_timeout=options.timeout + 2
    )


@contextlib.asynccontextmanager
async def session(options: argparse.Namespace, purpose: str) -> AsyncIterator[Session]:
    """Opens a session on the command's target.

    Raises:
        UsageError: The target does not parse.
        CannotConnect: Nobody answers, or not to us.
    """
    from console.connection.session import Session

    async with Session(target(options), purpose=purpose, ask_password=ask_password) as opened:
        yield opened


def ask_password(profile: Profile, failure: CannotConnect) -> Secret | None:
    """Asks for a password where somebody is there to answer; says whose was refused."""
    if not (sys.stdin and sys.stdin.isatty() and sys.stderr.isatty()):
        return None
    from getpass import getpass

    from console.cli import diagnostics
    from console.cli.running import asking
    from console.connection.faults import place
    from console.connection.opening import TYPED
    from console.visible import visible

    if failure.code == "wrong_password":
        diagnostics.say(failure.message)
    try:
        with asking():
            answer = getpass(visible(f"Password for {place(profile)}: "), sys.stderr)
    except EOFError:
        return None
    return Secret(answer, TYPED) if answer else None
