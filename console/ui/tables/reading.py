"""Opening the rows of a relation: as the login reads them, or as a persona does."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Callable, Sequence
from importlib import import_module
from time import perf_counter
from typing import TYPE_CHECKING, NamedTuple, cast

from console.catalog.relations import Relation
from console.errors import ConsoleError, DatabaseFailed
from console.ui import words
from console.ui.connections import BROWSE, PREVIEW, Connections

if TYPE_CHECKING:
    from console.access.impersonation import Preview
    from console.access.persona import Persona
    from console.browse.foresight import Foresight
    from console.browse.page import Order, Page
    from console.browse.window import Window
    from console.connection.session import Session


_DENIED = "42501"


class Wanted(NamedTuple):
    """Which rows.

    Attributes:
        where: A filter, see `console.browse.filter`.
        order: What they are sorted by, before the key that decides between equals.
        persona: Who reads them; None for the login.
    """

    relation: Relation
    where: str = ""
    order: tuple[Order, ...] = ()
    persona: Persona | None = None


class Opened(NamedTuple):
    """Rows of which the first page has been read.

    Attributes:
        page: That page.
        at: The time of day.
        warning: What the connection of a persona can't hold to; empty for nothing.
        denied: Columns that are left out because the reader may not read them.
        elapsed: Seconds from the wish to the page, what the catalog was asked included.
    """

    wanted: Wanted
    window: Window
    page: Page
    at: str
    warning: str = ""
    denied: tuple[str, ...] = ()
    elapsed: float = 0.0


class Ears(NamedTuple):
    """Who is told what, while rows are opened and as long as they are.

    Attributes:
        foretold: Told before a long wait what makes it long.
        using: Told which connection is waited for.
        shifted: Told when rows get other numbers, see `Window`.
        changed: Told when rows were read ahead.
    """

    foretold: Callable[[Foresight], None]
    using: Callable[[Session], None]
    shifted: Callable[[Window, int], None]
    changed: Callable[[Window], None]


async def get_ready(connections: Connections, relations: Sequence[Relation]) -> None:
    """Does ahead what the first rows that are opened would wait for.

    Its modules are imported, and the server, which reads its catalog anew for every connection,
    is asked about some relation.
    """
    await asyncio.to_thread(_load_all)
    from console.catalog.paths import find_paths

    with contextlib.suppress(ConsoleError):  # nobody asked for it
        session = await connections.open(BROWSE)
        for relation in relations:
            await find_paths(session, relation)


def _load_all() -> None:
    from console.browse import cursor, foresight, heap, search, source, window  # noqa: F401


async def load() -> None:
    """Imports what a first page takes, while something else is waited for."""
    await asyncio.to_thread(import_module, "console.browse.window")


async def open_rows(
    connections: Connections, wanted: Wanted, ears: Ears, rows: range = range(0)
) -> Opened:
    """Reads the first page, and the rows that are on the screen already.

    Where not all columns may be read, those are read that may.

    Raises:
        FilterError: The filter does not parse or suit the columns.
        ConsoleError: The server refused, or the connection is gone.
    """
    started = perf_counter()
    opened = await _open_readable(connections, wanted, ears, rows)
    return opened._replace(elapsed=perf_counter() - started)


async def _open_readable(
    connections: Connections, wanted: Wanted, ears: Ears, rows: range
) -> Opened:
    login = await connections.open(BROWSE)
    ears.using(login)
    if wanted.persona is not None:
        return await _open_rows(
            connections, login, wanted, ears, rows, await _readable(login, wanted)
        )
    try:
        return await _open_rows(connections, login, wanted, ears, rows, (None, ()))
    except DatabaseFailed as error:
        if error.sqlstate != _DENIED:
            raise
        allowed = await _readable(login, wanted)
        if not allowed[1]:
            raise
        return await _open_rows(connections, login, wanted, ears, rows, allowed)


async def _open_rows(
    connections: Connections,
    login: Session,
    wanted: Wanted,
    ears: Ears,
    rows: range,
    allowed: tuple[list[str] | None, tuple[str, ...]],
) -> Opened:
    from console.browse.source import open_source
    from console.browse.window import Window

    warning = ""
    columns, denied = allowed
    if wanted.persona is None:
        session, spare = login, connections.beside("cursor")
    else:
        preview = cast("Preview", connections.beside(PREVIEW))
        preview.persona = wanted.persona
        await preview.connect()
        session, spare, warning = preview, None, preview.warning
    source = await open_source(
        session,
        wanted.relation,
        columns=columns,
        where=wanted.where,
        order=wanted.order,
        cursor_session=spare,
    )
    if spare is not None and source.session is not spare:
        await spare.close()
    ears.using(source.session)
    if wanted.where or wanted.order:
        from console.browse.foresight import foresee
        from console.browse.search import searched

        # What the server has against it, the page itself finds out, and says better.
        with contextlib.suppress(DatabaseFailed):
            foresight = await foresee(source)
            ears.foretold(foresight)
            if not wanted.order:
                source = await searched(session, source, foresight)
                ears.using(source.session)
    window = Window(
        source,
        on_shift=lambda number: ears.shifted(window, number),
        on_change=lambda: ears.changed(window),
    )
    page = await window.open()
    if rows.start and window.extent:
        await window.show(min(rows.start, window.extent - 1), rows.stop)
    return Opened(wanted, window, page, words.clock(), warning, denied)


async def close_rows(opened: Opened) -> None:
    """Lets go of what the server holds for them."""
    await opened.window.close()
    if opened.wanted.persona is not None:
        await opened.window.source.session.close()


async def _readable(login: Session, wanted: Wanted) -> tuple[list[str] | None, tuple[str, ...]]:
    """Returns the columns a reader may read, None for all or none, and those it may not."""
    from console.access.rules import looking, read_rules

    relation, persona = wanted.relation, wanted.persona
    role = await login.value("select current_user") if persona is None else persona.role
    async with looking(login) as transaction:
        rules = await read_rules(transaction, relation.schema, relation.name, str(role))
    readable = [field.name for field in rules.readable()]
    denied = tuple(field.name for field in rules.fields if not field.select)
    if not readable or not denied:
        # With none at all, the server itself says what is missing.
        return None, ()
    return readable, denied
