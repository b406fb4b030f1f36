"""An error's words are told only where they can't hold what the persona may not read."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable, Iterator
from typing import Any

import psycopg
import pytest

from console.access.cells import Cell
from console.access.decision import why
from console.access.impersonation import preview
from console.access.matrix import matrix
from console.access.persona import Persona, with_claims
from console.access.rules import Command
from console.access.visibility import xray
from console.access.whatif import whatif
from console.connection.embedded import EmbeddedServer
from console.connection.profile import Profile
from console.connection.session import Session
from console.errors import ConsoleError
from tests.access import cast
from tests.access.conftest import Sides
from tests.access.scene import made
from tests.browse.walk import first_page

Admin = Callable[[Profile], psycopg.Connection[Any]]
Connect = Callable[..., Session]

ADA = cast.user(cast.ADA)
SECRET = "topsecret"

KEPT = f"""
create schema k;
grant usage on schema k to anon, authenticated;
create table k.secret (s text);
insert into k.secret values ('{SECRET}');
grant select on k.secret to service_role;
create function k.read() returns text language plpgsql as $$ begin
  perform set_config('role', 'none', true);
  return (select s from k.secret);
end $$;
create function k.raises() returns boolean language plpgsql as
  $$ begin raise exception 'secret is %', k.read(); end $$;
create function k.feigns() returns boolean language plpgsql as $$ begin
  raise exception 'permission denied for table %', k.read()
    using errcode = '42501', detail = k.read(), hint = k.read();
end $$;
create function k.ends() returns boolean language plpgsql as $$ begin
  raise exception 'timeout %', k.read() using errcode = '57014';
end $$;
create function k.looks_up() returns boolean language plpgsql as
  $$ begin execute 'select from ' || k.read(); return true; end $$;
create function k.asks() returns boolean language sql as
  $$ select current_setting(k.read()) is null $$;
create table k.el (id int primary key, t text);
insert into k.el values (1, 'seven'), (2, '8');
alter table k.el enable row level security;
grant all on k.el to authenticated;
create function k.refused() returns boolean language sql stable as
  $$ select true from k.secret $$;
do $$ begin
  if not exists (select from pg_roles where rolname = 'k_login') then
    create role k_login login noinherit;
    grant anon, authenticated to k_login;
  end if;
end $$;
"""


@pytest.fixture(scope="module")
def kept_db(server: EmbeddedServer) -> Iterator[Profile]:
    yield from made(server, "kept", KEPT)


@pytest.fixture
async def kept(kept_db: Profile, connect: Connect, admin: Admin) -> AsyncIterator[Sides]:
    async with connect(kept_db) as login, preview(login) as acting:
        yield Sides(login, acting, admin(kept_db))


@pytest.fixture
async def confined(kept_db: Profile, connect: Connect, admin: Admin) -> AsyncIterator[Sides]:
    async with connect(kept_db) as login, preview(login, user="k_login") as acting:
        yield Sides(login, acting, admin(kept_db))


def bound(sides: Sides, using: str) -> None:
    """Lets one policy stand between everybody and the rows."""
    sides.admin.execute(
        f"drop policy if exists p on k.el; create policy p on k.el using ({using})".encode()
    )


async def told(sides: Sides, persona: Persona = ADA) -> dict[str, str]:
    """What each way of looking tells of the policy, as one text."""
    el = await sides.relation("k.el")
    found: dict[str, Any] = {}
    found["why"] = await why(sides.login, sides.acting, persona, el, key={"id": "1"})
    found["update"] = await why(
        sides.login,
        sides.acting,
        persona,
        el,
        command=Command.UPDATE,
        key={"id": "1"},
        changes={"t": "x"},
    )
    found["matrix"] = await matrix(sides.login, sides.acting, [persona], tables=["k.el"])
    found["xray"] = await xray(sides.login, sides.acting, persona, el, [("1",), ("2",)])
    try:
        found["whatif"] = await whatif(sides.login, sides.acting, persona, el, "p", "id > 0")
    except ConsoleError as error:
        found["whatif"] = (error.message, error.hint, error.detail)
    sides.acting.persona = persona
    try:
        found["page"] = await first_page(sides.acting, el)
    except ConsoleError as error:
        found["page"] = (error.message, error.hint, error.detail)
    return {way: repr(answer) for way, answer in found.items()}


LEAKS = [
    "k.raises()",
    "k.feigns()",
    "k.ends()",
    "k.looks_up()",
    "k.asks()",
    "k.read()::int > 0",
    "k.read()::uuid is not null",
    "k.read()::regclass is not null",
    "('{' || k.read())::json is null",
    "('{' || k.read())::int[] is null",
    "('2020-01-01 ' || k.read())::timestamptz is null",
    "current_setting(k.read()) is null",
]


@pytest.mark.parametrize("using", LEAKS)
async def test_no_error_tells_what_another_role_read(kept: Sides, using: str) -> None:
    bound(kept, using)
    for way, answer in (await told(kept)).items():
        assert SECRET not in answer, way


async def test_what_is_withheld_keeps_its_code_and_says_what_helps(kept: Sides) -> None:
    bound(kept, "k.raises()")
    answers = await told(kept)
    words = "an error (P0001) whose words are withheld"
    for way in ("why", "update", "matrix", "xray", "page"):
        assert words in answers[way], way
    assert "with a preview login they are told" in answers["page"]
    assert 'policy "p" raises an error (P0001) whose words are withheld' in answers["why"]


async def test_from_a_login_that_can_be_nobody_else_all_is_told(confined: Sides) -> None:
    confined.admin.execute(
        """create or replace function k.plain() returns boolean language plpgsql as
           $$ begin raise exception 'no member of %', 'Acme'; end $$"""
    )
    bound(confined, "k.plain()")
    answers = await told(confined)
    for way in ("why", "update", "matrix", "xray", "page"):
        assert "no member of Acme" in answers[way], way


async def cell(sides: Sides, persona: Persona = ADA) -> Cell:
    found = await matrix(sides.login, sides.acting, [persona], tables=["k.el"])
    return found.cell("k.el", persona.label, Command.SELECT)


@pytest.mark.parametrize(
    ("using", "words"),
    [
        ("id / 0 > 1", "division by zero"),
        ("k.refused()", "permission denied for table secret"),
        (
            "exists (select from k.el as other)",
            'infinite recursion detected in policy for relation "el"',
        ),
        ("k.gone()", "k.gone"),
        ("auth.uid() is not null", 'invalid input syntax for type uuid: "auth0|ada"'),
        ("(select true from generate_series(1, 2))", "more than one row returned by a subquery"),
    ],
)
async def test_the_servers_own_words_that_hold_no_more_than_names_are_told(
    kept: Sides, using: str, words: str
) -> None:
    kept.admin.execute(
        "create function k.gone() returns boolean language sql stable as"
        " 'select true from pg_class limit 1'"
        if "gone" in using
        else "select"
    )
    bound(kept, using)
    if "gone" in using:
        kept.admin.execute("set check_function_bodies = off")
        kept.admin.execute(
            "create or replace function k.gone() returns boolean language sql stable as"
            " 'select k.gone_too()'"
        )
    persona = with_claims(ADA, '{"sub": "auth0|ada"}')
    found = await cell(kept, persona)
    assert found.state == "error"
    assert words in found.message


async def test_a_value_of_the_row_itself_is_told(kept: Sides) -> None:
    bound(kept, "t::int > 0")
    answer = (await told(kept))["why"]
    assert 'invalid input syntax for type integer: \\"seven\\"' in answer.replace("\\\\", "\\") or (
        'invalid input syntax for type integer: "seven"' in answer
    )
