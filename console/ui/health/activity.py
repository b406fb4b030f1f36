"""Sessions as sheets: what they do, and who waits for whom."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from functools import partial
from typing import TYPE_CHECKING

from textual.content import Content

from console.operations.check import duration
from console.ui.health.sheet import BLANK, Column, SheetLine, TableRow, table
from console.ui.health.vitals import Vitals
from console.visible import visible

if TYPE_CHECKING:
    from console.operations.activity import Backend, Waiter

Lines = list[SheetLine]


def _seconds(value: float | None) -> str:
    return "" if value is None else duration(value)


def _sessions(
    backends: Iterable[Backend], span: Callable[[Backend], float | None], width: int
) -> Lines:
    rows = [
        TableRow(
            (
                str(one.pid or ""),
                one.user or "",
                _seconds(span(one)),
                "hidden" if one.hidden else (one.state or one.kind or ""),
                " ".join((one.statement or "").split()),
            ),
            backend=one,
        )
        for one in backends
    ]
    heads = (
        Column("pid", right=True),
        Column("user", widest=14),
        Column("for", right=True),
        Column("state", widest=19),
        Column("statement", widest=500),
    )
    return table(heads, rows, width) if rows else []


def _state_seconds(backend: Backend) -> float | None:
    return backend.state_seconds


def connections(vitals: Vitals, width: int) -> Lines:
    """Counts the sessions by state, and lists them."""
    if vitals.pulse is None:
        return []
    clients = [one for one in vitals.pulse.backends if one.is_client or one.hidden]
    states: dict[str, int] = {}
    for one in clients:
        state = one.state or "hidden"
        states[state] = states.get(state, 0) + 1
    counted = sorted(states.items(), key=lambda entry: (-entry[1], entry[0]))
    rows = [TableRow((state, f"{number:,}"), number / len(clients)) for state, number in counted]
    by_state = table((Column("state"), Column("sessions", right=True)), rows, width)
    return [*by_state, BLANK, *_sessions(clients, _state_seconds, width)] if rows else []


def _longest(
    span: Callable[[Backend], float | None], state: str, vitals: Vitals, width: int
) -> Lines:
    if vitals.pulse is None:
        return []
    found = [
        one
        for one in vitals.pulse.backends
        if one.is_client and span(one) is not None and (one.state or "").startswith(state)
    ]
    found.sort(key=lambda one: -(span(one) or 0))
    return _sessions(found, span, width)


def _tx_seconds(backend: Backend) -> float | None:
    return backend.transaction_seconds


def _query_seconds(backend: Backend) -> float | None:
    return backend.query_seconds


def blocking(vitals: Vitals, width: int) -> Lines:
    """Draws the trees of those that wait, the one that holds up most first."""
    lines: Lines = []
    for root in vitals.pulse.roots if vitals.pulse else ():
        lines += [*([BLANK] if lines else []), *_tree(root, "", "")]
    return lines


def _who(backend: Backend) -> str:
    return "a prepared transaction" if backend.pid == 0 else f"pid {backend.pid}"


def _tree(waiter: Waiter, stem: str, branch: str) -> Lines:
    """Writes who holds up whom: each session, what it waits for; below it who and what it is."""
    one = waiter.backend
    head = [(stem + branch, "$rule"), (_who(one), "bold")]
    if waiter.lock:
        waits = f"  waits {duration(waiter.seconds)} for {visible(waiter.lock)}"
        head.append((waits, "$warning"))
    else:
        head.append((f"  holds up {waiter.count:,}", "bold $error"))
        head.append((f"  {visible(one.state or '')}", ""))
    below = stem + ("" if not branch else "   " if branch.startswith("└") else "│  ")
    inner = below + ("│  " if waiter.held_up else "   ")
    statement = " ".join((one.statement or "").split())
    facts = " · ".join(part for part in (one.user, one.application, statement) if part)
    lines = [
        SheetLine(Content.assemble(*head), one if one.pid else None),
        SheetLine(Content.assemble((inner, "$rule"), (visible(facts), "$muted"))),
    ]
    last = len(waiter.held_up) - 1
    for place, held_up in enumerate(waiter.held_up):
        lines += _tree(held_up, below, "└─ " if place == last else "├─ ")
    return lines


longest_query = partial(_longest, _query_seconds, "active")
longest_transaction = partial(_longest, _tx_seconds, "")
idle_in_transaction = partial(_longest, _state_seconds, "idle in transaction")
