"""Importing: what fits is written once, what does not is listed, nothing is written twice."""

from __future__ import annotations

import asyncio
import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from console.connection.profile import Profile
from console.connection.session import Session
from console.errors import Refused
from console.journal import Journal
from console.operations.file_rows import Kind, RowFile
from console.operations.importing import ImportResult, check_file, import_file
from console.operations.pace import Control, Progress
from tests.operations.conftest import Database, count, logged_in, make_role


def events(path: Path, rows: list[dict[str, Any]]) -> RowFile:
    path.write_text("".join(json.dumps(row) + "\n" for row in rows))
    return RowFile(path, Kind.EVENTS)


async def bring(profile: Profile, file: RowFile, **how: Any) -> ImportResult:
    async with Session(profile) as session:
        return await import_file(session, file, **how)


async def test_rows_arrive_whole(master_db: Profile, database: Database, tmp_path: Path) -> None:
    rows = [
        {"event_name": f"é\u202e{n}", "occurred_at": "2026-11-20T14:30:00+01:00", "props": {"n": n}}
        for n in range(2500)
    ]
    file = events(tmp_path / "e.jsonl", rows)
    seen: list[Progress] = []
    result = await bring(logged_in(master_db, "authenticator"), file, on_progress=seen.append)
    assert (result.outcome, result.written, result.refused) == ("done", 2500, 0)
    assert [one.batches for one in seen] == [1, 2, 3]
    assert (seen[-1].done, seen[-1].announced, seen[-1].total) == (2500, 2500, 2500)
    found = database.execute(
        "select event_name, occurred_at = '2026-11-20 13:30+00', (props ->> 'n')::int"
        " from public.analytics_events order by 3"
    ).fetchall()
    assert found == [(f"é\u202e{n}", True, n) for n in range(2500)]
    intent, done = Journal().entries()
    assert (intent.action, intent.facts["sha256"]) == ("import", file.digest)
    assert done.facts == {"outcome": "done", "written": 2500, "refused": 0}


async def test_the_same_file_twice_is_the_same_rows(
    master_db: Profile, database: Database, tmp_path: Path
) -> None:
    path = tmp_path / "s.csv"
    path.write_text("platform,date,spend_cents\nx,2026-01-01,1\nx,2026-01-01,1\n")
    for _ in range(2):
        result = await bring(master_db, RowFile(path, Kind.SPEND))
        assert result.written == 2
    assert count(database, "public.spend") == 2


async def test_what_we_and_what_the_database_refuses_is_listed(
    master_db: Profile, database: Database, tmp_path: Path
) -> None:
    database.execute(
        "alter table public.analytics_events add constraint polite check (event_name !~ 'rude')"
    )
    rows: list[dict[str, Any]] = [{"event_name": f"e{n}"} for n in range(300)]
    for place in (0, 7, 8, 150, 299):
        rows[place]["event_name"] = "rude"
    rows[20] = {"event_name": 5}
    rows[21] = {"nonsense": 5}
    checked = check_file(events(tmp_path / "e.jsonl", rows))
    assert (checked.rows, checked.refused) == (298, 2)
    assert [one.line for one in checked.reasons] == [21, 22]
    result = await bring(master_db, events(tmp_path / "e.jsonl", rows), chunk=100)
    assert [one.line for one in result.reasons] == [1, 8, 9, 21, 22, 151, 300]
    assert (result.outcome, result.written, result.refused) == ("done", 293, 7)
    assert "polite" in result.reasons[0].reason
    assert count(database, "public.analytics_events") == 293
    assert count(database, "public.analytics_events", "event_name ~ 'rude'") == 0


async def test_a_row_that_fails_without_being_named_is_found(
    master_db: Profile, database: Database, tmp_path: Path
) -> None:
    # The function names rows for faults of their data only, not for a server at its limits.
    rows: list[dict[str, Any]] = [{"event_name": f"e{n}"} for n in range(40)]
    deep: Any = "x"
    for _ in range(300):
        deep = [deep]
    rows[13]["props"] = {"deep": deep}
    database.execute(
        "create function public.shallow() returns trigger language plpgsql as"
        " $$ begin if length(new.props::text) > 400 then"
        " raise exception 'too deep' using errcode = '54001'; end if; return new; end $$;"
        "create trigger shallow before insert on public.analytics_events for each row"
        " execute function public.shallow()"
    )
    result = await bring(master_db, events(tmp_path / "e.jsonl", rows))
    assert [(one.line, one.reason) for one in result.reasons] == [(14, "too deep")]
    assert (result.written, count(database, "public.analytics_events")) == (39, 39)


async def test_of_a_repeated_id_the_last_row_wins(
    master_db: Profile, database: Database, tmp_path: Path
) -> None:
    ids = [f"00000000-0000-4000-8000-00000000000{n}" for n in range(3)]
    rows = [{"id": ids[n % 3], "event_name": f"e{n}"} for n in range(30)]
    for chunk in (1, 7, 1000):
        await bring(master_db, events(tmp_path / "e.jsonl", rows), chunk=chunk)
        found = database.execute(
            "select event_name from public.analytics_events order by id"
        ).fetchall()
        assert found == [("e27",), ("e28",), ("e29",)]


async def test_cancelled_it_keeps_whole_chunks(
    master_db: Profile, database: Database, tmp_path: Path
) -> None:
    file = events(tmp_path / "e.jsonl", [{"event_name": "e"}] * 500)
    control = Control()
    result = await bring(
        master_db, file, chunk=100, control=control, on_progress=lambda _: control.cancel()
    )
    assert (result.outcome, result.written) == ("cancelled", 100)
    assert count(database, "public.analytics_events") == 100
    again = await bring(master_db, file)
    assert again.written == 500
    assert count(database, "public.analytics_events") == 500


async def test_a_task_that_is_cancelled_tells_the_journal(
    master_db: Profile, database: Database, tmp_path: Path
) -> None:
    file = events(tmp_path / "e.jsonl", [{"event_name": "e"}] * 5000)
    task: asyncio.Task[ImportResult] | None = None

    def stop(_: Progress) -> None:
        assert task is not None
        task.cancel()

    task = asyncio.create_task(bring(master_db, file, chunk=100, on_progress=stop))
    with pytest.raises(asyncio.CancelledError):
        await task
    facts = list(Journal().entries())[-1].facts
    assert (facts["outcome"], facts["written"]) == ("cancelled", 100)
    assert count(database, "public.analytics_events") == 100


async def test_a_table_that_is_gone_ends_it(
    master_db: Profile, database: Database, tmp_path: Path
) -> None:
    database.execute("drop table public.analytics_events cascade")
    result = await bring(master_db, events(tmp_path / "e.jsonl", [{"event_name": "e"}]))
    assert (result.outcome, result.written, result.refused) == ("failed", 0, 0)
    assert result.failure is not None
    assert result.failure.sqlstate == "42P01"


async def test_who_may_not_is_refused(
    master_db: Profile, database: Database, tmp_path: Path
) -> None:
    file = events(tmp_path / "e.jsonl", [{"event_name": "e"}])
    make_role(database, "nobody_special")
    with pytest.raises(Refused, match="nobody_special may not execute"):
        await bring(logged_in(master_db, "nobody_special"), file)
    with pytest.raises(Refused, match="read-only"):
        await bring(replace(master_db, read_only=True), file)
    assert count(database, "public.analytics_events") == 0
    assert list(Journal().entries()) == []
