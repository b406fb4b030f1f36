"""Cancelled, cut off, or left without an answer: all or nothing, and it is known which."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import Any

import psycopg
import pytest

from console.connection.profile import Profile
from console.connection.session import Session
from console.errors import CannotConnect
from console.journal import Journal
from console.migration.apply import apply
from console.migration.history import read_history
from console.migration.model import ApplyOptions, ApplyProgress, Verdict
from console.migration.settle import NotApplied
from console.migration.verify import verify
from tests.migration.test_apply import STATEMENTS, superuser_dsn, traces
from tests.proxy import Proxy

Admin = Callable[[Profile], psycopg.Connection[Any]]
FreshDatabase = Callable[..., Profile]


async def test_cancelling_rolls_back_and_leaves_the_session_usable(
    master_db: Profile, connect: type[Session], admin: Admin
) -> None:
    database = admin(master_db)
    database.execute("alter table public.events disable row level security")
    database.execute("alter table public.users disable row level security")
    waiting = asyncio.Event()

    def progress(state: ApplyProgress) -> None:
        if state.phase == "waiting":
            waiting.set()

    async with connect(master_db) as session:
        with psycopg.connect(superuser_dsn(master_db)) as reader:
            reader.execute("select from public.events")
            task = asyncio.create_task(
                apply(session, ApplyOptions(lock_timeout=60), on_progress=progress)
            )
            await waiting.wait()
            task.cancel()
            with pytest.raises(asyncio.CancelledError):
                await task
        found = {d.identity for d in (await verify(session)).differences}
        assert found == {"public.events", "public.users"}
        assert (await apply(session)).applied
    outcomes = [e.facts["outcome"] for e in Journal().entries() if e.event == "result"]
    assert outcomes == ["cancelled", "done"]


@pytest.mark.parametrize("phase", ["verifying", "executing", "checking", "committing"])
async def test_cancelling_in_any_phase_leaves_all_or_nothing(
    plain_db: Profile, connect: type[Session], phase: str
) -> None:
    def progress(state: ApplyProgress) -> None:
        if state.phase == phase:
            task.cancel()

    async with connect(plain_db) as session:
        task = asyncio.create_task(apply(session, on_progress=progress))
        with pytest.raises(asyncio.CancelledError):
            await task
        verdict = (await verify(session)).verdict
        allowed = {Verdict.NOT_APPLIED} | ({Verdict.IN_SYNC} if phase == "committing" else set())
        assert verdict in allowed
        assert (await apply(session)).applied
        assert (await verify(session)).verdict is Verdict.IN_SYNC
    outcomes = [e.facts["outcome"] for e in Journal().entries() if e.event == "result"]
    assert outcomes[0] in {"cancelled", "not known", "done"}
    assert Journal().find_unfinished() == []


async def test_a_progress_that_fails_ends_the_apply(
    plain_db: Profile, connect: type[Session]
) -> None:
    def progress(state: ApplyProgress) -> None:
        if state.phase == "executing":
            raise ZeroDivisionError

    async with connect(plain_db) as session:
        with pytest.raises(ZeroDivisionError):
            await apply(session, on_progress=progress)
        assert (await verify(session)).verdict is Verdict.NOT_APPLIED
        assert (await apply(session)).applied


async def test_a_backend_terminated_on_the_way_leaves_nothing(
    plain_db: Profile, connect: type[Session], admin: Admin
) -> None:
    database = admin(plain_db)
    before = traces(database)

    def progress(state: ApplyProgress) -> None:
        if state.phase == "checking":
            database.execute(
                "select pg_terminate_backend(pid) from pg_stat_activity"
                " where application_name like 'rowsight%' and datname = current_database()"
            )

    async with connect(plain_db) as session:
        with pytest.raises(CannotConnect) as caught:
            await apply(session, on_progress=progress)
    assert "nothing was changed" in caught.value.hint
    assert traces(database) == before
    assert Journal().find_unfinished() == []


async def test_a_commit_that_never_arrives_is_known_not_to_have_happened(
    plain_db: Profile, connect: type[Session]
) -> None:
    proxy = Proxy(plain_db)
    try:

        def progress(state: ApplyProgress) -> None:
            if state.phase == "committing":
                proxy.reset()

        async with connect(proxy.profile) as session:
            with pytest.raises(NotApplied, match="not applied"):
                await apply(session, on_progress=progress)
        async with connect(plain_db) as session:
            assert (await verify(session)).verdict is Verdict.NOT_APPLIED
    finally:
        proxy.close()


async def test_a_swallowed_answer_to_the_commit_is_found_out(
    plain_db: Profile, connect: type[Session], admin: Admin
) -> None:
    database = admin(plain_db)
    proxy = Proxy(plain_db)

    async def cut_once_committed() -> None:
        for _ in range(1000):
            await asyncio.sleep(0.01)
            if database.execute("select to_regclass('public.users')").fetchone() != (None,):
                break
        proxy.resume()
        proxy.reset()

    cutting: list[asyncio.Task[None]] = []

    def progress(state: ApplyProgress) -> None:
        if state.phase == "committing":
            proxy.discard(up=False)
            cutting.append(asyncio.create_task(cut_once_committed()))

    try:
        async with connect(proxy.profile) as session:
            result = await apply(session, on_progress=progress)
            assert result.applied
            assert result.statements_executed == STATEMENTS
            assert result.verification.verdict is Verdict.IN_SYNC
        async with connect(plain_db) as session:
            assert (await read_history(session)).recorded
    finally:
        proxy.close()
    outcomes = [e.facts["outcome"] for e in Journal().entries() if e.event == "result"]
    assert outcomes == ["done"]
