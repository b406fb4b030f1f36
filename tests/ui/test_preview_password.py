"""Previews that start from a login of their own, whose password nobody has given yet."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from textual.pilot import Pilot

from console.connection.profile import Profile
from console.journal import state_folder
from console.ui.access.people import PeopleView
from console.ui.app import RowsightApp
from console.ui.connect.password import AskPassword
from console.ui.connections import ACTING, PREVIEW
from console.ui.places import TablePlace
from console.ui.workspace import Workspace
from tests.ui.acme import ADA
from tests.ui.screen import focused_field, text, until, write
from tests.ui.test_access import go, ready
from tests.ui.test_keeping import keyring


def asked(app: RowsightApp) -> bool:
    return isinstance(app.screen, AskPassword)


async def reading(pilot: Pilot[Any]) -> Workspace:
    """Opens the notes, and looks at them through Ada's eyes."""
    workspace = pilot.app.screen_stack[0]
    assert isinstance(workspace, Workspace)
    await until(pilot, lambda: workspace.status.server is not None)
    await go(pilot, TablePlace("public.notes"))
    await until(pilot, "note 12")
    workspace.action_adopt(ADA)
    return workspace


async def test_the_access_pane_asks_until_it_is_right(diary: Profile) -> None:
    app = RowsightApp(diary, tab=1)
    async with app.run_test(size=(80, 24)) as pilot:
        await ready(pilot, ADA)
        await until(pilot, lambda: asked(app))
        await until(pilot, "Password of the preview login")
        assert f"for peep@127.0.0.1:{diary.parameters['port']}/diary" in text(app)
        assert "and none was given" in text(app)
        await write(pilot, "wrong")
        assert focused_field(app).password
        assert "wrong" not in text(app)
        await pilot.press("enter")
        await until(pilot, "the password: the one typed")
        assert f"for peep@127.0.0.1:{diary.parameters['port']}/diary" in text(app)
        await write(pilot, "look here")
        await pilot.press("enter")
        await until(pilot, "What is seen")
        assert "◐ notes" in text(app)
        # Nobody is asked twice: neither another view, nor what reads rows elsewhere.
        await pilot.press("m")
        await until(pilot, "3 of 12")
        await go(pilot, TablePlace("public.notes"))
        await until(pilot, "ada sees 3")
        await pilot.press("x")
        await until(pilot, lambda: "note 12" in text(app) and "note 11" not in text(app))
        connections = app._workspace.connections
        assert "look here" not in repr(vars(connections))
        assert "look here" not in repr([connections.at_hand(p) for p in (PREVIEW, ACTING)])
    for path in state_folder().rglob("*"):
        assert path.is_dir() or b"look here" not in path.read_bytes()


async def test_no_password_leaves_the_pane_with_words_and_a_way_on(diary: Profile) -> None:
    app = RowsightApp(diary, tab=1)
    async with app.run_test(size=(80, 24)) as pilot:
        await ready(pilot, ADA)
        await until(pilot, lambda: asked(app))
        await pilot.press("escape")
        await until(pilot, "no password was given (r asks again) for the preview login peep")
        assert "it may also stand in .pgpass, in PGPASSWORD or in the keyring" in text(app)
        await pilot.press("d")
        await until(pilot, "a password and none was given")
        await pilot.press("escape")
        # Nothing else asks by itself; what does without previews goes on.
        await pilot.press("m")
        await until(pilot, "no password was given (r asks again)")
        await pilot.press("t")
        await until(pilot, lambda: "no password was given" not in text(app))
        assert not asked(app)
        await pilot.press("p")
        await until(pilot, lambda: not app.screen.query_one(PeopleView).busy)
        assert not asked(app)
        await pilot.press("r")
        await until(pilot, lambda: asked(app))
        await write(pilot, "wrong")
        await pilot.press("enter")
        await until(pilot, "the password: the one typed")
        await pilot.press("escape")
        await until(pilot, "no password was given (r asks again)")
        await pilot.press("r")
        await until(pilot, "and none was given")  # the wrong one is not tried again
        await write(pilot, "look here")
        await pilot.press("enter")
        await until(pilot, "What is seen")


