"""The embedded server on real PostgreSQL: accounts, kept folders, and leaving nothing behind."""

from __future__ import annotations

import os
import pwd
import shutil
import signal
import socket
import stat
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import psycopg
import pytest

from console.connection import account
from console.connection.embedded import Binaries, EmbeddedServer, all_binaries, find_binaries
from console.errors import ConsoleError, Refused

ROOT = os.geteuid() == 0
CHECKOUT = Path(__file__).resolve().parents[2]

# Starts a server as its own process would, tells where, and waits for its end.
CONSOLE = """
import sys, time
from pathlib import Path
from console.connection.embedded import EmbeddedServer, find_binaries
keep = Path(sys.argv[1]) if len(sys.argv) > 1 else None
with EmbeddedServer(binaries=find_binaries(wheel_first=True), keep=keep) as server:
    print(server.pid, server.socket_folder, server.dsn(), flush=True)
    time.sleep(120)
"""


@pytest.fixture
def folder() -> Iterator[Path]:
    """A folder that every account can enter, which pytest's own are not."""
    path = Path(tempfile.mkdtemp(prefix="rowsight-test-"))
    path.chmod(0o755)
    yield path
    shutil.rmtree(path)


@pytest.fixture
def wheel() -> Binaries:
    return find_binaries(wheel_first=True)


def alive(pid: int) -> bool:
    """Tells whether a process runs; one that ended and waits to be noticed does not."""
    state = subprocess.run(["ps", "-o", "stat=", "-p", str(pid)], capture_output=True, text=True)
    return state.stdout.strip() != "" and not state.stdout.startswith("Z")


def wait_until(happened: Callable[[], bool], seconds: float = 30.0) -> None:
    deadline = time.monotonic() + seconds
    while not happened():
        assert time.monotonic() < deadline, "it did not happen in time"
        time.sleep(0.02)


def ask(server: EmbeddedServer, query: str) -> object:
    with psycopg.connect(server.dsn(), autocommit=True) as connection:
        cursor = connection.execute(query.encode())
        row = cursor.fetchone() if cursor.description else None
        return row[0] if row else None


class Console:
    """A process that holds an embedded server."""

    def __init__(self, *arguments: str, prefix: tuple[str, ...] = ()) -> None:
        self.process = subprocess.Popen(
            [*prefix, sys.executable, "-c", CONSOLE, *arguments],
            cwd=CHECKOUT,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
            start_new_session=True,
        )
        assert self.process.stdout is not None
        words = self.process.stdout.readline().split()
        assert words, self.process.communicate()[1]
        self.server, self.socket_folder, self.dsn = int(words[0]), Path(words[1]), words[2]

    def end(self, number: int) -> None:
        self.process.send_signal(number)
        self.process.communicate(timeout=30)


@pytest.mark.parametrize("binaries", all_binaries(), ids=lambda b: f"{b.source}-{b.version}")
def test_starts_and_leaves_nothing(binaries: Binaries) -> None:
    for _ in range(2):
        with EmbeddedServer(binaries=binaries) as server:
            run, pid = server.socket_folder, server.pid
            assert pid is not None
            assert alive(pid)
            assert stat.S_IMODE(run.stat().st_mode) == 0o700
            assert ask(server, "show server_version_num").startswith(str(binaries.major))  # type: ignore[attr-defined]
            assert ask(server, "show listen_addresses") == ""
            assert ask(server, "show server_encoding") == "UTF8"
            assert ask(server, "select datcollate from pg_database limit 1") == "C"
        assert not alive(pid)
        assert not run.exists()


def test_profile_and_dsn_reach_the_same_database(server: EmbeddedServer) -> None:
    name = "odd name/?&=%20"
    assert server.create_database(name)
    assert not server.create_database(name)
    try:
        with (
            psycopg.connect(server.dsn(name)) as by_dsn,
            psycopg.connect(**server.profile(name).parameters) as by_profile,  # type: ignore[arg-type]
        ):
            for connection in (by_dsn, by_profile):
                row = connection.execute("select current_database(), current_user").fetchone()
                assert row == (name, "postgres")
    finally:
        ask(server, f'drop database "{name}" with (force)')


