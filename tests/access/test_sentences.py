"""The sentence names the true cause, whatever form a policy has, and a remedy's SQL helps."""

from __future__ import annotations

import json
from typing import Any

import pytest

from console.access.answer import Decision
from console.access.decision import why
from console.access.persona import Persona, of_user
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
