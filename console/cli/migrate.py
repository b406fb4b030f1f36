"""`rowsight migrate verify | plan | apply | history`."""

from __future__ import annotations

import argparse
import contextlib
from pathlib import Path
from typing import TYPE_CHECKING

from console.cli import diagnostics, migration_text, output
from console.cli.connecting import session
from console.cli.consent import consent, require_somebody
from console.cli.running import finish
from console.errors import ConsoleError
from console.guard import Act

if TYPE_CHECKING:
    from console.connection.session import Session
    from console.migration.expected import Expected
    from console.migration.history import History
    from console.migration.model import ApplyOptions, ApplyProgress, ApplyResult, Plan, Verification


def run(options: argparse.Namespace) -> int:
    """Runs one step of the migration.

    Raises:
        ConsoleError: What the step says.
    """
    steps = {"verify": _verify, "plan": _plan, "apply": _apply, "history": _history}
    return steps[options.step](options)


def _expected(options: argparse.Namespace) -> Expected | None:
    """Loads another migration than the shipped one, where one is named."""
    if options.file is None and options.expected is None:
        return None
    from console.migration.expected import load_expected

    files = (options.file, options.expected)
    return load_expected(*(None if file is None else Path(file) for file in files))


def _verify(options: argparse.Namespace) -> int:
    verification = finish(_verified(options))
    if options.json:
        output.document(migration_text.verification_json(verification))
    else:
        migration_text.print_verification(verification)
    return 5 if verification.failed(strict=options.strict) else 0


async def _verified(options: argparse.Namespace) -> Verification:
    from console.migration.verify import verify

    expected = _expected(options)
    async with session(options, "verify") as opened:
        verification = await verify(opened, expected)
        if expected is None:
            _tell_unended(opened, verification)
        return verification


def _tell_unended(opened: Session, verification: Verification) -> None:
    """Tells what became of applies that were killed, once."""
    from console.migration.unended import settle

    with contextlib.suppress(ConsoleError):  # a journal that can't be read tells nothing
        for one in settle(opened, verification):
            diagnostics.say(f"looked up: {one.sentence}")


def _apply_options(options: argparse.Namespace) -> ApplyOptions:
    from dataclasses import replace

    from console.migration.model import ApplyOptions

    chosen = ApplyOptions(replace_policies=options.replace_policies, set_aside=options.set_aside)
    if options.step == "plan":
        return chosen
    return replace(
        chosen,
        dry_run=options.dry_run,
        history=not options.no_history,
        lock_timeout=options.lock_timeout,
    )


def _plan(options: argparse.Namespace) -> int:
    plan = finish(_planned(options))
    if options.json:
        output.document(migration_text.plan_json(plan))
    else:
        output.line(migration_text.plan_words(plan, statements=True))
    return 6 if plan.conflicts else 0


async def _planned(options: argparse.Namespace) -> Plan:
    from console.migration.plan import plan

    expected = _expected(options)
    async with session(options, "plan") as opened:
        return await plan(opened, _apply_options(options), expected)


def _apply(options: argparse.Namespace) -> int:
    # A dry run leaves nothing behind, so nobody is asked.
    if not options.dry_run:
        require_somebody(options, "apply writes to the database")
    result = finish(_applied(options))
    if options.json:
        output.document(migration_text.result_json(result))
    else:
        migration_text.print_result(result)
    return 5 if result.verification.failed() else 0


async def _applied(options: argparse.Namespace) -> ApplyResult:
    from console.migration.apply import apply

    expected = _expected(options)
    chosen = _apply_options(options)
    async with session(options, "apply") as opened:
        confirmed = None
        if not (options.yes or options.dry_run):
            confirmed = await _confirmed(opened, chosen, expected)
        with diagnostics.Progress() as progress:
            return await apply(
                opened,
                chosen,
                on_progress=lambda state: _show(progress, state),
                expected=expected,
                confirmed=confirmed,
            )


async def _confirmed(opened: Session, chosen: ApplyOptions, expected: Expected | None) -> Plan:
    """Shows the plan and asks.

    Raises:
        Conflicted: Something has to be resolved first.
        Refused: The answer was no.
    """
    from console.migration.plan import Conflicted, plan

    planned = await plan(opened, chosen, expected)
    diagnostics.say(migration_text.plan_words(planned, statements=False))
    if planned.conflicts:
        raise Conflicted(planned.conflicts)
    if not planned.actions:
        return planned
    assert opened.server is not None
    where = f"{opened.server.database} on {opened.server.host}"
    consent(Act.CHANGE, opened, f"Apply to {where}?")
    return planned


def _show(progress: diagnostics.Progress, state: ApplyProgress) -> None:
    count = f"{state.done}/{state.total}" if state.total else ""
    if state.phase == "waiting":  # for whom is news, also where only phases are printed
        progress.show(f"waiting: {state.identity}", f"{state.elapsed:.1f} s")
    else:
        progress.show(state.phase, f"{count} {state.identity} {state.elapsed:.1f} s")


def _history(options: argparse.Namespace) -> int:
    history = finish(_recorded(options))
    if options.json:
        output.document(migration_text.history_json(history))
    else:
        migration_text.print_history(history)
    return 0


async def _recorded(options: argparse.Namespace) -> History:
    from console.migration.history import read_history

    async with session(options, "history") as opened:
        if options.file is None:
            return await read_history(opened)
        return await read_history(opened, Path(options.file).name)
