"""Random sequences of mutations: verify names exactly what was touched, and mends it all."""

from __future__ import annotations

import itertools
from collections.abc import Iterator
from dataclasses import replace

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from console.connection.embedded import EmbeddedServer
from console.connection.profile import Profile
from console.connection.session import Session
from console.migration.expected import load_expected
from console.migration.model import CatalogObject, Severity, Verdict
from console.migration.verify import verify_in
from tests.conftest import _clone, _drop, _template
from tests.migration.fuzz import (
    DEEDS,
    Damage,
    Deed,
    drop_column,
    drop_constraint,
    drop_function,
    drop_table,
)
from tests.migration.mending import in_order

EXPECTED = load_expected()
BY_KIND = {
    kind: sorted(
        (item for item in EXPECTED.objects.values() if item.kind == kind),
        key=lambda item: item.identity,
    )
    for kind, _ in DEEDS
}
CHOICES = st.lists(
    st.sampled_from(DEEDS).flatmap(
        lambda deed: st.tuples(st.just(deed[1]), st.sampled_from(BY_KIND[deed[0]]))
    ),
    min_size=1,
    max_size=60,
)
Choices = list[tuple[Deed, CatalogObject]]


@pytest.fixture(scope="module")
def good(server: EmbeddedServer, templates: dict[tuple[str, str], str]) -> Iterator[Profile]:
    """A good database, which every example leaves as it was."""
    _clone(server, "good_for_fuzz", _template(server, "master", templates))
    yield replace(server.profile("good_for_fuzz"), read_only=False)
    _drop(server, "good_for_fuzz")


async def _do_and_check(profile: Profile, choices: Choices) -> None:
    damage = Damage(EXPECTED)
    async with Session(profile) as session, session.transaction(read_only=False) as tx:
        for deed, item in choices:
            if (statement := damage.do(deed, item)) is not None:
                await tx.connection.execute(statement.encode())
        found = await verify_in(tx, EXPECTED)
        covered = [key for difference in found.differences for key in difference.covers]
        assert sorted(covered) == sorted(damage.touched)
        for statement in in_order(found.differences):
            await tx.connection.execute(statement.encode())
        after = await verify_in(tx, EXPECTED)
        worse = [d for d in after.differences if d.severity is not Severity.INFO]
        # Nothing mends an extra column: dropping it would lose its values.
        assert [d.kind for d in worse] == [kind for kind, _ in damage.extra if kind == "column"]
        assert (after.verdict is Verdict.IN_SYNC) == (not worse)


_LEANING: dict[str, list[tuple[Deed, str, str]]] = {
    "a table on another's column": [
        (drop_column, "column", "public.users.id"),
        (drop_table, "table", "public.sessions"),
    ],
    "tables on another's key": [
        (drop_constraint, "constraint", "organizations_pkey on public.organizations"),
        (drop_table, "table", "public.workflow_versions"),
        (drop_table, "table", "public.workflows"),
    ],
    "a foreign key on another's key": [
        (drop_constraint, "constraint", "users_pkey on public.users"),
        (drop_column, "column", 'public.sessions."userId"'),
    ],
    "a foreign key on another's table": [
        (drop_column, "column", 'public.workflow_versions."workflowId"'),
        (drop_table, "table", "public.workflows"),
    ],
    "a check on two columns": [
        (drop_column, "column", 'public.offers."validFrom"'),
        (drop_column, "column", 'public.offers."validTo"'),
    ],
    "a policy on a column and a function": [
        (drop_column, "column", 'public.workflows."organizationId"'),
        (drop_function, "function", "private.my_org_ids()"),
    ],
}


@pytest.mark.parametrize("deeds", _LEANING.values(), ids=_LEANING)
async def test_what_leans_on_several_things_waits_for_all_of_them(
    good: Profile, deeds: list[tuple[Deed, str, str]]
) -> None:
    await _do_and_check(
        good, [(deed, EXPECTED.objects[kind, identity]) for deed, kind, identity in deeds]
    )


_AT_LENGTH = 1500
_TURNS = itertools.count(1)


@settings(max_examples=25, deadline=None, database=None, derandomize=True)
@given(choices=CHOICES)
async def test_verify_names_what_was_touched_and_mends_it(good: Profile, choices: Choices) -> None:
    await _do_and_check(good, choices)


@pytest.mark.slow
@settings(max_examples=_AT_LENGTH, deadline=None, database=None)
@given(choices=CHOICES)
async def test_verify_names_what_was_touched_and_mends_it_at_length(
    good: Profile, choices: Choices, scale: float
) -> None:
    if next(_TURNS) <= _AT_LENGTH * scale:
        await _do_and_check(good, choices)
