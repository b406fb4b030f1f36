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
from collections.abc import Iterator
from pathlib import Path

import psycopg
import pytest

from console.connection import account
from console.connection.embedded import Binaries, EmbeddedServer, all_binaries
from console.errors import ConsoleError
from tests.connection.processes import CHECKOUT, CONSOLE, Console, alive, ask, commands, wait_until

ROOT = os.geteuid() == 0


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
    console = Console(prefix=as_nobody() if ROOT else ())
    assert alive(console.server)
    console.end(signal.SIGTERM)
    assert console.process.returncode == 128 + signal.SIGTERM
    assert not alive(console.server)
    assert not console.socket_folder.exists()


def as_nobody() -> tuple[str, ...]:
    """Returns words that make root an ordinary user who can run these tests' Python."""
    nobody = pwd.getpwnam("nobody")
    uid, gid = nobody.pw_uid, nobody.pw_gid
    login = ("setpriv", f"--reuid={uid}", f"--regid={gid}", "--clear-groups")
    namespace = ("unshare", "--user", f"--map-user={uid}", f"--map-group={gid}", "--")
    for prefix in (login, namespace):
        trial = [*prefix, sys.executable, "-c", "import console.connection.embedded"]
        if subprocess.run(trial, cwd=CHECKOUT, capture_output=True).returncode == 0:
            return prefix
    raise AssertionError("no ordinary user can run this Python here: run the tests as one")


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


def test_a_console_killed_while_the_server_is_made_leaves_nothing(folder: Path) -> None:
    environment = os.environ | {"TMPDIR": str(folder)}
    console = subprocess.Popen([sys.executable, "-c", CONSOLE], cwd=CHECKOUT, env=environment)
    wait_until(lambda: bool(list(folder.glob("rowsight-*/data.new/PG_VERSION"))))
    console.kill()
    console.wait()
    wait_until(lambda: not list(folder.iterdir()))
    wait_until(lambda: not [words for words in commands().values() if str(folder) in words])


def test_a_signal_while_the_folder_is_made_leaves_nothing(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(tempfile, "tempdir", None)
    monkeypatch.setenv("TMPDIR", str(tmp_path))
    make = tempfile.mkdtemp

    def interrupted(prefix: str, dir: str) -> str:  # noqa: A002 - named as the original
        folder = make(prefix=prefix, dir=dir)
        signal.raise_signal(signal.SIGTERM)
        return folder

    monkeypatch.setattr(tempfile, "mkdtemp", interrupted)
    with pytest.raises(SystemExit) as left, EmbeddedServer():
        pytest.fail("the signal was lost")
    assert left.value.code == 128 + signal.SIGTERM
    assert list(tmp_path.iterdir()) == []


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
