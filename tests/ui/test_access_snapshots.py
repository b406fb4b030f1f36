"""What looking as somebody and asking why look like, in every state and at both sizes."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from textual.pilot import Pilot

from console.access.rules import Command
from console.connection.profile import Profile
from console.ui.access.question import Question
from console.ui.access.why import WhyView
from console.ui.app import RowsightApp
from console.ui.places import WhyPlace
from console.ui.widgets.editor import Editor
from tests.access import cast
from tests.ui.acme import ADA, ANON
from tests.ui.screen import until
from tests.ui.test_access import go, ready
from tests.ui.test_snapshots import SIZES, Steps, keys, rest

Compare = Callable[..., bool]

pytestmark = [SIZES, pytest.mark.usefixtures("still")]

PRESETS = """
[access.presets.support]
as = "carol@example.com"
aal = 2
claims = { app_metadata = { team = "support" } }
[access.presets.robot]
as = "role:authenticated"
"""


def picking(*steps: str) -> Steps:
    async def run(pilot: Pilot[Any]) -> None:
        await ready(pilot)
        await keys("i", "…nobody is signed in", *steps)(pilot)

    return run


@pytest.mark.parametrize(
    ("name", "steps"),
    [
        ("empty", ()),
        ("results", (*"ca", "…Cai Morgan", "down")),
        ("no-match", (*"zzz", "…Nobody is called that.")),
    ],
)
def test_picker(
    snap_compare: Compare, acme: Profile, size: tuple[int, int], name: str, steps: tuple[str, ...]
) -> None:
    assert snap_compare(RowsightApp(acme, tab=1), terminal_size=size, run_before=picking(*steps))


def test_presets(
    snap_compare: Compare,
    acme: Profile,
    size: tuple[int, int],
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("ROWSIGHT_CONFIG", str(tmp_path / "config.toml"))
    (tmp_path / "config.toml").write_text(PRESETS, encoding="utf-8")
    steps = picking("down", "f2")
    assert snap_compare(RowsightApp(acme, tab=1), terminal_size=size, run_before=steps)


@pytest.mark.parametrize(
    ("name", "steps"),
    [
        ("save", ("down", "f2", "f4", "…It goes into", *"night")),
        ("replace", ("f4", "…It goes into", *"robot", "enter", "…Replace the preset")),
        ("remove", ("f8", "…Remove the preset")),
    ],
)
def test_preset(
    snap_compare: Compare,
    acme: Profile,
    size: tuple[int, int],
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    name: str,
    steps: tuple[str, ...],
) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("ROWSIGHT_CONFIG", "config.toml")  # its name is on the picture
    Path("config.toml").write_text(PRESETS, encoding="utf-8")
    app = RowsightApp(acme, tab=1)
    assert snap_compare(app, terminal_size=size, run_before=picking(*steps))


def test_claims(snap_compare: Compare, acme: Profile, size: tuple[int, int]) -> None:
    async def steps(pilot: Pilot[Any]) -> None:
        await picking(*"ada", "…Ada Lindqvist", "f3", "…Claims of")(pilot)
        pilot.app.screen.query_one(Editor).text = '{\n  "role": "authenticated",\n  "sub": 7,\n}'
        await rest(pilot)

    assert snap_compare(RowsightApp(acme, tab=1), terminal_size=size, run_before=steps)


def asking(place: WhyPlace | None, wait: str, question: Question | None = None) -> Steps:
    async def run(pilot: Pilot[Any]) -> None:
        await ready(pilot, ADA)
        await pilot.press("w")
        await until(pilot, "Press w on a row")
        if place is not None:
            await go(pilot, place)
        if question is not None:
            pilot.app.screen.query_one(WhyView)._put(question)
        await until(pilot, wait)
        await rest(pilot)

    return run


KEY = (("id", cast.INVOICE_SYNC),)
OWN = (("id", cast.PAYROLL_EXPORT),)
PLACES = {
    "unasked": (None, "Press w on a row"),
    "hidden": (WhyPlace("public.workflows", KEY), "hidden"),
    "visible": (WhyPlace("public.workflows", OWN), "✓ visible"),
    "denied": (
        WhyPlace("public.subscriptions", (("id", cast.GIULIAS_PLAN),), command=Command.UPDATE),
        "⊘ denied",
    ),
    "raises": (WhyPlace("public.readings", (("id", "1"),)), "division by zero"),
    "withheld": (WhyPlace("public.leaky", (("id", "1"),), ANON), "withheld"),
}


@pytest.mark.parametrize("name", PLACES)
def test_why(snap_compare: Compare, acme: Profile, size: tuple[int, int], name: str) -> None:
    steps = asking(*PLACES[name])
    assert snap_compare(RowsightApp(acme, tab=1), terminal_size=size, run_before=steps)


def test_insert_is_refused(snap_compare: Compare, acme: Profile, size: tuple[int, int]) -> None:
    row = {"userId": cast.BERT, "name": "Sweep"}
    question = Question("public.workflows", KEY, Command.INSERT, row=row)
    steps = asking(None, "⊘ denied", question)
    assert snap_compare(RowsightApp(acme, tab=1), terminal_size=size, run_before=steps)
