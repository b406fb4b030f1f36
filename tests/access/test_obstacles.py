"""What stops a command that access allows is said, as the server would say it."""

from __future__ import annotations

from dataclasses import replace

from console.access.impersonation import preview
from console.access.rules import Command
from console.connection.profile import Profile
from tests.access.conftest import Admin, Connect, Sides
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


async def test_a_row_that_only_references_itself_is_deleted(bare: Sides) -> None:
    bare.admin.execute(
        """
        create table t (id int primary key, parent int references t);
        grant all on t to authenticated;
        insert into t values (1, 1), (2, 2), (3, 2);
        """
    )
    assert really(bare, "delete from t where id = 1") == "1"
    assert (await asked(bare, Command.DELETE)).obstacles == ()
    assert "violates foreign key constraint" in really(bare, "delete from t where id = 2")
    (obstacle,) = (await asked(bare, Command.DELETE, key="2")).obstacles
    assert obstacle.sqlstate == "23503"


async def test_what_policies_of_another_table_hide_from_the_login_is_not_told(
    plain_db: Profile, connect: Connect, admin: Admin
) -> None:
    admin(plain_db).execute(
        """
        create role bound_login login; grant authenticated to bound_login;
        create table t (id int primary key);
        create table child (id int primary key, parent int references t);
        grant all on t, child to authenticated, bound_login;
        insert into t values (1); insert into child values (1, 1);
        alter table child enable row level security;
        create policy p on child using (true);
        """
    )
    try:
        bound = replace(plain_db, parameters={**plain_db.parameters, "user": "bound_login"})
        async with connect(bound) as login, preview(login) as acting:
            decision = await asked(Sides(login, acting, admin(plain_db)), Command.DELETE)
        (obstacle,) = decision.obstacles
        assert obstacle.doubt is not None
        assert not decision.certain
        assert "whether a row in child references it" in decision.sentence
    finally:
        admin(plain_db).execute("drop owned by bound_login; drop role bound_login")
