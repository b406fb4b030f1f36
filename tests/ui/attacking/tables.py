"""The ways to the fields of the tables pane."""

from __future__ import annotations

from typing import Any

from textual.pilot import Pilot

from console.ui.places import TablePlace
from console.ui.tables.documents import DocumentView
from console.ui.tables.query import QueryView
from console.ui.tables.record import Record
from tests.ui.attacking.console import (
    TABLES,
    at_rest,
    come,
    handled,
    place,
    press,
    put,
    rows,
)
from tests.ui.attacking.shapes import (
    STATEMENTS,
    compared,
    in_a_folder,
    measured,
    selected,
)

FILTER_BAR = "tables.filter_bar.FilterBar#row-filter:FilterField"
STATEMENT = "tables.typing.Typing:Editor"
FINDINGS = "widgets.findings.Findings:Field"
GOTO = "tables.dialogs.Goto#goto:Field"


@place("tables.listing.ListingPane#relation-filter:RelationFilter", "", TABLES)
async def list_of_tables(pilot: Pilot[Any]) -> None:
    pane = await rows(pilot)
    pilot.app.screen.set_focus(pane.relations)
    await handled(pilot)
    await press(pilot, "slash")


@place(FILTER_BAR, "tables.table.Table", TABLES, shape=compared)
async def filter_of_rows(pilot: Pilot[Any]) -> None:
    await rows(pilot)
    await press(pilot, "slash")


@place(FILTER_BAR, "tables.table.Table", TABLES, shape=compared, lens=True)
async def filter_of_marked_rows(pilot: Pilot[Any]) -> None:
    await rows(pilot)
    await press(pilot, "slash")


@place(FILTER_BAR, "tables.table.Table", TABLES, shape=compared, lens=True)
async def filter_of_their_rows(pilot: Pilot[Any]) -> None:
    await rows(pilot)
    await press(pilot, "x")
    await at_rest(pilot)
    await press(pilot, "slash")


@place(GOTO, "tables.rows.Rows", TABLES)
async def percentage(pilot: Pilot[Any]) -> None:
    await rows(pilot)
    await press(pilot, "percent_sign")


@place(GOTO, "tables.rows.Rows", TABLES)
async def number_of_a_row(pilot: Pilot[Any]) -> None:
    await rows(pilot)
    await press(pilot, "colon")


@place(
    "tables.dialogs.AskExport#export-path:Field",
    "tables.taking.TakingTable",
    TABLES,
    shape=in_a_folder,
    lens=True,
)
async def file_to_export_to(pilot: Pilot[Any]) -> None:
    await rows(pilot)
    await press(pilot, "e")


@place(
    "tables.dialogs.AskExport#export-path:Field",
    "tables.result.Result",
    TABLES,
    shape=in_a_folder,
)
async def file_to_export_a_result_to(pilot: Pilot[Any]) -> None:
    put((await _statement(pilot)).editor, "select 1")
    await handled(pilot)
    await press(pilot, "f5")
    await at_rest(pilot)
    await press(pilot, "f4", "e")


@place(
    "tables.documents.DocumentView#document-search:SearchField", "tables.whole.whole_view", TABLES
)
async def search_in_a_document(pilot: Pilot[Any]) -> None:
    pane = await rows(pilot, TablePlace("public.papers"))
    await press(pilot, "enter")
    await come(pilot, lambda: isinstance(pane.contents.shown, Record))
    await at_rest(pilot)
    await press(pilot, "down", "enter")
    await come(pilot, lambda: isinstance(pane.contents.shown, DocumentView))
    await at_rest(pilot)
    await press(pilot, "slash")


@place("tables.row.RowView#row-search:SearchField", "", TABLES)
async def search_in_a_row(pilot: Pilot[Any]) -> None:
    pane = await rows(pilot)
    await press(pilot, "enter")
    await come(pilot, lambda: isinstance(pane.contents.shown, Record))
    await at_rest(pilot)
    await press(pilot, "slash")


@place(FINDINGS, "tables.structure.StructureView", TABLES)
async def filter_of_structure(pilot: Pilot[Any]) -> None:
    await rows(pilot)
    await press(pilot, "c")
    await at_rest(pilot)
    await press(pilot, "slash")


async def _statement(pilot: Pilot[Any]) -> QueryView:
    pane = await rows(pilot)
    await press(pilot, "Q")
    await come(pilot, lambda: isinstance(pane.contents.shown, QueryView))
    return pane.query_one(QueryView)


@place(
    STATEMENT,
    "tables.query.QueryView",
    TABLES,
    shape=selected,
    keys=("f5",),
    own=STATEMENTS,
    answers=(
        ("select set_config('role', 'anon', false), 'secret'", "set_config could act"),
        ("select public.evil_becoming(), 'secret'", "withheld"),
    ),
)
async def statement(pilot: Pilot[Any]) -> None:
    await _statement(pilot)


@place(STATEMENT, "tables.query.QueryView", TABLES, shape=selected, keys=("f5",), lens=True)
async def statement_under_the_lens(pilot: Pilot[Any]) -> None:
    await _statement(pilot)


@place(STATEMENT, "tables.query.QueryView", TABLES, shape=measured, keys=("f6",))
async def statement_to_be_explained(pilot: Pilot[Any]) -> None:
    await _statement(pilot)


@place("tables.recall.Recall#recall-filter:Field", "tables.query.QueryView", TABLES)
async def filter_of_statements(pilot: Pilot[Any]) -> None:
    put((await _statement(pilot)).editor, "select 1")
    await press(pilot, "f5")
    await at_rest(pilot)
    await press(pilot, "f7")
    await at_rest(pilot)
