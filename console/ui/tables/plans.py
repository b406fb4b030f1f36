"""The plan of a statement as a tree, the worst step marked."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from textwrap import wrap
from typing import ClassVar

from textual.binding import Binding, BindingType
from textual.content import Content

from console.browse.plan import Plan, PlanNode
from console.ui import words
from console.ui.widgets.lines import Lines
from console.visible import visible

_DEEPEST = 12
_RIGHT = 30
_LEGEND = Content.assemble(("   ▲ ", "$warning bold"), ("takes most by itself", "$muted"))


@dataclass(frozen=True, slots=True)
class _Line:
    """One line of the tree.

    Attributes:
        title: The step's title, as much of it as fits; empty below the step.
        detail: Name and text of what it does, or the rest of its title without a name.
    """

    depth: int
    node: PlanNode
    title: str
    detail: tuple[str, str] = ("", "")


class PlanLines(Lines):
    """Each step with what it costs, below it what it does; a step folds."""

    BINDING_GROUP_TITLE = "Plan"
    BINDINGS: ClassVar[list[BindingType]] = [Binding("enter", "choose", "Fold")]

    def __init__(self, *, id: str | None = None) -> None:  # noqa: A002
        super().__init__(id=id)
        self.plan: Plan | None = None
        self._lines: list[_Line] = []
        self._folded: set[int] = set()
        self._worst: PlanNode | None = None

    @property
    def line_count(self) -> int:
        """Steps and their details."""
        return len(self._lines)

    def show(self, plan: Plan) -> None:
        """Shows a plan."""
        self.plan, self._worst = plan, plan.worst
        self._folded.clear()
        self._arrange()
        self.renew(cursor=0)

    def on_resize(self) -> None:
        """Breaks titles for the width there is."""
        self._arrange()
        super().on_resize()

    def _arrange(self) -> None:
        if self.plan is not None:
            self._lines = list(self._lines_of(self.plan.root, 0))

    def _lines_of(self, node: PlanNode, depth: int) -> Iterator[_Line]:
        room = max(10, self.size.width - _RIGHT - _indent(depth) - 3)
        title, *rest = wrap(visible(node.title), room) or [""]
        yield _Line(depth, node, title)
        for part in rest:
            yield _Line(depth, node, "", ("", part))
        if id(node) not in self._folded:
            for detail in node.details:
                yield _Line(depth, node, "", detail)
            for child in node.children:
                yield from self._lines_of(child, depth + 1)

    def line(self, index: int, width: int) -> Content:
        """Writes a step, or a detail of it."""
        line = self._lines[index]
        indent = " " * _indent(line.depth)
        if not line.title:
            name, text = line.detail
            label = (f"{name}  ", "$muted") if name else ""
            style = "" if name else "bold"
            return Content.assemble(indent, "  ", label, (visible(text), style))
        folded = id(line.node) in self._folded
        inside = [node for _, node in line.node.walk()] if folded else [line.node]
        worst = any(node is self._worst for node in inside)
        mark = Content.styled(" ▲ " if worst else "   ", "$warning bold")
        title = Content.styled(line.title, "$warning bold" if worst else "bold")
        branch = "" if line.depth == 0 else "└ "
        below = len(inside) - 1
        more = f"  … {words.plural(below, 'step')}" if below else "  …" if folded else ""
        left = Content.assemble(mark, indent[3:], (branch, "$muted"), title, (more, "$muted"))
        room = max(10, width - _RIGHT - 1)
        return Content.assemble(left.truncate(room, ellipsis=True, pad=True), _measured(line.node))

    def action_choose(self) -> None:
        """Folds the step under the cursor, with what is below it, or unfolds it."""
        if not self._lines:
            return
        node = self._lines[self.cursor].node
        self._folded ^= {id(node)}
        self._arrange()
        at = next(n for n, line in enumerate(self._lines) if line.node is node)
        self.renew(cursor=at)


def _indent(depth: int) -> int:
    return 3 + 2 * min(depth, _DEEPEST)


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
