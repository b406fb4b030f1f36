"""A statement of one's own: typed, completed, run, explained, and never lost."""

from __future__ import annotations

import stat
from pathlib import Path

import psycopg
import pytest
from textual.app import ComposeResult
from textual.pilot import Pilot
from textual.widgets import Input

from console.browse.history import QueryHistory
from console.connection.embedded import EmbeddedServer
from console.connection.profile import Profile
from console.ui.app import RowsightApp
from console.ui.tables import query as query_module
from console.ui.tables.editor import Editor
from console.ui.tables.pane import TablesPane
from console.ui.tables.query import QueryView
from console.ui.tables.record import Record
from console.ui.tables.view import View
from console.ui.widgets.caption import Caption
from console.ui.widgets.grid import Grid
from tests.ui.screen import text, until

RUNNING = (
    "select count(*) from pg_stat_activity where application_name like 'rowsight query%'"
    " and state = 'active'"
)


async def opened(pilot: Pilot[None], statement: str = "") -> QueryView:
    """Goes to the statement, and puts one there."""
    await until(pilot, lambda: any(pane.listed for pane in pilot.app.screen.query(TablesPane)))
    await pilot.press("Q")
    await until(pilot, lambda: isinstance(pilot.app.focused, Editor))
    view = pilot.app.screen.query_one(QueryView)
    if statement:
        view.editor.text = statement
        await pilot.pause()
    return view


def files_in(folder: Path) -> list[Path]:
    return list(folder.iterdir())


async def test_keys_are_not_asked_of_a_view_that_comes_or_goes(library: Profile) -> None:
    app = RowsightApp(library)
    async with app.run_test(size=(80, 24)) as pilot:
        await opened(pilot)
        pane = app.screen.query_one(TablesPane)
        on_top: list[View] = []

        class Passing(View):
            def compose(self) -> ComposeResult:
                on_top.append(pane.contents.shown)
                yield Caption()

            def on_unmount(self) -> None:
                on_top.append(pane.contents.shown)

        below, view = pane.contents.shown, Passing()
        await pane.contents.show_view(view)
        assert pane.contents.shown is view
        await pane.contents.close_view()
        assert on_top == [below, below]


async def test_tab_completes_tables_and_their_columns(library: Profile) -> None:
    app = RowsightApp(library)
    async with app.run_test(size=(80, 24)) as pilot:
        view = await opened(pilot)
        await pilot.press(*"select", "space", "asterisk", "space", *"from", "space", *"bo", "tab")
        await until(pilot, lambda: view.editor.text == "select * from lib.books")
        await pilot.press("space", *"where", "space", "tab")
        await until(pilot, lambda: view.editor.choosing)
        assert "author" in text(app)
        await pilot.press("p")  # narrows what is offered
        await until(pilot, lambda: view.editor.choosing and "author" not in text(app))
        await pilot.press("enter")
        assert view.editor.text == "select * from lib.books where price"
        await pilot.press("space", "o", "tab")
        await until(pilot, lambda: view.editor.choosing)
        await pilot.press("down", "escape")  # leaves the choices, not the editor
        assert view.editor.text == "select * from lib.books where price o"
        assert view.editor.has_focus


async def test_choices_go_with_the_word_they_were_asked_for(library: Profile) -> None:
    app = RowsightApp(library)
    async with app.run_test(size=(80, 24)) as pilot:
        view = await opened(pilot, "select * from lib.books where ")
        view.editor.move_cursor(view.editor.document.end)
        await pilot.press("tab")
        await until(pilot, lambda: view.editor.choosing)
        await pilot.press("ctrl+u")
        await until(pilot, lambda: not view.editor.choosing)
        assert view.editor.text == ""
        await pilot.press(*"select", "space", "1", "comma", "enter")
        await pilot.pause()
        assert view.editor.text == "select 1,\n"


