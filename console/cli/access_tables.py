"""`rowsight access matrix | compare`."""

from __future__ import annotations

import argparse
from typing import TYPE_CHECKING

from console.cli import access_tables_text, output
from console.cli.diagnostics import Progress
from console.cli.personas import resolved, sides, typed
from console.cli.running import finish

if TYPE_CHECKING:
    from console.access.comparison import Comparison
    from console.access.matrix import Matrix
    from console.connection.session import Session


def run(options: argparse.Namespace) -> int:
    """Runs one step.

    Raises:
        ConsoleError: What the step says.
    """
    steps = {"matrix": _matrix, "compare": _compare}
    return steps[options.step](options)


async def _identities(options: argparse.Namespace, login: Session) -> list[str] | None:
    if not options.table:
        return None
    from console.catalog.relations import find_relation

    return [(await find_relation(login, name)).identity for name in options.table]


def _matrix(options: argparse.Namespace) -> int:
    found = finish(_filled(options))
    if options.json:
        output.document(access_tables_text.matrix_json(found))
    else:
        access_tables_text.print_matrix(found)
    return 0


async def _filled(options: argparse.Namespace) -> Matrix:
    from console.access.matrix import matrix
    from console.access.rules import Command

    wanted = typed(options, most=None)
    commands = tuple(Command) if options.command is None else (Command(options.command),)
    async with sides(options, "access", warn=False) as (login, acting):
        personas = await resolved(login, wanted)
        with Progress() as progress:
            return await matrix(
                login,
                acting,
                personas,
                tables=await _identities(options, login),
                commands=commands,
                bound=options.bound,
                on_cells=lambda _, done, all_: progress.show(
                    "access: counting", f"{done} of {all_} cells"
                ),
            )


def _compare(options: argparse.Namespace) -> int:
    found = finish(_compared(options))
    if options.json:
        output.document(access_tables_text.comparison_json(found))
    else:
        access_tables_text.print_comparison(found)
    return 0


async def _compared(options: argparse.Namespace) -> Comparison:
    from console.access.comparison import compare

    wanted = typed(options, least=2, most=2)
    async with sides(options, "access", warn=False) as (login, acting):
        first, second = await resolved(login, wanted)
        with Progress() as progress:
            return await compare(
                login,
                acting,
                first,
                second,
                tables=await _identities(options, login),
                bound=options.bound,
                on_table=lambda table, done, all_: progress.show(
                    "access: comparing", f"{table} ({done} of {all_})"
                ),
            )
