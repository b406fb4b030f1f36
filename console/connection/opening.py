"""Opens the driver's connection with the settings every session needs."""

from __future__ import annotations

import asyncio
import getpass
import os
import socket
import stat
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

from console.connection.profile import Profile, Secret
from console.errors import CannotConnect

if TYPE_CHECKING:
    from psycopg import AsyncConnection, Error

    from console.connection.secrets import Login

AskPassword = Callable[[Profile, CannotConnect], Secret | None]
"""Asks the person for a password, and says why; None gives up."""

TYPED = "the one typed"
"""The source of a password that a person has just been asked for."""

_NAME_BYTES = 63
"""Bytes the server keeps of an application's name."""


class Opened(NamedTuple):
    """A connection that was made.

    Attributes:
        connection: The driver's.
        secret: The password it was made with, if that was ours and not libpq's.
        source: In words, who gave that password.
        login: What it logged in to.
    """

    connection: AsyncConnection[tuple[Any, ...]]
    secret: Secret | None
    source: str
    login: Login


def application_name(purpose: str) -> str:
    """Returns what the server lists a connection as: `rowsight browse ada@laptop`."""
    try:
        user = getpass.getuser()
    except (KeyError, OSError):  # an account without a name
        user = str(os.getuid())
    name = f"rowsight {purpose} {user}@{socket.gethostname().partition('.')[0]}"
    printable = "".join(c if c.isascii() and c.isprintable() else "?" for c in name)
    return printable[:_NAME_BYTES]


async def open_connection(
    profile: Profile, purpose: str, ask_password: AskPassword | None
) -> Opened:
    """Connects, asking for a password only where the server wants one libpq does not have.

    The order: what the profile holds or libpq finds; the profile's command; the keyring; the
    person. A password that was refused is never tried twice.

    Args:
        profile: Where to connect.
        purpose: Part of `application_name`.
        ask_password: Asked once, last of all.

    Raises:
        CannotConnect: With the cause in words, and whose password was refused.
    """
    import psycopg

    from console.connection.faults import connect_failed
    from console.connection.secrets import from_command, login_of, offers

    secret = profile.password
    source = secret.source if secret is not None and secret.source else "the one given"
    refused: list[Secret] = []
    waiting = None
    asked = False
    while True:
        try:
            made = await _connected(profile, purpose, secret)
            if secret is not None:
                secret = replace(secret, source=source)
            return Opened(made, secret, source, login_of(made.pgconn, profile))
        except TimeoutError as error:
            raise connect_failed(TimeoutError("timed out"), profile) from error
        except UnicodeError as error:
            raise connect_failed(error, profile) from error
        except psycopg.Error as error:
            failure = connect_failed(error, profile)
            wanted = error.pgconn is not None and error.pgconn.needs_password
            if not wanted and failure.code != "wrong_password":
                raise failure from error
            if failure.code == "wrong_password":
                _name_source(failure, source if secret else libpq_source(profile, error))
            elif secret is None:
                # Who found no password anywhere may have one in a file that was passed over.
                ignored = await asyncio.to_thread(ignored_passfile, profile)
                failure.hint = ignored or failure.hint
            if secret is not None:
                refused.append(secret)
            if wanted and waiting is None and error.pgconn is not None:
                waiting = offers(profile, login_of(error.pgconn, profile))
            elif waiting is None and secret is not None and profile.password_command:
                # What a command once gave may have run out since.
                renewed = await from_command(profile)
                if renewed not in refused:
                    secret, source = renewed, "password_command"
                    continue
            secret = None
            if waiting is not None:
                async for offer in waiting:
                    if offer.secret not in refused:
                        secret, source = offer.secret, offer.source
                        break
            if secret is None and ask_password is not None and not asked:
                asked = True
                secret, source = ask_password(profile, failure), TYPED
            if secret is None:
                raise failure from error


async def _connected(
    profile: Profile, purpose: str, secret: Secret | None
) -> AsyncConnection[tuple[Any, ...]]:
    import psycopg

    password = {} if secret is None else {"password": secret.reveal()}
    async with asyncio.timeout(profile.connect_timeout + 1):
        return await psycopg.AsyncConnection.connect(
            **{  # type: ignore[arg-type]
                **profile.parameters,
                **password,
                "application_name": application_name(purpose),
                "client_encoding": "utf8",
                "connect_timeout": max(1, round(profile.connect_timeout)),
                "keepalives_idle": 5,
                "keepalives_interval": 2,
                "keepalives_count": 3,
                "tcp_user_timeout": 10000,
            },
            autocommit=True,
            prepare_threshold=None,
        )


def _name_source(failure: CannotConnect, source: str) -> None:
    failure.message += f": {source}"
    failure.args = (failure.message,)
    failure.hint = "correct it there, or type another"


def ignored_passfile(profile: Profile) -> str:
    """Says that libpq passed a password file over because others may read it; '' if not so."""
    from console.connection.services import service_of

    entry = service_of(profile.parameters)
    path = Path(
        profile.parameters.get("passfile")
        or (entry.parameters.get("passfile") if entry else None)
        or os.environ.get("PGPASSFILE")
        or Path.home() / ".pgpass"
    )
    try:
        mode = stat.S_IMODE(path.stat().st_mode)
    except OSError:
        return ""
    if not mode & 0o077:
        return ""
    return f"{path} was ignored, for others may use it: its mode is {mode:04o}, chmod 600 mends it"


def libpq_source(profile: Profile, error: Error) -> str:
    """Says which of libpq's sources gave the password that was refused.

    The order is libpq's own: the service file's password beats PGPASSWORD.
    """
    import re

    from console.connection.services import service_of

    if found := re.search(r'password retrieved from file "(.*?)"', str(error)):
        return f"the one from {found[1]}"
    entry = service_of(profile.parameters)
    if entry is not None and entry.has_password:
        return f"the one from {entry.path}"
    return "the one from PGPASSWORD" if "PGPASSWORD" in os.environ else "the one libpq found"
