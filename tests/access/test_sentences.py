"""The sentence names the true cause, whatever form a policy has, and a remedy's SQL helps."""

from __future__ import annotations

import json
from dataclasses import replace
from typing import Any

import pytest

from console.access.rules import Command
from console.access.telling import plain, tell
from tests.access import cast
from tests.access.asking import ADA, HIDDEN, Asking
from tests.access.conftest import Sides


@pytest.fixture
def asking(bare: Sides) -> Asking:
    return Asking(bare)


PLAIN = f"""
create schema s;
grant usage on schema s to anon, authenticated;
create table s.t (
  id int primary key, n int, starts date, owner uuid, tags text[], meta jsonb,
  vis text, gone timestamptz, banned boolean
);
alter table s.t enable row level security;
grant all on s.t to authenticated;
insert into s.t values (
  1, -3, '2999-01-01', '{cast.ADA}', '{{old}}', '{{"live": false}}', 'private',
  '2026-01-02 03:04:05+00', true
);
insert into s.t (id) values (2);
"""


@pytest.mark.parametrize(
    ("policy", "words"),
    [
        ("n > 0", "n > 0 is false: n is -3"),
        ("n + 1 > n + n + 10", "(n + 1) > ((n + n) + 10) is false: n + 1 is -2, (n + n) + 10 is 4"),
        ("current_date >= starts", "CURRENT_DATE >= starts is false: CURRENT_DATE is 20"),
        ("vis <> 'private'", "vis <> 'private'::text is false: vis is private"),
        ("vis <> all ('{private,x}')", "is false: vis is private"),
        (
            "coalesce((meta ->> 'live')::boolean, false)",
            "COALESCE(((meta ->> 'live'::text))::boolean, false) is false:"
            ' meta is {"live": false}',
        ),
        (
            "(auth.jwt() ->> 'email') like '%@corp.com'",
            "(auth.jwt() ->> 'email'::text) ~~ '%@corp.com'::text is false:"
            " auth.jwt() ->> 'email'::text is ada@example.com",
        ),
        ("'news' = any (tags)", "news is not in tags, which is {old}"),
        ("vis in ('public', 'link')", "vis is private, not in {public, link}"),
        ("gone is null", "gone is 2026-01-02 03:04:05+00, not null"),
        ("not banned", "banned is true"),
        ("not (n < 0)", "n < 0 is true, and must not be: n is -3"),
        ("false", "it says false whatever the row"),
        ("null", "it says null whatever the row"),
        ("n > 0 and false", "it says false whatever the row"),
    ],
)
async def test_a_condition_is_told_with_its_values(asking: Asking, policy: str, words: str) -> None:
    asking.run(f"{PLAIN} create policy p on s.t to authenticated using ({policy})")
    sentence = await asking.sentence("t")
    assert sentence.startswith(f'{HIDDEN}policy "p" is ')
    assert words in sentence


@pytest.mark.parametrize(
    ("policy", "words"),
    [
        ("'news' = any (tags)", "tags is null"),
        ("vis = 'public'", "vis is null, not public"),
        ("gone is not null", "gone is null"),
        ("n > 0", "n > 0 is null: n is null"),
        ("banned", "banned is null"),
    ],
)
async def test_a_null_is_called_a_null(asking: Asking, policy: str, words: str) -> None:
    asking.run(f"{PLAIN} create policy p on s.t to authenticated using ({policy})")
    assert (await asking.sentence("t", key={"id": "2"})).endswith(f": {words}")


async def test_an_empty_list_is_called_empty(asking: Asking) -> None:
    asking.run(
        f"{PLAIN} update s.t set tags = '{{}}';"
        " create policy p on s.t to authenticated using ('news' = any (tags))"
    )
    assert (await asking.sentence("t")).endswith(": news is not in tags, which is empty")


@pytest.mark.parametrize("policy", ["gone is null", "not banned", "vis = 'public'"])
async def test_what_mends_a_value_lets_the_row_through(asking: Asking, policy: str) -> None:
    asking.run(f"{PLAIN} create policy p on s.t to authenticated using ({policy})")
    decision = await asking.why("t")
    asking.run(decision.remedies[0].sql)
    assert (await asking.why("t")).allowed


async def test_what_depends_on_the_session_is_mended_by_no_value(asking: Asking) -> None:
    asking.run(f"{PLAIN} create policy p on s.t to authenticated using (vis = session_user)")
    assert (await asking.why("t")).remedies == ()


async def test_a_part_that_is_negated_is_told_with_the_value_of_the_negation(
    asking: Asking,
) -> None:
    asking.run(f"{PLAIN} create policy p on s.t using (id = 1 and not (n < 0 and banned))")
    lines = plain(tell(await asking.why("t"), 60)).splitlines()
    (line,) = [line for line in lines if "not all of these" in line]
    assert line.split() == ["and", "not", "all", "of", "these", "false"]
    asking.run("alter policy p on s.t using (not banned)")
    lines = plain(tell(await asking.why("t"), 60)).splitlines()
    place = next(n for n, line in enumerate(lines) if line.startswith("  not banned"))
    assert lines[place].split() == ["not", "banned", "false"]
    assert lines[place + 1].strip() == "↳ is true"


