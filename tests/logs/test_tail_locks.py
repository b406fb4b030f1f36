"""A tail beside locks, vanished logs and limited roles."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest

from console.connection.profile import Profile
from console.connection.session import Session
from console.errors import CannotConnect
from console.logs.filter import LogFilter
from console.logs.tail import Connected, Stored, Tail, Unavailable
from tests.conftest import Admin
from tests.logs.collecting import Collector, key
from tests.logs.test_tail import Database, write


async def test_a_locked_log_does_not_stop_the_others(
    master_db: Profile, db: Database, admin: Admin
) -> None:
    holder = admin(master_db)
    holder.autocommit = False
    async with Collector(master_db) as seen:
        holder.execute("lock table public.audit_log in access exclusive mode")
        await seen.until(lambda: len(seen.of_kind(Unavailable)) > 0)
        (failure, *_) = seen.of_kind(Unavailable)
        assert failure.source.name == "audit_log"
        assert failure.error.sqlstate == "55P03"
        new = write(db)
        await seen.until(lambda: new in seen.delivered)
        holder.execute("insert into public.audit_log (action) values ('under lock')")
        holder.commit()
        await seen.until(lambda: len(seen.delivered) == 2)
    assert seen.duplicates == []


async def test_a_log_locked_from_the_start(master_db: Profile, db: Database, admin: Admin) -> None:
    old = write(db)
    holder = admin(master_db)
    holder.autocommit = False
    holder.execute("lock table public.audit_log in access exclusive mode")
    async with Session(master_db) as session:
        events = Tail(session, interval=0.05).follow(first=10)
        found: dict[type, Any] = {}
        async for event in events:
            found[type(event)] = event
            if Unavailable in found and Stored in found:
                break
        await events.aclose()  # type: ignore[attr-defined]
    assert found[Unavailable].source.name == "audit_log"
    assert [key(entry) for entry in found[Stored].entries] == [old]


async def test_a_log_that_goes_and_comes_back(master_db: Profile, db: Database) -> None:
    async with Collector(master_db) as seen:
        db.execute("alter table public.audit_log rename to gone")
        await seen.until(lambda: len(seen.of_kind(Unavailable)) > 0)
        assert seen.of_kind(Unavailable)[0].error.sqlstate == "42P01"
        db.execute("insert into public.gone (action) values ('meanwhile')")
        db.execute("alter table public.gone rename to audit_log")
        seen.tail._due["audit_log"] = 0.0
        await seen.until(lambda: len(seen.delivered) == 1)
        new = write(db)
        await seen.until(lambda: new in seen.delivered)
    assert seen.duplicates == []


async def test_a_filter_is_for_the_tail_too(master_db: Profile, db: Database) -> None:
    write(db, "kept.old")
    write(db, "dropped.old")
    where = LogFilter(action="kept.*")
    async with Collector(master_db, first=10, where=where) as seen:
        write(db, "dropped.new")
        write(db, "kept.new")
        await seen.until(lambda: len(seen.delivered) == 2)
        await seen.settle()
    assert {entry.action for entry in seen.entries.values()} == {"kept.old", "kept.new"}


async def test_only_what_a_role_may_see_arrives(
    master_db: Profile, db: Database, admin: Admin
) -> None:
    """A login without rights sees its rows, and is told what the tail can't promise."""
    name = f"reader_{master_db.parameters['dbname']}"
    db.execute(f"create role {name} login in role authenticated".encode())
    try:
        db.execute(
            "create policy all_of_it on public.audit_logs for select to authenticated"
            " using (action like 'public.%')"
        )
        profile = replace(master_db, parameters=master_db.parameters | {"user": name})
        slow = admin(master_db)
        slow.autocommit = False
        late = write(slow, "public.late")
        async with Collector(profile) as seen:
            write(db, "secret")
            new = write(db, "public.new")
            await seen.until(lambda: new in seen.delivered)
            polled = seen.polled["audit_logs"]
            # It can't see when others' transactions began, so it can't see this one.
            assert polled.completeness.window == timedelta(minutes=15)
            assert polled.completeness.oldest is None
            assert polled.source.filtered
            slow.commit()
            await seen.until(lambda: late in seen.delivered)
        assert set(seen.delivered) == {new, late}
        connected = seen.of_kind(Connected)[0]
        assert [source.filtered for source in connected.sources] == [True] * 3
    finally:
        db.execute(f"drop owned by {name}; drop role {name}".encode())


async def test_the_first_connection_must_succeed(master_db: Profile) -> None:
    wrong = replace(master_db, parameters=master_db.parameters | {"user": "nobody_here"})
    with pytest.raises(CannotConnect) as caught:
        async for _ in Tail(Session(wrong)).follow():
            pass
    assert caught.value.code == "no_such_role"
