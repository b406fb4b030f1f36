"""The row a policy looks for elsewhere: what is wrong with it, and SQL that helps."""

from __future__ import annotations

import json

import pytest

from console.access.telling import plain, tell
from console.visible import visible
from tests.access import cast
from tests.access.asking import HIDDEN, Asking
from tests.access.conftest import Sides

MEMBERS = f"""
create schema s;
grant usage on schema s to anon, authenticated;
create table s.member (org int, usr uuid, role text default 'viewer', primary key (org, usr));
alter table s.member enable row level security;
grant select on s.member to authenticated;
create policy m on s.member for select using (usr = auth.uid() and role <> 'banned');
create table s.doc (id int primary key, org int, title text);
alter table s.doc enable row level security;
grant all on s.doc to authenticated;
insert into s.doc values (1, 1, 'a'), (2, 2, 'b'), (3, 3, 'c');
insert into s.member values (1, '{cast.ADA}', 'viewer'), (3, '{cast.ADA}', 'banned');
"""
MEMBER = "exists (select 1 from s.member m where m.org = doc.org and m.usr = auth.uid())"


@pytest.fixture
def asking(bare: Sides) -> Asking:
    return Asking(bare)


async def test_a_policy_that_looks_for_a_membership_reads_on_one_line(asking: Asking) -> None:
    asking.run(f"{MEMBERS} create policy d on s.doc using ({MEMBER})")
    decision = await asking.why("doc", key={"id": "2"})
    assert decision.sentence == (
        f'{HIDDEN}policy "d" is false: there is no row in member with org = 2'
        " and usr = ada@example.com"
    )
    text = plain(tell(decision, 300))
    assert (
        "EXISTS ( SELECT 1 FROM s.member m WHERE ((m.org = doc.org) AND (m.usr = auth.uid())))"
    ) in text
    assert "␊" not in text


async def test_a_condition_of_several_lines_reads_on_one(asking: Asking) -> None:
    asking.run(
        f"""{MEMBERS} create policy d on s.doc using (
        (select count(*) from s.member m where m.org = doc.org) > 7)"""
    )
    decision = await asking.why("doc")
    assert "\n" not in json.dumps(decision.sentence)
    assert "␊" not in visible(decision.sentence)


DEFINER = """
create function s.has(o int, wanted text) returns boolean language {language} stable
  security definer set search_path = '' as $$ {body} $$;
"""
ADMIN = {
    "exists": "exists (select from s.member m where m.org = doc.org and m.usr = auth.uid()"
    " and m.role = 'admin')",
    "in": "org in (select m.org from s.member m where m.usr = auth.uid() and m.role = 'admin')",
    "whoever": "auth.uid() in (select usr from s.member m"
    " where m.org = doc.org and m.role = 'admin')",
    "function": "s.has(org, 'admin')",
}


@pytest.mark.parametrize("policy", ADMIN.values(), ids=ADMIN)
async def test_a_membership_of_another_role_is_changed_not_doubled(
    asking: Asking, policy: str
) -> None:
    body = (
        "select exists (select from s.member where org = o and usr = auth.uid() and role = wanted)"
    )
    asking.run(MEMBERS + DEFINER.format(language="sql", body=body))
    asking.run(f"create policy d on s.doc using ({policy})")
    decision = await asking.why("doc")
    _, found = decision.sentence.split("there is a row in member with ")
    found, differs = found.split(", but ")
    assert sorted(found.split(" and ")) == ["org = 1", "usr = ada@example.com"]
    assert differs == "role is viewer, not admin"
    (remedy,) = decision.remedies
    assert remedy.words == "role = admin in that row of member"
    asking.run(remedy.sql)
    assert (await asking.why("doc")).allowed


async def test_a_membership_that_is_missing_is_made_as_the_table_wants_it(asking: Asking) -> None:
    asking.run(f"{MEMBERS} create policy d on s.doc using ({MEMBER})")
    (remedy,) = (await asking.why("doc", key={"id": "2"})).remedies
    asking.run(remedy.sql)
    assert (await asking.why("doc", key={"id": "2"})).allowed


