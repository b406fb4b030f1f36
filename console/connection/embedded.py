"""A PostgreSQL of our own, for the demo and the tests.

It listens on a socket in a private folder, runs without privileges, and ends with the process
that started it: a watcher at the other end of a pipe stops it even when that process is
killed and can do nothing any more.
"""

from __future__ import annotations

import contextlib
import os
import shutil
import signal
import socket
import subprocess
import tempfile
import threading
import time
from collections.abc import Iterator, Mapping
from pathlib import Path
from types import FrameType
from typing import IO, NoReturn
from urllib.parse import quote

from console.connection.account import Account, choose_account
from console.connection.binaries import Binaries, all_binaries, find_binaries
from console.connection.kept import claim, read_pid_file
from console.connection.profile import Environment, Profile
from console.errors import ConsoleError, Refused, TimedOut

__all__ = ["Binaries", "EmbeddedServer", "all_binaries", "find_binaries"]

# Reads the number of the process to end; the last line counts. The pipe ends when the console
# does, in whatever way. A stopped process must be continued to notice a signal.
_WATCHER = """
while read -r line; do server=$line; done
[ "$server" = done ] && exit
if [ -n "$server" ]; then
  kill -INT "$server"; kill -CONT "$server"
  tenths=0
  while kill -0 "$server" 2>/dev/null; do
    tenths=$((tenths + 1))
    [ $tenths -eq 50 ] && kill -QUIT "$server"
    [ $tenths -eq 150 ] && kill -KILL "$server"
    [ $tenths -eq 200 ] && break
    sleep 0.1
  done
fi
rm -rf -- "$1"
"""
_END = ((signal.SIGINT, 5.0), (signal.SIGQUIT, 10.0), (signal.SIGKILL, 5.0))
_START_SECONDS = 60.0
_LONGEST_SOCKET = 103  # bytes of a socket's path, on macOS; Linux allows four more


