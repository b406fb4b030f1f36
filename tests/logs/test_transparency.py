"""Whether the transparency log can be believed, and who ran into row-level security."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any

import psycopg
import pytest

from console.connection.profile import Profile
from console.connection.session import Session
from console.logs.filter import LogFilter
from console.logs.history import read_before
from console.logs.source import LogEntry, find_sources
from console.logs.transparency import TRANSPARENCY, Finding, Integrity, Status, check_integrity
from console.logs.violations import Violation, read_violations
from tests.conftest import Admin
from tests.logs.conftest import USER

Database = psycopg.Connection[Any]
OFF = "set session_replication_role = replica"
ON = "set session_replication_role = origin"


async def check(
    profile: Profile, *, since: datetime | None = None, changed: tuple[LogEntry, ...] = ()
) -> Integrity:
    async with Session(profile) as session, session.transaction(search_path="") as tx:
        (source,) = await find_sources(tx, [TRANSPARENCY])
        return await check_integrity(tx, source, since=since, changed=changed)


def of(integrity: Integrity, check: str) -> Finding:
    (found,) = [finding for finding in integrity.findings if finding.check == check]
    return found


@pytest.fixture
def used(master_db: Profile, db: Database) -> Profile:
    """Settings that were made, changed, several times in one transaction, and taken back."""
    prefs = 'insert into public.privacy_prefs ("userId") select id from public.users'
    allow = (
        'insert into public.app_allowlist ("userId", "appId", "appName")'
        " select id, %s, 'app' from public.users"
    )
    db.execute(prefs)
    with db.transaction():
        db.execute(allow, ["a"])
        db.execute("update public.app_allowlist set scope = 'none'")
        db.execute("update public.app_allowlist set scope = 'metadata_plus_usage'")
        db.execute("delete from public.app_allowlist")
        db.execute(allow, ["b"])
    db.execute("update public.app_allowlist set scope = 'none'")
    return master_db


async def test_an_honest_log_is_intact(used: Profile) -> None:
    integrity = await check(used)
    assert integrity.verdict == "intact"
    assert {finding.status for finding in integrity.findings} == {Status.OK}
    assert [finding.check for finding in integrity.findings] == [
        *("guards", "changed", "order", "chain", "settings", "silence")
    ]


async def test_the_sample_data_is_intact(sample_db: Profile) -> None:
    assert (await check(sample_db)).verdict == "intact"


GUARDS = [
    "alter table public.privacy_transparency_log disable trigger"
    " refuse_privacy_transparency_log_change",
    "alter table public.privacy_transparency_log enable trigger"
    " refuse_privacy_transparency_log_truncate",
    "alter table public.privacy_prefs enable replica trigger log_privacy_prefs_changes",
    "drop trigger log_app_allowlist_changes on public.app_allowlist",
    "create or replace trigger log_signal_toggles_changes after insert on public.signal_toggles"
    " for each row execute function private.log_privacy_change()",
    "create or replace trigger refuse_privacy_transparency_log_change before update or delete"
    " on public.privacy_transparency_log for each row when (old.action <> 'x')"
    " execute function private.refuse_log_change()",
    "create or replace trigger log_privacy_prefs_changes after insert or update or delete"
    " on public.privacy_prefs for each row execute function public.update_updated_at_column()",
    "alter table public.privacy_transparency_log no force row level security",
    "alter table public.privacy_transparency_log disable row level security",
    "create rule swallow as on insert to public.privacy_transparency_log do instead nothing",
    "create trigger zz before insert on public.privacy_transparency_log for each row"
    " execute function suppress_redundant_updates_trigger()",
]


@pytest.mark.parametrize("loosened", GUARDS, ids=range(len(GUARDS)))
async def test_a_loosened_guard_breaks_it(used: Profile, db: Database, loosened: str) -> None:
    db.execute(loosened.encode())
    integrity = await check(used)
    assert integrity.verdict == "broken"
    guards = of(integrity, "guards")
    assert guards.status is Status.FAIL
    assert len(guards.examples) == 1


async def test_a_changed_entry(used: Profile, db: Database) -> None:
    db.execute(OFF)
    db.execute(
        "alter table public.privacy_transparency_log disable trigger"
        " refuse_privacy_transparency_log_change"
    )
    db.execute(
        "update public.privacy_transparency_log set \"newValueHash\" = repeat('0', 64)"
        " where action = 'insert' and resource = 'app_allowlist' and \"resourceId\" ="
        " (select id::text from public.app_allowlist)"
    )
    db.execute(
        "alter table public.privacy_transparency_log enable always trigger"
        " refuse_privacy_transparency_log_change"
    )
    integrity = await check(used)
    assert of(integrity, "guards").status is Status.OK
    assert of(integrity, "chain").status is Status.WARN
    assert len(of(integrity, "chain").examples) == 1
    assert integrity.verdict == "doubtful"


async def test_an_entry_changed_before_the_tails_eyes(used: Profile) -> None:
    async with Session(used) as session, session.transaction(search_path="") as tx:
        page = await read_before(tx, await find_sources(tx))
    integrity = await check(used, changed=page.entries[:1])
    assert integrity.verdict == "broken"
    assert of(integrity, "changed").examples == (page.entries[0].id,)


async def test_a_removed_entry(used: Profile, db: Database) -> None:
    db.execute(
        "alter table public.privacy_transparency_log disable trigger"
        " refuse_privacy_transparency_log_change"
    )
    db.execute(
        "delete from public.privacy_transparency_log where id in (select id from"
        " public.privacy_transparency_log where action = 'update' limit 1)"
    )
    chain = of(await check(used), "chain")
    assert chain.status is Status.WARN
    assert chain.sentence.startswith("1 entries do not follow")


async def test_a_change_past_the_log(used: Profile, db: Database) -> None:
    db.execute(OFF)
    db.execute('update public.privacy_prefs set "dataRetentionDays" = 3650')
    db.execute("delete from public.app_allowlist")
    db.execute(
        'insert into public.signal_toggles ("userId", "signalKey") select id, \'s\''
        " from public.users"
    )
    db.execute(ON)
    integrity = await check(used)
    settings = of(integrity, "settings")
    assert settings.status is Status.WARN
    assert [example.split(" ", 2)[::2] for example in settings.examples] == [
        ["app_allowlist", "is gone"],
        ["privacy_prefs", "is not as the log says"],
        ["signal_toggles", "is not in the log"],
    ]
    assert of(integrity, "chain").status is Status.OK


async def test_an_entry_dated_back(used: Profile, db: Database) -> None:
    db.execute(
        'insert into public.privacy_transparency_log ("userId", action, timestamp)'
        " values (%s, 'viewed', now() - interval '1 day')",
        [USER],
    )
    integrity = await check(used)
    assert integrity.verdict == "doubtful"
    assert of(integrity, "order").sentence.startswith("1 entries were written later")
    row = db.execute("select now() - interval '1 hour'").fetchone()
    assert row is not None
    assert (await check(used, since=row[0])).verdict == "intact"


async def test_an_unusual_silence(master_db: Profile, db: Database) -> None:
    entries = (
        'insert into public.privacy_transparency_log ("userId", action, timestamp)'
        f" select '{USER}', 'viewed', now() - interval '9 days' - n * interval '1 hour'"
        " from generate_series(1, 150) n"
    )
    db.execute(entries.encode())
    silence = of(await check(master_db), "silence")
    assert silence.status is Status.WARN
    assert silence.sentence.startswith("1 times nothing was written")
    db.execute(entries.replace("9 days", "3 days").encode())
    db.execute(entries.replace("9 days", "1 hour").encode())
    assert of(await check(master_db), "silence").status is Status.OK


async def test_a_role_that_does_not_see_all_proves_nothing(
    used: Profile, admin: Admin, db: Database
) -> None:
    name = f"auditor_{used.parameters['dbname']}"
    db.execute(f"create role {name} login in role authenticated".encode())
    try:
        profile = replace(used, parameters=used.parameters | {"user": name})
        integrity = await check(profile)
        assert integrity.verdict == "unproven"
        assert of(integrity, "guards").status is Status.OK
        assert of(integrity, "chain").status is Status.UNAVAILABLE
        assert "BYPASSRLS" in of(integrity, "chain").sentence
        # It sees all entries, but not all settings.
        db.execute(f"alter role {name} bypassrls".encode())
        db.execute(f"revoke authenticated from {name}".encode())
        db.execute(f"grant usage on schema public to {name}".encode())
        db.execute(f"grant select on public.privacy_transparency_log to {name}".encode())
        integrity = await check(profile)
        assert of(integrity, "chain").status is Status.OK
        assert of(integrity, "settings").status is Status.UNAVAILABLE
    finally:
        db.execute(f"drop owned by {name}; drop role {name}".encode())


async def test_violations_are_grouped(master_db: Profile, db: Database) -> None:
    stranger = "00000000-0000-4000-8000-0000000000ff"
    for user, table, operation in (
        (USER, "workflows", "SELECT"),
        (USER, "workflows", "UPDATE"),
        (USER, "workflows", "SELECT"),
        (USER, "users", "SELECT"),
        (stranger, "users", "DELETE"),
        (None, "users", "DELETE"),
    ):
        db.execute("select public.audit_rls_violation(%s, %s, %s)", [table, user, operation])
    db.execute(
        "insert into public.audit_logs (action, resource, metadata, timestamp) values"
        " ('rls_violation', null, '[1]', now() - interval '1 day'),"
        " ('rls_violation', 'odd', null, 'infinity'), ('other', 'users', null, now())"
    )
    async with Session(master_db) as session, session.transaction(search_path="") as tx:
        sources = await find_sources(tx)
        found = await read_violations(tx, sources[0])
        assert [(v.user, v.table, v.count, v.operations) for v in found] == [
            (None, "users", 1, ("DELETE",)),
            (stranger, "users", 1, ("DELETE",)),
            (USER, "users", 1, ("SELECT",)),
            (USER, "workflows", 3, ("SELECT", "UPDATE")),
            (None, None, 1, ()),
        ]
        assert isinstance(found[3], Violation)
        assert found[3].first < found[3].last
        since = found[4].last + timedelta(hours=1)
        recent = await read_violations(tx, sources[0], where=LogFilter(since=since))
        assert recent == found[:4]
        assert await read_violations(tx, sources[0], limit=2) == found[:2]
        where = LogFilter(resource="work*")
        assert await read_violations(tx, sources[0], where=where) == found[3:4]
        # The attempt is told by audit_log too, where there are only its own.
        assert await read_violations(tx, sources[1]) == ()


async def test_the_look_alike_stands_out(sample_db: Profile) -> None:
    async with Session(sample_db) as session, session.transaction(search_path="") as tx:
        (source,) = await find_sources(tx, ["audit_logs"])
        found = await read_violations(tx, source)
        total = sum(violation.count for violation in found)
        page = await read_before(
            tx, [source], where=LogFilter(action="rls_violation"), limit=10_000
        )
    assert total == len(page.entries)
    look_alike = "26048ad6-fe26-f028-c9fe-6224e6626b5f"
    assert sum(v.count for v in found if v.user == look_alike) == 9
