"""The rows of a table through somebody's eyes."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import psycopg
import pytest
from textual.pilot import Pilot

from console.access.persona import Persona, of_role, with_claims
from console.connection.embedded import EmbeddedServer
from console.connection.profile import Profile
from console.ui.app import RowsightApp
from console.ui.places import WhyPlace
from console.ui.tables.rows import Rows
from console.ui.widgets.grid import Grid
from console.ui.workspace import Workspace
from tests.ui.screen import lines, text, until

OFFICE = """
create table public.papers (
  id int primary key, owner text not null, title text, secret text);
insert into public.papers
select n, case when n % 3 = 0 then 'ada' else 'bert' end, 'Paper ' || n, 'xyz'
from generate_series(1, 60) n;
alter table public.papers enable row level security;
create policy papers_own on public.papers for select to clerk
  using (owner = current_setting('request.jwt.claims', true)::json ->> 'sub');
revoke all on public.papers from clerk;
grant select (id, owner, title) on public.papers to clerk;
create table public.loose (a int);
insert into public.loose values (1), (2);
grant select on public.loose to clerk;
create view public.titles as select title from public.papers;
grant select on public.titles to clerk;
create table public.closed (id int primary key);
insert into public.closed values (1);
create table public.letters (id uuid primary key, "organizationOwner" uuid, sent timestamptz);
insert into public.letters select ('00000000-0000-4000-8000-00000000000' || n)::uuid,
  '11111111-1111-4111-8111-111111111111', '2026-01-02' from generate_series(1, 3) n;
