"""What a tail must not miss, and how it says what it saw."""

from __future__ import annotations

import asyncio
import time
from datetime import timedelta
from typing import Any

import psycopg
import pytest

from console.connection.embedded import EmbeddedServer, find_binaries
from console.connection.profile import Profile
from console.logs.filter import LogFilter
from console.logs.tail import Mark, Stored
from tests.conftest import Admin
from tests.logs.collecting import Collector, stored_keys
from tests.logs.conftest import migrate

Database = psycopg.Connection[Any]


def write(db: Database, action: str = "thing.done") -> str:
    row = db.execute(
        "insert into public.audit_logs (action) values (%s) returning id::text", [action]
    ).fetchone()
    assert row is not None
    return f"audit_logs {row[0]}"


async def test_new_rows_of_all_logs_arrive_once(master_db: Profile, db: Database) -> None:
    old = write(db)
    async with Collector(master_db, first=10) as seen:
        await seen.until(lambda: old in seen.delivered)
        write(db)
        db.execute("insert into public.audit_log (action, meta) values ('a', '{\"b\": 1}')")
        db.execute(
            'insert into public.privacy_prefs ("userId") select id from public.users'
        )  # the trigger writes the transparency log
        await seen.until(lambda: len(seen.delivered) == 4)
        await seen.settle()
    assert set(seen.delivered) == stored_keys(db)
    assert seen.duplicates == []
    assert seen.marks.pop(old) is Mark.STORED
    assert set(seen.marks.values()) == {Mark.NEW}
    (transparency,) = [e for e in seen.entries.values() if e.source == "privacy_transparency_log"]
    assert (transparency.action, transparency.resource) == ("insert", "privacy_prefs")


async def test_a_row_of_an_older_transaction_is_late_not_lost(
    master_db: Profile, db: Database, admin: Admin
) -> None:
    slow = admin(master_db)
    slow.autocommit = False
    slow_id = write(slow)
    async with Collector(master_db) as seen:
        quick_id = write(db)
        await seen.until(lambda: quick_id in seen.delivered)
        assert slow_id not in seen.delivered
        held = seen.polled["audit_logs"].completeness
        assert held.oldest == held.complete_to
        assert held.oldest_pid == slow.info.backend_pid
        slow.commit()
        await seen.until(lambda: slow_id in seen.delivered)
        assert seen.marks[slow_id] is Mark.LATE
        await seen.settle()
        free = seen.polled["audit_logs"].completeness
        assert (free.oldest, free.window) == (None, None)
    assert seen.duplicates == []


