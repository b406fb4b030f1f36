"""What verify, plan, apply and history print."""

from __future__ import annotations

from collections import Counter
from dataclasses import asdict
from typing import TYPE_CHECKING

from console.cli import diagnostics, output
from console.cli.tables import about
from console.migration.model import Severity, Verdict
from console.visible import visible

if TYPE_CHECKING:
    from console.migration.history import History
    from console.migration.model import ApplyResult, Difference, Plan, Verification

_STYLES = {
    Severity.CRITICAL: "red",
    Severity.ERROR: "red",
    Severity.WARNING: "yellow",
    Severity.INFO: "dim",
}
_VERDICTS = {
    Verdict.IN_SYNC: ("in sync", "green"),
    Verdict.DRIFT: ("drift", "red"),
    Verdict.NOT_APPLIED: ("not applied", "yellow"),
}


def verification_json(verification: Verification) -> dict[str, object]:
    """Returns the document of `migrate verify --json`."""
    return {
        "verdict": verification.verdict,
        "counts": verification.counts,
        "differences": [_difference_json(d) for d in verification.differences],
        "foreign": dict(verification.foreign),
        "server_version": verification.server_version,
        "elapsed_ms": round(verification.elapsed_ms, 1),
    }


def _difference_json(difference: Difference) -> dict[str, object]:
    return {
        "kind": difference.kind,
        "identity": difference.identity,
        "severity": difference.severity,
        "state": difference.state,
        "expected": difference.expected,
        "actual": difference.actual,
        "mend": list(difference.mend),
        "table": difference.table,
        "pending": difference.pending,
        "note": difference.note,
    }


def print_verification(verification: Verification) -> None:
    """Prints the verdict, the counts, and each difference with the SQL that mends it."""
    word, style = _VERDICTS[verification.verdict]
    output.line(word, style)
    counts = ", ".join(f"{n:,} {severity}" for severity, n in verification.counts.items() if n)
    output.line(
        f"{counts or 'no differences'}"
        f" · PostgreSQL {verification.server_version} · {verification.elapsed_ms:.0f} ms"
    )
    if verification.verdict is Verdict.NOT_APPLIED:
        # Everything is missing: a list of it all would only hide that.
        diagnostics.say("rowsight migrate plan shows what apply would do")
        return
    for severity in Severity:
        found = [d for d in verification.differences if d.severity is severity]
        if found:
            output.line()
            output.line(f"{severity}: {len(found):,}", _STYLES[severity])
        for difference in found:
            _print_difference(difference)
    if verification.foreign:
        named = ", ".join(f"{n:,} {kind}" for kind, n in sorted(verification.foreign.items()))
        output.line()
        output.line(f"not ours: {named}", "dim")


def _print_difference(difference: Difference) -> None:
    pending = ", left for after the commit" if difference.pending else ""
    output.line(f"  {difference.kind} {visible(difference.identity)}", "bold")
    output.line(f"    {difference.state}{pending}")
    for head, text in (("expected", difference.expected), ("actual", difference.actual)):
        if text is not None:
            _block(head, text)
    if difference.note:
        _block("note", difference.note)
    if difference.mend:
        _block(
            "mend", "\n".join(f"{statement.rstrip().rstrip(';')};" for statement in difference.mend)
        )


def _block(head: str, text: str) -> None:
    lines = text.splitlines() or [""]
    output.line(
        "\n".join(f"    {head if n == 0 else '':<8}  {line}" for n, line in enumerate(lines))
    )


def plan_json(plan: Plan) -> dict[str, object]:
    """Returns the document of `migrate plan --json`."""
    return {
        "actions": [asdict(action) for action in plan.actions],
        "skipped": plan.skipped,
        "conflicts": [asdict(conflict) for conflict in plan.conflicts],
        "foreign": plan.foreign,
        "verdict": plan.verification.verdict,
    }


