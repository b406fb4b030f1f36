"""What-if: the rows that would appear or disappear are those of the policy really altered."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable, Iterator
from typing import Any

import psycopg
import pytest
from psycopg import sql

from console.access.impersonation import preview
from console.access.persona import Persona, of_role
from console.access.whatif import whatif
from console.connection.embedded import EmbeddedServer
from console.connection.profile import Profile
from console.connection.session import Session
from console.errors import ConsoleError, Refused, UsageError
from tests.access import cast
from tests.access.conftest import Sides
from tests.access.scene import made

Admin = Callable[[Profile], psycopg.Connection[Any]]
Connect = Callable[..., Session]

ADA = cast.user(cast.ADA)

SHELVES = f"""
create table "Team %s" (id int primary key, member uuid);
insert into "Team %s" values (1, '{cast.ADA}'), (2, '{cast.BERT}');
create table shelf (id int primary key, owner uuid, team int, "Open" boolean, n int);
insert into shelf select i, case when i % 3 = 0 then '{cast.ADA}'::uuid end, i % 4,
  case i % 5 when 0 then null else i % 2 = 0 end, i % 7 from generate_series(1, 60) i;
alter table shelf enable row level security;
alter table "Team %s" enable row level security;
grant select, insert, update, delete on shelf, "Team %s" to authenticated, anon;
create policy p on "Team %s" to authenticated using (member = auth.uid());
create policy "Read it" on shelf for select to authenticated using (owner = auth.uid());
create policy also on shelf for select to authenticated using ("Open");
create policy never on shelf as restrictive to authenticated using (n <> 6);
create policy change on shelf for update to authenticated using (id > 10) with check (true);
create policy remove on shelf for delete to authenticated using (id > 50);
create policy put on shelf for insert to authenticated with check (true);
create policy others on shelf for select to service_role using (true);
create table loose (note text);
insert into loose select 'n' || i from generate_series(1, 9) i;
alter table loose enable row level security;
grant select on loose to authenticated;
create policy every on loose to authenticated using (note > 'n3');
create table quiet (id int primary key);
grant select on quiet to authenticated;
insert into quiet values (1);
create policy unasked on quiet using (true);
analyze;
"""


@pytest.fixture(scope="module")
def shelf_db(server: EmbeddedServer) -> Iterator[Profile]:
    yield from made(server, "what_if", SHELVES)


@pytest.fixture
async def shelf(shelf_db: Profile, connect: Connect, admin: Admin) -> AsyncIterator[Sides]:
    async with connect(shelf_db) as login, preview(login) as acting:
        yield Sides(login, acting, admin(shelf_db))


def passing(
    admin: psycopg.Connection[Any], persona: Persona, command: str, change: str
) -> set[str]:
    """Makes the change, lets the persona run the command on every row, and undoes both."""
    words = {
        "select": "select id::text from shelf",
        "update": "update shelf set n = n where true returning id::text",
        "delete": "delete from shelf where true returning id::text",
    }[command]
    with admin.transaction(force_rollback=True):
        admin.execute(change.encode())
        admin.execute(
            "select set_config('request.jwt.claims', %s, true), set_config('role', %s, true)",
            (persona.claims_json, persona.role),
        )
        return {id_ for (id_,) in admin.execute(words.encode()).fetchall()}


PROPOSALS = [
    ("Read it", "select", "true"),
    ("Read it", "select", "false"),
    ("Read it", "select", "null::boolean"),
    ("Read it", "select", "owner = (select auth.uid()) or team = 1"),
    ("Read it", "select", """team in (select t.id from public."Team %s" as t)"""),
    ("Read it", "select", """exists (select from "Team %s" t where t.id = shelf.team)"""),
    ("Read it", "select", """(auth.jwt() ->> 'aal') = 'aal2'"""),
    ("Read it", "select", 'case when "Open" then n > 3 else owner is null end'),
    ("also", "select", '"Open" is not true'),
    ("never", "select", "n <> 5"),
    ("never", "select", "true"),
    ("change", "update", "id > 20"),
    ("change", "update", '"Open" and id > 2'),
    ("remove", "delete", "team = 2"),
    ("remove", "delete", "owner is not null"),
    ("a new one", "select", "n = 1"),
    ('a new "one" %s; drop table shelf; --', "select", "n in (2, 3)"),
]


@pytest.mark.parametrize(("policy", "command", "using"), PROPOSALS)
async def test_it_is_what_the_statement_would_really_do(
    shelf: Sides, policy: str, command: str, using: str
) -> None:
    relation = await shelf.relation("shelf")
    answer = await whatif(shelf.login, shelf.acting, ADA, relation, policy, using, sample=60)
    now = passing(shelf.admin, ADA, command, "select")
    then = passing(shelf.admin, ADA, command, answer.sql)
    assert answer.command == command
    assert {key for (key,) in answer.appear} == then - now
    assert {key for (key,) in answer.disappear} == now - then
    assert (answer.before, answer.after) == (len(now), len(then))
    assert (answer.appearing, answer.disappearing) == (len(then - now), len(now - then))
    assert (answer.tried, answer.complete, answer.failing) == (60, True, 0)
    assert answer.key == ("id",)
    word = "create policy" if policy.startswith("a new") else "alter policy"
    assert answer.sql.startswith(word)


async def test_it_is_the_right_statement(shelf: Sides) -> None:
    relation = await shelf.relation("shelf")
    answer = await whatif(shelf.login, shelf.acting, ADA, relation, "Read it", "n > 1 and (true)")
    assert answer.sql == 'alter policy "Read it" on "public"."shelf" using (n > 1 and (true));'
    with shelf.admin.transaction(force_rollback=True):
        shelf.admin.execute(answer.sql.encode())
        (text,) = shelf.admin.execute(
            "select pg_get_expr(polqual, polrelid) from pg_policy where polname = 'Read it'"
        ).fetchone() or ("",)
    assert text == "((n > 1) AND true)"


async def test_nothing_is_locked_or_written(shelf: Sides) -> None:
    relation = await shelf.relation("shelf")
    held: list[tuple[str, ...]] = []
    wrote: list[object] = []

    def look(_: int) -> None:
        held.extend(
            shelf.admin.execute(
                """select distinct l.mode from pg_locks as l
                   join pg_database as d on d.oid = l.database and d.datname = current_database()
                   where l.locktype = 'relation' and l.pid <> pg_backend_pid()"""
            ).fetchall()
        )
        wrote.extend(
            shelf.admin.execute(
                """select backend_xid from pg_stat_activity where backend_xid is not null
                   and datname = current_database()"""
            ).fetchall()
        )

    before = shelf.admin.execute("select xmin, oid, * from pg_policy").fetchall()
    await whatif(shelf.login, shelf.acting, ADA, relation, "Read it", "true", on_rows=look)
    assert set(held) == {("AccessShareLock",)}
    assert wrote == []
    assert shelf.admin.execute("select xmin, oid, * from pg_policy").fetchall() == before


async def test_rows_that_would_raise_are_counted_and_named(shelf: Sides) -> None:
    relation = await shelf.relation("shelf")
    answer = await whatif(shelf.login, shelf.acting, ADA, relation, "Read it", "10 / n > 1")
    counted = shelf.admin.execute(
        """select count(*), count(*) filter (where "Open") from shelf where n = 0"""
    ).fetchone()
    assert counted is not None
    zero, open_zero = counted
    # Where the other permissive policy says yes first, nothing is raised.
    assert zero - open_zero <= answer.failing <= zero
    assert answer.failing
    assert answer.error == "division by zero"
    assert answer.tried == 60


async def test_of_a_large_table_it_says_how_far_it_looked(shelf: Sides) -> None:
    relation = await shelf.relation("shelf")
    heard: list[int] = []
    answer = await whatif(
        shelf.login,
        shelf.acting,
        ADA,
        relation,
        "Read it",
        "true",
        rows=10,
        sample=3,
        on_rows=heard.append,
    )
    assert (answer.tried, answer.complete) == (10, False)
    assert heard == [10]
    assert len(answer.appear) == 3 <= answer.appearing


async def test_a_table_without_a_key_is_told_by_place(shelf: Sides) -> None:
    loose = await shelf.relation("loose")
    answer = await whatif(shelf.login, shelf.acting, ADA, loose, "every", "note > 'n6'")
    assert (answer.key, answer.before, answer.after) == (("ctid",), 6, 3)
    assert answer.command == "select"
    assert [key for (key,) in answer.disappear] == ["(0,4)", "(0,5)", "(0,6)"]


@pytest.mark.parametrize(
    ("table", "policy", "persona", "note"),
    [
        ("quiet", "unasked", ADA, "no policy binds authenticated on"),
        ("shelf", "others", ADA, "others is for service_role, not for authenticated"),
        ("shelf", "Read it", of_role("postgres"), "no policy binds postgres on"),
    ],
)
async def test_it_says_why_nothing_would_change(
    shelf: Sides, table: str, policy: str, persona: Persona, note: str
) -> None:
    relation = await shelf.relation(table)
    answer = await whatif(shelf.login, shelf.acting, persona, relation, policy, "true")
    assert (answer.appearing, answer.disappearing) == (0, 0)
    assert answer.notes[0].startswith(note)
    assert answer.notes[0].endswith("nothing would change")


@pytest.mark.parametrize(
    ("policy", "using", "kind"),
    [
        ("put", "true", UsageError),
        ("Read it", "nope = 1", UsageError),
        ("Read it", "n", UsageError),
        ("Read it", "n >", UsageError),
        ("Read it", "count(*) > 1", UsageError),
        ("Read it", "rank() over () > 1", UsageError),
        ("Read it", "generate_series(1, 3) > 1", UsageError),
        ("Read it", "", UsageError),
        ("Read it", "true; drop table shelf", UsageError),
        ("Read it", "pg_sleep(100) is null", Refused),
    ],
)
async def test_what_is_no_expression_is_refused(
    shelf: Sides, policy: str, using: str, kind: type[ConsoleError]
) -> None:
    relation = await shelf.relation("shelf")
    with pytest.raises(kind) as refusal:
        await whatif(shelf.login, shelf.acting, ADA, relation, policy, using)
    assert refusal.value.hint


async def test_hostile_names_are_only_names(shelf: Sides) -> None:
    with shelf.admin.transaction(force_rollback=True):
        shelf.admin.execute("lock table shelf in access share mode")
    team = await shelf.relation('"Team %s"')
    answer = await whatif(shelf.login, shelf.acting, ADA, team, "p", '"Team %s".id > 0')
    assert answer.appear == (("2",),)
    assert answer.sql == 'alter policy "p" on "public"."Team %s" using ("Team %s".id > 0);'
    assert sql.Identifier("public", "Team %s").as_string() in answer.sql


HELPED = f"""
create schema private;
grant usage on schema private to authenticated, anon;
create table private.member (org int, usr uuid, role text);
insert into private.member values (1, '{cast.ADA}', 'admin'), (2, '{cast.BERT}', 'viewer');
create function private.my_orgs() returns setof int language sql stable security definer
  set search_path = '' as 'select org from private.member where usr = auth.uid()';
