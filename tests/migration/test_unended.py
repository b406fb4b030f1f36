"""An apply whose process was killed is told of, once, with what became of it."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from collections.abc import Callable
from typing import Any

import psycopg
import pytest

from console.cli import doctor
from console.connection.profile import Profile
from console.connection.session import Session
from console.errors import ConsoleError
from console.journal import Journal, place_of, state_folder
from console.migration.unended import find_unended, settle
from console.migration.verify import verify
from console.ui.app import RowsightApp
from tests.ui.screen import text, until

Admin = Callable[[Profile], psycopg.Connection[Any]]

APPLY = """
import asyncio, os, signal, sys
from console.connection.conninfo import from_conninfo
from console.connection.session import Session
from console.migration.apply import apply
from console.migration.model import ApplyOptions

def tell(state):
    if state.phase == "executing":
        os.kill(os.getpid(), signal.SIGKILL)

async def main():
    async with Session(from_conninfo(sys.argv[1])) as session:
        await apply(session, ApplyOptions(), on_progress=tell)

asyncio.run(main())
"""


@pytest.fixture(autouse=True)
def _state(monkeypatch: pytest.MonkeyPatch, tmp_path_factory: pytest.TempPathFactory) -> None:
    monkeypatch.setenv("ROWSIGHT_STATE", str(tmp_path_factory.mktemp("state")))


@pytest.fixture
def killed(master_db: Profile, admin: Admin) -> Profile:
    """A database on which an apply was killed while its statements ran."""
    admin(master_db).execute("alter table public.events disable row level security")
    dsn = " ".join(f"{key}={value}" for key, value in master_db.parameters.items())
    done = subprocess.run([sys.executable, "-c", APPLY, dsn], check=False)
    assert done.returncode == -signal.SIGKILL
    assert next(state_folder().glob("*.running"))
    return master_db


async def test_a_verification_tells_what_became_of_it_once(
    killed: Profile, plain_db: Profile, connect: type[Session]
) -> None:
    async with connect(plain_db) as other:
        assert find_unended(other) == []
    async with connect(killed) as session:
        (entry,) = find_unended(session)
        verification = await verify(session)
        (told,) = settle(session, verification)
        assert told.time == entry.time
        assert "did not end; the differences tell what of it is there" in told.sentence
        assert settle(session, verification) == []
    last = list(Journal().entries())[-1]
    assert (last.event, last.facts["outcome"]) == ("result", "looked up")


async def test_an_apply_of_another_migration_is_not_judged_by_ours(
    master_db: Profile, connect: type[Session]
) -> None:
    async with connect(master_db) as session:
        assert session.server is not None
        place = place_of(session.server)
        lost = Journal()
        lost.intend("migrate apply", master_db, migration="other.sql", server=place)
        for lock, _ in lost._running.values():
            os.close(lock)  # as a process that dies does
        assert [entry.facts["migration"] for entry in Journal().find_left(session.server)] == [
            "other.sql"
        ]
        assert settle(session, await verify(session)) == []


async def test_what_can_not_be_put_on_record_is_told_all_the_same(
    killed: Profile, connect: type[Session]
) -> None:
    class Full(Journal):
        def conclude(self, operation: str, outcome: str, **facts: object) -> None:
            raise ConsoleError("the disk is full")

    async with connect(killed) as session:
        verification = await verify(session)
        assert len(settle(session, verification, Full())) == 1
        assert len(settle(session, verification)) == 1


def test_doctor_names_the_database_and_what_tells(killed: Profile) -> None:
    check = doctor.check_journal()
    assert check.status == "warn"
    assert killed.parameters["dbname"] in check.detail
    assert "rowsight migrate verify there tells what of it is there" in check.detail


async def test_the_next_console_tells_of_it_and_its_verdict_settles_it(killed: Profile) -> None:
    app = RowsightApp(killed)
    async with app.run_test(size=(120, 40), notifications=True) as pilot:
        await until(pilot, "An earlier apply did not end: 3 Migration")
        await pilot.press("3")
        await until(pilot, "1 difference")
        await until(pilot, "did not end; the differences")
        assert "The apply of" in text(app)
    assert Journal().find_unfinished() == []
