"""The dialog that asks which row it is about."""

from __future__ import annotations

from textual.widgets import Input

from console.connection.profile import Profile
from console.ui.app import RowsightApp
from tests.access import cast
from tests.ui.acme import ADA
from tests.ui.screen import lines, until
from tests.ui.test_access import ready


async def test_a_table_that_stands_there_in_grey_is_taken_when_its_field_is_left(
    acme: Profile,
) -> None:
    app = RowsightApp(acme, tab=1)
    async with app.run_test(size=(80, 24)) as pilot:
        await ready(pilot, ADA)
        await pilot.press("w", "enter")
        await until(pilot, lambda: app.screen.query_one("#why-table", Input).suggester)
        table = app.screen.query_one("#why-table", Input)
        await pilot.press(*"Workf", "tab")
        assert table.value == "workflows"
        await pilot.press("shift+tab", "ctrl+u", *"workflow_run", "tab")
        assert table.value == "workflow_runs"
        await pilot.press("shift+tab", "ctrl+u", *"workflows", "tab", *cast.PAYROLL_EXPORT, "enter")
        await until(pilot, "✓ visible")
        await pilot.press("enter", *"nonsense", "enter")
        await until(pilot, "✕ the key does not suit public.workflows")
        assert lines(app)[3].endswith("workflows · nonsense")  # and no time of an answer
