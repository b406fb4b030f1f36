"""Matrix, compare, what-if, baseline and lint of the access pane, on real databases."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import psycopg
import pytest
from textual.pilot import Pilot
from textual.widgets import Input

from console.access.persona import Persona, of_role
from console.connection.embedded import EmbeddedServer
from console.connection.profile import Profile
from console.ui.access.cells import CellTable
from console.ui.app import RowsightApp
from console.ui.workspace import Workspace
from tests.ui.access_rooms import ADA, BERT, ROOMS, SLOW, made
from tests.ui.screen import lines, text, until

Admin = Callable[[Profile], psycopg.Connection[Any]]
SIZE = (80, 24)


@pytest.fixture(scope="module")
def rooms(server: EmbeddedServer) -> Iterator[Profile]:
    yield from made(server, "rooms", ROOMS)


@pytest.fixture(scope="module")
def slow(server: EmbeddedServer) -> Iterator[Profile]:
    yield from made(server, "slow_rooms", SLOW)


async def begin(pilot: Pilot[Any], key: str, persona: Persona | None = ADA) -> None:
    """Takes on a persona, and opens a view of the access pane."""
    await until(pilot, "Nobody is chosen yet")
    workspace = pilot.app.screen
    assert isinstance(workspace, Workspace)
    if persona is not None:
        workspace.action_adopt(persona)
    await pilot.press(key)


async def pick(pilot: Pilot[Any], who: str) -> None:
    """Picks somebody in the picker."""
    await until(pilot, "Look as")
    await pilot.press(*who)
    await until(pilot, lambda: any(who in line and "▌" in line for line in lines(pilot.app)))
    await until(pilot, f"{who}@example.com" if who != "anon" else "nobody is signed in")
    await pilot.press("enter")


def row(app: RowsightApp, table: str) -> str:
    return next(line for line in lines(app) if line.startswith(f" ▪ {table} "))


# The matrix


async def test_the_matrix_says_what_one_may_do_everywhere(rooms: Profile) -> None:
    app = RowsightApp(rooms, tab=1)
    async with app.run_test(size=SIZE) as pilot:
        await begin(pilot, "m")
        await until(pilot, "✕ error")
        await until(pilot, lambda: "of 28 cells" not in text(app))
        assert row(app, "notes").split(maxsplit=2)[2].split("  ")[0] == "◐ 13 of 40"
        assert "⊕ open" in row(app, "notes")
        assert "⊘ denied" in row(app, "audit")
        assert "● all 3" in row(app, "news")
        assert "○ none" in row(app, "empty")
        assert "division by zero" not in text(app)
        await pilot.press(*["down"] * 4)
        await until(pilot, "public.prices  SELECT as ada@example.com: division by zero")
        # What is worth a look comes first.
        await pilot.press("s")
        await until(pilot, "by access")
        tables = [line.split()[1] for line in lines(app) if line.startswith(" ▪ ")]
        assert tables[0] == "prices"
        assert tables[-1] == "audit"
        await pilot.press("slash", *"denied aud")
        await until(pilot, "1 of 7 tables")
        await pilot.press("escape")
        await until(pilot, lambda: "1 of 7 tables" not in text(app))


async def test_from_a_cell_to_its_rows(rooms: Profile) -> None:
    app = RowsightApp(rooms, tab=1)
    async with app.run_test(size=SIZE) as pilot:
        await begin(pilot, "m")
        await until(pilot, "✕ error")
        await pilot.press("a")
        await pick(pilot, "bert")
        await until(pilot, "SELECT  2 personas")
        await until(pilot, lambda: "◐ 14 of 40" in row(app, "notes"))
        await pilot.press("slash", *"notes", "enter", "right", "enter")
        await until(pilot, lambda: isinstance(app.screen, Workspace) and app.screen.active == 0)
        await until(pilot, "public.notes")
        assert isinstance(app.screen, Workspace)
        assert app.screen.status.lens is not None
        assert app.screen.status.lens.label == "bert@example.com"


async def test_several_personas_stand_beside_each_other(rooms: Profile) -> None:
    app = RowsightApp(rooms, tab=1)
    async with app.run_test(size=SIZE) as pilot:
        await begin(pilot, "m")
        await until(pilot, "✕ error")
        await pilot.press("a")
        await pick(pilot, "bert")
        await until(pilot, "SELECT  2 personas")
        await until(pilot, lambda: "◐ 13 of 40" in row(app, "notes"))
        assert "◐ 14 of 40" in row(app, "notes")
        await pilot.press("o")
        await until(pilot, "INSERT  2 personas")
        await until(pilot, lambda: row(app, "notes").count("⊕ open") == 2)
        await pilot.press("right", "x")
        await until(pilot, lambda: "personas" not in text(app))
        await until(pilot, lambda: "◐ 13 of 40" in row(app, "notes"))


async def test_what_gets_out_is_withheld_in_its_own_cell(acme: Profile) -> None:
    app = RowsightApp(acme, tab=1)
    async with app.run_test(size=(120, 40)) as pilot:
        await begin(pilot, "m", of_role("anon"))
        await until(pilot, "✕ withheld")
        await pilot.press("a")
        await pick(pilot, "ada")
        await until(pilot, "SELECT  2 personas  ")
        await until(pilot, lambda: " cells" not in text(app))
        assert row(app, "leaky").split()[2:] == ["✕", "withheld", "⊘", "denied"]
        assert row(app, "users").split()[2:4] == ["⊘", "denied"]
        assert row(app, "organizations").endswith("◐ 1 of 2")
        await pilot.press("slash", *"leaky", "enter")
        await until(pilot, "SELECT as anon: containment broken: result withheld; the role became")


async def test_what_is_slow_holds_up_nothing_and_can_be_cancelled(
    slow: Profile, admin: Admin
) -> None:
    app = RowsightApp(slow, tab=1)
    watch = admin(slow)
    async with app.run_test(size=SIZE) as pilot:
        await begin(pilot, "m")
        await until(pilot, "● all 2")
        assert "…" in row(app, "slow")
        await until(pilot, "esc cancels")
        await pilot.press("escape")
        await until(pilot, "cancelled")
        assert "…" in row(app, "slow")
        running = """select count(*) from pg_stat_activity
                     where wait_event = 'PgSleep' and datname = current_database()"""
        await until(pilot, lambda: watch.execute(running).fetchone() == (0,))
        # The connection goes on: it is counted again.
        await pilot.press("r")
        await until(pilot, lambda: watch.execute(running).fetchone() != (0,))
        await pilot.press("escape")
        await until(pilot, "cancelled")


async def test_a_role_that_is_not_there_is_named(rooms: Profile) -> None:
    app = RowsightApp(rooms, tab=1)
    async with app.run_test(size=SIZE) as pilot:
        await begin(pilot, "m", of_role("nobody_here"))
        await until(pilot, "✕ there is no role nobody_here on this server")


async def test_the_matrix_is_written_to_a_file(rooms: Profile, tmp_path: Path) -> None:
    app = RowsightApp(rooms, tab=1)
    path = tmp_path / "matrix.md"
    path.write_text("before")
    async with app.run_test(size=SIZE, notifications=True) as pilot:
        await begin(pilot, "m")
        await until(pilot, "✕ error")
        await until(pilot, lambda: "e Export" in lines(app)[-1])
        await pilot.press("e")
        await until(pilot, "Write the matrix to")
        app.screen.query_one(Input).value = str(tmp_path / "matrix.xls")
        await pilot.press("enter")
        await until(pilot, "tells no format")
        app.screen.query_one(Input).value = str(path)
        await pilot.press("enter")
        await until(pilot, "is there already")
        assert path.read_text() == "before"
        await pilot.press("enter")
        await until(pilot, "The matrix is written.")
    written = path.read_text()
    assert "| public.notes | some, 13 of 40 | open | some, 3 of 40 | none, 0 of 40 |" in written


# Compare


async def test_what_only_one_sees(rooms: Profile) -> None:
    app = RowsightApp(rooms, tab=1)
    async with app.run_test(size=(80, 60)) as pilot:
        await begin(pilot, "c")
        await until(pilot, "Compare ada@example.com with whom?")
        await pilot.press("n")
        await until(pilot, "only ada@example.com sees")
        assert "13|0" in text(app)
        await pilot.press("a")
        await pick(pilot, "bert")
        await until(pilot, "each sees rows of its own")
        await pilot.press("slash", *"notes", "enter", "enter")
        await until(pilot, "only bert@example.com: 14 rows")
        await pilot.press("y")
        assert app.clipboard.startswith("select * from public.notes where (\"id\") in (('3')")
        await pilot.press("escape", "x")
        await until(pilot, lambda: "bert@example.com | ada@example.com" in text(app))


# What-if


async def test_rows_appear_and_disappear(rooms: Profile, admin: Admin) -> None:
    app = RowsightApp(rooms, tab=1)
    async with app.run_test(size=SIZE) as pilot:
        await begin(pilot, "f")
        await until(pilot, "8 policies on 6 tables")
        await pilot.press("slash", *"notes_read", "enter", "enter")
        await until(pilot, "F5 tries it on the rows")
        await pilot.press("ctrl+u", *"id > 37 or id = 3", "f5")
        await until(pilot, "13 → 4")
        screen = text(app)
        assert "+ 2 rows would appear  id" in screen
        assert "- 11 rows would disappear  id" in screen
        await pilot.press("y")
        assert app.clipboard == (
            'alter policy "notes_read" on "public"."notes" using (id > 37 or id = 3);'
        )
        # Nothing was changed by it.
        (expression,) = admin(rooms).execute(
            "select pg_get_expr(polqual, polrelid) from pg_policy where polname = 'notes_read'"
        ).fetchone() or ("",)
        assert "auth.uid()" in expression
        await pilot.press("x", *" nonsense", "f5")
        await until(pilot, "✕ the expression does not suit")
        await pilot.press("escape")
        await until(pilot, "8 policies on 6 tables")


async def test_a_policy_for_insert_is_not_tried(rooms: Profile) -> None:
    app = RowsightApp(rooms, tab=1)
    async with app.run_test(size=SIZE, notifications=True) as pilot:
        await begin(pilot, "f")
        await until(pilot, "8 policies on 6 tables")
        await pilot.press("slash", *"notes_write", "enter", "enter")
        await until(pilot, "It is for INSERT and has no USING")


# Baseline


async def test_a_snapshot_is_taken_and_checked(
    server: EmbeddedServer, admin: Admin, tmp_path: Path
) -> None:
    for profile in made(server, "kept_rooms", ROOMS):
        app = RowsightApp(profile, tab=1)
        path = tmp_path / "access.toml"
        async with app.run_test(size=SIZE) as pilot:
            await begin(pilot, "b")
            await until(pilot, "In the next snapshot")
            assert "ada@example.com · authenticated · aal1" in text(app)
            await pilot.press("n")
            await until(pilot, "Write the snapshot to")
            app.screen.query_one(Input).value = str(path)
            await pilot.press("enter")
            await until(pilot, "✓ Written:")
            await pilot.press("v")
            await until(pilot, "Check against")
            await pilot.press("enter")
            await until(pilot, "✓ As it was")
            admin(profile).execute("alter policy notes_read on notes using (true)")
            await pilot.press("r")
            await until(pilot, "✕ 3 changes")
            await pilot.press("enter")
            await until(pilot, "some 13 of 40")
            await pilot.press("escape", "end", "enter")
            await until(pilot, "The policies that apply to the roles")
            await pilot.press("escape")
            await pilot.press("v")
            await until(pilot, "Check against")
            broken = tmp_path / "broken.toml"
            broken.write_text("version = 7")
            app.screen.query_one(Input).value = str(broken)
            await pilot.press("enter")
            await until(pilot, "the baseline is not of version 1")


# Lint


@pytest.fixture
def open_rooms(server: EmbeddedServer, admin: Admin) -> Iterator[Profile]:
    for profile in made(server, "open_rooms", ROOMS):
        admin(profile).execute("create table open (id int); grant all on open to anon")
        yield profile


async def test_lint_needs_nobody_and_mends(open_rooms: Profile, admin: Admin) -> None:
    app = RowsightApp(open_rooms, tab=1)
    async with app.run_test(size=SIZE) as pilot:
        await begin(pilot, "t", None)
        await until(pilot, "error · row-level security is off")
        await pilot.press("slash", *"security open", "enter", "enter")
        await until(pilot, "why it matters")
        await pilot.press("y")
        assert app.clipboard == "alter table public.open enable row level security;"
        admin(open_rooms).execute(app.clipboard.encode())
        await pilot.press("escape", "r")
        await until(pilot, lambda: "row-level security is off" not in text(app))


async def test_keys_of_a_view_are_in_the_help(rooms: Profile) -> None:
    app = RowsightApp(rooms, tab=1)
    async with app.run_test(size=(120, 40)) as pilot:
        await begin(pilot, "m", BERT)
        await until(pilot, "✕ error")
        await until(pilot, lambda: app.screen.query_one(CellTable).has_focus)
        await pilot.press("question_mark")
        await until(pilot, "Add persona")
        assert "Export" in text(app)
