"""How the server decides: which policies count for a command, in which order, and what follows.

Everything here is computed from what was read and evaluated before; nothing asks a server.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass, replace
from typing import Literal

from console.access.doubt import Doubt, Reason
from console.access.evaluation import Value, joined
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
        allowed: Whether the row is seen or written; None where that can't be told.
        effect: `visible`, `hidden` (silently), `allowed`, `denied` (with an error), `unknown`.
        cause: What decided: `schema`, `privilege`, `free` (no policy binds), `policies`,
            `no policy` (default deny), `error` (a policy raises), `plan` (the server
            refuses the statement as a whole), `default` (a default raises), `unknown` (it
            can't be told), `told` (and the server's word is taken).
        stage: The round that ended it, if one did.
        policy: The restrictive policy that did, or the one that raises.
        privilege: What is missing, as SQL names it: `UPDATE (status)`.
        doubt: Why it is not certain. With `allowed` False only `hidden` and `denied` can't be
            told apart: one condition is false and another raises, and the server's planner
            chooses which one it asks first.
        words: The server's own, where its word is taken.
    """

    allowed: bool | None
    effect: Literal["visible", "hidden", "allowed", "denied", "unknown"]
    cause: str
    stage: Stage | None = None
    policy: Policy | None = None
    privilege: str = ""
    doubt: Doubt | None = None
    words: str = ""

    @property
    def certain(self) -> bool:
        """Whether all of it can be told."""
        return self.doubt is None


def denied(cause: str, *, privilege: str = "") -> Outcome:
    """An error before any policy is asked."""
    return Outcome(False, "denied", cause, privilege=privilege)


def unknown(doubt: Doubt, stage: Stage | None = None, policy: Policy | None = None) -> Outcome:
    """What can't be told."""
    return Outcome(None, "unknown", "unknown", stage, policy, doubt=doubt)


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


@dataclass(frozen=True, slots=True)
class Found:
    """What a policy's expression came to over a row.

    Attributes:
        value: The whole.
        conjuncts: Its parts, as far as only AND joins them.
    """

    value: Value
    conjuncts: tuple[Value, ...]


Evaluated = Callable[[Policy, Stage], Found]


def permissive_first(policies: Sequence[Policy]) -> list[Policy]:
    """Orders permissive policies as the server joins them by OR: by name, the last one first."""
    return sorted((p for p in policies if p.permissive), key=lambda p: p.name, reverse=True)


def restrictive(policies: Sequence[Policy]) -> list[Policy]:
    """Orders restrictive policies as the server asks them: by name."""
    return sorted((p for p in policies if not p.permissive), key=lambda p: p.name)


def judge(
    rules: Rules,
    attempt: Attempt,
    evaluated: Evaluated,
    *,
    prefer: Literal["hidden", "denied"] | None = None,
) -> Outcome:
    """Decides by the policies, given what each came to.

    NULL counts as false. A condition that raises breaks the statement, unless one that is
    asked before it has already decided.

    Args:
        rules: The table's.
        attempt: What is tried.
        evaluated: What each policy came to.
        prefer: How it ends where both a false and a raising condition end it.
    """
    rounds = stages(attempt)
    filters = [stage for stage in rounds if stage.filters]
    for stage in filters:
        # The server knows before it reads anything: nobody gets through here.
        if not permissive_first(deciding(rules, stage)):
            return Outcome(False, "hidden", "no policy", stage)
    end = _filtered(rules, filters, evaluated, prefer)
    if end is not None:
        return end
    open_: Outcome | None = None
    for stage in rounds:
        if stage.filters:
            continue
        policies = deciding(rules, stage)
        some = permissive_first(policies)
        if not some:
            return Outcome(False, "denied", "no policy", stage)
        either = joined("or", [evaluated(policy, stage).value for policy in some])
        asked: list[tuple[Policy | None, Value]] = [(None, either)]
        asked += [(policy, evaluated(policy, stage).value) for policy in restrictive(policies)]
        for policy, value in asked:
            end = _end(stage, policy or _raising(some, stage, evaluated), value)
            if value.unknown:  # whatever it comes to, one that is false refuses the row
                open_ = open_ or end
            elif not value.holds:
                return end
    return open_ or granted(attempt, "policies")


