"""The sentence names the true cause, whatever form a policy has, and a remedy's SQL helps."""

from __future__ import annotations

import json
from dataclasses import replace
from typing import Any

import pytest

from console.access.answer import Decision
from console.access.decision import why
from console.access.persona import Persona, of_user
from console.access.rules import Command
from console.access.telling import plain, tell
from console.visible import visible
from tests.access import cast
from tests.access.conftest import Sides

ADA = of_user(cast.ADA, email="ada@example.com")
HIDDEN = "hidden from ada@example.com, without an error: "
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


class Asking:
    """Asks about tables of a schema `s` that a test makes."""

    def __init__(self, sides: Sides) -> None:
        self._sides = sides

    def run(self, script: str) -> None:
        self._sides.admin.execute(script.encode())

    async def why(self, table: str, persona: Persona = ADA, **asked: Any) -> Decision:
        relation = await self._sides.relation(f"s.{table}")
        if "row" not in asked:
            asked.setdefault("key", {"id": "1"})
        return await why(self._sides.login, self._sides.acting, persona, relation, **asked)

    async def sentence(self, table: str, persona: Persona = ADA, **asked: Any) -> str:
        decision = await self.why(table, persona, **asked)
        assert decision.ground_truth.agrees is True
        assert not decision.allowed
        return decision.sentence


@pytest.fixture
def asking(bare: Sides) -> Asking:
    return Asking(bare)


MEMBER = "exists (select 1 from s.member m where m.org = doc.org and m.usr = auth.uid())"


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


PLAIN = f"""
create schema s;
grant usage on schema s to anon, authenticated;
create table s.t (
  id int primary key, n int, starts date, owner uuid, tags text[], meta jsonb,
  vis text, gone timestamptz, banned boolean
);
alter table s.t enable row level security;
grant all on s.t to authenticated;
insert into s.t values (
  1, -3, '2999-01-01', '{cast.ADA}', '{{old}}', '{{"live": false}}', 'private',
  '2026-01-02 03:04:05+00', true
);
insert into s.t (id) values (2);
"""


@pytest.mark.parametrize(
    ("policy", "words"),
    [
        ("n > 0", "n > 0 is false: n is -3"),
        ("n + 1 > n + n + 10", "(n + 1) > ((n + n) + 10) is false: n + 1 is -2, (n + n) + 10 is 4"),
        ("current_date >= starts", "CURRENT_DATE >= starts is false: CURRENT_DATE is 20"),
        ("vis <> 'private'", "vis <> 'private'::text is false: vis is private"),
        ("vis <> all ('{private,x}')", "is false: vis is private"),
        (
            "coalesce((meta ->> 'live')::boolean, false)",
            "COALESCE(((meta ->> 'live'::text))::boolean, false) is false:"
            ' meta is {"live": false}',
        ),
        (
            "(auth.jwt() ->> 'email') like '%@corp.com'",
            "(auth.jwt() ->> 'email'::text) ~~ '%@corp.com'::text is false:"
            " auth.jwt() ->> 'email'::text is ada@example.com",
        ),
        ("'news' = any (tags)", "news is not in tags, which is {old}"),
        ("vis in ('public', 'link')", "vis is private, not in {public, link}"),
        ("gone is null", "gone is 2026-01-02 03:04:05+00, not null"),
        ("not banned", "banned is true"),
        ("not (n < 0)", "n < 0 is true, and must not be: n is -3"),
        ("false", "it says false whatever the row"),
        ("null", "it says null whatever the row"),
        ("n > 0 and false", "it says false whatever the row"),
    ],
)
async def test_a_condition_is_told_with_its_values(asking: Asking, policy: str, words: str) -> None:
    asking.run(f"{PLAIN} create policy p on s.t to authenticated using ({policy})")
    sentence = await asking.sentence("t")
    assert sentence.startswith(f'{HIDDEN}policy "p" is ')
    assert words in sentence


@pytest.mark.parametrize(
    ("policy", "words"),
    [
        ("'news' = any (tags)", "tags is null"),
        ("vis = 'public'", "vis is null, not public"),
        ("gone is not null", "gone is null"),
        ("n > 0", "n > 0 is null: n is null"),
        ("banned", "banned is null"),
    ],
)
async def test_a_null_is_called_a_null(asking: Asking, policy: str, words: str) -> None:
    asking.run(f"{PLAIN} create policy p on s.t to authenticated using ({policy})")
    assert (await asking.sentence("t", key={"id": "2"})).endswith(f": {words}")


async def test_an_empty_list_is_called_empty(asking: Asking) -> None:
    asking.run(
        f"{PLAIN} update s.t set tags = '{{}}';"
        " create policy p on s.t to authenticated using ('news' = any (tags))"
    )
    assert (await asking.sentence("t")).endswith(": news is not in tags, which is empty")


@pytest.mark.parametrize("policy", ["gone is null", "not banned", "vis = 'public'"])
async def test_what_mends_a_value_lets_the_row_through(asking: Asking, policy: str) -> None:
    asking.run(f"{PLAIN} create policy p on s.t to authenticated using ({policy})")
    decision = await asking.why("t")
    asking.run(decision.remedies[0].sql)
    assert (await asking.why("t")).allowed


async def test_what_depends_on_the_session_is_mended_by_no_value(asking: Asking) -> None:
    asking.run(f"{PLAIN} create policy p on s.t to authenticated using (vis = session_user)")
    assert (await asking.why("t")).remedies == ()


