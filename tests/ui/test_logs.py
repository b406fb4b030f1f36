"""The Logs pane: what comes, what came before, and the ways on from an entry."""

from __future__ import annotations

import json
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Any

import psycopg
import pytest
from textual.app import App
from textual.pilot import Pilot
from textual.widgets import Input

from console.connection.profile import Profile
from console.ui.app import RowsightApp
from console.ui.logs.entries import EntryList
from console.ui.logs.pane import LogsPane
from console.ui.widgets.caption import Caption
from console.ui.workspace import Workspace
from tests.conftest import Admin
from tests.ui.screen import text, until, write

ADA = "00000000-0000-4000-8000-000000000001"
Database = psycopg.Connection[Any]


@pytest.fixture
def db(master_db: Profile, admin: Admin) -> Database:
    """A migrated database with a user who has logged in 30 times."""
    connection = admin(master_db)
    connection.execute("insert into public.users (id, email) values (%s, 'ada@x.test')", [ADA])
    connection.execute(
        'insert into public.audit_logs ("userId", action, timestamp)'
        " select %s, 'login.' || n, now() - n * interval '1 min' from generate_series(1, 30) n",
        [ADA],
    )
    return connection


@pytest.fixture
def app(master_db: Profile, db: Database) -> RowsightApp:
    return RowsightApp(master_db, tab=5)


def pane(app: App[Any]) -> LogsPane:
    return app.screen.query_one(LogsPane)


def entries(app: App[Any]) -> EntryList:
    return pane(app).stream.entries


def actions(app: App[Any]) -> list[str | None]:
    return [line.entry.action for line in entries(app).lines if line.entry]


def starts(app: App[Any], action: str) -> bool:
    return actions(app)[0] == action


def current(app: App[Any]) -> str | None:
    entry = entries(app).entry
    return entry.action if entry else None


def newest(app: App[Any], action: str) -> Callable[[], bool]:
    return lambda: actions(app)[-1] == action


async def begun(pilot: Pilot[Any]) -> None:
    await until(pilot, "● live")
    await until(pilot, lambda: len(pane(pilot.app).live.completeness) == 3)
    await until(pilot, "ada@x.test")


def add(db: Database, action: str, rows: int = 1, **more: str) -> None:
    columns = "".join(f', "{name}"' for name in more)
    values = ", %s" * len(more)
    db.execute(
        f"insert into public.audit_logs (action{columns})"
        f" select %s{values} from generate_series(1, {rows})".encode(),
        [action, *more.values()],
    )


async def test_what_comes_is_followed_waits_while_paused_and_is_caught_up_with(
    app: RowsightApp, db: Database
) -> None:
    async with app.run_test(size=(80, 24), notifications=True) as pilot:
        await begun(pilot)
        add(db, "first")
        await until(pilot, newest(app, "first"))
        assert entries(app).cursor == len(actions(app)) - 1
        await pilot.press("up")
        await until(pilot, "‖ paused")
        add(db, "flood", 1234)
        await until(pilot, "+1,234 new")
        assert actions(app)[-1] == "first"
        await pilot.press("G")
        await until(pilot, "● live")
        assert actions(app).count("flood") == 1234
        assert pane(app).live.counts["audit_logs"] == 1235
        assert "+1,234" not in text(app)


async def test_a_filter_is_for_what_is_stored_and_what_comes(
    app: RowsightApp, db: Database
) -> None:
    async with app.run_test(size=(80, 24), notifications=True) as pilot:
        await begun(pilot)
        await pilot.press("f")
        await write(pilot, "action=login.2? user=ada@x.test")
        await pilot.press("enter")
        await until(pilot, lambda: len(actions(app)) == 10)
        add(db, "login.2x")
        add(db, "login.2y", userId=ADA)
        await until(pilot, newest(app, "login.2y"))
        assert len(actions(app)) == 11
        await pilot.press("f", "end", *["backspace"] * 15)
        await write(pilot, "who=me")
        await pilot.press("enter")
        await until(pilot, "who is nothing to filter by")
        await pilot.press("escape")
        assert entries(app).has_focus
        await pilot.press("f", "ctrl+u", "enter")
        await until(pilot, lambda: len(actions(app)) == 32)


