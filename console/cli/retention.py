"""`rowsight retention plan | run`: what would be deleted, and deleting it."""

from __future__ import annotations

import argparse
import asyncio
import contextlib
from typing import TYPE_CHECKING

from console.cli import diagnostics, output, retention_text
from console.cli.connecting import session
from console.cli.consent import consent, require_somebody
from console.cli.running import finish
from console.errors import ConsoleError, Refused, UsageError
from console.guard import Act

if TYPE_CHECKING:
    from console.connection.session import Session
    from console.operations.announcement import RetentionPlan
    from console.operations.outcome import RunResult
    from console.operations.pace import Progress
    from console.operations.policies import PolicyChange


def run(options: argparse.Namespace) -> int:
    """Runs one step.

    Raises:
        ConsoleError: What the step says.
    """
    steps = {"plan": _plan, "run": _run, "set": _set}
    return steps[options.step](options)


def _plan(options: argparse.Namespace) -> int:
    planned = finish(_planned(options))
    if options.json:
        output.document(retention_text.plan_json(planned))
    else:
        retention_text.print_plan(planned)
    return 0


async def _planned(options: argparse.Namespace) -> RetentionPlan:
    async with session(options, "retention") as opened:
        await _tell_interrupted(opened)
        return await _measured(opened)


async def _measured(opened: Session, *, telemetry: bool = True) -> RetentionPlan:
    from console.operations.retention import plan

    with diagnostics.Progress() as progress:
        return await plan(
            opened,
            telemetry=telemetry,
            on_policy=lambda one: progress.show("counting", one.table),
        )


async def _tell_interrupted(opened: Session) -> None:
    """Tells what became of runs that were killed, once."""
    from console.operations.interrupted import acknowledge, find_interrupted, look_up

    for entry in find_interrupted(opened):
        interruption = await look_up(opened, entry)
        diagnostics.say(f"looked up: {interruption.sentence}")
        with contextlib.suppress(ConsoleError):  # what can't be put on record is told again
            acknowledge(interruption)


def _run(options: argparse.Namespace) -> int:
    require_somebody(options, "run deletes rows")
    planned, result = finish(_ran(options))
    if options.json:
        output.document(retention_text.result_json(planned, result))
    else:
        retention_text.print_result(result)
    if result.failure is not None:
        return diagnostics.fail(result.failure, as_json=False)
    return 0


async def _ran(options: argparse.Namespace) -> tuple[RetentionPlan, RunResult]:
    from console.operations.run import run as run_retention

    async with session(options, "retention") as reading:
        await _tell_interrupted(reading)
        planned = await _measured(reading, telemetry=options.telemetry)
        if not options.yes:
            _confirm(options, reading, planned)
        async with reading.another("retention", read_only=False) as writing:
            watch = _Watch()
            with watch:
                result = await run_retention(
                    writing,
                    planned,
                    tables=options.policy,
                    telemetry=options.telemetry,
                    batch=options.batch,
                    on_progress=watch.follow,
                )
    return planned, result


def _confirm(options: argparse.Namespace, opened: Session, planned: RetentionPlan) -> None:
    """Shows what would go, and has the name of it typed.

    Raises:
        Refused: The answer was another one, or there is nothing to run.
    """
    from console.operations.targets import choose

    targets = choose(planned, options.policy, telemetry=options.telemetry)
    begun = [target for target in targets if not target.reason]
    assert opened.server is not None
    if not begun:
        raise Refused("there is no enabled policy to run", hint="rowsight retention plan")
    for target in begun:
        rows = retention_text.number(target.announced, exact=target.exact)
        diagnostics.say(f"  {target.name}: {rows} rows")
    one = begun[0].policy if len(begun) == 1 else None
    question = f"Delete them from {opened.server.database} for good?"
    name = (opened.server.database, "the database's name")
    if one is not None:
        name = (one.table, "the table's name")
    consent(Act.ERASE, opened, question, name=name, otherwise="nothing was deleted")


def _set(options: argparse.Namespace) -> int:
    if options.days is None and options.enabled is None:
        raise UsageError("nothing is to be changed", hint="give --days, --enabled, or both")
    require_somebody(options, "set changes a policy")
    change, operation = finish(_changed(options))
    if options.json:
        output.document(retention_text.change_json(change, operation))
    else:
        saved = f"saved · operation {operation}" if operation else "it is like that already"
        output.line(saved)
    return 0


async def _changed(options: argparse.Namespace) -> tuple[PolicyChange, str]:
    from console.operations.policies import preview_change, save_change

    enabled = None if options.enabled is None else options.enabled == "yes"
    async with session(options, "retention") as reading:
        change = await preview_change(reading, options.table, days=options.days, enabled=enabled)
        if not change.changes:
            return change, ""
        if not options.yes:
            diagnostics.say(retention_text.change_words(change))
            consent(Act.CHANGE, reading, "Save that?", otherwise="nothing was saved")
        async with reading.another("retention", read_only=False) as writing:
            return change, await save_change(writing, change)


class _Watch(diagnostics.Progress):
    """Shows how far a run is, and what is gone when it is interrupted."""

    def __init__(self) -> None:
        super().__init__()
        self._total = 0

    def __exit__(self, kind: object = None, *exc_info: object) -> None:
        self.clear()
        if kind is asyncio.CancelledError:
            diagnostics.say(f"cancelled: {self._total:,} rows are deleted, and stay deleted")

    def follow(self, state: Progress) -> None:
        """Shows a state of the run."""
        from console.operations.check import duration

        self._total = state.total
        of = "" if state.announced is None else f" of {state.announced:,}"
        left = "" if state.eta is None else f", {duration(state.eta)} left"
        self.show(
            f"{state.target} ({state.number}/{state.targets})",
            f"{state.state} {state.done:,}{of} rows, {state.rate:,.0f}/s{left}",
        )
