"""A fault of our own: one sentence, a report without data, exit code 1."""

from __future__ import annotations

from pathlib import Path

import pytest
from textual.widget import MountError
from textual.worker import WorkerFailed

from console.connection.profile import Profile
from console.crash import told
from console.journal import state_folder
from console.ui.app import RowsightApp
from console.ui.connect.password import AskPassword
from console.ui.stage import Stage
from console.ui.tables.listing import ListingPane
from console.ui.workspace import Workspace
from tests.ui.screen import until

SECRET = "hunter2 is the password of row 7"


def reports() -> list[Path]:
    return sorted(state_folder().glob("crash-*.txt"))


async def test_a_fault_in_a_worker(
    shop: Profile, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    async def broken(self: ListingPane) -> None:
        row = {"password": SECRET}
        raise KeyError(row["password"])

    monkeypatch.setattr(ListingPane, "list_all", lambda self: self.run_worker(broken(self)))
    app = RowsightApp(shop)
    with pytest.raises(WorkerFailed):
        async with app.run_test(size=(80, 24)) as pilot:
            await until(pilot, reports)
    assert app.return_code == 1
    (report,) = reports()
    written = report.read_text()
    said = capsys.readouterr().err.replace("\n", "")
    assert "builtins.KeyError" in written
    assert "in test_a_fault_in_a_worker.<locals>.broken" in written
    assert said.replace(" ", "").endswith(str(report).replace(" ", ""))
    assert "rowsight: a fault in the program ended it" in said
    for word in (*SECRET.split()[:1], "Traceback", "password"):
        assert word not in written
        assert word not in said
    assert report.stat().st_mode & 0o777 == 0o600


async def test_a_fault_in_a_handler(
    shop: Profile, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def broken(self: Workspace) -> None:
        raise RuntimeError(SECRET)

    monkeypatch.setattr(Workspace, "action_help", broken)
    app = RowsightApp(shop)
    with pytest.raises(RuntimeError):  # noqa: PT012 — what a pilot runs raises at its end
        async with app.run_test(size=(80, 24)) as pilot:
            await until(pilot, "orders")
            await pilot.press("question_mark")
            await until(pilot, reports)
    (report,) = reports()
    assert "builtins.RuntimeError" in report.read_text()
    assert "hunter2" not in report.read_text() + capsys.readouterr().err


def test_no_report_where_nothing_can_be_written(monkeypatch: pytest.MonkeyPatch) -> None:
    def nowhere(*args: object, **kwargs: object) -> None:
        raise OSError(SECRET)

    monkeypatch.setattr("console.crash.write_report", nowhere)
    said = told(RuntimeError(SECRET))
    assert "no report could be written" in said
    assert "hunter2" not in said


async def test_no_fault_is_made_of_a_dialog_that_comes_while_one_leaves(shop: Profile) -> None:
    app = RowsightApp(shop)
    async with app.run_test(size=(80, 24)) as pilot:
        await until(pilot, "orders")
        app.push_screen(AskPassword("ada", "the server wants one", shop))
        app.exit(return_code=0)
    assert app.return_code == 0
    assert not reports()


async def test_no_fault_is_made_of_a_pane_that_comes_while_one_leaves(shop: Profile) -> None:
    app = RowsightApp(shop)
    async with app.run_test(size=(80, 24)) as pilot:
        await until(pilot, "orders")
        app.exit(return_code=0)
        with pytest.raises(MountError) as raised:
            await Stage(app._workspace.connections).show(0)
        app._handle_exception(raised.value)
    assert app.return_code == 0
    assert not reports()
