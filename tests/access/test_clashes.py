"""A row that no index or partition takes is foreseen, as the server would refuse it."""

from __future__ import annotations

import pytest

from console.access.doubt import Reason
from console.access.rules import Command
from tests.access.conftest import Sides
from tests.access.test_doubts import asked, really

_TABLE = """
create table t (id int primary key, email text, n int, span int4range, shut boolean default false);
grant all on t to authenticated;
insert into t values (1, 'Ada@example.com', 5, '[1,5)'), (2, 'bert@example.com', null, '[7,9)');
"""

_INDEXES = {
    "unique expression": "create unique index x on t (lower(email))",
    "part of a table": "create unique index x on t (n) where not shut",
    "nulls alike": "create unique index x on t (n) nulls not distinct",
    "expression and column": "create unique index x on t ((n + 0), lower(email))",
    "exclusion": "alter table t add constraint x exclude using gist (span with &&)",
    "exclusion of some": "alter table t add constraint x exclude using gist (span with &&)"
    " where (not shut)",
    "without overlaps": "create extension btree_gist;"
    " alter table t add constraint x unique (n, span without overlaps)",
    "other case": "create extension citext; alter table t alter email type citext;"
    " create unique index x on t (email)",
}

_ROWS: list[dict[str, object]] = [
    {"id": 3, "email": "ADA@example.com", "n": 5, "span": "[4,6)"},
    {"id": 3, "email": "ADA@example.com", "n": 5, "span": "[4,6)", "shut": True},
    {"id": 3, "email": "eve@example.com", "n": 6, "span": "[5,7)"},
    {"id": 3, "email": None, "n": None, "span": None},
]

_CHANGES: list[dict[str, object]] = [
    {"email": "ADA@example.com", "span": "[2,4)"},
    {"email": "BERT@example.com", "span": "[2,8)"},
    {"n": None},
    {"shut": True},
]


def _literal(value: object) -> str:
    return "null" if value is None else f"'{value}'"


@pytest.mark.parametrize("kind", _INDEXES)
async def test_what_an_index_refuses_is_foreseen(bare: Sides, kind: str) -> None:
    bare.admin.execute((_TABLE + _INDEXES[kind]).encode())
    refused = 0
    for row in _ROWS:
        values = ", ".join(map(_literal, row.values()))
        raised = really(bare, f"insert into t ({', '.join(row)}) values ({values})")
        decision = await asked(bare, Command.INSERT, row=row)
        assert decision.certain, decision.sentence
        assert bool(decision.obstacles) is (raised != "1"), (raised, decision.sentence)
        refused += raised != "1"
    for changes in _CHANGES:
        pairs = ", ".join(f"{name} = {_literal(value)}" for name, value in changes.items())
        raised = really(bare, f"update t set {pairs} where id = 1")
        decision = await asked(bare, Command.UPDATE, changes=changes)
        assert decision.certain, decision.sentence
        assert bool(decision.obstacles) is (raised != "1"), (raised, decision.sentence)
        refused += raised != "1"
    assert refused


async def test_the_words_name_what_is_alike(bare: Sides) -> None:
    bare.admin.execute(
        (
            _TABLE
            + _INDEXES["unique expression"]
            + ";"
            + _INDEXES["exclusion"].replace(" x ", " y ")
        ).encode()
    )
    row: dict[str, object] = {"id": 3, "email": "ADA@example.com", "span": "[4,6)"}
    decision = await asked(bare, Command.INSERT, row=row)
    assert [obstacle.sqlstate for obstacle in decision.obstacles] == ["23505", "23P01"]
    assert "x holds another row with the same lower(email)" in decision.sentence
    assert "y holds another row that conflicts by span" in decision.sentence


async def test_an_index_that_calls_a_function_of_anybodys_leaves_it_open(bare: Sides) -> None:
    bare.admin.execute(
        (
            _TABLE
            + """
            create function f(text) returns text language sql immutable as 'select lower($1)';
            create unique index x on t (f(email))
            """
        ).encode()
    )
    decision = await asked(bare, Command.INSERT, row={"id": 3, "email": "ADA@example.com"})
    assert not decision.certain
    assert decision.doubt is not None
    assert decision.doubt.reason is Reason.PRIVILEGE
    assert "it can't be told whether public.x holds another such row" in decision.sentence
    # Where nothing it asks for changes, there is nothing to tell.
    assert (await asked(bare, Command.UPDATE, changes={"n": 9})).certain


