"""A connection that is kept: noticed when it goes, made again for as long as it takes."""

from __future__ import annotations

import asyncio
import random
import signal
from collections.abc import AsyncIterator, Callable
from contextlib import aclosing
from itertools import islice
from typing import Any

import psycopg
import pytest

from console.connection.embedded import EmbeddedServer, find_binaries
from console.connection.keeping import (
    LONGEST,
    Beat,
    Keeper,
    Lost,
    Made,
    News,
    Waiting,
    delays,
)
from console.connection.profile import Profile
from console.connection.session import Session, SessionState
from console.connection.standing import Standing, read_standing
from console.errors import CannotConnect
from tests.conftest import Admin, MakeProxy
from tests.standby import Standby

END = "select pg_terminate_backend(%s, 5000)"


class Kept:
    """A keeper with the session it has just now."""

    def __init__(self, profile: Profile, **how: float) -> None:
        self.profile = profile
        self.session = Session(profile)
        self.keeper = Keeper(self.open, **how)

    def note(self, state: SessionState) -> None:
        if state is SessionState.LOST:
            self.keeper.lose()

    async def open(self) -> Session:
        await self.session.close()
        self.session = Session(self.profile, on_state=self.note)
        await self.session.connect()
        return self.session


async def until(news: AsyncIterator[News], kind: type[News]) -> Any:
    """Returns the next news of a kind."""
    async with asyncio.timeout(20):
        async for found in news:
            if isinstance(found, kind):
                return found
    raise AssertionError(f"no {kind.__name__} came")


def test_delays_double_up_to_a_limit_and_differ() -> None:
    first, second = (list(islice(delays(random.Random(seed)), 12)) for seed in (1, 2))
    assert first != second
    assert 0.16 <= first[0] <= 0.24
    assert all(0 < seconds <= LONGEST for seconds in first)
    assert sum(first[:3]) < 2
    assert min(first[-4:]) >= LONGEST * 0.8


async def test_an_idle_connection_that_ends_is_noticed_without_asking(
    empty_db: Profile, admin: Admin
) -> None:
    kept = Kept(empty_db, interval=3600.0)
    async with aclosing(kept.keeper.news()) as news:
        assert isinstance(await anext(news), Made)
        pid = await kept.session.value("select pg_backend_pid()")
        admin(empty_db).execute(END, [pid])
        lost = await until(news, Lost)
        assert lost.error.code == "cannot_connect"
        waiting = await anext(news)
        assert isinstance(waiting, Waiting)
        assert waiting.attempt == 1
        assert isinstance(await until(news, Made), Made)
        assert await kept.session.value("select pg_backend_pid()") != pid
    await kept.session.close()


async def test_a_connection_that_hangs_is_given_up(empty_db: Profile, proxy: MakeProxy) -> None:
    through = proxy(empty_db)
    kept = Kept(through.profile, interval=0.05, patience=0.3)
    async with aclosing(kept.keeper.news()) as news:
        await until(news, Beat)
        through.stall()
        await until(news, Lost)
        through.resume()
        await until(news, Made)
    await kept.session.close()


async def test_a_cut_connection_comes_back(empty_db: Profile, proxy: MakeProxy) -> None:
    through = proxy(empty_db)
    kept = Kept(through.profile, interval=3600.0)
    async with aclosing(kept.keeper.news()) as news:
        await until(news, Made)
        through.reset()
        await until(news, Lost)
        await until(news, Made)
    await kept.session.close()


@pytest.mark.parametrize("how", [signal.SIGINT, signal.SIGQUIT], ids=["fast", "immediate"])
async def test_a_restart_is_waited_out_with_attempts_counted(how: signal.Signals) -> None:
    binaries = find_binaries(wheel_first=True)
    with EmbeddedServer(binaries=binaries) as server:
        kept = Kept(server.profile(), interval=0.1)
        async with aclosing(kept.keeper.news()) as news:
            await until(news, Beat)
            standing = kept.keeper.standing
            assert server._server is not None
            server._server.send_signal(how)
            await until(news, Lost)
            assert (await until(news, Waiting)).attempt == 1
            server._server.wait()
            waiting = await until(news, Waiting)
            assert waiting.attempt == 2
            assert waiting.error.code in ("refused", "not_ready")
            await asyncio.to_thread(server._launch, binaries)
            kept.keeper.hurry()
            made = await until(news, Made)
            assert made.change == ""
            assert kept.keeper.standing == standing
        await kept.session.close()


async def test_a_refused_login_is_not_tried_again(listening: EmbeddedServer) -> None:
    with psycopg.connect(listening.dsn(), autocommit=True) as connection:
        connection.execute("drop role if exists passing; create role passing login")
        profile = listening.profile("postgres", "passing")
        kept = Kept(profile, interval=3600.0)
        async with aclosing(kept.keeper.news()) as news:
            await until(news, Made)
            connection.execute("alter role passing nologin")
            pid = await kept.session.value("select pg_backend_pid()")
            connection.execute(END, [pid])
            with pytest.raises(CannotConnect) as caught:
                await until(news, Made)
        assert caught.value.code == "not_admitted"
        connection.execute("drop role passing")


