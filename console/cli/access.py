"""`rowsight access who | why | whatif | lint`."""

from __future__ import annotations

import argparse
from typing import TYPE_CHECKING

from console.cli import access_text, output
from console.cli.connecting import session
from console.cli.personas import resolved, sides, typed
from console.cli.running import finish
from console.errors import UsageError

if TYPE_CHECKING:
    from console.access.answer import Decision
    from console.access.lint import Finding
    from console.access.people import Person
    from console.access.whatif import WhatIf


def run(options: argparse.Namespace) -> int:
    """Runs one step.

    Raises:
        ConsoleError: What the step says.
    """
    steps = {"who": _who, "why": _why, "whatif": _whatif, "lint": _lint}
    return steps[options.step](options)


def _who(options: argparse.Namespace) -> int:
    people = finish(_found(options))
    if options.json:
        output.document([access_text.person_json(person) for person in people])
    else:
        access_text.print_people(people, options.search)
    return 0


async def _found(options: argparse.Namespace) -> list[Person]:
    from console.access.people import find_people

    async with session(options, "access") as login:
        return await find_people(login, options.search, limit=options.limit)


def _why(options: argparse.Namespace) -> int:
    decision = finish(_decided(options))
    if options.json:
        output.document(access_text.decision_json(decision))
    else:
        access_text.print_decision(decision)
    return 0


async def _decided(options: argparse.Namespace) -> Decision:
    from console.access.decision import why
    from console.access.row import parse_values
    from console.access.rules import Command
    from console.catalog.relations import find_relation

    wanted = typed(options)
    command = _command(options)
    async with sides(options, "access") as (login, acting):
        (persona,) = await resolved(login, wanted)
        return await why(
            login,
            acting,
            persona,
            await find_relation(login, options.table),
            command=Command(command),
            key=_key(options.key) if options.key else None,
            row=parse_values(options.row) if options.row is not None else None,
            changes=parse_values(options.changes) if options.changes is not None else None,
            reads=not options.no_where,
            returning=not options.no_returning,
        )


def _command(options: argparse.Namespace) -> str:
    """Returns the command that was named, or that the other options speak of."""
    meant = "insert" if options.row is not None else "select"
    if options.changes is not None:
        meant = "update"
    if options.command is None:
        return meant
    if meant not in ("select", options.command):
        given = "--row" if meant == "insert" else "--set"
        raise UsageError(
            f"{given} is for {meant}, not for {options.command}",
            hint=f"leave it out, or say --command {meant}",
        )
    return str(options.command)


def _key(pairs: list[str]) -> dict[str, str]:
    """Reads `column=value` pairs; a column in quotes is one as SQL writes it."""
    key = {}
    for pair in pairs:
        name, equals, value = pair.partition("=")
        if pair.startswith('"') and '"=' in pair:
            name, equals, value = pair.partition('"=')
            name = name[1:].replace('""', '"')
        if not equals or not name:
            raise UsageError(f"{pair!r} names no row", hint="write --key COLUMN=VALUE")
        key[name] = value
    return key


def _whatif(options: argparse.Namespace) -> int:
    found = finish(_tried(options))
    if options.json:
        output.document(access_text.whatif_json(found))
    else:
        access_text.print_whatif(found)
    return 0


async def _tried(options: argparse.Namespace) -> WhatIf:
    from console.access.whatif import whatif
    from console.catalog.relations import find_relation
    from console.cli.diagnostics import Progress

    wanted = typed(options)
    async with sides(options, "access") as (login, acting):
        (persona,) = await resolved(login, wanted)
        relation = await find_relation(login, options.table)
        with Progress() as progress:
            return await whatif(
                login,
                acting,
                persona,
                relation,
                options.policy,
                options.using,
                rows=options.rows,
                on_rows=lambda number: progress.show("access: trying", f"{number:,} rows"),
            )


def _lint(options: argparse.Namespace) -> int:
    findings = finish(_linted(options))
    if options.json:
        output.document(access_text.findings_json(findings))
    else:
        access_text.print_findings(findings)
    return 5 if any(finding.severity == "error" for finding in findings) else 0


async def _linted(options: argparse.Namespace) -> list[Finding]:
    from console.access.lint import lint

    async with session(options, "access") as login:
        return await lint(login)
