"""A connection tried step by step: each fault is seen at its own step."""

from __future__ import annotations

import os
import shutil
import socket
import subprocess
from collections.abc import Callable, Iterator
from contextlib import aclosing
from dataclasses import replace
from pathlib import Path

import psycopg
import pytest

from console.cli import doctor
from console.connection.check import Found, Outcome, Step, check
from console.connection.embedded import Binaries, EmbeddedServer, all_binaries
from console.connection.profile import Profile
from console.connection.session import Session
from console.connection.target import resolve
from console.migration.presence import migration
from tests.conftest import Admin, MakeProxy
from tests.connection.conftest import PASSWORD
from tests.pooler import PGBOUNCER, pgbouncer, transaction_pooler

ByTcp = Callable[..., Profile]


async def tried(profile: Profile) -> list[Step]:
    found = Found()
    async with aclosing(check(profile, found, beyond=(migration,))) as steps:
        try:
            return [step async for step in steps]
        finally:
            if found.session is not None:
                await found.session.close()


def outcomes(steps: list[Step]) -> dict[str, str]:
    return {step.name: str(step.outcome) for step in steps}


async def test_every_step_of_a_connection_that_works(by_tcp: ByTcp) -> None:
    steps = await tried(by_tcp("known", PASSWORD))
    assert outcomes(steps) == {
        "name": "ok",
        "network": "ok",
        "TLS": "warn",
        "login": "ok",
        "server": "ok",
        "pooler": "ok",
        "role": "ok",
        "migration": "warn",
    }
    said = "\n".join(f"{step.name} {step.value}" for step in steps)
    assert "login as known, with the password from the one given" in said
    assert "primary" in said
    assert "pooler direct" in said
    assert "may look as nobody else" in said
    assert PASSWORD not in repr(steps)


async def test_a_socket_and_a_superuser_on_a_migrated_database(master_db: Profile) -> None:
    steps = await tried(master_db)
    found = outcomes(steps)
    assert (found["name"], found["TLS"], found["role"]) == ("skipped", "skipped", "warn")
    said = {step.name: step.value for step in steps}
    assert "superuser" in said["role"]
    assert "anon, authenticated, service_role" in said["role"]


@pytest.mark.parametrize(
    ("user", "password", "parameters", "last", "code"),
    [
        ("known", None, {"host": "no-such-host.invalid"}, "name", "host_unknown"),
        ("known", None, {"port": "5432; drop"}, "name", "usage"),
        ("known", None, {"host": "/nonexistent", "port": "0"}, "name", "usage"),
        ("known", None, {"port": "1"}, "network", "refused"),
        ("trusted", None, {"sslmode": "require"}, "TLS", "tls_failed"),
        ("known", None, {}, "login", "password_needed"),
        ("known", "not it", {}, "login", "wrong_password"),
        ("rejected", None, {}, "login", "not_admitted"),
        ("nobody", None, {}, "login", "not_admitted"),
        ("trusted", None, {"dbname": "nowhere"}, "login", "no_such_database"),
        ("limited", None, {}, "login", "too_many_connections"),
        ("known", None, {"host": "/nonexistent"}, "network", "refused"),
    ],
)
async def test_it_ends_with_the_step_that_fails(
    by_tcp: ByTcp,
    user: str,
    password: str | None,
    parameters: dict[str, str],
    last: str,
    code: str,
) -> None:
    steps = await tried(by_tcp(user, password, **parameters))
    assert (steps[-1].name, steps[-1].outcome) == (last, Outcome.FAIL)
    assert all(step.outcome is not Outcome.FAIL for step in steps[:-1])
    error = steps[-1].error
    assert error is not None
    # Where no name server answers, nobody can tell an unknown host from a slow one.
    assert error.code == code or (error.code, last) == ("connect_timeout", "name")
    assert steps[-1].hint


async def test_a_black_hole_is_given_up_at_the_network(by_tcp: ByTcp, proxy: MakeProxy) -> None:
    through = proxy(by_tcp("trusted"))
    through.discard()
    steps = await tried(replace(through.profile, connect_timeout=1.0))
    assert steps[-1].name == "TLS"
    assert steps[-1].error is not None
    assert steps[-1].error.code == "connect_timeout"


async def test_what_is_no_server_is_found_out_at_tls(by_tcp: ByTcp) -> None:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        port = str(listener.getsockname()[1])
        profile = replace(by_tcp("trusted", port=port), connect_timeout=0.5)
        steps = await tried(profile)
    assert steps[-1].name == "TLS"


