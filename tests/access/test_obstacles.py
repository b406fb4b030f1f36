"""What stops a command that access allows is said, as the server would say it."""

from __future__ import annotations

from console.access.rules import Command
from tests.access.conftest import Sides
from tests.access.test_doubts import asked, really, told


async def test_a_row_that_others_reference_is_not_deleted(bare: Sides) -> None:
    bare.admin.execute(
        """
        create table t (id int primary key);
        create table child (id int primary key, parent int references t);
        create table heir (id int primary key, parent int references t on delete cascade);
        grant all on t to authenticated;
        insert into t values (1), (2);
        insert into child values (1, 1);
        insert into heir values (1, 2);
        """
    )
    assert "violates foreign key constraint" in really(bare, "delete from t where id = 1")
    decision = await asked(bare, Command.DELETE)
    assert [obstacle.sqlstate for obstacle in decision.obstacles] == ["23503"]
    assert decision.sentence.endswith(
        "; but the foreign key child_parent_fkey stops it: a row in child references it"
    )
    assert really(bare, "delete from t where id = 2") == "1"
    assert (await asked(bare, Command.DELETE, key="2")).obstacles == ()


async def test_a_number_that_must_not_be_given_is_refused_by_the_server(bare: Sides) -> None:
    bare.admin.execute(
        """
        create table t (id int generated always as identity primary key, n int);
        grant all on t to authenticated;
        insert into t (n) values (1);
        """
    )
    raised = really(bare, "insert into t values (9, 1)")
    assert raised == 'cannot insert a non-DEFAULT value into column "id"'
    decision = await asked(bare, Command.INSERT, row={"id": 9, "n": 1})
    told(decision, "denied")
    assert "428C9" in decision.sentence
    told(await asked(bare, Command.UPDATE, changes={"id": 9}), "denied")
    told(await asked(bare, Command.UPDATE, changes={"n": 9}), "allowed")
    told(await asked(bare, Command.INSERT, row={"n": 9}), "allowed")
