"""How the server decides: which policies count for a command, in which order, and what follows.

Everything here is computed from what was read and evaluated before; nothing asks a server.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass
from typing import Literal

from console.access.evaluation import Value
from console.access.rules import Command, Policy, Rules


@dataclass(frozen=True, slots=True)
class Attempt:
    """What somebody tries to do with one row.

    Attributes:
        command: One of the four.
        columns: Those given to an INSERT or changed by an UPDATE; empty for "any".
        reads: Whether an UPDATE or DELETE has a WHERE, or anything else that reads columns.
        returning: Whether a write gives the row back, as the API does when asked to.
    """

    command: Command
    columns: tuple[str, ...] = ()
    reads: bool = True
    returning: bool = True


@dataclass(frozen=True, slots=True)
class Stage:
    """One round of policies that a row must pass.

    Attributes:
        command: Whose policies.
        clause: Which of their expressions.
        row: The row as it is, or as it would become.
        filters: A row that fails is silently not there; otherwise it is an error.
    """

    command: Command
    clause: Literal["using", "check"]
    row: Literal["old", "new"]
    filters: bool


def stages(attempt: Attempt) -> tuple[Stage, ...]:
    """Returns the rounds a row must pass, in the server's order."""
    select, command = Command.SELECT, attempt.command
    reads = attempt.reads or attempt.returning
    match command:
        case Command.SELECT:
            return (Stage(select, "using", "old", True),)
        case Command.INSERT:
            first = Stage(command, "check", "new", False)
            return (first, Stage(select, "using", "new", False)) if attempt.returning else (first,)
        case Command.DELETE:
            found = [Stage(command, "using", "old", True)]
            return tuple(found + [Stage(select, "using", "old", True)] * reads)
        case Command.UPDATE:
            old = [Stage(command, "using", "old", True)]
            old += [Stage(select, "using", "old", True)] * reads
            new = [Stage(command, "check", "new", False)]
            new += [Stage(select, "using", "new", False)] * reads
            return tuple(old + new)


@dataclass(frozen=True, slots=True)
class Outcome:
    """How it ends.

    Attributes:
        allowed: Whether the row is seen or written.
        effect: `visible`, `hidden` (silently), `allowed` or `denied` (with an error).
        cause: What decided: `schema`, `privilege`, `free` (no policy binds), `policies`,
            `no policy` (default deny), `error` (a policy raises), `plan` (the server
            refuses the statement as a whole).
        stage: The round that ended it, if one did.
        policy: The restrictive policy that did, or the one that raises.
        privilege: What is missing, as SQL names it: `UPDATE (status)`.
        column: The column it is missing on.
    """

    allowed: bool
    effect: Literal["visible", "hidden", "allowed", "denied"]
    cause: str
    stage: Stage | None = None
    policy: Policy | None = None
    privilege: str = ""


def denied(cause: str, *, privilege: str = "") -> Outcome:
    """An error before any policy is asked."""
    return Outcome(False, "denied", cause, privilege=privilege)


def granted(attempt: Attempt, cause: str) -> Outcome:
    """Nothing stands in the way."""
    visible = attempt.command is Command.SELECT
    return Outcome(True, "visible" if visible else "allowed", cause)


def missing_privilege(rules: Rules, attempt: Attempt, key: Collection[str]) -> str:
    """Returns the first privilege that is missing, as SQL names it, or nothing.

    Args:
        rules: The table's.
        attempt: What is tried.
        key: The columns that name the row; an UPDATE or DELETE reads them.
    """
    command = attempt.command
    if command is Command.DELETE:
        if "delete" not in rules.granted:
            return "DELETE"
    elif not attempt.columns and not rules.permits(command):
        return command.upper()
    for name in attempt.columns:
        if not rules.may(command, rules.field(name)):
            whole = not rules.permits(command)
            return command.upper() if whole else f'{command.upper()} ("{name}")'
    if command in (Command.UPDATE, Command.DELETE) and attempt.reads:
        for name in key:
            if not rules.field(name).select:
                return f'SELECT ("{name}")' if rules.readable() else "SELECT"
    if command is not Command.SELECT and attempt.returning and not rules.permits(Command.SELECT):
        return "SELECT"
    return ""


def deciding(rules: Rules, stage: Stage) -> tuple[Policy, ...]:
    """Returns the policies a round asks: the server passes over one without an expression."""
    return tuple(p for p in rules.serving(stage.command) if p.expression(stage.clause) is not None)


Evaluated = Callable[[Policy, Stage], Value]


def permissive_first(policies: Sequence[Policy]) -> list[Policy]:
    """Orders permissive policies as the server joins them by OR: by name, the last one first."""
    return sorted((p for p in policies if p.permissive), key=lambda p: p.name, reverse=True)


def restrictive(policies: Sequence[Policy]) -> list[Policy]:
    """Orders restrictive policies as the server asks them: by name."""
    return sorted((p for p in policies if not p.permissive), key=lambda p: p.name)


def judge(rules: Rules, attempt: Attempt, evaluated: Evaluated) -> Outcome:
    """Decides by the policies, given the value of each.

    NULL counts as false. A policy that raises breaks the statement, unless one that is asked
    before it has already decided.
    """
    rounds = stages(attempt)
    for stage in rounds:
        # The server knows before it reads anything: nobody gets through here.
        if stage.filters and not permissive_first(deciding(rules, stage)):
            return Outcome(False, "hidden", "no policy", stage)
    for stage in rounds:
        policies = deciding(rules, stage)
        some = permissive_first(policies)
        if not some:
            return Outcome(False, "denied", "no policy", stage)
        each = restrictive(policies)
        effect: Literal["hidden", "denied"] = "hidden" if stage.filters else "denied"
        order = [each, some] if stage.filters else [some, each]
        for group in order:
            end = _ask_any(group, stage, evaluated) if group is some else None
            if group is not some:
                end = _ask_all(group, stage, evaluated)
            if end is not None:
                broken, policy = end
                if broken:
                    return Outcome(False, "denied", "error", stage, policy)
                return Outcome(False, effect, "policies", stage, policy)
    return granted(attempt, "policies")


_End = tuple[bool, Policy | None]
"""Whether it raised, and the policy that ended it."""


def _ask_any(policies: Sequence[Policy], stage: Stage, evaluated: Evaluated) -> _End | None:
    for policy in policies:
        value = evaluated(policy, stage)
        if value.state == "error":
            return True, policy
        if value.holds:
            return None
    return False, None


def _ask_all(policies: Sequence[Policy], stage: Stage, evaluated: Evaluated) -> _End | None:
    for policy in policies:
        value = evaluated(policy, stage)
        if not value.holds:
            return value.state == "error", policy
    return None


def combined(rules: Rules, stage: Stage) -> str:
    """Joins the policies of a round into the one condition the server makes of them."""
    policies = deciding(rules, stage)
    if not permissive_first(policies):
        return "false"
    either = " or ".join(f"({p.expression(stage.clause)})" for p in permissive_first(policies))
    parts = [f"({p.expression(stage.clause)})" for p in restrictive(policies)]
    return " and ".join([*parts, f"({either})"] if stage.filters else [f"({either})", *parts])