async def test_history_has_no_end_and_is_searched_to_its_beginning(
    app: RowsightApp, db: Database
) -> None:
    db.execute(
        "insert into public.audit_logs (action, timestamp) select 'old.' || n,"
        " now() - interval '1 day' - n * interval '1 min' from generate_series(1, 2600) n"
    )
    async with app.run_test(size=(80, 24), notifications=True) as pilot:
        await begun(pilot)
        assert len(actions(app)) == 500
        before = current(app)
        await pilot.press("slash")
        await write(pilot, "nowhere")
        await pilot.press("enter")
        await until(pilot, "no match before this")
        await until(pilot, lambda: current(app) == before)
        await pilot.press("slash", "ctrl+u")
        await write(pilot, "OLD.2599")
        await pilot.press("enter")
        await until(pilot, lambda: current(app) == "old.2599")
        found = actions(app)
        assert found[-1] == "login.1"
        assert (
            found
            == [
                *(f"old.{n}" for n in range(2600, 0, -1)),
                *(f"login.{n}" for n in range(30, 0, -1)),
            ][-len(found) :]
        )
        await pilot.press("N")
        await until(pilot, "no match after this")
        await pilot.press("m", "G")
        await until(pilot, "● live")
        await pilot.press("apostrophe")
        assert current(app) == "old.2599"


async def test_a_search_finds_e_mails_that_were_not_on_the_screen_yet(
    app: RowsightApp, db: Database
) -> None:
    bert = "00000000-0000-4000-8000-000000000002"
    db.execute("insert into public.users (id, email) values (%s, 'bert@x.test')", [bert])
    db.execute(
        'insert into public.audit_logs ("userId", action, timestamp)'
        " values (%s, 'theirs', now() - interval '100 min'),"
        " (null, 'older', now() - interval '200 min')",
        [bert],
    )
    async with app.run_test(size=(80, 24), notifications=True) as pilot:
        await begun(pilot)
        await pilot.press("slash")
        await until(pilot, "⏎ Search   esc Leave")
        await write(pilot, "BERT@x")
        await pilot.press("enter")
        await until(pilot, lambda: current(app) == "theirs")
        await until(pilot, "bert@x.test")
        assert "n Match before" in text(app)
        await pilot.press("n")
        await until(pilot, "no match before this")
        await pilot.press("escape")
        await until(pilot, lambda: "n Match before" not in text(app))


async def test_the_window_is_bounded_and_comes_back_to_the_end(
    app: RowsightApp, db: Database
) -> None:
    db.execute(
        "insert into public.audit_logs (action, timestamp) select 'old.' || n,"
        " now() - interval '1 day' - n * interval '1 min' from generate_series(1, 1500) n"
    )
    async with app.run_test(size=(80, 24), notifications=True) as pilot:
        await begun(pilot)
        pane(app).live.timeline.capacity = 700
        for first in ("old.970", "old.1470"):
            await pilot.press("home")
            await until(pilot, partial(starts, app, first))
        assert len(actions(app)) == 700
        await pilot.press("end")
        await until(pilot, newest(app, "login.1"))
        await until(pilot, "● live")


async def test_a_lost_connection_is_told_and_nothing_is_missing(
    app: RowsightApp, db: Database
) -> None:
    async with app.run_test(size=(120, 40), notifications=True) as pilot:
        await begun(pilot)
        for number in range(3):
            db.execute(
                "select pg_terminate_backend(pid) from pg_stat_activity"
                " where application_name like 'rowsight tail %'"
            )
            add(db, f"after.{number}")
            await until(pilot, newest(app, f"after.{number}"))
        await until(pilot, "connected again after")
        assert [name for name in actions(app) if name and name.startswith("after")] == [
            *("after.0", "after.1", "after.2")
        ]


async def test_a_changed_entry_is_an_alarm_with_what_it_said_before(
    app: RowsightApp, db: Database
) -> None:
    async with app.run_test(size=(120, 40), notifications=True) as pilot:
        await begun(pilot)
        add(db, "payment.1", resource="spend")
        await until(pilot, newest(app, "payment.1"))
        db.execute("update public.audit_logs set action = 'payment.2' where action = 'payment.1'")
        await until(pilot, "~ 1 entry changed")
        assert actions(app)[-1] == "payment.2"
        await pilot.press("enter")
        await until(pilot, "somebody has written this entry again")
        assert "payment.1" in text(app)


async def test_from_an_entry_to_its_user_and_its_row(app: RowsightApp, db: Database) -> None:
    add(db, "user.seen", userId=ADA, resource="users", resourceId=ADA)
    async with app.run_test(size=(120, 40), notifications=True) as pilot:
        await begun(pilot)
        await pilot.press("enter")
        await until(pilot, f"ada@x.test  {ADA}")
        await pilot.press("i")
        workspace = app.screen_stack[0]
        assert isinstance(workspace, Workspace)
        await until(pilot, lambda: workspace.status.lens)
        assert workspace.status.lens.user_id == ADA  # type: ignore[union-attr]
        await pilot.press("t")
        await until(pilot, lambda: workspace.active == 0)
        await until(pilot, "public.users")


async def test_an_entry_that_speaks_of_no_table_leads_nowhere(
    app: RowsightApp, db: Database
) -> None:
    add(db, "x", resource="nothing of ours", resourceId="1")
    async with app.run_test(size=(80, 24), notifications=True) as pilot:
        await begun(pilot)
        await pilot.press("t")
        await until(
            pilot, lambda: "nothing of ours" in " ".join(str(n.message) for n in app._notifications)
        )


