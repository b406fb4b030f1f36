"""What a policy calls to get out: each look through somebody's eyes says that it shows nothing."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any

import pytest
from textual.pilot import Pilot
from textual.widgets import TextArea

from console.access.entrance import ContainmentBroken
from console.ui.tables.exporting import Export
from tests.access.attacks import STORED
from tests.access.scene import EVE
from tests.ui.attacking.access import check_a_file
from tests.ui.attacking.console import (
    ACCESS,
    ROW,
    TABLES,
    Attacked,
    at_rest,
    come,
    go,
    home,
    press,
    put,
    rows,
    view,
)
from tests.ui.screen import focused_field, text

FILE = Path("theirs.csv")


def was_written() -> bool:
    """Tells whether there is the file, and takes it away."""
    there = FILE.exists()
    FILE.unlink(missing_ok=True)
    return there


Look = Callable[[Pilot[Any]], Awaitable[object]]
LOOKS: list[tuple[int, Look]] = []
"""What is looked at, and on which tab."""


def look(tab: int) -> Callable[[Look], Look]:
    def enter(looked: Look) -> Look:
        LOOKS.append((tab, looked))
        return looked

    return enter


async def editor(pilot: Pilot[Any]) -> TextArea:
    """Waits until the focus is where several lines are typed."""
    await come(pilot, lambda: isinstance(pilot.app.focused, TextArea))
    assert isinstance(pilot.app.focused, TextArea)
    return pilot.app.focused


@look(TABLES)
async def marked_rows(pilot: Pilot[Any]) -> None:
    await rows(pilot)


@look(TABLES)
async def their_rows(pilot: Pilot[Any]) -> None:
    await rows(pilot)
    await press(pilot, "x")


@look(TABLES)
async def exported(pilot: Pilot[Any]) -> None:
    pane = await rows(pilot)
    assert pane.rows.wanted is not None
    theirs = pane.rows.wanted._replace(persona=EVE)
    pane.rows.exporting.begin(Export(theirs, None, FILE, "csv"))


@look(ACCESS)
async def person(pilot: Pilot[Any]) -> None:
    shown = await view(pilot, "people")
    shown.action_again()


@look(ACCESS)
async def why_not_seen(pilot: Pilot[Any]) -> None:
    await go(pilot, ROW)


@look(ACCESS)
async def why_not_inserted(pilot: Pilot[Any]) -> None:
    await go(pilot, ROW)
    await press(pilot, "n")
    await at_rest(pilot)
    put(await editor(pilot), '{"id": 9, "note": "y"}')
    await press(pilot, "f3")


@look(ACCESS)
async def why_not_updated(pilot: Pilot[Any]) -> None:
    await go(pilot, ROW)
    await press(pilot, "u")
    put(await editor(pilot), '{"note": "y"}')
    await press(pilot, "f3")


@look(ACCESS)
async def matrix(pilot: Pilot[Any]) -> None:
    shown = await view(pilot, "matrix")
    shown.action_again()


@look(ACCESS)
async def compared(pilot: Pilot[Any]) -> None:
    shown = await view(pilot, "compare")
    await press(pilot, "n")
    await at_rest(pilot)
    shown.action_again()


@look(ACCESS)
async def another_policy(pilot: Pilot[Any]) -> None:
    await view(pilot, "whatif")
    await press(pilot, "slash")
    put(focused_field(pilot.app), "prey")
    await press(pilot, "enter", "enter")
    put(await editor(pilot), "id > 3")
    await press(pilot, "f5")


@look(ACCESS)
async def baseline(pilot: Pilot[Any]) -> None:
    await view(pilot, "baseline")
    await check_a_file(pilot)


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    """Gives every function a console of its own; in the short form there are two."""
    if "function" in metafunc.fixturenames:
        short = metafunc.config.getoption("--short")
        metafunc.parametrize("function", ["evil_role", "evil_lock"] if short else STORED)


@pytest.mark.slow
async def test_no_policy_writes_or_gets_out(attacked: Attacked, function: str) -> None:
    async with attacked("reading", TABLES) as console:
        console.witness.admin.execute(
            f"""
            drop policy p on public.prey;
            create policy p on public.prey to anon, authenticated
              using (public.{function}()) with check (public.{function}());
            revoke all on public.evil_view, public.evil_rows from anon, authenticated
            """.encode()
        )
        for tab, looked in LOOKS:
            await home(console.pilot, tab, lens=True)
            console.broken.clear()
            await looked(console.pilot)
            await console.settle()
            told = await console.told(f"{looked.__name__} past {function}")
            assert told or STORED[function] is not ContainmentBroken, looked.__name__
            console.witness.untouched()
            assert not (told and was_written())


async def test_no_error_on_the_screen_tells_what_the_login_read(attacked: Attacked) -> None:
    async with attacked("reading", TABLES) as console:
        console.witness.admin.execute(
            """
            create table public.kept as select 'topsecret' as s;
            create function public.leak() returns boolean language plpgsql as $$
            declare v text;
            begin
              perform set_config('role', 'none', true);
              select s into v from public.kept;
              raise exception 'secret is %', v;
            end $$;
            drop policy p on public.prey;
            create policy p on public.prey to anon, authenticated
              using (public.leak()) with check (public.leak())
            """
        )
        for tab, looked in (
            (TABLES, marked_rows),
            (TABLES, their_rows),
            (ACCESS, why_not_seen),
            (ACCESS, why_not_updated),
            (ACCESS, matrix),
        ):
            await home(console.pilot, tab, lens=True)
            await looked(console.pilot)
            await console.settle()
            if looked in (their_rows, why_not_seen):
                await come(console.pilot, lambda: "P0001" in text(console.pilot.app))
            assert "topsecret" not in text(console.pilot.app), looked.__name__