def plan_words(plan: Plan, *, statements: bool) -> str:
    """Says what apply would do.

    Args:
        plan: What was planned.
        statements: Whether to give every statement, or the counts alone.
    """
    counts = Counter(action.action for action in plan.actions)
    done = ", ".join(f"{action.replace('_', ' ')} {n:,}" for action, n in counts.items())
    counted = [f"right already {plan.skipped:,}", f"not ours {plan.foreign:,}"]
    if plan.conflicts:
        counted.insert(0, f"conflict {len(plan.conflicts):,}")
    elif not done:
        counted.insert(0, "nothing to do")
    lines = [" · ".join([done, *counted] if done else counted)]
    locks: dict[tuple[str, str], int | None] = {}
    for action in plan.actions:
        if action.lock is not None:
            locks.setdefault((action.lock, action.identity), action.rows_estimate)
        later = ", after the commit" if action.after_commit else ""
        if statements:
            place = f"line {action.line}" if action.line else "mends a difference"
            named = f"{action.kind} {visible(action.identity)}"
            lines += [
                "",
                f"{action.action.replace('_', ' ')} {named} ({place}{later})",
            ]
            lines += [f"  {line}" for line in action.sql.splitlines()]
    if locks:
        lines += ["", "locks on what exists:"]
    for (lock, identity), rows in locks.items():
        lines.append(f"  {lock}  {visible(identity)}  {about(rows)}".rstrip())
    for conflict in plan.conflicts:
        known = f" ({conflict.fingerprint})" if conflict.fingerprint else ""
        lines += ["", f"conflict: {visible(conflict.identity)}{known}: {conflict.reason}"]
        lines += [f"  {line}" for statement in conflict.resolve for line in statement.splitlines()]
    return "\n".join(lines)


def result_json(result: ApplyResult) -> dict[str, object]:
    """Returns the document of `migrate apply --json`."""
    return {
        "applied": result.applied,
        "statements_executed": result.statements_executed,
        "elapsed_ms": round(result.elapsed_ms, 1),
        "retries": result.retries,
        "history_recorded": result.history_recorded,
        "dry_run": result.dry_run,
        "notices": result.notices,
        "audit": result.audit,
        "pending": [_difference_json(d) for d in result.pending],
        "verify": verification_json(result.verification),
    }


def print_result(result: ApplyResult) -> None:
    """Prints what an apply did, then the verify it was judged by."""
    if result.dry_run:
        words = f"dry run: {result.statements_executed:,} statements worked and were rolled back"
    elif not result.applied:
        words = "not applied, nothing was changed"
    elif result.statements_executed == 0:
        words = "nothing to do"
    else:
        words = f"applied {result.statements_executed:,} statements"
    retries = f", after {result.retries} retries" if result.retries else ""
    recorded = ", recorded in the history" if result.history_recorded else ""
    output.line(f"{words} in {result.elapsed_ms / 1000:.2f} s{retries}{recorded}")
    diagnostics.tell_audit(result.audit)
    if result.dry_run and result.statements_executed:
        output.line("what would have been committed:")
    print_verification(result.verification)


def history_json(history: History) -> dict[str, object]:
    """Returns the document of `migrate history --json`."""
    return asdict(history)


def print_history(history: History) -> None:
    """Prints which migrations are recorded, and what to mind about it."""
    if not history.exists:
        diagnostics.say("no migration is recorded: there is no history table")
    elif not history.readable:
        diagnostics.say("there is a history table, and this role may not read it")
    if history.rows:
        output.table(
            ("version", "name", "statements", ""),
            [
                (
                    row.version,
                    row.name or "",
                    "" if row.statements is None else str(row.statements),
                    "replaced by the master" if row.legacy else "",
                )
                for row in history.rows
            ],
            right=(2,),
        )
    if history.repair:
        diagnostics.say(f"to take the replaced ones off the record: {history.repair}")
    if history.recorded:
        diagnostics.say(history.warning)
