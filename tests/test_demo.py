"""The demo database is made once, whole, and goes on where an earlier run was interrupted."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import psycopg
import pytest

from console import assets
from console.connection.embedded import EmbeddedServer
from console.connection.profile import Environment
from console.connection.session import Session
from console.demo import DEMO_DATABASE, prepare
from console.migration.model import Verdict
from console.migration.verify import verify

Ask = Callable[[str], Any]


class Interrupted(Exception):
    """Stands for whatever ends a run half-way."""


def quietly(words: str) -> None:
    """Nobody listens."""


@pytest.fixture(params=["wheel", "system"])
def demo_server(request: pytest.FixtureRequest, servers: tuple[EmbeddedServer, ...]) -> Any:
    """A server without the demo database; where there is no system's, the wheel's again."""
    server = servers[0 if request.param == "wheel" else -1]
    yield server
    with psycopg.connect(server.dsn(), autocommit=True) as connection:
        connection.execute(f"drop database if exists {DEMO_DATABASE} with (force)")


@pytest.fixture
def ask(demo_server: EmbeddedServer) -> Ask:
    """Runs one statement in the demo database; returns the first value, if there is one."""

    def run(statement: str) -> Any:
        with psycopg.connect(demo_server.dsn(DEMO_DATABASE), autocommit=True) as connection:
            cursor = connection.execute(statement.encode())
            row = cursor.fetchone() if cursor.description else None
            return row and row[0]

    return run


async def test_a_new_database_is_whole(demo_server: EmbeddedServer, ask: Ask) -> None:
    said: list[str] = []
    profile = await prepare(demo_server, rows=300, progress=said.append)
    assert (profile.name, profile.environment) == (DEMO_DATABASE, Environment.DEMO)
    assert profile.read_only
    assert said[0] == "creating the database"
    assert said[-1] == "filling in sample data"
    assert ask("select count(*) from public.events") == 300
    estimate = "select reltuples from pg_class where oid = 'public.events'::regclass"
    assert ask(estimate) == 300
    async with Session(profile) as session:
        assert (await verify(session)).verdict is Verdict.IN_SYNC


async def test_a_whole_database_stays_as_it_is(demo_server: EmbeddedServer, ask: Ask) -> None:
    await prepare(demo_server, rows=50, progress=quietly)
    ask("delete from public.events")
    ask("drop policy events_select on public.events")
    said: list[str] = []
    await prepare(demo_server, rows=70, progress=said.append)
    assert said == ["creating the database"]
    assert ask("select count(*) from public.events") == 0
    assert ask("select count(*) from pg_policies where policyname = 'events_select'") == 0


@pytest.mark.parametrize("when", ["creating", "migration: 0 of", "filling"])
async def test_an_interrupted_run_is_continued(
    demo_server: EmbeddedServer, ask: Ask, when: str
) -> None:
    def interrupt(words: str) -> None:
        if words.startswith(when):
            raise Interrupted

    with pytest.raises(Interrupted):
        await prepare(demo_server, rows=50, progress=interrupt)
    profile = await prepare(demo_server, rows=60, progress=quietly)
    assert ask("select count(*) from public.events") == 60
    async with Session(profile) as session:
        assert (await verify(session)).verdict is Verdict.IN_SYNC


async def test_sample_data_that_fails_leaves_none(
    demo_server: EmbeddedServer, ask: Ask, monkeypatch: pytest.MonkeyPatch, tmp_path: Any
) -> None:
    right = assets.schema_file

    def broken(name: str) -> Any:
        if name != assets.SAMPLE_DATA:
            return right(name)
        text = right(name).read_text(encoding="utf-8")
        (tmp_path / name).write_text(text + "\nselect 1 / 0;", encoding="utf-8")
        return tmp_path / name

    monkeypatch.setattr(assets, "schema_file", broken)
    with pytest.raises(Exception, match="division by zero"):
        await prepare(demo_server, rows=50, progress=quietly)
    assert ask("select count(*) from public.events") == 0
    monkeypatch.undo()
    await prepare(demo_server, rows=40, progress=quietly)
    assert ask("select count(*) from public.events") == 40
