"""What can't be told is said to be so, and no word is put into the server's mouth."""

from __future__ import annotations

import psycopg
import pytest

from console.access.answer import Decision
from console.access.decision import why
from console.access.doubt import Reason
from console.access.matrix import matrix
from console.access.persona import of_user
from console.access.rules import Command
from tests.access.asking import hasty
from tests.access.conftest import Sides

ADA = of_user("00000000-0000-4000-8000-0000000000ad", email="ada@example.com")


async def asked(
    sides: Sides,
    command: Command = Command.SELECT,
    *,
    table: str = "t",
    row: dict[str, object] | None = None,
    changes: dict[str, object] | None = None,
    key: str = "1",
    returning: bool = True,
) -> Decision:
    insert = command is Command.INSERT
    return await why(
        sides.login,
        sides.acting,
        ADA,
        await sides.relation(table),
        command=command,
        key=None if insert else {"id": key},
        row=(row or {}) if insert else None,
        changes=changes,
        returning=returning,
    )


def really(sides: Sides, statement: str) -> str:
    """Does it as ada, and undoes it; tells how many rows it met, or what was raised."""
    with sides.admin.transaction(force_rollback=True):
        sides.admin.execute(
            "select set_config('request.jwt.claims', %s, true), set_config('role', %s, true)",
            (ADA.claims_json, ADA.role),
        )
        try:
            with sides.admin.transaction():
                return str(sides.admin.execute(statement.encode()).rowcount)
        except psycopg.Error as error:
            return error.diag.message_primary or ""


def untold(decision: Decision, reason: Reason, words: str) -> None:
    """Asserts that neither the answer nor the server's word pretends to know."""
    assert (decision.allowed, decision.effect, decision.certain) == (None, "unknown", False)
    assert decision.doubt is not None
    assert decision.doubt.reason is reason
    assert words in decision.sentence
    assert words in decision.notes[0]
    assert (decision.ground_truth.allowed, decision.ground_truth.agrees) == (None, None)


def told(decision: Decision, effect: str) -> None:
    assert (decision.effect, decision.certain) == (effect, True), decision.sentence
    assert decision.ground_truth.agrees is True


SERIAL = """
    create table t (id serial primary key, n int);
    alter table t enable row level security;
    grant all on t to authenticated;
    create policy p on t using (n > 0);
"""


async def test_a_sequence_that_may_not_be_used_refuses_the_row(bare: Sides) -> None:
    bare.admin.execute("alter default privileges revoke all on sequences from authenticated")
    bare.admin.execute(SERIAL + "revoke all on sequence t_id_seq from authenticated, public")
    raised = really(bare, "insert into t (n) values (2)")
    assert raised == "permission denied for sequence t_id_seq"
    decision = await asked(bare, Command.INSERT, row={"n": 2})
    told(decision, "denied")
    assert decision.sentence.startswith(
        f"the statement fails for ada@example.com: the default of id raises {raised}"
    )
    (remedy,) = decision.remedies
    assert remedy.sql == 'grant usage on sequence public.t_id_seq to "authenticated";'
    bare.admin.execute(remedy.sql.encode())
    assert really(bare, "insert into t (n) values (2)") == "1"
    told(await asked(bare, Command.INSERT, row={"n": 2}), "allowed")
    taken = bare.admin.execute("select is_called from t_id_seq").fetchone()
    assert taken == (True,)  # by what was done really, above
    # Who brings the number asks for none.
    bare.admin.execute("revoke all on sequence t_id_seq from authenticated")
    told(await asked(bare, Command.INSERT, row={"id": 9, "n": 2}), "allowed")


async def test_no_number_is_taken_for_an_answer(bare: Sides) -> None:
    bare.admin.execute(SERIAL + "grant usage on sequence t_id_seq to authenticated")
    told(await asked(bare, Command.INSERT, row={"n": 2}), "allowed")
    assert bare.admin.execute("select is_called from t_id_seq").fetchone() == (False,)


