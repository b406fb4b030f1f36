"""Running what was typed: on a connection of its own, so that nothing else waits for it."""

from __future__ import annotations

import contextlib
from collections.abc import AsyncIterator, Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING

from rich.cells import cell_len
from textual.content import Content

from console.connection.session import Session, TextTable
from console.errors import ConsoleError
from console.ui.connections import BROWSE, Connections
from console.ui.tables.reading import Ears
from console.ui.trouble import keys
from console.visible import visible, visible_lines

if TYPE_CHECKING:
    from console.browse.page import Page
    from console.browse.plan import Plan
    from console.browse.window import Window

_BEFORE, _AFTER = 30, 30
"""Characters of a line that are shown before and after the place that is to blame."""

Holding = Callable[[Session], None]
"""Is told of the connection as soon as there is one, so that it can be cut."""


@dataclass(frozen=True, slots=True)
class Outcome:
    """What a statement came to; one of the three is there.

    Attributes:
        rows: Its rows, with the first page; the connection is theirs until they are closed.
        plan: The plan that a typed EXPLAIN asked for.
        setting: What a typed SHOW returned.
    """

    rows: tuple[Window, Page] | None = None
    plan: Plan | None = None
    setting: TextTable | None = None


@contextlib.asynccontextmanager
async def _its_own(connections: Connections, holding: Holding) -> AsyncIterator[Session]:
    """Opens a connection, closed in the end unless the statement's rows keep it."""
    session = (await connections.open(BROWSE)).another("query")
    holding(session)
    try:
        await session.connect()
        yield session
    except BaseException:
        await session.close()
        raise


async def run(connections: Connections, text: str, ears: Ears) -> Outcome:
    """Runs the one statement that was typed, in whatever way its kind asks for.

    Raises:
        ConsoleError: It can't be run, or failed; where the server says so, with the place.
    """
    from console.browse.query import explain, open_query, show_setting
    from console.browse.statement import Kind, classify
    from console.browse.window import Window

    kind = classify(text).kind
    async with _its_own(connections, ears.using) as session:
        if kind is Kind.ROWS:
            window = Window(
                await open_query(session, text),
                on_shift=lambda number: ears.shifted(window, number),
                on_change=lambda: ears.changed(window),
            )
            return Outcome(rows=(window, await window.open()))
        if kind is Kind.PLAN:
            outcome = Outcome(plan=await explain(session, text))
        else:
            outcome = Outcome(setting=await show_setting(session, text))
        await session.close()
        return outcome


async def plan_of(connections: Connections, text: str, holding: Holding) -> Plan:
    """Asks for the plan of the statement that was typed; it is not run.

    Raises:
        ConsoleError: There is none; where the server says so, with the place.
    """
    from console.browse.query import explain

    async with _its_own(connections, holding) as session:
        plan = await explain(session, text)
        await session.close()
        return plan


def position_of(error: ConsoleError) -> int | None:
    """Returns where in the typed text fault was found, in characters from 0."""
    from console.browse.query import QueryFailed
    from console.tokens import Unreadable

    return error.position if isinstance(error, QueryFailed | Unreadable) else None


def failure(error: ConsoleError, text: str, position: int | None) -> Content:
    """Says what failed, and shows the line of the statement that is to blame.

    Args:
        error: What failed.
        text: All that was typed.
        position: Where in it, in characters from 0; None where nobody knows.
    """
    parts = [Content.assemble(("✕ ", "$error bold"), (visible(error.message), "bold"))]
    parts += [Content(f"  {visible(hint)}") for hint in (error.hint,) if hint]
    if position is not None:
        start = text.rfind("\n", 0, position) + 1
        number = text.count("\n", 0, position) + 1
        line = text[start:].partition("\n")[0]
        before = visible(line[: position - start][-_BEFORE:])
        after = visible(line[position - start :][:_AFTER])
        label = f"  line {number}  "
        parts += [
            Content(""),
            Content.assemble((label, "$muted"), before, (after, "")),
            Content.styled(" " * (len(label) + cell_len(before)) + "▲", "$error bold"),
        ]
    if error.detail:
        parts += [Content(""), Content.styled(visible_lines(error.detail), "$muted")]
    return Content("\n").join([*parts, Content(""), keys(("F5", "run again"), ("F2", "detail"))])
