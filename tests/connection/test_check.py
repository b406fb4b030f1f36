"""A connection tried step by step: each fault is seen at its own step."""

from __future__ import annotations

import socket
from collections.abc import Callable
from contextlib import aclosing
from dataclasses import replace

import pytest

from console.connection.check import Found, Outcome, Step, check
from console.connection.profile import Profile
from console.connection.session import Session
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
