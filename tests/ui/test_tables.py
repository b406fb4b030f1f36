"""The tables pane, on a real database."""

from __future__ import annotations

from itertools import count
from typing import Any

import psycopg
import pytest
from textual.widgets import Input

from console.connection.embedded import EmbeddedServer
from console.connection.profile import Profile
from console.ui import words
from console.ui.app import RowsightApp
from console.ui.tables.contents import Contents
from console.ui.tables.pane import TablesPane
from console.ui.tables.rows import Rows
from console.ui.widgets.grid import Grid
from console.ui.widgets.relations import RelationList
from tests import hostile
from tests.conftest import Admin
from tests.ui.screen import lines, shown, text, until, write


async def test_relations_stand_under_their_schema_with_rows_and_protection(shop: Profile) -> None:
    app = RowsightApp(shop)
    async with app.run_test(size=(80, 24)) as pilot:
        await until(pilot, "orders")
        rows = [line[:38].rstrip() for line in lines(app)]
        assert any(row.split() == ["▾", "app", "7"] for row in rows)
        assert any(row.split() == ["▪", "people", "~250", "rls"] for row in rows)
        assert any(row.split() == ["▪", "empty", "~0", "no", "rls"] for row in rows)
        assert any(row.split() == ["◇", "active"] for row in rows)
        assert any(row.split() == ["◆", "totals", "~1"] for row in rows)


async def test_the_relation_under_the_cursor_is_described(shop: Profile) -> None:
    app = RowsightApp(shop)
    async with app.run_test(size=(80, 24)) as pilot:
        await until(pilot, "orders")
        await pilot.press("slash", *"people")
        assert "Everyone we know" in shown(app, "#about")
        assert "rls, 1 policy" in shown(app, "#about")


async def test_typing_filters_and_enter_opens_the_match(shop: Profile) -> None:
    app = RowsightApp(shop)
    async with app.run_test(size=(80, 24)) as pilot:
        await until(pilot, "orders")
        await pilot.press("slash", *"app eo", "enter")
        await until(pilot, "of 250  1/6")
        assert isinstance(app.focused, Grid)
        assert "p3@example.test" in text(app)


async def test_filter_moves_through_its_matches_and_esc_brings_everything_back(
    shop: Profile,
) -> None:
    app = RowsightApp(shop)
    async with app.run_test(size=(80, 24)) as pilot:
        await until(pilot, "orders")
        await pilot.press("slash", *"app", "down", "down")
        relations = app.screen.query_one(RelationList)
        assert relations.current is not None
        assert relations.current.name == "empty"
        assert "orders" not in text(app)
        await pilot.press("escape")
        await until(pilot, "orders")
        assert relations.has_focus
        assert relations.current.name == "empty"


async def test_keys_typed_in_one_breath_all_reach_the_filter(shop: Profile) -> None:
    app = RowsightApp(shop)
    async with app.run_test(size=(80, 24)) as pilot:
        await until(pilot, "orders")
        for key in ("slash", *"peo"):  # no pause in between, as over a slow link
            app.simulate_key(key)
        await until(pilot, lambda: app.screen.query_one(Input).value == "peo")


async def test_schemas_fold(shop: Profile) -> None:
    app = RowsightApp(shop)
    async with app.run_test(size=(80, 24)) as pilot:
        await until(pilot, "orders")
        await pilot.press("left")
        assert "people" not in text(app)
        assert "▸ app" in text(app)
        await pilot.press("enter")
        assert "people" in text(app)


@pytest.mark.parametrize(("width", "both"), [(80, False), (120, True)])
async def test_the_list_gives_way_under_100_columns(shop: Profile, width: int, both: bool) -> None:
    app = RowsightApp(shop, table="app.people")
    async with app.run_test(size=(width, 24)) as pilot:
        await until(pilot, "orders" if both else "of 250  1/6")
        await until(pilot, lambda: isinstance(app.focused, Grid))
        relations = app.screen.query_one("#relations")
        assert relations.display is both
        await pilot.press("tab")
        await until(pilot, lambda: relations.region.width == 38)
        await pilot.press("tab")
        assert isinstance(app.focused, Grid)
        await pilot.press("escape")
        assert app.screen.query_one(RelationList).has_focus


