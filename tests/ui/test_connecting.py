"""Connecting, failing to, being asked for a password, losing the connection and coming back."""

from __future__ import annotations

from dataclasses import replace
from functools import partial

import psycopg
import pytest

from console.connection.embedded import EmbeddedServer
from console.connection.profile import Environment, Profile, Secret
from console.errors import CannotConnect
from console.ui import link
from console.ui.app import RowsightApp
from console.ui.connect.password import AskPassword
from console.ui.stage import Stage
from console.ui.status import Link
from tests.conftest import MakeProxy
from tests.ui.screen import focused_field, lines, text, until, write

END_US = (
    "select pg_terminate_backend(pid, 5000) from pg_stat_activity"
    " where datname = 'shop' and application_name like 'rowsight%'"
)


async def test_header_tells_where_we_are(shop: Profile) -> None:
    app = RowsightApp(shop)
    async with app.run_test(size=(120, 24)) as pilot:
        await until(pilot, "orders")
        header = lines(app)[0]
        assert header.split()[:3] == ["DEMO", "postgres@local/shop", "READ-ONLY"]
        assert "superuser" in header
        assert "PG 1" in header
        assert header.rstrip().endswith("ms ●")


@pytest.mark.parametrize("size", [(80, 24), (120, 40)])
async def test_the_pane_keeps_its_rows(shop: Profile, size: tuple[int, int]) -> None:
    app = RowsightApp(shop)
    async with app.run_test(size=size) as pilot:
        await until(pilot, "orders")
        assert app.screen.query_one("#pane").region.height == size[1] - 3 >= 20
        tabs = " 1 Tables  2 Access  3 Migration  4 Health  5 Retention  6 Logs"
        assert lines(app)[1] == tabs
        assert "? Help" in lines(app)[-1]


async def test_the_first_frame_is_drawn_before_anything_is_asked(unreachable: Profile) -> None:
    app = RowsightApp(unreachable)
    async with app.run_test(size=(80, 24)):
        first = text(app)
        assert "ada@127.0.0.1:1/shop" in first
        assert "Tables" in first


async def test_a_refused_connection_is_named_with_what_to_do(unreachable: Profile) -> None:
    app = RowsightApp(unreachable)
    async with app.run_test(size=(80, 24)) as pilot:
        await until(pilot, "nothing answers at 127.0.0.1:1")
        assert "check host and port" in text(app)
        assert "not connected ✕" in lines(app)[0]
        await pilot.press("d")
        await until(pilot, "Connection refused")
        await pilot.press("escape", "r")
        await until(pilot, "nothing answers at 127.0.0.1:1")
        await pilot.press("q")
    assert app.return_code == 3


async def test_waiting_is_counted_and_given_up(shop: Profile, proxy: MakeProxy) -> None:
    stalled = proxy(shop)
    stalled.stall()
    app = RowsightApp(stalled.profile)
    async with app.run_test(size=(80, 24)) as pilot:
        await until(pilot, lambda: "ms   esc gives up" in text(app) or "s   esc" in text(app))
        await pilot.press("3")  # no pane to show yet; and no fault either
        await pilot.press("escape")
        await until(pilot, "given up")
        stalled.resume()
        await pilot.press("r")
        await until(pilot, "orders")


async def test_a_password_is_asked_for_until_it_is_right(guarded: Profile) -> None:
    app = RowsightApp(guarded)
    async with app.run_test(size=(80, 24)) as pilot:
        await until(pilot, lambda: isinstance(app.screen, AskPassword))
        await until(pilot, "asks for a password")
        await write(pilot, "wrong")
        assert focused_field(app).password
        assert "wrong" not in text(app)
        await pilot.press("enter")
        await until(pilot, "refused the password")
        await write(pilot, "open sesame")
        await pilot.press("enter")
        await until(pilot, "READ-ONLY")
        await until(pilot, lambda: app._workspace.status.link is Link.CONNECTED)
        assert "sesame" not in repr(app._workspace.connections.profile)


async def test_no_password_is_an_answer_too(guarded: Profile) -> None:
    app = RowsightApp(guarded)
    async with app.run_test(size=(80, 24)) as pilot:
        await until(pilot, lambda: isinstance(app.screen, AskPassword))
        await pilot.press("enter")  # nothing typed is no password
        assert isinstance(app.screen, AskPassword)
        await pilot.press("escape")
        await until(pilot, "not connected ✕")
        await pilot.press("q")
    assert app.return_code == 3


