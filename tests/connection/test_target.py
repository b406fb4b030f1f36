"""From a target to a profile: what libpq would read, and no password in any failure."""

from __future__ import annotations

import os
import traceback
from collections.abc import Callable
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from psycopg import ProgrammingError
from psycopg.conninfo import conninfo_to_dict

from console.connection.embedded import EmbeddedServer
from console.connection.profile import Environment, Profile, Secret
from console.connection.session import Session
from console.connection.target import resolve
from console.errors import CannotConnect, UsageError

# Pieces that matter to either syntax, so that random joins of them are often nearly right.
PIECES = st.sampled_from(
    [
        *("postgresql://", "postgres://", "host=", "dbname=", "user=", "password=", "sslmode="),
        *("port=", "service=", "ssl=", "a", "db.example", "5432", "65536", "@", ":", "/", "?"),
        *("&", "=", "#", "%", "%20", "%2F", "%zz", "%00", "[::1]", ",", " ", "'", "\\", "\t"),
        *("ü", "+", "require", "true", "$user", '"', "-", "_", ".", "\n"),
    ]
)
WORD = st.text(st.characters(min_codepoint=33, max_codepoint=0x2FF), min_size=1, max_size=8)
URLS = st.builds(
    "{}://{}{}{}{}{}".format,
    st.sampled_from(["postgresql", "postgres"]),
    st.one_of(st.just(""), WORD.map("{}@".format), st.builds("{}:{}@".format, WORD, WORD)),
    st.one_of(st.just(""), WORD),
    st.one_of(st.just(""), st.integers(0, 70000).map(":{}".format)),
    st.one_of(st.just(""), WORD.map("/{}".format)),
    st.one_of(st.just(""), WORD.map("?sslmode={}".format), WORD.map("?host={}&port=1".format)),
)


def as_libpq(target: str) -> dict[str, str] | None:
    try:
        return {key: str(value) for key, value in conninfo_to_dict(target).items()}
    except (ProgrammingError, UnicodeError):
        return None


@settings(max_examples=500, deadline=None)
@given(st.one_of(st.lists(PIECES, min_size=2, max_size=12).map("".join), URLS))
def test_reads_a_target_as_libpq_does(target: str) -> None:
    if "://" not in target and "=" not in target:
        return
    expected = as_libpq(target)
    if expected is None:
        with pytest.raises(UsageError) as caught:
            resolve(target)
        assert caught.value.exit_code == 2
        return
    try:
        profile = resolve(target)
    except UsageError:
        # Stricter than libpq where a bare @ or / tears a password, or a port is no number.
        ports = expected.get("port", "").split(",")
        assert "@" in expected.get("host", "") + expected.get("dbname", "") or any(
            port and not (port.isdecimal() and 0 < int(port) < 65536) for port in ports
        )
        return
    found = dict(profile.parameters)
    if profile.password is not None:
        found["password"] = profile.password.reveal()
    # An empty password is as good as none, to libpq as well.
    assert found == {k: v for k, v in expected.items() if (k, v) != ("password", "")}


@pytest.mark.parametrize(
    ("target", "parameters", "environment"),
    [
        (
            "postgresql://ada@db.example:6543/prod?sslmode=require",
            {
                "user": "ada",
                "host": "db.example",
                "port": "6543",
                "dbname": "prod",
                "sslmode": "require",
            },
            Environment.UNKNOWN,
        ),
        ("postgresql://localhost/x", {"host": "localhost", "dbname": "x"}, Environment.DEV),
        ("postgresql:///x?host=/tmp", {"host": "/tmp", "dbname": "x"}, Environment.DEV),
        ("host=127.0.0.1 port=1", {"host": "127.0.0.1", "port": "1"}, Environment.DEV),
        ("dbname='a b' user=c", {"dbname": "a b", "user": "c"}, Environment.UNKNOWN),
        ("service=prod", {"service": "prod"}, Environment.UNKNOWN),
        ("postgresql://%61:p@[::1]/d", {"user": "a", "host": "::1", "dbname": "d"}, "dev"),
    ],
)
def test_targets_people_write(target: str, parameters: dict[str, str], environment: str) -> None:
    profile = resolve(target)
    assert profile.parameters == parameters
    assert profile.environment == environment
    assert profile.read_only


