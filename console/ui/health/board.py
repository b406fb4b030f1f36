"""The figures at the left, what stands behind one at the right, their course on top."""

from __future__ import annotations

from typing import TYPE_CHECKING, ClassVar

from textual import on
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Container
from textual.content import Content
from textual.reactive import reactive
from textual.widget import Widget

from console.operations.check import Unit, size, written
from console.ui.health.account import account
from console.ui.health.sheet import Sheet
from console.ui.health.vitals import CheckList, Vitals, verdict
from console.ui.widgets.caption import Caption
from console.ui.widgets.charts import sparkline
from console.ui.widgets.lines import Lines

if TYPE_CHECKING:
    from collections.abc import Callable

    from console.operations.activity import Backend

_COURSES: tuple[tuple[str, str, Callable[[float], str]], ...] = (
    ("active", "active", lambda value: f"{value:,.0f}"),
    ("tx/s", "transactions_per_second", lambda value: f"{value:,.0f}"),
    ("log/s", "wal_bytes_per_second", size),
    ("hits", "cache_hit", lambda value: written(value, Unit.RATIO)),
    ("waiting", "waiting", lambda value: f"{value:,.0f}"),
)
"""What stands on top: the word for it, the name of the series, how a value is written."""
_VALUE = 7


class Courses(Widget):
    """One row of sparklines: what the server does, since this was opened."""

    vitals: reactive[Vitals | None] = reactive(None, always_update=True)

    def render(self) -> Content:
        """Shares the width among the series."""
        if self.vitals is None:
            return Content("")
        shown = _COURSES[: 5 if self.size.width >= 100 else 4]
        each = (self.size.width - 1) // len(shown)
        parts = [Content(" ")]
        for word, name, write in shown:
            series = self.vitals.monitor.series(name)
            last = series[-1] if series else None
            value = "–" if last is None else write(last)
            room = each - len(word) - _VALUE - 2
            most = 1.0 if name == "cache_hit" else None
            drawn = sparkline(series, room, most=most) if any(series) else ""
            parts.append(
                Content.assemble(
                    (f"{word} ", "$muted"),
                    f"{value:<{_VALUE}}",
                    (f"{drawn:<{max(0, room)}} ", "$primary"),
                )
            )
        return Content.assemble(*parts)


class Board(Container):
    """List and detail; under 100 columns the side without the focus gives way."""

    BINDING_GROUP_TITLE = "Sides"
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("tab", "other_side", "List / detail", show=False, priority=True),
        Binding("escape,q", "back", "Back to the list"),
    ]

    def compose(self) -> ComposeResult:
        """Lays out both sides."""
        yield Caption()
        yield Courses()
        with Container(id="vitals"):
            yield CheckList()
            yield Sheet()

    @property
    def caption(self) -> Caption:
        """The row that gives the answer."""
        return self.query_one(Caption)

    @property
    def checks(self) -> CheckList:
        """The list."""
        return self.query_one(CheckList)

    @property
    def sheet(self) -> Sheet:
        """The detail."""
        return self.query_one(Sheet)

    @property
    def backend(self) -> Backend | None:
        """The session under the cursor, where the focus is among sessions."""
        return self.sheet.backend if self.sheet.has_focus else None

    def take_focus(self) -> None:
        """Puts the focus where it was, or on the list."""
        reading = self.has_class("-reading")
        self.screen.set_focus(self.sheet if reading else self.checks)

    def show(self, vitals: Vitals) -> None:
        """Shows what was read; cursors stay."""
        self.caption.left = verdict(vitals)
        self.query_one(Courses).vitals = vitals
        self.checks.show(vitals)
        self._vitals = vitals
        self._follow()

    _vitals: Vitals | None = None

    @on(Lines.Moved)
    def _moved(self, message: Lines.Moved) -> None:
        if message.lines is self.checks:
            self._follow()
        self.screen.refresh_bindings()  # sessions can be ended, other lines can't

    def _follow(self) -> None:
        if self._vitals is not None:
            name = self.checks.current
            self.sheet.show(name, account(name, self._vitals))

    @on(Lines.Chosen)
    def _chosen(self, message: Lines.Chosen) -> None:
        if message.lines is self.checks:
            message.stop()
            self.screen.set_focus(self.sheet)

    def on_descendant_focus(self) -> None:
        """Under 100 columns the side without the focus gives way."""
        self.set_class(self.sheet.has_focus, "-reading")
        self.screen.refresh_bindings()

    def check_action(self, action: str, parameters: tuple[object, ...]) -> bool | None:
        """There is a way back from the detail only."""
        return action != "back" or self.sheet.has_focus

    def action_other_side(self) -> None:
        """Moves between list and detail."""
        self.screen.set_focus(self.checks if self.has_class("-reading") else self.sheet)

    def action_back(self) -> None:
        """Goes back to the list."""
        self.screen.set_focus(self.checks)
