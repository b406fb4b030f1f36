"""Passwords that libpq lacks: a command, every kind of keyring there is, the person."""

from __future__ import annotations

import socket
import sys
from collections.abc import Callable, Iterator
from contextlib import closing
from dataclasses import replace
from pathlib import Path

import pytest

from console.connection import secrets
from console.connection.profile import Profile, Secret
from console.connection.secrets import Login, forget, from_command, keyring_state, look_up, store
from console.connection.session import Session
from console.errors import CannotConnect
from tests.connection.conftest import PASSWORD

ByTcp = Callable[..., Profile]
LOGIN = Login("db.example", "5432", "app", "ada")

# Backends as they are found in the wild, by what they do when asked.
BACKENDS = """
import os, sys, time, json, pathlib
from keyring import errors
from keyring.backend import KeyringBackend
from keyring.backends.chainer import ChainerBackend

class Base(KeyringBackend):
    priority = 5
    def get_password(self, service, username): return self.act()
    def set_password(self, service, username, password): self.act()
    def delete_password(self, service, username): self.act()

class Locked(Base):
    def act(self): raise errors.KeyringLocked("Failed to unlock the collection!")

class Dismissed(Base):
    def act(self): raise errors.InitError("Prompt dismissed..")

class Broken(Base):
    def act(self): raise RuntimeError("g_object_unref: assertion failed")

class Waiting(Base):
    def act(self): time.sleep(600)

class Noisy(Base):
    def act(self):
        print("a word on stdout")
        print("Gtk-WARNING **: cannot open display", file=sys.stderr)
        os.write(2, b"written past Python\\n")
        try:
            with open("/dev/tty", "w") as terminal:
                terminal.write("on the terminal itself")
        except OSError:
            pass
        return None

class Asking(Base):
    def act(self):
        import getpass
        return getpass.getpass("Password for the keyring: ")

class Exiting(Base):
    def act(self): os._exit(7)

class PlaintextKeyring(Base):
    def act(self): return "from a plain file"

class Kept(Base):
    file = pathlib.Path(os.environ.get("KEPT", "/nonexistent"))
    def read(self): return json.loads(self.file.read_text()) if self.file.exists() else {}
    def get_password(self, service, username): return self.read().get(f"{service} {username}")
    def set_password(self, service, username, password):
        self.file.write_text(json.dumps(self.read() | {f"{service} {username}": password}))
    def delete_password(self, service, username):
        left = self.read()
        del left[f"{service} {username}"]
        self.file.write_text(json.dumps(left))

class Forgetful(Kept):
    def set_password(self, service, username, password): pass

class Chain(ChainerBackend):
    priority = 10
    backends = [PlaintextKeyring(), Kept()]
"""

UNUSABLE = [
    "no.such.module.Keyring",
    "keyring.backends.null.Keyring",
    "keyring.backends.fail.Keyring",
    "backends.PlaintextKeyring",
]
FAILING = ["Locked", "Dismissed", "Broken", "Noisy", "Asking", "Exiting"]
Choose = Callable[[str], None]


@pytest.fixture
def choose(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Choose:
    """Makes a backend the one that `keyring` finds."""
    (tmp_path / "backends.py").write_text(BACKENDS)
    monkeypatch.setenv("PYTHONPATH", str(tmp_path))
    monkeypatch.setenv("KEPT", str(tmp_path / "kept.json"))
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path))
    monkeypatch.delenv("ROWSIGHT_NO_KEYRING", raising=False)
    return lambda name: monkeypatch.setenv("PYTHON_KEYRING_BACKEND", name)


@pytest.fixture(autouse=True)
def _quiet(capfd: pytest.CaptureFixture[str]) -> Iterator[None]:
    """Whatever a backend does, nothing of it may reach the screen."""
    yield
    assert capfd.readouterr() == ("", "")


@pytest.mark.parametrize("backend", UNUSABLE)
async def test_what_keeps_no_secret_is_no_keyring(backend: str, choose: Choose) -> None:
    choose(backend)
    assert not (await keyring_state()).usable
    assert await look_up(Profile(), LOGIN) is None
    assert not (await store(LOGIN, Secret("x"))).usable