async def test_a_result_is_paged_and_its_rows_open_in_full(library: Profile) -> None:
    app = RowsightApp(library)
    async with app.run_test(size=(80, 24)) as pilot:
        view = await opened(pilot, "select g, 'v' || g as v from generate_series(1, 700) g")
        await pilot.press("f5")
        await until(pilot, "2 columns")
        await pilot.press("f4")
        assert isinstance(app.focused, Grid)
        await pilot.press("G")
        await until(pilot, "v700")
        await until(pilot, lambda: not view.is_busy)
        await pilot.press("up", "enter")
        await until(pilot, "row 699 of 700")
        assert isinstance(app.screen.query_one(TablesPane).contents.shown, Record)
        await pilot.press("escape")
        await until(pilot, lambda: view.display)
        assert view.result.grid.has_focus
        await pilot.press("escape")
        assert view.editor.has_focus


async def test_a_result_is_exported(library: Profile, tmp_path: Path) -> None:
    app = RowsightApp(library)
    async with app.run_test(size=(80, 24)) as pilot:
        columns = "g as customer_number, 'é,' as customer_number"
        view = await opened(pilot, f"select {columns} from generate_series(1, 700) g -- end")
        await pilot.press("f5")
        await until(pilot, "2 columns")
        await pilot.press("f4", "e")
        await until(pilot, "is run again")
        field = app.screen.query_one("#export-path", Input)
        assert field.value == "query.csv"
        field.value = str(tmp_path / "result.csv")
        await pilot.press("enter")
        await until(pilot, "✓ 700 rows")
        assert "700 rows" in text(app)
        assert view.result.grid.has_focus
        await pilot.press("G")
        await until(pilot, "700:1")
    written = (tmp_path / "result.csv").read_text().splitlines()
    assert written[0] == "customer_number,customer_number_2"
    assert written[700] == '700,"é,"'
    assert len(written) == 701


async def exporting(pilot: Pilot[None], path: Path) -> None:
    """Runs a slow statement, and is at writing its result into a file."""
    await opened(pilot, "select g, pg_sleep(g / 500) from generate_series(1, 5000) g")
    await pilot.press("f5")
    await until(pilot, "2 columns")
    await pilot.press("f4", "e")
    await until(pilot, "is run again")
    pilot.app.screen.query_one("#export-path", Input).value = str(path)
    await pilot.press("enter")
    await until(pilot, "rows/s")


async def test_an_export_of_a_result_is_cancelled(library: Profile, tmp_path: Path) -> None:
    app = RowsightApp(library)
    async with app.run_test(size=(80, 24)) as pilot:
        await exporting(pilot, tmp_path / "result.jsonl")
        await pilot.press("escape")
        await until(pilot, "nothing is left of the file")
    assert files_in(tmp_path) == []


async def test_an_export_whose_result_is_left_is_told_to_have_ended(
    library: Profile, tmp_path: Path
) -> None:
    app = RowsightApp(library, table="lib.books")
    async with app.run_test(size=(80, 24), notifications=True) as pilot:
        await exporting(pilot, tmp_path / "result.jsonl")
        await pilot.press("tab", "slash", *"people", "enter")
        await until(pilot, "result.jsonl is not written")
        await until(pilot, lambda: files_in(tmp_path) == [])


async def test_an_error_points_at_the_place(library: Profile) -> None:
    app = RowsightApp(library)
    async with app.run_test(size=(80, 24)) as pilot:
        view = await opened(pilot, "select title,\n  'é' as x\nfrom lib.books\nwhere pric > 3")
        await pilot.press("f5")
        await until(pilot, 'column "pric" does not exist')
        assert view.editor.selected_text == "pric"
        assert view.editor.has_focus
        assert "line 4  where pric > 3" in text(app)
        await pilot.press("f2")
        await until(pilot, "42703")
        await pilot.press("escape")
        view.editor.text = "select 1;\nselect nope"
        view.editor.move_cursor((1, 0))
        view.editor.move_cursor(view.editor.document.end, select=True)
        await pilot.press("ctrl+r")  # only what is selected
        await until(pilot, 'column "nope" does not exist')
        assert view.editor.selected_text == "nope"


