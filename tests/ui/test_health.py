"""The health pane, on real databases in real trouble."""

from __future__ import annotations

import contextlib
import threading
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import psycopg
import pytest
from textual.pilot import Pilot

from console.connection.profile import Environment, Profile
from console.journal import Journal
from console.ui.app import RowsightApp
from console.ui.dialogs import Acknowledge, TypeTheName
from console.ui.health.pane import HealthPane
from tests.conftest import Admin
from tests.operations.conftest import logged_in, make_role
from tests.ui.screen import focused_field, lines, text, until
from tests.ui.test_migration import read_only

WIDE, SMALL = (120, 40), (80, 24)


@pytest.fixture(autouse=True)
def _quickly(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """Takes the pulse twice a second."""
    config = tmp_path / "config.toml"
    config.write_text("[health]\ninterval = 0.5\n")
    monkeypatch.setenv("ROWSIGHT_CONFIG", str(config))


def pane(app: RowsightApp) -> HealthPane:
    return app.screen.query_one(HealthPane)


async def opened(pilot: Pilot[Any]) -> HealthPane:
    """Waits until everything was read once."""
    await until(pilot, "connections")
    found = pane(pilot.app)  # type: ignore[arg-type]
    await until(pilot, lambda: found.vitals.functions and found._surveying is None)
    return found


async def to_figure(pilot: Pilot[Any], name: str) -> None:
    """Puts the cursor on a figure, and the focus on what stands behind it."""
    checks = pane(pilot.app).board.checks  # type: ignore[arg-type]
    checks.cursor = next(i for i, entry in enumerate(checks._shown) if entry[0] == name)
    await pilot.press("enter")


@contextlib.contextmanager
def chain_of_three(profile: Profile, admin: Admin) -> Iterator[list[int]]:
    """Three sessions in a row, each waiting for the one before; yields their pids."""
    admin(profile).execute(
        "create table public.t (id int primary key); insert into t values (1), (2)"
    )
    first, second, third = admin(profile), admin(profile), admin(profile)
    first.execute("begin; update t set id = 1 where id = 1")
    second.execute("begin; update t set id = 2 where id = 2")

    def wait(connection: psycopg.Connection[Any], row: int) -> None:
        with contextlib.suppress(psycopg.Error):
            connection.execute(f"update t set id = {row} where id = {row}".encode())

    waiting = [
        threading.Thread(target=wait, args=(second, 1)),
        threading.Thread(target=wait, args=(third, 2)),
    ]
    for thread in waiting:
        thread.start()
    try:
        yield [one.info.backend_pid for one in (first, second, third)]
    finally:
        for connection in (third, second, first):
            with contextlib.suppress(psycopg.Error):
                connection.cancel()
        for thread in waiting:
            thread.join()


async def test_every_figure_has_a_word_a_mark_and_its_limit(sample_db: Profile) -> None:
    app = RowsightApp(read_only(sample_db), tab=3)
    async with app.run_test(size=WIDE) as pilot:
        found = await opened(pilot)
        assert "ok" in lines(app)[2]
        assert any("✓ ok" in line and "connections" in line for line in lines(app))
        assert any("– n/a" in line and "statements" in line for line in lines(app))
        await to_figure(pilot, "connections")
        await until(pilot, "warn from 80 %, fail from 95 %")
        await until(pilot, lambda: len(found.monitor.samples) > 2)
        await until(pilot, "over ")
        await to_figure(pilot, "statements")
        await until(pilot, "unavailable  statements")
        assert "pg_stat_statements is not installed" in text(app)
        await to_figure(pilot, "get_table_sizes")
        await until(pilot, "events")
        assert "█" in text(app)


async def test_who_waits_for_whom_is_a_tree_with_statements(
    master_db: Profile, admin: Admin
) -> None:
    app = RowsightApp(read_only(master_db), tab=3)
    async with app.run_test(size=WIDE) as pilot:
        await opened(pilot)
        with chain_of_three(master_db, admin) as pids:
            await to_figure(pilot, "blocking")
            await until(pilot, "holds up 2", patience=30)
            rows = [line[56:].strip() for line in lines(app)]
            places = [
                next(i for i, row in enumerate(rows) if f"pid {pid}  " in row) for pid in pids
            ]
            assert places == sorted(places)
            assert rows[places[1]].startswith("└─ ")
            assert rows[places[2]].startswith("└─ ")
            assert "for ShareLock on transactionid" in rows[places[1]]
            assert "update t set id = 1" in rows[places[1] + 1]


async def test_a_session_is_ended_in_write_mode_only_and_after_asking(
    master_db: Profile, admin: Admin
) -> None:
    app = RowsightApp(read_only(master_db), tab=3)
    async with app.run_test(size=WIDE) as pilot:
        await opened(pilot)
        with chain_of_three(master_db, admin) as pids:
            await to_figure(pilot, "blocking")
            await until(pilot, "holds up 2", patience=30)
            assert "x End session" not in lines(app)[-1]
            await pilot.press("x", "c")
            assert app.screen is app._workspace
            await pilot.press("W")
            await pilot.pause(0.5)
            await pilot.press("y")
            await until(pilot, "x End session")
            chosen = pane(app).board.backend
            assert chosen is not None
            assert chosen.pid == pids[0]
            await pilot.press("x")
            await until(pilot, "End this session?")
            assert f"pid       {pids[0]}" in text(app)
            for _ in range(40):
                await pilot.press("enter")
            assert isinstance(app.screen, Acknowledge)
            await pilot.press("escape")
            assert list(Journal().entries()) == []
            await pilot.press("x")
            await until(pilot, "End this session?")
            await pilot.pause(0.5)
            await pilot.press("y")
            await until(pilot, lambda: f"pid {pids[0]} " not in text(app))
            await until(pilot, lambda: len(list(Journal().entries())) == 2)
    intent, result = Journal().entries()
    assert (intent.action, intent.facts["pid"]) == ("terminate backend", pids[0])
    assert result.facts["outcome"] == "done"


async def test_on_prod_the_database_is_typed_to_end_a_session(
    master_db: Profile, admin: Admin
) -> None:
    victim = admin(master_db)
    victim.execute("begin")
    app = RowsightApp(replace(read_only(master_db), environment=Environment.PROD), tab=3)
    async with app.run_test(size=WIDE) as pilot:
        await opened(pilot)
        app._workspace._set_write_mode(True)
        await until(pilot, lambda: app._workspace.status.write_mode)
        await to_figure(pilot, "longest_transaction")
        await until(pilot, "idle in transaction", patience=30)
        await until(pilot, lambda: pane(app).board.backend is not None)
        await pilot.press("x")
        await until(pilot, "End this session?")
        assert isinstance(app.screen, TypeTheName)
    victim.execute("select 1")


async def test_enter_shows_a_session_in_full(master_db: Profile, admin: Admin) -> None:
    holder = admin(master_db)
    holder.execute('begin; select 1 as "a very special statement"')
    app = RowsightApp(read_only(master_db), tab=3)
    async with app.run_test(size=SMALL) as pilot:
        await opened(pilot)
        await to_figure(pilot, "longest_transaction")
        await until(pilot, lambda: pane(app).board.backend is not None, patience=30)
        await pilot.press("enter")
        await until(pilot, "a very special statement")
        assert "open for" in text(app)
        await pilot.press("escape", "escape")
        await until(pilot, lambda: pane(app).board.checks.has_focus)


async def test_what_a_role_may_not_see_says_why(master_db: Profile, admin: Admin) -> None:
    make_role(admin(master_db), "nobody_special")
    app = RowsightApp(read_only(logged_in(master_db, "nobody_special")), tab=3)
    async with app.run_test(size=WIDE) as pilot:
        await opened(pilot)
        await to_figure(pilot, "get_table_sizes")
        await until(pilot, "nobody_special may not execute public.get_table_sizes()")
        await to_figure(pilot, "wal")
        await until(pilot, "permission denied")


async def test_paused_nothing_is_asked(master_db: Profile) -> None:
    app = RowsightApp(read_only(master_db), tab=3)
    async with app.run_test(size=SMALL) as pilot:
        found = await opened(pilot)
        await pilot.press("p")
        await until(pilot, "‖ paused")
        assert [w for w in app.workers if w.group == "pulse" and w.is_running] == []
        number = len(found.monitor.samples)
        await pilot.press("p")
        await until(pilot, lambda: len(found.monitor.samples) > number)
        assert "paused" not in text(app)


async def test_a_limit_is_set_on_the_screen(master_db: Profile) -> None:
    app = RowsightApp(read_only(master_db), tab=3)
    async with app.run_test(size=SMALL) as pilot:
        await opened(pilot)
        await pilot.press("t")
        await until(pilot, "When does connections warn and fail?")
        focused_field(app).value = "nonsense"
        await pilot.press("enter")
        await until(pilot, "does not say where connections warns")
        focused_field(app).value = "0.001,0.002"
        await pilot.press("enter")
        await until(pilot, "✕ 1 fail")
        await pilot.press("n")
        assert pane(app).board.checks.current == "connections"


async def test_the_configuration_file_sets_limits_and_rhythm(
    master_db: Profile, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    config = tmp_path / "config.toml"
    config.write_text("[health]\ninterval = 7\nconnections = [0.001, 0.002]\n")
    monkeypatch.setenv("ROWSIGHT_CONFIG", str(config))
    app = RowsightApp(read_only(master_db), tab=3)
    async with app.run_test(size=SMALL) as pilot:
        await until(pilot, "every 7 s")
        await until(pilot, "✕ 1 fail")


async def test_a_wrong_setting_is_told_and_the_defaults_hold(
    master_db: Profile, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    config = tmp_path / "wrong.toml"
    config.write_text("[health]\nnonsense = 1\n")
    monkeypatch.setenv("ROWSIGHT_CONFIG", str(config))
    app = RowsightApp(read_only(master_db), tab=3)
    async with app.run_test(size=(200, 24)) as pilot:
        await opened(pilot)
        assert "health.nonsense" in lines(app)[2]
        await pilot.press("d")
        await until(pilot, "What happened")
        assert "there is no limit 'nonsense'" in text(app)


async def test_a_lost_connection_is_made_again(master_db: Profile, admin: Admin) -> None:
    app = RowsightApp(read_only(master_db), tab=3)
    async with app.run_test(size=SMALL) as pilot:
        found = await opened(pilot)
        admin(master_db).execute(
            "select pg_terminate_backend(pid) from pg_stat_activity"
            " where pid <> pg_backend_pid() and query like '%pg_stat_activity%'"
            " and application_name like 'rowsight%'"
        )
        number = len(found.monitor.samples)
        await until(pilot, lambda: len(found.monitor.samples) > number + 1, patience=30)
        assert "every" in lines(app)[2]


async def test_esc_cancels_the_functions_on_the_server(master_db: Profile, admin: Admin) -> None:
    database = admin(master_db)
    database.execute(
        "create or replace function public.get_table_sizes() returns table (table_name text,"
        " row_estimate bigint, table_bytes bigint, index_bytes bigint, total_bytes bigint)"
        " language sql as $$ select pg_sleep(60)::text, 1, 1, 1, 1 $$"
    )
    running = (
        "select count(*) from pg_stat_activity"
        " where datname = current_database() and state = 'active'"
        " and query like '%get_table_sizes%' and pid <> pg_backend_pid()"
    )
    app = RowsightApp(read_only(master_db), tab=3)
    async with app.run_test(size=SMALL) as pilot:
        await until(pilot, "esc cancels")
        await until(pilot, lambda: database.execute(running).fetchone() == (1,))
        found = pane(app)
        number = len(found.monitor.samples)
        await until(pilot, lambda: len(found.monitor.samples) > number)  # the pulse goes on
        await pilot.press("escape")
        await until(pilot, lambda: database.execute(running).fetchone() == (0,))
        await until(pilot, lambda: found._surveying is None)