async def test_a_table_named_at_the_start_is_opened_first(shop: Profile) -> None:
    app = RowsightApp(shop, table="people")
    async with app.run_test(size=(120, 24)) as pilot:
        await until(pilot, "of 250  1/6")
        await until(pilot, "orders")


async def test_a_table_that_is_not_there_is_said_beside_the_list(shop: Profile) -> None:
    app = RowsightApp(shop, table="peeple")
    async with app.run_test(size=(120, 24)) as pilot:
        await until(pilot, "orders")
        assert "there is no table or view peeple" in text(app)
        assert "app.people" in text(app)  # the nearest name, as the way out


async def test_an_empty_table_says_so(shop: Profile) -> None:
    app = RowsightApp(shop, table="app.empty")
    async with app.run_test(size=(80, 24)) as pilot:
        await until(pilot, "No rows.")
        assert "0 rows" in text(app)


async def test_no_rows_under_policies_is_not_called_empty(
    shop: Profile, server: EmbeddedServer
) -> None:
    with psycopg.connect(server.dsn("shop"), autocommit=True) as connection:
        connection.execute("drop role if exists guest; create role guest login")
        connection.execute("drop policy people_own on app.people")
        connection.execute(
            "grant usage on schema app to guest; grant select on app.people to guest"
        )
    app = RowsightApp(server.profile("shop", "guest"), table="app.people")
    async with app.run_test(size=(80, 24)) as pilot:
        await until(pilot, "No rows that you may see")
    with psycopg.connect(server.dsn("shop"), autocommit=True) as connection:
        connection.execute("drop owned by guest; drop role guest")


async def test_a_view_that_fails_on_the_way_shows_what_comes_before(shop: Profile) -> None:
    app = RowsightApp(shop, table="app.broken")
    async with app.run_test(size=(120, 24)) as pilot:
        await until(pilot, "✕ division by zero")
        assert "app.broken" in text(app)
        grid = app.screen.query_one("#rows", Grid)
        assert [grid.source.row(n) for n in range(3)] == [("0",), ("-1",), None]
        assert "can't be read" in text(app)
        await pilot.resize_terminal(90, 24)
        await until(pilot, lambda: app.screen.query_one(Rows).size.width == 90)
        assert "✕ division by zero" in text(app)
        await pilot.press("d")
        await until(pilot, "22012")
        await pilot.press("escape")
        await pilot.press("slash", *"ratio>5", "enter")
        await until(pilot, "✕ division by zero")


async def test_a_relation_that_may_not_be_read_says_so_in_place_of_rows(
    shop: Profile, server: EmbeddedServer
) -> None:
    with psycopg.connect(server.dsn("shop"), autocommit=True) as connection:
        connection.execute("drop role if exists nobody_here; create role nobody_here login")
        connection.execute("grant usage on schema app to nobody_here")
    app = RowsightApp(server.profile("shop", "nobody_here"), table="app.people")
    async with app.run_test(size=(120, 24)) as pilot:
        await until(pilot, "permission denied for table people")
        await pilot.press("d")
        await until(pilot, "42501")
        await pilot.press("escape", "down")
        await until(pilot, lambda: "permission denied" not in text(app))
    with psycopg.connect(server.dsn("shop"), autocommit=True) as connection:
        connection.execute("drop owned by nobody_here; drop role nobody_here")


async def test_rows_that_were_read_stay_when_reading_again_fails(
    shop: Profile, server: EmbeddedServer
) -> None:
    app = RowsightApp(shop, table="public.orders")
    async with app.run_test(size=(120, 24)) as pilot:
        await until(pilot, "No rows.")
        with psycopg.connect(server.dsn("shop"), autocommit=True) as connection:
            connection.execute("drop table public.orders")
        await pilot.press("r")
        await until(pilot, "d detail")
        assert "public.orders" in text(app)
        assert app.screen.query_one(TablesPane).rows.error is not None


