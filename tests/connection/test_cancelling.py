"""Cancelling what runs, and losing the connection in every way it can be lost."""

from __future__ import annotations

import asyncio
import os
import signal
from typing import Any

import psycopg
import pytest

from console.connection.embedded import EmbeddedServer
from console.connection.profile import Profile
from console.connection.session import Session, SessionState
from console.errors import CannotConnect, DatabaseFailed
from tests.conftest import MakeProxy
from tests.connection.processes import gone, running


async def test_cancel_ends_a_statement_and_keeps_the_connection(
    session: Session, outside: psycopg.Connection[Any]
) -> None:
    task = asyncio.create_task(session.value("select pg_sleep(600)"))
    pid = await running(outside, "pg_sleep(600)")
    await session.cancel()
    with pytest.raises(DatabaseFailed) as caught:
        await task
    assert caught.value.sqlstate == "57014"
    assert session.state is SessionState.CONNECTED
    assert await session.value("select pg_backend_pid()") == pid


async def test_cancel_leaves_alone_who_waits_for_its_turn(
    session: Session, outside: psycopg.Connection[Any]
) -> None:
    first = asyncio.create_task(session.value("select pg_sleep(600)"))
    second = asyncio.create_task(session.value("select 'mine' from pg_sleep(2)"))
    await running(outside, "pg_sleep(600)")
    await session.cancel()
    with pytest.raises(DatabaseFailed):
        await first
    assert await second == "mine"


async def test_cancel_with_nothing_running(session: Session) -> None:
    await session.cancel()
    assert await session.value("select 1") == 1
    await session.close()
    await session.cancel()
    assert session.state is SessionState.CLOSED


async def test_cancel_cuts_the_connection_to_a_stopped_backend(
    session: Session, outside: psycopg.Connection[Any]
) -> None:
    task = asyncio.create_task(session.value("select pg_sleep(600)"))
    pid = await running(outside, "pg_sleep(600)")
    os.kill(pid, signal.SIGSTOP)
    try:
        await session.cancel()
        with pytest.raises(CannotConnect, match="was lost"):
            await task
        assert session.state is SessionState.LOST
        await session.connect()
        assert await session.value("select pg_backend_pid()") != pid
    finally:
        os.kill(pid, signal.SIGCONT)
    await gone(outside, pid)


@pytest.mark.parametrize("fault", ["stall", "discard"])
async def test_cancel_cuts_a_silent_network(
    empty_db: Profile, proxy: MakeProxy, outside: psycopg.Connection[Any], fault: str
) -> None:
    through = proxy(empty_db)
    async with Session(through.profile) as session:
        task = asyncio.create_task(session.value("select pg_sleep(600)"))
        await running(outside, "pg_sleep(600)")
        getattr(through, fault)()
        await session.cancel()
        with pytest.raises(CannotConnect, match="was lost"):
            await task
        assert session.state is SessionState.LOST


async def test_cancel_cuts_the_connection_to_a_stopped_server(fresh_database: Any) -> None:
    with EmbeddedServer() as server:
        async with Session(server.profile()) as session:
            task = asyncio.create_task(session.value("select pg_sleep(600)"))
            with psycopg.connect(server.dsn(), autocommit=True) as outside:
                pid = await running(outside, "pg_sleep(600)")
            assert server.pid is not None
            for process in (server.pid, pid):
                os.kill(process, signal.SIGSTOP)
            try:
                await session.cancel()
                with pytest.raises(CannotConnect):
                    await task
            finally:
                os.kill(pid, signal.SIGCONT)


# --- loss


async def test_a_terminated_backend_is_noticed_and_replaced(
    session: Session, outside: psycopg.Connection[Any]
) -> None:
    states: list[SessionState] = []
    session._on_state = states.append
    pid = await session.value("select pg_backend_pid()")
    outside.execute("select pg_terminate_backend(%s)", [pid])
    with pytest.raises(CannotConnect) as caught:
        await session.batch("select 1")
    assert caught.value.exit_code == 3
    assert session.state is SessionState.LOST
    with pytest.raises(CannotConnect):
        await session.batch("select 1")
    await session.connect()
    assert await session.value("select 1") == 1
    assert states == [SessionState.LOST, SessionState.CONNECTING, SessionState.CONNECTED]


async def test_a_backend_terminated_in_a_statement(
    session: Session, outside: psycopg.Connection[Any]
) -> None:
    task = asyncio.create_task(session.value("select pg_sleep(600)"))
    outside.execute("select pg_terminate_backend(%s)", [await running(outside, "pg_sleep(600)")])
    with pytest.raises(CannotConnect) as caught:
        await task
    assert caught.value.sqlstate == "57P01"
    assert session.state is SessionState.LOST


async def test_a_reset_connection(
    empty_db: Profile, proxy: MakeProxy, outside: psycopg.Connection[Any]
) -> None:
    through = proxy(empty_db)
    async with Session(through.profile) as session:
        task = asyncio.create_task(session.value("select pg_sleep(600)"))
        await running(outside, "pg_sleep(600)")
        through.reset()
        with pytest.raises(CannotConnect):
            await task
        assert session.state is SessionState.LOST
        await session.connect()
        assert await session.value("select 1") == 1


async def test_connecting_again_leaves_no_second_connection(
    session: Session, outside: psycopg.Connection[Any]
) -> None:
    pid = await session.value("select pg_backend_pid()")
    await session.connect()
    assert await session.value("select pg_backend_pid()") != pid
    await gone(outside, pid)


async def test_closing_ends_what_runs_here_and_on_the_server(
    session: Session, outside: psycopg.Connection[Any]
) -> None:
    task = asyncio.create_task(session.value("select pg_sleep(600)"))
    pid = await running(outside, "pg_sleep(600)")
    await session.close()
    with pytest.raises(CannotConnect):
        await task
    assert session.state is SessionState.CLOSED
    await gone(outside, pid)
