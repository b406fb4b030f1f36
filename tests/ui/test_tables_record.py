"""A row in full: values of every kind and size, and the way along foreign keys."""

from __future__ import annotations

import json
from itertools import pairwise

from textual.pilot import Pilot

from console.browse.detail import Value
from console.browse.references import Reference
from console.connection.profile import Profile
from console.ui.app import RowsightApp
from console.ui.pane import Pane
from console.ui.places import WhyPlace
from console.ui.tables.documents import DocumentView
from console.ui.tables.pane import TablesPane
from console.ui.tables.reader import KEPT, HeldText, LongValue
from console.ui.tables.record import Record
from console.ui.tables.view import View
from console.ui.tables.wrapping import wrapped
from console.ui.workspace import Workspace
from tests.conftest import Admin
from tests.ui.detailing import laid_over, look_into
from tests.ui.screen import lines, text, until, write


def top(pilot: Pilot[None]) -> View:
    return pilot.app.screen.query_one(TablesPane).contents.shown


async def to_line(pilot: Pilot[None], record: Record, column: str) -> None:
    """Moves the cursor to a column."""
    names = [
        entry.column.name if isinstance(entry, Value) else "" for entry in record.lines._entries
    ]
    record.lines.cursor = names.index(column)
    await pilot.pause()


async def test_every_column_stands_with_its_type_and_null_can_be_told(library: Profile) -> None:
    app = RowsightApp(library)
    async with app.run_test(size=(80, 24)) as pilot:
        await look_into(pilot, "lib.authors", 1)
        shown = [line.split() for line in lines(app)]
        assert ["id", "integer", "key", "2"] in shown
        assert ["email", "text", "∅"] in shown
        assert ["about", "text", "''"] in shown
        assert ["born", "date", "infinity"] in shown
        assert ["notes", "jsonb", "[]"] in shown
        assert "row 2 of 3" in text(app)


async def test_rows_are_stepped_through_and_the_line_stays(library: Profile) -> None:
    app = RowsightApp(library)
    async with app.run_test(size=(80, 24)) as pilot:
        record = await look_into(pilot, "lib.authors")
        await to_line(pilot, record, "email")
        await pilot.press("n")
        await until(pilot, "row 2 of 3")
        await pilot.press("right")
        await until(pilot, "row 3 of 3")
        assert not record.check_action("step", (1,))
        entry = record.lines.current
        assert isinstance(entry, Value)
        assert (entry.column.name, entry.text) == ("email", "carol@example.test")
        await pilot.press("p", "left")
        await until(pilot, "row 1 of 3")


async def test_foreign_keys_lead_there_and_back_with_a_trail(library: Profile) -> None:
    app = RowsightApp(library)
    async with app.run_test(size=(120, 40)) as pilot:
        await look_into(pilot, "lib.loans")
        await until(pilot, "→ lib.books")
        await pilot.press("f")
        await until(pilot, "loans 1, more 1 › books 1")
        await until(pilot, "≥ 1,000 rows")  # those that refer to this book
        await pilot.press("down", "f")
        await until(pilot, "loans 1, more 1 › books 1 › authors 2")
        await until(pilot, "6 rows")
        await pilot.press("G", "enter")
        await until(pilot, "authors 2 › books 1")
        await until(pilot, "row 1 of 6")
        await pilot.press("n")
        await until(pilot, "row 2 of 6")
        await pilot.press("backspace", "escape", "q")
        await until(pilot, lambda: "› books" not in text(app))
        assert "loans 1, more 1" in text(app)
        await pilot.press("escape")
        await until(pilot, lambda: not isinstance(top(pilot), Record))


def to_reference(record: Record, column: str) -> None:
    """Moves the cursor to the foreign key that a column is part of, on this row's side."""
    for number, entry in enumerate(record.lines._entries):
        if isinstance(entry, Reference):
            key = entry.key
            if column in (key.columns if entry.forwards else key.to_columns):
                record.lines.cursor = number


ENDS = """
create table app.pairs (a int, b int, primary key (a, b));
create table app.ends (
  id int primary key, team_id int references app.wide, a int, b int, code text unique, note text,
  foreign key (a, b) references app.pairs);
create table app.uses (id int primary key, code text references app.ends (code));
insert into app.ends values (1, null, 1, null, null, null), (2, 1, null, null, 'x', null);
"""


async def test_a_foreign_key_that_is_null_says_where_it_leads(shop: Profile, admin: Admin) -> None:
    admin(shop).execute(ENDS)
    app = RowsightApp(shop)
    async with app.run_test(size=(120, 40), notifications=True) as pilot:
        record = await look_into(pilot, "app.ends")
        await to_line(pilot, record, "team_id")
        assert not record.check_action("follow", ())
        await pilot.press("enter")
        await until(pilot, "team_id is NULL: it references no row")
        await to_line(pilot, record, "b")
        await pilot.press("enter")
        await until(pilot, "b is NULL: it references no row")
        await to_line(pilot, record, "note")  # no key: just nothing
        await pilot.press("enter")
        await until(pilot, "there is nothing in it: NULL")
        # So do the lines that say what the row refers to, and what refers to it.
        to_reference(record, "code")
        await pilot.press("enter")
        await until(pilot, "code is NULL: no row references it")
        await pilot.press("n")
        await until(pilot, "row 2 of 2")
        to_reference(record, "a")
        await pilot.press("enter")
        await until(pilot, "a and b are NULL: they reference no row")
        assert top(pilot) is record
        await to_line(pilot, record, "team_id")
        await pilot.press("f")
        await until(pilot, "ends 2 › wide 1")