def test_a_password_is_kept_apart_and_unseen() -> None:
    profile = resolve("postgresql://ada:hunter2@db.example/prod")
    assert profile.password == Secret("hunter2")
    assert "hunter2" not in f"{profile!r} {profile} {profile.password} {profile.parameters}"


@pytest.mark.parametrize(
    "target",
    [
        "postgresql://ada:hunter2@[::1/x",
        "postgresql://ada:hunter2@db/x?colour=hunter2",
        "host=db password='hunter2",
        "host=db password=hunter2 colour",
        "postgresql://ada:hunter2%zz@db",
        "postgresql://ada:h@hunter2@db/x",
        "postgresql://ada:h/hunter2@db/x",
        "postgresql://ada:123/hunter2@db/x",
        "postgresql://ada:hunter2/x@db/x",
    ],
)
def test_a_target_that_does_not_parse_keeps_its_password(target: str) -> None:
    with pytest.raises(UsageError) as caught:
        resolve(target)
    assert "hunter2" not in "".join(traceback.format_exception(caught.value, limit=0))


@pytest.mark.parametrize(
    "target",
    ["", "postgresql://db:0/x", "host=db port=65536", "host=db port=-1", "host=a,b port=1,many"],
)
def test_a_target_that_nothing_can_be_meant_by_is_refused(target: str) -> None:
    with pytest.raises(UsageError):
        resolve(target)


@pytest.mark.parametrize(
    ("target", "parameters"),
    [
        ("postgresql://a,b:6543/x", {"host": "a,b", "port": ",6543", "dbname": "x"}),
        ("host=@abstract", {"host": "@abstract"}),
        ("postgresql://h/x%40y", {"host": "h", "dbname": "x@y"}),
        ("dbname=x@y", {"dbname": "x@y"}),
    ],
)
def test_unusual_targets_go_through(target: str, parameters: dict[str, str]) -> None:
    assert resolve(target).parameters == parameters


# --- the environment


def test_without_a_target_the_environment_decides(monkeypatch: pytest.MonkeyPatch) -> None:
    assert resolve(None) == Profile(name="environment")
    monkeypatch.setenv("DATABASE_URL", "postgresql://ada:hunter2@db.example/prod")
    profile = resolve(None)
    assert (profile.name, profile.parameters["host"]) == ("DATABASE_URL", "db.example")
    monkeypatch.setenv("PGHOST", "elsewhere.example")
    assert resolve(None) == Profile(name="environment")