async def test_esc_cancels_on_the_server_and_the_connection_lives_on(
    shop: Profile, server: EmbeddedServer
) -> None:
    running = (
        "select count(*) from pg_stat_activity where query like 'fetch forward%'"
        " and state = 'active' and datname = 'shop'"
    )
    app = RowsightApp(shop, table="app.slow")
    with psycopg.connect(server.dsn(), autocommit=True) as connection:
        async with app.run_test(size=(120, 24)) as pilot:
            await until(pilot, "esc cancels")
            await until(pilot, lambda: connection.execute(running).fetchone() == (1,))
            await pilot.press("escape")
            await until(pilot, lambda: connection.execute(running).fetchone() == (0,))
            await until(pilot, "orders")
            await pilot.press("slash", *"people", "enter")
            await until(pilot, "of 250  1/6")


async def test_a_later_choice_is_never_overwritten_by_an_earlier_answer(shop: Profile) -> None:
    app = RowsightApp(shop)
    async with app.run_test(size=(120, 24)) as pilot:
        await until(pilot, "orders")
        await pilot.press("slash", *"slow", "enter")
        await until(pilot, "reading slow")
        await pilot.press("slash", *["backspace"] * 4, *"people", "enter")
        await until(pilot, "of 250  1/6")
        assert "app.people" in text(app)


async def test_a_cell_is_copied_whole_and_null_is_not_text(shop: Profile) -> None:
    app = RowsightApp(shop, table="app.people")
    async with app.run_test(size=(120, 24), notifications=True) as pilot:
        await until(pilot, "of 250  1/6")
        await pilot.press("right", "y")
        assert app.clipboard == "Person 1"
        await pilot.press(*["down"] * 6, "right", "y")
        await until(pilot, "NULL holds no text")
        assert app.clipboard == "Person 1"


