"""The server's plan for a query as a tree, and what it foretells."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from console.errors import ConsoleError

_SHOWN = (
    "Index Cond",
    "Recheck Cond",
    "TID Cond",
    "Hash Cond",
    "Merge Cond",
    "Join Filter",
    "Filter",
    "Rows Removed by Filter",
    "Rows Removed by Index Recheck",
    "Sort Key",
    "Presorted Key",
    "Sort Method",
    "Sort Space Used",
    "Sort Space Type",
    "Group Key",
    "One-Time Filter",
    "Function Name",
    "CTE Name",
    "Subplan Name",
    "Heap Fetches",
    "Workers Planned",
    "Workers Launched",
    "Shared Hit Blocks",
    "Shared Read Blocks",
    "Temp Read Blocks",
    "Temp Written Blocks",
)


@dataclass(frozen=True, slots=True)
class PlanNode:
    """One step of a plan.

    Attributes:
        title: Such as `Index Scan using t_pkey on public.t`.
        kind: The server's name for the step, such as `Index Scan`.
        relation: The identity of the table it reads, or None.
        cost: The planner's cost units up to its last row, with everything below.
        rows: Rows the planner expects each time it runs; below a Gather, in each process.
        actual_rows: Rows it had on average; None where the query was not run.
        loops: How often it ran.
        milliseconds: What it took in all, with everything below; None likewise.
        details: Conditions, keys and counts, in words.
    """

    title: str
    kind: str
    relation: str | None
    cost: float
    rows: int
    actual_rows: float | None
    loops: int | None
    milliseconds: float | None
    details: tuple[tuple[str, str], ...]
    children: tuple[PlanNode, ...]

    def walk(self, depth: int = 0) -> Iterator[tuple[int, PlanNode]]:
        """Yields this step and those below, each with its depth."""
        yield depth, self
        for child in self.children:
            yield from child.walk(depth + 1)

    @property
    def own_milliseconds(self) -> float | None:
        """What it took without the steps below."""
        if self.milliseconds is None:
            return None
        below = sum(child.milliseconds or 0.0 for child in self.children)
        return max(0.0, self.milliseconds - below)

    @property
    def own_cost(self) -> float:
        """What it costs without the steps below."""
        return max(0.0, self.cost - sum(child.cost for child in self.children))


@dataclass(frozen=True, slots=True)
class Plan:
    """A plan, with how long it took where the query was run.

    Attributes:
        planning: Milliseconds, or None.
        execution: Milliseconds, or None.
    """

    root: PlanNode
    planning: float | None
    execution: float | None

    @property
    def worst(self) -> PlanNode:
        """The step that takes most by itself: time where the query was run, else cost."""
        nodes = [node for _, node in self.root.walk()]
        return max(nodes, key=lambda node: (node.own_milliseconds or 0.0, node.own_cost))


def parse_plan(text: str) -> Plan:
    """Reads what EXPLAIN (FORMAT JSON) returned.

    Raises:
        ConsoleError: It is no plan.
    """
    try:
        (document,) = json.loads(text)
        root = _node(document["Plan"])
    except (ValueError, KeyError, TypeError, AttributeError) as error:
        raise ConsoleError("the server's plan can't be read", hint="see the detail") from error
    return Plan(root, document.get("Planning Time"), document.get("Execution Time"))


def _node(node: Mapping[str, Any]) -> PlanNode:
    relation = node.get("Relation Name")
    schema = node.get("Schema")
    loops = node.get("Actual Loops")
    total = node.get("Actual Total Time")
    return PlanNode(
        _title(node),
        node["Node Type"],
        f"{schema}.{relation}" if relation and schema else relation,
        float(node.get("Total Cost", 0.0)),
        int(node.get("Plan Rows", 0)),
        node.get("Actual Rows"),
        loops,
        None if total is None else float(total) * (loops or 1),
        tuple((name, _words(node[name])) for name in _SHOWN if node.get(name) not in (None, 0)),
        tuple(_node(child) for child in node.get("Plans", ())),
    )


def _title(node: Mapping[str, Any]) -> str:
    words = []
    if node.get("Parallel Aware"):
        words.append("Parallel")
    if node.get("Node Type") == "Aggregate" and node.get("Strategy") not in (None, "Plain"):
        words.append({"Sorted": "Group"}.get(node["Strategy"], node["Strategy"]))
    if node.get("Join Type") not in (None, "Inner"):
        words.append(str(node["Join Type"]))
    words.append(str(node["Node Type"]))
    if node.get("Scan Direction") == "Backward":
        words.append("Backward")
    if index := node.get("Index Name"):
        words.append(f"using {index}")
    if name := node.get("Relation Name") or node.get("Function Name") or node.get("CTE Name"):
        schema = f"{node['Schema']}." if node.get("Schema") else ""
        words.append(f"on {schema}{name}")
        if node.get("Alias") not in (None, name):
            words.append(str(node["Alias"]))
    return " ".join(words)


def _words(value: object) -> str:
    return ", ".join(map(str, value)) if isinstance(value, list) else str(value)
