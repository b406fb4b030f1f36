"""Every way a connection can fail is named, with what to do, and never with the password."""

from __future__ import annotations

import contextlib
import os
import socket
import threading
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path

import psycopg
import pytest
from psycopg.conninfo import make_conninfo

from console.connection import server as server_module
from console.connection.embedded import EmbeddedServer, find_binaries
from console.connection.faults import connect_failed
from console.connection.profile import Profile, Secret
from console.connection.session import Session, SessionState
from console.errors import CannotConnect, ConsoleError
from tests.conftest import MakeProxy
from tests.connection.conftest import PASSWORD

ByTcp = Callable[..., Profile]


async def failure(profile: Profile) -> CannotConnect:
    """Returns how a connection attempt fails; it must leave no password anywhere."""
    with pytest.raises(CannotConnect) as caught:
        await Session(profile).connect()
    secret = profile.password.reveal() if profile.password else PASSWORD
    assert secret not in str(vars(caught.value))
    error: BaseException | None = caught.value
    while error is not None:
        assert secret not in f"{error} {error!r}"
        error = error.__cause__ or error.__context__
    assert caught.value.exit_code == 3
    assert caught.value.hint
    assert "\n" not in caught.value.message
    return caught.value


async def test_password_is_taken(by_tcp: ByTcp) -> None:
    async with Session(by_tcp("known", PASSWORD)) as session:
        assert session.server is not None
        assert (session.server.user, session.server.tls) == ("known", False)
        assert not session.server.superuser
        assert not session.server.bypass_rls
        assert not session.server.pooled


async def test_wrong_password(by_tcp: ByTcp) -> None:
    error = await failure(by_tcp("known", "not " + PASSWORD))
    assert error.code == "wrong_password"


async def test_no_password(by_tcp: ByTcp) -> None:
    assert (await failure(by_tcp("known"))).code == "password_needed"


async def test_password_is_asked_for_once_and_only_where_wanted(by_tcp: ByTcp) -> None:
    asked: list[Profile] = []

    def ask(profile: Profile, failure: CannotConnect) -> Secret:
        asked.append(profile)
        return Secret(PASSWORD)

    async with Session(by_tcp("trusted"), ask_password=ask):
        assert asked == []
    async with Session(by_tcp("known"), ask_password=ask) as session:
        assert asked == [by_tcp("known")]
        async with session.another("health") as other:
            assert await other.value("select current_user::text") == "known"
    assert len(asked) == 1


async def test_a_wrong_answer_is_not_asked_for_again(by_tcp: ByTcp) -> None:
    answers = iter([Secret("guess"), Secret(PASSWORD)])
    with pytest.raises(CannotConnect, match="refused the password"):
        await Session(by_tcp("known"), ask_password=lambda *_: next(answers)).connect()
    assert next(answers).reveal() == PASSWORD


async def test_giving_no_answer_gives_up(by_tcp: ByTcp) -> None:
    with pytest.raises(CannotConnect) as caught:
        await Session(by_tcp("known"), ask_password=lambda *_: None).connect()
    assert caught.value.code == "password_needed"