async def test_a_transaction_that_began_long_before_it_wrote(
    master_db: Profile, db: Database, admin: Admin, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("console.logs.completeness.SLACK", timedelta(milliseconds=200))
    lazy = admin(master_db)
    lazy.autocommit = False
    lazy.execute("select now()")  # takes its time, but no number
    async with Collector(master_db) as seen:
        await asyncio.sleep(0.5)
        await seen.until(lambda: seen.polls > 20)
        quick_id = write(db)
        await seen.until(lambda: quick_id in seen.delivered)
        lazy_id = write(lazy)
        lazy.commit()
        await seen.until(lambda: lazy_id in seen.delivered)
        assert seen.marks[lazy_id] is Mark.LATE


async def test_subtransactions(master_db: Profile, db: Database, admin: Admin) -> None:
    slow = admin(master_db)
    slow.autocommit = False
    kept = [write(slow)]
    async with Collector(master_db) as seen:
        slow.execute("savepoint a")
        kept.append(write(slow))
        await seen.settle()
        slow.execute("savepoint b")
        undone = write(slow)
        # Younger transactions end in between: their numbers are above, and below those to come.
        quick = [write(db)]
        await seen.settle()
        slow.execute("rollback to savepoint b")
        slow.execute("release savepoint a")
        kept.append(write(slow))
        quick.append(write(db))
        await seen.settle()
        slow.commit()
        await seen.until(lambda: set(kept) <= set(seen.delivered))
        await seen.settle()
    assert set(seen.delivered) == {*kept, *quick} == stored_keys(db)
    assert undone not in seen.delivered
    assert seen.duplicates == []


async def test_a_changed_row_is_an_alarm_not_a_duplicate(master_db: Profile, db: Database) -> None:
    stored = write(db)
    async with Collector(master_db, first=10) as seen:
        new = write(db)
        await seen.until(lambda: new in seen.delivered)
        db.execute("update public.audit_logs set resource = 'other'")
        await seen.until(lambda: len(seen.changed) == 2)
        await seen.settle()
    assert sorted(seen.changed) == sorted([stored, new])
    assert seen.entries[new].resource == "other"
    assert seen.duplicates == []


async def test_what_is_rolled_back_or_deleted_is_not_shown(
    master_db: Profile, db: Database, admin: Admin
) -> None:
    slow = admin(master_db)
    slow.autocommit = False
    async with Collector(master_db) as seen:
        write(slow)
        await seen.settle()
        slow.rollback()
        new = write(db)
        await seen.until(lambda: new in seen.delivered)
        db.execute("delete from public.audit_logs")
        await seen.settle()
    assert set(seen.delivered) == {new}


async def test_prepared_transactions_are_waited_for(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("console.logs.completeness.SLACK", timedelta(milliseconds=100))
    settings = {"max_prepared_transactions": "2"}
    with EmbeddedServer(binaries=find_binaries(wheel_first=True), settings=settings) as own:
        migrate(own.dsn())
        with (
            psycopg.connect(own.dsn(), autocommit=True) as db,
            psycopg.connect(own.dsn()) as slow,
        ):
            # The window is shorter than the time until COMMIT PREPARED: only what was seen of
            # the transaction before it was prepared can tell when it began.
            async with Collector(own.profile(), window=timedelta(milliseconds=100)) as seen:
                late = write(slow)
                await seen.settle()
                await asyncio.sleep(0.5)
                slow.execute("prepare transaction 'p'")
                slow.commit()
                await asyncio.sleep(0.5)
                new = write(db)
                await seen.until(lambda: new in seen.delivered)
                held = seen.polled["audit_logs"].completeness
                assert held.oldest is not None
                assert held.oldest_pid is None
                db.execute("commit prepared 'p'")
                await seen.until(lambda: late in seen.delivered)
                await seen.settle()
                assert seen.polled["audit_logs"].completeness.oldest is None


async def test_rows_without_a_time_arrive_too(master_db: Profile, db: Database) -> None:
    db.execute("insert into public.audit_log (action, ts) values ('old', null)")
    async with Collector(master_db) as seen:
        db.execute(
            "insert into public.audit_log (action, ts) values ('a', null), ('b', 'infinity')"
        )
        db.execute("insert into public.audit_logs (action, timestamp) values ('c', 'infinity')")
        await seen.until(lambda: len(seen.delivered) == 3)
        await seen.settle()
        assert seen.polled["audit_log"].undated
    assert {entry.action for entry in seen.entries.values()} == {"a", "b", "c"}
    assert {entry.time for entry in seen.entries.values()} == {None}
    assert seen.duplicates == []


async def test_more_rows_than_are_looked_at_in_one_poll(
    master_db: Profile, db: Database, admin: Admin
) -> None:
    slow = admin(master_db)
    slow.autocommit = False
    slow_id = write(slow)  # so that every poll meets what it has seen already
    async with Collector(master_db) as seen:
        tail = seen.tail._tails["audit_logs"]
        tail._batch = 100
        for round_ in (1, 2, 3):
            db.execute(
                "insert into public.audit_logs (action) select 'many' from generate_series(1, 450)"
            )
            await seen.until(lambda round_=round_: len(seen.delivered) == 450 * round_)  # type: ignore[misc]
        slow.commit()
        await seen.until(lambda: slow_id in seen.delivered)
        await seen.until(lambda: tail._floor > max(e.transaction for e in seen.entries.values()))
        # What can't come again is forgotten, also between the parts of one long answer.
        tail._seen._capacity = tail._seen._trim_above = 200
        db.execute(
            "insert into public.audit_logs (action) select 'many' from generate_series(1, 2000)"
        )
        await seen.until(lambda: len(seen.delivered) == 3351)
        await seen.settle()
        write(db)
        await seen.until(lambda: len(seen.delivered) == 3352)
        assert len(tail._seen) <= 400
    assert seen.gaps == []
    assert seen.duplicates == []
    assert set(seen.delivered) == stored_keys(db)


async def test_a_transaction_that_holds_back_too_much_is_given_up_and_said_so(
    master_db: Profile, db: Database, admin: Admin
) -> None:
    slow = admin(master_db)
    slow.autocommit = False
    write(slow)
    async with Collector(master_db) as seen:
        tail = seen.tail._tails["audit_logs"]
        tail._seen._capacity = tail._seen._trim_above = 100
        for _ in range(12):
            db.execute(
                "insert into public.audit_logs (action) select 'many' from generate_series(1, 100)"
            )
            await seen.settle(1)
        await seen.until(lambda: len(seen.gaps) > 0)
        assert not seen.gaps[0].proven
        assert "open for so long" in seen.gaps[0].reason
        await seen.until(lambda: len(seen.delivered) == 1200)
        assert len(tail._seen) <= 800
    assert seen.duplicates == []


async def test_between_whole_looks_the_recent_rows_arrive(
    master_db: Profile, db: Database, admin: Admin
) -> None:
    slow = admin(master_db)
    slow.autocommit = False
    slow_id = write(slow)
    async with Collector(master_db) as seen:
        tail = seen.tail._tails["audit_logs"]
        tail._whole_due = float("inf")  # as if the whole stretch took for ever
        new = [write(db) for _ in range(3)]
        await seen.until(lambda: set(new) <= set(seen.delivered))
        bound = seen.polled["audit_logs"].completeness.complete_to
        slow.commit()
        await seen.settle()
        assert seen.polled["audit_logs"].completeness.complete_to == bound
        tail._whole_due = 0.0
        await seen.until(lambda: slow_id in seen.delivered)
        await seen.settle()
        assert seen.polled["audit_logs"].completeness.complete_to > bound
    assert seen.duplicates == []


async def test_the_stored_are_read_from_the_oldest_on(
    master_db: Profile, db: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("console.logs.tail._PAGE", 7)
    for number in range(20):
        write(db, f"old.{number}")
        db.execute("insert into public.audit_log (action) values ('other')")
    async with Collector(master_db, first=None, where=LogFilter(action="old.*")) as seen:
        new = [write(db, "old.new"), write(db, "new")]
        await seen.until(lambda: new[0] in seen.delivered)
        await seen.settle()
    pages = seen.of_kind(Stored)
    assert [len(page.entries) for page in pages] == [7, 7, 6]
    assert [entry.action for page in pages for entry in page.entries] == [
        f"old.{number}" for number in range(20)
    ]
    assert len(seen.delivered) == 21
    assert seen.duplicates == []


async def test_nothing_is_lost_between_the_stored_and_the_new(
    master_db: Profile, db: Database, admin: Admin
) -> None:
    """Rows keep coming while the tail begins; each arrives exactly once."""
    other = admin(master_db)
    stop = False

    def load() -> None:
        while not stop:
            write(other)
            time.sleep(0.002)

    loading = asyncio.create_task(asyncio.to_thread(load))
    for first in (5, None, 1000):
        async with Collector(master_db, first=first) as seen:
            await seen.settle(5)
            if first == 1000:
                stop = True
                await loading
                await seen.settle(2)
        assert seen.duplicates == []
        if first != 5:
            oldest = min(entry.key for entry in seen.entries.values())
            expected = stored_keys(db) if stop or first is None else set()
            missing = expected - set(seen.delivered)
            ended = max(entry.key for entry in seen.entries.values())
            late = {
                f"audit_logs {id_}"
                for (id_,) in db.execute(
                    "select id::text from public.audit_logs where timestamp < %s or timestamp > %s",
                    [oldest[0], ended[0]],
                )
            }
            assert missing <= late
