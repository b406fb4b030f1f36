"""`rowsight analytics show | recompute | import`: the daily figures and what they are made of."""

from __future__ import annotations

import argparse
from dataclasses import asdict
from datetime import date, timedelta
from typing import TYPE_CHECKING

from console.cli import diagnostics, output
from console.cli.connecting import session
from console.cli.consent import consent, require_somebody
from console.cli.running import finish
from console.errors import ConsoleError, Refused
from console.guard import Act
from console.operations.check import counted

if TYPE_CHECKING:
    from collections.abc import Iterable

    from console.operations.analytics import Day, RecomputePlan, RecomputeResult
    from console.operations.file_rows import RefusedRow, RowFile
    from console.operations.importing import FileCheck, ImportResult
    from console.operations.pace import Progress

_SHOWN = 30
_STYLES = {"done": "green", "cancelled": "yellow"}


def run(options: argparse.Namespace) -> int:
    """Runs one step.

    Raises:
        ConsoleError: What the step says.
    """
    steps = {"show": _show, "recompute": _recompute, "import": _import}
    return steps[options.step](options)


def _show(options: argparse.Namespace) -> int:
    days = finish(_figures(options))
    if options.json:
        output.document({"days": [asdict(day) for day in days]})
    else:
        heads = ("day", "sessions", "orders", "conversion", "revenue", "ad spend", "margin")
        output.table(heads, [_cells(day) for day in days], right=range(1, len(heads)))
    return 0


def _cells(day: Day) -> tuple[str | None, ...]:
    rate = day.conversion_rate
    return (
        str(day.day),
        *(None if number is None else f"{number:,}" for number in (day.sessions, day.orders)),
        None if rate is None else f"{rate * 100:.2f} %",
        *map(_money, (day.revenue_cents, day.spend_cents, day.gross_margin_cents)),
    )


def _money(cents: int | None) -> str | None:
    return None if cents is None else f"{cents / 100:,.2f}"


async def _figures(options: argparse.Namespace) -> tuple[Day, ...]:
    from console.operations.analytics import read_metrics, today

    async with session(options, "analytics") as opened:
        last: date = options.last or await today(opened)
        return await read_metrics(opened, options.first or last - timedelta(days=29), last)


def _recompute(options: argparse.Namespace) -> int:
    require_somebody(options, "recompute replaces rows of metrics_daily")
    planned, result = finish(_recomputed(options))
    if options.json:
        output.document(_plan_json(planned) | _result_json(result, computed=result.days))
    else:
        output.line(
            f"{result.outcome}: {result.days:,} of {counted(planned.days, 'day')} computed anew,"
            f" {result.elapsed:.1f} s · operation {result.operation}",
            _STYLES.get(result.outcome, "red"),
        )
        diagnostics.tell_audit(result.audit)
    return _code(result.failure)


async def _recomputed(options: argparse.Namespace) -> tuple[RecomputePlan, RecomputeResult]:
    from console.operations.analytics import plan_recompute, recompute

    async with session(options, "analytics") as reading:
        planned = await plan_recompute(reading, options.first, options.last)
        planned.right.refuse()
        if not options.yes:
            diagnostics.say(_effect(planned))
            assert reading.server is not None
            consent(Act.CHANGE, reading, f"Compute them anew in {reading.server.database}?")
        async with reading.another("analytics", read_only=False) as writing:
            with diagnostics.Progress() as progress:
                result = await recompute(
                    writing, planned, on_progress=lambda state: _follow(progress, state, "days")
                )
    return planned, result


def _effect(planned: RecomputePlan) -> str:
    events = "very many events" if planned.events is None else counted(planned.events, "event")
    new = planned.days - planned.existing
    return (
        f"{counted(planned.days, 'day')} from {planned.first} to {planned.last}:"
        f" {counted(planned.existing, 'row')} of metrics_daily replaced, {new:,} added,"
        f" from {events}"
    )


def _plan_json(planned: RecomputePlan) -> dict[str, object]:
    return {
        "from": str(planned.first),
        "to": str(planned.last),
        "days": planned.days,
        "existing": planned.existing,
        "events": planned.events,
        "spend_rows": planned.spend_rows,
    }


def _import(options: argparse.Namespace) -> int:
    from console.operations.file_rows import Kind, RowFile
    from console.operations.importing import check_file

    if not options.check:
        require_somebody(options, "import writes to the database")
    file = RowFile(options.file, Kind(options.into))
    check = check_file(file)
    if options.check:
        return _checked(options, check)
    result = finish(_imported(options, file, check))
    if options.json:
        output.document(
            _result_json(result, written=result.written, refused=result.refused)
            | {"reasons": _reasons_json(result.reasons)}
        )
    else:
        _print_refused(result.reasons, result.refused)
        output.line(
            f"{result.outcome}: {counted(result.written, 'row')} written,"
            f" {counted(result.refused, 'line')} refused,"
            f" {result.elapsed:.1f} s · operation {result.operation}",
            _STYLES.get(result.outcome, "red"),
        )
        diagnostics.tell_audit(result.audit)
    return _code(result.failure) or (5 if result.refused else 0)


def _checked(options: argparse.Namespace, check: FileCheck) -> int:
    if options.json:
        reasons = _reasons_json(check.reasons)
        output.document({"rows": check.rows, "refused": check.refused, "reasons": reasons})
    else:
        _print_refused(check.reasons, check.refused)
        output.line(_found(check))
    return 5 if check.refused else 0


def _found(check: FileCheck) -> str:
    return f"{counted(check.rows, 'row')} to send, {counted(check.refused, 'line')} refused"


async def _imported(options: argparse.Namespace, file: RowFile, check: FileCheck) -> ImportResult:
    from console.operations.importing import import_file

    if not check.rows:
        raise Refused(
            f"{options.file} holds no row that could be sent", hint="--check lists what is wrong"
        )
    async with session(options, "analytics") as reading:
        if not options.yes:
            _print_refused(check.reasons, check.refused)
            diagnostics.say(_found(check))
            assert reading.server is not None
            consent(Act.CHANGE, reading, f"Import them into {reading.server.database}?")
        async with reading.another("analytics", read_only=False) as writing:
            with diagnostics.Progress() as progress:
                return await import_file(
                    writing, file, on_progress=lambda state: _follow(progress, state, "lines")
                )


def _follow(progress: diagnostics.Progress, state: Progress, noun: str) -> None:
    progress.show(state.target, f"{state.done:,} of {state.announced or 0:,} {noun}")


def _print_refused(reasons: Iterable[RefusedRow], number: int) -> None:
    for row in list(reasons)[:_SHOWN]:
        diagnostics.say(f"  line {row.line:,}: {row.reason}")
    if number > _SHOWN:
        diagnostics.say(f"  and {number - _SHOWN:,} more; --json lists a thousand")


def _reasons_json(reasons: Iterable[RefusedRow]) -> list[dict[str, object]]:
    return [{"line": row.line, "reason": row.reason} for row in reasons]


def _result_json(result: RecomputeResult | ImportResult, **numbers: int) -> dict[str, object]:
    failure = result.failure
    return {
        "operation": result.operation,
        "outcome": result.outcome,
        **numbers,
        "elapsed_ms": round(result.elapsed * 1000, 1),
        "audit": result.audit,
        "error": None
        if failure is None
        else {"code": failure.code, "message": failure.message, "sqlstate": failure.sqlstate},
    }


def _code(failure: ConsoleError | None) -> int:
    return 0 if failure is None else diagnostics.fail(failure, as_json=False)
