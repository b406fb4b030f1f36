"""Targets are read as libpq reads them, without the driver where the form is usual."""

import subprocess
import sys

import pytest
from hypothesis import given
from hypothesis import strategies as st
from psycopg import ProgrammingError
from psycopg.conninfo import conninfo_to_dict

from console.connection import target
from console.connection.profile import Environment
from console.errors import UsageError

PIECES = st.sampled_from(
    [
        *("postgresql://", "postgres://", "ada", "db.example", "127.0.0.1", "[::1]", "%2Ftmp", "%"),
        *("%00", "%zz", "ü", "a b", "'", "\\", "5432", ":", "@", "/", "?", "&", "=", ",", "#", " "),
        *("host", "port", "dbname", "user", "password", "sslmode", "require", "ssl", "true", "x"),
        *("host=h", " user=u", "&sslmode=require", "?application_name=a%20b", "password=p+q"),
    ]
)


@given(st.lists(PIECES, max_size=12).map("".join))
def test_the_quick_reading_never_differs_from_libpq(conninfo: str) -> None:
    plain = target._plain(conninfo)
    if plain is not None:
        assert plain == conninfo_to_dict(conninfo)


@pytest.mark.parametrize(
    "conninfo",
    [
        "postgresql://ada:s%40fe@db.example:5433/shop?sslmode=require&application_name=x",
        "postgresql://ada@%2Ftmp%2Fsocket/shop",
        "postgres://localhost",
        "postgresql:///shop",
        "host=/tmp/socket dbname=shop user=ada",
        "service=billing",
    ],
)
def test_usual_targets_need_no_driver(conninfo: str) -> None:
    assert target._plain(conninfo) == conninfo_to_dict(conninfo)
    code = "import sys; from console.connection.target import resolve; resolve(sys.argv[1])"
    check = "; assert not [name for name in sys.modules if name.startswith('psycopg')]"
    subprocess.run([sys.executable, "-c", code + check, conninfo], check=True)


@pytest.mark.parametrize(
    "conninfo",
    ["postgresql://ada@[::1]:5432/shop", "host='a b' user=ada", "postgresql://h1,h2/shop"],
)
def test_unusual_targets_are_left_to_libpq(conninfo: str) -> None:
    assert target._plain(conninfo) is None
    assert target.resolve(conninfo).parameters == conninfo_to_dict(conninfo)


@pytest.mark.parametrize("conninfo", ["postgresql://h/d?nonsense=1", "nonsense=1", "host='"])
def test_a_target_that_does_not_parse_is_refused_without_quoting_it(conninfo: str) -> None:
    with pytest.raises(ProgrammingError):
        conninfo_to_dict(conninfo)
    with pytest.raises(UsageError) as raised:
        target.resolve(conninfo)
    assert "nonsense" not in raised.value.message


def test_the_password_is_taken_out_of_the_parameters() -> None:
    profile = target.resolve("postgresql://ada:hunter2@localhost/shop")
    assert profile.password is not None
    assert profile.password.reveal() == "hunter2"
    assert "hunter2" not in repr(profile)
    assert profile.environment is Environment.DEV
