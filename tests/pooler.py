"""Transaction pooling in front of a test server: a small pooler of our own, and PgBouncer."""

from __future__ import annotations

import asyncio
import contextlib
import os
import pwd
import shutil
import socket
import struct
import subprocess
import tempfile
import threading
import time
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

from console.connection.profile import Profile

PGBOUNCER = shutil.which("pgbouncer") or shutil.which("pgbouncer", path="/usr/sbin")
_SSL, _CANCEL = 80877103, 80877102
_Streams = tuple[asyncio.StreamReader, asyncio.StreamWriter]


async def _message(reader: asyncio.StreamReader) -> bytes:
    head = await reader.readexactly(5)
    return head + await reader.readexactly(struct.unpack("!I", head[1:])[0] - 4)


class _Backend:
    """One session on the server, lent to whoever has something to ask."""

    def __init__(self, streams: _Streams) -> None:
        self.reader, self.writer = streams

    @classmethod
    async def begin(cls, folder: str, port: str, startup: bytes) -> tuple[_Backend, list[bytes]]:
        """Logs in as the client did, to a server that trusts; returns what it said, too."""
        streams = await asyncio.open_unix_connection(f"{folder}/.s.PGSQL.{port}")
        streams[1].write(startup)
        said = [await _message(streams[0])]
        while said[-1][:1] != b"Z":
            said.append(await _message(streams[0]))
        return cls(streams), said


@contextlib.contextmanager
def transaction_pooler(upstream: Profile, backends: int = 1) -> Iterator[Profile]:
    """Passes each transaction to the next of a few backends, as transaction pooling does.

    Args:
        upstream: Where the server is: a socket's folder and port.
        backends: How many there are at most; all clients come as the first one.

    Yields:
        The way through the pooler, over TCP.
    """
    loop = asyncio.new_event_loop()
    thread = threading.Thread(target=loop.run_forever, daemon=True)
    thread.start()
    free: asyncio.Queue[_Backend] = asyncio.Queue()
    made: list[_Backend] = []
    clients: set[asyncio.Task[None]] = set()

    async def lend(startup: bytes) -> tuple[_Backend, list[bytes]]:
        if len(made) < backends:
            backend, said = await _Backend.begin(
                upstream.parameters["host"], upstream.parameters["port"], startup
            )
            made.append(backend)
            greeting[:] = said
            return backend, said
        return await free.get(), greeting

    greeting: list[bytes] = []

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        length, code = struct.unpack("!II", await reader.readexactly(8))
        while code == _SSL:
            writer.write(b"N")
            length, code = struct.unpack("!II", await reader.readexactly(8))
        if code == _CANCEL:
            return
        startup = struct.pack("!II", length, code) + await reader.readexactly(length - 8)
        backend, said = await lend(startup)
        free.put_nowait(backend)
        for message in said:
            # A pooler's client is told a process that is none of the server's.
            writer.write(struct.pack("!cIII", b"K", 12, 7, 7) if message[:1] == b"K" else message)
        while True:
            asked = await _message(reader)
            if asked[:1] == b"X":
                return
            backend, _ = await lend(startup)
            await _transaction(asked, backend, reader, writer)
            free.put_nowait(backend)

    async def accept(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.current_task()
        assert task is not None
        clients.add(task)
        ended = (asyncio.IncompleteReadError, ConnectionError, asyncio.CancelledError)
        with contextlib.suppress(*ended):
            await serve(reader, writer)
        writer.close()
        clients.discard(task)

    async def listen() -> asyncio.Server:
        return await asyncio.start_server(accept, "127.0.0.1", 0)

    async def leave(listener: asyncio.Server) -> None:
        listener.close()
        for client in clients:
            client.cancel()
        await asyncio.gather(*clients, return_exceptions=True)
        for backend in made:
            backend.writer.close()

    listener = asyncio.run_coroutine_threadsafe(listen(), loop).result(10)
    try:
        yield _through(upstream, listener.sockets[0].getsockname()[1])
    finally:
        asyncio.run_coroutine_threadsafe(leave(listener), loop).result(10)
        loop.call_soon_threadsafe(loop.stop)
        thread.join(10)
        loop.close()


async def _transaction(
    asked: bytes, backend: _Backend, reader: asyncio.StreamReader, writer: asyncio.StreamWriter
) -> None:
    """Carries questions and answers until the server is outside any transaction again."""
    while True:
        backend.writer.write(asked)
        if asked[:1] in (b"Q", b"S"):
            answer = b""
            while answer[:1] != b"Z":
                answer = await _message(backend.reader)
                writer.write(answer)
            if answer[5:] == b"I":
                return
        asked = await _message(reader)


@contextlib.contextmanager
def pgbouncer(upstream: Profile, mode: str) -> Iterator[Profile]:
    """Runs PgBouncer in front of a server; yields the way through it.

    Args:
        upstream: Where the server is.
        mode: `transaction` or `session`.
    """
    assert PGBOUNCER is not None
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        port = taken.getsockname()[1]
    with tempfile.TemporaryDirectory() as folder:
        Path(folder).chmod(0o755)
        users = Path(folder, "users.txt")
        users.write_text(f'"{upstream.parameters["user"]}" ""\n')
        where = f"host={upstream.parameters['host']} port={upstream.parameters['port']}"
        settings = Path(folder, "pgbouncer.ini")
        settings.write_text(
            f"[databases]\n* = {where}\n[pgbouncer]\nlisten_addr = 127.0.0.1\n"
            f"listen_port = {port}\nunix_socket_dir =\nauth_type = trust\n"
            f"auth_file = {users}\npool_mode = {mode}\n"
            "ignore_startup_parameters = extra_float_digits\n"
        )
        command = [PGBOUNCER, str(settings)]
        if os.getuid() == 0:  # which it refuses to be
            command += ["-u", pwd.getpwnam("nobody").pw_name]
        with subprocess.Popen(command, stderr=subprocess.PIPE, text=True) as running:
            try:
                _await(port, running)
                yield _through(upstream, port)
            finally:
                running.terminate()


def _await(port: int, running: subprocess.Popen[str]) -> None:
    for _ in range(500):
        if running.poll() is not None:
            raise AssertionError(running.stderr.read() if running.stderr else "it ended")
        with contextlib.suppress(OSError), socket.create_connection(("127.0.0.1", port), 1):
            return
        time.sleep(0.02)
    raise AssertionError("PgBouncer never listened")


def _through(upstream: Profile, port: int) -> Profile:
    where = {"host": "127.0.0.1", "port": str(port)}
    return replace(upstream, parameters=upstream.parameters | where)