SOFT = f"""{PLAIN}
create policy s on s.t for select using (gone is null);
create policy u on s.t for update using (true) with check (true);
create policy i on s.t for insert with check (true);
update s.t set gone = null where id = 1;
"""
REFUSED = (
    "refused for ada@example.com, with an error (new row violates row-level security policy): "
)


async def test_a_row_that_would_leave_her_sight_is_told_so(asking: Asking) -> None:
    asking.run(SOFT)
    asked: dict[str, Any] = {"command": Command.UPDATE, "changes": {"gone": "2026-01-02T00:00:00Z"}}
    decision = await asking.why("t", **asked)
    assert (decision.effect, decision.ground_truth.agrees) == ("denied", True)
    assert decision.sentence == (
        f"{REFUSED}ada@example.com would lose sight of the row, for the policies for SELECT are"
        ' asked of the new row too: policy "s" is false: gone is 2026-01-02 00:00:00+00, not null'
    )
    asking.run(f"create policy s2 on s.t for select using (owner = '{cast.ADA}')")
    assert (await asking.why("t", **asked)).allowed


async def test_an_insert_that_is_read_back_is_told_so(asking: Asking) -> None:
    asking.run(SOFT)
    asked: dict[str, Any] = {
        "command": Command.INSERT,
        "row": {"id": 5, "gone": "2026-01-02T00:00:00Z"},
    }
    decision = await asking.why("t", **asked)
    assert decision.sentence == (
        f"{REFUSED}RETURNING reads the new row, so the policies for SELECT are asked of it too:"
        ' policy "s" is false: gone is 2026-01-02 00:00:00+00, not null'
    )
    assert [remedy.words for remedy in decision.remedies] == [
        "an INSERT without RETURNING (return=minimal): it is not read back"
    ]
    assert (await asking.why("t", **asked, returning=False)).allowed


async def test_a_write_that_reads_what_she_can_not_see_is_told_so(asking: Asking) -> None:
    asking.run(f"{SOFT} update s.t set gone = '2026-01-02 00:00:00+00'")
    sentence = await asking.sentence("t", command=Command.UPDATE, changes={"n": 7})
    assert sentence == (
        "the update does nothing for ada@example.com, without an error: the update reads the row,"
        ' so the policies for SELECT are asked too: policy "s" is false:'
        " gone is 2026-01-02 00:00:00+00, not null"
    )


FAILS = "the statement fails for ada@example.com: "


@pytest.mark.parametrize(
    ("policy", "words", "grant"),
    [
        (
            "s.shut()",
            'policy "p" raises permission denied for function shut',
            'grant execute on function s.shut() to "authenticated";',
        ),
        (
            "id in (select id from s.closed)",
            'policy "p" raises permission denied for table closed',
            'grant select on s.closed to "authenticated";',
        ),
    ],
)
async def test_the_policy_that_lacks_a_privilege_is_named(
    asking: Asking, policy: str, words: str, grant: str
) -> None:
    asking.run(
        f"""{PLAIN}
        create function s.shut() returns boolean language sql stable as 'select true';
        revoke execute on function s.shut() from public;
        create table s.closed (id int); insert into s.closed values (1);
        create policy p on s.t to authenticated using ({policy})"""
    )
    decision = await asking.why("t")
    assert (decision.effect, decision.sentence) == ("denied", f"{FAILS}{words}")
    (remedy,) = decision.remedies
    assert remedy.sql == grant
    asking.run(remedy.sql)
    assert (await asking.why("t")).allowed


async def test_the_policy_that_reads_a_sub_which_is_no_uuid_is_named(asking: Asking) -> None:
    asking.run(f"{PLAIN} create policy p on s.t to authenticated using (owner = auth.uid())")
    persona = replace(ADA, claims_json=json.dumps({"sub": "x-1", "role": "authenticated"}))
    decision = await asking.why("t", persona)
    assert decision.effect == "denied"
    assert (
        'policy "p" raises invalid input syntax for type uuid: "x-1":'
        " what is compared is not of the type, as a sub that is no uuid"
    ) in decision.sentence


async def test_a_default_that_lacks_a_privilege_is_no_policy_of_its_table(asking: Asking) -> None:
    asking.run(
        f"""{PLAIN}
        create function s.shut() returns text language sql stable as $$select 'x'$$;
        revoke execute on function s.shut() from public;
        alter table s.t alter vis set default s.shut(); alter table s.t disable row level security
        """
    )
    asked: dict[str, Any] = {"command": Command.INSERT, "row": {"id": 5}}
    decision = await asking.why("t", **asked)
    assert decision.sentence == (
        f"{FAILS}the default of vis raises permission denied for function shut"
    )
    (remedy,) = decision.remedies
    asking.run(remedy.sql)
    assert (await asking.why("t", **asked)).allowed


async def test_what_can_not_be_told_from_here_is_not_said_to_fail(asking: Asking) -> None:
    asking.run(f"{PLAIN} create policy p on s.t using (n > 0 and tableoid = 's.t'::regclass);")
    decision = await asking.why("t")
    assert "raises" not in decision.sentence
