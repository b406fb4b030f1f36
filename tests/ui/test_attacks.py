"""Every attack, typed into every field of the interface: nothing is written, nobody gets out."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import Any

import pytest
from textual.pilot import Pilot

from tests.access.attacks import TYPED
from tests.ui.attacking import access, connect, fields, panes, tables  # noqa: F401 — places
from tests.ui.attacking.console import PLACES, Attacked, Place, come
from tests.ui.screen import text


def test_every_field_is_attacked() -> None:
    found = fields.fields()
    assert len(set(found)) == len(found), "two fields that can't be told apart: give one an id"
    assert {place.field for place in PLACES} == set(found)
    assert {(place.way, place.maker) for place in PLACES if place.way} == fields.ways()
    assert fields.rows_of_forms() <= {place.name for place in PLACES}


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    """Gives every place a console of its own, or in the short form those that can share one."""
    if "places" in metafunc.fixturenames:
        together: dict[object, list[Place]] = {}
        for place in PLACES:
            short = metafunc.config.getoption("--short")
            together.setdefault((place.tab, place.profile) if short else place, []).append(place)
        metafunc.parametrize("places", together.values(), ids=lambda places: places[0].name)


def attacks(place: Place, scale: float) -> list[str]:
    """Returns what is typed at a place: in the short form another attack at each."""
    if scale == 1:
        return [*TYPED, *place.own, *dict(place.answers)]
    number = PLACES.index(place)
    return [TYPED[2 * number % len(TYPED)], *dict(place.answers)]


def answered(pilot: Pilot[Any], answer: str) -> bool:
    """Tells whether words stand on the screen, wherever they break."""
    return answer in " ".join(text(pilot.app).split())


@pytest.mark.slow
async def test_nothing_typed_writes_or_gets_out(
    places: list[Place],
    attacked: Attacked,
    scale: float,
    record_property: Callable[[str, object], None],
) -> None:
    async with attacked(places[0].profile, places[0].tab) as console:
        for place in places:
            for words in attacks(place, scale):
                for form in place.shape(words):
                    await console.type(place, form, words)
                    if form == words and (answer := dict(place.answers).get(words)):
                        await come(console.pilot, partial(answered, console.pilot, answer))
                    console.witness.untouched()
    record_property("attacks", console.typed)
