"""What is written in a database runs as the persona or not at all, and never as the login.

Checks, defaults, generated columns, domains, casts, views and the bodies of functions: each
holds a trap that ends a session beside or takes a lock, if it is run by a superuser.
"""

from __future__ import annotations

import contextlib
from collections.abc import AsyncIterator, Callable, Iterator
from typing import Any

import psycopg
import pytest

from console.access.decision import why
from console.access.impersonation import preview
from console.access.rules import Command
from console.access.visibility import usable_key, xray
from console.access.whatif import whatif
from console.catalog.relations import find_relation
from console.connection.embedded import EmbeddedServer
from console.connection.profile import Profile
from console.connection.session import Session
from console.errors import ConsoleError
from tests.access.attacks import BURIED, BURY
from tests.access.scene import EVE, Scene, made
from tests.access.test_attacks import LOOKS, Look


@pytest.fixture(scope="module")
def buried(server: EmbeddedServer) -> Iterator[Profile]:
    yield from made(server, "buried", BURY)


@pytest.fixture
async def scene(
    buried: Profile,
    admin: Callable[[Profile], psycopg.Connection[Any]],
    connect: Callable[..., Session],
) -> AsyncIterator[Scene]:
    async with connect(buried) as login, preview(login) as acting:
        prey = await find_relation(login, "public.pack")
        found = Scene(admin(buried), admin(buried), login, acting, prey)
        found.sentinel.execute("set application_name = 'sentinel'")
        found.before = found.state()
        yield found


async def _look_whatif(scene: Scene, _: object) -> Any:
    return await whatif(scene.login, scene.acting, EVE, scene.prey, "q", "note = 'a'")


@pytest.mark.parametrize(
    "look", [*LOOKS, _look_whatif], ids=lambda look: look.__name__.removeprefix("_look_")
)
@pytest.mark.parametrize("table", BURIED)
async def test_nothing_buried_runs_as_the_login(scene: Scene, table: str, look: Look) -> None:
    scene.prey = await find_relation(scene.login, f"public.{table}")
    with contextlib.suppress(ConsoleError):
        await look(scene, EVE)
    await scene.unharmed()


async def test_no_lock_is_left_where_the_login_read(scene: Scene) -> None:
    relation = await find_relation(scene.login, "public.locking")
    await why(scene.login, scene.acting, EVE, relation, key={"id": "1"})
    await scene.unharmed()


async def test_what_is_asked_of_another_row_is_asked_as_the_persona(scene: Scene) -> None:
    with scene.admin.transaction(force_rollback=False):
        scene.admin.execute(
            """
            create or replace function public.is_super(int) returns boolean language sql as
              'select rolsuper from pg_roles where rolname = current_user';
            drop table if exists public.asked;
            create table public.asked (id int primary key);
            insert into public.asked values (1);
            alter table public.asked enable row level security;
            grant select on public.asked to authenticated;
            create policy p on public.asked using (exists (
              select from public.pack as m where m.id = asked.id and public.is_super(m.id)))
            """
        )
    relation = await find_relation(scene.login, "public.asked")
    decision = await why(scene.login, scene.acting, EVE, relation, key={"id": "1"})
    assert decision.allowed is False
    assert "there is a row in pack with id = 1, but public.is_super(m.id) is not true" in (
        decision.sentence
    )


async def test_a_check_that_cannot_be_asked_leaves_the_answer_uncertain(scene: Scene) -> None:
    scene.admin.execute(
        """
        drop table if exists public.partly;
        create table public.partly (
          id int primary key, check (tableoid is not null), check (id > 0));
        grant all on public.partly to authenticated
        """
    )
    relation = await find_relation(scene.login, "public.partly")
    for number, words in ((1, "it can't be told whether the constraint"), (-1, "does not hold")):
        decision = await why(
            scene.login, scene.acting, EVE, relation, command=Command.INSERT, row={"id": number}
        )
        assert not decision.certain
        assert words in decision.sentence


async def test_a_check_that_raises_stops_the_row(scene: Scene) -> None:
    scene.admin.execute(
        """
        drop table if exists public.raising;
        create table public.raising (id int primary key, check (public.for_superusers(id) = 'x'));
        grant all on public.raising to authenticated
        """
    )
    relation = await find_relation(scene.login, "public.raising")
    decision = await why(
        scene.login, scene.acting, EVE, relation, command=Command.INSERT, row={"id": 1}
    )
    (obstacle,) = decision.obstacles
    assert obstacle.sqlstate == "P0001"
    assert "the constraint raising_id_check raises " in obstacle.words


async def test_a_log_that_is_a_view_is_not_read(scene: Scene) -> None:
    scene.admin.execute(
        """
        create or replace view public.audit_logs as
          select 'pack'::text as resource, '1'::text as "resourceId", null::text as "userId",
                 now() as timestamp, 'x'::text as action, '{}'::jsonb as metadata
          where public.trap(1);
        create or replace view public.users as
          select null::uuid as id, 'x'::text as email where public.trap(1);
        drop table if exists public.owned;
        create table public.owned (id int primary key, owner uuid);
        insert into public.owned values (1, gen_random_uuid());
        alter table public.owned enable row level security;
        grant select on public.owned to authenticated;
        create policy p on public.owned using (owner = (select auth.uid()))
        """
    )
    relation = await find_relation(scene.login, "public.owned")
    decision = await why(scene.login, scene.acting, EVE, relation, key={"id": "1"})
    assert decision.allowed is False
    await scene.unharmed()


async def test_no_cast_is_called_where_the_login_compares(scene: Scene) -> None:
    scene.admin.execute("insert into public.matching values (1, null, '1')")
    for name in ("matched", "matching"):
        relation = await find_relation(scene.login, f"public.{name}")
        key = await usable_key(scene.login, relation)
        assert key == (("ctid",) if name == "matched" else ("id",))
        for column in ("id", "badge", "token"):
            with contextlib.suppress(ConsoleError):
                await why(scene.login, scene.acting, EVE, relation, key={column: "1"})
        with contextlib.suppress(ConsoleError):
            await xray(scene.login, scene.acting, EVE, relation, [("1",)], columns=("id",))
    row = {"id": 7, "badge": "1", "token": "2"}
    decision = await why(scene.login, scene.acting, EVE, relation, command=Command.INSERT, row=row)
    assert not decision.certain
    assert "calls a function that somebody made" in decision.sentence
    await scene.unharmed()
