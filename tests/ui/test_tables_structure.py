"""What a relation is made of, by key `c`."""

from __future__ import annotations

from console.connection.profile import Profile
from console.ui.app import RowsightApp
from console.ui.tables.pane import TablesPane
from console.ui.tables.structure import SqlText, StructureView
from console.ui.widgets.findings import FindingDetail
from tests.conftest import Admin
from tests.ui.screen import lines, text, until


async def test_every_part_stands_on_a_line_with_what_to_mind(library: Profile) -> None:
    app = RowsightApp(library, table="lib.books")
    async with app.run_test(size=(120, 60)) as pilot:
        await until(pilot, "Book 7")
        await pilot.press("c")
        await until(pilot, "columns  4")
        screen = text(app)
        assert "id        integer  key 1" in screen
        assert "author    integer  not null" in screen
        assert "primary key   books_pkey" in screen
        assert "fair  not validated" in screen
        assert "pricey  btree" in screen
        assert "never used" in screen
        assert "touched  before delete or update  disabled" in screen
        assert "cheap_ones  update, restrictive  postgres" in screen
        assert "PUBLIC  insert, select" in screen
        assert "rows, estimated ~12" in screen
        await pilot.press("c")
        await until(pilot, "Book 7")


async def test_defaults_constraints_and_indexes_say_what_they_are_of(library: Profile) -> None:
    app = RowsightApp(library, table="lib.books")
    async with app.run_test(size=(80, 60)) as pilot:
        await until(pilot, "Book 7")
        await pilot.press("c")
        await until(pilot, "columns  4")
        screen = text(app)
        assert "title     text  default 'untitled'::text" in screen
        assert "primary key   books_pkey  (id)" in screen
        assert "books_author_fkey  (author) → lib.authors(id) ON DELETE CASCADE" in screen
        assert "fair  not validated  ((price > (0)::numeric))" in screen
        assert "never used  (price) where (price > (3)::numeric)" in screen


async def test_a_table_says_which_foreign_keys_refer_to_it(library: Profile) -> None:
    app = RowsightApp(library, table="lib.books")
    async with app.run_test(size=(80, 60)) as pilot:
        await until(pilot, "Book 7")
        await pilot.press("c")
        await until(pilot, "referenced by  1")
        assert "← lib.loans (book)  on delete no action" in text(app)
        await pilot.press("slash", *"referenced", "enter", "enter")
        await until(pilot, "lib.loans (book) → (id)")
        await pilot.press("y")
        assert app.clipboard == (
            'alter table lib.loans add constraint "loans_book_fkey"'
            " FOREIGN KEY (book) REFERENCES lib.books(id)"
        )


async def test_a_foreign_key_without_an_index_is_marked(shop: Profile) -> None:
    app = RowsightApp(shop, table="app.people")
    async with app.run_test(size=(80, 60)) as pilot:
        await until(pilot, "Person 1")
        await pilot.press("c")
        await until(pilot, "← public.orders (person)  no index  on delete no action")


async def test_headings_count_what_there_is_and_not_the_words_about_it(library: Profile) -> None:
    app = RowsightApp(library, table="lib.authors")
    async with app.run_test(size=(80, 60)) as pilot:
        await until(pilot, "Carol")
        await pilot.press("c")
        await until(pilot, "row-level security is off")
        headings = [line.split() for line in text(app).splitlines()]
        assert ["columns", "9"] in headings
        assert ["policies"] in headings
        assert ["size"] in headings


async def test_a_partitioned_table_lists_its_partitions(shop: Profile, admin: Admin) -> None:
    admin(shop).execute("""
        create table public.measured (at date not null) partition by range (at);
        create table public.rest partition of public.measured default;
        create table public.past partition of public.measured
          for values from (minvalue) to ('2024-01-01');
    """)
    app = RowsightApp(shop, table="public.measured")
    async with app.run_test(size=(80, 24)) as pilot:
        await until(pilot, "No rows.")
        await pilot.press("c")
        await until(pilot, "partitions  2")
        above = next(n for n, line in enumerate(lines(app)) if "partitions" in line)
        past, rest = lines(app)[above + 1 : above + 3]
        assert "public.past  FOR VALUES FROM (MINVALUE) TO ('2024-01-01')" in past
        assert "public.rest  DEFAULT" in rest


async def test_a_policy_is_told_in_words_and_copied_as_sql(library: Profile) -> None:
    app = RowsightApp(library, table="lib.books")
    async with app.run_test(size=(80, 24)) as pilot:
        await until(pilot, "Book 7")
        await pilot.press("c")
        await until(pilot, "columns  4")
        await pilot.press("slash", *"cheap", "enter", "enter")
        await until(pilot, "postgres may at most update rows where")
        assert isinstance(app.focused, FindingDetail)
        await pilot.press("y")
        assert app.clipboard == (
            'create policy "cheap_ones" on lib.books\n  as restrictive\n  for update\n'
            '  to "postgres"\n  using ((price < (100)::numeric))\n'
            "  with check ((price > (0)::numeric))"
        )
        await pilot.press("escape")
        await until(pilot, lambda: not isinstance(app.focused, FindingDetail))
        pane = app.screen.query_one(TablesPane)
        assert isinstance(pane.contents.shown, StructureView)  # esc went one step, not two


async def test_the_sql_is_shown_and_copied_and_rows_are_counted(library: Profile) -> None:
    app = RowsightApp(library, table="lib.books")
    async with app.run_test(size=(120, 40)) as pilot:
        await until(pilot, "Book 7")
        await pilot.press("c")
        await until(pilot, "columns  4")
        await pilot.press("x")
        await until(pilot, "12 rows at")
        assert "rows, counted" in text(app)
        await pilot.press("s")
        await until(pilot, "create table lib.books")
        assert isinstance(app.screen.query_one(TablesPane).contents.shown, SqlText)
        await pilot.press("y")
        assert app.clipboard.startswith("create table lib.books (\n")
        assert 'create policy "cheap_ones"' in app.clipboard
        await pilot.press("escape", "escape")
        await until(pilot, "Book 7")
