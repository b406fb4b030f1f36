"""Parts of policies that lack a privilege: left out of the plan, or asked as it runs."""

from __future__ import annotations

import pytest

from console.access.doubt import Reason
from console.access.rules import Command
from tests.access.conftest import Sides
from tests.access.test_doubts import asked, really

FOLDED = """
create table t (id int primary key, n int);
insert into t values (1, 1);
create table shut (n int);
create function peeps() returns boolean language plpgsql stable as
  'begin return exists (select from shut); end';
grant all on t to authenticated;
alter table t enable row level security;
create policy p on t using ({condition});
"""


@pytest.mark.parametrize(
    ("condition", "certain"),
    [("n in (select n from shut) and false", True), ("peeps() and n > 1", False)],
    ids=["left out of the plan", "asked as it runs"],
)
async def test_what_the_plan_leaves_out_for_lack_of_a_privilege_breaks_nothing(
    bare: Sides, condition: str, certain: bool
) -> None:
    bare.admin.execute(FOLDED.format(condition=condition).encode())
    for command in (Command.UPDATE, Command.DELETE):
        changes: dict[str, object] | None = {"n": 2} if command is Command.UPDATE else None
        decision = await asked(bare, command, changes=changes)
        assert decision.allowed is False
        assert decision.certain is certain
        if certain:
            assert decision.effect == "hidden"
            assert "or it fails" not in decision.sentence
            statement = "update t set n = 2" if changes else "delete from t"
            assert really(bare, f"{statement} where id = 1") == "0"
        else:
            assert decision.doubt is not None
            assert decision.doubt.reason is Reason.ORDER
