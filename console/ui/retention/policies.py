"""The policies as a list: what each would delete, marks for those that are to be run."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, ClassVar

from rich.cells import cell_len, set_cell_size
from textual.binding import Binding, BindingType
from textual.content import Content
from textual.message import Message

from console.operations.outcome import TELEMETRY
from console.ui import words
from console.ui.widgets.lines import Lines
from console.visible import visible

if TYPE_CHECKING:
    from console.operations.announcement import PolicyPlan, RetentionPlan, TelemetryPlan

_TABLE = 22


def day(moment: str | None) -> str:
    """Writes the day of a time of the server; years that have five digits stay whole."""
    return (moment or "").partition(" ")[0]


def would_go(rows: int | None, *, exact: bool) -> str:
    """Writes a number of rows as what it is: counted, estimated or not to be had."""
    if rows is None:
        return "?"
    return words.count(rows) if exact else words.estimate(rows)


HEADS = (
    f"   {'table':<{_TABLE}} {'keep':>8} {'would go':>10} {'size':>8}"
    f"  {'oldest':<10}  {'last run':<10}"
)


class PolicyList(Lines):
    """One line a policy; the last one is what goes of each user's telemetry."""

    BINDING_GROUP_TITLE = "Policies"
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("space", "mark", "Mark", key_display="space"),
    ]

    class Marked(Message):
        """What is marked has changed."""

    def __init__(self) -> None:
        super().__init__()
        self._policies: Sequence[PolicyPlan] = ()
        self._telemetry: TelemetryPlan | None = None
        self.marked: set[str] = set()
        """Names of tables, and of the telemetry."""

    @property
    def line_count(self) -> int:
        """Policies, and the telemetry."""
        return len(self._policies) + (self._telemetry is not None)

    @property
    def policy(self) -> PolicyPlan | None:
        """The policy under the cursor; None on the telemetry."""
        return self._policies[self.cursor] if self.cursor < len(self._policies) else None

    @property
    def name_here(self) -> str:
        """What is under the cursor, by name; empty where there is nothing."""
        if self.policy is not None:
            return self.policy.table
        return TELEMETRY if self._telemetry is not None else ""

    @property
    def chosen(self) -> list[str]:
        """What is marked; without a mark what is under the cursor."""
        names = [policy.table for policy in self._policies]
        names += [TELEMETRY] if self._telemetry is not None else []
        return [name for name in names if name in self.marked] or [self.name_here]

    def show(self, plan: RetentionPlan) -> None:
        """Shows another count; marks stay with their policies."""
        self._policies, self._telemetry = plan.policies, plan.telemetry
        self.marked &= {policy.table for policy in plan.policies} | {TELEMETRY}
        self.renew()

    def action_mark(self) -> None:
        """Marks the policy, or takes the mark away, and goes on to the next."""
        if not self.name_here:
            return
        self.marked ^= {self.name_here}
        self.refresh()
        self.post_message(self.Marked())
        self.action_move(1)

    def line(self, index: int, width: int) -> Content:
        """Writes a policy, or the telemetry."""
        if index < len(self._policies):
            return self._policy(self._policies[index])
        assert self._telemetry is not None
        return self._users(self._telemetry)

    def _mark(self, name: str) -> tuple[str, str]:
        return (" ● ", "bold $error") if name in self.marked else ("   ", "")

    def _policy(self, policy: PolicyPlan) -> Content:
        keep = f"{policy.days:,} d" if policy.enabled else "off"
        name = Content.assemble(
            self._mark(policy.table), _fit(visible(policy.table), _TABLE), f" {keep:>8} "
        )
        if policy.expired_rows is None:
            return name + Content.styled(f"  ✕ {visible(policy.reason)}", "$warning")
        rows = would_go(policy.expired_rows, exact=policy.exact)
        size = "" if policy.bytes is None else words.size(policy.bytes)
        style = "bold" if policy.enabled and policy.expired_rows else "$muted"
        return Content.assemble(
            name,
            (f"{rows:>10} ", style),
            f"{size:>8}  {day(policy.oldest):<10}  {day(policy.last_run) or 'never':<10}",
        )

    def _users(self, telemetry: TelemetryPlan) -> Content:
        name = Content.assemble(self._mark(TELEMETRY), f"{TELEMETRY:<{_TABLE}} {'own':>8} ")
        if telemetry.reason:
            return name + Content.styled(f"  ✕ {visible(telemetry.reason)}", "$warning")
        affected = sum(user.expired_rows > 0 for user in telemetry.users)
        rows = words.count(telemetry.expired_rows)
        return Content.assemble(
            name,
            (f"{rows:>10} ", "bold" if telemetry.expired_rows else "$muted"),
            (f"  of {words.plural(affected, 'user')}", "$muted"),
        )


def _fit(text: str, width: int) -> str:
    if cell_len(text) > width:
        return set_cell_size(text, width - 1) + "…"
    return text + " " * (width - cell_len(text))