async def pooler_step(profile: Profile) -> Step:
    (step,) = [step for step in await tried(profile) if step.name == "pooler"]
    return step


@pytest.mark.parametrize(
    ("backends", "proof"),
    [(1, "two connections met the same backend"), (2, "changed between transactions")],
)
async def test_transaction_pooling_is_proven(empty_db: Profile, backends: int, proof: str) -> None:
    with transaction_pooler(empty_db, backends) as through:
        step = await pooler_step(through)
    assert (step.outcome, proof in step.value) == (Outcome.WARN, True), step


@pytest.mark.skipif(PGBOUNCER is None, reason="there is no PgBouncer here")
@pytest.mark.parametrize(
    ("mode", "outcome", "words"),
    [
        ("transaction", Outcome.WARN, "transaction pooling, proven"),
        ("session", Outcome.OK, "a pooler, with a backend for each connection"),
    ],
)
async def test_pgbouncer(empty_db: Profile, mode: str, outcome: Outcome, words: str) -> None:
    with pgbouncer(empty_db, mode) as through:
        step = await pooler_step(through)
    assert (step.outcome, words in step.value) == (outcome, True), step


async def test_without_a_second_connection_it_is_left_open(empty_db: Profile, admin: Admin) -> None:
    with admin(empty_db) as connection:
        connection.execute("drop role if exists one_only")
        connection.execute("create role one_only login connection limit 1")
        lonely = replace(empty_db, parameters=empty_db.parameters | {"user": "one_only"})
        assert (await pooler_step(lonely)).value == "direct"
        with transaction_pooler(lonely) as through:
            assert "transaction pooling" in (await pooler_step(through)).value
        connection.execute("drop role one_only")


@pytest.mark.skipif(PGBOUNCER is None, reason="there is no PgBouncer here")
async def test_a_session_pooler_known_by_name_keeps_settings(empty_db: Profile) -> None:
    host = {"host": "aws-0-eu-central-1.pooler.supabase.com", "hostaddr": "127.0.0.1"}
    with pgbouncer(empty_db, "session") as through:
        named = replace(through, parameters=through.parameters | host, statement_timeout=7.0)
        async with Session(named) as session:
            assert session.server is not None
            assert not session.server.pooled
            assert await session.value("show statement_timeout") == "7s"
        async with Session(through) as session:
            assert session.server is not None
            assert session.server.pooled


