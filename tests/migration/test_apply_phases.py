"""Big tables: what is left for after the commit, interrupted, taken up again."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import Any

import psycopg
import pytest

from console.connection.profile import Profile
from console.connection.session import Session
from console.errors import Refused
from console.migration import phases
from console.migration.apply import apply
from console.migration.finish import Unfinished
from console.migration.history import read_history
from console.migration.model import ApplyOptions, ApplyProgress, Verdict
from console.migration.plan import plan
from console.migration.verify import verify

Admin = Callable[[Profile], psycopg.Connection[Any]]
Database = psycopg.Connection[Any]


@pytest.fixture
def _hundred_is_big(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(phases, "BIG", 100)


def spend(database: Database, rows: int, clicks: int = 1) -> None:
    database.execute(
        "insert into public.spend (platform, date, clicks)"
        " select 'search', date '2025-01-01' + mod(n, 365), %s from generate_series(1, %s) n",
        [clicks, rows],
    )
    database.execute("analyze public.spend")


async def test_a_hundred_thousand_rows_are_not_locked_while_they_are_read(
    master_db: Profile, connect: type[Session], admin: Admin
) -> None:
    database = admin(master_db)
    spend(database, phases.BIG + 500)
    database.execute("drop index public.idx_spend_date")
    database.execute("alter table public.spend drop constraint spend_clicks_check")
    seen: list[ApplyProgress] = []
    async with connect(master_db) as session:
        planned = await plan(session)
        assert [(a.kind, a.lock, a.after_commit) for a in planned.actions] == [
            ("constraint", "ACCESS EXCLUSIVE", False),
            ("constraint", "SHARE UPDATE EXCLUSIVE", True),
            ("index", "SHARE UPDATE EXCLUSIVE", True),
            ("rows", "ROW EXCLUSIVE", False),
        ]
        assert planned.actions[0].rows_estimate == phases.BIG + 500
        dry = await apply(session, ApplyOptions(dry_run=True))
        assert {d.identity for d in dry.pending} == {
            "spend_clicks_check on public.spend",
            "public.idx_spend_date",
        }
        assert not dry.verification.failed()
        result = await apply(session, on_progress=seen.append, confirmed=planned)
        assert result.applied
        assert result.pending == ()
        assert result.statements_executed == len(planned.actions)
        assert result.history_recorded
        assert result.verification.verdict is Verdict.IN_SYNC
        assert (await verify(session)).verdict is Verdict.IN_SYNC
    finishing = [state for state in seen if state.phase == "finishing"]
    assert {"public.idx_spend_date", "spend_clicks_check on public.spend"} <= {
        state.identity for state in finishing
    }
    assert finishing[-1].done == finishing[-1].total == 2


@pytest.mark.usefixtures("_hundred_is_big")
async def test_others_write_while_an_index_is_built_and_who_holds_it_up_is_named(
    master_db: Profile, connect: type[Session], admin: Admin
) -> None:
    database = admin(master_db)
    spend(database, 200)
    database.execute("drop index public.idx_spend_date")
    target = psycopg.conninfo.make_conninfo(**master_db.parameters)
    named: list[str] = []
    with psycopg.connect(target, application_name="importer") as writer:
        writer.execute("insert into public.spend (platform, date) values ('x', '2025-01-01')")

        def progress(state: ApplyProgress) -> None:
            if state.phase == "waiting" and not named:
                named.append(state.identity)
                database.execute("set lock_timeout = '1s'")
                database.execute("insert into public.spend (platform, date) select 'y', now()")
                writer.commit()

        async with connect(master_db) as session:
            assert (await apply(session, on_progress=progress)).applied
            assert (await verify(session)).verdict is Verdict.IN_SYNC
    assert "importer" in named[0]


@pytest.mark.usefixtures("_hundred_is_big")
async def test_an_interrupted_index_is_built_by_the_next_apply(
    master_db: Profile, connect: type[Session], admin: Admin
) -> None:
    database = admin(master_db)
    spend(database, 200)
    database.execute("drop index public.idx_spend_date")
    target = psycopg.conninfo.make_conninfo(**master_db.parameters)
    waiting = asyncio.Event()

    def progress(state: ApplyProgress) -> None:
        if state.phase == "waiting":
            waiting.set()

    async with connect(master_db) as session:
        with psycopg.connect(target) as writer:
            writer.execute("insert into public.spend (platform, date) values ('x', '2025-01-01')")
            task = asyncio.create_task(apply(session, on_progress=progress))
            await waiting.wait()
            task.cancel()
            with pytest.raises(asyncio.CancelledError):
                await task
        left = database.execute(
            "select indisvalid from pg_index where indexrelid = to_regclass(%s)",
            ["public.idx_spend_date"],
        ).fetchone()
        assert left == (False,), "the server leaves an invalid index behind"
        assert (await verify(session)).failed()
        planned = await plan(session)
        assert [a.sql.split(" public")[0] for a in planned.actions if a.after_commit] == [
            "drop index concurrently",
            "create index concurrently if not exists idx_spend_date on",
        ]
        assert (await apply(session)).applied
        assert (await verify(session)).verdict is Verdict.IN_SYNC
        assert (await apply(session)).statements_executed == 0


@pytest.mark.usefixtures("_hundred_is_big")
async def test_rows_that_break_a_constraint_leave_it_unvalidated_until_mended(
    master_db: Profile, connect: type[Session], admin: Admin
) -> None:
    database = admin(master_db)
    database.execute("alter table public.spend drop constraint spend_clicks_check")
    spend(database, 200)
    spend(database, 1, clicks=-1)
    async with connect(master_db) as session:
        with pytest.raises(Unfinished, match="spend_clicks_check") as caught:
            await apply(session)
        assert "committed" in caught.value.message
        assert caught.value.sqlstate == "23514"
        assert (await read_history(session)).recorded
        with pytest.raises(psycopg.errors.CheckViolation):
            spend(database, 1, clicks=-1)
        (difference,) = (await verify(session)).differences
        assert difference.mend == (
            "alter table public.spend validate constraint spend_clicks_check",
        )
        database.execute("update public.spend set clicks = 0 where clicks < 0")
        result = await apply(session)
        assert result.applied
        assert (await verify(session)).verdict is Verdict.IN_SYNC


@pytest.mark.usefixtures("_hundred_is_big")
async def test_foreign_keys_of_big_tables_are_validated_after_the_commit(
    sample_db: Profile, connect: type[Session], admin: Admin
) -> None:
    database = admin(sample_db)
    row = database.execute("select count(*) from public.events").fetchone()
    assert row is not None
    assert row[0] > 100
    database.execute("analyze public.events")
    database.execute('alter table public.events drop constraint "events_userId_fkey"')
    async with connect(sample_db) as session:
        planned = await plan(session)
        added, validated = [a for a in planned.actions if a.kind == "constraint"]
        assert added.sql.endswith("not valid")
        assert added.lock == "SHARE ROW EXCLUSIVE"
        assert validated.after_commit
        assert (await apply(session)).applied
        assert (await verify(session)).verdict is Verdict.IN_SYNC


@pytest.mark.usefixtures("_hundred_is_big")
async def test_two_appliers_finish_one_after_the_other(
    master_db: Profile, connect: type[Session], admin: Admin
) -> None:
    database = admin(master_db)
    spend(database, 5000)
    database.execute("drop index public.idx_spend_date")

    async def one() -> int:
        async with connect(master_db) as session:
            result = await apply(session)
            assert result.applied
            return result.statements_executed

    executed = await asyncio.gather(one(), one())
    assert max(executed) >= 2
    async with connect(master_db) as session:
        assert (await verify(session)).verdict is Verdict.IN_SYNC


@pytest.mark.usefixtures("_hundred_is_big")
async def test_a_transaction_pooler_is_refused_what_it_cannot_hold(
    master_db: Profile, connect: type[Session], admin: Admin
) -> None:
    database = admin(master_db)
    spend(database, 200)
    database.execute("drop index public.idx_spend_date")
    async with connect(master_db) as session:
        assert session.server is not None
        session.server = session.server._replace(pooled=True)
        with pytest.raises(Refused, match="pooler"):
            await apply(session)
        database.execute("create index idx_spend_date on public.spend (date)")
        database.execute("alter table public.spend disable row level security")
        assert (await apply(session)).applied