async def test_what_runs_is_left_alone(empty_db: Profile) -> None:
    kept = Kept(empty_db, interval=0.05, patience=0.05)
    async with aclosing(kept.keeper.news()) as news:
        await until(news, Made)
        slow = asyncio.create_task(kept.session.value("select 'done' from pg_sleep(0.6)"))
        beat = asyncio.create_task(until(news, Beat))
        assert await slow == "done"
        await beat
    await kept.session.close()


async def test_standing_is_read_by_any_role(
    servers: tuple[EmbeddedServer, ...], make_role: Callable[[EmbeddedServer], Profile]
) -> None:
    for server in servers:
        async with Session(make_role(server)) as session:
            standing = await read_standing(session)
            assert not standing.standby
            assert standing.system.isdigit()
            assert standing.timeline == 1


@pytest.fixture
def make_role() -> Callable[[EmbeddedServer], Profile]:
    def make(server: EmbeddedServer) -> Profile:
        with psycopg.connect(server.dsn(), autocommit=True) as connection:
            connection.execute("drop role if exists bystander; create role bystander login")
        return server.profile("postgres", "bystander")

    return make


async def test_a_role_kept_from_the_control_data_still_learns_its_part(
    server: EmbeddedServer, make_role: Callable[[EmbeddedServer], Profile]
) -> None:
    profile = make_role(server)
    function = "function pg_catalog.pg_control_system()"
    with psycopg.connect(server.dsn(), autocommit=True) as connection:
        connection.execute(f"revoke execute on {function} from public".encode())
        try:
            async with Session(profile) as session:
                assert await read_standing(session) == Standing("", 0, False)
        finally:
            connection.execute(f"grant execute on {function} to public".encode())


@pytest.mark.parametrize(
    ("after", "words"),
    [
        (Standing("1", 4, False), ""),
        (Standing("", 0, False), ""),
        (Standing("2", 4, False), "another database server"),
        (Standing("1", 5, False), "promoted"),
        (Standing("1", 4, True), "became a standby"),
    ],
)
def test_another_server_is_told_from_the_same(after: Standing, words: str) -> None:
    said = after.differs(Standing("1", 4, False))
    assert words in said
    assert bool(said) == bool(words)
    assert "promoted" in Standing("1", 5, False).differs(Standing("1", 4, True))
    assert after.differs(None) == ""


async def test_a_promotion_is_seen_on_the_connection_that_stays(server: EmbeddedServer) -> None:
    with Standby(server) as standby:
        kept = Kept(standby.profile(), interval=0.1)
        async with aclosing(kept.keeper.news()) as news:
            beat = await until(news, Beat)
            assert beat.standby
            promoted = await asyncio.to_thread(promote, standby)
            assert promoted
            async with asyncio.timeout(20):
                while not beat.change:
                    beat = await until(news, Beat)
            assert beat.change == "the standby was promoted"
            assert not beat.standby
            second = kept.keeper.standing
            assert second is not None
            assert second.timeline == 2
        await kept.session.close()


async def test_a_promotion_is_seen_while_the_connection_is_busy(server: EmbeddedServer) -> None:
    with Standby(server) as standby:
        kept = Kept(standby.profile(), interval=0.1)
        async with aclosing(kept.keeper.news()) as news:
            await until(news, Beat)
            busy = asyncio.create_task(kept.session.value("select pg_sleep(60)"))
            while not kept.session.is_busy:
                await until(news, Beat)
            assert (await until(news, Beat)).change == ""
            assert await asyncio.to_thread(promote, standby)
            async with asyncio.timeout(20):
                while not (beat := await until(news, Beat)).change:
                    pass
            assert beat.change == "the standby was promoted"
            assert not busy.done()
            busy.cancel()
            await asyncio.wait({busy})
            # Once the connection itself can be asked, the other one is not kept.
            async with asyncio.timeout(20):
                while watchers(standby):
                    await until(news, Beat)
        await kept.session.close()


def watchers(standby: EmbeddedServer) -> int:
    with psycopg.connect(standby.dsn(), autocommit=True) as connection:
        row = connection.execute(
            "select count(*) from pg_stat_activity where application_name like 'rowsight watch%'"
        ).fetchone()
    assert row is not None
    return int(row[0])


def promote(standby: EmbeddedServer) -> bool:
    with psycopg.connect(standby.dsn(), autocommit=True) as connection:
        row = connection.execute("select pg_promote(true, 30)").fetchone()
    return row == (True,)