@pytest.mark.parametrize(
    ("statement", "said"),
    [
        ("delete from lib.books", "DELETE is not run here"),
        ("select 1; drop table lib.books", "these are 2 statements"),
        ("with x as (delete from lib.loans returning 1) select * from x", "DELETE is not"),
        ("select lo_create(0)", "lo_create could act at once"),
    ],
)
async def test_nothing_is_written(library: Profile, statement: str, said: str) -> None:
    app = RowsightApp(library)
    async with app.run_test(size=(120, 40)) as pilot:
        view = await opened(pilot, statement)
        await pilot.press("f5")
        await until(pilot, lambda: view.error is not None)
        await until(pilot, said)


async def test_the_plan_is_a_tree_with_the_worst_step_marked(library: Profile) -> None:
    app = RowsightApp(library)
    async with app.run_test(size=(80, 24)) as pilot:
        view = await opened(pilot, "select title from lib.books join lib.loans on book = id")
        await pilot.press("f6")
        await until(pilot, "not run")
        screen = text(app)
        assert "Seq Scan on lib.loans" in screen
        assert screen.count(" ▲ ") == 2  # in the caption, which says what it means, and once
        view.editor.text = "explain analyze " + view.editor.text
        await pilot.press("f5")
        await until(pilot, "run and measured")


async def test_a_step_of_the_plan_folds_and_its_title_is_never_cut(library: Profile) -> None:
    book, loan = (f"a_rather_long_name_of_a_{one}_in_the_library" for one in ("book", "loan"))
    app = RowsightApp(library)
    async with app.run_test(size=(80, 24)) as pilot:
        await opened(
            pilot,
            f"select {book}.title from lib.books as {book}"
            f" join lib.loans as {loan} on {loan}.book = {book}.id",
        )
        await pilot.press("f6")
        await until(pilot, "not run")
        assert loan in text(app)
        assert book in text(app)
        assert "Hash Cond" in text(app) or "Join Filter" in text(app)
        assert "…" not in "\n".join(line for line in text(app).splitlines() if " on lib." in line)
        await pilot.press("f4", "enter")
        await until(pilot, "… 3 steps")
        assert "Seq Scan on lib.loans" not in text(app)
        await pilot.press("enter")
        await until(pilot, "Seq Scan on lib.loans")


async def test_show_is_answered(library: Profile) -> None:
    app = RowsightApp(library)
    async with app.run_test(size=(80, 24)) as pilot:
        await opened(pilot, "show server_encoding")
        await pilot.press("f5")
        await until(pilot, "UTF8")


async def test_esc_cancels_on_the_server(library: Profile, server: EmbeddedServer) -> None:
    app = RowsightApp(library)
    with psycopg.connect(server.dsn(), autocommit=True) as connection:
        async with app.run_test(size=(80, 24)) as pilot:
            view = await opened(pilot, "select pg_sleep(50)")
            await pilot.press("f5")
            await until(pilot, lambda: connection.execute(RUNNING).fetchone() == (1,))
            await pilot.press("escape")
            await until(pilot, "cancelled")
            await until(pilot, lambda: connection.execute(RUNNING).fetchone() == (0,))
            assert view.editor.text == "select pg_sleep(50)"
            view.editor.text = "select 'again'"
            await pilot.press("f5")
            await until(pilot, "again")


