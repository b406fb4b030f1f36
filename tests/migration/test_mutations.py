"""Single mutations of a good database: each is found, judged, and mended."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

import pytest

from console.connection.embedded import EmbeddedServer
from console.connection.profile import Profile
from console.connection.session import Session, Transaction
from console.migration.expected import load_expected
from console.migration.model import Difference, Severity, Verdict, Verification
from console.migration.severity import GUARDS
from console.migration.verify import verify, verify_in
from tests.conftest import _clone, _drop, _template
from tests.migration.mending import in_order
from tests.migration.mutations import MUTATIONS, Finding, Mutation


@pytest.fixture(scope="module")
def good(
    servers: tuple[EmbeddedServer, ...], templates: dict[tuple[str, str], str]
) -> Iterator[tuple[Profile, ...]]:
    """A good database on every server; every test rolls back what it did to it."""
    name = "good_for_mutations"
    for each in servers:
        _clone(each, name, _template(each, "master", templates))
    yield tuple(replace(each.profile(name), read_only=False) for each in servers)
    for each in servers:
        _drop(each, name)


def _found(verification: Verification) -> list[Finding]:
    return sorted((d.kind, d.identity, d.state, d.severity) for d in verification.differences)


def _read(differences: tuple[Difference, ...]) -> list[tuple[object, ...]]:
    return [(d.kind, d.identity, d.severity, d.expected, d.actual, d.note) for d in differences]


async def _run(tx: Transaction, *statements: str) -> None:
    for statement in statements:
        await tx.connection.execute(statement.encode())


async def _knows(tx: Transaction, mutation: Mutation) -> bool:
    version = await tx.value("select current_setting('server_version_num')::int / 10000")
    offered = await tx.value(
        "select exists (select from pg_available_extensions where name = %s)", [mutation.needs]
    )
    return bool(version >= mutation.since and (offered or not mutation.needs))


@pytest.mark.parametrize("mutation", MUTATIONS, ids=lambda mutation: mutation.name)
async def test_a_mutation_is_found_judged_and_mended(
    good: tuple[Profile, ...], mutation: Mutation
) -> None:
    expected = load_expected()
    readings = []
    for profile in good:
        async with Session(profile) as session, session.transaction(read_only=False) as tx:
            if not await _knows(tx, mutation):
                continue
            await _run(tx, mutation.sql)
            found = await verify_in(tx, expected)
            readings.append(_read(found.differences))
            assert found.differences
            if mutation.finds:
                assert _found(found) == sorted(mutation.finds)
            for difference in found.differences:
                assert difference.mend or difference.note or difference.severity is Severity.INFO
                assert difference.expected != difference.actual
                assert difference.covers
            if mutation.stays:
                assert not all(difference.mend for difference in found.differences)
            else:
                await _run(tx, *in_order(found.differences))
                assert _found(await verify_in(tx, expected)) == sorted(mutation.leaves)
    # Every server tells the same story.
    assert all(reading == readings[0] for reading in readings)


async def test_the_good_database_differs_in_nothing(good: tuple[Profile, ...]) -> None:
    for profile in good:
        async with Session(profile) as session:
            verification = await verify(session)
        assert verification.differences == ()
        assert verification.verdict is Verdict.IN_SYNC
        assert not verification.failed(strict=True)


def test_the_mutations_are_many_and_each_is_its_own() -> None:
    assert len(MUTATIONS) >= 49
    assert len({mutation.name for mutation in MUTATIONS}) == len(MUTATIONS)
    assert len({mutation.sql for mutation in MUTATIONS}) == len(MUTATIONS)


def test_the_functions_that_guard_exist() -> None:
    objects = load_expected().objects
    assert all(("function", name) in objects for name in GUARDS)
