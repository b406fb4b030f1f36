"""A clean-up that is cancelled, paused, delayed, or runs twice at once."""

from __future__ import annotations

import asyncio
from itertools import pairwise

import pytest

from console.connection.profile import Profile
from console.connection.session import Session
from console.journal import Journal
from console.operations.outcome import TargetState
from console.operations.pace import Control, Pace, Progress
from console.operations.retention import plan
from console.operations.run import run
from tests.operations.conftest import (
    Admin,
    Database,
    add_audit_logs,
    add_policy,
    count,
)
from tests.operations.rows import add
from tests.operations.test_run import at, audited, clean


async def test_cancelling_ends_it_after_the_batch(master_db: Profile, people: Database) -> None:
    add_policy(people, "audit_logs", 30)
    add_policy(people, "spend", 30)
    add_audit_logs(people, 1000)
    control = Control()
    result = await clean(master_db, batch=100, control=control, on_progress=at(300, control.cancel))
    audit_logs, spend = result.targets
    assert (result.outcome, audit_logs.deleted, audit_logs.state) == ("cancelled", 300, "cancelled")
    assert "700 of the announced rows are still there" in audit_logs.explanation
    assert "stays deleted" in audit_logs.explanation
    assert (spend.state, spend.deleted) == (TargetState.SKIPPED, 0)
    assert count(people, "public.audit_logs", "action = 'old.row'") == 700
    assert people.execute('select "lastRun" from public.retention_policies').fetchall() == [
        (None,),
        (None,),
    ]
    assert audited(people)[-1][0] == "retention.cancelled"
    assert audited(people)[-1][3]["deleted"] == {"audit_logs": 300}
    assert list(Journal().entries())[-1].facts["outcome"] == "cancelled"


async def test_a_pause_holds_nothing(master_db: Profile, people: Database, admin: Admin) -> None:
    add_policy(people, "audit_logs", 30)
    add_audit_logs(people, 500)
    control = Control()
    states: list[str] = []

    def look(state: Progress) -> None:
        states.append(state.state)
        at_200(state)

    at_200 = at(200, control.pause)
    async with Session(master_db) as session:
        announced = await plan(session)
        work = asyncio.create_task(
            run(session, announced, batch=100, control=control, on_progress=look)
        )
        for _ in range(500):
            if states.count("paused") >= 2:
                break
            await asyncio.sleep(0.02)
        assert control.paused
        assert count(people, "public.audit_logs", "action = 'old.row'") == 300
        # Nobody waits for a run that is paused.
        other = admin(master_db)
        other.execute("set lock_timeout = '1s'")
        other.execute("begin; lock table public.audit_logs, public.retention_policies; commit")
        control.resume()
        result = await work
    assert (result.outcome, result.deleted) == ("done", 500)


async def test_a_pause_can_be_cancelled(master_db: Profile, people: Database) -> None:
    add_policy(people, "audit_logs", 30)
    add_audit_logs(people, 500)
    control = Control()
    control.pause()
    async with Session(master_db) as session:
        announced = await plan(session)
        work = asyncio.create_task(run(session, announced, control=control))
        await asyncio.sleep(0.3)
        control.cancel()
        result = await work
    assert (result.outcome, result.deleted) == ("cancelled", 0)


async def test_a_policy_that_changes_meanwhile_stops_it(
    master_db: Profile, people: Database
) -> None:
    add_policy(people, "audit_logs", 30)
    add_audit_logs(people, 500)
    add_audit_logs(people, 100, "10 days")

    def tighten() -> None:
        people.execute('update public.retention_policies set "retentionDays" = 1')

    result = await clean(master_db, batch=100, on_progress=at(200, tighten))
    (target,) = result.targets
    assert (target.state, target.deleted) == (TargetState.FAILED, 200)
    assert "changed since its rows were counted" in target.reason
    assert count(people, "public.audit_logs", "action = 'old.row'") == 400
    assert result.failure is not None
    assert result.failure.exit_code == 6


async def test_it_waits_for_who_holds_a_row(
    master_db: Profile, people: Database, admin: Admin
) -> None:
    add_policy(people, "audit_logs", 30)
    add_audit_logs(people, 50)
    busy = admin(master_db)
    busy.execute("begin; update public.audit_logs set resource = 'held'")
    states: list[str] = []
    async with Session(master_db) as session:
        announced = await plan(session)
        work = asyncio.create_task(
            run(session, announced, on_progress=lambda state: states.append(state.state))
        )
        for _ in range(500):
            if "waiting" in states:
                break
            await asyncio.sleep(0.02)
        busy.execute("commit")
        result = await work
    assert "waiting" in states
    assert (result.outcome, result.deleted) == ("done", 50)