async def test_no_row_is_offered_that_could_not_be_inserted(asking: Asking) -> None:
    asking.run(f"{MEMBERS} create policy d on s.doc using ({MEMBER})")
    asking.run("alter table s.member alter role drop default, alter role set not null")
    (remedy,) = (await asking.why("doc", key={"id": "2"})).remedies
    assert (remedy.words, remedy.sql) == (
        "a row in member with org = 2 and usr = ada@example.com, and with role,"
        " which must not be null",
        "",
    )


async def test_no_row_is_offered_that_its_own_policies_would_hide(asking: Asking) -> None:
    asking.run(f"{MEMBERS} create policy d on s.doc using ({MEMBER})")
    asking.run("alter table s.member alter role drop default")
    (remedy,) = (await asking.why("doc", key={"id": "2"})).remedies
    assert (remedy.words, remedy.sql) == (
        "a row in member with org = 2 and usr = ada@example.com, which the policies of member"
        " show to ada@example.com",
        "",
    )


async def test_a_flag_of_the_row_that_is_sought_is_set(asking: Asking) -> None:
    asking.run(
        f"""{MEMBERS} alter table s.member add active boolean default false;
        create policy d on s.doc using (exists (
          select from s.member m where m.org = doc.org and m.usr = auth.uid() and m.active))"""
    )
    decision = await asking.why("doc")
    assert decision.sentence.endswith(", but m.active is not true")
    asking.run(decision.remedies[0].sql)
    assert (await asking.why("doc")).allowed


async def test_the_policy_that_hides_the_row_which_is_sought_is_named(asking: Asking) -> None:
    asking.run(f"{MEMBERS} create policy d on s.doc using ({MEMBER})")
    assert await asking.sentence("doc", key={"id": "3"}) == (
        f'{HIDDEN}policy "d" is false: the row in member with org = 3 and usr = ada@example.com is'
        ' hidden from ada@example.com as well: policy "m" of member is false:'
        " role <> 'banned'::text is false: role is banned"
    )


async def test_a_table_that_no_policy_opens_hides_the_row_which_is_sought(asking: Asking) -> None:
    asking.run(f"{MEMBERS} create policy d on s.doc using ({MEMBER}); drop policy m on s.member")
    assert (await asking.sentence("doc")).endswith(
        "is hidden from ada@example.com as well: no policy on member lets authenticated SELECT"
    )


async def test_the_owner_of_a_function_is_who_reads(asking: Asking) -> None:
    """The policies of the table do not bind it, so they hide nothing."""
    body = "select exists (select from s.member where org = o and usr = auth.uid()) and false"
    asking.run(MEMBERS + DEFINER.format(language="sql", body=body))
    asking.run("create policy d on s.doc using (s.has(org, '')); drop policy m on s.member")
    assert "hidden from ada@example.com as well" not in await asking.sentence("doc")


BODIES = {
    "a comment": (
        "sql",
        "select exists (select from s.member -- of mine\n where org = o"
        " /* me */ and usr = auth.uid())",
    ),
    "full names": (
        "sql",
        "select exists (select from s.member where s.member.org = o and s.member.usr = auth.uid())",
    ),
    "an early return": (
        "plpgsql",
        "begin if auth.uid() is null then return false; end if;"
        " return exists (select from s.member where org = o"
        " and usr = auth.uid()); end",
    ),
}


@pytest.mark.parametrize(("language", "body"), BODIES.values(), ids=BODIES)
async def test_a_function_is_read_through_what_is_common_in_it(
    asking: Asking, language: str, body: str
) -> None:
    asking.run(MEMBERS + DEFINER.format(language=language, body=body))
    asking.run("create policy d on s.doc using (s.has(org, ''))")
    decision = await asking.why("doc", key={"id": "2"})
    assert decision.sentence == (
        f"{HIDDEN}policy \"d\" is false: s.has(org, ''::text) is false, there is no row in member"
        " with org = 2 and usr = ada@example.com"
    )
    asking.run(decision.remedies[0].sql)
    assert (await asking.why("doc", key={"id": "2"})).allowed


