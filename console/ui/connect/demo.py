"""Starts the demo's server behind the screen."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Callable
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from console.connection.embedded import EmbeddedServer
    from console.connection.profile import Profile

ROWS = 20_000
"""Volume of the sample data, as `rowsight demo` has it."""


async def start_demo(
    server: EmbeddedServer, progress: Callable[[str], None], *, rows: int = ROWS
) -> Profile:
    """Starts a server and prepares the demo's database; ends it where that fails.

    Raises:
        ConsoleError: There are no PostgreSQL programs, or they do not start.
    """
    from console.demo import prepare

    progress("starting PostgreSQL")
    await _in_thread(server.start)
    try:
        return await prepare(server, rows=rows, progress=progress)
    except BaseException:
        await _in_thread(server.stop)
        raise


async def _in_thread(work: Callable[[], None]) -> None:
    """Runs something that blocks, in a thread that does not hold up leaving."""
    loop = asyncio.get_running_loop()
    done: asyncio.Future[None] = loop.create_future()

    def tell(error: BaseException | None) -> None:
        if not done.done():
            if error is None:
                done.set_result(None)
            else:
                done.set_exception(error)

    def run() -> None:
        failure: BaseException | None = None
        try:
            work()
        except BaseException as error:  # noqa: BLE001 - handed to whoever waits
            failure = error
        if not loop.is_closed():
            loop.call_soon_threadsafe(tell, failure)

    threading.Thread(target=run, daemon=True).start()
    await done
