"""What rows in full, structure and statements look like, at both sizes the console is made for.

After a wanted change: `pytest tests/ui/test_tables_views_snapshots.py --snapshot-update`, and
look at them.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest
from textual.pilot import Pilot

from console.browse import history
from console.browse.history import Asked
from console.catalog.relations import Relation
from console.catalog.structure import Structure, read_structure
from console.connection.profile import Profile
from console.connection.session import Session
from console.ui.app import RowsightApp
from tests.ui.test_snapshots import SIZES, keys, rest
from tests.ui.test_tables_query import opened

Compare = Callable[..., bool]

pytestmark = [SIZES, pytest.mark.usefixtures("still")]

ROW = ("…Ada", "enter", "…6 rows")
JOINED = "select title, reader\nfrom lib.books join lib.loans on book = id\nwhere price > 3"


async def at_rest(session: Session, relation: Relation) -> Structure:
    """The structure without what changes from one moment to the next."""
    found = await read_structure(session, relation)
    assert found.sizes is not None
    return replace(
        found,
        indexes=tuple(replace(one, scans=12 * one.primary) for one in found.indexes),
        sizes=replace(found.sizes, vacuumed=None, analyzed="2026-11-28 12:00:00", dead=0),
    )


@pytest.mark.parametrize(
    ("name", "steps"),
    [
        ("row", ROW),
        ("text", (*ROW, *["down"] * 4, "enter", "…characters")),
        ("json", (*ROW, *["down"] * 5, "enter", "…object of", "slash", *"lond", "enter", "…city")),
        ("hex", (*ROW, *["down"] * 6, "enter", "…bytes")),
        ("array", (*ROW, *["down"] * 8, "enter", "…list of", "down", "right", "…0  list of")),
        ("trail", (*ROW, "G", "enter", "…row 1 of 6", "down", "f", "…› authors", "…6 rows")),
    ],
    ids=["row", "text", "json", "hex", "array", "trail"],
)
def test_row(
    snap_compare: Compare,
    library: Profile,
    size: tuple[int, int],
    name: str,
    steps: tuple[str, ...],
) -> None:
    app = RowsightApp(library, table="lib.authors")
    assert snap_compare(app, terminal_size=size, run_before=keys(*steps))


@pytest.mark.parametrize(
    ("name", "steps"),
    [
        ("structure", ()),
        ("policy", ("slash", *"cheap", "enter", "enter", "…at most")),
        ("sql", ("s", "…the SQL that makes it")),
    ],
    ids=["structure", "policy", "sql"],
)
def test_structure(
    snap_compare: Compare,
    library: Profile,
    size: tuple[int, int],
    monkeypatch: pytest.MonkeyPatch,
    name: str,
    steps: tuple[str, ...],
) -> None:
    monkeypatch.setattr("console.ui.tables.structure.read_structure", at_rest)
    app = RowsightApp(library, table="lib.books")
    before = ("…Book 7", "c", "…columns  4")
    assert snap_compare(app, terminal_size=size, run_before=keys(*before, *steps))


@pytest.mark.parametrize(
    ("name", "statement", "steps"),
    [
        ("result", "select * from lib.books order by id", ("f5", "…12 rows")),
        ("error", JOINED.replace("price", "pric"), ("f5", "…does not exist")),
        ("plan", JOINED, ("f6", "…not run")),
        ("history", "", ("f7", "…2 statements")),
        ("completion", "select * from lib.", ("end", "tab", "…nothing")),
    ],
    ids=["result", "error", "plan", "history", "completion"],
)
def test_statement(
    snap_compare: Compare,
    library: Profile,
    size: tuple[int, int],
    monkeypatch: pytest.MonkeyPatch,
    name: str,
    statement: str,
    steps: tuple[str, ...],
) -> None:
    # With the extra for colours or without: the pictures are taken without.
    monkeypatch.setattr("console.ui.tables.editor.language", lambda: None)
    asked = [
        Asked(JOINED, "library", "2026-11-28T21:05:00+00:00"),
        Asked("select count(*) from lib.loans", "library", "2026-11-27T09:30:00+00:00"),
    ]
    monkeypatch.setattr(history.QueryHistory, "entries", lambda self: asked)

    async def run(pilot: Pilot[Any]) -> None:
        await opened(pilot, statement)
        await keys(*steps)(pilot)
        await rest(pilot)

    app = RowsightApp(library)
    assert snap_compare(app, terminal_size=size, run_before=run)