async def test_a_row_that_must_not_be_there_is_named(asking: Asking) -> None:
    asking.run(
        f"""{MEMBERS} create table s.ban (usr uuid, note text);
        grant select on s.ban to authenticated;
        insert into s.ban values ('{cast.ADA}', 'x');
        create policy d on s.doc using (
          not exists (select from s.ban b where b.usr = auth.uid()))"""
    )
    decision = await asking.why("doc")
    assert decision.sentence == (
        f'{HIDDEN}policy "d" is false: there is a row in ban with usr = ada@example.com,'
        " and there must be none"
    )
    asking.run(decision.remedies[0].sql)
    assert (await asking.why("doc")).allowed


TEAMS = f"""
{MEMBERS}
create table s.team (id int primary key, org int not null unique, open boolean default true);
grant select on s.team to authenticated;
insert into s.team values (7, 1), (8, 2);
create table s.player (team int, usr uuid, role text default 'viewer', primary key (team, usr));
grant select on s.player to authenticated;
insert into s.player values (8, '{cast.ADA}', 'viewer');
"""
JOINED = {
    "on": "exists (select 1 from s.team t join s.player p on p.team = t.id"
    " where t.org = doc.org and t.open and p.usr = auth.uid())",
    "comma": "exists (select 1 from s.player p, s.team t"
    " where p.team = t.id and t.org = doc.org and t.open and p.usr = auth.uid())",
    "in": "auth.uid() in (select p.usr from s.team t inner join s.player p on t.id = p.team"
    " where t.org = doc.org and t.open)",
    "out": "org in (select t.org from s.player p join s.team t on t.id = p.team and t.open"
    " where p.usr = auth.uid() and t.org = doc.org)",
    "function": "s.has(org, '')",
}


@pytest.mark.parametrize("policy", JOINED.values(), ids=JOINED)
async def test_of_joined_tables_the_one_that_lacks_the_row_is_named(
    asking: Asking, policy: str
) -> None:
    body = JOINED["on"].replace("doc.org", "o")
    asking.run(TEAMS + DEFINER.format(language="sql", body=f"select {body}"))
    asking.run(f"create policy d on s.doc using ({policy})")
    decision = await asking.why("doc")
    assert "there is no row in player with " in decision.sentence
    assert "team = 7" in decision.sentence
    (remedy,) = decision.remedies
    asking.run(remedy.sql)
    assert (await asking.why("doc")).allowed
    assert (await asking.why("doc", key={"id": "2"})).allowed
    decision = await asking.why("doc", key={"id": "3"})
    assert "there is no row in team with org = 3" in decision.sentence
    assert decision.remedies == ()  # it would take a player, too


async def test_a_joined_row_that_its_own_policies_hide_is_named(asking: Asking) -> None:
    asking.run(f"{TEAMS} create policy d on s.doc using ({JOINED['on']})")
    asking.run("alter table s.team enable row level security")
    assert (await asking.sentence("doc", key={"id": "2"})).endswith(
        "the row in team with org = 2 is hidden from ada@example.com as well: no policy on team"
        " lets authenticated SELECT"
    )


async def test_joined_rows_that_no_key_tells_are_left_alone(asking: Asking) -> None:
    asking.run(f"{TEAMS} alter table s.team drop constraint team_org_key")
    asking.run(f"create policy d on s.doc using ({JOINED['on']})")
    decision = await asking.why("doc")
    assert "there is no row" not in decision.sentence
    assert decision.remedies == ()
    asking.run("delete from s.player")  # whichever team it is
    assert "there is no row in player with usr = ada@" in (await asking.why("doc")).sentence
    outer = JOINED["on"].replace(" join ", " left join ")
    asking.run(f"drop policy d on s.doc; create policy d on s.doc using ({outer})")
    assert "there is no row" not in (await asking.why("doc")).sentence
