"""Whole rows and values, however large, and where a row's foreign keys lead."""

from __future__ import annotations

import pytest

from console.browse.count import Certainty, Total
from console.browse.detail import (
    hex_lines,
    read_end,
    read_row,
    read_slice,
    read_whole,
    whole_rows,
)
from console.browse.position import First
from console.browse.references import SEVERAL, count_there, follow, matching
from console.browse.source import open_source
from console.catalog.foreign_keys import list_foreign_keys
from console.catalog.relations import find_relation
from console.connection.profile import Profile
from console.errors import ConsoleError, NotFound, Refused
from tests import hostile
from tests.browse.walk import Admin, Connect, first_page

SOURCES = {
    "by key": ("create table t (id int primary key, v text, b bytea, j jsonb, n int)", "t"),
    "by block": ("create table t (id int, v text, b bytea, j jsonb, n int)", "t"),
    "cursor": (
        "create table t (id int, v text, b bytea, j jsonb, n int);"
        "create view seen as select * from t",
        "seen",
    ),
}


@pytest.mark.parametrize("kind", SOURCES)
async def test_a_row_and_its_values_can_be_read_whole(
    empty_db: Profile, admin: Admin, connect: Connect, kind: str
) -> None:
    make, name = SOURCES[kind]
    database = admin(empty_db)
    database.execute(make.encode())
    database.execute(
        """insert into t values
        (1, repeat('é', 100000), decode(repeat('00ff41', 50000), 'hex'),
         (select jsonb_agg(md5(g::text)) from generate_series(1, 20000) g), null),
        (2, 'short', '', '{}', 5)"""
    )
    async with connect(empty_db) as session:
        source = await open_source(session, await find_relation(session, name))
        page = await source.fetch(First())
        assert page.cut == {(0, 1), (0, 2), (0, 3)}
        assert page.rows[0][1] == "é" * 300
        assert page.rows[0][3] == "", "too costly to write out"
        assert page.big.keys() == {(0, 3)}
        values = await read_row(source, page.places[0], shown=page.rows[0])
        assert [value.cut for value in values] == [False, True, True, True, False]
        assert values[1].bytes == 200_000
        assert values[2].bytes == 150_000
        assert (values[4].text, values[4].bytes) == (None, None)
        assert values[3].text is not None
        assert values[3].text.startswith('["')

        part = await read_slice(source, page.places[0], "v", 99_990, 100)
        assert part is not None
        assert (part.text, part.start, part.end) == ("é" * 10, 99_990, 100_000)
        assert (part.more, part.total) == (False, 200_000)
        part = await read_slice(source, page.places[0], "b", 3, 4)
        assert part is not None
        assert (part.text, part.end, part.more) == ("00ff4100", 7, True)
        part = await read_slice(source, page.places[0], "j", 0, 10)
        assert part is not None
        assert part.more
        assert await read_slice(source, page.places[0], "n") is None
        with pytest.raises(NotFound, match="no column"):
            await read_slice(source, page.places[0], "nothing")

        (whole,) = await read_whole(source, [page.places[0]], ["v", "id"])
        assert whole == ("é" * 100_000, "1")
        rows = await whole_rows(source, page, [1, 0])
        assert rows[0] == ("2", "short", "\\x", "{}", "5")
        assert rows[1][1] == "é" * 100_000
        await source.close()


async def test_a_row_that_is_gone_or_replaced_is_noticed(
    empty_db: Profile, admin: Admin, connect: Connect
) -> None:
    database = admin(empty_db)
    database.execute(
        "create table t (id int primary key, v text); insert into t values (1, 'a'), (2, 'b');"
        "create view seen as select * from t"
    )
    async with connect(empty_db) as session:
        table = await open_source(session, await find_relation(session, "t"))
        view = await open_source(session, await find_relation(session, "seen"))
        place = (await table.fetch(First())).places[0]
        page = await view.fetch(First())
        await view.close()  # so that the view is read anew
        database.execute("delete from t where id = 1")
        with pytest.raises(NotFound, match="not there any more"):
            await read_row(table, place)
        with pytest.raises(NotFound, match="another row"):
            await read_row(view, page.places[0], shown=page.rows[0])
        with pytest.raises(NotFound, match="not there any more"):
            await read_row(view, page.places[1], shown=page.rows[1])
        await view.close()


