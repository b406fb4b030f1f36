"""Cancelling a statement, ending a session: the right one, on record, in write mode only."""

from __future__ import annotations

import asyncio
import threading
from dataclasses import replace

import psycopg
import pytest

from console.connection.profile import Profile
from console.connection.session import Session
from console.errors import DatabaseFailed, NotFound, Refused
from console.journal import Journal
from console.operations.activity import Backend
from console.operations.backends import end_backend
from console.operations.health import read_pulse
from tests.operations.conftest import Admin, Database, logged_in, make_role


async def seen(session: Session, pid: int) -> Backend:
    (found,) = [one for one in (await read_pulse(session)).backends if one.pid == pid]
    return found


async def test_a_statement_is_cancelled_and_its_session_stays(
    master_db: Profile, admin: Admin
) -> None:
    other = admin(master_db)
    failures = []

    def work() -> None:
        try:
            other.execute("select pg_sleep(30)")
        except psycopg.Error as error:
            failures.append(error.sqlstate)

    thread = threading.Thread(target=work)
    thread.start()
    async with Session(master_db) as session:
        for _ in range(200):
            backend = await seen(session, other.info.backend_pid)
            if backend.state == "active":
                break
            await asyncio.sleep(0.02)
        ending = await end_backend(session, backend, "cancel")
    await asyncio.to_thread(thread.join, 10)
    assert failures == ["57014"]
    assert other.execute("select 1").fetchone() == (1,)
    intent, result = Journal().entries()
    assert (intent.action, intent.facts["pid"]) == ("cancel backend", backend.pid)
    assert "pg_sleep" in intent.facts["statement"]
    assert (result.operation, result.facts["outcome"]) == (ending.operation, "done")


async def test_a_session_is_ended_with_its_transaction(
    master_db: Profile, admin: Admin, database: Database
) -> None:
    other = admin(master_db)
    other.execute("begin; create table public.never ()")
    async with Session(master_db) as session:
        backend = await seen(session, other.info.backend_pid)
        assert (await end_backend(session, backend, "terminate")).ended
        assert backend.pid not in {one.pid for one in (await read_pulse(session)).backends}
        with pytest.raises(NotFound):
            await end_backend(session, backend, "terminate")
    assert database.execute("select to_regclass('public.never')").fetchone() == (None,)
    outcomes = [one.facts["outcome"] for one in Journal().entries() if one.event == "result"]
    assert outcomes == ["done", "failed"]


async def test_a_newer_session_with_the_same_number_is_left_alone(
    master_db: Profile, admin: Admin
) -> None:
    other = admin(master_db)
    async with Session(master_db) as session:
        backend = await seen(session, other.info.backend_pid)
        older = replace(backend, started="2001-01-01 00:00:00+00")
        with pytest.raises(NotFound):
            await end_backend(session, older, "terminate")
    assert other.execute("select 1").fetchone() == (1,)


async def test_without_write_mode_nothing_is_ended(master_db: Profile, admin: Admin) -> None:
    other = admin(master_db)
    async with Session(replace(master_db, read_only=True)) as session:
        backend = await seen(session, other.info.backend_pid)
        with pytest.raises(Refused, match="read-only"):
            await end_backend(session, backend, "terminate")
    assert other.execute("select 1").fetchone() == (1,)
    assert list(Journal().entries()) == []


async def test_the_servers_refusal_is_told_and_recorded(
    master_db: Profile, admin: Admin, database: Database
) -> None:
    make_role(database, "nobody_special")
    other = admin(master_db)
    async with Session(logged_in(master_db, "nobody_special")) as session:
        backend = await seen(session, other.info.backend_pid)
        # Whoever may not see when a session began can't tell it from a newer one.
        assert backend.started is None
        with pytest.raises((DatabaseFailed, NotFound)):
            await end_backend(session, backend, "terminate")
    assert other.execute("select 1").fetchone() == (1,)
    assert [one.facts.get("outcome") for one in Journal().entries()] == [None, "failed"]
