"""What one persona sees and another does not, held against what two real logins read."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable, Iterator
from typing import Any

import psycopg
import pytest
from psycopg import sql

from console.access.comparison import Comparison, Difference, compare
from console.access.impersonation import preview
from console.access.persona import with_claims
from console.connection.embedded import EmbeddedServer
from console.connection.profile import Profile
from console.connection.session import Session
from console.errors import UsageError
from tests.access import cast
from tests.access.conftest import Sides
from tests.access.scene import made
from tests.access.test_matrix import TABLES
from tests.access.test_visibility import real_login

Admin = Callable[[Profile], psycopg.Connection[Any]]
Connect = Callable[..., Session]

ADA, BERT, DARA = cast.user(cast.ADA), cast.user(cast.BERT), cast.user(cast.DARA)

MORE = f"""
create table loose (owner uuid, note text);
insert into loose values ('{cast.ADA}', 'a'), ('{cast.ADA}', 'b'), ('{cast.BERT}', 'c');
alter table loose enable row level security;
create policy p on loose to authenticated using (owner = auth.uid());
create view mine with (security_invoker) as select note from loose;
grant select on loose, mine to authenticated;
insert into own values (6, '{cast.BERT}');
update own set owner = '{cast.BERT}' where id = 5;
"""


@pytest.fixture(scope="module")
def compared_db(server: EmbeddedServer) -> Iterator[Profile]:
    yield from made(server, "compared", TABLES + MORE)


@pytest.fixture
async def compared(compared_db: Profile, connect: Connect, admin: Admin) -> AsyncIterator[Sides]:
    async with connect(compared_db) as login, preview(login) as acting:
        yield Sides(login, acting, admin(compared_db))


def of(found: Comparison) -> dict[str, Difference]:
    return {difference.table: difference for difference in found.differences}


async def test_rows_that_only_one_sees_are_named(compared: Sides) -> None:
    heard: list[tuple[str, int, int]] = []
    found = await compare(
        compared.login,
        compared.acting,
        ADA,
        BERT,
        on_table=lambda table, done, all_: heard.append((table, done, all_)),
    )
    by_table = of(found)
    own = by_table["public.own"]
    assert (own.only, own.both, own.key) == ((2, 2), 0, ("id",))
    assert own.samples == ((("1",), ("2",)), (("5",), ("6",)))
    loose = by_table["public.loose"]
    assert (loose.only, loose.key) == ((2, 1), ("ctid",))
    mine = by_table["public.mine"]
    assert (mine.only, mine.key) == ((2, 1), ("row",))
    assert mine.samples == ((("(a)",), ("(b)",)), (("(c)",),))
    assert by_table["public.raising"].message == "one of them can't be counted"
    # What both see whole, in the same part, or not at all is the same.
    assert {"public.always", "public.free", "public.parted", "public.private"} <= set(found.same)
    assert set(by_table) | set(found.same) == {
        row[0]
        for row in compared.admin.execute(
            """select format('%I.%I', relnamespace::regnamespace, relname) from pg_class
               where relkind in ('r', 'p', 'v')
                 and relnamespace::regnamespace::text in ('public', 'shut')"""
        )
    }
    assert [done for _, done, _ in heard] == list(range(len(heard)))
    assert {all_ for _, _, all_ in heard} == {len(heard)}


async def test_too_many_rows_are_not_called_equal(compared: Sides) -> None:
    found = await compare(
        compared.login, compared.acting, ADA, BERT, tables=["public.own"], bound=1
    )
    (own,) = found.differences
    assert (own.only, own.both) == (None, None)
    assert own.message == "too many rows to compare one by one"


async def test_only_one_holds_the_privilege(compared: Sides) -> None:
    found = await compare(compared.login, compared.acting, ADA, cast.ANON, tables=["public.own"])
    (own,) = found.differences
    assert (own.only, own.cells[1].state) == ((2, 0), "denied")


async def test_a_persona_is_not_compared_with_itself(compared: Sides) -> None:
    with pytest.raises(UsageError):
        await compare(compared.login, compared.acting, ADA, ADA)
    # The same person with a second factor is somebody else, once called so.
    assert with_claims(ADA, '{"aal": "aal2"}').label == ADA.label


async def test_the_sample_data_differ_as_two_real_logins_do(
    sides: Sides, sample_db: Profile
) -> None:
    found = await compare(sides.login, sides.acting, ADA, DARA)
    by_table = of(found)
    assert by_table
    with real_login(sample_db, ADA) as first, real_login(sample_db, DARA) as second:
        for table, difference in by_table.items():
            columns = sql.SQL(", ").join(
                sql.SQL("{}::text").format(sql.Identifier(name)) for name in difference.key
            )
            query = sql.SQL("select {} from {}").format(columns, sql.SQL(table))
            mine = set(first.execute(query).fetchall())
            theirs = set(second.execute(query).fetchall())
            assert difference.only == (len(mine - theirs), len(theirs - mine)), table
            assert difference.both == len(mine & theirs), table
            assert set(difference.samples[0]) <= mine - theirs
            assert set(difference.samples[1]) <= theirs - mine
    assert any(d.only and all(d.only) for d in by_table.values())
