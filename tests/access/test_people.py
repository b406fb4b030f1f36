"""People are looked for only where to read them calls nothing that somebody else made."""

from __future__ import annotations

import pytest

from console.access.people import find_people, resolve
from console.errors import Refused
from tests.access.conftest import Sides

_ID = "00000000-0000-4000-8000-000000000001"
_VIEW = f"""
drop table if exists auth.users, public.users;
create view public.users as
  select '{_ID}'::uuid as id, 'ada@example.com'::text as email
  where pg_advisory_lock(4712) is not null;
"""
_LOCKS = "select count(*) from pg_locks where locktype = 'advisory'"


def _locked(sides: Sides) -> bool:
    return sides.admin.execute(_LOCKS).fetchone() != (0,)


async def test_a_view_of_people_is_not_read_and_that_is_said(bare: Sides) -> None:
    bare.admin.execute(_VIEW.encode())
    for text in ("ada", "ada@example.com"):
        with pytest.raises(Refused) as refusal:
            await find_people(bare.login, text)
        assert str(refusal.value) == (
            "people are not looked for in public.users: it is a view, whose query would run as"
            " your own login"
        )
        assert refusal.value.hint == "name a user by id"
    with pytest.raises(Refused):
        await resolve(bare.login, "ada@example.com")
    persona = await resolve(bare.login, _ID)
    assert persona.user_id == _ID
    assert not _locked(bare)


async def test_a_view_beside_a_table_of_people_is_passed_over(bare: Sides) -> None:
    bare.admin.execute(
        f"""
        {_VIEW}
        create table auth.users (id uuid primary key, email text);
        insert into auth.users values ('{_ID}', 'ada@example.com');
        """.encode()
    )
    (person,) = await find_people(bare.login, "ada")
    assert (person.id, person.sources) == (_ID, ("auth.users",))
    assert not _locked(bare)


async def test_no_cast_is_called_to_find_people(bare: Sides) -> None:
    bare.admin.execute(
        """
        drop table if exists auth.users, public.users;
        create type who as enum ('ada', 'bert');
        create table public.users (id who primary key, email text, name who);
        insert into public.users values ('ada', 'ada@example.com', 'ada');
        create function named(who) returns text language plpgsql as $$
          begin perform pg_advisory_lock(4712); return 'ada'; end $$;
        create cast (who as text) with function named(who);
        """
    )
    (person,) = await find_people(bare.login, "ada")
    assert (person.id, person.name) == ("ada", "ada")
    bare.admin.execute(
        "drop cast (who as text); create cast (who as text) with function named(who) as implicit"
    )
    with pytest.raises(Refused) as refusal:
        await find_people(bare.login, "ada")
    assert "to compare its id calls the function of a cast" in str(refusal.value)
    assert not _locked(bare)
