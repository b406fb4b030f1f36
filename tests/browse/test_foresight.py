"""Warnings before a wait, jumps that land near, history and completion."""

from __future__ import annotations

import stat
from pathlib import Path

import pytest

from console.browse.completion import Completion, complete, written_name, written_value
from console.browse.filter import compile_filter
from console.browse.foresight import Foresight, foresee
from console.browse.history import KEPT, QueryHistory
from console.browse.page import Order
from console.browse.plan import parse_plan
from console.browse.position import Fraction
from console.browse.source import open_source
from console.catalog.relations import Column, find_relation
from console.connection.profile import Profile
from console.errors import ConsoleError
from tests.browse.walk import Admin, Connect

ROWS = 60_000


@pytest.fixture
def big(empty_db: Profile, admin: Admin) -> Profile:
    admin(empty_db).execute(
        f"""
        create table t (
          id uuid primary key default gen_random_uuid(), n int, "mixed Case" text, at timestamptz,
          day date, amount numeric(12,4), f float8, part text, sparse int, free text
        );
        insert into t select md5(g::text)::uuid, g, 'k' || lpad(g::text, 6, '0'),
          '2024-01-01'::timestamptz + g * interval '1 minute', '2024-01-01'::date + g / 10,
          g / 7.0, g / 3.0, (array['a', 'b', 'c'])[1 + g * 3 / {ROWS + 1}],
          case when g % 2 = 0 then g end, md5(g::text) from generate_series(1, {ROWS}) g;
        create index on t (n); create index on t ("mixed Case");
        create view v as select * from t;
        analyze;
        """.encode()
    )
    return empty_db


async def test_a_wait_is_foretold(big: Profile, connect: Connect) -> None:
    async with connect(big) as session:

        async def of(name: str, **options: object) -> Foresight:
            relation = await find_relation(session, name)
            source = await open_source(session, relation, **options)  # type: ignore[arg-type]
            found = await foresee(source)
            await source.close()
            return found

        assert (await of("t")).warning == ""
        assert (await of("t", order=[Order("n", True)])).warning == ""
        assert (await of("t", where="n=5")).warning == ""
        sort = await of("t", order=[Order("free")])
        assert sort.sorted_rows > ROWS * 0.9
        assert "60,000 rows are sorted" in sort.warning
        scan = await of("t", where="free=x")
        assert "60,000 rows are looked at" in scan.warning
        assert "sorted" in (await of("v", order=[Order("free")])).warning
        # Every other row fits, so a page is full long before all were looked at.
        assert (await of("t", where="sparse:notnull")).warning == ""


@pytest.mark.parametrize(
    "order", ["", "n", "mixed Case", "at", "day", "amount", "f", "part", "sparse", "free"]
)
@pytest.mark.parametrize("descending", [False, True])
async def test_a_jump_lands_near_the_share_of_rows(
    big: Profile, admin: Admin, connect: Connect, order: str, descending: bool
) -> None:
    async with connect(big) as session:
        relation = await find_relation(session, "t")
        source = await open_source(
            session, relation, order=[Order(order, descending)] if order else [], columns=["n"]
        )
        ranks = {
            number: rank
            for rank, (number,) in enumerate(
                admin(big).execute(source.statement.as_string(None).encode())
            )
        }
        for share in (0.0, 0.05, 0.3, 0.5, 0.72, 0.999, 1.0):
            page = await source.fetch(Fraction(share), 1)
            if not page.rows:
                assert share > 0.99
                continue
            found = ranks[int(page.rows[0][0] or 0)] / ROWS
            assert abs(found - share) < 0.02, (order, share, found)


async def test_a_jump_without_statistics_takes_a_sample_or_the_uuids_themselves(
    empty_db: Profile, admin: Admin, connect: Connect
) -> None:
    database = admin(empty_db)
    database.execute(
        """
        create table t (id uuid primary key, n int not null unique, doc json)
          with (autovacuum_enabled = false);
        insert into t select md5(g::text)::uuid, g from generate_series(1, 30000) g;
        create table p (n int primary key) partition by range (n);
        create table p1 partition of p for values from (0) to (9000);
        create table p2 partition of p default; insert into p select n from t;
        create role jumper login; grant select on t to jumper;
        create policy p on t using (n > 0); alter table t enable row level security;
        """
    )
    async with connect(empty_db) as session:
        for name, order in (("t", "n"), ("p", "n")):
            relation = await find_relation(session, name)
            source = await open_source(session, relation, columns=["n"], order=[Order(order)])
            page = await source.fetch(Fraction(0.5), 1)
            assert abs(int(page.rows[0][0] or 0) - 15000) < 3000
        source = await open_source(session, await find_relation(session, "t"))
        page = await source.fetch(Fraction(0.25), 1)
        assert str(page.rows[0][0]).startswith(("3f", "40", "3e", "41"))
        document = await open_source(
            session, await find_relation(session, "t"), order=[Order("doc")]
        )
        with pytest.raises(ConsoleError, match="nothing is known"):
            await document.fetch(Fraction(0.5))
    jumper = Profile(parameters={**empty_db.parameters, "user": "jumper"})
    async with connect(jumper) as session:
        source = await open_source(session, await find_relation(session, "t"), columns=["id"])
        page = await source.fetch(Fraction(0.25), 1)
        assert str(page.rows[0][0]).startswith(("3f", "40", "3e", "41"))
    database.execute("drop owned by jumper; drop role jumper")


