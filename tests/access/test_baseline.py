"""Baselines: what is written comes back, and what has changed since is named."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable, Iterator
from typing import Any

import psycopg
import pytest

from console.access.baseline import check, read_baseline, take
from console.access.exported import read_text, vacant, write_text
from console.access.impersonation import preview
from console.access.naming import Named, named_of
from console.access.people import resolve
from console.access.persona import told_apart, with_aal, with_claims
from console.connection.embedded import EmbeddedServer
from console.connection.profile import Profile
from console.connection.session import Session
from console.errors import ConsoleError, NotFound, Refused, UsageError
from tests.access import cast
from tests.access.conftest import Sides
from tests.access.scene import made
from tests.access.test_matrix import TABLES

Admin = Callable[[Profile], psycopg.Connection[Any]]
Connect = Callable[..., Session]

USERS = f"""
create table users (id uuid primary key, email text);
insert into users values ('{cast.ADA}', 'ada@example.com'), ('{cast.BERT}', 'bert@example.com');
alter table users enable row level security;
create table second (id int primary key);
insert into second values (1), (2);
alter table second enable row level security;
grant select on second to authenticated;
create policy p on second to authenticated using ((auth.jwt() ->> 'aal') = 'aal2');
create function usual(int) returns boolean language sql stable as 'select $1 > 0';
create table checked (id int primary key, n int default 1);
alter table checked enable row level security;
grant select, insert (id), update, truncate on checked to authenticated;
create policy r on checked for select to authenticated using (true);
create policy i on checked for insert to authenticated with check (n > 5);
create policy u on checked for update to authenticated using (true) with check (usual(n));
create view counted as select * from checked where id < 2;
grant select on counted to authenticated;
insert into checked values (1, 1), (2, 2);
"""
PEOPLE = [
    Named("anon"),
    Named("ada@example.com"),
    Named("bert@example.com", claims='{"org": {"a": "\u202e", "b": 1}}'),
    Named("ada@example.com", aal=2),
    Named("role:authenticated"),
]


@pytest.fixture(scope="module")
def kept_db(server: EmbeddedServer) -> Iterator[Profile]:
    yield from made(server, "baseline", TABLES + USERS)


@pytest.fixture
async def kept(kept_db: Profile, connect: Connect, admin: Admin) -> AsyncIterator[Sides]:
    async with connect(kept_db) as login, preview(login) as acting:
        yield Sides(login, acting, admin(kept_db))


async def test_the_same_database_gives_the_same_bytes(kept: Sides) -> None:
    first = await take(kept.login, kept.acting, [n for n in PEOPLE if n.aal is None])
    kept.admin.execute("vacuum analyze")
    second = await take(kept.login, kept.acting, [n for n in PEOPLE if n.aal is None])
    assert first == second
    assert first.isascii() is False or "\u202e" not in first
    assert 'as = "bert@example.com"' in first
    lines = first.splitlines()
    assert any(line.startswith('"public.own"') and "some 2 of 5" in line for line in lines)
    baseline = read_baseline(first)
    assert [named for named, _ in baseline.expected] == [n for n in PEOPLE if n.aal is None]
    assert await check(kept.login, kept.acting, baseline) == []


async def test_somebody_may_stand_beside_himself_with_a_second_factor(kept: Sides) -> None:
    text = await take(kept.login, kept.acting, [PEOPLE[1], PEOPLE[3]])
    baseline = read_baseline(text)
    cells = [tables["public.second"]["select"] for _, tables in baseline.expected]
    assert cells == ["none", "all"]
    assert await check(kept.login, kept.acting, baseline) == []


@pytest.mark.parametrize(
    ("change", "expected"),
    [
        (
            "alter policy p on own using (true)",
            [
                "ada@example.com · public.own · select: was some 2 of 5, now all",
                "ada@example.com · public.own · update: was some 2 of 5, now all",
                "ada@example.com · public.own · delete: was some 2 of 5, now all",
            ],
        ),
        (
            "alter table bolted disable row level security",
            [
                "ada@example.com · public.bolted · insert: was none, now all",
                "ada@example.com · public.bolted · update: was some 2 of 5, now all",
                "ada@example.com · public.bolted · delete: was none, now all",
            ],
        ),
        (
            "revoke delete on always from authenticated",
            ["ada@example.com · public.always · delete: was all, now denied"],
        ),
        (
            "create table added (id int); grant select on added to anon",
            [
                "anon · public.added: not in the baseline, now select all, insert denied,"
                " update denied, delete denied",
                "ada@example.com · public.added: not in the baseline, now select denied,"
                " insert denied, update denied, delete denied",
            ],
        ),
        (
            "drop table private",
            [f"{who} · public.private: was there, now gone" for who in ("anon", "ada@example.com")],
        ),
        (
            "delete from own where id = 1",
            [
                f"ada@example.com · public.own · {command}: was some 2 of 5, now some 1 of 4"
                for command in ("select", "update", "delete")
            ],
        ),
        (
            "alter policy p on raising using (true)",
            [
                f"ada@example.com · public.raising · {command}: was error, now all"
                for command in ("select", "update", "delete")
            ],
        ),
    ],
)
async def test_what_changed_is_named(
    server: EmbeddedServer, connect: Connect, admin: Admin, change: str, expected: list[str]
) -> None:
    for profile in made(server, "changing", TABLES + USERS):
        async with connect(profile) as login, preview(login) as acting:
            text = await take(login, acting, PEOPLE[:2])
            admin(profile).execute(change.encode())
            changes = await check(login, acting, read_baseline(text))
        mine = [str(c) for c in changes if c.persona and not c.table.endswith('shown"')]
        assert [line for line in mine if "public.shown" not in line] == expected


@pytest.mark.parametrize(
    ("change", "expected"),
    [
        ("alter policy i on checked with check (true)", ["public.checked · policies"]),
        (
            "create or replace function usual(int) returns boolean language sql stable"
            " as 'select true'",
            ["public.checked · policies"],
        ),
        ("alter policy u on checked to authenticated, service_role", []),
        (
            "create policy v on checked as restrictive to authenticated using (true)",
            ["public.checked · policies"],
        ),
        ("alter policy i on checked rename to j", []),
        ("create policy b on checked to service_role using (true)", []),
        ("grant insert on checked to authenticated", ["public.checked · privileges"]),
        ("grant insert (n) on checked to authenticated", ["public.checked · privileges"]),
        ("revoke truncate on checked from authenticated", ["public.checked · privileges"]),
        ("grant all on checked to service_role", []),
        ("alter table checked add more int", []),
        (
            "alter table checked force row level security",
            ["public.checked · rls: was on, now forced"],
        ),
        (
            "create or replace view counted as select * from checked where id < 2 or id = 77",
            ["public.counted · definition"],
        ),
        ("alter view counted set (security_invoker)", ["public.counted · definition"]),
    ],
)
async def test_what_decides_has_changed_though_no_count_did(
    server: EmbeddedServer, connect: Connect, admin: Admin, change: str, expected: list[str]
) -> None:
    for profile in made(server, "deciding", TABLES + USERS):
        async with connect(profile) as login, preview(login) as acting:
            text = await take(login, acting, PEOPLE[:2])
            assert await check(login, acting, read_baseline(text)) == []
            admin(profile).execute(change.encode())
            changes = await check(login, acting, read_baseline(text))
            without = text[: text.index("[fingerprints]")]
            assert await check(login, acting, read_baseline(without)) == []
        assert all(not change.persona for change in changes)
        assert [str(found).split(": was")[0] for found in changes] == [
            line.split(": was")[0] for line in expected
        ]
        assert all(line in map(str, changes) for line in expected if ": was" in line)


async def test_rows_that_a_view_shows_are_counted(kept: Sides) -> None:
    text = await take(kept.login, kept.acting, PEOPLE[1:2])
    ((_, tables),) = read_baseline(text).expected
    assert tables["public.counted"]["select"] == "some 1"
    kept.admin.execute("insert into checked values (0)")
    try:
        changes = await check(kept.login, kept.acting, read_baseline(text))
        older = text.replace('select = "some 1"', 'select = "some"')
        earlier = await check(kept.login, kept.acting, read_baseline(older))
    finally:
        kept.admin.execute("delete from checked where id = 0")
    line = "ada@example.com · public.counted · select: was some 1, now some 2"
    assert line in map(str, changes)
    assert line not in map(str, earlier)
    assert not [c for c in earlier if c.table == "public.counted"]


async def test_a_file_without_fingerprints_says_what_goes_unnoticed(kept: Sides) -> None:
    text = await take(kept.login, kept.acting, PEOPLE[:1])
    assert read_baseline(text).limits == ()
    older = read_baseline(text[: text.index("[fingerprints]")])
    assert older.fingerprints is None
    (limit,) = older.limits
    assert "loosened CHECK" in limit


async def test_without_counts_growing_data_is_no_change(kept: Sides) -> None:
    text = await take(kept.login, kept.acting, PEOPLE[:2], counts=False)
    assert " of " not in text.split("bound", 1)[1]
    kept.admin.execute("insert into own values (77, null)")
    try:
        assert await check(kept.login, kept.acting, read_baseline(text)) == []
    finally:
        kept.admin.execute("delete from own where id = 77")


@pytest.mark.parametrize(
    "text",
    [
        "",
        "not toml [",
        "version = 2",
        'version = 1\n[[persona]]\nas = "anon"',
        'version = 1\n[[persona]]\nas = "anon"\n[persona.tables]\nt = { peek = "all" }',
        "version = 1\npersona = 5",
        'version = 1\nbound = "x"',
        "version = 1\nfingerprints = 5",
        "version = 1\n[fingerprints]\nt = 5",
    ],
)
def test_what_is_no_baseline_is_refused(text: str) -> None:
    with pytest.raises(UsageError) as refusal:
        read_baseline(text)
    assert "access snapshot" in refusal.value.hint or "new one" in refusal.value.hint


async def test_who_is_gone_is_named(kept: Sides) -> None:
    text = await take(kept.login, kept.acting, [Named("ada@example.com")])
    with pytest.raises(NotFound, match=r"nobody@example\.com"):
        await check(
            kept.login,
            kept.acting,
            read_baseline(text.replace("ada@example.com", "nobody@example.com")),
        )


async def test_a_persona_is_named_by_what_is_its_own(kept: Sides) -> None:
    ada = await resolve(kept.login, "ada@example.com")
    assert await named_of(kept.login, ada) == Named("ada@example.com")
    assert await named_of(kept.login, with_aal(ada, 2)) == Named("ada@example.com", aal=2)
    edited = with_claims(with_aal(ada, 2), '{"org": "x", "aud": null}')
    named = await named_of(kept.login, edited)
    assert named == Named("ada@example.com", aal=2, claims='{"aud": null, "org": "x"}')
    again = await named.resolve(kept.login)
    assert {k: v for k, v in again.claims.items() if k not in ("iat", "exp", "amr")} == {
        k: v for k, v in edited.claims.items() if k not in ("iat", "exp", "amr")
    }


def test_personas_beside_each_other_have_labels_of_their_own() -> None:
    ada = cast.user(cast.ADA)
    assert told_apart(ada, []) == ada
    assert told_apart(ada, [ada]) is None
    second = told_apart(with_aal(ada, 2), [ada])
    third = told_apart(with_claims(ada, '{"a": 1}'), [ada])
    assert second is not None
    assert third is not None
    assert (second.label, third.label) == ("ada@example.com · aal aal2", "ada@example.com · a 1")
    assert told_apart(with_claims(ada, '{"iat": 1}'), [ada]) is None


def test_a_file_is_replaced_only_when_that_is_meant(tmp_path: Any) -> None:
    path = tmp_path / "access.toml"
    vacant(path)
    write_text(path, "one\n")
    with pytest.raises(Refused, match="is there already"):
        write_text(path, "two")
    with pytest.raises(Refused, match="is there already"):
        vacant(path)
    assert read_text(path) == "one\n"
    write_text(path, "two", replace=True)
    assert read_text(path) == "two"
    with pytest.raises(ConsoleError, match="there is no folder"):
        vacant(tmp_path / "nowhere" / "file")
    with pytest.raises(ConsoleError, match="can't be written"):
        write_text(tmp_path / "nowhere" / "file", "x")
    with pytest.raises(ConsoleError, match="can't be read"):
        read_text(tmp_path / "missing")
    (tmp_path / "binary").write_bytes(b"\xff\xfe")
    with pytest.raises(ConsoleError, match="is not text"):
        read_text(tmp_path / "binary")
