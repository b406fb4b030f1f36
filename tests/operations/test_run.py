"""Running retention: what was announced goes, nothing else, and all of it is on record."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from itertools import pairwise
from typing import Any

import pytest

from console.connection.profile import Profile
from console.connection.session import Session
from console.errors import NotFound, Refused, UsageError
from console.journal import Journal
from console.operations.outcome import TELEMETRY, RunResult, TargetState, explain
from console.operations.pace import Progress
from console.operations.retention import plan
from console.operations.run import run
from tests.operations.conftest import (
    Database,
    add_audit_logs,
    add_policy,
    count,
    logged_in,
    make_role,
)
from tests.operations.rows import ADA, add


async def clean(profile: Profile, **how: Any) -> RunResult:
    """Plans and runs."""
    async with Session(profile) as session:
        return await run(session, await plan(session), **how)


def audited(database: Database) -> list[tuple[Any, ...]]:
    return database.execute(
        'select action, resource, "resourceId", metadata from public.audit_logs'
        " where action like 'retention.%' order by \"timestamp\""
    ).fetchall()


async def test_what_was_announced_is_deleted(master_db: Profile, people: Database) -> None:
    add_policy(people, "audit_logs", 30)
    add_policy(people, "events", 30)
    add_policy(people, "audit_log", 30, enabled=False)
    add_audit_logs(people, 250, "40 days")
    add_audit_logs(people, 70, "20 days")
    add(people, "audit_log", "2001-01-01")
    result = await clean(master_db, batch=100)
    assert (result.outcome, result.failure, result.audit) == ("done", None, "")
    audit_logs, events = result.targets
    assert (audit_logs.announced, audit_logs.exact, audit_logs.deleted) == (250, True, 250)
    assert (audit_logs.batches, audit_logs.state, audit_logs.explanation) == (3, "done", "")
    assert (events.announced, events.deleted, events.state) == (0, 0, TargetState.DONE)
    assert (result.deleted, result.batches) == (250, 3)
    assert count(people, "public.audit_logs", "action = 'old.row'") == 70
    assert count(people, "public.audit_log") == 1
    ran = people.execute(
        'select "tableName", "lastRun" > now() - interval \'1 minute\''
        " from public.retention_policies order by 1"
    ).fetchall()
    assert ran == [("audit_log", None), ("audit_logs", True), ("events", True)]


async def test_it_is_on_record_here_and_there(master_db: Profile, people: Database) -> None:
    add_policy(people, "audit_logs", 30)
    add_audit_logs(people, 5)
    result = await clean(master_db)
    intent, outcome = Journal().entries()
    assert (intent.action, intent.operation) == ("retention run", result.operation)
    assert intent.facts["tables"]["audit_logs"]["announced"] == 5
    assert intent.facts["server"]["database"] == master_db.parameters["dbname"]
    assert outcome.facts == {"outcome": "done", "deleted": {"audit_logs": 5}}
    started, ended = audited(people)
    assert started[:3] == ("retention.started", "retention_policies", result.operation)
    assert started[3]["tables"]["audit_logs"]["announced"] == 5
    assert ended[:3] == ("retention.run", "retention_policies", result.operation)
    assert ended[3]["deleted"] == {"audit_logs": 5}
    assert (ended[3]["operation"], ended[3]["login"]) == (result.operation, "postgres")


async def test_the_service_role_does_it_for_who_may_become_it(
    master_db: Profile, people: Database
) -> None:
    add_policy(people, "audit_logs", 30)
    add_policy(people, "telemetry_events", 30)
    add_audit_logs(people, 5)
    add(people, "telemetry_events", "2001-01-01")
    result = await clean(logged_in(master_db, "authenticator"), telemetry=True)
    assert (result.outcome, result.deleted, result.audit) == ("done", 6, "")
    assert [one[3]["login"] for one in audited(people)] == ["authenticator"] * 2


async def test_every_users_telemetry_goes_by_its_own_limit(
    master_db: Profile, people: Database
) -> None:
    bob = ADA.replace("1", "9")
    people.execute("insert into public.users (id, email) values (%s, 'bob@example.com')", [bob])
    people.execute('insert into public.privacy_prefs ("userId") values (%s)', [bob])
    for user, ages in ((ADA, (1, 21, 22, 400)), (bob, (1, 13, 15))):
        for age in ages:
            people.execute(
                'insert into public.telemetry_events ("userId", "appId", "eventType", "timestamp")'
                " values (%s, 'a', 'b', now() - make_interval(days => %s))",
                [user, age],
            )
    result = await clean(master_db, tables=[], telemetry=True, batch=2)
    (target,) = result.targets
    assert (target.name, target.announced, target.deleted) == (TELEMETRY, 4, 4)
    assert result.users == {ADA: 3, bob: 1}
    assert count(people, "public.telemetry_events") == 3


async def test_what_is_gone_already_is_explained(master_db: Profile, people: Database) -> None:
    # The policy takes first what the users' own limits were to take.
    add_policy(people, "telemetry_events", 30)
    add(people, "telemetry_events", "2001-01-01")
    policy, telemetry = (await clean(master_db, telemetry=True)).targets
    assert (policy.deleted, policy.explanation) == (1, "")
    assert (telemetry.announced, telemetry.deleted) == (1, 0)
    assert telemetry.explanation == (
        "1 fewer than announced: others deleted or renewed them meanwhile"
    )


async def test_rows_that_came_meanwhile_are_explained(master_db: Profile, people: Database) -> None:
    add_policy(people, "audit_logs", 30)
    add_audit_logs(people, 10)
    async with Session(master_db) as session:
        announced = await plan(session)
        add_audit_logs(people, 7)
        (target,) = (await run(session, announced)).targets
    assert (target.announced, target.deleted) == (10, 17)
    assert target.explanation == "7 more than announced came, or became old enough, meanwhile"


@pytest.mark.parametrize(
    ("announced", "exact", "deleted", "state", "words"),
    [
        (5, True, 5, TargetState.DONE, ""),
        (5, False, 5, TargetState.DONE, ""),
        (5, False, 9, TargetState.DONE, "an estimate"),
        (None, False, 9, TargetState.DONE, "nothing was announced"),
        (5, True, 2, TargetState.CANCELLED, "3 of the announced rows are still there"),
        (5, False, 2, TargetState.FAILED, "about 3 of the announced"),
        (5, True, 0, TargetState.SKIPPED, ""),
    ],
)
def test_numbers_that_differ_are_explained(
    announced: int | None, exact: bool, deleted: int, state: TargetState, words: str
) -> None:
    explanation = explain(announced, exact, deleted, state)
    assert words in explanation
    assert bool(words) == bool(explanation)


async def test_a_named_policy_is_run_alone(master_db: Profile, people: Database) -> None:
    add_policy(people, "audit_logs", 30)
    add_policy(people, "audit_log", 30)
    add_audit_logs(people, 3)
    add(people, "audit_log", "2001-01-01")
    result = await clean(master_db, tables=["audit_log", "audit_log"])
    assert [(one.name, one.deleted) for one in result.targets] == [("audit_log", 1)]
    assert count(people, "public.audit_logs", "action = 'old.row'") == 3


async def test_what_must_never_go_is_refused_by_name(master_db: Profile, people: Database) -> None:
    for table in ("users", "privacy_transparency_log", "nonsense"):
        add_policy(people, table, 1)
        with pytest.raises(Refused, match=table):
            await clean(master_db, tables=[table])
    add_policy(people, "events", 1, enabled=False)
    with pytest.raises(Refused, match="disabled"):
        await clean(master_db, tables=["events"])
    with pytest.raises(NotFound, match="spend"):
        await clean(master_db, tables=["spend"])
    assert list(Journal().entries()) == []
    assert audited(people) == []


async def test_what_can_not_be_cleaned_up_is_skipped(master_db: Profile, people: Database) -> None:
    for table in ("users", "audit_log", "patterns", "privacy_transparency_log"):
        add_policy(people, table, 1)
    people.execute('alter table public.patterns drop column "lastUsed"')
    add(people, "audit_log", "2001-01-01")
    people.execute("update public.users set \"createdAt\" = '2001-01-01'")
    result = await clean(master_db)
    assert {one.name: (one.state.value, one.deleted) for one in result.targets} == {
        "users": ("skipped", 0),
        "audit_log": ("done", 1),
        "patterns": ("skipped", 0),
        "privacy_transparency_log": ("skipped", 0),
    }
    assert result.outcome == "done"
    assert count(people, "public.users") == 1


async def test_one_table_that_fails_stops_no_other(master_db: Profile, people: Database) -> None:
    add_policy(people, "audit_log", 1)
    add_policy(people, "spend", 1)
    add(people, "audit_log", "2001-01-01")
    add(people, "spend", "2001-01-01")
    people.execute(
        "create function public.no() returns trigger language plpgsql as"
        " $$ begin raise exception 'not today \x1b[2J'; end $$;"
        "create trigger no before delete on public.audit_log for each row"
        " execute function public.no()"
    )
    result = await clean(master_db)
    audit_log, spend = result.targets
    assert (audit_log.state, audit_log.deleted) == (TargetState.FAILED, 0)
    assert audit_log.reason.startswith("not today")
    assert "1 of the announced rows are still there" in audit_log.explanation
    assert (spend.state, spend.deleted) == (TargetState.DONE, 1)
    assert result.outcome == "failed"
    assert result.failure is not None
    assert audited(people)[-1][0] == "retention.failed"


async def test_days_are_as_long_as_they_were_announced(
    master_db: Profile, people: Database
) -> None:
    zone = "America/New_York"
    name = people.info.dbname
    people.execute(f"alter database {name} set timezone = '{zone}'".encode())
    row = people.execute(
        "select min(n) from generate_series(1, 365) n where"
        " (now() at time zone %(zone)s - make_interval(days => n)) at time zone %(zone)s"
        " <> now() - make_interval(hours => 24 * n)",
        {"zone": zone},
    ).fetchone()
    assert row is not None
    add_policy(people, "audit_log", row[0])
    for minutes in (-1, 1):
        people.execute(
            "insert into public.audit_log (action, ts)"
            " values (%s, now() - make_interval(hours => 24 * %s, mins => %s))",
            [str(minutes), row[0], minutes],
        )
    (target,) = (await clean(master_db)).targets
    assert (target.announced, target.deleted) == (1, 1)
    assert people.execute("select action from public.audit_log").fetchall() == [("-1",)]


async def test_without_policies_there_is_nothing_to_do(
    master_db: Profile, people: Database
) -> None:
    result = await clean(master_db)
    assert (result.outcome, result.targets, result.deleted) == ("done", (), 0)


# --- who may


async def test_without_write_mode_nothing_is_begun(master_db: Profile, people: Database) -> None:
    add_policy(people, "audit_logs", 30)
    add_audit_logs(people, 3)
    with pytest.raises(Refused, match="read-only"):
        await clean(replace(master_db, read_only=True))
    assert count(people, "public.audit_logs") == 3
    assert list(Journal().entries()) == []


async def test_without_service_rights_it_is_refused_with_the_reason(
    master_db: Profile, people: Database
) -> None:
    add_policy(people, "audit_logs", 30)
    make_role(people, "onlooker", "bypassrls")
    people.execute("grant select on public.retention_policies, public.audit_logs to onlooker")
    async with Session(logged_in(master_db, "onlooker")) as session:
        announced = await plan(session)
        assert announced.policy("audit_logs").expired_rows == 0
        for tables, telemetry in ((None, False), ([], True)):
            with pytest.raises(Refused) as caught:
                await run(session, announced, tables=tables, telemetry=telemetry)
            assert "onlooker may not execute public.cleanup_" in caught.value.message
    people.execute("drop owned by onlooker")


async def test_a_run_that_can_not_be_audited_says_so(master_db: Profile, people: Database) -> None:
    add_policy(people, "audit_log", 30)
    add(people, "audit_log", "2001-01-01")
    people.execute("revoke insert on public.audit_logs from service_role")
    result = await clean(logged_in(master_db, "authenticator"))
    assert (result.outcome, result.deleted) == ("done", 1)
    assert "permission denied for table audit_logs" in result.audit


async def test_without_a_journal_nothing_is_done(
    master_db: Profile, people: Database, monkeypatch: pytest.MonkeyPatch, tmp_path: Any
) -> None:
    add_policy(people, "audit_logs", 30)
    add_audit_logs(people, 3)
    (tmp_path / "file").write_text("")
    monkeypatch.setenv("ROWSIGHT_STATE", str(tmp_path / "file" / "state"))
    with pytest.raises(Exception, match="journal"):
        await clean(master_db)
    assert count(people, "public.audit_logs") == 3


@pytest.mark.parametrize("batch", [0, -1, 1_000_001])
async def test_a_batch_has_a_size(master_db: Profile, people: Database, batch: int) -> None:
    with pytest.raises(UsageError):
        await clean(master_db, batch=batch)


# --- while it runs


async def test_progress_adds_up(master_db: Profile, people: Database) -> None:
    add_policy(people, "audit_logs", 30)
    add_policy(people, "audit_log", 30)
    add_audit_logs(people, 1000)
    add(people, "audit_log", "2001-01-01")
    seen: list[Progress] = []
    await clean(master_db, batch=100, on_progress=seen.append)
    assert {(one.target, one.number, one.targets) for one in seen} == {
        ("audit_log", 1, 2),
        ("audit_logs", 2, 2),
    }
    assert all(before.total <= after.total for before, after in pairwise(seen))
    assert (seen[-1].state, seen[-1].total, seen[-1].announced) == ("finishing", 1001, 1000)
    half = next(one for one in seen if one.target == "audit_logs" and one.done == 500)
    assert half.rate > 0
    assert half.eta == pytest.approx(500 / half.rate)
    assert (half.batches, half.state) == (5, "working")


def at(rows: int, act: Callable[[], None]) -> Callable[[Progress], None]:
    """Acts once a run has deleted so many rows."""
    acted = False

    def look(state: Progress) -> None:
        nonlocal acted
        if state.total >= rows and not acted:
            acted = True
            act()

    return look