@pytest.mark.parametrize("backend", FAILING)
async def test_a_keyring_that_fails_is_as_none(backend: str, choose: Choose) -> None:
    choose(f"backends.{backend}")
    assert await look_up(Profile(), LOGIN) is None
    state = await store(LOGIN, Secret("x"))
    assert not state.usable
    assert state.words


async def test_a_keyring_that_waits_is_given_up(
    choose: Choose, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert secrets.DEADLINE == 3.0
    monkeypatch.setattr(secrets, "DEADLINE", 0.6)
    choose("backends.Waiting")
    assert await look_up(Profile(), LOGIN) is None


@pytest.mark.parametrize("bus", ["", "unix:path=/nonexistent/bus", "nonsense", "silent"])
async def test_no_bus_a_dead_one_and_one_that_says_nothing(
    bus: str, choose: Choose, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    """The real backend of Linux, on what a headless machine has for a bus."""
    monkeypatch.setattr(secrets, "DEADLINE", 1.5)
    choose("keyring.backends.SecretService.Keyring")
    with closing(socket.socket(socket.AF_UNIX)) as listener:
        if bus == "silent":
            listener.bind(str(tmp_path / "bus"))
            listener.listen()
            bus = f"unix:path={tmp_path / 'bus'}"
        monkeypatch.setenv("DBUS_SESSION_BUS_ADDRESS", bus)
        assert await look_up(Profile(), LOGIN) is None
        assert not (await keyring_state()).usable


async def test_a_keyring_keeps_and_gives_back(choose: Choose, tmp_path: Path) -> None:
    choose("backends.Kept")
    assert await look_up(Profile(), LOGIN) is None
    assert (await store(LOGIN, Secret(PASSWORD))).usable
    found = await look_up(Profile(), LOGIN)
    assert found is not None
    assert found.reveal() == PASSWORD
    assert "rowsight:db.example:5432/app ada" in (tmp_path / "kept.json").read_text()
    assert (await forget(LOGIN)).usable
    assert await look_up(Profile(), LOGIN) is None


async def test_of_a_chain_the_safe_one_is_asked(choose: Choose) -> None:
    choose("backends.Chain")
    assert (await keyring_state()).words == "backends.Kept"
    assert await look_up(Profile(), LOGIN) is None


async def test_a_keyring_that_does_not_keep_is_said_so(choose: Choose) -> None:
    choose("backends.Forgetful")
    state = await store(LOGIN, Secret("x"))
    assert (state.usable, state.words) == (False, "it did not keep the password")


async def test_it_can_be_forbidden(
    choose: Choose, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    choose("backends.Kept")
    await store(LOGIN, Secret("x"))
    assert await look_up(Profile(keyring=False), LOGIN) is None
    config = tmp_path / "config.toml"
    monkeypatch.setenv("ROWSIGHT_CONFIG", str(config))
    config.write_text("keyring = false\n")
    assert await look_up(Profile(), LOGIN) is None
    assert (await keyring_state()).words == "switched off"
    config.write_text("keyring = 'perhaps'\n")
    assert await look_up(Profile(), LOGIN) is None
    config.unlink()
    assert await look_up(Profile(), LOGIN) is not None
    monkeypatch.setenv("ROWSIGHT_NO_KEYRING", "1")
    assert await look_up(Profile(), LOGIN) is None


async def test_a_file_of_that_name_here_is_not_the_keyring(
    choose: Choose, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    here = tmp_path / "here"
    here.mkdir()
    (here / "keyring.py").write_text("raise SystemExit('run from the current folder')")
    monkeypatch.chdir(here)
    choose("backends.Kept")
    assert (await keyring_state()).words == "backends.Kept"


# --- a command


def command(code: str) -> Profile:
    return Profile(name="x", password_command=(sys.executable, "-c", code))


async def test_the_first_line_of_a_command_is_the_password() -> None:
    printed = "import sys; print(sys.argv, file=sys.stderr); print('a b$HOME; c'); print('more')"
    assert (await from_command(command(printed))).reveal() == "a b$HOME; c"


@pytest.mark.parametrize(
    ("code", "words"),
    [
        ("raise SystemExit(3)", "exit code 3"),
        ("pass", "printed no password"),
        ("print()", "printed no password"),
        ("print(chr(0))", "printed no password"),
        ("import time; time.sleep(600)", "did not end"),
        ("open('/dev/tty')", "exit code 1"),
    ],
)
async def test_a_command_that_fails_is_named_without_what_it_said(
    code: str, words: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(secrets, "COMMAND_DEADLINE", 2.0)
    with pytest.raises(CannotConnect) as caught:
        await from_command(command("import sys; print('geheim', file=sys.stderr)\n" + code))
    assert words in caught.value.message
    assert caught.value.code == "password_command_failed"
    assert "geheim" not in str(vars(caught.value))


async def test_a_command_that_is_not_there() -> None:
    with pytest.raises(CannotConnect, match="can't be run"):
        await from_command(Profile(password_command=("/nonexistent/op", "read")))


# --- in what order, and whose was refused


async def test_the_keyring_is_asked_only_when_the_server_wants_one(
    by_tcp: ByTcp, choose: Choose, tmp_path: Path
) -> None:
    choose("backends.Kept")
    async with Session(by_tcp("known", PASSWORD)) as session:
        assert session.login is not None
        assert (await store(session.login, Secret(PASSWORD))).usable
        assert session.login.user == "known"
    async with Session(by_tcp("known")) as session:
        assert session.password_source == "the keyring"
        async with session.another("health") as other:
            assert await other.value("select 1") == 1
    (tmp_path / "kept.json").chmod(0)
    choose("backends.Exiting")
    async with Session(by_tcp("trusted")) as session:
        assert session.password_source == ""


async def test_a_stale_keyring_is_named_and_the_person_asked(by_tcp: ByTcp, choose: Choose) -> None:
    choose("backends.Kept")
    async with Session(by_tcp("known", PASSWORD)) as session:
        assert session.login is not None
        await store(session.login, Secret("of last year"))
    asked: list[str] = []

    def ask(profile: Profile, failure: CannotConnect) -> Secret:
        asked.append(failure.message)
        return Secret(PASSWORD)

    async with Session(by_tcp("known"), ask_password=ask) as session:
        assert session.password_source == "the one typed"
    (message,) = asked
    assert message.endswith("refused the password: the keyring")


async def test_a_command_goes_before_the_keyring_and_may_change_its_mind(
    by_tcp: ByTcp, choose: Choose, tmp_path: Path
) -> None:
    choose("backends.Exiting")
    token = tmp_path / "token"
    token.write_text(PASSWORD)
    profile = replace(by_tcp("known"), password_command=("cat", str(token)))
    async with Session(profile) as session:
        assert session.password_source == "password_command"
    # What it gave the last time has run out: it is asked once more.
    async with Session(replace(profile, password=Secret("run out"))) as session:
        assert session.password_source == "password_command"
    token.write_text("run out as well")
    with pytest.raises(CannotConnect, match="refused the password: password_command"):
        await Session(profile).connect()


@pytest.mark.parametrize("source", ["PGPASSWORD", "pgpass", "pg_service.conf", "given"])
async def test_whose_password_was_refused_is_said(
    source: str, by_tcp: ByTcp, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    profile = by_tcp("known")
    file = tmp_path / source
    if source == "PGPASSWORD":
        monkeypatch.setenv("PGPASSWORD", "not it")
    elif source == "pgpass":
        file.write_text("*:*:*:known:not it\n")
        file.chmod(0o600)
        monkeypatch.setenv("PGPASSFILE", str(file))
    elif source == "pg_service.conf":
        monkeypatch.setenv("PGPASSWORD", PASSWORD)  # the service file's beats it
        monkeypatch.setenv("PGSERVICEFILE", str(file))
        file.write_text("[known]\nuser=known\npassword=not it\n")
        profile = replace(profile, parameters=profile.parameters | {"service": "known"})
    else:
        profile = replace(profile, password=Secret("not it"))
    asked: list[str] = []

    def ask(profile: Profile, failure: CannotConnect) -> Secret:
        asked.append(failure.message)
        return Secret(PASSWORD)

    async with Session(profile, ask_password=ask):
        assert source in asked[0]
        assert "not it" not in asked[0]
