"""The ways to the fields of the access pane."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from textual.pilot import Pilot

from console.ui.access.whatif import WhatifView
from console.ui.places import PersonPlace
from tests.ui.attacking.console import (
    ACCESS,
    ROW,
    at_rest,
    go,
    place,
    press,
    put,
    view,
)
from tests.ui.attacking.shapes import (
    claimed,
    in_a_folder,
    keyed,
    tried,
)
from tests.ui.screen import focused_field

PERSONA = "access.picker.PersonaPicker#persona-search:Field"
CLAIMS = "access.editor.ClaimsEditor:Editor"
FINDINGS = "widgets.findings.Findings:Field"
FILE = "access.files.AskFile#file-name:Field"
VALUES = "access.question.TryRow:Editor"

CHANGED = """\
version = 1
[[persona]]
as = "anon"
[persona.tables]
"public.prey" = {select = "all"}
"public.gone" = {select = "all"}
"""


@place(PERSONA, "workspace.Workspace", ACCESS)
async def persona(pilot: Pilot[Any]) -> None:
    await press(pilot, "i")
    await at_rest(pilot)


@place(CLAIMS, "access.picker.PersonaPicker", ACCESS, shape=claimed, keys=("f3",), lens=True)
async def claims_of_who_is_picked(pilot: Pilot[Any]) -> None:
    await view(pilot, "lint")
    await press(pilot, "i")
    await at_rest(pilot)
    await press(pilot, "f3")


@place(CLAIMS, "access.people.PeopleView", ACCESS, shape=claimed, keys=("f3",))
async def claims_of_who_is_shown(pilot: Pilot[Any]) -> None:
    await go(pilot, PersonPlace("role:anon"))
    await press(pilot, "f3")


@place("access.question.AskWhy#why-table:Field", "access.why.WhyView", ACCESS, lens=True)
async def table_to_ask_about(pilot: Pilot[Any]) -> None:
    await go(pilot, ROW)
    await press(pilot, "enter")
    put(pilot.app.screen.query_one("#why-row"), "1")  # type: ignore[arg-type]
    pilot.app.screen.query_one("#why-table").focus()


@place("access.question.AskWhy#why-row:Field", "access.why.WhyView", ACCESS, shape=keyed, lens=True)
async def row_to_ask_about(pilot: Pilot[Any]) -> None:
    await go(pilot, ROW)
    await press(pilot, "enter")


@place(VALUES, "access.why.WhyView", ACCESS, shape=tried, keys=("f3",), lens=True)
async def row_to_try(pilot: Pilot[Any]) -> None:
    await go(pilot, ROW)
    await press(pilot, "n")
    await at_rest(pilot)


@place(VALUES, "access.why.WhyView", ACCESS, shape=tried, keys=("f3",), lens=True)
async def changes_to_try(pilot: Pilot[Any]) -> None:
    await go(pilot, ROW)
    await press(pilot, "u")


@place("access.matrix.MatrixView#cell-filter:Field", "", ACCESS, lens=True)
async def filter_of_cells(pilot: Pilot[Any]) -> None:
    await view(pilot, "matrix")
    await press(pilot, "slash")


@place(FILE, "access.matrix.MatrixView", ACCESS, shape=in_a_folder, lens=True)
async def file_for_the_matrix(pilot: Pilot[Any]) -> None:
    await view(pilot, "matrix")
    await press(pilot, "e")


@place(PERSONA, "access.matrix.MatrixView", ACCESS, lens=True)
async def persona_in_the_matrix(pilot: Pilot[Any]) -> None:
    await view(pilot, "matrix")
    await press(pilot, "a")
    await at_rest(pilot)


@place(PERSONA, "access.compare.CompareView", ACCESS, lens=True)
async def persona_to_compare_with(pilot: Pilot[Any]) -> None:
    await view(pilot, "compare")
    await press(pilot, "a")
    await at_rest(pilot)


@place(FINDINGS, "access.compare.CompareView", ACCESS, lens=True)
async def filter_of_differences(pilot: Pilot[Any]) -> None:
    await view(pilot, "compare")
    await press(pilot, "n")
    await at_rest(pilot)
    await press(pilot, "slash")


@place("access.whatif.WhatifView#policy-filter:Field", "", ACCESS, lens=True)
async def filter_of_policies(pilot: Pilot[Any]) -> None:
    await view(pilot, "whatif")
    await press(pilot, "slash")


@place(
    "access.whatif.WhatifView#policy-using:Editor",
    "",
    ACCESS,
    keys=("f5",),
    lens=True,
    answers=(("public.evil_role()", "which no policy calls yet"),),
)
async def expression(pilot: Pilot[Any]) -> None:
    shown = await view(pilot, "whatif")
    assert isinstance(shown, WhatifView)
    shown.action_back()
    await press(pilot, "slash")
    put(focused_field(pilot.app), "prey")
    await press(pilot, "enter", "enter")


@place(FILE, "access.baseline.BaselineView", ACCESS, shape=in_a_folder)
async def file_for_a_snapshot(pilot: Pilot[Any]) -> None:
    await view(pilot, "baseline")
    await press(pilot, "n")


@place(FILE, "access.baseline.BaselineView", ACCESS, shape=in_a_folder)
async def file_to_check(pilot: Pilot[Any]) -> None:
    await view(pilot, "baseline")
    await press(pilot, "v")


@place(PERSONA, "access.baseline.BaselineView", ACCESS)
async def persona_in_a_snapshot(pilot: Pilot[Any]) -> None:
    await view(pilot, "baseline")
    await press(pilot, "a")
    await at_rest(pilot)


def _changed() -> str:
    Path("changed.toml").write_text(CHANGED, encoding="utf-8")
    return "changed.toml"


async def check_a_file(pilot: Pilot[Any]) -> None:
    """Holds the database against a file that does not fit it."""
    await press(pilot, "v")
    put(focused_field(pilot.app), _changed())
    await press(pilot, "enter")
    await at_rest(pilot)


@place(FINDINGS, "access.baseline.BaselineView", ACCESS)
async def filter_of_changes(pilot: Pilot[Any]) -> None:
    await view(pilot, "baseline")
    await check_a_file(pilot)
    await press(pilot, "slash")


@place(FINDINGS, "access.lint.LintView", ACCESS)
async def filter_of_findings(pilot: Pilot[Any]) -> None:
    await view(pilot, "lint")
    await press(pilot, "slash")


@place("access.presets.NamePreset#preset-name:Field", "access.presets.save", ACCESS)
async def name_of_a_preset(pilot: Pilot[Any]) -> None:
    await press(pilot, "i")
    await at_rest(pilot)
    await press(pilot, "f4")
