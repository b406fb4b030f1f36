"""Walks by key: every row once, in order, whatever the key, while rows come and go."""

from __future__ import annotations

import random
from collections import Counter
from dataclasses import dataclass

import psycopg
import pytest
from psycopg import sql

from console.browse.keyset import KeysetSource
from console.browse.page import Order, Row
from console.browse.position import After, At, Before, First, RowNumber
from console.browse.source import PageSource, open_source
from console.catalog.relations import find_relation
from console.connection.profile import Profile
from console.errors import NotFound
from tests.browse.walk import Admin, Connect, backwards, forwards

ROWS = 8_000
MANY = 1_000_000

TABLE = """
create table t (
  label int not null, id int not null, u uuid not null, "mIxed Case" text not null,
  "Größe" text not null, a int not null, "B" numeric not null, at timestamptz not null,
  dup int, nul text, f float8, empty int, flag boolean
)
"""

# The same for a label wherever it is computed; label / 3 repeats, so most sorted columns do.
VALUES = """
select g, g * 7, md5(g::text)::uuid,
  case g % 4 when 0 then 'a' when 1 then 'A' when 2 then 'ä' else '_b ' end || md5('k' || g),
  'é' || g, g % 97, (g / 97)::numeric / 8,
  timestamptz '2020-01-01' + (g / 5) * interval '1 second',
  g % 11, case when g % 3 > 0 then 'v ' || g % 50 end,
  case g % 6 when 0 then 'NaN' when 1 then '-infinity' when 2 then null when 3 then '-0'
    when 4 then 0 else g / 3.0 end::float8,
  null, case when g % 5 > 0 then g % 2 = 0 end
from generate_series({}, {}) g
"""


@dataclass(frozen=True)
class Case:
    """A key and an order to walk by.

    Attributes:
        extra: A statement that is run as well.
        index: What an index that serves the order is over; only the large table has it.
    """

    key: str
    order: tuple[Order, ...] = ()
    extra: str = ""
    index: str = ""


def desc(column: str) -> Order:
    return Order(column, descending=True)


CASES = {
    "integers": Case("primary key (id)"),
    "uuids": Case("primary key (u)"),
    "mixed case": Case('primary key ("mIxed Case")'),
    "other letters": Case('unique ("Größe")'),
    "composite": Case('primary key (a, "B", label)'),
    "descending index": Case(
        "", extra='create unique index on t (a desc, "B", id desc nulls last)'
    ),
    "duplicates": Case("primary key (u)", (Order("dup"),), "create index on t (dup)", "dup, u"),
    "nulls": Case("primary key (id)", (Order("nul"),), index="nul, id"),
    "nulls, descending": Case("primary key (id)", (desc("nul"),), "create index on t (nul, id)"),
    "nothing but nulls": Case("primary key (u)", (Order("empty"),), index="empty, u"),
    "floats": Case("primary key (id)", (Order("f"),), index="f, id"),
    "floats, descending": Case("primary key (id)", (desc("f"),), index="f, id"),
    "three columns, both ways": Case(
        'primary key ("mIxed Case")',
        (Order("dup"), desc("nul"), Order("flag")),
        index='dup, nul desc, flag, "mIxed Case"',
    ),
    "times": Case("primary key (u)", (desc("at"),), "create index on t (at)"),
}


def make(database: psycopg.Connection, case: Case, rows: int) -> None:
    database.execute(TABLE)
    insert(database, 1, rows)
    if case.key:
        database.execute(f"alter table t add {case.key}".encode())
    database.execute(case.extra.encode() or b"select 1")
    database.execute("analyze t")


def insert(database: psycopg.Connection, first: int, last: int) -> None:
    values = sql.SQL(VALUES).format(sql.Literal(first), sql.Literal(last))
    database.execute(sql.SQL("insert into t ") + values)


