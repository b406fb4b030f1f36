"""A verification, and a plan, in the words and colours of the screen."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Sequence
from functools import partial

from textual.content import Content

from console.migration.model import (
    Action,
    ApplyOptions,
    Conflict,
    Difference,
    Plan,
    Severity,
    Verdict,
    Verification,
)
from console.ui import words
from console.ui.widgets.findings import Finding
from console.ui.widgets.sides import side_by_side
from console.ui.widgets.sql import highlighted
from console.visible import visible

STYLES = {
    Severity.CRITICAL: "$error",
    Severity.ERROR: "$error",
    Severity.WARNING: "$warning",
    Severity.INFO: "$muted",
}
_ACTIONS = {
    "create": ("create", "$success"),
    "change": ("change", "$warning"),
    "drop_policy": ("drop", "$error"),
    "set_aside": ("rename", "$warning"),
}


def verdict(verification: Verification) -> Content:
    """Answers in one line: is this database exactly what the migration says?"""
    if verification.verdict is Verdict.NOT_APPLIED:
        return Content.assemble(
            ("○ Not applied", "bold $warning"), ": the migration's tables are not here"
        )
    if verification.verdict is Verdict.IN_SYNC:
        return Content.assemble(
            ("✓ In sync", "bold $success"), ": this database is exactly what the migration says"
        )
    number = sum(d.severity is not Severity.INFO for d in verification.differences)
    style = "bold $error" if verification.failed() else "bold $warning"
    return Content.assemble(
        (f"✕ {words.plural(number, 'difference')}", style), " from what the migration says"
    )


def counts(verification: Verification) -> Content:
    """Counts by severity, and what is not ours."""
    if verification.verdict is Verdict.NOT_APPLIED:
        missing = words.plural(len(verification.differences), "object")
        parts = [Content(f"{missing} to be made")]
    else:
        parts = [
            Content.assemble((words.count(number), f"bold {STYLES[severity]}"), f" {severity}")
            for severity, number in verification.counts.items()
            if number
        ]
    foreign = sum(verification.foreign.values())
    if foreign:
        objects = words.plural(foreign, "object")
        parts.append(Content.styled(f"{objects} not ours, left alone", "$muted"))
    return Content("   ").join(parts)


def statements(sql: Sequence[str]) -> str:
    """Writes statements one under the other, each with its semicolon."""
    return "\n\n".join(f"{statement.rstrip().rstrip(';')};" for statement in sql)


def differences(verification: Verification) -> list[Finding]:
    """Lists the differences, most severe first."""
    if verification.verdict is Verdict.NOT_APPLIED:
        # Everything is missing: a list of it all would only hide that.
        return []
    return [
        Finding(
            group=str(difference.severity),
            mark=str(difference.state),
            kind=difference.kind,
            name=difference.identity,
            style=STYLES[difference.severity],
            detail=partial(_difference, difference),
            sql=statements(difference.mend),
            heading=STYLES[difference.severity],
        )
        for difference in sorted(
            verification.differences, key=lambda d: list(Severity).index(d.severity)
        )
    ]


def _difference(difference: Difference, width: int) -> Content:
    style = STYLES[difference.severity]
    state = "left for after the commit" if difference.pending else str(difference.state)
    parts = [
        Content.assemble(
            (f"{difference.severity}  ", f"bold {style}"),
            (f"{state}  ", style),
            (f"{visible(difference.kind)} ", "$muted"),
            (visible(difference.identity), "bold"),
        ),
        side_by_side(difference.expected, difference.actual, width),
    ]
    if difference.note:
        parts.append(Content(visible(difference.note)))
    if difference.mend:
        mend = highlighted(statements(difference.mend))
        parts.append(Content.assemble(("what mends it", "bold $muted"), "\n", mend))
    return Content("\n\n").join(parts)


def plan_title(plan: Plan) -> Content:
    """Says in one line what apply would do."""
    if plan.conflicts:
        number = words.plural(len(plan.conflicts), "conflict")
        return Content.assemble((f"✕ {number}", "bold $error"), ": apply is refused as a whole")
    if not plan.actions:
        return Content.assemble(("✓ Nothing to do", "bold $success"), ": everything is right")
    number = words.plural(len(plan.actions), "statement")
    return Content.assemble((f"→ {number}", "bold $primary"), " in one transaction")


def plan_counts(plan: Plan) -> Content:
    """Counts what would be done and what would not."""
    tally = Counter(action.action for action in plan.actions)
    parts = [
        Content.assemble((words.count(tally[name]), f"bold {style}"), f" {word}")
        for name, (word, style) in _ACTIONS.items()
        if tally[name]
    ]
    parts.append(
        Content.styled(
            f"{words.count(plan.skipped)} right already   {words.count(plan.foreign)} not ours",
            "$muted",
        )
    )
    return Content("   ").join(parts)


def would_resolve(option: str, plan: Plan, options: ApplyOptions) -> bool:
    """Tells whether `set_aside` or `replace_policies` would clear a conflict, or has done so."""
    if options.only is not None:
        return False
    policies = {d.identity for d in plan.verification.differences if d.kind == "policy"}
    wanted = option == "replace_policies"
    found = any((conflict.identity in policies) == wanted for conflict in plan.conflicts)
    return found or bool(getattr(options, option))


def steps(plan: Plan) -> list[Finding]:
    """Lists conflicts, then the statements in the order of their execution."""
    conflicts = [
        Finding(
            group="conflicts",
            mark="conflict",
            kind=conflict.fingerprint or "",
            name=conflict.identity,
            style="$error",
            detail=partial(_conflict, conflict),
            sql=statements(conflict.resolve),
            heading="$error",
        )
        for conflict in plan.conflicts
    ]
    # Groups have to hang together; what runs after the commit does come last.
    return conflicts + [_step(a) for a in sorted(plan.actions, key=lambda a: a.after_commit)]


def _step(action: Action) -> Finding:
    word, style = _ACTIONS.get(action.action, (action.action, "$foreground"))
    detail: Callable[[int], Content] = partial(_action, action)
    return Finding(
        group="after the commit" if action.after_commit else "in the transaction",
        mark=word,
        kind=action.kind,
        name=action.identity,
        style=style,
        detail=detail,
        sql=statements([action.sql]),
    )


def _action(action: Action, width: int) -> Content:
    word, style = _ACTIONS.get(action.action, (action.action, "$foreground"))
    place = f"line {action.line} of the migration" if action.line else "mends a difference"
    parts = [
        Content.assemble(
            (f"{word}  ", f"bold {style}"),
            (f"{visible(action.kind)} ", "$muted"),
            (visible(action.identity), "bold"),
            (f"   {place}", "$muted"),
        )
    ]
    if action.lock:
        facts = [
            *([words.estimate(action.rows_estimate) + " rows"] if action.rows_estimate else []),
            *([words.size(action.table_bytes)] if action.table_bytes else []),
        ]
        on = f" on a table of {', '.join(facts)}" if facts else ""
        parts.append(Content.assemble("locks ", (action.lock, "bold"), on))
    parts.append(highlighted(statements([action.sql])))
    return Content("\n\n").join(parts)


def _conflict(conflict: Conflict, width: int) -> Content:
    parts = [
        Content.assemble(("conflict  ", "bold $error"), (visible(conflict.identity), "bold")),
        Content(visible(conflict.reason)),
    ]
    if conflict.fingerprint:
        parts.append(Content.assemble(("known as  ", "$muted"), visible(conflict.fingerprint)))
    if conflict.resolve:
        resolve = highlighted(statements(conflict.resolve))
        parts.append(Content.assemble(("a way out", "bold $muted"), "\n", resolve))
    return Content("\n\n").join(parts)
