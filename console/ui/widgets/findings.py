"""A list of findings in groups, and the one under the cursor in full.

Beside each other where there is room; under 100 columns the list has the whole width and
enter opens the finding over it.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import ClassVar

from textual import on
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Container, Vertical, VerticalScroll
from textual.content import Content
from textual.widgets import Input, Static

from console.ui import words
from console.ui.clipboard import copy
from console.ui.widgets.field import Field
from console.ui.widgets.lines import Lines
from console.visible import visible


@dataclass(frozen=True, slots=True)
class Finding:
    """One line of the list, and what stands behind it.

    Attributes:
        group: Heading it stands under; findings of a group follow one another.
        mark: What is up with it, one word.
        kind: What it is, such as `policy`.
        name: Which one, as the database writes it.
        style: Colour of the mark.
        detail: Writes it in full for a number of cells.
        sql: What `y` copies; may be empty.
        heading: Colour of the heading, where it has one.
        text: How the line reads, where mark, kind and name do not say it well.
        counts: Whether it is one of those the heading counts, and not words about them.
    """

    group: str
    mark: str
    kind: str
    name: str
    style: str
    detail: Callable[[int], Content]
    sql: str = ""
    heading: str = ""
    text: Content | None = None
    counts: bool = True

    def has(self, text: list[str]) -> bool:
        """Tells whether every word stands somewhere in the line."""
        line = f"{self.group} {self.mark} {self.kind} {self.name}".lower()
        return all(word in line for word in text)


class FindingList(Lines):
    """The list, with a heading over each group."""

    BINDING_GROUP_TITLE = "Findings"
    BINDINGS: ClassVar[list[BindingType]] = [Binding("y", "copy", "Copy SQL")]

    def __init__(self) -> None:
        super().__init__()
        self._findings: Sequence[Finding] = ()
        self._shown: list[Finding | str] = []

    @property
    def line_count(self) -> int:
        """Headings and findings that are not filtered away."""
        return len(self._shown)

    @property
    def current(self) -> Finding | None:
        """The finding under the cursor."""
        if 0 <= self.cursor < len(self._shown):
            entry = self._shown[self.cursor]
            return None if isinstance(entry, str) else entry
        return None

    def show(self, findings: Sequence[Finding], text: str = "") -> None:
        """Shows findings, only those that have every word of the text."""
        self._findings = findings
        self._shown = []
        group = None
        for finding in findings:
            if finding.has(text.lower().split()):
                if finding.group != group:
                    group = finding.group
                    self._shown.append(group)
                self._shown.append(finding)
        self.renew(cursor=0)

    def narrow(self, text: str) -> None:
        """Shows only the findings that have every word of the text."""
        self.show(self._findings, text)

    def is_stop(self, index: int) -> bool:
        """The cursor passes over headings."""
        return not isinstance(self._shown[index], str)

    def check_action(self, action: str, parameters: tuple[object, ...]) -> bool | None:
        """Offers to copy only where there is SQL."""
        if action == "copy":
            return bool(self.current and self.current.sql)
        return super().check_action(action, parameters)

    def action_copy(self) -> None:
        """Copies the SQL of the finding."""
        if self.current is not None:
            copy(self.app, self.current.sql, "SQL")

    def line(self, index: int, width: int) -> Content:
        """Writes a heading with its number, or a finding."""
        entry = self._shown[index]
        if isinstance(entry, str):
            found = [finding for finding in self._findings if finding.group == entry]
            number = sum(finding.counts for finding in found)
            said = f"  {words.count(number)}" if number else ""
            return Content.assemble((f" {entry}", f"bold {found[0].heading}"), (said, "$muted"))
        if entry.text is not None:
            return Content("   ") + entry.text
        return Content.assemble(
            (f"   {entry.mark:<8} ", entry.style),
            (f"{visible(entry.kind)} " if entry.kind else "", "$muted"),
            visible(entry.name),
        )


class FindingDetail(VerticalScroll):
    """The finding in full; laid out anew for every width."""

    BINDING_GROUP_TITLE = "Finding"
    BINDINGS: ClassVar[list[BindingType]] = [Binding("y", "copy", "Copy SQL")]

    finding: Finding | None = None

    def compose(self) -> ComposeResult:
        """Yields the text."""
        yield Static()

    def show(self, finding: Finding | None) -> None:
        """Shows another finding, from its beginning."""
        self.finding = finding
        self.scroll_home(animate=False)
        self._lay_out()

    def on_resize(self) -> None:
        """Lays it out for the width there is, once that has been taken: its height follows."""
        self.call_after_refresh(self._lay_out)

    def _lay_out(self) -> None:
        room = self.size.width - 3
        text = self.finding.detail(room) if self.finding and room > 0 else Content("")
        for static in self.query(Static):  # there is none where this was taken off meanwhile
            static.update(text)

    def check_action(self, action: str, parameters: tuple[object, ...]) -> bool | None:
        """Offers to copy only where there is SQL."""
        return action != "copy" or bool(self.finding and self.finding.sql)

    def action_copy(self) -> None:
        """Copies the SQL of the finding."""
        if self.finding is not None:
            copy(self.app, self.finding.sql, "SQL")


class Findings(Container):
    """List, filter and detail."""

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("slash", "filter", "Filter", key_display="/", priority=True),
        Binding("tab", "other_side", "List / detail", show=False, priority=True),
        Binding("down", "pick(1)", "Next match", show=False),
        Binding("up", "pick(-1)", "Match before", show=False),
        Binding("escape,q", "back", "Back to the list"),
    ]

    def compose(self) -> ComposeResult:
        """Lays out both sides."""
        with Vertical(classes="findings-list"):
            yield Field(placeholder="filter")
            yield FindingList()
        yield FindingDetail()

    def show(self, findings: Sequence[Finding]) -> None:
        """Shows other findings."""
        with self.prevent(Input.Changed):
            self.query_one(Input).value = ""
        self.query_one(FindingList).show(findings)
        self._follow()

    def take_focus(self) -> None:
        """Puts the focus on the list."""
        self.screen.set_focus(self.query_one(FindingList))

    @on(Lines.Moved)
    def _follow(self) -> None:
        self.query_one(FindingDetail).show(self.query_one(FindingList).current)

    @on(Lines.Chosen)
    def _chosen(self) -> None:
        self.screen.set_focus(self.query_one(FindingDetail))

    @on(Input.Changed)
    def _narrow(self, event: Input.Changed) -> None:
        event.stop()
        self.query_one(FindingList).narrow(event.value)
        self._follow()

    @on(Input.Submitted)
    def _narrowed(self, event: Input.Submitted) -> None:
        event.stop()
        self.take_focus()

    def on_descendant_focus(self) -> None:
        """Under 100 columns the side without the focus gives way."""
        self.set_class(isinstance(self.screen.focused, FindingDetail), "-reading")
        self.refresh_bindings()

    def check_action(self, action: str, parameters: tuple[object, ...]) -> bool | None:
        """Offers only what applies now."""
        focused = self.screen.focused
        match action:
            case "back":
                return isinstance(focused, FindingDetail | Input)
            case "pick":
                return isinstance(focused, Input)
            case "filter":
                return isinstance(focused, FindingList)
            case _:
                return True

    def action_filter(self) -> None:
        """Goes to the filter."""
        self.screen.set_focus(self.query_one(Input))

    def action_pick(self, step: int) -> None:
        """Moves through the matches without leaving the filter."""
        self.query_one(FindingList).action_move(step)

    def action_other_side(self) -> None:
        """Moves between list and detail."""
        if self.has_class("-reading"):
            self.take_focus()
        else:
            self.screen.set_focus(self.query_one(FindingDetail))

    def action_back(self) -> None:
        """Goes back to the list; from the filter, with everything listed again."""
        if isinstance(self.screen.focused, Input):
            self.query_one(Input).value = ""
        self.take_focus()
