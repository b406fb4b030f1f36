"""Whether an order or a filter has an index to go by, before anybody waits for it."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from psycopg import sql

from console.browse.keyset import KeysetSource
from console.browse.plan import PlanNode, parse_plan
from console.browse.position import First
from console.browse.source import PageSource

MANY = 50_000
"""Rows from which sorting them, or looking at each, is worth a warning."""


@dataclass(frozen=True, slots=True)
class Foresight:
    """What the first page of a source will take, by the planner's estimates.

    Attributes:
        cost: The planner's cost units.
        sorted_rows: Rows that must be sorted before the first is shown; 0 for none.
        scanned_rows: Rows that must be looked at one by one; 0 for none.
    """

    cost: float
    sorted_rows: int
    scanned_rows: int

    @property
    def warning(self) -> str:
        """A sentence for the person who is about to wait; empty where there is no need."""
        if self.sorted_rows >= MANY:
            return f"no index has this order: about {self.sorted_rows:,} rows are sorted first"
        if self.scanned_rows >= MANY:
            return (
                f"no index serves this: about {self.scanned_rows:,} rows are looked at one by one"
            )
        return ""


async def foresee(source: PageSource) -> Foresight:
    """Asks the server how it would read the first page, without having it read.

    Raises:
        ConsoleError: The server refused, or the connection is gone.
    """
    if isinstance(source, KeysetSource):
        query = await source.query(First(), source.size)
    else:
        query = sql.SQL("{} limit {}").format(source.statement, sql.Literal(source.size))
    (table,) = await source.ask(sql.SQL("explain (format json, verbose) ") + query)
    plan = parse_plan(table.rows[0][0] or "")
    nodes = list(_processes(plan.root))
    sorts = [_input(node) * times for node, times in nodes if node.kind == "Sort"]
    scans = [node.rows * times for node, times in nodes if _looks_at_each(node)]
    passed = sum(scans)
    there = source.selection.relation.rows_estimate or passed
    # A page may be full before all have been looked at.
    looked_at = round(there * min(1.0, source.size / max(1, passed))) if scans else 0
    return Foresight(plan.root.cost, round(max(sorts, default=0)), looked_at)


def _processes(node: PlanNode, times: float = 1.0) -> Iterator[tuple[PlanNode, float]]:
    """Yields the steps, each with what to multiply its rows by: they are told per process."""
    yield node, times
    workers = int(dict(node.details).get("Workers Planned", "0"))
    if workers:
        # The leader helps the less, the more others there are, says the planner.
        times *= workers + max(0.0, 1 - 0.3 * workers)
    for child in node.children:
        yield from _processes(child, times)


def _looks_at_each(node: PlanNode) -> bool:
    names = {name for name, _ in node.details}
    # An index without a condition only tells the order to look at the rows in.
    return "Scan" in node.kind and "Filter" in names and not names & {"Index Cond", "Recheck Cond"}


def _input(node: PlanNode) -> int:
    return max((child.rows for child in node.children), default=node.rows)