async def test_violations_lead_to_their_entries(app: RowsightApp, db: Database) -> None:
    for _ in range(3):
        db.execute("select public.audit_rls_violation('workflows', %s, 'SELECT')", [ADA])
    db.execute("select public.audit_rls_violation('users', null, 'DELETE')")
    async with app.run_test(size=(120, 40), notifications=True) as pilot:
        await begun(pilot)
        await pilot.press("v")
        await until(pilot, "4 attempts in 2 groups")
        groups = pane(app).violations.list
        place = [group.table for group in groups.groups].index("workflows")
        groups.cursor = place
        await pilot.pause()
        await pilot.press("enter")
        await until(pilot, lambda: actions(app) == ["rls_violation"] * 3)
        await pilot.press("v")
        await until(pilot, lambda: not pane(app).violations.query_one(Caption).is_busy)
        groups.cursor = place
        await pilot.pause()
        await pilot.press("w")
        workspace = app.screen_stack[0]
        assert isinstance(workspace, Workspace)
        await until(pilot, lambda: workspace.active == 0 and workspace.status.lens)


async def test_the_transparency_log_as_its_user_sees_it(app: RowsightApp, db: Database) -> None:
    db.execute(
        'insert into public.privacy_transparency_log ("userId", action, resource)'
        " select id, 'export', 'events' from public.users, generate_series(1, 3)"
    )
    async with app.run_test(size=(80, 24), notifications=True) as pilot:
        await begun(pilot)
        await pilot.press("p")
        await until(pilot, "ada@x.test sees 3 entries")
        await until(pilot, "privacy_transparency_log is")
        await pilot.press("u")
        await write(pilot, "nobody@x.test")
        await pilot.press("enter")
        await until(pilot, "there is nobody called")
        await pilot.press("q")
        await until(pilot, "● live")


async def test_what_is_shown_is_exported(app: RowsightApp, db: Database, tmp_path: Path) -> None:
    async with app.run_test(size=(80, 24), notifications=True) as pilot:
        await begun(pilot)
        for name in ("x.jsonl", "x.csv"):
            await pilot.press("e")
            await until(pilot, "Export what is shown")
            app.screen.query_one(Input).value = str(tmp_path / name)
            await pilot.press("enter")
            await until(pilot, (tmp_path / name).exists)
            await until(pilot, "30 entries written")
    lines = (tmp_path / "x.jsonl").read_text().splitlines()
    assert [json.loads(line)["action"] for line in lines] == [
        f"login.{n}" for n in range(30, 0, -1)
    ]
    assert len((tmp_path / "x.csv").read_text().splitlines()) == 31


async def test_hostile_entries_are_inert(app: RowsightApp, db: Database) -> None:
    add(db, "evil\x1b]52;c;x\x07", resource="\u202e[bold]x[/]\n", metadata='{"a": "\\u202e"}')
    async with app.run_test(size=(120, 40), notifications=True) as pilot:
        await begun(pilot)
        await until(pilot, "evil␛]52;c;x␇")
        assert "[bold]x[/]␊" in text(app)
        await pilot.press("enter")
        await until(pilot, "esc back")
        shown = text(app)
        assert all(character.isprintable() for character in shown.replace("\n", ""))


async def test_without_rights_the_pane_says_what_is_missing(
    app: RowsightApp, db: Database, master_db: Profile
) -> None:
    db.execute("drop table public.audit_log")
    db.execute("drop table public.privacy_transparency_log cascade")
    async with app.run_test(size=(120, 40), notifications=True) as pilot:
        await until(pilot, "audit_log is not read: the table does")
        await until(pilot, "● live")


async def test_a_wrong_key_in_the_configuration_is_told(
    app: RowsightApp, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "config.toml").write_text("[logs]\ncolour = 1\n")
    monkeypatch.setenv("ROWSIGHT_CONFIG", str(tmp_path / "config.toml"))
    async with app.run_test(size=(80, 24), notifications=True) as pilot:
        await until(pilot, "logs.colour is not a known key")


async def test_entries_without_a_time_have_a_place_of_their_own(
    app: RowsightApp, db: Database
) -> None:
    db.execute("alter table public.audit_log alter column ts drop not null")
    db.execute("insert into public.audit_log (action, ts) values ('timeless', null)")
    db.execute("insert into public.audit_logs (action, timestamp) values ('endless', 'infinity')")
    async with app.run_test(size=(80, 24)) as pilot:
        await begun(pilot)
        assert "timeless" not in actions(app)
        await pilot.press("u")
        await until(pilot, "2 entries")
        await until(pilot, "timeless")
        assert "endless" in text(app)
        await pilot.press("escape")
        await until(pilot, "● live")
