"""What the retention pane shows: policies with one in full, a run, its result, or words."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, ClassVar

from textual import on
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Container, Vertical, VerticalScroll
from textual.content import Content
from textual.widgets import Static

from console.errors import ConsoleError
from console.ui import words
from console.ui.retention import account
from console.ui.retention.policies import HEADS, PolicyList
from console.ui.trouble import keys, trouble
from console.ui.widgets.caption import Caption
from console.ui.widgets.lines import Lines
from console.ui.widgets.running import Running
from console.visible import visible

if TYPE_CHECKING:
    from console.operations.announcement import RetentionPlan
    from console.operations.interrupted import Interruption

_VIEWS = {
    "plan": "#policies",
    "run": "Running",
    "result": "#retention-result",
    "words": "#retention-words",
}


class Words(VerticalScroll):
    """A text that can be scrolled."""

    BINDING_GROUP_TITLE = "Text"

    def compose(self) -> ComposeResult:
        """Yields the text."""
        yield Static()

    def show(self, text: Content) -> None:
        """Shows another text, from its beginning."""
        self.query_one(Static).update(text)
        self.scroll_home(animate=False)


class Ledger(Container):
    """One row that gives the answer, and below it one view."""

    BINDING_GROUP_TITLE = "Sides"
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("tab", "other_side", "List / detail", show=False, priority=True),
        Binding("escape,q", "leave_detail", "Back to the list"),
    ]

    def __init__(self) -> None:
        super().__init__()
        self.view = "words"
        self.has_result = False
        self._ended = Content("")
        self._plan: RetentionPlan | None = None

    def compose(self) -> ComposeResult:
        """Lays out everything there may be; one of the views is displayed."""
        yield Caption()
        yield Static(id="interrupted")
        with Container(id="policies"):
            with Vertical(id="policy-side"):
                yield Static(Content.styled(HEADS, "bold $muted"), id="policy-heads")
                yield PolicyList()
                yield Static(id="policy-note")
            yield Words(id="policy-detail")
        yield Running("what is deleted stays deleted")
        yield Words(id="retention-result")
        yield Words(id="retention-words")

    def on_mount(self) -> None:
        """Starts with words."""
        self.query_one("#interrupted").display = False
        self._display("words")

    @property
    def caption(self) -> Caption:
        """The row that gives the answer."""
        return self.query_one(Caption)

    @property
    def running(self) -> Running:
        """How far a run is."""
        return self.query_one(Running)

    def _words(self, name: str) -> Words:
        return self.query_one(f"#{name}", Words)

    def take_focus(self) -> None:
        """Puts the focus on what is shown."""
        match self.view:
            case "plan":
                wanted = self.query_one(PolicyList)
                self.screen.set_focus(
                    self._words("policy-detail") if self.has_class("-reading") else wanted
                )
            case "result":
                self.screen.set_focus(self._words("retention-result"))
            case "run":
                self.screen.set_focus(self.running)
            case _:
                self.screen.set_focus(self._words("retention-words"))

    def _display(self, view: str) -> None:
        self.view = view
        held = self.screen.focused is None or self in self.screen.focused.ancestors
        for name, selector in _VIEWS.items():
            self.query_one(selector).display = name == view
        if held and self.is_on_screen:
            self.take_focus()
        self.screen.refresh_bindings()

    def show_plan(self, plan: RetentionPlan, at: str) -> None:
        """Shows what would go."""
        self._plan = plan
        self.caption.left = account.title(plan)
        self.note(Content.styled(f"counted {at}", "$muted"))
        self.query_one(PolicyList).show(plan)
        refusal = account.rights(plan)
        note = Content.assemble(("✕ ", "$warning bold"), visible(refusal))
        self.query_one("#policy-note", Static).update(note if refusal else Content(""))
        self.query_one("#policy-note").display = bool(refusal)
        self._follow()
        self._display("plan")

    def show_policies(self) -> None:
        """Goes back to what was counted."""
        self._display("plan" if self._plan else "words")

    def show_run(self) -> None:
        """Shows how far a run is, from its beginning."""
        self.caption.left = Content.styled("Deleting", "bold $error")
        self.note(Content(""))
        self.running.begin("Deleting in short transactions")
        self._display("run")

    def show_result(self, text: Content | None = None) -> None:
        """Shows what came of a run; without a text that of the last one."""
        if text is not None:
            self._words("retention-result").show(text)
            self.has_result = True
            self._ended = Content.styled(f"ended {words.clock()}", "$muted")
        self.note(self._ended)
        self.caption.left = Content.styled("What was deleted", "bold")
        self._display("result")

    def show_failure(self, error: ConsoleError, *, run: bool) -> None:
        """Tells of a failure; what was counted before stays."""
        hints = [("r", "try again"), *([("d", "detail")] if error.detail else [])]
        if run:
            text = Content.assemble(trouble(error), "\n", keys(("esc", "back to the policies")))
            self.show_result(text)
        elif self._plan is not None:
            said = Content.assemble(("✕ ", "$error bold"), visible(error.message))
            self.note(said + Content.styled("  d detail", "$muted"))
            self.app.notify(
                visible(f"{error.message}. {error.hint}"), severity="warning", markup=False
            )
        else:
            self.say(trouble(error, *hints))

    def show_interruptions(self, found: Sequence[Interruption]) -> None:
        """Tells of runs that nobody saw the end of, above everything else."""
        self.query_one("#interrupted").display = bool(found)
        if found:
            self.query_one("#interrupted", Static).update(account.interruptions(found))

    def say(self, text: Content) -> None:
        """Shows words."""
        self.caption.left = Content.styled("Retention", "bold")
        self._words("retention-words").show(text)
        self._display("words")

    def note(self, text: Content) -> None:
        """Says something at the right of the caption."""
        self.caption.right = text

    @on(Lines.Moved)
    def _follow(self) -> None:
        if self._plan is None:
            return
        one = self.query_one(PolicyList).policy
        text = account.policy(one) if one else account.telemetry(self._plan.telemetry)
        self._words("policy-detail").show(text)

    @on(Lines.Chosen)
    def _chosen(self) -> None:
        self.screen.set_focus(self._words("policy-detail"))

    def on_descendant_focus(self) -> None:
        """Under 100 columns the side without the focus gives way."""
        self.set_class(self._words("policy-detail").has_focus, "-reading")
        self.screen.refresh_bindings()

    def check_action(self, action: str, parameters: tuple[object, ...]) -> bool | None:
        """Offers only what applies now."""
        match action:
            case "other_side":
                return self.view == "plan"
            case "leave_detail":
                return self.view == "plan" and self.has_class("-reading")
            case _:
                return True

    def action_other_side(self) -> None:
        """Moves between list and detail."""
        if self.has_class("-reading"):
            self.action_leave_detail()
        else:
            self.screen.set_focus(self._words("policy-detail"))

    def action_leave_detail(self) -> None:
        """Goes back to the list."""
        self.screen.set_focus(self.query_one(PolicyList))
