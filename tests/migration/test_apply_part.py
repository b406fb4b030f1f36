"""Mending chosen differences and nothing else."""

from __future__ import annotations

import pytest

from console.connection.profile import Profile
from console.connection.session import Session
from console.migration.apply import NotVerified, apply
from console.migration.history import read_history
from console.migration.model import ApplyOptions, Key, Severity
from console.migration.plan import Conflicted, plan
from console.migration.verify import verify
from tests.conftest import Admin

COLUMN: Key = ("column", "public.users.image")
SECURITY: Key = ("table", "public.events")
EXTRA: Key = ("policy", "hole on public.spend")
INDEX: Key = ("index", "public.mine")

DAMAGE = """
alter table public.events disable row level security;
alter table public.users drop column image;
create policy hole on public.spend for select to anon using (1 = 1);
create index mine on public.users (name);
"""


async def found(session: Session) -> set[Key]:
    """Finds what is wrong; a column that is made again stands last, which is a mere note."""
    verification = await verify(session)
    return {
        (item.kind, item.identity)
        for item in verification.differences
        if item.severity is not Severity.INFO
    }


@pytest.fixture
def damaged(master_db: Profile, admin: Admin) -> Profile:
    with admin(master_db) as connection:
        connection.execute(DAMAGE)
    return master_db


@pytest.mark.parametrize("chosen", [COLUMN, SECURITY, EXTRA, INDEX])
async def test_one_difference_is_mended_and_the_others_stay(
    chosen: Key, damaged: Profile, connect: type[Session]
) -> None:
    async with connect(damaged) as session:
        assert await found(session) == {COLUMN, SECURITY, EXTRA, INDEX}
        result = await apply(session, ApplyOptions(only=frozenset({chosen})))
        assert result.applied
        assert not result.history_recorded
        assert await found(session) == {COLUMN, SECURITY, EXTRA, INDEX} - {chosen}
        assert not (await read_history(session)).recorded


async def test_what_is_mended_already_costs_nothing(
    damaged: Profile, connect: type[Session]
) -> None:
    chosen = ApplyOptions(only=frozenset({SECURITY}))
    async with connect(damaged) as session:
        await apply(session, chosen)
        assert (await apply(session, chosen)).statements_executed == 0


async def test_what_nothing_mends_is_refused(
    master_db: Profile, admin: Admin, connect: type[Session]
) -> None:
    with admin(master_db) as connection:
        connection.execute("alter table public.users add column shoe_size integer")
    chosen = ApplyOptions(only=frozenset({("column", "public.users.shoe_size")}))
    async with connect(master_db) as session:
        assert len((await plan(session, chosen)).conflicts) == 1
        with pytest.raises(Conflicted):
            await apply(session, chosen)


async def test_a_mend_that_breaks_something_else_is_rolled_back(
    damaged: Profile, admin: Admin, connect: type[Session]
) -> None:
    with admin(damaged) as connection:
        connection.execute("""
            create function public.meddle() returns event_trigger language plpgsql as
            $$ begin alter table public.offers disable row level security; end $$;
            create event trigger meddle on ddl_command_end when tag in ('DROP INDEX')
            execute function public.meddle();
        """)
    async with connect(damaged) as session:
        before = await found(session)
        with pytest.raises(NotVerified, match=r"public\.offers"):
            await apply(session, ApplyOptions(only=frozenset({INDEX})))
        assert await found(session) == before