async def test_an_identity_needs_no_privilege_on_its_sequence(bare: Sides) -> None:
    bare.admin.execute(
        SERIAL.replace("serial", "int generated always as identity")
        + "revoke all on sequence t_id_seq from authenticated, public"
    )
    assert really(bare, "insert into t (n) values (2)") == "1"
    told(await asked(bare, Command.INSERT, row={"n": 2}), "allowed")


async def test_a_policy_that_asks_for_a_number_to_come_can_not_be_told(bare: Sides) -> None:
    bare.admin.execute(
        SERIAL.replace("n > 0", "n > 0 and t.id % 2 = 0")
        + "grant usage on sequence t_id_seq to authenticated"
    )
    untold(
        await asked(bare, Command.INSERT, row={"n": 2}),
        Reason.VALUE,
        "the value of id comes only when the row is written",
    )
    told(await asked(bare, Command.INSERT, row={"n": 0}), "denied")  # whatever the number
    told(await asked(bare, Command.INSERT, row={"id": 4, "n": 2}), "allowed")


TRIGGER = """
    create table t (id int primary key, owner uuid, at timestamptz, n int default 1);
    alter table t enable row level security;
    grant all on t to authenticated;
    create policy p on t using (owner = auth.uid());
    create function f() returns trigger language plpgsql as $$ BODY $$;
    create trigger tr before EVENTS on t for each row execute function f();
    insert into t values (1, null, null), (2, null, null);
    update t set owner = '00000000-0000-4000-8000-0000000000ad' where id = 2;
"""


def made(sides: Sides, body: str, events: str = "insert or update") -> None:
    sides.admin.execute("set session_replication_role = replica")
    sides.admin.execute(TRIGGER.replace("BODY", body).replace("EVENTS", events).encode())
    sides.admin.execute("set session_replication_role = origin")


async def test_a_trigger_that_sets_what_a_policy_asks_for_leaves_it_untold(bare: Sides) -> None:
    made(bare, "begin new.owner := auth.uid(); return new; end")
    assert really(bare, "insert into t (id) values (5)") == "1"
    words = 'trigger "tr" sets owner before it is checked'
    untold(await asked(bare, Command.INSERT, row={"id": 5}), Reason.TRIGGER, words)
    # The stored row is asked before any trigger fires.
    told(await asked(bare, Command.UPDATE, changes={"n": 2}), "hidden")


@pytest.mark.parametrize(
    "body",
    [
        "begin new.at := now(); return new; end;",
        "BEGIN\n  -- stamped\n  NEW.at = timezone('utc', now());\n  RETURN NEW;\nEND",
        "begin return jsonb_populate_record(new, jsonb_build_object(coalesce(tg_argv[0], 'at'),"
        " now())); end",
        "begin new.n := coalesce(new.n, 0) + 1; new.at := clock_timestamp(); return new; end",
        "begin new.at := now(); new.n := random_normal(5, 0); return new; end",
    ],
)
async def test_a_trigger_that_sets_what_no_policy_asks_for_is_no_hindrance(
    bare: Sides, body: str
) -> None:
    made(bare, body)
    assert really(bare, "update t set n = 3 where id = 2") == "1"
    decision = await asked(bare, Command.UPDATE, key="2", changes={"n": 3})
    told(decision, "allowed")
    assert any('trigger "tr" sets at' in n or "sets at, n" in n for n in decision.notes)


@pytest.mark.parametrize(
    "body",
    [
        "begin return null; end",
        "begin raise exception 'no'; end",
        "begin if new.id > 0 then return null; end if; return new; end",
        "begin perform set_config('request.jwt.claims', '{}', true); return new; end",
        "begin new.n := set_config('request.jwt.claims', '{}', true); return new; end",
        "declare x int; begin new.n := 1; return new; end",
        "begin new := old; return new; end",
    ],
)
async def test_of_any_other_trigger_nothing_is_known(bare: Sides, body: str) -> None:
    made(bare, body)
    words = 'trigger "tr" may change the row, leave it out or refuse it before it is checked'
    untold(await asked(bare, Command.UPDATE, key="2", changes={"n": 3}), Reason.TRIGGER, words)
    told(await asked(bare, Command.SELECT, key="2"), "visible")
    told(await asked(bare, Command.DELETE, key="2"), "allowed")


