"""Opens the driver's connection with the settings every session needs."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from console.connection.profile import Profile, Secret

if TYPE_CHECKING:
    from psycopg import AsyncConnection

AskPassword = Callable[[Profile], Secret | None]


async def open_connection(
    profile: Profile, purpose: str, ask_password: AskPassword | None
) -> tuple[AsyncConnection[tuple[Any, ...]], Secret | None]:
    """Connects, asking for a password only where the server wants one nobody has given.

    Args:
        profile: Where to connect.
        purpose: Part of `application_name`.
        ask_password: Asked once; returns None to give up.

    Returns:
        The connection, and the password it was made with if that was ours.

    Raises:
        CannotConnect: With the cause in words.
    """
    import psycopg

    from console.connection.faults import connect_failed

    secret = profile.password
    while True:
        password = {} if secret is None else {"password": secret.reveal()}
        try:
            async with asyncio.timeout(profile.connect_timeout + 1):
                connection = await psycopg.AsyncConnection.connect(
                    **{  # type: ignore[arg-type]
                        **profile.parameters,
                        **password,
                        "application_name": f"rowsight {purpose}",
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
            return connection, secret
        except TimeoutError as error:
            raise connect_failed(TimeoutError("timed out"), profile) from error
        except psycopg.Error as error:
            wanted = error.pgconn is not None and error.pgconn.needs_password
            if wanted and secret is None and ask_password is not None:
                secret = ask_password(profile)
                if secret is not None:
                    continue
            raise connect_failed(error, profile) from error
        except UnicodeError as error:
            raise connect_failed(error, profile) from error
