"""Notices that a connection has gone while nothing runs on it, and cuts one that hangs."""

from __future__ import annotations

import asyncio
import contextlib
import os
import socket
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from psycopg import AsyncConnection


def cut(connection: AsyncConnection[tuple[Any, ...]]) -> None:
    """Shuts the socket down, so that whoever waits for it ends at once.

    On a duplicate: the driver's own descriptor stays as it expects it.
    """
    with contextlib.suppress(OSError):
        duplicate = socket.socket(fileno=os.dup(connection.fileno()))
        duplicate.shutdown(socket.SHUT_RDWR)
        duplicate.close()


class IdleWatch:
    """Listens on a connection between statements: its end is known at once, not at the next.

    Args:
        on_gone: Called once when the server has closed it, or the network has.
    """

    def __init__(self, on_gone: Callable[[], None]) -> None:
        self._on_gone = on_gone
        self._watched: tuple[asyncio.AbstractEventLoop, int] | None = None
        self._connection: AsyncConnection[tuple[Any, ...]] | None = None

    def begin(self, connection: AsyncConnection[tuple[Any, ...]]) -> None:
        """Listens until `end`, which has to come before the driver reads again."""
        if connection.closed:
            return
        loop, descriptor = asyncio.get_running_loop(), connection.fileno()
        self._connection, self._watched = connection, (loop, descriptor)
        loop.add_reader(descriptor, self._readable)

    def end(self) -> None:
        """Leaves the connection to the driver."""
        if self._watched is not None:
            loop, descriptor = self._watched
            self._connection = self._watched = None
            loop.remove_reader(descriptor)

    def _readable(self) -> None:
        import psycopg

        connection = self._connection
        if connection is None:
            return
        try:
            # A notice or a changed setting may come at any time, too, and stays with libpq.
            connection.pgconn.consume_input()
        except psycopg.Error:
            self.end()
            self._on_gone()
