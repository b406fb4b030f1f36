"""The ways to the fields of the other panes, and to those over all of them."""

from __future__ import annotations

from typing import Any

from textual.pilot import Pilot
from textual.widgets import Input

from console.ui.health.board import Board
from console.ui.health.metrics import Metrics
from console.ui.logs.pane import LogsPane
from tests.ui.attacking.console import (
    HEALTH,
    LOGS,
    MIGRATION,
    RETENTION,
    TABLES,
    at_rest,
    come,
    place,
    press,
    put,
    workspace,
)
from tests.ui.attacking.shapes import (
    in_a_folder,
    logged,
)
from tests.ui.screen import focused_field

FINDINGS = "widgets.findings.Findings:Field"


@place(FINDINGS, "migration.report.Report", MIGRATION)
async def filter_of_migration(pilot: Pilot[Any]) -> None:
    await press(pilot, "slash")


@place("health.threshold.AskLimit:Field", "health.pane.HealthPane", HEALTH)
async def threshold(pilot: Pilot[Any]) -> None:
    checks = workspace(pilot).query_one(Board).checks
    await come(pilot, lambda: checks.line_count)
    checks.focus()
    for line in range(checks.line_count):
        checks.cursor = line
        if checks.current == "connections":
            break
    await press(pilot, "t")


async def _metrics(pilot: Pilot[Any], key: str) -> None:
    shown = workspace(pilot).query_one(Metrics)
    if not shown.display:
        await press(pilot, "a")
    await at_rest(pilot)
    if shown.view != "plots":
        await press(pilot, "escape")
    await at_rest(pilot)
    await press(pilot, key)


@place("health.asking.AskRange:Field", "health.metrics.Metrics", HEALTH, profile="writing")
async def days_to_compute(pilot: Pilot[Any]) -> None:
    await _metrics(pilot, "u")


@place("health.asking.AskFile#path:Field", "health.metrics.Metrics", HEALTH, profile="writing")
async def file_to_import(pilot: Pilot[Any]) -> None:
    await _metrics(pilot, "o")


@place("health.asking.AskFile#kind:Field", "health.metrics.Metrics", HEALTH, profile="writing")
async def table_to_import_to(pilot: Pilot[Any]) -> None:
    await _metrics(pilot, "o")
    put(focused_field(pilot.app), "events.csv")
    await press(pilot, "enter")


@place("retention.days.AskDays:Field", "retention.pane.RetentionPane", RETENTION, profile="writing")
async def days_to_keep(pilot: Pilot[Any]) -> None:
    await press(pilot, "m")


async def _timeline(pilot: Pilot[Any]) -> None:
    """Shows every entry."""
    pane = workspace(pilot).query_one(LogsPane)
    pane.action_back()
    pane.stream.narrow("")
    await at_rest(pilot)
    await come(pilot, lambda: pane.stream.timeline.lines)


@place("logs.stream.StreamView#log-filter:FilterField", "logs.pane.LogsPane", LOGS, shape=logged)
async def filter_of_logs(pilot: Pilot[Any]) -> None:
    await _timeline(pilot)
    await press(pilot, "f")


@place("logs.stream.StreamView#log-search:SearchField", "logs.pane.LogsPane", LOGS)
async def search_in_logs(pilot: Pilot[Any]) -> None:
    await _timeline(pilot)
    await press(pilot, "slash")


@place("logs.transparency.TransparencyView:Field", "logs.pane.LogsPane", LOGS)
async def user_of_the_privacy_log(pilot: Pilot[Any]) -> None:
    await _timeline(pilot)
    await press(pilot, "p")
    await at_rest(pilot)
    if not isinstance(pilot.app.focused, Input):
        await press(pilot, "u")


@place("logs.saving.SaveAs:Field", "logs.pane.LogsPane", LOGS, shape=in_a_folder)
async def file_for_the_logs(pilot: Pilot[Any]) -> None:
    await _timeline(pilot)
    await press(pilot, "e")


@place("dialogs.TypeTheName:Typed", "dialogs.question", TABLES, profile="prod")
async def name_of_the_database(pilot: Pilot[Any]) -> None:
    await press(pilot, "W")


@place("textual.command.CommandPalette:CommandInput", "", TABLES)
async def palette(pilot: Pilot[Any]) -> None:
    await press(pilot, "ctrl+p")