async def test_a_statement_runs_in_sight_over_the_rows_of_the_one_before(
    library: Profile, server: EmbeddedServer
) -> None:
    app = RowsightApp(library)
    with psycopg.connect(server.dsn(), autocommit=True) as connection:
        async with app.run_test(size=(80, 24)) as pilot:
            view = await opened(pilot, "select 42 as answer")
            await pilot.press("f5")
            await until(pilot, "1 column")
            view.editor.text = "select pg_sleep(50)"
            await pilot.press("f5")
            await until(pilot, "◌ running")
            assert "esc cancels" in text(app)
            assert "result  1 row" in text(app)
            await until(pilot, lambda: connection.execute(RUNNING).fetchone() == (1,))
            await pilot.press("escape")
            await until(pilot, "cancelled")
            assert "result  1 row" in text(app)
            assert "42" in text(app)
            assert text(app).count("1 column") == 1
            view.editor.text = "select nothing"
            await pilot.press("f5")
            await until(pilot, 'column "nothing" does not exist')
            view.editor.text = "select pg_sleep(50)"
            await pilot.press("f5")
            await until(pilot, "◌ running")
            assert "✕" not in text(app)
            assert "failed" not in text(app)
            await pilot.press("escape")
            await until(pilot, "cancelled")
            assert "failed" not in text(app)
            view.editor.text = "select 43 as answer"
            await pilot.press("f5")
            await until(pilot, "43")
            assert "cancelled" not in text(app)


async def test_what_was_run_comes_back_by_f7(library: Profile) -> None:
    history = QueryHistory()
    for statement in ("select 'first'", "select 'password: geheim'", "select 'second'"):
        history.add(statement, "library")
    app = RowsightApp(library)
    async with app.run_test(size=(80, 24)) as pilot:
        view = await opened(pilot, "select 'third'")
        await pilot.press("f5")
        await until(pilot, "1 row")
        await pilot.press("f7")
        await until(pilot, "3 statements")
        assert "geheim" not in text(app)
        await pilot.press(*"second", "enter")
        await until(pilot, lambda: view.editor.text == "select 'second'")
        await pilot.press("ctrl+z")
        assert view.editor.text == "select 'third'"


async def test_what_is_typed_outlives_the_view_the_connection_and_the_console(
    library: Profile, monkeypatch: pytest.MonkeyPatch, server: EmbeddedServer
) -> None:
    monkeypatch.setattr(query_module, "PAUSE", 0.05)
    app = RowsightApp(library)
    async with app.run_test(size=(80, 24)) as pilot:
        view = await opened(pilot, "select 'precious'")
        path = view.draft.path
        await until(pilot, path.exists)
        assert stat.S_IMODE(path.stat().st_mode) == 0o600
        await pilot.press("escape")
        await until(pilot, lambda: not app.screen.query(QueryView))
        view = await opened(pilot)
        assert view.editor.text == "select 'precious'"
        with psycopg.connect(server.dsn(), autocommit=True) as connection:
            connection.execute(
                "select pg_terminate_backend(pid) from pg_stat_activity where datname = 'library'"
            )
        await pilot.press("f5")
        await until(pilot, lambda: view.error is not None or view.result.window is not None)
        assert view.editor.text == "select 'precious'"
        view.editor.text = "select 'password' -- precious"
        await until(pilot, lambda: not path.exists())
        await pilot.press("escape")
        await until(pilot, lambda: not app.screen.query(QueryView))
        view = await opened(pilot)
        assert view.editor.text == "select 'password' -- precious"  # in memory all the same
        view.editor.text = "select 'for tomorrow'"
    assert path.read_text() == "select 'for tomorrow'"
    app = RowsightApp(library)
    async with app.run_test(size=(80, 24)) as pilot:
        view = await opened(pilot)
        assert view.editor.text == "select 'for tomorrow'"


def test_the_editor_colours_where_the_extra_is_there(monkeypatch: pytest.MonkeyPatch) -> None:
    from console.ui.tables import editor

    monkeypatch.setattr(editor, "find_spec", lambda name: object())
    assert editor.language() == "sql"
    monkeypatch.setattr(editor, "find_spec", lambda name: None if "sql" in name else object())
    assert editor.language() is None


def test_drafts_lie_beside_the_journal(tmp_path: Path) -> None:
    from console.browse.draft import Draft

    assert Draft("x", tmp_path).path.parent == tmp_path / "drafts"