class EmbeddedServer:
    """A PostgreSQL server that lives as long as its context.

    As a context manager it also turns SIGTERM and SIGHUP, where nobody else handles them, into
    an orderly exit, so that the server has ended when the process has.

    Args:
        binaries: The programs to run; by default what `find_binaries` finds.
        keep: A folder the data stays in; by default it is thrown away on stop.
        settings: Server settings by name; `listen_addresses` makes it listen on TCP as well,
            on a free port unless `port` is given.

    Attributes:
        data: The data folder.
        socket_folder: Holds the socket; only the account that started the server enters it.
        port: The port, which is part of the socket's name.
    """

    def __init__(
        self,
        *,
        binaries: Binaries | None = None,
        keep: Path | None = None,
        settings: Mapping[str, str] | None = None,
    ) -> None:
        self.binaries = binaries
        self.keep = keep.expanduser().absolute() if keep is not None else None
        self.settings = dict(settings or {})
        self.socket_folder = Path()
        self.data = Path()
        self.port = 5432
        self._account = Account()
        self._server: subprocess.Popen[bytes] | None = None
        self._watcher: subprocess.Popen[bytes] | None = None
        self._log: IO[bytes] | None = None
        self._held = contextlib.ExitStack()
        self._handlers: dict[signal.Signals, signal.Handlers] = {}

    def __enter__(self) -> EmbeddedServer:
        if threading.current_thread() is threading.main_thread():
            for number in (signal.SIGTERM, signal.SIGHUP):
                if signal.getsignal(number) is signal.SIG_DFL:
                    self._handlers[number] = signal.SIG_DFL
                    signal.signal(number, _leave)
        try:
            self.start()
        except BaseException:
            self._restore_signals()
            raise
        return self

    def __exit__(self, *exc_info: object) -> None:
        self.stop()
        self._restore_signals()

    def _restore_signals(self) -> None:
        while self._handlers:
            signal.signal(*self._handlers.popitem())

    @property
    def pid(self) -> int | None:
        """The postmaster's process number while it runs."""
        return self._server.pid if self._server and self._server.poll() is None else None

    def profile(self, database: str = "postgres", user: str = "postgres") -> Profile:
        """Returns how to reach a database of this server."""
        return Profile(
            name=database,
            parameters={
                "host": str(self.socket_folder),
                "port": str(self.port),
                "dbname": database,
                "user": user,
            },
            environment=Environment.DEMO,
        )

    def dsn(self, database: str = "postgres", user: str = "postgres") -> str:
        """Returns the same as a `postgresql://` URL, which psql takes as well."""
        folder = quote(str(self.socket_folder))
        name, login = quote(database, safe=""), quote(user, safe="")
        return f"postgresql://{login}@/{name}?host={folder}&port={self.port}"

    def create_database(self, name: str) -> bool:
        """Creates a database where there is none of that name.

        Returns:
            Whether it was created.

        Raises:
            ConsoleError: The server refused.
        """
        import psycopg
        from psycopg import sql

        from console.connection.faults import connect_failed, statement_failed

        try:
            with psycopg.connect(self.dsn(), autocommit=True) as connection:
                connection.execute(sql.SQL("create database {}").format(sql.Identifier(name)))
        except psycopg.errors.DuplicateDatabase:
            return False
        except psycopg.Error as error:
            name_cause = statement_failed if error.sqlstate else connect_failed
            raise name_cause(error, self.profile()) from error
        return True

    def start(self) -> None:
        """Makes the data folder where there is none, and starts the server.

        Raises:
            Refused: The kept folder holds something else, is in use, or is of a version that is
                not at hand.
            ConsoleError: There is no PostgreSQL, or it does not start; the detail holds the
                end of its log.
        """
        try:
            self._start()
        except OSError as error:
            self.stop()
            raise ConsoleError(
                f"the embedded PostgreSQL can't be set up: {error}",
                hint="check that the folder can be written and the disk is not full",
            ) from error
        except BaseException:
            self.stop()
            raise

    def _start(self) -> None:
        with _signals_held():
            self.socket_folder = _private_folder()
        # Opened while the folder is still ours alone: the account it goes to could plant a link.
        self._log = self._held.enter_context((self.socket_folder / "log").open("wb"))
        self.data = self.socket_folder / "data"
        locks: tuple[int, ...] = ()
        if self.keep is not None:
            locks = (claim(self.keep, self._held),)
            self.data = self.keep / "data"
        binaries = self._suitable_binaries()
        self._account, binaries = choose_account(binaries, self.data, self.socket_folder)
        self._account.own(self.socket_folder)
        self._watcher = self._account.start(
            ["/bin/sh", "-c", _WATCHER, "sh", str(self.socket_folder)],
            stdin=subprocess.PIPE,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            pass_fds=locks,
        )
        if not self.data.exists():
            self._create(binaries)
        self._account.own(self.data)
        self._launch(binaries)

    def _suitable_binaries(self) -> Binaries:
        """Returns the programs asked for, or else those that can run what the folder holds."""
        try:
            major = int((self.data / "PG_VERSION").read_text())
        except FileNotFoundError:
            return self.binaries or find_binaries()
        at_hand = [self.binaries] if self.binaries else all_binaries()
        for binaries in at_hand:
            if binaries.major == major:
                return binaries
        versions = ", ".join(binaries.version for binaries in at_hand) or "none"
        raise Refused(
            f"the database in {self.keep} was made by PostgreSQL {major}; at hand is {versions}",
            hint=f"name a PostgreSQL {major} in ROWSIGHT_PG_BIN, or keep the data elsewhere",
        )

    def _create(self, binaries: Binaries) -> None:
        # Made beside and renamed, so that a folder named data is always whole.
        fresh = self.data.with_name("data.new")
        if fresh.exists():
            shutil.rmtree(fresh)
        fresh.mkdir(mode=0o700)
        self._account.own(fresh)
        command = [str(binaries.folder / "initdb"), "-D", str(fresh), "-U", "postgres"]
        command += ["-A", "trust", "-E", "UTF8", "--locale=C", "--no-instructions"]
        if self.keep is None:
            command.append("--no-sync")
        if self._spawn(command).wait() != 0:
            raise self._failure("PostgreSQL could not make its data folder")
        fresh.rename(self.data)

    def _launch(self, binaries: Binaries) -> None:
        settings = {
            "listen_addresses": "",
            "unix_socket_directories": str(self.socket_folder),
            "timezone": "UTC",
            # Compiling queries costs more than the short ones of a console take.
            "jit": "off",
        }
        if self.keep is None:
            settings |= dict.fromkeys(("fsync", "synchronous_commit", "full_page_writes"), "off")
        settings |= self.settings
        if settings["listen_addresses"] and "port" not in settings:
            settings["port"] = str(_free_port())
        self.port = int(settings.setdefault("port", "5432"))
        command = [str(binaries.folder / "postgres"), "-D", str(self.data)]
        for name, value in settings.items():
            command += ["-c", f"{name}={value}"]
        server = self._spawn(command)
        deadline = time.monotonic() + _START_SECONDS
        while server.poll() is None:
            lines = read_pid_file(self.data)
            # The same sign that pg_ctl waits for; an old file holds another number.
            if lines[:1] == [str(server.pid)] and lines[7:8] == ["ready"]:
                return
            if time.monotonic() > deadline:
                raise self._failure("PostgreSQL did not become ready in time", TimedOut)
            time.sleep(0.01)
        raise self._failure("PostgreSQL ended while starting")

    def _spawn(self, command: list[str]) -> subprocess.Popen[bytes]:
        assert self._log is not None
        process = self._account.start(
            command, stdin=subprocess.DEVNULL, stdout=self._log, stderr=self._log
        )
        self._server = process
        self._tell_watcher(str(process.pid))
        return process

    def _tell_watcher(self, line: str) -> None:
        if self._watcher is not None and self._watcher.stdin is not None:
            self._watcher.stdin.write(line.encode() + b"\n")
            self._watcher.stdin.flush()

    def _failure(self, message: str, kind: type[ConsoleError] = ConsoleError) -> ConsoleError:
        log = (self.socket_folder / "log").read_text(encoding="utf-8", errors="backslashreplace")
        return kind(
            message,
            hint="the detail holds the end of its log",
            detail="\n".join(log.splitlines()[-15:]),
        )

    def stop(self) -> None:
        """Ends the server and removes what need not stay; safe to call twice."""
        server, self._server = self._server, None
        if server is not None:
            _end(server)
        if self._watcher is not None and self._watcher.stdin is not None:
            with contextlib.suppress(BrokenPipeError):
                self._tell_watcher("done")
            with contextlib.suppress(BrokenPipeError):
                self._watcher.stdin.close()
            self._watcher.wait()
            self._watcher = None
        self._held.close()
        if self.socket_folder != Path():
            shutil.rmtree(self.socket_folder, ignore_errors=True)
            self.socket_folder = Path()


