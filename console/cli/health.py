"""`rowsight health`: what the server and the schema's functions say, judged."""

from __future__ import annotations

import argparse
from typing import TYPE_CHECKING

from console.cli import output
from console.cli.connecting import session
from console.cli.running import finish

if TYPE_CHECKING:
    from console.operations.activity import Waiter
    from console.operations.check import Check
    from console.operations.health import Health

_STYLES = {"ok": "green", "warn": "yellow", "fail": "red", "unavailable": "dim"}


def run(options: argparse.Namespace) -> int:
    """Prints every check; the exit code tells whether one failed.

    Raises:
        UsageError: A limit does not parse.
        ConsoleError: The connection is gone.
    """
    health = finish(_read(options))
    if options.json:
        output.document(_document(health))
    else:
        _print(health)
    return 5 if health.failed() else 0


async def _read(options: argparse.Namespace) -> Health:
    from console.operations.health import check_health
    from console.operations.settings import read_settings

    limits = read_settings(options.limit).limits
    async with session(options, "health") as opened:
        return await check_health(opened, limits)


def _document(health: Health) -> dict[str, object]:
    return {
        "checks": [_check_json(check) for check in health.checks],
        "functions": {name: list(rows) for name, rows in health.functions.rows.items()},
        "blocking": [_waiter_json(root) for root in health.pulse.roots],
        "read_at": health.pulse.read_at,
    }


def _check_json(check: Check) -> dict[str, object]:
    return {
        "name": check.name,
        "status": check.status,
        "value": check.value,
        "unit": check.unit,
        "detail": check.detail,
        "threshold": check.threshold,
    }


def _waiter_json(waiter: Waiter) -> dict[str, object]:
    return {
        "pid": waiter.backend.pid,
        "user": waiter.backend.user,
        "application": waiter.backend.application,
        "state": waiter.backend.state,
        "statement": waiter.backend.statement,
        "lock": waiter.lock,
        "seconds": waiter.seconds,
        "held_up": [_waiter_json(one) for one in waiter.held_up],
    }


def _print(health: Health) -> None:
    widest = max(len(check.name) for check in health.checks)
    for check in health.checks:
        output.spans(
            (f"{check.status:<11}  ", _STYLES[check.status]),
            (f"{check.name:<{widest}}  ", None),
            (f"{check.amount:>9}  ", "bold"),
            (_one_line(check.detail), None),
            (f"  [{check.threshold}]" if check.threshold else "", "dim"),
        )
    for root in health.pulse.roots:
        output.line()
        _print_waiter(root, "")
    counts = {state: sum(one.status == state for one in health.checks) for state in _STYLES}
    output.line()
    output.line(", ".join(f"{number} {state}" for state, number in counts.items() if number))


def _print_waiter(waiter: Waiter, indent: str) -> None:
    from console.operations.check import duration

    waits = f" · waits {duration(waiter.seconds)} for {waiter.lock}" if waiter.lock else ""
    output.line(_one_line(f"{indent}{waiter.backend}{waits}"))
    for one in waiter.held_up:
        _print_waiter(one, f"{indent}  ")


def _one_line(text: str) -> str:
    from console.visible import visible

    return visible(text)