def test_settings_may_open_a_port(wheel: Binaries) -> None:
    settings = {"listen_addresses": "127.0.0.1", "max_connections": "17"}
    with (
        EmbeddedServer(binaries=wheel, settings=settings) as server,
        psycopg.connect(f"host=127.0.0.1 port={server.port} user=postgres") as connection,
    ):
        assert connection.execute("show max_connections").fetchone() == ("17",)


def test_a_long_temporary_folder_leaves_room_for_the_socket(
    wheel: Binaries, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    deep = folder / ("long" * 20)
    deep.mkdir()
    monkeypatch.setattr(tempfile, "tempdir", str(deep))
    with EmbeddedServer(binaries=wheel) as server:
        assert ask(server, "select 1") == 1


def test_a_start_that_fails_says_why_and_cleans_up(wheel: Binaries) -> None:
    server = EmbeddedServer(binaries=wheel, settings={"shared_buffers": "many"})
    with pytest.raises(ConsoleError) as caught, server:
        pytest.fail("it started")
    assert "shared_buffers" in caught.value.detail
    assert caught.value.hint
    assert server.pid is None
    assert not server.socket_folder.name


def test_a_full_disk_or_a_wrong_folder_is_named(
    wheel: Binaries, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(tempfile, "tempdir", "/nonexistent/temporary")
    with pytest.raises(ConsoleError, match="/nonexistent/temporary"):
        EmbeddedServer(binaries=wheel).start()


# --- accounts


def test_runs_as_an_ordinary_user() -> None:
    prefix: tuple[str, ...] = ()
    if ROOT:
        nobody = pwd.getpwnam("nobody")
        identity = (f"--map-user={nobody.pw_uid}", f"--map-group={nobody.pw_gid}")
        prefix = ("unshare", "--user", *identity, "--")
    console = Console(prefix=prefix)
    assert alive(console.server)
    console.end(signal.SIGTERM)
    assert console.process.returncode == 128 + signal.SIGTERM
    assert not alive(console.server)
    assert not console.socket_folder.exists()


@pytest.fixture
def hidden_wheel(wheel: Binaries) -> Iterator[Binaries]:
    """The wheel's programs below a folder that only its owner can enter."""
    base = Path(tempfile.mkdtemp(prefix="rowsight-test-"))
    package = wheel.folder.parents[1]
    shutil.copytree(package, base / package.name, symlinks=True)
    libraries = package.with_name(package.name + ".libs")
    if libraries.exists():
        shutil.copytree(libraries, base / libraries.name)
    yield Binaries(base / package.name / "pginstall" / "bin", wheel.version, "wheel")
    assert stat.S_IMODE(base.stat().st_mode) == 0o700
    assert base.stat().st_uid == os.geteuid()
    shutil.rmtree(base)


def test_programs_only_the_owner_reaches(hidden_wheel: Binaries) -> None:
    with EmbeddedServer(binaries=hidden_wheel) as server:
        assert ask(server, "select 1") == 1


def test_programs_only_the_owner_reaches_without_namespaces(
    hidden_wheel: Binaries, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PATH", "/nonexistent")
    with EmbeddedServer(binaries=hidden_wheel) as server:
        assert ask(server, "select 1") == 1
        run = server.socket_folder
    assert not run.exists()


def test_no_account_can_run_it(hidden_wheel: Binaries, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", "/nonexistent")
    foreign = Binaries(hidden_wheel.folder, hidden_wheel.version, "ROWSIGHT_PG_BIN")
    if not ROOT:
        assert account.choose_account(foreign, Path("/tmp/data"), Path("/tmp/run"))[1] == foreign
        return
    with pytest.raises(ConsoleError, match="does not run as root, and nobody can't reach"):
        EmbeddedServer(binaries=foreign).start()


def test_a_kept_folder_only_the_owner_reaches(wheel: Binaries, folder: Path) -> None:
    private = folder / "private"
    private.mkdir(mode=0o700)
    for value in ("first", "second"):
        with EmbeddedServer(binaries=wheel, keep=private / "kept") as server:
            ask(server, f"create table {value} ()")
            assert ask(server, "select to_regclass('first') is not null") is True
    assert stat.S_IMODE(private.stat().st_mode) == 0o700
    assert private.stat().st_uid == os.geteuid()


# --- kept folders


def test_kept_data_survives_restarts(wheel: Binaries, folder: Path) -> None:
    kept = folder / "new" / "kept"
    with EmbeddedServer(binaries=wheel, keep=kept) as server:
        ask(server, "create table kept as select 42 as answer")
        assert ask(server, "show fsync") == "on"
        run = server.socket_folder
    assert not run.exists()
    with EmbeddedServer(binaries=wheel, keep=kept) as server:
        assert ask(server, "select answer from kept") == 42
        assert server.data == kept / "data"


def test_kept_data_survives_a_crash(wheel: Binaries, folder: Path) -> None:
    server = EmbeddedServer(binaries=wheel, keep=folder / "kept")
    server.start()
    ask(server, "create table kept as select 42 as answer")
    assert server.pid is not None
    os.kill(server.pid, signal.SIGKILL)
    wait_until(lambda: server.pid is None)
    left = (server.data / "postmaster.pid").read_text().splitlines()
    server.stop()
    # The number of the crashed server may be another process's by now: ours, for one.
    owner = server.data.stat()
    neighbour = subprocess.Popen(
        ["sleep", "60"], user=owner.st_uid if ROOT else None, stdout=subprocess.DEVNULL
    )
    try:
        pid_file = folder / "kept" / "data" / "postmaster.pid"
        pid_file.write_text("\n".join([str(neighbour.pid), *left[1:]]) + "\n")
        with EmbeddedServer(binaries=wheel, keep=folder / "kept") as again:
            assert ask(again, "select answer from kept") == 42
    finally:
        neighbour.kill()
        neighbour.wait()


def test_an_interrupted_creation_is_made_again(wheel: Binaries, folder: Path) -> None:
    with EmbeddedServer(binaries=wheel, keep=folder / "kept"):
        pass
    half = folder / "kept" / "data.new"
    (folder / "kept" / "data").rename(half)
    (half / "global" / "pg_control").unlink()
    with EmbeddedServer(binaries=wheel, keep=folder / "kept") as server:
        assert ask(server, "select 1") == 1
    assert not half.exists()


def test_a_kept_folder_in_use_by_another_console(wheel: Binaries, folder: Path) -> None:
    with EmbeddedServer(binaries=wheel, keep=folder / "kept") as server:
        second = EmbeddedServer(binaries=wheel, keep=folder / "kept")
        with pytest.raises(Refused, match="in use by another rowsight") as caught:
            second.start()
        assert caught.value.exit_code == 6
        assert ask(server, "select 1") == 1


def test_a_kept_folder_in_use_by_another_server(wheel: Binaries, folder: Path) -> None:
    with EmbeddedServer(binaries=wheel, keep=folder / "kept") as server:
        data, who = server.data, server._account
    sockets = folder / "sockets"
    sockets.mkdir(mode=0o700)
    who.own(sockets)
    words = ["-D", str(data), "-c", "listen_addresses=", "-k", str(sockets)]
    other = who.start([str(wheel.folder / "postgres"), *words], stderr=subprocess.DEVNULL)
    try:
        wait_until(lambda: (sockets / ".s.PGSQL.5432").exists())
        with pytest.raises(Refused, match=f"another server, process {other.pid}"):
            EmbeddedServer(binaries=wheel, keep=folder / "kept").start()
        assert alive(other.pid)
    finally:
        other.send_signal(signal.SIGINT)
        other.wait()


def test_folders_that_are_not_ours_stay_untouched(wheel: Binaries, folder: Path) -> None:
    (folder / "letter.txt").write_text("dear")
    with pytest.raises(Refused, match="holds other files"):
        EmbeddedServer(binaries=wheel, keep=folder).start()
    with pytest.raises(Refused, match="is not a folder"):
        EmbeddedServer(binaries=wheel, keep=folder / "letter.txt").start()
    assert [path.name for path in folder.iterdir()] == ["letter.txt"]


def test_another_major_version_is_refused(wheel: Binaries, folder: Path) -> None:
    with EmbeddedServer(binaries=wheel, keep=folder / "kept") as server:
        version = server.data / "PG_VERSION"
    version.write_text("14\n")
    with pytest.raises(Refused, match=r"made by PostgreSQL 14; at hand is .*18"):
        EmbeddedServer(keep=folder / "kept").start()
    with pytest.raises(Refused, match=r"made by PostgreSQL 14; at hand is 18\.\d+$"):
        EmbeddedServer(binaries=wheel, keep=folder / "kept").start()


def test_a_kept_folder_finds_the_version_that_made_it(folder: Path) -> None:
    for binaries in all_binaries():
        kept = folder / binaries.version
        with EmbeddedServer(binaries=binaries, keep=kept):
            pass
        with EmbeddedServer(keep=kept) as server:
            assert str(ask(server, "show server_version")).startswith(binaries.version)


# --- however the console ends


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGHUP])
def test_a_signal_ends_the_server_before_the_console(number: signal.Signals) -> None:
    console = Console()
    console.end(number)
    assert console.process.returncode == 128 + number
    assert not alive(console.server)
    assert not console.socket_folder.exists()


def test_an_interrupt_ends_the_server_before_the_console() -> None:
    console = Console()
    console.end(signal.SIGINT)
    assert not alive(console.server)
    assert not console.socket_folder.exists()


def test_an_interrupt_of_the_whole_terminal_ends_it_in_order(folder: Path) -> None:
    console = Console(str(folder / "kept"))
    os.killpg(console.process.pid, signal.SIGINT)
    console.process.communicate(timeout=30)
    assert not alive(console.server)
    assert not (folder / "kept" / "data" / "postmaster.pid").exists()


def test_a_killed_console_leaves_nothing() -> None:
    console = Console()
    with psycopg.connect(console.dsn, autocommit=True) as busy:
        console.end(signal.SIGKILL)
        wait_until(lambda: not alive(console.server) and not console.socket_folder.exists())
        with pytest.raises(psycopg.OperationalError):
            busy.execute("select 1")


def test_a_console_killed_while_the_server_is_made_leaves_nothing() -> None:
    before = set(Path(tempfile.gettempdir()).glob("rowsight-*"))
    console = subprocess.Popen([sys.executable, "-c", CONSOLE], cwd=CHECKOUT)

    def new() -> list[Path]:
        folders = set(Path(tempfile.gettempdir()).glob("rowsight-*")) - before
        return [path for path in folders if (path / "data.new" / "PG_VERSION").exists()]

    wait_until(lambda: bool(new()))
    made = new()
    console.kill()
    console.wait()
    wait_until(lambda: not any(path.exists() for path in made))
    running = subprocess.run(["ps", "axo", "args="], capture_output=True, text=True).stdout
    assert not [line for line in running.splitlines() for path in made if str(path) in line]


def test_a_killed_console_releases_its_kept_folder(wheel: Binaries, folder: Path) -> None:
    console = Console(str(folder / "kept"))
    with psycopg.connect(console.dsn, autocommit=True) as connection:
        connection.execute("create table kept as select 42 as answer")
    console.end(signal.SIGKILL)
    # At once: it waits for the server the console left behind, and takes over.
    with EmbeddedServer(binaries=wheel, keep=folder / "kept") as server:
        assert ask(server, "select answer from kept") == 42
    wait_until(lambda: not console.socket_folder.exists())


def test_a_stopped_server_ends_too(wheel: Binaries) -> None:
    with EmbeddedServer(binaries=wheel) as server:
        assert server.pid is not None
        pid = server.pid
        os.kill(pid, signal.SIGSTOP)
    assert not alive(pid)


def test_signals_somebody_handles_stay_theirs(wheel: Binaries) -> None:
    def mine(number: int, frame: object) -> None: ...

    before = signal.signal(signal.SIGHUP, mine)
    try:
        with EmbeddedServer(binaries=wheel):
            assert signal.getsignal(signal.SIGHUP) is mine
        assert signal.getsignal(signal.SIGHUP) is mine
    finally:
        signal.signal(signal.SIGHUP, before)


def test_no_socket_is_left_listening(wheel: Binaries) -> None:
    with EmbeddedServer(binaries=wheel, settings={"listen_addresses": "127.0.0.1"}) as server:
        port = server.port
    with pytest.raises(ConnectionRefusedError):
        socket.create_connection(("127.0.0.1", port), timeout=1)