async def test_of_a_hundred_megabytes_only_the_part_asked_for_is_sent(
    empty_db: Profile, admin: Admin, connect: Connect
) -> None:
    database = admin(empty_db)
    database.execute(
        """
        create table t (id int primary key, plain text, packed text, b bytea, doc json);
        alter table t alter plain set storage external, alter b set storage external;
        insert into t select 1, x.v, x.v, convert_to(x.v, 'UTF8'), to_json(left(x.v, 10000000))
          from (select repeat('0123456789', 10000000) as v) x;
        """
    )
    async with connect(empty_db) as session:
        relation = await find_relation(session, "t")
        page = await first_page(session, relation)
        source = await open_source(session, relation)
        values = await read_row(source, ("1",))
        part = await read_slice(source, ("1",), "plain", 50_000_003, 5)
        assert part is not None
        assert (part.text, part.total) == ("34567", 100_000_000)
        packed = await read_slice(source, ("1",), "packed", 99_999_995, 100)
        assert packed is not None
        assert (packed.text, packed.more) == ("56789", False)
        digits = await read_slice(source, ("1",), "b", 99_999_998, 10)
        assert digits is not None
        assert digits.text == "3839"
        with pytest.raises(Refused, match="more than 32 MB"):
            await read_whole(source, [("1",)], ["plain"])
        (document,) = await read_whole(source, [("1",)], ["doc"])
        assert len(document[0] or "") == 10_000_002
        assert [value.bytes for value in values][1:4] == [100_000_000] * 3
        assert page.cut == {(0, 1), (0, 2), (0, 3), (0, 4)}
        assert sum(len(value or "") for value in page.rows[0]) < 1000


async def test_wide_rows_and_rows_without_columns_have_details(
    empty_db: Profile, admin: Admin, connect: Connect
) -> None:
    columns = ", ".join(f"c{number} int default {number}" for number in range(1600))
    admin(empty_db).execute(
        f"create table wide ({columns}); insert into wide default values;"
        " create table bare (); insert into bare default values".encode()
    )
    async with connect(empty_db) as session:
        for name, count in (("wide", 1600), ("bare", 0)):
            source = await open_source(session, await find_relation(session, name))
            page = await source.fetch(First())
            values = await read_row(source, page.places[0])
            assert [value.text for value in values] == [str(n) for n in range(count)]


async def test_hostile_names_and_values_come_through(
    empty_db: Profile, admin: Admin, connect: Connect
) -> None:
    hostile.fill(admin(empty_db))
    async with connect(empty_db) as session:
        source = await open_source(session, await find_relation(session, hostile.identity()))
        page = await source.fetch(First())
        for number, value in enumerate(hostile.VALUES):
            row = await read_row(source, page.places[number], length=10_000)
            assert row[1].text == value
            part = await read_slice(source, page.places[number], hostile.COLUMN)
            assert part is not None
            assert part.text == value
        assert [row[1] for row in await whole_rows(source, page, range(len(page.rows)))] == (
            hostile.VALUES
        )


def test_bytes_are_written_as_lines_of_sixteen() -> None:
    lines = hex_lines(bytes(range(0x35, 0x35 + 18)).hex(), start=256)
    assert lines == [
        "00000100  35 36 37 38 39 3a 3b 3c  3d 3e 3f 40 41 42 43 44  56789:;<=>?@ABCD",
        "00000110  45 46                                             EF",
    ]
    assert hex_lines("1b5d00") == [
        "00000000  1b 5d 00                                          .]."
    ]
    assert hex_lines("") == []
    with pytest.raises(ConsoleError):
        hex_lines("xyz")


