"""What the Logs pane looks like in every state, at both sizes.

After a wanted change: `pytest tests/ui/test_logs_snapshots.py --snapshot-update`, and look.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Iterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from textual.pilot import Pilot

from console.connection.embedded import EmbeddedServer
from console.connection.profile import Environment, Profile
from console.errors import CannotConnect
from console.logs.live import Live
from console.logs.poll import Gap, Mark, Sighting
from console.logs.source import LogEntry
from console.logs.tail import Reconnecting
from console.ui.app import RowsightApp
from console.ui.logs import head
from console.ui.logs.pane import LogsPane
from tests.conftest import named_database
from tests.ui.screen import until
from tests.ui.test_snapshots import Compare, keys, rest

SIZES = pytest.mark.parametrize("size", [(80, 24), (120, 40)], ids=["80x24", "120x40"])
pytestmark = [SIZES, pytest.mark.usefixtures("still", "noon")]

NOW = datetime(2026, 11, 20, 12, 0, 3, tzinfo=UTC)
ADA = "00000000-0000-4000-8000-000000000001"
LOGS = """
insert into public.users (id, email) values
  ('00000000-0000-4000-8000-000000000001', 'ada@example.com'),
  ('00000000-0000-4000-8000-000000000002', 'bert@example.com');
insert into public.audit_logs (id, "userId", action, resource, "resourceId", metadata, timestamp)
select md5('l' || n)::uuid, ('00000000-0000-4000-8000-00000000000' || 1 + n % 2)::uuid,
  (array['login', 'workflow.run', 'workflow.deleted', 'export.completed'])[1 + n % 4],
  (array['sessions', 'workflows', 'workflows', 'events'])[1 + n % 4], md5('r' || n),
  jsonb_build_object('ip', '198.51.100.' || n, 'ms', n * 37),
  timestamptz '2026-11-20 11:59:40+00' - n * interval '7 min'
from generate_series(1, 60) n;
insert into public.audit_logs (id, "userId", action, resource, metadata, timestamp)
select md5('v' || n)::uuid, '00000000-0000-4000-8000-000000000002', 'rls_violation',
  (array['workflows', 'users'])[1 + n % 2],
  '{"operation": "SELECT", "attempted_user_id": "00000000-0000-4000-8000-000000000002"}',
  timestamptz '2026-11-20 11:40:00+00' - n * interval '3 min'
from generate_series(1, 5) n;
insert into public.audit_log (user_id, action, meta, ts)
select null, 'retention.run', '{"rows_deleted": 762}', timestamptz '2026-11-20 03:15:00+00';
insert into public.privacy_transparency_log (id, "userId", action, resource, timestamp)
select md5('p' || n)::uuid, '00000000-0000-4000-8000-000000000001', 'viewed', 'telemetry_events',
  timestamptz '2026-11-20 11:58:00+00' - n * interval '1 hour'
from generate_series(1, 3) n;
"""


@pytest.fixture
def noon(monkeypatch: pytest.MonkeyPatch) -> None:
    """Stops the server's clock as the pane tells it."""
    monkeypatch.setattr(Live, "now", NOW)
    monkeypatch.setattr(head, "describe_completeness", lambda of, now: "complete up to 12:00:03")


@pytest.fixture(scope="module")
def ledger(server: EmbeddedServer, templates: dict[tuple[str, str], str]) -> Iterator[Profile]:
    """Logs that are always the same, in a database of fixed name; only read."""
    with named_database(server, templates, "ledger") as connection:
        connection.execute(LOGS.encode())
        yield replace(server.profile("ledger"), environment=Environment.STAGING)


@pytest.fixture(scope="module")
def blank(server: EmbeddedServer, templates: dict[tuple[str, str], str]) -> Iterator[Profile]:
    """Logs without entries, and a login that may read them but sees no row."""
    with named_database(server, templates, "blank") as connection:
        connection.execute(
            "create role on_call login; grant select on public.audit_logs, public.audit_log,"
            " public.privacy_transparency_log to on_call"
        )
        yield replace(server.profile("blank"), environment=Environment.STAGING)
        connection.execute("drop owned by on_call; drop role on_call")