def test_what_is_no_plan_is_said_to_be_none() -> None:
    for text in ("", "[]", "[{}]", "{}", '[{"Plan": 5}]'):
        with pytest.raises(ConsoleError):
            parse_plan(text)


def test_history_keeps_the_latest_first_each_once_and_no_password(tmp_path: Path) -> None:
    history = QueryHistory(tmp_path / "state")
    assert history.entries() == []
    assert history.add("select 1", "demo")
    assert history.add("select '\x1b[31m\n\u202e'", "demo")
    assert history.add("select 1", "prod")
    assert not history.add("select dblink('password=x')", "demo")
    assert not history.add("select 'postgresql://a:b@c/d'", "demo")
    assert not history.add("  ", "demo")
    assert [(one.text, one.database) for one in history.entries()] == [
        ("select 1", "prod"),
        ("select '\x1b[31m\n\u202e'", "demo"),
    ]
    assert stat.S_IMODE(history.path.stat().st_mode) == 0o600
    assert b"\x1b" not in history.path.read_bytes()
    with history.path.open("ab") as file:
        file.write(b'{"text": "cut sh')
    assert history.add("select 2", "demo")
    assert QueryHistory(tmp_path / "state").entries()[0].text == "select 2"


def test_history_stays_bounded_and_says_when_it_cannot_be_written(tmp_path: Path) -> None:
    history = QueryHistory(tmp_path)
    for number in range(2 * KEPT + 5):
        history.add(f"select {number}", "demo")
    entries = history.entries()
    assert len(entries) == KEPT
    assert entries[0].text == f"select {2 * KEPT + 4}"
    assert len(history.path.read_bytes().splitlines()) <= 2 * KEPT
    assert stat.S_IMODE(history.path.stat().st_mode) == 0o600
    (tmp_path / "file").write_text("")
    with pytest.raises(ConsoleError, match="can't be written"):
        QueryHistory(tmp_path / "file").add("select 1", "demo")


def column(name: str) -> Column:
    return Column(name, "text", "S", False, None, 1, None, None)


COLUMNS = [column(name) for name in ("status", "createdAt", "tool", 'a b"c', "state")]
VALUES = {"status": ("failed", "in progress", "it's"), 'a b"c': ("x",)}


@pytest.mark.parametrize(
    ("text", "start", "choices"),
    [
        ("", 0, ("status", '"createdAt"', "tool", '"a b""c"', "state")),
        ("st", 0, ("status", "state")),
        ("at", 0, ("status", '"createdAt"', "state")),
        ("tool=x cr", 7, ('"createdAt"',)),
        ('tool=x "cr', 7, ('"createdAt"',)),
        ("tool='x y' cr", 11, ('"createdAt"',)),
        ("status", 6, ("=", "!=", "<", "<=", ">", ">=", "~", ":null", ":notnull", ":in(")),
        ("status=", 7, ("failed", "'in progress'", "'it''s'")),
        ("STATUS!=F", 8, ("failed",)),
        ("status='in p", 7, ("'in progress'",)),
        ("status:n", 6, (":null", ":notnull")),
        ("status!", 6, ("!=",)),
        ("status:in(failed,i", 17, ("'in progress'", "'it''s'")),
        ('"a b""c"=', 9, ("x",)),
        ("tool=x", 5, ()),
        ("nothing=", 8, ()),
    ],
)
def test_completion(text: str, start: int, choices: tuple[str, ...]) -> None:
    assert complete(text + " rest", len(text), COLUMNS, VALUES) == Completion(
        start, len(text), choices
    )


def test_what_is_completed_parses() -> None:
    for name in ("status", "createdAt", 'a b"c'):
        for value in ("failed", "in progress", "it's", 'q"', "(a,b)", "-1h"):
            text = f"{written_name(name)}={written_value(value)}"
            text += f" {written_name(name)}:in({written_value(value)},{written_value(value)})"
            first, second = compile_filter(text, COLUMNS).terms
            assert (first.column, first.values) == (name, (value,))
            assert second.values == (value, value)
