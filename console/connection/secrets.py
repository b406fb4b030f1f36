"""Where passwords come from when libpq has none: a command, the keyring, the person.

Each is asked only after the server wanted a password, and at most once for each attempt:
nothing here may lock an account by guessing.
"""

from __future__ import annotations

import asyncio
import contextlib
import json
import os
import sys
from collections.abc import AsyncIterator
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

from console.connection.profile import Profile, Secret
from console.errors import CannotConnect, UsageError

if TYPE_CHECKING:
    from psycopg.pq.abc import PGconn

DEADLINE = 3.0
"""Seconds a keyring may take; behind it somebody may be waiting for a window nobody sees."""
COMMAND_DEADLINE = 30.0
"""Seconds a password command may take."""
_LONGEST = 65_536


class Login(NamedTuple):
    """What a password is for, as libpq worked it out."""

    host: str
    port: str
    database: str
    user: str

    @property
    def service(self) -> str:
        """What the keyring calls it."""
        return f"rowsight:{self.host}:{self.port}/{self.database}"


class Offer(NamedTuple):
    """A password, and in words who gave it."""

    secret: Secret
    source: str


class Keyring(NamedTuple):
    """What was found of a keyring.

    Attributes:
        usable: Whether it keeps passwords.
        words: The backend's name, or why there is none.
    """

    usable: bool
    words: str


def login_of(connection: PGconn, profile: Profile) -> Login:
    """Returns what a connection, also one that failed, was to log in to."""

    def text(name: str) -> str:
        with contextlib.suppress(Exception):  # libpq knows it only so far into an attempt
            value: bytes | None = getattr(connection, name)
            if value:
                return value.decode("utf-8", "replace")
        return ""

    given = profile.parameters
    return Login(
        host=text("host") or given.get("host", ""),
        port=text("port") or given.get("port", "5432"),
        database=text("db") or given.get("dbname", ""),
        user=text("user") or given.get("user", ""),
    )


async def offers(profile: Profile, login: Login) -> AsyncIterator[Offer]:
    """Yields what the profile's command and the keyring give, in this order.

    Raises:
        CannotConnect: The command failed.
    """
    if profile.password_command:
        yield Offer(await from_command(profile), "password_command")
    secret = await look_up(profile, login)
    if secret is not None:
        yield Offer(secret, "the keyring")


async def from_command(profile: Profile) -> Secret:
    """Runs a profile's password command, without a shell; the first line it prints counts.

    Neither its output nor its arguments are told to anybody.

    Raises:
        CannotConnect: It can't be run, fails, prints nothing, or takes too long.
    """
    program = profile.password_command[0]

    def failed(how: str) -> CannotConnect:
        error = CannotConnect(
            f"the password command {program} {how}",
            hint="run it in a shell to see why; it has to print the password and nothing else",
        )
        error.code = "password_command_failed"
        return error

    # No terminal: what asks on one would write over the screen. GnuPG is told where it is.
    kept = {name: value for name, value in os.environ.items() if name != "GPG_TTY"}
    try:
        code, out = await _run(profile.password_command, b"", kept, COMMAND_DEADLINE)
    except TimeoutError:
        raise failed(f"did not end within {COMMAND_DEADLINE:g} s") from None
    except OSError as error:
        raise failed(f"can't be run: {error.strerror}") from None
    if code:
        raise failed(f"failed with exit code {code}")
    line = out[:_LONGEST].decode("utf-8", "surrogateescape").split("\n", 1)[0].rstrip("\r")
    if not line or "\0" in line:
        raise failed("printed no password")
    return Secret(line)


def is_allowed(profile: Profile | None = None) -> bool:
    """Tells whether the keyring may be asked: by option, environment, configuration, profile."""
    if os.environ.get("ROWSIGHT_NO_KEYRING") or (profile is not None and not profile.keyring):
        return False
    from console.connection.config import keyring_allowed

    try:
        return keyring_allowed()
    except UsageError:
        return False  # said elsewhere; a file that can't be read may hold a no


async def keyring_state() -> Keyring:
    """Finds out whether there is a keyring that keeps passwords, without asking it for one."""
    if not is_allowed():
        return Keyring(False, "switched off")
    return _state(await _ask({"action": "look"}))


async def look_up(profile: Profile, login: Login) -> Secret | None:
    """Asks the keyring for a password; whatever goes wrong is as if there were none."""
    if not is_allowed(profile):
        return None
    found = await _ask({"action": "get", "service": login.service, "user": login.user})
    password = found.get("password")
    return Secret(password) if password else None


async def store(login: Login, secret: Secret) -> Keyring:
    """Keeps a password in the keyring; to be called after a login that worked and a yes.

    Returns:
        Usable if it is kept, which was read back; else the words say why it is not.
    """
    request = {
        "action": "set",
        "service": login.service,
        "user": login.user,
        "password": secret.reveal(),
    }
    found = await _ask(request)
    state = _state(found)
    if state.usable and found.get("password") != secret.reveal():
        return Keyring(False, "it did not keep the password")
    return state


async def forget(login: Login) -> Keyring:
    """Takes a password out of the keyring."""
    request = {"action": "delete", "service": login.service, "user": login.user}
    return _state(await _ask(request))


def _state(found: dict[str, str | None]) -> Keyring:
    if "failed" in found:
        return Keyring(False, f"unusable ({found['failed']})")
    backend = found.get("backend")
    return Keyring(bool(backend), backend or "none that keeps passwords safe")


async def _ask(request: dict[str, str]) -> dict[str, str | None]:
    script = Path(__file__).with_name("keyring_process.py")
    # -P: a file in the current folder must not pass for the keyring.
    command = (sys.executable, "-P", str(script))
    try:
        _, out = await _run(command, json.dumps(request).encode(), None, DEADLINE)
        found = json.loads(out)
    except TimeoutError:
        return {"failed": "no answer within 3 s"}
    except (OSError, ValueError):
        return {"failed": "no answer"}
    return found if isinstance(found, dict) else {"failed": "no answer"}


async def _run(
    command: tuple[str, ...], told: bytes, environment: dict[str, str] | None, seconds: float
) -> tuple[int, bytes]:
    """Runs a program that has no terminal; ended with all it started when time is up."""
    process = await asyncio.create_subprocess_exec(
        *command,
        stdin=asyncio.subprocess.PIPE,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.DEVNULL,
        env=environment,
        start_new_session=True,
    )
    try:
        async with asyncio.timeout(seconds):
            out, _ = await process.communicate(told)
    finally:
        # Whatever it has started must neither hold the pipe open nor stay behind.
        with contextlib.suppress(ProcessLookupError, PermissionError):
            os.killpg(process.pid, 9)
        with contextlib.suppress(TimeoutError):
            await asyncio.wait_for(process.wait(), 0.5)
    return process.returncode or 0, out