def live(pilot: Pilot[Any]) -> Live:
    return pilot.app.screen.query_one(LogsPane).live


async def begun(pilot: Pilot[Any]) -> None:
    await until(pilot, "● live")
    await until(pilot, lambda: len(live(pilot).completeness) == 3)
    await until(pilot, "ada@example.com")


def come(pilot: Pilot[Any], number: int, mark: Mark = Mark.NEW) -> None:
    """Lets entries come as the tail would bring them."""
    entries = [
        LogEntry(
            *("audit_logs", f"new {n}", NOW - timedelta(seconds=n % 40), ADA, "login", "sessions"),
            *(None, '{"ip": "198.51.100.7"}', 0),
        )
        for n in range(number)
    ]
    live(pilot).timeline.add([Sighting(entry, mark) for entry in entries])
    live(pilot).rates.add(entries)
    pilot.app.screen.query_one(LogsPane).stream.draw()


Steps = Callable[[Pilot[Any]], Awaitable[None]]


def after(*steps: str, doing: Callable[[Pilot[Any]], None] | None = None) -> Steps:
    async def run(pilot: Pilot[Any]) -> None:
        await begun(pilot)
        await keys(*steps)(pilot)
        if doing is not None:
            doing(pilot)
        await rest(pilot)

    return run


def _gap(pilot: Pilot[Any]) -> None:
    reason = "the server was failed over or restored (timeline 1 → 2)"
    checked = Gap("audit_logs", NOW - timedelta(minutes=16), NOW, reason, found=2, proven=True)
    unknown = (NOW - timedelta(minutes=31), NOW - timedelta(minutes=16))
    for gap in (checked, Gap("audit_logs", *unknown, reason)):
        live(pilot).timeline.add_gap(gap)
    live(pilot).timeline.add_note(NOW, "connected again after 4 s, where it was lost")
    come(pilot, 2, Mark.LATE)


def _reconnecting(pilot: Pilot[Any]) -> None:
    live(pilot).reconnecting = Reconnecting(3, 0.8, CannotConnect("the connection was lost"))
    pilot.app.screen.query_one(LogsPane).stream.draw()


@pytest.mark.parametrize(
    "steps",
    [
        pytest.param(after(doing=lambda pilot: come(pilot, 90)), id="live"),
        pytest.param(after("up", "up", "up", doing=lambda pilot: come(pilot, 1234)), id="paused"),
        pytest.param(
            after("f", *"action=workflow.*", "enter", "…filter action", "…"), id="filtered"
        ),
        pytest.param(after("slash", *"retention", "enter", "…", "…retention.run"), id="search"),
        pytest.param(after("up", "up", "enter", "…esc back"), id="detail"),
        pytest.param(after(doing=_gap), id="gap"),
        pytest.param(after(doing=_reconnecting), id="reconnecting"),
        pytest.param(after("v", "…5 attempts"), id="violations"),
        pytest.param(
            after("up", "p", "…ada@example.com sees", "…log is intact"), id="transparency"
        ),
    ],
)
def test_state(snap_compare: Compare, ledger: Profile, size: tuple[int, int], steps: Steps) -> None:
    assert snap_compare(RowsightApp(ledger, tab=5), terminal_size=size, run_before=steps)


def test_light(snap_compare: Compare, ledger: Profile, size: tuple[int, int]) -> None:
    app = RowsightApp(ledger, tab=5, theme="rowsight-light")
    assert snap_compare(app, terminal_size=size, run_before=after(doing=lambda p: come(p, 90)))


def test_empty(snap_compare: Compare, blank: Profile, size: tuple[int, int]) -> None:
    steps = keys("…No entries yet", "…all rows")
    assert snap_compare(RowsightApp(blank, tab=5), terminal_size=size, run_before=steps)


def test_filtered_by_rls(snap_compare: Compare, blank: Profile, size: tuple[int, int]) -> None:
    profile = replace(blank, parameters=blank.parameters | {"user": "on_call"})
    steps = keys("…nothing that this login may see", "…filtered by RLS as on_call")
    assert snap_compare(RowsightApp(profile, tab=5), terminal_size=size, run_before=steps)