async def test_a_part_that_is_negated_is_told_with_the_value_of_the_negation(
    asking: Asking,
) -> None:
    asking.run(f"{PLAIN} create policy p on s.t using (id = 1 and not (n < 0 and banned))")
    lines = plain(tell(await asking.why("t"), 60)).splitlines()
    (line,) = [line for line in lines if "not all of these" in line]
    assert line.split() == ["and", "not", "all", "of", "these", "false"]
    asking.run("alter policy p on s.t using (not banned)")
    lines = plain(tell(await asking.why("t"), 60)).splitlines()
    place = next(n for n, line in enumerate(lines) if line.startswith("  not banned"))
    assert lines[place].split() == ["not", "banned", "false"]
    assert lines[place + 1].strip() == "↳ is true"


SOFT = f"""{PLAIN}
create policy s on s.t for select using (gone is null);
create policy u on s.t for update using (true) with check (true);
create policy i on s.t for insert with check (true);
update s.t set gone = null where id = 1;
"""
REFUSED = (
    "refused for ada@example.com, with an error (new row violates row-level security policy): "
)


async def test_a_row_that_would_leave_her_sight_is_told_so(asking: Asking) -> None:
    asking.run(SOFT)
    asked: dict[str, Any] = {"command": Command.UPDATE, "changes": {"gone": "2026-01-02T00:00:00Z"}}
    decision = await asking.why("t", **asked)
    assert (decision.effect, decision.ground_truth.agrees) == ("denied", True)
    assert decision.sentence == (
        f"{REFUSED}ada@example.com would lose sight of the row, for the policies for SELECT are"
        ' asked of the new row too: policy "s" is false: gone is 2026-01-02 00:00:00+00, not null'
    )
    asking.run(f"create policy s2 on s.t for select using (owner = '{cast.ADA}')")
    assert (await asking.why("t", **asked)).allowed


async def test_an_insert_that_is_read_back_is_told_so(asking: Asking) -> None:
    asking.run(SOFT)
    asked: dict[str, Any] = {
        "command": Command.INSERT,
        "row": {"id": 5, "gone": "2026-01-02T00:00:00Z"},
    }
    decision = await asking.why("t", **asked)
    assert decision.sentence == (
        f"{REFUSED}RETURNING reads the new row, so the policies for SELECT are asked of it too:"
        ' policy "s" is false: gone is 2026-01-02 00:00:00+00, not null'
    )
    assert [remedy.words for remedy in decision.remedies] == [
        "an INSERT without RETURNING (return=minimal): it is not read back"
    ]
    assert (await asking.why("t", **asked, returning=False)).allowed


async def test_a_write_that_reads_what_she_can_not_see_is_told_so(asking: Asking) -> None:
    asking.run(f"{SOFT} update s.t set gone = '2026-01-02 00:00:00+00'")
    sentence = await asking.sentence("t", command=Command.UPDATE, changes={"n": 7})
    assert sentence == (
        "the update does nothing for ada@example.com, without an error: the update reads the row,"
        ' so the policies for SELECT are asked too: policy "s" is false:'
        " gone is 2026-01-02 00:00:00+00, not null"
    )


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


FAILS = "the statement fails for ada@example.com: "


@pytest.mark.parametrize(
    ("policy", "words", "grant"),
    [
        (
            "s.shut()",
            'policy "p" raises permission denied for function shut',
            'grant execute on function s.shut() to "authenticated";',
        ),
        (
            "id in (select id from s.closed)",
            'policy "p" raises permission denied for table closed',
            'grant select on s.closed to "authenticated";',
        ),
    ],
)
async def test_the_policy_that_lacks_a_privilege_is_named(
    asking: Asking, policy: str, words: str, grant: str
) -> None:
    asking.run(
        f"""{PLAIN}
        create function s.shut() returns boolean language sql stable as 'select true';
        revoke execute on function s.shut() from public;
        create table s.closed (id int); insert into s.closed values (1);
        create policy p on s.t to authenticated using ({policy})"""
    )
    decision = await asking.why("t")
    assert (decision.effect, decision.sentence) == ("denied", f"{FAILS}{words}")
    (remedy,) = decision.remedies
    assert remedy.sql == grant
    asking.run(remedy.sql)
    assert (await asking.why("t")).allowed


async def test_the_policy_that_reads_a_sub_which_is_no_uuid_is_named(asking: Asking) -> None:
    asking.run(f"{PLAIN} create policy p on s.t to authenticated using (owner = auth.uid())")
    persona = replace(ADA, claims_json=json.dumps({"sub": "x-1", "role": "authenticated"}))
    decision = await asking.why("t", persona)
    assert decision.effect == "denied"
    assert (
        'policy "p" raises invalid input syntax for type uuid: "x-1":'
        " what is compared is not of the type, as a sub that is no uuid"
    ) in decision.sentence


async def test_a_default_that_lacks_a_privilege_is_no_policy_of_its_table(asking: Asking) -> None:
    asking.run(
        f"""{PLAIN}
        create function s.shut() returns text language sql stable as $$select 'x'$$;
        revoke execute on function s.shut() from public;
        alter table s.t alter vis set default s.shut(); alter table s.t disable row level security
        """
    )
    asked: dict[str, Any] = {"command": Command.INSERT, "row": {"id": 5}}
    decision = await asking.why("t", **asked)
    assert decision.sentence == (
        f"{FAILS}the default of vis raises permission denied for function shut"
    )
    (remedy,) = decision.remedies
    asking.run(remedy.sql)
    assert (await asking.why("t", **asked)).allowed


async def test_what_can_not_be_told_from_here_is_not_said_to_fail(asking: Asking) -> None:
    asking.run(f"{PLAIN} create policy p on s.t using (n > 0 and tableoid = 's.t'::regclass);")
    decision = await asking.why("t")
    assert "raises" not in decision.sentence