async def test_a_row_that_is_not_there_any_more_is_said(library: Profile) -> None:
    app = RowsightApp(library)
    async with app.run_test(size=(120, 24)) as pilot:
        record = await look_into(pilot, "lib.people")
        record.window.source.selection.relation  # noqa: B018 — it is open
        place = record.read.place if record.read else ()
        assert place == ("5b7e4b4e-0000-4000-8000-000000000001",)
        record.ask("reading", lambda: _gone(record), lambda _: None)
        await until(pilot, "not there any more")
        assert "ada@example.test" in text(app)  # what was read stays
        await pilot.press("d")
        await until(pilot, "What happened")


async def _gone(record: Record) -> object:
    from console.browse.detail import read_row

    return await read_row(record.window.source, ("5b7e4b4e-0000-4000-8000-00000000ffff",))


async def test_documents_unfold_and_are_searched(library: Profile) -> None:
    app = RowsightApp(library)
    async with app.run_test(size=(80, 24)) as pilot:
        record = await look_into(pilot, "lib.authors")
        await to_line(pilot, record, "notes")
        await pilot.press("enter")
        await until(pilot, "object of 6")
        assert "big  12345678901234567890.10" in text(app)
        await pilot.press("slash", *"lond", "enter")
        await until(pilot, "$.address.city")
        assert 'city  "London"' in text(app)
        await pilot.press("left", "left")
        await until(pilot, lambda: 'city  "London"' not in text(app))
        await pilot.press("n")
        await until(pilot, 'city  "London"')
        await pilot.press("y")
        assert app.clipboard == '"London"'
        await pilot.press("Y")
        assert app.clipboard == "$.address.city"
        await pilot.press("enter")
        await until(pilot, "6 characters")
        assert [line.strip() for line in lines(app)][3] == "London"


async def test_arrays_keep_their_bounds(library: Profile) -> None:
    app = RowsightApp(library)
    async with app.run_test(size=(80, 24)) as pilot:
        record = await look_into(pilot, "lib.authors")
        await to_line(pilot, record, "shelf")
        await pilot.press("enter")
        await until(pilot, "list of 2")
        await pilot.press("down", "right", "down", "down")
        await until(pilot, "$[0][6]")
        assert [line.split() for line in lines(app)[4:8]] == [
            ["▾", "0", "list", "of", "2"],
            ["5", "a"],
            ["6", "b"],
            ["▸", "1", "{c,d}"],
        ]


async def test_bytes_are_dumped(library: Profile) -> None:
    app = RowsightApp(library)
    async with app.run_test(size=(80, 24)) as pilot:
        record = await look_into(pilot, "lib.authors")
        await to_line(pilot, record, "face")
        await pilot.press("enter")
        await until(pilot, "17 bytes")
        assert "48 65 6c 6c 6f 2c 20 77  6f 72 6c 64 21 00 01 02  Hello, world!..." in text(app)


async def test_ten_megabytes_of_json_open_beside_the_screen(library: Profile) -> None:
    app = RowsightApp(library)
    async with app.run_test(size=(80, 24)) as pilot:
        record = await look_into(pilot, "lib.huge")
        await to_line(pilot, record, "doc")
        await pilot.press("enter")
        await until(pilot, "list of more than 1,000")
        view = top(pilot)
        assert isinstance(view, DocumentView)
        assert view.branches.document is not None
        assert len(view.branches.document.text) > 10_000_000
        await pilot.press("slash", *"name 30000", "enter")
        await until(pilot, "$[29999].name")
        assert 'name  "name 30000"' in text(app)


async def test_a_hundred_megabytes_are_read_in_parts(library: Profile) -> None:
    app = RowsightApp(library)
    async with app.run_test(size=(80, 24)) as pilot:
        record = await look_into(pilot, "lib.huge")
        await to_line(pilot, record, "words")
        assert "95 MB" in text(app)
        await pilot.press("enter")
        await until(pilot, "from character 1 · 95 MB")
        view = top(pilot)
        assert isinstance(view, LongValue)
        reader = view.reader
        await pilot.press("G")
        await until(pilot, lambda: reader.at_end and not view.is_busy)
        assert reader.end == 100_000_000
        assert lines(app)[-2].strip().endswith("6789")
        reader.scroll_to(y=0, animate=False, immediate=True)
        await until(pilot, lambda: not view.is_busy)
        assert reader.begin <= 100_000_000 - 2 * 65_536
        await pilot.press("g")
        await until(pilot, lambda: reader.at_start and not view.is_busy)


