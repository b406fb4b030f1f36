"""`rowsight access snapshot | check`: access as a file, and whether it still holds."""

from __future__ import annotations

import argparse
from pathlib import Path
from typing import TYPE_CHECKING

from console.cli import access_tables_text, diagnostics, output
from console.cli.diagnostics import Progress
from console.cli.personas import Typed, sides, typed
from console.cli.running import finish
from console.errors import UsageError

if TYPE_CHECKING:
    from console.access.baseline import Baseline, Change
    from console.access.counting import OnCells
    from console.connection.session import Session

_LARGEST = 16 * 1024 * 1024
"""Bytes of a baseline at most."""
_USUAL = ("anon", "role:authenticated", "service_role")


def run(options: argparse.Namespace) -> int:
    """Runs one step.

    Raises:
        ConsoleError: What the step says.
    """
    return _snapshot(options) if options.step == "snapshot" else _check(options)


def _counted(progress: Progress) -> OnCells:
    return lambda _, done, all_: progress.show("access: counting", f"{done} of {all_} cells")


def _snapshot(options: argparse.Namespace) -> int:
    from console.access.baseline import read_baseline

    text = finish(_taken(options))
    if options.json:
        output.document({"baseline": text})
    else:
        output.raw(text)
    _say_limits(read_baseline(text))
    return 0


def _say_limits(baseline: Baseline) -> None:
    for limit in baseline.limits:
        diagnostics.say(limit)


async def _taken(options: argparse.Namespace) -> str:
    from console.access.baseline import take
    from console.access.naming import Named

    given = typed(options, least=0, most=None)
    async with sides(options, "access") as (login, acting):
        named = [Named(one.name, one.claims, one.aal) for one in given or await _usual(login)]
        with Progress() as progress:
            return await take(
                login,
                acting,
                named,
                bound=options.bound,
                counts=not options.no_counts,
                on_cells=_counted(progress),
            )


async def _usual(login: Session) -> list[Typed]:
    """Returns the roles of the API that this server has, for who names nobody."""
    from console.access.roles import list_roles

    there = {role.named for role in await list_roles(login)}
    found = [Typed(name) for name in _USUAL if name in there]
    if not found:
        raise UsageError(
            "this server has none of the API's roles, or this login may take none",
            hint="name who it is about with --as",
        )
    return found


def _check(options: argparse.Namespace) -> int:
    from console.access.baseline import read_baseline

    baseline = read_baseline(_read(options.file))
    changes = finish(_changes(options, baseline))
    if options.json:
        output.document(access_tables_text.changes_json(changes, withheld=baseline.withheld))
    elif changes:
        for change in changes:
            output.line(str(change))
        diagnostics.say(f"access has changed: {len(changes)} things are not as the file says")
    else:
        diagnostics.say("access is what the file says")
    _say_limits(baseline)
    return 5 if changes else 0


async def _changes(options: argparse.Namespace, baseline: Baseline) -> list[Change]:
    from console.access.baseline import check

    async with sides(options, "access") as (login, acting):
        with Progress() as progress:
            return await check(login, acting, baseline, on_cells=_counted(progress))


def _read(name: str) -> str:
    try:
        with Path(name).open(encoding="utf-8") as file:
            text = file.read(_LARGEST + 1)
    except UnicodeDecodeError as error:
        raise UsageError(f"{name} is not UTF-8", hint="take a new snapshot") from error
    except (OSError, ValueError) as error:
        words = error.strerror if isinstance(error, OSError) else str(error)
        raise UsageError(f"{name}: {words}", hint="name a file of access snapshot") from error
    if len(text) > _LARGEST:
        raise UsageError(
            f"{name} is too large for a baseline", hint="name a file of access snapshot"
        )
    return text
