"""What the migration pane shows: a verdict, a plan, or words, under one caption."""

from __future__ import annotations

from typing import TYPE_CHECKING

from textual.app import ComposeResult
from textual.containers import Container, VerticalScroll
from textual.content import Content
from textual.widget import Widget
from textual.widgets import Static

from console.errors import ConsoleError
from console.migration.model import Verdict
from console.ui import words
from console.ui.migration import recorded, verdict
from console.ui.migration.applying import Progress
from console.ui.trouble import keys
from console.ui.widgets.caption import Caption
from console.ui.widgets.findings import FindingList, Findings
from console.visible import visible

if TYPE_CHECKING:
    from console.migration.history import History
    from console.migration.model import Plan, Verification


class Report(Container):
    """One row of verdict, one of counts, and below them a list with its details, or words."""

    def compose(self) -> ComposeResult:
        """Lays out everything there may be; one of the lists, or the words, is displayed."""
        yield Caption()
        yield Static(id="migration-counts")
        with VerticalScroll(id="migration-words"):
            yield Static()
        yield Findings(id="differences")
        yield Findings(id="steps")
        yield Progress()

    def on_mount(self) -> None:
        """Starts with words."""
        self._display("#migration-words", counts=False)

    @property
    def caption(self) -> Caption:
        """The row that gives the answer."""
        return self.query_one(Caption)

    def take_focus(self) -> None:
        """Puts the focus on what is shown."""
        for findings in self.query(Findings):
            if findings.display:
                findings.take_focus()
                return
        self.screen.set_focus(self.query_one("#migration-words"))

    def _display(self, which: str, *, counts: bool = True) -> None:
        focused = self.screen.focused
        on_screen = isinstance(self.parent, Widget) and self.parent.display
        held = self in focused.ancestors if focused else on_screen
        for name in ("#migration-words", "#differences", "#steps", "Progress"):
            self.query_one(name).display = name == which
        self.query_one("#migration-counts").display = counts
        if held:
            self.take_focus()

    def say(self, text: Content, *, counts: bool = False) -> None:
        """Shows words, under the counts or in their place."""
        self.query_one("#migration-words", VerticalScroll).query_one(Static).update(text)
        self._display("#migration-words", counts=counts)

    def show_verdict(self, verification: Verification, at: str, *, write_mode: bool) -> None:
        """Shows what a verification found."""
        self.caption.left = verdict.verdict(verification)
        spent = words.duration(verification.elapsed_ms / 1000)
        self.caption.right = Content.styled(f"{at}, {spent}", "$muted")
        self.query_one("#migration-counts", Static).update(verdict.counts(verification))
        findings = verdict.differences(verification)
        self.query_one("#differences", Findings).show(findings)
        if findings:
            self._display("#differences")
        else:
            self.say(self._advice(verification, write_mode), counts=True)

    def _advice(self, verification: Verification, write_mode: bool) -> Content:
        """What to do when there is nothing to list."""
        if verification.verdict is Verdict.IN_SYNC:
            lines = [Content("There is nothing to do.")]
            hints = [("r", "verify again")]
        else:
            lines = [
                Content("None of the migration's tables is in this database."),
                Content("The plan shows every statement before anything is done."),
            ]
            hints = [("p", "plan"), ("a", "apply") if write_mode else ("W", "write mode, to apply")]
        return Content("\n").join([*lines, Content(""), keys(*hints)])

    @property
    def mendable(self) -> tuple[str, str] | None:
        """Kind and identity of the difference under the cursor, where something mends it."""
        differences = self.query_one("#differences", Findings)
        current = differences.query_one(FindingList).current if differences.display else None
        return (current.kind, current.name) if current and current.sql else None

    def show_plan(self, plan: Plan, at: str, *, write_mode: bool) -> None:
        """Shows what apply would do."""
        self.caption.left = verdict.plan_title(plan)
        planned = Content.styled(f"planned {at}", "$muted")
        if plan.actions and not plan.conflicts and not write_mode:
            planned = Content.assemble(keys(("W", "write mode, to apply")), "   ", planned)
        self.caption.right = planned
        self.query_one("#migration-counts", Static).update(verdict.plan_counts(plan))
        steps = verdict.steps(plan)
        self.query_one("#steps", Findings).show(steps)
        if steps:
            self._display("#steps")
        else:
            self.say(Content("The database is what the migration says already."), counts=True)

    def show_history(self, history: History, at: str) -> None:
        """Shows which migrations are on record, and what follows from that."""
        self.caption.left = recorded.title(history)
        self.caption.right = Content.styled(f"read {at}", "$muted")
        self.say(recorded.account(history))

    def show_progress(self) -> None:
        """Shows how far an apply is, from its beginning."""
        self.caption.left = Content.styled("Applying the migration", "bold")
        self.caption.right = Content("")
        self.progress.begin()
        self._display("Progress", counts=False)

    @property
    def progress(self) -> Progress:
        """How far an apply is."""
        return self.query_one(Progress)

    def note_failure(self, error: ConsoleError) -> None:
        """Tells of a failure beside what was found before, which stays."""
        self.caption.right = Content.assemble(
            ("✕ ", "$error bold"), visible(error.message), ("  d detail", "$muted")
        )
