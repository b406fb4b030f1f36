"""The rows of a table: paging, jumping, sorting, filtering, taking them elsewhere."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import psycopg
import pytest
from textual.pilot import Pilot

from console.connection.embedded import EmbeddedServer
from console.connection.profile import Profile
from console.ui.app import RowsightApp
from console.ui.tables.dialogs import parse_goto
from console.ui.tables.rows import Rows
from console.ui.widgets.grid import Grid
from tests.ui.screen import lines, text, until, write

EVENTS = """
create table public.events (
  id bigint primary key, kind text not null check (kind in ('start', 'stop', 'error')),
  amount numeric, note text);
insert into public.events
select n, (array['start', 'stop', 'error'])[1 + n % 3], n * 7 % 1000, 'note ' || n
from generate_series(1, 20000) n;
create table public.loose (a int, b text);
insert into public.loose select n, 'loose ' || n from generate_series(1, 3000) n;
create table public.bare ();
insert into public.bare default values;
create table public.parts (id int, part int, primary key (part, id)) partition by list (part);
create table public.parts_1 partition of public.parts for values in (1);
create table public.parts_2 partition of public.parts for values in (2);
insert into public.parts select n, 1 + n % 2 from generate_series(1, 500) n;
create materialized view public.sums as select kind, sum(amount) from public.events group by kind;
create view public.endless as
with recursive n (i) as (select 1 union all select i + 1 from n) select i from n where i < 0;
create view public.stumbles as select n, 1 / (500 - n) as q from generate_series(0, 999) n;
create function public.slowly(n bigint) returns bool language plpgsql stable as
$$ begin perform pg_sleep(0.002); return true; end $$;
create view public.crawl as select id, note from public.events where public.slowly(id);
analyze;
"""


@pytest.fixture(scope="module")
def events(server: EmbeddedServer) -> Any:
    """A database of 20,000 rows and every kind of relation, shared by these tests."""
    with psycopg.connect(server.dsn(), autocommit=True) as connection:
        connection.execute("drop database if exists events with (force)")
        connection.execute("create database events template template0")
    with psycopg.connect(server.dsn("events"), autocommit=True) as connection:
        connection.execute(EVENTS.encode())
        wide = ", ".join(f"c{n} int default {n}" for n in range(1, 1600))
        connection.execute(f"create table public.widest (id int primary key, {wide})".encode())
        connection.execute("insert into public.widest (id) values (1), (2)")
    yield server.profile("events")
    with psycopg.connect(server.dsn(), autocommit=True) as connection:
        connection.execute("drop database events with (force)")


@asynccontextmanager
async def opened(
    profile: Profile, table: str, size: tuple[int, int] = (120, 24), wait: str = "read "
) -> AsyncIterator[tuple[Pilot[Any], Grid]]:
    """The console with the rows of a table on the screen."""
    app = RowsightApp(profile, table=table)
    async with app.run_test(size=size, notifications=True) as pilot:
        await until(pilot, wait)
        yield pilot, app.screen.query_one("#rows", Grid)


def cell(grid: Grid, row: int, column: int = 0) -> str | None:
    found = grid.source.row(row)
    assert found is not None, f"row {row} is not at hand"
    return found[column]


def files(folder: Path) -> list[Path]:
    return list(folder.iterdir())


def rows_of(pilot: Pilot[Any]) -> Rows:
    return pilot.app.screen.query_one(Rows)


async def test_held_page_down_meets_every_row_once(events: Profile) -> None:
    async with opened(events, "events") as (pilot, grid):
        met: list[str | None] = []
        while len(met) < 1500:
            await until(pilot, lambda: all(grid.source.row(row) for row in grid.on_screen))
            for row in grid.on_screen:
                if row == len(met):
                    met.append(cell(grid, row))
            await pilot.press("pagedown")
        assert met == [str(n + 1) for n in range(len(met))]


async def test_the_end_the_middle_and_a_count(events: Profile) -> None:
    async with opened(events, "events") as (pilot, grid):
        assert "of ~20.0 k" in lines(pilot.app)[2]
        await pilot.press("G")
        await until(pilot, "note 20000")
        assert cell(grid, grid.cursor_row) == "20000"
        await pilot.press("percent_sign", "5", "0", "enter")
        await until(pilot, lambda: 9_000 < grid.cursor_row < 11_000)
        found = cell(grid, grid.cursor_row)
        assert found is not None
        assert abs(int(found) - 10_000) < 400
        assert "~" in lines(pilot.app)[2].split("of ~20.0 k")[0]
        await pilot.press("g")
        await until(pilot, "  133  note 19")
        await pilot.press("colon", *"1,500", "enter")
        await until(pilot, lambda: grid.cursor_row == 1_499)
        assert cell(grid, 1_499) == "1500"
        assert "1,500 of ~20.0 k" in lines(pilot.app)[2]
        await pilot.press("number_sign")
        await until(pilot, "1,500 of 20,000")


async def test_sorting_cycles_with_a_mark_and_keeps_the_filter(events: Profile) -> None:
    async with opened(events, "events") as (pilot, grid):
        await pilot.press("slash", *"kind=stop", "enter")
        await until(pilot, lambda: cell(grid, 0) == "1")
        await pilot.press("right", "right", "s")
        await until(pilot, "amount ▲")
        assert cell(grid, 0, 2) == "0"
        await pilot.press("s")
        await until(pilot, "amount ▼")
        assert cell(grid, 0, 2) == "999"
        assert cell(grid, 0, 1) == "stop"
        await pilot.press("s")
        await until(pilot, lambda: "▼" not in lines(pilot.app)[4])
        assert cell(grid, 0) == "1"


async def test_a_filter_completes_points_at_its_fault_and_is_taken_off(events: Profile) -> None:
    async with opened(events, "events") as (pilot, grid):
        await pilot.press("slash", "k", "i", "tab", "equals_sign")
        await until(pilot, "start  stop  error")
        await pilot.press("down", "tab")
        assert "/ kind=stop" in text(pilot.app)
        await pilot.press("enter")
        await until(pilot, lambda: cell(grid, 0, 1) == "stop")
        assert grid.has_focus
        await pilot.press("slash", *" amont>5", "enter")
        await until(pilot, "there is no column amont")
        pointer = next(line for line in lines(pilot.app) if "^" in line)
        typed = next(line for line in lines(pilot.app) if "amont>5" in line)
        assert pointer.index("^") == typed.index("amont>5")
        assert pointer.count("^") == len("amont>5")
        assert cell(grid, 0, 1) == "stop"  # what was there stays
        await pilot.press("escape")
        assert "amont" not in text(pilot.app)
        await pilot.press("slash", *["backspace"] * 9, "enter")
        await until(pilot, lambda: cell(grid, 0) == "1" and cell(grid, 0, 1) == "stop")
        await until(pilot, lambda: cell(grid, 1, 1) == "error")


async def test_what_the_server_has_against_a_filter_points_too(events: Profile) -> None:
    async with opened(events, "events") as (pilot, _):
        await pilot.press("slash", *"kind=stop id>x", "enter")
        await until(pilot, "this term does not suit its column")
        pointer = next(line for line in lines(pilot.app) if "^" in line)
        typed = next(line for line in lines(pilot.app) if "id>x" in line)
        assert pointer.index("^") == typed.index("id>x")


async def test_the_query_is_shown_and_copied(events: Profile) -> None:
    async with opened(events, "events") as (pilot, grid):
        await pilot.press("slash", *"note~10", "enter")
        await until(pilot, lambda: cell(grid, 0, 3) == "note 10")
        await pilot.press("S")
        await until(pilot, "The query of these rows")
        await pilot.press("y")
        assert pilot.app.clipboard == (
            'select * from "public"."events" where "note"::text ilike \'%10%\' order by "id"'
        )


async def test_keys_answer_while_a_slow_filter_runs_and_esc_ends_it(
    events: Profile, server: EmbeddedServer
) -> None:
    waiting = "select count(*) from pg_locks where not granted"
    async with opened(events, "events") as (pilot, grid):
        await pilot.press("slash", *"kind=start", "enter")
        await until(pilot, lambda: cell(grid, 0) == "3")
        with (
            psycopg.connect(server.dsn(), autocommit=True) as watching,
            psycopg.connect(server.dsn("events")) as blocker,
        ):
            blocker.execute("lock table public.events in access exclusive mode")
            await pilot.press("slash", *" note=x", "enter")
            await until(pilot, "filtering")
            await until(pilot, lambda: watching.execute(waiting).fetchone() == (1,))
            assert grid.has_focus
            await pilot.press("down", "down")
            assert grid.cursor_row == 2  # the rows that were there can be walked
            await pilot.press("escape")
            await until(pilot, "cancelled")
            await until(pilot, lambda: watching.execute(waiting).fetchone() == (0,))
        assert "/ kind=start" in text(pilot.app)
        assert "note=x" not in text(pilot.app)


async def test_columns_are_widened_fitted_hidden_and_shown(events: Profile) -> None:
    async with opened(events, "events") as (pilot, grid):
        await pilot.press("right")
        before = grid.source.columns[1].width
        await pilot.press("greater_than_sign")
        assert grid.source.columns[1].width == before + 4
        await pilot.press("equals_sign")
        assert grid.source.columns[1].width == len("start")
        await pilot.press("minus")
        assert [column.name for column in grid.source.columns] == ["id", "amount", "note"]
        assert "kind" not in lines(pilot.app)[3]
        await pilot.press("v", "a", "escape")
        await until(pilot, lambda: len(grid.source.columns) == 4)


async def test_the_key_stays_when_columns_are_scrolled(events: Profile) -> None:
    async with opened(events, "widest", size=(80, 24)) as (pilot, _):
        await pilot.press("end")
        header = lines(pilot.app)[3]
        assert header.split()[:2] == ["id", "‹c1590"]
        assert header.endswith("c1599")
        await pilot.press("home")
        assert lines(pilot.app)[3].split()[:2] == ["id", "c1"]
        assert lines(pilot.app)[3].endswith("›")


async def test_rows_are_copied_as_text_json_and_insert(events: Profile) -> None:
    async with opened(events, "events") as (pilot, _):
        await pilot.press("down", "Y", "j")
        await until(pilot, "Row copied")
        wanted = {"id": "2", "kind": "error", "amount": "14", "note": "note 2"}
        assert json.loads(pilot.app.clipboard) == wanted
        await pilot.press("Y", "i")
        await until(pilot, lambda: pilot.app.clipboard.startswith("insert into"))
        assert "values ('2', 'error', '14', 'note 2')" in pilot.app.clipboard
        await pilot.press("Y", "p")
        await until(pilot, lambda: pilot.app.clipboard.startswith("id\tkind\tamount\tnote\n1\t"))


async def test_a_copy_goes_to_a_file_where_it_is_wanted(
    events: Profile, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    async with opened(events, "events") as (pilot, _):
        await pilot.press("Y", "f", "j")
        await until(pilot, "written to")
    (made,) = files(tmp_path)
    assert json.loads(made.read_text())["id"] == "1"
    assert made.stat().st_mode & 0o777 == 0o600


@pytest.mark.parametrize("form", ["csv", "json", "jsonl"])
async def test_export_writes_what_is_filtered_and_sorted(
    events: Profile, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, form: str
) -> None:
    monkeypatch.chdir(tmp_path)
    async with opened(events, "events") as (pilot, grid):
        await pilot.press("slash", *"id<=30", "enter")
        await until(pilot, lambda: "of 30" in text(pilot.app))
        await pilot.press("s", "s")
        await until(pilot, lambda: cell(grid, 0) == "30")
        await pilot.press("e", *["tab"] * ["csv", "json", "jsonl"].index(form), "enter")
        await until(pilot, "✓ 30 rows")
    written = (tmp_path / f"events.{form}").read_text()
    if form == "csv":
        assert written.splitlines()[:2] == ["id,kind,amount,note", "30,start,210,note 30"]
    elif form == "json":
        assert [row["id"] for row in json.loads(written)][:2] == ["30", "29"]
    else:
        assert [json.loads(line)["id"] for line in written.splitlines()][:2] == ["30", "29"]


async def test_a_running_export_holds_nothing_up_and_esc_leaves_nothing_behind(
    events: Profile, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, server: EmbeddedServer
) -> None:
    monkeypatch.chdir(tmp_path)
    exporting = (
        "select count(*) from pg_stat_activity where datname = 'events'"
        " and state = 'active' and query ilike 'copy%'"
    )
    async with opened(events, "crawl") as (pilot, grid):
        with psycopg.connect(server.dsn(), autocommit=True) as watching:
            await pilot.press("e", "enter")
            await until(pilot, lambda: watching.execute(exporting).fetchone() == (1,))
            await pilot.press("down", "down", "down")
            assert grid.cursor_row == 3
            await pilot.press("escape")
            await until(pilot, "nothing is left of the file")
            await until(pilot, lambda: watching.execute(exporting).fetchone() == (0,))
    assert files(tmp_path) == []


async def test_a_file_that_is_there_is_replaced_only_when_meant(
    events: Profile, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "loose.csv").write_text("mine")
    async with opened(events, "loose") as (pilot, _):
        await pilot.press("e", "enter")
        await until(pilot, "is there already")
        assert (tmp_path / "loose.csv").read_text() == "mine"
        await pilot.press("enter")
        await until(pilot, "✓ 3,000 rows")
    assert (tmp_path / "loose.csv").read_text().startswith("a,b\n1,loose 1\n")


@pytest.mark.parametrize(
    ("table", "shown"),
    [
        ("loose", "loose 2"),
        ("parts", "1 of "),
        ("sums", "error"),
        ("bare", "No columns: this table has none, and 1 row."),
        ("widest", "c1 "),
        ("stumbles", "1 of "),
    ],
)
async def test_every_kind_of_relation_opens(events: Profile, table: str, shown: str) -> None:
    async with opened(events, table, wait=shown) as (pilot, _):
        await pilot.press("G", "g", "end", "pagedown", "home")
        await pilot.pause()
        assert not pilot.app._exit


async def test_a_keyless_table_jumps_by_block(events: Profile) -> None:
    async with opened(events, "loose") as (pilot, grid):
        await pilot.press("G")
        await until(pilot, "loose 3000")
        await pilot.press("colon", *"1000", "enter")
        await until(pilot, lambda: cell(grid, grid.cursor_row) == "1000")


async def test_a_view_that_fails_at_row_500_shows_the_rows_before(events: Profile) -> None:
    async with opened(events, "stumbles") as (pilot, grid):
        await pilot.press("colon", *"495", "enter")
        await until(pilot, "✕ division by zero")
        assert cell(grid, 499) == "499"
        assert "can't be read" in text(pilot.app)


async def test_a_view_that_never_ends_is_cancelled(events: Profile) -> None:
    app = RowsightApp(events, table="endless")
    async with app.run_test(size=(120, 24)) as pilot:
        await until(pilot, "esc cancels")
        await pilot.press("escape")
        await until(pilot, "enter opens")
        assert "esc cancels" not in text(app)


async def test_what_was_open_is_remembered_without_its_rows(events: Profile) -> None:
    from console.ui.tables.pane import TablesPane

    async with opened(events, "events") as (pilot, grid):
        await pilot.press("slash", *"kind=stop", "enter")
        await until(pilot, lambda: cell(grid, 1, 1) == "stop")
        await pilot.press("s", "s")
        await until(pilot, "id ▼")
        memory = pilot.app.screen.query_one(TablesPane).memory()
    assert memory == {"table": "public.events", "where": "kind=stop", "order": "id:desc"}
    app = RowsightApp(events)
    async with app.run_test(size=(120, 24)) as pilot:
        await until(pilot, "events")
        pane = pilot.app.screen.query_one(TablesPane)
        pane.listed = False
        pane.recall(memory)
        pane.open()
        await until(pilot, "id ▼")
        assert "/ kind=stop" in text(app)


def test_where_to_go_is_a_number_or_a_percentage() -> None:
    assert parse_goto("1", 100) == 0
    assert parse_goto(" 1,500 ", 10) == 1_499
    assert parse_goto("50%", 101) == 50
    assert parse_goto("200%", 101) == 100
    assert parse_goto("x", 100) is None
    assert parse_goto("nan%", 100) is None


async def test_a_place_brings_its_filter(events: Profile) -> None:
    from console.ui.pane import Pane
    from console.ui.places import TablePlace

    async with opened(events, "loose") as (pilot, grid):
        rows_of(pilot).post_message(Pane.Visit(TablePlace("public.events", "id=77")))
        await until(pilot, "note 77")
        assert "/ id=77" in text(pilot.app)
        await pilot.press("slash")
        await write(pilot, "x")
        await pilot.press("escape")
        assert cell(grid, 0) == "77"
