"""The demo database: what Supabase brings, the master migration, sample data, and some traffic."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from contextlib import AbstractAsyncContextManager, suppress
from dataclasses import replace
from typing import TYPE_CHECKING

from console import assets
from console.errors import ConsoleError

if TYPE_CHECKING:
    from console.connection.embedded import EmbeddedServer
    from console.connection.profile import Profile
    from console.connection.session import Session, Transaction

DEMO_DATABASE = "rowsight_demo"
PACE = 3.0
"""Seconds between two moments of traffic."""

# How far a database has come stands in its comment: beside the data, and no object that a
# verification would meet. Written in the transaction that does the step.
_BASED = "rowsight demo: waits for the migration"
_FILLED = "rowsight demo: holds sample data"


async def prepare(server: EmbeddedServer, *, rows: int, progress: Callable[[str], None]) -> Profile:
    """Makes the demo database, or goes on where an earlier run was interrupted.

    One that is complete stays as it is, whatever has been done to it since.

    Args:
        server: A running server.
        rows: Volume of the sample data, in rows of the largest table.
        progress: Told in words what happens.

    Returns:
        How to reach the database; read-only until somebody decides otherwise.

    Raises:
        ConsoleError: The server refused a statement.
    """
    from console.connection.session import Session

    progress("creating the database")
    server.create_database(DEMO_DATABASE)
    # Supabase's own login for requests: it may become the API's roles, and has no other rights.
    profile = replace(server.profile(DEMO_DATABASE), preview_user="authenticator")
    async with Session(profile, purpose="demo") as session:
        done = await session.value(
            "select shobj_description(oid, 'pg_database') from pg_database"
            " where datname = current_database()"
        )
        if done == _FILLED:
            return profile
        if done != _BASED:
            async with _writing(session) as transaction:
                await _run(transaction, assets.PLAIN_POSTGRES)
                await _note(transaction, _BASED)
        await _migrate(session, progress)
        progress("filling in sample data")
        async with _writing(session) as transaction:
            await transaction.fetch("select set_config('rowsight.rows', %s, true)", (str(rows),))
            await _run(transaction, assets.SAMPLE_DATA)
            await transaction.execute("analyze")
            await _note(transaction, _FILLED)
    return profile


async def traffic(profile: Profile, *, pace: float = PACE) -> None:
    """Keeps the demo alive until it is cancelled: runs of workflows, some of which fail.

    On a connection of its own that may write. What goes wrong is tried again later: somebody
    may be applying a migration, or have dropped a table to see what happens.

    Args:
        profile: The demo's.
        pace: Seconds between two moments.
    """
    from console.connection.session import Session

    moment = assets.schema_file(assets.TRAFFIC).read_text(encoding="utf-8")
    while True:
        with suppress(ConsoleError):
            async with Session(replace(profile, read_only=False), purpose="demo") as session:
                while True:
                    await asyncio.sleep(pace)
                    async with session.transaction(
                        read_only=False, statement_timeout=5, lock_timeout=1, commit=True
                    ) as transaction:
                        await transaction.execute(moment)
        await asyncio.sleep(pace)


def _writing(session: Session) -> AbstractAsyncContextManager[Transaction]:
    return session.transaction(read_only=False, statement_timeout=0, commit=True)


async def _run(transaction: Transaction, file: str) -> None:
    await transaction.execute(assets.schema_file(file).read_text(encoding="utf-8"))


async def _note(transaction: Transaction, text: str) -> None:
    await transaction.execute(f"comment on database {DEMO_DATABASE} is '{text}'")


async def _migrate(session: Session, progress: Callable[[str], None]) -> None:
    from console.migration.apply import apply
    from console.migration.model import ApplyOptions, ApplyProgress

    def tell(step: ApplyProgress) -> None:
        how_far = f"{step.done} of {step.total}" if step.phase == "executing" else step.phase
        progress(f"migration: {how_far}")

    await apply(session, ApplyOptions(), on_progress=tell)