async def test_rows_through_a_lens_ask_once(diary: Profile) -> None:
    app = RowsightApp(diary)
    async with app.run_test(size=(80, 24)) as pilot:
        workspace = await reading(pilot)
        await until(pilot, lambda: asked(app))
        await pilot.press("escape")
        await until(pilot, lambda: not asked(app))
        await until(pilot, "no password was given (r asks again)")
        assert "note 12" in text(app)  # the login's own rows stay
        await pilot.press("down", "end", "home")
        assert not asked(app)
        await pilot.press("r")
        await until(pilot, lambda: asked(app))
        await pilot.press("escape")
        await until(pilot, lambda: not asked(app))
        # Whoever chooses somebody again wants to see something.
        workspace.action_adopt(None)
        await until(pilot, lambda: "peep" not in text(app))
        workspace.action_adopt(ADA)
        await until(pilot, lambda: asked(app))
        await write(pilot, "look here")
        await pilot.press("enter")
        await until(pilot, "ada sees 3")


async def test_two_that_wait_are_one_question(diary: Profile) -> None:
    app = RowsightApp(diary)
    async with app.run_test(size=(80, 24)) as pilot:
        workspace = await reading(pilot)
        await until(pilot, lambda: asked(app))
        other = workspace.run_worker(workspace.connections.preview(ACTING), exit_on_error=False)
        await until(pilot, lambda: workspace.connections.at_hand(ACTING) is not None)
        await pilot.pause(0.2)
        assert len([one for one in app.screen_stack if isinstance(one, AskPassword)]) == 1
        await write(pilot, "look here")
        await pilot.press("enter")
        await until(pilot, lambda: other.is_finished)
        assert other.result is workspace.connections.at_hand(ACTING)
        await until(pilot, "ada sees 3")
        assert not asked(app)


async def test_who_waits_no_longer_leaves_the_question_to_others(diary: Profile) -> None:
    app = RowsightApp(diary)
    async with app.run_test(size=(80, 24)) as pilot:
        workspace = await reading(pilot)
        await until(pilot, lambda: asked(app))
        app.screen_stack[0].query_one("Rows")._renew_lens()  # type: ignore[attr-defined]
        await pilot.pause(0.2)
        assert len([one for one in app.screen_stack if isinstance(one, AskPassword)]) == 1
        await write(pilot, "look here")
        await pilot.press("enter")
        await until(pilot, "ada sees 3")
        assert workspace.connections.at_hand(PREVIEW) is not None


async def test_it_is_kept_after_it_worked_and_a_yes(
    diary: Profile, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    kept = keyring(tmp_path, monkeypatch)
    app = RowsightApp(diary, tab=1)
    async with app.run_test(size=(80, 24), notifications=True) as pilot:
        await ready(pilot, ADA)
        await until(pilot, "keep it in the system's keyring")
        await pilot.press("f2")
        await write(pilot, "wrong")
        await pilot.press("enter")
        await until(pilot, "the password: the one typed")
        assert not kept.is_file()
        await until(pilot, "keep it in the system's keyring")
        await write(pilot, "look here")
        await pilot.press("f2")
        await until(pilot, "once it has worked: yes")
        await pilot.press("enter")
        await until(pilot, "the password is in the keyring")
        await until(pilot, "What is seen")
        assert "/diary peep" in kept.read_text()
    app = RowsightApp(diary, tab=1)
    async with app.run_test(size=(80, 24)) as pilot:
        await ready(pilot, ADA)
        await until(pilot, "What is seen")


async def test_a_password_of_the_environment_that_is_wrong_is_asked_for(
    diary: Profile, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PGPASSWORD", "of the login itself")
    app = RowsightApp(diary, tab=1)
    async with app.run_test(size=(120, 24)) as pilot:
        await ready(pilot, ADA)
        await until(pilot, "the password: the one from PGPASSWORD")
        assert asked(app)
        await write(pilot, "look here")
        await pilot.press("enter")
        await until(pilot, "What is seen")


async def test_leaving_while_it_is_asked_for_leaves_nothing_behind(diary: Profile) -> None:
    app = RowsightApp(diary, tab=1)
    async with app.run_test(size=(80, 24)) as pilot:
        await ready(pilot, ADA)
        await until(pilot, lambda: asked(app))
        await app.action_quit()
    assert app.return_code == 0
    assert app._exception is None


async def test_the_own_login_is_not_asked_for_twice(diary: Profile) -> None:
    from dataclasses import replace

    app = RowsightApp(replace(diary, preview_user="ada"), tab=1)
    async with app.run_test(size=(80, 24)) as pilot:
        await ready(pilot, ADA)
        await until(pilot, "may not act as authenticated")
        assert not asked(app)
