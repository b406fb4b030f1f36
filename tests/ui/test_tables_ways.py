"""Ways back and forth: what a key leads to, and where one comes out again."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from console.browse.detail import Value
from console.connection.embedded import EmbeddedServer
from console.connection.profile import Profile
from console.ui.app import RowsightApp
from console.ui.tables import reading
from console.ui.tables.contents import Contents
from console.ui.tables.pane import TablesPane
from console.ui.tables.record import Record
from console.ui.widgets.grid import Grid
from tests.conftest import Admin
from tests.ui.detailing import look_into
from tests.ui.screen import focused_field, lines, text, until, write
from tests.ui.test_tables_record import to_line, top


async def test_the_cursor_comes_out_on_the_row_that_was_looked_at_last(shop: Profile) -> None:
    app = RowsightApp(shop, table="app.people")
    async with app.run_test(size=(80, 24)) as pilot:
        await until(pilot, "1 of 250")
        await pilot.press("enter")
        await until(pilot, "row 1 of 250")
        for row in (2, 3):
            await pilot.press("n")
            await until(pilot, f"row {row} of 250")
        await pilot.press("escape")
        await until(pilot, "3 of 250")
        assert app.screen.query_one("#rows", Grid).cursor_row == 2


async def test_the_key_stays_at_the_left_where_nothing_matches(shop: Profile) -> None:
    app = RowsightApp(shop, table="app.wide")
    async with app.run_test(size=(80, 24)) as pilot:
        await until(pilot, "1 of 2")
        await pilot.press("end", "slash", *"id=9", "enter")
        await until(pilot, "No rows match.")
        assert lines(app)[4].split()[0] == "id"


async def test_a_count_under_a_filter_gives_the_last_row_its_number(
    shop: Profile, admin: Admin
) -> None:
    admin(shop).execute(
        "create table app.many (id int primary key, note text);"
        "insert into app.many select n, 'note ' || n from generate_series(1, 20000) n; analyze"
    )
    app = RowsightApp(shop, table="app.many")
    async with app.run_test(size=(120, 24)) as pilot:
        await until(pilot, "1 of ~20.0 k")
        grid = app.screen.query_one("#rows", Grid)
        # The planner takes the terms for independent, and expects more.
        await pilot.press("slash")
        await write(pilot, "note>'note 17' id>10000")
        await pilot.press("enter")
        await until(pilot, lambda: 4_000 < grid.source.row_count < 9_000)
        await pilot.press("G")
        await until(pilot, "note 20000")
        assert "~" in lines(app)[2].split(" of ")[0]
        await pilot.press("number_sign")
        await until(pilot, "3,001 of 3,001")
        assert grid.source.row(grid.cursor_row) == ("20000", "note 20000")
        assert lines(app)[22].split()[0] == "20000"


async def test_the_time_to_read_rows_counts_what_the_catalog_was_asked(
    shop: Profile, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(reading, "perf_counter", iter((100.0, 107.5)).__next__)
    app = RowsightApp(shop, table="app.people")
    async with app.run_test(size=(120, 24)) as pilot:
        await until(pilot, "in 7.5 s")


async def test_rows_that_refer_to_one_are_a_table_with_the_way_back(library: Profile) -> None:
    app = RowsightApp(library, table="lib.books")
    async with app.run_test(size=(120, 24)) as pilot:
        await until(pilot, "Book 7")
        await pilot.press("down", "enter")
        await until(pilot, "row 2 of 12")
        await pilot.press("down", "f")
        await until(pilot, "books 2 › authors 1")
        await until(pilot, "6 rows")  # books that refer to this author
        await pilot.press("G", "t")
        await until(pilot, "books 2 › authors 1 › lib.books")
        await until(pilot, "1 of 6")
        assert "author" in lines(app)[3]  # the filter
        # It is a table like any other: sorted, and with rows that lead on.
        await pilot.press("s", "s", "enter")
        await until(pilot, "books 2 › authors 1 › books 12")
        await pilot.press("n", "escape")
        await until(pilot, "2 of 6")
        await pilot.press("backspace")
        await until(pilot, "of 12")
        await pilot.press("escape")
        await until(pilot, "books 2 › authors 1")
        assert isinstance(top(pilot), Record)
        assert "lib.books" not in lines(app)[2]
        await pilot.press("escape", "escape")
        await until(pilot, "2 of 12")
        assert not app.screen.query_one(Contents).is_covered


async def test_another_table_from_the_list_takes_off_all_that_a_row_led_to(
    library: Profile,
) -> None:
    app = RowsightApp(library, table="lib.books")
    async with app.run_test(size=(120, 24)) as pilot:
        await until(pilot, "Book 7")
        await pilot.press("enter")
        await until(pilot, "row 1 of 12")
        await pilot.press("G", "t")
        await until(pilot, "books 1 › lib.loans")
        await until(pilot, "more 1 ")
        pane = app.screen.query_one(TablesPane)
        await pilot.press("tab", "slash", *"people", "enter")
        await until(pilot, "ada@example.test")
        assert not pane.contents.is_covered
        assert pane.rows is pane.contents.bottom
        assert "books 1" not in text(app)


async def test_the_lines_of_a_row_are_searched(library: Profile) -> None:
    app = RowsightApp(library, table="lib.authors")
    async with app.run_test(size=(80, 24), notifications=True) as pilot:
        await until(pilot, "Carol")
        await pilot.press("enter")
        await until(pilot, "row 1 of 3")
        record = top(pilot)
        assert isinstance(record, Record)

        def here() -> str:
            entry = record.lines.current
            return entry.column.name if isinstance(entry, Value) else str(entry and entry.relation)

        await pilot.press("slash")
        await until(pilot, "search names and values")
        await until(pilot, "esc Leave the search")
        await pilot.press(*"ADA", "enter")
        await until(pilot, lambda: here() == "name")
        for key, name in (("n", "email"), ("n", "name"), ("N", "email")):
            await pilot.press(key)
            assert here() == name
        await pilot.press("slash", "backspace", "backspace", "backspace", *"Book", "enter")
        await until(pilot, lambda: here() == "lib.books")  # what refers to it
        await pilot.press("right")  # the next row, in which the search goes on
        await until(pilot, "row 2 of 3")
        await pilot.press("n")
        assert here() == "lib.books"
        await pilot.press("slash", "escape", "slash", "end", *"y", "enter")
        await until(pilot, "holds “Booky”")
        # esc ends the search, and `n` goes to the next row again.
        await pilot.press("escape", "n")
        await until(pilot, "row 3 of 3")
        await pilot.press("escape")
        await until(pilot, lambda: top(pilot) is not record)


async def test_backspace_takes_the_filter_off(shop: Profile) -> None:
    app = RowsightApp(shop, table="app.people")
    async with app.run_test(size=(80, 24)) as pilot:
        await until(pilot, "1 of 250")
        await pilot.press("slash", *"id=999", "enter")
        await until(pilot, "backspace every row")
        await pilot.press("backspace")
        await until(pilot, "1 of 250")
        assert "id=999" not in text(app)


async def test_a_filter_that_was_cancelled_can_be_taken_up_again(
    shop: Profile, admin: Admin
) -> None:
    app = RowsightApp(shop, table="app.people")
    async with app.run_test(size=(80, 24)) as pilot:
        await until(pilot, "1 of 250")
        with admin(shop).transaction() as held:
            held.connection.execute("lock app.people")
            await pilot.press("slash", *"note~long", "enter")
            await until(pilot, "esc cancels")
            await pilot.press("escape")
            await until(pilot, "cancelled")
        assert "note~long" not in text(app)
        await pilot.press("slash")
        assert focused_field(app).value == "note~long"


async def test_an_export_says_where_the_file_is_and_what_to_do_where_it_can_not_be(
    shop: Profile, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    app = RowsightApp(shop, table="app.wide")
    async with app.run_test(size=(80, 24)) as pilot:
        await until(pilot, "1 of 2")
        await pilot.press("e", "enter")
        await until(pilot, "✓ 2 rows")
        told = "".join(line.strip() for line in lines(app)[-4:-1])
        assert str(tmp_path).replace(" ", "") in told.replace(" ", "")
        await pilot.press("e", *["backspace"] * 20, *"/proc/x.csv", "enter")
        await until(pilot, "/proc/x.csv can't be written")
        await until(pilot, "choose another place, or make room")


async def test_what_is_too_much_for_the_clipboard_is_written_to_a_file(
    shop: Profile, admin: Admin, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    admin(shop).execute("""
        create table public.long (id int primary key, words text, doc jsonb);
        insert into public.long select 1, n.words, jsonb_build_object('words', n.words)
          from (select repeat('lorem ', 20000) as words) n;
    """)
    app = RowsightApp(shop)
    async with app.run_test(size=(120, 40), notifications=True) as pilot:
        record = await look_into(pilot, "public.long")
        await to_line(pilot, record, "words")
        await pilot.press("y")
        await until(pilot, (tmp_path / "long_1-1.txt").exists)
        await pilot.press("Y")
        await until(pilot, (tmp_path / "long_1-1.json").exists)
        for column in ("words", "doc"):
            await to_line(pilot, record, column)
            await pilot.press("enter")
            await until(pilot, lambda: top(pilot) is not record and not top(pilot).is_busy)
            await pilot.press("y")
            await until(pilot, (tmp_path / f"long_1_{column}-1.txt").exists)
            await pilot.press("escape")
            await until(pilot, lambda: top(pilot) is record)
    for name in ("long_1-1.txt", "long_1_words-1.txt"):
        assert (tmp_path / name).read_text() == "lorem " * 20_000
    for name in ("long_1-1.json", "long_1_doc-1.txt"):
        assert len(json.loads((tmp_path / name).read_text())["words"] or "") > 100_000


async def test_of_a_table_in_part_readable_the_columns_are_shown_that_may_be(
    shop: Profile, server: EmbeddedServer, admin: Admin
) -> None:
    database = admin(shop)
    database.execute("drop role if exists half_blind; create role half_blind login")
    database.execute("grant usage on schema app to half_blind")
    database.execute("grant select (id, name) on app.people to half_blind")
    database.execute("alter table app.people disable row level security")
    app = RowsightApp(server.profile("shop", "half_blind"), table="app.people")
    async with app.run_test(size=(80, 24)) as pilot:
        await until(pilot, "4 columns denied")
        assert "Person 2" in text(app)
        await pilot.press("enter")
        await until(pilot, "row 1 of 250")
        assert "Person 1" in text(app)
        await pilot.press("escape", "slash", *"id=7", "enter")
        await until(pilot, "1 of 1")
    database.execute("drop owned by half_blind; drop role half_blind")


async def test_all_columns_but_one_are_hidden_at_once(shop: Profile) -> None:
    app = RowsightApp(shop, table="app.wide")
    async with app.run_test(size=(80, 24)) as pilot:
        await until(pilot, "1/61")
        await pilot.press("v")
        await until(pilot, "o one")
        await pilot.press("down", "down", "o", "up", "space", "escape")
        await until(pilot, "1/2")
        assert lines(app)[3].split() == ["c1", "c2"]
