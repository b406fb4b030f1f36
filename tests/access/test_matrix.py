"""The matrix: every state a cell can have, counted by the server, and nobody waits for the slow."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable, Iterator, Sequence
from typing import Any

import psycopg
import pytest
from psycopg import sql

from console.access.cells import Cell
from console.access.counting import Known
from console.access.impersonation import preview
from console.access.matrix import Matrix, matrix
from console.access.persona import Persona, of_role, with_claims
from console.access.rules import Command
from console.connection.embedded import EmbeddedServer
from console.connection.profile import Profile
from console.connection.session import Session
from console.errors import ConsoleError, Refused, UsageError
from tests.access import cast
from tests.access.conftest import Sides
from tests.access.scene import made
from tests.access.test_visibility import PEOPLE, real_login

Admin = Callable[[Profile], psycopg.Connection[Any]]
Connect = Callable[..., Session]

TABLES = """
create schema shut;
create table shut.box (id int primary key);
create table free (id int primary key, owner uuid);
create table always (id int primary key, owner uuid);
create table own (id int primary key, owner uuid);
create table bolted (id int primary key, owner uuid);
create table nothing (id int primary key, owner uuid);
create table raising (id int primary key, n int);
create table private (id int primary key, owner uuid);
create table blind (id int primary key, owner uuid);
create table "Odd %s {} ""x" (id int primary key, owner uuid);
create table parted (id int primary key, owner uuid) partition by range (id);
create table parted_low partition of parted for values from (0) to (3);
create table parted_high partition of parted for values from (3) to (1000);
do $$
declare name text;
begin
  foreach name in array array['free', 'always', 'own', 'bolted', 'private', 'blind',
                              'Odd %s {} "x', 'parted']
  loop
    execute format('insert into %I select n, case when n < 3 then %L::uuid end'
                   ' from generate_series(1, 5) n', name, 'ee6976a3-df28-5083-fdb7-9b5626be80a3');
  end loop;
  foreach name in array array['always', 'own', 'bolted', 'nothing', 'raising', 'private', 'blind',
                              'Odd %s {} "x', 'parted']
  loop
    execute format('alter table %I enable row level security', name);
  end loop;
end $$;
insert into raising select n, n - 3 from generate_series(1, 5) n;
create view shown as select * from own;
grant select, insert, update, delete on free, always, own, bolted, nothing, raising,
  "Odd %s {} ""x", parted, shown to authenticated;
grant select on shut.box to authenticated;
grant insert, update, delete on blind to authenticated;
create policy p on always to authenticated using (true);
create table sealed (id int primary key);
insert into sealed values (1), (2);
alter table sealed enable row level security;
grant select, insert, update, delete on sealed to authenticated;
create policy s on sealed for select to authenticated using (true);
create policy u on sealed for update to authenticated using (true) with check (false);
create policy i on sealed for insert to authenticated with check (false);
create policy d on sealed for delete to authenticated using (true);
create table bolted_down (id int primary key);
insert into bolted_down values (1);
alter table bolted_down enable row level security;
grant select, insert, update on bolted_down to authenticated;
create policy p on bolted_down to authenticated using (true);
create policy r on bolted_down as restrictive to authenticated using (true) with check (false);
create view sums as select count(*) as number from own;
grant select, insert, update, delete on sums to authenticated;
create policy p on own to authenticated using (owner = auth.uid());
create policy p on bolted for select to authenticated using (true);
create policy q on bolted for update to authenticated using (owner = auth.uid());
create policy p on nothing to authenticated using (true);
create policy p on raising to authenticated using (10 / n > 0);
create policy p on blind to authenticated using (true);
create policy p on "Odd %s {} ""x" to authenticated using (id > 3);
create policy p on parted to authenticated using (owner is null);
analyze;
"""

SLOW = """
create function drag(seconds float8) returns boolean language plpgsql stable as
  'begin perform pg_sleep(seconds); return true; end';