async def test_a_trigger_that_keeps_a_row_from_being_deleted_leaves_it_untold(
    bare: Sides,
) -> None:
    made(bare, "begin return null; end", "delete")
    assert really(bare, "delete from t where id = 2") == "0"
    words = 'trigger "tr" may change the row, leave it out or refuse it'
    untold(await asked(bare, Command.DELETE, key="2"), Reason.TRIGGER, words)
    told(await asked(bare, Command.DELETE, key="1"), "hidden")
    bare.admin.execute("alter table t disable row level security")
    untold(await asked(bare, Command.DELETE, key="1"), Reason.TRIGGER, words)


async def test_a_trigger_fires_only_for_its_columns(bare: Sides) -> None:
    made(bare, "begin return null; end", "update of at")
    told(await asked(bare, Command.UPDATE, key="2", changes={"n": 3}), "allowed")
    assert (await asked(bare, Command.UPDATE, key="2", changes={"at": None})).allowed is None


SLOW = """
    create table t (id int primary key, n int);
    alter table t enable row level security;
    grant all on t to authenticated;
    create policy p on t using (n = 2 or pg_sleep(9) is not null);
    insert into t values (1, 1), (2, 2);
"""


async def test_a_policy_that_takes_too_long_is_neither_true_nor_false(
    bare: Sides, monkeypatch: pytest.MonkeyPatch
) -> None:
    bare.admin.execute(SLOW)
    hasty(bare, monkeypatch)
    words = "it ran longer than the 5 s given to a preview"
    untold(await asked(bare), Reason.UNANSWERED, words)
    untold(await asked(bare, Command.DELETE), Reason.UNANSWERED, words)
    untold(await asked(bare, Command.INSERT, row={"id": 3, "n": 3}), Reason.UNANSWERED, words)
    # What the slow part does not decide is told as ever.
    told(await asked(bare, key="2"), "visible")
    told(await asked(bare, Command.INSERT, row={"id": 3, "n": 2}), "allowed")


async def test_a_default_that_takes_too_long_is_no_refusal(
    bare: Sides, monkeypatch: pytest.MonkeyPatch
) -> None:
    bare.admin.execute(
        """
        create function slow() returns int language sql as 'select 1 from pg_sleep(9)';
        create table t (id int primary key, n int default slow(), txt text);
        alter table t enable row level security;
        grant all on t to authenticated;
        create policy p on t using (n > 0 or txt = 'x');
        """
    )
    hasty(bare, monkeypatch)
    words = "the default of n can't be asked: it ran longer than the 5 s given to a preview"
    untold(await asked(bare, Command.INSERT, row={"id": 3}), Reason.UNANSWERED, words)
    told(await asked(bare, Command.INSERT, row={"id": 3, "txt": "x"}), "allowed")


async def test_a_count_that_takes_too_long_is_said_to_be_untold(bare: Sides) -> None:
    bare.admin.execute(SLOW)
    found = await matrix(bare.login, bare.acting, [ADA], patience=0.3, quick=0.1)
    cell = found.cell("public.t", ADA.label, Command.SELECT)
    assert (cell.state, cell.counted, cell.visible) == ("error", False, None)
    assert cell.message == "it can't be told: to count took longer than 0.3 s"


async def test_a_policy_that_writes_can_not_be_asked(bare: Sides) -> None:
    bare.admin.execute(
        """
        create table t (id int primary key);
        create table seen (id int);
        alter table t enable row level security;
        grant all on t, seen to authenticated;
        create function note(int) returns boolean language sql as
          'insert into seen values ($1) returning true';
        create policy p on t using (note(id));
        insert into t values (1);
        """
    )
    assert really(bare, "select 1 from t where id = 1") == "1"
    untold(await asked(bare), Reason.WRITES, "it writes, which a preview must not")


