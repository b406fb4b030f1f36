"""What `retention plan` and `retention run` print."""

from __future__ import annotations

from typing import TYPE_CHECKING

from console.cli import diagnostics, output
from console.cli.tables import size

if TYPE_CHECKING:
    from console.operations.announcement import PolicyPlan, RetentionPlan
    from console.operations.outcome import RunResult, TargetResult
    from console.operations.policies import PolicyChange

_STYLES = {"done": "green", "cancelled": "yellow", "failed": "red", "skipped": "dim"}


def number(rows: int | None, *, exact: bool) -> str:
    """Writes a number of rows as what it is."""
    if rows is None:
        return "?"
    return f"{rows:,}" if exact else f"~{rows:,}"


def plan_json(planned: RetentionPlan) -> dict[str, object]:
    """Returns the document of `retention plan --json`."""
    return {
        "policies": [_policy_json(policy) for policy in planned.policies],
        "telemetry": [
            {"user": user.user, "days": user.days, "expired_rows": user.expired_rows}
            for user in planned.telemetry.users
        ],
        "telemetry_unavailable": planned.telemetry.reason or None,
        "may_run": planned.right.allowed,
        "moment": planned.moment,
        "elapsed_ms": round(planned.elapsed * 1000, 1),
    }


def _policy_json(policy: PolicyPlan) -> dict[str, object]:
    return {
        "table": policy.table,
        "column": policy.column,
        "days": policy.days,
        "enabled": policy.enabled,
        "expired_rows": policy.expired_rows,
        "exact": policy.exact,
        "oldest": policy.oldest,
        "bytes": policy.bytes,
        "last_run": policy.last_run,
        "status": policy.status,
        "reason": policy.reason or None,
        "cut_off": policy.cut_off,
    }


def print_plan(planned: RetentionPlan) -> None:
    """Prints the policies, and how much of the users' telemetry would go."""
    from console.operations.check import counted

    if planned.policies:
        heads = ("table", "column", "days", "enabled", "would go", "size", "oldest", "last run")
        output.table(
            (*heads, "status"),
            [
                (
                    policy.table,
                    policy.column or "",
                    str(policy.days),
                    "yes" if policy.enabled else "no",
                    number(policy.expired_rows, exact=policy.exact),
                    size(policy.bytes),
                    _seconds(policy.oldest),
                    _seconds(policy.last_run) or "never",
                    f"{policy.status}: {policy.reason}" if policy.reason else str(policy.status),
                )
                for policy in planned.policies
            ],
            right=(2, 4, 5),
        )
    else:
        output.line("there are no retention policies")
    telemetry = planned.telemetry
    output.line()
    if telemetry.reason:
        output.line(f"telemetry by user: unavailable: {telemetry.reason}", "dim")
    else:
        affected = sum(user.expired_rows > 0 for user in telemetry.users)
        output.line(
            f"telemetry by user: {counted(telemetry.expired_rows, 'row')}"
            f" of {counted(affected, 'user')} would go;"
            f" {len(telemetry.users):,} have set a limit"
        )
    if not planned.right.allowed:
        diagnostics.say(f"run would be refused: {planned.right.why_not}")


def _seconds(moment: str | None) -> str:
    """Writes a moment without what is behind its seconds."""
    return (moment or "").partition(".")[0].removesuffix("+00")


def change_json(change: PolicyChange, operation: str) -> dict[str, object]:
    """Returns the document of `retention set --json`; without an operation nothing was saved."""
    return {
        "before": _policy_json(change.before),
        "after": _policy_json(change.after),
        "saved": bool(operation),
        "operation": operation or None,
    }


def change_words(change: PolicyChange) -> str:
    """Writes what a changed policy would delete beside what it deletes now."""
    lines = [f"the policy of {change.before.table}:"]
    for word, one in (("now ", change.before), ("then", change.after)):
        rows = number(one.expired_rows, exact=one.exact)
        state = f"{rows} rows would go" if one.enabled else "switched off"
        lines.append(f"  {word}  {one.days:,} days: {state}")
    return "\n".join(lines)


def result_json(planned: RetentionPlan, result: RunResult) -> dict[str, object]:
    """Returns the document of `retention run --json`: the plan's, and what became of it."""
    document = plan_json(planned)
    policies = []
    for policy in planned.policies:
        target = result.target(policy.table)
        policies.append(_policy_json(policy) | _target_json(target))
    telemetry = result.target("telemetry by user")
    users = {} if telemetry is None else result.users
    failure = result.failure
    return document | {
        "policies": policies,
        "telemetry": [
            {
                "user": user.user,
                "days": user.days,
                "expired_rows": user.expired_rows,
                "deleted": None if users is None else users.get(user.user, 0),
            }
            for user in planned.telemetry.users
        ],
        "telemetry_run": None if telemetry is None else _target_json(telemetry),
        "operation": result.operation,
        "outcome": result.outcome,
        "deleted": result.deleted,
        "batches": result.batches,
        "elapsed_ms": round(result.elapsed * 1000, 1),
        "audit": result.audit or None,
        "error": None
        if failure is None
        else {
            "code": failure.code,
            "message": failure.message,
            "hint": failure.hint,
            "sqlstate": failure.sqlstate,
        },
    }


def _target_json(target: TargetResult | None) -> dict[str, object]:
    if target is None:
        return {"deleted": 0, "batches": 0, "elapsed_ms": 0.0, "outcome": None, "explanation": None}
    return {
        "deleted": target.deleted,
        "batches": target.batches,
        "elapsed_ms": round(target.elapsed * 1000, 1),
        "outcome": target.state,
        "explanation": target.explanation or target.reason or None,
    }


def print_result(result: RunResult) -> None:
    """Prints what was deleted, beside what was announced."""
    for target in result.targets:
        announced = number(target.announced, exact=target.exact)
        why = " · ".join(part for part in (target.reason, target.explanation) if part)
        output.spans(
            (f"{target.state:<9}  ", _STYLES[target.state]),
            (f"{target.name}: {target.deleted:,} of {announced} announced rows deleted", None),
            (f"  {why}" if why else "", "yellow" if target.explanation else "dim"),
        )
    output.line(
        f"{result.outcome}: {result.deleted:,} rows in {result.batches:,}"
        f" {'batch' if result.batches == 1 else 'batches'},"
        f" {result.elapsed:.1f} s · operation {result.operation}"
    )
    if result.audit:
        diagnostics.tell_audit(result.audit)
