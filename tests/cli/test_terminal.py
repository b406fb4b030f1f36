"""What is different on a terminal: layout, colours, questions, the console itself."""

from __future__ import annotations

import re
import signal
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pexpect
import psycopg
import pytest
from psycopg.conninfo import make_conninfo

from console.connection.embedded import EmbeddedServer
from console.connection.profile import Profile
from tests.cli.conftest import OnTerminal

Admin = Callable[[Profile], psycopg.Connection[Any]]


def dsn(profile: Profile) -> str:
    return make_conninfo(**profile.parameters)


def ended(program: Any) -> tuple[int, str]:
    """Waits for the end; returns the exit code and what was printed last."""
    program.expect(pexpect.EOF)
    program.wait()
    return program.exitstatus, program.before.replace("\r\n", "\n")


def test_csv_does_not_reach_a_terminal_unless_forced(
    on_terminal: OnTerminal, master_db: Profile
) -> None:
    program = on_terminal("-d", dsn(master_db), "rows", "roles", "--format", "csv")
    program.expect("--force")
    program.expect(pexpect.EOF)
    program.wait()
    assert program.exitstatus == 6
    program = on_terminal("-d", dsn(master_db), "rows", "roles", "--format", "csv", "--force")
    program.expect(pexpect.EOF)
    program.wait()
    assert program.exitstatus == 0
    assert "," in program.before


def test_a_row_too_wide_for_the_terminal_becomes_a_block(
    on_terminal: OnTerminal, empty_db: Profile, admin: Admin
) -> None:
    admin(empty_db).execute(
        "create table t (id int primary key, a text, b text);"
        "insert into t values (1, repeat('x', 25), null), (2, 'y', repeat('z', 25))"
    )
    code, wide = ended(on_terminal("-d", dsn(empty_db), "rows", "t", size=(24, 80)))
    assert (code, wide.splitlines()[0].split()) == (0, ["id", "a", "b"])
    code, narrow = ended(on_terminal("-d", dsn(empty_db), "rows", "t", size=(24, 40)))
    assert code == 0
    assert narrow.splitlines()[:5] == ["-- 1 --", "id  1", "a   " + "x" * 25, "b   ∅", "-- 2 --"]


def test_colour_stays_away_when_it_is_not_wanted(
    on_terminal: OnTerminal, master_db: Profile
) -> None:
    verify = ("-d", dsn(master_db), "migrate", "verify")
    assert "\x1b[32min sync" in ended(on_terminal(*verify))[1]
    assert "\x1b" not in ended(on_terminal(*verify, "--no-color"))[1]
    assert "\x1b" not in ended(on_terminal(*verify, NO_COLOR="1"))[1]
    assert "\x1b" not in ended(on_terminal(*verify, TERM="dumb"))[1]


def test_a_document_is_laid_out_for_reading(on_terminal: OnTerminal) -> None:
    assert re.fullmatch(
        r'\{\n  "version": "[^"]+"\n\}\n', ended(on_terminal("--version", "--json"))[1]
    )


def test_doctor_tells_what_the_terminal_can_do(on_terminal: OnTerminal) -> None:
    code, text = ended(on_terminal("doctor", "--no-keyring", TMUX="/tmp/x,1,0", size=(20, 70)))
    assert code == 0
    plain = re.sub(r"\x1b\[\d*m", "", text)
    assert re.search(r"ok +terminal +xterm-256color", plain)
    assert re.search(r"ok +colours +256", plain)
    assert re.search(r"warn +size +70x20", plain)
    assert "70x21 is the least" in plain
    assert re.search(r"ok +tmux", plain)
    assert ended(on_terminal("doctor", "--no-keyring", TERM="dumb"))[0] == 5


def test_the_console_is_refused_where_nothing_can_be_placed(on_terminal: OnTerminal) -> None:
    code, text = ended(on_terminal("-d", "host=/nowhere", TERM="dumb"))
    assert code == 2
    assert "the console needs a terminal" in text


@pytest.fixture
def guarded(server: EmbeddedServer, empty_db: Profile, admin: Admin) -> Iterator[str]:
    """A target whose role has to give the password `open sesame`."""
    database = admin(empty_db)
    name = empty_db.parameters["dbname"]
    database.execute(f"create role {name} login password 'open sesame'")
    rules = server.data / "pg_hba.conf"
    before = rules.read_text()
    rules.write_text(f"local {name} {name} scram-sha-256\n{before}")
    database.execute("select pg_reload_conf()")
    yield make_conninfo(**empty_db.parameters | {"user": name})
    rules.write_text(before)
    database.execute("select pg_reload_conf()")
    database.execute(f"drop role {name}")


def test_a_password_is_asked_for_and_not_shown(on_terminal: OnTerminal, guarded: str) -> None:
    program = on_terminal("-d", guarded, "tables")
    program.expect("Password for the socket in .*: ")
    program.waitnoecho()
    program.sendline("open sesame")
    code, text = ended(program)
    assert (code, text.strip()) == (0, "there are no tables or views")

    program = on_terminal("-d", guarded, "tables")
    program.expect("Password for ")
    program.waitnoecho()
    program.sendline("hunter2")
    code, text = ended(program)
    assert code == 3
    assert "refused the password" in text
    assert "hunter2" not in text

    program = on_terminal("-d", guarded, "tables")
    program.expect("Password for ")
    program.waitnoecho()
    program.sendintr()
    assert ended(program)[0] == 130


@pytest.mark.parametrize("number", [None, signal.SIGTERM, signal.SIGHUP])
def test_the_demo_s_server_ends_with_the_console(
    on_terminal: OnTerminal, tmp_path: Path, number: signal.Signals | None
) -> None:
    folder = tmp_path / "t"
    folder.mkdir(mode=0o755)
    program = on_terminal("demo", "--rows", "60", TMPDIR=str(folder))
    program.expect("●")
    if number is None:
        program.send("q")
    else:
        program.kill(number)
    code, _ = ended(program)
    assert code == (0 if number is None else 130)
    assert list(folder.iterdir()) == []
