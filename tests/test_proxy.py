"""The proxy other tests rely on does what it says."""

from __future__ import annotations

import asyncio
import time

import psycopg
import pytest

from console.connection.profile import Profile
from console.connection.session import Session
from console.errors import CannotConnect
from tests.conftest import MakeProxy


async def ping(session: Session) -> float:
    """Seconds of one round trip."""
    started = time.perf_counter()
    await session.batch("select 1")
    return time.perf_counter() - started


async def test_passes_everything_on(empty_db: Profile, proxy: MakeProxy) -> None:
    through = proxy(empty_db)
    async with Session(through.profile) as session:
        text = await session.value("select repeat('x', 3000000)")
        assert len(text) == 3000000
    assert through.down.carried > 3000000


async def test_delays_each_way(empty_db: Profile, proxy: MakeProxy) -> None:
    through = proxy(empty_db)
    async with Session(through.profile) as session:
        through.delay = 0.1
        assert await ping(session) >= 0.2


async def test_stalls_and_resumes(empty_db: Profile, proxy: MakeProxy) -> None:
    through = proxy(empty_db)
    async with Session(through.profile) as session:
        through.stall(up=False)
        waiting = asyncio.create_task(ping(session))
        done, _ = await asyncio.wait([waiting], timeout=0.3)
        assert not done
        through.resume()
        assert await waiting > 0.3


async def test_black_hole_takes_without_delivering(empty_db: Profile, proxy: MakeProxy) -> None:
    through = proxy(empty_db)
    async with Session(through.profile) as session:
        through.discard(up=False)
        waiting = asyncio.create_task(ping(session))
        done, _ = await asyncio.wait([waiting], timeout=0.3)
        assert not done
        through.reset()
        with pytest.raises(CannotConnect):
            await waiting


def test_reset_is_a_reset(empty_db: Profile, proxy: MakeProxy) -> None:
    through = proxy(empty_db)
    with psycopg.connect(**through.profile.parameters, autocommit=True) as connection:  # type: ignore[arg-type]
        through.reset()
        with pytest.raises(psycopg.OperationalError):
            connection.execute("select 1")
    with psycopg.connect(**through.profile.parameters) as connection:  # type: ignore[arg-type]
        assert connection.execute("select 1").fetchone() == (1,)


def test_refuses_new_connections(empty_db: Profile, proxy: MakeProxy) -> None:
    through = proxy(empty_db)
    through.refuse()
    with pytest.raises(psycopg.OperationalError, match="refused"):
        psycopg.connect(**through.profile.parameters)  # type: ignore[arg-type]
