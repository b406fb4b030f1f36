"""The plan of a statement as a tree, the worst step marked."""

from __future__ import annotations

from collections.abc import Iterator

from textual.content import Content

from console.browse.plan import Plan, PlanNode
from console.ui import words
from console.ui.widgets.lines import Lines
from console.visible import visible

_DEEPEST = 12
_RIGHT = 30
_LEGEND = Content.assemble(("   ▲ ", "$warning bold"), ("takes most by itself", "$muted"))


class PlanLines(Lines):
    """Each step with what it costs, below it what it does."""

    BINDING_GROUP_TITLE = "Plan"

    def __init__(self, *, id: str | None = None) -> None:  # noqa: A002
        super().__init__(id=id)
        self.plan: Plan | None = None
        self._lines: list[tuple[int, PlanNode, tuple[str, str] | None]] = []

    @property
    def line_count(self) -> int:
        """Steps and their details."""
        return len(self._lines)

    def show(self, plan: Plan) -> None:
        """Shows a plan."""
        self.plan = plan
        self._lines = list(_lines(plan))
        self.renew(cursor=0)

    def line(self, index: int, width: int) -> Content:
        """Writes a step, or a detail of it."""
        depth, node, detail = self._lines[index]
        assert self.plan is not None
        indent = " " * (3 + 2 * min(depth, _DEEPEST))
        if detail is not None:
            name, text = detail
            return Content.assemble(indent, "  ", (f"{name}  ", "$muted"), visible(text))
        worst = node is self.plan.worst
        mark = Content.styled(" ▲ " if worst else "   ", "$warning bold")
        title = Content.styled(visible(node.title), "$warning bold" if worst else "bold")
        branch = "" if depth == 0 else "└ "
        left = Content.assemble(mark, indent[3:], (branch, "$muted"), title)
        right = _measured(node)
        room = max(10, width - _RIGHT - 1)
        return Content.assemble(left.truncate(room, ellipsis=True, pad=True), right)

    def action_choose(self) -> None:
        """Does nothing: everything is on the screen."""


def _lines(plan: Plan) -> Iterator[tuple[int, PlanNode, tuple[str, str] | None]]:
    for depth, node in plan.root.walk():
        yield depth, node, None
        for detail in node.details:
            yield depth, node, detail


def _measured(node: PlanNode) -> Content:
    if node.actual_rows is None or node.own_milliseconds is None:
        cost = f"cost {node.cost:,.0f}"
        return Content.assemble(f"{cost:>14}", (f"{words.estimate(node.rows):>11} rows", "$muted"))
    rows = words.count(round(node.actual_rows * (node.loops or 1)))
    return Content.assemble(
        f"{words.duration(node.own_milliseconds / 1000):>14}", (f"{rows:>11} rows", "$muted")
    )


def summary(plan: Plan) -> Content:
    """Says in one line what a plan foretells, or what it took."""
    if plan.execution is not None:
        return Content.assemble(
            "plan, run and measured  ",
            (f"{words.duration(plan.execution / 1000)}, planned in ", "$muted"),
            (words.duration((plan.planning or 0) / 1000), "$muted"),
            _LEGEND,
        )
    return Content.assemble("plan  ", ("not run", "$muted"), _LEGEND)