async def test_a_service_that_is_not_defined_is_told_as_such(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    (step,) = await tried(resolve("service=nosuch"))
    assert (step.name, step.outcome) == ("name", Outcome.FAIL)
    assert step.value == "the service named in the target is not defined"
    monkeypatch.setenv("PGSERVICE", "nosuch")
    (step,) = await tried(resolve(None))
    assert step.error is not None
    assert step.error.code == "no_such_service"


def build_options(binaries: Binaries) -> str:
    config = subprocess.run(
        [shutil.which("pg_config", path=str(binaries.folder)) or "true", "--configure"],
        capture_output=True,
        text=True,
        check=True,
    )
    return config.stdout


@pytest.fixture(scope="module")
def encrypted(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Callable[..., Profile]]:
    """A server with TLS whose certificate is for db.example, signed by itself."""
    folder = tmp_path_factory.mktemp("tls")
    able = [one for one in all_binaries() if "openssl" in build_options(one)]
    if not able or shutil.which("openssl") is None:
        pytest.skip("no PostgreSQL with TLS here")
    binaries = able[0]
    names = ("-subj", "/CN=db.example", "-addext", "subjectAltName=DNS:db.example")
    files = ("-out", "root.crt", "-keyout", "server.key")
    subprocess.run(
        ["openssl", "req", "-new", "-x509", "-days", "2", "-nodes", *names, *files],
        cwd=folder,
        check=True,
        capture_output=True,
    )
    settings = {"listen_addresses": "127.0.0.1"}
    with EmbeddedServer(binaries=binaries, settings=settings) as server:
        for name in ("root.crt", "server.key"):
            place = server.data / name
            shutil.copy(folder / name, place)
            owner = server.data.stat()
            os.chown(place, owner.st_uid, owner.st_gid)
            place.chmod(0o600)
        with psycopg.connect(server.dsn(), autocommit=True) as connection:
            connection.execute("alter system set ssl_cert_file = 'root.crt'")
            connection.execute("alter system set ssl_key_file = 'server.key'")
            connection.execute("alter system set ssl = on")
            connection.execute("select pg_reload_conf()")

        def make(**parameters: str) -> Profile:
            profile = server.profile("postgres")
            return replace(
                profile, parameters=profile.parameters | {"host": "127.0.0.1"} | parameters
            )

        make.root = str(folder / "root.crt")  # type: ignore[attr-defined]
        yield make


@pytest.mark.parametrize(
    ("parameters", "value", "hint"),
    [
        (
            {"sslmode": "verify-full", "sslrootcert": "ROOT"},
            "the certificate of 127.0.0.1:",
            'does not match host name "127.0.0.1"',
        ),
        (
            {"sslmode": "verify-full", "sslrootcert": "/nonexistent/root.crt"},
            "there is no root certificate to check 127.0.0.1:",
            'root certificate file "/nonexistent/root.crt" does not exist',
        ),
        (
            {"sslmode": "verify-full"},
            "there is no root certificate to check 127.0.0.1:",
            "root.crt",
        ),
        (
            {"sslmode": "verify-full", "sslrootcert": "system"},
            "the certificate of 127.0.0.1:",
            "certificate verify failed",
        ),
        ({"sslmode": "bogus"}, "there is no such sslmode", "bogus"),
    ],
)
async def test_a_fault_of_tls_is_named_once_with_the_words_of_openssl(
    encrypted: Callable[..., Profile],
    parameters: dict[str, str],
    value: str,
    hint: str,
    monkeypatch: pytest.MonkeyPatch,
    tmp_path: Path,
) -> None:
    monkeypatch.setenv("HOME", str(tmp_path))
    root = encrypted.root  # type: ignore[attr-defined]
    given = {key: root if text == "ROOT" else text for key, text in parameters.items()}
    steps = [step for step in await tried(encrypted(**given)) if step.name == "TLS"]
    (step,) = steps
    assert step.outcome is Outcome.FAIL
    assert value in step.value
    assert hint in step.hint


async def test_doctor_warns_where_tls_is_off(by_tcp: ByTcp, master_db: Profile) -> None:
    for profile, status in ((by_tcp("trusted"), "warn"), (master_db, "ok")):
        async with Session(profile) as session:
            assert session.server is not None
            (tls,) = [one for one in doctor.server_checks(session) if one.name == "TLS"]
        assert (tls.status, tls.value) == (status, "off")


async def test_several_hosts_are_told_each_with_its_port(by_tcp: ByTcp) -> None:
    step = (await tried(by_tcp("trusted", host="127.0.0.1,127.0.0.1", port="1,2")))[-1]
    assert step.value == "nothing answers at 127.0.0.1:1,127.0.0.1:2"


async def test_tls_that_comes_about_is_told(encrypted: Callable[..., Profile]) -> None:
    steps = {step.name: step for step in await tried(encrypted(sslmode="require"))}
    assert steps["TLS"].value == "offered, require"
    assert list(steps)[:4] == ["name", "network", "TLS", "login"]


async def test_a_password_is_named_by_where_it_stood(
    by_tcp: ByTcp, monkeypatch: pytest.MonkeyPatch
) -> None:
    given = by_tcp("known").parameters
    url = f"postgresql://known:wrong@127.0.0.1:{given['port']}/postgres"
    refused = (await tried(resolve(url)))[-1]
    assert refused.value.endswith("refused the password: the one in the URL")
    text = f"host=127.0.0.1 port={given['port']} dbname=postgres user=known password=wrong"
    refused = (await tried(resolve(text)))[-1]
    assert refused.value.endswith("the one in the connection string")
    monkeypatch.setenv("DATABASE_URL", url)
    refused = (await tried(resolve(None)))[-1]
    assert refused.value.endswith("the one in DATABASE_URL")


async def test_a_password_file_that_others_may_read_is_told_as_ignored(
    by_tcp: ByTcp, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    file = tmp_path / "pgpass"
    file.write_text(f"*:*:*:*:{PASSWORD}\n")
    file.chmod(0o644)
    monkeypatch.setenv("PGPASSFILE", str(file))
    step = (await tried(by_tcp("known")))[-1]
    assert f"{file} was ignored" in step.hint
    assert "0644" in step.hint
    file.chmod(0o600)
    assert outcomes(await tried(by_tcp("known")))["login"] == "ok"


async def test_who_may_not_connect_to_a_database_is_told_the_grant(
    by_tcp: ByTcp, listening: EmbeddedServer
) -> None:
    with psycopg.connect(listening.dsn(), autocommit=True) as connection:
        connection.execute("create database closed")
        connection.execute("revoke connect on database closed from public")
    step = (await tried(by_tcp("trusted", dbname="closed")))[-1]
    assert step.value.endswith("lets this user in, but not into this database")
    assert 'grant connect on database "closed" to "trusted"' in step.hint