create table a_quick (id int primary key);
create table b_slow (id int primary key);
create table c_quick (id int primary key);
insert into a_quick values (1); insert into b_slow values (1); insert into c_quick values (1);
alter table a_quick enable row level security;
alter table b_slow enable row level security;
alter table c_quick enable row level security;
grant select on a_quick, b_slow, c_quick to authenticated, anon;
create policy p on a_quick to public using (id < 5);
create policy p on b_slow to public using (drag(0.6));
create policy p on c_quick to public using (id < 5);
analyze;
"""


@pytest.fixture(scope="module")
def tables_db(server: EmbeddedServer) -> Iterator[Profile]:
    yield from made(server, "matrix_states", TABLES)


@pytest.fixture(scope="module")
def slow_db(server: EmbeddedServer) -> Iterator[Profile]:
    yield from made(server, "matrix_slow", SLOW)


@pytest.fixture
async def tables(tables_db: Profile, connect: Connect, admin: Admin) -> AsyncIterator[Sides]:
    async with connect(tables_db) as login, preview(login) as acting:
        yield Sides(login, acting, admin(tables_db))


@pytest.fixture
async def slow(slow_db: Profile, connect: Connect, admin: Admin) -> AsyncIterator[Sides]:
    async with connect(slow_db) as login, preview(login) as acting:
        yield Sides(login, acting, admin(slow_db))


ADA = cast.user(cast.ADA)
BERT = cast.user(cast.BERT)


def told(cell: Cell) -> str:
    """A cell in a few letters: `some 2/5`, with `~` where a number is not exact."""
    if cell.visible is None and cell.total is None:
        return cell.state
    mark = "" if cell.exact else "~"
    return f"{cell.state} {mark}{'?' if cell.visible is None else cell.visible}/{cell.total}"


async def test_every_state_of_a_cell(tables: Sides) -> None:
    found = await matrix(tables.login, tables.acting, [ADA])
    said = {
        row.table: " ".join(f"{told(cell)}," for cell in row.cells[ADA.label].values()).strip(",")
        for row in found.rows
    }
    assert said == {
        'public."Odd %s {} ""x"': "some 2/5, open ?/5, some 2/5, some 2/5",
        "public.always": "all 5/5, open ?/5, all 5/5, all 5/5",
        "public.blind": "denied ?/5, open ?/5, denied ?/5, denied ?/5",
        "public.bolted": "all 5/5, none ?/5, some 2/5, none 0/5",
        "public.free": "all 5/5, all ?/5, all 5/5, all 5/5",
        "public.nothing": "none 0/0, open ?/0, none 0/0, none 0/0",
        "public.own": "some 2/5, open ?/5, some 2/5, some 2/5",
        "public.parted": "some 3/5, open ?/5, some 3/5, some 3/5",
        "public.parted_high": "denied ?/3, denied ?/3, denied ?/3, denied ?/3",
        "public.parted_low": "denied ?/2, denied ?/2, denied ?/2, denied ?/2",
        "public.private": "denied ?/5, denied ?/5, denied ?/5, denied ?/5",
        "public.raising": "error ~?/5, open ?/5, error ~?/5, error ~?/5",
        "public.bolted_down": "all 1/1, none ?/1, error ?/1, denied ?/1",
        "public.sealed": "all 2/2, none ?/2, error ?/2, all 2/2",
        "public.shown": "some 5/None, open, open, open",
        "public.sums": "some 1/None, denied, denied, denied",
        "shut.box": "denied ?/0, denied ?/0, denied ?/0, denied ?/0",
    }
    messages = {
        name: found.cell(f"public.{name}", ADA.label, Command.SELECT).message
        for name in ("raising", "nothing", "free")
    }
    assert messages == {
        "raising": "division by zero",
        "nothing": "there are no rows",
        "free": "no policy binds it",
    }
    assert found.cell("shut.box", ADA.label, Command.SELECT).message == ("no USAGE on the schema")
    assert found.cell("public.blind", ADA.label, Command.DELETE).message == (
        "no SELECT, so no WHERE"
    )
    assert found.cell("public.sealed", ADA.label, Command.UPDATE).message == (
        "a policy's CHECK refuses every new row"
    )
    assert found.cell("public.sums", ADA.label, Command.DELETE).message == (
        "not a table, and takes no DELETE"
    )
    assert found.notes[0].startswith("previews start from postgres, a superuser")


@pytest.mark.parametrize("command", [Command.UPDATE, Command.DELETE])
async def test_a_write_really_touches_as_many_rows(
    tables: Sides, tables_db: Profile, command: Command
) -> None:
    found = await matrix(tables.login, tables.acting, [ADA, BERT], commands=[command])
    with real_login(tables_db, ADA) as real:
        for row in found.rows:
            cell = row.cells[ADA.label][command]
            words = "delete from {}" if command is Command.DELETE else "update {} set id = id"
            name = sql.SQL(row.table)
            statement = sql.SQL(words + " where id > 0").format(name)
            try:
                with real.transaction(force_rollback=True):
                    touched: int | None = real.execute(statement).rowcount
            except psycopg.errors.InsufficientPrivilege:
                touched = None
            except (psycopg.errors.ObjectNotInPrerequisiteState, psycopg.errors.UndefinedColumn):
                assert (row.table, cell.state) == ("public.sums", "denied")
                continue
            except psycopg.errors.DivisionByZero:
                assert cell.state == "error"
                continue
            if row.table == "public.shown":
                assert cell.state == "open"
            elif cell.state in ("denied", "error"):
                assert touched is None, row.table
            else:
                assert touched == cell.visible, row.table


@pytest.mark.parametrize("who", PEOPLE)
async def test_numbers_are_those_of_a_real_login(
    sides: Sides, sample_db: Profile, who: str
) -> None:
    persona = PEOPLE[who] or with_claims(cast.user(cast.STRANGER), f'{{"sub": "{cast.BERT}"}}')
    found = await matrix(sides.login, sides.acting, [persona], commands=[Command.SELECT])
    assert len([row for row in found.rows if row.table.startswith("public.")]) == 31
    with real_login(sample_db, persona) as real:
        for row in found.rows:
            cell = row.cells[persona.label][Command.SELECT]
            count = sql.SQL("select count(*) from {}").format(sql.SQL(row.table))
            try:
                with real.transaction(force_rollback=True):
                    (number,) = real.execute(count).fetchone() or (None,)
            except psycopg.errors.InsufficientPrivilege:
                # The whole of a row may be more than some of its columns.
                assert cell.state == "denied", row.table
                continue
            (total,) = sides.admin.execute(count).fetchone() or (None,)
            assert cell.state in ("all", "some", "none"), row.table
            assert (cell.visible, cell.total, cell.exact) == (number, total, True), row.table
            expected = "none" if not number else "all" if number == total else "some"
            assert cell.state == expected, row.table


async def test_beyond_the_bound_numbers_are_no_longer_exact(tables: Sides) -> None:
    found = await matrix(
        tables.login,
        tables.acting,
        [ADA],
        tables=["public.always", "public.own", "public.parted"],
        commands=[Command.SELECT],
        bound=2,
    )
    said = {row.table: told(row.cells[ADA.label][Command.SELECT]) for row in found.rows}
    assert said == {
        "public.always": "all ~5/5",  # the policy opens all; how many is the planner's guess
        "public.own": "some ~2/5",
        "public.parted": "some ~2/5",
    }


async def test_a_slow_table_delays_only_its_own_cell(slow: Sides) -> None:
    order: list[tuple[str, str]] = []
    progress: list[tuple[int, int]] = []

    def heard(cells: Sequence[Known], known: int, expected: int) -> None:
        places = [(cell.table, cell.persona) for cell in cells]
        order.extend(place for place in places if place not in order)
        progress.append((known, expected))

    found = await matrix(
        slow.login,
        slow.acting,
        [ADA, BERT, cast.ANON],
        commands=[Command.SELECT],
        quick=0.15,
        on_cells=heard,
    )
    # Everybody's quick cells stand before anybody's slow one.
    assert [table for table, _ in order[-3:]] == ["public.b_slow"] * 3
    assert {table for table, _ in order[:-3]} == {"public.a_quick", "public.c_quick"}
    assert len(order) == 9
    assert {told(row.cells[ADA.label][Command.SELECT]) for row in found.rows} == {"all 1/1"}
    assert progress == sorted(progress)
    assert progress[-1] == (9, 9)


async def test_a_table_too_slow_for_any_patience_fails_alone(slow: Sides) -> None:
    found = await matrix(
        slow.login,
        slow.acting,
        [ADA],
        commands=[Command.SELECT],
        quick=0.05,
        patience=0.2,
    )
    cells = {row.table: row.cells[ADA.label][Command.SELECT] for row in found.rows}
    assert cells["public.a_quick"].state == cells["public.c_quick"].state == "all"
    late = cells["public.b_slow"]
    assert (late.state, late.message, late.visible) == (
        "error",
        "it can't be told: to count took longer than 0.2 s",
        None,
    )


async def test_cancelling_ends_the_count_on_the_server(slow: Sides) -> None:
    people = [ADA, BERT]
    counting = asyncio.create_task(
        matrix(slow.login, slow.acting, people, commands=[Command.SELECT], quick=30)
    )
    await asleep(slow.admin, True)
    counting.cancel()
    with pytest.raises(asyncio.CancelledError):
        await counting
    await asleep(slow.admin, False)
    # Both connections go on as if nothing had been.
    found = await matrix(slow.login, slow.acting, [ADA], tables=["public.a_quick"])
    assert found.cell("public.a_quick", ADA.label, Command.SELECT).visible == 1


async def asleep(admin: psycopg.Connection[Any], wanted: bool) -> None:
    """Waits until some statement of this database sleeps in drag(), or none does any more."""
    query = """
        select exists (select from pg_stat_activity
                       where wait_event = 'PgSleep' and datname = current_database())
    """
    async with asyncio.timeout(10):
        while True:
            if admin.execute(query).fetchone() == (wanted,):
                return
            await asyncio.sleep(0.01)


async def test_personas_stand_beside_each_other(tables: Sides) -> None:
    people = [ADA, BERT, cast.ANON, cast.SERVICE]
    found = await matrix(
        tables.login, tables.acting, people, tables=["public.own"], commands=[Command.SELECT]
    )
    assert isinstance(found, Matrix)
    assert {label: told(cells[Command.SELECT]) for label, cells in found.rows[0].cells.items()} == {
        "ada@example.com": "some 2/5",
        "bert@example.com": "none 0/5",
        "anon": "denied ?/5",
        "service_role": "denied ?/5",
    }


async def test_who_raises_spoils_no_other(tables: Sides) -> None:
    """One of two personas makes auth.uid() fail; the other's cells are as without it."""
    broken = with_claims(BERT, '{"sub": "user_2aBc"}')
    found = await matrix(tables.login, tables.acting, [broken, ADA], commands=[Command.SELECT])
    own = next(row for row in found.rows if row.table == "public.own")
    assert told(own.cells[ADA.label][Command.SELECT]) == "some 2/5"
    failed = own.cells[broken.label][Command.SELECT]
    assert failed.state == "error"
    assert "invalid input syntax for type uuid" in failed.message
    always = next(row for row in found.rows if row.table == "public.always")
    assert told(always.cells[broken.label][Command.SELECT]) == "all 5/5"


async def test_what_can_not_be_asked_is_refused(tables: Sides) -> None:
    with pytest.raises(UsageError, match="twice"):
        await matrix(tables.login, tables.acting, [ADA, ADA])
    with pytest.raises(Refused, match="there is no role nobody_here"):
        await matrix(
            tables.login,
            tables.acting,
            [ADA, of_role("nobody_here")],
            tables=["public.always"],
        )
    with pytest.raises(ConsoleError):
        await matrix(tables.login, tables.acting, [Persona("x", "none", "{}", ADA.named)])
    assert (await matrix(tables.login, tables.acting, [ADA], tables=[])).rows == ()
