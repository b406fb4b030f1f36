"""All that is known of the database's health at one moment, and the list of figures."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, ClassVar

from textual.binding import Binding, BindingType
from textual.content import Content

from console.operations.check import Status
from console.ui.widgets.charts import sparkline
from console.ui.widgets.lines import Lines
from console.visible import visible

if TYPE_CHECKING:
    from console.operations.check import Check
    from console.operations.health import FunctionRows, Pulse, Survey
    from console.operations.monitor import Monitor

GROUPS: Mapping[str, tuple[str, ...]] = {
    "sessions": (
        *("connections", "longest_query", "longest_transaction"),
        *("idle_in_transaction", "blocking"),
    ),
    "server": (
        *("cache_hit", "replication", "replication_delay", "slots"),
        *("wal", "archiving", "transaction_ids"),
    ),
    "storage": (
        *("database_size", "dead_rows", "unused_indexes", "invalid_indexes"),
        *("sequences", "statements", "scheduled_jobs"),
    ),
    "functions": (
        *("system_healthcheck", "privacy_guardian_health_check"),
        *("get_table_sizes", "get_index_usage"),
    ),
}
"""The figures in the order of the screen."""

MARKS = {
    Status.OK: ("✓", "$success"),
    Status.WARN: ("!", "$warning"),
    Status.FAIL: ("✕", "$error"),
    Status.UNAVAILABLE: ("–", "$muted"),
}
WORDS = {Status.OK: "ok", Status.WARN: "warn", Status.FAIL: "fail", Status.UNAVAILABLE: "n/a"}
_SPARK = 10
_DETAIL_FROM = 54
_LEAST_DETAIL = 14


@dataclass(frozen=True, slots=True)
class Vitals:
    """What was read so far, and when.

    Attributes:
        monitor: Keeps the pulses' numbers over the session.
        pulse: What changes by the second; None until it was read.
        survey: What changes slowly.
        functions: What the schema's functions returned.
        pulse_at: When the pulse was taken, by the clock of this machine.
        survey_at: Likewise the survey.
        functions_at: Likewise the functions.
    """

    monitor: Monitor
    pulse: Pulse | None = None
    survey: Survey | None = None
    functions: FunctionRows | None = None
    pulse_at: str = ""
    survey_at: str = ""
    functions_at: str = ""

    @property
    def checks(self) -> dict[str, Check]:
        """The figures by name."""
        parts = (self.pulse, self.survey, self.functions)
        return {check.name: check for part in parts if part for check in part.checks}

    @property
    def worst(self) -> Status:
        """The worst there is; what is not to be had does not count."""
        found = {check.status for check in self.checks.values()}
        return next((one for one in (Status.FAIL, Status.WARN) if one in found), Status.OK)

    def read_at(self, name: str) -> str:
        """Tells when a figure was read."""
        if name in GROUPS["functions"]:
            return self.functions_at
        return self.survey_at if name in GROUPS["storage"] else self.pulse_at


def titled(name: str) -> str:
    """Writes a figure's name as people read it; functions keep theirs."""
    return name if name in GROUPS["functions"] else name.replace("_", " ")


def verdict(vitals: Vitals) -> Content:
    """Answers in one line: how is it doing?"""
    checks = list(vitals.checks.values())
    if not checks:
        return Content.styled("Health", "bold")
    parts = []
    for status in (Status.FAIL, Status.WARN, Status.OK, Status.UNAVAILABLE):
        number = sum(check.status is status for check in checks)
        if number:
            mark, style = MARKS[status]
            word = "unavailable" if status is Status.UNAVAILABLE else str(status)
            strong = "bold " if status in (Status.FAIL, Status.WARN) else ""
            parts.append(Content.styled(f"{mark} {number} {word}", f"{strong}{style}"))
    return Content("   ").join(parts)


class CheckList(Lines):
    """Every figure with its mark and its course, under the heading of its group."""

    BINDING_GROUP_TITLE = "Figures"
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("n", "next_problem", "Next problem"),
    ]

    def __init__(self) -> None:
        super().__init__()
        self._vitals: Vitals | None = None
        self._drawn: list[Content] = []
        self._shown: list[tuple[str, bool]] = [
            entry
            for group, names in GROUPS.items()
            for entry in ((group, True), *((name, False) for name in names))
        ]

    @property
    def line_count(self) -> int:
        """Headings and figures."""
        return len(self._shown)

    @property
    def current(self) -> str:
        """Name of the figure under the cursor."""
        name, heading = self._shown[self.cursor]
        return self._shown[self.cursor + 1][0] if heading else name

    def on_mount(self) -> None:
        """Puts the cursor on the first figure."""
        self.renew(cursor=0)

    def show(self, vitals: Vitals) -> None:
        """Takes newer figures; the cursor stays, and only lines that changed are drawn again."""
        self._vitals = vitals
        width = self.size.width
        before, self._drawn = self._drawn, [self.line(i, width) for i in range(self.line_count)]
        for index, line in enumerate(self._drawn):
            if index >= len(before) or line != before[index]:
                self.refresh_lines(index)

    def is_stop(self, index: int) -> bool:
        """The cursor passes over headings."""
        return not self._shown[index][1]

    def to_problem(self) -> bool:
        """Moves on to the next figure that warns or fails, around the end; the worst first."""
        if self._vitals is None:
            return False
        checks = self._vitals.checks
        for status in (Status.FAIL, Status.WARN):
            places = [
                place
                for place, (name, _) in enumerate(self._shown)
                if name in checks and checks[name].status is status
            ]
            if places:
                self.cursor = next((one for one in places if one > self.cursor), places[0])
                return True
        return False

    def action_next_problem(self) -> None:
        """Goes to the next figure that is not as it should be."""
        before = self.cursor
        if not self.to_problem():
            self.notify("nothing warns or fails", timeout=2, markup=False)
        elif self.cursor == before:
            self.notify("nothing else warns or fails", timeout=2, markup=False)

    def line(self, index: int, width: int) -> Content:
        """Writes a heading, or a figure: mark, name, value, course, and what stands behind it."""
        name, heading = self._shown[index]
        if heading:
            return Content.styled(f" {name}", "bold $muted")
        vitals = self._vitals
        check = vitals.checks.get(name) if vitals else None
        if vitals is None or check is None:
            return Content.styled(f"   …      {titled(name)}", "$muted")
        mark, style = MARKS[check.status]
        strong = "bold " if check.status in (Status.FAIL, Status.WARN) else ""
        line = Content.assemble(
            (f"   {mark} {WORDS[check.status]:<5} ", f"{strong}{style}"),
            f"{titled(name):<20} ",
            (f"{check.amount:>8} ", "bold" if strong else ""),
            (f" {course(vitals, name, _SPARK)}", "$primary"),
        )
        # The beginning of a sentence of three letters says nothing.
        place = max(_DETAIL_FROM, line.cell_length + 2)
        if width - place < _LEAST_DETAIL:
            return line
        gap = " " * (place - line.cell_length)
        return Content.assemble(line, gap, (visible(check.detail), "$muted"))


def course(vitals: Vitals, name: str, width: int) -> str:
    """Draws a figure over the session; a cell is full where it warns."""
    values = vitals.monitor.series(name)
    known = [value for value in values if value is not None]
    if not any(known):
        return ""
    limit = getattr(vitals.monitor.limits, name, None)
    edge = None if limit is None else limit.fail if limit.warn is None else limit.warn
    most = 1.0 if limit is not None and limit.below else max(*known, edge or 0.0)
    return sparkline(values, width, most=most)