async def test_a_lost_connection_is_noticed_said_and_made_again(
    shop: Profile, server: EmbeddedServer
) -> None:
    app = RowsightApp(shop, table="app.people")
    async with app.run_test(size=(120, 24)) as pilot:
        await until(pilot, "1-")
        await until(pilot, "Person 3")
        with psycopg.connect(server.dsn(), autocommit=True) as connection:
            connection.execute("alter database shop allow_connections false")
            connection.execute(END_US)
            # No key, no ping: the end of an idle connection is heard of by itself.
            await until(pilot, lambda: "attempt 2 · " in lines(app)[0])
            assert "was lost" in lines(app)[2]
            assert "r tries at once" in lines(app)[2]
            assert "Person 3" in text(app)  # what was there stays
            connection.execute("alter database shop allow_connections true")
        await pilot.press("r")
        await until(pilot, "ms ●")
        assert "was lost" not in text(app)
        assert "Person 3" in text(app)
        await pilot.press("r")
        await until(pilot, lambda: "✕" not in text(app))


async def test_a_login_that_is_refused_on_the_way_back_is_asked_about(
    guarded: Profile,
) -> None:
    app = RowsightApp(replace(guarded, password=Secret("open sesame")))
    with psycopg.connect(
        host=guarded.parameters["host"],
        port=guarded.parameters["port"],
        user="ada",
        password="open sesame",
        dbname="postgres",
        autocommit=True,
    ) as ada:
        async with app.run_test(size=(100, 24)) as pilot:
            await until(pilot, "ms ●")
            ada.execute("set password_encryption = 'scram-sha-256'")
            ada.execute("alter role ada password 'open sesame!'")
            ada.execute(
                "select pg_terminate_backend(pid) from pg_stat_activity"
                " where usename = 'ada' and pid <> pg_backend_pid()"
            )
            await until(pilot, "refused the password")
            ada.execute("alter role ada password 'open sesame'")
            await write(pilot, "open sesame")
            await pilot.press("enter")
            await until(pilot, "ms ●")


