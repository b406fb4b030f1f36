"""What the retention pane looks like; see test_snapshots.py."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from typing import Any

import psycopg
import pytest
from textual.pilot import Pilot

from console.connection.embedded import EmbeddedServer
from console.connection.profile import Environment, Profile
from console.operations.announcement import (
    PolicyPlan,
    PolicyStatus,
    RetentionPlan,
    TelemetryPlan,
    UserTelemetry,
)
from console.operations.interrupted import Interruption, Leftover
from console.operations.outcome import TELEMETRY, RunResult, TargetResult, TargetState, explain
from console.operations.pace import Progress
from console.operations.rights import Right
from console.operations.targets import choose
from console.ui.app import RowsightApp
from console.ui.retention import account
from console.ui.retention.pane import RetentionPane
from console.ui.retention.steps import Announced, Counted
from tests.ui.conftest import writable
from tests.ui.screen import named, until, write
from tests.ui.test_snapshots import SIZES, Compare, rest

pytestmark = [SIZES, pytest.mark.usefixtures("still")]

CUT_OFF = "2026-08-30 12:00:00.5+00"


@pytest.fixture(scope="module")
def ward(server: EmbeddedServer) -> Iterator[Profile]:
    """An empty database of fixed name."""
    with psycopg.connect(server.dsn(), autocommit=True) as connection:
        connection.execute("drop database if exists ward with (force)")
        connection.execute("create database ward template template0 strategy file_copy")
        yield writable(server.profile("ward"))
        connection.execute("drop database ward with (force)")


def policy(table: str, rows: int | None, status: str = "counted", **changes: Any) -> PolicyPlan:
    made = PolicyPlan(
        table=table,
        column="timestamp",
        days=90,
        enabled=True,
        expired_rows=rows,
        exact=status == "counted",
        oldest="2025-09-03 04:12:44.1+00",
        bytes=None if rows is None else rows * 212,
        last_run="2026-11-19 18:54:05.9+00",
        status=PolicyStatus(status),
        reason="",
        cut_off=CUT_OFF,
    )
    return replace(made, **changes)


POLICIES = (
    policy("audit_log", 0, days=180, last_run=None),
    policy("audit_logs", 2_000_000),
    policy("events", 31_400_000, "estimated", oldest="2024-02-11 00:00:00+00"),
    policy("file_previews", None, "unknown table", reason="no such table", column=None),
    policy("sessions", 4_120, days=7),
    policy("utm_tracks", 224, enabled=False),
)
USERS = tuple(UserTelemetry(f"{n:08x}-0000-4000-8000-00000000000{n}", 30, 90 - n) for n in range(5))


def planned(policies: tuple[PolicyPlan, ...] = POLICIES, *, allowed: bool = True) -> RetentionPlan:
    right = Right("public.cleanup_retention_batch(text,integer)", True, allowed, None, "ada")
    users = USERS if policies else ()
    return RetentionPlan(policies, TelemetryPlan(users), right, right, CUT_OFF, 0.2)


async def opened(pilot: Pilot[Any]) -> RetentionPane:
    await until(pilot, "no retention policies")
    return pilot.app.screen.query_one(RetentionPane)


async def counted(pilot: Pilot[Any], plan: RetentionPlan) -> RetentionPane:
    pane = await opened(pilot)
    pane.post_message(Counted(plan, "12:00:00"))
    await pilot.pause()
    pane.policies.cursor = min(1, len(plan.policies))
    return pane


def result(outcome: str) -> RunResult:
    done, stopped = TargetState.DONE, TargetState(outcome)
    return RunResult(
        operation="0b8a8c2f51f1486ca1d9c37fd3cf5a10",
        outcome=outcome,
        targets=(
            TargetResult(
                "sessions", 4_120, True, 4_131, 1, 0.1, done, "", explain(4_120, True, 4_131, done)
            ),
            TargetResult(
                *("audit_logs", 2_000_000, True, 740_000, 74, 1.1, stopped, ""),
                explain(2_000_000, True, 740_000, stopped),
            )
            if outcome == "cancelled"
            else TargetResult("audit_logs", 2_000_000, True, 2_000_000, 200, 2.2, done, "", ""),
        ),
        users=None,
        elapsed=2.3,
        audit="",
        failure=None,
    )


@pytest.mark.parametrize("name", ["plan", "empty", "no-rights"])
def test_plan(snap_compare: Compare, ward: Profile, size: tuple[int, int], name: str) -> None:
    async def steps(pilot: Pilot[Any]) -> None:
        plan = {
            "plan": planned(),
            "empty": planned(()),
            "no-rights": planned(allowed=False),
        }[name]
        await counted(pilot, plan)
        if name == "plan":
            await pilot.press("space", "space")
        await rest(pilot)

    assert snap_compare(RowsightApp(ward, tab=4), terminal_size=size, run_before=steps)


def test_policy(snap_compare: Compare, ward: Profile, size: tuple[int, int]) -> None:
    async def steps(pilot: Pilot[Any]) -> None:
        await counted(pilot, planned())
        await pilot.press("down", "enter")
        await rest(pilot)

    assert snap_compare(RowsightApp(ward, tab=4), terminal_size=size, run_before=steps)


def test_confirm(snap_compare: Compare, ward: Profile, size: tuple[int, int]) -> None:
    async def steps(pilot: Pilot[Any]) -> None:
        await named(pilot, "ward")
        pane = await counted(pilot, planned())
        targets = choose(planned(), ["audit_logs", "events"], telemetry=True)
        pane.post_message(Announced(planned(), targets, "12:00:00"))
        await until(pilot, "Delete for good?")
        await write(pilot, "war")
        await rest(pilot)

    app = RowsightApp(replace(ward, environment=Environment.PROD), tab=4)
    assert snap_compare(app, terminal_size=size, run_before=steps)


def test_run(snap_compare: Compare, ward: Profile, size: tuple[int, int]) -> None:
    async def steps(pilot: Pilot[Any]) -> None:
        ledger = (await counted(pilot, planned())).ledger
        ledger.show_run()
        ledger.running.auto_refresh = None
        numbers = (740_000, 2_000_000, 74, 744_120, 412_000.0, 3.1, 1.8)
        ledger.running.state = Progress("audit_logs", 2, 3, "working", *numbers)
        await rest(pilot)

    assert snap_compare(RowsightApp(ward, tab=4), terminal_size=size, run_before=steps)


@pytest.mark.parametrize("outcome", ["done", "cancelled"])
def test_result(snap_compare: Compare, ward: Profile, size: tuple[int, int], outcome: str) -> None:
    async def steps(pilot: Pilot[Any]) -> None:
        ledger = (await counted(pilot, planned())).ledger
        ledger.show_result(account.result(result(outcome)))
        await rest(pilot)

    assert snap_compare(RowsightApp(ward, tab=4), terminal_size=size, run_before=steps)


def test_interrupted(snap_compare: Compare, ward: Profile, size: tuple[int, int]) -> None:
    found = Interruption(
        operation="0b8a8c2f",
        time="2026-11-28T02:14:09.120+00:00",
        ended=None,
        deleted={},
        leftovers=(
            Leftover("audit_logs", 2_000_000, 1_260_000, 740_000, 730_000),
            Leftover(TELEMETRY, 440, 440, 0, 0),
        ),
    )

    async def steps(pilot: Pilot[Any]) -> None:
        pane = await counted(pilot, planned())
        pane.interruptions = [found]
        pane.ledger.show_interruptions([found])
        await rest(pilot)

    assert snap_compare(RowsightApp(ward, tab=4), terminal_size=size, run_before=steps)
