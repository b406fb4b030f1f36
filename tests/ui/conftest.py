"""A small database that is always the same, and apps on it."""

from __future__ import annotations

import asyncio
import contextlib
import socket
from collections.abc import AsyncIterator, Callable, Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import psycopg
import pytest

from console import assets
from console.access.entrance import ContainmentBroken
from console.browse.query import ContainmentBroken as QueryBroken
from console.connection import destination
from console.connection.embedded import EmbeddedServer, find_binaries
from console.connection.profile import Environment, Profile, Secret
from console.errors import ConsoleError
from console.ui import status, words
from console.ui.app import RowsightApp
from tests.access import cast
from tests.access.attacks import OPEN, SETUP
from tests.access.scene import EVE, Witness, made
from tests.conftest import Admin, _clone, _template
from tests.ui.acme import ACME
from tests.ui.attacking.console import CONNECT, Attacked, Console
from tests.ui.detailing import LIBRARY

OpenApp = Callable[..., RowsightApp]

SHOP = """
create schema app;
create table app.people (
  id bigint generated always as identity primary key,
  name text not null, email text, born date, balance numeric(12,2) default 0, note text);
insert into app.people (name, email, born, balance, note)
select 'Person ' || n, case when n % 7 > 0 then 'p' || n || '@example.test' end,
  date '1970-01-01' + n * 37, n * 13.37 - 500,
  case n % 4 when 0 then null when 1 then '' when 2 then 'null' else repeat('long ', n % 60) end
from generate_series(1, 250) n;
alter table app.people enable row level security;
create policy people_own on app.people using (true);
comment on table app.people is 'Everyone we know';
comment on column app.people.email is 'null when not confirmed';
create table app.empty (a int, b text);
create view app.active as select id, name from app.people where note is null;
create materialized view app.totals as select count(*) from app.people;
create view app.broken as select 1 / (n - 3) as ratio from generate_series(1, 5) n;
create view app.slow as select pg_sleep(60)::text as slept;
create table app.wide (id int primary key);
create table public.orders (id int primary key, person bigint references app.people, total money);
insert into app.wide values (1), (2);
"""
WIDE = "".join(f"alter table app.wide add c{n} text default 'v{n}';" for n in range(1, 61))


DIARY = f"""
create role anon nologin; create role authenticated nologin;
create role peep login noinherit password 'look here';
grant anon, authenticated to peep;
create table public.notes (id int primary key, owner uuid, words text);
insert into public.notes select n, case when n % 4 = 0 then '{cast.ADA}'::uuid end, 'note ' || n
from generate_series(1, 12) n;
alter table public.notes owner to ada;
alter table public.notes enable row level security;
grant select on public.notes to authenticated;
create policy own on public.notes for select to authenticated
  using (owner::text = current_setting('request.jwt.claims', true)::json ->> 'sub');
analyze;
"""


@pytest.fixture(autouse=True)
def _state(monkeypatch: pytest.MonkeyPatch, tmp_path_factory: pytest.TempPathFactory) -> None:
    monkeypatch.setenv("ROWSIGHT_STATE", str(tmp_path_factory.mktemp("state")))
    for name in ("NO_COLOR", "TEXTUAL_THEME", "TEXTUAL_COLOR_SYSTEM"):
        monkeypatch.delenv(name, raising=False)


@pytest.fixture
def shop(server: EmbeddedServer) -> Iterator[Profile]:
    """A database of fixed name and content: what snapshots can be made of."""
    with psycopg.connect(server.dsn(), autocommit=True) as connection:
        connection.execute("drop database if exists shop with (force)")
        connection.execute("create database shop template template0")
    with psycopg.connect(server.dsn("shop"), autocommit=True) as connection:
        connection.execute(SHOP.encode())
        connection.execute(WIDE.encode())
        connection.execute("vacuum analyze")
    yield server.profile("shop")
    with psycopg.connect(server.dsn(), autocommit=True) as connection:
        connection.execute("drop database if exists shop with (force)")


@pytest.fixture(scope="module")
def acme(server: EmbeddedServer, templates: dict[tuple[str, str], str]) -> Iterator[Profile]:
    """The migration with a few people and fixed times, under a fixed name; only read."""
    with psycopg.connect(server.dsn(), autocommit=True) as connection:
        connection.execute("drop database if exists acme with (force)")
    _clone(server, "acme", _template(server, "master", templates))
    with psycopg.connect(server.dsn("acme"), autocommit=True) as connection:
        connection.execute(ACME.encode())
    yield server.profile("acme")
    with psycopg.connect(server.dsn(), autocommit=True) as connection:
        connection.execute("drop database if exists acme with (force)")


@pytest.fixture(scope="module")
def library(server: EmbeddedServer) -> Iterator[Profile]:
    """A database of fixed name and content, with rows worth looking into; only to be read."""
    with psycopg.connect(server.dsn(), autocommit=True) as connection:
        connection.execute("drop database if exists library with (force)")
        connection.execute("create database library template template0")
    with psycopg.connect(server.dsn("library"), autocommit=True) as connection:
        connection.execute(LIBRARY.encode())
    yield server.profile("library")
    with psycopg.connect(server.dsn(), autocommit=True) as connection:
        connection.execute("drop database if exists library with (force)")


@pytest.fixture
def still(monkeypatch: pytest.MonkeyPatch) -> None:
    """Stops every clock that the screen shows, and hides ports that the system chose."""
    written = destination.address

    def address(host: str, port: str) -> str:
        return written(host, "" if port.isdigit() and int(port) > 30_000 else port)

    for module in (destination, status):
        monkeypatch.setattr(module, "address", address)
    monkeypatch.setattr(words, "duration", lambda seconds: "1 ms")
    monkeypatch.setattr(words, "clock", lambda: "12:00:00")