async def test_libpqs_environment_reaches_a_server(
    server: EmbeddedServer, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setenv("PGHOST", str(server.socket_folder))
    monkeypatch.setenv("PGPORT", str(server.port))
    monkeypatch.setenv("PGUSER", "postgres")
    monkeypatch.setenv("PGDATABASE", "template1")
    async with Session(resolve(None)) as session:
        assert session.server is not None
        assert session.server.database == "template1"
    services = tmp_path / "services"
    services.write_text("[mine]\ndbname=postgres\n")
    monkeypatch.setenv("PGSERVICEFILE", str(services))
    async with Session(resolve("service=mine")) as session:
        assert session.server is not None
        assert session.server.database == "postgres"
    with pytest.raises(CannotConnect) as caught:
        await Session(resolve("service=theirs")).connect()
    assert caught.value.code == "no_such_service"


async def test_a_servers_own_dsn_is_a_target(server: EmbeddedServer) -> None:
    async with Session(resolve(server.dsn("template1"))) as session:
        assert session.server is not None
        assert session.server.database == "template1"


# --- profiles of the configuration file

Configure = Callable[[str], Path]


@pytest.fixture
def configure(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Configure:
    """Writes the configuration file."""

    def write(text: str) -> Path:
        path = tmp_path / "config.toml"
        path.write_text(text, encoding="utf-8")
        monkeypatch.setenv("ROWSIGHT_CONFIG", str(path))
        return path

    return write


def test_a_profile_is_found_by_name(configure: Configure) -> None:
    configure("""
        [profiles.prod]
        url = "postgresql://ada@db.example/main?sslmode=require"
        environment = "prod"
        port = 6543
        statement_timeout = 5

        [profiles.laptop]
        service = "mine"
        read_only = false
        connect_timeout = 0.5
    """)
    assert resolve("prod") == Profile(
        name="prod",
        parameters={
            "user": "ada",
            "host": "db.example",
            "dbname": "main",
            "sslmode": "require",
            "port": "6543",
        },
        environment=Environment.PROD,
        statement_timeout=5.0,
    )
    laptop = resolve("laptop")
    assert (laptop.read_only, laptop.connect_timeout) == (False, 0.5)
    assert laptop.environment is Environment.UNKNOWN
    with pytest.raises(UsageError) as caught:
        resolve("staging")
    assert "laptop, prod" in caught.value.hint


def test_without_a_file_there_are_no_profiles() -> None:
    assert not Path(os.environ["ROWSIGHT_CONFIG"]).exists()
    with pytest.raises(UsageError, match="no profile named 'prod'"):
        resolve("prod")


@pytest.mark.parametrize(
    ("text", "named"),
    [
        ("profiles = 3", "profiles"),
        ("[profiles]\nx = 3", "profiles.x"),
        ("[profiles.x]\npassword = 'hunter2'", "profiles.x"),
        ("[profiles.x]\nurl = 'postgresql://a:hunter2@b/c'", "profiles.x.url"),
        pytest.param(f"[profiles.x]\nport = {'9' * 5000}", "digits", id="endless number"),
        pytest.param(f"x = {'[' * 5000}{']' * 5000}", "nested", id="endless nesting"),
        ("[profiles.x]\nurl = 'prod'", "profiles.x.url"),
        ("[profiles.x]\nurl = 'postgresql://a:b:c:d@/'", "profiles.x.url"),
        ("[profiles.x]\nport = true", "profiles.x.port"),
        ("[profiles.x]\nport = [1]", "profiles.x.port"),
        ('[profiles.x]\nuser = "a\\u0000b"', "profiles.x.user"),
        ('[profiles.x]\npassword_command = ["a", "\\u0000"]', "profiles.x.password_command"),
        ("[profiles.x]\ncolour = 'red'", "profiles.x.colour"),
        ("[profiles.x]\nenvironment = 'live'", "profiles.x.environment"),
        ("[profiles.x]\nenvironment = 7", "profiles.x.environment"),
        ("[profiles.x]\nread_only = 'yes'", "profiles.x.read_only"),
        ("[profiles.x]\nconnect_timeout = 0", "profiles.x.connect_timeout"),
        ("[profiles.x]\nconnect_timeout = true", "profiles.x.connect_timeout"),
        ("[profiles.x]\nstatement_timeout = nan", "profiles.x.statement_timeout"),
        ("[profiles.x]\nstatement_timeout = inf", "profiles.x.statement_timeout"),
        ("[profiles.x\n", "config.toml"),
    ],
)
def test_a_wrong_file_is_named_with_its_key(configure: Configure, text: str, named: str) -> None:
    path = configure(text)
    with pytest.raises(UsageError) as caught:
        resolve("x")
    assert str(path) in caught.value.message
    assert named in caught.value.message
    assert "hunter2" not in caught.value.message + caught.value.hint


def test_a_file_that_can_not_be_read(configure: Configure, tmp_path: Path) -> None:
    configure("").write_bytes(b"\xff\xfe")
    with pytest.raises(UsageError, match=r"config\.toml"):
        resolve("x")
    (tmp_path / "config.toml").unlink()
    (tmp_path / "config.toml").mkdir()
    with pytest.raises(UsageError, match=r"config\.toml"):
        resolve("x")
