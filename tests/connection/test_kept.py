"""Folders that keep an embedded server's data: restarts, crashes, and who may use them."""

from __future__ import annotations

import os
import signal
import stat
import subprocess
from dataclasses import replace
from pathlib import Path

import psycopg
import pytest

from console.connection.embedded import Binaries, EmbeddedServer, all_binaries
from console.connection.session import Session
from console.errors import ConsoleError, DatabaseFailed, Refused
from tests.connection.processes import Console, alive, ask, wait_until


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
    neighbour = subprocess.Popen(["sleep", "60"], user=owner.st_uid if os.geteuid() == 0 else None)
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


def test_a_kept_folder_only_the_owner_reaches(wheel: Binaries, folder: Path) -> None:
    private = folder / "private"
    private.mkdir(mode=0o700)
    if os.geteuid() == 0 and subprocess.run(["unshare", "--user", "true"]).returncode:
        # Root in a container without namespaces: only another folder helps, and it is told so.
        with pytest.raises(ConsoleError, match="does not run as root") as caught:
            EmbeddedServer(binaries=wheel, keep=private / "kept").start()
        assert str(private) in caught.value.detail
    else:
        for value in ("first", "second"):
            with EmbeddedServer(binaries=wheel, keep=private / "kept") as server:
                ask(server, f"create table {value} ()")
                assert ask(server, "select to_regclass('first') is not null") is True
    assert stat.S_IMODE(private.stat().st_mode) == 0o700
    assert private.stat().st_uid == os.geteuid()


def test_a_killed_console_releases_its_kept_folder(wheel: Binaries, folder: Path) -> None:
    console = Console(str(folder / "kept"))
    with psycopg.connect(console.dsn, autocommit=True) as connection:
        connection.execute("create table kept as select 42 as answer")
    console.end(signal.SIGKILL)
    # At once: it waits for the server the console left behind, and takes over.
    with EmbeddedServer(binaries=wheel, keep=folder / "kept") as server:
        assert ask(server, "select answer from kept") == 42
    wait_until(lambda: not console.socket_folder.exists())


async def test_a_standby_is_recognised(wheel: Binaries, folder: Path) -> None:
    with EmbeddedServer(binaries=wheel, keep=folder / "kept") as server:
        server.create_database("copied")
    (folder / "kept" / "data" / "standby.signal").touch()
    with EmbeddedServer(binaries=wheel, keep=folder / "kept") as server:
        profile = replace(server.profile("copied"), read_only=False)
        async with Session(profile) as session:
            assert session.server is not None
            assert session.server.standby
            with pytest.raises(DatabaseFailed) as caught:
                async with session.transaction(read_only=False) as tx:
                    await tx.execute("create table t ()")
            assert "during recovery" in caught.value.message
            assert "standby" in caught.value.hint
        with pytest.raises(DatabaseFailed, match="read-only transaction"):
            server.create_database("another")
