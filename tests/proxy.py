"""A TCP proxy in front of a test server: slow, stalled, silent or cut at will."""

from __future__ import annotations

import asyncio
import socket
import struct
import threading
from collections.abc import Coroutine
from dataclasses import dataclass, field, replace
from typing import Any, TypeVar

from console.connection.profile import Profile

T = TypeVar("T")
Waiting = asyncio.Queue[tuple[float, bytes]]


@dataclass
class Direction:
    """One way of the traffic, over all connections.

    Attributes:
        flowing: Cleared to hold back what arrives; it is delivered once set again.
        discarding: Whether what arrives is thrown away, though acknowledged.
        carried: Bytes passed on so far.
    """

    flowing: asyncio.Event = field(default_factory=asyncio.Event)
    discarding: bool = False
    carried: int = 0


class Proxy:
    """Listens on the loopback and passes on to a profile's server.

    It runs in a thread of its own, so that it goes on while a test's event loop hangs. `up` is
    the way to the server, `down` the way back; what is set holds for later connections too.

    Args:
        upstream: What to pass on to: a socket folder, or a host and port.
        delay: Seconds everything takes, each way; may be changed at any time.

    Attributes:
        profile: Reaches the upstream's database through the proxy.
    """

    def __init__(self, upstream: Profile, delay: float = 0.0) -> None:
        self.delay = delay
        self.up, self.down = Direction(), Direction()
        self._upstream = upstream.parameters
        self._writers: set[asyncio.StreamWriter] = set()
        self._accepted: set[asyncio.Task[None]] = set()
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._loop.run_forever, daemon=True)
        self._thread.start()
        self.resume()
        self._listener = self._run(self._listen())
        port = self._listener.sockets[0].getsockname()[1]
        where = {"host": "127.0.0.1", "port": str(port)}
        self.profile = replace(upstream, parameters=upstream.parameters | where)

    def stall(self, *, up: bool = True, down: bool = True) -> None:
        """Holds everything back until resume()."""
        self._run(self._set(up, down, flowing=False, discarding=False))

    def discard(self, *, up: bool = True, down: bool = True) -> None:
        """Turns into a black hole: what arrives is acknowledged and gone."""
        self._run(self._set(up, down, flowing=True, discarding=True))

    def resume(self) -> None:
        """Ends a stall or a black hole."""
        self._run(self._set(True, True, flowing=True, discarding=False))

    def reset(self) -> None:
        """Cuts every connection with a TCP reset; new ones are accepted again."""
        self._run(self._reset())

    def refuse(self) -> None:
        """Refuses new connections from now on."""
        self._run(self._refuse())

    def close(self) -> None:
        """Ends everything; nobody is left waiting."""
        self._run(self._end())
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join()
        self._loop.close()

    def _run(self, work: Coroutine[Any, Any, T]) -> T:
        return asyncio.run_coroutine_threadsafe(work, self._loop).result(10)

    async def _listen(self) -> asyncio.Server:
        return await asyncio.start_server(self._connected, "127.0.0.1", 0)

    def _connected(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        # A task of the server's own would complain aloud of being cancelled at the end.
        task = asyncio.create_task(self._accept(reader, writer))
        self._accepted.add(task)
        task.add_done_callback(self._accepted.discard)

    async def _set(self, up: bool, down: bool, *, flowing: bool, discarding: bool) -> None:
        for way in [self.up] * up + [self.down] * down:
            way.discarding = discarding
            if flowing:
                way.flowing.set()
            else:
                way.flowing.clear()

    async def _reset(self) -> None:
        for writer in self._writers:
            # Closed with a linger of zero, a socket sends RST instead of FIN.
            connection = writer.get_extra_info("socket")
            connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
            writer.transport.abort()

    async def _refuse(self) -> None:
        self._listener.close()

    async def _end(self) -> None:
        self._listener.close()
        others = asyncio.all_tasks() - {asyncio.current_task()}
        for task in others:
            task.cancel()
        await asyncio.gather(*others, return_exceptions=True)

    async def _accept(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        host, port = self._upstream["host"], self._upstream["port"]
        if host.startswith("/"):
            back = await asyncio.open_unix_connection(f"{host}/.s.PGSQL.{port}")
        else:
            back = await asyncio.open_connection(host, int(port))
        ends = {writer, back[1]}
        self._writers |= ends
        try:
            async with asyncio.TaskGroup() as tasks:
                for source, target, way in (
                    (reader, back[1], self.up),
                    (back[0], writer, self.down),
                ):
                    waiting: Waiting = asyncio.Queue()
                    tasks.create_task(self._collect(source, waiting))
                    tasks.create_task(self._deliver(waiting, target, way))
        except* OSError:
            pass  # one side has gone, and the other goes below
        finally:
            self._writers -= ends
            for end in ends:
                end.close()

    async def _collect(self, source: asyncio.StreamReader, waiting: Waiting) -> None:
        chunk = b"begin"
        while chunk:
            chunk = await source.read(65536)
            waiting.put_nowait((self._loop.time() + self.delay, chunk))

    async def _deliver(
        self, waiting: Waiting, target: asyncio.StreamWriter, way: Direction
    ) -> None:
        while True:
            due, chunk = await waiting.get()
            await asyncio.sleep(due - self._loop.time())
            await way.flowing.wait()
            if not chunk:
                raise ConnectionResetError("the other side has ended the connection")
            if not way.discarding:
                way.carried += len(chunk)
                target.write(chunk)
                await target.drain()