async def test_it_tells_that_it_lives_while_a_batch_takes_long(
    master_db: Profile, people: Database
) -> None:
    add_policy(people, "audit_log", 30)
    for _ in range(3):
        add(people, "audit_log", "2001-01-01")
    people.execute(
        "create function public.slow() returns trigger language plpgsql as"
        " $$ begin perform pg_sleep(0.4); return old; end $$;"
        "create trigger slow before delete on public.audit_log for each row"
        " execute function public.slow()"
    )
    seen: list[Progress] = []
    result = await clean(master_db, on_progress=seen.append)
    assert result.deleted == 3
    before = [one.elapsed for one in seen if one.done == 0]
    assert len(before) >= 3
    assert max(after - first for first, after in pairwise(before)) < 1


async def test_cancelling_the_task_rolls_the_batch_back(
    master_db: Profile, people: Database
) -> None:
    add_policy(people, "audit_logs", 30)
    add_audit_logs(people, 300)
    people.execute(
        "create function public.slow() returns trigger language plpgsql as"
        " $$ begin perform pg_sleep(30); return old; end $$;"
        "create trigger slow before delete on public.audit_logs for each row"
        " when (old.resource = 'slow') execute function public.slow()"
    )
    people.execute(
        "update public.audit_logs set resource = 'slow' where ctid = (select max(ctid) from"
        " public.audit_logs)"
    )
    seen: list[Progress] = []
    async with Session(master_db) as session:
        announced = await plan(session)
        work = asyncio.create_task(run(session, announced, batch=100, on_progress=seen.append))
        for _ in range(500):
            if sum(one.total == seen[-1].total for one in seen) > 3:
                break
            await asyncio.sleep(0.02)
        gone = seen[-1].total
        work.cancel()
        with pytest.raises(asyncio.CancelledError):
            await work
        assert count(people, "public.audit_logs", "action = 'old.row'") == 300 - gone
        assert await session.value("select 1") == 1, "the session is usable"
    result = list(Journal().entries())[-1]
    assert (result.facts["outcome"], result.facts["deleted"]) == ("cancelled", {"audit_logs": gone})
    assert audited(people)[-1][0] == "retention.cancelled"


async def test_two_runs_at_once_delete_each_row_once(master_db: Profile, people: Database) -> None:
    add_policy(people, "audit_logs", 30)
    add_audit_logs(people, 2000)
    async with Session(master_db) as first, Session(master_db) as second:
        announced = await plan(first)
        results = await asyncio.gather(
            run(first, announced, batch=100), run(second, announced, batch=100)
        )
    assert {result.outcome for result in results} == {"done"}
    assert sum(result.deleted for result in results) == 2000
    assert count(people, "public.audit_logs", "action = 'old.row'") == 0
    for result in results:
        (target,) = result.targets
        assert target.deleted == 2000 or "others deleted" in target.explanation


def test_a_batch_shrinks_when_it_takes_long_and_grows_again() -> None:
    pace = Pace(10_000)
    pace.took(0.6, 10_000)
    assert pace.limit == 5_000
    pace.took(0.3, 5_000)
    assert pace.limit == 5_000
    pace.took(0.01, 5_000)
    assert pace.limit == 10_000
    for _ in range(20):
        pace.took(2.0, 10)
    assert pace.limit == 100
    assert not pace.shrink()
    small = Pace(7)
    small.took(2.0, 7)
    assert small.limit == 7, "never less than asked for, where that is little"


def test_the_last_two_batches_share_what_is_left() -> None:
    pace = Pace(10_000)
    assert [pace.size(left) for left in (None, 0, 7, 10_000)] == [10_000] * 4
    assert pace.size(20_001) == 10_000
    assert pace.size(10_008) == 5_205  # half of it, and two in a hundred for latecomers
    assert pace.size(20_000) == 10_000, "never more than asked for"
    assert Pace(1).size(2) == 1


def test_an_eta_needs_a_rate() -> None:
    assert Pace(10).eta(100) is None
    assert Pace(10).eta(None) is None
    pace = Pace(10)
    pace.took(0.1, 10)
    assert (pace.eta(-5), pace.rate > 0) == (0.0, True)
