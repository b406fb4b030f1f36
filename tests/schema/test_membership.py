"""Who is asking: is_admin, is_org_member, is_org_admin."""

from __future__ import annotations

import json

import pytest

from tests.schema.world import (
    ACME,
    ADA,
    GLOBEX,
    NELL,
    STAN,
    Connection,
    acting,
    insert,
)

# is_org_member(Acme), is_org_admin(Acme), is_org_member(Globex), is_org_admin(Globex), is_admin()
ANSWERS = {
    "owner": (True, True, False, False, False),
    "admin": (True, True, False, False, False),
    "member": (True, False, False, False, False),
    "stranger": (False, False, True, True, False),
    "newcomer": (False, False, False, False, False),
    "claim": (False, False, False, False, True),
}
QUESTIONS = """
    select public.is_org_member(%(acme)s), public.is_org_admin(%(acme)s),
      public.is_org_member(%(globex)s), public.is_org_admin(%(globex)s), public.is_admin()
"""


@pytest.fixture(autouse=True)
def _world(world: dict[str, object]) -> None:
    """Every test here happens among the people of `world`."""


@pytest.mark.parametrize("caller", ANSWERS)
def test_answers(db: Connection, caller: str) -> None:
    with acting(db, caller):
        [answers] = db.execute(QUESTIONS, {"acme": ACME, "globex": GLOBEX}).fetchall()
    assert answers == ANSWERS[caller]


@pytest.mark.parametrize("organization", [None, "00000000-0000-0000-0000-000000000001"])
def test_nobody_is_a_member_of_what_does_not_exist(
    db: Connection, organization: str | None
) -> None:
    with acting(db, "owner"):
        [answers] = db.execute(
            "select public.is_org_member(%(id)s::uuid), public.is_org_admin(%(id)s::uuid)",
            {"id": organization},
        ).fetchall()
    assert answers == (False, False)


def test_sets_of_organizations(db: Connection) -> None:
    db.execute(insert("organization_members", {"organizationId": GLOBEX, "userId": ADA}))
    with acting(db, "owner"):
        mine = db.execute("select private.my_org_ids()").fetchall()
        administered = db.execute("select private.my_admin_org_ids()").fetchall()
    assert {id_ for (id_,) in mine} == {ACME, GLOBEX}
    assert administered == [(ACME,)]
    with acting(db, "newcomer"):
        assert db.execute("select private.my_org_ids()").fetchall() == []


def test_membership_ends_at_once(db: Connection) -> None:
    db.execute('delete from public.organization_members where "userId" = %s', (STAN,))
    with acting(db, "stranger"):
        [answers] = db.execute(QUESTIONS, {"acme": ACME, "globex": GLOBEX}).fetchall()
    assert not any(answers)


@pytest.mark.parametrize(
    ("claims", "admin"),
    [
        ({"app_metadata": {"role": "admin"}}, True),
        ({"app_metadata": {"role": "Admin"}}, False),
        ({"app_metadata": {"role": "member"}}, False),
        ({"app_metadata": {"roles": ["admin"]}}, False),
        ({"app_metadata": {"role": ["admin"]}}, False),
        ({"app_metadata": "admin"}, False),
        ({"app_metadata": None}, False),
        ({"user_metadata": {"role": "admin"}}, False),
        ({"role": "admin"}, False),
        ({}, False),
        (None, False),
    ],
)
def test_only_app_metadata_makes_an_admin(db: Connection, claims: object, admin: bool) -> None:
    settings = "" if claims is None else json.dumps(claims)
    db.execute("select set_config('request.jwt.claims', %s, true)", (settings,))
    db.execute("set local role authenticated")
    assert db.execute("select public.is_admin()").fetchall() == [(admin,)]


def test_the_dearest_plan_makes_no_admin(db: Connection) -> None:
    db.execute(insert("subscriptions", {"userId": NELL, "plan": "enterprise"}))
    with acting(db, "newcomer"):
        assert db.execute("select public.is_admin()").fetchall() == [(False,)]
