"""What people of the sample data say, and the sentence that names the true cause."""

from __future__ import annotations

import re

import pytest

from console.access.answer import Decision
from console.access.decision import why
from console.access.people import find_people, resolve
from console.access.rules import Command
from tests.access import cast
from tests.access.conftest import Sides

DATE = re.compile(r"\d{4}-\d\d-\d\d \d\d:\d\d UTC")


def undated(text: str) -> str:
    return DATE.sub("DATE", text)


def agreed(decision: Decision) -> Decision:
    assert decision.ground_truth.agrees is True
    assert decision.certain
    return decision


async def test_1_a_workflow_has_vanished(sides: Sides) -> None:
    decision = agreed(
        await why(
            sides.login,
            sides.acting,
            await resolve(sides.login, "ada@example.com"),
            await sides.relation("workflows"),
            key={"id": cast.INVOICE_SYNC},
        )
    )
    assert (decision.allowed, decision.effect) == (False, "hidden")
    assert undated(decision.sentence) == (
        'hidden from ada@example.com, without an error: policy "workflows_select" is false:'
        ' "userId" is bert@example.com, not ada@example.com;'
        ' and "organizationId" is Globex, not in {Acme}:'
        ' there is no row in organization_members with "organizationId" = Globex'
        ' and "userId" = ada@example.com (audit_logs: carol@example.com: member.removed'
        " on DATE (left the project))"
    )
    (remedy,) = decision.remedies
    assert remedy.sql == (
        'insert into "public"."organization_members" ("organizationId", "userId")'
        f" values ('{cast.GLOBEX}', '{cast.ADA}');"
    )
    (policy,) = [p for p in decision.policies if p.applies]
    assert [(part.depth, part.joined, part.value, part.note) for part in policy.parts] == [
        (0, "or", "false", ""),
        (1, "leaf", "false", "bert@example.com is not ada@example.com"),
        (1, "leaf", "false", "Globex is not in {Acme}"),
    ]
    assert [step.passed for step in decision.steps] == [True, True, None, None, None, False]
    assert ("private.my_org_ids()", "function") in [(r.name, r.kind) for r in decision.reads]
    # The remedy is one: with the row there, she sees it.
    sides.admin.execute(remedy.sql.encode())
    again = await why(
        sides.login,
        sides.acting,
        cast.user(cast.ADA),
        await sides.relation("workflows"),
        key={"id": cast.INVOICE_SYNC},
    )
    assert agreed(again).effect == "visible"


async def test_2_an_offer_is_not_there(sides: Sides) -> None:
    decision = agreed(
        await why(
            sides.login,
            sides.acting,
            cast.user(cast.FATIMA),
            await sides.relation("offers"),
            key={"key": "welcome-pro-30"},
        )
    )
    assert undated(decision.sentence) == (
        'hidden from fatima@example.org, without an error: policy "offers_select" is false:'
        " enabled is false (audit_logs: paula.schmidt@example.org: offer.disabled on DATE"
        " (budget of the quarter is spent))"
    )
    sides.admin.execute(decision.remedies[0].sql.encode())
    enabled = "select enabled from offers where key = 'welcome-pro-30'"
    assert sides.admin.execute(enabled).fetchone() == (True,)


@pytest.mark.parametrize(
    ("table", "row"),
    [
        ("telemetry_events", {"appId": "editor", "eventType": "open"}),
        ("signal_toggles", {"signalKey": "focus_time"}),
    ],
)
async def test_3_telemetry_is_not_saved(sides: Sides, table: str, row: dict[str, str]) -> None:
    decision = agreed(
        await why(
            sides.login,
            sides.acting,
            cast.user(cast.BERT),
            await sides.relation(table),
            command=Command.INSERT,
            row={"userId": cast.BERT} | row,
        )
    )
    assert decision.allowed
    assert [obstacle.sqlstate for obstacle in decision.obstacles] == ["23503"]
    assert undated(decision.sentence) == (
        f'bert@example.com may insert it: policies "{table}_insert" and "{table}_select" are true;'
        f" but the foreign key {table}_userId_fkey stops it: there is no row in privacy_prefs"
        ' with "userId" = bert@example.com'
        " (privacy_transparency_log: bert@example.com: delete on DATE)"
    )


async def test_4_saving_changes_nothing(sides: Sides) -> None:
    workflows = await sides.relation("workflows")
    dara, key = cast.user(cast.DARA), {"id": cast.PAYROLL_EXPORT}
    seen = await why(sides.login, sides.acting, dara, workflows, key=key)
    assert agreed(seen).effect == "visible"
    decision = agreed(
        await why(
            sides.login,
            sides.acting,
            dara,
            workflows,
            command=Command.UPDATE,
            key=key,
            changes={"name": "Payroll"},
        )
    )
    assert decision.effect == "hidden"
    assert decision.sentence == (
        "the update does nothing for dara@example.com, without an error:"
        ' policy "workflows_update" is false: "userId" is emeka@example.com, not dara@example.com;'
        ' dara@example.com sees the row by "workflows_select", which is for reading only'
    )
    assert decision.history[0].action == "workflow.updated"


