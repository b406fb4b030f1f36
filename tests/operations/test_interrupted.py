"""Runs that are cut off: nothing is guessed, what happened is looked up."""

from __future__ import annotations

import asyncio
import json
import os
import signal
import subprocess
import sys
from collections.abc import Callable
from typing import Any

import pytest
from psycopg import sql

from console.connection.profile import Profile
from console.connection.session import Session
from console.errors import CannotConnect
from console.journal import Journal
from console.operations.interrupted import acknowledge, find_interrupted, look_up
from console.operations.outcome import TELEMETRY, TargetState
from console.operations.retention import plan
from console.operations.run import run
from console.operations.writing import Committing, OutcomeUnknown, look_up_commit, write
from tests.operations.conftest import Admin, Database, add_audit_logs, add_policy, count
from tests.operations.rows import ADA
from tests.proxy import Proxy

MakeProxy = Callable[..., Proxy]
ADD_ROW = sql.SQL("insert into public.audit_logs (action) values ('mine') returning action")

# Runs retention until it is killed; prints the rows that are gone after each batch.
KILLED = """
import asyncio, json, sys, time
from console.connection.profile import Profile
from console.connection.session import Session
from console.operations.retention import plan
from console.operations.run import run

def tell(state):
    if state.state == "working":
        print(state.total, flush=True)
        time.sleep(0.01)

async def main():
    profile = Profile(parameters=json.loads(sys.argv[1]), read_only=False)
    async with Session(profile) as session:
        await run(session, await plan(session), telemetry=True, batch=50, on_progress=tell)

asyncio.run(main())
"""


class Cutting(Committing):
    """Acts when the commit is about to be sent."""

    def __init__(self, act: Callable[[], None]) -> None:
        self.__dict__["act"] = act

    def __setattr__(self, name: str, value: Any) -> None:
        if value:
            self.__dict__["act"]()


def is_there(database: Database) -> bool:
    return count(database, "public.audit_logs", "action = 'mine'") == 1


async def cut_once_committed(proxy: Proxy, database: Database) -> None:
    """Cuts the connection whose answer is held back, once the server has committed."""
    for _ in range(500):
        if is_there(database):
            break
        await asyncio.sleep(0.01)
    proxy.reset()
    proxy.resume()


async def test_a_commit_whose_answer_is_lost_is_found_out(
    master_db: Profile, database: Database, proxy: MakeProxy
) -> None:
    between = proxy(master_db)
    async with Session(between.profile) as session:
        cutting = asyncio.create_task(cut_once_committed(between, database))
        held = Cutting(lambda: between.stall(up=False))
        rows = await write(session, ADD_ROW, committing=held)
        await cutting
        assert rows == ({"action": "mine"},)
        assert is_there(database)
        with pytest.raises(CannotConnect):
            await session.value("select 1")


async def test_a_commit_that_never_arrives_was_not_made(
    master_db: Profile, database: Database, proxy: MakeProxy
) -> None:
    between = proxy(master_db)

    async def cut() -> None:
        await asyncio.sleep(0.2)
        between.reset()
        between.resume()

    async with Session(between.profile) as session:
        cutting = asyncio.create_task(cut())
        with pytest.raises(CannotConnect) as caught:
            await write(session, ADD_ROW, committing=Cutting(lambda: between.discard(down=False)))
        await cutting
    assert not isinstance(caught.value, OutcomeUnknown)
    assert not is_there(database)