def _filtered(
    rules: Rules,
    filters: Sequence[Stage],
    evaluated: Evaluated,
    prefer: Literal["hidden", "denied"] | None,
) -> Outcome | None:
    """Asks the conditions a stored row must meet; the server flattens them into one list."""
    asked: list[tuple[Stage, Policy | None, Value]] = []
    risks: list[Value] = []
    for stage in filters:
        policies = deciding(rules, stage)
        some = permissive_first(policies)
        alone = some if len(some) == 1 else []
        for policy in [*restrictive(policies), *alone]:
            conjuncts = evaluated(policy, stage).conjuncts
            asked += [(stage, policy, value) for value in conjuncts]
            risks += conjuncts
        if not alone:
            either = joined("or", [evaluated(policy, stage).value for policy in some])
            raiser = _raising(some, stage, evaluated)
            asked.append((stage, raiser, either))
            if not either.holds:
                risks += [evaluated(policy, stage).value for policy in some]
            if raiser is not None and either.state == "error":
                # The others may be constant, and be planned away before this one is flattened.
                parts = evaluated(raiser, stage).conjuncts
                asked += [(stage, None, v) for v in parts if v.state in ("false", "null")]
    ends = [end for end in asked if not end[2].holds]
    if not ends:
        return None
    false = [end for end in ends if end[2].state != "error"]
    raising = [end for end in ends if end[2].state == "error" and not end[2].unknown]
    if not false and not raising:
        return _end(*ends[0])
    doubtful = bool(false) and any(_may_raise(value) for value in risks)
    order = [end for end in ends if end in false or end in raising]
    if prefer == "hidden":
        order = false or order
    elif prefer == "denied":
        order = raising or [end for end in ends if end[2].unknown] or order
    return replace(_end(*order[0]), doubt=_ORDER if doubtful else None)


def _may_raise(value: Value) -> bool:
    """Tells whether a part could break the statement, were it asked within it."""
    return value.state == "error" and (value.doubt is None or value.doubt.raises)


_ORDER = Doubt(Reason.ORDER, "the server may ask the part that raises first")


def _raising(some: Sequence[Policy], stage: Stage, evaluated: Evaluated) -> Policy | None:
    """Returns the first of several permissive policies that raises, or the only one."""
    for policy in some:
        if evaluated(policy, stage).value.state == "error":
            return policy
    return None


def _end(stage: Stage, policy: Policy | None, value: Value) -> Outcome:
    if value.doubt is not None:
        about = f'policy "{policy.name}" can\'t be evaluated from here: ' if policy else ""
        return unknown(replace(value.doubt, words=about + value.doubt.words), stage, policy)
    if value.state == "error":
        return Outcome(False, "denied", "error", stage, policy)
    if policy is not None and policy.permissive:
        policy = None
    return Outcome(False, "hidden" if stage.filters else "denied", "policies", stage, policy)


def combined(rules: Rules, stage: Stage) -> str:
    """Joins the policies of a round into the one condition the server makes of them."""
    return join_policies(rules.serving(stage.command), stage.clause, filters=stage.filters)


def join_policies(policies: Sequence[Policy], clause: str, *, filters: bool = True) -> str:
    """Joins policies that apply into one condition: some permissive and every restrictive.

    Args:
        policies: Those for one command and role.
        clause: `using` or `check`.
        filters: Whether it is asked of stored rows, which turns the order around.
    """
    asked = [p for p in policies if p.expression(clause) is not None]
    if not permissive_first(asked):
        return "false"
    either = " or ".join(f"({p.expression(clause)})" for p in permissive_first(asked))
    parts = [f"({p.expression(clause)})" for p in restrictive(asked)]
    return " and ".join([*parts, f"({either})"] if filters else [f"({either})", *parts])
