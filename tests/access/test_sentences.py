"""The sentence names the true cause, whatever form a policy has, and a remedy's SQL helps."""

from __future__ import annotations

import json
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
