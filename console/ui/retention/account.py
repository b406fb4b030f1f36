"""Policies, questions and results in the words of the screen."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from textual.content import Content

from console.connection.audit import told
from console.operations.announcement import PolicyStatus
from console.operations.outcome import TELEMETRY, TargetState
from console.ui import words
from console.ui.retention.policies import would_go
from console.ui.trouble import keys
from console.visible import visible

if TYPE_CHECKING:
    from console.operations.announcement import PolicyPlan, RetentionPlan, TelemetryPlan
    from console.operations.interrupted import Interruption
    from console.operations.outcome import RunResult, TargetResult
    from console.operations.policies import PolicyChange
    from console.operations.targets import Target

_MOST_USERS = 200
_STATES = {
    TargetState.DONE: ("✓", "$success"),
    TargetState.CANCELLED: ("‖", "$warning"),
    TargetState.FAILED: ("✕", "$error"),
    TargetState.SKIPPED: ("–", "$muted"),
}


def seconds(moment: str | None) -> str:
    """Writes a moment of the server, in UTC, without what is behind its seconds."""
    return (moment or "").partition(".")[0].removesuffix("+00")


def title(plan: RetentionPlan) -> Content:
    """Says in one line what would go."""
    active = [policy for policy in plan.policies if policy.enabled and policy.expired_rows]
    rows = sum(policy.expired_rows or 0 for policy in active)
    exact = all(policy.exact for policy in active)
    if not plan.policies:
        return Content.styled("There are no retention policies", "bold")
    users = plan.telemetry.expired_rows
    if not rows and not users:
        return Content.assemble(("✓ Nothing to delete", "bold $success"), ": no row is old enough")
    number = would_go(rows, exact=exact)
    noun = "row" if rows == 1 else "rows"
    more = f", and {words.count(users)} of telemetry" if users else ""
    return Content.assemble(
        (f"{number} {noun}", "bold"),
        f" would go by {words.plural(len(active), 'policy', 'policies')}{more}",
    )


def rights(plan: RetentionPlan) -> str:
    """Says why a run would be refused; empty where it would not."""
    right = plan.right
    if right.allowed:
        return ""
    way = "rowsight migrate apply brings it"
    if right.there:
        way = "log in as the tables' owner, or as a role that may become service_role"
    return f"running is refused: {right.why_not}; {way}"


def _facts(pairs: Sequence[tuple[str, str]]) -> list[Content]:
    return [
        Content.assemble((f"{name:<10}", "$muted"), visible(text)) for name, text in pairs if text
    ]


def policy(one: PolicyPlan) -> Content:
    """Writes a policy in full."""
    rows = would_go(one.expired_rows, exact=one.exact)
    how = {
        PolicyStatus.COUNTED: "counted",
        PolicyStatus.ESTIMATED: "estimated: too many to count quickly",
    }.get(one.status, str(one.status))
    lines = [
        Content.assemble((visible(one.table), "bold"), "" if one.enabled else "   switched off"),
        Content(""),
        *_facts(
            [
                ("keeps", words.plural(one.days, "day")),
                ("by", one.column or ""),
                ("until", f"{seconds(one.cut_off)} UTC, what is older goes"),
                ("would go", f"{rows} rows, {how}" if one.expired_rows is not None else ""),
                ("size", "" if one.bytes is None else f"about {words.size(one.bytes)}"),
                ("oldest", seconds(one.oldest)),
                ("last run", seconds(one.last_run) or "never"),
            ]
        ),
    ]
    if one.reason:
        text = f"{one.status}: {one.reason}"
        lines += [Content(""), Content.assemble(("✕ ", "$warning bold"), visible(text))]
    if not one.enabled:
        lines += [Content(""), Content("The clean-up does not heed it while it is off.")]
    return Content("\n").join(lines)


def telemetry(plan: TelemetryPlan) -> Content:
    """Writes whose telemetry would go, those with most of it first."""
    lines = [Content.styled("Telemetry by user", "bold"), Content("")]
    if plan.reason:
        lines.append(Content.assemble(("✕ ", "$warning bold"), visible(plan.reason)))
        return Content("\n").join(lines)
    lines += [
        Content("Each user sets how many days it is kept (privacy_prefs)."),
        Content(f"{words.plural(len(plan.users), 'user has', 'users have')} set a limit."),
        Content(""),
    ]
    affected = sorted(plan.users, key=lambda user: (-user.expired_rows, user.user))
    shown = [user for user in affected if user.expired_rows][:_MOST_USERS]
    if not shown:
        lines.append(Content.styled("No row is old enough.", "$muted"))
    for user in shown:
        days = "" if user.days is None else f"  {user.days:,} d"
        lines.append(
            Content.assemble(
                (f"{words.count(user.expired_rows):>8} ", "bold"),
                visible(user.user[:13]),
                ("…", "$muted"),
                (days, "$muted"),
            )
        )
    more = sum(user.expired_rows > 0 for user in affected) - len(shown)
    if more > 0:
        lines.append(Content.styled(f"and {words.plural(more, 'user')} more", "$muted"))
    return Content("\n").join(lines)


def confirmation(targets: Sequence[Target], database: str) -> Content:
    """Says what goes, for the question before it."""
    lines = []
    for target in targets:
        rows = would_go(target.announced, exact=target.exact)
        about = "" if target.exact else "  estimated"
        since = f"  before {seconds(target.policy.cut_off)} UTC" if target.policy else ""
        lines.append(
            Content.assemble(
                (f"{rows:>10} ", "bold $error"),
                (visible(target.name), "bold"),
                (f"{since}{about}", "$muted"),
            )
        )
    total = sum(target.announced or 0 for target in targets)
    exact = all(target.exact and target.announced is not None for target in targets)
    rows = would_go(total, exact=exact)
    lines += [
        Content(""),
        Content.assemble(
            f"{rows} {'row' if total == 1 else 'rows'} of ",
            (visible(database), "bold"),
            ", gone for good, in short transactions: what is deleted stays deleted,"
            " also when the run is cancelled.",
        ),
    ]
    return Content("\n").join(lines)


def change(one: PolicyChange) -> Content:
    """Says what a changed policy would delete, beside what it deletes now."""
    lines = [
        Content.assemble(("now   ", "$muted"), *_effect(one.before)),
        Content.assemble(("then  ", "$muted"), *_effect(one.after)),
        Content(""),
        Content("Saving deletes nothing; the next run goes by it. It is put on record."),
    ]
    return Content("\n").join(lines)


def _effect(one: PolicyPlan) -> tuple[Content, Content]:
    state = "" if one.enabled else ", switched off"
    rows = would_go(one.expired_rows, exact=one.exact)
    effect = f"   {rows} {'row' if rows == '1' else 'rows'} would go"
    if not one.enabled or not one.deletable:
        effect = "   nothing would go" + (f": {visible(one.reason)}" if one.reason else "")
    elif one.expired_rows is None:
        effect = f"   how many rows would go is unknown: {visible(one.reason)}"
    return Content.styled(f"{words.plural(one.days, 'day')}{state}", "bold"), Content(effect)


def result(one: RunResult) -> Content:
    """Says what became of a run, target by target, beside what was announced."""
    head, style = {
        "done": ("✓ Done", "$success"),
        "cancelled": ("‖ Cancelled", "$warning"),
        "unknown": ("? Unknown for one batch", "$error"),
    }.get(one.outcome, ("✕ Failed", "$error"))
    stays = "" if one.outcome == "done" else "; what is deleted stays deleted"
    lines = [
        Content.assemble(
            (head, f"bold {style}"), f": {words.plural(one.deleted, 'row')} deleted{stays}"
        ),
        Content.styled(
            f"{words.plural(one.batches, 'batch', 'batches')}, {words.duration(one.elapsed)}",
            "$muted",
        ),
        Content(""),
    ]
    for target in one.targets:
        lines += _target(target)
    if one.failure is not None:
        lines += [Content(""), Content(visible(one.failure.message))]
        lines += [Content(visible(one.failure.hint))] if one.failure.hint else []
    if one.users:
        touched = sum(rows > 0 for rows in one.users.values())
        lines.append(Content.styled(f"  of {words.plural(touched, 'user')}", "$muted"))
    record = told(one.audit) if one.audit else "in the journal and in audit_logs"
    lines += [
        Content(""),
        Content.styled(f"operation {one.operation}, {visible(record)}", "$muted"),
        Content(""),
        keys(("esc", "back to the policies, counted again")),
    ]
    return Content("\n").join(lines)


def _target(target: TargetResult) -> list[Content]:
    mark, style = _STATES[target.state]
    announced = would_go(target.announced, exact=target.exact)
    lines = [
        Content.assemble(
            (f"{mark} {target.state:<9} ", style),
            (visible(target.name), "bold"),
            f"   {words.count(target.deleted)} of {announced} announced rows deleted",
        )
    ]
    why = [part for part in (target.reason, target.explanation) if part]
    return lines + [Content.styled(f"            {visible(part)}", "$warning") for part in why]


def cut_off(deleted: int) -> Content:
    """Says what is gone after a run was cut off in the middle of a batch."""
    return Content.assemble(
        ("‖ Cut off", "bold $warning"),
        f": at least {words.plural(deleted, 'row')} deleted, and they stay deleted.\n"
        "The batch it was at is rolled back, unless its commit was on the way.\n\n",
        keys(("esc", "back to the policies, counted again")),
    )


def interruptions(found: Sequence[Interruption]) -> Content:
    """Tells of runs that nobody saw the end of."""
    lines = [
        Content.assemble(("! ", "bold $warning"), visible(_sentence(one)), (" looked up", "$muted"))
        for one in found
    ]
    return Content("\n").join([*lines, Content.assemble("  ", keys(("k", "seen, do not show")))])


def _sentence(one: Interruption) -> str:
    return one.sentence.replace(one.time, seconds(one.time).replace("T", " "), 1)


def wanted_name(targets: Sequence[Target], database: str) -> str:
    """What has to be typed: the table, or the database where it is more than one."""
    if len(targets) == 1 and targets[0].name != TELEMETRY:
        return targets[0].name
    return database
