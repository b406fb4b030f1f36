"""A marked password goes through every way to fail, and is found nowhere afterwards."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from console.connection.profile import Profile, Secret
from console.crash import write_report
from console.journal import Journal
from tests.terminal.conftest import Console

ByTcp = Callable[..., Profile]
MARK = "Gehe1m/Marke@7"
QUOTED = "Gehe1m%2FMarke%407"
PIECES = (MARK, QUOTED, "Gehe1m", "Marke")


@pytest.fixture
def home(tmp_path: Path) -> Path:
    """Where a session may leave things."""
    made = tmp_path / "home"
    made.mkdir()
    return made


@pytest.fixture
def given(tmp_path: Path) -> Path:
    """Where a person keeps the password; not part of the search."""
    made = tmp_path / "given"
    made.mkdir()
    return made


@pytest.fixture
def environment(home: Path) -> dict[str, str]:
    """Everything that is written goes into `home`."""
    kept = {name: os.environ[name] for name in ("PATH", "LANG") if name in os.environ}
    return kept | {
        "HOME": str(home),
        "TMPDIR": str(home),
        "ROWSIGHT_STATE": str(home / "state"),
        "ROWSIGHT_CONFIG": str(home / "config.toml"),
        "PGPASSFILE": str(home / "pgpass"),
        "TERM": "xterm-256color",
    }


def assert_nowhere(home: Path, *said: str) -> None:
    """Looks for the password in files, words and the titles of every process."""
    titles = subprocess.run(
        ["ps", "-A", "-o", "args"], capture_output=True, text=True, check=True
    ).stdout
    texts = {"what was said": "\n".join(said), "process titles": titles}
    for path in home.rglob("*"):
        if path.is_file():
            texts[str(path)] = f"{path}\n" + path.read_bytes().decode("utf-8", "replace")
    found = [
        f"{piece} in {where}" for where, text in texts.items() for piece in PIECES if piece in text
    ]
    assert found == []


def failures(by_tcp: ByTcp, given: Path) -> Iterator[tuple[tuple[str, ...], dict[str, str]]]:
    """Yields command lines that fail, each with variables of its own."""
    port = by_tcp("known").parameters["port"]
    url = f"postgresql://known:{QUOTED}@127.0.0.1:{port}"
    words = f"host=127.0.0.1 port={port} user=known dbname=postgres"
    yield ("tables", "--json", "-d", f"{url}/postgres"), {}
    yield ("rows", "a", "-d", f"{words} password='{MARK}'"), {}
    yield ("connections", "test", f"{url}/postgres", "--json"), {}
    yield ("connections", "test", f"postgresql://known:{QUOTED}@no-such-host.invalid/x"), {}
    yield ("connections", "test", f"postgresql://known:{QUOTED}@127.0.0.1:1/x"), {}
    yield ("connections", "add", "x", "-d", f"{url}/postgres"), {}
    yield ("doctor", "-d", f"{url}/postgres"), {}
    yield ("doctor", "--json"), {"DATABASE_URL": f"{url}/postgres"}
    yield ("connections", "list", "--json"), {"DATABASE_URL": f"{url}/postgres"}
    # A password that is torn apart, and targets that do not parse.
    yield ("tables", "-d", f"postgresql://known:{MARK}@127.0.0.1:{port}/postgres"), {}
    yield ("tables", "-d", f"{words} password='{MARK}"), {}
    yield ("tables", "-d", f"{words} password={MARK} colour=red"), {}
    yield ("tables", f"--frobnicate={url}/postgres"), {}
    yield (
        ("tables", "--json"),
        {"PGPASSWORD": MARK, "PGUSER": "known", "PGHOST": "127.0.0.1"} | {"PGPORT": port},
    )
    service = given / "services"
    service.write_text(f"[s]\nhost=127.0.0.1\nport={port}\nuser=known\npassword={MARK}\n")
    yield ("tables", "-d", "service=s"), {"PGSERVICEFILE": str(service)}
    yield ("connections", "list"), {"PGSERVICEFILE": str(service)}
    config = given / "config.toml"
    (given / "token").write_text(MARK)
    config.write_text(
        f'[profiles.p]\nhost = "127.0.0.1"\nport = {port}\nuser = "known"\ndbname = "postgres"\n'
        f'password_command = ["cat", "{given / "token"}"]\n'
    )
    yield ("tables", "-d", "p"), {"ROWSIGHT_CONFIG": str(config)}
    wrong = given / "wrong.toml"
    wrong.write_text(f'[profiles.p]\nurl = "{url}/postgres"\n')
    yield ("tables", "-d", "p"), {"ROWSIGHT_CONFIG": str(wrong)}


def test_no_command_leaves_it_anywhere(
    by_tcp: ByTcp, environment: dict[str, str], home: Path, given: Path
) -> None:
    said = []
    for arguments, variables in failures(by_tcp, given):
        done = subprocess.run(
            [sys.executable, "-m", "console", *arguments],
            env=environment | variables,
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            timeout=60,
        )
        listing = arguments[:2] == ("connections", "list")
        assert (done.returncode == 0) is listing, (arguments, done)
        assert "Traceback" not in done.stderr
        said.append(done.stdout + done.stderr)
    assert_nowhere(home, *said)


def test_no_screen_shows_it_and_no_file_keeps_it(
    by_tcp: ByTcp, environment: dict[str, str], home: Path
) -> None:
    port = by_tcp("known").parameters["port"]
    environment |= {"PGPASSWORD": MARK, "ROWSIGHT_NO_KEYRING": "1"}
    target = f"postgresql://known@127.0.0.1:{port}/postgres"
    console = Console("-d", target, environment=environment, size=(100, 30))
    try:
        console.wait("refused the password")
        console.press(f"{MARK}x")  # typed, and wrong again
        console.wait("•••")
        console.press("\r")
        console.wait("the one typed")
        console.press("\x1b")
        console.wait(lambda text: "esc give up" not in text)
        console.press("d")
        console.wait("password authentication failed")
        console.press("\x1b")
        console.wait(lambda text: "What happened" not in text)
        # The connect screen: a URL typed with its password, tried, opened, written down.
        console.press("C")
        console.wait("connect to a database")
        console.press("u")
        console.wait("enter connect")
        console.press(f"postgresql://known:{QUOTED}@127.0.0.1:1/x\r")
        console.wait("nothing answers at 127.0.0.1:1")
        console.press("C")
        console.wait("New profile")
        console.press("n")
        console.wait("What -d takes")
        console.press(f"p\rpostgresql://known:{QUOTED}@127.0.0.1:1/x\x1bOQ")
        console.wait("saves it all the same")
        titles = home / "titles"
        titles.write_bytes(subprocess.check_output(["ps", "-A", "-o", "args"]))
        console.press("s")
        console.wait("saved in")
        console.press("\x1b")
        console.wait("nothing answers at 127.0.0.1:1")
        console.press("q")
        console.ended()
    finally:
        console.close()
    screen = console.raw.decode("utf-8", "replace")
    assert_nowhere(home, screen)


def test_neither_journal_nor_crash_report_holds_it(
    home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("ROWSIGHT_STATE", str(home / "state"))
    profile = Profile("x", {"host": "h", "user": "known"}, password=Secret(MARK))
    journal = Journal()
    operation = journal.intend("retention run", profile, statement=f"connect with {MARK}")
    journal.conclude(operation, outcome="failed", error=f"password = {MARK}")
    try:
        held = {"password": MARK, "profile": profile}
        raise RuntimeError(f"with {held}")
    except RuntimeError as error:
        write_report(error)
    assert list((home / "state").glob("crash-*"))
    assert_nowhere(home, repr(profile), str(profile))
