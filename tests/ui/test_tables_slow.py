"""What takes long, for want of an index: foretold, shown as far as it is, and cancelled."""

from __future__ import annotations

from collections.abc import Iterator

import psycopg
import pytest

from console.browse import search
from console.connection.embedded import EmbeddedServer
from console.connection.profile import Profile
from console.ui.app import RowsightApp
from console.ui.widgets.grid import Grid
from tests.conftest import Admin, named_database
from tests.ui.screen import lines, text, until, write

ROWS = 200_000
GATE = 77
"""Whoever holds this lock keeps readers from getting past row 100,000."""
BIG = f"""
create table public.big (id int primary key, note text, weight int);
insert into public.big
select n, case when n in (10, 20, 30, 150000) then 'needle ' || n else 'hay' end, {ROWS} - n
from generate_series(1, {ROWS}) n;
create function public.gate(id int) returns boolean language plpgsql stable as $$ begin
  if id = 100000 then perform pg_advisory_xact_lock_shared({GATE}); end if; return true;
end $$;
alter table public.big enable row level security;
create policy gate on public.big using (public.gate(id));
drop role if exists reader; create role reader login;
grant select on public.big to reader;
analyze;
"""


@pytest.fixture(scope="module")
def big(server: EmbeddedServer) -> Iterator[Profile]:
    """A big table with a gate in its midst, as a login reads it that policies bind."""
    with named_database(server, {}, "big", "empty") as connection:
        connection.execute(BIG.encode())
        yield server.profile("big", "reader")
        connection.execute("drop owned by reader; drop role reader")


@pytest.fixture
def gate(server: EmbeddedServer, big: Profile) -> Iterator[psycopg.Connection[tuple[object, ...]]]:
    """A connection that may close the gate and open it again."""
    with psycopg.connect(server.dsn("big"), autocommit=True) as connection:
        yield connection


CLOSE = f"select pg_advisory_lock({GATE})"
OPEN = f"select pg_advisory_unlock({GATE})"
WAITING = "select count(*) from pg_locks where locktype = 'advisory' and not granted"


def waiting(gate: psycopg.Connection[tuple[object, ...]]) -> object:
    """How many stand before the gate."""
    ((count,),) = gate.execute(WAITING).fetchall()
    return count


async def test_sorting_without_an_index_is_foretold_and_cancelled(
    big: Profile, gate: psycopg.Connection[tuple[object, ...]]
) -> None:
    app = RowsightApp(big, table="big")
    async with app.run_test(size=(120, 24)) as pilot:
        await until(pilot, "1/3")
        gate.execute(CLOSE)
        await pilot.press("end", "s")
        await until(pilot, "no index: ~")
        await until(pilot, "sorting by weight")
        await until(pilot, lambda: waiting(gate) == 1)
        await pilot.press("down")
        assert app.screen.query_one("#rows", Grid).cursor_row == 1
        await pilot.press("escape")
        await until(pilot, "cancelled")
        await until(pilot, lambda: waiting(gate) == 0)
        assert "weight ▲" not in text(app)
        assert "hay" in text(app)
        gate.execute(OPEN)
        await pilot.press("s")
        await until(pilot, "weight ▲")
        assert app.screen.query_one("#rows", Grid).source.row(0) == (f"{ROWS}", "hay", "0")


async def test_matches_are_shown_as_they_are_found_and_kept_when_cancelled(
    big: Profile,
    gate: psycopg.Connection[tuple[object, ...]],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(search, "MANY", ROWS // 2)
    app = RowsightApp(big, table="big")
    async with app.run_test(size=(120, 24)) as pilot:
        await until(pilot, "1/3")
        gate.execute(CLOSE)
        await pilot.press("slash")
        await write(pilot, "note~needle")
        await pilot.press("enter")
        await until(pilot, "needle 30")
        await until(pilot, "esc cancels")
        assert "looked at " in lines(app)[2]
        await until(pilot, lambda: waiting(gate) == 1)
        grid = app.screen.query_one("#rows", Grid)
        await pilot.press("down")
        assert grid.cursor_row == 1
        await pilot.press("escape")
        await until(pilot, "stopped: r looks again")
        await until(pilot, lambda: waiting(gate) == 0)
        assert grid.source.row_count == 3
        await pilot.press("down")
        await until(pilot, "3 of ≥ 3")
        assert waiting(gate) == 0
        await pilot.press("enter")
        await until(pilot, "row 3 of")
        await pilot.press("escape")
        gate.execute(OPEN)
        await pilot.press("r")
        await until(pilot, "needle 150000")
        await until(pilot, "3 of 4")


async def test_the_warning_before_a_long_wait_keeps_its_number_at_80_columns(
    shop: Profile, admin: Admin
) -> None:
    database = admin(shop)
    database.execute("""
        create table public.door (open boolean); insert into public.door values (true);
        create view public.slow as select n, n % 7 as seven from generate_series(1, 200000) n
          where case when (select open from public.door) then true else pg_sleep(60) is null end;
    """)
    app = RowsightApp(shop, table="public.slow")
    async with app.run_test(size=(80, 24)) as pilot:
        await until(pilot, "1/2")
        database.execute("update public.door set open = false")
        await pilot.press("right", "s")
        await until(pilot, "esc cancels")
        assert "no index: ~100.0 k rows to sort" in lines(app)[2]
        await pilot.press("escape")
        await until(pilot, "cancelled")