_PARTS = """
create table t (id int not null, n int, x text) partition by list (n);
create table one partition of t for values in (1) partition by range (id);
create table low partition of one for values from (0) to (10);
create table two partition of t for values in (2);
create table spread (id int) partition by hash (id);
create table spread_0 partition of spread for values with (modulus 2, remainder 0);
create table empty (id int, n int) partition by list (n);
grant all on all tables in schema public to authenticated;
insert into t values (1, 1, 'a');
"""


async def test_a_row_that_no_partition_takes_is_foreseen(bare: Sides) -> None:
    bare.admin.execute(_PARTS)
    rows: list[tuple[str, dict[str, object]]] = [
        ("t", {"id": 1, "n": 1}),
        ("t", {"id": 11, "n": 1}),
        ("t", {"id": 11, "n": 2}),
        ("t", {"id": 11, "n": 3}),
        ("t", {"id": 11, "n": None}),
        ("one", {"id": 1, "n": 1}),
        ("one", {"id": 1, "n": 2}),
        ("two", {"id": 1, "n": 2}),
        ("two", {"id": 1, "n": 1}),
        ("empty", {"id": 1, "n": 1}),
    ]
    rows += [("spread", {"id": n}) for n in range(6)]
    for table, row in rows:
        values = ", ".join(map(_literal, row.values()))
        raised = really(bare, f"insert into {table} ({', '.join(row)}) values ({values})")
        decision = await asked(bare, Command.INSERT, table=table, row=row)
        assert decision.certain
        states = [obstacle.sqlstate for obstacle in decision.obstacles]
        assert states == ([] if raised == "1" else ["23514"]), (raised, decision.sentence)
    decision = await asked(bare, Command.UPDATE, changes={"n": 3})
    assert "no partition of t takes this row" in decision.sentence
    assert (await asked(bare, Command.UPDATE, changes={"n": 2})).obstacles == ()
    bare.admin.execute("create table rest partition of t default")
    assert (await asked(bare, Command.UPDATE, changes={"n": 3})).obstacles == ()


async def test_a_trigger_that_may_still_refuse_is_noted(bare: Sides) -> None:
    bare.admin.execute(
        (
            _TABLE
            + """
            create function f() returns trigger language plpgsql as
              'begin raise exception ''no''; end';
            create trigger late after insert or update of n on t for each row execute function f();
            create trigger early before delete on t execute function f();
            """
        ).encode()
    )
    note = 'trigger "late" fires besides, and may still refuse it'
    assert note in (await asked(bare, Command.INSERT, row={"id": 3})).notes
    assert note in (await asked(bare, Command.UPDATE, changes={"n": 3})).notes
    assert note not in (await asked(bare, Command.UPDATE, changes={"email": "x"})).notes
    assert (await asked(bare, Command.DELETE)).notes == (
        'trigger "early" fires besides, and may still refuse it',
    )
    assert (await asked(bare)).notes == ()


async def test_of_a_partition_the_triggers_it_has_from_above_are_noted_too(bare: Sides) -> None:
    bare.admin.execute(
        _PARTS
        + """
        create function f() returns trigger language plpgsql as 'begin return null; end';
        create trigger late after insert on t for each row execute function f();
        create trigger once after insert on t execute function f();
        create trigger below after insert on two execute function f();
        create table other (id int primary key);
        insert into other values (1);
        alter table t add foreign key (id) references other;
        """
    )
    notes = (await asked(bare, Command.INSERT, table="two", row={"id": 1, "n": 2})).notes
    assert [note.split('"')[1] for note in notes] == ["below", "late"]
    notes = (await asked(bare, Command.INSERT, table="t", row={"id": 1, "n": 2})).notes
    assert [note.split('"')[1] for note in notes] == ["late", "once"]