async def test_5_a_workflow_of_the_other_account(sides: Sides) -> None:
    decision = agreed(
        await why(
            sides.login,
            sides.acting,
            await resolve(sides.login, "Sofia.Rossi@example.com"),
            await sides.relation("workflows"),
            key={"id": cast.CUSTOMS_FORMS},
        )
    )
    assert (
        '"userId" is sofia.rossi@example.com, not Sofia.Rossi@example.com'
        " (two accounts: their addresses differ only in capital letters)"
    ) in decision.sentence
    assert [entry.action for entry in decision.history] == ["user.created"]
    assert {p.email: p.marks for p in await find_people(sides.login, "sofia.rossi")} == {
        "sofia.rossi@example.com": ("Sofia.Rossi@example.com is another account",),
        "Sofia.Rossi@example.com": ("sofia.rossi@example.com is another account",),
    }


async def test_5b_an_address_that_only_looks_the_same(sides: Sides) -> None:
    people = {p.id: p for p in await find_people(sides.login, "n\u0430dia")}
    marks = people[cast.LOOK_ALIKE].marks
    assert "banned" in marks
    assert "the address mixes Cyrillic and Latin letters" in marks
    assert "hidden characters in address or name" in marks
    (real,) = await find_people(sides.login, "nadia.petrova@example.com")
    assert real.marks == ()


async def test_6_a_plan_that_cannot_be_changed(sides: Sides) -> None:
    decision = agreed(
        await why(
            sides.login,
            sides.acting,
            cast.user(cast.GIULIA),
            await sides.relation("subscriptions"),
            command=Command.UPDATE,
            key={"id": cast.GIULIAS_PLAN},
            changes={"status": "active"},
        )
    )
    assert decision.effect == "denied"
    assert decision.sentence == (
        "denied to giulia@example.org, with an error, before any policy is asked: authenticated"
        " holds no UPDATE on public.subscriptions; it holds SELECT;"
        " nor is there a policy for it"
    )
    actions = [entry.action for entry in decision.history]
    assert "subscription.payment_failed" in actions


async def test_7_an_administrator_who_sees_nobody(sides: Sides) -> None:
    decision = agreed(
        await why(
            sides.login,
            sides.acting,
            await resolve(sides.login, "hiro@example.com"),
            await sides.relation("users"),
            key={"id": cast.ADA},
        )
    )
    assert decision.sentence == (
        'hidden from hiro@example.com, without an error: policy "users_select" is false:'
        " id is ada@example.com, not hiro@example.com."
        " The claim app_metadata.role = admin opens nothing here:"
        " is_admin() is true, but no policy on users asks for it"
    )


async def test_a_version_is_hidden_with_its_workflow(sides: Sides) -> None:
    row = sides.admin.execute(
        'select id::text from workflow_versions where "workflowId" = %s limit 1',
        (cast.INVOICE_SYNC,),
    ).fetchone()
    assert row is not None
    decision = agreed(
        await why(
            sides.login,
            sides.acting,
            cast.user(cast.ADA),
            await sides.relation("workflow_versions"),
            key={"id": row[0]},
        )
    )
    assert (
        "the row in workflows with id = Invoice sync is hidden from ada@example.com as well"
    ) in decision.sentence


async def test_a_member_who_is_no_administrator(sides: Sides) -> None:
    decision = agreed(
        await why(
            sides.login,
            sides.acting,
            cast.user(cast.DARA),
            await sides.relation("organizations"),
            command=Command.UPDATE,
            key={"slug": "initech"},
            changes={"name": "x"},
        )
    )
    assert (
        'there is a row in organization_members with "organizationId" = Initech and'
        " \"userId\" = dara@example.com, but role in ('owner', 'admin') is not true"
    ) in decision.sentence


async def test_nobody_joins_by_his_own_hand(sides: Sides) -> None:
    decision = agreed(
        await why(
            sides.login,
            sides.acting,
            cast.user(cast.ADA),
            await sides.relation("organization_members"),
            command=Command.INSERT,
            row={"organizationId": cast.GLOBEX, "userId": cast.ADA, "role": "owner"},
        )
    )
    assert decision.effect == "denied"
    assert decision.sentence.startswith(
        "refused for ada@example.com, with an error (new row violates row-level security policy):"
        ' policy "organization_members_insert" is false: "organizationId" is Globex'
    )
