"""An apply while it runs, and what came of it, in the words of the screen."""

from __future__ import annotations

from time import monotonic

from textual.content import Content
from textual.reactive import reactive
from textual.widget import Widget

from console.connection.audit import told
from console.errors import ConsoleError
from console.migration.model import ApplyProgress, ApplyResult, Plan
from console.ui import words
from console.ui.migration.verdict import plan_counts
from console.ui.trouble import keys
from console.visible import visible, visible_lines

PHASES = (
    ("verifying", "look at what is there"),
    ("waiting", "wait until nobody is in the way"),
    ("executing", "execute the statements"),
    ("checking", "verify the result, before the commit"),
    ("committing", "commit"),
    ("finishing", "finish what big tables need after the commit"),
)


class Progress(Widget):
    """How far an apply is; the clock goes on while apply has nothing to tell."""

    state: reactive[ApplyProgress] = reactive(ApplyProgress("verifying", 0, 0, "", 0.0))

    def on_mount(self) -> None:
        """Waits to be begun."""
        self.began = monotonic()

    def begin(self) -> None:
        """Starts the clock."""
        self.began = monotonic()
        self.state = ApplyProgress("verifying", 0, 0, "", 0.0)
        self.auto_refresh = 0.1

    def end(self) -> None:
        """Stops the clock."""
        self.auto_refresh = None

    def render(self) -> Content:
        """Writes where it is."""
        return progress(self.state, monotonic() - self.began, self.size.width)


def confirmation(plan: Plan, target: str) -> Content:
    """Says what is about to be done, for the question before it."""
    number = words.plural(len(plan.actions), "statement")
    lines = [
        Content.assemble(f"{number} on ", (visible(target), "bold"), "."),
        plan_counts(plan),
        Content(""),
        Content(
            "They run in one transaction that is verified before it is committed; "
            "whatever fails rolls everything back."
        ),
    ]
    return Content("\n").join(lines)


def progress(state: ApplyProgress, elapsed: float, width: int) -> Content:
    """Writes the phases with a mark at the one in work, and how far it is.

    Args:
        state: What apply told last.
        elapsed: Seconds since it began, which go on while apply has nothing to tell.
        width: Cells there are.
    """
    lines = [Content("")]
    names = [name for name, _ in PHASES]
    at = names.index(state.phase) if state.phase in names else 0
    for index, (name, what) in enumerate(PHASES):
        if name in ("waiting", "finishing") and state.phase != name:
            continue  # what does not always happen is shown only while it does
        if index < at:
            lines.append(Content.assemble(("✓ ", "$success"), (what, "$muted")))
        elif index > at:
            lines.append(Content.styled(f"  {what}", "$muted"))
        else:
            lines.append(Content.assemble(("● ", "$primary"), (what, "bold")))
    lines += [Content(""), *_bar(state, width), Content("")]
    lines.append(Content.assemble(words.duration(elapsed), "   ", keys(("esc", _escape(state)))))
    return Content("\n").join(lines)


def _escape(state: ApplyProgress) -> str:
    if state.phase == "finishing":
        return "stops; what was committed stays, apply again goes on from here"
    if state.phase == "committing":
        return "stops waiting; whether it was committed is then looked up"
    return "cancels and rolls everything back"


def _bar(state: ApplyProgress, width: int) -> list[Content]:
    named = Content.styled(visible(state.identity), "$muted")
    if not state.total:
        return [named]
    length = max(10, min(60, width - 24))
    full = round(length * state.done / state.total)
    bar = Content.assemble(
        ("━" * full, "$primary"),
        ("─" * (length - full), "$rule"),
        f"  {words.count(state.done)} of {words.count(state.total)}",
    )
    return [bar, named]


def outcome(result: ApplyResult) -> Content:
    """Says what an apply did, no more than is known."""
    if result.dry_run:
        head = Content.assemble(("✓ It works", "bold $success"), ", and was rolled back")
    elif not result.applied:
        head = Content.assemble(("✕ Not applied", "bold $error"), ": nothing was changed")
    elif not result.statements_executed:
        head = Content.assemble(("✓ Nothing to do", "bold $success"), ": everything is right")
    else:
        head = Content.assemble(
            ("✓ Applied", "bold $success"), ": verified before the commit, then committed"
        )
    spent = words.duration(result.elapsed_ms / 1000)
    facts = [f"{words.plural(result.statements_executed, 'statement')} in {spent}"]
    if result.retries:
        again = "attempt was" if result.retries == 1 else "attempts were"
        facts.append(f"{result.retries} {again} given up for a lock")
    if result.history_recorded:
        facts.append("recorded in supabase_migrations.schema_migrations")
    if result.pending:
        left = words.plural(len(result.pending), "object")
        facts.append(f"{left} still to be finished: apply again does that")
    if audit := told(result.audit):
        facts.append(visible(audit))
    lines = [Content(""), head, Content(""), *(Content(f"  {fact}") for fact in facts)]
    return Content("\n").join([*lines, Content(""), keys(("esc", "back to the verdict"))])


def failure(error: ConsoleError) -> Content:
    """Says why an apply failed, and where."""
    lines = [
        Content(""),
        Content.assemble(("✕ Not applied", "bold $error"), ": ", visible(error.message)),
    ]
    if error.hint:
        lines += [Content(""), Content(f"  {visible(error.hint)}")]
    if error.detail:
        lines += [Content(""), Content.styled(visible_lines(error.detail), "$muted")]
    hints = [("esc", "back to the verdict")]
    if error.sqlstate or error.detail:
        hints.insert(0, ("d", "detail"))
    return Content("\n").join([*lines, Content(""), keys(*hints)])
