"""`rowsight connections`: what can be opened, writing it down, trying it."""

from __future__ import annotations

import argparse
import shlex
import sys
from typing import TYPE_CHECKING, Any

from console.cli import diagnostics, output
from console.cli.connecting import ask_password, target
from console.cli.running import asking, finish
from console.errors import Refused, UsageError

if TYPE_CHECKING:
    from collections.abc import Callable

    from console.connection.check import Step
    from console.connection.known import Known
    from console.connection.profile import Profile
    from console.connection.saving import Setting
    from console.connection.session import Session

_STYLES = {"ok": "green", "warn": "yellow", "fail": "red", "skipped": "dim"}


def run(options: argparse.Namespace) -> int:
    """Does one step of the command.

    Raises:
        UsageError: The configuration does not parse, or what was given does not fit.
    """
    steps: dict[str, Callable[[argparse.Namespace], int]] = {
        "list": _list,
        "add": _add,
        "remove": _remove,
        "test": _test,
    }
    return steps[options.step](options)


def _list(options: argparse.Namespace) -> int:
    from console.connection.known import known_targets

    entries = known_targets()
    if options.json:
        output.document({"connections": [_json(entry) for entry in entries]})
        return 0
    if not entries:
        diagnostics.say("nothing is known yet; rowsight connections add NAME -d URL writes one")
        return 0
    heads = ("", "target", "kind", "environment", "mode", "where", "visited")
    output.table(
        heads,
        [
            (
                "★" if entry.favourite else "",
                entry.target or "(no -d)",
                entry.kind,
                entry.profile.environment,
                "read-only" if entry.profile.read_only else "write",
                _where(entry.profile),
                entry.visited or "–",
            )
            for entry in entries
        ],
    )
    return 0


def _json(entry: Known) -> dict[str, Any]:
    from console.connection.known import shown

    profile = entry.profile
    return {
        "target": entry.target,
        "kind": str(entry.kind),
        "name": profile.name,
        "environment": str(profile.environment),
        "read_only": profile.read_only,
        "favourite": entry.favourite,
        "visited": entry.visited or None,
        "parameters": shown(profile),
        "password_command": bool(profile.password_command),
        "keyring": profile.keyring,
        "audit": str(profile.audit),
    }


def _where(profile: Profile) -> str:
    from console.connection.destination import destination
    from console.connection.known import shown

    return str(destination(shown(profile)))


def _add(options: argparse.Namespace) -> int:
    from console.connection.config import load_profiles
    from console.connection.saving import save_profile

    settings = _settings(options)
    known = options.name in load_profiles()
    if known and not options.replace:
        raise Refused(
            f"there is a profile named {options.name!r} already", hint="--replace changes it"
        )
    if options.test:
        from console.connection.saving import as_profile

        code, steps = _try(as_profile(options.name, settings), options)
        if code:
            diagnostics.say("not saved: the connection does not work")
            if options.json:
                output.document({"saved": False, "steps": [_step_json(step) for step in steps]})
            return code
    save_profile(options.name, settings, was=options.name if known else None)
    if options.json:
        output.document({"saved": True, "name": options.name})
    else:
        output.line(f"saved; rowsight -d {shlex.quote(options.name)} opens it")
    return 0


def _settings(options: argparse.Namespace) -> dict[str, Setting]:
    settings: dict[str, Setting] = {}
    if options.supabase is not None:
        if options.dsn is not None:
            raise UsageError("give either --supabase or -d", hint="leave out one of them")
        from console.connection.supabase import Way, parameters

        settings.update(parameters(options.supabase, options.region, Way(options.way)))
    elif options.dsn is None:
        raise UsageError("say where the database is", hint="-d URL, or --supabase REF --region R")
    else:
        profile = target(options)
        if profile.password is not None:
            raise UsageError(
                "the target holds a password, and a profile does not",
                hint="leave it out: .pgpass, --password-command, the keyring or a prompt give it",
            )
        settings.update(profile.parameters)
    for key in ("environment", "sslmode", "sslrootcert"):
        if value := getattr(options, key):
            settings[key] = str(value)
    if options.writable:
        settings["read_only"] = False
    if options.audit:
        settings["audit"] = str(options.audit)
    if options.password_command:
        settings["password_command"] = options.password_command
    return settings


