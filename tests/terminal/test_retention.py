"""Deleting on a terminal: what confirms, what does not, and a console that is killed at it."""

from __future__ import annotations

import os
import signal
import time
from collections.abc import Callable
from pathlib import Path
from random import Random
from typing import Any

import psycopg
import pytest

from console.connection.profile import Profile
from tests.conftest import Admin
from tests.terminal.conftest import Console, Open

ROWS = 60_000
OLD = "select count(*) from public.audit_logs where action = 'old'"
FILL = f"""
insert into public.retention_policies ("tableName", "retentionDays") values ('audit_logs', 30);
insert into public.audit_logs (action, "timestamp")
select 'old', now() - interval '40 days' from generate_series(1, {ROWS});
create function public.slowly() returns trigger language plpgsql as $$
begin perform pg_sleep(0.2); return null; end $$;
create trigger slowly after delete on public.audit_logs
  for each statement execute function public.slowly()
"""


@pytest.fixture
def old(master_db: Profile, admin: Admin, environment: dict[str, str]) -> psycopg.Connection[Any]:
    """Old rows that take their time to go, and a writable profile `here` for them."""
    lines = [f'{key} = "{value}"' for key, value in master_db.parameters.items()]
    lines += ['environment = "dev"', "read_only = false"]
    Path(environment["ROWSIGHT_CONFIG"]).write_text("\n".join(["[profiles.here]", *lines]))
    database = admin(master_db)
    database.execute(FILL.encode())
    return database


def asked(console: Open) -> Console:
    """A console that asks whether to delete."""
    opened = console("-d", "here")
    opened.wait("events")
    opened.press("5")
    opened.wait(f"{ROWS:,} rows would go")
    opened.settle()
    opened.press("x")
    opened.wait("Delete for good?")
    return opened


def left(database: psycopg.Connection[Any]) -> int:
    row = database.execute(OLD.encode()).fetchone()
    assert row is not None
    return int(row[0])


def until(condition: Callable[[], bool], meanwhile: Callable[[float], object]) -> None:
    """Waits for the database, while a console goes on drawing, or nothing does."""
    for _ in range(400):
        if condition():
            return
        meanwhile(0.05)
    raise AssertionError("it never came to that")


def test_a_held_enter_and_a_paste_delete_nothing(
    console: Open, old: psycopg.Connection[Any]
) -> None:
    opened = asked(console)
    for _ in range(170):  # five seconds of a held key
        opened.press("\r")
        opened.pump(0.03)
    random = Random(7)
    opened.press("".join(random.choices("yY \raudit_logs", k=400)) + "\x15audit_logs\r")
    opened.settle(1)
    opened.press("\x1b[200~audit_logs\r\x1b[201~")
    opened.settle(1)
    assert "Delete for good?" in opened.text
    assert left(old) == ROWS


def test_a_console_killed_at_it_finds_out_what_became_of_it(
    console: Open, old: psycopg.Connection[Any]
) -> None:
    opened = asked(console)
    opened.settle(0.6)
    for character in "audit_logs":
        opened.press(character)
        opened.pump(0.05)
    opened.settle(0.6)
    opened.press("\r")
    until(lambda: left(old) < ROWS, opened.pump)
    os.kill(opened.process.pid, signal.SIGKILL)
    opened.close()
    sessions = (
        "select count(*) from pg_stat_activity where datname = current_database()"
        " and application_name like 'rowsight%'"
    )
    until(lambda: old.execute(sessions).fetchone() == (0,), time.sleep)
    rest = left(old)
    assert 0 < rest < ROWS
    again = console("-d", "here", size=(120, 40))
    again.wait("An earlier run of retention")
    again.press("5")
    gone = f"{ROWS - rest:,} of {ROWS:,} announced rows of audit_logs are gone"
    again.wait(lambda text: gone in " ".join(text.split()))
    again.settle()
    again.press("k")
    again.wait(lambda text: "was interrupted" not in text)
    again.press("q")
    assert again.ended() == 0
    third = console("-d", "here")  # it opens where the last one was left
    third.wait(f"{rest:,} rows would go")
    third.settle()
    assert "interrupted" not in third.text
