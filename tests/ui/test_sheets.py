"""What the first screen does without is put off, and is there when it is needed."""

from __future__ import annotations

import gc
from collections.abc import Iterator

import pytest
from textual.css.stylesheet import Stylesheet

from console import collecting
from console.assets import theme_file
from console.connection.profile import Profile
from console.ui.app import RowsightApp
from console.ui.sheets import SHEETS
from tests.ui.screen import until


def read(stylesheet: Stylesheet) -> set[str]:
    """Returns the names of the sheets that were read."""
    return {sheet for sheet in SHEETS if stylesheet.has_source(str(theme_file(f"{sheet}.tcss")))}


@pytest.mark.parametrize("key", ["i", "ctrl+p", "3"])
async def test_other_sheets_are_read_when_a_dialog_or_another_pane_comes(
    sample_db: Profile, key: str
) -> None:
    app = RowsightApp(sample_db, tab=0)
    async with app.run_test(size=(120, 40)) as pilot:
        await until(pilot, "workflow_versions")
        assert read(app.stylesheet) == {"workspace", "tables"}
        await pilot.press(key)
        await until(pilot, lambda: read(app.stylesheet) == set(SHEETS))


async def test_without_a_database_all_are_read_at_once() -> None:
    app = RowsightApp(None)
    async with app.run_test(size=(120, 40)):
        assert read(app.stylesheet) == set(SHEETS)


@pytest.fixture
def put_off() -> Iterator[None]:
    """Garbage is not collected, as on the way to the first screen."""
    collecting.put_off()
    yield
    gc.enable()
    gc.unfreeze()


@pytest.mark.usefixtures("put_off")
async def test_garbage_is_collected_from_the_first_screen_on(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(collecting, "SETTLED", 0.01)
    monkeypatch.setattr(RowsightApp, "is_headless", False)
    app = RowsightApp(None)
    async with app.run_test(size=(120, 40)) as pilot:
        await until(pilot, gc.isenabled)
        assert gc.get_freeze_count()