async def test_what_can_not_be_found_out_is_said(
    master_db: Profile, database: Database, proxy: MakeProxy, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("console.operations.writing._PATIENCE", 0.3)
    between = proxy(master_db)

    async def cut() -> None:
        await asyncio.sleep(0.2)
        between.refuse()
        between.reset()

    async with Session(between.profile) as session:
        cutting = asyncio.create_task(cut())
        with pytest.raises(OutcomeUnknown) as caught:
            await write(session, ADD_ROW, committing=Cutting(lambda: between.stall(up=False)))
        await cutting
    assert "unknown" in caught.value.message
    assert "pg_xact_status" in caught.value.hint


async def test_a_number_from_the_future_was_never_committed(master_db: Profile) -> None:
    lost = CannotConnect("lost")
    async with Session(master_db) as session:
        assert not await look_up_commit(session, "9000000000", lost)


async def test_a_run_counts_a_batch_whose_answer_was_lost(
    master_db: Profile,
    database: Database,
    proxy: MakeProxy,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    add_policy(database, "audit_logs", 30)
    add_audit_logs(database, 500)
    between = proxy(master_db)
    commits, tasks = 0, []

    async def cut() -> None:
        for _ in range(500):
            if count(database, "public.audit_logs", "action = 'old.row'") == 200:
                break
            await asyncio.sleep(0.01)
        between.reset()
        between.resume()

    def third() -> None:
        nonlocal commits
        commits += 1
        if commits == 3:
            between.stall(up=False)
            tasks.append(asyncio.create_task(cut()))

    monkeypatch.setattr("console.operations.run.Committing", lambda: Cutting(third))
    async with Session(between.profile) as session:
        result = await run(session, await plan(session), batch=100)
    (target,) = result.targets
    assert (target.deleted, target.state) == (300, TargetState.FAILED)
    assert count(database, "public.audit_logs", "action = 'old.row'") == 200
    assert isinstance(result.failure, CannotConnect)
    assert result.outcome == "failed"
    assert "200 of the announced rows are still there" in target.explanation
    concluded = list(Journal().entries())[-1]
    assert concluded.facts["deleted"] == {"audit_logs": 300}


async def test_a_connection_that_ends_between_batches_ends_the_run(
    master_db: Profile, database: Database, admin: Admin
) -> None:
    add_policy(database, "audit_logs", 30)
    add_policy(database, "spend", 30)
    add_audit_logs(database, 500)
    async with Session(master_db) as session:
        pid = await session.value("select pg_backend_pid()")
        done = False

        def end(state: Any) -> None:
            nonlocal done
            if state.total >= 200 and not done:
                done = True
                database.execute("select pg_terminate_backend(%s, 5000)", [pid])

        result = await run(session, await plan(session), batch=100, on_progress=end)
    audit_logs, spend = result.targets
    assert (audit_logs.state, audit_logs.deleted) == (TargetState.FAILED, 200)
    assert spend.state is TargetState.SKIPPED
    assert result.failure is not None
    assert result.failure.exit_code == 3
    assert count(database, "public.audit_logs", "action = 'old.row'") == 300


def start(script: str, profile: Profile) -> subprocess.Popen[bytes]:
    """Starts a process of its own that runs retention."""
    return subprocess.Popen(
        [sys.executable, "-c", script, json.dumps(profile.parameters)],
        env=os.environ,
        stdout=subprocess.PIPE,
    )


async def end_of(database: Database) -> None:
    """Waits until the sessions of the killed process are gone."""
    for _ in range(500):
        row = database.execute(
            "select count(*) from pg_stat_activity"
            " where application_name like 'rowsight%' and datname = current_database()"
        ).fetchone()
        if row == (0,):
            return
        await asyncio.sleep(0.02)
    raise AssertionError("a session of the killed process stays")


@pytest.mark.parametrize("batches", [1, 4, 13])
async def test_a_killed_run_is_looked_up(
    master_db: Profile, people: Database, batches: int
) -> None:
    add_policy(people, "audit_logs", 30)
    add_audit_logs(people, 2000)
    people.execute(
        'insert into public.telemetry_events ("userId", "appId", "eventType", "timestamp")'
        " values (%s, 'a', 'b', '2001-01-01')",
        [ADA],
    )
    process = start(KILLED, master_db)
    assert process.stdout is not None
    for _ in range(batches):
        process.stdout.readline()
    process.send_signal(signal.SIGKILL)
    process.wait()
    process.stdout.close()
    await end_of(people)
    left = count(people, "public.audit_logs", "action = 'old.row'")
    assert 0 < left <= 2000 - 50 * batches

    (entry,) = Journal().find_unfinished()
    assert entry.facts["tables"]["audit_logs"]["announced"] == 2000
    people.execute(  # too young for that run, old enough by now
        'insert into public.audit_logs (action, "timestamp")'
        " select 'old.row', %s::timestamptz from generate_series(1, 10)",
        [entry.facts["tables"]["audit_logs"]["cut_off"]],
    )
    async with Session(master_db) as session:
        (found,) = find_interrupted(session)
        assert found == entry
        looked = await look_up(session, found)
        audit_logs, telemetry = looked.leftovers
        assert (audit_logs.left, audit_logs.gone) == (left, 2000 - left)
        assert 0 <= audit_logs.noted <= 2000 - left
        assert (telemetry.name, telemetry.left, telemetry.gone) == (TELEMETRY, 1, 0)
        assert looked.ended is None
        assert f"{2000 - left:,} of 2,000 announced rows of audit_logs are gone" in looked.sentence
        acknowledge(looked)
        assert find_interrupted(session) == []
        assert list(Journal().entries())[-1].facts["gone"]["audit_logs"] == 2000 - left
        # What is left goes with the next run.
        assert (await run(session, await plan(session))).deleted == left + 10
    row = people.execute('select "lastRun" is not null from public.retention_policies').fetchone()
    assert row == (True,)


async def test_a_run_that_ended_but_could_not_say_so_is_found_in_the_database(
    master_db: Profile, database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    add_policy(database, "audit_logs", 30)
    add_audit_logs(database, 20)
    # A process that dies right before the last line of the journal.
    async with Session(master_db) as session:
        with monkeypatch.context() as dying:
            dying.setattr(Journal, "conclude", lambda *_, **__: None)
            await run(session, await plan(session))
        (entry,) = [one for one in Journal().entries() if one.event == "intent"]
        looked = await look_up(session, entry)
    assert (looked.ended, looked.deleted) == ("retention.run", {"audit_logs": 20})
    assert looked.sentence.endswith("came to its end: 20 rows are deleted")


async def test_runs_on_other_databases_are_not_ours(
    master_db: Profile, plain_db: Profile, database: Database
) -> None:
    add_policy(database, "audit_logs", 30)
    script = KILLED.replace("time.sleep(0.01)", "time.sleep(60)")
    process = start(script, master_db)
    assert process.stdout is not None
    process.stdout.readline()
    async with Session(master_db) as session:
        assert find_interrupted(session) == [], "it still runs"
        process.kill()
        process.wait()
        process.stdout.close()
        assert len(find_interrupted(session)) == 1
    async with Session(plain_db) as session:
        assert find_interrupted(session) == []


async def test_an_estimate_does_not_tell_how_many_are_gone(
    master_db: Profile, database: Database
) -> None:
    add_audit_logs(database, 5)
    journal = Journal()
    async with Session(master_db) as session:
        assert session.server is not None
        journal.intend(
            "retention run",
            master_db,
            tables={
                "audit_logs": {
                    "announced": 1000,
                    "exact": False,
                    "days": 30,
                    "cut_off": "2999-01-01 00:00:00+00",
                },
                "nonsense": {"announced": None, "exact": False, "days": 1, "cut_off": "2001-01-01"},
            },
        )
        (entry,) = journal.entries()
        journal.note(entry.operation, deleted={"audit_logs": 700})
        looked = await look_up(session, entry)
    audit_logs, nonsense = looked.leftovers
    assert (audit_logs.left, audit_logs.gone, audit_logs.noted) == (5, None, 700)
    assert "at least 700 rows of audit_logs are gone, 5 left" in looked.sentence
    assert (nonsense.left, nonsense.gone) == (None, None)
