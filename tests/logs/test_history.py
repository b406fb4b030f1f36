"""Back through history: no row skipped, none twice, whatever the times and ids."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

import psycopg
import pytest

from console.access.impersonation import Preview
from console.access.persona import of_user
from console.connection.profile import Profile
from console.connection.session import Session
from console.errors import NotFound, UsageError
from console.logs.filter import LogFilter
from console.logs.history import (
    read_after,
    read_before,
    read_clock,
    read_row,
    read_undated,
)
from console.logs.people import find_user, read_emails
from console.logs.source import SOURCES, LogEntry, describe_visibility, find_sources
from tests.conftest import Admin
from tests.logs.conftest import USER

Database = psycopg.Connection[Any]


@pytest.fixture
def crowded(master_db: Profile, db: Database) -> Profile:
    """Rows of all three logs, many at the same instant, ids in no order of time."""
    db.execute("set timezone = 'Asia/Kathmandu'")
    for source, columns in (
        ("audit_logs", "action, timestamp"),
        ("audit_log", "action, ts"),
        ("privacy_transparency_log", 'action, timestamp, "userId"'),
    ):
        user = f", '{USER}'" if "userId" in columns else ""
        db.execute(
            f"insert into public.{source} ({columns}) select 'n.' || n,"
            f" timestamptz '2026-11-22 12:00+00' + n / 7 * interval '0.3 s'{user}"
            " from generate_series(1, 60) n order by md5(n::text)".encode()
        )
    return master_db


@pytest.mark.parametrize("limit", [1, 7, 50, 1000])
async def test_pages_join_without_holes(crowded: Profile, limit: int) -> None:
    async with Session(crowded) as session, session.transaction(search_path="") as tx:
        sources = await find_sources(tx)
        everything = (await read_after(tx, sources, limit=1000)).entries
        assert len(everything) == 180
        assert [entry.key for entry in everything] == sorted(entry.key for entry in everything)

        backwards: list[LogEntry] = []
        point = None
        more = True
        while more:
            page = await read_before(tx, sources, point, limit=limit)
            backwards[:0] = page.entries
            point, more = page.entries[0].key, page.more
        assert tuple(backwards) == everything

        forwards: list[LogEntry] = []
        point, more = None, True
        while more:
            page = await read_after(tx, sources, point, limit=limit)
            forwards += page.entries
            point, more = page.entries[-1].key, page.more
        assert tuple(forwards) == everything


async def test_times_are_exact_in_any_time_zone(master_db: Profile, db: Database) -> None:
    name = master_db.parameters["dbname"]
    for zone in ("UTC", "America/St_Johns", "<+05>-5"):
        db.execute(f"alter database {name} set timezone = '{zone}'".encode())
        db.execute(f"alter database {name} set datestyle = 'German'".encode())
        db.execute("truncate public.audit_logs")
        db.execute(
            "insert into public.audit_logs (action, timestamp)"
            " values ('a', '2026-11-22 12:00:00.123457+00')"
        )
        async with Session(master_db) as session, session.transaction(search_path="") as tx:
            sources = await find_sources(tx)
            (entry,) = (await read_before(tx, sources)).entries
            assert entry.time == datetime(2026, 11, 22, 12, 0, 0, 123457, UTC)
            assert not (await read_before(tx, sources, entry.key)).entries
            where = LogFilter(since=entry.time)
            assert len((await read_before(tx, sources, where=where)).entries) == 1
            where = LogFilter(until=entry.time)
            assert not (await read_before(tx, sources, where=where)).entries
            clock = await read_clock(tx)
            assert abs((clock - datetime.now(UTC)).total_seconds()) < 60


async def test_entries_without_a_time_have_a_section_of_their_own(
    master_db: Profile, db: Database
) -> None:
    db.execute(
        "insert into public.audit_log (action, ts) values ('null', null), ('dated', now()),"
        " ('inf', 'infinity'), ('-inf', '-infinity'), ('bc', '0044-03-15 BC'), ('null', null)"
    )
    async with Session(master_db) as session, session.transaction(search_path="") as tx:
        sources = await find_sources(tx)
        assert [e.action for e in (await read_before(tx, sources)).entries] == ["dated"]
        _, audit_log, _ = sources
        first = await read_undated(tx, audit_log, limit=3)
        rest = await read_undated(tx, audit_log, first.entries[-1].id, limit=3)
        assert [e.action for e in first.entries] == ["null", "inf", "-inf"]
        assert [e.action for e in rest.entries] == ["bc", "null"]
        assert (first.more, rest.more) == (True, False)
        assert {e.time for e in (*first.entries, *rest.entries)} == {None}


async def test_long_and_hostile_values_are_cut_and_whole_on_request(
    master_db: Profile, db: Database
) -> None:
    action = "\x1b]0;evil\x07" + "a" * 5000
    row = db.execute(
        'insert into public.audit_logs (action, metadata, "ipAddress") values'
        " (%s, jsonb_build_object('x', repeat('y', 10000000)), '::1') returning id::text",
        [action],
    ).fetchone()
    assert row is not None
    async with Session(master_db) as session, session.transaction(search_path="") as tx:
        sources = await find_sources(tx)
        (entry,) = (await read_before(tx, sources)).entries
        assert entry.action == action[:1000]
        assert entry.detail is not None
        assert len(entry.detail) == 4000
        whole = await read_row(tx, sources[0], entry.id)
        assert whole["action"] == action
        assert len(whole["metadata"] or "") > 10_000_000
        assert whole["ipAddress"] == "::1"
        with pytest.raises(NotFound):
            await read_row(tx, sources[0], USER)


async def test_what_can_not_be_read_says_why(
    master_db: Profile, db: Database, admin: Admin
) -> None:
    db.execute("alter table public.audit_log rename to elsewhere")
    db.execute("create view public.audit_log as select * from public.elsewhere")
    db.execute("alter table public.audit_logs alter timestamp type timestamp")
    db.execute("drop table public.privacy_transparency_log")
    async with Session(master_db) as session, session.transaction(search_path="") as tx:
        sources = await find_sources(tx)
        assert [source.problem for source in sources] == [
            "its column timestamp has no time zone",
            "it is a view, whose rows can't be followed",
            "the table does not exist",
        ]
        assert not (await read_before(tx, sources)).entries
        assert not (await read_undated(tx, sources[0])).entries
        with pytest.raises(UsageError, match="no log users"):
            await find_sources(tx, ["users"])


async def test_older_databases_name_their_columns_otherwise(
    plain_db: Profile, admin: Admin
) -> None:
    old = admin(plain_db)
    old.execute(
        "create table public.audit_logs (id bigint primary key, user_id text, created_at"
        " timestamptz, action varchar(20) not null, resource_id int, meta json)"
    )
    old.execute(
        "insert into public.audit_logs select n, 'u' || n, now(), 'a', n, '{\"n\": 1}'"
        " from generate_series(1, 11) n"
    )
    async with Session(plain_db) as session, session.transaction(search_path="") as tx:
        sources = await find_sources(tx)
        assert [bool(source.problem) for source in sources] == [False, True, True]
        assert not sources[0].indexed
        page = await read_before(tx, sources, limit=3)
        # Of one instant: in the order of numbers, not of their digits.
        assert [entry.id for entry in page.entries] == ["9", "10", "11"]
        assert page.entries[0].user == "u9"
        assert page.entries[0].resource_id == "9"
        page = await read_before(tx, sources, page.entries[0].key, limit=3)
        assert [entry.id for entry in page.entries] == ["6", "7", "8"]
        page = await read_before(tx, sources, where=LogFilter(user="u3"))
        assert [entry.id for entry in page.entries] == ["3"]


async def test_which_rows_one_sees(sample_db: Profile, admin: Admin) -> None:
    name = f"limited_{sample_db.parameters['dbname']}"
    superuser = admin(sample_db)
    superuser.execute(f"create role {name} login".encode())
    superuser.execute(f"grant usage on schema public to {name}".encode())
    superuser.execute(f"grant select on public.audit_log, public.audit_logs to {name}".encode())
    try:
        profile = replace(sample_db, parameters=sample_db.parameters | {"user": name})
        async with Session(profile) as session, session.transaction(search_path="") as tx:
            sources = await find_sources(tx)
            assert sources[2].problem == "this role may not read it"
            assert describe_visibility(sources, name) == f"filtered by RLS as {name}"
            assert not (await read_before(tx, sources)).entries
            assert await read_emails(tx, [USER]) == {}
        async with Session(sample_db) as session, session.transaction(search_path="") as tx:
            assert describe_visibility(await find_sources(tx), "postgres") == "all rows"
    finally:
        superuser.execute(f"drop owned by {name}; drop role {name}".encode())


async def test_the_transparency_log_as_its_user_sees_it(sample_db: Profile) -> None:
    """The reading functions take a persona's transaction as they take any other."""
    async with Session(sample_db) as session, session.transaction(search_path="") as tx:
        ada = await find_user(tx, "ada@example.com")
        sources = await find_sources(tx, ["privacy_transparency_log"])
        hers = await read_before(tx, sources, where=LogFilter(user=ada))
        everybodys = await read_before(tx, sources)
    assert 0 < len(hers.entries) < len(everybodys.entries)
    async with Preview(sample_db) as preview, preview.impersonate(of_user(ada)) as tx:
        (seen,) = await find_sources(tx, ["privacy_transparency_log"])
        assert seen.filtered
        page = await read_before(tx, [seen])
        assert page.entries == hers.entries
        hidden = await find_sources(tx, ["audit_log"])
        assert not any(entry.user != ada for entry in (await read_before(tx, hidden)).entries)


async def test_people(sample_db: Profile, db: Database) -> None:
    async with Session(sample_db) as session, session.transaction(search_path="") as tx:
        ada = await find_user(tx, "ada@example.com")
        assert await find_user(tx, ada.upper()) == ada
        assert await find_user(tx, "ADA@example.com") == ada
        # Two accounts differ in capitals only: exactly as spelled, or not at all.
        small, capital = [
            await find_user(tx, who)
            for who in ("sofia.rossi@example.com", "Sofia.Rossi@example.com")
        ]
        assert small != capital
        with pytest.raises(NotFound, match="2 users"):
            await find_user(tx, "SOFIA.ROSSI@EXAMPLE.COM")
        with pytest.raises(NotFound, match="no users"):
            await find_user(tx, "nobody@example.com")
        emails = await read_emails(tx, [ada, small, USER, "no uuid"])
        assert emails == {ada: "ada@example.com", small: "sofia.rossi@example.com"}
        assert await read_emails(tx, []) == {}


def test_the_names_of_the_logs() -> None:
    assert SOURCES == ("audit_logs", "audit_log", "privacy_transparency_log")