async def test_the_round_trip_is_kept_up_to_date(
    shop: Profile, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(link, "PING_INTERVAL", 0.05)
    app = RowsightApp(shop)
    async with app.run_test(size=(120, 24)) as pilot:
        await until(pilot, "orders")
        app._workspace.status = app._workspace.status._replace(round_trip=9.0)
        await until(pilot, lambda: app._workspace.status.round_trip != 9.0)


async def test_tabs_open_by_number_and_by_mouse(shop: Profile) -> None:
    app = RowsightApp(shop)
    async with app.run_test(size=(80, 24)) as pilot:
        await until(pilot, "orders")
        for number in range(1, 7):
            await pilot.press(str(number))
            await until(pilot, partial(app.screen.query, f"#pane-{number - 1}"))
        await pilot.press("1")
        await until(pilot, "orders")
        await pilot.click("Tabs", offset=(14, 0))
        await until(pilot, lambda: app.screen.query_one("#pane-1").display)


async def test_help_lists_the_keys_of_the_focus_and_of_everything_above(shop: Profile) -> None:
    app = RowsightApp(shop)
    async with app.run_test(size=(80, 110)) as pilot:
        await until(pilot, "orders")
        await pilot.press("question_mark")
        await until(pilot, "Tables and views")
        for words in ("Fold the schema", "Filter", "Everywhere", "Write mode on or off"):
            assert words in text(app)
        assert "Reconnect" not in text(app)  # does not apply now
        await pilot.press("question_mark")
        assert "Everywhere" not in text(app)


async def test_the_palette_offers_what_applies_and_does_it(shop: Profile) -> None:
    app = RowsightApp(shop)
    async with app.run_test(size=(80, 40)) as pilot:
        await until(pilot, "orders")
        await pilot.press("ctrl+p")
        await until(pilot, "Write mode on or off")
        assert "Reconnect" not in text(app)
        assert "Page down" not in text(app)
        await write(pilot, "colours light")
        await until(pilot, lambda: "Write mode" not in text(app))
        await pilot.press("enter")
        await until(pilot, lambda: app.theme == "rowsight-light")
        await pilot.press("ctrl+p")
        await write(pilot, "retention")
        await until(pilot, "Retention ·")
        await pilot.press("enter")
        await until(pilot, "this database has no retention policies")


@pytest.mark.parametrize("environment", [Environment.DEV, Environment.PROD])
async def test_write_mode_is_asked_for(shop: Profile, environment: Environment) -> None:
    app = RowsightApp(replace(shop, environment=environment))
    async with app.run_test(size=(100, 24)) as pilot:
        await until(pilot, "orders")
        await pilot.press("W")
        await until(pilot, "Switch to write mode?")
        await pilot.press("escape")
        assert "READ-ONLY" in lines(app)[0]
        await pilot.press("W")
        await until(pilot, "Switch to write mode?")
        await pilot.pause(0.5)
        if environment is Environment.PROD:
            await write(pilot, "shop")
            await pilot.pause(0.5)
            await pilot.press("enter")
        else:
            await pilot.press("y")
        await until(pilot, lambda: "WRITE" in lines(app)[0])
        await pilot.press("W")
        await until(pilot, lambda: "READ-ONLY" in lines(app)[0])


async def test_who_is_told_to_leave_twice_leaves_once(shop: Profile) -> None:
    # What is left behind by a demo is not remembered.
    app = RowsightApp(replace(shop, environment=Environment.DEV))
    async with app.run_test(size=(80, 24)) as pilot:
        await until(pilot, "orders")
        workspace = app._workspace
        await workspace.query_one(Stage).remove()  # as a screen that is on its way out
        await workspace.leave()
    assert app.return_code == 0


@pytest.mark.parametrize("lost", [True, False])
async def test_a_long_line_of_trouble_leaves_its_keys_on_the_screen(
    shop: Profile, lost: bool
) -> None:
    app = RowsightApp(shop)
    async with app.run_test(size=(80, 24)) as pilot:
        await until(pilot, "orders")
        workspace = app._workspace
        workspace.workers.cancel_group(workspace, "connect")
        host = "aws-0-eu-central-1.pooler.supabase.com"
        error = CannotConnect(f"{host},{host} refused the password: the one from {host}")
        if lost:
            workspace._lost(error)
        else:
            workspace._disconnected(Link.FAILED, error)
        await until(pilot, "C another one")
        assert "aws-0" in text(app)
        await pilot.resize_terminal(120, 24)
        await until(pilot, lambda: "supabase.com" in text(app))
        assert "C another one" in text(app)


async def test_a_wrong_name_and_a_hasty_enter_are_told(shop: Profile) -> None:
    app = RowsightApp(replace(shop, environment=Environment.PROD))
    async with app.run_test(size=(100, 24)) as pilot:
        await until(pilot, "orders")
        await pilot.press("W")
        await until(pilot, "Switch to write mode?")
        await pilot.press(*"shoe", "enter")
        await until(pilot, "this is not the name; nothing is done")
        await pilot.press("backspace", "p")
        await until(pilot, lambda: "this is not the name" not in text(app))
        await pilot.press("enter")
        await until(pilot, "enter came too soon behind the name")
        assert "READ-ONLY" in lines(app)[0]
        await pilot.pause(0.5)
        await pilot.press("enter")
        await until(pilot, lambda: "WRITE" in lines(app)[0])


@pytest.mark.parametrize("environment", [Environment.UNKNOWN, Environment.PROD])
async def test_a_profile_that_wants_to_write_is_asked_for_the_name(
    shop: Profile, environment: Environment
) -> None:
    app = RowsightApp(replace(shop, environment=environment, read_only=False))
    async with app.run_test(size=(100, 24)) as pilot:
        await until(pilot, "Switch to write mode?")
        assert "Type shop to go on" in text(app)
        assert "READ-ONLY" in lines(app)[0]
        assert not app._workspace.connections.write_mode
        await pilot.press("escape")
        await until(pilot, "orders")
        assert "READ-ONLY" in lines(app)[0]


async def test_help_names_no_part_of_the_program(shop: Profile) -> None:
    app = RowsightApp(shop, tab=2)
    async with app.run_test(size=(100, 50)) as pilot:
        await until(pilot, "None of the migration's tables")
        await pilot.press("question_mark")
        await until(pilot, "A page down")
        assert "VerticalScroll" not in text(app)
        assert "Page Left" not in text(app)