async def test_parts_join_without_a_seam_and_only_some_are_held(library: Profile) -> None:
    whole = "".join(f"line {n} é\t{'x' * (n % 200)}\n" for n in range(7_000))
    app = RowsightApp(library)
    async with app.run_test(size=(80, 24)) as pilot:
        await look_into(pilot, "lib.people")
        pane = app.screen.query_one(TablesPane)
        view = LongValue(pane.connections, "a text", HeldText(whole), wrapped)
        await laid_over(pilot, view)
        reader = view.reader
        await until(pilot, lambda: reader.end > 0 and not view.is_busy)

        def seamless() -> bool:
            begun = [piece for part in reader._parts for piece in part.pieces]
            return all(
                whole[one.start : one.start + 1].strip() == one.text[:1].strip() for one in begun
            ) and all(one.start < next_.start for one, next_ in pairwise(begun))

        async def settled(before: tuple[int, int]) -> None:
            def other() -> bool:
                return not view.is_busy and (reader.begin, reader.end) != before

            await until(pilot, other)
            assert seamless()

        while not reader.at_end:
            at_hand = reader.begin, reader.end
            reader.scroll_to(y=reader.max_scroll_y, animate=False, immediate=True)
            await settled(at_hand)
        assert len(reader._parts) == KEPT
        assert reader.begin > 0
        while not reader.at_start:
            at_hand = reader.begin, reader.end
            reader.scroll_to(y=0, animate=False, immediate=True)
            await settled(at_hand)
        assert not reader.at_end


async def test_a_table_without_columns_has_rows_in_full_too(library: Profile) -> None:
    app = RowsightApp(library)
    async with app.run_test(size=(80, 24)) as pilot:
        await look_into(pilot, "lib.nothing")
        await until(pilot, "This table has no columns")


async def test_values_and_rows_are_copied_whole(library: Profile) -> None:
    app = RowsightApp(library)
    async with app.run_test(size=(120, 40), notifications=True) as pilot:
        record = await look_into(pilot, "lib.authors")
        await to_line(pilot, record, "about")
        await pilot.press("y")
        await until(pilot, lambda: app.clipboard.endswith("exaggerated ideas. "))
        assert len(app.clipboard) == 2840
        await pilot.press("Y")
        await until(pilot, lambda: app.clipboard.startswith("{"))
        row = json.loads(app.clipboard)
        assert (row["id"], row["tags"]) == ("1", '{one,"two, three",NULL}')
        await pilot.press("n")
        await until(pilot, "row 2 of 3")
        await to_line(pilot, record, "email")
        await pilot.press("y")
        await until(pilot, "NULL holds no text")


async def test_a_row_leads_on_to_other_panes(library: Profile) -> None:
    app = RowsightApp(library)
    visited: list[object] = []
    async with app.run_test(
        size=(120, 40), message_hook=lambda message: visited.append(message)
    ) as pilot:
        record = await look_into(pilot, "lib.books", 1)
        await until(pilot, "1 row")
        record.action_why()
        await pilot.pause()
    places = [message.place for message in visited if isinstance(message, Pane.Visit)]
    assert WhyPlace("lib.books", (("id", "2"),)) in places


async def test_i_looks_as_the_person_whose_id_is_under_the_cursor(library: Profile) -> None:
    app = RowsightApp(library)
    async with app.run_test(size=(120, 40)) as pilot:
        record = await look_into(pilot, "lib.people")
        assert record.check_action("adopt", ())  # a uuid
        await to_line(pilot, record, "email")
        assert record.check_action("adopt", ())
        await to_line(pilot, record, "code")
        assert not record.check_action("adopt", ())
        assert "[red]x[/] \\x1b" in text(app)
        await to_line(pilot, record, "email")
        await pilot.press("i")
        await until(pilot, "Look as")  # this database holds no users: somebody has to be chosen
        await pilot.press("escape")
        await until(pilot, "there is nobody called ada@example.test  d detail")
        await to_line(pilot, record, "id")
        await pilot.press("i")
        await until(pilot, "Look as")
        await pilot.press("escape")
        await until(pilot, "d detail")
        workspace = app.screen
        assert isinstance(workspace, Workspace)
        assert workspace.status.lens is None
        await write(pilot, "q")


async def test_esc_cancels_on_the_server_and_what_was_shown_stays(library: Profile) -> None:
    app = RowsightApp(library)
    async with app.run_test(size=(120, 40)) as pilot:
        record = await look_into(pilot, "lib.people")

        async def slowly() -> object:
            return await record.window.source.session.value("select pg_sleep(60)::text")

        record.ask("waiting", slowly, lambda _: None)
        await until(pilot, "waiting")
        await pilot.press("escape")
        await until(pilot, "cancelled")
        assert "ada@example.test" in text(app)
        await pilot.press("r")
        await until(pilot, lambda: not record.is_busy)
        await until(pilot, "row 1 of 1")