async def test_foreign_keys_lead_on_and_back(
    empty_db: Profile, admin: Admin, connect: Connect
) -> None:
    admin(empty_db).execute(
        """
        create table person (id int primary key, "Na me" text unique, boss int references person);
        create table pet (id int primary key, owner text references person ("Na me"));
        create table walk (a int, b int, primary key (a, b), pet int references pet);
        create table step (wa int, wb int, foreign key (wa, wb) references walk (a, b));
        insert into person values (1, 'O''Neill "x" \\', null), (2, 'b', 1);
        insert into pet values (7, 'O''Neill "x" \\'), (8, null);
        insert into walk values (1, 2, 7); insert into step values (1, 2), (1, null);
        """
    )
    async with connect(empty_db) as session:

        async def references(table: str, row: int) -> dict[str, tuple[bool, str, str | None]]:
            relation = await find_relation(session, table)
            source = await open_source(session, relation)
            place = (await source.fetch(First())).places[row]
            keys = await list_foreign_keys(session, relation)
            return {
                r.key.name: (r.forwards, r.relation, r.where)
                for r in await follow(source, place, keys)
            }

        async def rows(relation: str, where: str | None) -> int:
            assert where is not None
            return len(
                (
                    await first_page(session, await find_relation(session, relation), where=where)
                ).rows
            )

        ada = await references("person", 0)
        assert ada["pet_owner_fkey"] == (
            False,
            "public.pet",
            "\"owner\"='O''Neill \"x\" \\'",
        )
        assert await rows("public.pet", ada["pet_owner_fkey"][2]) == 1
        assert await references("pet", 1) == {
            "pet_owner_fkey": (True, "public.person", None),
            "walk_pet_fkey": (False, "public.walk", "\"pet\"='8'"),
        }
        step = await references("step", 0)
        assert await rows(*step["step_wa_wb_fkey"][1:]) == 1
        assert (await references("step", 1))["step_wa_wb_fkey"][2] is None
        # A foreign key to its own table leads both ways.
        relation = await find_relation(session, "person")
        source = await open_source(session, relation)
        keys = await list_foreign_keys(session, relation)
        found = await follow(source, ("2",), keys)
        assert [(r.forwards, r.where) for r in found if r.key.name == "person_boss_fkey"] == [
            (True, "\"id\"='1'"),
            (False, "\"boss\"='2'"),
        ]


def test_a_filter_for_values() -> None:
    assert matching(["a", 'b"c'], ["1", "it's"]) == "\"a\"='1' \"b\"\"c\"='it''s'"
    assert matching(["a", "b"], ["1", None]) is None


@pytest.mark.parametrize("stored", ["extended", "external"])
async def test_the_end_of_a_long_value_can_be_read_at_once(
    empty_db: Profile, admin: Admin, connect: Connect, stored: str
) -> None:
    database = admin(empty_db)
    database.execute(
        f"""create table t (id int primary key, v text, b bytea, j json, n text);
        alter table t alter v set storage {stored}, alter b set storage {stored};
        insert into t select 1, repeat('é', 100000) || 'end', decode(repeat('00ff', 60000), 'hex'),
          to_json(repeat('x', 100000)), null""".encode()
    )
    async with connect(empty_db) as session:
        source = await open_source(session, await find_relation(session, "t"))
        text = await read_end(source, ("1",), "v")
        assert text is not None
        assert text.text.endswith("éend")
        assert (text.more, text.end, text.start % 16) == (False, 100_003, 0)
        digits = await read_end(source, ("1",), "b")
        assert digits is not None
        assert (digits.end, digits.more, digits.start % 16) == (120_000, False, 0)
        document = await read_end(source, ("1",), "j")
        assert document is not None
        assert document.end == 100_002
        assert await read_end(source, ("1",), "n") is None
        with pytest.raises(NotFound):
            await read_end(source, ("2",), "v")


async def test_what_refers_to_a_row_is_counted_up_to_a_bound(
    empty_db: Profile, admin: Admin, connect: Connect
) -> None:
    admin(empty_db).execute(
        """create table "To" (a int, "B %s" text, primary key (a, "B %s"));
        create table "fr om" (a int, b text, foreign key (a, b) references "To");
        insert into "To" values (1, 'it''s'), (2, 'x'), (3, 'y');
        insert into "fr om" select 1, 'it''s' from generate_series(1, 3);
        insert into "fr om" select 2, 'x' from generate_series(1, 1001)"""
    )
    async with connect(empty_db) as session:
        relation = await find_relation(session, '"To"')
        source = await open_source(session, relation)
        keys = await list_foreign_keys(session, relation)
        totals = []
        for place in (("1", "it's"), ("2", "x"), ("3", "y")):
            (reference,) = await follow(source, place, keys)
            totals.append(await count_there(session, reference))
        assert totals == [
            Total(3, Certainty.EXACT),
            Total(SEVERAL, Certainty.AT_LEAST),
            Total(0, Certainty.EXACT),
        ]