VIEWS = """
    create table base (id int primary key, owner uuid, st text default 'draft');
    alter table base enable row level security;
    create policy s on base for select using (st <> 'archived');
    create policy d on base for delete using (st = 'live');
    create policy i on base for insert with check (st = 'draft');
    create policy u on base for update using (true);
    insert into base values (1, null, 'draft'), (2, null, 'archived'), (3, null, 'live');
    create view t with (security_invoker = true) as select * from base;
    create view summed as select st, min(id) as id from base group by st;
    create view owned as select * from base;
    grant all on base, t, summed, owned to authenticated;
"""


@pytest.mark.parametrize("view", ["t", "owned"])
async def test_a_write_through_a_view_can_not_be_told(bare: Sides, view: str) -> None:
    bare.admin.execute(VIEWS)
    words = f"{view} is a view: what its own tables let through is asked as"
    row: dict[str, object] = {"id": 60, "st": "archived"}
    for decision in (
        await asked(bare, Command.DELETE, table=view),
        await asked(bare, Command.INSERT, table=view, row=row),
        await asked(bare, Command.UPDATE, table=view, changes={"st": "live"}),
    ):
        untold(decision, Reason.VIEW, words)


async def test_what_the_server_itself_says_of_a_view_is_certain(bare: Sides) -> None:
    bare.admin.execute(VIEWS)
    told(await asked(bare, table="t", key="1"), "visible")
    told(await asked(bare, table="t", key="2"), "hidden")
    raised = really(bare, "delete from summed where id = 1")
    assert raised == 'cannot delete from view "summed"'
    decision = await asked(bare, Command.DELETE, table="summed")
    told(decision, "denied")
    assert "55000" in decision.sentence
    bare.admin.execute("revoke delete on t from authenticated")
    told(await asked(bare, Command.DELETE, table="t"), "denied")


async def test_a_command_a_rule_rewrites_can_not_be_told(bare: Sides) -> None:
    bare.admin.execute(VIEWS + "create rule r as on delete to base do instead nothing")
    assert really(bare, "delete from base where id = 3") == "0"
    words = "a rule on base makes something else of DELETE"
    decision = await asked(bare, Command.DELETE, table="base", key="3", returning=False)
    untold(decision, Reason.RULE, words)
    told(await asked(bare, Command.SELECT, table="base"), "visible")


async def test_a_read_that_fails_is_told_in_the_words_of_a_read(bare: Sides) -> None:
    bare.admin.execute(
        """
        create schema shut;
        create function f() returns boolean language plpgsql as
          'begin perform shut.g(); return true; end';
        create table t (id int primary key);
        alter table t enable row level security;
        grant all on t to authenticated;
        create policy p on t using (f());
        insert into t values (1);
        """
    )
    raised = really(bare, "select 1 from t where id = 1")
    assert raised == "permission denied for schema shut"
    decision = await asked(bare)
    told(decision, "denied")
    assert decision.sentence == (
        f"the statement fails for ada@example.com: {raised}: so the server itself says"
    )


async def test_a_policy_that_asks_who_logged_in_can_not_be_told_by_another_login(
    bare: Sides,
) -> None:
    bare.admin.execute(
        """
        create table t (id int primary key, who text, n int);
        alter table t enable row level security;
        grant all on t to authenticated;
        create policy p on t using (n > 0 and who = session_user or n = 5);
        insert into t values (1, 'postgres', 1), (2, 'authenticator', 1), (3, 'postgres', 0),
          (5, 'postgres', 5);
        """
    )
    words = "it asks for session_user, which is postgres here and not the API's authenticator"
    untold(await asked(bare, key="1"), Reason.SESSION_USER, words)
    untold(await asked(bare, key="2"), Reason.SESSION_USER, words)
    untold(await asked(bare, Command.DELETE, key="1"), Reason.SESSION_USER, words)
    told(await asked(bare, key="3"), "hidden")
    told(await asked(bare, key="5"), "visible")
