"""Every odd value reaches grid and detail as the server's own text."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterator

import psycopg
import pytest

from console.browse.detail import read_row, read_slice
from console.browse.position import First
from console.browse.source import open_source
from console.catalog.relations import find_relation
from console.connection.embedded import EmbeddedServer
from console.connection.profile import Profile
from console.connection.session import Session
from console.ui.tables.card import card
from console.ui.tables.values import in_one_line
from console.visible import visible

ODD = {
    "timestamptz": ["'infinity'", "'-infinity'", "'0044-03-15 12:00 BC'", "'294276-12-31'"],
    "timestamp": ["'294276-12-31 23:59:59.999999'", "'4713-11-24 BC'"],
    "date": ["'infinity'", "'4713-01-01 BC'", "'5874897-12-31'"],
    "time": ["'24:00'", "'00:00:00.000001'"],
    "timetz": ["'24:00-15:59'"],
    "interval": ["'-1 mon +2 days -03:04:05.6'", "'178000000 years'", "'infinity'"],
    "numeric": ["'NaN'", "'-Infinity'", "('1' || repeat('0', 1500) || '.5')::numeric", "0.00"],
    "float8": ["'NaN'", "'-infinity'", "1e-320", "-0.0"],
    "float4": ["3.4028235e38"],
    "int8": ["-9223372036854775808"],
    "money": ["'-1234.5'"],
    "bool": ["true"],
    'char(5)': ["'ab'"],
    '"char"': ["'x'"],
    "name": ["'näme'"],
    "int4range": ["'[1,5)'", "'empty'", "'(,)'"],
    "tstzrange": ["'[-infinity,infinity]'"],
    "int4multirange": ["'{[1,2),[5,6)}'"],
    "int[]": ["'[0:1]={1,NULL}'", "'{}'", "'{{1,2},{3,4}}'"],
    "text[]": ["array['a,b', 'c\"d', E'e\\\\f', null, 'NULL', '']"],
    "box[]": ["array[box '(1,1),(0,0)', box '(2,2),(1,1)']"],
    "odd.pair": ["row(null, null)", "row(1, 'a \"b\", c')"],
    "odd.mood": ["'so so'"],
    "odd.positive": ["1"],
    "json": ["'{\"a\":1, \"a\":2, \"n\": 1.50}'"],
    "jsonb": ["'{\"a\": [1, null, \"\\u0007\"]}'"],
    "jsonpath": ["'$.a[*] ? (@ > 1)'"],
    "bit(3)": ["B'101'"],
    "varbit": ["B''", "B'1'"],
    "bytea": [r"'\x00ff'", "''"],
    "tsvector": ["'a:1 b:2A'"],
    "tsquery": ["'a & !b'"],
    "hstore": ["'a=>1, \"b c\"=>NULL'"],
    "point": ["'(1,2)'", "'(NaN,Infinity)'"],
    "line": ["'{1,2,3}'"],
    "circle": ["'<(0,0),1>'"],
    "polygon": ["'((0,0),(1,1),(1,0))'"],
    "path": ["'[(0,0),(1,1)]'"],
    "inet": ["'10.0.0.1'", "'::1/64'"],
    "macaddr8": ["'08:00:2b:01:02:03:04:05'"],
    "uuid": ["'5b7e4b4e-0000-4000-8000-000000000001'"],
    "pg_lsn": ["'16/B374D848'"],
    "xid8": ["'18446744073709551615'"],
    "regclass": ["'pg_class'"],
    "oidvector": ["'1 2'"],
    "text": ["''", "'   '", "' NULL '", r"E'\x1b[31m\t\u202e'"],
}  # fmt: skip
VALUES = [(kind, value) for kind, values in ODD.items() for value in values]


@pytest.fixture(scope="module")
def odd(server: EmbeddedServer) -> Iterator[tuple[Profile, dict[str, str]]]:
    """A row with all of them, and the text that the server itself copies out."""
    with psycopg.connect(server.dsn(), autocommit=True) as connection:
        connection.execute("drop database if exists odd with (force)")
        connection.execute("create database odd template template0")
    columns = ", ".join(f"c{number} {kind}" for number, (kind, _) in enumerate(VALUES))
    with psycopg.connect(server.dsn("odd"), autocommit=True) as connection:
        connection.execute(
            f"""create schema odd; create extension hstore;
            create type odd.pair as (a int, b text); create type odd.mood as enum ('so so');
            create domain odd.positive as int check (value > 0);
            create table odd.values (id int primary key, {columns});
            insert into odd.values values (1, {", ".join(value for _, value in VALUES)});
            insert into odd.values values (2)""".encode()
        )
        copy = "copy (select * from odd.values where id = 1) to stdout (format csv, header)"
        with connection.cursor().copy(copy.encode()) as copied:
            data = b"".join(bytes(part) for part in copied).decode()
        names, row = csv.reader(io.StringIO(data, newline=""))
        texts = dict(zip(names, row, strict=True))
    yield server.profile("odd"), texts
    with psycopg.connect(server.dsn(), autocommit=True) as connection:
        connection.execute("drop database if exists odd with (force)")


@pytest.mark.parametrize("number", range(len(VALUES)), ids=[f"{k} {v[:20]}" for k, v in VALUES])
async def test_a_value_is_the_server_s_own_text(
    odd: tuple[Profile, dict[str, str]], number: int
) -> None:
    profile, texts = odd
    name, expected = f"c{number}", texts[f"c{number}"]
    async with Session(profile) as session:
        relation = await find_relation(session, "odd.values")
        source = await open_source(session, relation, columns=["id", name])
        page = await source.fetch(First())
        assert page.rows[0][1] == expected[:300]
        assert page.rows[1][1] is None
        value = next(
            value for value in await read_row(source, page.places[0]) if value.column.name == name
        )
        assert value.text == expected
        assert in_one_line(value).plain == (
            visible(expected) if expected.strip() else f"'{expected}'"
        )
        assert (f"'{expected}'" in card(value).plain) is not bool(expected.strip())
        part = await read_slice(source, page.places[0], name)
        assert part is not None
        assert part.text == (
            expected.removeprefix("\\x") if VALUES[number][0] == "bytea" else expected
        )