alter table public.letters enable row level security;
grant select on public.letters to clerk;
analyze;
"""


@pytest.fixture(scope="module")
def papers(server: EmbeddedServer) -> Any:
    """A table of which a role:clerk sees a third, without one of its columns."""
    with psycopg.connect(server.dsn(), autocommit=True) as connection:
        connection.execute("drop database if exists papers with (force)")
        connection.execute("drop role if exists clerk; create role clerk nologin")
        connection.execute("create database papers template template0")
    with psycopg.connect(server.dsn("papers"), autocommit=True) as connection:
        connection.execute(OFFICE.encode())
    yield server.profile("papers")
    with psycopg.connect(server.dsn(), autocommit=True) as connection:
        connection.execute("drop database papers with (force); ")
        connection.execute("drop role clerk")


def clerk(name: str = "ada") -> Persona:
    return with_claims(of_role("clerk"), f'{{"sub": "{name}"}}')


@asynccontextmanager
async def looking(
    profile: Profile, table: str, who: Persona | None = None, wait: str = "on screen"
) -> AsyncIterator[tuple[Pilot[Any], Grid]]:
    app = RowsightApp(profile, table=table)
    async with app.run_test(size=(160, 24), notifications=True) as pilot:
        await until(pilot, "read ")
        workspace(pilot).action_adopt(who or clerk())
        await until(pilot, wait)
        yield pilot, app.screen.query_one("#rows", Grid)


def workspace(pilot: Pilot[Any]) -> Workspace:
    (screen,) = [one for one in pilot.app.screen_stack if isinstance(one, Workspace)]
    return screen


def marks(pilot: Pilot[Any]) -> str:
    return "".join(line[38:39] for line in lines(pilot.app)[4:13])


async def test_every_row_is_marked_and_three_numbers_stand_above(papers: Profile) -> None:
    async with looking(papers, "papers") as (pilot, grid):
        await until(pilot, "60 rows · role:clerk sees 20 · 6 of 19 on screen")
        assert marks(pilot) == "○○●○○●○○●"
        header = lines(pilot.app)[3]
        assert "⊘ secret" in header
        assert "⊘ title" not in header
        await pilot.press("G")
        await until(pilot, "7 of 19 on screen")
        assert grid.cursor_row == 59


async def test_where_a_preview_starts_from_a_superuser_is_said_once(papers: Profile) -> None:
    async with looking(papers, "papers") as (pilot, _):
        await until(pilot, "a superuser")
        assert len(pilot.app._notifications) == 1
        await pilot.press("r")
        await until(pilot, lambda: "·" in lines(pilot.app)[2])
        assert len(pilot.app._notifications) == 1


async def test_the_lens_comes_off_with_one_key(papers: Profile) -> None:
    async with looking(papers, "papers") as (pilot, _):
        await until(pilot, lambda: "●" in marks(pilot))
        await pilot.press("I")
        await until(pilot, "1 of 60")
        assert "●" not in marks(pilot)
        assert "⊘" not in text(pilot.app)


async def test_rows_that_were_covered_when_the_lens_came_are_marked_too(papers: Profile) -> None:
    app = RowsightApp(papers, table="papers")
    async with app.run_test(size=(160, 24)) as pilot:
        await until(pilot, "1 of 60")
        await pilot.press("enter")
        await until(pilot, "row 1 of 60")
        workspace(pilot).action_adopt(clerk())
        await until(pilot, "as role:clerk")
        await pilot.press("escape")
        await until(pilot, lambda: marks(pilot) == "○○●○○●○○●")


async def test_a_row_in_full_is_whole_in_eighty_columns(papers: Profile) -> None:
    app = RowsightApp(papers, table="letters")
    async with app.run_test(size=(80, 24)) as pilot:
        await until(pilot, "1 of 3")
        workspace(pilot).action_adopt(clerk())
        await until(pilot, "role:clerk sees 0")
        await pilot.press("down", "enter")
        await until(pilot, "○ hidden from role:clerk")
        assert lines(app)[2].startswith(" letters 0000")
        assert "row 2 of 3" in lines(app)[2]
        assert "11111111-1111-4111-8111-111111111111" in text(app)
        assert "timestamptz" in text(app)
        assert "16 B" not in text(app)
        assert "i Look as this user   ? Help" in lines(app)[-1]


async def test_another_pair_of_eyes_sees_other_rows(papers: Profile) -> None:
    async with looking(papers, "papers") as (pilot, _):
        await until(pilot, "role:clerk sees 20")
        workspace(pilot).action_adopt(clerk("bert"))
        await until(pilot, "role:clerk sees 40")
        assert marks(pilot) == "●●○●●○●●○"


async def test_the_switch_shows_what_the_api_would_return(
    papers: Profile, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    async with looking(papers, "papers") as (pilot, grid):
        await pilot.press("x")
        await until(pilot, "20 rows · only what role:clerk sees · 1 column denied")
        assert [grid.source.row(n) for n in (0, 19)] == [
            ("3", "ada", "Paper 3"),
            ("60", "ada", "Paper 60"),
        ]
        await pilot.press("slash", *"id>30", "enter")
        await until(pilot, "10 rows · only")
        await pilot.press("e", "enter")
        await until(pilot, "✓ 10 rows")
        await pilot.press("x")
        await until(pilot, "30 rows · role:clerk sees 10")
    written = (tmp_path / "papers.csv").read_text().splitlines()
    assert written[:2] == ["id,owner,title", "33,ada,Paper 33"]


async def test_no_row_and_no_privilege_are_told_apart(papers: Profile) -> None:
    async with looking(papers, "papers", clerk("carol")) as (pilot, _):
        await until(pilot, "role:clerk sees 0")
        await pilot.press("x")
        await until(pilot, "No rows for role:clerk: the API would return an empty list.")
    async with looking(papers, "closed", wait="may not") as (pilot, _):
        await until(pilot, "role:clerk may not read this table: clerk holds no SELECT")
        await pilot.press("x")
        await until(pilot, "✕ permission denied for table closed")


async def test_tables_without_a_key_and_views_are_looked_at_as_far_as_can_be(
    papers: Profile,
) -> None:
    async with looking(papers, "papers") as (pilot, _):
        await until(pilot, "w Why?")
    async with looking(papers, "loose") as (pilot, _):
        await until(pilot, "2 rows · role:clerk sees 2 · 2 of 2 on screen")
        assert "w Why?" not in text(pilot.app)
    async with looking(papers, "titles", wait="no key to tell rows by") as (pilot, _):
        await until(pilot, "60 rows · role:clerk sees 60 · no key to tell rows by")
        assert "w Why?" not in text(pilot.app)
        await pilot.press("enter")
        await until(pilot, "titles 1  · not known of role:clerk")


async def test_w_asks_why_for_the_row_under_the_cursor(papers: Profile) -> None:
    async with looking(papers, "papers") as (pilot, _):
        asked: list[object] = []
        rows = pilot.app.screen.query_one(Rows)
        send = rows.post_message

        def listen(message: Any) -> bool:
            asked.append(getattr(message, "place", None))
            return send(message)

        rows.post_message = listen  # type: ignore[method-assign]
        await pilot.press("down", "w")
        await until(pilot, lambda: workspace(pilot).active == 1)
        assert WhyPlace("public.papers", (("id", "2"),)) in asked


async def test_a_row_in_full_says_whether_it_is_seen_and_which_columns_are_not(
    papers: Profile,
) -> None:
    async with looking(papers, "papers") as (pilot, _):
        await until(pilot, lambda: "●" in marks(pilot))
        await pilot.press("enter")
        await until(pilot, "○ hidden from")
        await until(pilot, "⊘secret")
        await pilot.press("n", "n")
        await until(pilot, "● seen by")
        assert "○ hidden from" not in text(pilot.app)
    async with looking(papers, "closed", wait="may not read this table") as (pilot, _):
        await pilot.press("enter")
        await until(pilot, "row 1 of 1")
        await until(pilot, "⊘ role:clerk may not read this table")
