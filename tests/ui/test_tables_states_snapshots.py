"""What the rows of a table look like in every state, at both sizes the console is made for.

After a wanted change: `pytest tests/ui/test_tables_states_snapshots.py --snapshot-update`, and
look at them.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import psycopg
import pytest
from textual.pilot import Pilot
from textual.widgets._toast import ToastRack

from console.access.persona import Persona
from console.browse.export import Progress
from console.connection.embedded import EmbeddedServer
from console.connection.profile import Profile
from console.ui.app import RowsightApp
from console.ui.tables.exporting import Exporting
from tests.access import cast
from tests.conftest import named_database
from tests.ui.acme import ACME, ADA, ANON
from tests.ui.screen import until
from tests.ui.test_snapshots import SIZES, Steps, keys, rest
from tests.ui.test_tables_lens import workspace

Compare = Callable[..., bool]

pytestmark = [SIZES, pytest.mark.usefixtures("still")]

WORKFLOWS = f"""
set session_replication_role = replica;
insert into workflows (id, "userId", "organizationId", name, definition, "createdAt", "updatedAt")
select md5(n::text)::uuid,
  (array['{cast.ADA}', '{cast.BERT}', '{cast.HIRO}']::uuid[])[1 + n % 3],
  (array['{cast.STRANGER}', '{cast.GLOBEX}', null]::uuid[])[1 + n % 4],
  (array['Nightly import', 'Invoice sync', 'Report', 'Clean-up'])[1 + n % 4] || ' ' || n, '{{}}',
  '2026-03-01 04:12+00'::timestamptz + n * interval '7 hours', '2026-11-21 04:12+00'
from generate_series(1, 60) n;
update workflows set "createdAt" = '2026-02-01 09:00+00', "updatedAt" = '2026-11-20 17:03+00'
where "createdAt" > '2026-11-01';
analyze workflows;
"""


@pytest.fixture(scope="module")
def office(server: EmbeddedServer, templates: dict[tuple[str, str], str]) -> Iterator[Profile]:
    """The migration with a few people and their workflows, under a fixed name."""
    with named_database(server, templates, "acme") as connection:
        connection.execute((ACME + WORKFLOWS).encode())
        yield server.profile("acme")


PEOPLE = {
    "sorted": ("right", "s", "…▲"),
    "sorted-down": ("end", "s", "…▲", "s", "…▼"),
    "filtered": ("slash", *"name~2 note:null", "enter", "…1 of 2"),
    "no-match": ("slash", *"id=7000", "enter", "…No rows match"),
    "filter-column": ("slash", *'name~"Person 2" balence>3', "enter", "…there is no"),
    "filter-value": ("slash", *"id>3 born<yesteryear", "enter", "…✕"),
    "completion": ("slash", *"name~2 b"),
}


@pytest.mark.parametrize("name", PEOPLE)
def test_rows(snap_compare: Compare, shop: Profile, size: tuple[int, int], name: str) -> None:
    app = RowsightApp(shop, table="app.people")
    assert snap_compare(app, terminal_size=size, run_before=keys("…of 250", *PEOPLE[name]))


@pytest.fixture
def guest(server: EmbeddedServer, shop: Profile) -> Iterator[Profile]:
    """Somebody who may look into the shop, yet not into everything."""
    with psycopg.connect(server.dsn("shop"), autocommit=True) as connection:
        connection.execute(
            "drop role if exists guest; create role guest login;"
            "grant usage on schema app to guest; grant select on app.wide to guest"
        )
        yield server.profile("shop", "guest")
        connection.execute("drop owned by guest; drop role guest")


def test_no_privilege(snap_compare: Compare, guest: Profile, size: tuple[int, int]) -> None:
    app = RowsightApp(guest, table="app.people")
    assert snap_compare(app, terminal_size=size, run_before=keys("…permission denied"))


@pytest.mark.parametrize("name", ["asked", "running", "cancelled"])
def test_export(
    snap_compare: Compare,
    shop: Profile,
    server: EmbeddedServer,
    size: tuple[int, int],
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    name: str,
) -> None:
    monkeypatch.chdir(tmp_path)
    other = psycopg.connect(server.dsn("shop"))

    async def run(pilot: Pilot[Any]) -> None:
        await keys("…of 250", "e", "…people.csv")(pilot)
        if name == "asked":
            return
        # Nothing comes as long as somebody else holds the table.
        other.execute("lock app.people")
        await pilot.press("enter")
        await until(pilot, "beginning")
        exporting = pilot.app.screen.query_one(Exporting)
        if name == "running":
            exporting.post_message(Exporting.Went(Progress(3_214_000, 402 << 20, 9.5, False)))
        else:
            await pilot.press("escape")
            await until(pilot, "cancelled")
        await rest(pilot)

    app = RowsightApp(shop, table="app.people")
    with other:
        assert snap_compare(app, terminal_size=size, run_before=run)


def seen(persona: Persona, *steps: str) -> Steps:
    async def run(pilot: Pilot[Any]) -> None:
        await until(pilot, "read ")
        workspace(pilot).action_adopt(persona)
        await keys(*steps)(pilot)
        pilot.app._notifications.clear()
        for screen in pilot.app.screen_stack:
            screen.query_one(ToastRack).show(pilot.app._notifications)
        await rest(pilot)

    return run


REPORTS = ("slash", *"name~report", "enter", "…of 15", "…●")
LOOKS: dict[str, tuple[str, Persona, tuple[str, ...]]] = {
    "rows": ("workflows", ADA, ("…●", "down")),
    "columns": ("users", ADA, ("…●",)),
    "filtered": ("workflows", ADA, ("…●", *REPORTS)),
    "help": ("workflows", ADA, ("…●", "question_mark")),
    "only": ("users", ADA, ("…●", "x", "…only")),
    "nothing": ("subscriptions", ANON, ("…○",)),
    "denied": ("users", ANON, ("…○",)),
    "refused": ("users", ANON, ("…○", "x", "…denied")),
}


@pytest.mark.parametrize("name", LOOKS)
def test_lens(snap_compare: Compare, office: Profile, size: tuple[int, int], name: str) -> None:
    table, who, steps = LOOKS[name]
    app = RowsightApp(office, table=table)
    assert snap_compare(app, terminal_size=size, run_before=seen(who, *steps))
