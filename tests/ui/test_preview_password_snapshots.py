"""What it looks like where the password of the preview login is missing, at both sizes."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from textual.pilot import Pilot

from console.connection.profile import Profile
from console.ui.app import RowsightApp
from console.ui.connect.password import AskPassword
from tests.ui.acme import ADA
from tests.ui.screen import until
from tests.ui.test_access import ready
from tests.ui.test_preview_password import asked, reading
from tests.ui.test_snapshots import SIZES, rest

Compare = Callable[..., bool]

pytestmark = [SIZES, pytest.mark.usefixtures("still")]


def test_asked(
    snap_compare: Compare,
    diary: Profile,
    size: tuple[int, int],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    init = AskPassword.__init__

    def without_port(self: AskPassword, who: str, reason: str, profile: Profile) -> None:
        port = profile.parameters["port"]
        init(self, who, reason.replace(f":{port}", ":5432"), profile)

    monkeypatch.setattr(AskPassword, "__init__", without_port)

    async def run(pilot: Pilot[Any]) -> None:
        await ready(pilot, ADA)
        await until(pilot, "Password of the preview login")
        await pilot.press(*"geheim")
        await rest(pilot)

    assert snap_compare(RowsightApp(diary, tab=1), terminal_size=size, run_before=run)


def test_not_given(snap_compare: Compare, diary: Profile, size: tuple[int, int]) -> None:
    app = RowsightApp(diary, tab=1)

    async def run(pilot: Pilot[Any]) -> None:
        await ready(pilot, ADA)
        await until(pilot, lambda: asked(app))
        await pilot.press("escape")
        await until(pilot, "no password was given")
        await rest(pilot)

    assert snap_compare(app, terminal_size=size, run_before=run)


def test_rows_without_it(snap_compare: Compare, diary: Profile, size: tuple[int, int]) -> None:
    app = RowsightApp(diary)

    async def run(pilot: Pilot[Any]) -> None:
        await reading(pilot)
        await until(pilot, lambda: asked(app))
        await pilot.press("escape")
        await until(pilot, "no password was given")
        await rest(pilot)

    assert snap_compare(app, terminal_size=size, run_before=run)
