"""Profiles written into a file that somebody keeps by hand, and what else is known of."""

from __future__ import annotations

import os
import threading
from pathlib import Path

import pytest

from console.connection.config import load_profiles
from console.connection.known import Kind, known_targets, shown
from console.connection.profile import Environment, Profile
from console.connection.remembered import (
    KEPT,
    favourites,
    forget,
    note_visit,
    recent,
    set_favourite,
    target_of,
)
from console.connection.saving import remove_profile, save_profile
from console.connection.services import load_services, service
from console.connection.target import resolve
from console.errors import NotFound, Refused, UsageError

BY_HAND = """\
# Ours. Ask before you touch it.
keyring = true

[profiles.billing]   # the money
url = "postgresql://ops@db.example/billing"
environment = "prod"  # really

# Logs are read at night.
[logs]
zone = "UTC"
"""


@pytest.fixture
def config(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    path = tmp_path / "config.toml"
    monkeypatch.setenv("ROWSIGHT_CONFIG", str(path))
    monkeypatch.setenv("ROWSIGHT_STATE", str(tmp_path / "state"))
    return path


def test_a_first_profile_makes_the_file_for_its_owner_alone(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "new" / "deep" / "config.toml"
    monkeypatch.setenv("ROWSIGHT_CONFIG", str(path))
    command = ["op", "read", "op://vault/db"]
    made = save_profile("billing", {"host": "db", "read_only": False, "password_command": command})
    assert load_profiles() == {"billing": made}
    assert (made.read_only, made.password_command) == (False, tuple(command))
    assert path.stat().st_mode & 0o777 == 0o600
    assert list(path.parent.iterdir()) == [path]


def test_comments_order_and_everything_else_stay(config: Path) -> None:
    config.write_text(BY_HAND)
    save_profile("stats", {"host": "stats.example"})
    for line in BY_HAND.splitlines():
        assert line in config.read_text().splitlines()
    assert "# Logs are read at night.\n[logs]" in config.read_text()
    settings = {"url": "postgresql://ops@db.example/billing", "environment": "staging"}
    save_profile("billing", settings, was="billing")
    text = config.read_text()
    assert "# the money" in text
    assert 'environment = "staging"' in text
    assert load_profiles()["billing"].environment is Environment.STAGING
    remove_profile("stats")
    remove_profile("billing")
    assert load_profiles() == {}
    assert "# Ours. Ask before you touch it." in config.read_text()
    assert "# Logs are read at night." in config.read_text()
    assert config.stat().st_mode & 0o777 == 0o600


def test_a_profile_is_renamed_with_what_it_has(config: Path) -> None:
    config.write_text(BY_HAND)
    save_profile("money", {"host": "db.example"}, was="billing")
    assert set(load_profiles()) == {"money"}
    with pytest.raises(NotFound):
        save_profile("other", {"host": "x"}, was="billing")
    save_profile("stats", {"host": "x"})
    with pytest.raises(Refused):
        save_profile("money", {"host": "x"})
    with pytest.raises(Refused):
        save_profile("money", {"host": "x"}, was="stats")


@pytest.mark.parametrize(
    ("settings", "key"),
    [
        ({"environment": "moon"}, "profiles.x.environment"),
        ({"password": "geheim"}, "profiles.x holds a password"),
        ({"url": "postgresql://a:geheim@b/c"}, "profiles.x.url holds a password"),
        ({"colour": "red"}, "profiles.x.colour"),
        ({"password_command": "op 'read"}, "profiles.x.password_command"),
        ({"keyring": "no"}, "profiles.x.keyring"),
    ],
)
def test_what_could_not_be_read_again_is_not_written(
    config: Path, settings: dict[str, str], key: str
) -> None:
    config.write_text(BY_HAND)
    with pytest.raises(UsageError) as caught:
        save_profile("x", dict(settings))
    assert str(config) in caught.value.message
    assert key in caught.value.message
    assert "geheim" not in str(vars(caught.value))
    assert config.read_text() == BY_HAND


@pytest.mark.parametrize("name", ["", " ", " a", "a=b", "a://b", "-d", "a\nb"])
def test_a_name_that_no_target_could_be(config: Path, name: str) -> None:
    with pytest.raises(UsageError):
        save_profile(name, {"host": "x"})
    assert not config.exists()


def test_a_broken_file_is_left_alone(config: Path) -> None:
    config.write_text("[profiles")
    with pytest.raises(UsageError, match=r"config\.toml"):
        save_profile("x", {"host": "x"})
    assert config.read_text() == "[profiles"


def test_a_link_stays_a_link(config: Path, tmp_path: Path) -> None:
    real = tmp_path / "dotfiles" / "rowsight.toml"
    real.parent.mkdir()
    real.write_text(BY_HAND)
    config.symlink_to(real)
    save_profile("x", {"host": "x"})
    assert config.is_symlink()
    assert set(load_profiles()) == {"billing", "x"}


def test_several_at_once_lose_nothing(config: Path) -> None:
    threads = [
        threading.Thread(target=save_profile, args=(f"p{n}", {"host": "x"})) for n in range(12)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert set(load_profiles()) == {f"p{n}" for n in range(12)}


# --- service files, the environment, where one was


def test_service_files_are_read_as_libpq_does(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    own, system = tmp_path / "own", tmp_path / "pg_service.conf"
    own.write_text("# words\n[a]\nhost=one\nhost=two\npassword=geheim\n\n [b] \nport=1\nbroken\n")
    system.write_text("[a]\nhost=other\n[c]\ndbname=x=y\n")
    monkeypatch.setenv("PGSERVICEFILE", str(own))
    monkeypatch.setenv("PGSYSCONFDIR", str(tmp_path))
    found = {entry.name: entry for entry in load_services()}
    assert list(found) == ["a", "b", "c"]
    assert found["a"].parameters == {"host": "one"}
    assert found["a"].has_password
    assert found["c"].parameters == {"dbname": "x=y"}
    assert service("nowhere") is None
    assert "geheim" not in repr(load_services())


@pytest.mark.parametrize(
    "target",
    [
        "postgresql://ada@db.example:5433/app?sslmode=require",
        "postgresql://db.example",
        "service=stats",
        "postgresql://ada@/app?host=%2Frun%2Fpg&port=5433",
        "postgresql://a%40b@h/d%2Fe",
        "host=a,b port=1,2 dbname=x",
    ],
)
def test_a_target_leads_back_to_the_same_place(config: Path, target: str) -> None:
    profile = resolve(target)
    assert resolve(target_of(profile)).parameters == profile.parameters


def test_visits_are_remembered_without_a_password(config: Path, tmp_path: Path) -> None:
    for number in range(KEPT + 3):
        note_visit(resolve(f"postgresql://ada:geheim@h{number}/db"))
    note_visit(resolve("postgresql://ada:geheim@h5/db"))
    assert len(recent()) == KEPT
    assert recent()[0].target == "postgresql://ada@h5/db"
    file = tmp_path / "state" / "targets.json"
    assert "geheim" not in file.read_text()
    assert file.stat().st_mode & 0o777 == 0o600
    note_visit(Profile(name="demo", parameters={"host": "/tmp/x"}, environment=Environment.DEMO))
    assert len(recent()) == KEPT
    forget("postgresql://ada@h5/db")
    assert recent()[0].target != "postgresql://ada@h5/db"


@pytest.mark.parametrize("text", ["", "[]", "null", '{"recent": 1, "favourites": {}}', "{"])
def test_a_file_that_makes_no_sense_is_as_none(config: Path, tmp_path: Path, text: str) -> None:
    (tmp_path / "state").mkdir()
    (tmp_path / "state" / "targets.json").write_text(text)
    assert recent() == []
    assert favourites() == frozenset()
    set_favourite("a", True)
    assert favourites() == {"a"}


def test_everything_known_favourites_first(
    config: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    config.write_text(BY_HAND)
    services = tmp_path / "services"
    services.write_text("[stats]\nhost=stats.example\nuser=reader\n")
    monkeypatch.setenv("PGSERVICEFILE", str(services))
    monkeypatch.setenv("DATABASE_URL", "postgresql://ada@env.example/app")
    note_visit(resolve("postgresql://ada@old.example/app"))
    note_visit(load_profiles()["billing"])
    set_favourite("service=stats", True)
    entries = known_targets()
    assert [(entry.kind, entry.target) for entry in entries] == [
        (Kind.SERVICE, "service=stats"),
        (Kind.PROFILE, "billing"),
        (Kind.ENVIRONMENT, ""),
        (Kind.RECENT, "postgresql://ada@old.example/app"),
    ]
    assert entries[1].visited
    assert shown(entries[0].profile) == {"host": "stats.example", "user": "reader"}
    for entry in entries[:2]:
        assert resolve(entry.target).parameters == entry.profile.parameters
    monkeypatch.setenv("DATABASE_URL", "postgresql://a@b@c/d")
    assert len(known_targets()) == 3  # told when somebody wants to go there
    assert os.environ["DATABASE_URL"]
