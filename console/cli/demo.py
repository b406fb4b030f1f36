"""`rowsight demo`: an embedded PostgreSQL with the migration and sample data."""

from __future__ import annotations

import argparse
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

from console.cli import diagnostics, migration_text, output
from console.cli.open import has_terminal
from console.cli.running import finish, no_deadline, serve
from console.errors import UsageError

if TYPE_CHECKING:
    from console.connection.embedded import EmbeddedServer
    from console.connection.profile import Profile
    from console.migration.model import Verification


def run(options: argparse.Namespace) -> int:
    """Starts the server, prepares the database, then opens the console, serves or reports.

    Whatever ends this, also a signal while it starts, stops the server on the way out.

    Raises:
        ConsoleError: There are no PostgreSQL programs, or they do not start.
    """
    if options.dsn is not None:
        raise UsageError("demo brings its own database", hint="leave out the target")
    if options.serve and options.json:
        raise UsageError("--serve prints one line, not JSON", hint="leave out --json")

    from console.connection.embedded import EmbeddedServer

    keep = None if options.keep is None else Path(options.keep)
    with diagnostics.Progress() as progress:
        progress.show("starting PostgreSQL")
        with EmbeddedServer(keep=keep) as server:
            profile = finish(_prepared(server, options.rows, progress))
            progress.clear()
            return _use(server, profile, options)


async def _prepared(server: EmbeddedServer, rows: int, progress: diagnostics.Progress) -> Profile:
    from console.demo import prepare

    def tell(words: str) -> None:
        phase, _, count = words.partition(", ")
        progress.show(phase, count)

    return await prepare(server, rows=rows, progress=tell)


def _use(server: EmbeddedServer, profile: Profile, options: argparse.Namespace) -> int:
    from console.demo import DEMO_DATABASE

    if options.serve:

        def announce() -> None:
            output.line(f"dsn: {server.dsn(DEMO_DATABASE)}")
            output.flush()

        no_deadline()
        serve(announce)
        return 0
    if has_terminal() and not options.json:
        no_deadline()

        from console.demo import traffic
        from console.ui.app import open_console

        company = None if options.no_traffic else partial(traffic, profile)
        return open_console(profile, company=company, tour=True)
    return _report(server, profile, options)


def _report(server: EmbeddedServer, profile: Profile, options: argparse.Namespace) -> int:
    from console.demo import DEMO_DATABASE

    verification, tables = finish(_facts(profile))
    if options.json:
        output.document(
            {
                "dsn": server.dsn(DEMO_DATABASE),
                "verify": migration_text.verification_json(verification),
                "tables": [{"table": name, "rows": count} for name, count in tables],
            }
        )
        return 5 if verification.failed() else 0
    output.line(f"PostgreSQL {verification.server_version} in {server.data}")
    migration_text.print_verification(verification)
    output.line()
    output.table(("table", "rows"), [(name, f"{count:,}") for name, count in tables], right=(1,))
    kept = f" --keep {options.keep}" if options.keep else ""
    output.line()
    output.line(f"in a terminal, the console on it:  rowsight demo{kept}")
    output.line(f"to keep it running for psql:       rowsight demo --serve{kept}")
    return 5 if verification.failed() else 0


async def _facts(profile: Profile) -> tuple[Verification, list[tuple[str, int]]]:
    from console.browse.count import count_rows
    from console.catalog.relations import list_relations
    from console.connection.session import Session
    from console.migration.verify import verify

    async with Session(profile, purpose="demo") as opened:
        verification = await verify(opened)
        return verification, [
            (relation.identity, await count_rows(opened, relation))
            for relation in await list_relations(opened)
            if relation.kind == "table"
        ]
