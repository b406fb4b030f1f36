"""What matrix, compare, what-if, baseline and lint look like, at both sizes.

After a wanted change: `pytest tests/ui/test_access_views_snapshots.py --snapshot-update`.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from textual.pilot import Pilot
from textual.widgets import Input

from console.access.persona import of_role
from console.connection.embedded import EmbeddedServer
from console.connection.profile import Profile
from console.ui.app import RowsightApp
from tests.ui.access_rooms import ROOMS, SLOW, made
from tests.ui.screen import until
from tests.ui.test_access_views import begin, pick
from tests.ui.test_snapshots import SIZES, Compare, keys, rest

pytestmark = [SIZES, pytest.mark.usefixtures("still")]

FAULTS = """
create table leaky (id int primary key, owner uuid, api_key text);
grant all on leaky to anon, authenticated;
alter policy notes_read on notes using (owner = auth.uid());
create policy notes_all on notes for delete to authenticated using (true);
"""


TRY = ("f", "…8 policies", "slash", *"notes_read", "enter", "enter", "…F5 tries", "ctrl+u")


@pytest.fixture(scope="module")
def rooms(server: EmbeddedServer) -> Iterator[Profile]:
    yield from made(server, "rooms", ROOMS)


@pytest.fixture(scope="module")
def slow(server: EmbeddedServer) -> Iterator[Profile]:
    yield from made(server, "slow_rooms", SLOW)


@pytest.fixture(scope="module")
def faulty(server: EmbeddedServer) -> Iterator[Profile]:
    yield from made(server, "faulty_rooms", ROOMS + FAULTS)


@pytest.mark.parametrize(
    ("name", "steps"),
    [
        ("matrix", ("m", "…✕ error", "…1 ms", *["down"] * 4)),
        ("compare", ("c", "…with whom", "n", "…only ada@example.com sees", "…3 same")),
        (
            "compared-rows",
            ("c", "…with whom", "n", "…3 same", "enter", "…only ada@example.com: 13"),
        ),
        ("what-if", ("f", "…8 policies")),
        (
            "what-if-tried",
            (*TRY, *"id > 37 or id = 3", "f5", "…13 → 4"),
        ),
        (
            "what-if-failed",
            (*TRY, *"nobody = 3", "f5", "…does not suit"),
        ),
        ("baseline", ("b", "…In the next snapshot")),
        ("matrix-help", ("m", "…✕ error", "…1 ms", "question_mark")),
    ],
)
def test_view(
    snap_compare: Compare, rooms: Profile, size: tuple[int, int], name: str, steps: tuple[str, ...]
) -> None:
    async def run(pilot: Pilot[Any]) -> None:
        await begin(pilot, steps[0])
        await keys(*steps[1:])(pilot)

    assert snap_compare(RowsightApp(rooms, tab=1), terminal_size=size, run_before=run)


def test_several_personas(snap_compare: Compare, rooms: Profile, size: tuple[int, int]) -> None:
    async def run(pilot: Pilot[Any]) -> None:
        await begin(pilot, "m")
        await until(pilot, "✕ error")
        await pilot.press("a")
        await pick(pilot, "bert")
        await until(pilot, "2 personas")
        await rest(pilot)

    assert snap_compare(RowsightApp(rooms, tab=1), terminal_size=size, run_before=run)


def test_withheld(snap_compare: Compare, acme: Profile, size: tuple[int, int]) -> None:
    async def run(pilot: Pilot[Any]) -> None:
        await begin(pilot, "m", of_role("anon"))
        await until(pilot, "✕ withheld")
        await pilot.press("a")
        await pick(pilot, "ada")
        await until(pilot, "2 personas")
        await keys("s", "…by access", "home")(pilot)

    assert snap_compare(RowsightApp(acme, tab=1), terminal_size=size, run_before=run)


def test_partly_filled(snap_compare: Compare, slow: Profile, size: tuple[int, int]) -> None:
    async def run(pilot: Pilot[Any]) -> None:
        await begin(pilot, "m")
        await until(pilot, "● all 2")
        await until(pilot, "esc cancels")
        await pilot.press("escape")
        await until(pilot, "cancelled")
        await rest(pilot)

    assert snap_compare(RowsightApp(slow, tab=1), terminal_size=size, run_before=run)


def test_failed(snap_compare: Compare, rooms: Profile, size: tuple[int, int]) -> None:
    async def run(pilot: Pilot[Any]) -> None:
        await begin(pilot, "m", of_role("nobody_here"))
        await until(pilot, "there is no role")
        await rest(pilot)

    assert snap_compare(RowsightApp(rooms, tab=1), terminal_size=size, run_before=run)


@pytest.mark.parametrize("detail", [False, True], ids=["list", "detail"])
def test_lint(snap_compare: Compare, faulty: Profile, size: tuple[int, int], detail: bool) -> None:
    async def run(pilot: Pilot[Any]) -> None:
        await begin(pilot, "t", None)
        await until(pilot, "row-level security is off")
        if detail:
            await pilot.press("enter")
        await rest(pilot)

    assert snap_compare(RowsightApp(faulty, tab=1), terminal_size=size, run_before=run)


def test_changes_since_a_baseline(
    snap_compare: Compare,
    rooms: Profile,
    size: tuple[int, int],
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.chdir(tmp_path)
    file = Path("access.toml")

    async def run(pilot: Pilot[Any]) -> None:
        await begin(pilot, "b")
        await until(pilot, "In the next snapshot")
        await _file(pilot, "n", file)
        await until(pilot, "✓ Written:")
        falsify(file)
        await _file(pilot, "v", file)
        await until(pilot, "changes")
        await rest(pilot)

    assert snap_compare(RowsightApp(rooms, tab=1), terminal_size=size, run_before=run)


def falsify(file: Path) -> None:
    """Makes the snapshot say something else than the database."""
    text = file.read_text().replace("some 13 of 40", "some 12 of 40")
    file.write_text(text.replace('"public.audit"', '"public.auditing"'))


async def _file(pilot: Pilot[Any], key: str, file: Path) -> None:
    await pilot.press(key)
    await until(pilot, "enter go on")
    pilot.app.screen.query_one(Input).value = str(file)
    await pilot.press("enter")