async def test_libpq_finds_the_password_file(
    by_tcp: ByTcp, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    password_file = tmp_path / "pgpass"
    escaped = PASSWORD.replace("\\", "\\\\").replace(":", "\\:")
    password_file.write_text(f"127.0.0.1:*:*:known:{escaped}\n")
    password_file.chmod(0o600)
    monkeypatch.setenv("PGPASSFILE", str(password_file))
    async with Session(by_tcp("known")) as session:
        assert session.state is SessionState.CONNECTED


async def test_no_such_role(listening: EmbeddedServer) -> None:
    profile = listening.profile(user="no role ssl timed out")
    assert (await failure(profile)).code == "no_such_role"


async def test_no_such_database(by_tcp: ByTcp) -> None:
    error = await failure(by_tcp("trusted", dbname="ssl timed out"))
    assert error.code == "no_such_database"


@pytest.mark.parametrize("user", ["tls_only", "rejected", "stranger"])
async def test_not_admitted(by_tcp: ByTcp, user: str) -> None:
    assert (await failure(by_tcp(user))).code == "not_admitted"


async def test_tls_demanded_of_a_server_without(by_tcp: ByTcp) -> None:
    assert (await failure(by_tcp("trusted", sslmode="require"))).code == "tls_failed"


async def test_certificate_file_missing(by_tcp: ByTcp) -> None:
    profile = by_tcp("trusted", sslmode="verify-full", sslrootcert="/nonexistent/root.pem")
    assert (await failure(profile)).code == "tls_failed"


async def test_role_has_no_connection_left(by_tcp: ByTcp) -> None:
    assert (await failure(by_tcp("limited"))).code == "too_many_connections"


async def test_server_has_no_connection_left(by_tcp: ByTcp) -> None:
    target = make_conninfo(**by_tcp("trusted").parameters)
    with contextlib.ExitStack() as held:
        with contextlib.suppress(psycopg.OperationalError):
            for _ in range(20):
                held.enter_context(psycopg.connect(target))
        assert (await failure(by_tcp("trusted"))).code == "too_many_connections"


async def test_nothing_listens(by_tcp: ByTcp) -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        port = str(taken.getsockname()[1])
        error = await failure(by_tcp("trusted", port=port))
    assert error.code == "refused"
    assert f"127.0.0.1:{port}" in error.message


async def test_no_such_socket(by_tcp: ByTcp) -> None:
    error = await failure(by_tcp("trusted", host="/nonexistent/tls"))
    assert error.code == "refused"
    assert "/nonexistent/tls" in error.message


@pytest.mark.parametrize("host", ["no-such-host.invalid", "x" * 300, "a..b", "ho\tst"])
async def test_host_is_unknown(by_tcp: ByTcp, host: str) -> None:
    error = await failure(by_tcp("trusted", PASSWORD, host=host))
    # Where no name server answers at all, nobody can tell an unknown host from a slow one.
    assert error.code in {"host_unknown", "connect_timeout"}


async def test_nobody_answers(by_tcp: ByTcp, proxy: MakeProxy) -> None:
    through = proxy(by_tcp("known", PASSWORD))
    through.discard()
    assert (await failure(through.profile)).code == "connect_timeout"


@pytest.fixture
def web_server() -> Iterator[int]:
    """Something that listens and is no PostgreSQL."""
    with socket.create_server(("127.0.0.1", 0)) as listener:

        def answer() -> None:
            with contextlib.suppress(OSError):
                while True:
                    client, _ = listener.accept()
                    with client:
                        client.recv(1000)
                        client.sendall(b"HTTP/1.1 400 Bad Request\r\n\r\n")

        thread = threading.Thread(target=answer, daemon=True)
        thread.start()
        yield listener.getsockname()[1]
        listener.shutdown(socket.SHUT_RDWR)
        thread.join()


@pytest.mark.parametrize("sslmode", ["prefer", "require", "disable"])
async def test_not_a_postgresql(by_tcp: ByTcp, web_server: int, sslmode: str) -> None:
    profile = by_tcp("trusted", PASSWORD, port=str(web_server), sslmode=sslmode)
    assert (await failure(profile)).code == "not_postgresql"


@pytest.mark.parametrize(
    "parameters",
    [{"port": "many"}, {"port": "99999999"}, {"sslmode": "perhaps"}, {"colour": "red"}],
    ids=str,
)
async def test_parameters_that_make_no_sense(by_tcp: ByTcp, parameters: dict[str, str]) -> None:
    await failure(by_tcp("trusted", PASSWORD, **parameters))


async def test_undefined_service(by_tcp: ByTcp) -> None:
    profile = Profile(name="x", parameters={"service": "nowhere"}, password=Secret(PASSWORD))
    assert (await failure(profile)).code == "no_such_service"


async def test_stopped_server_is_not_waited_for_for_ever(listening: EmbeddedServer) -> None:
    with EmbeddedServer(binaries=find_binaries(wheel_first=True)) as server:
        assert server.pid is not None
        profile = replace(server.profile(), connect_timeout=1.0)
        os.kill(server.pid, 19)
        assert (await failure(profile)).code == "connect_timeout"


async def test_too_old_a_server(by_tcp: ByTcp, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(server_module, "OLDEST_SERVER", 990000)
    session = Session(by_tcp("trusted"))
    with pytest.raises(ConsoleError, match=r"this server is PostgreSQL 18\.\d+") as caught:
        await session.connect()
    assert caught.value.hint
    with pytest.raises(CannotConnect):
        await session.batch("select 1")


@pytest.mark.parametrize(
    ("words", "code"),
    [
        ("FATAL:  the database system is starting up", "not_ready"),
        ("FATAL:  the database system is not yet accepting connections", "not_ready"),
        (
            "FATAL:  remaining connection slots are reserved …",
            "too_many_connections",
        ),
        ("FATAL:  MaxClientsInSessionMode: max clients reached", "too_many_connections"),
        ('at "battles.example" (10.0.0.1), port 5432 failed: Connection refused', "refused"),
        (
            'at "ssl.example", port 5432 failed: FATAL:  role "timed out" does not exist',
            "no_such_role",
        ),
        ("Network is unreachable", "unreachable"),
        ("something nobody has seen", "cannot_connect"),
    ],
)
def test_words_that_can_not_be_provoked_here(words: str, code: str) -> None:
    assert connect_failed(psycopg.OperationalError(words), Profile(name="x")).code == code


def test_a_place_that_only_the_environment_knows_is_called_so() -> None:
    refused = psycopg.OperationalError("Connection refused")
    error = connect_failed(refused, Profile(name="environment"))
    assert error.message == "nothing answers at the server of libpq's environment"
    error = connect_failed(refused, Profile(name="x", parameters={"service": "prod"}))
    assert error.message == "nothing answers at the service prod"


@pytest.mark.parametrize(
    "words",
    [
        "password = 'hunter2 x' host=db",
        "postgresql://me:hunter2 x@db/prod",
        "connecting with hunter2 x failed",
        "postgresql://me:hunter2%20x@db/prod",
    ],
)
def test_a_quoted_password_is_removed(words: str) -> None:
    profile = Profile(name="x", password=Secret("hunter2 x"))
    error = connect_failed(psycopg.OperationalError(words), profile)
    assert "hunter2" not in error.detail + error.message
