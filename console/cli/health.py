"""`rowsight health`: what the server and the schema's functions say, judged."""

from __future__ import annotations

import argparse
from dataclasses import asdict
from typing import TYPE_CHECKING

from console.cli import diagnostics, output
from console.cli.connecting import session
from console.cli.consent import consent, require_somebody
from console.cli.running import finish
from console.guard import Act

if TYPE_CHECKING:
    from console.operations.activity import Backend, Waiter
    from console.operations.backends import Ending
    from console.operations.check import Check
    from console.operations.health import Health

_STYLES = {"ok": "green", "warn": "yellow", "fail": "red", "unavailable": "dim"}


def run(options: argparse.Namespace) -> int:
    """Prints every check; the exit code tells whether one failed.

    Raises:
        UsageError: A limit does not parse.
        ConsoleError: The connection is gone.
    """
    if options.cancel is not None or options.terminate is not None:
        return _end(options)
    health = finish(_read(options))
    if options.json:
        output.document(_document(health))
    else:
        _print(health)
    return 5 if health.failed() else 0


def _end(options: argparse.Namespace) -> int:
    require_somebody(options, "this ends what another session does")
    ending = finish(_ended(options))
    if options.json:
        output.document(asdict(ending))
    else:
        done = "passed on" if options.terminate is None else "ended"
        word = done if ending.ended else f"not {done}"
        output.line(f"{word} · operation {ending.operation}")
        diagnostics.tell_audit(ending.audit)
    return 0 if ending.ended else 1


async def _ended(options: argparse.Namespace) -> Ending:
    from console.operations.backends import end_backend
    from console.operations.health import find_backend

    cancel = options.terminate is None
    async with session(options, "health") as reading:
        backend = await find_backend(reading, options.cancel if cancel else options.terminate)
        if not options.yes:
            act, what = (
                (Act.CANCEL, "Cancel its statement?") if cancel else (Act.TERMINATE, "End it?")
            )
            diagnostics.say(str(backend))
            consent(act, reading, what, otherwise="nothing was ended")
        async with reading.another("health", read_only=False) as acting:
            return await end_backend(acting, backend, "cancel" if cancel else "terminate")


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
        "sessions": [_session_json(backend) for backend in health.pulse.backends],
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


def _session_json(backend: Backend) -> dict[str, object]:
    return {
        "pid": backend.pid,
        "user": backend.user,
        "application": backend.application,
        "state": backend.state,
        "statement": backend.statement,
    }


def _waiter_json(waiter: Waiter) -> dict[str, object]:
    return _session_json(waiter.backend) | {
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