async def test_what_is_too_big_for_the_clipboard_is_said(shop: Profile) -> None:
    from console.ui.clipboard import LIMIT, copy

    app = RowsightApp(shop)
    async with app.run_test(size=(120, 24), notifications=True) as pilot:
        copy(app, "é" * (LIMIT // 2), "Cell")
        assert len(app.clipboard) == LIMIT // 2
        copy(app, "é" * (LIMIT // 2 + 1), "Cell")
        await until(pilot, "too much for")
        assert len(app.clipboard) == LIMIT // 2


async def test_reading_again_keeps_the_place(shop: Profile) -> None:
    app = RowsightApp(shop, table="app.people")
    async with app.run_test(size=(120, 24)) as pilot:
        await until(pilot, "of 250  1/6")
        await pilot.press("down", "down", "right")
        rows = app.screen.query_one(Contents).rows
        before = rows.page
        await pilot.press("r")
        await until(pilot, lambda: rows.page is not before)
        assert (rows.grid.cursor_row, rows.grid.cursor_column) == (2, 1)


def harmless(written: str) -> bool:
    return all(character.isprintable() for character in written.replace("\n", ""))


async def test_hostile_names_and_values_are_text(empty_db: Profile, admin: Admin) -> None:
    hostile.fill(admin(empty_db))
    app = RowsightApp(empty_db, table=hostile.identity())
    async with app.run_test(size=(120, 40)) as pilot:
        await until(pilot, f"1 of {len(hostile.VALUES)}")
        screen = text(app)
        assert harmless(screen)
        assert "␛[2J␛]52;c;ZXZpbA==␇" in screen
        assert "[red]markup[/red] [/x] [@click=app.quit]" in screen
        assert "⟨202E⟩gnp.exe" in screen
        await pilot.press("c")
        await until(pilot, "columns  2")
        assert harmless(text(app))
        await pilot.press("escape")
        await pilot.press("question_mark")
        await pilot.pause()
        assert harmless(text(app))
        await pilot.press("escape")
        await write(pilot, "/x%s[/b]")
        await pilot.pause()
        assert harmless(text(app))
        assert not app._exit


async def test_an_error_quoting_data_is_text(empty_db: Profile, admin: Admin) -> None:
    connection: psycopg.Connection[Any] = admin(empty_db)
    connection.execute(
        "create function public.bang() returns int language plpgsql as $$ begin"
        r" raise exception e'\x1b[31m[@click=app.quit]%[/x]\u202e', 1; end $$"
    )
    connection.execute("create view public.trap as select public.bang()")
    app = RowsightApp(empty_db, table="public.trap")
    async with app.run_test(size=(120, 24)) as pilot:
        await until(pilot, "␛[31m[@click=app.quit]1[/x]⟨202E⟩")
        await pilot.press("d")
        await until(pilot, "What happened")
        assert harmless(text(app))


async def test_esc_on_the_list_takes_its_filter_off(shop: Profile) -> None:
    app = RowsightApp(shop)
    async with app.run_test(size=(80, 24)) as pilot:
        await until(pilot, "orders")
        await pilot.press("slash", *"people", "enter")
        await until(pilot, "of 250  1/6")
        await pilot.press("escape")
        await until(pilot, "esc All")
        assert "orders" not in text(app)
        await pilot.press("escape")
        await until(pilot, "orders")
        assert "esc All" not in text(app)


async def test_another_filter_of_the_list_takes_the_place_of_the_one_before(shop: Profile) -> None:
    app = RowsightApp(shop)
    async with app.run_test(size=(80, 24)) as pilot:
        await until(pilot, "orders")
        await pilot.press("slash", *"people", "enter")
        await until(pilot, "of 250  1/6")
        await pilot.press("escape", "slash", *"orders")
        assert app.screen.query_one(Input).value == "orders"


async def test_a_filter_without_a_match_says_so_and_enter_reads_the_list_again(
    shop: Profile, admin: Admin
) -> None:
    app = RowsightApp(shop)
    async with app.run_test(size=(80, 24)) as pilot:
        await until(pilot, "orders")
        await pilot.press("slash", *"later", "enter")
        await until(pilot, "No table or view is called so.")
        assert app.screen.query_one("#relation-filter").has_focus
        admin(shop).execute("create table public.later (a int)")
        await pilot.press("enter")
        await until(pilot, "▪ later")
        await pilot.press("enter")
        await until(pilot, "public.later")


async def test_the_list_says_when_it_was_read_and_its_filter_what_enter_does(
    shop: Profile, monkeypatch: pytest.MonkeyPatch
) -> None:
    times = count(1)
    monkeypatch.setattr(words, "clock", lambda: f"reading {next(times)}")
    app = RowsightApp(shop)
    async with app.run_test(size=(80, 24)) as pilot:
        await until(pilot, "reading 1")
        await pilot.press("r")
        await until(pilot, "reading 2")
        await pilot.press("slash")
        await until(pilot, "⏎ Open   esc Back")


async def test_enter_on_the_table_that_is_open_goes_to_its_rows(shop: Profile) -> None:
    app = RowsightApp(shop, table="app.people")
    async with app.run_test(size=(80, 24)) as pilot:
        await until(pilot, "of 250  1/6")
        await until(pilot, lambda: "people" in text(app))
        for covered in (False, True):
            if covered:
                await pilot.press("enter")
                await until(pilot, "row 1 of 250")
            await pilot.press("tab", "slash", *"people", "enter")
            await until(pilot, lambda: isinstance(app.focused, Grid))
            assert not app.screen.query_one(Contents).is_covered
            await until(pilot, lambda: not app.screen.query_one(Rows).is_busy)
            assert isinstance(app.focused, Grid)


async def test_a_table_that_is_opened_over_a_row_is_seen_to_be_read_and_cancelled(
    shop: Profile,
) -> None:
    app = RowsightApp(shop, table="app.people")
    async with app.run_test(size=(80, 24)) as pilot:
        await until(pilot, "of 250  1/6")
        await pilot.press("enter")
        await until(pilot, "row 1 of 250")
        await pilot.press("tab")
        await until(pilot, lambda: isinstance(app.focused, RelationList))
        await pilot.press("slash", *"slow", "enter")
        await until(pilot, "◌ reading slow")
        assert "row 1 of 250" not in text(app)
        await pilot.press("escape")
        await until(pilot, "cancelled")
        await pilot.press("tab")
        await until(pilot, lambda: isinstance(app.focused, Grid))
        assert "app.people" in text(app)