def _remove(options: argparse.Namespace) -> int:
    from console.connection.config import load_profiles
    from console.connection.remembered import forget
    from console.connection.saving import remove_profile

    if options.name in load_profiles() and not options.yes:
        _confirm(f"Take the profile {options.name} out of the configuration? [y/N] ")
    remove_profile(options.name)
    forget(options.name)
    if options.json:
        output.document({"removed": options.name})
    else:
        output.line(f"removed {options.name}; the database itself is untouched")
    return 0


def _confirm(question: str) -> None:
    if not _is_somebody_there():
        raise Refused("nobody is there to confirm it", hint="give --yes")
    diagnostics.ask(question)
    if sys.stdin.readline().strip().lower() not in ("y", "yes"):
        raise Refused("left as it was", hint="answer y to go on")


def _is_somebody_there() -> bool:
    return bool(sys.stdin and sys.stdin.isatty() and sys.stderr.isatty())


def _test(options: argparse.Namespace) -> int:
    if options.name is not None:
        if options.dsn is not None:
            raise UsageError("the target is given twice", hint="leave out -d")
        options.dsn = options.name
    code, steps = _try(target(options), options)
    if options.json:
        output.document({"ok": not code, "steps": [_step_json(step) for step in steps]})
    return code


def _try(profile: Profile, options: argparse.Namespace) -> tuple[int, list[Step]]:
    """Tries a profile, telling each step as it comes; the exit code is that of its failure."""
    from console.connection.check import Outcome

    steps = finish(_steps(profile, quiet=options.json))
    failed = [step for step in steps if step.outcome is Outcome.FAIL]
    return (failed[0].error.exit_code if failed[0].error else 3) if failed else 0, steps


async def _steps(profile: Profile, *, quiet: bool) -> list[Step]:
    from console.connection.check import Found, check
    from console.migration.presence import migration

    steps, found = [], Found()
    try:
        tries = check(profile, found, ask_password=ask_password, beyond=(migration,))
        async for step in tries:
            steps.append(step)
            if not quiet:
                _print(step)
        if found.session is not None:
            await _offer_keyring(found.session)
    finally:
        if found.session is not None:
            await found.session.close()
    return steps


def _print(step: Step) -> None:
    output.spans(
        (f"{step.outcome:<8}", _STYLES[step.outcome]),
        (f" {step.name:<10} {step.value}", None),
        (f"  {step.seconds * 1000:.0f} ms" if step.seconds >= 0.0005 else "", "dim"),
    )
    if step.hint:
        output.line(f"{'':<20}{step.hint}", "dim")
    output.flush()


def _step_json(step: Step) -> dict[str, Any]:
    return {
        "name": step.name,
        "outcome": str(step.outcome),
        "value": step.value,
        "hint": step.hint,
        "elapsed_ms": round(step.seconds * 1000, 1),
        "code": step.error.code if step.error else None,
        "detail": step.error.detail if step.error else "",
    }


async def _offer_keyring(session: Session) -> None:
    """After a login with a password that was typed: keep it, if there is a yes."""
    from console.connection.opening import TYPED
    from console.connection.secrets import is_allowed, keyring_state, store

    secret = session.profile.password
    if session.password_source != TYPED or secret is None or session.login is None:
        return
    if not (_is_somebody_there() and is_allowed(session.profile)):
        return
    if not (await keyring_state()).usable:
        return
    diagnostics.ask("Keep the password in the system's keyring? [y/N] ")
    with asking():
        answer = sys.stdin.readline().strip().lower()
    if answer in ("y", "yes"):
        state = await store(session.login, secret)
        diagnostics.say("kept" if state.usable else f"not kept: {state.words}")