class Traffic:
    """Somebody who deletes rows, and inserts others, between any two pages."""

    def __init__(self, database: psycopg.Connection, rows: int, every: int) -> None:
        self.database = database
        self.initial = rows
        self.next = rows + 1
        self.deleted: set[int] = set()
        self.every = every
        self.random = random.Random(rows)

    def __call__(self, page: int) -> None:
        if page % self.every:
            return
        chosen = [self.random.randrange(1, self.next) for _ in range(20)]
        self.deleted.update(chosen)
        with self.database.transaction():
            self.database.execute("delete from t where label = any(%s)", [chosen])
            insert(self.database, self.next, self.next + 19)
        self.next += 20

    def check(self, rows: list[Row]) -> None:
        seen = Counter(int(row[0] or 0) for row in rows)
        assert [label for label, times in seen.items() if times > 1] == [], "met twice"
        missed = set(range(1, self.initial + 1)) - self.deleted - set(seen)
        assert missed == set(), "not met"
        assert len(self.deleted) > 100


async def walk(
    case: Case, rows: int, limit: int, profile: Profile, admin: Admin, connect: Connect
) -> None:
    database = admin(profile)
    make(database, case, rows)
    if case.index and rows > ROWS:
        database.execute(f"create index on t ({case.index})".encode())
    database.execute("create index on t (label)")
    every = max(1, rows // limit // 25)
    async with connect(profile) as session:
        relation = await find_relation(session, "t")
        source = await open_source(session, relation, columns=["label"], order=case.order)
        assert isinstance(source, KeysetSource)
        still = [int(row[0] or 0) for row in await forwards(source, limit=limit)]
        assert still == expected(database, source)
        back = [int(row[0] or 0) for row in await backwards(source, limit=limit)]
        assert back == still
        traffic = Traffic(database, rows, every)
        traffic.check(await forwards(source, limit=limit, each=traffic))
        traffic.check(await backwards(source, limit=limit, each=traffic))


def expected(database: psycopg.Connection, source: PageSource) -> list[int]:
    """The labels as the server itself sorts them."""
    return [row[0] for row in database.execute(source.statement.as_string(None).encode())]


@pytest.mark.parametrize("name", CASES)
async def test_every_row_is_met_once(
    name: str, empty_db: Profile, admin: Admin, connect: Connect
) -> None:
    await walk(CASES[name], ROWS, 200, empty_db, admin, connect)


@pytest.mark.slow
@pytest.mark.parametrize("name", CASES)
async def test_every_row_of_a_million_is_met_once(
    name: str, empty_db: Profile, admin: Admin, connect: Connect, scale: float
) -> None:
    await walk(CASES[name], int(MANY * scale), 2000, empty_db, admin, connect)


async def test_a_page_can_begin_anywhere_and_says_what_surrounds_it(
    empty_db: Profile, admin: Admin, connect: Connect
) -> None:
    database = admin(empty_db)
    make(database, CASES["integers"], 1000)
    async with connect(empty_db) as session:
        relation = await find_relation(session, "t")
        source = await open_source(session, relation, columns=["id"])
        page = await source.fetch(First(), 10)
        assert (page.before, page.more) == (False, True)
        assert page.places[9] == ("70",)
        assert (await source.fetch(After(("70",)), 1)).rows == (("77",),)
        assert (await source.fetch(At(("70",)), 1)).rows == (("70",),)
        before = await source.fetch(Before(("70",)), 3)
        assert before.rows == (("49",), ("56",), ("63",))
        assert (before.before, before.more) == (True, True)
        begin = await source.fetch(Before(("70",)), 200)
        assert len(begin.rows) == 9
        assert not begin.before
        assert (await source.fetch(RowNumber(500), 1)).rows == (("3507",),)
        database.execute("delete from t where id = 70")
        assert (await source.fetch(At(("70",)), 1)).rows == (("77",),), "its row is gone"
        assert (await source.fetch(After(("7000",)))).rows == ()
        with pytest.raises(NotFound):
            await source.fetch(After(("1", "2")))


async def test_a_filter_and_hidden_columns_change_nothing(
    empty_db: Profile, admin: Admin, connect: Connect
) -> None:
    database = admin(empty_db)
    make(database, CASES["nulls"], 3000)
    async with connect(empty_db) as session:
        relation = await find_relation(session, "t")
        source = await open_source(
            session, relation, columns=["label", "id", "nul"], where="dup>3", order=[Order("nul")]
        )
        rows = await forwards(source, limit=70)
        assert [int(row[0] or 0) for row in rows] == expected(database, source)
        assert source.statement.as_string(None) == (
            'select "label", "id", "nul" from "public"."t" where "dup" > \'3\' order by "nul", "id"'
        )


async def test_values_too_long_to_carry_are_looked_up_again(
    empty_db: Profile, admin: Admin, connect: Connect
) -> None:
    database = admin(empty_db)
    database.execute(
        """
        create table t (label int primary key, body text);
        alter table t alter body set storage external;
        insert into t select g, case when g % 3 = 0 then repeat('x', 20000) || g % 7
          when g % 3 = 1 then 'short' end from generate_series(1, 300) g;
        """
    )
    async with connect(empty_db) as session:
        relation = await find_relation(session, "t")
        source = await open_source(session, relation, columns=["label"], order=[desc("body")])
        rows = [int(row[0] or 0) for row in await forwards(source, limit=7)]
        assert rows == expected(database, source)
        assert [int(row[0] or 0) for row in await backwards(source, limit=7)] == rows
        page = await source.fetch(First(), 299)
        last = next(n for n, row in enumerate(page.rows) if int(row[0] or 0) % 3 == 0)
        database.execute("delete from t where label = %s", [page.rows[last][0]])
        with pytest.raises(Exception, match="goes on from is gone"):
            await source.fetch(After(page.places[last]), 500)


async def test_types_of_every_kind_can_be_sorted_by(
    empty_db: Profile, admin: Admin, connect: Connect
) -> None:
    kinds = {
        "date": "case g % 4 when 0 then 'infinity' when 1 then '0044-03-15 BC' end",
        "timestamp": "case g % 4 when 0 then '-infinity' when 1 then '294276-12-31' end",
        "timestamptz(0)": "case g % 4 when 0 then '4713-01-01 BC' when 1 then 'now' end",
        "interval": "g % 5 || ' mons -3 days'",
        "numeric(30,10)": "case g % 4 when 0 then 'NaN' else (g % 9)::text end",
        "numeric": "case g % 4 when 0 then 'infinity' else g % 9 || '.5' end",
        "real": "(g % 9 / 7.0)::text",
        "boolean": "(g % 2 = 0)::text",
        "char(5)": "'ab'",
        "bit(3)": "(g % 8)::bit(3)::text",
        "varbit": "(g % 8)::bit(5)::text",
        "money": "g % 6",
        "inet": "'10.0.0.' || g % 9",
        "macaddr": "'08:00:2b:01:02:0' || g % 9",
        "int[]": "array[g % 3, null]::text",
        "int4range": "'[1,' || 2 + g % 4 || ')'",
        "pair": "'(' || g % 3 || ',\"x y\")'",
        "mood": "case g % 2 when 0 then 'so so' else 'bad' end",
        "positive": "g % 5 + 1",
        "bytea": r"'\x00' || case g % 2 when 0 then 'ff' else '' end",
        "jsonb": "'{\"a\": ' || g % 4 || '}'",
        "tsvector": "'a:' || 1 + g % 4",
        '"char"': "chr(97 + g % 5)",
        "name": "'n' || g % 5",
        "time": "case g % 3 when 0 then '24:00' else '0' || g % 9 || ':00' end",
        "uuid": "md5((g % 20)::text)",
        "oid": "g % 30",
        "grade": "case g % 3 when 0 then 'poor' when 1 then 'fair' else 'best' end",
    }
    database = admin(empty_db)
    database.execute(
        """
        create type pair as (a int, b text); create type mood as enum ('bad', 'so so');
        create domain positive as int check (value > 0);
        create type grade as enum ('poor', 'fair', 'best');
        create cast (grade as text) with inout as implicit;
        """
    )
    columns = ", ".join(f"c{n} {kind}" for n, kind in enumerate(kinds))
    values = ", ".join(f"({value})::{kind}" for kind, value in kinds.items())
    database.execute(f"create table t (label int primary key, {columns})".encode())
    database.execute(f"insert into t select g, {values} from generate_series(1, 90) g".encode())
    async with connect(empty_db) as session:
        relation = await find_relation(session, "t")
        for number, kind in enumerate(kinds):
            for descending in (False, True):
                order = [Order(f"c{number}", descending)]
                source = await open_source(session, relation, columns=["label"], order=order)
                rows = [int(row[0] or 0) for row in await forwards(source, limit=7)]
                assert rows == expected(database, source), kind
                assert [int(r[0] or 0) for r in await backwards(source, limit=11)] == rows, kind
                await source.close()