@pytest.fixture
def unreachable() -> Profile:
    """A port where nobody listens."""
    parameters = {"host": "127.0.0.1", "port": "1", "user": "ada", "dbname": "shop"}
    return Profile("shop", parameters, Environment.PROD)


def writable(profile: Profile, environment: Environment = Environment.DEMO) -> Profile:
    """The same database in write mode from the start."""
    return replace(profile, read_only=False, environment=environment)


@pytest.fixture(scope="session")
def guarded() -> Iterator[Profile]:
    """A login that needs the password `open sesame`, given by nobody yet."""
    settings = {"listen_addresses": "127.0.0.1"}
    with EmbeddedServer(binaries=find_binaries(wheel_first=True), settings=settings) as server:
        rules = "local all all trust\nhost all ada,peep 127.0.0.1/32 scram-sha-256\n"
        (server.data / "pg_hba.conf").write_text(rules)
        with psycopg.connect(server.dsn(), autocommit=True) as connection:
            connection.execute("create role ada login password 'open sesame'")
            connection.execute("create database diary template template0")
            connection.execute("select pg_reload_conf()")
        with psycopg.connect(server.dsn("diary"), autocommit=True) as connection:
            connection.execute(DIARY.encode())
        profile = server.profile("postgres", "ada")
        yield replace(profile, parameters=profile.parameters | {"host": "127.0.0.1"})


@pytest.fixture
def diary(guarded: Profile) -> Profile:
    """A database of `ada`'s; previews start from `peep`, whose password is `look here`."""
    return replace(
        guarded,
        parameters=guarded.parameters | {"dbname": "diary"},
        password=Secret("open sesame"),
        preview_user="peep",
    )


# A console under attack

MORE = f"""
create table public.papers (id int primary key, body jsonb);
insert into public.papers values (1, '{{"name": "one", "tags": [1, 2]}}');
insert into public.users (id, email) values ('{EVE.user_id}', 'eve@example.com');
insert into public.audit_logs ("userId", action) values ('{EVE.user_id}', 'login');
insert into public.retention_policies ("tableName", "retentionDays") values ('audit_logs', 30);
insert into public.analytics_events (occurred_at, event_name, props)
  values (now() - interval '1 day', 'session_started', '{{}}');
"""


@pytest.fixture(scope="module")
def trapped(server: EmbeddedServer) -> Iterator[Profile]:
    """The migration, something in it for each pane, and the traps."""
    master = assets.schema_file(assets.MASTER_MIGRATION).read_text(encoding="utf-8")
    yield from made(server, "ui_traps", f"{master}\n{MORE}\n{SETUP}")


@pytest.fixture
def witness(trapped: Profile, admin: Admin) -> Witness:
    """Who sees whether anything was touched."""
    found = Witness(admin(trapped), admin(trapped))
    found.remember()
    found.admin.execute(OPEN.encode())
    return found


@pytest.fixture
def broken(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """What got out of its role or transaction, as the console noticed it."""
    found: list[str] = []
    for kind in (ContainmentBroken, QueryBroken):

        def note(self: ConsoleError, message: str, **more: Any) -> None:
            found.append(message)
            ConsoleError.__init__(self, message, **more)

        monkeypatch.setattr(kind, "__init__", note)
    return found


@pytest.fixture
def offline(monkeypatch: pytest.MonkeyPatch) -> None:
    """Asks nobody for the address of a host that was typed."""
    usual = socket.getaddrinfo

    def look_up(host: str | None, *rest: Any, **more: Any) -> Any:
        if host not in ("127.0.0.1", "localhost"):
            raise socket.gaierror(socket.EAI_NONAME, "Name or service not known")
        return usual(host, *rest, **more)

    monkeypatch.setattr(socket, "getaddrinfo", look_up)


@pytest.fixture
def profiles(
    trapped: Profile, guarded: Profile, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> dict[str, Profile | None]:
    """What a console can be opened with; the first two are in the file, too."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("ROWSIGHT_NO_KEYRING", "1")
    monkeypatch.setenv("ROWSIGHT_CONFIG", str(tmp_path / "config.toml"))
    reading = replace(trapped, read_only=True)
    text = ""
    for name, profile in (("reading", reading), ("guarded", guarded)):
        pairs = [f'{key} = "{value}"\n' for key, value in profile.parameters.items()]
        text += f"[profiles.{name}]\n{''.join(pairs)}"
    for name in ("config.toml", "config.pristine"):
        (tmp_path / name).write_text(text)
    return {
        "reading": reading,
        "guarded": guarded,
        "writing": writable(trapped),
        "prod": replace(reading, environment=Environment.PROD),
        "none": None,
    }


@pytest.fixture
def attacked(
    profiles: dict[str, Profile | None], witness: Witness, broken: list[str], offline: None
) -> Attacked:
    """Opens a console to be attacked: `async with attacked("reading", TABLES) as console`."""
    ours = """
        select application_name, state, query from pg_stat_activity
        where datname = current_database() and application_name like 'rowsight%'
    """

    @contextlib.asynccontextmanager
    async def open_one(profile: str, tab: int) -> AsyncIterator[Console]:
        app = RowsightApp(profiles[profile], tab=tab % CONNECT)
        witness.before = witness.state()
        async with app.run_test(size=(100, 30)) as pilot:
            console = Console(pilot, witness, broken)
            yield console
            await console.leave()
        for _ in range(400):
            left = witness.admin.execute(ours).fetchall()
            if not left and witness.idle():
                break
            await asyncio.sleep(0.05)
        assert not left
        assert witness.idle()
        witness.untouched()

    return open_one
