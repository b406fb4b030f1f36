"""What the first row says where cells are few, and that it says only what is true."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from console.access.persona import Persona, of_role, of_user, with_aal, with_claims
from console.connection.conninfo import from_conninfo
from console.connection.embedded import EmbeddedServer
from console.connection.profile import Environment, Profile
from console.connection.server import ServerInfo
from console.connection.target import resolve
from console.ui.app import RowsightApp
from console.ui.status import Link, Status
from tests.conftest import superuser
from tests.ui.screen import lines, until

SUPABASE = (
    "postgresql://postgres.abcdefghijklmnopqrst@aws-0-eu-central-1.pooler.supabase.com:6543/app"
)
ADA = of_user("11111111-1111-1111-1111-111111111111", email="ada@example.com")


def answered(profile: Profile, **found: object) -> Status:
    """A connection to a Supabase pooler, at its most dangerous."""
    parameters = profile.parameters
    server = ServerInfo(
        version=170006,
        version_text="17.6",
        database=parameters["dbname"],
        host=parameters["host"],
        port=int(parameters.get("port", "5432")),
        user="postgres",
        superuser=True,
        bypass_rls=True,
        standby=False,
        tls=False,
        pooled=True,
    )
    status = Status(profile, Link.CONNECTED, server, 0.0013, write_mode=True)
    return status._replace(**found)  # type: ignore[arg-type]


async def head(unreachable: Profile, status: Status, width: int = 80) -> str:
    """The first row of a console in that state."""
    app = RowsightApp(unreachable)
    async with app.run_test(size=(width, 24)) as pilot:
        await until(pilot, "not connected")
        app._workspace.status = status
        await pilot.pause()
        return lines(app)[0]


@pytest.mark.parametrize("write_mode", [True, False])
@pytest.mark.parametrize("lens", [None, ADA])
@pytest.mark.parametrize("width", [70, 80, 100])
async def test_a_long_target_hides_neither_mode_nor_persona_nor_warnings(
    unreachable: Profile, write_mode: bool, lens: Persona | None, width: int
) -> None:
    profile = replace(from_conninfo(SUPABASE), environment=Environment.PROD)
    status = answered(profile, write_mode=write_mode, lens=lens)
    row = await head(unreachable, status, width)
    assert ("WRITE" if write_mode else "READ-ONLY") in row
    if lens is not None:
        assert "as ada@example" in row
    if width > 70 or lens is None:
        assert "no TLS" in row
        assert "superuser" in row
    assert row.startswith(" PROD   post")
    assert "/app" in row
    assert row.endswith("●")
    assert len(row) < width


async def test_user_project_and_database_are_known_by_their_beginning_and_end(
    unreachable: Profile,
) -> None:
    profile = replace(from_conninfo(SUPABASE), environment=Environment.PROD)
    calm = answered(profile, lens=ADA)
    assert calm.server is not None
    row = await head(
        unreachable, calm._replace(server=calm.server._replace(tls=True, superuser=False))
    )
    assert "postgres.a" in row
    assert "qrst@…:6543/app" in row
    row = await head(unreachable, calm._replace(lens=None), 120)
    assert "postgres.abcdefghijklmnopqrst@aws" in row
    assert "supabase.com:6543/app" in row


async def test_a_role_and_a_level_out_of_the_ordinary_are_said(unreachable: Profile) -> None:
    profile = replace(from_conninfo(SUPABASE), environment=Environment.PROD)
    second = with_aal(ADA, 2)
    row = await head(unreachable, answered(profile, lens=second))
    assert "aal2" in row
    as_service = with_claims(ADA, '{"role": "service_role"}')
    row = await head(unreachable, answered(profile, lens=as_service))
    assert "service_role" in row
    row = await head(unreachable, answered(profile, lens=of_role("anon")))
    assert "as anon" in row
    assert "anon · anon" not in row


@pytest.mark.parametrize(
    ("target", "said"),
    [
        ("postgresql://ada@db.example:55888/app", "ada@db.example:55888/app"),
        ("postgresql://ada@db.example:5432/app", "ada@db.example/app"),
        ("host=/run/pg port=5433 user=ada dbname=app", "ada@local:5433/app"),
        ("host=10.0.0.1,10.0.0.2 port=55888,1 user=ada dbname=app",
         "ada@10.0.0.1:55888,10.0.0.2:1/app"),
        ("host=10.0.0.1,10.0.0.2 port=55888 user=ada", "ada@10.0.0.1:55888,10.0.0.2:55888/ada"),
    ],
)  # fmt: skip
def test_a_port_that_is_not_the_usual_one_is_said(target: str, said: str) -> None:
    assert Status(resolve(target)).target == said


def test_what_a_service_leads_to_is_said(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    services = tmp_path / "services"
    services.write_text("[svc]\nhost=db.example\nport=55888\nuser=ada\ndbname=app\n")
    monkeypatch.setenv("PGSERVICEFILE", str(services))
    assert Status(resolve("service=svc")).target == "ada@db.example:55888/app"
    monkeypatch.setenv("PGSERVICE", "svc")
    assert Status(resolve(None)).target == "ada@db.example:55888/app"
    monkeypatch.setenv("PGUSER", "eve")
    assert Status(resolve(None)).target == "ada@db.example:55888/app"
    monkeypatch.delenv("PGSERVICE")
    monkeypatch.setenv("PGHOST", "other.example")
    assert Status(resolve(None)).target == "eve@other.example/eve"


async def test_the_port_that_answered_is_said(server: EmbeddedServer, tmp_path: Path) -> None:
    with superuser(server) as connection:
        (user,) = connection.execute("select session_user").fetchone() or ("",)
    usual = server.socket_folder / f".s.PGSQL.{server.port}"
    (tmp_path / ".s.PGSQL.5444").symlink_to(usual)
    profile = resolve(f"host={tmp_path} port=5444 dbname=postgres user={user}")
    app = RowsightApp(profile)
    async with app.run_test(size=(100, 24)) as pilot:
        await until(pilot, "direct")
        assert f"{user}@local:5444/postgres" in lines(app)[0]
