"""Cells of the matrix: what is known of one without counting, and what a count makes of it."""

from __future__ import annotations

from dataclasses import dataclass, replace
from functools import lru_cache
from typing import Literal

from console.access.catalog import Governed, Standing
from console.access.persona import Persona
from console.access.rules import Command
from console.access.visibility import Count

State = Literal["all", "some", "none", "denied", "error", "open"]

_KEPT = 1024
"""Cells kept to be given again: of the thousands in a matrix, most are like others."""


@dataclass(frozen=True, slots=True)
class Cell:
    """What one persona may do with one table.

    Attributes:
        state: `all`, `some` or `none` of the rows; `denied` without privilege, or where a
            view takes no such write; `error`; for
            INSERT `open` when some row could be inserted.
        visible: The rows it can see, update or delete.
        total: The rows there are, as the login sees them.
        exact: Whether both numbers are; else `visible` is at least that, or unknown.
        message: What is to be known besides.
        counted: Whether `visible` is exact, whatever is known of the total.
        withheld: Whether it is an error because containment was broken while it was counted.
    """

    state: State
    visible: int | None = None
    total: int | None = None
    exact: bool = True
    message: str = ""
    counted: bool = True
    withheld: bool = False


def standing_of(governed: Governed, persona: Persona) -> Standing:
    """Returns how a persona's role stands before a table; a role that is not there may nothing."""
    nobody = Standing(False, False, frozenset(), ())
    return governed.standings.get(persona.role, nobody)


def known_cell(governed: Governed, standing: Standing, command: Command) -> Cell | None:
    """Returns a cell that is known without counting."""
    if not standing.usage:
        return Cell("denied", message="no USAGE on the schema")
    if command not in standing.granted:
        return Cell("denied")
    if governed.kind in "vmf":
        if command is Command.SELECT:
            return None
        if command not in governed.writable:
            return Cell("denied", message=f"not a table, and takes no {command.upper()}")
        return Cell("open", message="not a table: not counted")
    writes = command in (Command.UPDATE, Command.DELETE)
    if writes and Command.SELECT not in standing.granted:
        return Cell("denied", message="no SELECT, so no WHERE")
    if command is Command.INSERT:
        if standing.condition(command) == "false" and not standing.free:
            return Cell("none", message="no policy for INSERT")
        if standing.refuses(command):
            return Cell("none", message="a policy's CHECK refuses every row")
        return Cell("all" if standing.free else "open")
    if standing.free:
        return Cell("all", message="no policy binds it")
    if standing.condition(Command.SELECT) == "false":
        return Cell("none", message="no policy for SELECT")
    if standing.condition(command) == "false":
        return Cell("none", message=f"no policy for {command.upper()}")
    if command is Command.UPDATE and standing.refuses(command):
        return Cell("error", message="a policy's CHECK refuses every new row")
    return None


def beyond_visible(standing: Standing, command: Command) -> str | None:
    """Returns what a row must meet besides being visible; None where that is all."""
    condition = standing.condition(command)
    if (
        command is Command.SELECT
        or standing.free
        or condition == standing.condition(Command.SELECT)
    ):
        return None
    return condition


def opens_all(standing: Standing, command: Command) -> bool:
    """Tells whether the policies for a command let every row through, whatever it holds."""
    conditions = {standing.condition(Command.SELECT), standing.condition(command)}
    return conditions == {"((true))"}


@lru_cache(_KEPT)
def counted_cell(count: Count, *, opens_all: bool) -> Cell:
    """Makes a cell of a count of the rows that pass."""
    if count.value is None:
        withheld = count.kind == "withheld"
        return Cell("error", exact=False, message=count.message, counted=False, withheld=withheld)
    if not count.value:
        return Cell("none", 0)
    exact = count.kind == "exact"
    return Cell("all" if opens_all else "some", count.value, exact=exact, counted=exact)


@lru_cache(_KEPT)
def with_total(cell: Cell, total: Count | None, command: Command) -> Cell:
    """Puts the number of all rows beside a cell's own, which may make `some` of them `all`."""
    if total is None or total.value is None or cell.total is not None:
        return cell
    exact = cell.exact and total.kind == "exact"
    if cell.state in ("denied", "error", "open") or command is Command.INSERT:
        return replace(cell, total=total.value, exact=exact)
    visible, state, counted = cell.visible, cell.state, cell.counted
    if cell.state == "all":
        visible, counted = total.value, total.kind == "exact"
    elif cell.state == "none":
        visible = 0
    if exact and visible == total.value:
        state = "all" if total.value else cell.state
    message = cell.message or ("there are no rows" if exact and not total.value else "")
    return Cell(state, visible, total.value, exact, message, counted)