create function private.is_member(o int) returns boolean language plpgsql as
  $$ begin return o in (select private.my_orgs()); end $$;
create function private.unused() returns boolean language sql stable as 'select true';
create function private.is_short(text) returns boolean language sql immutable as
  'select length($1) < 100';
create domain private.title as text check (private.is_short(value));
create type private.kind as enum ('doc', 'note');
create aggregate private.total(int) (sfunc = int4pl, stype = int, initcond = '0');
create table doc (id int primary key, org int, title private.title, kind private.kind);
insert into doc values (1, 1, 'a', 'doc'), (2, 2, 'b', 'note'), (3, 3, 'c', 'doc');
alter table doc enable row level security;
grant select on doc to authenticated;
create policy p on doc to authenticated using (private.is_member(org));
create view every_doc as select * from doc;
"""


@pytest.fixture(scope="module")
def helped_db(server: EmbeddedServer) -> Iterator[Profile]:
    yield from made(server, "what_if_helped", HELPED)


@pytest.fixture
async def helped(helped_db: Profile, connect: Connect, admin: Admin) -> AsyncIterator[Sides]:
    async with connect(helped_db) as login, preview(login) as acting:
        yield Sides(login, acting, admin(helped_db))


@pytest.mark.parametrize(
    ("using", "sees"),
    [
        ("private.is_member(org)", {"1"}),
        ("org in (select private.my_orgs())", {"1"}),
        ("auth.uid() is not null and (auth.jwt() ->> 'role') = auth.role()", {"1", "2", "3"}),
        ("auth.email() like 'ada@%'", {"1", "2", "3"}),
        ("title::private.title = 'b'", {"2"}),
        ("kind = 'doc' and kind in ('doc', 'note')", {"1", "3"}),
        ("(select private.total(1)) = org", {"1"}),
        ("(select max(d.org) from doc as d) = org", {"1"}),
        ("random() >= 0 and clock_timestamp() > '2020-01-01'", {"1", "2", "3"}),
        ("coalesce(current_setting('app.org', true), '2') = org::text", {"2"}),
        ("to_tsvector('english', title) @@ plainto_tsquery('english', 'c')", {"3"}),
    ],
)
async def test_what_policies_call_already_may_be_called(
    helped: Sides, using: str, sees: set[str]
) -> None:
    answer = await whatif(
        helped.login, helped.acting, ADA, await helped.relation("doc"), "p", using
    )
    gone = {key for (key,) in answer.disappear}
    come = {key for (key,) in answer.appear}
    assert ({"1"} - gone) | come == sees


@pytest.mark.parametrize(
    ("using", "words"),
    [
        ("private.unused()", "the expression calls private.unused(), which no policy calls yet"),
        (
            "exists (select from every_doc)",
            "the expression reads the view public.every_doc, which may call anything",
        ),
        (
            "pg_sleep(1) is null",
            "the expression calls pg_sleep(double precision), which could do more than answer",
        ),
    ],
)
async def test_a_refusal_names_what_is_called_and_why(
    helped: Sides, using: str, words: str
) -> None:
    relation = await helped.relation("doc")
    with pytest.raises(Refused) as refusal:
        await whatif(helped.login, helped.acting, ADA, relation, "p", using)
    assert words in refusal.value.message


async def test_a_table_the_persona_may_not_read_is_no_matter_of_names(helped: Sides) -> None:
    relation = await helped.relation("doc")
    using = "exists (select from private.member)"
    with pytest.raises(UsageError) as refusal:
        await whatif(helped.login, helped.acting, ADA, relation, "p", using)
    assert "permission denied for table member" in refusal.value.message
    assert (
        refusal.value.hint == "a policy reads as whoever asks: authenticated lacks this privilege"
    )