def _leave(number: int, frame: FrameType | None) -> NoReturn:
    raise SystemExit(128 + number)


def _end(server: subprocess.Popen[bytes]) -> None:
    for sign, seconds in _END:
        if server.poll() is not None:
            return
        server.send_signal(sign)
        server.send_signal(signal.SIGCONT)
        with contextlib.suppress(subprocess.TimeoutExpired):
            server.wait(seconds)


@contextlib.contextmanager
def _signals_held() -> Iterator[None]:
    """Lets a signal wait: one between making a folder and knowing its name would leave it."""
    held = signal.pthread_sigmask(
        signal.SIG_BLOCK, {signal.SIGINT, signal.SIGTERM, signal.SIGHUP, signal.SIGALRM}
    )
    try:
        yield
    finally:
        signal.pthread_sigmask(signal.SIG_SETMASK, held)


def _private_folder() -> Path:
    folder = tempfile.gettempdir()
    if len(os.fsencode(folder)) + len("/rowsight-12345678/.s.PGSQL.65535") > _LONGEST_SOCKET:
        folder = "/tmp"  # noqa: S108 - mkdtemp makes a private folder in it
    return Path(tempfile.mkdtemp(prefix="rowsight-", dir=folder))


def _free_port() -> int:
    with socket.socket() as attempt:
        attempt.bind(("127.0.0.1", 0))
        port: int = attempt.getsockname()[1]
        return port
