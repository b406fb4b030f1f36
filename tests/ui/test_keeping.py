"""What the screen does with a password, a transaction that may write, and another server."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from console.connection.profile import Profile
from console.connection.standing import Standing
from console.errors import Refused
from console.ui.app import RowsightApp
from console.ui.connect.password import AskPassword
from console.ui.connections import OPERATIONS
from tests.conftest import MakeProxy
from tests.ui.screen import lines, text, until, write

BACKEND = """
import json, os, pathlib
from keyring.backend import KeyringBackend
file = pathlib.Path(os.environ["KEPT"])
def read(): return json.loads(file.read_text()) if file.exists() else {}
class Kept(KeyringBackend):
    priority = 5
    def get_password(self, service, username): return read().get(service + " " + username)
    def set_password(self, service, username, password):
        file.write_text(json.dumps(read() | {service + " " + username: password}))
"""


async def test_a_password_is_kept_after_it_worked_and_a_yes(
    guarded: Profile, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    kept = keyring(tmp_path, monkeypatch)
    app = RowsightApp(guarded)
    async with app.run_test(size=(80, 24), notifications=True) as pilot:
        await until(pilot, lambda: isinstance(app.screen, AskPassword))
        await until(pilot, "keep it in the system's keyring")
        await pilot.press("f2")
        await write(pilot, "wrong")
        await pilot.press("enter")
        await until(pilot, "refused the password")
        assert not exists(kept)
        await until(pilot, "keep it in the system's keyring")
        await write(pilot, "open sesame")
        await pilot.press("f2")
        await until(pilot, "once it has worked: yes")
        await pilot.press("enter")
        await until(pilot, "the password is in the keyring")
    app = RowsightApp(guarded)
    async with app.run_test(size=(80, 24)) as pilot:
        await until(pilot, "ms ●")
    app = RowsightApp(replace(guarded, keyring=False))
    async with app.run_test(size=(80, 24)) as pilot:
        await until(pilot, lambda: isinstance(app.screen, AskPassword))


def keyring(folder: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Makes a keyring that keeps things in a file; returns the file."""
    (folder / "kept_backend.py").write_text(BACKEND)
    monkeypatch.setenv("PYTHONPATH", str(folder))
    monkeypatch.setenv("PYTHON_KEYRING_BACKEND", "kept_backend.Kept")
    monkeypatch.setenv("KEPT", str(folder / "kept.json"))
    monkeypatch.delenv("ROWSIGHT_NO_KEYRING", raising=False)
    return folder / "kept.json"


def exists(path: Path) -> bool:
    return path.exists()


async def test_an_open_transaction_that_may_write_is_on_the_head(shop: Profile) -> None:
    app = RowsightApp(replace(shop, read_only=False))
    async with app.run_test(size=(120, 24)) as pilot:
        await until(pilot, "orders")
        session = await app._workspace.connections.open(OPERATIONS)
        async with session.transaction():
            await pilot.pause()
            assert "IN TRANSACTION" not in lines(app)[0]
        async with session.transaction(read_only=False):
            await until(pilot, lambda: "IN TRANSACTION" in lines(app)[0])
        await until(pilot, lambda: "IN TRANSACTION" not in lines(app)[0])
        async with (
            session.another("apply", read_only=False) as other,
            other.transaction(read_only=False),
        ):
            await until(pilot, lambda: "IN TRANSACTION" in lines(app)[0])
        await until(pilot, lambda: "IN TRANSACTION" not in lines(app)[0])


async def test_nothing_is_changed_on_another_server_than_the_one_shown(shop: Profile) -> None:
    app = RowsightApp(replace(shop, read_only=False))
    async with app.run_test(size=(120, 24)) as pilot:
        await until(pilot, "orders")
        connections = app._workspace.connections
        connections.standing = Standing("another", 1, False)
        with pytest.raises(Refused, match="another database server"):
            await connections.open(OPERATIONS)
        assert not connections.write_mode


@pytest.mark.parametrize("fault", ["stall", "discard", "reset"])
async def test_the_screen_lives_through_a_bad_network(
    shop: Profile, proxy: MakeProxy, fault: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("console.ui.link.PING_INTERVAL", 0.1)
    monkeypatch.setattr("console.ui.link.PATIENCE", 0.4)
    through = proxy(shop)
    app = RowsightApp(replace(through.profile, connect_timeout=1.0), table="app.people")
    async with app.run_test(size=(120, 24)) as pilot:
        await until(pilot, "Person 3")
        getattr(through, fault)()
        if fault != "reset":  # which may be over before anybody has looked
            await until(pilot, lambda: "attempt" in lines(app)[0])
            assert "was lost" in lines(app)[2]
        await pilot.press("question_mark")
        await until(pilot, "all of this as commands")  # keys are heard all the same
        await pilot.press("escape")
        assert "Person 3" in text(app)
        through.resume()
        await until(pilot, lambda: "ms ●" in lines(app)[0])
        assert "Person 3" in text(app)
