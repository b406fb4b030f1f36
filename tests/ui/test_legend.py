"""The help of what bears marks says what they mean, in the words of their one table."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Any

import pytest
from textual.pilot import Pilot

from console.access import marks
from console.access.marks import Mark
from console.connection.embedded import EmbeddedServer
from console.connection.profile import Profile
from console.ui.app import RowsightApp
from console.ui.help import Help
from console.ui.workspace import Workspace
from tests.ui.access_rooms import ADA, ROOMS, made
from tests.ui.screen import lines, shown, text, until
from tests.ui.test_access_views import begin


@pytest.fixture(scope="module")
def rooms(server: EmbeddedServer) -> Iterator[Profile]:
    yield from made(server, "rooms", ROOMS)


async def help_text(pilot: Pilot[Any]) -> list[str]:
    """Opens the help, and returns its lines."""
    await pilot.press("question_mark")
    await until(pilot, lambda: isinstance(pilot.app.screen, Help))
    found = shown(pilot.app, ".dialog-body Static").splitlines()
    await pilot.press("escape")
    return [" ".join(line.split()) for line in found]


def legend(*which: Mark | Iterable[Mark]) -> list[str]:
    """What the help says of marks."""
    flat = [one for some in which for one in ([some] if isinstance(some, Mark) else some)]
    return ["Marks", *(f"{mark.glyph} {mark.name} {mark.words}" for mark in flat), ""]


@pytest.mark.parametrize(
    ("key", "expected"),
    [
        ("p", (marks.CELLS.values(), marks.WITHHELD)),
        ("m", (marks.CELLS.values(), marks.WITHHELD, marks.UNCOUNTED, marks.COUNTED)),
        ("w", (marks.ANSWERS.values(), marks.WITHHELD, marks.STEPS.values())),
    ],
)
async def test_views_of_access(
    rooms: Profile, key: str, expected: tuple[Mark | Iterable[Mark], ...]
) -> None:
    app = RowsightApp(rooms, tab=1)
    async with app.run_test(size=(80, 24)) as pilot:
        await begin(pilot, key)
        # Before there is an answer as well as afterwards.
        wanted = legend(*expected)
        assert (await help_text(pilot))[: len(wanted)] == wanted
        await until(pilot, {"p": "What is seen", "m": "✕ error", "w": "Press w"}[key])
        found = await help_text(pilot)
        assert found[: len(wanted)] == wanted
        assert "Everywhere" in found


async def test_a_view_without_marks_has_no_legend(rooms: Profile) -> None:
    app = RowsightApp(rooms, tab=1)
    async with app.run_test(size=(80, 24)) as pilot:
        await begin(pilot, "t")
        await until(pilot, "Nothing to mend")
        assert "Marks" not in await help_text(pilot)


async def test_rows_have_a_legend_while_there_is_a_lens(rooms: Profile) -> None:
    app = RowsightApp(rooms, table="notes")
    async with app.run_test(size=(80, 24)) as pilot:
        await until(pilot, "note 1")
        assert "Marks" not in await help_text(pilot)
        workspace = app.screen
        assert isinstance(workspace, Workspace)
        workspace.action_adopt(ADA)
        await until(pilot, "ada sees 13")
        wanted = legend(marks.ROWS.values(), marks.DENIED)
        assert (await help_text(pilot))[: len(wanted)] == wanted
        drawn = {line.lstrip()[:1] for line in lines(app)[4:20]}
        assert drawn == {marks.ROWS["visible"].glyph, marks.ROWS["hidden"].glyph}


async def test_a_dialog_over_a_view_has_keys_alone(rooms: Profile) -> None:
    app = RowsightApp(rooms, tab=1)
    async with app.run_test(size=(80, 24)) as pilot:
        await begin(pilot, "m")
        await until(pilot, "✕ error")
        await pilot.press("i")
        await until(pilot, "nobody is signed in")
        await pilot.press("f1")
        await until(pilot, lambda: isinstance(app.screen, Help))
        assert "Marks" not in text(app)
